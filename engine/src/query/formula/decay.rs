//! Decay: how far a number is from a target goes in, what is left of 1 comes out.

use super::Expression;
use crate::error::{Error, Result};

/// How a decay falls with the distance `d` from its target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DecayShape {
    /// On a straight line, to 0: `max(0, 1 - (1 - midpoint) / scale · |d|)`.
    Linear,
    /// By the same share for each step: `exp(ln(midpoint) / scale · |d|)`.
    Exponential,
    /// As a bell: `exp(ln(midpoint) / scale² · d²)`.
    Gauss,
}

/// 1 at the target, less with the distance from it, `midpoint` at a distance of `scale`.
#[derive(Debug, Clone, PartialEq)]
pub struct Decay {
    pub(super) x: Expression,
    pub(super) target: Option<Expression>,
    pub(super) curve: Curve,
}

/// What is left at a distance.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Curve {
    shape: DecayShape,
    scale: f64,
    midpoint: f64,
}

impl Decay {
    /// A decay of `x` from 0, to 0.5 at a distance of 1.
    pub fn new(shape: DecayShape, x: impl Into<Expression>) -> Self {
        Self { x: x.into(), target: None, curve: Curve { shape, scale: 1.0, midpoint: 0.5 } }
    }

    /// On a straight line.
    pub fn linear(x: impl Into<Expression>) -> Self {
        Self::new(DecayShape::Linear, x)
    }

    /// By the same share for each step.
    pub fn exponential(x: impl Into<Expression>) -> Self {
        Self::new(DecayShape::Exponential, x)
    }

    /// As a bell.
    pub fn gauss(x: impl Into<Expression>) -> Self {
        Self::new(DecayShape::Gauss, x)
    }

    /// Where it is 1.
    pub fn target(mut self, target: impl Into<Expression>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// At which distance it is `midpoint`; more than 0.
    pub fn scale(mut self, scale: f64) -> Self {
        self.curve.scale = scale;
        self
    }

    /// What it is at a distance of `scale`: between 0 and 1, and neither of them unless the shape is linear.
    pub fn midpoint(mut self, midpoint: f64) -> Self {
        self.curve.midpoint = midpoint;
        self
    }

    pub(super) fn parts(&self) -> Vec<&Expression> {
        std::iter::once(&self.x).chain(&self.target).collect()
    }
}

impl Curve {
    pub(super) fn check(&self, field: &str) -> Result<()> {
        if !(self.scale.is_finite() && self.scale > 0.0) {
            return Err(Error::invalid(format!("{field}.scale"), "more than 0", self.scale));
        }
        let (inside, range) = match self.shape {
            DecayShape::Linear => ((0.0..=1.0).contains(&self.midpoint), "0..=1"),
            DecayShape::Exponential | DecayShape::Gauss => {
                (self.midpoint > 0.0 && self.midpoint < 1.0, "more than 0, less than 1")
            }
        };
        if inside { Ok(()) } else { Err(Error::invalid(format!("{field}.midpoint"), range, self.midpoint)) }
    }

    /// The value at a distance, which may be negative.
    pub(super) fn at(&self, distance: f64) -> f64 {
        match self.shape {
            DecayShape::Linear => (1.0 - (1.0 - self.midpoint) / self.scale * distance.abs()).max(0.0),
            DecayShape::Exponential => (self.midpoint.ln() / self.scale * distance.abs()).exp(),
            DecayShape::Gauss => (self.midpoint.ln() / (self.scale * self.scale) * distance * distance).exp(),
        }
    }
}

impl From<Decay> for Expression {
    fn from(decay: Decay) -> Self {
        Expression::Decay(Box::new(decay))
    }
}
