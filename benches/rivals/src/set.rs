//! What everybody is given: arguments go in; vectors, queries and the true neighbours come out.

use std::num::NonZeroUsize;

use anyhow::{Context, ensure};
use nigh_datasets::{GroundTruth, Values, VectorSet, ground_truth, open, recall, true_distances};

use crate::cli::{MeasureArgs, MetricArg};

/// Vectors to search in, vectors to search for, and what there is to find.
#[derive(Debug)]
pub(crate) struct Set {
    /// What it is called in reports.
    pub(crate) name: String,
    pub(crate) metric: MetricArg,
    pub(crate) dim: usize,
    /// Rows to search in, as f32 whatever the file holds; of length 1 for cosine.
    pub(crate) base: Vec<f32>,
    /// Rows to search for, likewise.
    pub(crate) queries: Vec<f32>,
    /// Neighbours to find.
    pub(crate) k: usize,
    base_set: VectorSet,
    query_set: VectorSet,
    truth: GroundTruth,
}

impl Set {
    /// Reads or makes the vectors, and finds the true neighbours.
    pub(crate) fn load(args: &MeasureArgs) -> anyhow::Result<Self> {
        let (name, base, queries) = match &args.path {
            Some(path) => {
                let name = path.display().to_string();
                let all = open(path)?;
                let (base, queries) = match &args.queries_file {
                    Some(queries) => (all, open(queries)?),
                    None => split(&all, args.queries)?,
                };
                (name, args.seeded.rows.map_or(base.clone(), |rows| base.head(rows)), queries)
            }
            None => {
                let spec = args.seeded.spec(args.metric.length());
                let name = format!(
                    "clustered, seed {}, {} clusters, spread {}",
                    spec.seed, spec.clusters, spec.spread
                );
                (name, spec.base(args.seeded.rows()), spec.queries(args.queries))
            }
        };
        let (base, queries) =
            (prepared(&base, args.metric)?, prepared(&queries.head(args.queries), args.metric)?);
        let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        let truth = ground_truth(&base, &queries, args.k, args.metric.truth(), threads, |_| {})?;
        Ok(Self {
            name,
            metric: args.metric,
            dim: base.dim(),
            base: base.to_f32(),
            queries: queries.to_f32(),
            k: args.k,
            base_set: base,
            query_set: queries,
            truth,
        })
    }

    /// Number of vectors to search in.
    pub(crate) fn rows(&self) -> usize {
        self.base.len() / self.dim
    }

    /// Number of vectors to search for.
    pub(crate) fn query_count(&self) -> usize {
        self.queries.len() / self.dim
    }

    /// Share of right answers among the rows found, `k` for each query. Ties count; numbers that are no row are wrong.
    pub(crate) fn recall(&self, found: &[u32]) -> anyhow::Result<f64> {
        let rows = self.rows();
        let real =
            |rows_found: &[u32]| rows_found.iter().copied().filter(|row| (*row as usize) < rows).collect();
        let answers: Vec<Vec<u32>> = found.chunks(self.k).map(real).collect();
        let distances = true_distances(&self.base_set, &self.query_set, self.metric.truth(), &answers)?;
        Ok(recall(&self.truth, &distances, self.k)?)
    }
}

/// The last rows as queries, at most a tenth of all; the others to search in.
fn split(all: &VectorSet, queries: usize) -> anyhow::Result<(VectorSet, VectorSet)> {
    let kept = all.rows() - queries.min(all.rows() / 10);
    ensure!(kept < all.rows(), "expected 10 rows or more, got {}", all.rows());
    let rest = all.to_f32().split_off(kept * all.dim());
    Ok((all.head(kept), VectorSet::new(all.dim(), Values::F32(rest))?))
}

/// As it is for Euclid, scaled to length 1 for cosine.
fn prepared(set: &VectorSet, metric: MetricArg) -> anyhow::Result<VectorSet> {
    let mut values = set.to_f32();
    match metric {
        MetricArg::Euclid => {}
        MetricArg::Cosine => {
            for row in values.chunks_mut(set.dim()) {
                let length = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
                row.iter_mut().for_each(|v| *v = (f64::from(*v) / length.max(f64::MIN_POSITIVE)) as f32);
            }
        }
    }
    VectorSet::new(set.dim(), Values::F32(values)).context("a vector too long or too short")
}
