//! The dead points of one segment at one moment.
//!
//! A value: cloning is cheap and a clone never changes. Bits live in shared pages; setting one copies the page if a clone holds
//! it too. A page without dead points takes no memory.

use std::sync::Arc;

const PAGE_WORDS: usize = 512;
const PAGE_BITS: usize = PAGE_WORDS * 64;

type Page = [u64; PAGE_WORDS];

/// A set of offsets.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tombstones {
    pages: Arc<Vec<Option<Arc<Page>>>>,
    count: u32,
}

impl Tombstones {
    /// The set with the bits of `words`, offset 64w+i being bit i of word w.
    pub(crate) fn from_words(words: &[u64]) -> Self {
        let count = words.iter().map(|w| w.count_ones()).sum();
        let pages = words.chunks(PAGE_WORDS).map(|chunk| {
            let mut page = [0; PAGE_WORDS];
            for (to, from) in page.iter_mut().zip(chunk) {
                *to = *from;
            }
            page.iter().any(|w| *w != 0).then(|| Arc::new(page))
        });
        Self { pages: Arc::new(pages.collect()), count }
    }

    /// Dead offsets in all.
    pub(crate) fn count(&self) -> u32 {
        self.count
    }

    #[inline]
    pub(crate) fn contains(&self, offset: u32) -> bool {
        let (page, bit) = (offset as usize / PAGE_BITS, offset as usize % PAGE_BITS);
        match self.pages.get(page) {
            Some(Some(page)) => page.get(bit / 64).is_some_and(|w| w >> (bit % 64) & 1 == 1),
            _ => false,
        }
    }

    /// Adds an offset; false if it was there.
    pub(crate) fn insert(&mut self, offset: u32) -> bool {
        if self.contains(offset) {
            return false;
        }
        let (page, bit) = (offset as usize / PAGE_BITS, offset as usize % PAGE_BITS);
        let pages = Arc::make_mut(&mut self.pages);
        if pages.len() <= page {
            pages.resize(page + 1, None);
        }
        if let Some(slot) = pages.get_mut(page) {
            let page = Arc::make_mut(slot.get_or_insert_with(|| Arc::new([0; PAGE_WORDS])));
            if let Some(word) = page.get_mut(bit / 64) {
                *word |= 1 << (bit % 64);
            }
        }
        self.count += 1;
        true
    }

    /// The bits as words, enough for `point_count` offsets.
    pub(crate) fn words(&self, point_count: u32) -> Vec<u64> {
        let mut words = Vec::new();
        for page in self.pages.iter() {
            words.extend_from_slice(page.as_deref().unwrap_or(&[0; PAGE_WORDS]));
        }
        words.resize((point_count as usize).div_ceil(64), 0);
        words
    }

    /// The dead offsets, ascending.
    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.pages.iter().enumerate().filter_map(|(i, page)| page.as_ref().map(|page| (i, page))).flat_map(
            |(i, page)| {
                (0..PAGE_BITS)
                    .filter(|bit| page.get(bit / 64).is_some_and(|w| w >> (bit % 64) & 1 == 1))
                    .map(move |bit| (i * PAGE_BITS + bit) as u32)
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_keep_their_moment() {
        let mut dead = Tombstones::default();
        assert!(dead.insert(5));
        assert!(!dead.insert(5));
        let before = dead.clone();
        dead.insert(40_000);
        dead.insert(6);
        assert_eq!(before.iter().collect::<Vec<_>>(), [5]);
        assert_eq!(dead.iter().collect::<Vec<_>>(), [5, 6, 40_000]);
        assert_eq!((before.count(), dead.count()), (1, 3));
    }

    #[test]
    fn words_round_trip() {
        let mut dead = Tombstones::default();
        for offset in [0, 63, 64, 32_767, 32_768, 99_999] {
            dead.insert(offset);
        }
        let words = dead.words(100_000);
        assert_eq!(words.len(), 100_000usize.div_ceil(64));
        let back = Tombstones::from_words(&words);
        assert_eq!(back.iter().collect::<Vec<_>>(), dead.iter().collect::<Vec<_>>());
        assert_eq!(back.count(), 6);
    }
}
