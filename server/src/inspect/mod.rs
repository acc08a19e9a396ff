//! `nigh inspect`: a file or folder of a database goes in, what it says comes out, damaged or not.
//!
//! Reads with the decoders of `nigh-format` alone, so that it shows a database which the engine would refuse. Never writes.
//! file.rs looks at one file, folder.rs at a tree.

mod file;
mod folder;
mod records;
mod segment;
mod source;
mod wal;

use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;

use crate::Outcome;
use crate::out::Out;

/// Show what a file or folder of a database says, damaged or not. Exit code 0: whole, 1: damaged, 2: could not run.
#[derive(Debug, Clone, Args)]
pub(crate) struct InspectArgs {
    /// A file (catalog, manifest, log, any file of a segment), or the folder of a database, collection or segment.
    pub(crate) path: PathBuf,
    /// Print one line of JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Looks and prints.
pub(crate) fn run(args: &InspectArgs, out: &mut Out) -> Result<Outcome> {
    let path = &args.path;
    let named = || path.display().to_string();
    let meta = std::fs::metadata(path).with_context(named)?;
    let dump = if meta.is_dir() {
        let dump = folder::inspect(path).with_context(named)?;
        dump.with_context(|| format!("{}: no database, collection or segment", path.display()))?
    } else {
        file::inspect(path).with_context(named)?
    };
    if args.json {
        out.json(&dump.to_json())?;
    } else {
        dump.print(out)?;
    }
    Ok(Outcome::clean_if(dump.problem_count() == 0))
}
