//! What cannot be asked is refused, with the field that is wrong, before anything is searched.

#[path = "support/sets.rs"]
mod sets;

use nigh::{
    CancelToken, Collection, CollectionConfig, Condition, ContextPair, Database, Decay, Effort, Error,
    ErrorKind, Expression, Filter, Formula, Fusion, GeoPoint, MatrixRequest, Metric, OrderBy, Point,
    Prefetch, Quantization, Query, QueryRequest, RecommendStrategy, VectorConfig,
};
use serde_json::json;
use sets::database;
use std::time::Duration;

fn filled(db: &Database) -> Collection {
    let config = CollectionConfig::new()
        .with_vector("text", VectorConfig::new(2, Metric::Cosine))
        .with_vector("image", VectorConfig::new(3, Metric::Euclid));
    let points = db.create_collection("points", &config).expect("create");
    let point = |id: u64| Point::without_vectors(id).with_vector("text", [id as f32, 1.0]);
    points.upsert((1..=5).map(point)).expect("upsert");
    points
}

fn text(query: Query) -> Prefetch {
    Prefetch::new(query).using("text")
}

fn formula(expression: impl Into<Expression>) -> QueryRequest {
    QueryRequest::new(Query::Formula(Formula::new(expression))).prefetch(text(Query::nearest([1.0, 2.0])))
}

fn nested(depth: usize) -> QueryRequest {
    let leaf = text(Query::nearest([1.0, 2.0]));
    let deep = (1..depth).fold(leaf, |inner, _| text(Query::nearest([1.0, 2.0])).prefetch(inner));
    QueryRequest::from(text(Query::nearest([1.0, 2.0])).prefetch(deep))
}

