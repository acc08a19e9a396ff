//! The same figure of several rounds: its median, and how far the rounds were apart.

use serde_json::{Value, json};

use crate::units::round;

/// Median, least and greatest.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Spread {
    pub(super) median: f64,
    pub(super) min: f64,
    pub(super) max: f64,
}

impl Spread {
    /// Of one value for each round, in any order; of an even number the lower of the two in the middle. All 0 if there are none.
    pub(super) fn of(values: impl Iterator<Item = f64>) -> Self {
        let mut values: Vec<f64> = values.collect();
        values.sort_by(f64::total_cmp);
        let at = |place: usize| values.get(place).copied().unwrap_or_default();
        let last = values.len().saturating_sub(1);
        Self { median: at(last / 2), min: at(0), max: at(last) }
    }

    /// `{"median": …, "min": …, "max": …}`.
    pub(super) fn json(&self) -> Value {
        json!({"median": round(self.median, 3), "min": round(self.min, 3), "max": round(self.max, 3)})
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_counts() {
        let spread = Spread::of([5.0, 1.0, 9.0].into_iter());
        assert_eq!(spread, Spread { median: 5.0, min: 1.0, max: 9.0 });
        assert_eq!(Spread::of([2.0, 1.0].into_iter()).median, 1.0);
        assert_eq!(Spread::of(std::iter::empty()), Spread::default());
    }
}
