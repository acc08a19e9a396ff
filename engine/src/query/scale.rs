//! Which way scores go. Inside the engine a larger score is better; on the scale of a stage, which its caller sees, distances are what they are.

use nigh_format::manifest::Metric;

/// What the scores of one stage of a query are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scale {
    /// Similarities, and scores by examples: larger first.
    Similarity,
    /// Distances: smaller first. Inside the engine they are negative.
    Distance,
    /// Sums of a fusion and values of a formula: larger first, and a threshold lets its own value in.
    Merged,
}

impl Scale {
    /// The scale of nearness to one vector.
    pub(crate) fn of(metric: Metric) -> Self {
        match metric {
            Metric::Cosine | Metric::Dot => Scale::Similarity,
            Metric::Euclid | Metric::Manhattan => Scale::Distance,
        }
    }

    /// The score that the caller sees.
    pub(crate) fn outward(self, score: f32) -> f32 {
        match self {
            Scale::Similarity | Scale::Merged => score,
            // Not -0.
            Scale::Distance => 0.0 - score,
        }
    }

    /// The score inside the engine; the way back.
    pub(crate) fn inward(self, score: f32) -> f32 {
        self.outward(score)
    }

    /// Whether a score inside the engine passes the caller's threshold: larger similarities, smaller distances, and of merged scores those that are
    /// not smaller.
    pub(crate) fn passes(self, score: f32, threshold: f32) -> bool {
        match self {
            Scale::Similarity | Scale::Distance => score > self.inward(threshold),
            Scale::Merged => score >= threshold,
        }
    }
}

/// Where a point stood in one leg of a query.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LegScore {
    /// Which prefetch, counted from 0.
    pub leg: usize,
    /// Its place there, counted from 0.
    pub rank: usize,
    /// Its score there, on that leg's own scale.
    pub score: f32,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thresholds_by_scale() {
        let passes = |scale: Scale, threshold: f32| -> Vec<f32> {
            let scores = [0.5, 1.0, 2.0].into_iter();
            scores.filter(|score| scale.passes(scale.inward(*score), threshold)).collect()
        };
        assert_eq!(passes(Scale::Similarity, 1.0), [2.0]);
        assert_eq!(passes(Scale::Distance, 1.0), [0.5]);
        assert_eq!(passes(Scale::Merged, 1.0), [1.0, 2.0]);
        assert_eq!(Scale::Distance.outward(-0.0).to_bits(), 0.0f32.to_bits());
    }
}
