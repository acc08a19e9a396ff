//! Random trees of queries against a model: a plain recursive interpretation over all points, with the formulas written out again, and filters as
//! `support/filters.rs` understands them.
//!
//! Vectors are small whole numbers, so that scores are exact, ties are many, and the model and the engine must agree on every place of the answer.
//! `SEED` chooses the points and trees, `NIGH_RUNS` how many rounds there are.

#[path = "support/filters.rs"]
mod filters;
mod support;

use filters::{Known, passes};
use nigh::io::SimVfs;
use nigh::{
    Collection, CollectionConfig, ContextPair, Decay, DecayShape, Expression, FieldKind, Filter, Formula,
    Fusion, ManualClock, Metric, OrderBy, Payload, Point, PointId, Prefetch, Query, QueryRequest,
    RecommendStrategy, VectorConfig, VectorInput,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use support::{DIR, Rng, options, seeds, small};

const DIM: usize = 3;

struct Model {
    metric: Metric,
    points: Points,
}

/// Vector, the number `rank`, and the point as filters see it.
type Points = BTreeMap<PointId, (Vec<f32>, i64, Known)>;

/// Points and their scores as the caller sees them, best first.
type Ranked = Vec<(PointId, f32)>;

/// A query, and what the model knows of it.
#[derive(Clone, Debug)]
struct Stage {
    query: Ask,
    legs: Vec<Stage>,
    filter: Option<Filter>,
    limit: usize,
    threshold: Option<f32>,
}

#[derive(Clone, Debug)]
enum Ask {
    Nearest(VectorInput),
    Mmr(VectorInput, f32, usize),
    Recommend(RecommendStrategy, Vec<VectorInput>, Vec<VectorInput>),
    Discover(VectorInput, Vec<(VectorInput, VectorInput)>),
    Context(Vec<(VectorInput, VectorInput)>),
    Rrf(f32, Vec<f32>),
    WeightedSum(Vec<f32>),
    Dbsf,
    /// Score of each leg times a factor, the payload through a decay, and 2 where a filter passes.
    Formula(Vec<f64>, DecayShape, f64, Filter),
    /// Points by `rank`.
    Order,
    Scroll,
}

fn fs(x: f32) -> f32 {
    x / (1.0 + x.abs())
}

fn sfs(x: f32) -> f32 {
    0.5 * (fs(x) + 1.0)
}

impl Model {
    fn is_distance(&self) -> bool {
        matches!(self.metric, Metric::Euclid | Metric::Manhattan)
    }

    fn similarity(&self, a: &[f32], b: &[f32]) -> f32 {
        let pairs = a.iter().zip(b);
        match self.metric {
            Metric::Manhattan => -pairs.map(|(a, b)| (a - b).abs()).sum::<f32>(),
            Metric::Euclid => -pairs.map(|(a, b)| (a - b) * (a - b)).sum::<f32>(),
            // A sum of nothing but -0 is 0.
            _ => pairs.map(|(a, b)| a * b).sum::<f32>() + 0.0,
        }
    }

    /// What a caller sees of a similarity.
    fn seen(&self, similarity: f32) -> f32 {
        match self.metric {
            Metric::Euclid => (-similarity).sqrt(),
            Metric::Manhattan => 0.0 - similarity,
            _ => similarity,
        }
    }

    fn values(&self, input: &VectorInput) -> Vec<f32> {
        match input {
            VectorInput::Dense(values) => values.clone(),
            VectorInput::Id(id) => self.points[id].0.clone(),
            _ => panic!("no such input here"),
        }
    }

    /// `filters` are those of the stages above.
    fn run(&self, stage: &Stage, filters: &[&Filter], named: &BTreeSet<PointId>) -> Ranked {
        let filters: Vec<&Filter> = filters.iter().copied().chain(&stage.filter).collect();
        let legs: Vec<Ranked> = stage.legs.iter().map(|leg| self.run(leg, &filters, named)).collect();
        let within: BTreeSet<PointId> = if legs.is_empty() {
            let passes = |id: &PointId| filters.iter().all(|filter| passes(filter, &self.points[id].2));
            self.points.keys().copied().filter(|id| !named.contains(id) && passes(id)).collect()
        } else {
            legs.iter().flatten().map(|(id, _)| *id).collect()
        };
        let score = |score: &dyn Fn(&[f32]) -> f32| -> Ranked {
            within.iter().map(|id| (*id, score(&self.points[id].0))).collect()
        };
        let strict = |score: f32| stage.threshold.is_none_or(|t| score > t);
        let nearest = |query: &[f32], limit: usize| -> Ranked {
            let mut near = score(&|row| self.similarity(query, row));
            best_first(&mut near);
            let mut near: Ranked = near.into_iter().map(|(id, s)| (id, self.seen(s))).collect();
            near.retain(
                |(_, s)| if self.is_distance() { stage.threshold.is_none_or(|t| *s < t) } else { strict(*s) },
            );
            near.truncate(limit);
            near
        };
        let by_examples = |of: &dyn Fn(&[f32]) -> f32| -> Ranked {
            let mut ranked = score(of);
            best_first(&mut ranked);
            ranked.retain(|(_, s)| strict(*s));
            ranked
        };
        let values = |inputs: &[VectorInput]| -> Vec<Vec<f32>> {
            inputs.iter().map(|input| self.values(input)).collect()
        };
        let sides = |pairs: &[(VectorInput, VectorInput)], row: &[f32]| -> Vec<(f32, f32)> {
            let side = |input: &VectorInput| self.similarity(&self.values(input), row);
            pairs.iter().map(|(wanted, not)| (side(wanted), side(not))).collect()
        };
        let merged = |shares: &dyn Fn(usize, &Ranked) -> Vec<f64>| -> Ranked {
            let mut sums: BTreeMap<PointId, f64> = BTreeMap::new();
            for (i, leg) in legs.iter().enumerate() {
                for ((id, _), share) in leg.iter().zip(shares(i, leg)) {
                    *sums.entry(*id).or_default() += share;
                }
            }
            let mut ranked: Ranked = sums.into_iter().map(|(id, sum)| (id, sum as f32)).collect();
            best_first(&mut ranked);
            ranked.retain(|(_, s)| stage.threshold.is_none_or(|t| *s >= t));
            ranked
        };
        let mut ranked = match &stage.query {
            Ask::Scroll => within.iter().map(|id| (*id, 0.0)).collect(),
            Ask::Nearest(input) => nearest(&self.values(input), usize::MAX),
            Ask::Mmr(input, diversity, candidates) => {
                let query = self.values(input);
                self.mmr(&query, 1.0 - diversity, stage.limit, nearest(&query, *candidates))
            }
            Ask::Recommend(RecommendStrategy::AverageVector, positive, negative) => {
                let mean = |vectors: &[Vec<f32>], i: usize| {
                    vectors.iter().map(|v| f64::from(v[i])).sum::<f64>() / vectors.len() as f64
                };
                let (positive, negative) = (values(positive), values(negative));
                let value = |i| match negative.is_empty() {
                    true => mean(&positive, i) as f32,
                    false => (2.0 * mean(&positive, i) - mean(&negative, i)) as f32,
                };
                nearest(&(0..DIM).map(value).collect::<Vec<f32>>(), usize::MAX)
            }
            Ask::Recommend(strategy, positive, negative) => {
                let (positive, negative) = (values(positive), values(negative));
                let all = |examples: &[Vec<f32>], row: &[f32]| -> Vec<f32> {
                    examples.iter().map(|example| self.similarity(example, row)).collect()
                };
                let best = |scores: Vec<f32>| scores.into_iter().fold(f32::NEG_INFINITY, f32::max);
                by_examples(&|row| {
                    let (p, n) = (all(&positive, row), all(&negative, row));
                    if *strategy == RecommendStrategy::SumScores {
                        return p.iter().sum::<f32>() - n.iter().sum::<f32>();
                    }
                    let (p, n) = (best(p), best(n));
                    if p > n { sfs(p) } else { -sfs(n) }
                })
            }
            Ask::Discover(target, pairs) => by_examples(&|row| {
                let rank: f32 = sides(pairs, row)
                    .iter()
                    .map(|(p, n)| (p - n).partial_cmp(&0.0).expect("a number") as i8 as f32)
                    .sum();
                rank + sfs(self.similarity(&self.values(target), row))
            }),
            Ask::Context(pairs) => by_examples(&|row| {
                sides(pairs, row).iter().map(|(p, n)| fs((p - n - f32::EPSILON).min(0.0))).sum::<f32>() + 0.0
            }),
            Ask::Rrf(k, weights) => merged(&|i, leg| {
                let w = f64::from(weights.get(i).copied().unwrap_or(1.0));
                let share = |place: usize| {
                    if w > 0.0 { 1.0 / ((place + 1) as f64 / w + f64::from(*k) - 1.0) } else { 0.0 }
                };
                (0..leg.len()).map(share).collect()
            }),
            Ask::WeightedSum(weights) => merged(&|i, leg| {
                let w = f64::from(weights.get(i).copied().unwrap_or(1.0));
                let falling = leg.windows(2).any(|w| w[0].1 < w[1].1) && self.is_distance();
                let good = |s: f32| f64::from(if falling { -s } else { s });
                let most = leg.iter().map(|(_, s)| good(*s)).fold(f64::NEG_INFINITY, f64::max);
                let least = leg.iter().map(|(_, s)| good(*s)).fold(f64::INFINITY, f64::min);
                let share = |s: f32| if most > least { (good(s) - least) / (most - least) } else { 1.0 };
                leg.iter().map(|(_, s)| share(*s) * w).collect()
            }),
            Ask::Dbsf => merged(&|_, leg| {
                let n = leg.len() as f64;
                let mean = leg.iter().map(|(_, s)| f64::from(*s)).sum::<f64>() / n;
                let variance =
                    leg.iter().map(|(_, s)| (f64::from(*s) - mean).powi(2)).sum::<f64>() / (n - 1.0);
                let d = variance.sqrt();
                let share =
                    |s: f64| if leg.len() < 2 || d == 0.0 { 0.5 } else { (s - (mean - 3.0 * d)) / (6.0 * d) };
                leg.iter().map(|(_, s)| share(f64::from(*s))).collect()
            }),
            Ask::Order => {
                let mut ordered: Vec<PointId> = within.iter().copied().collect();
                ordered.sort_by_key(|id| (self.points[id].1, *id));
                ordered.into_iter().map(|id| (id, 0.0)).collect()
            }
            Ask::Formula(factors, shape, scale, condition) => {
                let mut ranked: Ranked = Vec::new();
                for id in &within {
                    let mut value = 0.0;
                    for (leg, factor) in legs.iter().zip(factors) {
                        value +=
                            factor * leg.iter().find(|(of, _)| of == id).map_or(0.0, |(_, s)| f64::from(*s));
                    }
                    let d = (self.points[id].1 as f64 - 3.0).abs();
                    value += match shape {
                        DecayShape::Linear => (1.0 - 0.75 / scale * d).max(0.0),
                        DecayShape::Exponential => (0.25f64.ln() / scale * d).exp(),
                        DecayShape::Gauss => (0.25f64.ln() / scale.powi(2) * d * d).exp(),
                    };
                    value += 2.0 * f64::from(u8::from(passes(condition, &self.points[id].2)));
                    ranked.push((*id, value as f32));
                }
                best_first(&mut ranked);
                ranked.retain(|(_, s)| stage.threshold.is_none_or(|t| *s >= t));
                ranked
            }
        };
        ranked.truncate(stage.limit);
        ranked
    }

    fn mmr(&self, query: &[f32], lambda: f32, limit: usize, mut left: Ranked) -> Ranked {
        let mut chosen: Ranked = Vec::new();
        while chosen.len() < limit && !left.is_empty() {
            let worth = |(id, _): &(PointId, f32)| {
                let row = &self.points[id].0;
                let near = chosen.iter().map(|(of, _)| self.similarity(row, &self.points[of].0));
                let relevance = self.similarity(query, row);
                match near.reduce(f32::max) {
                    Some(near) => lambda * relevance - (1.0 - lambda) * near,
                    None => relevance,
                }
            };
            let worths: Vec<f32> = left.iter().map(worth).collect();
            let most = worths.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let place = worths.iter().position(|w| *w == most).expect("one is the best");
            chosen.push(left.remove(place));
        }
        chosen
    }
}

/// Larger scores first, of equal ones the smaller id.
fn best_first(ranked: &mut Ranked) {
    ranked.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
}

struct Trees<'a> {
    rng: Rng,
    ids: &'a [PointId],
}

