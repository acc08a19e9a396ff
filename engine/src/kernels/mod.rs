//! Distance kernels: two rows of equal length go in, one number comes out. They know slices, not segments or metrics' signs.
//!
//! `reference.rs` is the plain truth in f64 or exact integers; `simd.rs` is what runs, and is compared with it.

mod reference;
pub(crate) mod simd;
