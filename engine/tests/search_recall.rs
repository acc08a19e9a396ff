//! Approximate search finds what exact search finds, nearly all of it, with the same scores: for every metric and datatype, and for sets that
//! are hard on codes or graphs. Exact search itself is compared with brute force in f64.

#[path = "support/sets.rs"]
mod sets;

use nigh::{Collection, Datatype, Effort, ErrorKind, Metric, Plan, SearchRequest};
use sets::*;
use std::collections::BTreeMap;

const METRICS: [Metric; 3] = [Metric::Euclid, Metric::Cosine, Metric::Dot];
const DATATYPES: [Datatype; 3] = [Datatype::F32, Datatype::F16, Datatype::U8];
const RECALL_MIN: f64 = 0.97;
/// Copies hide each other from the graph: of a thousand that are asked for, this share is found.
const COPIES_MIN: f64 = 0.9;

/// Approximate answers against exact ones: scores of the same points, and recall at 10 and 100. Says what is wrong, if anything is.
fn misses(points: &Collection, queries: &[Vec<f32>], place: &str) -> Option<String> {
    misses_of(points, queries, place, RECALL_MIN)
}

fn misses_of(points: &Collection, queries: &[Vec<f32>], place: &str, least: f64) -> Option<String> {
    let count = points.count().expect("count") as usize;
    let mut shares = [0.0; 2];
    for query in queries {
        let truth = exact(points, query, count.min(10_000));
        let scores: BTreeMap<u64, f32> = truth.iter().copied().collect();
        for (sum, k) in shares.iter_mut().zip([10, 100]) {
            let request = SearchRequest::new(query.clone()).limit(k).effort(Effort::Ef(128));
            let hits = search(points, &request);
            if hits.len() != k.min(count) {
                return Some(format!("{place}: {} hits of {k} asked for, {count} there", hits.len()));
            }
            for (id, got) in &hits {
                let exact = scores[id];
                assert!((got - exact).abs() <= 1e-5 * exact.abs(), "{place}: {id} scored {got}, is {exact}");
            }
            *sum += share(&hits, &truth, k) / queries.len() as f64;
        }
    }
    let low = shares.iter().any(|share| *share < least);
    low.then(|| format!("{place}: recall at 10 and 100 is {shares:.3?}"))
}

fn check(points: &Collection, queries: &[Vec<f32>], place: &str) {
    assert_eq!(misses(points, queries, place), None);
}

