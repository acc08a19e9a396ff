//! Kernels over rows of half-precision floats and a query of single-precision ones.
//!
//! Rows are widened in registers and summed in f32 lanes: sums of half precision would cost recall, and a widened copy
//! of each row would cost more than the sum. The answer differs from `reference.rs` by rounding only.
//!
//! As in `int8.rs`, the loop is written once over a small trait, and each instruction set says how to load and add.
//!
//! Invariant: a [`HalfKernels`] exists only where the CPU has its instructions, so its methods are safe.
//! Threads: plain functions over shared slices; any thread may call them.
#![expect(unsafe_code, reason = "vector loads are through pointers, and each instruction set needs its CPU")]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "aarch64")]
mod neon;

use half::f16;

/// The fastest set of half-precision kernels that this CPU can run; owning one proves that it can.
#[derive(Debug, Clone, Copy)]
pub(crate) struct HalfKernels {
    table: &'static Table,
}

/// The functions of one instruction set. Safe to call on a CPU that has it.
#[derive(Debug)]
struct Table {
    #[cfg(test)]
    name: &'static str,
    dot: unsafe fn(&[f32], &[f16]) -> f32,
    l2sq: unsafe fn(&[f32], &[f16]) -> f32,
    l1: unsafe fn(&[f32], &[f16]) -> f32,
}

impl HalfKernels {
    /// The fastest that this CPU runs. Ask once and keep it: it looks at the CPU's features.
    pub(crate) fn detect() -> Self {
        Self::detected().next().unwrap_or(Self { table: &SCALAR })
    }

    /// All that this CPU runs, the fastest first, the scalar ones last.
    #[cfg(test)]
    fn available() -> Vec<Self> {
        Self::detected().chain([Self { table: &SCALAR }]).collect()
    }

    #[cfg(target_arch = "x86_64")]
    fn detected() -> impl Iterator<Item = Self> {
        [avx512::table(), avx2::table()].into_iter().flatten().map(|table| Self { table })
    }

    #[cfg(target_arch = "aarch64")]
    fn detected() -> impl Iterator<Item = Self> {
        neon::table().into_iter().map(|table| Self { table })
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn detected() -> impl Iterator<Item = Self> {
        std::iter::empty()
    }

    /// Sum of products; the shorter one's length counts.
    #[inline]
    pub(crate) fn dot(self, query: &[f32], row: &[f16]) -> f32 {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.dot)(query, row) }
    }

    /// Squared Euclidean distance; the shorter one's length counts.
    #[inline]
    pub(crate) fn l2sq(self, query: &[f32], row: &[f16]) -> f32 {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.l2sq)(query, row) }
    }

    /// Manhattan distance; the shorter one's length counts.
    #[inline]
    pub(crate) fn l1(self, query: &[f32], row: &[f16]) -> f32 {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.l1)(query, row) }
    }
}

/// For CPUs that none of the instruction sets fits: exact rather than fast.
static SCALAR: Table = {
    fn sum(query: &[f32], row: &[f16], term: impl Fn(f64, f64) -> f64) -> f32 {
        query.iter().zip(row).map(|(q, x)| term(f64::from(*q), f64::from(*x))).sum::<f64>() as f32
    }
    fn dot(query: &[f32], row: &[f16]) -> f32 {
        sum(query, row, |q, x| q * x)
    }
    fn l2sq(query: &[f32], row: &[f16]) -> f32 {
        sum(query, row, |q, x| (q - x) * (q - x))
    }
    fn l1(query: &[f32], row: &[f16]) -> f32 {
        sum(query, row, |q, x| (q - x).abs())
    }
    Table {
        #[cfg(test)]
        name: "scalar",
        dot,
        l2sq,
        l1,
    }
};

/// One instruction set: registers of f32.
///
/// # Safety
/// Every method may be called only on a CPU that has the instruction set.
trait FloatLanes {
    /// `WIDTH` floats.
    type Floats: Copy;
    /// Floats in one step.
    const WIDTH: usize;

