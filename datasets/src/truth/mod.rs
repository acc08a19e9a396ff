//! Exact nearest neighbours by brute force: base and queries go in, the true `k` nearest rows come out.
//!
//! Always holds: lists are nearest first, equal distances ordered by lower row, and the result does not
//! depend on the number of threads. Distances are computed in `f64`, or in integers for two sets of `u8`;
//! only the reported ones are rounded to `f32`. Rows that cannot be among the nearest are told by a cheaper
//! bound and skipped. Arithmetic: distance.rs. The bound: bound.rs. Scoring of answers: recall.rs.
//! Threads: spawns its own for the length of one call; the sets are only read.

mod bound;
mod distance;
mod error;
mod recall;
mod top_k;

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use crate::vector_set::{Values, VectorSet};
use bound::{Bound, NarrowRow};
use distance::Query;
pub use error::TruthError;
pub use recall::{TIE_EPSILON, recall};
use top_k::{Ranked, TopK};

/// What "near" means. Distances are always *smaller is nearer*.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GroundTruthMetric {
    /// Squared Euclidean distance, as in the published ground truths; no root is taken.
    L2,
    /// The negated inner product.
    Dot,
    /// 1 minus the cosine, from 0 to 2; 1 where one of the vectors is zero.
    Cosine,
    /// The sum of absolute differences.
    L1,
}

/// The true neighbours of each query, nearest first.
#[derive(Clone, Debug, PartialEq)]
pub struct GroundTruth {
    /// Per query, row numbers of the base.
    pub ids: Vec<Vec<u32>>,
    /// Per query, the distances of those rows; see [`GroundTruthMetric`].
    pub distances: Vec<Vec<f32>>,
}

impl GroundTruth {
    /// Takes neighbours from a published list, as an `ivecs` file holds them: row `i` of `ids` are the
    /// neighbours of query `i`, nearest first. Their distances are computed here.
    ///
    /// # Errors
    /// When `ids` are no `i32`, when shapes do not fit, or when an id repeats or is no row of the base.
    pub fn from_ids(
        base: &VectorSet,
        queries: &VectorSet,
        metric: GroundTruthMetric,
        ids: &VectorSet,
    ) -> Result<Self, TruthError> {
        let Values::I32(flat) = ids.values() else {
            return Err(TruthError::IdsNotIntegers);
        };
        // A negative id becomes one beyond every row, which true_distances refuses.
        let ids: Vec<Vec<u32>> =
            flat.chunks(ids.dim()).map(|row| row.iter().map(|id| id.cast_unsigned()).collect()).collect();
        let distances = true_distances(base, queries, metric, &ids)?;
        Ok(Self { ids, distances })
    }
}

/// Queries that share one walk over the base, so that each row is fetched from memory once for all. Sixteen
/// of 384 floats fill most of the nearest cache; more gain little and leave threads idle at the end.
const QUERIES_PER_WALK: usize = 16;

/// The `k` nearest rows of `base` for each query; fewer when the base has fewer rows.
///
/// `progress` is called from the worker threads with the number of queries done so far; the calls may
/// overlap, and the last number is `queries.rows()`.
///
/// # Errors
/// When the dimensions differ, or the base has 2^32 rows or more.
pub fn ground_truth(
    base: &VectorSet,
    queries: &VectorSet,
    k: usize,
    metric: GroundTruthMetric,
    threads: NonZeroUsize,
    progress: impl Fn(usize) + Sync,
) -> Result<GroundTruth, TruthError> {
    check_shapes(base, queries)?;
    let mut nearest: Vec<Vec<Ranked>> = vec![Vec::new(); queries.rows()];
    let done = AtomicUsize::new(0);
    let walks = Mutex::new(nearest.chunks_mut(QUERIES_PER_WALK).enumerate());
    let work = || {
        loop {
            let next = walks.lock().unwrap_or_else(PoisonError::into_inner).next();
            let Some((walk, results)) = next else { return };
            nearest_rows(base, queries, walk * QUERIES_PER_WALK, k, metric, results);
            progress(done.fetch_add(results.len(), Ordering::Relaxed) + results.len());
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.get() {
            scope.spawn(work);
        }
        work();
    });
    Ok(GroundTruth {
        ids: nearest.iter().map(|list| list.iter().map(|ranked| ranked.row).collect()).collect(),
        distances: nearest
            .iter()
            .map(|list| list.iter().map(|ranked| distance::reported(metric, ranked.key)).collect())
            .collect(),
    })
}

