//! Writes come to the same by both wires.

use super::super::values::{point_id_message, value_message};
use super::*;
use nigh_api::PointId;
use serde_json::{Value, json};
use std::collections::HashMap;

fn id(num: u64) -> wire::PointId {
    point_id_message(PointId::Num(num))
}

fn vectors(data: &[f32]) -> Option<wire::Vectors> {
    let dense = wire::vector::Vector::Dense(wire::DenseVector { data: data.to_vec() });
    let vector = wire::Vector { vector: Some(dense), ..Default::default() };
    Some(wire::Vectors { vectors_options: Some(wire::vectors::VectorsOptions::Vector(vector)) })
}

fn some_filter() -> wire::Filter {
    let has_vector = wire::HasVectorCondition { has_vector: "v".to_owned() };
    let condition = wire::condition::ConditionOneOf::HasVector(has_vector);
    wire::Filter { must: vec![wire::Condition { condition_one_of: Some(condition) }], ..Default::default() }
}

fn by_ids() -> Option<wire::PointsSelector> {
    let ids = wire::PointsIdsList { ids: vec![id(1), id(2)] };
    let chosen = wire::points_selector::PointsSelectorOneOf::Points(ids);
    Some(wire::PointsSelector { points_selector_one_of: Some(chosen) })
}

fn by_filter() -> Option<wire::PointsSelector> {
    let chosen = wire::points_selector::PointsSelectorOneOf::Filter(some_filter());
    Some(wire::PointsSelector { points_selector_one_of: Some(chosen) })
}

fn fields() -> HashMap<String, wire::Value> {
    HashMap::from([("a".to_owned(), value_message(json!({"b": [1, 2.5]})))])
}

fn names() -> Option<wire::VectorsSelector> {
    Some(wire::VectorsSelector { names: vec!["v".to_owned()] })
}

fn rest<T: serde::de::DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a body")
}

#[test]
fn upserts() {
    let named = wire::NamedVectors::default();
    let none = wire::Vectors { vectors_options: Some(wire::vectors::VectorsOptions::Vectors(named)) };
    let message = wire::UpsertPoints {
        points: vec![
            wire::PointStruct { id: Some(id(1)), payload: fields(), vectors: vectors(&[0.5, 1.0]) },
            wire::PointStruct { id: Some(id(2)), payload: HashMap::new(), vectors: Some(none) },
        ],
        update_filter: Some(some_filter()),
        update_mode: Some(2),
        ..Default::default()
    };
    let body = json!({
        "points": [{"id": 1, "vector": [0.5, 1.0], "payload": {"a": {"b": [1, 2.5]}}}, {"id": 2, "vector": {}}],
        "update_filter": {"must": [{"has_vector": "v"}]}, "update_mode": "update_only",
    });
    assert_eq!(upsert(message), Ok(rest(body)));
}

#[test]
fn what_an_upsert_lacks_is_named() {
    let point = || wire::PointStruct { id: Some(id(1)), payload: HashMap::new(), vectors: vectors(&[1.0]) };
    let nan = wire::Value { kind: Some(wire::value::Kind::DoubleValue(f64::INFINITY)) };
    for (bad, expected) in [
        (wire::PointStruct { id: None, ..point() }, "points[1].id: required, but not given"),
        (wire::PointStruct { vectors: None, ..point() }, "points[1].vectors: required, but not given"),
        (
            wire::PointStruct { vectors: Some(wire::Vectors { vectors_options: None }), ..point() },
            "points[1].vectors.vectors_options: required, but not given",
        ),
        (
            wire::PointStruct { payload: HashMap::from([("x".to_owned(), nan)]), ..point() },
            "points[1].payload.x: expected a finite number, got inf",
        ),
    ] {
        let message = wire::UpsertPoints { points: vec![point(), bad], ..Default::default() };
        assert_eq!(upsert(message).expect_err(expected).to_string(), expected);
    }
    let message = wire::UpsertPoints { update_mode: Some(3), ..Default::default() };
    let error = upsert(message).expect_err("there are three modes");
    assert_eq!(error.to_string(), "update_mode: unknown value 3 of an enumeration");
}

#[test]
fn selections() {
    let message = wire::DeletePoints { points: by_ids(), ..Default::default() };
    assert_eq!(delete(message), Ok(rest(json!({"points": [1, 2]}))));
    let message = wire::ClearPayloadPoints { points: by_filter(), ..Default::default() };
    assert_eq!(clear_payload(message), Ok(rest(json!({"filter": {"must": [{"has_vector": "v"}]}}))));
    let error = delete(wire::DeletePoints::default()).expect_err("no points");
    assert_eq!(error.to_string(), "points: required, but not given");
}