#[test]
fn bad_requests_name_their_field() {
    let db = database();
    let points = filled(&db);
    let near = || text(Query::nearest([1.0, 2.0]));
    let request = |prefetch: Prefetch| QueryRequest::from(prefetch);
    let fusion = |fusion: Fusion| QueryRequest::new(Query::Fusion(fusion)).prefetch(near());
    let mmr = |diversity, candidates| Query::Mmr { nearest: [1.0, 2.0].into(), diversity, candidates };
    let bad = || Filter::new().must_not(Condition::is_empty("a b"));
    let none: [f32; 0] = [];
    let x = || Expression::score(0);
    let decay = Decay::gauss(Expression::score(0));
    let no_input: [u64; 0] = [];
    let cases = [
        (request(near().limit(0)), "limit"),
        (request(near().limit(10_001)), "limit"),
        (request(near().limit(10_000)).offset(90_001), "offset + limit"),
        (request(near()).prefetch(near().limit(0)), "prefetch[0].limit"),
        (
            request(near().prefetch(near()).prefetch(near().prefetch(near().limit(0)))),
            "prefetch[1].prefetch[0].limit",
        ),
        (request(near().effort(Effort::Ef(0))), "effort.ef"),
        (
            request(near().quantization(Quantization { oversampling: 0.5, ..Quantization::default() })),
            "quantization.oversampling",
        ),
        (request(near().score_threshold(f32::NAN)), "score_threshold"),
        (QueryRequest::new(Query::Scroll).score_threshold(1.0), "score_threshold"),
        (
            QueryRequest::new(Query::OrderBy(OrderBy::number("a").expect("a path"))).score_threshold(1.0),
            "score_threshold",
        ),
        (QueryRequest::new(Query::Scroll).prefetch(near()), "query"),
        (QueryRequest::new(Query::Fusion(Fusion::RRF)), "query"),
        (QueryRequest::new(Query::Formula(Formula::new(1.0))), "query"),
        (fusion(Fusion::Dbsf).using("text"), "using"),
        (fusion(Fusion::rrf(0.5)), "query.k"),
        (fusion(Fusion::rrf(f32::NAN)), "query.k"),
        (fusion(Fusion::RRF.weights([1.0, 2.0])), "query.weights"),
        (fusion(Fusion::RRF.weights([f32::INFINITY])), "query.weights[0]"),
        (fusion(Fusion::WeightedSum { weights: vec![1.0; 3] }), "query.weights"),
        (request(text(mmr(1.1, None))), "query.mmr.diversity"),
        (request(text(mmr(f32::NAN, None))), "query.mmr.diversity"),
        (request(text(mmr(0.5, Some(16_385)))), "query.mmr.candidates"),
        (request(text(Query::recommend(RecommendStrategy::AverageVector, no_input, [1]))), "query.positive"),
        (request(text(Query::recommend(RecommendStrategy::BestScore, no_input, no_input))), "query.positive"),
        (request(text(Query::Context(Vec::new()))), "query.context"),
        (request(text(Query::nearest([1.0]))), "vector"),
        (request(text(Query::nearest(none))), "vector"),
        (request(text(Query::nearest([1.0, f32::NAN]))), "vector[1]"),
        (request(near()).prefetch(text(Query::nearest([1.0]))), "vector"),
        (request(text(Query::discover([1.0, 2.0], [ContextPair::new([1.0], 1)]))), "vector"),
        (formula(f64::NAN), "query"),
        (formula(Expression::max([0.0; 0])), "query"),
        (formula(x().divided_or(x(), f64::INFINITY)), "query"),
        (formula(decay.clone().scale(0.0)), "query.scale"),
        (formula(decay.clone().scale(f64::NAN)), "query.scale"),
        (formula(decay.clone().midpoint(1.0)), "query.midpoint"),
        (formula(Decay::linear(x()).midpoint(1.5)), "query.midpoint"),
        (formula(1.0 + Expression::from(decay.midpoint(0.0))), "query.midpoint"),
        (formula(Expression::metres_from(GeoPoint::new(0.0, 91.0), "a").expect("a path")), "query.origin"),
        (request(near().filter(Condition::is_empty("a."))), "filter.must[0].key"),
        (QueryRequest::new(Query::Scroll).filter(Condition::slice(1, 1)), "filter.must[0].slice"),
        (
            request(near().prefetch(near()).prefetch(near().filter(bad()))),
            "prefetch[1].filter.must_not[0].key",
        ),
        (fusion(Fusion::RRF).filter(bad()), "filter.must_not[0].key"),
        (formula(1.0 + Expression::condition(bad())), "query.condition.must_not[0].key"),
        (
            QueryRequest::new(Query::OrderBy(OrderBy::number("a").expect("a path").start_from(f64::NAN))),
            "query.start_from",
        ),
        (formula((x() - 100.0).ln()), "formula"),
        (formula(x() / 0.0), "formula"),
        (formula(Expression::payload("a.b").expect("a path")), "formula, payload at a.b"),
        (formula(Expression::from(1e30) * 1e30), "formula"),
    ];
    for (request, field) in cases {
        match points.query(&request) {
            Err(Error::Invalid { field: got, .. }) => assert_eq!(got, field, "{request:?}"),
            other => panic!("expected a wrong {field}, got {other:?}\n{request:?}"),
        }
        let batch = points.query_batch(vec![request]).expect("open");
        assert_eq!(batch[0].as_ref().expect_err("as alone").kind(), ErrorKind::InvalidArgument);
    }
}

#[test]
fn what_does_not_exist() {
    let db = database();
    let points = filled(&db);
    let other = db
        .create_collection("other", &CollectionConfig::single(VectorConfig::new(2, Metric::Dot)))
        .expect("create");
    let message = |request: QueryRequest| {
        let error = points.query(&request).expect_err("nothing there");
        assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
        error.to_string()
    };
    let near = |id: u64| text(Query::nearest(id));
    assert_eq!(message(near(9).into()), "No point with id 9 found");
    assert_eq!(
        message(QueryRequest::new(Query::Fusion(Fusion::RRF)).prefetch(near(7))),
        "No point with id 7 found"
    );
    assert_eq!(message(near(1).lookup_from(&other).lookup_vector("").into()), "No point with id 1 found");
    assert_eq!(message(near(1).using("image").into()), "vector \"image\" of point 1 does not exist");
    assert_eq!(
        message(near(1).using("sound").into()),
        "vector \"sound\" of collection \"points\" does not exist"
    );
    assert_eq!(
        message(near(1).lookup_vector("sound").into()),
        "vector \"sound\" of collection \"points\" does not exist"
    );
    db.drop_collection("other").expect("drop");
    let closed = points.query(&near(1).lookup_from(&other).into()).expect_err("dropped");
    assert_eq!(closed.kind(), ErrorKind::Closed);
    let error = points.distance_matrix(&MatrixRequest::new(1)).expect_err("no unnamed vector");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}

