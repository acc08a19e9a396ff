//! What one stage of a query does, as callers write it: a vector query, an order, a merge of what the stages below it found.

use super::formula::Formula;
use super::fusion::Fusion;
use super::order::OrderBy;
use crate::error::{Error, Result};
use crate::point::PointId;

/// Largest number of candidates of [`Query::Mmr`].
pub(crate) const MMR_CANDIDATES_MAX: usize = 16_384;
/// Examples, or pairs of them, in one stage.
const EXAMPLES_MAX: usize = 1_000;

/// A vector, or the point whose vector it is.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum VectorInput {
    /// The values.
    Dense(Vec<f32>),
    /// The stored vector of this point. A point of the searched collection is left out of the answer.
    Id(PointId),
}

impl From<Vec<f32>> for VectorInput {
    fn from(values: Vec<f32>) -> Self {
        VectorInput::Dense(values)
    }
}

impl From<&[f32]> for VectorInput {
    fn from(values: &[f32]) -> Self {
        VectorInput::Dense(values.to_vec())
    }
}

impl<const N: usize> From<[f32; N]> for VectorInput {
    fn from(values: [f32; N]) -> Self {
        VectorInput::Dense(values.to_vec())
    }
}

impl From<PointId> for VectorInput {
    fn from(id: PointId) -> Self {
        VectorInput::Id(id)
    }
}

impl From<u64> for VectorInput {
    fn from(id: u64) -> Self {
        VectorInput::Id(id.into())
    }
}

/// How examples of what is wanted and what is not become a score. Similarities are those of the metric; for Euclid the negative squared distance.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecommendStrategy {
    /// Nearest to one vector: the mean of the positive examples, or twice that less the mean of the negative ones. Needs a positive example. Vectors
    /// of points are taken as they are stored (cosine: of length 1), those that are given as they are.
    #[default]
    AverageVector,
    /// By the nearest example: `(f(s) + 1) / 2` of a positive one, the negative of that for a negative one, where `f(x) = x / (1 + |x|)`.
    BestScore,
    /// The sum of the similarities to the positive examples, less that to the negative ones.
    SumScores,
}

/// An example of what is wanted, and one of what is not.
#[derive(Debug, Clone, PartialEq)]
pub struct ContextPair {
    /// Wanted.
    pub positive: VectorInput,
    /// Not wanted.
    pub negative: VectorInput,
}

impl ContextPair {
    /// A pair.
    pub fn new(positive: impl Into<VectorInput>, negative: impl Into<VectorInput>) -> Self {
        Self { positive: positive.into(), negative: negative.into() }
    }
}

/// What one stage of a query does.
///
/// A vector query, an order or a sample of a stage without prefetches is one of the whole collection; with prefetches it is one of the points that they
/// found, all of which are scored exactly. Fusions and formulas need prefetches.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Query {
    /// No scores: points in the order of ids, each with score 0. Takes no prefetches.
    Scroll,
    /// The nearest to a vector.
    Nearest(VectorInput),
    /// The nearest to a vector that are also far from each other: maximal marginal relevance. Points come in the order in which they were chosen, with
    /// their scores of nearness.
    Mmr {
        /// Near to what.
        nearest: VectorInput,
        /// 0 for nearness alone, 1 for distance from each other alone.
        diversity: f32,
        /// Among how many of the nearest to choose, up to 16,384; as many as are asked for where it is none, and then only their order changes.
        candidates: Option<usize>,
    },
    /// Like some points and unlike others.
    Recommend {
        /// What is wanted.
        positive: Vec<VectorInput>,
        /// What is not.
        negative: Vec<VectorInput>,
        /// How they become a score.
        strategy: RecommendStrategy,
    },
    /// The nearest to a target on the right side of pairs: `Σ sign(s(positive) - s(negative)) + (f(s(target)) + 1) / 2`, with `f` and `s` as in
    /// [`RecommendStrategy`].
    Discover {
        /// Near to what, among points on the same side of as many pairs.
        target: VectorInput,
        /// The pairs.
        context: Vec<ContextPair>,
    },
    /// On the right side of pairs: `Σ f(min(s(positive) - s(negative) - ε, 0))`, where ε is the precision of f32; 0 is the best.
    Context(Vec<ContextPair>),
    /// In the order of a payload field, each with score 0.
    OrderBy(OrderBy),
    /// What the prefetches found, by their ranks or scores.
    Fusion(Fusion),
    /// What the prefetches found, by an expression over their scores and the payload.
    Formula(Formula),
    /// Points at random, each with score 0: the same ones for the same seed, as long as the collection does not change. `offset` plays no part.
    Sample {
        /// What the choice depends on; a new number for a new choice.
        seed: u64,
    },
}

