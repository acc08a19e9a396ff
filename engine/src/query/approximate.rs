//! Approximate search of one segment: its graph is walked, the candidates are scored by their vectors.
//!
//! With a filter, the points that pass are known before. Where they are few, all of them are compared on codes: that costs less than a walk. Otherwise the walk goes
//! over them alone, and where it meets fewer than there must be, all are compared after all.
//!
//! Always holds: as many points as were asked for are found, if so many are alive. Where a walk met fewer, it is repeated wider, and at last
//! the segment is scanned; so it is where mostly dead points lie around the query.

use super::explain::{Plan, SegmentExplain};
use super::request::{Effort, Quantization};
use super::top_k::Hit;
use crate::error::Result;
use crate::filter::OffsetSet;
use crate::hnsw::{self, Stop, Walk};
use crate::scorer::Scorer;
use crate::segment::{Found, IndexScratch, IndexView, MappedIndex, Sealed, SearchHow, SegmentView};
use crate::threads::{Clock, Limiter};
use crate::vectors::MappedVectors;
use nigh_format::codes::Quantizer;
use std::time::Duration;

/// One query on one segment.
#[derive(Debug)]
pub(crate) struct Approximate<'a> {
    pub(crate) vector: usize,
    pub(crate) k: usize,
    pub(crate) effort: Effort,
    pub(crate) quantization: Quantization,
    pub(crate) threshold: Option<f32>,
    pub(crate) limiter: &'a Limiter,
    /// Of each segment, the points that may be found; none for all that are alive.
    pub(crate) matches: Option<&'a [OffsetSet]>,
    /// Where times are taken, if anybody asks for them.
    pub(crate) clock: Option<&'a dyn Clock>,
}

/// Distances for each candidate that a walk keeps, where that was not measured: at 16 links a node 8 to 17 were counted.
const WALK_DISTANCES: usize = 10;
/// How many points are compared one after the other in the time of one distance of a walk, whose points lie anywhere and have to be looked for.
const SCAN_SPEED: usize = 8;
/// Where the share of points that pass is so much smaller around the query than everywhere, a walk ends before it has found the nearest of them.
const FAR: f64 = 0.25;
/// Where all points that pass are compared on codes, so many of the best for each asked for are looked at again.
const SCAN_REFINE: usize = 8;

/// A walk is made wider this often before the segment is scanned.
const WIDER_MAX: u32 = 3;

