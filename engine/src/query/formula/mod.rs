//! Formulas: an expression over the scores of a query's legs and a point's payload goes in, a new score for each candidate comes out.
//!
//! Here is the language as callers write it, and what is checked once for each query; `compile.rs` makes of it what `evaluate.rs` works out for each
//! point: filters are compiled, defaults put in their places. `decay.rs` is a part of the language. Values are f64, the score is rounded to f32 at the end.

mod compile;
mod decay;
mod evaluate;

pub(crate) use compile::CompiledFormula;
pub use decay::{Decay, DecayShape};

use crate::error::{Error, Result};
use crate::filter::{Datetime, Filter, GeoPoint};
use crate::point::PayloadPath;
use serde_json::Value;
use std::ops::{Add, Div, Mul, Neg, Sub};

/// A number that is worked out for each point.
///
/// ```
/// use nigh::{Condition, Decay, Expression, GeoPoint};
/// # fn main() -> nigh::Result<()> {
/// let near = Decay::gauss(Expression::metres_from(GeoPoint::new(126.978, 37.5665), "place")?).scale(5_000.0);
/// let is_open = Expression::condition(Condition::matches("open", true));
/// let score = Expression::score(0) + 0.5 * Expression::from(near) + 0.25 * is_open + Expression::payload("stars")?.ln();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Expression {
    /// A number.
    Number(f64),
    /// The point's score in a prefetch, counted from 0, on that prefetch's own scale. Where it has none: the formula's default for it, or 0.
    Score(usize),
    /// The number at a path of the payload. An array with one element is that element.
    Payload(PayloadPath),
    /// 1 if the point passes, else 0.
    Condition(Filter),
    /// The sum; 0 of none.
    Sum(Vec<Self>),
    /// The product; 1 of none. What follows the first factor that is 0 is not looked at.
    Product(Vec<Self>),
    /// The largest of one or more.
    Max(Vec<Self>),
    /// The smallest of one or more.
    Min(Vec<Self>),
    /// A function of one number.
    Apply(Function, Box<Self>),
    /// A quotient. 0 divided by anything is 0.
    Quotient {
        /// What is divided.
        left: Box<Self>,
        /// By what.
        right: Box<Self>,
        /// The value where `right` is 0; without it, that is an error.
        by_zero: Option<f64>,
    },
    /// A power.
    Power {
        /// The base.
        base: Box<Self>,
        /// The exponent.
        exponent: Box<Self>,
    },
    /// Metres from a place to the one at a path of the payload, an object with `lon` and `lat`; along a great circle of a sphere, right to about 0.5 %.
    GeoDistance {
        /// From where.
        origin: GeoPoint,
        /// The path.
        to: PayloadPath,
    },
    /// A moment, as seconds since 1970.
    Datetime(Datetime),
    /// The moment at a path of the payload, as seconds since 1970.
    DatetimeAt(PayloadPath),
    /// How near a number is to another.
    Decay(Box<Decay>),
}

/// Functions of one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Function {
    /// The number with the other sign.
    Neg,
    /// Without its sign.
    Abs,
    /// Square root; an error of negative numbers.
    Sqrt,
    /// e to the power of it.
    Exp,
    /// Natural logarithm; an error of 0 and negative numbers.
    Ln,
    /// Logarithm to base 10; an error of 0 and negative numbers.
    Log10,
    /// Inverse hyperbolic cosine; an error of numbers below 1.
    Acosh,
}

impl Expression {
    /// The point's score in a prefetch, counted from 0.
    pub fn score(leg: usize) -> Self {
        Expression::Score(leg)
    }

    /// The number at a path of the payload.
    ///
    /// # Errors
    /// `Invalid` if it is no path.
    pub fn payload(path: &str) -> Result<Self> {
        Ok(Expression::Payload(path.parse()?))
    }

    /// 1 if the point passes, else 0: a condition, or a filter.
    pub fn condition(filter: impl Into<Filter>) -> Self {
        Expression::Condition(filter.into())
    }

    /// What Qdrant's formulas write as a text: `$score` (that of prefetch 0), `$score[i]`, or a path of the payload.
    ///
    /// # Errors
    /// `Invalid` if it is neither.
    pub fn variable(name: &str) -> Result<Self> {
        Ok(match Variable::read(name)? {
            Variable::Score(leg) => Expression::Score(leg),
            Variable::Payload(path) => Expression::Payload(path),
        })
    }

