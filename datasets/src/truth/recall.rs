//! Recall: the truth and the distances of the answers go in, the share of right answers comes out.
//!
//! Counted as ann-benchmarks does: an answer is right when it is no farther than the true k-th neighbour,
//! whichever of several equally near rows it is. Source: `ann_benchmarks/plotting/metrics.py`, `knn`.

use super::{GroundTruth, TruthError};

/// How far, relative to the k-th distance, an answer may lie beyond it: some eighty roundings of an `f32`, as
/// many as a sum of hundreds of products may collect.
pub const TIE_EPSILON: f32 = 1e-5;

/// Recall@k over all queries, from 0 to 1: right answers among the first `k` of each list, divided by
/// `k` times the number of queries. A list shorter than `k` counts as wrong where it is missing.
///
/// `answers[i]` are the *true* distances of the answers to query `i`, from [`crate::true_distances`];
/// distances as an index computed them would add its rounding to the comparison.
///
/// # Errors
/// When the numbers of queries differ, when a query has fewer than `k` true neighbours, or when there is
/// nothing to score.
pub fn recall(truth: &GroundTruth, answers: &[Vec<f32>], k: usize) -> Result<f64, TruthError> {
    if answers.len() != truth.distances.len() {
        return Err(TruthError::QueryCount { expected: truth.distances.len(), got: answers.len() });
    }
    if k == 0 || answers.is_empty() {
        return Err(TruthError::NothingToScore);
    }
    let mut hits = 0;
    for (nearest, answers) in truth.distances.iter().zip(answers) {
        let Some(&kth) = nearest.get(k - 1) else {
            return Err(TruthError::TooShallow { expected: k, got: nearest.len() });
        };
        let limit = kth + kth.abs() * TIE_EPSILON;
        hits += answers.iter().take(k).filter(|&&distance| distance <= limit).count();
    }
    Ok(hits as f64 / (k as f64 * answers.len() as f64))
}
