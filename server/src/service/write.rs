//! Writes of points.

use super::{Opened, Scope};
use crate::auth::Right;
use crate::convert::id_in;
use crate::convert::query::ids_in;
use crate::convert::vectors::vectors_in;
use crate::error::{ApiError, Kind, Result};
use crate::service::strict;
use nigh::{
    Collection, Condition, Durability, Filter, Payload, Point, PointId, Selection, SeqNo, UpsertMode,
    UpsertOptions, WithPayload, WithVectors,
};
use nigh_api::{
    DeletePayload, DeleteVectors, PointsSelector, SetPayload, UpdateMode, UpdateOperation, UpdateResult,
    UpdateStatus, UpdateVectors, UpsertPoints,
};
use std::collections::HashSet;

/// A collection that is written to.
struct Target {
    opened: Opened,
    /// With what an acknowledged write means.
    collection: Collection,
    wait: bool,
}

impl Target {
    fn open(scope: &Scope, name: &str, wait: bool) -> Result<Self> {
        let opened = scope.open(name, Right::Write)?;
        strict::take_write(scope, name, &opened)?;
        // Without waiting a write is only accepted, as it is by Qdrant.
        let durability = if wait { Durability::Sync } else { Durability::Async };
        let collection = opened.collection.with_durability(durability);
        Ok(Self { opened, collection, wait })
    }

    fn done(&self, seq: SeqNo) -> UpdateResult {
        let status = if self.wait { UpdateStatus::Completed } else { UpdateStatus::Acknowledged };
        UpdateResult { operation_id: Some(seq.0), status }
    }

    /// The answer to a write that named points: of those that are not there the first is told, when all others were written.
    fn done_unless(&self, missing: Option<PointId>, seq: SeqNo) -> Result<UpdateResult> {
        match missing {
            Some(id) => Err(ApiError::not_found(format_args!("No point with id {id} found"))),
            None => Ok(self.done(seq)),
        }
    }

    /// The first of the points that a selector names that is not there.
    fn missing(&self, selector: &PointsSelector) -> Result<Option<PointId>> {
        let Some(ids) = &selector.points else { return Ok(None) };
        if ids.is_empty() && selector.filter.is_none() {
            return Err(ApiError::new(Kind::BadRequest, "Empty update request"));
        }
        self.first_missing(&ids_in(ids.clone()))
    }

    fn first_missing(&self, ids: &[PointId]) -> Result<Option<PointId>> {
        let there = self.there(ids)?;
        Ok(ids.iter().find(|id| !there.contains(id)).copied())
    }

    fn there(&self, ids: &[PointId]) -> Result<HashSet<PointId>> {
        let there = self.collection.get(ids.iter().copied(), &WithPayload::No, &WithVectors::No)?;
        Ok(there.into_iter().map(|record| record.id).collect())
    }

    /// The points of a selector that the caller may touch.
    fn select(&self, selector: PointsSelector) -> Result<Selection<'static>> {
        let PointsSelector { points, filter, shard_key: _ } = selector;
        match (points, filter, &self.opened.forced) {
            (None, None, _) => Err(ApiError::bad_input("No filter or points provided")),
            (Some(ids), None, None) => Ok(ids_in(ids).into()),
            (ids, filter, _) => {
                let ids = ids.map(|ids| Filter::from(Condition::HasId(ids_in(ids))));
                let filter = self.opened.filter(filter)?;
                let both = [ids, filter].into_iter().flatten().fold(Filter::new(), Filter::must);
                Ok(both.into())
            }
        }
    }
}

/// Inserts points or replaces them whole.
pub(crate) fn upsert(scope: &Scope, name: &str, body: UpsertPoints, wait: bool) -> Result<UpdateResult> {
    let target = Target::open(scope, name, wait)?;
    let UpsertPoints { points, update_filter, update_mode, shard_key: _ } = body;
    let points = points.into_points();
    if points.is_empty() {
        return Err(ApiError::new(Kind::BadRequest, "Empty update request"));
    }
    strict::check_batch(&target.opened, points.len())?;
    let point = |point: nigh_api::PointStruct| {
        Ok(Point {
            id: id_in(point.id),
            vectors: vectors_in(&target.opened.config, point.vector)?,
            payload: point.payload.map(Payload::from).unwrap_or_default(),
        })
    };
    let points = points.into_iter().map(point).collect::<Result<Vec<_>>>()?;
    let mode = match update_mode.unwrap_or_default() {
        UpdateMode::Upsert => UpsertMode::Upsert,
        UpdateMode::InsertOnly => UpsertMode::InsertOnly,
        UpdateMode::UpdateOnly => UpsertMode::UpdateOnly,
    };
    // Points of others are left as they are, and nothing is put among them.
    if let Some(forced) = &target.opened.forced
        && let Some(id) = target.collection.first_outside(forced, &points)?
    {
        let message = format!("point {id} does not pass the filter of the token");
        return Err(ApiError::new(Kind::Forbidden, message));
    }
    let filter = target.opened.filter(update_filter)?;
    let seq = match (mode, filter) {
        (UpsertMode::Upsert, None) => target.collection.upsert(points)?,
        (mode, filter) => target.collection.upsert_with(points, &UpsertOptions { mode, filter })?,
    };
    Ok(target.done(seq))
}

