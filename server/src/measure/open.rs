//! From `Database::open` to the first answers of a large collection, with nothing of it in memory.
//!
//! The set is written by another process. Before each round the system drops what it keeps of files, if this process may ask for
//! that; otherwise the report says that it did not. `get` and `search` are timed in rounds of their own, so that neither warms the other.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use nigh::{Options, SearchRequest, WithPayload, WithVectors};
use nigh_datasets::VectorSet;

use super::CommonArgs;
use super::load::{Merging, load_in_child, open, spec};
use super::report::{Better, Report, Row};
use crate::cli::at_least_one;
use crate::disk;
use crate::latency::Latencies;
use crate::load::Workplace;
use crate::process::folder_bytes;
use crate::units::ms;

/// From opening a database to its first answers.
#[derive(Debug, Clone, Args)]
pub(crate) struct OpenArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Points in the collection.
    #[arg(long, default_value = "1000000", value_parser = at_least_one)]
    rows: usize,
    /// Values a vector.
    #[arg(long, default_value = "128", value_parser = at_least_one)]
    dim: usize,
    /// Times that it is opened for each number; the median counts.
    #[arg(long, default_value = "5", value_parser = at_least_one)]
    rounds: usize,
}

const FLOOR_MS: f64 = 500.0;
const AIM_MS: f64 = 50.0;

/// What is asked first.
#[derive(Debug, Clone, Copy)]
enum First {
    Get,
    Search,
}

/// Times of one open.
struct Times {
    open: Duration,
    answer: Duration,
}

/// Loads, then opens again and again.
pub(super) fn measure(args: &OpenArgs) -> Result<Report> {
    let place = Workplace::new(args.common.dir.as_deref())?;
    let (dir, seed) = (place.path().join("db"), args.common.seed);
    load_in_child(&dir, args.rows, args.dim, seed, Merging::Settle)?;
    let query = spec(seed, args.dim, args.rows).queries(1);
    let mut dropped = true;
    let mut rounds = |first: First, cold: bool| -> Result<(Latencies, Latencies)> {
        let (mut opens, mut answers) = (Vec::new(), Vec::new());
        for _ in 0..args.rounds {
            if cold {
                dropped &= disk::drop_page_cache();
            }
            let times = once(&dir, first, &query, args.rows)?;
            opens.push(times.open);
            answers.push(times.answer);
        }
        Ok((Latencies::new(opens), Latencies::new(answers)))
    };
    let (open_cold, get_cold) = rounds(First::Get, true)?;
    let (_, search_cold) = rounds(First::Search, true)?;
    let (open_warm, get_warm) = rounds(First::Get, false)?;
    let (_, search_warm) = rounds(First::Search, false)?;
    let state = if dropped { "page cache dropped" } else { "page cache NOT dropped: needs root" };
    let shape = format!("{} x {}", args.rows, args.dim);
    let goal = |figure: String, times: &Latencies| {
        Row::goal(figure, ms(times.median()), " ms", Better::Lower, FLOOR_MS, AIM_MS)
    };
    let plain = |figure: &str, times: &Latencies| Row::plain(figure, ms(times.median()), " ms");
    let mut report = Report::new("open");
    report
        .row(goal(format!("open {shape} to first get, {state}"), &get_cold))
        .row(goal(format!("open {shape} to first exact search, {state}"), &search_cold))
        .row(plain("`open` alone, cold", &open_cold))
        .row(plain("`open` alone, files in memory", &open_warm))
        .row(plain("to first get, files in memory", &get_warm))
        .row(plain("to first exact search, files in memory", &search_warm))
        .detail("rows", args.rows)
        .detail("dim", args.dim)
        .detail("rounds", args.rounds)
        .detail("seed", seed)
        .detail("page_cache_dropped", dropped)
        .detail("folder_bytes", folder_bytes(&dir));
    Ok(report)
}

fn once(dir: &Path, first: First, query: &VectorSet, rows: usize) -> Result<Times> {
    let begun = Instant::now();
    let (db, collection) = open(dir, Options::new())?;
    let opened = begun.elapsed();
    match first {
        First::Get => {
            let id = nigh::PointId::from(rows as u64 / 2);
            let found = collection.get([id], &WithPayload::All, &WithVectors::All)?;
            ensure!(found.len() == 1, "expected point {id}, got none");
        }
        First::Search => {
            let hits = collection.search(&SearchRequest::new(query.row(0).to_f32()).exact(true))?;
            ensure!(hits.len() == rows.min(10), "expected {} hits, got {}", rows.min(10), hits.len());
        }
    }
    let answer = begun.elapsed();
    db.close()?;
    Ok(Times { open: opened, answer })
}
