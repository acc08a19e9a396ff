//! The loops over rows and a query, written once over `Lanes` and compiled for each instruction set.
//!
//! A row is read in steps of `Lanes::WIDTH` bytes; what is left over is one more step whose other bytes are zero, which
//! adds nothing to any sum. Four rows go side by side: each part of the query is loaded once for the four, their sums
//! are independent of each other, and the four registers of partial sums are folded into four numbers together.
//!
//! All of it is `inline(always)`, so that it takes on the CPU features of the function that calls it (`kernel_table!`).
//! For the same reason no instruction is behind a closure, which would be a function of its own.
#![expect(unsafe_code, reason = "vector loads are through pointers, and each instruction set needs its CPU")]

use super::{NO_ROW, Prefetch, Rows};

/// One instruction set: registers of bytes and of 32-bit sums.
///
/// # Safety
/// Every method may be called only on a CPU that has the instruction set.
pub(super) trait Lanes {
    /// `WIDTH` bytes, signed or not.
    type Bytes: Copy;
    /// Partial sums of 32 bits, whose total is the answer.
    type Sums: Copy;
    /// Partial sums of products of unsigned bytes.
    type Products: Copy;
    /// Bytes in one step.
    const WIDTH: usize;
    /// Whether `dot` takes the row's bytes less 128, so that its totals lack 128 times the sum of the query.
    const SHIFTED: bool;

    /// Sums of nothing.
    unsafe fn zero() -> Self::Sums;
    /// `WIDTH` bytes.
    ///
    /// # Safety
    /// They can be read.
    unsafe fn load(bytes: *const u8) -> Self::Bytes;
    /// The last `len % WIDTH` of `len` bytes, the other places zero. The same places for the same `len`.
    ///
    /// # Safety
    /// All `len` can be read, and `len` is no multiple of `WIDTH`.
    unsafe fn load_tail(bytes: *const u8, len: usize) -> Self::Bytes;
    /// Adds the products of unsigned and signed bytes; of signed and signed ones where `SHIFTED`.
    unsafe fn dot(sums: Self::Sums, row: Self::Bytes, query: Self::Bytes) -> Self::Sums;
    /// Sums of both.
    unsafe fn add(a: Self::Sums, b: Self::Sums) -> Self::Sums;
    /// All sums of a register together.
    unsafe fn total(sums: Self::Sums) -> i32;
    /// The totals of four.
    unsafe fn totals(sums: [Self::Sums; 4]) -> [i32; 4];

    /// Products of nothing.
    unsafe fn no_products() -> Self::Products;
    /// Adds the products of unsigned bytes.
    unsafe fn products(sums: Self::Products, a: Self::Bytes, b: Self::Bytes) -> Self::Products;
    /// All of both together, of not more than `BLOCK` bytes.
    unsafe fn products_total(a: Self::Products, b: Self::Products) -> u64;
    /// How far apart two unsigned bytes are.
    unsafe fn distance(a: Self::Bytes, b: Self::Bytes) -> Self::Bytes;
    /// Adds unsigned bytes.
    unsafe fn sum(sums: Self::Sums, a: Self::Bytes) -> Self::Sums;
}

/// Bytes whose products sum up to less than 2^32: 65,536 times 255 squared.
pub(super) const BLOCK: usize = 65_536;

