//! The value of a compiled formula for one point.

use super::Function;
use super::compile::{CompiledFormula, Read, Term};
use crate::error::{Error, Result};
use crate::filter::{Datetime, GeoPoint, Subject};
use serde_json::Value;

impl CompiledFormula {
    /// The score of a point; `scores` says what it had in a leg, as the caller sees it.
    ///
    /// # Errors
    /// `Invalid` if a value is missing or of another type, or if the result or what a function gives is no finite number: the message has the
    /// expression. `Corrupt` if a part of the point that is needed is damaged.
    pub(crate) fn score(
        &self,
        scores: &dyn Fn(usize) -> Option<f32>,
        point: &mut impl Subject,
    ) -> Result<f32> {
        let value = self.0.value(scores, point)?;
        let score = value as f32;
        // Not -0.
        if score.is_finite() {
            Ok(score + 0.0)
        } else {
            Err(not_finite(&format!("{value} as f32"), score.into()))
        }
    }
}

impl Term {
    fn value(&self, scores: &dyn Fn(usize) -> Option<f32>, point: &mut impl Subject) -> Result<f64> {
        let mut value = |term: &Term| term.value(scores, point);
        match self {
            Term::Number(number) => Ok(*number),
            Term::Score { leg, missing } => Ok(scores(*leg).map_or(*missing, f64::from)),
            Term::Payload(read) => read.value(point, "a number", Value::as_f64),
            Term::Condition(filter) => Ok(f64::from(u8::from(filter.passes(point)?))),
            Term::Sum(parts) => parts.iter().try_fold(0.0, |sum, part| Ok(sum + value(part)?)),
            Term::Product(parts) => {
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
            Term::Max(parts) => {
                parts.iter().try_fold(f64::NEG_INFINITY, |most, part| Ok(most.max(value(part)?)))
            }
            Term::Min(parts) => {
                parts.iter().try_fold(f64::INFINITY, |least, part| Ok(least.min(value(part)?)))
            }
            Term::Apply(function, part) => function.of(value(part)?),
            Term::Quotient { left, right, by_zero } => {
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
            Term::Power { base, exponent } => {
                let (base, exponent) = (value(base)?, value(exponent)?);
                finite(base.powf(exponent), || format!("{base} ^ {exponent}"))
            }
            Term::GeoDistance { origin, to } => {
                let place = to.value(point, "an object with lon and lat", GeoPoint::of)?;
                Ok(origin.metres_to(place))
            }
            Term::DatetimeAt(read) => {
                let moment = |value: &Value| value.as_str().and_then(Datetime::read);
                Ok(read.value(point, "a text that is a date and time", moment)?.seconds())
            }
            Term::Decay { x, target, curve } => Ok(curve.at(value(x)? - value(target)?)),
        }
    }
}

impl Read {
    /// What is at the path, or the default for it; of an array its only element.
    fn value<T>(
        &self,
        point: &mut impl Subject,
        expected: &str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<T> {
        let invalid = |got: &str| Error::invalid(format!("formula, payload at {}", self.path), expected, got);
        let (mut count, mut found) = (0, None);
        self.path.for_each(point.payload()?, &mut |value| {
            count += 1;
            found = Some(value);
        });
        if count > 1 {
            return Err(invalid(&format!("{count} values")));
        }
        let missing = self.missing.as_ref().map(|value| match value {
            Value::Array(items) if items.len() == 1 => items.first().unwrap_or(value),
            value => value,
        });
        let value = found.or(missing).ok_or_else(|| invalid("neither a value nor a default"))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::filter::{CompiledFilter, Condition, Schema};
    use crate::point::{PayloadPath, PointId};
    use crate::query::{Decay, Expression, Formula};
    use crate::text::Analyzer;
    use serde_json::{Map, json};

    struct Point(Map<String, Value>);

    impl Subject for Point {
        fn id(&mut self) -> Result<PointId> {
            Ok(5u64.into())
        }

        fn has_vector(&mut self, _: usize) -> Result<bool> {
            Ok(false)
        }

        fn payload(&mut self) -> Result<&Map<String, Value>> {
            Ok(&self.0)
        }
    }

    /// No vectors, and no text index.
    struct Nothing;

    impl Schema for Nothing {
        fn vector(&self, _: &str) -> Option<usize> {
            None
        }

        fn text_index(&self, _: &PayloadPath) -> Option<(u64, Analyzer)> {
            None
        }
    }

    fn formula(expression: impl Into<Expression>) -> Formula {
        Formula::new(expression)
    }

    fn score(formula: &Formula) -> Result<f32> {
        let payload = json!({"n": 3, "one": [7], "none": [], "at": "1970-01-01T00:01:00.5Z", "place": {"lon": 0, "lat": 1}});
        let scores = |leg: usize| [0.5, -2.0].get(leg).copied();
        let compiled = formula.compile(&mut |filter| CompiledFilter::new(filter, "query", &Nothing))?;
        compiled.score(&scores, &mut Point(payload.as_object().cloned().expect("an object")))
    }

    fn variable(name: &str) -> Expression {
        Expression::variable(name).expect("a variable")
    }

    #[test]
    fn values() {
        let x = || variable("$score");
        let n = || variable("n");
        let holds = |key: &str, value: i32| Expression::condition(Condition::matches(key, value));
        let metres = Expression::metres_from(GeoPoint::new(0.0, 0.0), "place").expect("a path");
        let cases: [(Expression, f64); 24] = [
            (x() + variable("$score[1]"), -1.5),
            (variable("$score[2]") + 4.0, 4.0),
            (2.0 * n() - 1.0, 5.0),
            (-n() / 2.0, -1.5),
            (1.0 / n(), 1.0 / 3.0),
            (0.0 / Expression::Number(0.0), 0.0),
            (n().divided_or(0.0, 9.0), 9.0),
            (Expression::product([Expression::Number(0.0), variable("missing")]), 0.0),
            (Expression::sum(Vec::<f64>::new()), 0.0),
            (Expression::product(Vec::<f64>::new()), 1.0),
            (Expression::max([x(), n()]), 3.0),
            (Expression::min([x(), n()]), 0.5),
            (n().pow(-2.0), 1.0 / 9.0),
            ((-n()).abs(), 3.0),
            (n().sqrt(), 3f64.sqrt()),
            (n().exp(), 3f64.exp()),
            (n().ln(), 3f64.ln()),
            (n().log10(), 3f64.log10()),
            (n().acosh(), 3f64.acosh()),
            (holds("n", 3) + 10.0 * holds("n", 4), 1.0),
            (Expression::condition(Condition::has_id([5u64])) * 2.0, 2.0),
            (Expression::datetime_at("at").expect("a path"), 60.5),
            (metres / 6_371_008.8, 1f64.to_radians()),
            (Decay::linear(n()).target(1.0).scale(4.0).into(), 0.75),
        ];
        for (expression, expected) in cases {
            let got = score(&formula(expression.clone())).expect("a value");
            assert!((f64::from(got) - expected).abs() < 1e-6, "{expression:?}: {got}, not {expected}");
        }
        assert_eq!(score(&formula(variable("one"))).expect("its element"), 7.0);
        assert_eq!(score(&formula(0.0 * n() * -1.0)).expect("a value").to_bits(), 0);
    }

    #[test]
    fn defaults() {
        let with =
            |name: &str, value: Value| formula(variable(name)).with_default(name, value).expect("a name");
        assert_eq!(score(&with("missing", json!(5))).expect("the default"), 5.0);
        assert_eq!(score(&with("none", json!([6]))).expect("the default's element"), 6.0);
        assert_eq!(score(&with("n", json!(5))).expect("the value"), 3.0);
        assert_eq!(score(&with("$score[7]", json!(-1.5))).expect("the default"), -1.5);
        assert_eq!(score(&with("$score[0]", json!(-1.5))).expect("the score"), 0.5);
        let other = formula(variable("$score[7]")).with_default("$score", 4).expect("a name");
        assert_eq!(score(&other).expect("no default"), 0.0);
        let same = formula(variable("$score[7]")).with_default("$score[7]", 4).expect("a name");
        assert_eq!(score(&same.with_default("$score[7]", 8).expect("a name")).expect("the last"), 8.0);
        assert!(score(&with("missing", json!("5"))).is_err());
    }

    #[test]
    fn errors_have_the_expression() {
        let message = |expression| score(&formula(expression)).expect_err("no value").to_string();
        let n = || variable("n");
        for (expression, part) in [
            ((n() - 5.0).ln(), "ln(-2) = NaN"),
            ((n() - 3.0).log10(), "log10(0) = -inf"),
            ((-n()).sqrt(), "sqrt(-3) = NaN"),
            (n() / 0.0, "3 / 0 = inf"),
            ((-n()).pow(0.5), "-3 ^ 0.5 = NaN"),
            ((n() * 1000.0).exp(), "exp(3000) = inf"),
            (Expression::Number(0.5).acosh(), "acosh(0.5) = NaN"),
            (n() * 1e300, "as f32 = inf"),
            (variable("missing"), "payload at missing: expected a number, got neither a value nor a default"),
            (variable("at"), "expected a number, got \"1970-01-01T00:01:00.5Z\""),
        ] {
            let message = message(expression);
            assert!(message.contains(part), "{message}, not {part}");
        }
    }
}
