//! The texts of one segment by their words: a query and the statistics of the whole corpus in, the best rows and their BM25 scores out.
//!
//! There are two, with the same answers: [`Memory`] takes texts one after the other and is searched meanwhile, [`Sealed`] is made from
//! texts once and read from bytes. What one segment knows of a query ([`Stats`]) is summed over all segments, and each is then searched with
//! the sum: so a score does not depend on how rows are spread over segments. Deleted rows are left out of answers by a predicate; in
//! the statistics they stay until their segment is rewritten, as in any index of this kind.
//!
//! ```text
//! let query = Query::new(&analyzer, "text", Matching::Any);
//! let stats = segments.map(|segment| segment.stats(&query)).sum();
//! let hits  = segments.map(|segment| segment.search(&query, &stats, Bm25::default(), k, is_allowed));   // merge by score
//! ```
//!
//! Formula: Robertson and Zaragoza, The Probabilistic Relevance Framework (2009), with idf = ln(1 + (N - df + 0.5) / (df + 0.5)). The length of
//! a text is the number of its tokens, rounded to what one byte holds (exact up to 40): `score` has the table.
//!
//! Invariant: `Memory` and `Sealed` over the same rows give the same scores; `tests` holds both against a scan of everything.

mod bytes;
mod directory;
mod lists;
mod memory;
mod query;
mod score;
mod sealed;
mod search;
#[cfg(test)]
mod tests;

pub(crate) use bytes::Source;
pub(crate) use memory::Memory;
pub(crate) use query::{Matching, Query};
pub(crate) use score::{Bm25, Stats};
pub(crate) use sealed::{Sealed, build};
pub(crate) use search::Hit;