    /// Zeros.
    unsafe fn zero() -> Self::Floats;
    /// `WIDTH` floats.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load(floats: *const f32) -> Self::Floats;
    /// `WIDTH` half-precision floats, widened.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn widen(floats: *const f16) -> Self::Floats;
    /// `count` floats and zeros.
    ///
    /// # Safety
    /// They can be read, and are fewer than `WIDTH`.
    unsafe fn load_some(floats: *const f32, count: usize) -> Self::Floats;
    /// `count` half-precision floats, widened, and zeros.
    ///
    /// # Safety
    /// They can be read, and are fewer than `WIDTH`.
    unsafe fn widen_some(floats: *const f16, count: usize) -> Self::Floats;
    /// `sums` and the products.
    unsafe fn multiply_add(sums: Self::Floats, a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The differences.
    unsafe fn subtract(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// The values without their signs.
    unsafe fn absolute(a: Self::Floats) -> Self::Floats;
    /// Sums of both.
    unsafe fn add(a: Self::Floats, b: Self::Floats) -> Self::Floats;
    /// All of a register together.
    unsafe fn total(sums: Self::Floats) -> f32;
}

/// What to add up over a query and a row.
///
/// # Safety
/// Every method may be called only on a CPU that has the instruction set.
trait Measure {
    /// Adds what a step's floats give.
    unsafe fn step<S: FloatLanes>(sums: S::Floats, query: S::Floats, row: S::Floats) -> S::Floats;
}

/// Sum of products.
struct Dot;

impl Measure for Dot {
    #[inline(always)]
    unsafe fn step<S: FloatLanes>(sums: S::Floats, query: S::Floats, row: S::Floats) -> S::Floats {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::multiply_add(sums, query, row) }
    }
}

/// Squared Euclidean distance.
struct SquaredEuclid;

impl Measure for SquaredEuclid {
    #[inline(always)]
    unsafe fn step<S: FloatLanes>(sums: S::Floats, query: S::Floats, row: S::Floats) -> S::Floats {
        // SAFETY: the CPU is as the caller says.
        unsafe {
            let apart = S::subtract(query, row);
            S::multiply_add(sums, apart, apart)
        }
    }
}

/// Manhattan distance.
struct Manhattan;

impl Measure for Manhattan {
    #[inline(always)]
    unsafe fn step<S: FloatLanes>(sums: S::Floats, query: S::Floats, row: S::Floats) -> S::Floats {
        // SAFETY: the CPU is as the caller says.
        unsafe { S::add(sums, S::absolute(S::subtract(query, row))) }
    }
}

/// The functions of one instruction set and the CPU features they are compiled for.
macro_rules! kernel_table {
    ($table:ident, $lanes:ty, $name:literal, $features:literal) => {
        static $table: $crate::kernels::half_precision::Table = {
            use $crate::kernels::half_precision::{Dot, Manhattan, SquaredEuclid, Table, measure};

            #[target_feature(enable = $features)]
            fn dot(query: &[f32], row: &[f16]) -> f32 {
                // SAFETY: the CPU has the features of this function.
                unsafe { measure::<$lanes, Dot>(query, row) }
            }

            #[target_feature(enable = $features)]
            fn l2sq(query: &[f32], row: &[f16]) -> f32 {
                // SAFETY: the CPU has the features of this function.
                unsafe { measure::<$lanes, SquaredEuclid>(query, row) }
            }

            #[target_feature(enable = $features)]
            fn l1(query: &[f32], row: &[f16]) -> f32 {
                // SAFETY: the CPU has the features of this function.
                unsafe { measure::<$lanes, Manhattan>(query, row) }
            }

            Table {
                #[cfg(test)]
                name: $name,
                dot,
                l2sq,
                l1,
            }
        };
    };
}
use kernel_table;

/// Measures a query and a row, the shorter one's length of both. Takes on the CPU features of its caller.
///
/// # Safety
/// The CPU has the instruction set.
#[inline(always)]
unsafe fn measure<S: FloatLanes, M: Measure>(query: &[f32], row: &[f16]) -> f32 {
    let len = query.len().min(row.len());
    let (query, row) = (query.as_ptr(), row.as_ptr());
    let steps = len / S::WIDTH;
    let mut at = 0usize;
    // SAFETY: all places are below the length of both; the CPU is as the caller says.
    unsafe {
        // Four, because an addition takes four times as long as it takes to begin the next.
        let mut sums = [S::zero(); 4];
        for _ in 0..steps / 4 {
            for sum in &mut sums {
                *sum = M::step::<S>(*sum, S::load(query.add(at)), S::widen(row.add(at)));
                at = at.wrapping_add(S::WIDTH);
            }
        }
        let [mut a, mut b, c, d] = sums;
        for _ in 0..steps % 4 {
            a = M::step::<S>(a, S::load(query.add(at)), S::widen(row.add(at)));
            at = at.wrapping_add(S::WIDTH);
        }
        if at < len {
            let count = len.wrapping_sub(at);
            b = M::step::<S>(b, S::load_some(query.add(at), count), S::widen_some(row.add(at), count));
        }
        S::total(S::add(S::add(a, b), S::add(c, d)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::reference;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    fn near(fast: f32, truth: f64, case: &str) {
        let room = 1e-6 * truth.abs() + 1e-4;
        assert!((f64::from(fast) - truth).abs() <= room, "{case}: {fast} for {truth}");
    }

    #[test]
    fn every_kernel_agrees_with_the_reference() {
        let mut rng = StdRng::seed_from_u64(5);
        for len in (0..=130).chain([255, 256, 257, 384, 768, 1023, 1025, 4096]) {
            for offset in [0, 1, 3, 7] {
                let query: Vec<f32> = (0..offset + len).map(|_| rng.random_range(-1.0..1.0)).collect();
                let row: Vec<f16> =
                    (0..offset + len).map(|_| f16::from_f32(rng.random_range(-1.0..1.0))).collect();
                let (query, row) = (&query[offset..], &row[offset..]);
                let wide: Vec<f32> = row.iter().map(|x| x.to_f32()).collect();
                for kernels in HalfKernels::available() {
                    let case = format!("{}, length {len}, offset {offset}", kernels.table.name);
                    near(kernels.dot(query, row), reference::dot_f32(query, &wide), &case);
                    near(kernels.l2sq(query, row), reference::l2sq_f32(query, &wide), &case);
                    near(kernels.l1(query, row), reference::l1_f32(query, &wide), &case);
                }
            }
        }
    }

    /// Each half-precision value there is, in each place of a register and of a tail.
    #[test]
    fn every_value_is_widened_exactly() {
        let all: Vec<f16> = (0..=u16::MAX).map(f16::from_bits).collect();
        for kernels in HalfKernels::available() {
            for part in all.chunks(19) {
                for place in 0..part.len() {
                    let mut unit = vec![0f32; part.len()];
                    unit[place] = 1.0;
                    if part.iter().all(|x| x.is_finite()) {
                        assert_eq!(kernels.dot(&unit, part), part[place].to_f32(), "{}", kernels.table.name);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_not_finite_stays_so() {
        for kernels in HalfKernels::available() {
            for len in [1, 16, 33] {
                let query = vec![1f32; len];
                let of = |last| [vec![f16::ONE; len - 1], vec![last]].concat();
                assert!(kernels.dot(&query, &of(f16::NAN)).is_nan());
                assert!(kernels.l2sq(&query, &of(f16::NAN)).is_nan());
                assert_eq!(kernels.l1(&query, &of(f16::NEG_INFINITY)), f32::INFINITY);
                assert_eq!(kernels.dot(&query, &of(f16::NEG_INFINITY)), f32::NEG_INFINITY);
            }
        }
    }

    #[test]
    fn the_shorter_of_two_counts() {
        let (query, row) = ([2f32; 70], [f16::ONE; 70]);
        for kernels in HalfKernels::available() {
            for (a, b) in [(0, 70), (70, 0), (40, 70), (70, 40), (17, 16)] {
                assert_eq!(kernels.dot(&query[..a], &row[..b]), 2.0 * a.min(b) as f32);
                assert_eq!(kernels.l2sq(&query[..a], &row[..b]), a.min(b) as f32);
                assert_eq!(kernels.l1(&query[..a], &row[..b]), a.min(b) as f32);
            }
        }
    }
}
