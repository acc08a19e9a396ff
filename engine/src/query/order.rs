//! Points in the order of a value in their payloads: what may be asked, what comes back, and which of many come first.

use super::request::Record;
use crate::error::{Error, Result};
use crate::filter::{Datetime, Number};
use crate::point::{PayloadPath, PointId};
use serde_json::{Map, Value};
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

impl<N: Into<Number>> From<N> for OrderValue {
    fn from(number: N) -> Self {
        OrderValue::Number(number.into())
    }
}

impl From<Datetime> for OrderValue {
    fn from(at: Datetime) -> Self {
        OrderValue::Datetime(at)
    }
}

/// The value that orders points: what lies at a path of their payloads.
///
/// A point with several values comes once for each different one; a point without one does not come.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderBy {
    path: PayloadPath,
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
    fn new(path: &str, kind: Kind) -> Result<Self> {
        Ok(Self { path: path.parse()?, kind, direction: Direction::Ascending, from: None })
    }

    /// By the numbers at a path.
    ///
    /// # Errors
    /// `Invalid` if it is no path.
    pub fn number(path: &str) -> Result<Self> {
        Self::new(path, Kind::Number)
    }

    /// By the texts at a path that are dates and times.
    ///
    /// # Errors
    /// `Invalid` if it is no path.
    pub fn datetime(path: &str) -> Result<Self> {
        Self::new(path, Kind::Datetime)
    }

    /// Which way.
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Leaves out what comes before this value, which is of the kind that is ordered by.
    pub fn start_from(mut self, value: impl Into<OrderValue>) -> Self {
        self.from = Some(value.into());
        self
    }

    /// `field` is where it stands in the request.
    pub(crate) fn check(&self, field: &str) -> Result<()> {
        let invalid = |expected: &str, got: &OrderValue| {
            Err(Error::invalid(format!("{field}.start_from"), expected, format!("{got:?}")))
        };
        match (self.kind, &self.from) {
            (Kind::Number, Some(OrderValue::Number(number))) if number.is_nan() => {
                Err(Error::invalid(format!("{field}.start_from"), "a number", "NaN"))
            }
            (_, None)
            | (Kind::Number, Some(OrderValue::Number(_)))
            | (Kind::Datetime, Some(OrderValue::Datetime(_))) => Ok(()),
            (Kind::Number, Some(other)) => invalid("a number", other),
            (Kind::Datetime, Some(other)) => invalid("a date and time", other),
        }
    }

    /// The different values of a payload that are of the wanted kind and do not come before the start, ascending.
    fn values(&self, payload: &Map<String, Value>) -> Vec<OrderValue> {
        let mut values: Vec<OrderValue> = Vec::new();
        self.path.for_each(payload, &mut |value| values.extend(self.value_of(value)));
        values.retain(|value| self.from.is_none_or(|from| self.compare(value, &from) != Ordering::Less));
        values.sort_unstable_by(ascending);
        values.dedup();
        values
    }

    fn value_of(&self, value: &Value) -> Option<OrderValue> {
        match self.kind {
            Kind::Number => Number::of(value).map(OrderValue::Number),
            Kind::Datetime => Datetime::read(value.as_str()?).map(OrderValue::Datetime),
        }
    }

    fn compare(&self, a: &OrderValue, b: &OrderValue) -> Ordering {
        match self.direction {
            Direction::Ascending => ascending(a, b),
            Direction::Descending => ascending(b, a),
        }
    }

    fn compare_points(&self, a: &(OrderValue, PointId), b: &(OrderValue, PointId)) -> Ordering {
        let by_id = match self.direction {
            Direction::Ascending => a.1.cmp(&b.1),
            Direction::Descending => b.1.cmp(&a.1),
        };
        self.compare(&a.0, &b.0).then(by_id)
    }
}

/// Neither numbers of JSON nor checked starts are NaN.
fn ascending(a: &OrderValue, b: &OrderValue) -> Ordering {
    a.partial_cmp(b).unwrap_or(Ordering::Equal)
}

/// Values that are kept beyond twice those asked for before they are sorted: sorting is worth its while then.
const SORTED_AT_LEAST: usize = 1024;

/// The first of many points in an order. `P` is where a point is.
#[derive(Debug)]
pub(crate) struct First<'a, P> {
    order: &'a OrderBy,
    limit: usize,
    kept: Vec<((OrderValue, PointId), P)>,
}

impl<'a, P: Copy> First<'a, P> {
    pub(crate) fn new(order: &'a OrderBy, limit: usize) -> Self {
        Self { order, limit, kept: Vec::new() }
    }

    /// Adds a point, once for each value that it has.
    pub(crate) fn add(&mut self, id: PointId, place: P, payload: &Map<String, Value>) {
        let values = self.order.values(payload).into_iter();
        self.kept.extend(values.map(|value| ((value, id), place)));
        if self.kept.len() > 2 * self.limit + SORTED_AT_LEAST {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        self.kept.sort_unstable_by(|a, b| self.order.compare_points(&a.0, &b.0));
        self.kept.truncate(self.limit);
    }

    /// As many as were asked for, in their order.
    pub(crate) fn finish(mut self) -> impl Iterator<Item = (OrderValue, PointId, P)> {
        self.shrink();
        self.kept.into_iter().map(|((value, id), place)| (value, id, place))
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_has_a_place() {
        let payload =
            json!({"a": [2, 1.5, "2024-01-01", true, null, "x", [1], 2.0, 9_223_372_036_854_775_808u64]});
        let payload = payload.as_object().expect("an object");
        let numbers = OrderBy::number("a").expect("a path");
        let expected: [OrderValue; 3] = [1.5.into(), 2.into(), (1u64 << 63).into()];
        assert_eq!(numbers.values(payload), expected);
        assert_eq!(numbers.clone().start_from(2).values(payload), expected[1..]);
        assert_eq!(numbers.direction(Direction::Descending).start_from(2).values(payload), expected[..2]);
        let dates = OrderBy::datetime("a").expect("a path");
        assert_eq!(dates.values(payload), [Datetime(1_704_067_200_000_000).into()]);
        assert!(OrderBy::number("b").expect("a path").values(payload).is_empty());
    }

    #[test]
    fn a_start_is_of_the_kind_that_is_ordered_by() {
        let number = || OrderBy::number("a").expect("a path");
        let datetime = || OrderBy::datetime("a").expect("a path");
        assert!(number().start_from(1).check("query").is_ok());
        assert!(datetime().start_from(Datetime(1)).check("query").is_ok());
        for wrong in [number().start_from(Datetime(1)), datetime().start_from(1)] {
            assert!(wrong.check("query").is_err(), "{wrong:?}");
        }
    }
}
