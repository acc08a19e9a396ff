//! Questions: a request and one moment's segments go in, the best points come out.
//!
//! `request.rs` says what may be asked; `matching.rs` finds which points pass a filter; `exact.rs` scores every live point, `approximate.rs` walks a segment's graph; `top_k.rs` keeps the
//! best; `explain.rs` is what it took. `text.rs` scores texts by words,
//! `hybrid.rs` joins its answer with that of a vector search. `order.rs`, `facet.rs` and `groups.rs` are
//! questions about values of payloads.

mod approximate;
mod exact;
mod explain;
mod facet;
mod groups;
mod hybrid;
mod matching;
mod order;
mod request;
mod text;
mod top_k;

pub(crate) use approximate::Approximate;
pub(crate) use exact::{ExactSearch, search_exact};
pub use explain::{Explain, Plan, SegmentExplain};
pub use facet::{FacetHit, FacetRequest, FacetValue};
pub use groups::{Group, GroupRequest};
pub(crate) use hybrid::{CANDIDATES, Fused, fuse};
pub use hybrid::{HybridAnswer, HybridPoint, Ranked};
pub(crate) use matching::{first_matching, matching};
pub use order::{Direction, OrderBy, OrderValue, OrderedRecord};
pub use request::{
    Effort, Quantization, Record, ScoredPoint, ScrollPage, ScrollRequest, SearchRequest, WithPayload,
    WithVectors,
};
pub(crate) use request::{LIMIT_MAX, check_limit};
pub use text::{TextMatching, TextRequest};
pub(crate) use text::{TextSearch, search_text};
pub(crate) use top_k::Hit;
