//! From vectors to codes: values go in, bytes that kernels can multiply come out.
//!
//! `int8.rs` makes one byte of each value, without loss where the values are bytes already. `projection.rs` first turns a vector into
//! fewer numbers that keep most of its distances, for the walk through a graph. `buffer.rs` is where codes lie in memory.
//!
//! What a code cannot tell apart is told apart later: by finer codes, then by the vectors themselves.

mod buffer;
mod int8;
mod projection;

pub(crate) use buffer::CodeBuffer;
pub(crate) use int8::{Int8, is_bytes};
pub(crate) use projection::{Projection, Trained};
