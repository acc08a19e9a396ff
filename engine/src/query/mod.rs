//! Questions: a request and one moment's segments go in, the best points come out.
//!
//! `request.rs` says what may be asked; `exact.rs` scores every live point; `top_k.rs` keeps the best.

mod exact;
mod request;
mod top_k;

pub(crate) use exact::{ExactSearch, search_exact};
pub use request::{Record, ScoredPoint, ScrollPage, ScrollRequest, SearchRequest, WithPayload, WithVectors};
pub(crate) use top_k::Hit;
