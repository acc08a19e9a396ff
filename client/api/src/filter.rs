//! Filters: the conditions are told apart by their keys.

use crate::untagged::{Kind, one_or_many, read};
use crate::validate::{Problems, Validate};
use crate::vectors::PointId;
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// What must hold of a point. All clauses are joined by "and"; an empty one does not restrict.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Filter {
    /// At least one holds.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub should: Vec<Condition>,
    /// So many hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_should: Option<MinShould>,
    /// All hold.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub must: Vec<Condition>,
    /// None holds.
    #[serde(default, deserialize_with = "one_or_many", skip_serializing_if = "Vec::is_empty")]
    pub must_not: Vec<Condition>,
}

/// At least so many of some conditions.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MinShould {
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// How many must hold.
    pub min_count: usize,
}

impl Filter {
    /// The filter of a stage, joined with that of the stage above it, as Qdrant joins them: clause by clause. So the alternatives of both are alternatives
    /// of each other.
    pub fn merged(mut self, inner: Filter) -> Filter {
        self.must.extend(inner.must);
        self.must_not.extend(inner.must_not);
        self.should.extend(inner.should);
        self.min_should = match (self.min_should, inner.min_should) {
            (Some(mut outer), Some(inner)) => {
                outer.conditions.extend(inner.conditions);
                outer.min_count = outer.min_count.max(inner.min_count);
                Some(outer)
            }
            (outer, inner) => outer.or(inner),
        };
        self
    }
}

impl Validate for Filter {
    fn validate(&self, problems: &mut Problems) {
        problems.each("should", &self.should);
        if let Some(min_should) = &self.min_should {
            problems.inside("min_should", |problems| {
                problems.each("conditions", &min_should.conditions);
                problems.at_least("min_count", Some(min_should.min_count), 1);
            });
        }
        problems.each("must", &self.must);
        problems.each("must_not", &self.must_not);
    }
}

/// One clause of a filter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Condition {
    /// The value at a path is missing, null or an empty array.
    IsEmpty {
        /// The path.
        is_empty: FieldKey,
    },
    /// The value at a path is null.
    IsNull {
        /// The path.
        is_null: FieldKey,
    },
    /// The id is one of these.
    HasId {
        /// The ids.
        has_id: Vec<PointId>,
    },
    /// The point has the vector with this name.
    HasVector {
        /// The name.
        has_vector: String,
    },
    /// One object of an array passes a filter.
    Nested {
        /// The array and the filter.
        nested: Nested,
    },
    /// The point is in one of equal parts of all ids.
    Slice {
        /// The part.
        slice: Slice,
    },
    /// A check of the values at a path.
    Field(Box<FieldCondition>),
    /// A filter of its own.
    Filter(Box<Filter>),
}

/// A path into the payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FieldKey {
    /// The path.
    pub key: String,
}

/// An array of objects and what one of them must pass.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Nested {
    /// Path of the array.
    pub key: String,
    /// Paths in it begin in the object.
    pub filter: Box<Filter>,
}

/// One of equal parts of all ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Slice {
    /// How many parts.
    pub total: u64,
    /// Which of them, from 0.
    pub index: u64,
}

/// Checks of the values at a path; several are joined by "or".
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FieldCondition {
    /// The path.
    pub key: String,
    /// Equality, or parts of a text.
    #[serde(rename = "match", default, skip_serializing_if = "Option::is_none")]
    pub matches: Option<Match>,
    /// Numbers or moments in a range.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<Range>,
    /// Places in a box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo_bounding_box: Option<GeoBoundingBox>,
    /// Places around one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo_radius: Option<GeoRadius>,
    /// Places inside a polygon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub geo_polygon: Option<GeoPolygon>,
    /// How many values there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values_count: Option<ValuesCount>,
    /// Whether there is no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_empty: Option<bool>,
    /// Whether the value is null.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_null: Option<bool>,
}

