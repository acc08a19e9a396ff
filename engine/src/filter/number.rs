//! Numbers of payloads, compared as what they are: whole numbers of 64 bits are never rounded to floats.

use serde_json::Value;
use std::cmp::Ordering;

/// A whole number or a float.
#[derive(Debug, Clone, Copy)]
pub enum Number {
    /// A whole number; values of payloads are those of `i64` and `u64`.
    Integer(i128),
    /// A float.
    Float(f64),
}

impl Number {
    /// The number of a JSON value, if it is one.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        integer_of(value).map(Number::Integer).or_else(|| value.as_f64().map(Number::Float))
    }

    pub(crate) fn is_nan(self) -> bool {
        matches!(self, Number::Float(float) if float.is_nan())
    }
}

/// The whole number of a JSON value, if it is written as one: 1.0 is none.
pub(crate) fn integer_of(value: &Value) -> Option<i128> {
    value.as_i64().map(i128::from).or_else(|| value.as_u64().map(i128::from))
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    /// By value: 1 and 1.0 are equal, and 2^53 + 1 is more than 2^53 as a float.
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (*self, *other) {
            (Number::Integer(a), Number::Integer(b)) => Some(a.cmp(&b)),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
            (Number::Integer(a), Number::Float(b)) => compare(a, b),
            (Number::Float(a), Number::Integer(b)) => compare(b, a).map(Ordering::reverse),
        }
    }
}

fn compare(integer: i128, float: f64) -> Option<Ordering> {
    if float.is_nan() {
        return None;
    }
    // The cast is exact, or the float lies outside of all whole numbers that a payload can hold and the cast ends up there too.
    let floor = float.floor();
    let fraction = if float > floor { Ordering::Less } else { Ordering::Equal };
    Some(integer.cmp(&(floor as i128)).then(fraction))
}

impl From<f64> for Number {
    fn from(float: f64) -> Self {
        Number::Float(float)
    }
}

impl From<f32> for Number {
    fn from(float: f32) -> Self {
        Number::Float(float.into())
    }
}

impl From<i32> for Number {
    fn from(integer: i32) -> Self {
        Number::Integer(integer.into())
    }
}

impl From<u32> for Number {
    fn from(integer: u32) -> Self {
        Number::Integer(integer.into())
    }
}

impl From<i64> for Number {
    fn from(integer: i64) -> Self {
        Number::Integer(integer.into())
    }
}

impl From<u64> for Number {
    fn from(integer: u64) -> Self {
        Number::Integer(integer.into())
    }
}

/// A range of numbers; bounds that are not given do not restrict. Whole numbers and floats are compared by their exact values.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Range {
    /// Less.
    pub lt: Option<Number>,
    /// Greater.
    pub gt: Option<Number>,
    /// Greater or equal.
    pub gte: Option<Number>,
    /// Less or equal.
    pub lte: Option<Number>,
}

impl Range {
    /// Any number.
    pub fn new() -> Self {
        Self::default()
    }

    /// Less than this.
    pub fn lt(mut self, bound: impl Into<Number>) -> Self {
        self.lt = Some(bound.into());
        self
    }

    /// Greater than this.
    pub fn gt(mut self, bound: impl Into<Number>) -> Self {
        self.gt = Some(bound.into());
        self
    }

    /// Greater than this or equal.
    pub fn gte(mut self, bound: impl Into<Number>) -> Self {
        self.gte = Some(bound.into());
        self
    }

    /// Less than this or equal.
    pub fn lte(mut self, bound: impl Into<Number>) -> Self {
        self.lte = Some(bound.into());
        self
    }

    pub(super) fn holds(&self, number: Number) -> bool {
        self.lt.is_none_or(|bound| number < bound)
            && self.gt.is_none_or(|bound| number > bound)
            && self.gte.is_none_or(|bound| number >= bound)
            && self.lte.is_none_or(|bound| number <= bound)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_exact_values() {
        let big = 1i128 << 53;
        let ascending = [
            Number::Float(f64::NEG_INFINITY),
            Number::Float(-1e300),
            Number::Integer(i128::from(i64::MIN)),
            Number::Float(-1.5),
            Number::Integer(-1),
            Number::Float(-0.5),
            Number::Integer(0),
            Number::Float(0.5),
            Number::Integer(1),
            Number::Float(9_007_199_254_740_992.0),
            Number::Integer(big + 1),
            Number::Integer(big + 2),
            Number::Integer(i128::from(u64::MAX)),
            Number::Float(18_446_744_073_709_551_616.0),
            Number::Float(f64::INFINITY),
        ];
        for (i, a) in ascending.iter().enumerate() {
            for (j, b) in ascending.iter().enumerate() {
                assert_eq!(a.partial_cmp(b), Some(i.cmp(&j)), "{a:?} and {b:?}");
            }
        }
        assert_eq!(Number::Integer(1), Number::Float(1.0));
        assert_eq!(Number::Integer(1).partial_cmp(&Number::Float(f64::NAN)), None);
    }
}
