//! Every implementation that this CPU runs against the reference, on the same cases.

use super::*;
use crate::kernels::reference;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// Around each step of each instruction set, the lengths with loops of their own, and the longest promised.
fn lengths() -> impl Iterator<Item = usize> {
    let special = [255, 256, 257, 383, 384, 512, 768, 784, 832, 1023, 1024, 1025, 1536, 4096, 65_536];
    (0..=200).chain(special)
}

/// Starts of slices that no register is aligned to, and one that all may be.
const OFFSETS: [usize; 4] = [0, 1, 3, 31];

/// Bytes as they may come, and at both ends of their range.
fn rows_of_bytes(rng: &mut StdRng, len: usize) -> Vec<Vec<u8>> {
    let random = (0..len).map(|_| rng.random()).collect();
    let ends = (0..len).map(|_| if rng.random() { 255 } else { 0 }).collect();
    vec![random, ends, vec![0; len], vec![255; len]]
}

/// Queries as they may come, and at both ends of their range.
fn queries(rng: &mut StdRng, len: usize) -> Vec<Vec<i8>> {
    let random = (0..len).map(|_| rng.random()).collect();
    let ends = (0..len).map(|_| if rng.random() { i8::MAX } else { i8::MIN }).collect();
    vec![random, ends, vec![i8::MIN; len], vec![i8::MAX; len]]
}

/// The same values from `offset` bytes after what an allocation begins with.
fn moved<T: Copy + Default>(values: &[T], offset: usize) -> Vec<T> {
    [vec![T::default(); offset].as_slice(), values].concat()
}

#[test]
fn the_scalar_kernels_are_always_there_and_last() {
    let all = Int8Kernels::available();
    assert_eq!(all.last().map(|kernels| kernels.name()), Some("scalar"));
    assert_eq!(all[0].name(), Int8Kernels::detect().name());
}

#[test]
fn dot_is_exact() {
    let mut rng = StdRng::seed_from_u64(1);
    for len in lengths() {
        let rows = rows_of_bytes(&mut rng, len);
        for (row, query) in
            rows.iter().flat_map(|row| queries(&mut rng, len).into_iter().map(move |q| (row, q)))
        {
            let truth = reference::dot_u8_i8(row, &query);
            for offset in OFFSETS {
                let (row, query) = (moved(row, offset), moved(&query, offset / 2));
                for kernels in Int8Kernels::available() {
                    let dot = kernels.dot(&row[offset..], &query[offset / 2..]);
                    assert_eq!(i64::from(dot), truth, "{}, length {len}, offset {offset}", kernels.name());
                }
            }
        }
    }
}

#[test]
fn the_shorter_of_two_counts() {
    let (row, query) = (vec![7u8; 200], vec![-3i8; 200]);
    for kernels in Int8Kernels::available() {
        for (a, b) in [(0, 200), (200, 0), (70, 200), (200, 70), (65, 64)] {
            let common = a.min(b) as u64;
            assert_eq!(i64::from(kernels.dot(&row[..a], &query[..b])), -21 * common as i64);
            assert_eq!(kernels.dot_u8(&row[..a], &row[..b]), 49 * common);
            assert_eq!(kernels.l2sq_u8(&row[..a], &row[..b]), 0);
            assert_eq!(kernels.l1_u8(&row[..a], &row[..b]), 0);
        }
    }
}

#[test]
fn bytes_against_bytes_are_exact() {
    let mut rng = StdRng::seed_from_u64(2);
    // Longer than what 32 bits hold the sum of.
    for len in lengths().chain([65_537, 200_003]) {
        let (left, right) = (rows_of_bytes(&mut rng, len), rows_of_bytes(&mut rng, len));
        for (a, b) in left.iter().flat_map(|a| right.iter().map(move |b| (a, b))) {
            let (dot, l2sq) = (reference::dot_u8(a, b), reference::l2sq_u8(a, b));
            let (l1, (sum, squares)) = (reference::l1_u8(a, b), reference::sums_u8(a));
            for offset in OFFSETS {
                let (a, b) = (moved(a, offset), moved(b, offset / 2));
                let (a, b) = (&a[offset..], &b[offset / 2..]);
                for kernels in Int8Kernels::available() {
                    let case = format!("{}, length {len}, offset {offset}", kernels.name());
                    assert_eq!(kernels.dot_u8(a, b), dot, "dot, {case}");
                    assert_eq!(kernels.l2sq_u8(a, b), l2sq, "l2sq, {case}");
                    assert_eq!(kernels.l1_u8(a, b), l1, "l1, {case}");
                    assert_eq!(kernels.sums_u8(a), (sum as u32, squares), "sums, {case}");
                }
            }
        }
    }
}

/// What `dot_rows` has to answer.
fn dots(rows: Rows<'_>, ids: &[u32], query: &[i8]) -> Vec<i32> {
    let dot = |row| reference::dot_u8_i8(row, query) as i32;
    ids.iter().map(|id| rows.row(*id).map_or(i32::MIN, dot)).collect()
}

const ROWS: u32 = 13;

