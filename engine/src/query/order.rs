//! Ordering by a payload field: what is at a path goes in, values that can be put in order come out.

use super::formula::Datetime;
use crate::error::{Error, Result};
use crate::point::{PayloadPath, PointId};
use serde_json::{Map, Value};
use std::cmp::Ordering;

/// Points in the order of a payload field's numbers, or dates and times.
///
/// A point comes once for each different value that it has, and not at all without one. Numbers come before dates and times.
#[derive(Debug, Clone, PartialEq)]
pub struct OrderBy {
    path: PayloadPath,
    direction: Direction,
    start_from: Option<OrderValue>,
}

/// Which way an order goes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Direction {
    /// Smallest first.
    #[default]
    Ascending,
    /// Largest first.
    Descending,
}

/// What a point was ordered by.
#[derive(Debug, Clone, Copy)]
pub enum OrderValue {
    /// A whole number.
    Integer(i64),
    /// Another number.
    Float(f64),
    /// A moment.
    Datetime(Datetime),
}

impl OrderBy {
    /// Ascending by what is at a path of the payload.
    ///
    /// # Errors
    /// `Invalid` if it is no path.
    pub fn new(path: &str) -> Result<Self> {
        Ok(Self { path: path.parse()?, direction: Direction::Ascending, start_from: None })
    }

    /// Which way.
    pub fn direction(mut self, direction: Direction) -> Self {
        self.direction = direction;
        self
    }

    /// Only from this value on, itself included; a number leaves out dates and times, and the other way round.
    pub fn start_from(mut self, value: impl Into<OrderValue>) -> Self {
        self.start_from = Some(value.into());
        self
    }

    pub(crate) fn check(&self, field: &str) -> Result<()> {
        match self.start_from {
            Some(OrderValue::Float(value)) if !value.is_finite() => {
                Err(Error::invalid(format!("{field}.start_from"), "a finite number", value))
            }
            _ => Ok(()),
        }
    }

    /// The different values that a payload has a place in the order by.
    pub(crate) fn values(&self, payload: &Map<String, Value>) -> Vec<OrderValue> {
        let mut values: Vec<OrderValue> =
            self.path.values(payload).into_iter().filter_map(OrderValue::read).collect();
        values.retain(|value| self.start_from.is_none_or(|start| self.reaches(*value, start)));
        values.sort_unstable();
        values.dedup();
        values
    }

    fn reaches(&self, value: OrderValue, start: OrderValue) -> bool {
        value.is_moment() == start.is_moment() && self.compare(value, start) != Ordering::Less
    }

    fn compare(&self, a: OrderValue, b: OrderValue) -> Ordering {
        match self.direction {
            Direction::Ascending => a.cmp(&b),
            Direction::Descending => b.cmp(&a),
        }
    }

    /// Which of two points comes first; equal values in the order of ids, in the same direction.
    pub(crate) fn order(&self, a: (OrderValue, PointId), b: (OrderValue, PointId)) -> Ordering {
        let ids = match self.direction {
            Direction::Ascending => a.1.cmp(&b.1),
            Direction::Descending => b.1.cmp(&a.1),
        };
        self.compare(a.0, b.0).then(ids)
    }
}

impl OrderValue {
    fn read(value: &Value) -> Option<Self> {
        match value {
            Value::Number(number) => match number.as_i64() {
                Some(integer) => Some(OrderValue::Integer(integer)),
                None => number.as_f64().map(OrderValue::Float),
            },
            Value::String(text) => Datetime::read(text).map(OrderValue::Datetime),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        }
    }

    fn is_moment(self) -> bool {
        matches!(self, OrderValue::Datetime(_))
    }
}

impl Ord for OrderValue {
    /// By value: 1 and 1.0 are equal, and 2^53 + 1 is more than 2^53 as a float.
    fn cmp(&self, other: &Self) -> Ordering {
        match (*self, *other) {
            (OrderValue::Integer(a), OrderValue::Integer(b)) => a.cmp(&b),
            // Not -0.
            (OrderValue::Float(a), OrderValue::Float(b)) => (a + 0.0).total_cmp(&(b + 0.0)),
            (OrderValue::Integer(a), OrderValue::Float(b)) => compare(a, b),
            (OrderValue::Float(a), OrderValue::Integer(b)) => compare(b, a).reverse(),
            (OrderValue::Datetime(a), OrderValue::Datetime(b)) => a.cmp(&b),
            (OrderValue::Datetime(_), _) => Ordering::Greater,
            (_, OrderValue::Datetime(_)) => Ordering::Less,
        }
    }
}

/// Payloads hold finite numbers only; others are ordered as `total_cmp` has it.
fn compare(integer: i64, float: f64) -> Ordering {
    if !float.is_finite() {
        return (integer as f64).total_cmp(&float);
    }
    // Exact, or so far out that it ends beyond all integers.
    let floor = float.floor();
    let fraction = if float > floor { Ordering::Less } else { Ordering::Equal };
    i128::from(integer).cmp(&(floor as i128)).then(fraction)
}

impl PartialOrd for OrderValue {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for OrderValue {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for OrderValue {}

impl From<i64> for OrderValue {
    fn from(value: i64) -> Self {
        OrderValue::Integer(value)
    }
}

impl From<f64> for OrderValue {
    fn from(value: f64) -> Self {
        OrderValue::Float(value)
    }
}

impl From<Datetime> for OrderValue {
    fn from(value: Datetime) -> Self {
        OrderValue::Datetime(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn values(order: &OrderBy, payload: &Value) -> Vec<OrderValue> {
        order.values(payload.as_object().expect("an object"))
    }

    #[test]
    fn what_has_a_place() {
        let order = OrderBy::new("a").expect("a path");
        let payload =
            json!({"a": [2, 1.5, "2024-01-01", true, null, "x", [1], 2.0, 9_223_372_036_854_775_808u64]});
        let moment = OrderValue::from(Datetime(1_704_067_200_000_000));
        let expected = [1.5.into(), 2.into(), 9_223_372_036_854_775_808.0.into(), moment];
        assert_eq!(values(&order, &payload), expected);
        assert!(values(&order, &json!({"b": 1})).is_empty());
        assert_eq!(values(&order.clone().start_from(2), &payload), expected[1..3]);
        assert_eq!(
            values(&order.clone().direction(Direction::Descending).start_from(2), &payload),
            expected[..2]
        );
        assert_eq!(values(&order.start_from(Datetime(0)), &payload), expected[3..]);
    }

    #[test]
    fn the_order_is_total() {
        let big = 1i64 << 53;
        let ascending: Vec<OrderValue> = vec![
            f64::MIN.into(),
            i64::MIN.into(),
            (-1.5).into(),
            (-1).into(),
            0.into(),
            0.5.into(),
            big.into(),
            (big + 1).into(),
            (big as f64 + 2.0).into(),
            i64::MAX.into(),
            1e300.into(),
            Datetime(i64::MIN).into(),
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(a.cmp(b), i.cmp(&j), "{a:?} and {b:?}");
            }
        }
        assert_eq!(OrderValue::from(0), OrderValue::from(-0.0));
    }
}
