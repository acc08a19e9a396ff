//! Questions: a request and one moment's segments go in, the best points come out.
//!
//! `request.rs` says what may be asked of one vector; `matching.rs` finds which points pass a filter; `exact.rs` scores every live point, `approximate.rs` walks a segment's graph;
//! `top_k.rs` keeps the best; `explain.rs` is what it took. `text.rs` scores texts by words, `hybrid.rs` joins its answer with that of a vector search. `order.rs` and `facet.rs` are questions about values of payloads.
//!
//! `tree.rs` says what one stage of a query may do, and what stages are made of is pure: `fusion.rs` merges rankings, `diversity.rs` picks what is
//! unlike, `formula/` is the language of formulas, `scale.rs` knows which way scores go. Stages are carried out in the room `collection`, which has the view.

mod approximate;
mod diversity;
mod exact;
mod explain;
mod facet;
mod formula;
mod fusion;
mod hybrid;
mod matching;
mod order;
mod request;
mod scale;
mod text;
mod top_k;
mod tree;

pub(crate) use approximate::Approximate;
pub(crate) use diversity::most_diverse;
pub(crate) use exact::{ExactSearch, search_exact};
pub use explain::{Explain, LegExplain, Plan, SegmentExplain};
pub use facet::{FacetHit, FacetRequest, FacetValue};
pub(crate) use formula::CompiledFormula;
pub use formula::{Decay, DecayShape, Expression, Formula, Function};
pub use fusion::Fusion;
pub(crate) use fusion::sum;
pub(crate) use hybrid::{CANDIDATES, Fused, fuse};
pub use hybrid::{HybridAnswer, HybridPoint, Ranked};
pub(crate) use matching::{Matches, first_matching, matching};
pub(crate) use order::First;
pub use order::{Direction, OrderBy, OrderValue, OrderedRecord};
pub use request::{
    Effort, Quantization, Record, ScoredPoint, ScrollPage, ScrollRequest, SearchRequest, WithPayload,
    WithVectors,
};
pub(crate) use request::{LIMIT_MAX, WINDOW_MAX, check_limit, check_search, check_window};
pub use scale::LegScore;
pub(crate) use scale::Scale;
pub use text::{TextMatching, TextRequest};
pub(crate) use text::{TextSearch, search_text};
pub(crate) use top_k::Hit;
pub use tree::{ContextPair, Query, RecommendStrategy, VectorInput};
