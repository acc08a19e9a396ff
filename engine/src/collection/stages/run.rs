//! Carrying out stages: legs first, beside each other, then what the stage does with what they found.

use super::resolve::{Act, Among, Stage, Target};
use super::sample::{sample, shuffled};
use crate::collection::Shared;
use crate::collection::search::Sought;
use crate::collection::view::View;
use crate::error::{Error, Result};
use crate::filter::Subject;
use crate::point::PointId;
use crate::query::{
    CompiledFormula, Effort, Explain, First, Fusion, Hit, LegExplain, Matches, OrderBy, OrderValue,
    Quantization, Scale, SearchRequest, first_matching, most_diverse, sum,
};
use crate::scorer::{Scorer, VectorScorer};
use crate::segment::PointAt;
use crate::threads::Limiter;
use crate::vectors::{Row, load};
use nigh_format::manifest::{Metric, VectorParams};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

/// Points between two looks at the limiter.
const CHECK_EVERY: usize = 1024;
/// Where graphs are walked by scores of examples, at least so many candidates are kept for each point asked for, and at least so many at all: such
/// scores have plateaus and several peaks.
const EXAMPLES_EF: (usize, usize) = (4, 256);

/// What the stages of one query share.
#[derive(Debug)]
pub(in crate::collection) struct Run {
    pub(super) shared: Arc<Shared>,
    pub(super) view: Arc<View>,
    /// Points that the query names: left out everywhere.
    pub(super) named: BTreeSet<PointId>,
    /// The points that pass, of each layer of filters.
    pub(super) matches: Vec<Matches>,
    pub(super) limiter: Limiter,
    /// Whether anybody asks for times.
    pub(super) timed: bool,
}

/// What a stage found, best first.
#[derive(Debug)]
pub(super) struct Outcome {
    /// Scores inside the engine; a point comes once, unless the stage orders.
    pub(super) hits: Vec<Hit>,
    pub(super) scale: Scale,
    /// What each hit was ordered by, if it was.
    pub(super) order_values: Vec<OrderValue>,
    pub(super) legs: Vec<Outcome>,
    pub(super) explain: LegExplain,
}

impl Run {
    /// Carries out one stage.
    ///
    /// # Errors
    /// `Invalid` if a formula has no value for a point, `Corrupt` if bytes that are needed are damaged, `Cancelled` or `Timeout` from the limiter.
    pub(super) fn stage(self: &Arc<Self>, stage: &Stage) -> Result<Outcome> {
        let started = self.now();
        self.limiter.check()?;
        let mut legs = self.legs(stage)?;
        let candidates = (!legs.is_empty()).then(|| union(&mut legs));
        let mut explain = Explain::default();
        let (mut order_values, mut scale) = (Vec::new(), Scale::Similarity);
        let mut hits = match &stage.act {
            Act::Scroll => self.scroll(stage)?,
            Act::Score(target) => {
                scale = target.scale;
                self.score(stage, target, stage.limit, candidates.as_deref(), &mut explain)?
            }
            Act::Diversify { target, lambda, candidates: count } => {
                scale = target.scale;
                let hits = self.score(stage, target, *count, candidates.as_deref(), &mut explain)?;
                self.diversify(target, *lambda, stage.limit, hits)?
            }
            Act::Order(order) => {
                let ordered = self.order(stage, order, candidates.as_deref())?;
                let (values, hits) = ordered.into_iter().unzip();
                order_values = values;
                hits
            }
            Act::Sample { seed } => match &candidates {
                Some(candidates) => shuffled(candidates, *seed),
                None => {
                    let is_wanted = |hit: &Hit| Ok(!self.named.contains(&hit.id));
                    let among = self.matches_of(stage).map(|matches| &**matches);
                    sample(&self.view, stage.limit, *seed, &self.limiter, among, is_wanted)?
                }
            },
            Act::Fuse(fusion) => {
                scale = Scale::Merged;
                passing(fuse(fusion, &legs), scale, stage.threshold)
            }
            Act::Evaluate(formula) => {
                scale = Scale::Merged;
                let scored = self.evaluate(formula, &legs, candidates.as_deref().unwrap_or_default())?;
                passing(scored, scale, stage.threshold)
            }
        };
        hits.truncate(stage.limit);
        let explain = LegExplain {
            query: stage.name,
            candidates: candidates.map_or(0, |candidates| candidates.len()),
            found: hits.len(),
            took: self.now().saturating_sub(started),
            segments: explain.segments,
            legs: legs.iter_mut().map(|leg| std::mem::take(&mut leg.explain)).collect(),
        };
        Ok(Outcome { hits, scale, order_values, legs, explain })
    }