impl Trees<'_> {
    fn vector(&mut self) -> Vec<f32> {
        (0..DIM).map(|_| self.rng.below(7) as f32 - 3.0).collect()
    }

    fn input(&mut self) -> VectorInput {
        if self.rng.chance(15) { (*self.rng.pick(self.ids)).into() } else { self.vector().into() }
    }

    fn inputs(&mut self, least: u64) -> Vec<VectorInput> {
        (0..least + self.rng.below(3)).map(|_| self.input()).collect()
    }

    /// Of one, two or four vectors, whose means are exact.
    fn average(&mut self) -> Ask {
        let (wanted, not) = (1 << self.rng.below(3), [0, 1, 2, 4][self.rng.below(4) as usize]);
        let mut inputs = |count: u64| (0..count).map(|_| self.input()).collect();
        Ask::Recommend(RecommendStrategy::AverageVector, inputs(wanted), inputs(not))
    }

    fn pairs(&mut self, least: u64) -> Vec<(VectorInput, VectorInput)> {
        (0..least + self.rng.below(3)).map(|_| (self.input(), self.input())).collect()
    }

    fn filter(&mut self) -> Filter {
        // Most random filters let few points pass.
        let filter = filters::filter(&mut self.rng, Some(self.ids), 1);
        if self.rng.chance(50) { filter } else { Filter::new().must_not(filter) }
    }

    fn stage(&mut self, depth: u64) -> Stage {
        let legs = if depth == 0 { 0 } else { self.rng.below(4) };
        let legs: Vec<Stage> = (0..legs).map(|_| self.stage(depth - 1)).collect();
        let weights = |trees: &mut Self| -> Vec<f32> {
            let some = trees.rng.chance(60);
            legs.iter().filter(|_| some).map(|_| trees.rng.below(4) as f32 / 2.0).collect()
        };
        let query = match self.rng.below(if legs.is_empty() { 8 } else { 11 }) {
            0 | 1 => Ask::Nearest(self.input()),
            2 => Ask::Mmr(self.input(), self.rng.below(5) as f32 / 4.0, self.rng.below(12) as usize),
            3 => match self.rng.below(3) {
                0 => self.average(),
                1 => Ask::Recommend(RecommendStrategy::BestScore, self.inputs(0), self.inputs(1)),
                _ => Ask::Recommend(RecommendStrategy::SumScores, self.inputs(1), self.inputs(0)),
            },
            4 => Ask::Discover(self.input(), self.pairs(0)),
            5 => Ask::Context(self.pairs(1)),
            6 if legs.is_empty() => Ask::Scroll,
            7 if legs.is_empty() => Ask::Order,
            6 | 7 => Ask::Rrf(1.0 + self.rng.below(60) as f32, weights(self)),
            8 if self.rng.chance(50) => Ask::WeightedSum(weights(self)),
            8 => Ask::Dbsf,
            9 => Ask::Order,
            _ => {
                let factors = legs.iter().map(|_| self.rng.below(5) as f64 / 2.0 - 1.0).collect();
                let shapes = [DecayShape::Linear, DecayShape::Exponential, DecayShape::Gauss];
                let scale = 1.0 + self.rng.below(8) as f64;
                Ask::Formula(factors, *self.rng.pick(&shapes), scale, self.filter())
            }
        };
        let threshold = (self.rng.chance(20) && !matches!(query, Ask::Scroll | Ask::Order))
            .then(|| self.rng.below(12) as f32 / 4.0 - 1.0);
        let filter = self.rng.chance(40).then(|| self.filter());
        Stage { query, legs, filter, limit: 1 + self.rng.below(15) as usize, threshold }
    }
}

