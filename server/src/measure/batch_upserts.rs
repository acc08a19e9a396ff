//! Points a second in durable batches: each call returns when its batch is on stable storage.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use nigh::{Database, Durability};

use super::CommonArgs;
use super::load::{NAME, config, spec};
use super::report::{Better, Report, Row};
use crate::cli::at_least_one;
use crate::disk;
use crate::load::{Workplace, upsert_rows};
use crate::units::{per_second, round};

/// Points a second that are written durably, in batches.
#[derive(Debug, Clone, Args)]
pub(crate) struct BatchUpsertsArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Points to write, each time.
    #[arg(long, default_value = "20000", value_parser = at_least_one)]
    rows: usize,
    /// Values a vector.
    #[arg(long, default_value = "768", value_parser = at_least_one)]
    dim: usize,
    /// Points in one write.
    #[arg(long, default_value = "256", value_parser = at_least_one)]
    batch: usize,
    /// Times that all is done; the median counts.
    #[arg(long, default_value = "5", value_parser = at_least_one)]
    rounds: usize,
}

const FLOOR: f64 = 10_000.0;
const AIM: f64 = 30_000.0;

/// Writes the set into a new collection, several times.
pub(super) fn measure(args: &BatchUpsertsArgs) -> Result<Report> {
    let place = Workplace::new(args.common.dir.as_deref())?;
    let set = spec(args.common.seed, args.dim, args.rows).base(args.rows);
    let mut rates = Vec::new();
    let db = Database::open(place.path())?;
    let syncs = disk::syncs_per_second(place.path(), disk::PAGE, Duration::from_secs(1))?;
    for _ in 0..args.rounds {
        let config = config(args.dim)?.with_durability(Durability::Sync);
        let collection = db.create_collection(NAME, &config)?;
        let spent = upsert_rows(&collection, &set, 0..args.rows, args.batch)?;
        rates.push(per_second(args.rows as u64, spent));
        db.drop_collection(NAME)?;
    }
    db.close()?;
    rates.sort_by(f64::total_cmp);
    let median = rates.get(rates.len() / 2).copied().unwrap_or_default();
    let mut report = Report::new("batch-upserts");
    let figure = format!("durable upserts/s, {} x {}, batches of {}", args.rows, args.dim, args.batch);
    report
        .row(Row::goal(figure, median, "", Better::Higher, FLOOR, AIM))
        .row(Row::plain("the disk alone: 4 KiB write + fdatasync, a second", syncs, ""))
        .detail("rates", rates.iter().map(|r| round(*r, 1)).collect::<Vec<_>>())
        .detail("rows", args.rows)
        .detail("dim", args.dim)
        .detail("batch", args.batch)
        .detail("seed", args.common.seed);
    Ok(report)
}
