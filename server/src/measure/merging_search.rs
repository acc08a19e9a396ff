//! Searches while a graph is built beside them: how much longer do the slowest take than with nothing else going on?
//!
//! One thread searches, one query after the other. Meanwhile, or not, another rewrites the whole collection with a new graph, again and
//! again, on as many threads as there are cores, as background work would. Both states take turns.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};
use clap::Args;
use nigh::{
    Collection, CollectionConfig, CollectionUpdate, Database, Durability, Effort, IndexConfig, Metric,
    SearchRequest, VectorConfig,
};

use super::CommonArgs;
use super::load::{NAME, fill, spec};
use super::report::{Better, Report, Row};
use crate::cli::at_least_one;
use crate::load::Workplace;

/// The slowest searches while a graph is built, against those with nothing else going on.
#[derive(Debug, Clone, Args)]
pub(crate) struct MergingSearchArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Points in the collection.
    #[arg(long, default_value = "100000", value_parser = at_least_one)]
    rows: usize,
    /// Values a vector.
    #[arg(long, default_value = "128", value_parser = at_least_one)]
    dim: usize,
    /// Times that both states are measured.
    #[arg(long, default_value = "3", value_parser = at_least_one)]
    rounds: usize,
    /// Seconds of searching, each time.
    #[arg(long, default_value = "5", value_parser = at_least_one)]
    seconds: usize,
}

const FLOOR: f64 = 3.0;
const AIM: f64 = 1.2;
const QUERIES: usize = 1000;

/// Fills, builds, and searches with and without a rewrite at work.
pub(super) fn measure(args: &MergingSearchArgs) -> Result<Report> {
    let place = Workplace::new(args.common.dir.as_deref())?;
    let db = Database::open(place.path())?;
    let vector = VectorConfig::new(u32::try_from(args.dim)?, Metric::Euclid);
    let collection = db.create_collection(NAME, &CollectionConfig::single(vector))?;
    let writer = collection.with_durability(Durability::Buffered);
    fill(&writer, args.common.seed, args.dim, args.rows, 1000)?;
    collection.optimize()?;
    let queries = spec(args.common.seed, args.dim, args.rows).queries(QUERIES);
    let request = |row: usize| SearchRequest::new(queries.row(row).to_f32()).effort(Effort::Recall(0.95));
    let requests: Vec<SearchRequest> = (0..queries.rows()).map(request).collect();
    let lasting = Duration::from_secs(args.seconds as u64);
    let (mut idle, mut busy, mut rewrites) = (Vec::new(), Vec::new(), 0);
    for _ in 0..args.rounds {
        idle.push(search_for(&collection, &requests, lasting)?);
        let (times, count) = search_beside_rewrites(&collection, &requests, lasting)?;
        busy.push(times);
        rewrites += count;
    }
    db.close()?;
    ensure!(rewrites > 0, "expected a rewrite to finish within {lasting:?}, got none: try fewer rows");
    let median = |rounds: &[Vec<Duration>], share: f64| {
        let mut all: Vec<f64> =
            rounds.iter().map(|times| at_share(times, share).as_secs_f64() * 1e6).collect();
        all.sort_by(f64::total_cmp);
        all.get(all.len() / 2).copied().unwrap_or_default()
    };
    let (idle_p99, busy_p99) = (median(&idle, 0.99), median(&busy, 0.99));
    let figure = format!("search p99 beside a rewrite, {} x {}, to p99 alone", args.rows, args.dim);
    let mut report = Report::new("merging-search");
    report
        .row(Row::goal(figure, busy_p99 / idle_p99.max(1e-9), " x", Better::Lower, FLOOR, AIM))
        .row(Row::plain("p50 alone", median(&idle, 0.5), " µs"))
        .row(Row::plain("p99 alone", idle_p99, " µs"))
        .row(Row::plain("p50 beside a rewrite", median(&busy, 0.5), " µs"))
        .row(Row::plain("p99 beside a rewrite", busy_p99, " µs"))
        .detail("rows", args.rows)
        .detail("dim", args.dim)
        .detail("rounds", args.rounds)
        .detail("seconds", args.seconds)
        .detail("seed", args.common.seed)
        .detail("rewrites", rewrites);
    Ok(report)
}

/// Times of searches, one after the other, for so long; ascending.
fn search_for(
    collection: &Collection,
    requests: &[SearchRequest],
    lasting: Duration,
) -> Result<Vec<Duration>> {
    let begun = Instant::now();
    let mut times = Vec::new();
    for request in requests.iter().cycle() {
        let started = Instant::now();
        collection.search(request)?;
        times.push(started.elapsed());
        if begun.elapsed() >= lasting {
            break;
        }
    }
    times.sort_unstable();
    Ok(times)
}

/// The same while another thread rewrites the collection; how often that was done.
fn search_beside_rewrites(
    collection: &Collection,
    requests: &[SearchRequest],
    lasting: Duration,
) -> Result<(Vec<Duration>, usize)> {
    let ended = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let rewriter = scope.spawn(|| {
            let mut count = 0;
            while !ended.load(Ordering::Relaxed) {
                // Another breadth of the build makes the graph one that is to be built anew.
                let ef_construct = 100 + (count % 2) as u32;
                let index = IndexConfig { ef_construct, ..IndexConfig::default() };
                let indexes = [(String::new(), index)].into_iter().collect();
                collection.update(&CollectionUpdate { indexes, ..CollectionUpdate::default() })?;
                collection.optimize()?;
                count += 1;
            }
            Ok::<usize, nigh::Error>(count)
        });
        let times = search_for(collection, requests, lasting);
        ended.store(true, Ordering::Relaxed);
        let count = rewriter.join().map_err(|_| anyhow::anyhow!("the thread that rewrites panicked"))??;
        Ok((times?, count))
    })
}

fn at_share(ascending: &[Duration], share: f64) -> Duration {
    let place = (ascending.len() as f64 * share) as usize;
    ascending.get(place.min(ascending.len().saturating_sub(1))).copied().unwrap_or_default()
}
