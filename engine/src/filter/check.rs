//! What may be asked of the values at a path, as callers write it.

use super::datetime::DatetimeRange;
use super::geo::{GeoBoundingBox, GeoPolygon, GeoRadius};
use super::number::Range;

/// A check of the values at a path.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Check {
    /// Equality, or parts of a text.
    Match(Match),
    /// Numbers in a range.
    Range(Range),
    /// Dates and times in a range.
    DatetimeRange(DatetimeRange),
    /// Places in a box.
    GeoBoundingBox(GeoBoundingBox),
    /// Places around one.
    GeoRadius(GeoRadius),
    /// Places inside a polygon.
    GeoPolygon(GeoPolygon),
    /// How many values there are.
    ValuesCount(ValuesCount),
    /// Whether the value is missing, null or an empty array, or (`false`) is not.
    IsEmpty(bool),
    /// Whether the value is null or holds null, or (`false`) does not.
    IsNull(bool),
}

/// Equality, or parts of a text. [`Condition`](crate::Condition) says what each means.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Match {
    /// Equal.
    Value(MatchValue),
    /// Equal to one.
    Any(MatchValues),
    /// Equal to none.
    Except(MatchValues),
    /// Contains the text.
    Text(String),
    /// Contains a word of the text.
    TextAny(String),
    /// Contains the phrase.
    Phrase(String),
    /// Begins with.
    Prefix(String),
    /// Contains.
    Substring(String),
}

/// A value to compare with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchValue {
    /// A text.
    Keyword(String),
    /// A whole number; values of payloads are those of `i64` and `u64`.
    Integer(i128),
    /// A boolean.
    Bool(bool),
}

/// Values to compare with, all of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchValues {
    /// Texts.
    Keywords(Vec<String>),
    /// Whole numbers.
    Integers(Vec<i128>),
}

impl From<&str> for MatchValue {
    fn from(text: &str) -> Self {
        MatchValue::Keyword(text.to_owned())
    }
}

impl From<String> for MatchValue {
    fn from(text: String) -> Self {
        MatchValue::Keyword(text)
    }
}

impl From<bool> for MatchValue {
    fn from(value: bool) -> Self {
        MatchValue::Bool(value)
    }
}

macro_rules! from_integers {
    ($($int:ty),+) => {$(
        impl From<$int> for MatchValue {
            fn from(value: $int) -> Self {
                MatchValue::Integer(value.into())
            }
        }

        impl<const N: usize> From<[$int; N]> for MatchValues {
            fn from(values: [$int; N]) -> Self {
                MatchValues::Integers(values.into_iter().map(i128::from).collect())
            }
        }

        impl From<Vec<$int>> for MatchValues {
            fn from(values: Vec<$int>) -> Self {
                MatchValues::Integers(values.into_iter().map(i128::from).collect())
            }
        }
    )+};
}

from_integers!(i32, u32, i64, u64, i128);

impl<const N: usize> From<[&str; N]> for MatchValues {
    fn from(texts: [&str; N]) -> Self {
        MatchValues::Keywords(texts.into_iter().map(str::to_owned).collect())
    }
}

impl From<Vec<String>> for MatchValues {
    fn from(texts: Vec<String>) -> Self {
        MatchValues::Keywords(texts)
    }
}

/// A range of counts; bounds that are not given do not restrict.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ValuesCount {
    /// Fewer.
    pub lt: Option<u64>,
    /// More.
    pub gt: Option<u64>,
    /// So many or more.
    pub gte: Option<u64>,
    /// So many or fewer.
    pub lte: Option<u64>,
}

impl ValuesCount {
    /// Any count.
    pub fn new() -> Self {
        Self::default()
    }

    /// Fewer than this.
    pub fn lt(mut self, count: u64) -> Self {
        self.lt = Some(count);
        self
    }

    /// More than this.
    pub fn gt(mut self, count: u64) -> Self {
        self.gt = Some(count);
        self
    }

    /// So many or more.
    pub fn gte(mut self, count: u64) -> Self {
        self.gte = Some(count);
        self
    }

    /// So many or fewer.
    pub fn lte(mut self, count: u64) -> Self {
        self.lte = Some(count);
        self
    }

    pub(super) fn holds(&self, count: u64) -> bool {
        self.lt.is_none_or(|bound| count < bound)
            && self.gt.is_none_or(|bound| count > bound)
            && self.gte.is_none_or(|bound| count >= bound)
            && self.lte.is_none_or(|bound| count <= bound)
    }
}
