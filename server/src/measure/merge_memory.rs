//! Memory of a merge: all segments of a large collection into one, under the default budget, watched from a thread.
//!
//! The set is written by another process, so that what is left over from writing does not count. Background work is done by hand
//! here, so that nothing else runs meanwhile. The collection has no index: this is what rewriting points, ids and vectors takes;
//! building a graph comes on top. Mapped files do not count: the system takes those pages back when it needs them.

use std::time::Instant;

use anyhow::{Context, Result, ensure};
use clap::Args;
use nigh::{Background, JobKind, JobState, Options};

use super::CommonArgs;
use super::load::{Merging, load_in_child, merge_all, open};
use super::report::{Better, Report, Row};
use crate::cli::at_least_one;
use crate::load::Workplace;
use crate::process::{Memory, peak_anon_during};
use crate::units::round;

/// Memory that merging segments takes.
#[derive(Debug, Clone, Args)]
pub(crate) struct MergeMemoryArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Points in the collection.
    #[arg(long, default_value = "1000000", value_parser = at_least_one)]
    rows: usize,
    /// Values a vector.
    #[arg(long, default_value = "128", value_parser = at_least_one)]
    dim: usize,
    /// The budget, in MiB.
    #[arg(long, default_value_t = 256)]
    budget_mib: u64,
}

/// Loads, merges, watches.
pub(super) fn measure(args: &MergeMemoryArgs) -> Result<Report> {
    let place = Workplace::new(args.common.dir.as_deref())?;
    let dir = place.path().join("db");
    load_in_child(&dir, args.rows, args.dim, args.common.seed, Merging::Never)?;
    let options = Options::new().background(Background::Manual).memory_bytes_max(args.budget_mib << 20);
    let (db, collection) = open(&dir, options)?;
    let before = merge_all(&collection)?;
    let idle = Memory::now().anon_bytes;
    let begun = Instant::now();
    let (jobs, peak) = peak_anon_during(|| db.run_background_jobs());
    let seconds = begun.elapsed().as_secs_f64();
    let peak = peak.context("this system does not tell how much memory a process uses")?;
    let merges: Vec<_> = collection.jobs().into_iter().filter(|job| job.kind == JobKind::Merge).collect();
    for job in &merges {
        ensure!(job.state == JobState::Done, "a merge did not end well: {:?}", job.state);
    }
    let after = collection.info()?.segments.len();
    db.close()?;
    let mib = |bytes: u64| bytes as f64 / f64::from(1 << 20);
    let figure = format!("RssAnon while merging {before} segments, {} x {}", args.rows, args.dim);
    let (floor, aim) = (args.budget_mib as f64, args.budget_mib as f64);
    let mut report = Report::new("merge-memory");
    report
        .row(Row::goal(figure, mib(peak), " MiB", Better::Lower, floor, aim))
        .row(Row::plain("RssAnon before", mib(idle.unwrap_or_default()), " MiB"))
        .row(Row::plain("seconds of the merge", seconds, " s"))
        .detail("rows", args.rows)
        .detail("dim", args.dim)
        .detail("seed", args.common.seed)
        .detail("jobs", jobs)
        .detail("merges", merges.len())
        .detail("segments_before", before)
        .detail("segments_after", after)
        .detail("seconds", round(seconds, 2));
    if merges.is_empty() {
        report.wrong(format!("nothing was merged: {before} segments, {after} after"));
    }
    Ok(report)
}
