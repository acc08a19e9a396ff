//! All ways to search one index: a folder goes in; recall, speed, latency and counts of each way come out.
//!
//! First each way answers all queries, untimed: recall and counts come from there, and files come into memory. Then rounds: each goes
//! through all ways in turn, so that a moment in which the machine is slow does not hit one way alone. Rounds of single queries run on one
//! thread that stays on one processor where the system allows it, in a database that searches with one thread; batches run afterwards in
//! one that searches with all. Both are open for reading only, so nothing is built or merged meanwhile.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use nigh::{Collection, Database, Options, PointId};
use nigh_datasets::{GroundTruth, VectorSet};

use super::BenchArgs;
use super::build::NAME;
use super::setting::Setting;
use super::spread::Spread;
use super::truth;
use super::workload::Workload;
use crate::latency::Latencies;
use crate::processor::{pin_this_thread, thread_time};
use crate::progress::Progress;
use crate::units::per_second;

/// What one way to search gave.
#[derive(Debug)]
pub(super) struct Trial {
    pub(super) k: usize,
    pub(super) setting: Setting,
    /// Queries that were asked: all, or as many as fit into [`LONGEST`].
    pub(super) query_count: usize,
    pub(super) recall: f64,
    /// Distances and hops of a query, on average over the first [`EXPLAINED`].
    pub(super) distances: f64,
    pub(super) hops: f64,
    /// Queries for each second that the thread spent on the processor, and on the clock; one query at a time.
    pub(super) per_cpu_second: Spread,
    pub(super) per_second: Spread,
    /// [`PERCENTS`] of the latencies, in microseconds.
    pub(super) latencies_us: [Spread; PERCENTS.len()],
    /// Queries for each second on the clock, in batches on all threads.
    pub(super) batch_per_second: Spread,
}

/// All ways to search one index.
#[derive(Debug)]
pub(super) struct Sweep {
    pub(super) trials: Vec<Trial>,
    /// The processor that single queries stayed on; `None` where the system does not allow that.
    pub(super) pinned_to: Option<usize>,
}

/// Percentiles of latencies that are told; the last is the longest of all.
pub(super) const PERCENTS: [usize; 4] = [50, 95, 99, 100];

/// A round goes on for so long, again from the first query if need be.
const SHORTEST: Duration = Duration::from_millis(30);
/// A way is asked no more queries than it answers in so long.
const LONGEST: Duration = Duration::from_secs(10);
/// Queries that are counted.
const EXPLAINED: usize = 200;

/// What the first, untimed pass of one way gave.
struct Answered {
    k: usize,
    setting: Setting,
    answers: Vec<Vec<u32>>,
    distances: f64,
    hops: f64,
}

impl Answered {
    fn requests(&self, queries: &VectorSet) -> Vec<nigh::SearchRequest> {
        self.setting.requests(queries, self.answers.len(), self.k)
    }
}

/// One round of one way.
struct Round {
    per_cpu_second: f64,
    per_second: f64,
    latencies: Latencies,
}

/// Tries every way on the database in `dir`.
pub(super) fn sweep(args: &BenchArgs, workload: &Workload, truth: &GroundTruth, dir: &Path) -> Result<Sweep> {
    let queries = &workload.queries;
    let (answered, singles, pinned_to) = thread::scope(|scope| {
        let work = || {
            let pinned_to = pin_this_thread();
            let (_db, collection) = open(dir, 1)?;
            let answered = answer_all(args, &collection, queries)?;
            let singles = rounds(args, "searching", &answered, |way| single(&collection, way, queries))?;
            anyhow::Ok((answered, singles, pinned_to))
        };
        scope.spawn(work).join().map_err(|_| anyhow!("the searching thread panicked"))?
    })?;
    let (_db, collection) = open(dir, args.threads().get())?;
    let batches = rounds(args, "searching in batches", &answered, |way| batch(&collection, way, queries))?;

    let mut trials = Vec::new();
    for ((way, singles), batches) in answered.iter().zip(&singles).zip(&batches) {
        let latency = |percent: usize| {
            Spread::of(singles.iter().map(|round| round.latencies.percentile(percent).as_secs_f64() * 1e6))
        };
        trials.push(Trial {
            k: way.k,
            setting: way.setting,
            query_count: way.answers.len(),
            recall: truth::recall_of(workload, truth, &way.answers, way.k)?,
            distances: way.distances,
            hops: way.hops,
            per_cpu_second: Spread::of(singles.iter().map(|round| round.per_cpu_second)),
            per_second: Spread::of(singles.iter().map(|round| round.per_second)),
            latencies_us: PERCENTS.map(latency),
            batch_per_second: Spread::of(batches.iter().copied()),
        });
    }
    Ok(Sweep { trials, pinned_to })
}