    /// Metres from `origin` to the place at a path of the payload.
    ///
    /// # Errors
    /// `Invalid` if it is no path.
    pub fn metres_from(origin: GeoPoint, path: &str) -> Result<Self> {
        Ok(Expression::GeoDistance { origin, to: path.parse()? })
    }

    /// A moment, as seconds since 1970; see [`Datetime`] for how it may be written.
    ///
    /// # Errors
    /// `Invalid` if it is no moment.
    pub fn datetime(text: &str) -> Result<Self> {
        Ok(Expression::Datetime(text.parse()?))
    }

    /// The moment at a path of the payload, as seconds since 1970.
    ///
    /// # Errors
    /// `Invalid` if it is no path.
    pub fn datetime_at(path: &str) -> Result<Self> {
        Ok(Expression::DatetimeAt(path.parse()?))
    }

    /// The sum of some.
    pub fn sum(parts: impl IntoIterator<Item = impl Into<Self>>) -> Self {
        Expression::Sum(parts.into_iter().map(Into::into).collect())
    }

    /// The product of some.
    pub fn product(parts: impl IntoIterator<Item = impl Into<Self>>) -> Self {
        Expression::Product(parts.into_iter().map(Into::into).collect())
    }

    /// The largest of some.
    pub fn max(parts: impl IntoIterator<Item = impl Into<Self>>) -> Self {
        Expression::Max(parts.into_iter().map(Into::into).collect())
    }

    /// The smallest of some.
    pub fn min(parts: impl IntoIterator<Item = impl Into<Self>>) -> Self {
        Expression::Min(parts.into_iter().map(Into::into).collect())
    }

    /// A function of it.
    pub fn apply(self, function: Function) -> Self {
        Expression::Apply(function, Box::new(self))
    }

    /// Without its sign.
    pub fn abs(self) -> Self {
        self.apply(Function::Abs)
    }

    /// Square root.
    pub fn sqrt(self) -> Self {
        self.apply(Function::Sqrt)
    }

    /// e to the power of it.
    pub fn exp(self) -> Self {
        self.apply(Function::Exp)
    }

    /// Natural logarithm.
    pub fn ln(self) -> Self {
        self.apply(Function::Ln)
    }

    /// Logarithm to base 10.
    pub fn log10(self) -> Self {
        self.apply(Function::Log10)
    }

    /// Inverse hyperbolic cosine.
    pub fn acosh(self) -> Self {
        self.apply(Function::Acosh)
    }

    /// To a power.
    pub fn pow(self, exponent: impl Into<Self>) -> Self {
        Expression::Power { base: Box::new(self), exponent: Box::new(exponent.into()) }
    }

    /// Divided by `right`, or `by_zero` where that is 0.
    pub fn divided_or(self, right: impl Into<Self>, by_zero: f64) -> Self {
        Expression::Quotient { left: Box::new(self), right: Box::new(right.into()), by_zero: Some(by_zero) }
    }

    /// The parts that it is made of.
    fn parts(&self) -> Vec<&Self> {
        match self {
            Expression::Number(_)
            | Expression::Score(_)
            | Expression::Payload(_)
            | Expression::Condition(_)
            | Expression::GeoDistance { .. }
            | Expression::Datetime(_)
            | Expression::DatetimeAt(_) => Vec::new(),
            Expression::Sum(parts)
            | Expression::Product(parts)
            | Expression::Max(parts)
            | Expression::Min(parts) => parts.iter().collect(),
            Expression::Apply(_, part) => vec![part],
            Expression::Quotient { left, right, .. } => vec![left, right],
            Expression::Power { base, exponent } => vec![base, exponent],
            Expression::Decay(decay) => decay.parts(),
        }
    }

    /// What can be wrong with it by itself.
    fn check_alone(&self, field: &str) -> Result<()> {
        let finite = |value: f64| match value.is_finite() {
            true => Ok(()),
            false => Err(Error::invalid(field, "finite numbers", value)),
        };
        match self {
            Expression::Number(value) | Expression::Quotient { by_zero: Some(value), .. } => finite(*value),
            Expression::Max(parts) | Expression::Min(parts) if parts.is_empty() => {
                Err(Error::invalid(field, "at least one part of a max or min", "none"))
            }
            Expression::GeoDistance { origin, .. } => origin.check(&format!("{field}.origin")),
            Expression::Decay(decay) => decay.curve.check(field),
            _ => Ok(()),
        }
    }
}