/// An edit could move a point out of what a forced filter passes, and in among the points of others.
fn refuse_with_filter(target: &Target) -> Result<()> {
    if target.opened.forced.is_none() {
        return Ok(());
    }
    let message = "edits of payloads are not allowed with a token that carries a filter";
    Err(ApiError::new(Kind::Forbidden, message))
}

/// Deletes points.
pub(crate) fn delete(scope: &Scope, name: &str, body: PointsSelector, wait: bool) -> Result<UpdateResult> {
    let target = Target::open(scope, name, wait)?;
    let selected = target.select(body)?;
    Ok(target.done(target.collection.delete(selected)?))
}

/// Merges a payload into those of points.
pub(crate) fn set_payload(scope: &Scope, name: &str, body: SetPayload, wait: bool) -> Result<UpdateResult> {
    let target = Target::open(scope, name, wait)?;
    refuse_with_filter(&target)?;
    let SetPayload { selector, payload, key } = body;
    let missing = target.missing(&selector)?;
    let (selected, path) = (target.select(selector)?, key.unwrap_or_default());
    target.done_unless(missing, target.collection.set_payload_at(&path, selected, payload.into())?)
}

/// Replaces payloads of points, or the value at a path of them.
pub(crate) fn overwrite_payload(
    scope: &Scope,
    name: &str,
    body: SetPayload,
    wait: bool,
) -> Result<UpdateResult> {
    let target = Target::open(scope, name, wait)?;
    refuse_with_filter(&target)?;
    let SetPayload { selector, payload, key } = body;
    let missing = target.missing(&selector)?;
    let (selected, path) = (target.select(selector)?, key.unwrap_or_default());
    target.done_unless(missing, target.collection.overwrite_payload_at(&path, selected, payload.into())?)
}

/// Removes parts of payloads.
pub(crate) fn delete_payload(
    scope: &Scope,
    name: &str,
    body: DeletePayload,
    wait: bool,
) -> Result<UpdateResult> {
    let target = Target::open(scope, name, wait)?;
    refuse_with_filter(&target)?;
    let missing = target.missing(&body.selector)?;
    let selected = target.select(body.selector)?;
    target.done_unless(missing, target.collection.delete_payload_keys(selected, body.keys)?)
}

/// Removes payloads.
pub(crate) fn clear_payload(
    scope: &Scope,
    name: &str,
    body: PointsSelector,
    wait: bool,
) -> Result<UpdateResult> {
    let target = Target::open(scope, name, wait)?;
    refuse_with_filter(&target)?;
    let missing = target.missing(&body)?;
    let selected = target.select(body)?;
    target.done_unless(missing, target.collection.clear_payload(selected)?)
}

/// Sets some vectors of points that are there.
pub(crate) fn update_vectors(
    scope: &Scope,
    name: &str,
    body: UpdateVectors,
    wait: bool,
) -> Result<UpdateResult> {
    let target = Target::open(scope, name, wait)?;
    let UpdateVectors { points, update_filter, shard_key: _ } = body;
    let one = |point: nigh_api::PointVectorsUpdate| {
        Ok((id_in(point.id), vectors_in(&target.opened.config, point.vector)?))
    };
    let mut points = points.into_iter().map(one).collect::<Result<Vec<_>>>()?;
    let ids: Vec<PointId> = points.iter().map(|(id, _)| *id).collect();
    let there = target.there(&ids)?;
    let missing = ids.iter().find(|id| !there.contains(id)).copied();
    points.retain(|(id, _)| there.contains(id));
    let seq = match (points.is_empty(), target.opened.filter(update_filter)?) {
        (true, _) => target.collection.info()?.last_seq,
        (false, None) => target.collection.update_vectors(points)?,
        (false, Some(filter)) => target.collection.update_vectors_where(points, filter)?,
    };
    target.done_unless(missing, seq)
}

/// Removes some vectors of points.
pub(crate) fn delete_vectors(
    scope: &Scope,
    name: &str,
    body: DeleteVectors,
    wait: bool,
) -> Result<UpdateResult> {
    let target = Target::open(scope, name, wait)?;
    let missing = target.missing(&body.selector)?;
    let selected = target.select(body.selector)?;
    target.done_unless(missing, target.collection.delete_vectors(selected, body.vector)?)
}

/// Several writes, in order. One that fails ends it; those before it stay.
pub(crate) fn batch(
    scope: &Scope,
    name: &str,
    operations: Vec<UpdateOperation>,
    wait: bool,
) -> Result<Vec<UpdateResult>> {
    // Of no writes at all, too.
    scope.open(name, Right::Write)?;
    let one = |operation: UpdateOperation| match operation {
        UpdateOperation::Upsert(body) => upsert(scope, name, body, wait),
        UpdateOperation::Delete(body) => delete(scope, name, body, wait),
        UpdateOperation::SetPayload(body) => set_payload(scope, name, body, wait),
        UpdateOperation::OverwritePayload(body) => overwrite_payload(scope, name, body, wait),
        UpdateOperation::DeletePayload(body) => delete_payload(scope, name, body, wait),
        UpdateOperation::ClearPayload(body) => clear_payload(scope, name, body, wait),
        UpdateOperation::UpdateVectors(body) => update_vectors(scope, name, body, wait),
        UpdateOperation::DeleteVectors(body) => delete_vectors(scope, name, body, wait),
    };
    operations.into_iter().map(one).collect()
}
