//! Writing: a caller's points go in, are checked against the configuration, and become one operation.
//!
//! One call is one operation: all of it happens or none. Within one call the last point with an id wins.
//!
//! Points may be selected by a [`Filter`]: those that pass at the operation's place in the log, no matter what others write meanwhile; it is logged with
//! their ids (`choice.rs`). So are the points of an upsert that are written under a condition. Where very many pass, the call is several operations, each on a range of ids, in their order, and each exact at its own place; if one
//! of them fails, those before it were applied, and the call may be repeated. Where none pass, nothing is written.

use super::choice::{Choice, Conditional, Edit, Matching, UpsertCondition};
use super::selection::{Selected, Selection, UpsertMode, UpsertOptions};
use super::view::View;
use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::filter::{CompiledFilter, Filter};
use crate::ids::SeqNo;
use crate::point::{Payload, PayloadPath, Point, PointId};
use crate::vectors::{row_bytes, store};
use crate::wal::Encoded;
use nigh_format::manifest::Durability;
use nigh_format::operation::{Operation, PointBatch, PointIdRecord, VectorColumn};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

impl Collection {
    /// Inserts points, or replaces them whole. Returns the write's place in the log; for `Async`, which is not logged yet, a number not above it.
    ///
    /// # Errors
    /// `Invalid` or `TooLarge` names the field that does not fit; nothing was applied. `NoSpace`: not applied, retry when there is space.
    /// `Poisoned`: unknown, reopen.
    pub fn upsert(&self, points: impl IntoIterator<Item = Point>) -> Result<SeqNo> {
        let operation = self.upsert_of(points)?;
        self.submit(operation)
    }

    /// Inserts points or replaces them whole, as far as `options` say so at this write's place in the log, whatever others write meanwhile. All points must fit, also
    /// those that are not written. If none is written, nothing is logged, and the number is that of the last write before.
    ///
    /// # Errors
    /// As [`Collection::upsert`]. A bad filter is refused as by [`Collection::search`].
    pub fn upsert_with(
        &self,
        points: impl IntoIterator<Item = Point>,
        options: &UpsertOptions,
    ) -> Result<SeqNo> {
        let operation = self.upsert_of(points)?;
        if options.mode == UpsertMode::Upsert && options.filter.is_none() {
            return self.submit(operation);
        }
        self.submit_if(operation, options)
    }

    fn upsert_of(&self, points: impl IntoIterator<Item = Point>) -> Result<Operation> {
        let shared = &self.shared;
        let points = shared.last_of_each(points, |p| p.id, shared.env.limits.batch_points_max)?;
        let mut batch = BatchBuilder::new(shared);
        for (i, point) in points.iter().enumerate() {
            batch.push(i, point.id, &point.vectors)?;
            let text = point.payload.encode(shared.env.limits.payload_bytes_max)?;
            batch.push_payload(&text)?;
        }
        Ok(Operation::Upsert(batch.finish()))
    }

    /// Submits those points of an operation that are allowed when its turn comes.
    fn submit_if(&self, operation: Operation, options: &UpsertOptions) -> Result<SeqNo> {
        let shared = &self.shared;
        shared.check_writable()?;
        let filter = options.filter.as_ref().map(|filter| shared.compile(filter)).transpose()?;
        let condition = UpsertCondition { mode: options.mode, filter };
        let whole = Encoded::new(operation, shared.record_bytes_max())?;
        let conditional = Conditional::new(condition, whole, &shared.view.load())?;
        shared.submit_choice(Choice::Conditional(conditional), self.durability())
    }

