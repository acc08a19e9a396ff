//! The language: clauses of conditions, and ways to write them.

use super::check::{Check, Match, MatchValue, MatchValues, ValuesCount};
use super::datetime::DatetimeRange;
use super::geo::{GeoBoundingBox, GeoPoint, GeoPolygon, GeoRadius};
use super::number::Range;
use crate::point::PointId;

/// What must hold of a point. All four clauses are joined by "and"; an empty one does not restrict.
///
/// ```
/// use nigh::{Condition, Filter, Range};
/// let filter = Filter::new()
///     .must(Condition::matches("city", "Seoul"))
///     .must(Condition::range("price", Range::new().gte(3).lt(9.5)))
///     .must_not(Condition::is_empty("tags"));
/// ```
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Filter {
    /// All of these hold.
    pub must: Vec<Condition>,
    /// At least one of these holds, if there are any.
    pub should: Vec<Condition>,
    /// None of these holds.
    pub must_not: Vec<Condition>,
    /// So many of these hold.
    pub min_should: Option<MinShould>,
}

/// At least `min_count` of the conditions hold; with more than there are, no point passes.
#[derive(Debug, Clone, PartialEq)]
pub struct MinShould {
    /// The conditions.
    pub conditions: Vec<Condition>,
    /// How many must hold, 1 or more.
    pub min_count: usize,
}

impl Filter {
    /// A filter that every point passes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a condition that must hold.
    pub fn must(mut self, condition: impl Into<Condition>) -> Self {
        self.must.push(condition.into());
        self
    }

    /// Adds a condition, of which one must hold.
    pub fn should(mut self, condition: impl Into<Condition>) -> Self {
        self.should.push(condition.into());
        self
    }

    /// Adds a condition that must not hold.
    pub fn must_not(mut self, condition: impl Into<Condition>) -> Self {
        self.must_not.push(condition.into());
        self
    }

    /// Asks for at least `min_count` of some conditions.
    pub fn min_should(
        mut self,
        min_count: usize,
        conditions: impl IntoIterator<Item = impl Into<Condition>>,
    ) -> Self {
        let conditions = conditions.into_iter().map(Into::into).collect();
        self.min_should = Some(MinShould { conditions, min_count });
        self
    }
}

impl From<Condition> for Filter {
    fn from(condition: Condition) -> Self {
        Self::new().must(condition)
    }
}

/// One clause of a filter.
///
/// A key is a path into the payload (see [`PayloadPath`](crate::PayloadPath)). If the value there is an array, the condition holds if it holds of any
/// element. Arrays on the way are looked through only where the path says `[]`.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Condition {
    /// A check of the values at a path.
    Field {
        /// The path.
        key: String,
        /// What must hold of a value there.
        check: Check,
    },
    /// The point's id is one of these.
    HasId(Vec<PointId>),
    /// The point has the vector with this name; no point has one that the collection does not know.
    HasVector(String),
    /// One object in the array at a path passes a whole filter, whose paths begin in that object. Conditions on ids, vectors and slices have no place in it.
    Nested {
        /// The path of the array, with or without `[]` at its end.
        key: String,
        /// What must hold of one of its objects.
        filter: Filter,
    },
    /// The point is in one of equal parts that ids are dealt into: SipHash-2-4 with a zero key over the id's bytes (8, little-endian, or the 16 of a UUID),
    /// modulo `total`, is `index`.
    Slice {
        /// How many parts, 1 or more.
        total: u64,
        /// Which of them, counted from 0.
        index: u64,
    },
    /// A filter of its own.
    Filter(Filter),
}

impl From<Filter> for Condition {
    fn from(filter: Filter) -> Self {
        Condition::Filter(filter)
    }
}

impl Condition {
    fn field(key: impl Into<String>, check: Check) -> Self {
        Condition::Field { key: key.into(), check }
    }

    /// A value equals this text, whole number or boolean. Types are told apart: 1 is neither `"1"` nor 1.0.
    pub fn matches(key: impl Into<String>, value: impl Into<MatchValue>) -> Self {
        Self::field(key, Check::Match(Match::Value(value.into())))
    }

