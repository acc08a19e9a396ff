//! Queries: trees of stages.

use ::qdrant_client::qdrant as wire;
use nigh_api::{
    AcornSearchParams, Bm25Params, ContextPair, Direction, DiscoverInput, FeedbackItem, FeedbackStrategy,
    Fusion, LookupLocation, Mmr, OrderBy, Prefetch, QuantizationSearchParams, Query, QueryGroupsRequest,
    QueryRequest, RecommendInput, RecommendStrategy, RelevanceFeedback, Rrf, Sample, SearchParams, StartFrom,
    TextInput, TextScoring, WithLookup,
};
use wire::query::Variant;

use super::enums::{known, unsupported};
use super::filter::filter;
use super::formula::formula;
use super::reads::{with_payload, with_vector};
use super::values::shard_key;
use super::vectors::vector_input;
use super::{ConvertError, Result, count, each, optional, required};

/// A query. Where it goes and how long it may take is told apart.
pub(in crate::grpc) fn query_points(message: wire::QueryPoints) -> Result<QueryRequest> {
    let wire::QueryPoints {
        collection_name: _,
        prefetch: stages,
        query: inner,
        using,
        filter: passing,
        params,
        score_threshold,
        limit,
        offset,
        with_vectors,
        with_payload: payload,
        read_consistency: _,
        shard_key_selector,
        lookup_from,
        timeout: _,
    } = message;
    Ok(QueryRequest {
        prefetch: each("prefetch", stages, prefetch)?,
        query: optional("query", inner, query)?,
        using,
        filter: optional("filter", passing, filter)?,
        params: optional("params", params, search_params)?,
        score_threshold,
        limit: limit.map(count),
        offset: offset.map(count),
        with_vector: with_vector(with_vectors),
        with_payload: with_payload("with_payload", payload)?,
        lookup_from: optional("lookup_from", lookup_from, lookup_location)?,
        shard_key: shard_key(shard_key_selector)?,
    })
}

/// Several queries.
pub(in crate::grpc) fn query_batch(messages: Vec<wire::QueryPoints>) -> Result<Vec<QueryRequest>> {
    each("query_points", messages, query_points)
}

/// A query whose answer is grouped.
pub(in crate::grpc) fn query_point_groups(message: wire::QueryPointGroups) -> Result<QueryGroupsRequest> {
    let wire::QueryPointGroups {
        collection_name: _,
        prefetch: stages,
        query: inner,
        using,
        filter: passing,
        params,
        score_threshold,
        with_payload: payload,
        with_vectors,
        lookup_from,
        limit,
        group_size,
        group_by,
        read_consistency: _,
        with_lookup: lookup,
        timeout: _,
        shard_key_selector,
    } = message;
    let query = QueryRequest {
        prefetch: each("prefetch", stages, prefetch)?,
        query: optional("query", inner, query)?,
        using,
        filter: optional("filter", passing, filter)?,
        params: optional("params", params, search_params)?,
        score_threshold,
        limit: limit.map(count),
        offset: None,
        with_vector: with_vector(with_vectors),
        with_payload: with_payload("with_payload", payload)?,
        lookup_from: optional("lookup_from", lookup_from, lookup_location)?,
        shard_key: shard_key(shard_key_selector)?,
    };
    Ok(QueryGroupsRequest {
        query,
        group_by,
        group_size: group_size.map(count),
        with_lookup: optional("with_lookup", lookup, with_lookup)?,
    })
}

fn prefetch(message: wire::PrefetchQuery) -> Result<Prefetch> {
    let wire::PrefetchQuery {
        prefetch: stages,
        query: inner,
        using,
        filter: passing,
        params,
        score_threshold,
        limit,
        lookup_from,
    } = message;
    Ok(Prefetch {
        prefetch: each("prefetch", stages, prefetch)?,
        query: optional("query", inner, query)?,
        using,
        filter: optional("filter", passing, filter)?,
        params: optional("params", params, search_params)?,
        score_threshold,
        limit: limit.map(count),
        lookup_from: optional("lookup_from", lookup_from, lookup_location)?,
    })
}

fn query(message: wire::Query) -> Result<Query> {
    match message.variant.ok_or_else(|| ConvertError::missing("variant"))? {
        Variant::Nearest(input) => {
            Ok(Query::Nearest { nearest: required("nearest", Some(input), vector_input)?, mmr: None })
        }
        Variant::NearestWithMmr(message) => {
            required("nearest_with_mmr", Some(message), |message: wire::NearestInputWithMmr| {
                Ok(Query::Nearest {
                    nearest: required("nearest", message.nearest, vector_input)?,
                    mmr: Some(message.mmr.map(mmr).ok_or_else(|| ConvertError::missing("mmr"))?),
                })
            })
        }
        Variant::Recommend(message) => required("recommend", Some(message), recommend),
        Variant::Discover(message) => required("discover", Some(message), |message: wire::DiscoverInput| {
            let target = required("target", message.target, vector_input)?;
            let context = required("context", message.context, context)?;
            Ok(Query::Discover { discover: DiscoverInput { target, context } })
        }),
        Variant::Context(message) => {
            required("context", Some(message), context).map(|context| Query::Context { context })
        }
        Variant::OrderBy(message) => {
            required("order_by", Some(message), order_by).map(|order_by| Query::OrderBy { order_by })
        }
        Variant::Fusion(number) => Ok(Query::Fusion {
            fusion: match known("fusion", number)? {
                wire::Fusion::Rrf => Fusion::Rrf,
                wire::Fusion::Dbsf => Fusion::Dbsf,
            },
        }),
        Variant::Rrf(wire::Rrf { k, weights }) => {
            let weights = (!weights.is_empty()).then_some(weights);
            Ok(Query::Rrf { rrf: Rrf { k: k.map(u64::from), weights } })
        }
        Variant::Formula(message) => required("formula", Some(message), formula).map(Query::Formula),
        Variant::Sample(number) => match known("sample", number)? {
            wire::Sample::Random => Ok(Query::Sample { sample: Sample::Random }),
        },
        Variant::RelevanceFeedback(message) => {
            let relevance_feedback = required("relevance_feedback", Some(message), relevance_feedback)?;
            Ok(Query::RelevanceFeedback { relevance_feedback })
        }
        Variant::Text(wire::TextQuery { query, scoring }) => {
            let scoring = scoring.map(|scoring| match scoring {
                wire::text_query::Scoring::Bm25(wire::Bm25Params { k, b }) => {
                    TextScoring::Bm25(Bm25Params { k, b })
                }
            });
            Ok(Query::Text { text: TextInput { query, scoring } })
        }
    }
}