    fn now(&self) -> Duration {
        if self.timed { self.shared.env.clock.now() } else { Duration::ZERO }
    }

    fn legs(self: &Arc<Self>, stage: &Stage) -> Result<Vec<Outcome>> {
        let this = Arc::clone(self);
        let outcomes = self.shared.env.pool.map(stage.legs.clone(), move |leg| this.stage(leg));
        let panicked = || Err(Error::internal("a search thread panicked"));
        outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(panicked)).collect()
    }

    /// The points among which a stage looks, where they are known before it does.
    fn matches_of(&self, stage: &Stage) -> Option<&Matches> {
        match stage.among {
            Among::Layer(layer) => self.matches.get(layer),
            Among::All | Among::Asked(_) => None,
        }
    }

    /// Points in the order of ids.
    fn scroll(&self, stage: &Stage) -> Result<Vec<Hit>> {
        let wanted = stage.limit.saturating_add(self.named.len());
        let mut hits = Vec::new();
        for (segment, of) in self.view.segments.iter().enumerate() {
            self.limiter.check()?;
            let ids = match (&stage.among, self.matches_of(stage).and_then(|matches| matches.get(segment))) {
                (Among::Asked(filter), _) => first_matching(of, filter, None, wanted)?,
                (_, Some(set)) => of.ids_where(None, wanted, |offset| Ok(set.contains(offset)))?,
                (_, None) => of.ids_from(None, wanted)?,
            };
            hits.extend(ids.into_iter().map(|(id, offset)| Hit { score: 0.0, id, segment, offset }));
        }
        hits.retain(|hit| !self.named.contains(&hit.id));
        hits.sort_unstable_by_key(|hit| hit.id);
        Ok(hits)
    }

    /// The best by a vector or by examples: among the candidates, or in the collection where there are none.
    fn score(
        &self,
        stage: &Stage,
        target: &Target,
        limit: usize,
        candidates: Option<&[Hit]>,
        explain: &mut Explain,
    ) -> Result<Vec<Hit>> {
        let mut hits = match candidates {
            Some(candidates) => self.rescore(target, candidates)?,
            None => self.search(stage, target, limit, explain)?,
        };
        hits.retain(|hit| !self.named.contains(&hit.id));
        let mut hits = passing(hits, target.scale, stage.threshold);
        hits.truncate(limit);
        Ok(hits)
    }

    fn search(
        &self,
        stage: &Stage,
        target: &Target,
        limit: usize,
        explain: &mut Explain,
    ) -> Result<Vec<Hit>> {
        if limit == 0 {
            return Ok(Vec::new());
        }
        // What the query names is found too, and left out afterwards.
        let limit = limit.saturating_add(self.named.len());
        let (exact, (effort, quantization)) = match &target.scorer {
            Scorer::Vector(_) => (stage.exact, (stage.effort, stage.quantization)),
            Scorer::Examples(examples) => {
                (stage.exact || examples.seeks_the_far(), by_examples(stage, limit))
            }
        };
        let mut request = SearchRequest::new(Vec::new())
            .limit(limit)
            .exact(exact)
            .effort(effort)
            .quantization(quantization);
        if let Some(threshold) = stage.threshold {
            request = request.score_threshold(target.scale.inward(threshold));
        }
        let mut scorer = target.scorer.clone();
        let mut scratch = self.shared.env.scratches.lock().pop().unwrap_or_default();
        let explain = self.timed.then_some(explain);
        let matches = self.matches_of(stage).cloned();
        let sought = Sought { vector: target.vector, scorer: &mut scorer, matches };
        let hits = self.shared.find(&self.view, &request, sought, &self.limiter, &mut scratch, explain);
        self.shared.env.scratches.lock().push(scratch);
        hits
    }

    /// Candidates that have the vector, scored exactly.
    fn rescore(&self, target: &Target, candidates: &[Hit]) -> Result<Vec<Hit>> {
        let mut scorer = target.scorer.clone();
        let mut hits = Vec::with_capacity(candidates.len());
        for (i, hit) in candidates.iter().enumerate() {
            if i % CHECK_EVERY == 0 {
                self.limiter.check()?;
            }
            let segment = self.view.segments.get(hit.segment).ok_or_else(no_segment)?;
            let place = hit.offset..hit.offset.saturating_add(1);
            let each = |_, row: Row<'_>| hits.push(Hit { score: scorer.score(row), ..*hit });
            segment.scan(target.vector, place, || Ok(()), each)?;
        }
        hits.sort_unstable_by(|a, b| b.cmp(a));
        Ok(hits)
    }

    /// Reorders hits so that they are unlike each other.
    fn diversify(&self, target: &Target, lambda: f32, limit: usize, hits: Vec<Hit>) -> Result<Vec<Hit>> {
        let params = self
            .shared
            .params
            .get(target.vector)
            .ok_or_else(|| Error::internal("a vector without parameters"))?;
        let rows = stored_rows(&self.view, target.vector, params, &hits)?;
        let like = |query: &[f32]| -> Result<Vec<f32>> {
            self.limiter.check()?;
            similarities(params, query, &rows)
        };
        let relevance = like(target.scorer.query())?;
        let taken = most_diverse(&relevance, lambda, limit, |taken| match rows.get(taken) {
            Some(row) => like(row),
            None => Err(Error::internal("a candidate without a vector")),
        })?;
        Ok(taken.into_iter().filter_map(|place| hits.get(place).copied()).collect())
    }

    /// Points by what is in their payloads.
    fn order(
        &self,
        stage: &Stage,
        order: &OrderBy,
        candidates: Option<&[Hit]>,
    ) -> Result<Vec<(OrderValue, Hit)>> {
        let mut first = First::new(order, stage.limit);
        let mut seen = 0;
        let mut add = |hit: Hit| -> Result<()> {
            if seen % CHECK_EVERY == 0 {
                self.limiter.check()?;
            }
            seen += 1;
            first.add(hit.id, hit, self.point(&hit)?.payload()?);
            Ok(())
        };
        match candidates {
            Some(candidates) => candidates.iter().try_for_each(|hit| add(Hit { score: 0.0, ..*hit }))?,
            None => {
                for (segment, of) in self.view.segments.iter().enumerate() {
                    let known = self.matches_of(stage).and_then(|matches| matches.get(segment)).cloned();
                    for offset in known.unwrap_or_else(|| of.live()).iter_in(0..of.len) {
                        let hit = Hit { score: 0.0, id: of.id(offset)?, segment, offset };
                        if !self.named.contains(&hit.id) {
                            add(hit)?;
                        }
                    }
                }
            }
        }
        Ok(first.finish().map(|(value, _, hit)| (value, hit)).collect())
    }

    fn point(&self, hit: &Hit) -> Result<PointAt<'_>> {
        let segment = self.view.segments.get(hit.segment).ok_or_else(no_segment)?;
        Ok(PointAt::new(segment, hit.offset))
    }

    fn evaluate(&self, formula: &CompiledFormula, legs: &[Outcome], candidates: &[Hit]) -> Result<Vec<Hit>> {
        let scores: Vec<HashMap<PointId, f32>> = legs
            .iter()
            .map(|leg| leg.hits.iter().map(|hit| (hit.id, leg.scale.outward(hit.score))).collect())
            .collect();
        let score = |(i, hit): (usize, &Hit)| {
            if i % CHECK_EVERY == 0 {
                self.limiter.check()?;
            }
            let in_leg = |leg: usize| scores.get(leg)?.get(&hit.id).copied();
            Ok(Hit { score: formula.score(&in_leg, &mut self.point(hit)?)?, ..*hit })
        };
        let mut hits: Vec<Hit> = candidates.iter().enumerate().map(score).collect::<Result<_>>()?;
        hits.sort_unstable_by(|a, b| b.cmp(a));
        Ok(hits)
    }
}