/// The functions of one instruction set and the CPU features they are compiled for.
macro_rules! kernel_table {
    ($table:ident, $lanes:ty, $name:literal, $features:literal) => {
        static $table: $crate::kernels::int8::Table = {
            use $crate::kernels::int8::measure::{Manhattan, Products, SquaredEuclid, measure, sums};
            use $crate::kernels::int8::{Prefetch, Rows, Table, driver};

            #[cfg(test)]
            #[target_feature(enable = $features)]
            fn dot(row: &[u8], query: &[i8]) -> i32 {
                // SAFETY: the CPU has the features of this function.
                unsafe { driver::dot::<$lanes>(row, query) }
            }

            #[target_feature(enable = $features)]
            fn dot_rows(rows: Rows<'_>, ids: &[u32], query: &[i8], prefetch: Prefetch, out: &mut [i32]) {
                #[inline(never)]
                #[target_feature(enable = $features)]
                fn of<const LEN: usize>(
                    rows: Rows<'_>,
                    ids: &[u32],
                    query: &[i8],
                    prefetch: Prefetch,
                    out: &mut [i32],
                ) {
                    // SAFETY: the CPU has the features of this function, and the query is `LEN` long, below.
                    unsafe { driver::dot_rows::<$lanes, LEN>(rows, ids, query, prefetch, out) }
                }
                let query = query.get(..rows.stride).unwrap_or(query);
                driver::by_length!(query.len(), of(rows, ids, query, prefetch, out))
            }

            #[target_feature(enable = $features)]
            fn dot_run(rows: Rows<'_>, start: u32, query: &[i8], out: &mut [i32]) {
                #[inline(never)]
                #[target_feature(enable = $features)]
                fn of<const LEN: usize>(rows: Rows<'_>, start: u32, query: &[i8], out: &mut [i32]) {
                    // SAFETY: the CPU has the features of this function, and the query is `LEN` long, below.
                    unsafe { driver::dot_run::<$lanes, LEN>(rows, start, query, out) }
                }
                let query = query.get(..rows.stride).unwrap_or(query);
                driver::by_length!(query.len(), of(rows, start, query, out))
            }

            #[target_feature(enable = $features)]
            fn dot_u8(a: &[u8], b: &[u8]) -> u64 {
                // SAFETY: the CPU has the features of this function.
                unsafe { measure::<$lanes, Products>(a, b) }
            }

            #[target_feature(enable = $features)]
            fn l2sq_u8(a: &[u8], b: &[u8]) -> u64 {
                // SAFETY: the CPU has the features of this function.
                unsafe { measure::<$lanes, SquaredEuclid>(a, b) }
            }

            #[target_feature(enable = $features)]
            fn l1_u8(a: &[u8], b: &[u8]) -> u64 {
                // SAFETY: the CPU has the features of this function.
                unsafe { measure::<$lanes, Manhattan>(a, b) }
            }

            #[target_feature(enable = $features)]
            fn sums_u8(row: &[u8]) -> (u32, u64) {
                // SAFETY: the CPU has the features of this function.
                unsafe { sums::<$lanes>(row) }
            }

            Table {
                name: $name,
                #[cfg(test)]
                dot,
                dot_rows,
                dot_run,
                dot_u8,
                l2sq_u8,
                l1_u8,
                sums_u8,
            }
        };
    };
}
pub(super) use kernel_table;

/// Calls a function compiled for just this length of query, where embeddings often have it, or else the one for all.
///
/// A length known to the compiler saves 5 to 30 % on rows in the cache, the more the shorter they are. Each has a
/// function of its own (`inline(never)`): as parts of one they spilled registers, which cost more than that.
macro_rules! by_length {
    ($len:expr, $function:ident $arguments:tt) => {
        match $len {
            64 => $function::<64> $arguments,
            128 => $function::<128> $arguments,
            192 => $function::<192> $arguments,
            256 => $function::<256> $arguments,
            384 => $function::<384> $arguments,
            512 => $function::<512> $arguments,
            768 => $function::<768> $arguments,
            832 => $function::<832> $arguments,
            1024 => $function::<1024> $arguments,
            1536 => $function::<1536> $arguments,
            _ => $function::<0> $arguments,
        }
    };
}
pub(super) use by_length;

/// A query, and what its totals lack. `LEN` is its length, or 0 where only the slice knows.
#[derive(Clone, Copy)]
struct Query<'a, const LEN: usize> {
    values: &'a [i8],
    lacking: i32,
}

impl<'a, const LEN: usize> Query<'a, LEN> {
    #[inline(always)]
    fn new<S: Lanes>(values: &'a [i8]) -> Self {
        let sum = |values: &[i8]| values.iter().fold(0i32, |sum, value| sum.wrapping_add(i32::from(*value)));
        Self { values, lacking: if S::SHIFTED { sum(values).wrapping_mul(128) } else { 0 } }
    }

    #[inline(always)]
    fn len(self) -> usize {
        if LEN == 0 { self.values.len() } else { LEN }
    }

    #[inline(always)]
    fn bytes(self) -> *const u8 {
        self.values.as_ptr().cast()
    }
}

