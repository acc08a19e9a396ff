//! Answers of reads and writes of points.

use ::qdrant_client::qdrant as wire;
use nigh_api::{
    FacetValue, FacetValueHit, GroupId, GroupsResult, OrderValue, PointGroup, Record, ScoredPoint,
    ScrollResult, SearchMatrixOffsets, SearchMatrixPair, SearchMatrixPairs, SnapshotDescription,
    UpdateResult, UpdateStatus,
};

use super::values::{payload_message, point_id_message};
use super::vectors::vectors_message;

/// The message of a point with a score.
pub(in crate::grpc) fn scored_point_message(point: ScoredPoint) -> wire::ScoredPoint {
    let ScoredPoint { id, version, score, payload, vector, order_value } = point;
    wire::ScoredPoint {
        id: Some(point_id_message(id)),
        payload: payload.map(payload_message).unwrap_or_default(),
        score,
        version,
        vectors: vector.map(vectors_message),
        shard_key: None,
        order_value: order_value.map(order_value_message),
    }
}

/// The messages of points with scores.
pub(in crate::grpc) fn scored_point_messages(points: Vec<ScoredPoint>) -> Vec<wire::ScoredPoint> {
    points.into_iter().map(scored_point_message).collect()
}

/// The message of a point.
pub(in crate::grpc) fn record_message(record: Record) -> wire::RetrievedPoint {
    let Record { id, payload, vector, order_value } = record;
    wire::RetrievedPoint {
        id: Some(point_id_message(id)),
        payload: payload.map(payload_message).unwrap_or_default(),
        vectors: vector.map(vectors_message),
        shard_key: None,
        order_value: order_value.map(order_value_message),
    }
}

fn order_value_message(value: OrderValue) -> wire::OrderValue {
    let variant = match value {
        OrderValue::Integer(value) => wire::order_value::Variant::Int(value),
        OrderValue::Float(value) => wire::order_value::Variant::Float(value),
    };
    wire::OrderValue { variant: Some(variant) }
}

/// The message of what became of a write.
pub(in crate::grpc) fn update_result_message(result: UpdateResult) -> wire::UpdateResult {
    let UpdateResult { operation_id, status } = result;
    let status = match status {
        UpdateStatus::Acknowledged => wire::UpdateStatus::Acknowledged,
        UpdateStatus::Completed => wire::UpdateStatus::Completed,
        UpdateStatus::WaitTimeout => wire::UpdateStatus::WaitTimeout,
    };
    wire::UpdateResult { operation_id, status: status.into() }
}

/// The message of groups.
pub(in crate::grpc) fn groups_message(result: GroupsResult) -> wire::GroupsResult {
    wire::GroupsResult { groups: result.groups.into_iter().map(group_message).collect() }
}

fn group_message(group: PointGroup) -> wire::PointGroup {
    let PointGroup { hits, id, lookup } = group;
    let kind = match id {
        GroupId::Unsigned(value) => wire::group_id::Kind::UnsignedValue(value),
        GroupId::Integer(value) => wire::group_id::Kind::IntegerValue(value),
        GroupId::Text(text) => wire::group_id::Kind::StringValue(text),
    };
    wire::PointGroup {
        id: Some(wire::GroupId { kind: Some(kind) }),
        hits: scored_point_messages(hits),
        lookup: lookup.map(record_message),
    }
}

/// The message of a value and how many points have it.
pub(in crate::grpc) fn facet_hit_message(hit: FacetValueHit) -> wire::FacetHit {
    let variant = match hit.value {
        FacetValue::Bool(value) => wire::facet_value::Variant::BoolValue(value),
        FacetValue::Integer(value) => wire::facet_value::Variant::IntegerValue(value),
        FacetValue::Text(text) => wire::facet_value::Variant::StringValue(text),
    };
    wire::FacetHit { value: Some(wire::FacetValue { variant: Some(variant) }), count: hit.count }
}

/// The message of a page.
pub(in crate::grpc) fn scroll_message(page: ScrollResult, time: f64) -> wire::ScrollResponse {
    wire::ScrollResponse {
        next_page_offset: page.next_page_offset.map(point_id_message),
        result: page.points.into_iter().map(record_message).collect(),
        time,
        usage: None,
    }
}

