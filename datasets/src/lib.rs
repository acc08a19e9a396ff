//! Vector sets for tests and benches: files or a seed go in, rows, exact neighbours and recall come out.
//!
//! | question | room |
//! |---|---|
//! | what is a set of vectors? | [`VectorSet`], [`Values`], [`Row`] |
//! | here is a file, give me the vectors | [`open`], or [`read`] for bytes that are no file |
//! | here is a file with queries and neighbours, give me all of it | [`read_ann_benchmark`] |
//! | give me a million vectors that are always the same | [`Clustered`], [`ClusteredRows`] |
//! | which are the true nearest rows? | [`ground_truth`], or [`GroundTruth::from_ids`] from a published list |
//! | how good were these answers? | [`true_distances`], then [`recall()`] |
//!
//! Nothing here imports the rest of the workspace, so that every other crate may test itself against it.
//! All of it is deterministic: no clock, no entropy, no arithmetic that differs between machines.
//!
//! ```
//! use nigh_datasets::{Clustered, GroundTruthMetric, Length, ground_truth, recall, true_distances};
//!
//! let spec = Clustered { seed: 7, dim: 8, clusters: 4, spread: 0.3, length: Length::Unit };
//! let (base, queries) = (spec.base(200), spec.queries(5));
//! let threads = std::thread::available_parallelism()?;
//! let truth = ground_truth(&base, &queries, 10, GroundTruthMetric::Cosine, threads, |_done| {})?;
//!
//! // An index would answer here; the truth itself scores 1.
//! let distances = true_distances(&base, &queries, GroundTruthMetric::Cosine, &truth.ids)?;
//! assert_eq!(recall(&truth, &distances, 10)?, 1.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod generate;
mod read;
mod truth;
mod vector_set;

pub use generate::{Clustered, ClusteredRows, Length};
pub use read::{AnnBenchmark, DatasetProblem, Place, Problem, ReadError, open, read, read_ann_benchmark};
pub use truth::{
    GroundTruth, GroundTruthMetric, TIE_EPSILON, TruthError, ground_truth, recall, true_distances,
};
pub use vector_set::{Row, ShapeError, Values, VectorSet};
