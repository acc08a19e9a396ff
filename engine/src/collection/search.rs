//! Searching: one view, every segment, the best points with what was asked of them.

use super::view::View;
use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::filter::Filter;
use crate::query::{
    Approximate, ExactSearch, Explain, Hit, Matches, Plan, ScoredPoint, SearchRequest, SegmentExplain,
    WithPayload, WithVectors, matching, search_exact,
};
use crate::scorer::Scorer;
use crate::segment::IndexScratch;
use crate::threads::{CancelToken, Limiter};
use std::sync::Arc;
use std::time::Duration;

/// Queries that one thread takes of a batch at a time.
const BATCH_PART: usize = 16;

impl Collection {
    /// The points nearest to the request's vector, best first; ties in id order. Segments with a graph are searched approximately, unless
    /// the request says `exact`; points without that vector are not found.
    ///
    /// # Errors
    /// `NotFound` for an unknown vector name, `Invalid` for a bad vector, limit, effort or threshold, `Cancelled` or `Timeout` when asked to
    /// stop, `Corrupt` if bytes that the answer needs are damaged; what a filter is refused for names its part, as `filter.must[0].key`.
    pub fn search(&self, request: &SearchRequest) -> Result<Vec<ScoredPoint>> {
        let shared = self.readable()?;
        let view = shared.view.load();
        let points = shared.search(&view, request, None)?;
        shared.sample_search(&view, request, &points);
        Ok(points)
    }

    /// As [`Collection::search`], and what it took.
    ///
    /// # Errors
    /// As [`Collection::search`].
    pub fn search_explained(&self, request: &SearchRequest) -> Result<(Vec<ScoredPoint>, Explain)> {
        let shared = self.readable()?;
        let mut explain = Explain::default();
        let points = shared.search(&shared.view.load(), request, Some(&mut explain))?;
        Ok((points, explain))
    }

    /// Many searches of one moment, on all threads of the search pool; answers in the requests' order.
    ///
    /// # Errors
    /// `Closed` for all of them; each answer has its own errors besides, those of [`Collection::search`].
    pub fn search_batch(&self, requests: Vec<SearchRequest>) -> Result<Vec<Result<Vec<ScoredPoint>>>> {
        let shared = self.readable()?;
        let view = shared.view.load_full();
        let count = requests.len();
        let mut requests = requests.into_iter();
        let parts = (0..count.div_ceil(BATCH_PART)).map(|_| requests.by_ref().take(BATCH_PART).collect());
        let parts: Vec<Vec<SearchRequest>> = parts.collect();
        let lens: Vec<usize> = parts.iter().map(Vec::len).collect();
        let this = Arc::clone(&self.shared);
        let answers = self.shared.env.pool.map(parts, move |part| {
            part.iter().map(|request| this.search(&view, request, None)).collect::<Vec<_>>()
        });
        let panicked =
            |len: usize| (0..len).map(|_| Err(Error::internal("a search thread panicked"))).collect();
        let answers =
            answers.into_iter().zip(lens).map(|(answers, len)| answers.unwrap_or_else(|| panicked(len)));
        Ok(answers.flatten().collect())
    }
}

/// What is looked for in a view.
#[derive(Debug)]
pub(super) struct Sought<'a> {
    /// Place of the vector in the configuration.
    pub(super) vector: usize,
    pub(super) scorer: &'a mut Scorer,
    /// Of each segment, the points that may be found, all of which have the vector; none for all that are alive.
    pub(super) matches: Option<Matches>,
}

impl Shared {
    pub(super) fn search(
        &self,
        view: &View,
        request: &SearchRequest,
        mut explain: Option<&mut Explain>,
    ) -> Result<Vec<ScoredPoint>> {
        let now = |wanted: bool| if wanted { self.env.clock.now() } else { Duration::ZERO };
        let timed = explain.is_some();
        let started = now(timed);
        let limiter = self.limiter(request.timeout, request.cancel.clone());
        request.check()?;
        self.check_vector_names(&request.with_vectors)?;
        let vector = self.vector_index(&request.using)?;
        let params = self.params.get(vector).ok_or_else(|| Error::internal("a vector without parameters"))?;
        let mut scorer = Scorer::new("vector", params, &request.vector)?;
        let prepared = now(timed);
        let matches = self.matches(view, request.filter.as_ref(), vector, &limiter)?;
        let filtered = now(timed);
        let mut scratch = self.env.scratches.lock().pop().unwrap_or_default();
        let sought = Sought { vector, scorer: &mut scorer, matches };
        let hits = self.find(view, request, sought, &limiter, &mut scratch, explain.as_deref_mut());
        self.env.scratches.lock().push(scratch);
        let hits = hits?;
        let found = now(timed);
        let point = |hit: &Hit| {
            limiter.check()?;
            self.scored_point(view, hit, &request.with_payload, &request.with_vectors)
        };
        let points = hits.iter().skip(request.offset).map(point).collect();
        if let Some(explain) = explain {
            explain.prepare = prepared.saturating_sub(started);
            explain.filter = filtered.saturating_sub(prepared);
            explain.search = found.saturating_sub(prepared);
            explain.fetch = now(timed).saturating_sub(found);
        }
        points
    }