/// How graphs are walked by scores of examples: by the vectors themselves, and wider.
fn by_examples(stage: &Stage, limit: usize) -> (Effort, Quantization) {
    let wanted = match stage.effort {
        Effort::Ef(ef) => ef,
        // Curves are measured for nearness to one vector and say nothing about this.
        Effort::Recall(_) => 0,
    };
    let (for_each, least) = EXAMPLES_EF;
    let ef = wanted.max(limit.saturating_mul(for_each)).max(least);
    (Effort::Ef(ef), Quantization { ignore: true, ..stage.quantization })
}

/// Every point that some leg found, in the order of ids. Legs that order have it once each, at its first place.
fn union(legs: &mut [Outcome]) -> Vec<Hit> {
    let mut all = BTreeMap::new();
    for leg in legs {
        if !leg.order_values.is_empty() {
            let mut seen = HashSet::new();
            leg.hits.retain(|hit| seen.insert(hit.id));
            leg.order_values.clear();
        }
        all.extend(leg.hits.iter().map(|hit| (hit.id, *hit)));
    }
    all.into_values().collect()
}

fn fuse(fusion: &Fusion, legs: &[Outcome]) -> Vec<Hit> {
    let mut shares: BTreeMap<PointId, (Hit, Vec<f64>)> = BTreeMap::new();
    for (leg, outcome) in legs.iter().enumerate() {
        let scores: Vec<f32> = outcome.hits.iter().map(|hit| hit.score).collect();
        for (hit, share) in outcome.hits.iter().zip(fusion.shares(leg, &scores, outcome.scale)) {
            shares.entry(hit.id).or_insert_with(|| (*hit, Vec::new())).1.push(share);
        }
    }
    let fused = shares.into_values().map(|(hit, mut shares)| Hit { score: sum(&mut shares), ..hit });
    let mut hits: Vec<Hit> = fused.collect();
    hits.sort_unstable_by(|a, b| b.cmp(a));
    hits
}

