//! Legs of one query: they see one moment while points are written, and the answer and its explanation tell of each.

#[path = "support/sets.rs"]
mod sets;

use nigh::{Fusion, LegScore, Metric, Plan, Prefetch, Query, QueryRequest, SearchRequest};
use sets::*;
use std::sync::atomic::{AtomicBool, Ordering};

const DIM: usize = 8;

#[test]
fn legs_see_one_moment() {
    let db = options()
        .search_threads(4)
        .vfs(std::sync::Arc::new(nigh::io::SimVfs::new()))
        .open("/db")
        .expect("open");
    let points = db.create_collection("points", &config(vector(DIM, Metric::Euclid))).expect("create");
    let rows = clustered(2, DIM, 4, 1.0, 400, 1).0;
    upsert(&points, 0, &rows);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0;
            while !done.load(Ordering::Relaxed) {
                round += 1;
                upsert(&points, round * 7 % 400, &rows[..40]);
                delete(&points, [round * 13 % 400]);
            }
        });
        let leg = Prefetch::nearest(rows[3].clone()).limit(300);
        let request = (0..6)
            .fold(QueryRequest::new(Query::Fusion(Fusion::RRF)), |r, _| r.prefetch(leg.clone()))
            .limit(300);
        for _ in 0..200 {
            let found = points.query(&request).expect("query");
            for point in &found {
                let first = point.legs[0];
                assert_eq!(point.legs.len(), 6);
                assert!(
                    point.legs.iter().all(|leg| (leg.rank, leg.score) == (first.rank, first.score)),
                    "{point:?}"
                );
            }
        }
        done.store(true, Ordering::Relaxed);
    });
}

#[test]
fn points_tell_where_they_stood() {
    let db = database();
    let points = db.create_collection("points", &config(vector(1, Metric::Manhattan))).expect("create");
    upsert(&points, 0, &[vec![0.0], vec![1.0], vec![2.0], vec![4.0]]);
    let request = QueryRequest::new(Query::Fusion(Fusion::rrf(61.0)))
        .prefetch(Prefetch::nearest([0.0]).limit(2))
        .prefetch(Prefetch::nearest([1.5]).limit(3));
    let found = points.query(&request).expect("query");
    let leg = |leg, rank, score| LegScore { leg, rank, score };
    let told: Vec<_> = found.iter().map(|p| (number(p.id), p.score, p.legs.clone())).collect();
    let expected = [
        (1, (1.0 / 62.0 + 1.0 / 61.0f64) as f32, vec![leg(0, 1, 1.0), leg(1, 0, 0.5)]),
        (0, (1.0 / 61.0 + 1.0 / 63.0f64) as f32, vec![leg(0, 0, 0.0), leg(1, 2, 1.5)]),
        (2, 1.0 / 62.0, vec![leg(1, 1, 0.5)]),
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_order_of_legs_changes_nothing() {
    let db = database();
    let points = db.create_collection("points", &config(vector(2, Metric::Euclid))).expect("create");
    let grid = (0..49).map(|i| vec![(i % 7) as f32, (i / 7) as f32]).collect::<Rows>();
    upsert(&points, 0, &grid);
    let centres = [[0.5, 0.5], [6.0, 2.0], [3.0, 3.0], [1.0, 5.5]];
    let fuse = |fusion: &dyn Fn(Vec<f32>) -> Fusion, order: &[usize]| {
        // Halves and quarters: weights whose products are exact.
        let weights = order.iter().map(|leg| [1.0, 0.5, 2.0, 0.25][*leg]).collect();
        let legs = order.iter().map(|leg| Prefetch::nearest(centres[*leg]).limit(20));
        let request = legs.fold(QueryRequest::new(Query::Fusion(fusion(weights))), QueryRequest::prefetch);
        let found = points.query(&request.limit(60)).expect("query");
        found.iter().map(|point| (number(point.id), point.score)).collect::<Vec<_>>()
    };
    let fusions: [&dyn Fn(Vec<f32>) -> Fusion; 4] = [
        &|_| Fusion::RRF,
        &|weights| Fusion::rrf(61.0).weights(weights),
        &|weights| Fusion::WeightedSum { weights },
        &|_| Fusion::Dbsf,
    ];
    for fusion in fusions {
        let expected = fuse(fusion, &[0, 1, 2, 3]);
        assert!(
            expected.windows(2).all(|w| w[0].1 > w[1].1 || (w[0].1 == w[1].1 && w[0].0 < w[1].0)),
            "{expected:?}"
        );
        assert!(expected.windows(2).any(|w| w[0].1 == w[1].1), "the grid has ties");
        for order in [[3, 2, 1, 0], [1, 3, 0, 2], [2, 0, 3, 1], [0, 1, 3, 2]] {
            assert_eq!(fuse(fusion, &order), expected, "{order:?}");
        }
    }
}

#[test]
fn explanations_are_trees() {
    let db = database();
    let (rows, queries) = clustered(9, DIM, 10, 0.8, 600, 2);
    let points = indexed(&db, "points", vector(DIM, Metric::Cosine), &rows);
    let near = |i: usize| Prefetch::nearest(queries[i].clone());
    let inner = Prefetch::new(Query::Fusion(Fusion::Dbsf))
        .prefetch(near(0).limit(20))
        .prefetch(near(1).limit(20))
        .limit(7);
    let request = QueryRequest::nearest(queries[0].clone())
        .prefetch(inner)
        .prefetch(near(0).exact(true).limit(9))
        .limit(3);
    let (found, explain) = points.query_explained(&request).expect("query");
    assert_eq!(found, points.query(&request).expect("query"));
    assert!(explain.segments.is_empty(), "the root searches nothing by itself");
    assert!((9..=16).contains(&explain.candidates), "{explain:?}");
    let told: Vec<_> = explain.legs.iter().map(|leg| (leg.query, leg.found, leg.legs.len())).collect();
    assert_eq!(told, [("fusion", 7, 2), ("nearest", 9, 0)]);
    let plans: Vec<_> =
        explain.legs[0].legs.iter().chain(&explain.legs[1..]).map(|leg| leg.segments[0].plan).collect();
    assert_eq!(plans, [Plan::Graph, Plan::Graph, Plan::Scan]);
    assert!((20..=40).contains(&explain.legs[0].candidates));
    let (alone, plain) = points.query_explained(&QueryRequest::nearest(queries[0].clone())).expect("query");
    assert_eq!((plain.segments.len(), plain.candidates, plain.legs.len()), (1, 0, 0));
    assert_eq!(alone, points.search(&SearchRequest::new(queries[0].clone())).expect("search"), "as a search");
}
