//! The command line: what may be typed, and the words for metrics, datatypes and durability.

use clap::{Parser, Subcommand, ValueEnum};
use nigh::{Datatype, Durability, Metric};
use nigh_datasets::GroundTruthMetric;

use crate::bench::{BenchArgs, MemoryArgs};
use crate::config_command::ConfigCommandArgs;
use crate::doctor::DoctorArgs;
use crate::healthcheck::HealthcheckArgs;
use crate::inspect::InspectArgs;
use crate::measure::MeasureArgs;
use crate::serve::ServeArgs;
use crate::verify::VerifyArgs;

/// Nigh, a vector database.
#[derive(Debug, Parser)]
#[command(name = "nigh", version, about, subcommand_required = true, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What the program can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Show the settings that the server would run with, and who set each, or only check them.
    Config(ConfigCommandArgs),
    /// Serve a database over REST and gRPC.
    Serve(Box<ServeArgs>),
    /// Ask the server of this machine whether it is ready.
    Healthcheck(Box<HealthcheckArgs>),
    /// Index a vector set and search it in many ways: recall against speed, build time, memory, disk.
    Bench(Box<BenchArgs>),
    /// Only search a folder that `bench` has made, in a process whose memory is nothing but that.
    #[command(hide = true)]
    BenchMemory(MemoryArgs),
    /// Show what a file or folder of a database says, damaged or not. Never writes.
    Inspect(InspectArgs),
    /// Check every byte of a database. Never writes; works beside a running writer.
    Verify(VerifyArgs),
    /// Tell what someone who helps you needs to know: machine, disk, lock, state of a database.
    Doctor(DoctorArgs),
    /// Measure one of the figures in docs/benchmarks.md.
    Measure(MeasureArgs),
}

/// How two vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum MetricArg {
    /// The angle between them.
    Cosine,
    /// The inner product.
    Dot,
    /// The straight line.
    Euclid,
    /// The sum of differences.
    Manhattan,
}

impl MetricArg {
    /// The engine's word.
    pub(crate) fn metric(self) -> Metric {
        match self {
            Self::Cosine => Metric::Cosine,
            Self::Dot => Metric::Dot,
            Self::Euclid => Metric::Euclid,
            Self::Manhattan => Metric::Manhattan,
        }
    }

    /// From the word of the ground truth.
    pub(crate) fn from_truth(metric: GroundTruthMetric) -> Self {
        match metric {
            GroundTruthMetric::Cosine => Self::Cosine,
            GroundTruthMetric::Dot => Self::Dot,
            GroundTruthMetric::L2 => Self::Euclid,
            GroundTruthMetric::L1 => Self::Manhattan,
        }
    }

    /// The word of the ground truth.
    pub(crate) fn truth(self) -> GroundTruthMetric {
        match self {
            Self::Cosine => GroundTruthMetric::Cosine,
            Self::Dot => GroundTruthMetric::Dot,
            Self::Euclid => GroundTruthMetric::L2,
            Self::Manhattan => GroundTruthMetric::L1,
        }
    }
}

/// How values are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DatatypeArg {
    /// 32-bit floats.
    F32,
    /// 16-bit floats.
    F16,
    /// Bytes; the data must be integers from 0 to 255.
    U8,
}

impl DatatypeArg {
    /// The engine's word.
    pub(crate) fn datatype(self) -> Datatype {
        match self {
            Self::F32 => Datatype::F32,
            Self::F16 => Datatype::F16,
            Self::U8 => Datatype::U8,
        }
    }
}

/// When a write is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DurabilityArg {
    /// When it is on stable storage.
    Sync,
    /// When the operating system has it.
    Buffered,
    /// When it is queued.
    Async,
}

impl DurabilityArg {
    /// The engine's word.
    pub(crate) fn durability(self) -> Durability {
        match self {
            Self::Sync => Durability::Sync,
            Self::Buffered => Durability::Buffered,
            Self::Async => Durability::Async,
        }
    }
}

/// An argument as it is typed.
pub(crate) fn word(value: impl ValueEnum) -> String {
    value.to_possible_value().map_or_else(String::new, |v| v.get_name().to_owned())
}

/// A number from 1 on.
pub(crate) fn at_least_one(text: &str) -> Result<usize, String> {
    match text.replace(['_', ','], "").parse() {
        Ok(0) => Err("expected 1 or more, got 0".to_owned()),
        Ok(n) => Ok(n),
        Err(e) => Err(format!("expected a whole number, got {text:?}: {e}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
