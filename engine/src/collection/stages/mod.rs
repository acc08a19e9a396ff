//! The tree of a query: a request goes in, its stages are carried out over one view, from the leaves up, and the best points come out.
//!
//! `request.rs` is what callers write; `resolve.rs` makes of it stages that lack nothing; `filters.rs` finds the points that pass; `run.rs` carries them out, legs beside each other on the search
//! pool; `sample.rs` draws points.
//!
//! Always holds: all stages of a query see one moment, and so do all queries of a batch. A leg's limits, names and ids are checked before any stage runs.

mod filters;
mod request;
mod resolve;
mod run;
mod sample;

pub use request::{Prefetch, QueryRequest};
pub(super) use run::{Run, stored_rows};
pub(super) use sample::sample;

use super::view::View;
use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::query::{Explain, LegScore, ScoredPoint};
use resolve::Resolver;
use run::Outcome;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

impl Collection {
    /// The best points of a tree of queries, in the order of its root.
    ///
    /// # Errors
    /// `NotFound` for unknown vectors and ids, `Invalid` or `TooLarge` for what cannot be asked, and for formulas that have no value, `Cancelled` or
    /// `Timeout` when asked to stop, `Corrupt` if bytes that the answer needs are damaged.
    pub fn query(&self, request: &QueryRequest) -> Result<Vec<ScoredPoint>> {
        let shared = self.readable()?;
        query(&self.shared, &shared.view.load_full(), request, None, None)
    }

    /// As [`Collection::query`], and what it took.
    ///
    /// # Errors
    /// As [`Collection::query`].
    pub fn query_explained(&self, request: &QueryRequest) -> Result<(Vec<ScoredPoint>, Explain)> {
        let shared = self.readable()?;
        let mut explain = Explain::default();
        let points = query(&self.shared, &shared.view.load_full(), request, None, Some(&mut explain))?;
        Ok((points, explain))
    }

    /// Many queries of one moment, on all threads of the search pool; answers in the requests' order.
    ///
    /// # Errors
    /// `Closed` for all of them; each answer has its own errors besides, those of [`Collection::query`].
    pub fn query_batch(&self, requests: Vec<QueryRequest>) -> Result<Vec<Result<Vec<ScoredPoint>>>> {
        let view = self.readable()?.view.load_full();
        let this = Arc::clone(&self.shared);
        let answers =
            self.shared.env.pool.map(requests, move |request| query(&this, &view, request, None, None));
        let panicked = || Err(Error::internal("a search thread panicked"));
        Ok(answers.into_iter().map(|answer| answer.unwrap_or_else(panicked)).collect())
    }
}

/// Answers a query over one view, of points only that pass `filter` besides.
pub(super) fn query(
    shared: &Arc<Shared>,
    view: &Arc<View>,
    request: &QueryRequest,
    filter: Option<&Filter>,
    explain: Option<&mut Explain>,
) -> Result<Vec<ScoredPoint>> {
    let timed = explain.is_some();
    let now = || if timed { shared.env.clock.now() } else { Duration::ZERO };
    let started = now();
    request.check()?;
    shared.check_vector_names(&request.with_vectors)?;
    let limiter = shared.limiter(request.timeout, request.cancel.clone());
    let mut resolver = Resolver::new(shared, view);
    // A sample's order means nothing, so there is nothing to leave out.
    let offset = if request.is_plain_sample() { 0 } else { request.offset };
    let root = resolver.root(&request.root, offset, filter)?;
    let Resolver { named, filters, .. } = resolver;
    let prepared = now();
    let matches = filters.find(shared, view, &limiter)?;
    let filtered = now();
    let (of, at) = (Arc::clone(shared), Arc::clone(view));
    let run = Arc::new(Run { shared: of, view: at, named, matches, limiter, timed });
    let outcome = run.stage(&root)?;
    let found = now();
    let standings = standings(&outcome.legs);
    let points = outcome.hits.iter().enumerate().skip(offset).map(|(place, hit)| {
        run.limiter.check()?;
        let mut point = shared.scored_point(view, hit, &request.with_payload, &request.with_vectors)?;
        point.score = outcome.scale.outward(hit.score);
        point.order_value = outcome.order_values.get(place).copied();
        point.legs = standings.get(&(hit.segment, hit.offset)).cloned().unwrap_or_default();
        Ok(point)
    });
    let points = points.collect();
    if let Some(explain) = explain {
        explain.prepare = prepared.saturating_sub(started);
        explain.filter = filtered.saturating_sub(prepared);
        explain.search = found.saturating_sub(prepared);
        explain.fetch = now().saturating_sub(found);
        explain.segments = outcome.explain.segments;
        explain.candidates = outcome.explain.candidates;
        explain.legs = outcome.explain.legs;
    }
    points
}

/// Where each point stood in each leg.
fn standings(legs: &[Outcome]) -> HashMap<(usize, u32), Vec<LegScore>> {
    let mut standings: HashMap<_, Vec<LegScore>> = HashMap::new();
    for (leg, outcome) in legs.iter().enumerate() {
        for (rank, hit) in outcome.hits.iter().enumerate() {
            let score = outcome.scale.outward(hit.score);
            standings.entry((hit.segment, hit.offset)).or_default().push(LegScore { leg, rank, score });
        }
    }
    standings
}