fn prefetch(stage: &Stage) -> Prefetch {
    let pairs = |pairs: &[(VectorInput, VectorInput)]| -> Vec<ContextPair> {
        pairs.iter().map(|(wanted, not)| ContextPair::new(wanted.clone(), not.clone())).collect()
    };
    let query = match &stage.query {
        Ask::Scroll => Query::Scroll,
        Ask::Nearest(input) => Query::nearest(input.clone()),
        Ask::Mmr(nearest, diversity, candidates) => {
            Query::Mmr { nearest: nearest.clone(), diversity: *diversity, candidates: Some(*candidates) }
        }
        Ask::Recommend(strategy, positive, negative) => {
            Query::recommend(*strategy, positive.clone(), negative.clone())
        }
        Ask::Discover(target, context) => Query::discover(target.clone(), pairs(context)),
        Ask::Context(context) => Query::Context(pairs(context)),
        Ask::Rrf(k, weights) => Query::Fusion(Fusion::rrf(*k).weights(weights.clone())),
        Ask::WeightedSum(weights) => Query::Fusion(Fusion::WeightedSum { weights: weights.clone() }),
        Ask::Dbsf => Query::Fusion(Fusion::Dbsf),
        Ask::Order => Query::OrderBy(OrderBy::number("rank").expect("a path")),
        Ask::Formula(factors, shape, scale, condition) => {
            let decay = Decay::new(*shape, Expression::payload("rank").expect("a path"));
            let mut parts: Vec<Expression> =
                factors.iter().enumerate().map(|(leg, factor)| *factor * Expression::score(leg)).collect();
            parts.push(decay.target(3.0).scale(*scale).midpoint(0.25).into());
            parts.push(2.0 * Expression::condition(condition.clone()));
            Query::Formula(Formula::new(Expression::sum(parts)))
        }
    };
    let mut made =
        stage.legs.iter().map(prefetch).fold(Prefetch::new(query), Prefetch::prefetch).limit(stage.limit);
    if let Some(filter) = &stage.filter {
        made = made.filter(filter.clone());
    }
    if let Some(threshold) = stage.threshold {
        made = made.score_threshold(threshold);
    }
    made
}

