//! `TopK`: rows with their keys go in, the `k` smallest come out in order.
//!
//! The order is by key, then by row, so that a list is unique whatever order rows were offered in.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// A row and its key; smaller is nearer. The key is never NaN and never -0.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked {
    pub(super) key: f64,
    pub(super) row: u32,
}

impl Ord for Ranked {
    fn cmp(&self, other: &Self) -> Ordering {
        self.key.total_cmp(&other.key).then(self.row.cmp(&other.row))
    }
}

impl PartialOrd for Ranked {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Ranked {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Ranked {}

/// The best `k` so far, the worst of them on top of the heap.
pub(super) struct TopK {
    k: usize,
    heap: BinaryHeap<Ranked>,
}

impl TopK {
    pub(super) fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    pub(super) fn offer(&mut self, ranked: Ranked) {
        if self.heap.len() < self.k {
            self.heap.push(ranked);
        } else if let Some(mut worst) = self.heap.peek_mut()
            && ranked < *worst
        {
            *worst = ranked;
        }
    }

    /// The key of the worst, once there are `k`; a row with a larger key changes nothing.
    pub(super) fn limit(&self) -> Option<f64> {
        if self.heap.len() < self.k { None } else { self.heap.peek().map(|worst| worst.key) }
    }

    /// Nearest first.
    pub(super) fn into_sorted(self) -> Vec<Ranked> {
        self.heap.into_sorted_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::{Ranked, TopK};

    #[test]
    fn keeps_the_smallest_in_any_order_of_arrival() {
        let keys = [3.0, 1.0, 2.0, 1.0, 0.5, 3.0, 1.0];
        let forward: Vec<usize> = (0..keys.len()).collect();
        let backward: Vec<usize> = (0..keys.len()).rev().collect();
        for k in 0..9 {
            for order in [&forward, &backward] {
                let mut top = TopK::new(k);
                order.iter().for_each(|&row| top.offer(Ranked { key: keys[row], row: row as u32 }));
                let rows: Vec<u32> = top.into_sorted().iter().map(|ranked| ranked.row).collect();
                let expected = [4, 1, 3, 6, 2, 0, 5];
                assert_eq!(rows, expected[..k.min(expected.len())]);
            }
        }
    }
}
