//! NEON, with and without the dot product instructions: 16 bytes a step.
//!
//! Neither has a product of unsigned and signed bytes, so rows are taken less 128, as signed ones (`Lanes::SHIFTED`).
//! `vdotq_s32` and `vdotq_u32` are not stable in Rust 1.95; the two instructions are written as assembly instead.
#![expect(unsafe_code, reason = "vector loads are through pointers")]

use super::Table;
use super::driver::{Lanes, kernel_table};
use std::arch::aarch64::*;
use std::arch::{asm, is_aarch64_feature_detected};
use std::marker::PhantomData;

kernel_table!(DOTPROD, Lanes128<DotProduct>, "neon-dotprod", "neon,dotprod");
kernel_table!(NEON, Lanes128<Widened>, "neon", "neon");

/// The table with dot product instructions, where the CPU can run it.
pub(super) fn dotprod_table() -> Option<&'static Table> {
    (is_aarch64_feature_detected!("neon") && is_aarch64_feature_detected!("dotprod")).then_some(&DOTPROD)
}

/// The table, where the CPU can run it.
pub(super) fn table() -> Option<&'static Table> {
    is_aarch64_feature_detected!("neon").then_some(&NEON)
}

/// Registers of 16 bytes, multiplied as `M` does it.
struct Lanes128<M>(PhantomData<M>);

/// How registers of 16 bytes are multiplied.
///
/// # Safety
/// Every method may be called only on a CPU that has the instructions.
trait Multiply {
    /// Adds the products of signed bytes.
    unsafe fn signed(sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t;
    /// Adds the products of unsigned bytes.
    unsafe fn unsigned(sums: uint32x4_t, a: uint8x16_t, b: uint8x16_t) -> uint32x4_t;
}

/// A window of 16 bytes at `n` has its last `n` set.
static LAST: [u8; 32] = {
    let mut bytes = [0; 32];
    bytes.split_at_mut(16).1.copy_from_slice(&[255; 16]);
    bytes
};

impl<M: Multiply> Lanes for Lanes128<M> {
    type Bytes = uint8x16_t;
    type Sums = int32x4_t;
    type Products = uint32x4_t;
    const WIDTH: usize = 16;
    const SHIFTED: bool = true;

    #[inline(always)]
    unsafe fn zero() -> int32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vdupq_n_s32(0) }
    }

    #[inline(always)]
    unsafe fn load(bytes: *const u8) -> uint8x16_t {
        // SAFETY: the caller says that 16 bytes can be read.
        unsafe { vld1q_u8(bytes) }
    }

    #[inline(always)]
    unsafe fn load_tail(bytes: *const u8, len: usize) -> uint8x16_t {
        let tail = len % Self::WIDTH;
        // SAFETY: the caller says that `len` bytes can be read; `LAST` has 16 from any tail on.
        unsafe {
            if len > Self::WIDTH {
                let last = Self::load(bytes.add(len - Self::WIDTH));
                vandq_u8(last, Self::load(LAST.as_ptr().add(tail)))
            } else {
                let mut padded = [0u8; 16];
                padded.as_mut_ptr().copy_from_nonoverlapping(bytes, tail);
                Self::load(padded.as_ptr())
            }
        }
    }

    #[inline(always)]
    unsafe fn dot(sums: int32x4_t, row: uint8x16_t, query: uint8x16_t) -> int32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let shifted = vreinterpretq_s8_u8(veorq_u8(row, vdupq_n_u8(128)));
            M::signed(sums, shifted, vreinterpretq_s8_u8(query))
        }
    }

    #[inline(always)]
    unsafe fn add(a: int32x4_t, b: int32x4_t) -> int32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vaddq_s32(a, b) }
    }

    #[inline(always)]
    unsafe fn total(sums: int32x4_t) -> i32 {
        // SAFETY: the CPU is as the caller says.
        unsafe { vaddvq_s32(sums) }
    }

    #[inline(always)]
    unsafe fn totals([a, b, c, d]: [int32x4_t; 4]) -> [i32; 4] {
        // SAFETY: the CPU is as the caller says, and there is space for four sums.
        unsafe {
            let all = vpaddq_s32(vpaddq_s32(a, b), vpaddq_s32(c, d));
            let mut totals = [0; 4];
            vst1q_s32(totals.as_mut_ptr(), all);
            totals
        }
    }

    #[inline(always)]
    unsafe fn no_products() -> uint32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vdupq_n_u32(0) }
    }

    #[inline(always)]
    unsafe fn products(sums: uint32x4_t, a: uint8x16_t, b: uint8x16_t) -> uint32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { M::unsigned(sums, a, b) }
    }

    #[inline(always)]
    unsafe fn products_total(a: uint32x4_t, b: uint32x4_t) -> u64 {
        // SAFETY: the CPU is as the caller says.
        unsafe { u64::from(vaddvq_u32(vaddq_u32(a, b))) }
    }

    #[inline(always)]
    unsafe fn distance(a: uint8x16_t, b: uint8x16_t) -> uint8x16_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vabdq_u8(a, b) }
    }

    #[inline(always)]
    unsafe fn sum(sums: int32x4_t, a: uint8x16_t) -> int32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe { vreinterpretq_s32_u32(vpadalq_u16(vreinterpretq_u32_s32(sums), vpaddlq_u8(a))) }
    }
}

/// By the instructions for it: `FEAT_DotProd`, in all ARMv8.4 cores and some before.
struct DotProduct;

impl Multiply for DotProduct {
    #[inline(always)]
    unsafe fn signed(mut sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
        // SAFETY: the instruction only works on these registers, and the CPU has it.
        unsafe {
            asm!("sdot {sums:v}.4s, {a:v}.16b, {b:v}.16b", sums = inout(vreg) sums, a = in(vreg) a, b = in(vreg) b,
                options(pure, nomem, nostack, preserves_flags));
        }
        sums
    }

    #[inline(always)]
    unsafe fn unsigned(mut sums: uint32x4_t, a: uint8x16_t, b: uint8x16_t) -> uint32x4_t {
        // SAFETY: the instruction only works on these registers, and the CPU has it.
        unsafe {
            asm!("udot {sums:v}.4s, {a:v}.16b, {b:v}.16b", sums = inout(vreg) sums, a = in(vreg) a, b = in(vreg) b,
                options(pure, nomem, nostack, preserves_flags));
        }
        sums
    }
}

/// By products of 16 bits, added in pairs to sums of 32.
struct Widened;

impl Multiply for Widened {
    #[inline(always)]
    unsafe fn signed(sums: int32x4_t, a: int8x16_t, b: int8x16_t) -> int32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let low = vmull_s8(vget_low_s8(a), vget_low_s8(b));
            vpadalq_s16(vpadalq_s16(sums, low), vmull_high_s8(a, b))
        }
    }

    #[inline(always)]
    unsafe fn unsigned(sums: uint32x4_t, a: uint8x16_t, b: uint8x16_t) -> uint32x4_t {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let low = vmull_u8(vget_low_u8(a), vget_low_u8(b));
            vpadalq_u16(vpadalq_u16(sums, low), vmull_high_u8(a, b))
        }
    }
}
