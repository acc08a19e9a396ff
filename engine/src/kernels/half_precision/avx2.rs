//! AVX2 with FMA and F16C: 8 floats a step.
#![expect(unsafe_code, reason = "vector loads are through pointers")]

use super::{FloatLanes, Table, kernel_table};
use half::f16;
use std::arch::x86_64::*;

kernel_table!(TABLE, Avx2, "avx2", "avx2,fma,f16c");

/// The table, where the CPU can run it.
pub(super) fn table() -> Option<&'static Table> {
    let found = is_x86_feature_detected!("avx2")
        && is_x86_feature_detected!("fma")
        && is_x86_feature_detected!("f16c");
    found.then_some(&TABLE)
}

struct Avx2;

impl FloatLanes for Avx2 {
    type Floats = __m256;
    const WIDTH: usize = 8;

    #[inline(always)]
    unsafe fn zero() -> __m256 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_setzero_ps() }
    }

    #[inline(always)]
    unsafe fn load(floats: *const f32) -> __m256 {
        // SAFETY: the caller says that 8 floats can be read.
        unsafe { _mm256_loadu_ps(floats) }
    }

    #[inline(always)]
    unsafe fn widen(floats: *const f16) -> __m256 {
        // SAFETY: the caller says that 8 floats can be read.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(floats.cast())) }
    }

    #[inline(always)]
    unsafe fn load_some(floats: *const f32, count: usize) -> __m256 {
        let mut padded = [0f32; 8];
        // SAFETY: the caller says that `count` floats can be read, and that they are fewer than 8.
        unsafe {
            padded.as_mut_ptr().copy_from_nonoverlapping(floats, count);
            Self::load(padded.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn widen_some(floats: *const f16, count: usize) -> __m256 {
        let mut padded = [f16::ZERO; 8];
        // SAFETY: the caller says that `count` floats can be read, and that they are fewer than 8.
        unsafe {
            padded.as_mut_ptr().copy_from_nonoverlapping(floats, count);
            Self::widen(padded.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn multiply_add(sums: __m256, a: __m256, b: __m256) -> __m256 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_fmadd_ps(a, b, sums) }
    }

    #[inline(always)]
    unsafe fn subtract(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_sub_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn absolute(a: __m256) -> __m256 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
    }

    #[inline(always)]
    unsafe fn add(a: __m256, b: __m256) -> __m256 {
        // SAFETY: the CPU is as the caller says.
        unsafe { _mm256_add_ps(a, b) }
    }

    #[inline(always)]
    unsafe fn total(sums: __m256) -> f32 {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let half = _mm_add_ps(_mm256_castps256_ps128(sums), _mm256_extractf128_ps::<1>(sums));
            let quarter = _mm_add_ps(half, _mm_movehl_ps(half, half));
            _mm_cvtss_f32(_mm_add_ss(quarter, _mm_movehdup_ps(quarter)))
        }
    }
}
