//! `nigh verify`: a database folder goes in, counts and the first bad places come out.
//!
//! Reads only, and works beside a process that writes. What is checked: the engine's `Database::verify`.

use std::io::Write;
use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use nigh::{CancelToken, CollectionVerdict, Database, Error, ErrorKind, VerifyReport};
use serde_json::{Value, json};

use crate::Outcome;
use crate::out::Out;
use crate::progress::Progress;
use crate::units::{bytes, count};

/// Check every byte of a database. Exit code 0: clean, 1: problems, 2: could not run.
#[derive(Debug, Clone, Args)]
pub(crate) struct VerifyArgs {
    /// The database.
    pub(crate) dir: PathBuf,
    /// Print one line of JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Checks and prints.
pub(crate) fn run(args: &VerifyArgs, out: &mut Out) -> Result<Outcome> {
    let (report, problem) = match check(args) {
        Ok(report) => (report, None),
        // The folder is a database whose own list is damaged: an answer, not a failure to run.
        Err(e) if matches!(e.kind(), ErrorKind::Corrupted | ErrorKind::Version) => {
            (VerifyReport::default(), Some(e))
        }
        Err(e) => return Err(e.into()),
    };
    let clean = problem.is_none() && report.is_clean();
    if args.json {
        out.json(&as_json(&report, problem.as_ref(), clean))?;
    } else {
        print(&report, problem.as_ref(), clean, out)?;
    }
    Ok(Outcome::clean_if(clean))
}

fn check(args: &VerifyArgs) -> nigh::Result<VerifyReport> {
    let db = Database::open_read_only(&args.dir)?;
    let progress = Progress::new("verifying", 1);
    Ok(db.verify(&CancelToken::new(), |done, total| {
        progress.set_total(total);
        progress.set(done);
    }))
}

fn print(report: &VerifyReport, problem: Option<&Error>, clean: bool, out: &mut Out) -> std::io::Result<()> {
    if let Some(problem) = problem {
        writeln!(out, "{problem}")?;
    }
    for verdict in &report.collections {
        let CollectionVerdict { name, point_count, segment_count, file_count, byte_count, .. } = verdict;
        writeln!(out, "collection {name:?}")?;
        writeln!(out, "  {} points, {segment_count} segments", count(*point_count))?;
        writeln!(out, "  {file_count} files, {} compared", bytes(*byte_count))?;
        writeln!(out, "  {} operations replayed from the log", count(verdict.operations_replayed))?;
        for problem in &verdict.problems {
            writeln!(out, "  PROBLEM: {problem}")?;
        }
    }
    let problems = report.collections.iter().map(|c| c.problems.len()).sum::<usize>();
    match (clean, problems + usize::from(problem.is_some())) {
        (true, _) => writeln!(out, "clean"),
        (false, 1) => writeln!(out, "1 problem"),
        (false, n) => writeln!(out, "{n} problems"),
    }
}

fn as_json(report: &VerifyReport, problem: Option<&Error>, clean: bool) -> Value {
    let collection = |c: &CollectionVerdict| {
        json!({
            "name": c.name,
            "points": c.point_count,
            "segments": c.segment_count,
            "files": c.file_count,
            "bytes": c.byte_count,
            "operations_replayed": c.operations_replayed,
            "problems": c.problems.iter().map(problem_json).collect::<Vec<_>>(),
        })
    };
    json!({
        "clean": clean,
        "collections": report.collections.iter().map(collection).collect::<Vec<_>>(),
        "problems": problem.iter().map(|p| problem_json(p)).collect::<Vec<_>>(),
    })
}

fn problem_json(error: &Error) -> Value {
    match error {
        Error::Corrupt { file, offset, what } => {
            json!({"message": error.to_string(), "file": file, "offset": offset, "what": what})
        }
        other => json!({"message": other.to_string()}),
    }
}
