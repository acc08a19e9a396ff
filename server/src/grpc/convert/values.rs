//! Payload values, ids and keys of shards.

use std::collections::HashMap;

use ::qdrant_client::qdrant as wire;
use nigh_api::{Payload, PointId};
use serde_json::{Map, Number, Value};
use uuid::Uuid;
use wire::point_id::PointIdOptions;
use wire::value::Kind;

use super::{ConvertError, Result, each, each_value};

/// A JSON value. What has no kind is null.
pub(in crate::grpc) fn json(message: wire::Value) -> Result<Value> {
    let Some(kind) = message.kind else { return Ok(Value::Null) };
    Ok(match kind {
        Kind::NullValue(_) => Value::Null,
        Kind::BoolValue(value) => Value::Bool(value),
        Kind::IntegerValue(value) => Value::Number(value.into()),
        Kind::DoubleValue(value) => Value::Number(number("", value)?),
        Kind::StringValue(text) => Value::String(text),
        Kind::ListValue(list) => Value::Array(each("", list.values, json)?),
        Kind::StructValue(map) => Value::Object(payload(map.fields)?),
    })
}

/// A JSON object.
pub(in crate::grpc) fn payload(fields: HashMap<String, wire::Value>) -> Result<Payload> {
    each_value("", fields, json)
}

/// A JSON object, none if it is empty: an absent map and an empty one look the same.
pub(super) fn payload_if_any(fields: HashMap<String, wire::Value>) -> Result<Option<Payload>> {
    if fields.is_empty() { Ok(None) } else { payload(fields).map(Some) }
}

/// A number that JSON has.
pub(super) fn number(field: &str, value: f64) -> Result<Number> {
    Number::from_f64(value)
        .ok_or_else(|| ConvertError::new(field, format_args!("expected a finite number, got {value}")))
}