impl FieldCondition {
    /// True if it checks nothing.
    pub fn checks_nothing(&self) -> bool {
        let Self {
            key: _,
            matches,
            range,
            geo_bounding_box,
            geo_radius,
            geo_polygon,
            values_count,
            is_empty,
            is_null,
        } = self;
        matches.is_none()
            && range.is_none()
            && geo_bounding_box.is_none()
            && geo_radius.is_none()
            && geo_polygon.is_none()
            && values_count.is_none()
            && is_empty.is_none()
            && is_null.is_none()
    }
}

impl<'de> Deserialize<'de> for Condition {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        const EXPECTED: &str = "a condition: a field condition with `key`, or one of `is_empty`, `is_null`, `has_id`, `has_vector`, \
             `nested`, `slice`, or a filter with `must`, `should`, `must_not`, `min_should`";
        let value = Value::deserialize(deserializer)?;
        let Value::Object(mut map) = value else {
            return Err(D::Error::custom(format_args!(
                "invalid type: {}, expected {EXPECTED}",
                Kind(&value)
            )));
        };
        if map.contains_key("key") {
            return read(Value::Object(map)).map(|field| Condition::Field(Box::new(field)));
        }
        let mut take = |key: &str| map.remove(key);
        if let Some(inner) = take("is_empty") {
            return Ok(Condition::IsEmpty { is_empty: read(inner)? });
        }
        if let Some(inner) = take("is_null") {
            return Ok(Condition::IsNull { is_null: read(inner)? });
        }
        if let Some(inner) = take("has_id") {
            return Ok(Condition::HasId { has_id: read(inner)? });
        }
        if let Some(inner) = take("has_vector") {
            return Ok(Condition::HasVector { has_vector: read(inner)? });
        }
        if let Some(inner) = take("nested") {
            return Ok(Condition::Nested { nested: read(inner)? });
        }
        if let Some(inner) = take("slice") {
            return Ok(Condition::Slice { slice: read(inner)? });
        }
        let clauses = ["must", "should", "must_not", "min_should"];
        if map.is_empty() || clauses.iter().any(|clause| map.contains_key(*clause)) {
            return read(Value::Object(map)).map(|filter| Condition::Filter(Box::new(filter)));
        }
        Err(D::Error::custom(format_args!(
            "unknown condition: {}, expected {EXPECTED}",
            Kind(&Value::Object(map))
        )))
    }
}

impl Validate for Condition {
    fn validate(&self, problems: &mut Problems) {
        match self {
            Condition::Field(field) => field.validate(problems),
            Condition::Filter(filter) => filter.validate(problems),
            Condition::Nested { nested } => {
                problems.inside("nested", |problems| problems.field("filter", nested.filter.as_ref()));
            }
            Condition::Slice { slice } => problems.inside("slice", |problems| {
                problems.at_least("total", Some(slice.total), 1);
                if slice.index >= slice.total {
                    let Slice { index, total } = slice;
                    problems.add(
                        "index",
                        format_args!("value {index} invalid, must be smaller than total ({total})"),
                    );
                }
            }),
            Condition::IsEmpty { .. }
            | Condition::IsNull { .. }
            | Condition::HasId { .. }
            | Condition::HasVector { .. } => {}
        }
    }
}

impl Validate for FieldCondition {
    fn validate(&self, problems: &mut Problems) {
        if self.checks_nothing() {
            problems.add("", "At least one field condition must be specified");
        }
        problems.optional("geo_bounding_box", self.geo_bounding_box.as_ref());
        problems.optional("geo_radius", self.geo_radius.as_ref());
        problems.optional("geo_polygon", self.geo_polygon.as_ref());
    }
}

/// A scalar to compare with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum MatchValue {
    /// A text.
    Keyword(String),
    /// A whole number.
    Integer(i128),
    /// A boolean.
    Bool(bool),
}

