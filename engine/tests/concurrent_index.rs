//! Searches, batches, writers, deletes, seals, merges that build graphs, and audits, all at once: every answer is whole, of one moment, and none of
//! it is dead. Made for ThreadSanitizer too (docs/RELIABILITY.md, T11).

#[path = "support/sets.rs"]
mod sets;

use nigh::io::SimVfs;
use nigh::{
    Background, Effort, IndexConfig, Metric, OptimizerConfig, Options, Point, PointId, SearchRequest,
};
use sets::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

const DIM: usize = 16;
/// These never change, and are far from all others: they must always be found.
const STEADY: u64 = 100;

#[test]
fn everything_at_once() {
    let rounds = std::env::var("NIGH_RUNS").ok().and_then(|v| v.parse().ok()).unwrap_or(12u64);
    let db = Options::new()
        .vfs(Arc::new(SimVfs::new()))
        .background(Background::Threads)
        .free_bytes_min(0)
        .index_threads(3)
        .search_threads(2)
        .audit_every(3)
        .open("/db")
        .expect("open");
    let index = IndexConfig { graph_points_min: 32, ef_construct: 40, ..SMALL };
    let optimizer =
        OptimizerConfig { mutable_bytes_max: 16 << 10, merge_fan_in: 3, vacuum_dead_ratio: 0.1, ..QUIET };
    let config = config(vector(DIM, Metric::Euclid).with_index(index)).with_optimizer(optimizer);
    let points = db.create_collection("points", &config).expect("create");
    let (mut rows, _) = clustered(131, DIM, 20, 0.5, 600, 0);
    rows[..STEADY as usize].iter_mut().for_each(|row| row[0] += 8.0);
    upsert(&points, 0, &rows);
    points.optimize().expect("optimize");
    let done = AtomicBool::new(false);
    let deleted_below = AtomicU64::new(STEADY);
    std::thread::scope(|scope| {
        let searchers: Vec<_> = (0..2u64)
            .map(|searcher| {
                let (points, rows, done, deleted_below) = (&points, &rows, &done, &deleted_below);
                scope.spawn(move || {
                    let mut searches = searcher;
                    while !done.load(Ordering::Acquire) || searches < 50 {
                        let steady = searches % STEADY;
                        let gone = deleted_below.load(Ordering::Acquire);
                        let effort = if searches % 2 == 0 { Effort::Ef(40) } else { Effort::Recall(0.9) };
                        let request = SearchRequest::new(rows[steady as usize].clone()).effort(effort);
                        let hits = search(points, &request);
                        assert_eq!(hits[0], (steady, -0.0), "a point that was never touched");
                        let request = SearchRequest::new(rows[(searches % 500) as usize + 100].clone());
                        let answers = points.search_batch(vec![request.clone(), request]).expect("batch");
                        for hits in answers {
                            let hits = hits.expect("search");
                            assert_eq!(hits.len(), 10);
                            let dead = |id: PointId| (STEADY..gone).contains(&number(id));
                            assert!(hits.iter().all(|hit| !dead(hit.id)), "deleted before the search began");
                        }
                        searches += 1;
                    }
                    searches
                })
            })
            .collect();
        scope.spawn(|| {
            for _ in 0..rounds {
                points.optimize().expect("optimize");
                std::thread::yield_now();
            }
        });
        // Every round's points are new; the oldest go.
        for round in 0..rounds {
            for part in 0..5u64 {
                let first = 600 + (round * 5 + part) * 20;
                let row = |id: u64| rows[100 + (id as usize * 7) % 500].clone();
                points.upsert((first..first + 20).map(|id| Point::new(id, row(id)))).expect("upsert");
                let gone = deleted_below.load(Ordering::Acquire);
                points.delete((gone..gone + 20).map(PointId::from)).expect("delete");
                deleted_below.store(gone + 20, Ordering::Release);
            }
        }
        done.store(true, Ordering::Release);
        let searches: u64 = searchers.into_iter().map(|s| s.join().expect("a searcher")).sum();
        println!("{rounds} rounds, {searches} searches");
    });
    points.optimize().expect("optimize");
    assert_eq!(points.count().expect("count"), 600);
    while points.recall_audit().audited == 0 {
        search(&points, &SearchRequest::new(rows[0].clone()));
    }
    // As the searches were: half of them with an effort of 0.9.
    assert!(points.recall_audit().recall().expect("audited") > 0.8);
    db.close().expect("close");
}
