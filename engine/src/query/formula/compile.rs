//! Compiling: a formula that was checked goes in, terms that lack nothing come out: each filter is compiled, each name has its default with it.

use super::decay::Curve;
use super::{Expression, Formula, Function, Variable};
use crate::error::Result;
use crate::filter::{CompiledFilter, Filter, GeoPoint};
use crate::point::PayloadPath;
use serde_json::Value;

/// A formula that is ready to be worked out for many points.
#[derive(Debug)]
pub(crate) struct CompiledFormula(pub(super) Term);

/// A part of it; what each means is said at [`Expression`].
#[derive(Debug)]
pub(super) enum Term {
    Number(f64),
    Score { leg: usize, missing: f64 },
    Payload(Read),
    Condition(CompiledFilter),
    Sum(Vec<Term>),
    Product(Vec<Term>),
    Max(Vec<Term>),
    Min(Vec<Term>),
    Apply(Function, Box<Term>),
    Quotient { left: Box<Term>, right: Box<Term>, by_zero: Option<f64> },
    Power { base: Box<Term>, exponent: Box<Term> },
    GeoDistance { origin: GeoPoint, to: Read },
    DatetimeAt(Read),
    Decay { x: Box<Term>, target: Box<Term>, curve: Curve },
}

/// A value of the payload, and what is taken for one that is missing.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) path: PayloadPath,
    pub(super) missing: Option<Value>,
}

impl Formula {
    /// `filter` compiles the filter of a condition.
    ///
    /// # Errors
    /// Those of `filter`.
    pub(crate) fn compile(
        &self,
        filter: &mut dyn FnMut(&Filter) -> Result<CompiledFilter>,
    ) -> Result<CompiledFormula> {
        self.term(&self.expression, filter).map(CompiledFormula)
    }

    fn term(
        &self,
        expression: &Expression,
        filter: &mut dyn FnMut(&Filter) -> Result<CompiledFilter>,
    ) -> Result<Term> {
        let mut term = |part: &Expression| self.term(part, filter);
        let terms = |parts: &[Expression], term: &mut dyn FnMut(&Expression) -> Result<Term>| {
            parts.iter().map(term).collect::<Result<Vec<Term>>>()
        };
        Ok(match expression {
            Expression::Number(number) => Term::Number(*number),
            Expression::Score(leg) => {
                let missing = self.default_of(&Variable::Score(*leg)).and_then(Value::as_f64);
                Term::Score { leg: *leg, missing: missing.unwrap_or(0.0) }
            }
            Expression::Payload(path) => Term::Payload(self.read(path)),
            Expression::Condition(condition) => Term::Condition(filter(condition)?),
            Expression::Sum(parts) => Term::Sum(terms(parts, &mut term)?),
            Expression::Product(parts) => Term::Product(terms(parts, &mut term)?),
            Expression::Max(parts) => Term::Max(terms(parts, &mut term)?),
            Expression::Min(parts) => Term::Min(terms(parts, &mut term)?),
            Expression::Apply(function, part) => Term::Apply(*function, Box::new(term(part)?)),
            Expression::Quotient { left, right, by_zero } => Term::Quotient {
                left: Box::new(term(left)?),
                right: Box::new(term(right)?),
                by_zero: *by_zero,
            },
            Expression::Power { base, exponent } => {
                Term::Power { base: Box::new(term(base)?), exponent: Box::new(term(exponent)?) }
            }
            Expression::GeoDistance { origin, to } => {
                Term::GeoDistance { origin: *origin, to: self.read(to) }
            }
            Expression::Datetime(moment) => Term::Number(moment.seconds()),
            Expression::DatetimeAt(path) => Term::DatetimeAt(self.read(path)),
            Expression::Decay(decay) => Term::Decay {
                x: Box::new(term(&decay.x)?),
                target: Box::new(decay.target.as_ref().map_or(Ok(Term::Number(0.0)), &mut term)?),
                curve: decay.curve,
            },
        })
    }

    fn read(&self, path: &PayloadPath) -> Read {
        Read { path: path.clone(), missing: self.default_of(&Variable::Payload(path.clone())).cloned() }
    }
}
