//! The best `k` of a stream of scored points. Ties go to the smaller id, so that an answer does not depend on where points lie.

use crate::point::PointId;
use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

/// A scored point and where it lies: segment of the view, offset in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    pub(crate) score: f32,
    pub(crate) id: PointId,
    pub(crate) segment: usize,
    pub(crate) offset: u32,
}

impl Eq for Hit {}

impl Ord for Hit {
    /// Better is greater.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.id.cmp(&self.id))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// Keeps the best `k`.
#[derive(Debug)]
pub(crate) struct TopK {
    k: usize,
    best: BinaryHeap<Reverse<Hit>>,
    /// Scores must be above this.
    threshold: Option<f32>,
}

impl TopK {
    pub(crate) fn new(k: usize, threshold: Option<f32>) -> Self {
        Self { k, best: BinaryHeap::new(), threshold }
    }

    /// False if a point with this score cannot get in, whatever its id.
    #[inline]
    pub(crate) fn admits(&self, score: f32) -> bool {
        if self.best.len() < self.k {
            return self.threshold.is_none_or(|t| score > t);
        }
        // A tie may still win by its id.
        self.best.peek().is_some_and(|Reverse(worst)| score >= worst.score)
    }

    pub(crate) fn push(&mut self, hit: Hit) {
        if !self.admits(hit.score) {
            return;
        }
        if self.best.len() < self.k {
            self.best.push(Reverse(hit));
        } else if self.best.peek().is_some_and(|Reverse(worst)| hit > *worst) {
            self.best.pop();
            self.best.push(Reverse(hit));
        }
    }

    /// Best first.
    pub(crate) fn into_sorted(self) -> Vec<Hit> {
        self.best.into_sorted_vec().into_iter().map(|Reverse(hit)| hit).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_best_and_breaks_ties_by_id() {
        let mut top = TopK::new(3, None);
        for (score, id) in [(1.0, 9u64), (3.0, 4), (2.0, 7), (2.0, 5), (2.0, 6), (0.5, 1)] {
            top.push(Hit { score, id: id.into(), segment: 0, offset: 0 });
        }
        let ids: Vec<_> = top.into_sorted().iter().map(|h| h.id).collect();
        assert_eq!(ids, [4u64.into(), 5u64.into(), 6u64.into()]);
    }

    #[test]
    fn the_threshold_itself_is_left_out() {
        let mut top = TopK::new(3, Some(1.0));
        for (score, id) in [(1.0, 1u64), (1.5, 2)] {
            top.push(Hit { score, id: id.into(), segment: 0, offset: 0 });
        }
        assert_eq!(top.into_sorted().len(), 1);
    }
}
