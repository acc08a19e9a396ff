//! Queries come to the same by both wires.

use super::super::values::point_id_message;
use super::*;
use nigh_api::PointId;
use serde_json::{Value, json};
use wire::vector_input::Variant as Input;

fn input(variant: Input) -> Option<wire::VectorInput> {
    Some(wire::VectorInput { variant: Some(variant) })
}

fn id(num: u64) -> Option<wire::VectorInput> {
    input(Input::Id(point_id_message(PointId::Num(num))))
}

fn dense() -> wire::DenseVector {
    wire::DenseVector { data: vec![0.5, 1.0] }
}

fn pairs() -> wire::ContextInput {
    let negative = input(Input::Dense(dense()));
    wire::ContextInput { pairs: vec![wire::ContextInputPair { positive: id(1), negative }] }
}

fn of(variant: Variant) -> wire::Query {
    wire::Query { variant: Some(variant) }
}

fn same(variant: Variant, rest: Value) {
    let read: Query = serde_json::from_value(rest.clone()).expect("a query");
    assert_eq!(query(of(variant)), Ok(read), "{rest}");
}

#[test]
fn every_input() {
    let sparse = wire::SparseVector { values: vec![0.5], indices: vec![7] };
    let rows = wire::MultiDenseVector { vectors: vec![dense(), dense()] };
    let document = wire::Document { text: "t".into(), model: "bm25".into(), ..Default::default() };
    let value = || Some(super::super::values::value_message(json!("x")));
    let image = wire::Image { image: value(), model: "m".into(), ..Default::default() };
    let object = wire::InferenceObject { object: value(), model: "m".into(), ..Default::default() };
    for (input, rest) in [
        (Input::Id(point_id_message(PointId::Num(5))), json!(5)),
        (Input::Dense(dense()), json!([0.5, 1.0])),
        (Input::Sparse(sparse), json!({"indices": [7], "values": [0.5]})),
        (Input::MultiDense(rows), json!([[0.5, 1.0], [0.5, 1.0]])),
        (Input::Document(document), json!({"text": "t", "model": "bm25"})),
        (Input::Image(image), json!({"image": "x", "model": "m"})),
        (Input::Object(object), json!({"object": "x", "model": "m"})),
    ] {
        same(Variant::Nearest(wire::VectorInput { variant: Some(input) }), json!({"nearest": rest}));
    }
}

