//! Points that died after the graph was built: they are never found, they hide nobody, and who was written anew is found where it is now.

#[path = "support/sets.rs"]
mod sets;

use nigh::{Collection, Effort, Metric, Quantization, SearchRequest};
use sets::*;

/// As many as there are, none of them dead, nearly all of the nearest.
fn check(points: &Collection, queries: &[Vec<f32>], is_live: &dyn Fn(u64) -> bool, place: &str) {
    let count = points.count().expect("count") as usize;
    let ignore = Quantization { ignore: true, ..Default::default() };
    for effort in [Effort::Ef(1), Effort::Ef(128), Effort::Recall(0.9)] {
        let mut shares = 0.0;
        for query in queries {
            for k in [1, 10, 150] {
                let request = SearchRequest::new(query.clone()).limit(k).effort(effort);
                for request in [request.clone(), request.quantization(ignore)] {
                    let hits = search(points, &request);
                    assert_eq!(hits.len(), k.min(count), "{place}, {effort:?}: hits of {k}");
                    assert!(hits.iter().all(|(id, _)| is_live(*id)), "{place}, {effort:?}: a dead hit");
                    if k == 10 {
                        shares += share(&hits, &exact(points, query, k), k);
                    }
                }
            }
        }
        let recall = shares / (queries.len() * 2) as f64;
        assert!(effort == Effort::Ef(1) || recall >= 0.95, "{place}, {effort:?}: recall {recall}");
    }
    let all = search(points, &SearchRequest::new(queries[0].clone()).limit(count.clamp(1, 10_000)));
    assert_eq!(all.len(), count, "{place}: all of them");
}

#[test]
fn nine_in_ten_die() {
    let db = database();
    let (base, queries) = clustered(81, 16, 20, 0.5, 1500, 8);
    let points = indexed(&db, "points", vector(16, Metric::Euclid), &base);
    delete(&points, (0..1500).filter(|id| id % 10 != 0));
    check(&points, &queries, &|id| id % 10 == 0, "at random");
    delete(&points, (0..1500).filter(|id| id % 300 != 0));
    check(&points, &queries, &|id| id % 300 == 0, "all but five");
    delete(&points, 0..1500);
    assert!(search(&points, &SearchRequest::new(queries[0].clone())).is_empty());
}

/// The 900 nearest to each query die: the walk starts among the dead and has to leave them.
#[test]
fn everything_around_the_query_dies() {
    let db = database();
    for metric in [Metric::Euclid, Metric::Cosine, Metric::Dot] {
        let (base, queries) = clustered(82, 16, 4, 0.3, 1500, 3);
        for (i, query) in queries.iter().enumerate() {
            let points = indexed(&db, &format!("{metric:?} {i}"), vector(16, metric), &base);
            let near: Vec<u64> = exact(&points, query, 900).into_iter().map(|(id, _)| id).collect();
            delete(&points, near.iter().copied());
            check(&points, std::slice::from_ref(query), &|id| !near.contains(&id), &format!("{metric:?}"));
        }
    }
}

#[test]
fn new_versions_are_found_where_they_are_now() {
    let db = database();
    let (base, queries) = clustered(83, 16, 20, 0.4, 1000, 8);
    let points = indexed(&db, "points", vector(16, Metric::Euclid), &base);
    // Every other point moves to where its neighbour was; versions tell which one was found.
    let moved: Rows = base.iter().cycle().skip(1).take(1000).cloned().collect();
    let mut versions = std::collections::BTreeMap::new();
    for id in (0..1000u64).step_by(2) {
        let seq = points.upsert([nigh::Point::new(id, moved[id as usize].clone())]).expect("upsert");
        versions.insert(id, seq);
    }
    let check = |how: &str| {
        for query in &queries {
            let hits = points.search(&SearchRequest::new(query.clone()).limit(50)).expect("search");
            assert_eq!(hits.len(), 50);
            for hit in hits {
                let id = number(hit.id);
                let row = if id.is_multiple_of(2) { &moved[id as usize] } else { &base[id as usize] };
                let right = score(Metric::Euclid, query, row);
                assert!((f64::from(hit.score) - right).abs() < 1e-4, "{how}: {id} scored {}", hit.score);
                assert!(versions.get(&id).is_none_or(|seq| *seq == hit.version), "{how}: {id} is old");
            }
        }
    };
    check("in memory");
    points.checkpoint().expect("checkpoint");
    check("sealed");
    points.optimize().expect("optimize");
    check("merged");
}

/// Deletes that come back as inserts of the same id, over and over.
#[test]
fn deleted_and_written_again() {
    let db = database();
    let (base, queries) = clustered(84, 12, 10, 0.5, 600, 5);
    let points = indexed(&db, "points", vector(12, Metric::Euclid), &base);
    for round in 0..4u64 {
        delete(&points, (0..600).filter(|id| id % 4 == round));
        check(&points, &queries, &|id| id % 4 != round, &format!("round {round}, deleted"));
        for id in (0..600u64).filter(|id| id % 4 == round) {
            points.upsert([nigh::Point::new(id, base[id as usize].clone())]).expect("upsert");
        }
        check(&points, &queries, &|_| true, &format!("round {round}, written again"));
        if round == 1 {
            points.optimize().expect("optimize");
        }
    }
}
