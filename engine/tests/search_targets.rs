//! A search that names a recall reaches it, by what the index measured of itself: on queries that it has not seen, of drawn sets and of real ones
//! where they are. Efforts that make no sense are refused by name.

#[path = "support/sets.rs"]
mod sets;

use nigh::{Collection, Effort, ErrorKind, Metric, Quantization, SearchRequest};
use sets::*;

const TARGETS: [f32; 3] = [0.9, 0.95, 0.99];
/// Queries of real sets come from elsewhere than the rows that the curve was measured with.
const ROOM: f64 = 0.02;

/// Recall and distances a query for each target.
fn reached(points: &Collection, queries: &[Vec<f32>]) -> Vec<(f64, f64)> {
    let truth: Vec<_> = queries.iter().map(|query| exact(points, query, 10)).collect();
    let of = |target: f32| {
        let (mut recall, mut distances) = (0.0, 0);
        for (query, truth) in queries.iter().zip(&truth) {
            let request = SearchRequest::new(query.clone()).effort(Effort::Recall(target));
            recall += share(&search(points, &request), truth, 10) / queries.len() as f64;
            distances += points.search_explained(&request).expect("search").1.distances();
        }
        (recall, distances as f64 / queries.len() as f64)
    };
    TARGETS.into_iter().map(of).collect()
}

fn check(points: &Collection, queries: &[Vec<f32>], place: &str) {
    let reached = reached(points, queries);
    eprintln!("{place}: recall and distances {reached:?}");
    for (target, (recall, _)) in TARGETS.iter().zip(&reached) {
        assert!(*recall >= f64::from(*target) - ROOM, "{place}: {recall} for a target of {target}");
    }
    let distances: Vec<f64> = reached.iter().map(|(_, distances)| *distances).collect();
    assert!(distances.is_sorted(), "{place}: distances {distances:?} for rising targets");
}

#[test]
fn drawn_sets() {
    let db = database();
    for (place, metric, dim, spread) in [
        ("islands", Metric::Euclid, 48, 0.3),
        ("cloud", Metric::Cosine, 32, 1.0),
        ("dot", Metric::Dot, 32, 0.6),
    ] {
        let (base, queries) = clustered(21, dim, 40, spread, 3000, 100);
        let points = indexed(&db, place, vector(dim, metric), &base);
        check(&points, &queries, place);
    }
}

#[test]
fn sift() {
    let Some((base, queries)) = real_set("sift-5k/base.bvecs.gz", "sift-5k/query.bvecs.gz", 5000, 100) else {
        return;
    };
    let db = database();
    let points = indexed(&db, "sift", vector(128, Metric::Euclid), &base);
    // These queries are from other pictures than the points and lie farther from them than they do from each other. Targets are
    // measured with vectors like those in the collection: for others they find less, and more for a higher target.
    let reached = reached(&points, &queries);
    eprintln!("sift-5k: recall and distances {reached:?}");
    assert!(reached.iter().map(|(recall, _)| *recall).is_sorted(), "{reached:?}");
    assert!(reached.last().is_some_and(|(recall, _)| *recall >= 0.9), "{reached:?}");
}

#[test]
fn mnist() {
    let files = ("mnist/train-images-idx3-ubyte.gz", "mnist/t10k-images-idx3-ubyte.gz");
    let Some((base, queries)) = real_set(files.0, files.1, 4000, 100) else { return };
    let db = database();
    let points = indexed(&db, "mnist", vector(784, Metric::Euclid), &base);
    check(&points, &queries, "mnist, 4000 rows");
}

#[test]
fn sentences() {
    let files = ("minilm-scifact/base-f16.npy", "minilm-scifact/query-f16.npy");
    let Some((base, queries)) = real_set(files.0, files.1, 4000, 100) else { return };
    let db = database();
    let points = indexed(&db, "sentences", vector(384, Metric::Cosine), &base);
    check(&points, &queries, "minilm, 4000 rows");
}

/// A set too small for a curve is searched widely.
#[test]
fn a_graph_without_a_curve() {
    let db = database();
    let config = nigh::IndexConfig { graph_points_min: 2, ..SMALL };
    for rows in [2, 5, 20, 21] {
        let (base, queries) = clustered(22, 6, 3, 0.5, rows, 5);
        let points = indexed(&db, &format!("{rows}"), vector(6, Metric::Euclid).with_index(config), &base);
        assert_walked(&points, &queries[0]);
        for target in TARGETS {
            assert_eq!(recall(&points, &queries, 10, Effort::Recall(target)), 1.0, "{rows} rows");
        }
    }
}

#[test]
fn efforts_that_make_no_sense_are_named() {
    let db = database();
    let points = indexed(&db, "points", vector(4, Metric::Euclid), &clustered(1, 4, 2, 0.5, 100, 0).0);
    let refused = |request: SearchRequest, field: &str| {
        for request in [request.clone(), request.exact(true)] {
            let error = points.search(&request).expect_err("a refusal");
            assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
            assert!(error.to_string().contains(field), "{error} should name {field}");
        }
    };
    let request = || SearchRequest::new([0.0; 4]);
    for target in [0.0, 1.0, f32::NAN, -1.0, 2.0, f32::INFINITY] {
        refused(request().effort(Effort::Recall(target)), "effort.recall");
    }
    for ef in [0, 100_001, usize::MAX] {
        refused(request().effort(Effort::Ef(ef)), "effort.ef");
    }
    for oversampling in [0.99, 0.0, -1.0, 100.5, f32::NAN, f32::INFINITY] {
        let quantization = Quantization { oversampling, ..Default::default() };
        refused(request().quantization(quantization), "quantization.oversampling");
    }
    for (ef, oversampling) in [(1, 1.0), (100_000, 100.0)] {
        let quantization = Quantization { oversampling, ..Default::default() };
        let request = request().effort(Effort::Ef(ef)).quantization(quantization);
        assert_eq!(search(&points, &request).len(), 10);
    }
    for target in [f32::MIN_POSITIVE, 1.0 - f32::EPSILON] {
        assert_eq!(search(&points, &request().effort(Effort::Recall(target))).len(), 10);
    }
}