/// Sum of products of a row and a query.
///
/// # Safety
/// The CPU has the instruction set.
#[cfg(test)]
#[inline(always)]
pub(super) unsafe fn dot<S: Lanes>(row: &[u8], query: &[i8]) -> i32 {
    let query = Query::<0>::new::<S>(query.get(..row.len()).unwrap_or(query));
    // SAFETY: the row is at least as long as the query, which was cut; the CPU is as the caller says.
    unsafe { one::<S, 0>(row.as_ptr(), query) }
}

/// See `Int8Kernels::dot_rows`.
///
/// # Safety
/// The CPU has the instruction set. The query is as long as `LEN` says and no longer than the stride.
#[inline(always)]
pub(super) unsafe fn dot_rows<S: Lanes, const LEN: usize>(
    rows: Rows<'_>,
    ids: &[u32],
    query: &[i8],
    prefetch: Prefetch,
    out: &mut [i32],
) {
    let query = Query::<LEN>::new::<S>(query);
    let count = ids.len().min(out.len());
    let (Some(ids), Some(out)) = (ids.get(..count), out.get_mut(..count)) else { return };
    let Prefetch { ahead, lines } = prefetch;
    let (soon, later) = ids.split_at_checked(ahead as usize).unwrap_or((ids, &[]));
    let mut later = later.iter();
    if lines > 0 {
        soon.iter().for_each(|id| prefetch_row(rows, *id, lines));
    }
    let ((fours, rest), (out_fours, out_rest)) = (ids.as_chunks::<4>(), out.as_chunks_mut::<4>());
    for (ids, out) in fours.iter().zip(out_fours) {
        if lines > 0 {
            later.by_ref().take(4).for_each(|id| prefetch_row(rows, *id, lines));
        }
        // SAFETY: the CPU and the query are as the caller says.
        *out = unsafe { together::<S, LEN, 4>(rows, *ids, query) };
    }
    // SAFETY: the CPU and the query are as the caller says.
    unsafe {
        match (rest, out_rest) {
            ([a], [x]) => *x = single::<S, LEN>(rows, *a, query),
            ([a, b], [x, y]) => [*x, *y, _, _] = together::<S, LEN, 2>(rows, [*a, *b], query),
            ([a, b, c], [x, y, z]) => [*x, *y, *z, _] = together::<S, LEN, 3>(rows, [*a, *b, *c], query),
            _ => {}
        }
    }
}

/// See `Int8Kernels::dot_run`.
///
/// # Safety
/// The CPU has the instruction set. The query is as long as `LEN` says and no longer than the stride.
#[inline(always)]
pub(super) unsafe fn dot_run<S: Lanes, const LEN: usize>(
    rows: Rows<'_>,
    start: u32,
    query: &[i8],
    out: &mut [i32],
) {
    let query = Query::<LEN>::new::<S>(query);
    let mut id = start;
    let (fours, rest) = out.as_chunks_mut::<4>();
    for out in fours {
        let ids = [id, id.saturating_add(1), id.saturating_add(2), id.saturating_add(3)];
        // SAFETY: the CPU and the query are as the caller says.
        *out = unsafe { together::<S, LEN, 4>(rows, ids, query) };
        id = id.saturating_add(4);
    }
    for out in rest {
        // SAFETY: the CPU and the query are as the caller says.
        *out = unsafe { single::<S, LEN>(rows, id, query) };
        id = id.saturating_add(1);
    }
}

/// Up to four rows side by side, each of which may be missing; answers past `ROWS` mean nothing.
///
/// # Safety
/// The CPU has the instruction set. The query is as long as `LEN` says and no longer than the stride.
#[inline(always)]
unsafe fn together<S: Lanes, const LEN: usize, const ROWS: usize>(
    rows: Rows<'_>,
    ids: [u32; ROWS],
    query: Query<'_, LEN>,
) -> [i32; 4] {
    let mut starts = [rows.bytes.as_ptr(); ROWS];
    for (start, id) in starts.iter_mut().zip(ids) {
        match rows.start(id) {
            // SAFETY: a row that is there begins within `bytes`.
            Some(at) => *start = unsafe { start.add(at) },
            // SAFETY: the CPU and the query are as the caller says.
            None => return unsafe { alone::<S, LEN, ROWS>(rows, ids, query) },
        }
    }
    let (bytes, len) = (query.bytes(), query.len());
    // SAFETY: all places are below the length of the query, and a row has `stride` bytes, which are not fewer.
    unsafe {
        let mut sums = [S::zero(); 4];
        let mut at = 0;
        for _ in 0..len / S::WIDTH {
            let part = S::load(bytes.add(at));
            for (sum, start) in sums.iter_mut().zip(starts) {
                *sum = S::dot(*sum, S::load(start.add(at)), part);
            }
            at = at.wrapping_add(S::WIDTH);
        }
        if at < len {
            let part = S::load_tail(bytes, len);
            for (sum, start) in sums.iter_mut().zip(starts) {
                *sum = S::dot(*sum, S::load_tail(start, len), part);
            }
        }
        S::totals(sums).map(|total| total.wrapping_add(query.lacking))
    }
}

