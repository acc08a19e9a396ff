//! Durable writes of one point each, by one writer and by many, against what the disk can sync without a database.
//!
//! The disk is probed with writes as long as the log's records, ahead into reserved space as the log does: before, between and
//! after, since shared disks change their mind. The ratio is to the median of these.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use clap::Args;
use nigh::{Collection, Database, Durability, Point};
use nigh_datasets::VectorSet;

use super::CommonArgs;
use super::load::{NAME, config, spec};
use super::report::{Better, Report, Row};
use crate::cli::at_least_one;
use crate::disk;
use crate::load::Workplace;
use crate::units::{per_second, round};

/// Points a second that are written durably one by one.
#[derive(Debug, Clone, Args)]
pub(crate) struct SingleUpsertsArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Values a vector.
    #[arg(long, default_value = "128", value_parser = at_least_one)]
    dim: usize,
    /// Seconds for each number of writers.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Writers that share the collection in the second part.
    #[arg(long, default_value = "16", value_parser = at_least_one)]
    writers: usize,
}

/// Different vectors that are written again and again.
const ROWS: usize = 1_000;
/// About what a record of the log adds to the values of its one vector.
const RECORD_FRAME: usize = 136;
/// Least ratios to the disk's rate: one writer, many writers. One writer cannot be faster than the disk; a tenth is left for the disk's
/// noise, which is more than that between two probes.
const FLOORS: (f64, f64) = (0.9, 8.0);
const AIMS: (f64, f64) = (1.0, 8.0);

/// Probes the disk, writes, probes, writes, probes.
pub(super) fn measure(args: &SingleUpsertsArgs) -> Result<Report> {
    let place = Workplace::new(args.common.dir.as_deref())?;
    let set = spec(args.common.seed, args.dim, ROWS).base(ROWS);
    let duration = Duration::from_secs_f64(args.seconds.clamp(0.05, 600.0));
    let db = Database::open(place.path())?;
    let collection = db.create_collection(NAME, &config(args.dim)?.with_durability(Durability::Sync))?;
    let record_bytes = args.dim * 4 + RECORD_FRAME;
    let probe = || disk::syncs_per_second(place.path(), record_bytes, duration / 2);
    let mut probes = vec![probe()?];
    let one = write(&collection, &set, 1, duration)?;
    probes.push(probe()?);
    let many = write(&collection, &set, args.writers, duration)?;
    probes.push(probe()?);
    db.close()?;
    probes.sort_by(f64::total_cmp);
    let disk = probes.get(1).copied().unwrap_or_default();
    let mut report = Report::new("single-upserts");
    let writers = args.writers;
    report
        .row(Row::plain(format!("the disk alone: {record_bytes} B write + fdatasync, a second"), disk, ""))
        .row(Row::plain("durable single upserts/s, 1 writer", one, ""))
        .row(Row::goal(
            "… as a multiple of the disk's rate",
            one / disk,
            " x",
            Better::Higher,
            FLOORS.0,
            AIMS.0,
        ))
        .row(Row::plain(format!("durable single upserts/s, {writers} writers"), many, ""))
        .row(Row::goal(
            "… as a multiple of the disk's rate",
            many / disk,
            " x",
            Better::Higher,
            FLOORS.1,
            AIMS.1,
        ))
        .detail("disk_probes", probes.iter().map(|r| round(*r, 1)).collect::<Vec<_>>())
        .detail("dim", args.dim)
        .detail("seconds", args.seconds)
        .detail("seed", args.common.seed);
    Ok(report)
}

/// Points a second that `writers` threads write together.
fn write(collection: &Collection, set: &VectorSet, writers: usize, duration: Duration) -> Result<f64> {
    let (stop, written) = (AtomicBool::new(false), AtomicU64::new(0));
    let work = |writer: usize| -> nigh::Result<()> {
        let mut row = writer;
        while !stop.load(Ordering::Relaxed) {
            let vector = set.row(row % set.rows()).to_f32().into_owned();
            collection.upsert([Point::new(row as u64, vector)])?;
            written.fetch_add(1, Ordering::Relaxed);
            row += writers;
        }
        Ok(())
    };
    let begun = Instant::now();
    let results = thread::scope(|scope| {
        let work = &work;
        let threads: Vec<_> = (0..writers).map(|writer| scope.spawn(move || work(writer))).collect();
        thread::sleep(duration);
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    let rate = per_second(written.load(Ordering::Relaxed), begun.elapsed());
    for result in results {
        result.map_err(|_| anyhow!("a writing thread panicked"))??;
    }
    Ok(rate)
}
