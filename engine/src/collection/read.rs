//! Reading points: by id, in id order, and counting. Each call answers from one view.

use super::view::View;
use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::filter::{CompiledFilter, Filter, Schema, Subject};
use crate::payload::Fields;
use crate::point::{Payload, PayloadPath, Point, PointId};
use crate::query::{
    Matches, Record, ScrollPage, ScrollRequest, WithPayload, WithVectors, first_matching, matching,
};
use crate::text::Analyzer;
use crate::vectors::load;
use nigh_format::manifest::VectorParams;
use std::collections::BTreeMap;
use std::sync::Arc;

impl Collection {
    /// The points with these ids, in the order asked for; ids that do not exist are left out.
    ///
    /// # Errors
    /// `TooLarge` for too many ids, `NotFound` for an unknown vector name, `Corrupt` if a point's bytes are damaged.
    pub fn get(
        &self,
        ids: impl IntoIterator<Item = PointId>,
        with_payload: &WithPayload,
        with_vectors: &WithVectors,
    ) -> Result<Vec<Record>> {
        let shared = self.readable()?;
        shared.check_vector_names(with_vectors)?;
        let view = shared.view.load();
        let max = shared.env.limits.batch_points_max;
        let mut records = Vec::new();
        for (i, id) in ids.into_iter().enumerate() {
            if i == max {
                return Err(Error::TooLarge {
                    what: "ids in one read",
                    limit: max as u64,
                    got: i as u64 + 1,
                });
            }
            if let Some(place) = view.find(id)? {
                records.push(shared.record(&view, id, place, with_payload, with_vectors)?);
            }
        }
        Ok(records)
    }

    /// A page of points in id order.
    ///
    /// # Errors
    /// `Invalid` for a bad limit or filter, `NotFound` for an unknown vector name, `Corrupt` if a point's bytes are damaged.
    pub fn scroll(&self, request: &ScrollRequest) -> Result<ScrollPage> {
        request.check()?;
        let shared = self.readable()?;
        shared.check_vector_names(&request.with_vectors)?;
        let filter = request.filter.as_ref().map(|filter| shared.compile(filter)).transpose()?;
        let view = shared.view.load();
        let mut found = Vec::new();
        for (index, segment) in view.segments.iter().enumerate() {
            let ids = match &filter {
                None => segment.ids_from(request.from, request.limit + 1)?,
                Some(filter) => first_matching(segment, filter, request.from, request.limit + 1)?,
            };
            found.extend(ids.into_iter().map(|(id, offset)| (id, (index, offset))));
        }
        found.sort_unstable_by_key(|(id, _)| *id);
        let next = found.get(request.limit).map(|(id, _)| *id);
        let points = found
            .into_iter()
            .take(request.limit)
            .map(|(id, place)| shared.record(&view, id, place, &request.with_payload, &request.with_vectors));
        Ok(ScrollPage { points: points.collect::<Result<_>>()?, next })
    }

    /// How many points there are, exactly.
    ///
    /// # Errors
    /// `Closed` if the collection was dropped.
    pub fn count(&self) -> Result<u64> {
        Ok(self.readable()?.view.load().point_count())
    }

    /// How many points pass a filter, exactly.
    ///
    /// # Errors
    /// `Invalid` or `TooLarge` for a bad filter, `Corrupt` if a point's bytes are damaged.
    pub fn count_matching(&self, filter: impl Into<Filter>) -> Result<u64> {
        let shared = self.readable()?;
        let filter = Arc::new(shared.compile(&filter.into())?);
        let sets = shared.matching(&shared.view.load(), &filter)?;
        Ok(sets.iter().map(|set| u64::from(set.count())).sum())
    }

    /// The first of some points, as they would be stored, that does not pass a filter.
    ///
    /// # Errors
    /// A bad filter is refused as by [`Collection::search`].
    pub fn first_outside(&self, filter: &Filter, points: &[Point]) -> Result<Option<PointId>> {
        let shared = self.readable()?;
        let filter = shared.compile(filter)?;
        for point in points {
            if !filter.passes(&mut Unstored { point, params: &shared.params })? {
                return Ok(Some(point.id));
            }
        }
        Ok(None)
    }

    pub(super) fn readable(&self) -> Result<&Shared> {
        self.shared.env.check_open()?;
        self.shared.check_not_dropped()?;
        Ok(&self.shared)
    }
}

