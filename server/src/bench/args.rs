//! What `nigh bench` may be told.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Args;

use crate::cli::{DatatypeArg, DurabilityArg, MetricArg, at_least_one};

/// Write a vector set, search it, and compare the answers with the truth.
#[derive(Debug, Clone, Args)]
pub(crate) struct BenchArgs {
    /// Vectors to write: fvecs, bvecs, ivecs, npy or idx, perhaps gzipped. Without it: a seeded clustered set.
    pub(crate) path: Option<PathBuf>,
    /// Vectors to search for. Without it, the last 1% of the file's rows are kept out and searched for.
    #[arg(long, requires = "path")]
    pub(crate) queries_file: Option<PathBuf>,
    /// Known neighbours of each query, as ivecs; otherwise they are computed.
    #[arg(long, requires = "queries_file", conflicts_with = "rows")]
    pub(crate) truth_file: Option<PathBuf>,
    /// Rows to write; of the seeded set 20,000, of a file all.
    #[arg(long, value_parser = at_least_one)]
    pub(crate) rows: Option<usize>,
    /// Dimensions of the seeded set.
    #[arg(long, default_value = "128", value_parser = at_least_one, conflicts_with = "path")]
    pub(crate) dim: usize,
    /// Queries to ask; of the seeded set 200, of a file all.
    #[arg(long, value_parser = at_least_one)]
    pub(crate) queries: Option<usize>,
    /// Seed of the seeded set.
    #[arg(long, default_value_t = 42, conflicts_with = "path")]
    pub(crate) seed: u64,
    /// How vectors are compared.
    #[arg(long, value_enum, default_value = "euclid")]
    pub(crate) metric: MetricArg,
    /// Neighbours to ask for.
    #[arg(long, default_value = "10", value_parser = at_least_one)]
    pub(crate) k: usize,
    /// Threads that search at the same time; all cores unless told.
    #[arg(long)]
    pub(crate) threads: Option<NonZeroUsize>,
    /// When a write is acknowledged.
    #[arg(long, value_enum, default_value = "sync")]
    pub(crate) durability: DurabilityArg,
    /// Points in one write.
    #[arg(long, default_value = "256", value_parser = at_least_one)]
    pub(crate) batch: usize,
    /// How values are stored.
    #[arg(long, value_enum, default_value = "f32")]
    pub(crate) datatype: DatatypeArg,
    /// Where the database goes, and stays. Without it: a temporary folder.
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// Print one line of JSON instead of a table.
    #[arg(long)]
    pub(crate) json: bool,
}

impl BenchArgs {
    /// Threads to use where none were asked for.
    pub(crate) fn threads(&self) -> NonZeroUsize {
        self.threads.unwrap_or_else(|| std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))
    }
}