    /// A value equals one of these; with none of them, no point passes.
    pub fn matches_any(key: impl Into<String>, values: impl Into<MatchValues>) -> Self {
        Self::field(key, Check::Match(Match::Any(values.into())))
    }

    /// There is a value besides null that equals none of these.
    pub fn matches_except(key: impl Into<String>, values: impl Into<MatchValues>) -> Self {
        Self::field(key, Check::Match(Match::Except(values.into())))
    }

    /// A text contains `text`. With a text index on the field: it contains all of its words.
    pub fn matches_text(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self::field(key, Check::Match(Match::Text(text.into())))
    }

    /// A text contains one of the words of `text`, which are what white space separates. With a text index on the field: one of the words as it
    /// reads them.
    pub fn matches_text_any(key: impl Into<String>, text: impl Into<String>) -> Self {
        Self::field(key, Check::Match(Match::TextAny(text.into())))
    }

    /// A text contains `phrase`. With a text index on the field: its words, in this order.
    pub fn matches_phrase(key: impl Into<String>, phrase: impl Into<String>) -> Self {
        Self::field(key, Check::Match(Match::Phrase(phrase.into())))
    }

    /// A text begins with `prefix`, letter for letter.
    pub fn matches_prefix(key: impl Into<String>, prefix: impl Into<String>) -> Self {
        Self::field(key, Check::Match(Match::Prefix(prefix.into())))
    }

    /// A text contains `part`, letter for letter.
    pub fn matches_substring(key: impl Into<String>, part: impl Into<String>) -> Self {
        Self::field(key, Check::Match(Match::Substring(part.into())))
    }

    /// A number lies in a range.
    pub fn range(key: impl Into<String>, range: Range) -> Self {
        Self::field(key, Check::Range(range))
    }

    /// A text that is a date and time lies in a range.
    pub fn datetime_range(key: impl Into<String>, range: DatetimeRange) -> Self {
        Self::field(key, Check::DatetimeRange(range))
    }

    /// A place, an object with `lon` and `lat`, lies in the box, its border included. A box whose left is east of its right crosses the antimeridian.
    pub fn geo_bounding_box(key: impl Into<String>, top_left: GeoPoint, bottom_right: GeoPoint) -> Self {
        Self::field(key, Check::GeoBoundingBox(GeoBoundingBox { top_left, bottom_right }))
    }

    /// A place is nearer to `center` than `radius_metres`, along a great circle.
    pub fn geo_radius(key: impl Into<String>, center: GeoPoint, radius_metres: f64) -> Self {
        Self::field(key, Check::GeoRadius(GeoRadius { center, radius_metres }))
    }

    /// A place lies inside a polygon and outside of its holes.
    pub fn geo_polygon(key: impl Into<String>, polygon: GeoPolygon) -> Self {
        Self::field(key, Check::GeoPolygon(polygon))
    }

    /// The number of values lies in a range: an array has as many as elements, null and a missing value are none, anything else is one.
    pub fn values_count(key: impl Into<String>, count: ValuesCount) -> Self {
        Self::field(key, Check::ValuesCount(count))
    }

    /// The value is missing, null, or an empty array.
    pub fn is_empty(key: impl Into<String>) -> Self {
        Self::field(key, Check::IsEmpty(true))
    }

    /// The value is null, or an array that holds null. A missing value is not null.
    pub fn is_null(key: impl Into<String>) -> Self {
        Self::field(key, Check::IsNull(true))
    }

    /// The point's id is one of these.
    pub fn has_id(ids: impl IntoIterator<Item = impl Into<PointId>>) -> Self {
        Condition::HasId(ids.into_iter().map(Into::into).collect())
    }

    /// The point has the vector with this name.
    pub fn has_vector(name: impl Into<String>) -> Self {
        Condition::HasVector(name.into())
    }

    /// One object in the array at `key` passes `filter`.
    pub fn nested(key: impl Into<String>, filter: impl Into<Filter>) -> Self {
        Condition::Nested { key: key.into(), filter: filter.into() }
    }

    /// The point is in part `index` of `total` equal parts.
    pub fn slice(total: u64, index: u64) -> Self {
        Condition::Slice { total, index }
    }
}
