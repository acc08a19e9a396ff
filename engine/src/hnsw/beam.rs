//! The candidates of a walk: one sorted array of words, nearest first.
//!
//! A word is the distance's key in the upper half and the node and whether it was expanded in the lower one, so that one comparison of integers
//! orders by distance, then by node: the same walk everywhere.

use crate::kernels::ordered::count_below;

/// Nodes of a graph: the word keeps one bit of 32 for "expanded".
pub(crate) const NODES_MAX: usize = 1 << 31;

const EXPANDED: u64 = 1;
/// Places ahead of the next candidate whose links are likely asked for.
const SOON: usize = 3;

#[inline]
fn word(key: u32, node: u32) -> u64 {
    u64::from(key) << 32 | u64::from(node) << 1
}

/// The node of a word.
#[inline]
pub(crate) fn id_of(word: u64) -> u32 {
    word as u32 >> 1
}

/// The key of a word.
#[inline]
pub(crate) fn key_of(word: u64) -> u32 {
    (word >> 32) as u32
}

/// The nearest candidates of a walk, at most as many as it is wide.
#[derive(Debug, Default)]
pub(crate) struct Beam {
    words: Vec<u64>,
    width: usize,
    /// All before it are expanded.
    next: usize,
    /// No larger key gets in.
    limit: u32,
}

impl Beam {
    /// Empties it and sets how many candidates it keeps, 1 or more.
    pub(crate) fn reset(&mut self, width: usize) {
        self.words.clear();
        self.words.reserve(width);
        (self.width, self.next, self.limit) = (width, 0, u32::MAX);
    }

    /// The largest key that still gets in.
    #[inline]
    pub(crate) fn bound(&self) -> u32 {
        let full = self.words.last().filter(|_| self.words.len() == self.width);
        full.map_or(self.limit, |last| key_of(*last).min(self.limit))
    }

    /// From now on no larger key gets in, and what has one goes.
    #[inline]
    pub(crate) fn cut(&mut self, limit: u32) {
        self.limit = limit;
        while self.words.last().is_some_and(|last| key_of(*last) > limit) {
            self.words.pop();
        }
        self.next = self.next.min(self.words.len());
    }

    /// Adds a node; true if it got in and is soon expanded.
    #[inline]
    pub(crate) fn insert(&mut self, key: u32, node: u32) -> bool {
        let new = word(key, node);
        let len = self.words.len();
        if len == self.width {
            if new >= self.words[len - 1] {
                return false;
            }
            self.words.pop();
        }
        let place = count_below(&self.words, new);
        self.words.insert(place, new);
        let soon = place < self.next + SOON;
        self.next = self.next.min(place);
        soon
    }

    /// The nearest candidate that is not expanded yet: its key and node.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<(u32, u32)> {
        let ahead = self.words[self.next..].iter().position(|word| word & EXPANDED == 0)?;
        self.next += ahead;
        let word = self.words[self.next];
        Some((key_of(word), id_of(word)))
    }

    /// Marks what [`Beam::peek`] gave.
    #[inline]
    pub(crate) fn expand(&mut self) {
        self.words[self.next] |= EXPANDED;
    }

    /// The node that is likely expanded after the present one.
    #[inline]
    pub(crate) fn after_next(&self) -> Option<u32> {
        self.words.get(self.next + 1).map(|word| id_of(*word))
    }

    /// Key of the candidate at a place, nearest first.
    #[inline]
    pub(crate) fn key_at(&self, place: usize) -> Option<u32> {
        self.words.get(place).map(|word| key_of(*word))
    }

    /// All candidates, nearest first.
    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_the_nearest_in_order() {
        let mut beam = Beam::default();
        beam.reset(3);
        for (key, node) in [(50, 1), (20, 2), (40, 3), (10, 4), (45, 5), (40, 2)] {
            beam.insert(key, node);
        }
        let nodes: Vec<u32> = beam.words().iter().map(|w| id_of(*w)).collect();
        assert_eq!(nodes, [4, 2, 2]);
        assert_eq!(beam.bound(), 40);
        assert_eq!(beam.peek(), Some((10, 4)));
        beam.expand();
        assert_eq!(beam.peek(), Some((20, 2)));
        beam.expand();
        assert!(beam.insert(5, 9));
        assert_eq!(beam.peek(), Some((5, 9)));
        beam.expand();
        assert_eq!(beam.peek(), None);
    }
}
