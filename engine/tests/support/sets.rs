//! Collections with graphs, and what they should answer: vectors go in, an optimized collection comes out; a query goes in, every point's
//! score in f64 comes out.
//!
//! Sets are drawn from a seed, or read from the real data beside the repository, where there is some. Files are in memory unless a test
//! wants a folder, time stands still, and nothing works in the background: the same test does the same everywhere.

#![allow(dead_code, reason = "each test uses its part")]

use nigh::io::SimVfs;
use nigh::{
    Background, Collection, CollectionConfig, Database, Datatype, Effort, IndexConfig, ManualClock, Metric,
    OptimizerConfig, Options, Plan, Point, PointId, ScoredPoint, ScrollRequest, SearchRequest, VectorConfig,
    WithVectors,
};
use nigh_datasets::{Clustered, Length, VectorSet};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub(crate) type Rows = Vec<Vec<f32>>;

/// Graphs on small sets, built in little time.
pub(crate) const SMALL: IndexConfig =
    IndexConfig { m: 16, ef_construct: 100, quantile: 0.99, graph_points_min: 64 };

/// Only what a test asks for is rewritten.
pub(crate) const QUIET: OptimizerConfig = OptimizerConfig {
    mutable_bytes_max: 64 << 20,
    segment_points_max: 20_000_000,
    merge_fan_in: 8,
    vacuum_dead_ratio: 0.2,
};

pub(crate) fn options() -> Options {
    Options::new().clock(Arc::new(ManualClock::default())).background(Background::Manual).free_bytes_min(0)
}

/// A database in memory.
pub(crate) fn database() -> Database {
    options().vfs(Arc::new(SimVfs::new())).open("/db").expect("open")
}

pub(crate) fn vector(dim: usize, metric: Metric) -> VectorConfig {
    VectorConfig::new(dim as u32, metric).with_index(SMALL)
}

pub(crate) fn config(vector: VectorConfig) -> CollectionConfig {
    CollectionConfig::single(vector).with_optimizer(QUIET)
}

/// Rows from a seed in clusters; queries come from the same clusters and are none of the rows.
pub(crate) fn clustered(
    seed: u64,
    dim: usize,
    clusters: usize,
    spread: f32,
    rows: usize,
    queries: usize,
) -> (Rows, Rows) {
    let spec = Clustered { seed, dim, clusters, spread, length: Length::AsDrawn };
    (rows_of(&spec.base(rows)), rows_of(&spec.queries(queries)))
}

pub(crate) fn rows_of(set: &VectorSet) -> Rows {
    set.to_f32().chunks_exact(set.dim()).map(<[f32]>::to_vec).collect()
}

/// Clustered rows in so few directions that short codes are good enough to walk by.
pub(crate) fn low_rank(seed: u64, dim: usize, rank: usize, rows: usize, queries: usize) -> (Rows, Rows) {
    let (base, more) = clustered(seed, rank, 20, 0.6, rows, queries);
    let directions = clustered(seed + 1, dim, 1, 1.0, rank, 0).0;
    let raise = |row: &Vec<f32>| -> Vec<f32> {
        let value = |i: usize| row.iter().zip(&directions).map(|(x, direction)| x * direction[i]).sum();
        (0..dim).map(value).collect()
    };
    (base.iter().map(raise).collect(), more.iter().map(raise).collect())
}

/// Values as whole numbers of 0..=255.
pub(crate) fn as_bytes(rows: &[Vec<f32>]) -> Rows {
    let byte = |v: &f32| (v * 30.0 + 128.0).clamp(0.0, 255.0).round();
    rows.iter().map(|row| row.iter().map(byte).collect()).collect()
}

/// A file of the real data, or `None` after saying that the test is skipped.
pub(crate) fn real_data(file: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data").join(file);
    if path.exists() {
        return Some(path);
    }
    eprintln!("skipped: {file} not found");
    None
}

/// The first rows and queries of a real set, if it is there.
pub(crate) fn real_set(base: &str, queries: &str, rows: usize, query_count: usize) -> Option<(Rows, Rows)> {
    let read = |file: &str, count: usize| {
        let set = nigh_datasets::open(real_data(file)?).expect("a set of vectors");
        Some(rows_of(&set.head(count.min(set.rows()))))
    };
    Some((read(base, rows)?, read(queries, query_count)?))
}

/// Row `i` becomes point `first + i`.
pub(crate) fn upsert(points: &Collection, first: u64, rows: &[Vec<f32>]) {
    for (part, chunk) in rows.chunks(1000).enumerate() {
        let first = first + part as u64 * 1000;
        points.upsert((first..).zip(chunk).map(|(id, row)| Point::new(id, row.clone()))).expect("upsert");
    }
}

pub(crate) fn delete(points: &Collection, ids: impl IntoIterator<Item = u64>) {
    let ids: Vec<PointId> = ids.into_iter().map(PointId::from).collect();
    ids.chunks(1000).for_each(|part| assert!(points.delete(part.to_vec()).is_ok()));
}

/// A collection of these rows with a graph over all of them.
pub(crate) fn indexed(db: &Database, name: &str, vector: VectorConfig, rows: &[Vec<f32>]) -> Collection {
    let points = db.create_collection(name, &config(vector)).expect("create");
    upsert(&points, 0, rows);
    points.optimize().expect("optimize");
    points
}

