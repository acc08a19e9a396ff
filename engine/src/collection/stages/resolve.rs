//! From a request to stages that can be carried out: names become places in the configuration, ids become vectors, vectors become scorers.

use super::filters::Filters;
use super::request::Prefetch;
use crate::collection::view::View;
use crate::collection::{Collection, Shared};
use crate::error::{Error, Result};
use crate::filter::{CompiledFilter, Filter};
use crate::point::PointId;
use crate::query::{
    CompiledFormula, ContextPair, Effort, Fusion, OrderBy, Quantization, Query, RecommendStrategy, Scale,
    VectorInput,
};
use crate::scorer::{Examples, Rule, Scorer, VectorScorer};
use crate::vectors::{check_values, load};
use nigh_format::manifest::VectorParams;
use std::collections::BTreeSet;
use std::sync::Arc;

/// A stage that lacks nothing.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) name: &'static str,
    pub(super) act: Act,
    pub(super) legs: Vec<Arc<Stage>>,
    /// Where it looks, if it has no legs.
    pub(super) among: Among,
    /// Points to hand on.
    pub(super) limit: usize,
    pub(super) threshold: Option<f32>,
    pub(super) exact: bool,
    pub(super) effort: Effort,
    pub(super) quantization: Quantization,
}

/// What a stage does.
#[derive(Debug)]
pub(super) enum Act {
    Scroll,
    Score(Target),
    Diversify { target: Target, lambda: f32, candidates: usize },
    Order(OrderBy),
    Fuse(Fusion),
    Evaluate(CompiledFormula),
    Sample { seed: u64 },
}

/// Some points of the collection.
#[derive(Debug)]
pub(super) enum Among {
    All,
    /// Those that pass in the layer of filters with this place.
    Layer(usize),
    /// Those that pass, asked one after the other until there are enough.
    Asked(CompiledFilter),
}

/// What points are scored by.
#[derive(Debug)]
pub(super) struct Target {
    /// Place of the vector in the configuration.
    pub(super) vector: usize,
    pub(super) scorer: Scorer,
    pub(super) scale: Scale,
}

/// Turns stages of one request, over one view, into what can be carried out.
pub(super) struct Resolver<'a> {
    shared: &'a Arc<Shared>,
    view: &'a View,
    /// Other collections that ids are looked up in, each at one moment.
    others: Vec<(Arc<Shared>, Arc<View>)>,
    /// Points of the searched collection that were named.
    pub(super) named: BTreeSet<PointId>,
    pub(super) filters: Filters,
}

impl<'a> Resolver<'a> {
    pub(super) fn new(shared: &'a Arc<Shared>, view: &'a View) -> Self {
        Self { shared, view, others: Vec::new(), named: BTreeSet::new(), filters: Filters::default() }
    }

    /// The root, which hands on `more` points besides its own limit, and finds only points that pass `filter`.
    ///
    /// # Errors
    /// `NotFound` for unknown names and ids, `Invalid` or `TooLarge` for vectors and filters that cannot be, `Closed` if another collection is, `Corrupt`.
    pub(super) fn root(
        &mut self,
        prefetch: &Prefetch,
        more: usize,
        filter: Option<&Filter>,
    ) -> Result<Stage> {
        let shared = self.shared;
        let within = filter.map(|filter| self.filters.add(None, filter, || shared.compile(filter)));
        let within = within.transpose()?;
        if let (Query::Scroll, Some(filter), None) = (&prefetch.query, &prefetch.filter, within) {
            let among = Among::Asked(self.shared.compile(filter)?);
            let stage = self.stage(&Prefetch { filter: None, ..prefetch.clone() }, "", None)?;
            return Ok(Stage { among, limit: stage.limit.saturating_add(more), ..stage });
        }
        let stage = self.stage(prefetch, "", within)?;
        Ok(Stage { limit: stage.limit.saturating_add(more), ..stage })
    }