    /// Deletes points; ids that do not exist are fine.
    ///
    /// A filter selects the points that pass at this write's place in the log, whatever others write meanwhile, and the log holds their ids. Up to a million are
    /// deleted at once; more in several writes, of a million each in the order of their ids: if one fails, those before it were applied. If none pass,
    /// nothing is written, and the number is that of the last write before.
    ///
    /// # Errors
    /// As [`Collection::upsert`]. Deletes may use the disk space that other writes leave free. A bad filter is refused as by [`Collection::search`].
    pub fn delete<'a>(&self, points: impl Into<Selection<'a>>) -> Result<SeqNo> {
        self.edit(points, Edit::Delete)
    }

    /// Merges the top-level keys of `payload` into the payload of each point; a null removes its key. Ids that do not exist are skipped.
    ///
    /// A filter selects points as it does for [`Collection::delete`]; up to 10,000 are changed at once, fewer if they are large, more in several writes. Each
    /// point is changed once, also if it passes the filter afterwards.
    ///
    /// # Errors
    /// As [`Collection::upsert`]. A bad filter is refused as by [`Collection::search`].
    pub fn set_payload<'a>(&self, points: impl Into<Selection<'a>>, payload: Payload) -> Result<SeqNo> {
        self.set_payload_at("", points, payload)
    }

    /// Merges `payload` into the object at `path` of each point's payload; see [`PayloadPath`]. The empty path is the whole payload.
    ///
    /// # Errors
    /// As [`Collection::set_payload`]; `Invalid` if `path` is not a path.
    pub fn set_payload_at<'a>(
        &self,
        path: &str,
        points: impl Into<Selection<'a>>,
        payload: Payload,
    ) -> Result<SeqNo> {
        let (patch, path) = (self.payload_text(&payload)?, checked_path(path)?);
        self.edit(points, Edit::SetPayload { patch, path })
    }

    /// Replaces the payload of each point. Ids that do not exist are skipped; a filter selects as for [`Collection::set_payload`].
    ///
    /// # Errors
    /// As [`Collection::set_payload`].
    pub fn overwrite_payload<'a>(&self, points: impl Into<Selection<'a>>, payload: Payload) -> Result<SeqNo> {
        self.overwrite_payload_at("", points, payload)
    }

    /// Replaces the value at `path` of each point's payload. The empty path is the whole payload.
    ///
    /// # Errors
    /// As [`Collection::set_payload`]; `Invalid` if `path` is not a path.
    pub fn overwrite_payload_at<'a>(
        &self,
        path: &str,
        points: impl Into<Selection<'a>>,
        payload: Payload,
    ) -> Result<SeqNo> {
        let (payload, path) = (self.payload_text(&payload)?, checked_path(path)?);
        self.edit(points, Edit::OverwritePayload { payload, path })
    }

    /// Removes the values at `paths` from the payload of each point; a path that ends in a place of an array removes nothing. Ids and paths that do not exist are skipped; a filter selects as for
    /// [`Collection::set_payload`].
    ///
    /// # Errors
    /// As [`Collection::set_payload`]; `Invalid` if a path is not a path.
    pub fn delete_payload_keys<'a, P: AsRef<str>>(
        &self,
        points: impl Into<Selection<'a>>,
        paths: impl IntoIterator<Item = P>,
    ) -> Result<SeqNo> {
        let check = |p: P| p.as_ref().parse::<PayloadPath>().map(|_| p.as_ref().to_owned());
        let paths: Vec<String> = paths.into_iter().take(PATHS_MAX + 1).map(check).collect::<Result<_>>()?;
        if paths.len() > PATHS_MAX {
            return Err(Error::TooLarge {
                what: "paths in one write",
                limit: PATHS_MAX as u64,
                got: paths.len() as u64,
            });
        }
        self.edit(points, Edit::DeletePayloadKeys { paths })
    }

    /// Empties the payload of each point. Ids that do not exist are skipped; a filter selects as for [`Collection::set_payload`].
    ///
    /// # Errors
    /// As [`Collection::set_payload`].
    pub fn clear_payload<'a>(&self, points: impl Into<Selection<'a>>) -> Result<SeqNo> {
        self.edit(points, Edit::ClearPayload)
    }

    /// Sets some vectors of existing points and keeps their others.
    ///
    /// # Errors
    /// As [`Collection::upsert`]; `NotFound` if a point does not exist.
    pub fn update_vectors(
        &self,
        points: impl IntoIterator<Item = (PointId, BTreeMap<String, Vec<f32>>)>,
    ) -> Result<SeqNo> {
        let operation = self.update_vectors_of(points)?;
        self.submit(operation)
    }

    /// Sets some vectors of those points that pass a filter at this write's place in the log, whatever others write meanwhile, and keeps their others. If none
    /// passes, nothing is logged, and the number is that of the last write before.
    ///
    /// # Errors
    /// As [`Collection::update_vectors`]. A bad filter is refused as by [`Collection::search`].
    pub fn update_vectors_where(
        &self,
        points: impl IntoIterator<Item = (PointId, BTreeMap<String, Vec<f32>>)>,
        filter: impl Into<Filter>,
    ) -> Result<SeqNo> {
        let operation = self.update_vectors_of(points)?;
        self.submit_if(operation, &UpsertOptions::new(UpsertMode::UpdateOnly).with_filter(filter))
    }

    fn update_vectors_of(
        &self,
        points: impl IntoIterator<Item = (PointId, BTreeMap<String, Vec<f32>>)>,
    ) -> Result<Operation> {
        let shared = &self.shared;
        let mut merged: Vec<(PointId, BTreeMap<String, Vec<f32>>)> = Vec::new();
        let mut places = HashMap::new();
        for (id, vectors) in points {
            let place = *places.entry(id).or_insert(merged.len());
            match merged.get_mut(place) {
                Some((_, known)) => known.extend(vectors),
                None => merged.push((id, vectors)),
            }
        }
        check_count("points", merged.len(), shared.env.limits.batch_points_max)?;
        let view = shared.view.load();
        let mut batch = BatchBuilder::new(shared);
        for (i, (id, vectors)) in merged.iter().enumerate() {
            if view.find(*id)?.is_none() {
                return Err(Error::NotFound { what: format!("point {id}") });
            }
            batch.push(i, *id, vectors)?;
        }
        Ok(Operation::UpdateVectors(batch.finish()))
    }

    /// Removes some vectors of each point and keeps the point. Ids that do not exist are skipped; a filter selects as for [`Collection::set_payload`].
    ///
    /// # Errors
    /// As [`Collection::set_payload`]; `NotFound` if the collection has no vector of a name.
    pub fn delete_vectors<'a, N: Into<String>>(
        &self,
        points: impl Into<Selection<'a>>,
        names: impl IntoIterator<Item = N>,
    ) -> Result<SeqNo> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        names.iter().try_for_each(|name| self.shared.vector_index(name).map(drop))?;
        self.edit(points, Edit::DeleteVectors { names })
    }

    fn edit<'a>(&self, points: impl Into<Selection<'a>>, edit: Edit) -> Result<SeqNo> {
        match points.into().0 {
            Selected::Ids(ids) => self.submit(edit.of(self.ids(ids)?)),
            Selected::Filter(filter) => self.edit_matching(&filter, edit),
        }
    }

    /// Edits the points that pass, in one write or in several, each of a range of ids.
    fn edit_matching(&self, filter: &Filter, edit: Edit) -> Result<SeqNo> {
        let shared = &self.shared;
        shared.check_writable()?;
        let filter = Arc::new(shared.compile(filter)?);
        let view = shared.view.load_full();
        let matching = shared.matching_ids(&view, &filter)?;
        let edit = Arc::new(edit);
        let (mut above, mut rest) = (None, matching.as_slice());
        loop {
            let (part, after) = rest.split_at(shared.part_len(rest, &edit));
            rest = after;
            let up_to = part.last().map(|point| point.id).filter(|_| !rest.is_empty());
            let choice = Matching {
                edit: Arc::clone(&edit),
                filter: Arc::clone(&filter),
                above,
                up_to,
                ids: part.iter().map(|point| point.id).collect(),
                seq: view.seq,
            };
            let seq = shared.submit_choice(Choice::Matching(choice), self.durability())?;
            if up_to.is_none() {
                return Ok(seq);
            }
            above = up_to;
        }
    }

    fn submit(&self, operation: Operation) -> Result<SeqNo> {
        self.shared.check_writable()?;
        self.shared.submit(operation, self.durability())
    }

    fn durability(&self) -> Durability {
        self.durability.unwrap_or_else(|| self.shared.settings.read().durability)
    }

    fn ids(&self, ids: impl IntoIterator<Item = PointId>) -> Result<Vec<PointIdRecord>> {
        let ids = self.shared.last_of_each(ids, |id| *id, self.shared.env.limits.batch_points_max)?;
        Ok(ids.into_iter().map(PointId::to_record).collect())
    }

    fn payload_text(&self, payload: &Payload) -> Result<Vec<u8>> {
        let text = payload.encode(self.shared.env.limits.payload_bytes_max)?;
        Ok(if text.is_empty() { b"{}".to_vec() } else { text })
    }
}

