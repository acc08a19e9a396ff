//! The value of a formula for one point.

use super::{Datetime, Expression, Formula, Function, GeoPoint, Variable};
use crate::error::{Error, Result};
use crate::point::PayloadPath;
use serde_json::Value;

/// What is known of the point.
pub(crate) trait Facts<C> {
    /// Its score in a leg, as the caller sees it.
    fn score(&self, leg: usize) -> Option<f32>;

    /// What is at a path of its payload; an array at the end as its elements.
    fn values(&self, path: &PayloadPath) -> Vec<&Value>;

    /// Whether a condition holds of it.
    fn holds(&self, condition: &C) -> Result<bool>;
}

impl<C> Formula<C> {
    /// The score of a point.
    ///
    /// # Errors
    /// `Invalid` if a value is missing or of another type, or if the result or what a function gives is no finite number: the message has the
    /// expression. Whatever `facts` fails with.
    pub(crate) fn score(&self, facts: &impl Facts<C>) -> Result<f32> {
        let value = self.value(&self.expression, facts)?;
        let score = value as f32;
        // Not -0.
        if score.is_finite() {
            Ok(score + 0.0)
        } else {
            Err(not_finite(&format!("{value} as f32"), score.into()))
        }
    }

    fn value(&self, expression: &Expression<C>, facts: &impl Facts<C>) -> Result<f64> {
        let value = |expression: &Expression<C>| self.value(expression, facts);
        match expression {
            Expression::Number(number) => Ok(*number),
            Expression::Score(leg) => {
                let default = || self.default_of(&Variable::Score(*leg)).and_then(Value::as_f64);
                Ok(facts.score(*leg).map(f64::from).or_else(default).unwrap_or(0.0))
            }
            Expression::Payload(path) => self.read(facts, path, "a number", Value::as_f64),
            Expression::Condition(condition) => Ok(f64::from(u8::from(facts.holds(condition)?))),
            Expression::Sum(parts) => parts.iter().try_fold(0.0, |sum, part| Ok(sum + value(part)?)),
            Expression::Product(parts) => {
                let mut product = 1.0;
                for part in parts {
                    let factor = value(part)?;
                    if factor == 0.0 {
                        return Ok(0.0);
                    }
                    product *= factor;
                }
                Ok(product)
            }
            Expression::Max(parts) => {
                parts.iter().try_fold(f64::NEG_INFINITY, |most, part| Ok(most.max(value(part)?)))
            }
            Expression::Min(parts) => {
                parts.iter().try_fold(f64::INFINITY, |least, part| Ok(least.min(value(part)?)))
            }
            Expression::Apply(function, part) => function.of(value(part)?),
            Expression::Quotient { left, right, by_zero } => {
                let left = value(left)?;
                if left == 0.0 {
                    return Ok(0.0);
                }
                let right = value(right)?;
                match by_zero {
                    Some(by_zero) if right == 0.0 => Ok(*by_zero),
                    _ => finite(left / right, || format!("{left} / {right}")),
                }
            }
            Expression::Power { base, exponent } => {
                let (base, exponent) = (value(base)?, value(exponent)?);
                finite(base.powf(exponent), || format!("{base} ^ {exponent}"))
            }
            Expression::GeoDistance { origin, to } => {
                let place = self.read(facts, to, "an object with lon and lat", GeoPoint::read)?;
                Ok(origin.metres_to(place))
            }
            Expression::Datetime(moment) => Ok(moment.seconds()),
            Expression::DatetimeAt(path) => {
                let read = |value: &Value| value.as_str().and_then(Datetime::read);
                Ok(self.read(facts, path, "a text that is a date and time", read)?.seconds())
            }
            Expression::Decay(decay) => {
                let x = value(decay.x())?;
                let target = decay.target_of().map_or(Ok(0.0), value)?;
                Ok(decay.at(x - target))
            }
        }
    }

    /// What is at a path, or the default for it.
    fn read<T>(
        &self,
        facts: &impl Facts<C>,
        path: &PayloadPath,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<T> {
        let invalid = |got: &str| Error::invalid(format!("formula, payload at {path}"), expected, got);
        let values = facts.values(path);
        let value = match values.as_slice() {
            [] => self.default_of(&Variable::Payload(path.clone())).map(|value| match value {
                Value::Array(items) if items.len() == 1 => items.first().unwrap_or(value),
                value => value,
            }),
            [value] => Some(*value),
            [_, _, ..] => return Err(invalid(&format!("{} values", values.len()))),
        };
        let value = value.ok_or_else(|| invalid("neither a value nor a default"))?;
        read(value).ok_or_else(|| invalid(&value.to_string().chars().take(64).collect::<String>()))
    }
}

impl Function {
    fn of(self, x: f64) -> Result<f64> {
        match self {
            Function::Neg => Ok(-x),
            Function::Abs => Ok(x.abs()),
            Function::Sqrt => finite(x.sqrt(), || format!("sqrt({x})")),
            Function::Exp => finite(x.exp(), || format!("exp({x})")),
            Function::Ln => finite(x.ln(), || format!("ln({x})")),
            Function::Log10 => finite(x.log10(), || format!("log10({x})")),
            Function::Acosh => finite(x.acosh(), || format!("acosh({x})")),
        }
    }
}

fn finite(value: f64, expression: impl Fn() -> String) -> Result<f64> {
    if value.is_finite() { Ok(value) } else { Err(not_finite(&expression(), value)) }
}

fn not_finite(expression: &str, value: f64) -> Error {
    Error::invalid("formula", "a finite number", format!("{expression} = {value}"))
}
