//! What a bench writes and asks: arguments go in; base rows, queries and the true neighbours come out.
//!
//! The truth is computed by `nigh-datasets`, which shares no code with the engine, or read from a published list.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use nigh_datasets::{Clustered, GroundTruth, Length, Values, VectorSet, ground_truth};

use super::BenchArgs;
use crate::cli::DatatypeArg;
use crate::progress::Progress;
use crate::units;

/// Rows and queries of the seeded set unless told.
const SEEDED_ROWS: usize = 20_000;
const SEEDED_QUERIES: usize = 200;
/// One row in this many is kept out of a file as a query.
const HELD_OUT: usize = 100;

/// Vectors to write and to search for.
#[derive(Debug)]
pub(crate) struct Workload {
    /// Where it comes from, for people.
    pub(crate) name: String,
    /// Row `i` becomes the point with id `i`.
    pub(crate) base: VectorSet,
    /// What is searched for.
    pub(crate) queries: VectorSet,
}

impl Workload {
    /// Reads or makes the vectors.
    pub(crate) fn new(args: &BenchArgs) -> Result<Self> {
        let workload = match &args.path {
            None => seeded(args),
            Some(path) => from_file(path, args)?,
        };
        let (base, queries) = (&workload.base, &workload.queries);
        ensure!(
            base.rows() >= args.k,
            "expected {} rows or more for k {}, got {}",
            args.k,
            args.k,
            base.rows()
        );
        ensure!(queries.rows() > 0, "expected 1 query or more, got none: a file needs {HELD_OUT} rows");
        ensure!(
            base.dim() == queries.dim(),
            "expected queries of dimension {} like the base, got {}",
            base.dim(),
            queries.dim()
        );
        Ok(workload)
    }

    /// The true neighbours of each query.
    pub(crate) fn truth(&self, args: &BenchArgs) -> Result<GroundTruth> {
        let metric = args.metric.truth();
        if let Some(path) = &args.truth_file {
            let ids = nigh_datasets::open(path)?;
            let ids = ids.head(self.queries.rows());
            return GroundTruth::from_ids(&self.base, &self.queries, metric, &ids)
                .with_context(|| path.display().to_string());
        }
        let progress = Progress::new("finding the truth", self.queries.rows() as u64);
        let tell = |done| progress.set(done as u64);
        Ok(ground_truth(&self.base, &self.queries, args.k, metric, args.threads(), tell)?)
    }
}

fn seeded(args: &BenchArgs) -> Workload {
    let (rows, queries) = (args.rows.unwrap_or(SEEDED_ROWS), args.queries.unwrap_or(SEEDED_QUERIES));
    let clusters = clusters(rows);
    let spec = Clustered { seed: args.seed, dim: args.dim, clusters, spread: 0.3, length: Length::AsDrawn };
    let (mut base, mut queries) = (spec.base(rows), spec.queries(queries));
    if args.datatype == DatatypeArg::U8 {
        (base, queries) = (to_bytes(&base), to_bytes(&queries));
    }
    Workload { name: format!("seeded clustered set, seed {}, {clusters} clusters", args.seed), base, queries }
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

fn from_file(path: &Path, args: &BenchArgs) -> Result<Workload> {
    let all = nigh_datasets::open(path)?;
    let name = path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
    let (base, queries, name) = match &args.queries_file {
        Some(file) => (all, nigh_datasets::open(file)?, name),
        None => {
            let all = args.rows.map_or_else(|| all.clone(), |rows| all.head(rows));
            let kept = all.rows() - all.rows() / HELD_OUT;
            let queries = tail(&all, kept)?;
            let name =
                format!("{name}, last {} rows kept out as queries", units::count(queries.rows() as u64));
            (all.head(kept), queries, name)
        }
    };
    let base = args.rows.map_or_else(|| base.clone(), |rows| base.head(rows));
    let queries = args.queries.map_or_else(|| queries.clone(), |n| queries.head(n));
    Ok(Workload { name, base, queries })
}

/// The rows from `first` on.
fn tail(set: &VectorSet, first: usize) -> Result<VectorSet> {
    let at = first * set.dim();
    let values = match set.values() {
        Values::F32(v) => Values::F32(v.get(at..).unwrap_or_default().to_vec()),
        Values::U8(v) => Values::U8(v.get(at..).unwrap_or_default().to_vec()),
        Values::I8(v) => Values::I8(v.get(at..).unwrap_or_default().to_vec()),
        Values::I32(v) => Values::I32(v.get(at..).unwrap_or_default().to_vec()),
    };
    Ok(VectorSet::new(set.dim(), values)?)
}
