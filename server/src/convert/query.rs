//! Queries, records and scores.

use super::filter::filter_in;
use super::formula::formula_in;
use super::payload::{payload_asked, vectors_asked};
use super::vectors::{input_in, no_vector, vectors_out};
use super::{id_in, id_out};
use crate::error::{ApiError, Result};
use nigh::{
    Collection, CollectionConfig, ContextPair, DEFAULT_VECTOR, Direction, Effort, FacetValue, FieldKind,
    Filter, Fusion, Number, OrderBy, OrderValue, Payload, Prefetch, Quantization, Query, QueryRequest,
    RecommendStrategy, Record, ScoredPoint, VectorInput,
};
use nigh_api as api;

/// Where a query is asked: the collection, and how to find others.
pub(crate) struct Place<'a> {
    pub(crate) collection: &'a Collection,
    pub(crate) config: &'a CollectionConfig,
    /// What all points that the caller sees must pass.
    pub(crate) forced: Option<&'a Filter>,
    /// Opens a collection to look vectors up in.
    pub(crate) lookup: &'a dyn Fn(&str) -> Result<Collection>,
}

/// A query as the engine takes it.
///
/// # Errors
/// `BadInput` for what does not fit the collection.
pub(crate) fn query_in(place: &Place<'_>, request: api::QueryRequest) -> Result<QueryRequest> {
    let api::QueryRequest {
        prefetch,
        query,
        using,
        filter,
        params,
        score_threshold,
        limit,
        offset,
        with_vector,
        with_payload,
        lookup_from,
        shard_key: _,
    } = request;
    let has_prefetches = !prefetch.is_empty();
    if query.is_none() {
        if has_prefetches {
            return Err(ApiError::bad_input(
                "A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
            ));
        }
        if score_threshold.is_some() {
            return Err(ApiError::bad_input(
                "A query is needed to use the score_threshold. Can't have score_threshold without defining a query.",
            ));
        }
    }
    let stage = api::Prefetch { prefetch, query, using, filter, params, score_threshold, limit, lookup_from };
    let mut root = stage_in(place, stage, None)?;
    // It holds of all stages, whatever the others come to.
    if let Some(forced) = place.forced {
        root = root.also_filter(forced.clone());
    }
    Ok(QueryRequest::from(root)
        .offset(offset.unwrap_or(0))
        .with_payload(payload_asked(with_payload, false)?)
        .with_vectors(vectors_asked(with_vector)))
}

/// A stage. Filters go down to the stages that search the collection, joined as Qdrant joins them. Stages that score by vectors what others found ask for theirs
/// again, as Qdrant's own client does in memory; it differs where alternatives of two stages were joined.
fn stage_in(place: &Place<'_>, stage: api::Prefetch, outer: Option<&api::Filter>) -> Result<Prefetch> {
    let api::Prefetch { prefetch, query, using, filter, params, score_threshold, limit, lookup_from } = stage;
    if score_threshold.is_some() && matches!(query, Some(api::Query::OrderBy { .. })) {
        return Err(ApiError::bad_input("Can't use score_threshold with an order_by query."));
    }
    let is_fusion = matches!(query, Some(api::Query::Fusion { .. } | api::Query::Rrf { .. }));
    let merges = is_fusion || matches!(query, Some(api::Query::Formula(_)));
    if is_fusion && using.is_some() {
        return Err(ApiError::bad_input("Fusion queries cannot be combined with the 'using' field."));
    }
    let using = using.unwrap_or_else(|| DEFAULT_VECTOR.to_owned());
    let (source, lookup_vector) = match lookup_from {
        Some(api::LookupLocation { collection, vector, shard_key: _ }) => {
            (Some((place.lookup)(&collection)?), vector)
        }
        None => (None, None),
    };
    let mut stage = Prefetch::new(match query {
        Some(query) => act_in(place, &using, query)?,
        None => Query::Scroll,
    })
    .using(using);
    let filter = match (outer.cloned(), filter) {
        (Some(outer), Some(inner)) => Some(outer.merged(inner)),
        (outer, inner) => outer.or(inner),
    };
    for inner in prefetch {
        stage = stage.prefetch(stage_in(place, inner, filter.as_ref())?);
    }
    if let Some(filter) = filter
        && !merges
    {
        stage = stage.filter(filter_in(filter)?);
    }
    if let Some(limit) = limit {
        stage = stage.limit(limit);
    }
    if let Some(threshold) = score_threshold {
        stage = stage.score_threshold(threshold);
    }
    if let Some(collection) = &source {
        stage = stage.lookup_from(collection);
    }
    if let Some(name) = lookup_vector {
        stage = stage.lookup_vector(name);
    }
    Ok(match params {
        Some(params) => params_in(stage, &params),
        None => stage,
    })
}