#[test]
fn every_metric_and_datatype() {
    let db = database();
    let (base, queries) = clustered(1, 40, 30, 0.5, 1500, 15);
    let (bytes, byte_queries) = (as_bytes(&base), as_bytes(&queries));
    let mut wrong = Vec::new();
    for metric in METRICS {
        for datatype in DATATYPES {
            let place = format!("{metric:?}, {datatype:?}");
            let (rows, queries) = match datatype {
                Datatype::U8 => (&bytes, &byte_queries),
                Datatype::F32 | Datatype::F16 => (&base, &queries),
            };
            let points = indexed(&db, &place, vector(40, metric).with_datatype(datatype), rows);
            assert_walked(&points, &queries[0]);
            wrong.extend(misses(&points, queries, &place));
            for query in &queries[..2] {
                check_exact(&points, metric, rounding(metric, datatype), query, 50);
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn manhattan_is_scanned_and_exact() {
    let db = database();
    let (base, queries) = clustered(2, 24, 10, 0.5, 500, 4);
    let points = indexed(&db, "points", vector(24, Metric::Manhattan), &base);
    for query in &queries {
        let (_, explain) = points.search_explained(&SearchRequest::new(query.clone())).expect("search");
        assert!(explain.segments.iter().all(|segment| segment.plan == Plan::Scan));
        let request = SearchRequest::new(query.clone()).limit(30);
        assert_eq!(search(&points, &request), exact(&points, query, 30));
        check_exact(&points, Metric::Manhattan, 1e-5, query, 30);
    }
}

#[test]
fn bytes_score_exactly() {
    let db = database();
    for dim in [40, 200] {
        let (base, queries) = clustered(3, dim, 20, 0.8, 1000, 10);
        let (base, queries) = (as_bytes(&base), as_bytes(&queries));
        let points = indexed(&db, &format!("{dim}"), vector(dim, Metric::Euclid), &base);
        let info = points.info().expect("info");
        assert!(info.segments.iter().flat_map(|s| &s.indexes).all(|index| index.lossless));
        for query in &queries {
            let truth: BTreeMap<u64, f32> = exact(&points, query, 1000).into_iter().collect();
            let hits = search(&points, &SearchRequest::new(query.clone()).limit(50));
            for (id, got) in &hits {
                // Whole numbers: f64 holds the sum, and its root is rounded once.
                let right = score(Metric::Euclid, query, &base[*id as usize]) as f32;
                assert_eq!((*got, truth[id]), (right, right), "dim {dim}, point {id}");
            }
        }
        check(&points, &queries, &format!("bytes of dim {dim}"));
    }
}

#[test]
fn products_of_very_different_lengths() {
    let db = database();
    let (mut base, queries) = clustered(4, 32, 20, 0.7, 2000, 20);
    for (i, row) in base.iter_mut().enumerate() {
        // Lengths over four powers of ten; whoever is longest is not nearest to all.
        let by = 10f32.powf((i * 7919 % 2000) as f32 / 500.0 - 2.0);
        row.iter_mut().for_each(|v| *v *= by);
    }
    let points = indexed(&db, "points", vector(32, Metric::Dot), &base);
    // The graph is over neighbours by distance; where lengths differ this much, products are another matter, and some are missed.
    assert_eq!(misses_of(&points, &queries, "lengths of 0.01 to 100", 0.9), None);
}

#[test]
fn equal_vectors_are_all_found() {
    let db = database();
    for metric in METRICS {
        let points = indexed(&db, &format!("{metric:?}"), vector(8, metric), &vec![vec![0.5; 8]; 700]);
        for (limit, expected) in [(1, 1), (10, 10), (699, 699), (700, 700), (1000, 700)] {
            let hits = search(&points, &SearchRequest::new([0.25; 8]).limit(limit));
            assert_eq!(hits.len(), expected, "{metric:?}: {limit} asked for");
            assert!(hits.iter().all(|hit| hit.1 == hits[0].1), "{metric:?}");
        }
    }
}

#[test]
fn zero_vectors_under_cosine() {
    let db = database();
    let (mut base, mut queries) = clustered(5, 16, 10, 0.5, 800, 8);
    base.iter_mut().step_by(4).for_each(|row| row.fill(0.0));
    queries.push(vec![0.0; 16]);
    for datatype in [Datatype::F32, Datatype::F16] {
        let place = format!("{datatype:?}");
        let points = indexed(&db, &place, vector(16, Metric::Cosine).with_datatype(datatype), &base);
        check(&points, &queries, &place);
        let hits = search(&points, &SearchRequest::new(vec![0.0; 16]).limit(20));
        assert!(hits.iter().all(|(_, score)| *score == 0.0), "{place}: nothing is like nothing");
    }
    let bytes: Rows =
        as_bytes(&base).into_iter().enumerate().map(|(i, row)| zeroed(row, i % 4 == 0)).collect();
    let points = indexed(&db, "bytes", vector(16, Metric::Cosine).with_datatype(Datatype::U8), &bytes);
    check(&points, &as_bytes(&queries), "bytes");
}

fn zeroed(mut row: Vec<f32>, zero: bool) -> Vec<f32> {
    if zero {
        row.fill(0.0);
    }
    row
}

#[test]
fn a_thousand_copies_hide_nothing() {
    let db = database();
    for metric in METRICS {
        let (mut base, queries) = clustered(6, 24, 15, 0.5, 1000, 10);
        let copy = base[17].clone();
        base.extend(std::iter::repeat_n(copy.clone(), 1000));
        let points = indexed(&db, &format!("{metric:?}"), vector(24, metric), &base);
        check(&points, &queries, &format!("{metric:?}"));
        if metric != Metric::Dot {
            for (limit, share_min) in [(100, 1.0), (1001, COPIES_MIN)] {
                let hits = search(&points, &SearchRequest::new(copy.clone()).limit(limit));
                let copies = hits.iter().filter(|(id, _)| *id >= 1000 || *id == 17).count();
                let enough = copies as f64 >= limit as f64 * share_min;
                assert!(enough, "{metric:?}: {copies} of {limit} copies found by the copy itself");
            }
        }
    }
}

#[test]
fn windows_and_thresholds() {
    let db = database();
    let (base, queries) = clustered(7, 12, 10, 0.6, 600, 6);
    let points = indexed(&db, "points", vector(12, Metric::Euclid), &base);
    for query in &queries {
        let all = exact(&points, query, 600);
        let request = SearchRequest::new(query.clone());
        // A search for everything leaves nothing out.
        assert_eq!(search(&points, &request.clone().limit(600)), all);
        assert_eq!(search(&points, &request.clone().limit(10_000)), all);
        assert_eq!(search(&points, &request.clone().limit(1)), all[..1]);
        let page = search(&points, &request.clone().offset(5).limit(7));
        assert_eq!(page, search(&points, &request.clone().limit(12))[5..]);
        assert!(search(&points, &request.clone().offset(600)).is_empty());
        assert_eq!(search(&points, &request.clone().offset(595).limit(10)), all[595..]);
        let threshold = all[9].1;
        let near = search(&points, &request.clone().limit(100).score_threshold(threshold));
        assert_eq!(near, all[..9]);
        assert!(search(&points, &request.clone().score_threshold(0.0)).is_empty());
    }
}

#[test]
fn fewer_points_than_asked_for() {
    let db = database();
    let (base, queries) = clustered(8, 9, 4, 0.6, 70, 5);
    let points = indexed(&db, "points", vector(9, Metric::Cosine), &base);
    assert_walked(&points, &queries[0]);
    for query in &queries {
        for effort in [Effort::Ef(1), Effort::Ef(128), Effort::Recall(0.5), Effort::Recall(0.99)] {
            let request = SearchRequest::new(query.clone()).limit(100).effort(effort);
            assert_eq!(search(&points, &request), exact(&points, query, 100), "{effort:?}");
        }
    }
}

#[test]
fn huge_and_tiny_values() {
    let db = database();
    let (base, queries) = clustered(9, 16, 10, 0.5, 400, 8);
    let scaled = |rows: &Rows, by: f32| -> Rows {
        rows.iter().map(|row| row.iter().map(|v| v * by).collect()).collect()
    };
    let mut wrong = Vec::new();
    for metric in METRICS {
        for by in [1e30, 1e15, 1e-15, 1e-30, 1e-40] {
            let place = format!("{metric:?}, {by:e}");
            let rows = scaled(&base, by);
            let points = indexed(&db, &place, vector(16, metric), &rows);
            let queries = scaled(&queries, by);
            // Where squares and products leave the range of f32, scores tell nothing apart; all are found once all the same.
            let fits = metric == Metric::Cosine && by > 1e-39 || (1e-18..1e18).contains(&by);
            if fits {
                wrong.extend(misses(&points, &queries, &place));
            }
            for effort in [Effort::Ef(128), Effort::Recall(0.95)] {
                let request = SearchRequest::new(queries[0].clone()).effort(effort);
                assert_eq!(search(&points, &request.clone().limit(10)).len(), 10, "{place}");
                assert_eq!(search(&points, &request.clone().limit(400)).len(), 400, "{place}");
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// One value beyond all others must not take the codes away from the rest.
#[test]
fn an_outlier_spoils_nothing() {
    let db = database();
    let mut wrong = Vec::new();
    for metric in METRICS {
        let (mut base, queries) = clustered(10, 24, 15, 0.5, 1000, 10);
        base[500][3] = 1e6;
        base[501][4] = -1e6;
        let points = indexed(&db, &format!("{metric:?}"), vector(24, metric), &base);
        // Under the dot product an outlier is the longest of all, which the graph's geometry depends on.
        let least = if metric == Metric::Dot { 0.88 } else { RECALL_MIN };
        wrong.extend(misses_of(&points, &queries, &format!("{metric:?} with outliers"), least));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn dimensions_around_cache_lines() {
    let db = database();
    let mut wrong = Vec::new();
    for dim in [1, 2, 3, 31, 63, 64, 65, 127, 128, 129, 200, 1000] {
        let (base, queries) = clustered(dim as u64, dim, 8, 0.6, 300, 6);
        for metric in METRICS {
            let place = format!("{metric:?}, dim {dim}");
            let points = indexed(&db, &place, vector(dim, metric), &base);
            wrong.extend(misses(&points, &queries, &place));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// Codes of fewer coordinates: what is near by them is scored by the vectors.
#[test]
fn short_codes_find_the_same() {
    let db = database();
    for metric in [Metric::Euclid, Metric::Cosine] {
        let (base, queries) = low_rank(11, 160, 20, 1500, 15);
        let points = indexed(&db, &format!("{metric:?}"), vector(160, metric), &base);
        let info = points.info().expect("info");
        assert_eq!(info.segments[0].indexes[0].reduced_dim, Some(64), "{metric:?}");
        check(&points, &queries, &format!("{metric:?}, short codes"));
    }
}

#[test]
fn a_query_that_is_no_number_is_named() {
    let db = database();
    let points = indexed(&db, "points", vector(4, Metric::Euclid), &clustered(1, 4, 2, 0.5, 100, 0).0);
    for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
        let error = points.search(&SearchRequest::new([0.0, 1.0, bad, 2.0])).expect_err("a refusal");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument);
        assert!(error.to_string().contains("vector[2]"), "{error}");
    }
    let error = points.search(&SearchRequest::new([0.0; 5])).expect_err("a refusal");
    assert!(error.to_string().contains("4 dimensions"), "{error}");
}

/// The vectors themselves are walked on when codes are not wanted.
#[test]
fn without_codes_the_vectors_are_walked() {
    let db = database();
    for metric in METRICS {
        let (base, queries) = clustered(12, 20, 10, 0.5, 800, 8);
        let points = indexed(&db, &format!("{metric:?}"), vector(20, metric), &base);
        for query in &queries {
            let ignore = nigh::Quantization { ignore: true, ..Default::default() };
            let request = SearchRequest::new(query.clone()).quantization(ignore);
            let (_, explain) = points.search_explained(&request).expect("search");
            assert_eq!(explain.segments[0].plan, Plan::GraphOnVectors);
            let hits = search(&points, &request);
            assert!(share(&hits, &exact(&points, query, 10), 10) >= 0.9, "{metric:?}");
        }
    }
}

/// A dozen points share each code: only their vectors tell them apart.
#[test]
fn points_on_one_line() {
    let db = database();
    let base: Rows = (0..3000).map(|i| vec![i as f32; 4]).collect();
    let queries: Rows = [0, 4, 15, 1500, 2990, 2999].iter().map(|i| base[*i].clone()).collect();
    let points = indexed(&db, "line", vector(4, Metric::Euclid), &base);
    assert_eq!(misses_of(&points, &queries, "one line", 0.9), None);
}
