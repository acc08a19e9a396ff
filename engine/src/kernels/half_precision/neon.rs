//! NEON: 4 floats a step.
#![expect(unsafe_code, reason = "vector loads are through pointers")]

use super::{FloatLanes, Table, kernel_table};
use half::f16;
use std::arch::aarch64::*;
use std::arch::is_aarch64_feature_detected;

kernel_table!(TABLE, Neon, "neon", "neon");

/// The table, where the CPU can run it.
pub(super) fn table() -> Option<&'static Table> {
    is_aarch64_feature_detected!("neon").then_some(&TABLE)
}

struct Neon;

impl FloatLanes for Neon {
    type Floats = float32x4_t;
    const WIDTH: usize = 4;

    #[inline(always)]
    unsafe fn zero() -> float32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vdupq_n_f32(0.0) }
    }

    #[inline(always)]
    unsafe fn load(floats: *const f32) -> float32x4_t {
        // SAFETY: the caller says that 4 floats can be read.
        unsafe { vld1q_f32(floats) }
    }

    #[inline(always)]
    unsafe fn widen(floats: *const f16) -> float32x4_t {
        // SAFETY: the caller says that 4 floats can be read.
        unsafe { vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(floats.cast()))) }
    }

    #[inline(always)]
    unsafe fn load_some(floats: *const f32, count: usize) -> float32x4_t {
        let mut padded = [0f32; 4];
        // SAFETY: the caller says that `count` floats can be read, and that they are fewer than 4.
        unsafe {
            padded.as_mut_ptr().copy_from_nonoverlapping(floats, count);
            Self::load(padded.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn widen_some(floats: *const f16, count: usize) -> float32x4_t {
        let mut padded = [f16::ZERO; 4];
        // SAFETY: the caller says that `count` floats can be read, and that they are fewer than 4.
        unsafe {
            padded.as_mut_ptr().copy_from_nonoverlapping(floats, count);
            Self::widen(padded.as_ptr())
        }
    }

    #[inline(always)]
    unsafe fn multiply_add(sums: float32x4_t, a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vfmaq_f32(sums, a, b) }
    }

    #[inline(always)]
    unsafe fn subtract(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vsubq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn absolute(a: float32x4_t) -> float32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vabsq_f32(a) }
    }

    #[inline(always)]
    unsafe fn add(a: float32x4_t, b: float32x4_t) -> float32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vaddq_f32(a, b) }
    }

    #[inline(always)]
    unsafe fn total(sums: float32x4_t) -> f32 {
        // SAFETY: the CPU is as the caller says.
        unsafe { vaddvq_f32(sums) }
    }
}