/// The number of an id; these tests have no others.
pub(crate) fn number(id: PointId) -> u64 {
    match id {
        PointId::Num(number) => number,
        PointId::Uuid(_) => panic!("an id that nobody wrote: {id}"),
    }
}

pub(crate) fn search(points: &Collection, request: &SearchRequest) -> Vec<(u64, f32)> {
    let hits = points.search(request).expect("search");
    let ids: BTreeSet<_> = hits.iter().map(|hit| hit.id).collect();
    assert_eq!(ids.len(), hits.len(), "an id came twice");
    assert!(hits.windows(2).all(|w| w[0].score >= w[1].score), "not best first");
    hits.iter().map(|hit: &ScoredPoint| (number(hit.id), hit.score)).collect()
}

/// Every point with its score, best first.
pub(crate) fn exact(points: &Collection, query: &[f32], limit: usize) -> Vec<(u64, f32)> {
    search(points, &SearchRequest::new(query).limit(limit).exact(true))
}

/// How the graphs were walked, which they must have been.
pub(crate) fn assert_walked(points: &Collection, query: &[f32]) {
    let (_, explain) = points.search_explained(&SearchRequest::new(query)).expect("search");
    let plans: Vec<Plan> = explain.segments.iter().map(|segment| segment.plan).collect();
    assert_eq!(plans, [Plan::Graph], "one graph is walked");
}

/// How much farther a hit may be than the last true one: sums are rounded in another order.
const ROOM: f32 = 1e-5;

/// Share of the nearest `k` of `truth` (best first, at least `k`) that `hits` are as near as.
pub(crate) fn share(hits: &[(u64, f32)], truth: &[(u64, f32)], k: usize) -> f64 {
    let k = k.min(truth.len());
    let Some((_, last)) = k.checked_sub(1).and_then(|last| truth.get(last)) else { return 1.0 };
    let bound = last - last.abs() * ROOM;
    hits.iter().take(k).filter(|(_, score)| *score >= bound).count() as f64 / k as f64
}

/// Recall at `k` over some queries, against exact search of the same collection.
pub(crate) fn recall(points: &Collection, queries: &[Vec<f32>], k: usize, effort: Effort) -> f64 {
    let of = |query: &Vec<f32>| {
        let request = SearchRequest::new(query.clone()).limit(k).effort(effort);
        share(&search(points, &request), &exact(points, query, k), k)
    };
    queries.iter().map(of).sum::<f64>() / queries.len() as f64
}

/// Stored rows of all live points.
pub(crate) fn stored(points: &Collection) -> BTreeMap<u64, Vec<f32>> {
    let mut all = BTreeMap::new();
    let mut request = ScrollRequest::new().limit(10_000).with_vectors(WithVectors::All);
    loop {
        let page = points.scroll(&request).expect("scroll");
        for record in page.points {
            if let Some(row) = record.vectors.expect("asked for").remove("") {
                all.insert(number(record.id), row);
            }
        }
        let Some(next) = page.next else { return all };
        request = request.start_at(next);
    }
}

/// Score of a row, in f64; larger is nearer.
pub(crate) fn score(metric: Metric, query: &[f32], row: &[f32]) -> f64 {
    let pairs = || query.iter().zip(row).map(|(a, b)| (f64::from(*a), f64::from(*b)));
    let dot = || pairs().map(|(a, b)| a * b).sum::<f64>();
    let norm = |v: &[f32]| v.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    match metric {
        Metric::Dot => dot(),
        Metric::Cosine => match norm(query) * norm(row) {
            0.0 => 0.0,
            norms => dot() / norms,
        },
        Metric::Euclid => -pairs().map(|(a, b)| (a - b) * (a - b)).sum::<f64>().sqrt(),
        Metric::Manhattan => -pairs().map(|(a, b)| (a - b).abs()).sum::<f64>(),
    }
}

/// Rounding of scores.
pub(crate) fn rounding(metric: Metric, datatype: Datatype) -> f64 {
    match (metric, datatype) {
        // Rows of half precision are not quite of length 1.
        (Metric::Cosine, Datatype::F16) => 1e-3,
        _ => 1e-5,
    }
}

/// Exact search against brute force in f64: places may be changed only by points whose scores are within rounding.
pub(crate) fn check_exact(points: &Collection, metric: Metric, room: f64, query: &[f32], limit: usize) {
    let rows = stored(points);
    let truth: BTreeMap<u64, f64> = rows.iter().map(|(id, row)| (*id, score(metric, query, row))).collect();
    let mut ranking: Vec<f64> = truth.values().copied().collect();
    ranking.sort_unstable_by(|a, b| b.total_cmp(a));
    let hits = exact(points, query, limit);
    assert_eq!(hits.len(), limit.min(ranking.len()), "number of hits");
    let largest = ranking.iter().fold(1f64, |largest, score| largest.max(score.abs()));
    for ((id, got), ideal) in hits.iter().zip(&ranking) {
        assert!((f64::from(*got) - truth[id]).abs() <= room * largest, "{id}: {got}, is {}", truth[id]);
        assert!((truth[id] - ideal).abs() <= 2.0 * room * largest, "{id}: {}, should be {ideal}", truth[id]);
    }
}
