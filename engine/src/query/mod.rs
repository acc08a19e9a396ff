//! Questions: a request and one moment's segments go in, the best points come out.
//!
//! `request.rs` says what may be asked; `matching.rs` finds which points pass a filter; `exact.rs` scores every live point, `approximate.rs` walks a segment's graph; `top_k.rs` keeps the
//! best; `explain.rs` is what it took.

mod approximate;
mod exact;
mod explain;
mod matching;
mod request;
mod top_k;

pub(crate) use approximate::Approximate;
pub(crate) use exact::{ExactSearch, search_exact};
pub use explain::{Explain, Plan, SegmentExplain};
pub(crate) use matching::{first_matching, matching};
pub use request::{
    Effort, Quantization, Record, ScoredPoint, ScrollPage, ScrollRequest, SearchRequest, WithPayload,
    WithVectors,
};
pub(crate) use top_k::Hit;
