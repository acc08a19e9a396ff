//! The best `k` scores so far: what a search must beat, and what has beaten it.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A score in its total order.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Ordered(f32);

impl Eq for Ordered {}

impl Ord for Ordered {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.total_cmp(&other.0)
    }
}

impl PartialOrd for Ordered {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// At least the best `k` of the rows seen, those that tie with the last of them included, since a caller may rank ties by what is not
/// known here.
#[derive(Debug)]
pub(crate) struct Best {
    k: usize,
    scores: BinaryHeap<Reverse<Ordered>>,
    kept: Vec<(f32, u32)>,
    floor: f32,
    /// Rows at which those below the floor are dropped; grows where many scores are equal, so that the work stays linear.
    shrink_at: usize,
}

impl Best {
    /// Scores must be above `threshold`.
    pub(crate) fn new(k: usize, threshold: Option<f32>) -> Self {
        // Nothing is above infinity, or above what is no number.
        let can_be_beaten = threshold.is_none_or(|threshold| threshold < f32::INFINITY);
        let k = if can_be_beaten { k } else { 0 };
        let floor = match (k, threshold) {
            (0, _) => f32::INFINITY,
            (_, None) => f32::NEG_INFINITY,
            (_, Some(threshold)) => threshold.next_up(),
        };
        let shrink_at = k.saturating_mul(2).saturating_add(64);
        Self { k, scores: BinaryHeap::new(), kept: Vec::new(), floor, shrink_at }
    }

    /// Below this no score gets in.
    #[inline]
    pub(crate) fn floor(&self) -> f32 {
        self.floor
    }

    #[inline]
    pub(crate) fn admits(&self, score: f32) -> bool {
        score >= self.floor && self.k > 0
    }

    /// Takes a row, unless its score is too low.
    pub(crate) fn push(&mut self, score: f32, offset: u32) {
        if !self.admits(score) {
            return;
        }
        self.kept.push((score, offset));
        if self.scores.len() < self.k {
            self.scores.push(Reverse(Ordered(score)));
        } else if let Some(mut worst) = self.scores.peek_mut()
            && worst.0 < Ordered(score)
        {
            *worst = Reverse(Ordered(score));
        }
        if self.scores.len() == self.k
            && let Some(Reverse(worst)) = self.scores.peek()
        {
            self.floor = self.floor.max(worst.0);
        }
        if self.kept.len() >= self.shrink_at {
            self.kept.retain(|(score, _)| *score >= self.floor);
            self.shrink_at = self.kept.len().saturating_mul(2).saturating_add(64);
        }
    }

    /// Best first, ties by offset; more than `k` if the last ones tie.
    pub(crate) fn into_sorted(mut self) -> Vec<(f32, u32)> {
        self.kept.retain(|(score, _)| *score >= self.floor);
        self.kept.sort_unstable_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_best_and_their_ties() {
        let mut best = Best::new(3, None);
        for (score, offset) in [(1.0, 9), (3.0, 4), (2.0, 7), (2.0, 5), (2.0, 6), (0.5, 1)] {
            best.push(score, offset);
        }
        assert_eq!(best.floor(), 2.0);
        assert_eq!(best.into_sorted(), [(3.0, 4), (2.0, 5), (2.0, 6), (2.0, 7)]);
    }

    #[test]
    fn the_threshold_itself_is_left_out_and_no_place_admits_nobody() {
        let mut best = Best::new(3, Some(1.0));
        best.push(1.0, 1);
        best.push(1.0_f32.next_up(), 2);
        assert_eq!(best.into_sorted().len(), 1);
        for (k, threshold) in [(0, None), (3, Some(f32::INFINITY)), (3, Some(f32::NAN))] {
            let mut none = Best::new(k, threshold);
            none.push(f32::INFINITY, 1);
            assert!(none.into_sorted().is_empty());
        }
    }

    #[test]
    fn many_equal_scores_stay() {
        let mut best = Best::new(2, None);
        (0..10_000).for_each(|offset| best.push(1.0, offset));
        assert_eq!(best.into_sorted().len(), 10_000);
    }
}
