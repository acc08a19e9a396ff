//! Queries with filters in an indexed collection: every stage looks among points that pass, and finds as many as it is asked for.

#[path = "support/sets.rs"]
mod sets;

use nigh::{
    Collection, Condition, ContextPair, Database, Direction, Expression, Filter, Formula, Fusion,
    MatrixRequest, Metric, OrderBy, Payload, Plan, Point, Prefetch, Query, QueryRequest, Range,
    RecommendStrategy, SearchRequest,
};
use serde_json::json;
use sets::*;
use std::collections::BTreeSet;

const DIM: usize = 16;
const COUNT: u64 = 4000;

/// Points 0..4000, half of them in a segment with a graph, most of the others in one without; `rank` is a permutation.
fn filled(db: &Database) -> (Collection, Rows) {
    let (rows, queries) = clustered(31, DIM, 20, 0.7, COUNT as usize, 20);
    let points = db.create_collection("points", &config(vector(DIM, Metric::Euclid))).expect("create");
    let write = |ids: std::ops::Range<u64>| {
        let point = |id: u64| {
            let payload = Payload::from_json(json!({"rank": rank(id), "odd": id % 2 == 1}));
            Point::new(id, rows[id as usize].clone()).with_payload(payload.expect("an object"))
        };
        points.upsert(ids.map(point)).expect("upsert");
    };
    write(0..2000);
    points.optimize().expect("optimize");
    write(2000..3500);
    points.checkpoint().expect("checkpoint");
    write(3500..COUNT);
    (points, queries)
}

fn rank(id: u64) -> u64 {
    id * 1789 % COUNT
}

/// The filter that so many points pass.
fn first(count: u64) -> Filter {
    Condition::range("rank", Range::new().lt(count)).into()
}

fn ids(points: &Collection, request: &QueryRequest) -> Vec<u64> {
    points.query(request).expect("query").iter().map(|point| number(point.id)).collect()
}

#[test]
fn a_query_of_one_vector_is_a_search() {
    let db = database();
    let (points, queries) = filled(&db);
    for count in [COUNT, COUNT / 3, COUNT / 100, 3, 0] {
        for query in &queries {
            let asked = QueryRequest::nearest(query.clone()).filter(first(count)).limit(20);
            let (found, explain) = points.query_explained(&asked).expect("query");
            let search = SearchRequest::new(query.clone()).filter(first(count)).limit(20);
            let (hits, as_search) = points.search_explained(&search).expect("search");
            let pairs: Vec<_> = found.iter().map(|point| (point.id, -point.score)).collect();
            assert_eq!(pairs, hits.iter().map(|hit| (hit.id, hit.score)).collect::<Vec<_>>());
            let how = |explain: &nigh::Explain| -> Vec<_> {
                explain.segments.iter().map(|s| (s.plan, s.matched, s.distances)).collect()
            };
            assert_eq!(how(&explain), how(&as_search));
            assert_eq!(found.len() as u64, count.min(20));
        }
    }
}

#[test]
fn legs_find_as_many_as_they_are_asked_for() {
    let db = database();
    let (points, queries) = filled(&db);
    let near = |i: usize| Prefetch::nearest(queries[i].clone()).limit(15);
    let odd = Condition::matches("odd", true);
    let inner =
        Prefetch::new(Query::Fusion(Fusion::Dbsf)).prefetch(near(0)).prefetch(near(1)).filter(odd.clone());
    let request = QueryRequest::new(Query::Fusion(Fusion::RRF))
        .prefetch(inner.limit(15))
        .prefetch(near(2).exact(true))
        .prefetch(near(3).filter(odd))
        .filter(first(200))
        .limit(100);
    let (found, explain) = points.query_explained(&request).expect("query");
    assert!(found.iter().all(|point| rank(number(point.id)) < 200), "{found:?}");
    let narrow = |leg: usize| found.iter().filter(move |point| point.legs.iter().any(|of| of.leg == leg));
    assert!(narrow(0).chain(narrow(2)).all(|point| number(point.id) % 2 == 1));
    assert!(narrow(1).any(|point| number(point.id).is_multiple_of(2)), "a leg's filter is its own");
    let leaves = explain.legs[0].legs.iter().chain(&explain.legs[1..]);
    for leaf in leaves {
        assert_eq!(leaf.found, 15, "{leaf:?}");
        let plans: Vec<Plan> = leaf.segments.iter().map(|segment| segment.plan).collect();
        assert!(plans.len() == 3 && !plans.contains(&Plan::Graph), "{leaf:?}");
    }
    let matched =
        |leg: usize| explain.legs[leg].segments.iter().filter_map(|segment| segment.matched).sum::<u64>();
    assert_eq!(
        (matched(1), matched(2)),
        (200, (0..COUNT).filter(|id| rank(*id) < 200 && id % 2 == 1).count() as u64)
    );
}

