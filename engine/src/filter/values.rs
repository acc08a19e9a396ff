//! Values of a payload against one compiled check: a JSON object goes in, whether the check holds of what lies at the path comes out.

use super::check::ValuesCount;
use super::datetime::Datetime;
use super::geo::{GeoBoundingBox, GeoPoint, GeoPolygon, GeoRadius};
use super::number::{Number, Range, integer_of};
use super::words::{Words, text_at};
use crate::point::PayloadPath;
use serde_json::{Map, Value};
use std::collections::HashSet;

/// A check that is ready to be asked many times.
#[derive(Debug, Clone)]
pub(crate) enum Test {
    Keyword(String),
    Integer(i128),
    Bool(bool),
    AnyKeyword(HashSet<String>),
    AnyInteger(HashSet<i128>),
    ExceptKeywords(HashSet<String>),
    ExceptIntegers(HashSet<i128>),
    Contains(String),
    ContainsAny(Vec<String>),
    Prefix(String),
    /// Words of a field with a text index.
    Words(Words),
    Range(Range),
    Datetimes(Moments),
    InBox(GeoBoundingBox),
    Around(GeoRadius),
    InPolygon(GeoPolygon),
    Count(ValuesCount),
    Empty(bool),
    Null(bool),
}

/// Bounds of dates.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moments {
    pub(super) lt: Option<Datetime>,
    pub(super) gt: Option<Datetime>,
    pub(super) gte: Option<Datetime>,
    pub(super) lte: Option<Datetime>,
}

impl Moments {
    pub(super) fn hold(&self, at: Datetime) -> bool {
        self.lt.is_none_or(|bound| at < bound)
            && self.gt.is_none_or(|bound| at > bound)
            && self.gte.is_none_or(|bound| at >= bound)
            && self.lte.is_none_or(|bound| at <= bound)
    }
}

impl Test {
    /// Whether the check holds of the values at `path`.
    pub(super) fn holds_at(&self, path: &PayloadPath, map: &Map<String, Value>) -> bool {
        match self {
            Test::Count(count) => {
                let mut missing = true;
                let any = path.any(map, &mut |value| {
                    missing = false;
                    count.holds(count_of(value))
                });
                any || (missing && count.holds(0))
            }
            Test::Empty(wanted) => {
                let any_full = path.any(map, &mut |value| match value {
                    Value::Null => false,
                    Value::Array(items) => !items.is_empty(),
                    _ => true,
                });
                any_full != *wanted
            }
            Test::Null(wanted) => {
                let any_null = path.any(map, &mut |value| match value {
                    Value::Array(items) => items.iter().any(Value::is_null),
                    other => other.is_null(),
                });
                any_null == *wanted
            }
            Test::Words(words) => text_at(path, map).is_some_and(|text| words.hold(&text)),
            _ => path.any(map, &mut |value| match value {
                Value::Array(items) => items.iter().any(|item| self.holds(item)),
                other => self.holds(other),
            }),
        }
    }

    /// Whether the check holds of one value, which is not looked into.
    pub(super) fn holds(&self, value: &Value) -> bool {
        if let Value::String(text) = value {
            return self.text_passes(text);
        }
        let place = |holds: &dyn Fn(GeoPoint) -> bool| GeoPoint::of(value).is_some_and(holds);
        match self {
            Test::Integer(integer) => integer_of(value) == Some(*integer),
            Test::Bool(wanted) => value.as_bool() == Some(*wanted),
            Test::AnyInteger(integers) => {
                integer_of(value).is_some_and(|integer| integers.contains(&integer))
            }
            Test::ExceptKeywords(_) => !value.is_null(),
            Test::ExceptIntegers(integers) => {
                !value.is_null() && integer_of(value).is_none_or(|integer| !integers.contains(&integer))
            }
            Test::Range(range) => Number::of(value).is_some_and(|number| range.holds(number)),
            Test::InBox(bounds) => place(&|point| bounds.contains(point)),
            Test::Around(circle) => place(&|point| circle.contains(point)),
            Test::InPolygon(polygon) => place(&|point| polygon.contains(point)),
            Test::Keyword(_)
            | Test::AnyKeyword(_)
            | Test::Contains(_)
            | Test::ContainsAny(_)
            | Test::Prefix(_)
            | Test::Words(_)
            | Test::Datetimes(_)
            | Test::Count(_)
            | Test::Empty(_)
            | Test::Null(_) => false,
        }
    }

    /// Whether the check holds of a text.
    pub(super) fn text_passes(&self, text: &str) -> bool {
        match self {
            Test::Keyword(keyword) => text == keyword,
            Test::AnyKeyword(keywords) => keywords.contains(text),
            Test::ExceptKeywords(keywords) => !keywords.contains(text),
            Test::ExceptIntegers(_) => true,
            Test::Contains(part) => text.contains(part),
            Test::ContainsAny(parts) => parts.iter().any(|part| text.contains(part)),
            Test::Prefix(prefix) => text.starts_with(prefix),
            Test::Words(words) => words.hold(text),
            Test::Datetimes(bounds) => Datetime::read(text).is_some_and(|at| bounds.hold(at)),
            Test::Integer(_)
            | Test::Bool(_)
            | Test::AnyInteger(_)
            | Test::Range(_)
            | Test::InBox(_)
            | Test::Around(_)
            | Test::InPolygon(_)
            | Test::Count(_)
            | Test::Empty(_)
            | Test::Null(_) => false,
        }
    }

    /// What asking costs, in some unit; reading the payload comes on top and costs more than any of these.
    pub(super) fn cost(&self) -> u32 {
        match self {
            Test::Bool(_) | Test::Integer(_) | Test::Count(_) | Test::Empty(_) | Test::Null(_) => 1,
            Test::Keyword(_)
            | Test::AnyInteger(_)
            | Test::ExceptIntegers(_)
            | Test::Range(_)
            | Test::Prefix(_) => 2,
            Test::AnyKeyword(_) | Test::ExceptKeywords(_) | Test::InBox(_) => 4,
            Test::Contains(_) | Test::Datetimes(_) | Test::Around(_) => 8,
            Test::ContainsAny(_) | Test::InPolygon(_) => 32,
            Test::Words(_) => 128,
        }
    }
}

fn count_of(value: &Value) -> u64 {
    match value {
        Value::Null => 0,
        Value::Array(items) => items.len() as u64,
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => 1,
    }
}