fn passing(mut hits: Vec<Hit>, scale: Scale, threshold: Option<f32>) -> Vec<Hit> {
    hits.retain(|hit| threshold.is_none_or(|threshold| scale.passes(hit.score, threshold)));
    hits
}

/// The vectors of some points as f32, in their order; under cosine of length 1. Points without that vector are an error of ours.
pub(in crate::collection) fn stored_rows(
    view: &View,
    vector: usize,
    params: &VectorParams,
    hits: &[Hit],
) -> Result<Vec<Vec<f32>>> {
    let row = |hit: &Hit| {
        let segment = view.segments.get(hit.segment).ok_or_else(no_segment)?;
        let bytes = segment.vector_bytes(vector, hit.offset)?;
        let mut row =
            load(params.datatype, &bytes.ok_or_else(|| Error::internal("a scored point without a vector"))?);
        if params.metric == Metric::Cosine {
            let norm = row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
            let scale = if norm > 0.0 { 1.0 / norm } else { 1.0 };
            row.iter_mut().for_each(|v| *v = (f64::from(*v) * scale) as f32);
        }
        Ok(row)
    };
    hits.iter().map(row).collect()
}

/// Similarities of rows to a query, as scores of examples have them.
fn similarities(params: &VectorParams, query: &[f32], rows: &[Vec<f32>]) -> Result<Vec<f32>> {
    let mut scorer = VectorScorer::new("vector", params, query)?;
    Ok(rows.iter().map(|row| scorer.similarity(Row::F32(row))).collect())
}

fn no_segment() -> Error {
    Error::internal("a hit in no segment")
}
