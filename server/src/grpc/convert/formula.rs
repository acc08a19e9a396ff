//! Formulas that score points.

use ::qdrant_client::qdrant as wire;
use nigh_api::{DecayParams, DivParams, Expression, FormulaInput, GeoDistanceParams, Operation, PowParams};
use wire::expression::Variant;

use super::filter::{condition, geo_point};
use super::values::json;
use super::{ConvertError, Result, each, each_value, required};

/// A formula and what its variables are where a point has none.
pub(super) fn formula(message: wire::Formula) -> Result<FormulaInput> {
    let wire::Formula { expression: inner, defaults } = message;
    Ok(FormulaInput {
        formula: required("expression", inner, expression)?,
        defaults: each_value("defaults", defaults, json)?,
    })
}

fn expression(message: wire::Expression) -> Result<Expression> {
    let operation = match message.variant.ok_or_else(|| ConvertError::missing("variant"))? {
        Variant::Constant(number) => return Ok(Expression::Constant(number.into())),
        Variant::Variable(name) => return Ok(Expression::Variable(name)),
        Variant::Condition(message) => {
            let condition = condition(message).map_err(|error| error.within("condition"))?;
            return Ok(Expression::Condition(Box::new(condition)));
        }
        Variant::Sum(message) => Operation::Sum(each("sum", message.sum, expression)?),
        Variant::Mult(message) => Operation::Mult(each("mult", message.mult, expression)?),
        Variant::Max(message) => Operation::Max(each("max", message.max, expression)?),
        Variant::Min(message) => Operation::Min(each("min", message.min, expression)?),
        Variant::Neg(inner) => Operation::Neg(one("neg", inner)?),
        Variant::Abs(inner) => Operation::Abs(one("abs", inner)?),
        Variant::Sqrt(inner) => Operation::Sqrt(one("sqrt", inner)?),
        Variant::Exp(inner) => Operation::Exp(one("exp", inner)?),
        Variant::Ln(inner) => Operation::Ln(one("ln", inner)?),
        Variant::Log10(inner) => Operation::Log10(one("log10", inner)?),
        Variant::Acosh(inner) => Operation::Acosh(one("acosh", inner)?),
        Variant::Div(message) => Operation::Div(DivParams {
            left: needed("div.left", message.left)?,
            right: needed("div.right", message.right)?,
            by_zero_default: message.by_zero_default.map(f64::from),
        }),
        Variant::Pow(message) => Operation::Pow(PowParams {
            base: needed("pow.base", message.base)?,
            exponent: needed("pow.exponent", message.exponent)?,
        }),
        Variant::GeoDistance(message) => Operation::GeoDistance(GeoDistanceParams {
            origin: required("geo_distance.origin", message.origin, geo_point)?,
            to: message.to,
        }),
        Variant::Datetime(text) => Operation::Datetime(text),
        Variant::DatetimeKey(key) => Operation::DatetimeKey(key),
        Variant::LinDecay(message) => Operation::LinDecay(decay("lin_decay", *message)?),
        Variant::ExpDecay(message) => Operation::ExpDecay(decay("exp_decay", *message)?),
        Variant::GaussDecay(message) => Operation::GaussDecay(decay("gauss_decay", *message)?),
    };
    Ok(Expression::Operation(operation))
}

fn one(field: &str, message: Box<wire::Expression>) -> Result<Box<Expression>> {
    expression(*message).map(Box::new).map_err(|error| error.within(field))
}

fn needed(field: &str, message: Option<Box<wire::Expression>>) -> Result<Box<Expression>> {
    one(field, message.ok_or_else(|| ConvertError::missing(field))?)
}

fn decay(field: &str, message: wire::DecayParamsExpression) -> Result<DecayParams> {
    let wire::DecayParamsExpression { x, target, scale, midpoint } = message;
    let read = || {
        let target = target.map(|target| one("target", target)).transpose()?;
        Ok(DecayParams { x: needed("x", x)?, target, scale, midpoint })
    };
    read().map_err(|error: ConvertError| error.within(field))
}

#[cfg(test)]
mod tests {
    use super::super::values::value_message;
    use super::*;
    use serde_json::{Value, json};
    use std::collections::HashMap;

    fn of(variant: Variant) -> wire::Expression {
        wire::Expression { variant: Some(variant) }
    }

    fn boxed(number: f32) -> Box<wire::Expression> {
        Box::new(of(Variant::Constant(number)))
    }

    fn two() -> Vec<wire::Expression> {
        vec![of(Variant::Constant(0.5)), of(Variant::Variable("$score".to_owned()))]
    }

