//! AVX-512 with VNNI: 64 bytes a step, and tails by mask.
#![expect(unsafe_code, reason = "vector loads are through pointers")]

use super::Table;
use super::driver::{Lanes, kernel_table};
use std::arch::x86_64::*;

kernel_table!(TABLE, Avx512, "avx512-vnni", "avx512f,avx512bw,avx512vnni");

/// The table, where the CPU can run it.
pub(super) fn table() -> Option<&'static Table> {
    let found = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vnni");
    found.then_some(&TABLE)
}

struct Avx512;

impl Lanes for Avx512 {
    type Bytes = __m512i;
    type Sums = __m512i;
    /// Of a · (b - 128), and of a, of which 128 times as much makes up for it.
    type Products = [__m512i; 2];
    const WIDTH: usize = 64;
    const SHIFTED: bool = false;

    #[inline(always)]
    unsafe fn zero() -> __m512i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_setzero_si512() }
    }

    #[inline(always)]
    unsafe fn load(bytes: *const u8) -> __m512i {
        // SAFETY: the caller says that 64 bytes can be read.
        unsafe { _mm512_loadu_si512(bytes.cast()) }
    }

    #[inline(always)]
    unsafe fn load_tail(bytes: *const u8, len: usize) -> __m512i {
        let tail = len % Self::WIDTH;
        // SAFETY: the caller says that `len` bytes can be read; places outside of the mask are not touched.
        unsafe { _mm512_maskz_loadu_epi8((1 << tail) - 1, bytes.add(len - tail).cast()) }
    }

    #[inline(always)]
    unsafe fn dot(sums: __m512i, row: __m512i, query: __m512i) -> __m512i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_dpbusd_epi32(sums, row, query) }
    }

    #[inline(always)]
    unsafe fn add(a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_add_epi32(a, b) }
    }

    #[inline(always)]
    unsafe fn total(sums: __m512i) -> i32 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_reduce_add_epi32(sums) }
    }

    #[inline(always)]
    unsafe fn totals([a, b, c, d]: [__m512i; 4]) -> [i32; 4] {
        // SAFETY: the CPU is as the caller says, and there is space for four sums.
        unsafe {
            let ab = _mm512_add_epi32(_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
            let cd = _mm512_add_epi32(_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
            let abcd = _mm512_add_epi32(_mm512_unpacklo_epi64(ab, cd), _mm512_unpackhi_epi64(ab, cd));
            let half = _mm256_add_epi32(_mm512_castsi512_si256(abcd), _mm512_extracti64x4_epi64::<1>(abcd));
            let quarter = _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256::<1>(half));
            let mut totals = [0; 4];
            _mm_storeu_si128(totals.as_mut_ptr().cast(), quarter);
            totals
        }
    }

    #[inline(always)]
    unsafe fn no_products() -> [__m512i; 2] {
        // SAFETY: the CPU is as the caller says.
        unsafe { [_mm512_setzero_si512(); 2] }
    }

    #[inline(always)]
    unsafe fn products([shifted, plain]: [__m512i; 2], a: __m512i, b: __m512i) -> [__m512i; 2] {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let signed = _mm512_xor_si512(b, _mm512_set1_epi8(i8::MIN));
            [_mm512_dpbusd_epi32(shifted, a, signed), _mm512_dpbusd_epi32(plain, a, _mm512_set1_epi8(1))]
        }
    }

    #[inline(always)]
    unsafe fn products_total(a: [__m512i; 2], b: [__m512i; 2]) -> u64 {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let shifted = _mm512_add_epi32(a[0], b[0]);
            let plain = _mm512_add_epi32(a[1], b[1]);
            let sums = _mm512_add_epi32(shifted, _mm512_slli_epi32::<7>(plain));
            u64::from(_mm512_reduce_add_epi32(sums) as u32)
        }
    }

    #[inline(always)]
    unsafe fn distance(a: __m512i, b: __m512i) -> __m512i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_sub_epi8(_mm512_max_epu8(a, b), _mm512_min_epu8(a, b)) }
    }

    #[inline(always)]
    unsafe fn sum(sums: __m512i, a: __m512i) -> __m512i {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_dpbusd_epi32(sums, a, _mm512_set1_epi8(1)) }
    }
}
