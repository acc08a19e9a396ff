//! Scores by examples: what is wanted and what is not go in, a row's similarities to all of them become one score.
//!
//! These are Qdrant's recommendation, discovery and context scores. Similarities are those of the metric, larger for the nearer row; for Euclid it
//! is the negative squared distance. All sums are f32, rounded to about 1e-7 of their largest part.

use super::VectorScorer;
use crate::vectors::Row;
use nigh_format::manifest::Metric;

/// How similarities become a score.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rule {
    /// The nearest example decides: up to 1 near a positive one, down to -1 near a negative one.
    BestScore,
    /// The sum over the positive ones less the sum over the negative ones.
    SumScores,
    /// How many pairs a row is on the positive side of, then how near it is to the target.
    Discover,
    /// How far a row is on the negative side of the pairs; 0, the best, on the positive side of all.
    Context,
}

/// Scores rows by several examples.
#[derive(Debug, Clone)]
pub(crate) struct Examples {
    rule: Rule,
    target: Option<VectorScorer>,
    /// Under discover and context, the `i`th of these and the `i`th of the negative ones are a pair.
    positive: Vec<VectorScorer>,
    negative: Vec<VectorScorer>,
    entry: Vec<f32>,
}

impl Examples {
    /// Rows are looked for around the target, or the middle of what is wanted, or opposite of what is not where nothing is.
    pub(crate) fn new(
        rule: Rule,
        target: Option<VectorScorer>,
        positive: Vec<VectorScorer>,
        negative: Vec<VectorScorer>,
    ) -> Self {
        let entry = match &target {
            Some(target) => target.query().to_vec(),
            None if positive.is_empty() => {
                mean(negative.iter().map(VectorScorer::query)).iter().map(|value| -value).collect()
            }
            None => mean(positive.iter().map(VectorScorer::query)),
        };
        Self { rule, target, positive, negative, entry }
    }

    pub(super) fn entry(&self) -> &[f32] {
        &self.entry
    }

    /// Whether the best rows are those farthest from everything: no way in a graph leads there. (By products they are the nearest to the opposite.)
    pub(crate) fn seeks_the_far(&self) -> bool {
        let by_distance = |scorer: &VectorScorer| matches!(scorer.metric, Metric::Euclid | Metric::Manhattan);
        self.target.is_none() && self.positive.is_empty() && self.negative.iter().any(by_distance)
    }

    pub(super) fn score(&mut self, row: Row<'_>) -> f32 {
        let pairs = self.positive.iter_mut().zip(&mut self.negative);
        let mut sides = pairs.map(|(wanted, not)| (wanted.similarity(row), not.similarity(row)));
        let score = match self.rule {
            Rule::BestScore => {
                let best = |examples: &mut [VectorScorer]| {
                    examples.iter_mut().map(|e| e.similarity(row)).fold(f32::NEG_INFINITY, f32::max)
                };
                best_score(best(&mut self.positive), best(&mut self.negative))
            }
            Rule::SumScores => {
                let sum = |examples: &mut [VectorScorer]| {
                    examples.iter_mut().map(|e| e.similarity(row)).sum::<f32>()
                };
                sum(&mut self.positive) - sum(&mut self.negative)
            }
            Rule::Discover => {
                let rank = sides.by_ref().map(|(wanted, not)| rank(wanted, not)).sum::<i32>();
                let target = self.target.as_mut().map_or(0.0, |target| target.similarity(row));
                rank as f32 + half_sigmoid(target)
            }
            Rule::Context => sides.map(|(wanted, not)| loss(wanted, not)).sum(),
        };
        // A sum of no negative numbers is 0, not -0, which would be ordered below it.
        if score.is_nan() { f32::NEG_INFINITY } else { score + 0.0 }
    }
}

/// The middle of some vectors.
fn mean<'a>(vectors: impl ExactSizeIterator<Item = &'a [f32]>) -> Vec<f32> {
    let share = 1.0 / vectors.len().max(1) as f32;
    let mut sum: Vec<f32> = Vec::new();
    for vector in vectors {
        sum.resize(vector.len(), 0.0);
        sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += value * share);
    }
    sum
}

/// From the best similarity to a positive example and to a negative one, each -∞ where there is none.
fn best_score(positive: f32, negative: f32) -> f32 {
    if positive > negative { half_sigmoid(positive) } else { -half_sigmoid(negative) }
}

/// 1 on the positive side of a pair, -1 on the negative one, 0 between them.
fn rank(positive: f32, negative: f32) -> i32 {
    i32::from(positive > negative) - i32::from(positive < negative)
}

