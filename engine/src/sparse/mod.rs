//! Sparse vectors, exactly: a query's indices and weights go in, the rows with the largest dot product come out.
//!
//! `mutable.rs` holds rows in memory while their segment is written, `rows.rs` serves them from a sealed file, `build.rs` makes the
//! inverted lists of a file, `lists.rs` maps them, and `search.rs` walks them. `bm25.rs` makes sparse vectors of tokens.
//!
//! A score is the dot product over shared indices: products and sum in f64, in ascending order of the indices, rounded to f32 once. A row that
//! shares no index is never returned; one that shares an index is, also if its score is zero or less. What is scored is the weight as the
//! lists store it (f32, f16, u8); rows are kept as given.
//! Invariant: pruning changes neither the rows nor a bit of their scores. Bytes: docs/storage-format.md, sections 8.9 and 8.10.

mod best;
mod bm25;
mod build;
mod cursor;
mod index;
mod lists;
mod mutable;
mod query;
mod rows;
mod search;

pub use bm25::{bm25_document, bm25_query};
pub use index::{SparseHits, SparseIndex, SparseModifier, SparseRequest};
pub use query::idf;
pub use search::SparseTouched;

use half::f16;

/// A weight as f16 stores it, the largest finite one if it is beyond that.
fn round_to_f16(weight: f32) -> f16 {
    let most = f16::MAX.to_f32();
    f16::from_f32(weight.clamp(-most, most))
}
