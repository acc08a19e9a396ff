//! The program `rivals`: one set of vectors goes in, nigh beside other libraries comes out, as tables and as JSON lines.
//!
//! Everybody gets the same vectors, the same `M` and `ef_construction`, one thread and one process. `set.rs` makes the vectors,
//! `contestants/` builds and asks, `measure.rs` takes turns, `frontier.rs` says how fast each is at one recall, `report.rs` prints.

mod cli;
mod contestants;
mod frontier;
mod generate;
mod measure;
mod report;
mod set;

use std::fs::File;
use std::io::{self, BufWriter, Write};

use anyhow::Context;
use clap::Parser;
use cli::{Cli, Command, MeasureArgs};
use contestants::GraphParams;
use report::Report;
use set::Set;

fn main() -> anyhow::Result<()> {
    match Cli::parse().command {
        Command::Measure(args) => compare(&args),
        Command::Generate(args) => generate::run(&args),
    }
}

fn compare(args: &MeasureArgs) -> anyhow::Result<()> {
    let set = Set::load(args)?;
    let json: Box<dyn Write> = match &args.json {
        Some(path) => {
            let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
            Box::new(BufWriter::new(file))
        }
        None => Box::new(io::sink()),
    };
    let mut report = Report::new(io::stdout().lock(), json);
    report.set(&set, args)?;

    let mut builds = Vec::new();
    for &kind in args.contestants() {
        let ef_construct = args.ef_construct_of(kind);
        let built = measure::build(kind, &set, GraphParams { m: args.m, ef_construct })?;
        report.build(&built)?;
        builds.push(built);
    }
    report.builds(&builds)?;

    let points = measure::rounds(&mut builds, &set, args, |point| report.point(point))?;
    report.points(&points)?;
    report.at_recall(&points)?;
    report.finish()
}