fn params_in(stage: Prefetch, params: &api::SearchParams) -> Prefetch {
    let mut stage = stage.exact(params.exact.unwrap_or(false));
    if let Some(ef) = params.hnsw_ef {
        stage = stage.effort(Effort::Ef(ef));
    }
    if let Some(asked) = &params.quantization {
        let default = Quantization::default();
        #[expect(clippy::cast_possible_truncation, reason = "a ratio; the engine checks its range")]
        let oversampling = asked.oversampling.map_or(default.oversampling, |ratio| ratio as f32);
        stage = stage.quantization(Quantization {
            ignore: asked.ignore.unwrap_or(default.ignore),
            rescore: asked.rescore.unwrap_or(default.rescore),
            oversampling,
        });
    }
    stage
}

fn act_in(place: &Place<'_>, using: &str, query: api::Query) -> Result<Query> {
    let vector = |input: api::VectorInput| vector_in(place, using, input);
    let vectors = |inputs: Option<Vec<api::VectorInput>>| {
        inputs.unwrap_or_default().into_iter().map(vector).collect::<Result<Vec<_>>>()
    };
    let pair = |pair: api::ContextPair| {
        Ok(ContextPair { positive: vector(pair.positive)?, negative: vector(pair.negative)? })
    };
    let pairs = |pairs: Vec<api::ContextPair>| pairs.into_iter().map(pair).collect::<Result<Vec<_>>>();
    Ok(match query {
        api::Query::Vector(input) | api::Query::Nearest { nearest: input, mmr: None } => {
            Query::Nearest(vector(input)?)
        }
        api::Query::Nearest { nearest, mmr: Some(mmr) } => Query::Mmr {
            nearest: vector(nearest)?,
            diversity: mmr.diversity.unwrap_or(0.5),
            candidates: mmr.candidates_limit,
        },
        api::Query::Recommend { recommend } => {
            let strategy = match recommend.strategy.unwrap_or_default() {
                api::RecommendStrategy::AverageVector => RecommendStrategy::AverageVector,
                api::RecommendStrategy::BestScore => RecommendStrategy::BestScore,
                api::RecommendStrategy::SumScores => RecommendStrategy::SumScores,
            };
            Query::Recommend {
                positive: vectors(recommend.positive)?,
                negative: vectors(recommend.negative)?,
                strategy,
            }
        }
        api::Query::Discover { discover } => {
            Query::Discover { target: vector(discover.target)?, context: pairs(discover.context)? }
        }
        api::Query::Context { context } => Query::Context(pairs(context)?),
        api::Query::OrderBy { order_by } => Query::OrderBy(order_in(place.collection, order_by)?),
        api::Query::Fusion { fusion: api::Fusion::Rrf } => Query::Fusion(Fusion::RRF),
        api::Query::Fusion { fusion: api::Fusion::Dbsf } => Query::Fusion(Fusion::Dbsf),
        api::Query::Rrf { rrf } => {
            #[expect(clippy::cast_precision_loss, reason = "a small whole number")]
            let fusion = Fusion::rrf(rrf.k.unwrap_or(2) as f32);
            Query::Fusion(match rrf.weights {
                Some(weights) => fusion.weights(weights),
                None => fusion,
            })
        }
        api::Query::Formula(formula) => Query::Formula(formula_in(formula)?),
        api::Query::Sample { sample: api::Sample::Random } => Query::Sample { seed: fresh_seed() },
        api::Query::RelevanceFeedback { .. } => {
            return Err(ApiError::bad_input("relevance_feedback queries are not supported"));
        }
        api::Query::Text { .. } => return Err(ApiError::bad_input("text queries are not supported")),
    })
}

