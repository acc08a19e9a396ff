//! Distance kernels: two rows of equal length go in, one number comes out. They know slices, not segments or metrics' signs.
//!
//! `reference.rs` is the plain truth in f64 or exact integers; the others are what runs, and are compared with it:
//! `int8.rs` over bytes, `half_precision.rs` over f16 rows, `simd.rs` over floats and as the door to all that take two rows.

pub(crate) mod bits;
mod half_precision;
pub(crate) mod int8;
pub(crate) mod matrix;
pub(crate) mod ordered;
mod reference;
pub(crate) mod simd;
