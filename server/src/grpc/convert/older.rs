//! Older queries: search, recommend and discover, and their groups.

use ::qdrant_client::qdrant as wire;
use nigh_api::{
    ContextPair, DiscoverRequest, NamedVector, OlderGroups, OlderOptions, RecommendRequest, SearchRequest,
    SparseVector, Vector, VectorInput,
};

use super::filter::filter;
use super::query::{lookup_location, recommend_strategy, search_params, with_lookup};
use super::reads::{with_payload, with_vector};
use super::values::{point_id, shard_key};
use super::vectors::vector;
use super::{ConvertError, Result, count, each, optional, required};

/// The nearest points.
pub(in crate::grpc) fn search_points(message: wire::SearchPoints) -> Result<SearchRequest> {
    let wire::SearchPoints {
        collection_name: _,
        vector,
        filter,
        limit,
        with_payload,
        params,
        score_threshold,
        offset,
        vector_name,
        with_vectors,
        read_consistency: _,
        timeout: _,
        shard_key_selector,
        sparse_indices,
    } = message;
    let options =
        Options { filter, params, offset, with_payload, with_vectors, score_threshold, shard_key_selector };
    Ok(SearchRequest {
        vector: named_vector(vector, vector_name, sparse_indices),
        limit: count(limit),
        options: options.read()?,
    })
}

/// Several searches.
pub(in crate::grpc) fn search_batch(messages: Vec<wire::SearchPoints>) -> Result<Vec<SearchRequest>> {
    each("search_points", messages, search_points)
}

/// The nearest points, in groups.
pub(in crate::grpc) fn search_point_groups(
    message: wire::SearchPointGroups,
) -> Result<OlderGroups<SearchRequest>> {
    let wire::SearchPointGroups {
        collection_name: _,
        vector,
        filter,
        limit,
        with_payload,
        params,
        score_threshold,
        vector_name,
        with_vectors,
        group_by,
        group_size,
        read_consistency: _,
        with_lookup: lookup,
        timeout: _,
        shard_key_selector,
        sparse_indices,
    } = message;
    let options = Options {
        filter,
        params,
        offset: None,
        with_payload,
        with_vectors,
        score_threshold,
        shard_key_selector,
    };
    let request = SearchRequest {
        vector: named_vector(vector, vector_name, sparse_indices),
        limit: count(limit.into()),
        options: options.read()?,
    };
    groups(request, group_by, group_size, lookup)
}

/// Points like some and unlike others.
pub(in crate::grpc) fn recommend_points(message: wire::RecommendPoints) -> Result<RecommendRequest> {
    let wire::RecommendPoints {
        collection_name: _,
        positive,
        negative,
        filter,
        limit,
        with_payload,
        params,
        score_threshold,
        offset,
        using,
        with_vectors,
        lookup_from,
        read_consistency: _,
        strategy,
        positive_vectors,
        negative_vectors,
        timeout: _,
        shard_key_selector,
    } = message;
    let options =
        Options { filter, params, offset, with_payload, with_vectors, score_threshold, shard_key_selector };
    Ok(RecommendRequest {
        positive: examples(["positive", "positive_vectors"], positive, positive_vectors)?,
        negative: examples(["negative", "negative_vectors"], negative, negative_vectors)?,
        strategy: strategy.map(recommend_strategy).transpose()?,
        using,
        lookup_from: optional("lookup_from", lookup_from, lookup_location)?,
        limit: count(limit),
        options: options.read()?,
    })
}

/// Several recommendations.
pub(in crate::grpc) fn recommend_batch(
    messages: Vec<wire::RecommendPoints>,
) -> Result<Vec<RecommendRequest>> {
    each("recommend_points", messages, recommend_points)
}

/// Points like some and unlike others, in groups.
pub(in crate::grpc) fn recommend_point_groups(
    message: wire::RecommendPointGroups,
) -> Result<OlderGroups<RecommendRequest>> {
    let wire::RecommendPointGroups {
        collection_name,
        positive,
        negative,
        filter,
        limit,
        with_payload,
        params,
        score_threshold,
        using,
        with_vectors,
        lookup_from,
        group_by,
        group_size,
        read_consistency,
        with_lookup: lookup,
        strategy,
        positive_vectors,
        negative_vectors,
        timeout,
        shard_key_selector,
    } = message;
    let request = recommend_points(wire::RecommendPoints {
        collection_name,
        positive,
        negative,
        filter,
        limit: limit.into(),
        with_payload,
        params,
        score_threshold,
        offset: None,
        using,
        with_vectors,
        lookup_from,
        read_consistency,
        strategy,
        positive_vectors,
        negative_vectors,
        timeout,
        shard_key_selector,
    })?;
    groups(request, group_by, group_size, lookup)
}

