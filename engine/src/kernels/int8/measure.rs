//! The loop over two slices of unsigned bytes, written once over `Lanes` and over what is added up.
//!
//! As in `driver.rs`, all of it is `inline(always)` and takes on the CPU features of its caller; that is also why what
//! is added up is a type and not a closure.
#![expect(unsafe_code, reason = "vector loads are through pointers, and each instruction set needs its CPU")]

use super::driver::{BLOCK, Lanes};

/// What to add up over two slices of bytes.
///
/// # Safety
/// Every method may be called only on a CPU that has the instruction set.
pub(super) trait Measure<S: Lanes> {
    /// Partial sums.
    type Sums: Copy;

    /// Sums of nothing.
    unsafe fn zero() -> Self::Sums;
    /// Adds what a step's bytes give.
    unsafe fn step(sums: Self::Sums, a: S::Bytes, b: S::Bytes) -> Self::Sums;
    /// All of both together, of not more than `BLOCK` bytes.
    unsafe fn total(a: Self::Sums, b: Self::Sums) -> u64;
}

/// Sum of products of bytes.
pub(super) struct Products;

impl<S: Lanes> Measure<S> for Products {
    type Sums = S::Products;

    #[inline(always)]
    unsafe fn zero() -> S::Products {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::no_products() }
    }

    #[inline(always)]
    unsafe fn step(sums: S::Products, a: S::Bytes, b: S::Bytes) -> S::Products {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::products(sums, a, b) }
    }

    #[inline(always)]
    unsafe fn total(a: S::Products, b: S::Products) -> u64 {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::products_total(a, b) }
    }
}

/// Squared Euclidean distance of bytes.
pub(super) struct SquaredEuclid;

impl<S: Lanes> Measure<S> for SquaredEuclid {
    type Sums = S::Products;

    #[inline(always)]
    unsafe fn zero() -> S::Products {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::no_products() }
    }

    #[inline(always)]
    unsafe fn step(sums: S::Products, a: S::Bytes, b: S::Bytes) -> S::Products {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let distance = S::distance(a, b);
            S::products(sums, distance, distance)
        }
    }

    #[inline(always)]
    unsafe fn total(a: S::Products, b: S::Products) -> u64 {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::products_total(a, b) }
    }
}

/// Manhattan distance of bytes.
pub(super) struct Manhattan;

impl<S: Lanes> Measure<S> for Manhattan {
    type Sums = S::Sums;

    #[inline(always)]
    unsafe fn zero() -> S::Sums {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::zero() }
    }

    #[inline(always)]
    unsafe fn step(sums: S::Sums, a: S::Bytes, b: S::Bytes) -> S::Sums {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::sum(sums, S::distance(a, b)) }
    }

    #[inline(always)]
    unsafe fn total(a: S::Sums, b: S::Sums) -> u64 {
        // SAFETY: the CPU is as the caller says.
        u64::from(unsafe { S::total(S::add(a, b)) } as u32)
    }
}

/// Sum of the first slice's bytes.
struct BytesAlone;

impl<S: Lanes> Measure<S> for BytesAlone {
    type Sums = S::Sums;

    #[inline(always)]
    unsafe fn zero() -> S::Sums {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::zero() }
    }

    #[inline(always)]
    unsafe fn step(sums: S::Sums, a: S::Bytes, _: S::Bytes) -> S::Sums {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::sum(sums, a) }
    }

    #[inline(always)]
    unsafe fn total(a: S::Sums, b: S::Sums) -> u64 {
        // SAFETY: the CPU is as the caller says.
        u64::from(unsafe { S::total(S::add(a, b)) } as u32)
    }
}

/// Measures two slices, the shorter one's length of both, in blocks that the partial sums hold.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
pub(super) unsafe fn measure<S: Lanes, M: Measure<S>>(a: &[u8], b: &[u8]) -> u64 {
    const { assert!(BLOCK.is_multiple_of(S::WIDTH), "whole steps fill a block") };
    let len = a.len().min(b.len());
    let (a, b) = (a.as_ptr(), b.as_ptr());
    let mut total = 0u64;
    let mut at = 0usize;
    // SAFETY: all places are below the length of both; the CPU is as the caller says.
    unsafe {
        loop {
            // The last block has the tail; the others are whole steps.
            let left = len.wrapping_sub(at).min(BLOCK);
            let steps = left / S::WIDTH;
            let (mut even, mut odd) = (M::zero(), M::zero());
            for _ in 0..steps / 2 {
                even = M::step(even, S::load(a.add(at)), S::load(b.add(at)));
                at = at.wrapping_add(S::WIDTH);
                odd = M::step(odd, S::load(a.add(at)), S::load(b.add(at)));
                at = at.wrapping_add(S::WIDTH);
            }
            if steps % 2 == 1 {
                even = M::step(even, S::load(a.add(at)), S::load(b.add(at)));
                at = at.wrapping_add(S::WIDTH);
            }
            if !left.is_multiple_of(S::WIDTH) {
                odd = M::step(odd, S::load_tail(a, len), S::load_tail(b, len));
                at = len;
            }
            total = total.wrapping_add(M::total(even, odd));
            if at == len {
                return total;
            }
        }
    }
}

/// Sum of bytes, and of their squares.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
pub(super) unsafe fn sums<S: Lanes>(row: &[u8]) -> (u32, u64) {
    // SAFETY: the CPU is as the caller says.
    unsafe { (measure::<S, BytesAlone>(row, row) as u32, measure::<S, Products>(row, row)) }
}
