//! Filters.

use super::id_in;
use crate::error::{ApiError, Result};
use nigh::{
    Check, Condition, DatetimeRange, Filter, GeoBoundingBox, GeoPoint, GeoPolygon, GeoRadius, Match,
    MatchValue, MatchValues, MinShould, Number, Range, ValuesCount,
};
use nigh_api as api;

/// The engine's filter.
///
/// # Errors
/// `BadInput` for a number that is out of range.
pub(crate) fn filter_in(filter: api::Filter) -> Result<Filter> {
    let all = |conditions: Vec<api::Condition>| {
        conditions.into_iter().map(condition_in).collect::<Result<Vec<_>>>()
    };
    let min_should = match filter.min_should {
        Some(api::MinShould { conditions, min_count }) => {
            Some(MinShould { conditions: all(conditions)?, min_count })
        }
        None => None,
    };
    Ok(Filter {
        must: all(filter.must)?,
        should: all(filter.should)?,
        must_not: all(filter.must_not)?,
        min_should,
    })
}

/// The engine's condition.
///
/// # Errors
/// As [`filter_in`].
pub(crate) fn condition_in(condition: api::Condition) -> Result<Condition> {
    Ok(match condition {
        api::Condition::IsEmpty { is_empty } => Condition::is_empty(is_empty.key),
        api::Condition::IsNull { is_null } => Condition::is_null(is_null.key),
        api::Condition::HasId { has_id } => Condition::HasId(has_id.into_iter().map(id_in).collect()),
        api::Condition::HasVector { has_vector } => Condition::HasVector(has_vector),
        api::Condition::Nested { nested } => {
            Condition::Nested { key: nested.key, filter: filter_in(*nested.filter)? }
        }
        api::Condition::Slice { slice } => Condition::slice(slice.total, slice.index),
        api::Condition::Field(field) => field_in(*field)?,
        api::Condition::Filter(filter) => Condition::Filter(filter_in(*filter)?),
    })
}

/// One check is a condition; several are joined by "or".
fn field_in(field: api::FieldCondition) -> Result<Condition> {
    let api::FieldCondition {
        key,
        matches,
        range,
        geo_bounding_box,
        geo_radius,
        geo_polygon,
        values_count,
        is_empty,
        is_null,
    } = field;
    let checks = [
        matches.map(|matches| Check::Match(match_in(matches))),
        range.map(range_in).transpose()?,
        geo_bounding_box.map(|area| {
            let (top_left, bottom_right) = (point_in(area.top_left), point_in(area.bottom_right));
            Check::GeoBoundingBox(GeoBoundingBox { top_left, bottom_right })
        }),
        geo_radius.map(|circle| {
            let (center, radius_metres) = (point_in(circle.center), circle.radius);
            Check::GeoRadius(GeoRadius { center, radius_metres })
        }),
        geo_polygon.map(|polygon| {
            let ring = |ring: api::GeoLineString| ring.points.into_iter().map(point_in).collect();
            let interiors = polygon.interiors.unwrap_or_default().into_iter().map(ring).collect();
            Check::GeoPolygon(GeoPolygon { exterior: ring(polygon.exterior), interiors })
        }),
        values_count.map(|count| {
            let api::Bounds { lt, gt, gte, lte } = count;
            Check::ValuesCount(ValuesCount { lt, gt, gte, lte })
        }),
        is_empty.map(Check::IsEmpty),
        is_null.map(Check::IsNull),
    ];
    let mut checks: Vec<Check> = checks.into_iter().flatten().collect();
    if checks.len() == 1
        && let Some(check) = checks.pop()
    {
        return Ok(Condition::Field { key, check });
    }
    let should = checks.into_iter().map(|check| Condition::Field { key: key.clone(), check }).collect();
    Ok(Condition::Filter(Filter { should, ..Filter::default() }))
}

fn match_in(matches: api::Match) -> Match {
    match matches {
        api::Match::Value(api::MatchValue::Keyword(text)) => Match::Value(MatchValue::Keyword(text)),
        api::Match::Value(api::MatchValue::Integer(integer)) => Match::Value(MatchValue::Integer(integer)),
        api::Match::Value(api::MatchValue::Bool(value)) => Match::Value(MatchValue::Bool(value)),
        api::Match::Any(values) => Match::Any(values_in(values)),
        api::Match::Except(values) => Match::Except(values_in(values)),
        api::Match::Text(text) => Match::Text(text),
        api::Match::TextAny(text) => Match::TextAny(text),
        api::Match::Phrase(text) => Match::Phrase(text),
        api::Match::Prefix(text) => Match::Prefix(text),
        // The wire has no others.
        api::Match::Substring(text) => Match::Substring(text),
    }
}

fn values_in(values: api::MatchValues) -> MatchValues {
    match values {
        api::MatchValues::Keywords(texts) => MatchValues::Keywords(texts),
        api::MatchValues::Integers(integers) => MatchValues::Integers(integers),
    }
}

fn range_in(range: api::Range) -> Result<Check> {
    match range {
        api::Range::Datetime(api::Bounds { lt, gt, gte, lte }) => {
            Ok(Check::DatetimeRange(DatetimeRange { lt, gt, gte, lte }))
        }
        api::Range::Number(api::Bounds { lt, gt, gte, lte }) => {
            let number = |bound: Option<serde_json::Number>| bound.as_ref().map(number_in).transpose();
            Ok(Check::Range(Range { lt: number(lt)?, gt: number(gt)?, gte: number(gte)?, lte: number(lte)? }))
        }
    }
}

/// The engine's number.
///
/// # Errors
/// `BadInput` for one that is out of range.
pub(crate) fn number_in(number: &serde_json::Number) -> Result<Number> {
    if let Some(integer) = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from)) {
        return Ok(Number::Integer(integer));
    }
    number
        .as_f64()
        .map(Number::Float)
        .ok_or_else(|| ApiError::bad_input(format_args!("{number} is out of range")))
}

/// The engine's place.
pub(crate) fn point_in(point: api::GeoPoint) -> GeoPoint {
    GeoPoint { lon: point.lon, lat: point.lat }
}