/// Points near a target, or in a context.
pub(in crate::grpc) fn discover_points(message: wire::DiscoverPoints) -> Result<DiscoverRequest> {
    let wire::DiscoverPoints {
        collection_name: _,
        target,
        context,
        filter,
        limit,
        with_payload,
        params,
        offset,
        using,
        with_vectors,
        lookup_from,
        read_consistency: _,
        timeout: _,
        shard_key_selector,
    } = message;
    let options = Options {
        filter,
        params,
        offset,
        with_payload,
        with_vectors,
        score_threshold: None,
        shard_key_selector,
    };
    let context = each("context", context, |pair| {
        Ok(ContextPair {
            positive: required("positive", pair.positive, example)?,
            negative: required("negative", pair.negative, example)?,
        })
    })?;
    Ok(DiscoverRequest {
        target: optional("target", target, |target| {
            let wire::target_vector::Target::Single(single) =
                target.target.ok_or_else(|| ConvertError::missing("target"))?;
            required("single", Some(single), example)
        })?,
        context: (!context.is_empty()).then_some(context),
        using,
        lookup_from: optional("lookup_from", lookup_from, lookup_location)?,
        limit: count(limit),
        options: options.read()?,
    })
}

/// Several discoveries.
pub(in crate::grpc) fn discover_batch(messages: Vec<wire::DiscoverPoints>) -> Result<Vec<DiscoverRequest>> {
    each("discover_points", messages, discover_points)
}

/// What these messages have in common.
struct Options {
    filter: Option<wire::Filter>,
    params: Option<wire::SearchParams>,
    offset: Option<u64>,
    with_payload: Option<wire::WithPayloadSelector>,
    with_vectors: Option<wire::WithVectorsSelector>,
    score_threshold: Option<f32>,
    shard_key_selector: Option<wire::ShardKeySelector>,
}

impl Options {
    fn read(self) -> Result<OlderOptions> {
        Ok(OlderOptions {
            filter: optional("filter", self.filter, filter)?,
            params: optional("params", self.params, search_params)?,
            offset: self.offset.map(count),
            with_payload: with_payload("with_payload", self.with_payload)?,
            with_vector: with_vector(self.with_vectors),
            score_threshold: self.score_threshold,
            shard_key: shard_key(self.shard_key_selector)?,
        })
    }
}

fn named_vector(data: Vec<f32>, name: Option<String>, indices: Option<wire::SparseIndices>) -> NamedVector {
    match (name, indices) {
        (None, None) => NamedVector::Unnamed(data),
        (name, indices) => NamedVector::Named {
            name: name.unwrap_or_default(),
            vector: match indices {
                Some(indices) => Vector::Sparse(SparseVector { indices: indices.data, values: data }),
                None => Vector::Dense(data),
            },
        },
    }
}

/// Points first, then vectors.
fn examples(
    [ids_field, vectors_field]: [&str; 2],
    ids: Vec<wire::PointId>,
    vectors: Vec<wire::Vector>,
) -> Result<Vec<VectorInput>> {
    let mut examples = each(ids_field, ids, |id| point_id(id).map(VectorInput::Id))?;
    examples.extend(each(vectors_field, vectors, |message| vector(message).map(VectorInput::Vector))?);
    Ok(examples)
}

fn example(message: wire::VectorExample) -> Result<VectorInput> {
    match message.example.ok_or_else(|| ConvertError::missing("example"))? {
        wire::vector_example::Example::Id(id) => required("id", Some(id), point_id).map(VectorInput::Id),
        wire::vector_example::Example::Vector(message) => {
            required("vector", Some(message), vector).map(VectorInput::Vector)
        }
    }
}

fn groups<T>(
    request: T,
    group_by: String,
    group_size: u32,
    lookup: Option<wire::WithLookup>,
) -> Result<OlderGroups<T>> {
    Ok(OlderGroups {
        request,
        group_by,
        group_size: count(group_size.into()),
        with_lookup: optional("with_lookup", lookup, with_lookup)?,
    })
}

#[cfg(test)]
mod tests {
    use super::super::values::point_id_message;
    use super::*;
    use nigh_api::PointId;
    use serde_json::json;
    use wire::vector_example::Example;

    fn dense(data: &[f32]) -> wire::Vector {
        let dense = wire::DenseVector { data: data.to_vec() };
        wire::Vector { vector: Some(wire::vector::Vector::Dense(dense)), ..Default::default() }
    }

    fn id(num: u64) -> wire::PointId {
        point_id_message(PointId::Num(num))
    }

