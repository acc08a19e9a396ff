//! Kernels over bytes: rows of unsigned codes against a query of signed ones, and bytes against bytes. Exact integers.
//!
//! A row holds codes of 0..=255. A query holds its codes less 128, as i8: then one multiply-add instruction serves 64
//! codes (`vpdpbusd`), and what the shift cost is a constant of the row or of the query, which the caller keeps.
//!
//! `driver.rs` and `measure.rs` hold the loops, written once over a small trait (`Lanes`); each instruction set
//! (`avx512.rs`, `avx_vnni.rs`, `avx2.rs`, `neon.rs`) only says how to load, multiply and add. `scalar.rs` is for all
//! other CPUs.
//!
//! Invariant: an [`Int8Kernels`] exists only where the CPU has its instructions, so its methods are safe. They check
//! each row's number, so that no id reads outside of the codes.
//! Threads: plain functions over shared slices; any thread may call them.
#![expect(
    unsafe_code,
    reason = "a kernel is called through a pointer to a function that needs its CPU feature"
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod driver;
mod measure;
#[cfg(target_arch = "aarch64")]
mod neon;
mod scalar;
#[cfg(test)]
mod tests;

/// The fastest set of int8 kernels that this CPU can run; owning one proves that it can.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Int8Kernels {
    table: &'static Table,
}

/// The functions of one instruction set. Safe to call on a CPU that has it.
#[derive(Debug)]
struct Table {
    name: &'static str,
    #[cfg(test)]
    dot: unsafe fn(&[u8], &[i8]) -> i32,
    dot_rows: unsafe fn(Rows<'_>, &[u32], &[i8], Prefetch, &mut [i32]),
    dot_run: unsafe fn(Rows<'_>, u32, &[i8], &mut [i32]),
    dot_u8: unsafe fn(&[u8], &[u8]) -> u64,
    l2sq_u8: unsafe fn(&[u8], &[u8]) -> u64,
    l1_u8: unsafe fn(&[u8], &[u8]) -> u64,
    sums_u8: unsafe fn(&[u8]) -> (u32, u64),
}

/// What an id that is no row scores.
const NO_ROW: i32 = i32::MIN;

impl Int8Kernels {
    /// The fastest that this CPU runs. Ask once and keep it: it looks at the CPU's features.
    pub(crate) fn detect() -> Self {
        Self::detected().next().unwrap_or(Self { table: &scalar::TABLE })
    }

    /// All that this CPU runs, the fastest first, the scalar ones last.
    #[cfg(test)]
    pub(crate) fn available() -> Vec<Self> {
        Self::detected().chain([Self { table: &scalar::TABLE }]).collect()
    }

    #[cfg(target_arch = "x86_64")]
    fn detected() -> impl Iterator<Item = Self> {
        let tables = [
            avx512::table(),
            #[cfg(test)]
            avx_vnni::by_avx512vl::table(),
            avx_vnni::table(),
            avx2::table(),
        ];
        tables.into_iter().flatten().map(|table| Self { table })
    }

    #[cfg(target_arch = "aarch64")]
    fn detected() -> impl Iterator<Item = Self> {
        [neon::dotprod_table(), neon::table()].into_iter().flatten().map(|table| Self { table })
    }

    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    fn detected() -> impl Iterator<Item = Self> {
        std::iter::empty()
    }

    /// The instruction set, as a word for logs and benches.
    pub(crate) fn name(self) -> &'static str {
        self.table.name
    }

    /// Sum of products of codes and query; the shorter one's length counts. Does not wrap up to 65,536 codes.
    #[cfg(test)]
    pub(crate) fn dot(self, row: &[u8], query: &[i8]) -> i32 {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.dot)(row, query) }
    }

    /// `out[j]` = `dot` of the row `ids[j]` and the query, of which no more than the stride counts. An id that is no
    /// row gives `i32::MIN`. The shorter of `ids` and `out` counts.
    ///
    /// Rows are read four at a time, so that their cache misses overlap even without a prefetch.
    #[inline]
    pub(crate) fn dot_rows(
        self,
        rows: Rows<'_>,
        ids: &[u32],
        query: &[i8],
        prefetch: Prefetch,
        out: &mut [i32],
    ) {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.dot_rows)(rows, ids, query, prefetch, out) }
    }

    /// `out[j]` = `dot` of the row `start + j` and the query: rows in a run, for scans. Rows past the end give
    /// `i32::MIN`.
    #[inline]
    pub(crate) fn dot_run(self, rows: Rows<'_>, start: u32, query: &[i8], out: &mut [i32]) {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.dot_run)(rows, start, query, out) }
    }

    /// Sum of products of bytes.
    #[inline]
    pub(crate) fn dot_u8(self, a: &[u8], b: &[u8]) -> u64 {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.dot_u8)(a, b) }
    }

    /// Squared Euclidean distance of bytes.
    #[inline]
    pub(crate) fn l2sq_u8(self, a: &[u8], b: &[u8]) -> u64 {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.l2sq_u8)(a, b) }
    }

    /// Manhattan distance of bytes.
    #[inline]
    pub(crate) fn l1_u8(self, a: &[u8], b: &[u8]) -> u64 {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.l1_u8)(a, b) }
    }

    /// The sum of a row's codes (of up to 2^24 codes) and the sum of their squares.
    #[inline]
    pub(crate) fn sums_u8(self, row: &[u8]) -> (u32, u64) {
        // SAFETY: the table was handed out because this CPU has its instructions.
        unsafe { (self.table.sums_u8)(row) }
    }
}

/// Codes with a fixed stride, row after row. Bytes after the last whole row belong to no row.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rows<'a> {
    bytes: &'a [u8],
    stride: usize,
    /// Whole rows in `bytes` that ids can name, `u32::MAX` excluded; none where the stride is 0.
    len: usize,
}

impl<'a> Rows<'a> {
    /// The rows of `stride` bytes in `bytes`.
    pub(crate) fn new(bytes: &'a [u8], stride: usize) -> Self {
        let len = bytes.len().checked_div(stride).unwrap_or(0).min(u32::MAX as usize);
        Self { bytes, stride, len }
    }

    /// How many rows there are.
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// Bytes of a row.
    pub(crate) fn stride(self) -> usize {
        self.stride
    }

    /// One row.
    #[inline]
    pub(crate) fn row(self, id: u32) -> Option<&'a [u8]> {
        let at = self.start(id)?;
        self.bytes.get(at..)?.get(..self.stride)
    }

    /// Where a row begins. That and `stride` more bytes are within `bytes`.
    #[inline(always)]
    fn start(self, id: u32) -> Option<usize> {
        let id = id as usize;
        (id < self.len).then(|| id.wrapping_mul(self.stride))
    }
}

/// How rows are asked for before they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Prefetch {
    /// So many rows ahead of the first of the four being scored.
    pub(crate) ahead: u32,
    /// The first so many cache lines of each; 0 asks for nothing.
    pub(crate) lines: u32,
}

/// Asks the cache for a row of links, up to two lines of it: a walk reads the first ones at least.
#[inline]
pub(crate) fn prefetch_words(words: &[u32]) {
    let bytes: &[u8] = bytemuck::cast_slice(words);
    driver::prefetch_row(Rows::new(bytes, bytes.len()), 0, 2);
}