fn open(dir: &Path, threads: usize) -> Result<(Database, Collection)> {
    let db = Options::new().search_threads(threads).open_read_only(dir)?;
    let collection = db.collection(NAME)?;
    Ok((db, collection))
}

/// The first pass of all ways.
fn answer_all(args: &BenchArgs, collection: &Collection, queries: &VectorSet) -> Result<Vec<Answered>> {
    let ways: Vec<_> = args
        .ks()
        .into_iter()
        .flat_map(|k| args.settings().into_iter().map(move |setting| (k, setting)))
        .collect();
    let progress = Progress::new("answering", ways.len() as u64);
    let mut answered = Vec::new();
    for (k, setting) in ways {
        answered.push(answer(collection, queries, k, setting)?);
        progress.set(answered.len() as u64);
    }
    Ok(answered)
}

fn answer(collection: &Collection, queries: &VectorSet, k: usize, setting: Setting) -> Result<Answered> {
    let requests = setting.requests(queries, queries.rows(), k);
    let (mut distances, mut hops) = (0, 0);
    for request in requests.iter().take(EXPLAINED) {
        let (_, explain) = collection.search_explained(request)?;
        distances += explain.distances();
        hops += explain.hops();
    }
    let explained = requests.len().clamp(1, EXPLAINED) as f64;
    let mut answers = Vec::new();
    let begun = Instant::now();
    for request in &requests {
        let ids = collection.search(request)?.into_iter().map(|point| row_of(point.id));
        answers.push(ids.collect::<Result<_>>()?);
        if begun.elapsed() > LONGEST {
            break;
        }
    }
    Ok(Answered {
        k,
        setting,
        answers,
        distances: distances as f64 / explained,
        hops: hops as f64 / explained,
    })
}

fn row_of(id: PointId) -> Result<u32> {
    match id {
        PointId::Num(row) => Ok(u32::try_from(row)?),
        PointId::Uuid(id) => Err(anyhow!("expected only row numbers as ids, got {id}")),
    }
}

/// What `measure` gives for each way, in each round.
fn rounds<T>(
    args: &BenchArgs,
    what: &'static str,
    ways: &[Answered],
    measure: impl Fn(&Answered) -> Result<T>,
) -> Result<Vec<Vec<T>>> {
    let progress = Progress::new(what, (args.rounds * ways.len()) as u64);
    let mut found: Vec<Vec<T>> = ways.iter().map(|_| Vec::new()).collect();
    for round in 0..args.rounds {
        for (at, (way, found)) in ways.iter().zip(&mut found).enumerate() {
            found.push(measure(way)?);
            progress.set((round * ways.len() + at + 1) as u64);
        }
    }
    Ok(found)
}

/// One query after the other.
fn single(collection: &Collection, way: &Answered, queries: &VectorSet) -> Result<Round> {
    let requests = way.requests(queries);
    let mut times = Vec::with_capacity(requests.len());
    let (begun, cpu_begun) = (Instant::now(), thread_time());
    while begun.elapsed() < SHORTEST {
        for request in &requests {
            let begun = Instant::now();
            collection.search(request)?;
            times.push(begun.elapsed());
        }
    }
    let (cpu, wall) = (thread_time().saturating_sub(cpu_begun), begun.elapsed());
    let count = times.len() as u64;
    Ok(Round {
        per_cpu_second: per_second(count, cpu),
        per_second: per_second(count, wall),
        latencies: Latencies::new(times),
    })
}

/// All queries at once; queries a second.
fn batch(collection: &Collection, way: &Answered, queries: &VectorSet) -> Result<f64> {
    let requests = way.requests(queries);
    let (mut count, mut spent) = (0, Duration::ZERO);
    while spent < SHORTEST {
        // The copy is the caller's, so it is not timed.
        let requests = requests.clone();
        count += requests.len() as u64;
        let begun = Instant::now();
        let answers = collection.search_batch(requests)?;
        spent += begun.elapsed();
        answers.into_iter().try_for_each(|answer| answer.map(drop))?;
    }
    Ok(per_second(count, spent))
}
