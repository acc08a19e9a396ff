//! `nigh doctor`: what someone who helps a user has to ask first, answered at once.
//!
//! Program and machine (machine.rs), the disk under a folder, and whether a database there is free and clean. Scratch files are
//! removed; the database is only read.

mod machine;

use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use clap::Args;
use nigh::io::{LockError, RealVfs, Vfs};
use nigh::{CancelToken, Database};
use nigh_format::layout::{CATALOG_FILE, LOCK_FILE};

use crate::Outcome;
use crate::disk;
use crate::dump::{Dump, Problem};
use crate::out::Out;
use crate::progress::Progress;
use crate::units::{bytes, ms, time};

/// Tell what someone who helps you needs to know. Exit code 0: all is well, 1: there is a problem, 2: could not run.
#[derive(Debug, Clone, Args)]
pub(crate) struct DoctorArgs {
    /// The folder whose disk is tried out, perhaps a database; the folder for temporary files unless told.
    pub(crate) dir: Option<PathBuf>,
    /// Print one line of JSON instead of text.
    #[arg(long)]
    pub(crate) json: bool,
}

/// Writes and syncs that the disk is timed with.
const SYNCS: usize = 50;
/// Bytes that are written and read in one go.
const LONG: usize = 64 << 20;

/// Looks and prints.
pub(crate) fn run(args: &DoctorArgs, out: &mut Out) -> Result<Outcome> {
    let dir = args.dir.clone().unwrap_or_else(std::env::temp_dir);
    let meta = std::fs::metadata(&dir).with_context(|| dir.display().to_string())?;
    ensure!(meta.is_dir(), "{}: expected a folder", dir.display());
    let mut dump = Dump::block(format!("nigh {}", env!("CARGO_PKG_VERSION")));
    dump.child(machine::describe()).child(disk(&dir));
    if dir.join(CATALOG_FILE).exists() {
        dump.child(database(&dir));
    } else if args.dir.is_some() {
        dump.field("database", format!("none in {}", dir.display()));
    }
    if args.json {
        out.json(&dump.to_json())?;
    } else {
        dump.print(out)?;
    }
    Ok(Outcome::clean_if(dump.problem_count() == 0))
}

fn disk(dir: &Path) -> Dump {
    let mut dump = Dump::block("disk");
    dump.field("folder", dir.display().to_string());
    if let Some((device, point, kind)) = disk::file_system(dir) {
        dump.field("file_system", kind)
            .field("device", device)
            .field("mounted_at", point.display().to_string());
    }
    let failed = |e: io::Error| Problem::new(e.to_string());
    if let Some(free) = dump.note(disk::free_bytes(dir).map_err(failed)) {
        dump.bytes("free", free);
    }
    if let Some(times) = dump.note(disk::sync_times(dir, SYNCS).map_err(failed)) {
        let (median, worst) = (times.median(), times.percentile(100));
        let text =
            format!("{} median, {} worst of {SYNCS} x (4 KiB write + fdatasync)", time(median), time(worst));
        dump.field_as("sync_ms", ms(median), text);
    }
    if let Some(speeds) = dump.note(disk::speeds(dir, LONG).map_err(failed)) {
        let text = |speed: f64, remark: &str| {
            format!("{}/s over {} {remark}", bytes(speed as u64), bytes(LONG as u64))
        };
        dump.field_as("write_bytes_per_second", speeds.write as u64, text(speeds.write, "and a sync"));
        dump.field_as(
            "read_bytes_per_second",
            speeds.read as u64,
            text(speeds.read, "just written, so from memory"),
        );
    }
    dump
}

fn database(dir: &Path) -> Dump {
    let mut dump = Dump::block("database");
    let lock = dir.join(LOCK_FILE);
    // The lock alone, without opening: an open would recover, and so change, what is to be looked at.
    let state = if lock.exists() { RealVfs.lock(&lock).map(drop) } else { Ok(()) };
    match state {
        Ok(()) => dump.field("lock", "free"),
        Err(LockError::Held { pid: Some(pid) }) => {
            dump.field_as("lock", pid, format!("held by process {pid}"))
        }
        Err(LockError::Held { pid: None }) => dump.field("lock", "held by another process"),
        Err(LockError::Io(e)) => dump.problem(Problem::new(format!("{}: {e}", lock.display()))),
    };
    let db = Database::open_read_only(dir).map_err(|e| Problem::new(e.to_string()));
    let Some(db) = dump.note(db) else { return dump };
    let progress = Progress::new("verifying", 1);
    let report = db.verify(&CancelToken::new(), |done, total| {
        progress.set_total(total);
        progress.set(done);
    });
    for verdict in &report.collections {
        let mut line = Dump::line(format!("collection {:?}", verdict.name));
        line.field("points", verdict.point_count)
            .field("segments", verdict.segment_count)
            .bytes("bytes", verdict.byte_count)
            .field("replayed", verdict.operations_replayed);
        for problem in &verdict.problems {
            line.problem(Problem::new(problem.to_string()));
        }
        dump.child(line);
    }
    dump.field("clean", report.is_clean());
    dump
}
