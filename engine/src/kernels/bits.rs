//! Bitmaps: words go in, how many bits are set comes out.

/// How many bits of `words` are set.
pub(crate) fn count_ones(words: &[u64]) -> u32 {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("popcnt") {
        // SAFETY: this CPU has the instruction.
        #[expect(unsafe_code, reason = "a function that needs a CPU feature")]
        return unsafe { popcnt(words) };
    }
    plain(words)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn popcnt(words: &[u64]) -> u32 {
    plain(words)
}

#[inline]
fn plain(words: &[u64]) -> u32 {
    words.iter().map(|word| word.count_ones()).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_counts_the_same() {
        for len in 0..40usize {
            let words: Vec<u64> = (0..len as u64).map(|i| i.wrapping_mul(0x9e37_79b9_7f4a_7c15)).collect();
            let one_by_one = (0..64 * len).filter(|bit| words[bit / 64] >> (bit % 64) & 1 == 1).count();
            assert_eq!((count_ones(&words), plain(&words)), (one_by_one as u32, one_by_one as u32));
        }
    }
}