fn named(stage: &Stage, into: &mut BTreeSet<PointId>) {
    let mut add = |input: &VectorInput| {
        if let VectorInput::Id(id) = input {
            into.insert(*id);
        }
    };
    match &stage.query {
        Ask::Nearest(input) | Ask::Mmr(input, ..) => add(input),
        Ask::Recommend(_, positive, negative) => positive.iter().chain(negative).for_each(add),
        Ask::Discover(target, pairs) => {
            add(target);
            pairs.iter().for_each(|(wanted, not)| [wanted, not].into_iter().for_each(&mut add));
        }
        Ask::Context(pairs) => {
            pairs.iter().for_each(|(wanted, not)| [wanted, not].into_iter().for_each(&mut add))
        }
        _ => {}
    }
    stage.legs.iter().for_each(|leg| named(leg, into));
}

/// Points in two sealed segments and in memory, some of them updated and some deleted.
fn fill(points: &Collection, rng: &mut Rng) -> Points {
    let mut model = BTreeMap::new();
    for part in 0..3 {
        for _ in 0..25 {
            let id = match rng.chance(20) {
                true => nigh::Uuid::from_u128(u128::from(rng.next())).into(),
                false => PointId::from(rng.below(80)),
            };
            let (vector, rank): (Vec<f32>, _) =
                ((0..DIM).map(|_| rng.below(7) as f32 - 3.0).collect(), rng.below(9) as i64);
            let mut json = filters::payload(rng);
            json["rank"] = json!(rank);
            let payload = Payload::from_json(json.clone()).expect("an object");
            points.upsert([Point::new(id, vector.clone()).with_payload(payload)]).expect("upsert");
            model.insert(id, (vector, rank, Known { id, vectors: vec![String::new()], payload: json }));
        }
        let gone: Vec<PointId> = model.keys().copied().filter(|_| rng.chance(8)).collect();
        gone.iter().for_each(|id| drop(model.remove(id)));
        if !gone.is_empty() {
            points.delete(gone).expect("delete");
        }
        if part < 2 {
            points.checkpoint().expect("checkpoint");
            let path = *rng.pick(&filters::PATHS);
            points.create_payload_index(path, FieldKind::Keyword).expect("declare");
        }
    }
    model
}