    /// What stops a call, counted from now.
    pub(super) fn limiter(&self, timeout: Option<Duration>, cancel: Option<CancelToken>) -> Limiter {
        let clock = Arc::clone(&self.env.clock);
        Limiter { cancel, deadline: timeout.map(|t| clock.now().saturating_add(t)), clock }
    }

    /// Of each segment, the points that pass the filter and have the vector; none without a filter.
    pub(super) fn matches(
        &self,
        view: &View,
        filter: Option<&Filter>,
        vector: usize,
        limiter: &Limiter,
    ) -> Result<Option<Matches>> {
        let Some(filter) = filter else { return Ok(None) };
        let filter = Arc::new(self.compile(filter)?.with_vector(vector));
        Ok(Some(matching(&view.segments.clone().into(), &filter, None, limiter, &self.env.pool)?))
    }

    /// A hit with what was asked for.
    pub(super) fn scored_point(
        &self,
        view: &View,
        hit: &Hit,
        with_payload: &WithPayload,
        with_vectors: &WithVectors,
    ) -> Result<ScoredPoint> {
        let segment = view.segments.get(hit.segment).ok_or_else(|| Error::internal("a hit in no segment"))?;
        let place = (hit.segment, hit.offset);
        Ok(ScoredPoint {
            id: hit.id,
            version: segment.version(hit.offset)?,
            score: hit.score,
            payload: self.payload_of(view, place, with_payload)?,
            vectors: self.vectors_of(view, place, with_vectors)?,
            order_value: None,
            legs: Vec::new(),
        })
    }

    /// The best hits over all segments, best first.
    pub(super) fn find(
        &self,
        view: &View,
        request: &SearchRequest,
        Sought { vector, scorer, matches }: Sought<'_>,
        limiter: &Limiter,
        scratch: &mut IndexScratch,
        mut explain: Option<&mut Explain>,
    ) -> Result<Vec<Hit>> {
        limiter.check()?;
        let k = request.offset + request.limit;
        let approximate = Approximate {
            vector,
            k,
            effort: request.effort,
            quantization: request.quantization,
            threshold: request.score_threshold,
            limiter,
            matches: matches.as_deref(),
            clock: explain.is_some().then_some(self.env.clock.as_ref()),
        };
        let mut hits = Vec::new();
        let mut scanned = Vec::new();
        for (place, segment) in view.segments.iter().enumerate().filter(|(_, s)| s.live_count() > 0) {
            let sealed = segment.as_sealed().filter(|_| !request.exact);
            let Some((sealed, index)) = sealed.and_then(|s| Some((s, s.index(vector)?))) else {
                scanned.push(place);
                continue;
            };
            match approximate.search((place, segment, sealed), index, scorer, scratch, &mut hits)? {
                Some(took) => {
                    if let Some(explain) = explain.as_deref_mut() {
                        explain.segments.push(took);
                    }
                }
                None => scanned.push(place),
            }
        }
        if !scanned.is_empty() {
            let started = self.env.clock.now();
            let search = ExactSearch {
                segments: view.segments.clone().into(),
                places: scanned.clone(),
                matches: matches.clone(),
                vector,
                scorer: scorer.clone(),
                k,
                threshold: request.score_threshold,
                limiter: limiter.clone(),
            };
            hits.extend(search_exact(search, &self.env.pool)?);
            if let Some(explain) = explain {
                let took = self.env.clock.now().saturating_sub(started);
                explain.segments.extend(scanned.iter().filter_map(|place| {
                    let segment = view.segments.get(*place)?;
                    let points = u64::from(segment.live_count());
                    let matched = matches.as_ref().and_then(|matches| matches.get(*place));
                    let matched = matched.map(|set| u64::from(set.count()));
                    Some(SegmentExplain {
                        segment: segment.as_sealed().map(|sealed| sealed.id()),
                        plan: Plan::Scan,
                        points,
                        matched,
                        distances: matched.unwrap_or(points),
                        hops: 0,
                        refined: 0,
                        rescored: matched.unwrap_or(points),
                        ef: 0,
                        walk: took,
                        rescore: Duration::ZERO,
                    })
                }));
            }
        }
        hits.sort_unstable_by(|a, b| b.cmp(a));
        hits.truncate(k);
        Ok(hits)
    }
}
