//! Original vectors: numbers go in, rows come out, as the collection's configuration stores them (f32, f16 or u8).
//!
//! `encode.rs` turns a caller's f32 values into stored bytes and back; `mutable.rs` keeps rows in memory while they are
//! written; `mapped.rs` serves them from a sealed file. Bytes: docs/storage-format.md, section 8.2.

mod encode;
mod mapped;
mod mutable;

pub(crate) use encode::{check_values, load, row_bytes, store};
pub(crate) use mapped::{MappedVectors, write_vectors};
pub(crate) use mutable::VectorColumn;

use half::f16;

/// One stored row.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Row<'a> {
    F32(&'a [f32]),
    F16(&'a [f16]),
    U8(&'a [u8]),
}
