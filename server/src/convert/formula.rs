//! Expressions of formulas.

use super::filter::{condition_in, point_in};
use crate::error::{ApiError, Result};
use nigh::{Decay, DecayShape, Expression, Filter, Formula, Function};
use nigh_api as api;
use nigh_api::Operation;

/// The engine's formula.
///
/// # Errors
/// `BadInput` for a variable that is none, a moment that is none, or a default that does not fit.
pub(crate) fn formula_in(input: api::FormulaInput) -> Result<Formula> {
    let mut formula = Formula::new(expression_in(input.formula)?);
    for (name, value) in input.defaults {
        formula = formula.with_default(&name, value)?;
    }
    Ok(formula)
}

fn expression_in(expression: api::Expression) -> Result<Expression> {
    Ok(match expression {
        api::Expression::Constant(number) => Expression::Number(number),
        api::Expression::Variable(name) => Expression::variable(&name)?,
        api::Expression::Condition(condition) => {
            Expression::condition(Filter::from(condition_in(*condition)?))
        }
        api::Expression::Operation(operation) => operation_in(operation)?,
    })
}

fn operation_in(operation: Operation) -> Result<Expression> {
    let all = |parts: Vec<api::Expression>| parts.into_iter().map(expression_in).collect::<Result<Vec<_>>>();
    let apply = |part: Box<api::Expression>, function: Function| {
        Ok::<_, ApiError>(expression_in(*part)?.apply(function))
    };
    Ok(match operation {
        Operation::Sum(parts) => Expression::Sum(all(parts)?),
        Operation::Mult(parts) => Expression::Product(all(parts)?),
        Operation::Max(parts) => Expression::Max(all(parts)?),
        Operation::Min(parts) => Expression::Min(all(parts)?),
        Operation::Neg(part) => apply(part, Function::Neg)?,
        Operation::Abs(part) => apply(part, Function::Abs)?,
        Operation::Sqrt(part) => apply(part, Function::Sqrt)?,
        Operation::Exp(part) => apply(part, Function::Exp)?,
        Operation::Ln(part) => apply(part, Function::Ln)?,
        Operation::Log10(part) => apply(part, Function::Log10)?,
        Operation::Acosh(part) => apply(part, Function::Acosh)?,
        Operation::Div(api::DivParams { left, right, by_zero_default }) => Expression::Quotient {
            left: Box::new(expression_in(*left)?),
            right: Box::new(expression_in(*right)?),
            by_zero: by_zero_default,
        },
        Operation::Pow(api::PowParams { base, exponent }) => {
            expression_in(*base)?.pow(expression_in(*exponent)?)
        }
        Operation::GeoDistance(api::GeoDistanceParams { origin, to }) => {
            Expression::metres_from(point_in(origin), &to)?
        }
        Operation::Datetime(text) => Expression::datetime(&text)?,
        Operation::DatetimeKey(path) => Expression::datetime_at(&path)?,
        Operation::LinDecay(params) => decay_in(DecayShape::Linear, params)?,
        Operation::ExpDecay(params) => decay_in(DecayShape::Exponential, params)?,
        Operation::GaussDecay(params) => decay_in(DecayShape::Gauss, params)?,
    })
}

fn decay_in(shape: DecayShape, params: api::DecayParams) -> Result<Expression> {
    let mut decay = Decay::new(shape, expression_in(*params.x)?);
    if let Some(target) = params.target {
        decay = decay.target(expression_in(*target)?);
    }
    if let Some(scale) = params.scale {
        decay = decay.scale(scale.into());
    }
    if let Some(midpoint) = params.midpoint {
        decay = decay.midpoint(midpoint.into());
    }
    Ok(decay.into())
}