impl From<f64> for Expression {
    fn from(value: f64) -> Self {
        Expression::Number(value)
    }
}

macro_rules! operator {
    ($trait:ident, $method:ident, |$left:ident, $right:ident| $result:expr) => {
        impl<R: Into<Expression>> $trait<R> for Expression {
            type Output = Expression;

            fn $method(self, right: R) -> Expression {
                let ($left, $right) = (self, right.into());
                $result
            }
        }

        impl $trait<Expression> for f64 {
            type Output = Expression;

            fn $method(self, right: Expression) -> Expression {
                Expression::Number(self).$method(right)
            }
        }
    };
}

operator!(Add, add, |left, right| Expression::Sum(vec![left, right]));
operator!(Sub, sub, |left, right| Expression::Sum(vec![left, right.apply(Function::Neg)]));
operator!(Mul, mul, |left, right| Expression::Product(vec![left, right]));
operator!(Div, div, |left, right| Expression::Quotient {
    left: Box::new(left),
    right: Box::new(right),
    by_zero: None
});

impl Neg for Expression {
    type Output = Self;

    fn neg(self) -> Self {
        self.apply(Function::Neg)
    }
}

/// Deepest nesting of an expression.
const DEPTH_MAX: usize = 64;
/// Parts of an expression, it itself counted.
const PARTS_MAX: usize = 10_000;

/// What an expression may name, and what may have a default.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Variable {
    Score(usize),
    Payload(PayloadPath),
}

impl Variable {
    fn read(name: &str) -> Result<Self> {
        let Some(reserved) = name.strip_prefix('$') else { return Ok(Self::Payload(name.parse()?)) };
        let leg = match reserved.strip_prefix("score") {
            Some("") => Some(0),
            Some(index) => {
                let digits = index.strip_prefix('[').and_then(|index| index.strip_suffix(']'));
                let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
                digits.and_then(|digits| digits.parse().ok())
            }
            None => None,
        };
        let shown = || format!("{:?}", name.chars().take(64).collect::<String>());
        leg.map(Self::Score).ok_or_else(|| Error::invalid("formula", "`$score` or `$score[i]`", shown()))
    }
}

/// A formula: an expression, and what it takes for values that a point does not have.
#[derive(Debug, Clone, PartialEq)]
pub struct Formula {
    expression: Expression,
    defaults: Vec<(Variable, Value)>,
}

impl Formula {
    /// A formula without defaults: a point that lacks a value of its payload is an error, a missing score is 0.
    pub fn new(expression: impl Into<Expression>) -> Self {
        Self { expression: expression.into(), defaults: Vec::new() }
    }

    /// Takes `value` for what points lack at a path of the payload, or for a score, which is named as in [`Expression::variable`].
    ///
    /// # Errors
    /// `Invalid` if `name` is neither.
    pub fn with_default(mut self, name: &str, value: impl Into<Value>) -> Result<Self> {
        let variable = Variable::read(name)?;
        self.defaults.retain(|(known, _)| *known != variable);
        self.defaults.push((variable, value.into()));
        Ok(self)
    }

    pub(crate) fn check(&self, field: &str) -> Result<()> {
        let mut open = vec![(&self.expression, 1)];
        let mut seen = 0;
        while let Some((expression, depth)) = open.pop() {
            seen += 1;
            if depth > DEPTH_MAX {
                return Err(Error::TooLarge {
                    what: "nesting of a formula",
                    limit: DEPTH_MAX as u64,
                    got: depth as u64,
                });
            }
            expression.check_alone(field)?;
            open.extend(expression.parts().into_iter().map(|part| (part, depth + 1)));
            let got = seen + open.len();
            if got > PARTS_MAX {
                return Err(Error::TooLarge {
                    what: "parts of a formula",
                    limit: PARTS_MAX as u64,
                    got: got as u64,
                });
            }
        }
        Ok(())
    }

    fn default_of(&self, variable: &Variable) -> Option<&Value> {
        self.defaults.iter().find(|(known, _)| known == variable).map(|(_, value)| value)
    }
}
