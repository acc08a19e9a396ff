//! Decay: how far a number is from a target goes in, what is left of 1 comes out.

use super::Expression;
use crate::error::{Error, Result};
use std::convert::Infallible;

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
pub struct Decay<C = Infallible> {
    shape: DecayShape,
    x: Expression<C>,
    target: Option<Expression<C>>,
    scale: f64,
    midpoint: f64,
}

impl<C> Decay<C> {
    /// A decay of `x` from 0, to 0.5 at a distance of 1.
    pub fn new(shape: DecayShape, x: impl Into<Expression<C>>) -> Self {
        Self { shape, x: x.into(), target: None, scale: 1.0, midpoint: 0.5 }
    }

    /// On a straight line.
    pub fn linear(x: impl Into<Expression<C>>) -> Self {
        Self::new(DecayShape::Linear, x)
    }

    /// By the same share for each step.
    pub fn exponential(x: impl Into<Expression<C>>) -> Self {
        Self::new(DecayShape::Exponential, x)
    }

    /// As a bell.
    pub fn gauss(x: impl Into<Expression<C>>) -> Self {
        Self::new(DecayShape::Gauss, x)
    }

    /// Where it is 1.
    pub fn target(mut self, target: impl Into<Expression<C>>) -> Self {
        self.target = Some(target.into());
        self
    }

    /// At which distance it is `midpoint`; more than 0.
    pub fn scale(mut self, scale: f64) -> Self {
        self.scale = scale;
        self
    }

    /// What it is at a distance of `scale`: between 0 and 1, and neither of them unless the shape is linear.
    pub fn midpoint(mut self, midpoint: f64) -> Self {
        self.midpoint = midpoint;
        self
    }

    pub(super) fn parts(&self) -> Vec<&Expression<C>> {
        std::iter::once(&self.x).chain(&self.target).collect()
    }

    pub(super) fn x(&self) -> &Expression<C> {
        &self.x
    }

    pub(super) fn target_of(&self) -> Option<&Expression<C>> {
        self.target.as_ref()
    }

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

impl<C> From<Decay<C>> for Expression<C> {
    fn from(decay: Decay<C>) -> Self {
        Expression::Decay(Box::new(decay))
    }
}
