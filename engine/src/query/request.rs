//! What may be asked, and what comes back.

use super::order::OrderValue;
use super::scale::LegScore;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::ids::SeqNo;
use crate::point::{DEFAULT_VECTOR, Payload, PayloadPath, PointId};
use crate::threads::CancelToken;
use std::collections::BTreeMap;
use std::time::Duration;

/// Largest `limit` of a request.
pub(crate) const LIMIT_MAX: usize = 10_000;
/// Largest `offset + limit` of a search.
pub(crate) const WINDOW_MAX: usize = 100_000;

/// Which payload comes with each point.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WithPayload {
    /// None.
    #[default]
    No,
    /// All of it.
    All,
    /// Only what is at these paths, with the objects and arrays around it.
    Include(Vec<PayloadPath>),
    /// All but what is at these paths.
    Exclude(Vec<PayloadPath>),
}

impl WithPayload {
    /// Only what is at these paths.
    ///
    /// # Errors
    /// `Invalid` for a text that is no path.
    pub fn include(paths: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        paths.into_iter().map(|path| path.as_ref().parse()).collect::<Result<_>>().map(WithPayload::Include)
    }

    /// All but what is at these paths.
    ///
    /// # Errors
    /// `Invalid` for a text that is no path.
    pub fn exclude(paths: impl IntoIterator<Item = impl AsRef<str>>) -> Result<Self> {
        paths.into_iter().map(|path| path.as_ref().parse()).collect::<Result<_>>().map(WithPayload::Exclude)
    }
}

/// Which vectors come with each point.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum WithVectors {
    /// None.
    #[default]
    No,
    /// All that the point has.
    All,
    /// Those of these that the point has.
    Names(Vec<String>),
}

/// How far an approximate search looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Effort {
    /// Keeps so many candidates on the way (`ef_search` of HNSW); at least `offset + limit`, and at least as many as are rescored.
    Ef(usize),
    /// As far as finds this share of the true nearest, 0..1, by what each segment's graph was measured to find when it was built, with
    /// vectors of the segment as queries. Queries of another kind than the points may find much less: see
    /// [`Options::audit_every`](crate::Options::audit_every).
    Recall(f32),
}

impl Default for Effort {
    /// 128 candidates.
    fn default() -> Self {
        Self::Ef(128)
    }
}

/// How int8 codes are used by a search. Codes of whole numbers of 0..=255 are exact: then none of this matters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantization {
    /// Walks on the vectors themselves: slow, and no better than rescoring.
    pub ignore: bool,
    /// Scores the candidates by the vectors themselves before the best are taken.
    pub rescore: bool,
    /// So many candidates for each point asked for are rescored, 1..=100.
    pub oversampling: f32,
}

impl Default for Quantization {
    /// Rescores two candidates for each point.
    fn default() -> Self {
        Self { ignore: false, rescore: true, oversampling: 2.0 }
    }
}

/// The nearest points to a vector.
#[derive(Debug, Clone)]
pub struct SearchRequest {
    pub(crate) vector: Vec<f32>,
    pub(crate) using: String,
    pub(crate) limit: usize,
    pub(crate) offset: usize,
    pub(crate) filter: Option<Filter>,
    pub(crate) score_threshold: Option<f32>,
    pub(crate) exact: bool,
    pub(crate) effort: Effort,
    pub(crate) quantization: Quantization,
    pub(crate) with_payload: WithPayload,
    pub(crate) with_vectors: WithVectors,
    pub(crate) timeout: Option<Duration>,
    pub(crate) cancel: Option<CancelToken>,
}

impl SearchRequest {
    /// The 10 nearest to `vector`, which has as many dimensions as the collection's unnamed vector.
    pub fn new(vector: impl Into<Vec<f32>>) -> Self {
        Self {
            vector: vector.into(),
            using: DEFAULT_VECTOR.to_owned(),
            limit: 10,
            offset: 0,
            filter: None,
            score_threshold: None,
            exact: false,
            effort: Effort::default(),
            quantization: Quantization::default(),
            with_payload: WithPayload::No,
            with_vectors: WithVectors::No,
            timeout: None,
            cancel: None,
        }
    }

    /// Searches the vector with this name.
    pub fn using(mut self, name: impl Into<String>) -> Self {
        self.using = name.into();
        self
    }

    /// How many points to return, 1..=10,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// How many of the nearest to leave out; `offset + limit` may be up to 100,000.
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Only points that pass this filter. As many are found as asked for, if so many pass and have the vector.
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// Only points with a larger score than this (scores of distances are negative, see [`ScoredPoint::score`]).
    pub fn score_threshold(mut self, score: f32) -> Self {
        self.score_threshold = Some(score);
        self
    }

    /// Compares with every point: the answer is right, and takes time in proportion to the collection.
    pub fn exact(mut self, exact: bool) -> Self {
        self.exact = exact;
        self
    }

    /// How far to look where a graph is walked.
    pub fn effort(mut self, effort: Effort) -> Self {
        self.effort = effort;
        self
    }

