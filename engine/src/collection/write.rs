//! Writing: a caller's points go in, are checked against the configuration, and become one operation.
//!
//! One call is one operation: all of it happens or none. Within one call the last point with an id wins.

use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::ids::SeqNo;
use crate::point::{Payload, PayloadPath, Point, PointId};
use crate::vectors::store;
use nigh_format::operation::{Operation, PointBatch, PointIdRecord, VectorColumn};
use std::collections::{BTreeMap, HashMap};

impl Collection {
    /// Inserts points, or replaces them whole. Returns the write's place in the log; for `Async`, which is not logged yet, a number not above it.
    ///
    /// # Errors
    /// `Invalid` or `TooLarge` names the field that does not fit; nothing was applied. `NoSpace`: not applied, retry when there is space.
    /// `Poisoned`: unknown, reopen.
    pub fn upsert(&self, points: impl IntoIterator<Item = Point>) -> Result<SeqNo> {
        let shared = &self.shared;
        let points = shared.last_of_each(points, |p| p.id, shared.env.limits.batch_points_max)?;
        let mut batch = BatchBuilder::new(shared);
        for (i, point) in points.iter().enumerate() {
            batch.push(i, point.id, &point.vectors)?;
            let field = format!("points[{i}].payload");
            let text = point.payload.encode(&field, shared.env.limits.payload_bytes_max)?;
            batch.push_payload(&text)?;
        }
        self.submit(Operation::Upsert(batch.finish()))
    }

    /// Deletes points; ids that do not exist are fine.
    ///
    /// # Errors
    /// As [`Collection::upsert`]. Deletes may use the disk space that other writes leave free.
    pub fn delete(&self, ids: impl IntoIterator<Item = PointId>) -> Result<SeqNo> {
        self.submit(Operation::Delete { ids: self.ids(ids)? })
    }

    /// Merges the top-level keys of `payload` into the payload of each point. Ids that do not exist are skipped.
    ///
    /// # Errors
    /// As [`Collection::upsert`].
    pub fn set_payload(&self, ids: impl IntoIterator<Item = PointId>, payload: Payload) -> Result<SeqNo> {
        self.set_payload_at("", ids, payload)
    }

    /// Merges `payload` into the object at `path` of each point's payload; see [`PayloadPath`]. The empty path is the whole payload.
    ///
    /// # Errors
    /// As [`Collection::upsert`]; `Invalid` if `path` is not a path.
    pub fn set_payload_at(
        &self,
        path: &str,
        ids: impl IntoIterator<Item = PointId>,
        payload: Payload,
    ) -> Result<SeqNo> {
        let (patch, path) = (self.payload_text(&payload)?, checked_path(path)?);
        self.submit(Operation::SetPayload { ids: self.ids(ids)?, patch, path })
    }

    /// Replaces the payload of each point. Ids that do not exist are skipped.
    ///
    /// # Errors
    /// As [`Collection::upsert`].
    pub fn overwrite_payload(
        &self,
        ids: impl IntoIterator<Item = PointId>,
        payload: Payload,
    ) -> Result<SeqNo> {
        self.overwrite_payload_at("", ids, payload)
    }

    /// Replaces the value at `path` of each point's payload. The empty path is the whole payload.
    ///
    /// # Errors
    /// As [`Collection::upsert`]; `Invalid` if `path` is not a path.
    pub fn overwrite_payload_at(
        &self,
        path: &str,
        ids: impl IntoIterator<Item = PointId>,
        payload: Payload,
    ) -> Result<SeqNo> {
        let (payload, path) = (self.payload_text(&payload)?, checked_path(path)?);
        self.submit(Operation::OverwritePayload { ids: self.ids(ids)?, payload, path })
    }

    /// Removes the values at `paths` from the payload of each point. Ids and paths that do not exist are skipped.
    ///
    /// # Errors
    /// As [`Collection::upsert`]; `Invalid` if a path is not a path.
    pub fn delete_payload_keys<P: AsRef<str>>(
        &self,
        ids: impl IntoIterator<Item = PointId>,
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
        self.submit(Operation::DeletePayloadKeys { ids: self.ids(ids)?, paths })
    }

    /// Empties the payload of each point. Ids that do not exist are skipped.
    ///
    /// # Errors
    /// As [`Collection::upsert`].
    pub fn clear_payload(&self, ids: impl IntoIterator<Item = PointId>) -> Result<SeqNo> {
        self.submit(Operation::ClearPayload { ids: self.ids(ids)? })
    }

    /// Sets some vectors of existing points and keeps their others.
    ///
    /// # Errors
    /// As [`Collection::upsert`]; `NotFound` if a point does not exist.
    pub fn update_vectors(
        &self,
        points: impl IntoIterator<Item = (PointId, BTreeMap<String, Vec<f32>>)>,
    ) -> Result<SeqNo> {
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
        self.submit(Operation::UpdateVectors(batch.finish()))
    }

    /// Removes some vectors of each point and keeps the point. Ids that do not exist are skipped.
    ///
    /// # Errors
    /// As [`Collection::upsert`]; `NotFound` if the collection has no vector of a name.
    pub fn delete_vectors<N: Into<String>>(
        &self,
        ids: impl IntoIterator<Item = PointId>,
        names: impl IntoIterator<Item = N>,
    ) -> Result<SeqNo> {
        let names: Vec<String> = names.into_iter().map(Into::into).collect();
        names.iter().try_for_each(|name| self.shared.vector_index(name).map(drop))?;
        self.submit(Operation::DeleteVectors { ids: self.ids(ids)?, names })
    }

    fn submit(&self, operation: Operation) -> Result<SeqNo> {
        self.shared.check_writable()?;
        let durability = self.durability.unwrap_or_else(|| self.shared.settings.read().durability);
        self.shared.submit(operation, durability)
    }

    fn ids(&self, ids: impl IntoIterator<Item = PointId>) -> Result<Vec<PointIdRecord>> {
        let ids = self.shared.last_of_each(ids, |id| *id, self.shared.env.limits.batch_points_max)?;
        Ok(ids.into_iter().map(PointId::to_record).collect())
    }

    fn payload_text(&self, payload: &Payload) -> Result<Vec<u8>> {
        let text = payload.encode("payload", self.shared.env.limits.payload_bytes_max)?;
        Ok(if text.is_empty() { b"{}".to_vec() } else { text })
    }
}

impl Shared {
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
