//! Places in sorted words: an array and a word go in, how many of the array are smaller comes out.
//!
//! All are compared, without a branch: for a hundred words that is faster than halving, whose every step waits for the one before.
//! Longer arrays are halved down to that first.

/// Words that are compared one and all.
const FEW: usize = 128;

/// How many of the ascending `words` are below `word`.
#[inline]
pub(crate) fn count_below(words: &[u64], word: u64) -> usize {
    let (mut start, mut rest) = (0, words);
    while rest.len() > FEW {
        let (low, high) = rest.split_at(rest.len() / 2);
        if high.first().is_some_and(|first| *first < word) {
            start += low.len();
            rest = high;
        } else {
            rest = low;
        }
    }
    start + few::count(rest, word)
}

#[cfg(target_arch = "x86_64")]
mod few {
    use std::arch::x86_64::*;
    use std::sync::LazyLock;

    type Count = unsafe fn(&[u64], u64) -> usize;

    static COUNT: LazyLock<Count> = LazyLock::new(|| {
        if is_x86_feature_detected!("avx512f") {
            avx512
        } else if is_x86_feature_detected!("avx2") {
            avx2
        } else {
            plain
        }
    });

    #[inline]
    pub(super) fn count(words: &[u64], word: u64) -> usize {
        // SAFETY: the function was chosen by what this CPU has.
        #[expect(unsafe_code, reason = "a function that needs a CPU feature")]
        unsafe {
            COUNT(words, word)
        }
    }

    pub(super) fn plain(words: &[u64], word: u64) -> usize {
        words.partition_point(|other| *other < word)
    }

    #[target_feature(enable = "avx512f,popcnt")]
    pub(super) fn avx512(words: &[u64], word: u64) -> usize {
        let wanted = _mm512_set1_epi64(word.cast_signed());
        let (eights, rest) = words.as_chunks::<8>();
        let mut count = 0usize;
        for eight in eights {
            // SAFETY: eight words are 64 bytes.
            #[expect(unsafe_code, reason = "vector loads are through pointers")]
            let eight = unsafe { _mm512_loadu_si512(eight.as_ptr().cast()) };
            count += _mm512_cmplt_epu64_mask(eight, wanted).count_ones() as usize;
        }
        count + rest.iter().filter(|other| **other < word).count()
    }

    #[target_feature(enable = "avx2,popcnt")]
    pub(super) fn avx2(words: &[u64], word: u64) -> usize {
        words.iter().map(|other| usize::from(*other < word)).sum()
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod few {
    #[inline]
    pub(super) fn count(words: &[u64], word: u64) -> usize {
        words.partition_point(|other| *other < word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_halving() {
        let words: Vec<u64> =
            (0..1000u64).map(|i| i * i * 7919 + (i % 3)).chain([u64::MAX - 1, u64::MAX]).collect();
        for len in (0..=140).chain([255, 256, 257, 1002]) {
            let words = &words[..len];
            let edges = [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX];
            for word in words
                .iter()
                .flat_map(|w| [w.saturating_sub(1), *w, w + u64::from(*w < u64::MAX)])
                .chain(edges)
            {
                let expected = words.partition_point(|other| *other < word);
                assert_eq!(count_below(words, word), expected, "{len} {word}");
            }
        }
    }
}
