//! The steps of a bench, in order: write, checkpoint, search, compare, reopen.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nigh::{
    Collection, CollectionConfig, Database, PointId, SearchRequest, VectorConfig, WithPayload, WithVectors,
};
use nigh_datasets::{VectorSet, recall, true_distances};

use super::BenchArgs;
use super::workload::Workload;
use crate::latency::Latencies;
use crate::load::{Workplace, upsert_rows, wait_until_visible};
use crate::process::{Memory, folder_bytes};
use crate::progress::Progress;
use crate::units::per_second;

/// What was measured.
#[derive(Debug)]
pub(crate) struct Figures {
    pub(crate) upserts_per_second: f64,
    pub(crate) checkpoint: Duration,
    pub(crate) segment_count: usize,
    pub(crate) folder_bytes: u64,
    pub(crate) recall: f64,
    pub(crate) queries_per_second: f64,
    pub(crate) latencies: Latencies,
    pub(crate) open: Duration,
    /// From before the open.
    pub(crate) first_get: Duration,
    /// From before the open.
    pub(crate) first_search: Duration,
    pub(crate) memory: Memory,
}

const NAME: &str = "bench";

/// Does everything; the database is closed afterwards.
pub(super) fn measure(args: &BenchArgs, workload: &Workload) -> Result<Figures> {
    let place = Workplace::new(args.dir.as_deref())?;
    let db = Database::open(place.path())?;
    let vector = VectorConfig::new(u32::try_from(workload.base.dim())?, args.metric.metric())
        .with_datatype(args.datatype.datatype());
    let config = CollectionConfig::single(vector).with_durability(args.durability.durability());
    let collection = db.create_collection(NAME, &config)?;

    let rows = workload.base.rows();
    let mut written = upsert_rows(&collection, &workload.base, 0..rows, args.batch)?;
    written += wait_until_visible(&collection, rows as u64)?;
    let begun = Instant::now();
    collection.checkpoint()?;
    let checkpoint = begun.elapsed();

    let queries = requests(&workload.queries, args.k);
    let (answers, latencies) = search_one_by_one(&collection, &queries)?;
    let recall = compare(args, workload, &answers)?;
    let queries_per_second = search_together(&collection, &queries, args.threads().get())?;
    let memory = Memory::now();

    let segment_count = collection.info()?.segments.len();
    db.close()?;
    drop((collection, db));
    let folder_bytes = folder_bytes(place.path());
    let (open, first_get, first_search) = reopen(&place, queries.first())?;
    Ok(Figures {
        upserts_per_second: per_second(rows as u64, written),
        checkpoint,
        segment_count,
        folder_bytes,
        recall,
        queries_per_second,
        latencies,
        open,
        first_get,
        first_search,
        memory,
    })
}

fn requests(queries: &VectorSet, k: usize) -> Vec<SearchRequest> {
    (0..queries.rows()).map(|row| SearchRequest::new(queries.row(row).to_f32()).limit(k)).collect()
}

/// Ids that were found and how long each call took.
fn search_one_by_one(
    collection: &Collection,
    queries: &[SearchRequest],
) -> Result<(Vec<Vec<u32>>, Latencies)> {
    // The first searches bring the files into memory; what follows is what a running program sees.
    for query in queries.iter().take(3) {
        collection.search(query)?;
    }
    let progress = Progress::new("searching", queries.len() as u64);
    let (mut answers, mut times) = (Vec::new(), Vec::new());
    for (i, query) in queries.iter().enumerate() {
        let begun = Instant::now();
        let hits = collection.search(query)?;
        times.push(begun.elapsed());
        let ids = hits.iter().map(|hit| row_of(hit.id));
        answers.push(ids.collect::<Result<_>>()?);
        progress.set(i as u64);
    }
    Ok((answers, Latencies::new(times)))
}

fn row_of(id: PointId) -> Result<u32> {
    match id {
        PointId::Num(row) => Ok(u32::try_from(row)?),
        PointId::Uuid(id) => anyhow::bail!("expected only row numbers as ids, got {id}"),
    }
}

/// Recall of the answers against the independent truth.
fn compare(args: &BenchArgs, workload: &Workload, answers: &[Vec<u32>]) -> Result<f64> {
    let truth = workload.truth(args)?;
    let distances = true_distances(&workload.base, &workload.queries, args.metric.truth(), answers)?;
    Ok(recall(&truth, &distances, args.k)?)
}

/// All queries again and again for a second on many threads; queries a second.
fn search_together(collection: &Collection, queries: &[SearchRequest], threads: usize) -> Result<f64> {
    const AT_LEAST: Duration = Duration::from_secs(1);
    let next = AtomicUsize::new(0);
    let begun = Instant::now();
    let work = || -> nigh::Result<()> {
        loop {
            let i = next.fetch_add(1, Ordering::Relaxed);
            if i >= queries.len() && begun.elapsed() >= AT_LEAST {
                return Ok(());
            }
            if let Some(query) = queries.get(i % queries.len()) {
                collection.search(query)?;
            }
        }
    };
    let results = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().map(thread::ScopedJoinHandle::join).collect::<Vec<_>>()
    });
    for result in results {
        result.map_err(|_| anyhow::anyhow!("a searching thread panicked"))??;
    }
    let elapsed = begun.elapsed();
    // Each thread drew one number more than it answered.
    let done = next.load(Ordering::Relaxed).saturating_sub(threads);
    Ok(per_second(done as u64, elapsed))
}

/// Times from before the open to: opened, first point read, first search answered.
fn reopen(place: &Workplace, query: Option<&SearchRequest>) -> Result<(Duration, Duration, Duration)> {
    let begun = Instant::now();
    let db = Database::open(place.path())?;
    let open = begun.elapsed();
    let collection = db.collection(NAME)?;
    let found = collection.get([PointId::from(0_u64)], &WithPayload::No, &WithVectors::All)?;
    anyhow::ensure!(found.len() == 1, "expected point 0 after the reopen, got none");
    let first_get = begun.elapsed();
    collection.search(query.context("no query")?)?;
    let first_search = begun.elapsed();
    db.close()?;
    Ok((open, first_get, first_search))
}
