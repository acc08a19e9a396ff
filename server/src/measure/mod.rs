//! `nigh measure`: the figures of docs/benchmarks.md, each by one command, as rows of a table and a line of JSON.
//!
//! A figure has a floor, which a release must reach, and an aim. A missed floor is printed, not an error: the table is there to be
//! read. A wrong answer (a point that is missing) is exit code 1.

mod batch_upserts;
mod churn;
mod filtered_search;
mod load;
mod merge_memory;
mod merging_search;
mod open;
mod report;
mod serving;
mod single_upserts;
mod text;

use std::path::PathBuf;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::Outcome;
use crate::out::Out;

/// Measure one of the figures in docs/benchmarks.md.
#[derive(Debug, Clone, Args)]
pub(crate) struct MeasureArgs {
    /// Which figure.
    #[command(subcommand)]
    pub(crate) figure: Figure,
}

/// What can be measured.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Figure {
    /// Points a second that are written durably, in batches.
    BatchUpserts(batch_upserts::BatchUpsertsArgs),
    /// Points a second that are written durably one by one, against what the disk can sync.
    SingleUpserts(single_upserts::SingleUpsertsArgs),
    /// From opening a database to its first answers, with nothing of it in memory.
    Open(open::OpenArgs),
    /// Size and completeness after everything was deleted and written again many times.
    Churn(churn::ChurnArgs),
    /// Memory that merging segments takes.
    MergeMemory(merge_memory::MergeMemoryArgs),
    /// The slowest searches while a graph is built beside them.
    MergingSearch(merging_search::MergingSearchArgs),
    /// Speed and recall of searches with a filter, against those without one.
    FilteredSearch(filtered_search::FilteredSearchArgs),
    /// Searches over the network against searches in the process.
    Serving(serving::ServingArgs),
    /// How well words find the right text.
    Text(text::TextArgs),
    /// Only fill a folder, for the other figures.
    #[command(hide = true)]
    Load(load::LoadArgs),
}

/// What every figure may be told.
#[derive(Debug, Clone, Args)]
pub(crate) struct CommonArgs {
    /// Where databases go, and stay. Without it: a temporary folder.
    #[arg(long)]
    pub(crate) dir: Option<PathBuf>,
    /// Seed of the vectors.
    #[arg(long, default_value_t = 42)]
    pub(crate) seed: u64,
    /// Print the line of JSON only.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Measures and prints.
pub(crate) fn run(args: &MeasureArgs, out: &mut Out) -> Result<Outcome> {
    let (report, json) = match &args.figure {
        Figure::BatchUpserts(args) => (batch_upserts::measure(args)?, args.common.json),
        Figure::SingleUpserts(args) => (single_upserts::measure(args)?, args.common.json),
        Figure::Open(args) => (open::measure(args)?, args.common.json),
        Figure::Churn(args) => (churn::measure(args)?, args.common.json),
        Figure::MergeMemory(args) => (merge_memory::measure(args)?, args.common.json),
        Figure::MergingSearch(args) => (merging_search::measure(args)?, args.common.json),
        Figure::FilteredSearch(args) => (filtered_search::measure(args)?, args.common.json),
        Figure::Serving(args) => (serving::measure(args)?, args.common.json),
        Figure::Text(args) => (text::measure(args)?, args.json),
        Figure::Load(args) => {
            load::load(args)?;
            return Ok(Outcome::Clean);
        }
    };
    report.print(json, out)?;
    Ok(Outcome::clean_if(report.is_right()))
}
