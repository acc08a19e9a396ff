//! SipHash-2-4: bytes and a key go in, 64 bits come out that the same bytes give everywhere. Paper: Aumasson and Bernstein, "SipHash: a fast
//! short-input PRF", Indocrypt 2012.

/// The hash of `bytes` under the key that the words `k0` and `k1` make.
pub(super) fn siphash_2_4(k0: u64, k1: u64, bytes: &[u8]) -> u64 {
    let mut v = [
        k0 ^ 0x736f_6d65_7073_6575,
        k1 ^ 0x646f_7261_6e64_6f6d,
        k0 ^ 0x6c79_6765_6e65_7261,
        k1 ^ 0x7465_6462_7974_6573,
    ];
    let (words, tail) = bytes.as_chunks();
    for word in words {
        absorb(&mut v, u64::from_le_bytes(*word));
    }
    // At most seven bytes are left; the length's lowest byte comes on top.
    let low = tail.iter().rev().fold(0, |word, byte| word << 8 | u64::from(*byte));
    absorb(&mut v, (bytes.len() as u64) << 56 | low);
    let [_, _, v2, _] = &mut v;
    *v2 ^= 0xff;
    for _ in 0..4 {
        round(&mut v);
    }
    v.into_iter().fold(0, |hash, word| hash ^ word)
}

fn absorb(v: &mut [u64; 4], word: u64) {
    let [_, _, _, v3] = v;
    *v3 ^= word;
    round(v);
    round(v);
    let [v0, ..] = v;
    *v0 ^= word;
}

fn round([v0, v1, v2, v3]: &mut [u64; 4]) {
    *v0 = v0.wrapping_add(*v1);
    *v1 = v1.rotate_left(13) ^ *v0;
    *v0 = v0.rotate_left(32);
    *v2 = v2.wrapping_add(*v3);
    *v3 = v3.rotate_left(16) ^ *v2;
    *v0 = v0.wrapping_add(*v3);
    *v3 = v3.rotate_left(21) ^ *v0;
    *v2 = v2.wrapping_add(*v1);
    *v1 = v1.rotate_left(17) ^ *v2;
    *v2 = v2.rotate_left(32);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of the reference implementation: key 00, 01 … 0f; input 00, 01 … of each length.
    #[test]
    fn the_authors_vectors() {
        let key = [0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908];
        let input: Vec<u8> = (0..64).collect();
        for (len, hash) in [
            (0, 0x726f_db47_dd0e_0e31),
            (1, 0x74f8_39c5_93dc_67fd),
            (7, 0xab02_00f5_8b01_d137),
            (8, 0x93f5_f579_9a93_2462),
            (15, 0xa129_ca61_49be_45e5),
            (63, 0x958a_324c_eb06_4572),
        ] {
            assert_eq!(siphash_2_4(key[0], key[1], &input[..len]), hash, "{len} bytes");
        }
    }
}
