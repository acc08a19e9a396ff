//! Filters.

use ::qdrant_client::qdrant as wire;
use nigh_api::{
    Bounds, Condition, FieldCondition, FieldKey, Filter, GeoBoundingBox, GeoLineString, GeoPoint, GeoPolygon,
    GeoRadius, Match, MatchValue, MatchValues, MinShould, Nested, Range, Slice,
};
use wire::condition::ConditionOneOf;
use wire::r#match::MatchValue as Matched;

use super::values::{number, point_id};
use super::{ConvertError, Result, count, each, optional, required};

/// A filter.
pub(in crate::grpc) fn filter(message: wire::Filter) -> Result<Filter> {
    let wire::Filter { should, must, must_not, min_should } = message;
    Ok(Filter {
        should: each("should", should, condition)?,
        min_should: optional("min_should", min_should, |message| {
            let wire::MinShould { conditions, min_count } = message;
            Ok(MinShould {
                conditions: each("conditions", conditions, condition)?,
                min_count: count(min_count),
            })
        })?,
        must: each("must", must, condition)?,
        must_not: each("must_not", must_not, condition)?,
    })
}

/// One clause.
pub(super) fn condition(message: wire::Condition) -> Result<Condition> {
    match message.condition_one_of.ok_or_else(|| ConvertError::missing("condition_one_of"))? {
        ConditionOneOf::Field(message) => match field(message) {
            Ok(field) => Ok(Condition::Field(Box::new(field))),
            Err(error) => Err(error.within("field")),
        },
        ConditionOneOf::IsEmpty(message) => {
            Ok(Condition::IsEmpty { is_empty: FieldKey { key: message.key } })
        }
        ConditionOneOf::IsNull(message) => Ok(Condition::IsNull { is_null: FieldKey { key: message.key } }),
        ConditionOneOf::HasId(message) => {
            Ok(Condition::HasId { has_id: each("has_id", message.has_id, point_id)? })
        }
        ConditionOneOf::HasVector(message) => Ok(Condition::HasVector { has_vector: message.has_vector }),
        ConditionOneOf::Filter(message) => match filter(message) {
            Ok(filter) => Ok(Condition::Filter(Box::new(filter))),
            Err(error) => Err(error.within("filter")),
        },
        ConditionOneOf::Nested(message) => {
            let wire::NestedCondition { key, filter: inner } = message;
            let filter = required("filter", inner, filter).map_err(|error| error.within("nested"))?;
            Ok(Condition::Nested { nested: Nested { key, filter: Box::new(filter) } })
        }
        ConditionOneOf::Slice(message) => {
            let wire::SliceCondition { total, index } = message;
            Ok(Condition::Slice { slice: Slice { total: total.into(), index: index.into() } })
        }
    }
}

