//! Searches with filters in an indexed collection: as many points as asked for or as there are, only such that pass, nearly all of the nearest; and `explain`
//! says how they were found.

#[path = "support/sets.rs"]
mod sets;

use nigh::{
    Collection, Condition, Effort, Filter, Metric, Payload, Plan, Point, Quantization, Range, SearchRequest,
    SegmentExplain,
};
use serde_json::json;
use sets::*;
use std::collections::BTreeMap;

const ROWS: usize = 12_000;

/// Point `i` is `rank` (a permutation), and near the centre of the set or not.
fn payload(i: u64, row: &[f32]) -> Payload {
    let rank = i * 7919 % ROWS as u64;
    Payload::from_json(json!({"rank": rank, "right": row[0] > 0.0})).expect("an object")
}

fn upsert_with_payloads(points: &Collection, rows: &[Vec<f32>]) {
    for (part, chunk) in rows.chunks(1000).enumerate() {
        let numbered = (part as u64 * 1000..).zip(chunk);
        let point = |(i, row): (u64, &Vec<f32>)| Point::new(i, row.clone()).with_payload(payload(i, row));
        points.upsert(numbered.map(point)).expect("upsert");
    }
}

/// The filter that this many points pass.
fn first(count: usize) -> Filter {
    Condition::range("rank", Range::new().lt(count as u64)).into()
}

fn explained(points: &Collection, request: &SearchRequest) -> SegmentExplain {
    let (_, explain) = points.search_explained(request).expect("search");
    assert_eq!(explain.segments.len(), 1);
    explain.segments[0].clone()
}

#[test]
fn every_selectivity() {
    let db = database();
    let (base, queries) = clustered(201, 16, 30, 0.6, ROWS, 12);
    let points = db.create_collection("points", &config(vector(16, Metric::Euclid))).expect("create");
    upsert_with_payloads(&points, &base);
    points.optimize().expect("optimize");
    let ranking: Vec<BTreeMap<u64, f32>> =
        queries.iter().map(|query| exact(&points, query, 10_000).into_iter().collect()).collect();
    for count in [ROWS, ROWS / 2, ROWS / 5, ROWS / 10, ROWS / 100, ROWS / 1000, 3, 1, 0] {
        for (k, ef) in [(1, 16), (10, 64), (100, 200)] {
            let mut found = 0.0;
            for (query, scores) in queries.iter().zip(&ranking) {
                let request =
                    SearchRequest::new(query.clone()).limit(k).filter(first(count)).effort(Effort::Ef(ef));
                let truth = search(&points, &request.clone().exact(true));
                let hits = search(&points, &request);
                assert_eq!(
                    (hits.len(), truth.len()),
                    (k.min(count), k.min(count)),
                    "{count} pass, {k} asked for"
                );
                for (id, score) in &hits {
                    assert!(id * 7919 % (ROWS as u64) < count as u64, "{id} does not pass");
                    assert!(scores.get(id).is_none_or(|known| (known - score).abs() <= 1e-5 * known.abs()));
                }
                let how = explained(&points, &request);
                assert_eq!((how.matched, how.points), (Some(count as u64), ROWS as u64));
                match how.plan {
                    Plan::CodeScan => assert!(how.distances >= count as u64, "{how:?}"),
                    Plan::FilteredGraph => assert!(how.hops > 0, "{how:?}"),
                    Plan::Scan | Plan::Graph | Plan::GraphOnVectors => panic!("{how:?}"),
                }
                assert!(
                    count < ROWS / 2 || k > 10 || how.plan == Plan::FilteredGraph,
                    "{count} pass: {how:?}"
                );
                assert!(count > ROWS / 100 || how.plan == Plan::CodeScan, "{count} pass: {how:?}");
                found += share(&hits, &truth, k);
            }
            let recall = found / queries.len() as f64;
            assert!(recall >= 0.97, "{count} pass, {k} asked for: recall {recall:.3}");
        }
    }
}

/// Points that pass are all far from the query: a walk ends before it gets there.
#[test]
fn filters_against_the_query() {
    let db = database();
    let (base, queries) = clustered(202, 16, 30, 0.6, 6000, 40);
    let points = db.create_collection("points", &config(vector(16, Metric::Euclid))).expect("create");
    upsert_with_payloads(&points, &base);
    points.optimize().expect("optimize");
    let right = base.iter().filter(|row| row[0] > 0.0).count();
    let pushed =
        |query: &Vec<f32>| query.iter().enumerate().map(|(i, v)| if i == 0 { v - 1.5 } else { *v }).collect();
    let left: Vec<Vec<f32>> = queries.iter().map(pushed).filter(|query: &Vec<f32>| query[0] < -1.0).collect();
    assert!(left.len() > 5 && right > 2000 && right < 4000, "{} queries, {right} points", left.len());
    let mut found = 0.0;
    for query in &left {
        for (limit, effort) in
            [(10, Effort::Ef(20)), (10, Effort::Recall(0.9)), (1, Effort::Ef(20)), (1, Effort::Ef(60))]
        {
            let request =
                SearchRequest::new(query.clone()).limit(limit).filter(Condition::matches("right", true));
            let (hits, truth) =
                (search(&points, &request.clone().effort(effort)), search(&points, &request.exact(true)));
            assert_eq!(hits.len(), limit);
            assert!(hits.iter().all(|(id, _)| base[*id as usize][0] > 0.0));
            found += share(&hits, &truth, limit) / (4 * left.len()) as f64;
        }
    }
    assert!(found >= 0.95, "recall {found:.3}");
}