#[test]
fn trees_are_what_the_model_says() {
    let mut trees = 0;
    for seed in seeds(2) {
        for metric in [Metric::Dot, Metric::Euclid, Metric::Manhattan] {
            let clock = Arc::new(ManualClock::default());
            let db = options(SimVfs::new(), &clock).search_threads(3).open(DIR).expect("open");
            let config = CollectionConfig::single(VectorConfig::new(DIM as u32, metric))
                .with_optimizer(small(1 << 20));
            let points = db.create_collection("points", &config).expect("create");
            let mut rng = Rng::new(seed);
            let model = Model { metric, points: fill(&points, &mut rng) };
            let ids: Vec<PointId> = model.points.keys().copied().collect();
            let mut random = Trees { rng, ids: &ids };
            let mut requests = Vec::new();
            for round in 0..400 {
                let mut root = random.stage(1 + round % 3);
                let offset = random.rng.below(4) as usize;
                let request = QueryRequest::from(prefetch(&root)).offset(offset);
                let mut used = BTreeSet::new();
                named(&root, &mut used);
                root.limit += offset;
                let expected: Ranked = model.run(&root, &[], &used).into_iter().skip(offset).collect();
                let found = points.query(&request);
                let found =
                    found.unwrap_or_else(|e| panic!("SEED={seed} {metric:?} round {round}: {e}\n{root:#?}"));
                let got: Ranked = found.iter().map(|point| (point.id, point.score)).collect();
                let same = got.len() == expected.len()
                    && got
                        .iter()
                        .zip(&expected)
                        .all(|(a, b)| a.0 == b.0 && (a.1 - b.1).abs() <= 1e-5 * a.1.abs().max(1.0));
                assert!(same, "SEED={seed} {metric:?} round {round}:\n{got:?}, not\n{expected:?}\n{root:#?}");
                for point in &found {
                    assert!(point.legs.iter().all(|leg| leg.leg < root.legs.len()), "legs of {point:?}");
                    assert_eq!(point.legs.is_empty(), root.legs.is_empty(), "legs of {point:?}");
                }
                trees += 1;
                requests.push((request, found));
            }
            let (requests, expected): (Vec<_>, Vec<_>) = requests.into_iter().unzip();
            let answers = points.query_batch(requests).expect("open");
            let answers: Vec<_> = answers.into_iter().map(|answer| answer.expect("an answer")).collect();
            assert!(answers == expected, "a batch answers as single queries do");
        }
    }
    println!("{trees} trees: 0 wrong");
}