    fn lookup() -> Option<wire::LookupLocation> {
        let (collection_name, vector_name) = ("other".to_owned(), Some("v".to_owned()));
        Some(wire::LookupLocation { collection_name, vector_name, shard_key_selector: None })
    }

    #[test]
    fn searches_are_those_of_rest() {
        let base = || wire::SearchPoints {
            vector: vec![0.5, 1.0],
            limit: 3,
            offset: Some(2),
            score_threshold: Some(0.25),
            params: Some(wire::SearchParams { hnsw_ef: Some(64), exact: Some(true), ..Default::default() }),
            ..Default::default()
        };
        let named = Some("v".to_owned());
        let indices = Some(wire::SparseIndices { data: vec![4, 2] });
        for (message, vector) in [
            (base(), json!([0.5, 1.0])),
            (
                wire::SearchPoints { vector_name: named.clone(), ..base() },
                json!({"name": "v", "vector": [0.5, 1.0]}),
            ),
            (
                wire::SearchPoints { vector_name: named, sparse_indices: indices, ..base() },
                json!({"name": "v", "vector": {"indices": [4, 2], "values": [0.5, 1.0]}}),
            ),
        ] {
            let rest = json!({"vector": vector, "limit": 3, "offset": 2, "score_threshold": 0.25,
                "params": {"hnsw_ef": 64, "exact": true}});
            assert_eq!(search_points(message), Ok(serde_json::from_value(rest).expect("a body")));
        }
    }

    #[test]
    fn recommendations_are_those_of_rest() {
        let message = wire::RecommendPoints {
            positive: vec![id(1)],
            positive_vectors: vec![dense(&[0.5])],
            negative: vec![id(2)],
            limit: 5,
            strategy: Some(1),
            using: Some("v".to_owned()),
            lookup_from: lookup(),
            ..Default::default()
        };
        let rest = json!({"positive": [1, [0.5]], "negative": [2], "limit": 5, "strategy": "best_score",
            "using": "v", "lookup_from": {"collection": "other", "vector": "v"}});
        assert_eq!(recommend_points(message), Ok(serde_json::from_value(rest).expect("a body")));
        let bad = wire::RecommendPoints { strategy: Some(7), ..Default::default() };
        let error = recommend_points(bad).expect_err("there are three strategies");
        assert_eq!(error.to_string(), "strategy: unknown value 7 of an enumeration");
    }

    #[test]
    fn discoveries_are_those_of_rest() {
        let example = |example| Some(wire::VectorExample { example: Some(example) });
        let pair = wire::ContextExamplePair {
            positive: example(Example::Id(id(1))),
            negative: example(Example::Vector(dense(&[0.5]))),
        };
        let single = wire::VectorExample { example: Some(Example::Id(id(9))) };
        let message = wire::DiscoverPoints {
            target: Some(wire::TargetVector { target: Some(wire::target_vector::Target::Single(single)) }),
            context: vec![pair],
            limit: 4,
            ..Default::default()
        };
        let rest = json!({"target": 9, "context": [{"positive": 1, "negative": [0.5]}], "limit": 4});
        assert_eq!(discover_points(message), Ok(serde_json::from_value(rest).expect("a body")));
        let half = wire::ContextExamplePair { positive: example(Example::Id(id(1))), negative: None };
        let bad = wire::DiscoverPoints { context: vec![half], ..Default::default() };
        let error = discover_points(bad).expect_err("half a pair");
        assert_eq!(error.to_string(), "context[0].negative: required, but not given");
    }

    #[test]
    fn groups_are_those_of_rest() {
        let with_lookup = Some(wire::WithLookup { collection: "other".to_owned(), ..Default::default() });
        let message = wire::SearchPointGroups {
            vector: vec![0.5],
            limit: 3,
            group_by: "k".to_owned(),
            group_size: 2,
            with_lookup: with_lookup.clone(),
            ..Default::default()
        };
        let rest =
            json!({"vector": [0.5], "limit": 3, "group_by": "k", "group_size": 2, "with_lookup": "other"});
        assert_eq!(search_point_groups(message), Ok(serde_json::from_value(rest).expect("a body")));
        let message = wire::RecommendPointGroups {
            positive: vec![id(1)],
            limit: 3,
            group_by: "k".to_owned(),
            group_size: 2,
            with_lookup,
            ..Default::default()
        };
        let rest =
            json!({"positive": [1], "limit": 3, "group_by": "k", "group_size": 2, "with_lookup": "other"});
        assert_eq!(recommend_point_groups(message), Ok(serde_json::from_value(rest).expect("a body")));
    }
}
