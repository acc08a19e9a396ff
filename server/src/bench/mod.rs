//! `nigh bench`: a vector set goes in, a table of what the database did with it comes out.
//!
//! args.rs says what may be asked, workload.rs makes vectors and truth, steps.rs drives the database, report.rs prints. The
//! search is exact, so a missed neighbour is a failure, except where values are rounded when stored (`f16`).

mod args;
mod report;
mod steps;
mod workload;

pub(crate) use args::BenchArgs;
pub(crate) use workload::clusters;

use anyhow::Result;

use crate::Outcome;
use crate::cli::DatatypeArg;
use crate::out::Out;
use workload::Workload;

/// Below this an exact search has missed something. Not 1: sums in `f32` and in `f64` may order two rows differently that are
/// equally far but for the last bits.
const RECALL_MIN: f64 = 0.999;

/// Runs the bench and prints its table.
pub(crate) fn run(args: &BenchArgs, out: &mut Out) -> Result<Outcome> {
    let workload = Workload::new(args)?;
    let figures = steps::measure(args, &workload)?;
    if args.json {
        out.json(&report::json(args, &workload, &figures))?;
    } else {
        report::table(args, &workload, &figures, out)?;
    }
    Ok(Outcome::clean_if(figures.recall >= RECALL_MIN || args.datatype == DatatypeArg::F16))
}