    /// A formula comes to the same by both wires.
    fn same(variant: Variant, rest: Value) {
        let message = wire::Formula {
            expression: Some(of(variant)),
            defaults: HashMap::from([("a".to_owned(), value_message(json!([1, "x"])))]),
        };
        let rest = json!({"formula": rest, "defaults": {"a": [1, "x"]}});
        let read: FormulaInput = serde_json::from_value(rest.clone()).expect("a formula");
        assert_eq!(formula(message), Ok(read), "{rest}");
    }

    #[test]
    fn every_operation_is_that_of_rest() {
        let decay = || {
            Box::new(wire::DecayParamsExpression {
                x: Some(boxed(1.0)),
                target: Some(boxed(2.0)),
                scale: Some(3.0),
                midpoint: Some(0.25),
            })
        };
        let decay_rest = json!({"x": 1.0, "target": 2.0, "scale": 3.0, "midpoint": 0.25});
        let has_vector = wire::HasVectorCondition { has_vector: "v".to_owned() };
        let condition = wire::Condition {
            condition_one_of: Some(wire::condition::ConditionOneOf::HasVector(has_vector)),
        };
        let div = wire::DivExpression {
            left: Some(boxed(1.0)),
            right: Some(boxed(2.0)),
            by_zero_default: Some(0.5),
        };
        let pow = wire::PowExpression { base: Some(boxed(2.0)), exponent: Some(boxed(3.0)) };
        let far =
            wire::GeoDistance { origin: Some(wire::GeoPoint { lon: 1.0, lat: 2.0 }), to: "place".to_owned() };
        for (variant, rest) in [
            (Variant::Constant(0.5), json!(0.5)),
            (Variant::Variable("$score[1]".into()), json!("$score[1]")),
            (Variant::Condition(condition), json!({"has_vector": "v"})),
            (Variant::Sum(wire::SumExpression { sum: two() }), json!({"sum": [0.5, "$score"]})),
            (Variant::Mult(wire::MultExpression { mult: two() }), json!({"mult": [0.5, "$score"]})),
            (Variant::Max(wire::MaxExpression { max: two() }), json!({"max": [0.5, "$score"]})),
            (Variant::Min(wire::MinExpression { min: two() }), json!({"min": [0.5, "$score"]})),
            (Variant::Neg(boxed(1.0)), json!({"neg": 1.0})),
            (Variant::Abs(boxed(1.0)), json!({"abs": 1.0})),
            (Variant::Sqrt(boxed(1.0)), json!({"sqrt": 1.0})),
            (Variant::Exp(boxed(1.0)), json!({"exp": 1.0})),
            (Variant::Ln(boxed(1.0)), json!({"ln": 1.0})),
            (Variant::Log10(boxed(1.0)), json!({"log10": 1.0})),
            (Variant::Acosh(boxed(1.0)), json!({"acosh": 1.0})),
            (
                Variant::Div(Box::new(div)),
                json!({"div": {"left": 1.0, "right": 2.0, "by_zero_default": 0.5}}),
            ),
            (Variant::Pow(Box::new(pow)), json!({"pow": {"base": 2.0, "exponent": 3.0}})),
            (
                Variant::GeoDistance(far),
                json!({"geo_distance": {"origin": {"lon": 1.0, "lat": 2.0}, "to": "place"}}),
            ),
            (Variant::Datetime("2024-01-01".into()), json!({"datetime": "2024-01-01"})),
            (Variant::DatetimeKey("at".into()), json!({"datetime_key": "at"})),
            (Variant::LinDecay(decay()), json!({"lin_decay": decay_rest})),
            (Variant::ExpDecay(decay()), json!({"exp_decay": decay_rest})),
            (Variant::GaussDecay(decay()), json!({"gauss_decay": decay_rest})),
        ] {
            same(variant, rest);
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let div =
            Variant::Div(Box::new(wire::DivExpression { left: Some(boxed(1.0)), ..Default::default() }));
        let sum = wire::SumExpression { sum: vec![of(Variant::Constant(1.0)), of(div)] };
        let message = wire::Formula { expression: Some(of(Variant::Sum(sum))), defaults: HashMap::new() };
        let error = formula(message).expect_err("no divisor");
        assert_eq!(error.to_string(), "expression.sum[1].div.right: required, but not given");
        let error = formula(wire::Formula::default()).expect_err("no expression");
        assert_eq!(error.to_string(), "expression: required, but not given");
    }
}
