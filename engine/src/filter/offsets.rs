//! A set of offsets of one segment: one bit for each.

use crate::kernels::bits::count_ones;

/// Offsets below a length.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OffsetSet {
    /// Offset 64w + i is bit i of word w; bits at or above the length are 0.
    words: Vec<u64>,
    len: u32,
}

impl OffsetSet {
    /// No offset of those below `len`.
    pub(crate) fn none(len: u32) -> Self {
        Self { words: vec![0; len.div_ceil(64) as usize], len }
    }

    /// All offsets below `len`.
    pub(crate) fn all(len: u32) -> Self {
        let mut words = vec![u64::MAX; len.div_ceil(64) as usize];
        if let Some(last) = words.last_mut().filter(|_| !len.is_multiple_of(64)) {
            *last = (1 << (len % 64)) - 1;
        }
        Self { words, len }
    }

    /// The set with these bits, as many words as `len` offsets need.
    pub(crate) fn from_words(mut words: Vec<u64>, len: u32) -> Self {
        words.resize(len.div_ceil(64) as usize, 0);
        let mut set = Self { words, len };
        set.intersect(&Self::all(len));
        set
    }

    pub(crate) fn words(&self) -> &[u64] {
        &self.words
    }

    pub(crate) fn count(&self) -> u32 {
        count_ones(&self.words)
    }

    #[inline]
    pub(crate) fn contains(&self, offset: u32) -> bool {
        self.words.get(offset as usize / 64).is_some_and(|word| word >> (offset % 64) & 1 == 1)
    }

    /// Adds an offset below the length; others are left out.
    pub(crate) fn insert(&mut self, offset: u32) {
        if let Some(word) = self.words.get_mut(offset as usize / 64).filter(|_| offset < self.len) {
            *word |= 1 << (offset % 64);
        }
    }

    pub(crate) fn remove(&mut self, offset: u32) {
        if let Some(word) = self.words.get_mut(offset as usize / 64) {
            *word &= !(1 << (offset % 64));
        }
    }

    /// Keeps what is in both.
    pub(crate) fn intersect(&mut self, other: &Self) {
        let others = other.words.iter().copied().chain(std::iter::repeat(0));
        self.words.iter_mut().zip(others).for_each(|(word, other)| *word &= other);
    }

    /// Adds what is in the other, which is no longer.
    pub(crate) fn unite(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word |= other);
    }

    /// Adds the offsets of a bitmap; those at or above the length are left out.
    pub(crate) fn unite_words(&mut self, words: &[u64]) {
        self.words.iter_mut().zip(words).for_each(|(word, other)| *word |= other);
        if let Some(last) = self.words.last_mut().filter(|_| !self.len.is_multiple_of(64)) {
            *last &= (1 << (self.len % 64)) - 1;
        }
    }

    /// Takes out what is in the other.
    pub(crate) fn subtract(&mut self, other: &Self) {
        self.words.iter_mut().zip(&other.words).for_each(|(word, other)| *word &= !other);
    }

    /// The offsets at or above `start` and below `end`, ascending.
    pub(crate) fn iter_in(&self, offsets: std::ops::Range<u32>) -> impl Iterator<Item = u32> + '_ {
        let (start, end) = (offsets.start, offsets.end.min(self.len));
        let first = start as usize / 64;
        let words = self.words.get(first..).unwrap_or_default().iter().zip((first as u32..).map(|w| w * 64));
        words
            .take_while(move |(_, base)| *base < end)
            .flat_map(|(word, base)| Bits(*word).map(move |bit| base + bit))
            .filter(move |offset| (start..end).contains(offset))
    }
}

/// The places of the bits that are set, ascending.
struct Bits(u64);

impl Iterator for Bits {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        (self.0 != 0).then(|| {
            let bit = self.0.trailing_zeros();
            self.0 &= self.0 - 1;
            bit
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sets_as_sets() {
        for len in [0u32, 1, 63, 64, 65, 1000] {
            let all = OffsetSet::all(len);
            assert_eq!((all.count(), OffsetSet::none(len).count()), (len, 0));
            assert_eq!(OffsetSet::from_words(vec![u64::MAX; 20], len), all);
            let mut thirds = OffsetSet::none(len);
            (0..len + 3).filter(|offset| offset % 3 == 0).for_each(|offset| thirds.insert(offset));
            assert_eq!(thirds.count(), len.div_ceil(3));
            let mut rest = all.clone();
            rest.subtract(&thirds);
            assert!((0..len).all(|offset| rest.contains(offset) == (offset % 3 != 0)));
            let mut both = rest.clone();
            both.intersect(&thirds);
            assert_eq!(both, OffsetSet::none(len));
            rest.unite(&thirds);
            assert_eq!(rest, all);
            let mut most = thirds.clone();
            most.unite_words(&[u64::MAX; 20]);
            assert_eq!(most, all);
            let middle: Vec<u32> = thirds.iter_in(10..70).collect();
            assert_eq!(middle, (10..70.min(len)).filter(|offset| offset % 3 == 0).collect::<Vec<_>>());
            (0..len).for_each(|offset| thirds.remove(offset));
            assert_eq!(thirds.count(), 0);
        }
    }
}
