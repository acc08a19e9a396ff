//! Up to 128 numbers of a few bits each, packed so that four are unpacked at once.
//!
//! Number `i` is in lane `i % 4` and there number `i / 4`: a lane is a stream of bits, least significant first, and
//! word `w` of lane `l` is word `4w + l` of the packed ones. Bytes: docs/storage-format.md, section 8.10.

/// Numbers of a full block.
pub const BLOCK_LEN: usize = 128;
const LANES: usize = 4;

/// Words of a lane for `len` numbers of `width` bits.
#[must_use]
pub fn lane_words(len: usize, width: u32) -> usize {
    (len.div_ceil(LANES) * width as usize).div_ceil(32)
}

/// Bits that the largest of the numbers takes.
#[must_use]
pub fn width_of(largest: u32) -> u32 {
    32 - largest.leading_zeros()
}

/// Packs `numbers`, each of at most `width` bits, behind what is in `out`.
pub fn pack(numbers: &[u32], width: u32, out: &mut Vec<[u32; LANES]>) {
    let start = out.len();
    out.resize(start + lane_words(numbers.len(), width), [0; LANES]);
    for (row, group) in numbers.chunks(LANES).enumerate() {
        let bit = row * width as usize;
        let (word, shift) = (bit / 32, bit % 32);
        for (lane, number) in group.iter().enumerate() {
            let spread = u64::from(*number) << shift;
            for (place, part) in [(word, spread as u32), (word + 1, (spread >> 32) as u32)] {
                if let Some(slot) = out.get_mut(start + place).and_then(|words| words.get_mut(lane)) {
                    *slot |= part;
                }
            }
        }
    }
}

/// Unpacks a block and adds `base` to each number. Numbers from the block's own length on are of no meaning; words that
/// are missing read as zeros.
pub fn unpack(packed: &[[u32; LANES]], width: u32, base: u32, out: &mut [[u32; LANES]; BLOCK_LEN / LANES]) {
    let mask = u32::MAX.checked_shr(32 - width.min(32)).unwrap_or(0);
    let none = [0; LANES];
    let mut bit = 0;
    for numbers in out {
        let (word, shift) = (bit / 32, (bit % 32) as u32);
        let low = packed.get(word).unwrap_or(&none);
        let high = packed.get(word + 1).unwrap_or(&none);
        for ((number, low), high) in numbers.iter_mut().zip(low).zip(high) {
            // Twice, for a shift by 32 is no shift.
            let spread = low >> shift | high << 1 << (31 - shift);
            *number = base.wrapping_add(spread & mask);
        }
        bit += width as usize;
    }
}

/// One number of a block, without `base`.
#[must_use]
pub fn unpack_one(packed: &[[u32; LANES]], width: u32, at: usize) -> u32 {
    let mask = u32::MAX.checked_shr(32 - width.min(32)).unwrap_or(0);
    let bit = at / LANES * width as usize;
    let (word, shift) = (bit / 32, bit % 32);
    let part = |word: usize| {
        packed.get(word).and_then(|words| words.get(at % LANES)).map_or(0, |part| u64::from(*part))
    };
    ((part(word) | part(word + 1) << 32) >> shift) as u32 & mask
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_and_length_comes_back() {
        for width in 0..=32_u32 {
            for len in [1, 2, 3, 4, 5, 31, 32, 33, 127, 128] {
                let most = u64::MAX.checked_shr(64 - width).unwrap_or(0) as u32;
                let number = |i: usize| (i as u32).wrapping_mul(0x9E37_79B9) & most;
                let numbers: Vec<u32> =
                    (0..len).map(|i| if i == len - 1 { most } else { number(i) }).collect();
                let mut packed = vec![[7; 4]];
                pack(&numbers, width, &mut packed);
                assert_eq!((packed.len() - 1, packed[0]), (lane_words(len, width), [7; 4]));
                let mut out = [[0; 4]; 32];
                unpack(&packed[1..], width, 5, &mut out);
                let expected: Vec<u32> = numbers.iter().map(|n| n.wrapping_add(5)).collect();
                assert_eq!(out.as_flattened()[..len], expected, "{width} bits, {len} numbers");
                let one = |at| unpack_one(&packed[1..], width, at);
                assert!((0..len).map(one).eq(numbers.iter().copied()), "{width} bits, {len} numbers");
            }
        }
    }

    #[test]
    fn widths() {
        assert_eq!([0, 1, 2, 255, 256, u32::MAX].map(width_of), [0, 1, 2, 8, 9, 32]);
    }
}
