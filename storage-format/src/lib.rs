//! Nigh's storage format: bytes in, types out.
//!
//! Here is every layout that touches the disk, and nothing else: this crate opens no file and starts no thread. The
//! page it is built from is `docs/storage-format.md`; `tests/spec.rs` compares the two.
//!
//! Where to look: [`layout`] spells names; [`header`] and [`block`] frame every file but the log; [`catalog`],
//! [`manifest`] and [`segment_meta`] are small records; [`wal_record`] frames the log and says where it ends;
//! [`operation`] is what a log record says; [`vectors`], [`codes`], [`reduced`], [`graph`], [`sparse`], [`postings`],
//! [`payloads`], [`id_map`] and [`tombstones`] compute where the sections of a segment's files are.
//!
//! Invariant: no input makes this crate panic or allocate more than a small multiple of the input's length.
//! Invariant: what a `decode` accepted has been checked against itself; nothing downstream checks it again.
#![cfg_attr(
    not(test),
    deny(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)
)]

pub mod block;
pub mod catalog;
pub mod checksum;
pub mod codes;
pub mod error;
pub mod field;
pub mod graph;
pub mod header;
pub mod id_map;
pub mod layout;
pub mod manifest;
pub mod operation;
pub mod payload_index;
pub mod payloads;
pub mod postings;
pub mod reduced;
pub mod segment_meta;
pub mod sparse;
pub mod text_index;
pub mod tombstones;
pub mod vectors;
pub mod version;
pub mod wal_record;

mod archive;
mod bitmap;
mod packed;
mod section;
mod vector_params;
mod wal_scan;

pub use error::{FormatError, FormatErrorKind};
