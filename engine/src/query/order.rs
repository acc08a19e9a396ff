//! Points in the order of a value in their payloads: what may be asked, what comes back, and which of two comes first.

use super::request::Record;
use crate::error::Result;
use crate::filter::{Datetime, Number};
use crate::point::{PayloadPath, PointId};
use serde_json::Value;
use std::cmp::Ordering;

/// Which way an order runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Direction {
    /// The smallest first; equal values in id order.
    #[default]
    Ascending,
    /// The largest first; equal values in the reverse of the id order.
    Descending,
}

/// A value that orders points.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub enum OrderValue {
    /// A number.
    Number(Number),
    /// A date and time.
    Datetime(Datetime),
}

/// The value that orders points: what lies at a path of their payloads.
///
/// A point with several values comes once for each different one; a point without one does not come.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderBy {
    key: String,
    kind: Kind,
    direction: Direction,
    from: Option<OrderValue>,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    Number,
    Datetime,
}

impl OrderBy {
    /// By the numbers at `key`.
    pub fn number(key: impl Into<String>) -> Self {
        Self { key: key.into(), kind: Kind::Number, direction: Direction::Ascending, from: None }
    }

    /// By the texts at `key` that are dates and times.
    pub fn datetime(key: impl Into<String>) -> Self {
        Self { kind: Kind::Datetime, ..Self::number(key) }
    }

    /// Which way.
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Leaves out what comes before this number.
    pub fn start_from(mut self, number: impl Into<Number>) -> Self {
        self.from = Some(OrderValue::Number(number.into()));
        self
    }

    /// Leaves out what comes before this date and time.
    pub fn start_from_datetime(mut self, at: Datetime) -> Self {
        self.from = Some(OrderValue::Datetime(at));
        self
    }

    pub(crate) fn path(&self) -> Result<PayloadPath> {
        self.key.parse()
    }

    /// The value of the wanted kind, if `value` is one and does not come before the start.
    pub(crate) fn value_of(&self, value: &Value) -> Option<OrderValue> {
        let value = match self.kind {
            Kind::Number => OrderValue::Number(Number::of(value)?),
            Kind::Datetime => OrderValue::Datetime(Datetime::read(value.as_str()?)?),
        };
        let skipped = self.from.is_some_and(|from| self.compare(&value, &from) == Ordering::Less);
        (!skipped).then_some(value)
    }

    /// Which of two comes first.
    pub(crate) fn compare_points(&self, a: &(OrderValue, PointId), b: &(OrderValue, PointId)) -> Ordering {
        let by_id = match self.direction {
            Direction::Ascending => a.1.cmp(&b.1),
            Direction::Descending => b.1.cmp(&a.1),
        };
        self.compare(&a.0, &b.0).then(by_id)
    }

    /// Numbers of JSON are never NaN; values of two kinds are as good as equal.
    fn compare(&self, a: &OrderValue, b: &OrderValue) -> Ordering {
        let ascending = a.partial_cmp(b).unwrap_or(Ordering::Equal);
        match self.direction {
            Direction::Ascending => ascending,
            Direction::Descending => ascending.reverse(),
        }
    }
}

/// A point, and the value that put it in its place.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderedRecord {
    /// The value.
    pub value: OrderValue,
    /// The point.
    pub record: Record,
}
