//! Writes of points.

use ::qdrant_client::qdrant as wire;
use nigh_api::{
    DeletePayload, DeleteVectors, PointStruct, PointVectorsUpdate, PointsOrBatch, PointsSelector, SetPayload,
    UpdateMode, UpdateOperation, UpdateVectors, UpsertPoints,
};
use wire::points_update_operation as batch;
use wire::points_update_operation::Operation;

use super::enums::known;
use super::filter::filter;
use super::values::{payload, payload_if_any, point_id, shard_key};
use super::vectors::point_vectors;
use super::{ConvertError, Result, each, optional, required};

/// An upsert.
pub(in crate::grpc) fn upsert(message: wire::UpsertPoints) -> Result<UpsertPoints> {
    let wire::UpsertPoints {
        collection_name: _,
        wait: _,
        points,
        ordering: _,
        shard_key_selector,
        update_filter,
        timeout: _,
        update_mode,
    } = message;
    upsert_list(batch::PointStructList { points, shard_key_selector, update_filter, update_mode })
}

fn upsert_list(message: batch::PointStructList) -> Result<UpsertPoints> {
    let batch::PointStructList { points, shard_key_selector, update_filter, update_mode } = message;
    let update_mode = update_mode.map(|number| known("update_mode", number)).transpose()?;
    Ok(UpsertPoints {
        points: PointsOrBatch::Points(each("points", points, point_struct)?),
        update_filter: optional("update_filter", update_filter, filter)?,
        update_mode: update_mode.map(|mode| match mode {
            wire::UpdateMode::Upsert => UpdateMode::Upsert,
            wire::UpdateMode::InsertOnly => UpdateMode::InsertOnly,
            wire::UpdateMode::UpdateOnly => UpdateMode::UpdateOnly,
        }),
        shard_key: shard_key(shard_key_selector)?,
    })
}

fn point_struct(message: wire::PointStruct) -> Result<PointStruct> {
    let wire::PointStruct { id, payload, vectors } = message;
    Ok(PointStruct {
        id: required("id", id, point_id)?,
        vector: required("vectors", vectors, point_vectors)?,
        payload: payload_if_any(payload).map_err(|error| error.within("payload"))?,
    })
}

/// Which points are deleted.
pub(in crate::grpc) fn delete(message: wire::DeletePoints) -> Result<PointsSelector> {
    selector("points", message.points, message.shard_key_selector)
}

/// Which payloads are cleared.
pub(in crate::grpc) fn clear_payload(message: wire::ClearPayloadPoints) -> Result<PointsSelector> {
    selector("points", message.points, message.shard_key_selector)
}

/// What is set of a payload, or put in its place.
pub(in crate::grpc) fn set_payload(message: wire::SetPayloadPoints) -> Result<SetPayload> {
    let wire::SetPayloadPoints { payload, points_selector, shard_key_selector, key, .. } = message;
    set_payload_parts(batch::SetPayload { payload, points_selector, shard_key_selector, key })
}

fn set_payload_parts(message: batch::SetPayload) -> Result<SetPayload> {
    let batch::SetPayload { payload: fields, points_selector, shard_key_selector, key } = message;
    Ok(SetPayload {
        selector: selector_if_any(points_selector, shard_key_selector)?,
        payload: payload(fields).map_err(|error| error.within("payload"))?,
        key,
    })
}

/// What is removed of payloads.
pub(in crate::grpc) fn delete_payload(message: wire::DeletePayloadPoints) -> Result<DeletePayload> {
    let wire::DeletePayloadPoints { keys, points_selector, shard_key_selector, .. } = message;
    Ok(DeletePayload { selector: selector_if_any(points_selector, shard_key_selector)?, keys })
}

/// Vectors that are put in the place of others.
pub(in crate::grpc) fn update_vectors(message: wire::UpdatePointVectors) -> Result<UpdateVectors> {
    let wire::UpdatePointVectors { points, shard_key_selector, update_filter, .. } = message;
    update_vectors_of(batch::UpdateVectors { points, shard_key_selector, update_filter })
}

fn update_vectors_of(message: batch::UpdateVectors) -> Result<UpdateVectors> {
    let batch::UpdateVectors { points, shard_key_selector, update_filter } = message;
    Ok(UpdateVectors {
        points: each("points", points, |point| {
            Ok(PointVectorsUpdate {
                id: required("id", point.id, point_id)?,
                vector: required("vectors", point.vectors, point_vectors)?,
            })
        })?,
        update_filter: optional("update_filter", update_filter, filter)?,
        shard_key: shard_key(shard_key_selector)?,
    })
}