/// As `together`, one after the other.
///
/// # Safety
/// As of `together`.
#[inline(always)]
unsafe fn alone<S: Lanes, const LEN: usize, const ROWS: usize>(
    rows: Rows<'_>,
    ids: [u32; ROWS],
    query: Query<'_, LEN>,
) -> [i32; 4] {
    let mut dots = [NO_ROW; 4];
    for (dot, id) in dots.iter_mut().zip(ids) {
        // SAFETY: the CPU and the query are as the caller says.
        *dot = unsafe { single::<S, LEN>(rows, id, query) };
    }
    dots
}

/// One row, which may be missing.
///
/// # Safety
/// The CPU has the instruction set, and the query is not longer than the stride.
#[inline(always)]
unsafe fn single<S: Lanes, const LEN: usize>(rows: Rows<'_>, id: u32, query: Query<'_, LEN>) -> i32 {
    let Some(at) = rows.start(id) else { return NO_ROW };
    // SAFETY: a row found has `stride` bytes from its start on, and the query is not longer.
    unsafe { one::<S, LEN>(rows.bytes.as_ptr().add(at), query) }
}

/// One row that is there, with four sums, so that steps need not wait for each other.
///
/// # Safety
/// The CPU has the instruction set, and the row has as many bytes as the query.
#[inline(always)]
unsafe fn one<S: Lanes, const LEN: usize>(row: *const u8, query: Query<'_, LEN>) -> i32 {
    let (bytes, len) = (query.bytes(), query.len());
    let steps = len / S::WIDTH;
    // SAFETY: all places are below the length of the query and of the row.
    unsafe {
        let mut sums = [S::zero(); 4];
        let mut at = 0;
        for _ in 0..steps / 4 {
            for sum in &mut sums {
                *sum = S::dot(*sum, S::load(row.add(at)), S::load(bytes.add(at)));
                at = at.wrapping_add(S::WIDTH);
            }
        }
        let [mut a, mut b, c, d] = sums;
        for step in 0..steps % 4 {
            let sum = if step % 2 == 0 { &mut a } else { &mut b };
            *sum = S::dot(*sum, S::load(row.add(at)), S::load(bytes.add(at)));
            at = at.wrapping_add(S::WIDTH);
        }
        if at < len {
            b = S::dot(b, S::load_tail(row, len), S::load_tail(bytes, len));
        }
        S::total(S::add(S::add(a, b), S::add(c, d))).wrapping_add(query.lacking)
    }
}

/// Asks the cache for the first lines of a row.
#[inline(always)]
pub(super) fn prefetch_row(rows: Rows<'_>, id: u32, lines: u32) {
    let Some(at) = rows.start(id) else { return };
    let lines = (lines as usize).min(rows.stride.div_ceil(LINE));
    let mut line = rows.bytes.as_ptr().wrapping_add(at);
    for _ in 0..lines {
        prefetch(line);
        line = line.wrapping_add(LINE);
    }
}

/// Bytes of a cache line; where lines are longer, some are asked for twice.
const LINE: usize = 64;

#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn prefetch(line: *const u8) {
    use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
    // SAFETY: every x86_64 CPU has SSE, and a prefetch of any address is harmless.
    unsafe { _mm_prefetch::<_MM_HINT_T0>(line.cast()) }
}

#[cfg(target_arch = "aarch64")]
#[inline(always)]
fn prefetch(line: *const u8) {
    // SAFETY: a prefetch of any address is harmless.
    unsafe {
        std::arch::asm!("prfm pldl1keep, [{line}]", line = in(reg) line, options(nostack, preserves_flags, readonly));
    }
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
#[inline(always)]
fn prefetch(_: *const u8) {}
