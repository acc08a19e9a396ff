//! What `nigh bench` may be told.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, value_parser};
use nigh::IndexConfig;

use super::setting::Setting;
use crate::cli::{DatatypeArg, DurabilityArg, MetricArg, at_least_one};

/// Index a vector set and search it in many ways: recall against speed, build time, memory, disk.
#[derive(Debug, Clone, Args)]
pub(crate) struct BenchArgs {
    /// Vectors to write: fvecs, bvecs, ivecs, npy, idx, or the HDF5 of ann-benchmarks, which brings queries, neighbours and metric;
    /// perhaps gzipped. Without it: a seeded clustered set.
    pub(crate) base: Option<PathBuf>,
    /// Vectors to search for. Without it, the last 1% of the base are kept out and searched for.
    #[arg(long, value_name = "FILE", requires = "base")]
    pub(crate) queries: Option<PathBuf>,
    /// Known neighbours of each query, as ivecs; otherwise they are computed, on all threads.
    #[arg(long, value_name = "FILE", requires = "queries", conflicts_with = "rows")]
    pub(crate) truth: Option<PathBuf>,
    /// How vectors are compared; euclid unless the file says otherwise.
    #[arg(long, value_enum)]
    pub(crate) metric: Option<MetricArg>,
    /// How values are stored; u8 if the base holds bytes, else f32.
    #[arg(long, value_enum)]
    pub(crate) datatype: Option<DatatypeArg>,
    /// Neighbours to ask for.
    #[arg(long, default_value = "10", value_delimiter = ',', value_parser = neighbours)]
    pub(crate) k: Vec<usize>,
    /// Rows to write; of the seeded set 20,000, of a file all.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) rows: Option<usize>,
    /// Queries to ask; of the seeded set 200, of a file all.
    #[arg(long, value_name = "N", value_parser = at_least_one)]
    pub(crate) query_rows: Option<usize>,
    /// Half the links of a node.
    #[arg(long, value_delimiter = ',', default_values_t = [IndexConfig::default().m],
        value_parser = value_parser!(u32).range(2..=128))]
    pub(crate) m: Vec<u32>,
    /// Candidates for a new node's neighbours.
    #[arg(long, value_name = "EF", value_delimiter = ',', default_values_t = [IndexConfig::default().ef_construct],
        value_parser = value_parser!(u32).range(4..=4096))]
    pub(crate) ef_construct: Vec<u32>,
    /// Share of the values that the range of int8 codes covers.
    #[arg(long, default_value_t = IndexConfig::default().quantile, value_parser = quantile)]
    pub(crate) quantile: f32,
    /// Searches with so many candidates. Without this and `--recall`: 10, 20, 40, 80, 128, 256.
    #[arg(long, value_delimiter = ',', value_parser = candidates)]
    pub(crate) ef: Vec<usize>,
    /// Searches for such a recall. Without this and `--ef`: 0.8, 0.9, 0.95, 0.99, 0.999.
    #[arg(long, value_delimiter = ',', value_parser = recall)]
    pub(crate) recall: Vec<f64>,
    /// Exact searches besides: what they miss is an error.
    #[arg(long)]
    pub(crate) exact: bool,
    /// Times that all is searched; the median counts.
    #[arg(long, default_value = "3", value_name = "N", value_parser = at_least_one)]
    pub(crate) rounds: usize,
    /// Threads that build, find the truth and search batches; all cores unless told.
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Write one JSON object a line into this file; with `-` to standard output, and nothing else there.
    #[arg(long, value_name = "FILE|-")]
    pub(crate) json: Option<PathBuf>,
    /// Write a page with plots and tables into this file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// An empty folder where databases go, one for each m and ef_construct, and stay; the computed truth too. Without it: a temporary one.
    #[arg(long, alias = "keep")]
    pub(crate) dir: Option<PathBuf>,
    /// Dimensions of the seeded set.
    #[arg(long, default_value = "128", value_name = "N", value_parser = at_least_one, conflicts_with = "base")]
    pub(crate) dim: usize,
    /// Seed of the seeded set.
    #[arg(long, default_value_t = 42, value_name = "N", conflicts_with = "base")]
    pub(crate) seed: u64,
    /// When a write is acknowledged.
    #[arg(long, value_enum, default_value = "sync")]
    pub(crate) durability: DurabilityArg,
    /// Points in one write.
    #[arg(long, default_value = "256", value_name = "N", value_parser = at_least_one)]
    pub(crate) batch: usize,
}

/// Candidates that are tried where nothing was asked for.
const EFS: [usize; 6] = [10, 20, 40, 80, 128, 256];
/// Recalls that are tried where nothing was asked for.
const RECALLS: [f64; 5] = [0.8, 0.9, 0.95, 0.99, 0.999];

impl BenchArgs {
    /// Threads to use where none were asked for.
    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }

    /// Each k once.
    pub(super) fn ks(&self) -> Vec<usize> {
        distinct(self.k.iter().copied())
    }

    /// The largest k.
    pub(super) fn k_max(&self) -> usize {
        self.k.iter().copied().max().unwrap_or(1)
    }

    /// Each index that is built.
    pub(super) fn indexes(&self) -> Vec<IndexConfig> {
        let index = |(m, ef_construct)| IndexConfig {
            m,
            ef_construct,
            quantile: self.quantile,
            ..IndexConfig::default()
        };
        let pairs = self.m.iter().flat_map(|m| self.ef_construct.iter().map(|ef| (*m, *ef)));
        distinct(pairs).into_iter().map(index).collect()
    }

    /// Each way to search.
    pub(super) fn settings(&self) -> Vec<Setting> {
        let nothing_said = self.ef.is_empty() && self.recall.is_empty();
        let (efs, recalls) =
            if nothing_said { (&EFS[..], &RECALLS[..]) } else { (&self.ef[..], &self.recall[..]) };
        let efs = efs.iter().map(|ef| Setting::Ef(*ef));
        let recalls = recalls.iter().map(|recall| Setting::Recall(*recall));
        distinct(efs.chain(recalls).chain(self.exact.then_some(Setting::Exact)))
    }
}

/// What comes more than once, once.
fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    items.fold(Vec::new(), |mut kept, item| {
        if !kept.contains(&item) {
            kept.push(item);
        }
        kept
    })
}

fn neighbours(text: &str) -> Result<usize, String> {
    at_most(10_000, text)
}

pub(super) fn candidates(text: &str) -> Result<usize, String> {
    at_most(100_000, text)
}

fn at_most(most: usize, text: &str) -> Result<usize, String> {
    match at_least_one(text)? {
        n if n <= most => Ok(n),
        n => Err(format!("expected {most} or less, got {n}")),
    }
}

pub(super) fn recall(text: &str) -> Result<f64, String> {
    number(text, "more than 0 and less than 1", |n| n > 0.0 && n < 1.0)
}

fn quantile(text: &str) -> Result<f32, String> {
    number(text, "0.5 to 1", |n| (0.5..=1.0).contains(&n)).map(|n| n as f32)
}

fn number(text: &str, expected: &str, fits: impl Fn(f64) -> bool) -> Result<f64, String> {
    match text.parse() {
        Ok(n) if fits(n) => Ok(n),
        _ => Err(format!("expected {expected}, got {text:?}")),
    }
}
