//! Seeded generators: a seed and a shape go in, the same vectors come out on every machine.
//!
//! A draw uses integers and the five IEEE operations that every machine rounds alike (`+ - * / sqrt`),
//! never the machine's `ln` or `cos`. The bits of the underlying generator are those of `rand`'s `StdRng`;
//! a release of `rand` may change them, and `tests/generator_is_deterministic.rs` would then say so.

mod clustered;
mod normal;

pub use clustered::{Clustered, ClusteredRows, Length};
