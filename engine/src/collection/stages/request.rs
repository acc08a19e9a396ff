//! A query as callers write it: a root stage, and prefetches that find candidates for the stage above them.

use crate::collection::Collection;
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::point::DEFAULT_VECTOR;
use crate::query::{
    Effort, Quantization, Query, VectorInput, WINDOW_MAX, WithPayload, WithVectors, check_search,
    check_window,
};
use crate::threads::CancelToken;
use std::time::Duration;

/// Deepest nesting of prefetches.
const DEPTH_MAX: usize = 64;
/// Prefetches in one query.
const PREFETCHES_MAX: usize = 1_000;

/// A stage of a query that finds candidates for the stage above it.
///
/// With prefetches of its own it scores, exactly, what they found; without, it searches the collection.
#[derive(Debug, Clone)]
pub struct Prefetch {
    pub(super) query: Query,
    pub(super) prefetches: Vec<Prefetch>,
    pub(super) using: String,
    pub(super) limit: usize,
    pub(super) filter: Option<Filter>,
    pub(super) score_threshold: Option<f32>,
    pub(super) exact: bool,
    pub(super) effort: Effort,
    pub(super) quantization: Quantization,
    pub(super) lookup_from: Option<Collection>,
    pub(super) lookup_vector: Option<String>,
}

impl Prefetch {
    /// The 10 best of a query on the collection's unnamed vector.
    pub fn new(query: Query) -> Self {
        Self {
            query,
            prefetches: Vec::new(),
            using: DEFAULT_VECTOR.to_owned(),
            limit: 10,
            filter: None,
            score_threshold: None,
            exact: false,
            effort: Effort::default(),
            quantization: Quantization::default(),
            lookup_from: None,
            lookup_vector: None,
        }
    }

    /// The 10 nearest to a vector, or to a point's.
    pub fn nearest(vector: impl Into<VectorInput>) -> Self {
        Self::new(Query::nearest(vector))
    }

    /// Adds a stage that finds candidates for this one; nested up to 64 deep, 1,000 in one query.
    pub fn prefetch(mut self, prefetch: Prefetch) -> Self {
        self.prefetches.push(prefetch);
        self
    }

    /// Searches the vector with this name; of no meaning to fusions.
    pub fn using(mut self, name: impl Into<String>) -> Self {
        self.using = name.into();
        self
    }

    /// How many points to hand on, 1..=100,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Only points that pass this filter. With prefetches it holds of them too: each that searches the collection looks among such points only, and so finds as
    /// many as it is asked for, if so many pass.
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// Only points that pass this filter and the one that was asked for before.
    pub fn also_filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = Some(match self.filter {
            Some(before) => Filter::new().must(before).must(filter.into()),
            None => filter.into(),
        });
        self
    }

    /// Only points with a better score than this, on the stage's own scale: larger similarities, smaller distances. Of fusions and formulas those
    /// with this very score pass too.
    pub fn score_threshold(mut self, score: f32) -> Self {
        self.score_threshold = Some(score);
        self
    }

    /// Compares with every point where it searches the collection.
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

    /// Takes the vectors of points that are named by id from another collection, whose points are not left out of the answer.
    pub fn lookup_from(mut self, collection: &Collection) -> Self {
        self.lookup_from = Some(collection.clone());
        self
    }

    /// Takes the vectors of points that are named by id from this vector instead of the searched one.
    pub fn lookup_vector(mut self, name: impl Into<String>) -> Self {
        self.lookup_vector = Some(name.into());
        self
    }

    /// `field` is where it stands in the request, `depth` how deep, `count` how many prefetches came before it.
    fn check(&self, field: &str, depth: usize, count: &mut usize) -> Result<()> {
        let part = |part: &str| if field.is_empty() { part.to_owned() } else { format!("{field}.{part}") };
        if depth > DEPTH_MAX {
            let (limit, got) = (DEPTH_MAX as u64, depth as u64);
            return Err(Error::TooLarge { what: "nesting of prefetches", limit, got });
        }
        *count += self.prefetches.len();
        if *count > PREFETCHES_MAX {
            let (limit, got) = (PREFETCHES_MAX as u64, *count as u64);
            return Err(Error::TooLarge { what: "prefetches of a query", limit, got });
        }
        if !(1..=WINDOW_MAX).contains(&self.limit) {
            return Err(Error::invalid(part("limit"), format!("1..={WINDOW_MAX}"), self.limit));
        }
        if self.score_threshold.is_some() && !self.query.is_scored() {
            let got = format!("{} query", self.query.name());
            return Err(Error::invalid(part("score_threshold"), "a query with scores", got));
        }
        if matches!(self.query, Query::Fusion(_)) && self.using != DEFAULT_VECTOR {
            return Err(Error::invalid(part("using"), "no vector for a fusion", format!("{:?}", self.using)));
        }
        check_search(self.effort, self.quantization, self.score_threshold)?;
        self.query.check(&part("query"), self.prefetches.len())?;
        self.prefetches
            .iter()
            .enumerate()
            .try_for_each(|(i, prefetch)| prefetch.check(&part(&format!("prefetch[{i}]")), depth + 1, count))
    }
}