/// A point that is in no segment.
struct Unstored<'a> {
    point: &'a Point,
    params: &'a [VectorParams],
}

impl Subject for Unstored<'_> {
    fn id(&mut self) -> Result<PointId> {
        Ok(self.point.id)
    }

    fn has_vector(&mut self, vector: usize) -> Result<bool> {
        Ok(self.params.get(vector).is_some_and(|params| self.point.vectors.contains_key(&params.name)))
    }

    fn payload(&mut self) -> Result<&serde_json::Map<String, serde_json::Value>> {
        Ok(self.point.payload.as_map())
    }
}

/// What a filter must know, as of one moment.
struct Known<'a> {
    params: &'a [VectorParams],
    fields: Fields,
}

impl Schema for Known<'_> {
    fn vector(&self, name: &str) -> Option<usize> {
        self.params.iter().position(|p| p.name == name)
    }

    fn text_index(&self, path: &PayloadPath) -> Option<(u64, Analyzer)> {
        let mut fields = self.fields.iter().filter(|field| field.path == *path);
        fields.find_map(|field| Some((field.id, field.analyzer.clone()?)))
    }
}

impl Shared {
    /// Checks and compiles a filter.
    pub(super) fn compile(&self, filter: &Filter) -> Result<CompiledFilter> {
        self.compile_at(filter, "filter")
    }

    /// As [`Shared::compile`], of a filter that stands elsewhere in the request.
    pub(super) fn compile_at(&self, filter: &Filter, place: &str) -> Result<CompiledFilter> {
        let known = Known { params: &self.params, fields: self.fields.read().clone() };
        CompiledFilter::new(filter, place, &known)
    }

    /// Of each segment, the points that are alive and pass.
    pub(super) fn matching(&self, view: &View, filter: &Arc<CompiledFilter>) -> Result<Matches> {
        let limiter = self.limiter(None, None);
        matching(&view.segments.clone().into(), filter, None, &limiter, &self.env.pool)
    }

    pub(super) fn check_vector_names(&self, with_vectors: &WithVectors) -> Result<()> {
        let WithVectors::Names(names) = with_vectors else { return Ok(()) };
        names.iter().try_for_each(|name| self.vector_index(name).map(drop))
    }

    pub(super) fn record(
        &self,
        view: &View,
        id: PointId,
        place: (usize, u32),
        with_payload: &WithPayload,
        with_vectors: &WithVectors,
    ) -> Result<Record> {
        let segment = view.segments.get(place.0).ok_or_else(|| Error::internal("a point in no segment"))?;
        let payload = self.payload_of(view, place, with_payload)?;
        let vectors = self.vectors_of(view, place, with_vectors)?;
        Ok(Record { id, version: segment.version(place.1)?, payload, vectors })
    }

    pub(super) fn payload_of(
        &self,
        view: &View,
        (segment, offset): (usize, u32),
        with_payload: &WithPayload,
    ) -> Result<Option<Payload>> {
        if *with_payload == WithPayload::No {
            return Ok(None);
        }
        let segment = view.segments.get(segment).ok_or_else(|| Error::internal("a point in no segment"))?;
        let payload = segment.decoded_payload(offset)?;
        Ok(Some(match with_payload {
            WithPayload::No | WithPayload::All => payload,
            WithPayload::Include(paths) => payload.only(paths),
            WithPayload::Exclude(paths) => payload.without(paths),
        }))
    }

    pub(super) fn vectors_of(
        &self,
        view: &View,
        (segment, offset): (usize, u32),
        with_vectors: &WithVectors,
    ) -> Result<Option<BTreeMap<String, Vec<f32>>>> {
        if *with_vectors == WithVectors::No {
            return Ok(None);
        }
        let segment = view.segments.get(segment).ok_or_else(|| Error::internal("a point in no segment"))?;
        let mut vectors = BTreeMap::new();
        for (index, params) in self.params.iter().enumerate() {
            if matches!(with_vectors, WithVectors::Names(names) if !names.contains(&params.name)) {
                continue;
            }
            if let Some(bytes) = segment.vector_bytes(index, offset)? {
                vectors.insert(params.name.clone(), load(params.datatype, &bytes));
            }
        }
        Ok(Some(vectors))
    }
}