impl Approximate<'_> {
    /// The best points of the segment into `hits`, and what it took; `None` if it has to be scanned.
    ///
    /// # Errors
    /// `Corrupt` if what is needed is damaged; `Cancelled` or `Timeout` from the limiter.
    pub(crate) fn search(
        &self,
        (place, view, sealed): (usize, &SegmentView, &Sealed),
        index: &MappedIndex,
        scorer: &mut Scorer,
        scratch: &mut IndexScratch,
        hits: &mut Vec<Hit>,
    ) -> Result<Option<SegmentExplain>> {
        let graph = index.view()?;
        let vectors = sealed.vector(self.vector)?;
        let offsets = vectors.offsets_of_rows()?;
        if let Some(matches) = self.matches.and_then(|matches| matches.get(place)) {
            let parts = Parts { place, view, sealed, graph: &graph, vectors, offsets };
            return self.search_among(&parts, matches, scorer, scratch, hits);
        }
        let offset_of = |row: u32| match offsets {
            Some(offsets) => offsets.get(row as usize).copied().unwrap_or(u32::MAX),
            None => row,
        };
        let any_dead = view.dead.count() > 0;
        let is_live = |row: u32| {
            let offset = offset_of(row);
            // Asked of the candidates once, nearest first, before they are looked at again: meanwhile their ids come.
            sealed.ids().prefetch(offset);
            !any_dead || !view.dead.contains(offset)
        };
        let wanted = self.k.min(graph.base.len());
        let (mut walk, refine) = self.walk(&graph, view);
        let mut wider = 0;
        loop {
            self.limiter.check()?;
            let started = self.now();
            let kept = self.kept(&graph);
            let candidates = (self.k * refine).max(kept).max(walk.width / REFINE_PART);
            let how = SearchHow { walk, candidates, kept };
            let found = if self.quantization.ignore {
                let query = scorer.query().to_vec();
                let mut distances = VectorDistances { scorer, vectors, offsets };
                graph.search_by(&query, &mut distances, how, is_live, scratch)
            } else {
                graph.search(scorer.query(), how, is_live, scratch)
            };
            let walked = self.now();
            // Where most of what a walk ends with is dead, the live ones are at its edge, and nearer ones may lie beyond.
            let edge = found.live < candidates && found.live * 2 < found.met;
            let enough = found.live >= wanted.min(view.live_count() as usize);
            if edge || !enough {
                let all = walk.stop == Stop::NEVER && walk.width >= graph.base.len();
                if edge || all || wider == WIDER_MAX {
                    return Ok(None);
                }
                wider += 1;
                walk = IndexView::plain_walk(walk.width.saturating_mul(4).min(graph.base.len()));
                continue;
            }
            let rescored = self.take((place, sealed), vectors, (found, kept), offset_of, scorer, hits)?;
            let (counts, refined) = scratch.take_counts();
            return Ok(Some(SegmentExplain {
                segment: Some(sealed.id()),
                plan: if self.quantization.ignore { Plan::GraphOnVectors } else { Plan::Graph },
                points: u64::from(view.live_count()),
                matched: None,
                distances: counts.distances,
                hops: counts.hops,
                refined,
                rescored,
                ef: walk.width,
                walk: walked.saturating_sub(started),
                rescore: self.now().saturating_sub(walked),
            }));
        }
    }

    /// As [`Approximate::search`], of those points that pass a filter.
    fn search_among(
        &self,
        parts: &Parts<'_>,
        matches: &OffsetSet,
        scorer: &mut Scorer,
        scratch: &mut IndexScratch,
        hits: &mut Vec<Hit>,
    ) -> Result<Option<SegmentExplain>> {
        // Codes are what makes both ways cheap.
        if self.quantization.ignore {
            return Ok(None);
        }
        self.limiter.check()?;
        let Parts { place, view, sealed, graph, vectors, offsets } = *parts;
        let eligible = matches.count() as usize;
        let offset_of = |row: u32| match offsets {
            Some(offsets) => offsets.get(row as usize).copied().unwrap_or(u32::MAX),
            None => row,
        };
        let started = self.now();
        let kept = self.kept(graph);
        let wanted = self.k.min(eligible);
        let (walk, refine, distances) = self.filtered_walk(graph);
        let mut walked = started;
        let mut taken = None;
        if eligible > distances.saturating_mul(SCAN_SPEED) {
            let passes = |row: u32| matches.contains(offset_of(row));
            let offset = graph.start(scorer.query(), scratch);
            let share = eligible as f64 / f64::from(view.len.max(1));
            if graph.share_near(passes, (8.0 / share) as usize, scratch) >= share * FAR {
                let candidates = (self.k * refine).max(kept).max(walk.width / REFINE_PART);
                let how = SearchHow { walk, candidates, kept };
                let found = graph.search_among((scorer.query(), offset), how, passes, scratch);
                walked = self.now();
                if found.live >= wanted {
                    taken =
                        Some(self.take((place, sealed), vectors, (found, kept), offset_of, scorer, hits)?);
                }
            }
        }
        let plan = if taken.is_some() { Plan::FilteredGraph } else { Plan::CodeScan };
        let rescored = match taken {
            Some(rescored) => rescored,
            None => {
                // Where everything is compared, codes alone decide who is looked at again: more are.
                let kept = kept.saturating_mul(2);
                let how = ((self.k * SCAN_REFINE).max(kept), kept);
                let found = graph.scan(scorer.query(), how, eligible_rows(matches, offsets), scratch);
                walked = self.now();
                self.take((place, sealed), vectors, (found, kept), offset_of, scorer, hits)?
            }
        };
        let (counts, refined) = scratch.take_counts();
        Ok(Some(SegmentExplain {
            segment: Some(sealed.id()),
            plan,
            points: u64::from(view.live_count()),
            matched: Some(eligible as u64),
            distances: counts.distances,
            hops: counts.hops,
            refined,
            rescored,
            ef: if plan == Plan::CodeScan { 0 } else { walk.width },
            walk: walked.saturating_sub(started),
            rescore: self.now().saturating_sub(walked),
        }))
    }

    /// Candidates that are scored by their vectors, or that are the answer where codes are exact.
    fn kept(&self, graph: &IndexView<'_>) -> usize {
        if self.quantization.rescore && graph.codes.int8.quantizer != Quantizer::Lossless {
            (self.k as f32 * self.quantization.oversampling).ceil() as usize
        } else {
            self.k
        }
    }

    fn now(&self) -> Duration {
        self.clock.map_or(Duration::ZERO, |clock| clock.now())
    }

    /// How to walk, and how many candidates to look at again for each point asked for.
    fn walk(&self, graph: &IndexView<'_>, view: &SegmentView) -> (Walk, usize) {
        // Dead points take places of the beam and of the nearest: as many more are asked for.
        self.walk_of(graph, f64::from(view.live_count().max(1)) / f64::from(view.len.max(1)))
    }

    /// How to walk over points that pass, so that the walk finds as much as one over all points does by the curve, for which it need not be used up; how many candidates
    /// to look at again for each point asked for; and about how many distances that takes.
    fn filtered_walk(&self, graph: &IndexView<'_>) -> (Walk, usize, usize) {
        let recall = match self.effort {
            Effort::Recall(recall) => recall,
            Effort::Ef(ef) => {
                let within = graph.curve.iter().filter(|point| point.width as usize <= ef);
                within.map(|point| point.recall).fold(0.0, f32::max)
            }
        };
        let (walk, refine) = hnsw::pick(graph.curve, recall, self.k);
        let point = graph.curve.iter().find(|point| point.recall >= recall).or(graph.curve.last());
        let distances = point.map_or(walk.width * WALK_DISTANCES, |point| point.distances as usize);
        (walk, refine, distances * self.k.div_ceil(hnsw::CURVE_K))
    }

    fn walk_of(&self, graph: &IndexView<'_>, live: f64) -> (Walk, usize) {
        let more = |count: usize| ((count as f64 / live).ceil() as usize).min(graph.base.len().max(1));
        match self.effort {
            Effort::Ef(ef) => (IndexView::plain_walk(more(ef.max(self.kept(graph)))), REFINE),
            Effort::Recall(recall) => {
                let (walk, refine) = hnsw::pick(graph.curve, recall, more(self.k));
                (Walk { width: more(walk.width), ..walk }, refine)
            }
        }
    }

    /// Scores the best candidates and takes those that are good enough; how many were scored by their vectors.
    fn take(
        &self,
        segment: (usize, &Sealed),
        vectors: &MappedVectors,
        found: (Found<'_>, usize),
        offset_of: impl Fn(u32) -> u32,
        scorer: &mut Scorer,
        hits: &mut Vec<Hit>,
    ) -> Result<u64> {
        let before = hits.len();
        let rescored = self.score(segment, vectors, found, offset_of, scorer, hits)?;
        if let Some(threshold) = self.threshold {
            let mut at = 0;
            hits.retain(|hit| {
                at += 1;
                at <= before || hit.score > threshold
            });
        }
        Ok(rescored)
    }

    /// Scores the best candidates; how many by their vectors.
    fn score(
        &self,
        (segment, sealed): (usize, &Sealed),
        vectors: &MappedVectors,
        (found, kept): (Found<'_>, usize),
        offset_of: impl Fn(u32) -> u32,
        scorer: &mut Scorer,
        hits: &mut Vec<Hit>,
    ) -> Result<u64> {
        if let Some(exact) = found.exact {
            let best = found.rows.iter().take(self.k);
            let scored =
                best.map(|(key, row)| (-IndexView::squared(*key, exact).sqrt() as f32, offset_of(*row)));
            push_hits(segment, sealed, scored.collect(), hits)?;
            return Ok(0);
        }
        let mut scored: Vec<(f32, u32)> = Vec::with_capacity(kept);
        for (_, row) in found.rows.iter().take(kept) {
            let offset = offset_of(*row);
            if let Some(values) = vectors.row(offset)? {
                scored.push((scorer.score(values), offset));
            }
        }
        let count = scored.len() as u64;
        if self.quantization.rescore || self.quantization.ignore {
            // Ids are looked up for those that may be among the best only.
            scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
            let last = self.k.checked_sub(1).and_then(|last| scored.get(last)).map(|(score, _)| *score);
            scored.retain(|(score, _)| last.is_none_or(|last| *score >= last));
        }
        push_hits(segment, sealed, scored, hits)?;
        Ok(count)
    }
}

/// Adds points with their ids.
fn push_hits(segment: usize, sealed: &Sealed, scored: Vec<(f32, u32)>, hits: &mut Vec<Hit>) -> Result<()> {
    let offsets: Vec<u32> = scored.iter().map(|(_, offset)| *offset).collect();
    let mut ids = Vec::with_capacity(offsets.len());
    sealed.ids().ids(&offsets, &mut ids)?;
    hits.extend(scored.iter().zip(ids).map(|((score, offset), id)| Hit {
        score: *score,
        id,
        segment,
        offset: *offset,
    }));
    Ok(())
}

/// Candidates looked at again for each point asked for, where nobody says otherwise; at least this part of those that a walk keeps.
const REFINE: usize = 4;
const REFINE_PART: usize = 3;

/// Distances by the vectors themselves: the scorer's, larger is nearer, turned round.
struct VectorDistances<'a> {
    scorer: &'a mut Scorer,
    vectors: &'a MappedVectors,
    offsets: Option<&'a [u32]>,
}

