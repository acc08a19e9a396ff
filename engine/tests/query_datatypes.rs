//! Queries over vectors stored as f16 and u8 answer as those over f32 do, where the values are the same.

#[path = "support/sets.rs"]
mod sets;

use nigh::{
    Collection, ContextPair, Datatype, MatrixRequest, Metric, Prefetch, Query, QueryRequest,
    RecommendStrategy,
};
use sets::*;

const DIM: usize = 5;

fn rows() -> Rows {
    // Odd steps: the first sixteen rows differ everywhere.
    (0..60).map(|i| (0..DIM).map(|d| ((i * (7 + 4 * d) + d * d) % 16) as f32).collect()).collect()
}

fn requests() -> Vec<QueryRequest> {
    let v = |i: usize| -> Vec<f32> { rows()[i].iter().rev().copied().collect() };
    let pair = |a, b| ContextPair::new(v(a), v(b));
    let queries = [
        Query::nearest(v(1)),
        Query::nearest(vec![0.5; DIM]),
        Query::Mmr { nearest: v(2).into(), diversity: 0.4, candidates: Some(30) },
        Query::recommend(RecommendStrategy::AverageVector, [v(3), v(4)], [v(5)]),
        Query::recommend(RecommendStrategy::BestScore, [v(3), v(4)], [v(5)]),
        Query::recommend(RecommendStrategy::SumScores, [v(3), v(4)], [v(5)]),
        Query::discover(v(6), [pair(7, 8), pair(9, 10)]),
        Query::Context(vec![pair(11, 12), pair(13, 14)]),
    ];
    let alone = queries.iter().map(|query| QueryRequest::new(query.clone()).limit(20));
    let leg = Prefetch::nearest(v(15)).limit(25);
    let within = queries.iter().map(|query| QueryRequest::new(query.clone()).prefetch(leg.clone()).limit(20));
    alone.chain(within).collect()
}

fn scores(points: &Collection, request: &QueryRequest) -> Vec<(u64, f32)> {
    points.query(request).expect("query").iter().map(|point| (number(point.id), point.score)).collect()
}

#[test]
fn answers_do_not_depend_on_how_vectors_are_stored() {
    for metric in [Metric::Dot, Metric::Euclid, Metric::Manhattan, Metric::Cosine] {
        let db = database();
        let create = |name: &str, datatype| {
            let config = config(vector(DIM, metric).with_datatype(datatype));
            let points = db.create_collection(name, &config).expect("create");
            upsert(&points, 1000, &rows()[..30]);
            points.checkpoint().expect("checkpoint");
            upsert(&points, 1030, &rows()[30..]);
            points
        };
        let [plain, half, bytes] = [("f32", Datatype::F32), ("f16", Datatype::F16), ("u8", Datatype::U8)]
            .map(|(name, d)| create(name, d));
        for (i, request) in requests().iter().enumerate() {
            let expected = scores(&plain, request);
            assert!(!expected.is_empty());
            for (points, room) in [(&half, 2e-3), (&bytes, 1e-5)] {
                let got = scores(points, request);
                match metric {
                    Metric::Cosine => {
                        // Lengths are rounded otherwise: points of nearly equal score may change places.
                        assert_eq!(got.len(), expected.len());
                        let close = got.iter().zip(&expected).all(|(a, b)| (a.1 - b.1).abs() <= room);
                        let is_ranking = !(i % 8 == 2 || i % 8 == 6 || i % 8 == 7);
                        assert!(
                            close || !is_ranking,
                            "request {i} of {metric:?}:\n{got:?}, not\n{expected:?}"
                        );
                    }
                    _ => assert_eq!(got, expected, "request {i} of {metric:?}"),
                }
            }
        }
        if metric != Metric::Cosine {
            let matrix =
                |points: &Collection| points.distance_matrix(&MatrixRequest::new(3)).expect("matrix");
            assert_eq!(matrix(&half), matrix(&plain));
            assert_eq!(matrix(&bytes), matrix(&plain));
        }
    }
}
