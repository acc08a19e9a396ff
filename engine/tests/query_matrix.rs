//! Samples and the distance matrix of a sample: who is drawn, and each one's nearest among the others, against brute force.

#[path = "support/sets.rs"]
mod sets;

use nigh::{MatrixRequest, Metric, PointId, Query, QueryRequest, SearchRequest};
use sets::*;
use std::collections::{BTreeMap, BTreeSet};

const DIM: usize = 6;

#[test]
fn rows_are_the_nearest_within_the_sample() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::Euclid, Metric::Manhattan] {
        let db = database();
        let rows = clustered(3, DIM, 5, 0.8, 300, 0).0;
        let points = indexed(&db, "points", vector(DIM, metric), &rows[..200]);
        upsert(&points, 200, &rows[200..]);
        delete(&points, (0..300).step_by(7));
        let request = MatrixRequest::new(5).sample(40).limit(4);
        let matrix = points.distance_matrix(&request).expect("matrix");
        assert_eq!(
            matrix,
            points.distance_matrix(&request).expect("matrix"),
            "the same seed draws the same points"
        );
        assert_eq!(matrix.ids.len(), 40);
        assert!(matrix.ids.windows(2).all(|w| w[0] < w[1]));
        let stored = stored(&points);
        let sign = if matches!(metric, Metric::Euclid | Metric::Manhattan) { -1.0 } else { 1.0 };
        for (a, row) in matrix.ids.iter().zip(&matrix.rows) {
            let truth = |b: &PointId| sign * score(metric, &stored[&number(*a)], &stored[&number(*b)]);
            let mut best: Vec<f64> = matrix.ids.iter().filter(|b| *b != a).map(truth).collect();
            best.sort_by(|x, y| (sign * y).total_cmp(&(sign * x)));
            assert_eq!(row.len(), 4);
            for ((b, got), ideal) in row.iter().zip(best) {
                assert_ne!(matrix.ids[*b], *a);
                assert!((f64::from(*got) - truth(&matrix.ids[*b])).abs() < 1e-5);
                assert!((f64::from(*got) - ideal).abs() < 1e-5, "{metric:?}: {got}, the best is {ideal}");
            }
        }
        let pairs = matrix.pairs();
        let offsets = matrix.clone().offsets();
        assert_eq!((pairs.len(), offsets.scores.len()), (160, 160));
        for (i, pair) in pairs.iter().enumerate() {
            let ids = (offsets.ids[offsets.offsets_row[i]], offsets.ids[offsets.offsets_col[i]]);
            assert_eq!((ids, offsets.scores[i]), ((pair.a, pair.b), pair.score));
        }
    }
}

#[test]
fn small_collections() {
    let db = database();
    let points = db.create_collection("points", &config(vector(DIM, Metric::Dot))).expect("create");
    assert!(points.distance_matrix(&MatrixRequest::new(1)).expect("matrix").ids.is_empty());
    upsert(&points, 0, &[vec![1.0; DIM]]);
    assert!(points.distance_matrix(&MatrixRequest::new(1)).expect("matrix").ids.is_empty());
    upsert(&points, 1, &[vec![2.0; DIM], vec![3.0; DIM]]);
    points.upsert([nigh::Point::without_vectors(9u64)]).expect("upsert");
    let matrix = points.distance_matrix(&MatrixRequest::new(1)).expect("matrix");
    assert_eq!(matrix.ids, [0u64.into(), 1u64.into(), 2u64.into()]);
    assert_eq!(matrix.rows[0], [(2, 18.0), (1, 12.0)]);
}

#[test]
fn every_point_is_drawn_as_often() {
    let db = database();
    let points = db.create_collection("points", &config(vector(DIM, Metric::Dot))).expect("create");
    let rows = clustered(1, DIM, 1, 1.0, 60, 0).0;
    upsert(&points, 0, &rows[..30]);
    points.checkpoint().expect("checkpoint");
    upsert(&points, 30, &rows[30..]);
    delete(&points, (0..60).step_by(3));
    let mut drawn: BTreeMap<u64, u32> = BTreeMap::new();
    for seed in 0..4000 {
        let request = QueryRequest::new(Query::Sample { seed }).limit(4).offset(seed as usize % 3);
        let sample = points.query(&request).expect("query");
        let ids: BTreeSet<u64> = sample.iter().map(|point| number(point.id)).collect();
        assert_eq!(ids.len(), 4, "different points, whatever the offset");
        ids.iter().for_each(|id| *drawn.entry(*id).or_default() += 1);
    }
    // Binomial with mean 400 and deviation 19; six of these are never left by chance.
    assert_eq!(drawn.len(), 40);
    assert!(drawn.values().all(|count| (286..=514).contains(count)), "{drawn:?}");
    let all = points.query(&QueryRequest::new(Query::Sample { seed: 1 }).limit(100)).expect("query");
    assert_eq!(all.len(), 40);
    let near = SearchRequest::new(vec![1.0; DIM]).limit(100);
    let ids: BTreeSet<PointId> = points.search(&near).expect("search").iter().map(|point| point.id).collect();
    assert_eq!(all.iter().map(|point| point.id).collect::<BTreeSet<_>>(), ids);
}
