//! Fast kernels over two rows, the CPU's instructions picked once. The only home of simsimd, which sums over f32.
//!
//! Sums of f32 are taken in f32 lanes; the answer differs from `reference.rs` by rounding only. Manhattan distance is
//! not in simsimd's Rust interface: a loop that the compiler vectorises. Bytes and half-precision rows go to kernels of
//! our own.

use super::half_precision::HalfKernels;
use super::int8::Int8Kernels;
use super::reference;
use half::f16;
use simsimd::SpatialSimilarity;
use std::sync::LazyLock;

static INT8: LazyLock<Int8Kernels> = LazyLock::new(Int8Kernels::detect);
static HALF: LazyLock<HalfKernels> = LazyLock::new(HalfKernels::detect);

/// Sum of products.
pub(crate) fn dot_f32(a: &[f32], b: &[f32]) -> f32 {
    <f32 as SpatialSimilarity>::dot(a, b).unwrap_or_else(|| reference::dot_f32(a, b)) as f32
}

/// Squared Euclidean distance.
pub(crate) fn l2sq_f32(a: &[f32], b: &[f32]) -> f32 {
    f32::sqeuclidean(a, b).unwrap_or_else(|| reference::l2sq_f32(a, b)) as f32
}

/// Manhattan distance.
pub(crate) fn l1_f32(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0f32; 16];
    let (left, right) = (a.chunks_exact(16), b.chunks_exact(16));
    let tail = reference::l1_f32(left.remainder(), right.remainder());
    for (x, y) in left.zip(right) {
        for ((lane, x), y) in lanes.iter_mut().zip(x).zip(y) {
            *lane += (x - y).abs();
        }
    }
    lanes.iter().sum::<f32>() + tail as f32
}

/// Sum of products of a query and a row of half precision.
#[inline]
pub(crate) fn dot_f16(query: &[f32], row: &[f16]) -> f32 {
    HALF.dot(query, row)
}

/// Squared Euclidean distance of a query and a row of half precision.
#[inline]
pub(crate) fn l2sq_f16(query: &[f32], row: &[f16]) -> f32 {
    HALF.l2sq(query, row)
}

/// Manhattan distance of a query and a row of half precision.
#[inline]
pub(crate) fn l1_f16(query: &[f32], row: &[f16]) -> f32 {
    HALF.l1(query, row)
}

/// Sum of products of bytes, exact.
#[inline]
pub(crate) fn dot_u8(a: &[u8], b: &[u8]) -> u64 {
    INT8.dot_u8(a, b)
}

/// Squared Euclidean distance of bytes, exact.
#[inline]
pub(crate) fn l2sq_u8(a: &[u8], b: &[u8]) -> u64 {
    INT8.l2sq_u8(a, b)
}

/// Manhattan distance of bytes, exact.
#[inline]
pub(crate) fn l1_u8(a: &[u8], b: &[u8]) -> u64 {
    INT8.l1_u8(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Deterministic values, odd lengths and odd starts.
    fn cases() -> impl Iterator<Item = (Vec<f32>, Vec<f32>)> {
        let mut state = 7u64;
        let mut next = move || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 23) as f32 - 1.0
        };
        let lengths = [1usize, 2, 3, 7, 15, 16, 17, 31, 63, 64, 65, 127, 128, 255, 384, 768, 1025, 4096];
        lengths.map(|n| ((0..n).map(|_| next()).collect(), (0..n).map(|_| next()).collect())).into_iter()
    }

    fn near(fast: f32, truth: f64, len: usize) {
        let room = 1e-6 * (len as f64) + 1e-5 * truth.abs();
        assert!((f64::from(fast) - truth).abs() <= room, "length {len}: {fast} for {truth}");
    }

    #[test]
    fn floats_agree_with_the_reference() {
        for (a, b) in cases() {
            for skip in [0, 1.min(a.len() - 1), 3.min(a.len() - 1)] {
                let (a, b) = (&a[skip..], &b[skip..]);
                near(dot_f32(a, b), reference::dot_f32(a, b), a.len());
                near(l2sq_f32(a, b), reference::l2sq_f32(a, b), a.len());
                near(l1_f32(a, b), reference::l1_f32(a, b), a.len());
            }
        }
    }

    #[test]
    fn bytes_agree_exactly() {
        for (a, b) in cases() {
            let bytes = |v: &[f32]| v.iter().map(|x| ((x + 1.0) * 127.5) as u8).collect::<Vec<_>>();
            let mut pairs = vec![(bytes(&a), bytes(&b))];
            pairs.push((vec![255; a.len()], vec![0; a.len()]));
            pairs.push((vec![255; a.len()], vec![255; a.len()]));
            for (a, b) in pairs {
                for skip in [0, 1.min(a.len() - 1)] {
                    let (a, b) = (&a[skip..], &b[skip..]);
                    assert_eq!(dot_u8(a, b), reference::dot_u8(a, b), "dot, length {}", a.len());
                    assert_eq!(l2sq_u8(a, b), reference::l2sq_u8(a, b), "l2sq, length {}", a.len());
                    assert_eq!(l1_u8(a, b), reference::l1_u8(a, b), "l1, length {}", a.len());
                }
            }
        }
    }
}
