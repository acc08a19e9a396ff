//! `nigh bench`: a vector set goes in; how well, how fast and at what price it is searched comes out.
//!
//! args.rs says what may be asked; workload.rs, files.rs and truth.rs make vectors and their true neighbours; build.rs writes and indexes
//! them; memory.rs looks at a process that only searches; sweep.rs searches in every way; report/ prints a table, JSON lines and a page.
//! A target of recall that is missed is a figure like others. What an exact search misses is an error, except where values are rounded
//! when stored (`f16`).

mod args;
mod build;
mod files;
mod memory;
mod report;
mod setting;
mod spread;
mod sweep;
mod truth;
mod workload;

pub(crate) use args::BenchArgs;
pub(crate) use memory::{MemoryArgs, measure_memory};
pub(crate) use workload::clusters;

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use nigh::IndexConfig;
use nigh_datasets::GroundTruth;

use crate::Outcome;
use crate::cli::DatatypeArg;
use crate::load::Workplace;
use crate::out::Out;
use build::Built;
use memory::Need;
use report::Reports;
use setting::Setting;
use sweep::Sweep;
use workload::Workload;

/// Below this an exact search has missed something. Not 1: sums in `f32` and in `f64` may order two rows differently that are
/// equally far but for the last bits.
const EXACT_RECALL_MIN: f64 = 0.999;

/// One index and all that was measured on it.
#[derive(Debug)]
struct Run {
    index: IndexConfig,
    built: Built,
    need: Need,
    sweep: Sweep,
}

/// Runs the bench and reports.
pub(crate) fn run(args: &BenchArgs, out: &mut Out) -> Result<Outcome> {
    let place = Workplace::new(args.dir.as_deref())?;
    let workload = Workload::new(args)?;
    let mut reports = Reports::new(args, out)?;
    let truth = truth::find(&workload, args)?;
    if let (Some(dir), None) = (&args.dir, &workload.published) {
        truth::keep(&truth, dir)?;
    }
    reports.begin(&workload)?;
    let mut missed = false;
    for index in args.indexes() {
        let run = one(args, &workload, &truth, index, place.path())?;
        missed |= run
            .sweep
            .trials
            .iter()
            .any(|trial| trial.setting == Setting::Exact && trial.recall < EXACT_RECALL_MIN);
        reports.add(&workload, run)?;
    }
    reports.end(&workload)?;
    Ok(Outcome::clean_if(!missed || workload.datatype == DatatypeArg::F16))
}

/// One index, in a folder of its own below `place`, which is gone afterwards unless it was asked for.
fn one(
    args: &BenchArgs,
    workload: &Workload,
    truth: &GroundTruth,
    index: IndexConfig,
    place: &Path,
) -> Result<Run> {
    let dir = place.join(format!("m{}-ef{}", index.m, index.ef_construct));
    let built = build::build(args, workload, index, &dir)?;
    let sweep = sweep::sweep(args, workload, truth, &dir)?;
    let need = memory::measure_in_child(args, workload, &dir)?;
    if args.dir.is_none() {
        fs::remove_dir_all(&dir).with_context(|| dir.display().to_string())?;
    }
    Ok(Run { index, built, need, sweep })
}