#[test]
fn names_and_texts_that_are_none() {
    for bad in
        ["$", "$scores", "$score[", "$score[-1]", "$score[1][2]", "$score[99999999999999999999]", "", "a..b"]
    {
        assert!(Expression::variable(bad).is_err(), "{bad}");
        assert!(Formula::new(1.0).with_default(bad, 1).is_err(), "{bad}");
    }
    assert!(Expression::datetime("yesterday").is_err());
    assert!(OrderBy::number("a b").is_err());
}

#[test]
fn trees_and_formulas_have_an_end() {
    let db = database();
    let points = filled(&db);
    assert_eq!(points.query(&nested(64)).expect("64 levels").len(), 5);
    let too_large = |request: &QueryRequest| points.query(request).expect_err("too large").kind();
    assert_eq!(too_large(&nested(65)), ErrorKind::TooLarge);
    let wide = (0..1001).fold(Prefetch::new(Query::Fusion(Fusion::RRF)), |root, _| {
        root.prefetch(text(Query::nearest([1.0, 2.0])))
    });
    assert_eq!(too_large(&wide.into()), ErrorKind::TooLarge);
    let tall = |depth: usize| formula((1..depth).fold(Expression::score(0), |inner, _| -inner));
    assert_eq!(points.query(&tall(64)).expect("64 levels").len(), 5);
    assert_eq!(too_large(&tall(65)), ErrorKind::TooLarge);
    assert_eq!(too_large(&formula(Expression::sum(vec![1.0; 10_000]))), ErrorKind::TooLarge);
    let many = Query::recommend(RecommendStrategy::SumScores, vec![1u64; 1001], [1]);
    assert_eq!(too_large(&text(many).into()), ErrorKind::TooLarge);
}

#[test]
fn a_query_can_be_stopped() {
    let db = database();
    let points = filled(&db);
    let request = formula(1.0);
    let token = CancelToken::new();
    token.cancel();
    let stopped = |request: &QueryRequest| points.query(request).expect_err("stopped");
    assert!(matches!(stopped(&request.clone().cancel(&token)), Error::Cancelled));
    assert!(matches!(stopped(&request.timeout(Duration::ZERO)), Error::Timeout { .. }));
    let filtered = QueryRequest::new(Query::Scroll).filter(Condition::is_null("a")).cancel(&token);
    assert!(matches!(stopped(&filtered), Error::Cancelled));
    let matrix = MatrixRequest::new(1).using("text");
    assert!(matches!(points.distance_matrix(&matrix.clone().cancel(&token)), Err(Error::Cancelled)));
    for (bad, field) in [
        (matrix.clone().sample(1), "sample"),
        (matrix.clone().limit(0), "limit"),
        (matrix.sample(10_001), "limit"),
    ] {
        match points.distance_matrix(&bad) {
            Err(Error::Invalid { field: got, .. }) => assert_eq!(got, field),
            other => panic!("expected a wrong {field}, got {other:?}"),
        }
    }
}

#[test]
fn values_that_a_formula_cannot_use() {
    let db = database();
    let points = filled(&db);
    let payload = json!({"two": [1, 2], "text": "3", "null": null, "one": [4], "moment": "2024-01-01", "day": "Monday"});
    let payload = nigh::Payload::from_json(payload).expect("an object");
    points.set_payload((1..=5u64).map(Into::into), payload).expect("set");
    let path = |path: &str| Expression::payload(path).expect("a path");
    assert_eq!(points.query(&formula(path("one"))).expect("a number")[0].score, 4.0);
    for bad in [path("two"), path("text"), path("null"), Expression::datetime_at("day").expect("a path")] {
        assert_eq!(points.query(&formula(bad)).expect_err("no number").kind(), ErrorKind::InvalidArgument);
    }
    let place = Expression::metres_from(GeoPoint::new(0.0, 0.0), "one").expect("a path");
    assert_eq!(points.query(&formula(place)).expect_err("no place").kind(), ErrorKind::InvalidArgument);
}