/// How far a row is on the negative side of a pair, as a number of (-1, 0].
fn loss(positive: f32, negative: f32) -> f32 {
    sigmoid((positive - negative - f32::EPSILON).min(0.0))
}

/// x / (1 + |x|): any number to (-1, 1), in the same order.
fn sigmoid(x: f32) -> f32 {
    if x.is_infinite() { x.signum() } else { x / (1.0 + x.abs()) }
}

/// The same to (0, 1).
fn half_sigmoid(x: f32) -> f32 {
    0.5 * (sigmoid(x) + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nigh_format::manifest::{Datatype, VectorParams};

    fn scorers(params: &VectorParams, vectors: &[[f32; 2]]) -> Vec<VectorScorer> {
        vectors.iter().map(|v| VectorScorer::new("vector", params, v).expect("a vector")).collect()
    }

    fn score(
        metric: Metric,
        rule: Rule,
        target: Option<[f32; 2]>,
        sides: [&[[f32; 2]]; 2],
        row: [f32; 2],
    ) -> f32 {
        let name = String::new();
        let params = VectorParams { name, dim: 2, metric, datatype: Datatype::F32, multivector: None };
        let target = target.map(|v| VectorScorer::new("vector", &params, &v).expect("a vector"));
        let [positive, negative] = sides.map(|side| scorers(&params, side));
        Examples::new(rule, target, positive, negative).score(Row::F32(&row))
    }

    #[test]
    fn the_best_example_decides() {
        let by = |sides| score(Metric::Dot, Rule::BestScore, None, sides, [1.0, 0.0]);
        assert_eq!(by([&[[3.0, 0.0], [1.0, 9.0]], &[[2.0, 0.0]]]), 0.5 * (0.75 + 1.0));
        assert_eq!(by([&[[2.0, 0.0]], &[[3.0, 0.0]]]), -0.5 * (0.75 + 1.0));
        assert_eq!(by([&[], &[[-1.0, 0.0]]]), -0.25);
        assert_eq!(by([&[[2.0, 0.0]], &[[2.0, 0.0]]]), -0.5 * (2.0 / 3.0 + 1.0));
    }

    #[test]
    fn euclidean_similarities_are_squared() {
        let by = |rule| score(Metric::Euclid, rule, None, [&[[0.0, 0.0]], &[[3.0, 1.0]]], [3.0, 0.0]);
        assert_eq!(by(Rule::SumScores), -9.0 + 1.0);
        assert_eq!(by(Rule::BestScore), -0.5 * (-0.5 + 1.0));
        let manhattan = score(Metric::Manhattan, Rule::SumScores, None, [&[[0.0, 0.0]], &[]], [3.0, 4.0]);
        assert_eq!(manhattan, -7.0);
    }

    #[test]
    fn pairs_rank_before_the_target_does() {
        let by = |row| {
            let sides: [&[[f32; 2]]; 2] = [&[[1.0, 0.0], [0.0, 1.0]], &[[-1.0, 0.0], [0.0, -1.0]]];
            score(Metric::Dot, Rule::Discover, Some([4.0, 0.0]), sides, row)
        };
        assert_eq!(by([1.0, 1.0]), 2.0 + 0.5 * (0.8 + 1.0));
        assert_eq!(by([1.0, -1.0]), 0.5 * (0.8 + 1.0));
        assert_eq!(by([0.0, 1.0]), 1.0 + 0.5);
        assert!(by([1.0, 1.0]) > by([100.0, -1.0]));
    }

    #[test]
    fn no_row_is_better_than_on_the_right_side_of_all_pairs() {
        let by = |row| score(Metric::Dot, Rule::Context, None, [&[[1.0, 0.0]], &[[0.0, 1.0]]], row);
        assert_eq!(by([2.0, 1.0]).to_bits(), 0.0f32.to_bits());
        assert_eq!(by([1.0, 4.0]), -(3.0 + f32::EPSILON) / (4.0 + f32::EPSILON));
        assert!(by([1.0, 1.0]) < 0.0);
    }

    #[test]
    fn overflow_has_a_place_in_the_order() {
        let huge = f32::MAX;
        let by = |rule| score(Metric::Dot, rule, None, [&[[huge, 0.0]], &[[huge, 0.0]]], [huge, 0.0]);
        assert_eq!(by(Rule::BestScore), -1.0);
        assert_eq!(by(Rule::SumScores), f32::NEG_INFINITY);
    }
}