fn mmr(message: wire::Mmr) -> Mmr {
    let wire::Mmr { diversity, candidates_limit } = message;
    Mmr { diversity, candidates_limit: candidates_limit.map(|limit| count(limit.into())) }
}

fn recommend(message: wire::RecommendInput) -> Result<Query> {
    let wire::RecommendInput { positive, negative, strategy } = message;
    let recommend = RecommendInput {
        positive: Some(each("positive", positive, vector_input)?),
        negative: Some(each("negative", negative, vector_input)?),
        strategy: strategy.map(recommend_strategy).transpose()?,
    };
    Ok(Query::Recommend { recommend })
}

pub(super) fn recommend_strategy(number: i32) -> Result<RecommendStrategy> {
    Ok(match known("strategy", number)? {
        wire::RecommendStrategy::AverageVector => RecommendStrategy::AverageVector,
        wire::RecommendStrategy::BestScore => RecommendStrategy::BestScore,
        wire::RecommendStrategy::SumScores => RecommendStrategy::SumScores,
    })
}

fn context(message: wire::ContextInput) -> Result<Vec<ContextPair>> {
    each("pairs", message.pairs, |pair| {
        Ok(ContextPair {
            positive: required("positive", pair.positive, vector_input)?,
            negative: required("negative", pair.negative, vector_input)?,
        })
    })
}

fn relevance_feedback(message: wire::RelevanceFeedbackInput) -> Result<RelevanceFeedback> {
    let wire::RelevanceFeedbackInput { target, feedback, strategy } = message;
    Ok(RelevanceFeedback {
        target: required("target", target, vector_input)?,
        feedback: each("feedback", feedback, |item| {
            Ok(FeedbackItem { example: required("example", item.example, vector_input)?, score: item.score })
        })?,
        strategy: required("strategy", strategy, |strategy| {
            match strategy.variant.ok_or_else(|| ConvertError::missing("variant"))? {
                wire::feedback_strategy::Variant::Naive(wire::NaiveFeedbackStrategy { a, b, c }) => {
                    Ok(FeedbackStrategy::Naive { a, b, c })
                }
            }
        })?,
    })
}

/// The order of a field.
pub(super) fn order_by(message: wire::OrderBy) -> Result<OrderBy> {
    use wire::start_from::Value;
    let wire::OrderBy { key, direction, start_from } = message;
    let direction = direction.map(|number| known("direction", number)).transpose()?;
    Ok(OrderBy {
        key,
        direction: direction.map(|direction| match direction {
            wire::Direction::Asc => Direction::Asc,
            wire::Direction::Desc => Direction::Desc,
        }),
        start_from: optional("start_from", start_from, |start| {
            Ok(match start.value.ok_or_else(|| ConvertError::missing("value"))? {
                Value::Integer(number) => StartFrom::Integer(number),
                Value::Float(number) => StartFrom::Float(number),
                // A moment is written as RFC 3339 has it.
                Value::Timestamp(moment) => StartFrom::Datetime(moment.to_string()),
                Value::Datetime(text) => StartFrom::Datetime(text),
            })
        })?,
    })
}

/// How to search.
pub(super) fn search_params(message: wire::SearchParams) -> Result<SearchParams> {
    let wire::SearchParams { hnsw_ef, exact, quantization, indexed_only, acorn, idf } = message;
    if idf.is_some_and(|idf| idf.corpus.is_some()) {
        return Err(unsupported("idf.corpus", "counting words in a part of a collection"));
    }
    Ok(SearchParams {
        hnsw_ef: hnsw_ef.map(count),
        exact,
        quantization: quantization.map(|message| {
            let wire::QuantizationSearchParams { ignore, rescore, oversampling } = message;
            QuantizationSearchParams { ignore, rescore, oversampling }
        }),
        indexed_only,
        acorn: acorn.map(|message| {
            let wire::AcornSearchParams { enable, max_selectivity } = message;
            AcornSearchParams { enable, max_selectivity }
        }),
    })
}

/// Where vectors of points that are named by id come from.
pub(super) fn lookup_location(message: wire::LookupLocation) -> Result<LookupLocation> {
    let wire::LookupLocation { collection_name, vector_name, shard_key_selector } = message;
    Ok(LookupLocation {
        collection: collection_name,
        vector: vector_name,
        shard_key: shard_key(shard_key_selector)?,
    })
}

/// Points with the ids of groups.
pub(super) fn with_lookup(message: wire::WithLookup) -> Result<WithLookup> {
    let wire::WithLookup { collection, with_payload: payload, with_vectors } = message;
    Ok(WithLookup {
        collection,
        with_payload: with_payload("with_payload", payload)?,
        with_vectors: with_vector(with_vectors),
    })
}

#[cfg(test)]
mod tests;