#[test]
fn with_dead_points_and_several_segments() {
    let db = database();
    let (base, queries) = clustered(203, 16, 20, 0.6, 6000, 5);
    let points = db.create_collection("points", &config(vector(16, Metric::Dot))).expect("create");
    upsert_with_payloads(&points, &base[..4000]);
    points.optimize().expect("optimize");
    let late: Vec<Point> = (4000u64..6000)
        .map(|i| Point::new(i, base[i as usize].clone()).with_payload(payload(i, &base[i as usize])))
        .collect();
    points.upsert(late[..1000].to_vec()).expect("upsert");
    points.checkpoint().expect("checkpoint");
    points.upsert(late[1000..].to_vec()).expect("upsert");
    delete(&points, (0..6000).filter(|id| id % 4 == 1));
    let passing =
        |count: u64| (0..6000u64).filter(|i| i % 4 != 1 && i * 7919 % ROWS as u64 * 2 / 2 < count).count();
    for count in [9000usize, 3000, 100, 7] {
        for query in &queries {
            for k in [10, 300, 5000] {
                let request = SearchRequest::new(query.clone()).limit(k).filter(first(count));
                let (hits, explain) = points.search_explained(&request).expect("search");
                assert_eq!(hits.len(), k.min(passing(count as u64)), "{count}, {k} asked for");
                assert_eq!(
                    explain.segments.iter().filter_map(|s| s.matched).sum::<u64>(),
                    passing(count as u64) as u64
                );
                let truth = search(&points, &request.clone().exact(true));
                let hits: Vec<_> = hits.iter().map(|hit| (number(hit.id), hit.score)).collect();
                assert!(share(&hits, &truth, k) >= 0.95, "{count}, {k} asked for");
                let ignore = Quantization { ignore: true, ..Default::default() };
                let on_vectors = search(&points, &request.quantization(ignore));
                assert_eq!(on_vectors.len(), truth.len());
            }
        }
    }
}

/// Points without the vector that is searched pass the filter and are not found.
#[test]
fn points_without_the_vector() {
    let db = database();
    let (base, queries) = clustered(204, 8, 10, 0.6, 1000, 3);
    let points = db.create_collection("points", &config(vector(8, Metric::Cosine))).expect("create");
    upsert_with_payloads(&points, &base);
    points.optimize().expect("optimize");
    points.delete_vectors((0..1000u64).filter(|i| i % 2 == 0).map(Into::into), [""]).expect("delete vectors");
    for _ in 0..2 {
        for query in &queries {
            let request = SearchRequest::new(query.clone()).limit(1000).filter(Filter::new());
            let (hits, explain) = points.search_explained(&request).expect("search");
            assert_eq!(hits.len(), 500);
            assert_eq!(explain.segments.iter().filter_map(|s| s.matched).sum::<u64>(), 500);
        }
        points.optimize().expect("optimize");
    }
}

#[test]
fn batches_offsets_and_thresholds() {
    let db = database();
    let (base, queries) = clustered(205, 16, 10, 0.6, 3000, 4);
    let points = db.create_collection("points", &config(vector(16, Metric::Euclid))).expect("create");
    upsert_with_payloads(&points, &base);
    points.optimize().expect("optimize");
    let request = |query: &Vec<f32>| SearchRequest::new(query.clone()).filter(first(4000)).limit(20);
    let single: Vec<_> =
        queries.iter().map(|query| points.search(&request(query)).expect("search")).collect();
    let batch = points.search_batch(queries.iter().map(request).collect()).expect("batch");
    assert_eq!(single, batch.into_iter().map(|answer| answer.expect("search")).collect::<Vec<_>>());
    for (query, all) in queries.iter().zip(&single) {
        let later = points.search(&request(query).exact(true).offset(5).limit(15)).expect("search");
        assert_eq!(later, points.search(&request(query).exact(true)).expect("search")[5..]);
        let threshold = all[10].score;
        let near = points.search(&request(query).score_threshold(threshold)).expect("search");
        assert_eq!(near, all.iter().filter(|hit| hit.score > threshold).cloned().collect::<Vec<_>>());
    }
}
