//! BM25 as a dot product of sparse vectors: tokens go in, a document's or a query's vector comes out.
//!
//! The document's side has saturation and length, the query's side one for each token; the rarity of a token comes in at search, by
//! [`idf`](super::idf). Tokens are those of an analyzer: nothing is changed or left out here.
//! Paper: Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009.

use crate::error::{Error, Result};
use crate::point::SparseVector;
use std::collections::BTreeMap;

/// The vector of a text of these tokens. A token that is there n times in a text of L tokens weighs n (k + 1) / (n + k (1 − b + b L / `avg_len`)).
/// `avg_len` is the usual number of tokens of a text, `k` how slowly repetition stops to count (1.2 is usual), `b` how much long texts pay (0.75).
///
/// Tokens whose indices collide count as one; of ten thousand different ones about one pair in a hundred texts does.
///
/// # Errors
/// `Invalid` if `avg_len` is not above 0, `k` is below 0, `b` is not in 0..=1, or one of them is not finite.
///
/// ```
/// let vector = nigh::bm25_document(["to", "be", "or", "not", "to", "be"], 256.0, 1.2, 0.75)?;
/// assert_eq!(vector.len(), 4);
/// # Ok::<(), nigh::Error>(())
/// ```
pub fn bm25_document<T: AsRef<str>>(
    tokens: impl IntoIterator<Item = T>,
    avg_len: f64,
    k: f64,
    b: f64,
) -> Result<SparseVector> {
    if !(avg_len > 0.0 && avg_len.is_finite()) {
        return Err(Error::invalid("avg_len", "a number above 0", avg_len));
    }
    if !(k >= 0.0 && k.is_finite()) {
        return Err(Error::invalid("k", "a number of 0 or more", k));
    }
    if !(0.0..=1.0).contains(&b) {
        return Err(Error::invalid("b", "a number in 0..=1", b));
    }
    let (mut counts, mut len) = (BTreeMap::<u32, u64>::new(), 0_u64);
    for token in tokens {
        *counts.entry(token_index(token.as_ref())).or_default() += 1;
        len += 1;
    }
    let norm = k * (1.0 - b + b * len as f64 / avg_len);
    let weight = |count: u64| {
        let count = count as f64;
        (count * (k + 1.0) / (count + norm)) as f32
    };
    let (indices, values): (Vec<_>, Vec<_>) =
        counts.into_iter().map(|(index, count)| (index, weight(count))).unzip();
    SparseVector::new(indices, values)
}

/// The vector of a query of these tokens: weight 1 for each different one.
///
/// # Errors
/// None so far.
pub fn bm25_query<T: AsRef<str>>(tokens: impl IntoIterator<Item = T>) -> Result<SparseVector> {
    let mut indices: Vec<u32> = tokens.into_iter().map(|token| token_index(token.as_ref())).collect();
    indices.sort_unstable();
    indices.dedup();
    let values = vec![1.0; indices.len()];
    SparseVector::new(indices, values)
}

/// The index of a token: the absolute value of its hash as a signed number, as Qdrant's clients and server have it.
fn token_index(token: &str) -> u32 {
    murmur3_32(token.as_bytes(), 0).cast_signed().unsigned_abs()
}

/// MurmurHash3, x86, 32 bits (Austin Appleby, public domain).
fn murmur3_32(bytes: &[u8], seed: u32) -> u32 {
    const C1: u32 = 0xCC9E_2D51;
    const C2: u32 = 0x1B87_3593;
    let scramble = |word: u32| word.wrapping_mul(C1).rotate_left(15).wrapping_mul(C2);
    let (words, tail) = bytes.as_chunks::<4>();
    let mut hash = seed;
    for word in words {
        hash ^= scramble(u32::from_le_bytes(*word));
        hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xE654_6B64);
    }
    let last = tail.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
    hash ^= scramble(last);
    hash ^= bytes.len() as u32;
    hash = (hash ^ hash >> 16).wrapping_mul(0x85EB_CA6B);
    hash = (hash ^ hash >> 13).wrapping_mul(0xC2B2_AE35);
    hash ^ hash >> 16
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Published test vectors of the function.
    #[test]
    fn hashes_are_those_of_others() {
        let cases: [(&[u8], u32, u32); 9] = [
            (b"", 0, 0),
            (b"", 1, 0x514E_28B7),
            (b"", 0xFFFF_FFFF, 0x81F1_6F39),
            (&[0xFF; 4], 0, 0x7629_3B50),
            (&[0x21, 0x43, 0x65, 0x87], 0, 0xF55B_516B),
            (&[0x21, 0x43, 0x65], 0, 0x7E4A_8634),
            (&[0x21], 0, 0x7266_1CF4),
            (b"hello", 0, 0x248B_FA47),
            (b"The quick brown fox jumps over the lazy dog", 0, 0x2E4F_F723),
        ];
        for (bytes, seed, hash) in cases {
            assert_eq!(murmur3_32(bytes, seed), hash, "{bytes:?}");
        }
    }

    #[test]
    fn an_index_is_the_absolute_value() {
        // 0xF55B516B is −178564757.
        assert_eq!(token_index(std::str::from_utf8(b"hello").unwrap()), 0x248B_FA47);
        assert_eq!(0xF55B_516B_u32.cast_signed().unsigned_abs(), 178_564_757);
        assert_eq!(0x8000_0000_u32.cast_signed().unsigned_abs(), 0x8000_0000);
    }

    #[test]
    fn weights_are_those_of_the_formula() {
        let vector = bm25_document(["a", "b", "a", "c"], 8.0, 1.2, 0.75).unwrap();
        let norm = 1.2 * (0.25 + 0.75 * 4.0 / 8.0);
        let of = |count: f64| (count * 2.2 / (count + norm)) as f32;
        let weight = |token: &str| vector.iter().find(|(index, _)| *index == token_index(token)).unwrap().1;
        assert_eq!((weight("a"), weight("b"), weight("c")), (of(2.0), of(1.0), of(1.0)));
        assert_eq!(vector.len(), 3);
        // Without k a token counts once, without b the length does not.
        assert!(bm25_document(["a", "a"], 8.0, 0.0, 0.75).unwrap().values() == [1.0]);
        let long: Vec<_> = ["a"].into_iter().chain(["b"; 99]).collect();
        let short = bm25_document(["a"], 8.0, 1.2, 0.0).unwrap().values()[0];
        assert!(bm25_document(long, 8.0, 1.2, 0.0).unwrap().values().contains(&short));
    }

    #[test]
    fn a_query_has_one_for_each_token() {
        let query = bm25_query(["b", "a", "b", ""]).unwrap();
        assert_eq!((query.len(), query.values()), (3, &[1.0; 3][..]));
        assert!(bm25_query::<&str>([]).unwrap().is_empty());
        assert!(bm25_document::<&str>([], 1.0, 1.2, 0.75).unwrap().is_empty());
    }

    #[test]
    fn numbers_out_of_range_are_refused() {
        for (avg_len, k, b) in [
            (0.0, 1.2, 0.75),
            (-1.0, 1.2, 0.75),
            (f64::NAN, 1.2, 0.75),
            (f64::INFINITY, 1.2, 0.75),
            (1.0, -0.1, 0.75),
            (1.0, f64::NAN, 0.75),
            (1.0, f64::INFINITY, 0.75),
            (1.0, 1.2, -0.1),
            (1.0, 1.2, 1.1),
            (1.0, 1.2, f64::NAN),
        ] {
            assert!(bm25_document(["a"], avg_len, k, b).is_err(), "{avg_len} {k} {b}");
        }
    }
}