impl<'de> Deserialize<'de> for MatchValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        match &value {
            Value::String(text) => Ok(MatchValue::Keyword(text.clone())),
            Value::Bool(value) => Ok(MatchValue::Bool(*value)),
            Value::Number(number) => match integer_of(number) {
                Some(integer) => Ok(MatchValue::Integer(integer)),
                None => Err(D::Error::custom(format_args!(
                    "invalid type: {}, expected a string, an integer or a boolean",
                    Kind(&value)
                ))),
            },
            Value::Null | Value::Array(_) | Value::Object(_) => Err(D::Error::custom(format_args!(
                "invalid type: {}, expected a string, an integer or a boolean",
                Kind(&value)
            ))),
        }
    }
}

fn integer_of(number: &serde_json::Number) -> Option<i128> {
    number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from))
}

/// Scalars to compare with, all of one type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum MatchValues {
    /// Texts.
    Keywords(Vec<String>),
    /// Whole numbers.
    Integers(Vec<i128>),
}

impl<'de> Deserialize<'de> for MatchValues {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let values: Vec<Value> = Vec::deserialize(deserializer)?;
        if values.iter().all(Value::is_string) {
            return read(Value::Array(values)).map(MatchValues::Keywords);
        }
        let integer = |value: &Value| {
            value.as_number().and_then(integer_of).ok_or_else(|| {
                D::Error::custom(format_args!(
                    "invalid type: {}, expected strings only, or integers only",
                    Kind(value)
                ))
            })
        };
        values.iter().map(integer).collect::<Result<_, _>>().map(MatchValues::Integers)
    }
}

/// Equality, or parts of a text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Match {
    /// Equal.
    Value(MatchValue),
    /// Equal to one.
    Any(MatchValues),
    /// Equal to none.
    Except(MatchValues),
    /// All words, or the text as it is.
    Text(String),
    /// One of the words.
    TextAny(String),
    /// The words in this order.
    Phrase(String),
    /// Begins with.
    Prefix(String),
    /// Contains.
    Substring(String),
}

impl<'de> Deserialize<'de> for Match {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut map = Map::deserialize(deserializer)?;
        let mut take = |key: &str| map.remove(key);
        if let Some(value) = take("value") {
            return read(value).map(Match::Value);
        }
        if let Some(values) = take("any") {
            return read(values).map(Match::Any);
        }
        if let Some(values) = take("except") {
            return read(values).map(Match::Except);
        }
        if let Some(text) = take("text") {
            return read(text).map(Match::Text);
        }
        if let Some(text) = take("text_any") {
            return read(text).map(Match::TextAny);
        }
        if let Some(text) = take("phrase") {
            return read(text).map(Match::Phrase);
        }
        if let Some(text) = take("prefix") {
            return read(text).map(Match::Prefix);
        }
        if let Some(text) = take("substring") {
            return read(text).map(Match::Substring);
        }
        Err(D::Error::custom(format_args!(
            "unknown match: {}, expected one of `value`, `any`, `except`, `text`, `text_any`, `phrase`, `prefix`, `substring`",
            Kind(&Value::Object(map))
        )))
    }
}

/// Bounds of numbers or of moments. With a text among them it is a range of moments.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Range {
    /// Numbers.
    Number(Bounds<serde_json::Number>),
    /// Moments, as RFC 3339 has them.
    Datetime(Bounds<String>),
}

/// Bounds; those that are not given do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bounds<T> {
    /// Less.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub lt: Option<T>,
    /// More.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub gt: Option<T>,
    /// At least.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub gte: Option<T>,
    /// At most.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub lte: Option<T>,
}

fn none<T>() -> Option<T> {
    None
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let map = Map::deserialize(deserializer)?;
        let has_text = map.values().any(Value::is_string);
        let value = Value::Object(map);
        if has_text { read(value).map(Range::Datetime) } else { read(value).map(Range::Number) }
    }
}

/// How many values there are.
pub type ValuesCount = Bounds<u64>;

/// A place.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeoPoint {
    /// Degrees east, -180..=180.
    pub lon: f64,
    /// Degrees north, -90..=90.
    pub lat: f64,
}

impl Validate for GeoPoint {
    fn validate(&self, problems: &mut Problems) {
        problems.between("lon", Some(self.lon), -180.0, 180.0);
        problems.between("lat", Some(self.lat), -90.0, 90.0);
    }
}

