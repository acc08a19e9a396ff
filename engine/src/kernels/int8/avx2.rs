//! AVX2: 32 bytes a step. `vpmaddubsw` would saturate at 16 bits, so bytes are widened: even and odd ones apart.
#![expect(unsafe_code, reason = "vector loads are through pointers")]

use super::Table;
use super::driver::{Lanes, kernel_table};
use std::arch::x86_64::*;
use std::marker::PhantomData;

kernel_table!(TABLE, Lanes256<Widened>, "avx2", "avx2");

/// The table, where the CPU can run it.
pub(super) fn table() -> Option<&'static Table> {
    is_x86_feature_detected!("avx2").then_some(&TABLE)
}

/// Registers of 32 bytes, multiplied as `M` does it.
pub(super) struct Lanes256<M>(PhantomData<M>);

/// How registers of 32 bytes are multiplied.
///
/// # Safety
/// Every method may be called only on a CPU that has the instructions.
pub(super) trait Multiply {
    /// As in `Lanes`.
    type Products: Copy;
    /// Products of nothing.
    unsafe fn no_products() -> Self::Products;
    /// As in `Lanes`.
    unsafe fn dot(sums: __m256i, row: __m256i, query: __m256i) -> __m256i;
    /// As in `Lanes`.
    unsafe fn products(sums: Self::Products, a: __m256i, b: __m256i) -> Self::Products;
    /// As in `Lanes`.
    unsafe fn products_total(a: Self::Products, b: Self::Products) -> u64;
}

/// A window of 32 bytes at `n` has its last `n` set.
static LAST: [u8; 64] = {
    let mut bytes = [0; 64];
    bytes.split_at_mut(32).1.copy_from_slice(&[255; 32]);
    bytes
};

impl<M: Multiply> Lanes for Lanes256<M> {
    type Bytes = __m256i;
    type Sums = __m256i;
    type Products = M::Products;
    const WIDTH: usize = 32;
    const SHIFTED: bool = false;

    #[inline(always)]
    unsafe fn zero() -> __m256i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn load(bytes: *const u8) -> __m256i {
        // SAFETY: the caller says that 32 bytes can be read.
        unsafe { _mm256_loadu_si256(bytes.cast()) }
    }

    #[inline(always)]
    unsafe fn load_tail(bytes: *const u8, len: usize) -> __m256i {
        let tail = len % Self::WIDTH;
        // SAFETY: the caller says that `len` bytes can be read; `LAST` has 32 from any tail on.
        unsafe {
            if len > Self::WIDTH {
                let last = Self::load(bytes.add(len - Self::WIDTH));
                _mm256_and_si256(last, Self::load(LAST.as_ptr().add(tail)))
            } else {
                let mut padded = [0u8; 32];
                padded.as_mut_ptr().copy_from_nonoverlapping(bytes, tail);
                Self::load(padded.as_ptr())
            }
        }
    }

    #[inline(always)]
    unsafe fn add(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_add_epi32(a, b) }
    }

    #[inline(always)]
    unsafe fn total(sums: __m256i) -> i32 {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let half = _mm_add_epi32(_mm256_castsi256_si128(sums), _mm256_extracti128_si256::<1>(sums));
            let quarter = _mm_add_epi32(half, _mm_shuffle_epi32::<0b_11_10_11_10>(half));
            _mm_cvtsi128_si32(_mm_add_epi32(quarter, _mm_shuffle_epi32::<0b_01_01_01_01>(quarter)))
        }
    }

    #[inline(always)]
    unsafe fn totals([a, b, c, d]: [__m256i; 4]) -> [i32; 4] {
        // SAFETY: the CPU is as the caller says, and there is space for four sums.
        unsafe {
            let ab = _mm256_add_epi32(_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
            let cd = _mm256_add_epi32(_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
            let abcd = _mm256_add_epi32(_mm256_unpacklo_epi64(ab, cd), _mm256_unpackhi_epi64(ab, cd));
            let half = _mm_add_epi32(_mm256_castsi256_si128(abcd), _mm256_extracti128_si256::<1>(abcd));
            let mut totals = [0; 4];
            _mm_storeu_si128(totals.as_mut_ptr().cast(), half);
            totals
        }
    }

    #[inline(always)]
    unsafe fn dot(sums: __m256i, row: __m256i, query: __m256i) -> __m256i {
        // SAFETY: the CPU is as the caller says.
        unsafe { M::dot(sums, row, query) }
    }

    #[inline(always)]
    unsafe fn no_products() -> M::Products {
        // SAFETY: the CPU is as the caller says.
        unsafe { M::no_products() }
    }

    #[inline(always)]
    unsafe fn products(sums: M::Products, a: __m256i, b: __m256i) -> M::Products {
        // SAFETY: the CPU is as the caller says.
        unsafe { M::products(sums, a, b) }
    }

    #[inline(always)]
    unsafe fn products_total(a: M::Products, b: M::Products) -> u64 {
        // SAFETY: the CPU is as the caller says.
        unsafe { M::products_total(a, b) }
    }

    #[inline(always)]
    unsafe fn distance(a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_sub_epi8(_mm256_max_epu8(a, b), _mm256_min_epu8(a, b)) }
    }

    #[inline(always)]
    unsafe fn sum(sums: __m256i, a: __m256i) -> __m256i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_add_epi32(sums, _mm256_sad_epu8(a, _mm256_setzero_si256())) }
    }
}

/// Even and odd bytes apart, widened to 16 bits: pairs of products fit in 32 bits, whatever the bytes.
struct Widened;

impl Multiply for Widened {
    type Products = __m256i;

    #[inline(always)]
    unsafe fn no_products() -> __m256i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_setzero_si256() }
    }

    #[inline(always)]
    unsafe fn dot(sums: __m256i, row: __m256i, query: __m256i) -> __m256i {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let even =
                _mm256_madd_epi16(low_bytes(row), _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(query)));
            let odd = _mm256_madd_epi16(_mm256_srli_epi16::<8>(row), _mm256_srai_epi16::<8>(query));
            _mm256_add_epi32(_mm256_add_epi32(sums, even), odd)
        }
    }

    #[inline(always)]
    unsafe fn products(sums: __m256i, a: __m256i, b: __m256i) -> __m256i {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let even = _mm256_madd_epi16(low_bytes(a), low_bytes(b));
            let odd = _mm256_madd_epi16(_mm256_srli_epi16::<8>(a), _mm256_srli_epi16::<8>(b));
            _mm256_add_epi32(_mm256_add_epi32(sums, even), odd)
        }
    }

    #[inline(always)]
    unsafe fn products_total(a: __m256i, b: __m256i) -> u64 {
        // SAFETY: the CPU is as the caller says.
        u64::from(unsafe { Lanes256::<Self>::total(_mm256_add_epi32(a, b)) } as u32)
    }
}

/// The even bytes, as 16 bits each.
///
/// # Safety
/// The CPU has AVX2.
#[inline(always)]
unsafe fn low_bytes(a: __m256i) -> __m256i {
    // SAFETY: the CPU is as the caller says.
    unsafe { _mm256_and_si256(a, _mm256_set1_epi16(255)) }
}