    /// `field` is where it stands in the request, `within` the layer of filters of the stage above.
    fn stage(&mut self, prefetch: &Prefetch, field: &str, within: Option<usize>) -> Result<Stage> {
        let part = |part: &str| if field.is_empty() { part.to_owned() } else { format!("{field}.{part}") };
        let shared = self.shared;
        let within = match &prefetch.filter {
            None => within,
            Some(filter) => {
                let compile = || shared.compile_at(filter, &part("filter"));
                Some(self.filters.add(within, filter, compile)?)
            }
        };
        let act = match &prefetch.query {
            Query::Scroll => Act::Scroll,
            Query::OrderBy(order) => Act::Order(order.clone()),
            Query::Fusion(fusion) => Act::Fuse(fusion.clone()),
            Query::Formula(formula) => {
                let place = part("query.condition");
                Act::Evaluate(formula.compile(&mut |filter| shared.compile_at(filter, &place))?)
            }
            Query::Sample { seed } => Act::Sample { seed: *seed },
            Query::Mmr { nearest, diversity, candidates } => {
                let candidates = candidates.unwrap_or(prefetch.limit);
                Act::Diversify {
                    target: self.nearest(prefetch, nearest)?,
                    lambda: 1.0 - diversity,
                    candidates,
                }
            }
            Query::Nearest(vector) => Act::Score(self.nearest(prefetch, vector)?),
            Query::Recommend { positive, negative, strategy } => {
                Act::Score(self.recommend(prefetch, positive, negative, *strategy)?)
            }
            Query::Discover { target, context } => {
                Act::Score(self.pairs(prefetch, Rule::Discover, Some(target), context)?)
            }
            Query::Context(context) => Act::Score(self.pairs(prefetch, Rule::Context, None, context)?),
        };
        let among = match (&act, within) {
            (_, None) => Among::All,
            (Act::Score(target) | Act::Diversify { target, .. }, Some(layer))
                if prefetch.prefetches.is_empty() =>
            {
                Among::Layer(self.filters.having(layer, target.vector)?)
            }
            (_, Some(layer)) => Among::Layer(layer),
        };
        let legs = prefetch.prefetches.iter().enumerate();
        let legs =
            legs.map(|(i, leg)| self.stage(leg, &part(&format!("prefetch[{i}]")), within).map(Arc::new));
        Ok(Stage {
            name: prefetch.query.name(),
            act,
            legs: legs.collect::<Result<_>>()?,
            among,
            limit: prefetch.limit,
            threshold: prefetch.score_threshold,
            exact: prefetch.exact,
            effort: prefetch.effort,
            quantization: prefetch.quantization,
        })
    }

    fn params(&self, prefetch: &Prefetch) -> Result<(usize, VectorParams)> {
        let vector = self.shared.vector_index(&prefetch.using)?;
        let params = self.shared.params.get(vector);
        Ok((vector, params.ok_or_else(|| Error::internal("a vector without parameters"))?.clone()))
    }

    fn nearest(&mut self, prefetch: &Prefetch, input: &VectorInput) -> Result<Target> {
        let (vector, params) = self.params(prefetch)?;
        let values = self.values(prefetch, &params, input)?;
        Self::near(vector, &params, &values)
    }

    fn near(vector: usize, params: &VectorParams, values: &[f32]) -> Result<Target> {
        let scorer = Scorer::new("vector", params, values)?;
        Ok(Target { vector, scorer, scale: Scale::of(params.metric) })
    }

    fn recommend(
        &mut self,
        prefetch: &Prefetch,
        positive: &[VectorInput],
        negative: &[VectorInput],
        strategy: RecommendStrategy,
    ) -> Result<Target> {
        let (vector, params) = self.params(prefetch)?;
        let positive = self.all_values(prefetch, &params, positive)?;
        let negative = self.all_values(prefetch, &params, negative)?;
        let rule = match strategy {
            RecommendStrategy::AverageVector => {
                let values = average(&positive, &negative, params.dim as usize);
                return Self::near(vector, &params, &values);
            }
            RecommendStrategy::BestScore => Rule::BestScore,
            RecommendStrategy::SumScores => Rule::SumScores,
        };
        let scorers = |examples: &[Vec<f32>]| {
            examples.iter().map(|v| VectorScorer::new("vector", &params, v)).collect::<Result<Vec<_>>>()
        };
        let examples = Examples::new(rule, None, scorers(&positive)?, scorers(&negative)?);
        Ok(Target { vector, scorer: Scorer::Examples(examples), scale: Scale::Similarity })
    }