impl Query {
    /// The nearest to a vector.
    pub fn nearest(vector: impl Into<VectorInput>) -> Self {
        Query::Nearest(vector.into())
    }

    /// The nearest to a vector that are also far from each other.
    pub fn mmr(vector: impl Into<VectorInput>, diversity: f32) -> Self {
        Query::Mmr { nearest: vector.into(), diversity, candidates: None }
    }

    /// Like some points and unlike others.
    pub fn recommend<P: Into<VectorInput>, N: Into<VectorInput>>(
        strategy: RecommendStrategy,
        positive: impl IntoIterator<Item = P>,
        negative: impl IntoIterator<Item = N>,
    ) -> Self {
        let positive = positive.into_iter().map(Into::into).collect();
        let negative = negative.into_iter().map(Into::into).collect();
        Query::Recommend { positive, negative, strategy }
    }

    /// The nearest to a target on the right side of pairs.
    pub fn discover(target: impl Into<VectorInput>, context: impl IntoIterator<Item = ContextPair>) -> Self {
        Query::Discover { target: target.into(), context: context.into_iter().collect() }
    }

    /// One word for it.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Query::Scroll => "scroll",
            Query::Nearest(_) => "nearest",
            Query::Mmr { .. } => "mmr",
            Query::Recommend { .. } => "recommend",
            Query::Discover { .. } => "discover",
            Query::Context(_) => "context",
            Query::OrderBy(_) => "order_by",
            Query::Fusion(_) => "fusion",
            Query::Formula(_) => "formula",
            Query::Sample { .. } => "sample",
        }
    }

    /// Checks everything that can be checked without the collection; `legs` is the number of prefetches.
    pub(crate) fn check(&self, field: &str, legs: usize) -> Result<()> {
        let examples = |count: usize, what: &str| match count {
            0 => Err(Error::invalid(format!("{field}.{what}"), "at least one example", "none")),
            1..=EXAMPLES_MAX => Ok(()),
            got => Err(Error::TooLarge {
                what: "examples of a query",
                limit: EXAMPLES_MAX as u64,
                got: got as u64,
            }),
        };
        match self {
            Query::Scroll if legs > 0 => {
                Err(Error::invalid(field, "a query that merges the prefetches", "prefetches without a query"))
            }
            Query::Fusion(_) | Query::Formula(_) if legs == 0 => {
                Err(Error::invalid(field, "prefetches to merge", format!("a {} of none", self.name())))
            }
            Query::Scroll | Query::Nearest(_) | Query::Sample { .. } => Ok(()),
            Query::Mmr { diversity, .. } if !(0.0..=1.0).contains(diversity) => {
                Err(Error::invalid(format!("{field}.mmr.diversity"), "0..=1", diversity))
            }
            Query::Mmr { candidates: Some(candidates), .. } if *candidates > MMR_CANDIDATES_MAX => {
                let expected = format!("at most {MMR_CANDIDATES_MAX}");
                Err(Error::invalid(format!("{field}.mmr.candidates"), expected, candidates))
            }
            Query::Mmr { .. } => Ok(()),
            Query::Recommend { positive, negative, strategy } => match strategy {
                RecommendStrategy::AverageVector => {
                    examples(positive.len(), "positive")?;
                    examples(negative.len().max(1), "negative")
                }
                RecommendStrategy::BestScore | RecommendStrategy::SumScores => {
                    examples(positive.len() + negative.len(), "positive")
                }
            },
            Query::Discover { context, .. } => examples(context.len().max(1), "context"),
            Query::Context(context) => examples(context.len(), "context"),
            Query::OrderBy(order) => order.check(field),
            Query::Fusion(fusion) => fusion.check(field, legs),
            Query::Formula(formula) => formula.check(field),
        }
    }

    /// Whether a threshold of scores means anything.
    pub(crate) fn is_scored(&self) -> bool {
        !matches!(self, Query::Scroll | Query::OrderBy(_))
    }
}