fn vector_in(place: &Place<'_>, using: &str, input: api::VectorInput) -> Result<VectorInput> {
    if !place.config.vectors.contains_key(using) {
        return Err(no_vector(using));
    }
    input_in(place.config, using, input)
}

/// A number that is another one each time.
pub(crate) fn fresh_seed() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    RandomState::new().hash_one(0)
}

/// The engine's order. The index of the field tells whether its values are numbers or moments.
///
/// # Errors
/// `BadInput` without an index that has an order.
pub(crate) fn order_in(collection: &Collection, order: api::OrderBy) -> Result<OrderBy> {
    let api::OrderBy { key, direction, start_from } = order;
    let mut by = match collection.payload_index_kind(&key)? {
        Some(FieldKind::Integer | FieldKind::Float) => OrderBy::number(&key)?,
        Some(FieldKind::Datetime) => OrderBy::datetime(&key)?,
        _ => {
            return Err(ApiError::bad_input(format_args!(
                "No range index for `order_by` key: `{key}`. Please create one to use `order_by`. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Range conditions"
            )));
        }
    };
    if direction == Some(api::Direction::Desc) {
        by = by.direction(Direction::Descending);
    }
    Ok(match start_from {
        Some(api::StartFrom::Integer(value)) => by.start_from(value),
        Some(api::StartFrom::Float(value)) => by.start_from(value),
        Some(api::StartFrom::Datetime(text)) => {
            let moment: nigh::Datetime = text.parse()?;
            by.start_from(moment)
        }
        None => by,
    })
}

/// The wire's value of an order.
pub(crate) fn order_value_out(value: OrderValue) -> api::OrderValue {
    match value {
        OrderValue::Number(Number::Integer(integer)) => {
            api::OrderValue::Integer(i64::try_from(integer).unwrap_or(i64::MAX))
        }
        OrderValue::Number(Number::Float(float)) => api::OrderValue::Float(float),
        OrderValue::Datetime(moment) => api::OrderValue::Integer(moment.0),
    }
}

/// The wire's record.
pub(crate) fn record_out(record: Record) -> api::Record {
    api::Record {
        id: id_out(record.id),
        payload: record.payload.map(Payload::into_map),
        vector: record.vectors.map(vectors_out),
        order_value: None,
    }
}

/// The wire's point.
pub(crate) fn scored_out(point: ScoredPoint) -> api::ScoredPoint {
    api::ScoredPoint {
        id: id_out(point.id),
        version: point.version.0,
        score: point.score,
        payload: point.payload.map(Payload::into_map),
        vector: point.vectors.map(vectors_out),
        order_value: point.order_value.map(order_value_out),
    }
}

/// The wire's value of a group, if it can be one.
pub(crate) fn group_id_out(id: FacetValue) -> api::GroupId {
    match id {
        FacetValue::Bool(value) => api::GroupId::Text(value.to_string()),
        FacetValue::Integer(integer) => match u64::try_from(integer) {
            Ok(unsigned) => api::GroupId::Unsigned(unsigned),
            Err(_) => api::GroupId::Integer(i64::try_from(integer).unwrap_or(i64::MIN)),
        },
        FacetValue::Keyword(text) => api::GroupId::Text(text),
    }
}

/// The wire's value of a facet.
pub(crate) fn facet_value_out(value: FacetValue) -> api::FacetValue {
    match value {
        FacetValue::Bool(value) => api::FacetValue::Bool(value),
        FacetValue::Integer(integer) => api::FacetValue::Integer(i64::try_from(integer).unwrap_or(i64::MAX)),
        FacetValue::Keyword(text) => api::FacetValue::Text(text),
    }
}

/// Ids of a request.
pub(crate) fn ids_in(ids: Vec<api::PointId>) -> Vec<nigh::PointId> {
    ids.into_iter().map(id_in).collect()
}
