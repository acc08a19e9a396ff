//! The command line: what may be typed.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use nigh::Metric;
use nigh_datasets::{Clustered, GroundTruthMetric, Length};

/// Nigh beside other libraries.
#[derive(Debug, Parser)]
#[command(name = "rivals", version, about)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build and search one set with each library, and compare.
    Measure(MeasureArgs),
    /// Write a seeded clustered set as npy files, for harnesses in other languages.
    Generate(GenerateArgs),
}

/// A seeded clustered set.
#[derive(Debug, Clone, Args)]
pub(crate) struct SeededArgs {
    /// Rows of the seeded set; of a file, all that it has.
    #[arg(long)]
    pub(crate) rows: Option<usize>,
    /// Dimensions of the seeded set.
    #[arg(long, default_value_t = 128)]
    pub(crate) dim: usize,
    /// Seed of the seeded set.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Clusters of the seeded set; one for each 200 rows unless told.
    #[arg(long)]
    pub(crate) clusters: Option<usize>,
    /// Width of the seeded set's clusters, where the cloud of their centres has width 1.
    #[arg(long, default_value_t = 0.3)]
    pub(crate) spread: f32,
}

impl SeededArgs {
    /// How many rows to make.
    pub(crate) fn rows(&self) -> usize {
        self.rows.unwrap_or(100_000)
    }

    /// What to make them from.
    pub(crate) fn spec(&self, length: Length) -> Clustered {
        let clusters = self.clusters.unwrap_or_else(|| self.rows().div_ceil(200).max(1));
        Clustered { seed: self.seed, dim: self.dim, clusters, spread: self.spread, length }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct MeasureArgs {
    /// Vectors to search in: fvecs, bvecs, npy, idx, HDF5, perhaps gzipped. Without it: a seeded clustered set.
    pub(crate) path: Option<PathBuf>,
    /// Vectors to search for. Without it, the last rows of the file are kept out and searched for.
    #[arg(long, requires = "path")]
    pub(crate) queries_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) seeded: SeededArgs,
    /// Queries to ask, at most.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) queries: usize,
    /// How vectors are compared.
    #[arg(long, value_enum, default_value = "euclid")]
    pub(crate) metric: MetricArg,
    /// HNSW's `M`, of everybody.
    #[arg(long, default_value_t = 16)]
    pub(crate) m: u32,
    /// HNSW's `efConstruction`, of everybody.
    #[arg(long, default_value_t = 200)]
    pub(crate) ef_construction: u32,
    /// Another `efConstruction` for nigh alone.
    #[arg(long)]
    pub(crate) nigh_ef_construction: Option<u32>,
    /// Values of `ef` to search with, from small to large.
    #[arg(long, value_delimiter = ',', default_value = "10,14,20,28,40,56,80,112,160,224,320,448,640")]
    pub(crate) ef: Vec<usize>,
    /// Neighbours to ask for.
    #[arg(long, default_value_t = 10)]
    pub(crate) k: usize,
    /// Times that everybody is asked everything, in turns.
    #[arg(long, default_value_t = 3)]
    pub(crate) rounds: usize,
    /// Whom to measure; all unless told.
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(crate) only: Vec<Kind>,
    /// Where the JSON lines go.
    #[arg(long)]
    pub(crate) json: Option<PathBuf>,
}

impl MeasureArgs {
    /// Whom to measure.
    pub(crate) fn contestants(&self) -> &[Kind] {
        if self.only.is_empty() { Kind::value_variants() } else { &self.only }
    }

    /// `efConstruction` of one of them.
    pub(crate) fn ef_construct_of(&self, kind: Kind) -> u32 {
        match kind {
            Kind::Nigh => self.nigh_ef_construction.unwrap_or(self.ef_construction),
            Kind::UsearchF32 | Kind::UsearchI8 | Kind::HnswRs => self.ef_construction,
        }
    }
}

#[derive(Debug, Clone, Args)]
pub(crate) struct GenerateArgs {
    /// Folder for `base.npy` and `queries.npy`; made when it is not there.
    pub(crate) dir: PathBuf,
    #[command(flatten)]
    pub(crate) seeded: SeededArgs,
    /// Queries to make.
    #[arg(long, default_value_t = 2_000)]
    pub(crate) queries: usize,
    /// Scales rows to length 1.
    #[arg(long)]
    pub(crate) unit: bool,
}

/// Who can be measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kind {
    /// Ours: int8 codes in the graph, f32 vectors to rescore, on disk.
    Nigh,
    /// usearch on f32 vectors.
    UsearchF32,
    /// usearch on bytes.
    UsearchI8,
    /// hnsw_rs on f32 vectors.
    HnswRs,
}

impl Kind {
    /// The word that is typed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nigh => "nigh",
            Self::UsearchF32 => "usearch-f32",
            Self::UsearchI8 => "usearch-i8",
            Self::HnswRs => "hnsw-rs",
        }
    }
}

/// How vectors are compared. Everybody can do these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricArg {
    /// The straight line.
    Euclid,
    /// The angle; vectors are scaled to length 1 before anybody sees them.
    Cosine,
}

impl MetricArg {
    /// The engine's word.
    pub(crate) fn metric(self) -> Metric {
        match self {
            Self::Euclid => Metric::Euclid,
            Self::Cosine => Metric::Cosine,
        }
    }

    /// The word of the ground truth.
    pub(crate) fn truth(self) -> GroundTruthMetric {
        match self {
            Self::Euclid => GroundTruthMetric::L2,
            Self::Cosine => GroundTruthMetric::Cosine,
        }
    }

    /// How long rows of the seeded set are.
    pub(crate) fn length(self) -> Length {
        match self {
            Self::Euclid => Length::AsDrawn,
            Self::Cosine => Length::Unit,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
        for kind in Kind::value_variants() {
            assert_eq!(kind.to_possible_value().expect("a word").get_name(), kind.name());
        }
    }
}