/// The message of a snapshot.
pub(in crate::grpc) fn snapshot_message(snapshot: SnapshotDescription) -> wire::SnapshotDescription {
    let SnapshotDescription { name, creation_time, size, checksum } = snapshot;
    wire::SnapshotDescription {
        name,
        // Without a zone: UTC.
        creation_time: creation_time.and_then(|time| format!("{time}Z").parse().ok()),
        size: i64::try_from(size).unwrap_or(i64::MAX),
        checksum,
    }
}

/// The message of distances, pair by pair.
pub(in crate::grpc) fn matrix_pairs_message(result: SearchMatrixPairs) -> wire::SearchMatrixPairs {
    let pair = |SearchMatrixPair { a, b, score }| wire::SearchMatrixPair {
        a: Some(point_id_message(a)),
        b: Some(point_id_message(b)),
        score,
    };
    wire::SearchMatrixPairs { pairs: result.pairs.into_iter().map(pair).collect() }
}

/// The message of distances, as a matrix.
pub(in crate::grpc) fn matrix_offsets_message(result: SearchMatrixOffsets) -> wire::SearchMatrixOffsets {
    let SearchMatrixOffsets { offsets_row, offsets_col, scores, ids } = result;
    let ids = ids.into_iter().map(point_id_message).collect();
    wire::SearchMatrixOffsets { offsets_row, offsets_col, scores, ids }
}

#[cfg(test)]
mod tests {
    use super::super::values::{payload, point_id};
    use super::*;
    use nigh_api::PointId;
    use serde_json::json;

    #[test]
    fn points_keep_all_that_they_have() {
        let body = json!({"id": 5, "version": 7, "score": 0.5, "payload": {"a": [1]}, "vector": [0.5],
            "order_value": 3});
        let point: ScoredPoint = serde_json::from_value(body).expect("a point");
        let message = scored_point_message(point.clone());
        assert_eq!(message.id.map(point_id), Some(Ok(PointId::Num(5))));
        assert_eq!((message.version, message.score), (7, 0.5));
        assert_eq!(payload(message.payload), Ok(point.payload.expect("a payload")));
        assert!(message.vectors.is_some());
        let variant = message.order_value.and_then(|value| value.variant);
        assert_eq!(variant, Some(wire::order_value::Variant::Int(3)));
    }

    #[test]
    fn groups_have_their_kind_of_id() {
        let body = json!({"groups": [
            {"id": "a", "hits": [{"id": 1, "version": 0, "score": 1.0}], "lookup": {"id": 9}},
            {"id": 5, "hits": []}, {"id": -5, "hits": []}]});
        let message = groups_message(serde_json::from_value(body).expect("groups"));
        let kinds: Vec<_> =
            message.groups.iter().filter_map(|group| group.id.clone().and_then(|id| id.kind)).collect();
        use wire::group_id::Kind;
        assert_eq!(kinds, [Kind::StringValue("a".into()), Kind::UnsignedValue(5), Kind::IntegerValue(-5)]);
        let first = message.groups.first().expect("a group");
        assert_eq!((first.hits.len(), first.lookup.is_some()), (1, true));
    }

    #[test]
    fn facets_have_their_kind_of_value() {
        use wire::facet_value::Variant;
        for (value, expected) in [
            (FacetValue::Bool(true), Variant::BoolValue(true)),
            (FacetValue::Integer(-1), Variant::IntegerValue(-1)),
            (FacetValue::Text("a".into()), Variant::StringValue("a".into())),
        ] {
            let message = facet_hit_message(FacetValueHit { value, count: 3 });
            assert_eq!((message.value.and_then(|value| value.variant), message.count), (Some(expected), 3));
        }
    }

    #[test]
    fn statuses_of_writes_have_their_numbers() {
        for (status, number) in
            [(UpdateStatus::Acknowledged, 1), (UpdateStatus::Completed, 2), (UpdateStatus::WaitTimeout, 4)]
        {
            let message = update_result_message(UpdateResult { operation_id: Some(3), status });
            assert_eq!((message.operation_id, message.status), (Some(3), number));
        }
    }
}
