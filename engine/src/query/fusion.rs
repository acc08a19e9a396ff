//! Fusion: ranked legs go in, each point's sum of what it gets from each leg comes out.
//!
//! Always holds: the order of legs does not change a sum. What a point gets is computed in f64 and added up smallest first; the sum is rounded to
//! f32 once.
//!
//! Reciprocal rank fusion: Cormack, Clarke, Büttcher, SIGIR 2009. Distribution-based score fusion: Mazzeschi 2023, as Qdrant has it, with the
//! sample deviation and without clamping.

use super::scale::Scale;
use crate::error::{Error, Result};

/// How the legs of a query become one ranking.
///
/// Equal sums are ordered by id, the smaller first (a Qdrant server has the larger first).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Fusion {
    /// By ranks: a point at place `p` of a leg, counted from 0, gets `1 / ((p + 1) / w + k - 1)`, where `w` is the leg's weight; with a weight of 1
    /// that is `1 / (p + k)`. A weight that is not positive gives 0.
    Rrf {
        /// How little the first places stand out, 1 or more. Qdrant's default is 2; `1 / (60 + rank)` with ranks from 1, which the paper has, is 61.
        k: f32,
        /// A weight for each leg, or none for 1 each.
        weights: Vec<f32>,
    },
    /// By scores, each leg's stretched so that its best is 1 and its worst is 0 (1 where all are equal), and multiplied by the leg's weight.
    WeightedSum {
        /// A weight for each leg, or none for 1 each.
        weights: Vec<f32>,
    },
    /// By scores, each leg's shifted and stretched so that three deviations below their mean are 0 and three above are 1; a single score and equal
    /// scores are 0.5. Distances are taken as they are: a larger one counts for more, as it does in Qdrant.
    Dbsf,
}

impl Fusion {
    /// By ranks, with Qdrant's `k` of 2.
    pub const RRF: Fusion = Fusion::Rrf { k: 2.0, weights: Vec::new() };

    /// By ranks with another `k`.
    pub fn rrf(k: f32) -> Self {
        Fusion::Rrf { k, weights: Vec::new() }
    }

    /// Gives each leg a weight, where the method takes weights.
    pub fn weights(self, weights: impl Into<Vec<f32>>) -> Self {
        match self {
            Fusion::Rrf { k, .. } => Fusion::Rrf { k, weights: weights.into() },
            Fusion::WeightedSum { .. } => Fusion::WeightedSum { weights: weights.into() },
            Fusion::Dbsf => Fusion::Dbsf,
        }
    }

    pub(crate) fn check(&self, field: &str, legs: usize) -> Result<()> {
        let weights = match self {
            Fusion::Rrf { k, .. } if !(k.is_finite() && *k >= 1.0) => {
                return Err(Error::invalid(format!("{field}.k"), "1 or more", k));
            }
            Fusion::Rrf { weights, .. } | Fusion::WeightedSum { weights } => weights,
            Fusion::Dbsf => return Ok(()),
        };
        if !weights.is_empty() && weights.len() != legs {
            let expected = format!("a weight for each of {legs} prefetches");
            return Err(Error::invalid(format!("{field}.weights"), expected, weights.len()));
        }
        match weights.iter().position(|weight| !weight.is_finite()) {
            Some(i) => {
                let weight = weights.get(i).copied().unwrap_or_default();
                Err(Error::invalid(format!("{field}.weights[{i}]"), "a finite number", weight))
            }
            None => Ok(()),
        }
    }

    /// What each point of a leg gets; its scores inside the engine, best first, and their scale.
    pub(crate) fn shares(&self, leg: usize, scores: &[f32], scale: Scale) -> Vec<f64> {
        let weight = |weights: &[f32]| f64::from(weights.get(leg).copied().unwrap_or(1.0));
        let shares: Vec<f64> = match self {
            Fusion::Rrf { k, weights } => {
                let (k, weight) = (f64::from(*k), weight(weights));
                let share = |place| {
                    if weight > 0.0 { 1.0 / ((place as f64 + 1.0) / weight + k - 1.0) } else { 0.0 }
                };
                (0..scores.len()).map(share).collect()
            }
            Fusion::WeightedSum { weights } => {
                let weight = weight(weights);
                let scores = scores.iter().map(|score| f64::from(*score));
                let best = scores.clone().fold(f64::NEG_INFINITY, f64::max);
                let worst = scores.clone().fold(f64::INFINITY, f64::min);
                let share = |score| if best > worst { (score - worst) / (best - worst) } else { 1.0 };
                scores.map(|score| share(score) * weight).collect()
            }
            Fusion::Dbsf => {
                let scores = scores.iter().map(|score| f64::from(scale.outward(*score)));
                let count = scores.len() as f64;
                let mean = scores.clone().sum::<f64>() / count;
                let variance = scores.clone().map(|s| (s - mean) * (s - mean)).sum::<f64>() / (count - 1.0);
                let deviation = variance.sqrt();
                let share = |score| match deviation > 0.0 {
                    true => (score - (mean - 3.0 * deviation)) / (6.0 * deviation),
                    // One score has no deviation.
                    false => 0.5,
                };
                scores.map(share).collect()
            }
        };
        // Scores that overflowed count for nothing.
        shares.into_iter().map(|share| if share.is_finite() { share } else { 0.0 }).collect()
    }
}

/// The sum of what a point got, whatever order it came in.
pub(crate) fn sum(shares: &mut [f64]) -> f32 {
    shares.sort_unstable_by(f64::total_cmp);
    // Not -0.
    shares.iter().sum::<f64>() as f32 + 0.0
}