/// A point that a filter selects.
#[derive(Debug)]
struct MatchingPoint {
    id: PointId,
    /// Bytes of its payload.
    payload_bytes: usize,
}

/// Points that one write by filter deletes, and that one changes.
const DELETE_POINTS_MAX: usize = 1 << 20;
const CHANGE_POINTS_MAX: usize = 10_000;
/// Bytes of an id in the log, and more than enough for what stands around all of them.
const ID_BYTES: usize = 17;
const FRAME_BYTES: usize = 4096;

impl Shared {
    /// The points of a view that pass, in id order.
    fn matching_ids(&self, view: &View, filter: &Arc<CompiledFilter>) -> Result<Vec<MatchingPoint>> {
        let mut matching = Vec::new();
        for (segment, set) in view.segments.iter().zip(self.matching(view, filter)?.iter()) {
            for offset in set.iter_in(0..segment.len) {
                let (id, payload_bytes) = (segment.id(offset)?, segment.payload_len(offset)?);
                matching.push(MatchingPoint { id, payload_bytes });
            }
        }
        matching.sort_unstable_by_key(|point| point.id);
        Ok(matching)
    }

    /// How many of these points one write takes: new versions and ids stay within half of what a write may have, since points may be added to it.
    fn part_len(&self, points: &[MatchingPoint], edit: &Edit) -> usize {
        let budget = (self.record_bytes_max() / 2).saturating_sub(FRAME_BYTES);
        if matches!(edit, Edit::Delete) {
            return points.len().min(DELETE_POINTS_MAX).min((budget / ID_BYTES).max(1));
        }
        let rows: usize = self.params.iter().map(row_bytes).sum();
        let mut bytes = 0usize;
        let fits = |point: &&MatchingPoint| {
            bytes = bytes.saturating_add(rows + ID_BYTES + point.payload_bytes + edit.added_bytes());
            bytes <= budget
        };
        let count = points.iter().take(CHANGE_POINTS_MAX).take_while(fits).count();
        count.max(1).min(points.len())
    }

