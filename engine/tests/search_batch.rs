//! A batch answers as its searches do one by one, each with its own errors, all of one moment, while others write.

#[path = "support/sets.rs"]
mod sets;

use nigh::io::SimVfs;
use nigh::{Background, CancelToken, Effort, ErrorKind, Metric, Options, Point, SearchRequest};
use sets::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn as_one_by_one() {
    for threads in [1, 3] {
        let db = options().vfs(Arc::new(SimVfs::new())).search_threads(threads).open("/db").expect("open");
        let (base, queries) = clustered(91, 16, 20, 0.5, 1000, 70);
        let points = indexed(&db, "points", vector(16, Metric::Cosine), &base);
        upsert(&points, 1000, &base[..50]);
        let request = |(i, query): (usize, &Vec<f32>)| {
            let request = SearchRequest::new(query.clone()).limit(1 + i % 20).offset(i % 3);
            match i % 4 {
                0 => request.exact(true),
                1 => request.effort(Effort::Recall(0.9)),
                _ => request,
            }
        };
        let requests: Vec<SearchRequest> = queries.iter().enumerate().map(request).collect();
        let answers = points.search_batch(requests.clone()).expect("batch");
        assert_eq!(answers.len(), requests.len());
        for (answer, request) in answers.into_iter().zip(&requests) {
            assert_eq!(answer.expect("search"), points.search(request).expect("search"));
        }
        assert!(points.search_batch(Vec::new()).expect("batch").is_empty());
    }
}

#[test]
fn each_request_has_its_own_error() {
    let db = database();
    let (base, _) = clustered(92, 8, 5, 0.5, 200, 0);
    let points = indexed(&db, "points", vector(8, Metric::Euclid), &base);
    let good = SearchRequest::new(base[0].clone());
    let cancelled = CancelToken::new();
    cancelled.cancel();
    let requests = vec![
        good.clone(),
        SearchRequest::new([1.0; 7]),
        good.clone().using("nothing"),
        good.clone().limit(0),
        good.clone().effort(Effort::Ef(0)),
        good.clone().cancel(&cancelled),
        SearchRequest::new([f32::NAN; 8]),
        good.clone(),
    ];
    let answers = points.search_batch(requests).expect("batch");
    let kinds: Vec<Option<ErrorKind>> = answers.iter().map(|a| a.as_ref().err().map(|e| e.kind())).collect();
    let invalid = Some(ErrorKind::InvalidArgument);
    let expected = [
        None,
        invalid,
        Some(ErrorKind::NotFound),
        invalid,
        invalid,
        Some(ErrorKind::Cancelled),
        invalid,
        None,
    ];
    assert_eq!(kinds, expected);
    assert_eq!(answers[0].as_ref().ok(), answers[7].as_ref().ok());
}

/// Each write moves every point to the same place: all hits of a batch must be of one write.
#[test]
fn a_batch_is_of_one_moment() {
    let db = Options::new()
        .vfs(Arc::new(SimVfs::new()))
        .background(Background::Threads)
        .free_bytes_min(0)
        .open("/db")
        .expect("open");
    let index = nigh::IndexConfig { graph_points_min: 32, ..SMALL };
    let optimizer = nigh::OptimizerConfig { mutable_bytes_max: 16 << 10, merge_fan_in: 2, ..QUIET };
    let config = config(vector(4, Metric::Euclid).with_index(index)).with_optimizer(optimizer);
    let points = db.create_collection("points", &config).expect("create");
    let write = |stamp: u64| {
        points.upsert((0..100).map(|id| Point::new(id, [stamp as f32; 4]))).expect("upsert");
    };
    write(0);
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            (1..120).for_each(write);
            done.store(true, Ordering::Release);
        });
        let mut batches = 0;
        while !done.load(Ordering::Acquire) || batches < 5 {
            let requests = vec![SearchRequest::new([0.0; 4]).limit(100); 20];
            let answers = points.search_batch(requests).expect("batch");
            let hits: Vec<_> = answers.into_iter().map(|answer| answer.expect("search")).collect();
            let version = hits[0][0].version;
            for hits in &hits {
                assert_eq!(hits.len(), 100, "points of one moment");
                assert!(hits.iter().all(|hit| hit.version == version), "two moments in one batch");
            }
            batches += 1;
        }
    });
    db.close().expect("close");
}