#[test]
fn every_query() {
    let pair = json!({"positive": 1, "negative": [0.5, 1.0]});
    let feedback = wire::RelevanceFeedbackInput {
        target: id(1),
        feedback: vec![wire::FeedbackItem { example: id(2), score: 0.5 }],
        strategy: Some(wire::FeedbackStrategy {
            variant: Some(wire::feedback_strategy::Variant::Naive(wire::NaiveFeedbackStrategy {
                a: 1.0,
                b: 2.0,
                c: 3.0,
            })),
        }),
    };
    let bm25 = wire::text_query::Scoring::Bm25(wire::Bm25Params { k: Some(1.5), b: None });
    let constant = wire::Expression { variant: Some(wire::expression::Variant::Constant(0.5)) };
    for (variant, rest) in [
        (
            Variant::NearestWithMmr(wire::NearestInputWithMmr {
                nearest: input(Input::Dense(dense())),
                mmr: Some(wire::Mmr { diversity: Some(0.25), candidates_limit: Some(50) }),
            }),
            json!({"nearest": [0.5, 1.0], "mmr": {"diversity": 0.25, "candidates_limit": 50}}),
        ),
        (
            Variant::Recommend(wire::RecommendInput {
                positive: id(1).into_iter().collect(),
                negative: input(Input::Dense(dense())).into_iter().collect(),
                strategy: Some(2),
            }),
            json!({"recommend": {"positive": [1], "negative": [[0.5, 1.0]], "strategy": "sum_scores"}}),
        ),
        (
            Variant::Discover(wire::DiscoverInput { target: id(3), context: Some(pairs()) }),
            json!({"discover": {"target": 3, "context": [pair]}}),
        ),
        (Variant::Context(pairs()), json!({"context": [pair]})),
        (
            Variant::OrderBy(wire::OrderBy { key: "k".into(), direction: Some(1), start_from: None }),
            json!({"order_by": {"key": "k", "direction": "desc"}}),
        ),
        (Variant::Fusion(0), json!({"fusion": "rrf"})),
        (Variant::Fusion(1), json!({"fusion": "dbsf"})),
        (
            Variant::Rrf(wire::Rrf { k: Some(60), weights: vec![1.0, 0.5] }),
            json!({"rrf": {"k": 60, "weights": [1.0, 0.5]}}),
        ),
        (Variant::Rrf(wire::Rrf::default()), json!({"rrf": {}})),
        (Variant::Sample(0), json!({"sample": "random"})),
        (
            Variant::Formula(wire::Formula { expression: Some(constant), ..Default::default() }),
            json!({"formula": 0.5}),
        ),
        (
            Variant::RelevanceFeedback(feedback),
            json!({"relevance_feedback": {"target": 1, "feedback": [{"example": 2, "score": 0.5}],
                "strategy": {"naive": {"a": 1.0, "b": 2.0, "c": 3.0}}}}),
        ),
        (Variant::Text(wire::TextQuery { query: "가".into(), scoring: None }), json!({"text": "가"})),
        (
            Variant::Text(wire::TextQuery { query: "가".into(), scoring: Some(bm25) }),
            json!({"text": {"query": "가", "scoring": {"bm25": {"k": 1.5}}}}),
        ),
    ] {
        same(variant, rest);
    }
}

#[test]
fn where_an_order_begins() {
    use wire::start_from::Value as Start;
    let moment = "2024-01-01T00:00:00Z";
    for (start, rest) in [
        (Start::Integer(5), json!(5)),
        (Start::Float(0.5), json!(0.5)),
        (Start::Timestamp(moment.parse().expect("a moment")), json!(moment)),
        (Start::Datetime("2024-01-01".into()), json!("2024-01-01")),
    ] {
        let start_from = Some(wire::StartFrom { value: Some(start) });
        let message = wire::OrderBy { key: "k".into(), direction: None, start_from };
        same(Variant::OrderBy(message), json!({"order_by": {"key": "k", "start_from": rest}}));
    }
}