/// The exact distance of every answer, in the order given: row numbers in, what [`recall()`] takes out.
///
/// # Errors
/// When shapes do not fit, or when an id repeats within one query's answers or is no row of the base:
/// either would let wrong answers pass for right ones.
pub fn true_distances(
    base: &VectorSet,
    queries: &VectorSet,
    metric: GroundTruthMetric,
    answers: &[Vec<u32>],
) -> Result<Vec<Vec<f32>>, TruthError> {
    check_shapes(base, queries)?;
    if answers.len() != queries.rows() {
        return Err(TruthError::QueryCount { expected: queries.rows(), got: answers.len() });
    }
    let distances_of = |(query, ids): (usize, &Vec<u32>)| {
        check_ids(base, query, ids)?;
        let bound = Query::new(metric, queries.row(query));
        Ok(ids.iter().map(|&id| distance::reported(metric, bound.key(base.row(id as usize)))).collect())
    };
    answers.iter().enumerate().map(distances_of).collect()
}

/// One walk over the base for the queries from `first` on, as many as `results` has places.
fn nearest_rows(
    base: &VectorSet,
    queries: &VectorSet,
    first: usize,
    k: usize,
    metric: GroundTruthMetric,
    results: &mut [Vec<Ranked>],
) {
    let mut walkers: Vec<Walker<'_>> = (first..first + results.len())
        .map(|query| {
            let row = queries.row(query);
            Walker { query: Query::new(metric, row), bound: Bound::new(metric, row), top: TopK::new(k) }
        })
        .collect();
    for row in 0..base.rows() {
        let values = base.row(row);
        let narrow = NarrowRow::new(metric, values);
        for walker in &mut walkers {
            if !walker.rules_out(narrow.as_ref()) {
                walker.top.offer(Ranked { key: walker.query.key(values), row: row as u32 });
            }
        }
    }
    for (result, walker) in results.iter_mut().zip(walkers) {
        *result = walker.top.into_sorted();
    }
}

/// One query on its way over the base.
struct Walker<'a> {
    query: Query<'a>,
    bound: Option<Bound<'a>>,
    top: TopK,
}

impl Walker<'_> {
    /// Whether a row is surely no better than the worst of the best.
    fn rules_out(&self, row: Option<&NarrowRow<'_>>) -> bool {
        match (self.top.limit(), &self.bound, row) {
            (Some(limit), Some(bound), Some(row)) => bound.below(row) > limit,
            _ => false,
        }
    }
}

fn check_shapes(base: &VectorSet, queries: &VectorSet) -> Result<(), TruthError> {
    if base.dim() != queries.dim() {
        return Err(TruthError::Dimension { expected: base.dim(), got: queries.dim() });
    }
    if u32::try_from(base.rows()).is_err() {
        return Err(TruthError::TooManyRows { got: base.rows() });
    }
    Ok(())
}

fn check_ids(base: &VectorSet, query: usize, ids: &[u32]) -> Result<(), TruthError> {
    if let Some(&id) = ids.iter().find(|&&id| id as usize >= base.rows()) {
        return Err(TruthError::UnknownId { query, expected_below: base.rows(), got: id });
    }
    let mut sorted = ids.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(TruthError::RepeatedId { query, got: pair[0] }),
        None => Ok(()),
    }
}
