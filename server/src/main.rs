//! The program `nigh`: a command line goes in, an answer and an exit code come out.
//!
//! Exit codes: 0 all is well; 1 the command ran and found something wrong; 2 it could not run. What the commands are: cli.rs.
//! Answers go to stdout, errors and progress to stderr. Whoever reads stdout may stop reading at any time.

mod bench;
mod cli;
mod config_command;
mod disk;
mod doctor;
mod dump;
mod healthcheck;
mod inspect;
mod latency;
mod load;
mod measure;
mod out;
mod process;
mod processor;
mod progress;
mod serve;
mod units;
mod verify;

use std::io::{self, Write};
use std::process::ExitCode;

use clap::Parser;
use cli::{Cli, Command};
use out::Out;

/// How a command that ran has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// Nothing to complain about.
    Clean,
    /// Something is wrong; it has been printed.
    Problems,
}

impl Outcome {
    /// `Clean` if nothing is wrong.
    pub(crate) fn clean_if(clean: bool) -> Self {
        if clean { Self::Clean } else { Self::Problems }
    }
}

fn main() -> ExitCode {
    let mut out = Out::new();
    let result = run(Cli::parse(), &mut out).and_then(|outcome| {
        out.flush()?;
        Ok(outcome)
    });
    match result {
        Ok(Outcome::Clean) => ExitCode::SUCCESS,
        Ok(Outcome::Problems) => ExitCode::from(1),
        Err(error) if is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // What was printed so far stands before the error. If stderr is gone too, the code still tells.
            drop(out.flush());
            drop(writeln!(io::stderr(), "nigh: {error:#}"));
            ExitCode::from(2)
        }
    }
}

fn run(cli: Cli, out: &mut Out) -> anyhow::Result<Outcome> {
    match cli.command {
        Command::Config(args) => config_command::run(&args, out),
        Command::Bench(args) => bench::run(&args, out),
        Command::BenchMemory(args) => bench::measure_memory(&args, out),
        Command::Inspect(args) => inspect::run(&args, out),
        Command::Verify(args) => verify::run(&args, out),
        Command::Doctor(args) => doctor::run(&args, out),
        Command::Serve(args) => serve::run(&args, out),
        Command::Healthcheck(args) => healthcheck::run(&args, out),
        Command::Measure(args) => measure::run(&args, out),
    }
}

/// Whether the reader of our output went away, as `head` does: no failure.
fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|e| e.kind() == io::ErrorKind::BrokenPipe)
}