/// A box.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeoBoundingBox {
    /// North-west corner.
    pub top_left: GeoPoint,
    /// South-east corner.
    pub bottom_right: GeoPoint,
}

impl Validate for GeoBoundingBox {
    fn validate(&self, problems: &mut Problems) {
        problems.field("top_left", &self.top_left);
        problems.field("bottom_right", &self.bottom_right);
    }
}

/// A circle.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct GeoRadius {
    /// Its centre.
    pub center: GeoPoint,
    /// Metres.
    pub radius: f64,
}

impl Validate for GeoRadius {
    fn validate(&self, problems: &mut Problems) {
        problems.field("center", &self.center);
        problems.at_least("radius", Some(self.radius), 0.0);
    }
}

/// A ring of places; the last is the first.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeoLineString {
    /// The places.
    pub points: Vec<GeoPoint>,
}

impl Validate for GeoLineString {
    fn validate(&self, problems: &mut Problems) {
        if self.points.len() < 4 {
            let got = self.points.len();
            problems.add("points", format_args!("size must be at least 4, got {got}"));
        } else if self.points.first() != self.points.last() {
            problems.add("points", "the first and the last point must be the same");
        }
        problems.each("points", &self.points);
    }
}

/// A polygon with holes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GeoPolygon {
    /// Its border.
    pub exterior: GeoLineString,
    /// Its holes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interiors: Option<Vec<GeoLineString>>,
}

impl Validate for GeoPolygon {
    fn validate(&self, problems: &mut Problems) {
        problems.field("exterior", &self.exterior);
        problems.each("interiors", self.interiors.iter().flatten());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn filter(value: Value) -> Result<Filter, serde_json::Error> {
        serde_json::from_value(value)
    }

    #[test]
    fn what_is_read_is_written_again() {
        let value = json!({
            "must": [
                {"key": "a", "match": {"value": 1}},
                {"key": "b.c", "range": {"gte": 1, "lt": 2.5}},
                {"key": "t", "range": {"gt": "2024-01-01"}},
                {"is_empty": {"key": "x"}},
                {"has_id": [1, "550e8400-e29b-41d4-a716-446655440000"]},
                {"has_vector": ""},
                {"nested": {"key": "n", "filter": {"must": [{"key": "k", "match": {"text_any": "가 나"}}]}}},
                {"slice": {"total": 3, "index": 2}},
                {"should": [{"key": "y", "is_null": true}]},
            ],
            "min_should": {"conditions": [{"key": "v", "values_count": {"gt": 1}}], "min_count": 1},
            "must_not": [{"key": "m", "match": {"except": ["p", "q"]}}],
        });
        let read = filter(value.clone()).expect("a filter");
        assert_eq!(serde_json::to_value(&read).expect("a value"), value);
    }

    #[test]
    fn a_clause_may_be_one_condition() {
        let one = filter(json!({"must": {"key": "a", "match": {"value": "x"}}})).expect("a filter");
        assert_eq!(one, filter(json!({"must": [{"key": "a", "match": {"value": "x"}}]})).expect("a filter"));
        assert_eq!(filter(json!({"must": null})).expect("a filter"), Filter::default());
    }

    #[test]
    fn what_is_no_condition_is_refused() {
        for bad in [
            json!({"must": [{"foo": 1}]}),
            json!({"musst": []}),
            json!({"must": [{"key": "a", "match": {"value": 1.0}}]}),
            json!({"must": [{"key": "a", "match": {"any": [1, "a"]}}]}),
            json!({"must": [{"key": "a", "match": {}}]}),
            json!({"must": ["a"]}),
        ] {
            assert!(filter(bad.clone()).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_field_without_a_check_breaks_a_limit() {
        let empty = filter(json!({"must": [{"key": "a"}]})).expect("a filter");
        let problems = Problems::of(&empty).expect("problems").to_string();
        assert_eq!(problems, "[must[0]: At least one field condition must be specified]");
    }
}
