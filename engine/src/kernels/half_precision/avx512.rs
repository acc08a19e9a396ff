//! AVX-512: 16 floats a step, and tails by mask.
#![expect(unsafe_code, reason = "vector loads are through pointers")]

use super::{FloatLanes, Table, kernel_table};
use half::f16;
use std::arch::x86_64::*;

kernel_table!(TABLE, Avx512, "avx512", "avx512f,avx512bw,avx512vl");

/// The table, where the CPU can run it.
pub(super) fn table() -> Option<&'static Table> {
    let found = is_x86_feature_detected!("avx512f")
        && is_x86_feature_detected!("avx512bw")
        && is_x86_feature_detected!("avx512vl");
    found.then_some(&TABLE)
}

struct Avx512;

impl FloatLanes for Avx512 {
    type Floats = __m512;
    const WIDTH: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> __m512 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(floats: *const f32) -> __m512 {
        // SAFETY: the caller says that 16 floats can be read.
        unsafe { _mm512_loadu_ps(floats) }
    }

    #[inline(always)]
    unsafe fn widen(floats: *const f16) -> __m512 {
        // SAFETY: the caller says that 16 floats can be read.
        unsafe { _mm512_cvtph_ps(_mm256_loadu_si256(floats.cast())) }
    }

    #[inline(always)]
    unsafe fn load_some(floats: *const f32, count: usize) -> __m512 {
        // SAFETY: the caller says that `count` floats can be read; places outside of the mask are not touched.
        unsafe { _mm512_maskz_loadu_ps((1 << count) - 1, floats) }
    }

    #[inline(always)]
    unsafe fn widen_some(floats: *const f16, count: usize) -> __m512 {
        // SAFETY: the caller says that `count` floats can be read; places outside of the mask are not touched.
        unsafe { _mm512_cvtph_ps(_mm256_maskz_loadu_epi16((1 << count) - 1, floats.cast())) }
    }

    #[inline(always)]
    unsafe fn multiply_add(sums: __m512, a: __m512, b: __m512) -> __m512 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_fmadd_ps(a, b, sums) }
    }

    #[inline(always)]
    unsafe fn subtract(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn absolute(a: __m512) -> __m512 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_abs_ps(a) }
    }

    #[inline(always)]
    unsafe fn add(a: __m512, b: __m512) -> __m512 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn total(sums: __m512) -> f32 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm512_reduce_add_ps(sums) }
    }
}
