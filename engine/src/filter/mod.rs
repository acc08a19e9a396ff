//! Filters: conditions on a point's id, vectors and payload go in; a point, or one thing that a point has, comes out as passing or not.
//!
//! `condition.rs`, `check.rs`, `geo.rs` and `number.rs` are the language as callers write it; `compile.rs` checks a filter once and turns it into a tree that
//! `evaluate.rs` asks of each point, the cheapest condition first and the payload only if a condition needs it. Values are looked at in `values.rs`.
//!
//! The seam for indexes is [`Leaf`]: a single condition. Whoever can name all points of a segment for which one holds says so through [`Indexed`], and
//! only what is left is asked point by point. Invariant: an answer from an index is the answer of the evaluation.
//!
//! The semantics are those of Qdrant's filters, which its clients are written for; where a type is strict, it is strict here too.

mod check;
mod compile;
mod condition;
mod datetime;
mod evaluate;
mod geo;
mod key;
mod number;
mod offsets;
mod siphash;
mod values;
mod words;

pub use check::{Check, Match, MatchValue, MatchValues, ValuesCount};
pub(crate) use compile::{CompiledFilter, Leaf, Schema};
pub use condition::{Condition, Filter, MinShould};
pub use datetime::{Datetime, DatetimeRange};
pub(crate) use evaluate::{Indexed, Subject};
pub use geo::{GeoBoundingBox, GeoPoint, GeoPolygon, GeoRadius};
pub(crate) use key::{FieldValues, Keyed, Keys};
pub(crate) use number::integer_of;
pub use number::{Number, Range};
pub(crate) use offsets::OffsetSet;
pub(crate) use values::Test;
pub(crate) use words::text_at;