#[test]
fn examples_are_compared_with_points_that_pass() {
    let db = database();
    let (points, queries) = filled(&db);
    let of = |i: usize| queries[i].clone();
    for query in [
        Query::recommend(RecommendStrategy::AverageVector, [of(0)], [of(1)]),
        Query::recommend(RecommendStrategy::BestScore, [of(0), of(2)], [of(1)]),
        Query::recommend(RecommendStrategy::SumScores, Rows::new(), [of(1)]),
        Query::discover(of(3), [ContextPair::new(of(4), of(5))]),
        Query::Context(vec![ContextPair::new(of(4), of(5))]),
        Query::mmr(of(6), 0.5),
    ] {
        for count in [COUNT / 2, 100, 4] {
            let request = QueryRequest::new(query.clone()).filter(first(count)).limit(10);
            let found = points.query(&request).expect("query");
            assert!(found.iter().all(|point| rank(number(point.id)) < count), "{query:?}: {found:?}");
            assert_eq!(found.len() as u64, count.min(10), "{query:?}");
            let truth = points.query(&request.exact(true)).expect("query");
            let same = found.iter().filter(|point| truth.iter().any(|other| other.id == point.id)).count();
            assert!(same * 10 >= truth.len() * 8, "{query:?}, {count} pass: {same} of {}", truth.len());
        }
    }
}

#[test]
fn points_without_scores() {
    let db = database();
    let (points, _) = filled(&db);
    let passing = |count: u64| -> Vec<u64> { (0..COUNT).filter(|id| rank(*id) < count).collect() };
    let scroll = QueryRequest::new(Query::Scroll).filter(first(300));
    assert_eq!(ids(&points, &scroll.clone().limit(1000)), passing(300));
    assert_eq!(ids(&points, &scroll.offset(5).limit(20)), passing(300)[5..25]);
    let order = OrderBy::number("rank").expect("a path").direction(Direction::Descending);
    let ordered = QueryRequest::new(Query::OrderBy(order)).filter(first(30)).limit(40);
    let ranks: Vec<u64> = ids(&points, &ordered).into_iter().map(rank).collect();
    assert_eq!(ranks, (0..30).rev().collect::<Vec<_>>());
    for (count, limit) in [(1000, 50), (40, 50), (0, 5)] {
        let sample =
            |seed| ids(&points, &QueryRequest::new(Query::Sample { seed }).filter(first(count)).limit(limit));
        let drawn: BTreeSet<u64> = sample(7).into_iter().collect();
        assert_eq!(drawn.len(), limit.min(count as usize));
        assert!(drawn.iter().all(|id| rank(*id) < count));
        assert_eq!(sample(7), sample(7));
        assert!(count < 1000 || sample(7) != sample(8));
    }
    let matrix = MatrixRequest::new(1).sample(12).filter(first(60));
    let matrix = points.distance_matrix(&matrix).expect("a matrix");
    assert_eq!(matrix.ids.len(), 12);
    assert!(matrix.ids.iter().all(|id| rank(number(*id)) < 60));
}

#[test]
fn a_condition_is_one_or_nothing() {
    let db = database();
    let (points, queries) = filled(&db);
    let odd = Expression::condition(Condition::matches("odd", true));
    let early = Expression::condition(Filter::new().must(first(2000)).must_not(Condition::has_id([0u64])));
    let request = QueryRequest::new(Query::Formula(Formula::new(2.0 * odd + early)))
        .prefetch(Prefetch::nearest(queries[0].clone()).limit(500))
        .limit(500);
    let found = points.query(&request).expect("query");
    assert_eq!(found.len(), 500);
    for point in found {
        let id = number(point.id);
        let expected =
            2.0 * f32::from(u8::from(id % 2 == 1)) + f32::from(u8::from(rank(id) < 2000 && id != 0));
        assert_eq!(point.score, expected, "{id}");
    }
}
