//! Units of storage and search: points go in, rows, payloads and ids come out by offset.
//!
//! A [`Mutable`] segment is in memory and grows; `builder.rs` turns it, or several sealed ones, into a [`Sealed`] segment:
//! mapped files that never change. Which points of a segment are dead is not part of it: a [`SegmentView`] pairs a segment
//! with the [`Tombstones`] of one moment; `matching.rs` shows it to filters.

mod builder;
mod id_map;
mod index;
mod matching;
mod mutable;
mod sealed;
mod tombstones;
mod view;

pub(crate) use builder::{Built, Indexing, build, read_tombstones, write_tombstones};
pub(crate) use index::{
    Found, IndexScratch, IndexView, MappedIndex, SearchHow, index_bytes_a_point, is_indexable,
};
pub(crate) use matching::PointAt;
pub(crate) use mutable::Mutable;
pub(crate) use sealed::{Sealed, SegmentPlace};
pub(crate) use tombstones::Tombstones;
pub(crate) use view::{Segment, SegmentView};
