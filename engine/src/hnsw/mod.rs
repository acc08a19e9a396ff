//! The graph: codes of vectors go in, rows of links come out; a query goes in, the nearest nodes come out.
//!
//! Hierarchical navigable small world graphs (arXiv 1603.09320) with the pruning rule of Vamana (NeurIPS 2019, "DiskANN") and the
//! deterministic batches of ParlayANN (PPoPP 2024, arXiv 2305.04359). `graph.rs` is the shape; `build.rs` makes it, with `prune.rs`,
//! `repair.rs` and `order.rs`; `search.rs` walks it with `beam.rs` and `visited.rs`; `calibrate.rs` measures what a walk finds.
//!
//! A node is the number of a row of codes. The room knows no points, files or metrics: distances come through [`Distances`].
//!
//! Invariant: every link is below the number of nodes; checked once, when a file opens. Threads: graphs are read-only once built; a walk has
//! its own [`Scratch`].
#![expect(
    clippy::indexing_slicing,
    reason = "nodes and links are checked when a graph is opened or made; an index out of range is a bug"
)]

mod beam;
mod build;
mod calibrate;
mod graph;
mod order;
mod prune;
mod repair;
mod search;
mod space;
mod visited;

pub(crate) use beam::{NODES_MAX, id_of, key_of};
pub(crate) use build::{BuildParams, Seeded, SeededRow, build, row_len_of};
pub(crate) use calibrate::{CURVE_K, CurvePoint, Finding, REFINES, measure_curve, pick};
pub(crate) use graph::{Graph, Layer, Tower, Upper};
pub(crate) use order::{breadth_first, renumber};
pub(crate) use search::{Counts, Distances, Scratch, Stop, Walk, descend, walk, walk_among};
pub(crate) use space::{CodeDistances, Space, bias_of, prefetch_for};
