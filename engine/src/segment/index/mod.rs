//! The index of one vector of a segment: codes of its rows and a graph over them. A query goes in, the nearest rows come out.
//!
//! `view.rs` is an index as it is searched, wherever its parts lie; `mapped.rs` serves one from a sealed segment's files; `build.rs` makes one of
//! rows, `files.rs` writes it. Rows are those of the vectors file: points without the vector have none.
//!
//! A search walks the graph on the codes that are cheapest (projected ones where they are good enough), then looks at the best
//! candidates again with all codes. Whoever asked scores the few that are left by the vectors themselves.

mod build;
mod files;
mod mapped;
mod view;

pub(crate) use build::{BuiltIndex, IndexJob, build_index, index_bytes_a_point, is_indexable};
pub(crate) use files::write_index;
pub(crate) use mapped::MappedIndex;
pub(crate) use view::{Found, IndexScratch, IndexView, SearchHow};
