//! What a bench writes and asks: arguments go in; base rows, queries, metric and the true neighbours come out.
//!
//! Files: files.rs. Neighbours: truth.rs. The seeded set is made here.

use anyhow::{Result, bail, ensure};
use nigh_datasets::{Clustered, Length, Values, VectorSet};

use super::BenchArgs;
use super::files;
use super::truth::Published;
use crate::cli::{DatatypeArg, MetricArg};

/// Rows and queries of the seeded set unless told.
const SEEDED_ROWS: usize = 20_000;
const SEEDED_QUERIES: usize = 200;

/// Vectors to write and to search for.
#[derive(Debug)]
pub(super) struct Workload {
    /// Where it comes from, for people.
    pub(super) name: String,
    /// Row `i` becomes the point with id `i`.
    pub(super) base: VectorSet,
    /// What is searched for.
    pub(super) queries: VectorSet,
    pub(super) metric: MetricArg,
    pub(super) datatype: DatatypeArg,
    /// Neighbours that somebody else has found.
    pub(super) published: Option<Published>,
}

impl Workload {
    /// Reads or makes the vectors.
    pub(super) fn new(args: &BenchArgs) -> Result<Self> {
        let workload = match &args.base {
            None => seeded(args),
            Some(path) => files::read(path, args)?,
        };
        let (k, rows) = (args.k_max(), workload.base.rows());
        ensure!(rows >= k, "expected {k} rows or more for k {k}, got {rows}");
        workload.check_bytes()?;
        Ok(workload)
    }

    /// What is stored as bytes must be whole numbers from 0 to 255.
    fn check_bytes(&self) -> Result<()> {
        if self.datatype != DatatypeArg::U8 || matches!(self.base.values(), Values::U8(_)) {
            return Ok(());
        }
        let is_byte = |value: &f32| (0.0..=255.0).contains(value) && value.fract() == 0.0;
        let name = &self.name;
        for row in 0..self.base.rows() {
            let values = self.base.row(row).to_f32();
            if let Some(column) = values.iter().position(|value| !is_byte(value)) {
                let got = values[column];
                bail!("{name}: row {row}, column {column}: expected an integer in 0..=255 (u8), got {got}");
            }
        }
        Ok(())
    }

    /// Bytes of the values as they are stored.
    pub(super) fn raw_bytes(&self) -> u64 {
        let value_bytes = u64::from(self.datatype.datatype().value_bytes());
        self.base.rows() as u64 * self.base.dim() as u64 * value_bytes
    }
}

/// How a set is stored where nobody says: bytes as bytes.
pub(super) fn datatype_of(base: &VectorSet, args: &BenchArgs) -> DatatypeArg {
    let natural = if matches!(base.values(), Values::U8(_)) { DatatypeArg::U8 } else { DatatypeArg::F32 };
    args.datatype.unwrap_or(natural)
}

fn seeded(args: &BenchArgs) -> Workload {
    let (rows, queries) = (args.rows.unwrap_or(SEEDED_ROWS), args.query_rows.unwrap_or(SEEDED_QUERIES));
    let clusters = clusters(rows);
    let spec = Clustered { seed: args.seed, dim: args.dim, clusters, spread: 0.3, length: Length::AsDrawn };
    let (mut base, mut queries) = (spec.base(rows), spec.queries(queries));
    if args.datatype == Some(DatatypeArg::U8) {
        (base, queries) = (to_bytes(&base), to_bytes(&queries));
    }
    Workload {
        name: format!("seeded clustered set, seed {}, {clusters} clusters", args.seed),
        metric: args.metric.unwrap_or(MetricArg::Euclid),
        datatype: datatype_of(&base, args),
        base,
        queries,
        published: None,
    }
}

/// About 200 rows a cluster.
pub(crate) fn clusters(rows: usize) -> usize {
    (rows / 200).clamp(1, 1000)
}

/// The same cloud on whole numbers from 0 to 255: a normal deviate of 4 is at the end.
fn to_bytes(set: &VectorSet) -> VectorSet {
    let bytes = set.to_f32().iter().map(|v| (v * 32.0 + 128.0).round().clamp(0.0, 255.0) as u8).collect();
    VectorSet::new(set.dim(), Values::U8(bytes)).unwrap_or_else(|_| set.clone())
}