#[test]
fn payloads() {
    let message = wire::SetPayloadPoints {
        payload: fields(),
        points_selector: by_ids(),
        key: Some("x.y".to_owned()),
        ..Default::default()
    };
    let body = json!({"payload": {"a": {"b": [1, 2.5]}}, "points": [1, 2], "key": "x.y"});
    assert_eq!(set_payload(message), Ok(rest(body)));
    let message = wire::DeletePayloadPoints {
        keys: vec!["a".to_owned()],
        points_selector: by_filter(),
        ..Default::default()
    };
    let body = json!({"keys": ["a"], "filter": {"must": [{"has_vector": "v"}]}});
    assert_eq!(delete_payload(message), Ok(rest(body)));
}

#[test]
fn vectors_by_name() {
    let message = wire::UpdatePointVectors {
        points: vec![wire::PointVectors { id: Some(id(1)), vectors: vectors(&[0.5]) }],
        update_filter: Some(some_filter()),
        ..Default::default()
    };
    let body =
        json!({"points": [{"id": 1, "vector": [0.5]}], "update_filter": {"must": [{"has_vector": "v"}]}});
    assert_eq!(update_vectors(message), Ok(rest(body)));
    let message =
        wire::DeletePointVectors { points_selector: by_ids(), vectors: names(), ..Default::default() };
    assert_eq!(delete_vectors(message), Ok(rest(json!({"points": [1, 2], "vector": ["v"]}))));
}

#[test]
#[expect(deprecated, reason = "older clients send selectors without a message around them")]
fn every_operation_of_a_batch() {
    let selection = json!({"points": [1, 2]});
    let set = json!({"payload": {"a": {"b": [1, 2.5]}}, "points": [1, 2]});
    for (message, body) in [
        (
            Operation::Upsert(batch::PointStructList {
                points: vec![wire::PointStruct {
                    id: Some(id(1)),
                    payload: fields(),
                    vectors: vectors(&[0.5]),
                }],
                update_mode: Some(1),
                ..Default::default()
            }),
            json!({"upsert": {"points": [{"id": 1, "vector": [0.5], "payload": {"a": {"b": [1, 2.5]}}}],
                "update_mode": "insert_only"}}),
        ),
        (
            Operation::DeletePoints(batch::DeletePoints { points: by_ids(), shard_key_selector: None }),
            json!({"delete": selection}),
        ),
        (Operation::DeleteDeprecated(by_ids().expect("a selector")), json!({"delete": selection})),
        (
            Operation::SetPayload(batch::SetPayload {
                payload: fields(),
                points_selector: by_ids(),
                ..Default::default()
            }),
            json!({"set_payload": set}),
        ),
        (
            Operation::OverwritePayload(batch::OverwritePayload {
                payload: fields(),
                points_selector: by_ids(),
                ..Default::default()
            }),
            json!({"overwrite_payload": set}),
        ),
        (
            Operation::DeletePayload(batch::DeletePayload {
                keys: vec!["a".to_owned()],
                points_selector: by_ids(),
                shard_key_selector: None,
            }),
            json!({"delete_payload": {"keys": ["a"], "points": [1, 2]}}),
        ),
        (
            Operation::ClearPayload(batch::ClearPayload { points: by_ids(), shard_key_selector: None }),
            json!({"clear_payload": selection}),
        ),
        (
            Operation::ClearPayloadDeprecated(by_ids().expect("a selector")),
            json!({"clear_payload": selection}),
        ),
        (
            Operation::UpdateVectors(batch::UpdateVectors {
                points: vec![wire::PointVectors { id: Some(id(1)), vectors: vectors(&[0.5]) }],
                ..Default::default()
            }),
            json!({"update_vectors": {"points": [{"id": 1, "vector": [0.5]}]}}),
        ),
        (
            Operation::DeleteVectors(batch::DeleteVectors {
                points_selector: by_ids(),
                vectors: names(),
                shard_key_selector: None,
            }),
            json!({"delete_vectors": {"points": [1, 2], "vector": ["v"]}}),
        ),
    ] {
        let read = update_batch(vec![wire::PointsUpdateOperation { operation: Some(message) }]);
        assert_eq!(read, Ok(vec![rest(body.clone())]), "{body}");
    }
    let error = update_batch(vec![wire::PointsUpdateOperation { operation: None }]).expect_err("nothing");
    assert_eq!(error.to_string(), "operations[0].operation: required, but not given");
}