/// A tree of queries over one moment of a collection.
///
/// The root orders what its prefetches found, or the collection where there are none. Prefetches run at the same time and see the same moment.
/// Points whose ids the query names are left out of everything.
///
/// Scores are those of the root's own scale: similarities (cosine, dot) and scores by examples, fusion or formula, larger first; **distances as they
/// are**, smaller first, for Euclid and Manhattan. ([`Collection::search`] gives negative distances.) Points of equal score come in the order of their
/// ids, integers first; a Qdrant server promises no order.
///
/// ```
/// # fn main() -> nigh::Result<()> {
/// use nigh::{CollectionConfig, Database, Fusion, Metric, Point, Prefetch, Query, QueryRequest, VectorConfig};
/// # let dir = std::env::temp_dir().join(format!("nigh-doc-query-{}", std::process::id()));
/// let db = Database::open(&dir)?;
/// let config = CollectionConfig::single(VectorConfig::new(2, Metric::Cosine));
/// let points = db.create_collection("points", &config)?;
/// points.upsert([Point::new(1u64, [1.0, 0.0]), Point::new(2u64, [0.8, 0.6]), Point::new(3u64, [0.0, 1.0])])?;
/// let request = QueryRequest::new(Query::Fusion(Fusion::rrf(61.0)))
///     .prefetch(Prefetch::nearest([1.0, 0.1]).limit(2))
///     .prefetch(Prefetch::nearest([0.6, 0.8]).limit(2));
/// let best = &points.query(&request)?[0];
/// assert_eq!((best.id, best.legs.len()), (2u64.into(), 2));
/// # drop((points, db));
/// # let _ = std::fs::remove_dir_all(dir);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct QueryRequest {
    pub(super) root: Prefetch,
    pub(super) offset: usize,
    pub(in crate::collection) with_payload: WithPayload,
    pub(in crate::collection) with_vectors: WithVectors,
    pub(super) timeout: Option<Duration>,
    pub(super) cancel: Option<CancelToken>,
}

impl From<Prefetch> for QueryRequest {
    /// A query with this stage as its root.
    fn from(root: Prefetch) -> Self {
        let (with_payload, with_vectors) = (WithPayload::No, WithVectors::No);
        Self { root, offset: 0, with_payload, with_vectors, timeout: None, cancel: None }
    }
}

impl QueryRequest {
    /// The 10 best of a query on the collection's unnamed vector.
    pub fn new(query: Query) -> Self {
        Prefetch::new(query).into()
    }

    /// The 10 nearest to a vector, or to a point's.
    pub fn nearest(vector: impl Into<VectorInput>) -> Self {
        Self::new(Query::nearest(vector))
    }

    fn root(mut self, change: impl FnOnce(Prefetch) -> Prefetch) -> Self {
        self.root = change(self.root);
        self
    }

    /// Adds a stage that finds candidates; nested up to 64 deep, 1,000 in one query.
    pub fn prefetch(self, prefetch: Prefetch) -> Self {
        self.root(|root| root.prefetch(prefetch))
    }

    /// Searches the vector with this name; of no meaning to fusions.
    pub fn using(self, name: impl Into<String>) -> Self {
        self.root(|root| root.using(name))
    }

    /// How many points to return, 1..=10,000.
    pub fn limit(self, limit: usize) -> Self {
        self.root(|root| root.limit(limit))
    }

    /// How many of the best to leave out; `offset + limit` may be up to 100,000.
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Only points that pass this filter, in all stages; see [`Prefetch::filter`].
    pub fn filter(self, filter: impl Into<Filter>) -> Self {
        self.root(|root| root.filter(filter))
    }

    /// Only points with a better score than this; see [`Prefetch::score_threshold`].
    pub fn score_threshold(self, score: f32) -> Self {
        self.root(|root| root.score_threshold(score))
    }

    /// Compares with every point where the root searches the collection.
    pub fn exact(self, exact: bool) -> Self {
        self.root(|root| root.exact(exact))
    }

    /// How far to look where the root walks a graph.
    pub fn effort(self, effort: Effort) -> Self {
        self.root(|root| root.effort(effort))
    }

    /// How the root uses codes.
    pub fn quantization(self, quantization: Quantization) -> Self {
        self.root(|root| root.quantization(quantization))
    }

    /// Takes the vectors of points that the root names by id from another collection; see [`Prefetch::lookup_from`].
    pub fn lookup_from(self, collection: &Collection) -> Self {
        self.root(|root| root.lookup_from(collection))
    }

    /// Takes the vectors of points that the root names by id from this vector instead of the searched one.
    pub fn lookup_vector(self, name: impl Into<String>) -> Self {
        self.root(|root| root.lookup_vector(name))
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

    /// Points at random have no order to begin later in.
    pub(super) fn is_plain_sample(&self) -> bool {
        matches!(self.root.query, Query::Sample { .. }) && self.root.prefetches.is_empty()
    }

    /// Whether the root has prefetches, which find all candidates.
    pub(in crate::collection) fn has_prefetches(&self) -> bool {
        !self.root.prefetches.is_empty()
    }

    /// Whether it can be grouped: it has scores, and no offset.
    pub(in crate::collection) fn check_for_groups(&self) -> Result<()> {
        if self.offset != 0 {
            return Err(Error::invalid("offset", "none with groups", self.offset));
        }
        if !self.root.query.is_scored() {
            return Err(Error::invalid("query", "a query with scores", self.root.query.name()));
        }
        Ok(())
    }

    pub(super) fn check(&self) -> Result<()> {
        check_window(self.offset, self.root.limit)?;
        self.root.check("", 0, &mut 0)
    }
}
