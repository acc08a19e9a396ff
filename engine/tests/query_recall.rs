//! Recommendation, discovery and context scores over graphs: a walk by the scores themselves finds what a scan of all points finds.

#[path = "support/sets.rs"]
mod sets;

use nigh::{Collection, ContextPair, Metric, Plan, Query, QueryRequest, RecommendStrategy};
use sets::*;

const DIM: usize = 24;
const LIMIT: usize = 10;

fn queries(strategy: Option<RecommendStrategy>, vectors: &[Vec<f32>]) -> Vec<Query> {
    let of = |v: &[Vec<f32>]| match strategy {
        Some(strategy) => Query::recommend(strategy, v[..2].to_vec(), v[2..3].to_vec()),
        None => {
            let pairs =
                [ContextPair::new(v[1].clone(), v[2].clone()), ContextPair::new(v[3].clone(), v[4].clone())];
            Query::discover(v[0].clone(), pairs)
        }
    };
    vectors.chunks_exact(5).map(of).collect()
}

fn negatives(strategy: RecommendStrategy, vectors: &[Vec<f32>]) -> Vec<Query> {
    let of = |v: &[Vec<f32>]| Query::recommend(strategy, Rows::new(), v.to_vec());
    vectors.chunks_exact(3).map(of).collect()
}

/// Share of the best by a scan that the walk's hits are as good as.
fn recall(points: &Collection, plan: Plan, queries: Vec<Query>) -> f64 {
    let count = queries.len() as f64;
    let of = |query: Query| {
        let request = QueryRequest::new(query).limit(LIMIT);
        let (hits, explain) = points.query_explained(&request).expect("query");
        let plans: Vec<Plan> = explain.segments.iter().map(|segment| segment.plan).collect();
        assert_eq!(plans, [plan]);
        let pairs = |hits: Vec<nigh::ScoredPoint>| {
            hits.iter().map(|hit| (number(hit.id), hit.score)).collect::<Vec<_>>()
        };
        let truth = points.query(&request.exact(true)).expect("query");
        assert_eq!(hits.len(), LIMIT);
        share(&pairs(hits), &pairs(truth), LIMIT)
    };
    queries.into_iter().map(of).sum::<f64>() / count
}

#[test]
fn walks_find_what_scans_find() {
    for metric in [Metric::Cosine, Metric::Euclid, Metric::Dot] {
        let (rows, vectors) = clustered(7, DIM, 40, 0.7, 6000, 250);
        let db = database();
        let points = indexed(&db, "points", vector(DIM, metric), &rows);
        let context = vectors.chunks_exact(4).map(|v| {
            Query::Context(vec![
                ContextPair::new(v[0].clone(), v[1].clone()),
                ContextPair::new(v[2].clone(), v[3].clone()),
            ])
        });
        for (what, queries) in [
            ("best score", queries(Some(RecommendStrategy::BestScore), &vectors)),
            ("sum of scores", queries(Some(RecommendStrategy::SumScores), &vectors)),
            ("best score of nothing wanted", negatives(RecommendStrategy::BestScore, &vectors)),
            ("sum of nothing wanted", negatives(RecommendStrategy::SumScores, &vectors)),
            ("discover", queries(None, &vectors)),
            ("context", context.collect()),
        ] {
            // Those farthest from everything are no graph's business.
            let far = what.contains("nothing wanted") && metric == Metric::Euclid;
            let found = recall(&points, if far { Plan::Scan } else { Plan::GraphOnVectors }, queries);
            println!("{metric:?}, {what}: recall {found:.4}");
            assert!(found >= 0.95, "{metric:?}, {what}: recall {found}");
        }
    }
}

#[test]
fn named_points_are_left_out_and_the_answer_stays_full() {
    let (rows, _) = clustered(8, DIM, 10, 0.7, 2000, 0);
    let db = database();
    let points = indexed(&db, "points", vector(DIM, Metric::Euclid), &rows);
    for id in (0..2000u64).step_by(97) {
        let near = points.query(&QueryRequest::nearest(id).limit(LIMIT)).expect("query");
        assert_eq!(near.len(), LIMIT);
        let search = points
            .search(&nigh::SearchRequest::new(rows[id as usize].clone()).limit(LIMIT + 1))
            .expect("search");
        let others: Vec<u64> = search.iter().map(|hit| number(hit.id)).filter(|other| *other != id).collect();
        assert_eq!(near.iter().map(|hit| number(hit.id)).collect::<Vec<_>>(), others);
    }
}