    /// Place of a named vector in the configuration.
    pub(super) fn vector_index(&self, name: &str) -> Result<usize> {
        let found = self.params.iter().position(|p| p.name == name);
        found
            .ok_or_else(|| Error::NotFound { what: format!("vector {name:?} of collection {:?}", self.name) })
    }

    fn last_of_each<T>(
        &self,
        items: impl IntoIterator<Item = T>,
        id: impl Fn(&T) -> PointId,
        max: usize,
    ) -> Result<Vec<T>> {
        let items: Vec<T> = items.into_iter().take(max.saturating_add(1)).collect();
        check_count("points", items.len(), max)?;
        let last: HashMap<PointId, usize> = items.iter().enumerate().map(|(i, item)| (id(item), i)).collect();
        let keep = |(i, item): (usize, T)| (last.get(&id(&item)) == Some(&i)).then_some(item);
        Ok(items.into_iter().enumerate().filter_map(keep).collect())
    }
}

fn check_count(field: &'static str, count: usize, max: usize) -> Result<()> {
    if count == 0 {
        return Err(Error::invalid(field, "at least one", "none"));
    }
    if count > max {
        return Err(Error::TooLarge { what: "points in one write", limit: max as u64, got: count as u64 });
    }
    Ok(())
}

/// Paths in one delete of payload keys.
const PATHS_MAX: usize = 1_000;

fn checked_path(path: &str) -> Result<String> {
    if !path.is_empty() {
        path.parse::<PayloadPath>()?;
    }
    Ok(path.to_owned())
}

/// Gathers points into columns.
struct BatchBuilder<'a> {
    shared: &'a Shared,
    batch: PointBatch,
    columns: Vec<VectorColumn>,
    /// Vectors and payloads so far.
    bytes: usize,
}

impl<'a> BatchBuilder<'a> {
    fn new(shared: &'a Shared) -> Self {
        let column = |p: &nigh_format::manifest::VectorParams| VectorColumn {
            name: p.name.clone(),
            dim: p.dim,
            datatype: p.datatype.code(),
            rows: Vec::new(),
            data: Vec::new(),
        };
        let columns = shared.params.iter().map(column).collect();
        let batch = PointBatch { ids: vec![], payload_ends: vec![], payloads: vec![], columns: vec![] };
        Self { shared, batch, columns, bytes: 0 }
    }

    fn push(&mut self, index: usize, id: PointId, vectors: &BTreeMap<String, Vec<f32>>) -> Result<()> {
        let row = self.batch.ids.len() as u32;
        self.batch.ids.push(id.to_record());
        for (name, values) in vectors {
            let vector = self.shared.vector_index(name)?;
            let (Some(params), Some(column)) = (self.shared.params.get(vector), self.columns.get_mut(vector))
            else {
                return Err(Error::internal("a vector without a column"));
            };
            let field = match name.as_str() {
                "" => format!("points[{index}].vector"),
                name => format!("points[{index}].vectors[{name:?}]"),
            };
            let before = column.data.len();
            store(&field, params, values, &mut column.data)?;
            column.rows.push(row);
            self.bytes += column.data.len() - before;
            self.check_bytes()?;
        }
        Ok(())
    }

    fn push_payload(&mut self, text: &[u8]) -> Result<()> {
        self.batch.payloads.extend_from_slice(text);
        self.bytes += text.len();
        self.check_bytes()?;
        let end = u32::try_from(self.batch.payloads.len());
        let end = end.map_err(|_| Error::TooLarge {
            what: "payloads of one write in bytes",
            limit: u64::from(u32::MAX),
            got: self.batch.payloads.len() as u64,
        })?;
        self.batch.payload_ends.push(end);
        Ok(())
    }

    /// Stops gathering as soon as the write is too large, not after.
    fn check_bytes(&self) -> Result<()> {
        let limit = self.shared.record_bytes_max();
        if self.bytes > limit {
            return Err(Error::TooLarge {
                what: "write in bytes",
                limit: limit as u64,
                got: self.bytes as u64,
            });
        }
        Ok(())
    }

    fn finish(mut self) -> PointBatch {
        self.batch.columns = self.columns.into_iter().filter(|c| !c.rows.is_empty()).collect();
        self.batch
    }
}
