//! Searching texts by words: one view, every segment, the best points by BM25.

use super::view::View;
use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::payload::IndexedField;
use crate::point::PayloadPath;
use crate::query::{Hit, ScoredPoint, TextRequest, TextSearch, matching, search_text};
use crate::threads::Limiter;
use std::sync::Arc;

impl Collection {
    /// The points whose texts match the request's words best, by BM25: best first, ties in id order. Texts are found as soon as the write that brought them
    /// has returned. The field needs an index ([`Collection::create_text_index`]); while one is made, segments that wait for it are read whole.
    ///
    /// Deleted and replaced points are never found; how rare a word is, and how long texts are on average, counts them until their segment is rewritten.
    ///
    /// # Errors
    /// `NotFound` if the path has no text index or for an unknown vector name, `Invalid` for a bad path, limit, `k1` or `b`, `TooLarge` for a text of
    /// more than 64 KiB, `Cancelled` or `Timeout` when asked to stop, `Corrupt` if bytes that the answer needs are damaged; a filter's as for [`Collection::search`].
    pub fn search_text(&self, request: &TextRequest) -> Result<Vec<ScoredPoint>> {
        let shared = self.readable()?;
        shared.search_text(&shared.view.load(), request)
    }
}

impl Shared {
    fn search_text(&self, view: &View, request: &TextRequest) -> Result<Vec<ScoredPoint>> {
        request.check()?;
        self.check_vector_names(&request.with_vectors)?;
        let field = self.text_field(&request.path)?;
        let clock = Arc::clone(&self.env.clock);
        let deadline = request.timeout.map(|t| clock.now().saturating_add(t));
        let limiter = Limiter { cancel: request.cancel.clone(), deadline, clock };
        let segments = view.segments.clone().into();
        let matches = match &request.filter {
            Some(filter) => {
                let filter = Arc::new(self.compile(filter)?);
                Some(matching(&segments, &filter, &limiter, &self.env.pool)?.into())
            }
            None => None,
        };
        let (k, bm25) = (request.offset + request.limit, request.bm25);
        let search = TextSearch { segments, matches, field, bm25, k, limiter: limiter.clone() };
        let hits = search_text(search, &request.text, request.matching, &self.env.pool)?;
        let point = |hit: &Hit| {
            limiter.check()?;
            let segment =
                view.segments.get(hit.segment).ok_or_else(|| Error::internal("a hit in no segment"))?;
            let place = (hit.segment, hit.offset);
            Ok(ScoredPoint {
                id: hit.id,
                version: segment.version(hit.offset)?,
                score: hit.score,
                payload: self.payload_of(view, place, &request.with_payload)?,
                vectors: self.vectors_of(view, place, &request.with_vectors)?,
            })
        };
        hits.iter().skip(request.offset).map(point).collect()
    }

    /// The field at a path whose words are indexed.
    fn text_field(&self, path: &str) -> Result<Arc<IndexedField>> {
        let parsed: PayloadPath = path.parse()?;
        let fields = self.fields.read();
        let mut found = fields.iter().filter(|field| field.path == parsed && field.analyzer.is_some());
        found.next().cloned().ok_or_else(|| Error::NotFound { what: format!("text index of {path:?}") })
    }
}