/// Vectors that are removed.
pub(in crate::grpc) fn delete_vectors(message: wire::DeletePointVectors) -> Result<DeleteVectors> {
    let wire::DeletePointVectors { points_selector, vectors, shard_key_selector, .. } = message;
    delete_vectors_of(batch::DeleteVectors { points_selector, vectors, shard_key_selector })
}

fn delete_vectors_of(message: batch::DeleteVectors) -> Result<DeleteVectors> {
    let batch::DeleteVectors { points_selector, vectors, shard_key_selector } = message;
    Ok(DeleteVectors {
        selector: selector("points_selector", points_selector, shard_key_selector)?,
        vector: vectors.ok_or_else(|| ConvertError::missing("vectors"))?.names,
    })
}

/// Several writes, in order.
pub(in crate::grpc) fn update_batch(
    messages: Vec<wire::PointsUpdateOperation>,
) -> Result<Vec<UpdateOperation>> {
    each("operations", messages, |message| {
        operation(message.operation.ok_or_else(|| ConvertError::missing("operation"))?)
    })
}

#[expect(deprecated, reason = "older clients send selectors without a message around them")]
fn operation(operation: Operation) -> Result<UpdateOperation> {
    match operation {
        Operation::Upsert(message) => {
            required("upsert", Some(message), upsert_list).map(UpdateOperation::Upsert)
        }
        Operation::DeletePoints(message) => required("delete_points", Some(message), |message| {
            selector("points", message.points, message.shard_key_selector)
        })
        .map(UpdateOperation::Delete),
        Operation::DeleteDeprecated(points) => {
            selector("delete_deprecated", Some(points), None).map(UpdateOperation::Delete)
        }
        Operation::SetPayload(message) => {
            required("set_payload", Some(message), set_payload_parts).map(UpdateOperation::SetPayload)
        }
        Operation::OverwritePayload(message) => {
            let batch::OverwritePayload { payload, points_selector, shard_key_selector, key } = message;
            let message = batch::SetPayload { payload, points_selector, shard_key_selector, key };
            required("overwrite_payload", Some(message), set_payload_parts)
                .map(UpdateOperation::OverwritePayload)
        }
        Operation::DeletePayload(message) => required("delete_payload", Some(message), |message| {
            let batch::DeletePayload { keys, points_selector, shard_key_selector } = message;
            Ok(DeletePayload { selector: selector_if_any(points_selector, shard_key_selector)?, keys })
        })
        .map(UpdateOperation::DeletePayload),
        Operation::ClearPayload(message) => required("clear_payload", Some(message), |message| {
            selector("points", message.points, message.shard_key_selector)
        })
        .map(UpdateOperation::ClearPayload),
        Operation::ClearPayloadDeprecated(points) => {
            selector("clear_payload_deprecated", Some(points), None).map(UpdateOperation::ClearPayload)
        }
        Operation::UpdateVectors(message) => {
            required("update_vectors", Some(message), update_vectors_of).map(UpdateOperation::UpdateVectors)
        }
        Operation::DeleteVectors(message) => {
            required("delete_vectors", Some(message), delete_vectors_of).map(UpdateOperation::DeleteVectors)
        }
    }
}

fn selector(
    field: &str,
    points: Option<wire::PointsSelector>,
    shards: Option<wire::ShardKeySelector>,
) -> Result<PointsSelector> {
    use wire::points_selector::PointsSelectorOneOf as Chosen;
    let shard_key = shard_key(shards)?;
    required(field, points, |message| {
        Ok(
            match message
                .points_selector_one_of
                .ok_or_else(|| ConvertError::missing("points_selector_one_of"))?
            {
                Chosen::Points(list) => {
                    let points = each("points.ids", list.ids, point_id)?;
                    PointsSelector { points: Some(points), filter: None, shard_key }
                }
                Chosen::Filter(message) => {
                    let filter = required("filter", Some(message), filter)?;
                    PointsSelector { points: None, filter: Some(filter), shard_key }
                }
            },
        )
    })
}

/// Where none is given the service tells, as it does for REST.
fn selector_if_any(
    points: Option<wire::PointsSelector>,
    shards: Option<wire::ShardKeySelector>,
) -> Result<PointsSelector> {
    match points {
        Some(points) => selector("points_selector", Some(points), shards),
        None => Ok(PointsSelector { points: None, filter: None, shard_key: shard_key(shards)? }),
    }
}

#[cfg(test)]
mod tests;
