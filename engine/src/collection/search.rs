//! Searching: one view, every segment, the best points with what was asked of them.

use super::Collection;
use crate::error::{Error, Result};
use crate::query::{ExactSearch, Hit, ScoredPoint, SearchRequest, search_exact};
use crate::scorer::Scorer;
use crate::threads::Limiter;
use std::sync::Arc;

impl Collection {
    /// The points nearest to the request's vector, best first; ties in id order. Exact. Points without that vector are not found.
    ///
    /// # Errors
    /// `NotFound` for an unknown vector name, `Invalid` for a bad vector, limit or threshold, `Cancelled` or `Timeout` when asked to stop,
    /// `Corrupt` if bytes that the answer needs are damaged.
    pub fn search(&self, request: &SearchRequest) -> Result<Vec<ScoredPoint>> {
        request.check()?;
        let shared = self.readable()?;
        shared.check_vector_names(&request.with_vectors)?;
        let vector = shared.vector_index(&request.using)?;
        let params =
            shared.params.get(vector).ok_or_else(|| Error::internal("a vector without parameters"))?;
        let scorer = Scorer::new("vector", params, &request.vector)?;
        let clock = Arc::clone(&shared.env.clock);
        let deadline = request.timeout.map(|t| clock.now().saturating_add(t));
        let limiter = Limiter { cancel: request.cancel.clone(), deadline, clock };
        let view = shared.view.load_full();
        let search = ExactSearch {
            segments: view.segments.clone().into(),
            vector,
            scorer,
            k: request.offset + request.limit,
            threshold: request.score_threshold,
            limiter: limiter.clone(),
        };
        let hits = search_exact(search, &shared.env.pool)?;
        let point = |hit: &Hit| {
            limiter.check()?;
            let segment =
                view.segments.get(hit.segment).ok_or_else(|| Error::internal("a hit in no segment"))?;
            let place = (hit.segment, hit.offset);
            Ok(ScoredPoint {
                id: hit.id,
                version: segment.version(hit.offset)?,
                score: hit.score,
                payload: shared.payload_of(&view, place, &request.with_payload)?,
                vectors: shared.vectors_of(&view, place, &request.with_vectors)?,
            })
        };
        hits.iter().skip(request.offset).map(point).collect()
    }
}