    fn pairs(
        &mut self,
        prefetch: &Prefetch,
        rule: Rule,
        target: Option<&VectorInput>,
        context: &[ContextPair],
    ) -> Result<Target> {
        let (vector, params) = self.params(prefetch)?;
        let mut scorer = |input: &VectorInput| {
            let values = self.values(prefetch, &params, input)?;
            VectorScorer::new("vector", &params, &values)
        };
        let target = target.map(&mut scorer).transpose()?;
        let (mut positive, mut negative) = (Vec::new(), Vec::new());
        for pair in context {
            positive.push(scorer(&pair.positive)?);
            negative.push(scorer(&pair.negative)?);
        }
        let examples = Examples::new(rule, target, positive, negative);
        Ok(Target { vector, scorer: Scorer::Examples(examples), scale: Scale::Similarity })
    }

    fn all_values(
        &mut self,
        prefetch: &Prefetch,
        params: &VectorParams,
        inputs: &[VectorInput],
    ) -> Result<Vec<Vec<f32>>> {
        inputs.iter().map(|input| self.values(prefetch, params, input)).collect()
    }

    /// The values that are meant, as many as the searched vector has.
    fn values(
        &mut self,
        prefetch: &Prefetch,
        params: &VectorParams,
        input: &VectorInput,
    ) -> Result<Vec<f32>> {
        let values = match input {
            VectorInput::Dense(values) => values.clone(),
            VectorInput::Id(id) => self.stored(prefetch, *id)?,
        };
        check_values("vector", params.dim, &values)?;
        Ok(values)
    }

    /// The stored vector of a point.
    fn stored(&mut self, prefetch: &Prefetch, id: PointId) -> Result<Vec<f32>> {
        let name = prefetch.lookup_vector.as_ref().unwrap_or(&prefetch.using);
        let other = prefetch.lookup_from.as_ref().filter(|other| !Arc::ptr_eq(&other.shared, self.shared));
        match other {
            Some(other) => {
                let (shared, view) = self.other(other)?;
                shared.stored_vector(&view, name, id)
            }
            None => {
                self.named.insert(id);
                self.shared.stored_vector(self.view, name, id)
            }
        }
    }

    /// Another collection at the moment at which it was first asked for.
    fn other(&mut self, collection: &Collection) -> Result<(Arc<Shared>, Arc<View>)> {
        let shared = &collection.shared;
        if let Some(known) = self.others.iter().find(|(known, _)| Arc::ptr_eq(known, shared)) {
            return Ok(known.clone());
        }
        let opened = (Arc::clone(shared), collection.readable()?.view.load_full());
        self.others.push(opened.clone());
        Ok(opened)
    }
}

impl Shared {
    /// One vector of a point, as it is stored.
    fn stored_vector(&self, view: &View, name: &str, id: PointId) -> Result<Vec<f32>> {
        let vector = self.vector_index(name)?;
        let params = self.params.get(vector).ok_or_else(|| Error::internal("a vector without parameters"))?;
        let (segment, offset) = view.find(id)?.ok_or_else(|| Error::NoPoint { id: id.to_string() })?;
        let segment = view.segments.get(segment).ok_or_else(|| Error::internal("a point in no segment"))?;
        let bytes = segment.vector_bytes(vector, offset)?;
        let missing = || Error::NotFound { what: format!("vector {name:?} of point {id}") };
        Ok(load(params.datatype, &bytes.ok_or_else(missing)?))
    }
}

/// The mean of what is wanted, or twice that less the mean of what is not; in f64, rounded once.
fn average(positive: &[Vec<f32>], negative: &[Vec<f32>], dim: usize) -> Vec<f32> {
    let mean = |vectors: &[Vec<f32>]| {
        let mut sum = vec![0f64; dim];
        for vector in vectors {
            sum.iter_mut().zip(vector).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        sum.iter_mut().for_each(|sum| *sum /= vectors.len() as f64);
        sum
    };
    let wanted = mean(positive);
    if negative.is_empty() {
        return wanted.iter().map(|value| *value as f32).collect();
    }
    wanted.iter().zip(mean(negative)).map(|(wanted, not)| (2.0 * wanted - not) as f32).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn averages() {
        assert_eq!(average(&[vec![1.0, 2.0], vec![3.0, 4.0]], &[], 2), [2.0, 3.0]);
        assert_eq!(average(&[vec![1.0, 2.0]], &[vec![1.0, 0.0], vec![3.0, 2.0]], 2), [0.0, 3.0]);
    }
}