#[test]
fn trees_of_stages() {
    let using = || Some("v".to_owned());
    let lookup = || {
        let collection_name = "other".to_owned();
        Some(wire::LookupLocation { collection_name, vector_name: None, shard_key_selector: None })
    };
    let params = || {
        Some(wire::SearchParams {
            hnsw_ef: Some(64),
            exact: Some(false),
            quantization: Some(wire::QuantizationSearchParams {
                ignore: Some(false),
                rescore: Some(true),
                oversampling: Some(2.5),
            }),
            indexed_only: Some(true),
            acorn: Some(wire::AcornSearchParams { enable: Some(true), max_selectivity: Some(0.25) }),
            idf: Some(wire::IdfParams { corpus: None }),
        })
    };
    let params_rest = json!({"hnsw_ef": 64, "exact": false, "indexed_only": true,
        "quantization": {"ignore": false, "rescore": true, "oversampling": 2.5},
        "acorn": {"enable": true, "max_selectivity": 0.25}});
    let inner =
        wire::PrefetchQuery { query: Some(of(Variant::Sample(0))), limit: Some(100), ..Default::default() };
    let stage = || wire::PrefetchQuery {
        prefetch: vec![inner.clone()],
        query: Some(of(Variant::Nearest(id(1).expect("an input")))),
        using: using(),
        filter: Some(wire::Filter::default()),
        params: params(),
        score_threshold: Some(0.5),
        limit: Some(20),
        lookup_from: lookup(),
    };
    let stage_rest = json!({"prefetch": [{"query": {"sample": "random"}, "limit": 100}],
        "query": {"nearest": 1}, "using": "v", "filter": {}, "params": params_rest, "score_threshold": 0.5,
        "limit": 20, "lookup_from": {"collection": "other"}});
    let message = wire::QueryPoints {
        collection_name: "c".to_owned(),
        prefetch: vec![stage()],
        query: Some(of(Variant::Fusion(0))),
        using: using(),
        params: params(),
        score_threshold: Some(0.25),
        limit: Some(3),
        offset: Some(1),
        lookup_from: lookup(),
        timeout: Some(3),
        ..Default::default()
    };
    let rest = json!({"prefetch": [stage_rest], "query": {"fusion": "rrf"}, "using": "v",
        "params": params_rest, "score_threshold": 0.25, "limit": 3, "offset": 1,
        "lookup_from": {"collection": "other"}});
    assert_eq!(query_points(message), Ok(serde_json::from_value(rest).expect("a body")));

    let enable = wire::with_vectors_selector::SelectorOptions::Enable(true);
    let message = wire::QueryPointGroups {
        prefetch: vec![stage()],
        query: Some(of(Variant::Fusion(1))),
        limit: Some(4),
        group_by: "k".to_owned(),
        group_size: Some(2),
        with_lookup: Some(wire::WithLookup {
            collection: "other".to_owned(),
            with_payload: None,
            with_vectors: Some(wire::WithVectorsSelector { selector_options: Some(enable) }),
        }),
        ..Default::default()
    };
    let rest = json!({"prefetch": [stage_rest], "query": {"fusion": "dbsf"}, "limit": 4, "group_by": "k",
        "group_size": 2, "with_lookup": {"collection": "other", "with_vectors": true}});
    assert_eq!(query_point_groups(message), Ok(serde_json::from_value(rest).expect("a body")));
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    let corpus = Some(wire::Filter::default());
    let idf = Some(wire::IdfParams { corpus });
    let query_of = |query| wire::QueryPoints { query: Some(query), ..Default::default() };
    let discover = wire::DiscoverInput { target: None, context: Some(pairs()) };
    let mmr = wire::NearestInputWithMmr { nearest: id(1), mmr: None };
    let half = wire::ContextInputPair { positive: id(1), negative: None };
    let bad_stage = wire::PrefetchQuery { query: Some(of(Variant::Fusion(5))), ..Default::default() };
    let order = wire::OrderBy { key: "k".to_owned(), direction: Some(4), start_from: None };
    for (message, expected) in [
        (query_of(wire::Query { variant: None }), "query.variant: required, but not given"),
        (
            query_of(of(Variant::Nearest(wire::VectorInput { variant: None }))),
            "query.nearest.variant: required, but not given",
        ),
        (query_of(of(Variant::Discover(discover))), "query.discover.target: required, but not given"),
        (query_of(of(Variant::NearestWithMmr(mmr))), "query.nearest_with_mmr.mmr: required, but not given"),
        (
            query_of(of(Variant::Context(wire::ContextInput { pairs: vec![half] }))),
            "query.context.pairs[0].negative: required, but not given",
        ),
        (query_of(of(Variant::Fusion(2))), "query.fusion: unknown value 2 of an enumeration"),
        (query_of(of(Variant::Sample(1))), "query.sample: unknown value 1 of an enumeration"),
        (
            query_of(of(Variant::OrderBy(order))),
            "query.order_by.direction: unknown value 4 of an enumeration",
        ),
        (
            wire::QueryPoints {
                prefetch: vec![wire::PrefetchQuery { prefetch: vec![bad_stage], ..Default::default() }],
                ..Default::default()
            },
            "prefetch[0].prefetch[0].query.fusion: unknown value 5 of an enumeration",
        ),
        (
            wire::QueryPoints {
                params: Some(wire::SearchParams { idf, ..Default::default() }),
                ..Default::default()
            },
            "params.idf.corpus: counting words in a part of a collection is not supported",
        ),
    ] {
        assert_eq!(query_points(message).expect_err(expected).to_string(), expected);
    }
}
