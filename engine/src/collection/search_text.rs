//! Searching texts by words: one view, every segment, the best points by BM25; and together with vectors.

use super::view::View;
use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::payload::IndexedField;
use crate::point::PayloadPath;
use crate::query::{
    CANDIDATES, Fused, Hit, HybridAnswer, HybridPoint, ScoredPoint, SearchRequest, TextRequest, TextSearch,
    WithPayload, WithVectors, check_limit, fuse, matching, search_text,
};
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
        let view = shared.view.load();
        let limiter = shared.limiter(request.timeout, request.cancel.clone());
        shared.check_vector_names(&request.with_vectors)?;
        let hits = shared.find_text(&view, request, &limiter)?;
        let point = |hit: &Hit| {
            limiter.check()?;
            shared.scored_point(&view, hit, &request.with_payload, &request.with_vectors)
        };
        hits.iter().skip(request.offset).map(point).collect()
    }

    /// The best `limit` points of a vector search and a text search of one moment, joined by the ranks that they have in both: each search gives 20 candidates,
    /// or `limit` if that is more. What comes with the points is what `vector` asks for; limits and offsets of the two requests are not looked at.
    ///
    /// # Errors
    /// As [`Collection::search`] and [`Collection::search_text`]; `Invalid` for a bad limit.
    pub fn search_hybrid(
        &self,
        vector: &SearchRequest,
        text: &TextRequest,
        limit: usize,
    ) -> Result<HybridAnswer> {
        let shared = self.readable()?;
        let view = shared.view.load();
        let candidates = limit.max(CANDIDATES);
        let alone = vector.clone().limit(candidates).offset(0);
        let alone = alone.with_payload(WithPayload::No).with_vectors(WithVectors::No);
        let text = text.clone().limit(candidates).offset(0);
        let limiter = shared.limiter(text.timeout, text.cancel.clone());
        shared.check_vector_names(&vector.with_vectors)?;
        check_limit(limit)?;
        let texts = shared.find_text(&view, &text, &limiter)?;
        let vectors = shared.search(&view, &alone, None)?.into_iter().map(|point| {
            let place = view.find(point.id)?.ok_or_else(|| Error::internal("a hit that is not there"))?;
            Ok(Hit { score: point.score, id: point.id, segment: place.0, offset: place.1 })
        });
        let vectors: Vec<Hit> = vectors.collect::<Result<_>>()?;
        let point = |fused: Fused| {
            let point = shared.scored_point(&view, &fused.hit, &vector.with_payload, &vector.with_vectors)?;
            Ok(HybridPoint { point, fused: fused.fused, vector: fused.vector, text: fused.text })
        };
        let points = fuse(&vectors, &texts).into_iter().take(limit).map(point);
        let points = points.collect::<Result<_>>()?;
        Ok(HybridAnswer { points, vector_count: vectors.len(), text_count: texts.len() })
    }
}

impl Shared {
    /// The best hits over all segments, best first: as many as the request's window has.
    fn find_text(&self, view: &View, request: &TextRequest, limiter: &Limiter) -> Result<Vec<Hit>> {
        request.check()?;
        let field = self.text_field(&request.path)?;
        let segments = view.segments.clone().into();
        let matches = match &request.filter {
            Some(filter) => {
                let filter = Arc::new(self.compile(filter)?);
                Some(matching(&segments, &filter, None, limiter, &self.env.pool)?)
            }
            None => None,
        };
        let (k, bm25) = (request.offset + request.limit, request.bm25);
        let search = TextSearch { segments, matches, field, bm25, k, limiter: limiter.clone() };
        search_text(search, &request.text, request.matching, &self.env.pool)
    }

    /// The field at a path whose words are indexed.
    fn text_field(&self, path: &str) -> Result<Arc<IndexedField>> {
        let parsed: PayloadPath = path.parse()?;
        let fields = self.fields.read();
        let mut found = fields.iter().filter(|field| field.path == parsed && field.analyzer.is_some());
        found.next().cloned().ok_or_else(|| Error::NotFound { what: format!("text index of {path:?}") })
    }
}
