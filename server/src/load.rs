//! Filling a collection from a vector set: rows go in as points whose ids are their row numbers.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nigh::{Collection, ErrorKind, JobState, Point};
use nigh_datasets::VectorSet;
use tempfile::TempDir;

use crate::progress::Progress;

/// Where a command works: a folder that is kept, or one that is gone afterwards.
#[derive(Debug)]
pub(crate) enum Workplace {
    /// Given by the user.
    Kept(PathBuf),
    /// Removed when dropped.
    Temporary(TempDir),
}

impl Workplace {
    /// `dir`, which must be empty or not exist, or a new temporary folder.
    pub(crate) fn new(dir: Option<&Path>) -> Result<Self> {
        let Some(dir) = dir else {
            let temp = tempfile::Builder::new().prefix("nigh-").tempdir();
            return Ok(Self::Temporary(temp.context("could not make a temporary folder")?));
        };
        match std::fs::read_dir(dir) {
            Ok(mut entries) => {
                anyhow::ensure!(entries.next().is_none(), "{} is not empty", dir.display());
            }
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
            Err(e) => return Err(e).with_context(|| dir.display().to_string()),
        }
        Ok(Self::Kept(dir.to_owned()))
    }

    /// The folder.
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Kept(path) => path,
            Self::Temporary(dir) => dir.path(),
        }
    }
}

/// Upserts the given rows in batches; how long the calls took together, without making the points.
pub(crate) fn upsert_rows(
    collection: &Collection,
    set: &VectorSet,
    rows: Range<usize>,
    batch: usize,
) -> nigh::Result<Duration> {
    let progress = Progress::new("writing", rows.len() as u64);
    let mut spent = Duration::ZERO;
    let first = rows.start;
    for start in rows.clone().step_by(batch) {
        let end = (start + batch).min(rows.end);
        spent += upsert_batch(collection, set, start..end)?;
        progress.set((end - first) as u64);
    }
    Ok(spent)
}

/// One batch; how long the calls took. Tries again while the queue of asynchronous writes is full.
fn upsert_batch(collection: &Collection, set: &VectorSet, rows: Range<usize>) -> nigh::Result<Duration> {
    let mut spent = Duration::ZERO;
    loop {
        let points: Vec<Point> =
            rows.clone().map(|row| Point::new(row as u64, set.row(row).to_f32())).collect();
        let begun = Instant::now();
        let written = collection.upsert(points);
        spent += begun.elapsed();
        match written {
            Ok(_) => return Ok(spent),
            Err(e) if e.kind() == ErrorKind::Busy => {
                let begun = Instant::now();
                thread::sleep(Duration::from_millis(1));
                spent += begun.elapsed();
            }
            Err(e) => return Err(e),
        }
    }
}

/// Waits until all `rows` points can be seen; only asynchronous writes leave something to wait for.
pub(crate) fn wait_until_visible(collection: &Collection, rows: u64) -> nigh::Result<Duration> {
    let begun = Instant::now();
    while collection.count()? < rows {
        thread::sleep(Duration::from_millis(1));
    }
    Ok(begun.elapsed())
}

/// Waits until background work has come to rest: nothing runs, and for a while (longer than the engine waits before it calls a collection
/// idle) nothing has changed. Gives up after `limit`; whether it came to rest.
pub(crate) fn wait_until_idle(collection: &Collection, limit: Duration) -> nigh::Result<bool> {
    const QUIET: Duration = Duration::from_secs(8);
    const LOOK_EVERY: Duration = Duration::from_millis(100);
    let begun = Instant::now();
    let progress = Progress::new("waiting for rest", limit.as_secs());
    let (mut seen, mut since) = (None, Instant::now());
    while begun.elapsed() < limit {
        let running = collection.jobs().iter().any(|job| job.state == JobState::Running);
        let info = collection.info()?;
        let now = (info.segments, info.checkpoint_seq, collection.jobs().len());
        if running || seen.as_ref() != Some(&now) {
            (seen, since) = (Some(now), Instant::now());
        } else if since.elapsed() >= QUIET {
            return Ok(true);
        }
        progress.set(begun.elapsed().as_secs());
        thread::sleep(LOOK_EVERY);
    }
    Ok(false)
}
