//! Hybrid answers: the best of a vector search and of a text search go in, one list comes out, joined by reciprocal ranks.
//!
//! Paper: Cormack, Clarke and Buettcher, Reciprocal Rank Fusion (SIGIR 2009), whose constant is 60.

use super::fusion::Fusion;
use super::request::ScoredPoint;
use super::scale::Scale;
use super::top_k::Hit;
use crate::point::PointId;
use std::collections::HashMap;

/// Points that each search gives at least.
pub(crate) const CANDIDATES: usize = 20;
/// By ranks, with the constant 60 of the paper for ranks from 1.
const BY_RANKS: Fusion = Fusion::Rrf { k: 61.0, weights: Vec::new() };

/// Where one of the searches has a point.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranked {
    /// Its place, counted from 1.
    pub rank: usize,
    /// Its score there.
    pub score: f32,
}

/// A point that a hybrid search found.
#[derive(Debug, Clone, PartialEq)]
pub struct HybridPoint {
    /// The point. Its score is the sum of 1 / (60 + rank) over the searches that have it, divided by the most that it could be: 1 for a point that is
    /// first in all searches that found something.
    pub point: ScoredPoint,
    /// That sum, undivided.
    pub fused: f64,
    /// Where the vector search has it.
    pub vector: Option<Ranked>,
    /// Where the text search has it.
    pub text: Option<Ranked>,
}

/// What a hybrid search found.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct HybridAnswer {
    /// The points, best first; ties in id order.
    pub points: Vec<HybridPoint>,
    /// Points that the vector search gave; with 0, the text search stands alone.
    pub vector_count: usize,
    /// Points that the text search gave; with 0, the vector search stands alone.
    pub text_count: usize,
}

/// A point of both lists or one.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fused {
    pub(crate) hit: Hit,
    pub(crate) fused: f64,
    pub(crate) vector: Option<Ranked>,
    pub(crate) text: Option<Ranked>,
}

/// Joins two lists, best first; the hits' scores become the divided sums.
pub(crate) fn fuse(vector: &[Hit], text: &[Hit]) -> Vec<Fused> {
    let mut all: HashMap<PointId, Fused> = HashMap::new();
    let mut most = 0.0;
    for (leg, hits) in [vector, text].into_iter().enumerate() {
        let scores: Vec<f32> = hits.iter().map(|hit| hit.score).collect();
        let shares = BY_RANKS.shares(leg, &scores, Scale::Similarity);
        most += shares.first().copied().unwrap_or_default();
        for ((hit, share), rank) in hits.iter().zip(shares).zip(1..) {
            let fused =
                all.entry(hit.id).or_insert(Fused { hit: *hit, fused: 0.0, vector: None, text: None });
            fused.fused += share;
            let place = if leg == 0 { &mut fused.vector } else { &mut fused.text };
            *place = Some(Ranked { rank, score: hit.score });
        }
    }
    let mut all: Vec<Fused> = all.into_values().collect();
    all.sort_unstable_by(|a, b| b.fused.total_cmp(&a.fused).then_with(|| a.hit.id.cmp(&b.hit.id)));
    all.iter_mut().for_each(|fused| fused.hit.score = (fused.fused / most) as f32);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(ids: &[u64]) -> Vec<Hit> {
        let hit =
            |(id, score): (&u64, u8)| Hit { score: score.into(), id: (*id).into(), segment: 0, offset: 0 };
        ids.iter().zip((0..100).rev()).map(hit).collect()
    }

    #[test]
    fn a_point_of_both_lists_comes_before_those_of_one() {
        let fused = fuse(&hits(&[5, 1, 2]), &hits(&[3, 1]));
        let ids: Vec<PointId> = fused.iter().map(|fused| fused.hit.id).collect();
        assert_eq!(ids, [1, 3, 5, 2].map(PointId::from));
        assert_eq!(fused[0].vector, Some(Ranked { rank: 2, score: 98.0 }));
        assert_eq!((fused[1].vector, fused[1].text), (None, Some(Ranked { rank: 1, score: 99.0 })));
        assert!((fused[0].fused - 2.0 / 62.0).abs() < 1e-12);
    }

    #[test]
    fn the_best_possible_is_one() {
        assert_eq!(fuse(&hits(&[7, 1]), &hits(&[7]))[0].hit.score, 1.0);
        assert_eq!(fuse(&hits(&[7, 1]), &[])[0].hit.score, 1.0);
        assert!(fuse(&[], &[]).is_empty());
    }
}
