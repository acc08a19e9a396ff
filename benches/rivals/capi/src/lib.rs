//! Nigh behind a C ABI, for harnesses in other languages: files of vectors are theirs to read, the measuring is theirs to do.
//!
//! `abi.rs` is what C sees: pointers go in, codes come out, and no panic crosses. `subject.rs` is what is measured, in safe Rust; the
//! program `rivals` measures the same.

pub mod abi;
mod subject;

pub use subject::{GraphParams, Subject};
