//! `nigh config`: files, environment and flags go in, the settings with their origins come out, or all that is wrong with them.
//!
//! Exit codes: 0 a server would start with these; 1 it would not; 2 a file that was named cannot be read.

use std::io::Write;

use anyhow::Result;
use clap::{Args, Subcommand};
use nigh_server::config::{self, Config, ConfigArgs, LoadError, Settings};

use crate::Outcome;
use crate::out::Out;

/// Show or check the settings.
#[derive(Debug, Clone, Args)]
pub(crate) struct ConfigCommandArgs {
    /// What to do.
    #[command(subcommand)]
    action: Action,
}

#[derive(Debug, Clone, Subcommand)]
enum Action {
    /// Print each setting with its value and who set it, as a configuration file. Secrets are masked.
    Print(ConfigArgs),
    /// Only tell whether all is well.
    Check(ConfigArgs),
}

/// Prints or checks.
pub(crate) fn run(args: &ConfigCommandArgs, out: &mut Out) -> Result<Outcome> {
    let (Action::Print(flags) | Action::Check(flags)) = &args.action;
    let settings = match Settings::load(&flags.sources()) {
        Ok(settings) => settings,
        Err(problems @ LoadError::Problems(_)) => {
            writeln!(out, "{problems}")?;
            return Ok(Outcome::Problems);
        }
        Err(e) => return Err(e.into()),
    };
    let checked = Config::new(&settings);
    if let Action::Print(_) = args.action {
        config::print(&settings, out)?;
    }
    match checked {
        Ok(_) => {
            if let Action::Check(_) = args.action {
                writeln!(out, "all is well")?;
            }
            Ok(Outcome::Clean)
        }
        Err(problems) => {
            writeln!(out, "{}", LoadError::Problems(problems))?;
            Ok(Outcome::Problems)
        }
    }
}