#[test]
fn rows_by_id_are_exact() {
    let mut rng = StdRng::seed_from_u64(3);
    for len in lengths().filter(|len| *len <= 4096) {
        for stride in [len, len.next_multiple_of(64), len + 7] {
            // A part of a row at the end, which is no row.
            let bytes: Vec<u8> = (0..stride * ROWS as usize + stride / 2).map(|_| rng.random()).collect();
            let (offset, query) = (OFFSETS[len % 4], &queries(&mut rng, len)[len % 2]);
            let bytes = moved(&bytes, offset);
            let rows = Rows::new(&bytes[offset..], stride);
            for count in [0, 1, 2, 3, 4, 5, 8, 11, 32] {
                // Some ids are none, some come again.
                let ids: Vec<u32> = (0..count).map(|_| rng.random_range(0..ROWS + 2)).collect();
                let truth = dots(rows, &ids, query);
                for kernels in Int8Kernels::available() {
                    let mut out = vec![1; count];
                    kernels.dot_rows(rows, &ids, query, Prefetch { ahead: 2, lines: 4 }, &mut out);
                    assert_eq!(out, truth, "{}, length {len}, stride {stride}, {ids:?}", kernels.name());
                }
            }
        }
    }
}

#[test]
fn runs_of_rows_are_exact() {
    let mut rng = StdRng::seed_from_u64(4);
    for len in lengths().filter(|len| *len <= 4096) {
        let stride = len.next_multiple_of(64);
        let bytes: Vec<u8> = (0..stride * ROWS as usize).map(|_| rng.random()).collect();
        let (rows, query) = (Rows::new(&bytes, stride), &queries(&mut rng, len)[0]);
        for (start, count) in [(0, 13), (1, 4), (3, 7), (9, 8), (13, 3), (5, 0), (u32::MAX - 1, 6), (12, 1)] {
            let ids: Vec<u32> = (0..count).map(|j| u32::saturating_add(start, j)).collect();
            let truth = dots(rows, &ids, query);
            for kernels in Int8Kernels::available() {
                let mut out = vec![1; count as usize];
                kernels.dot_run(rows, start, query, &mut out);
                assert_eq!(out, truth, "{}, length {len}, {count} from {start}", kernels.name());
            }
        }
    }
}

#[test]
fn prefetches_change_no_answer() {
    let bytes: Vec<u8> = (0..=255).cycle().take(128 * ROWS as usize).collect();
    let (rows, query) = (Rows::new(&bytes, 128), [5i8; 128]);
    let ids: Vec<u32> = [0, 12, 13, u32::MAX, 4, 4, 1, 2, 3, 11].into();
    let truth = dots(rows, &ids, &query);
    for kernels in Int8Kernels::available() {
        for (ahead, lines) in
            [(0, 0), (0, 1), (1, 0), (1, 1), (3, 2), (4, 2), (9, 2), (10, 2), (11, 9), (u32::MAX, u32::MAX)]
        {
            let mut out = vec![1; ids.len()];
            kernels.dot_rows(rows, &ids, &query, Prefetch { ahead, lines }, &mut out);
            assert_eq!(out, truth, "{}, {ahead} ahead, {lines} lines", kernels.name());
        }
    }
}

#[test]
fn only_what_has_a_place_is_written() {
    let bytes = [1u8; 64 * 9];
    let (rows, query) = (Rows::new(&bytes, 64), [1i8; 64]);
    let none = Prefetch { ahead: 0, lines: 0 };
    for kernels in Int8Kernels::available() {
        let mut out = [7; 9];
        kernels.dot_rows(rows, &[0, 1, 2, 3, 4], &query, none, &mut out);
        assert_eq!(out, [64, 64, 64, 64, 64, 7, 7, 7, 7]);
        let mut out = [7; 2];
        kernels.dot_rows(rows, &[0, 1, 2, 3, 4], &query, none, &mut out);
        assert_eq!(out, [64, 64]);
    }
}

#[test]
fn a_query_longer_than_the_stride_is_cut() {
    let bytes = [1u8; 64 * 9];
    let (rows, query) = (Rows::new(&bytes, 64), [1i8; 65]);
    for kernels in Int8Kernels::available() {
        let mut out = [0; 9];
        kernels.dot_rows(rows, &[0, 1, 2, 3, 8], &query, Prefetch { ahead: 0, lines: 0 }, &mut out[..5]);
        assert_eq!(out, [64, 64, 64, 64, 64, 0, 0, 0, 0]);
        kernels.dot_run(rows, 0, &query, &mut out);
        assert_eq!(out, [64; 9]);
    }
}

#[test]
fn rows_are_whole_or_none() {
    let bytes = [3u8; 100];
    let rows = Rows::new(&bytes, 40);
    assert_eq!((rows.len(), rows.row(1).map(<[u8]>::len), rows.row(2)), (2, Some(40), None));
    assert_eq!(
        (Rows::new(&bytes, 0).len(), Rows::new(&[], 64).len(), Rows::new(&bytes, 101).len()),
        (0, 0, 0)
    );
    for kernels in Int8Kernels::available() {
        let mut out = [1; 5];
        kernels.dot_rows(Rows::new(&bytes, 0), &[0; 5], &[], Prefetch { ahead: 1, lines: 1 }, &mut out);
        assert_eq!(out, [i32::MIN; 5]);
    }
}