    /// How to use codes.
    pub fn quantization(mut self, quantization: Quantization) -> Self {
        self.quantization = quantization;
        self
    }

    /// Which payload to return.
    pub fn with_payload(mut self, with_payload: WithPayload) -> Self {
        self.with_payload = with_payload;
        self
    }

    /// Which vectors to return.
    pub fn with_vectors(mut self, with_vectors: WithVectors) -> Self {
        self.with_vectors = with_vectors;
        self
    }

    /// Gives up with `Timeout` after this long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Gives up with `Cancelled` when the token is cancelled.
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = Some(token.clone());
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_window(self.offset, self.limit)?;
        check_search(self.effort, self.quantization, self.score_threshold)
    }
}

/// Checks how far an answer reaches.
pub(crate) fn check_window(offset: usize, limit: usize) -> Result<()> {
    check_limit(limit)?;
    let window = offset.saturating_add(limit);
    if window > WINDOW_MAX {
        return Err(Error::invalid("offset + limit", format!("at most {WINDOW_MAX}"), window));
    }
    Ok(())
}

/// Checks how to search.
pub(crate) fn check_search(
    effort: Effort,
    quantization: Quantization,
    score_threshold: Option<f32>,
) -> Result<()> {
    match effort {
        Effort::Ef(ef) if !(1..=WINDOW_MAX).contains(&ef) => {
            return Err(Error::invalid("effort.ef", format!("1..={WINDOW_MAX}"), ef));
        }
        Effort::Recall(recall) if !(recall > 0.0 && recall < 1.0) => {
            return Err(Error::invalid("effort.recall", "more than 0, less than 1", recall));
        }
        Effort::Ef(_) | Effort::Recall(_) => {}
    }
    if !(1.0..=100.0).contains(&quantization.oversampling) {
        let got = quantization.oversampling;
        return Err(Error::invalid("quantization.oversampling", "1..=100", got));
    }
    match score_threshold {
        Some(threshold) if threshold.is_nan() => {
            Err(Error::invalid("score_threshold", "a number", threshold))
        }
        _ => Ok(()),
    }
}

pub(crate) fn check_limit(limit: usize) -> Result<()> {
    if (1..=LIMIT_MAX).contains(&limit) {
        return Ok(());
    }
    Err(Error::invalid("limit", format!("1..={LIMIT_MAX}"), limit))
}

/// Points in id order.
#[derive(Debug, Clone)]
pub struct ScrollRequest {
    pub(crate) from: Option<PointId>,
    pub(crate) limit: usize,
    pub(crate) filter: Option<Filter>,
    pub(crate) with_payload: WithPayload,
    pub(crate) with_vectors: WithVectors,
}

impl Default for ScrollRequest {
    fn default() -> Self {
        Self {
            from: None,
            limit: 10,
            filter: None,
            with_payload: WithPayload::All,
            with_vectors: WithVectors::No,
        }
    }
}

impl ScrollRequest {
    /// The first 10 points with their payloads.
    pub fn new() -> Self {
        Self::default()
    }

    /// Starts at this id (inclusive): what the page before gave as [`ScrollPage::next`].
    pub fn start_at(mut self, id: impl Into<PointId>) -> Self {
        self.from = Some(id.into());
        self
    }

    /// Points a page, 1..=10,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Only points that pass this filter.
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// Which payload to return.
    pub fn with_payload(mut self, with_payload: WithPayload) -> Self {
        self.with_payload = with_payload;
        self
    }

    /// Which vectors to return.
    pub fn with_vectors(mut self, with_vectors: WithVectors) -> Self {
        self.with_vectors = with_vectors;
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_limit(self.limit)
    }
}

/// A point as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// The outside id.
    pub id: PointId,
    /// The operation that wrote this version of the point.
    pub version: SeqNo,
    /// The payload, if asked for.
    pub payload: Option<Payload>,
    /// The vectors as stored (cosine: normalised), if asked for.
    pub vectors: Option<BTreeMap<String, Vec<f32>>>,
}

/// A point that a search found.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredPoint {
    /// The outside id.
    pub id: PointId,
    /// The operation that wrote this version of the point.
    pub version: SeqNo,
    /// Of a search: larger is nearer, similarity for cosine and dot, minus the distance for Euclid and Manhattan. Of a query: on the scale of its
    /// root, see [`QueryRequest`](crate::QueryRequest).
    pub score: f32,
    /// The payload, if asked for.
    pub payload: Option<Payload>,
    /// The vectors as stored (cosine: normalised), if asked for.
    pub vectors: Option<BTreeMap<String, Vec<f32>>>,
    /// What it was ordered by, in a query that orders.
    pub order_value: Option<OrderValue>,
    /// Where it stood in each prefetch of a query that found it, in the prefetches' order.
    pub legs: Vec<LegScore>,
}

/// One page of a scroll.
#[derive(Debug, Clone, PartialEq)]
pub struct ScrollPage {
    /// Points in id order: integers first, then UUIDs.
    pub points: Vec<Record>,
    /// Where the next page starts; `None` after the last.
    pub next: Option<PointId>,
}