/// The message of a JSON value. Integers that only fit without a sign become floating point.
pub(in crate::grpc) fn value_message(value: Value) -> wire::Value {
    let kind = match value {
        Value::Null => Kind::NullValue(wire::NullValue::NullValue.into()),
        Value::Bool(value) => Kind::BoolValue(value),
        Value::Number(number) => match number.as_i64() {
            Some(value) => Kind::IntegerValue(value),
            // Every number has one; a NaN would be seen.
            None => Kind::DoubleValue(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => Kind::StringValue(text),
        Value::Array(items) => {
            Kind::ListValue(wire::ListValue { values: items.into_iter().map(value_message).collect() })
        }
        Value::Object(map) => Kind::StructValue(wire::Struct { fields: payload_message(map) }),
    };
    wire::Value { kind: Some(kind) }
}

/// The message of a JSON object.
pub(in crate::grpc) fn payload_message(payload: Map<String, Value>) -> HashMap<String, wire::Value> {
    payload.into_iter().map(|(key, value)| (key, value_message(value))).collect()
}

/// An id.
pub(in crate::grpc) fn point_id(message: wire::PointId) -> Result<PointId> {
    match message.point_id_options.ok_or_else(|| ConvertError::missing("point_id_options"))? {
        PointIdOptions::Num(num) => Ok(PointId::Num(num)),
        PointIdOptions::Uuid(text) => Uuid::parse_str(&text).map(PointId::Uuid).map_err(|_| {
            let shown: String = text.chars().take(64).collect();
            ConvertError::new("uuid", format_args!("Unable to parse UUID: {shown}"))
        }),
    }
}

/// The message of an id.
pub(in crate::grpc) fn point_id_message(id: PointId) -> wire::PointId {
    let options = match id {
        PointId::Num(num) => PointIdOptions::Num(num),
        PointId::Uuid(uuid) => PointIdOptions::Uuid(uuid.hyphenated().to_string()),
    };
    wire::PointId { point_id_options: Some(options) }
}

/// Keys of shards as REST has them: a key, a list of keys, or an object with a target and a fallback.
pub(super) fn shard_key(selector: Option<wire::ShardKeySelector>) -> Result<Option<Value>> {
    let Some(wire::ShardKeySelector { shard_keys, fallback }) = selector else { return Ok(None) };
    let mut keys = each("shard_key_selector.shard_keys", shard_keys, one_shard_key)?;
    let Some(fallback) = fallback else {
        return Ok(match keys.len() {
            0 => None,
            1 => keys.pop(),
            _ => Some(Value::Array(keys)),
        });
    };
    let fallback = one_shard_key(fallback).map_err(|error| error.within("shard_key_selector.fallback"))?;
    let target = keys.pop().ok_or_else(|| ConvertError::missing("shard_key_selector.shard_keys"))?;
    Ok(Some(serde_json::json!({ "target": target, "fallback": fallback })))
}

fn one_shard_key(message: wire::ShardKey) -> Result<Value> {
    match message.key.ok_or_else(|| ConvertError::missing("key"))? {
        wire::shard_key::Key::Keyword(key) => Ok(key.into()),
        wire::shard_key::Key::Number(key) => Ok(key.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn payloads_come_back_as_they_went() {
        let value = json!({
            "null": null, "yes": true, "int": -5, "one": 1.0, "half": 0.5, "text": "가나",
            "list": [1, [2.5, null], {}], "map": {"a": {"b": []}},
        });
        let back = json(value_message(value.clone())).expect("a value");
        assert_eq!(back, value);
        assert!(back["one"].is_f64() && back["int"].is_i64());
    }

    #[test]
    fn integers_without_a_sign_become_floating_point() {
        let message = value_message(json!(u64::MAX));
        assert_eq!(message.kind, Some(Kind::DoubleValue(18_446_744_073_709_551_615.0)));
    }

    #[test]
    fn what_has_no_kind_is_null_and_what_is_no_number_is_refused() {
        assert_eq!(json(wire::Value { kind: None }), Ok(Value::Null));
        let list = wire::ListValue { values: vec![wire::Value { kind: Some(Kind::DoubleValue(f64::NAN)) }] };
        let fields = HashMap::from([("a".to_owned(), wire::Value { kind: Some(Kind::ListValue(list)) })]);
        let error = payload(fields).expect_err("NaN is not in JSON");
        assert_eq!(error.to_string(), "a[0]: expected a finite number, got NaN");
    }

    #[test]
    fn ids_are_numbers_or_uuids() {
        let num = point_id(wire::PointId { point_id_options: Some(PointIdOptions::Num(u64::MAX)) });
        assert_eq!(num, Ok(PointId::Num(u64::MAX)));
        let uuid = |text: &str| {
            point_id(wire::PointId { point_id_options: Some(PointIdOptions::Uuid(text.to_owned())) })
        };
        let id = uuid("{550E8400-E29B-41D4-A716-446655440000}").expect("a UUID");
        let text = "550e8400-e29b-41d4-a716-446655440000".to_owned();
        assert_eq!(point_id_message(id).point_id_options, Some(PointIdOptions::Uuid(text)));
        assert!(uuid("5").is_err());
        assert_eq!(
            point_id(wire::PointId { point_id_options: None }),
            Err(ConvertError::missing("point_id_options"))
        );
    }

    #[test]
    fn shard_keys_are_those_of_rest() {
        let key = |key: &str| wire::ShardKey { key: Some(wire::shard_key::Key::Keyword(key.to_owned())) };
        let number = wire::ShardKey { key: Some(wire::shard_key::Key::Number(7)) };
        let of = |shard_keys, fallback| {
            shard_key(Some(wire::ShardKeySelector { shard_keys, fallback })).expect("keys")
        };
        assert_eq!(of(vec![], None), None);
        assert_eq!(of(vec![key("a")], None), Some(json!("a")));
        assert_eq!(of(vec![key("a"), number.clone()], None), Some(json!(["a", 7])));
        assert_eq!(of(vec![key("a")], Some(number)), Some(json!({"target": "a", "fallback": 7})));
    }
}