fn field(message: wire::FieldCondition) -> Result<FieldCondition> {
    let wire::FieldCondition {
        key,
        r#match,
        range,
        geo_bounding_box,
        geo_radius,
        values_count,
        geo_polygon,
        datetime_range,
        is_empty,
        is_null,
    } = message;
    let range = match (range, datetime_range) {
        (None, None) => None,
        (Some(range), None) => Some(numbers(range).map_err(|error| error.within("range"))?),
        (None, Some(range)) => Some(moments(range)),
        (Some(_), Some(_)) => {
            return Err(ConvertError::new("datetime_range", "cannot be given together with range"));
        }
    };
    Ok(FieldCondition {
        key,
        matches: optional("match", r#match, matches)?,
        range,
        geo_bounding_box: optional("geo_bounding_box", geo_bounding_box, |message| {
            Ok(GeoBoundingBox {
                top_left: required("top_left", message.top_left, geo_point)?,
                bottom_right: required("bottom_right", message.bottom_right, geo_point)?,
            })
        })?,
        geo_radius: optional("geo_radius", geo_radius, |message| {
            let center = required("center", message.center, geo_point)?;
            Ok(GeoRadius { center, radius: message.radius.into() })
        })?,
        geo_polygon: optional("geo_polygon", geo_polygon, polygon)?,
        values_count: values_count.map(|message| {
            let wire::ValuesCount { lt, gt, gte, lte } = message;
            Bounds { lt, gt, gte, lte }
        }),
        is_empty,
        is_null,
    })
}

fn matches(message: wire::Match) -> Result<Match> {
    Ok(match message.match_value.ok_or_else(|| ConvertError::missing("match_value"))? {
        Matched::Keyword(text) => Match::Value(MatchValue::Keyword(text)),
        Matched::Integer(number) => Match::Value(MatchValue::Integer(number.into())),
        Matched::Boolean(value) => Match::Value(MatchValue::Bool(value)),
        Matched::Keywords(list) => Match::Any(MatchValues::Keywords(list.strings)),
        Matched::Integers(list) => Match::Any(integers(list)),
        Matched::ExceptKeywords(list) => Match::Except(MatchValues::Keywords(list.strings)),
        Matched::ExceptIntegers(list) => Match::Except(integers(list)),
        Matched::Text(text) => Match::Text(text),
        Matched::TextAny(text) => Match::TextAny(text),
        Matched::Phrase(text) => Match::Phrase(text),
        Matched::Prefix(text) => Match::Prefix(text),
        Matched::Substring(text) => Match::Substring(text),
    })
}

fn integers(list: wire::RepeatedIntegers) -> MatchValues {
    MatchValues::Integers(list.integers.into_iter().map(i128::from).collect())
}

fn numbers(message: wire::Range) -> Result<Range> {
    let bound = |field, bound: Option<f64>| bound.map(|bound| number(field, bound)).transpose();
    Ok(Range::Number(Bounds {
        lt: bound("lt", message.lt)?,
        gt: bound("gt", message.gt)?,
        gte: bound("gte", message.gte)?,
        lte: bound("lte", message.lte)?,
    }))
}

fn moments(message: wire::DatetimeRange) -> Range {
    // A moment is written as RFC 3339 has it.
    let wire::DatetimeRange { lt, gt, gte, lte } = message;
    Range::Datetime(Bounds {
        lt: lt.map(|moment| moment.to_string()),
        gt: gt.map(|moment| moment.to_string()),
        gte: gte.map(|moment| moment.to_string()),
        lte: lte.map(|moment| moment.to_string()),
    })
}

pub(super) fn geo_point(message: wire::GeoPoint) -> Result<GeoPoint> {
    let wire::GeoPoint { lon, lat } = message;
    Ok(GeoPoint { lon, lat })
}

fn polygon(message: wire::GeoPolygon) -> Result<GeoPolygon> {
    let wire::GeoPolygon { exterior, interiors } = message;
    let interiors = each("interiors", interiors, ring)?;
    Ok(GeoPolygon {
        exterior: required("exterior", exterior, ring)?,
        interiors: (!interiors.is_empty()).then_some(interiors),
    })
}

fn ring(message: wire::GeoLineString) -> Result<GeoLineString> {
    Ok(GeoLineString { points: each("points", message.points, geo_point)? })
}

#[cfg(test)]
mod tests {
    use super::super::values::point_id_message;
    use super::*;
    use nigh_api::PointId;
    use serde_json::{Value, json};

    fn of(one_of: ConditionOneOf) -> wire::Condition {
        wire::Condition { condition_one_of: Some(one_of) }
    }

    fn on_field(field: wire::FieldCondition) -> wire::Condition {
        of(ConditionOneOf::Field(wire::FieldCondition { key: "k".to_owned(), ..field }))
    }

    fn matching(value: Matched) -> wire::Condition {
        let r#match = Some(wire::Match { match_value: Some(value) });
        on_field(wire::FieldCondition { r#match, ..Default::default() })
    }

    /// A condition comes to the same by both wires.
    fn same(message: wire::Condition, rest: Value) {
        let read: Condition = serde_json::from_value(rest.clone()).expect("a condition");
        assert_eq!(condition(message), Ok(read), "{rest}");
    }

    #[test]
    fn every_match_is_that_of_rest() {
        let strings = || wire::RepeatedStrings { strings: vec!["a".into(), "b".into()] };
        let integers = || wire::RepeatedIntegers { integers: vec![1, -2] };
        let text = || "가 b".to_owned();
        for (message, rest) in [
            (Matched::Keyword(text()), json!({"value": "가 b"})),
            (Matched::Integer(-5), json!({"value": -5})),
            (Matched::Boolean(true), json!({"value": true})),
            (Matched::Keywords(strings()), json!({"any": ["a", "b"]})),
            (Matched::Integers(integers()), json!({"any": [1, -2]})),
            (Matched::ExceptKeywords(strings()), json!({"except": ["a", "b"]})),
            (Matched::ExceptIntegers(integers()), json!({"except": [1, -2]})),
            (Matched::Text(text()), json!({"text": "가 b"})),
            (Matched::TextAny(text()), json!({"text_any": "가 b"})),
            (Matched::Phrase(text()), json!({"phrase": "가 b"})),
            (Matched::Prefix(text()), json!({"prefix": "가 b"})),
            (Matched::Substring(text()), json!({"substring": "가 b"})),
        ] {
            same(matching(message), json!({"key": "k", "match": rest}));
        }
    }

    #[test]
    fn every_check_of_a_field_is_that_of_rest() {
        let place = |lon, lat| Some(wire::GeoPoint { lon, lat });
        let ring = |places: &[(f64, f64)]| wire::GeoLineString {
            points: places.iter().map(|&(lon, lat)| wire::GeoPoint { lon, lat }).collect(),
        };
        let at = |text: &str| Some(text.parse().expect("a moment"));
        let none = wire::FieldCondition::default;
        for (message, rest) in [
            (
                wire::FieldCondition {
                    range: Some(wire::Range { gte: Some(0.5), lt: Some(2.0), ..Default::default() }),
                    ..none()
                },
                json!({"range": {"gte": 0.5, "lt": 2.0}}),
            ),
            (
                wire::FieldCondition {
                    datetime_range: Some(wire::DatetimeRange {
                        gt: at("2024-01-01T00:00:00Z"),
                        lte: at("2024-06-01T12:30:00.500Z"),
                        ..Default::default()
                    }),
                    ..none()
                },
                json!({"range": {"gt": "2024-01-01T00:00:00Z", "lte": "2024-06-01T12:30:00.500Z"}}),
            ),
            (
                wire::FieldCondition {
                    geo_bounding_box: Some(wire::GeoBoundingBox {
                        top_left: place(1.0, 2.0),
                        bottom_right: place(3.0, -4.0),
                    }),
                    ..none()
                },
                json!({"geo_bounding_box": {
                    "top_left": {"lon": 1.0, "lat": 2.0}, "bottom_right": {"lon": 3.0, "lat": -4.0}}}),
            ),
            (
                wire::FieldCondition {
                    geo_radius: Some(wire::GeoRadius { center: place(1.0, 2.0), radius: 1500.0 }),
                    ..none()
                },
                json!({"geo_radius": {"center": {"lon": 1.0, "lat": 2.0}, "radius": 1500.0}}),
            ),
            (
                wire::FieldCondition {
                    geo_polygon: Some(wire::GeoPolygon {
                        exterior: Some(ring(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)])),
                        interiors: vec![ring(&[(0.5, 0.5)])],
                    }),
                    ..none()
                },
                json!({"geo_polygon": {
                    "exterior": {"points": [{"lon": 0.0, "lat": 0.0}, {"lon": 1.0, "lat": 0.0},
                        {"lon": 1.0, "lat": 1.0}, {"lon": 0.0, "lat": 0.0}]},
                    "interiors": [{"points": [{"lon": 0.5, "lat": 0.5}]}]}}),
            ),
            (
                wire::FieldCondition {
                    values_count: Some(wire::ValuesCount { gt: Some(1), lte: Some(5), ..Default::default() }),
                    ..none()
                },
                json!({"values_count": {"gt": 1, "lte": 5}}),
            ),
            (wire::FieldCondition { is_empty: Some(true), ..none() }, json!({"is_empty": true})),
            (wire::FieldCondition { is_null: Some(false), ..none() }, json!({"is_null": false})),
        ] {
            let mut rest = rest;
            rest["key"] = json!("k");
            same(on_field(message), rest);
        }
    }

    #[test]
    fn every_other_condition_is_that_of_rest() {
        let key = || "k".to_owned();
        let id = point_id_message(PointId::Num(5));
        let inner = || wire::Filter { must: vec![matching(Matched::Integer(1))], ..Default::default() };
        let inner_rest = json!({"must": [{"key": "k", "match": {"value": 1}}]});
        for (message, rest) in [
            (
                ConditionOneOf::IsEmpty(wire::IsEmptyCondition { key: key() }),
                json!({"is_empty": {"key": "k"}}),
            ),
            (ConditionOneOf::IsNull(wire::IsNullCondition { key: key() }), json!({"is_null": {"key": "k"}})),
            (ConditionOneOf::HasId(wire::HasIdCondition { has_id: vec![id] }), json!({"has_id": [5]})),
            (
                ConditionOneOf::HasVector(wire::HasVectorCondition { has_vector: key() }),
                json!({"has_vector": "k"}),
            ),
            (
                ConditionOneOf::Slice(wire::SliceCondition { total: 3, index: 2 }),
                json!({"slice": {"total": 3, "index": 2}}),
            ),
            (ConditionOneOf::Filter(inner()), inner_rest.clone()),
            (
                ConditionOneOf::Nested(wire::NestedCondition { key: key(), filter: Some(inner()) }),
                json!({"nested": {"key": "k", "filter": inner_rest}}),
            ),
        ] {
            same(of(message), rest);
        }
    }

    #[test]
    fn every_clause_is_that_of_rest() {
        let has = |name: &str| {
            of(ConditionOneOf::HasVector(wire::HasVectorCondition { has_vector: name.to_owned() }))
        };
        let message = wire::Filter {
            should: vec![has("a")],
            must: vec![has("b")],
            must_not: vec![has("c")],
            min_should: Some(wire::MinShould { conditions: vec![has("d"), has("e")], min_count: 1 }),
        };
        let rest = json!({
            "should": [{"has_vector": "a"}], "must": [{"has_vector": "b"}], "must_not": [{"has_vector": "c"}],
            "min_should": {"conditions": [{"has_vector": "d"}, {"has_vector": "e"}], "min_count": 1},
        });
        assert_eq!(filter(message), Ok(serde_json::from_value(rest).expect("a filter")));
    }

    #[test]
    fn what_is_missing_or_no_number_is_named() {
        let one = |condition| wire::Filter { must: vec![has_id(1), condition], ..Default::default() };
        fn has_id(id: u64) -> wire::Condition {
            let has_id = vec![point_id_message(PointId::Num(id))];
            of(ConditionOneOf::HasId(wire::HasIdCondition { has_id }))
        }
        let nan = wire::Range { lt: Some(f64::NAN), ..Default::default() };
        let both = wire::FieldCondition {
            range: Some(wire::Range::default()),
            datetime_range: Some(wire::DatetimeRange::default()),
            ..Default::default()
        };
        let nested = wire::NestedCondition { key: "k".to_owned(), filter: None };
        let radius = wire::GeoRadius { center: None, radius: 1.0 };
        for (condition, expected) in [
            (wire::Condition { condition_one_of: None }, "must[1].condition_one_of: required, but not given"),
            (of(ConditionOneOf::Nested(nested)), "must[1].nested.filter: required, but not given"),
            (
                on_field(wire::FieldCondition {
                    r#match: Some(wire::Match::default()),
                    ..Default::default()
                }),
                "must[1].field.match.match_value: required, but not given",
            ),
            (
                on_field(wire::FieldCondition { range: Some(nan), ..Default::default() }),
                "must[1].field.range.lt: expected a finite number, got NaN",
            ),
            (on_field(both), "must[1].field.datetime_range: cannot be given together with range"),
            (
                on_field(wire::FieldCondition { geo_radius: Some(radius), ..Default::default() }),
                "must[1].field.geo_radius.center: required, but not given",
            ),
        ] {
            let error = filter(one(condition)).expect_err(expected);
            assert_eq!(error.to_string(), expected);
        }
    }
}