impl hnsw::Distances for VectorDistances<'_> {
    fn keys(&mut self, nodes: &[u32], keys: &mut [u32]) {
        for (key, node) in keys.iter_mut().zip(nodes) {
            let offset = match self.offsets {
                Some(offsets) => offsets.get(*node as usize).copied().unwrap_or(u32::MAX),
                None => *node,
            };
            // A damaged block is found when the candidates are scored, or by `verify`: until then it is as far as can be.
            let score = match self.vectors.row(offset) {
                Ok(Some(row)) => self.scorer.score(row),
                Ok(None) | Err(_) => f32::NEG_INFINITY,
            };
            *key = !ordered(score);
        }
    }

    fn distance(&self, key: u32) -> f32 {
        key as f32
    }

    fn key(&self, distance: f32) -> u32 {
        distance as u32
    }
}

/// A float as a number that sorts the same way.
fn ordered(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 { bits | 1 << 31 } else { !bits }
}

/// The rows of some points, all of which have one, ascending.
fn eligible_rows<'a>(
    points: &'a OffsetSet,
    offsets: Option<&'a [u32]>,
) -> Box<dyn Iterator<Item = u32> + 'a> {
    match offsets {
        None => Box::new(points.iter_in(0..u32::MAX)),
        Some(offsets) => {
            let passing = move |(row, offset): (u32, &u32)| points.contains(*offset).then_some(row);
            Box::new((0..).zip(offsets).filter_map(passing))
        }
    }
}

/// What a search of one segment reads.
struct Parts<'a> {
    place: usize,
    view: &'a SegmentView,
    sealed: &'a Sealed,
    graph: &'a IndexView<'a>,
    vectors: &'a MappedVectors,
    offsets: Option<&'a [u32]>,
}

#[cfg(test)]
mod tests {
    use super::ordered;

    #[test]
    fn order_is_that_of_floats() {
        let values = [f32::NEG_INFINITY, -3.5, -1e-30, 0.0, 1e-30, 2.0, f32::INFINITY];
        assert!(values.windows(2).all(|w| ordered(w[0]) < ordered(w[1])));
    }
}
