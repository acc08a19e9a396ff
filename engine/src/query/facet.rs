//! Facets: how many points have each value of a key.

use super::request::check_limit;
use crate::error::Result;
use crate::filter::{Filter, integer_of};
use crate::point::PayloadPath;
use serde_json::Value;

/// A value that points are counted by, or grouped by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FacetValue {
    /// A boolean.
    Bool(bool),
    /// A whole number; values of payloads are those of `i64` and `u64`.
    Integer(i128),
    /// A text.
    Keyword(String),
}

impl FacetValue {
    /// The value of a JSON value, if it is of one of these kinds.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(FacetValue::Bool(*value)),
            Value::String(text) => Some(FacetValue::Keyword(text.clone())),
            Value::Number(_) => integer_of(value).map(FacetValue::Integer),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        }
    }
}

/// How many points have each value of a key: the 10 most frequent, of all points.
#[derive(Debug, Clone, PartialEq)]
pub struct FacetRequest {
    key: String,
    limit: usize,
    pub(crate) filter: Filter,
}

impl FacetRequest {
    /// The values at `key`: texts, whole numbers and booleans, each element of an array.
    pub fn new(key: impl Into<String>) -> Self {
        Self { key: key.into(), limit: 10, filter: Filter::new() }
    }

    /// How many values, 1..=10,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Counts only points that pass this filter.
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = filter.into();
        self
    }

    pub(crate) fn check(&self) -> Result<(PayloadPath, usize)> {
        check_limit(self.limit)?;
        Ok((self.key.parse()?, self.limit))
    }
}

/// A value and how many points have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FacetHit {
    /// The value.
    pub value: FacetValue,
    /// Points that have it, exactly.
    pub count: u64,
}
