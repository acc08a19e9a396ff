//! T21: each limit at one below, itself and one above. A refusal names the limit and applies nothing.

mod support;

use nigh::io::SimVfs;
use nigh::{
    Applied, Collection, CollectionConfig, CollectionUpdate, Database, Error, ErrorKind, Limits, ManualClock,
    Metric, OptimizerConfig, Payload, Point, PointId, ScrollRequest, SearchRequest, VectorConfig,
    WithPayload, WithVectors,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use support::{DIR, options};

fn open(limits: Limits) -> Database {
    options(SimVfs::new(), &Arc::new(ManualClock::default())).limits(limits).open(DIR).expect("open")
}

fn points(limits: Limits) -> Collection {
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot));
    open(limits).create_collection("points", &config).expect("create")
}

fn bare(count: usize) -> Vec<Point> {
    (0..count as u64).map(Point::without_vectors).collect()
}

#[track_caller]
fn refused<T>(result: nigh::Result<T>, kind: ErrorKind) -> Error {
    let Err(error) = result else { panic!("accepted, expected {kind:?}") };
    assert_eq!((error.kind(), error.applied()), (kind, Applied::No), "{error}");
    error
}

/// Tries each value; those with `true` are legal.
#[track_caller]
fn table<V: Copy + std::fmt::Debug, T>(
    kind: ErrorKind,
    cases: &[(V, bool)],
    act: impl Fn(V) -> nigh::Result<T>,
) {
    for (value, legal) in cases {
        match act(*value) {
            Ok(_) => assert!(*legal, "{value:?} was accepted"),
            Err(e) => assert!(!*legal && e.kind() == kind && e.applied() == Applied::No, "{value:?}: {e:?}"),
        }
    }
}

#[test]
fn points_in_a_batch() {
    for max in [1, 7, 10_000] {
        let points = points(Limits { batch_points_max: max, ..Limits::default() });
        let cases = [(max - 1, max > 1), (max, true), (max + 1, false), (2 * max, false)];
        let ids = |n: usize| (0..n as u64).map(PointId::from);
        table(ErrorKind::TooLarge, &cases[1..], |n| points.upsert(bare(n)));
        table(ErrorKind::TooLarge, &cases[1..], |n| points.delete(ids(n)));
        table(ErrorKind::TooLarge, &cases[1..], |n| points.clear_payload(ids(n)));
        table(ErrorKind::TooLarge, &cases[1..], |n| points.get(ids(n), &WithPayload::No, &WithVectors::No));
        if max > 1 {
            points.upsert(bare(max - 1)).expect("one below");
        }
        refused(points.upsert(bare(0)), ErrorKind::InvalidArgument);
        refused(points.delete(Vec::new()), ErrorKind::InvalidArgument);
        // The limit counts what was sent, not what is left of it.
        refused(points.delete(vec![PointId::from(1u64); max + 1]), ErrorKind::TooLarge);
    }
}

#[test]
fn no_limit_at_all() {
    let none = usize::MAX;
    let limits = Limits {
        batch_points_max: none,
        payload_bytes_max: none,
        record_bytes_max: none,
        collections_max: none,
    };
    let points = points(limits);
    points.upsert(bare(20_000)).expect("upsert");
    points.delete((0..20_000u64).map(PointId::from)).expect("delete");
    assert_eq!(points.count().expect("count"), 0);
}

fn payload(value: Value) -> Payload {
    value.try_into().expect("an object")
}

#[test]
fn bytes_of_a_payload() {
    let points = points(Limits { payload_bytes_max: 100, ..Limits::default() });
    // {"k":"…"} has eight bytes besides the text; a Korean letter has three.
    let text = |bytes: usize| {
        payload(json!({"k": format!("{}{}", "가".repeat((bytes - 8) / 3), "x".repeat((bytes - 8) % 3))}))
    };
    let cases = [(99, true), (100, true), (101, false), (5000, false)];
    table(ErrorKind::TooLarge, &cases, |n| {
        points.upsert([Point::without_vectors(1u64).with_payload(text(n))])
    });
    table(ErrorKind::TooLarge, &cases, |n| points.set_payload([1u64.into()], text(n)));
    table(ErrorKind::TooLarge, &cases, |n| points.overwrite_payload([1u64.into()], text(n)));
    // Two parts that are legal alone and not together: refused before it is logged, for all points of the call.
    points.upsert([1u64, 2].map(|id| Point::without_vectors(id).with_payload(text(60)))).expect("upsert");
    points.clear_payload([2u64.into()]).expect("clear");
    let before = points.info().expect("info").last_seq;
    let other = payload(json!({"other": "x".repeat(60)}));
    refused(points.set_payload([2u64.into(), 1u64.into()], other), ErrorKind::TooLarge);
    assert_eq!(points.info().expect("info").last_seq, before);
    let got = points.get([2u64.into()], &WithPayload::All, &WithVectors::No).expect("get");
    assert!(got[0].payload.as_ref().expect("asked for").is_empty(), "half a call was applied");
}

fn nested(depth: usize) -> Payload {
    let mut value = json!(1);
    for level in (1..depth).rev() {
        value = if level % 2 == 0 { json!([value]) } else { json!({"k": value}) };
    }
    payload(json!({ "k": value }))
}

#[test]
fn depth_of_a_payload() {
    let points = points(Limits::default());
    let cases = [(1, true), (63, true), (64, true), (65, false), (1000, false)];
    table(ErrorKind::TooLarge, &cases, |n| {
        points.upsert([Point::without_vectors(1u64).with_payload(nested(n))])
    });
    points.upsert([Point::without_vectors(1u64).with_payload(nested(64))]).expect("upsert");
    // Pushed one level down it would be too deep.
    refused(points.set_payload_at("deeper", [1u64.into()], nested(64)), ErrorKind::TooLarge);
    let path = |steps: usize| vec!["a"; steps].join(".");
    for (steps, legal) in [(63, true), (64, false), (65, false), (66, false), (5000, false)] {
        let result = points.overwrite_payload_at(&path(steps), [1u64.into()], payload(json!({"x": 1})));
        assert_eq!(result.is_ok(), legal, "a path of {steps} keys: {result:?}");
    }
    points.checkpoint().expect("checkpoint");
    let got = points.get([1u64.into()], &WithPayload::All, &WithVectors::No).expect("get");
    assert!(got[0].payload.is_some());
}

#[test]
fn bytes_of_one_write() {
    let max = 4000;
    let points = points(Limits { record_bytes_max: max, ..Limits::default() });
    let mut refusals = 0;
    for extra in 0..200 {
        let text = payload(json!({"k": "x".repeat(3800 + extra)}));
        match points.upsert([Point::without_vectors(1u64).with_payload(text)]) {
            Ok(_) => assert_eq!(refusals, 0, "a larger write was accepted after a refusal"),
            Err(Error::TooLarge { limit, got, .. }) => {
                assert!(limit == max as u64 && got > limit, "{limit}, {got}");
                refusals += 1;
            }
            Err(e) => panic!("{e:?}"),
        }
    }
    assert!((1..200).contains(&refusals));
}

#[test]
fn number_of_collections() {
    let db = open(Limits { collections_max: 3, ..Limits::default() });
    for name in ["a", "b", "c"] {
        db.create_collection(name, &CollectionConfig::new()).expect("create");
    }
    refused(db.create_collection("d", &CollectionConfig::new()), ErrorKind::TooLarge);
    db.drop_collection("b").expect("drop");
    db.create_collection("d", &CollectionConfig::new()).expect("create");
}

#[test]
fn limits_and_offsets() {
    let points = points(Limits::default());
    points.upsert((0..10u64).map(|n| Point::new(n, [n as f32]))).expect("upsert");
    let limits = [(0, false), (1, true), (9_999, true), (10_000, true), (10_001, false), (usize::MAX, false)];
    table(ErrorKind::InvalidArgument, &limits, |n| points.search(&SearchRequest::new([1.0]).limit(n)));
    table(ErrorKind::InvalidArgument, &limits, |n| points.scroll(&ScrollRequest::new().limit(n)));
    let windows = [(0, true), (99_989, true), (99_990, true), (99_991, false), (usize::MAX, false)];
    table(ErrorKind::InvalidArgument, &windows, |n| {
        points.search(&SearchRequest::new([1.0]).limit(10).offset(n))
    });
    let hits = points.search(&SearchRequest::new([1.0]).limit(5).offset(8)).expect("search");
    assert_eq!(hits.iter().map(|h| h.id).collect::<Vec<_>>(), [1u64, 0].map(PointId::from));
    assert!(points.search(&SearchRequest::new([1.0]).offset(10)).expect("search").is_empty());
}

#[test]
fn dimensions_and_number_of_vectors() {
    let db = open(Limits::default());
    let create = |dim| {
        db.drop_collection("points").expect("drop");
        db.create_collection("points", &CollectionConfig::single(VectorConfig::new(dim, Metric::Euclid)))
    };
    let cases = [(0, false), (1, true), (65_535, true), (65_536, true), (65_537, false), (u32::MAX, false)];
    table(ErrorKind::InvalidArgument, &cases, create);
    let points = create(65_536).expect("create");
    points
        .upsert([Point::new(1u64, vec![1.0; 65_536]), Point::new(2u64, vec![2.0; 65_536])])
        .expect("upsert");
    points.checkpoint().expect("checkpoint");
    let hits = points.search(&SearchRequest::new(vec![0.0; 65_536])).expect("search");
    assert_eq!(hits.iter().map(|h| h.score).collect::<Vec<_>>(), [-256.0, -512.0]);
    let error = refused(points.upsert([Point::new(1u64, vec![1.0; 65_535])]), ErrorKind::InvalidArgument);
    assert_eq!(
        error.to_string(),
        "invalid points[0].vector: expected 65536 dimensions, got 65535 dimensions"
    );
    let many = |count: usize| {
        let mut config = CollectionConfig::new();
        config.vectors = (0..count).map(|i| (format!("v{i}"), VectorConfig::new(1, Metric::Dot))).collect();
        db.drop_collection("many").expect("drop");
        db.create_collection("many", &config)
    };
    table(ErrorKind::InvalidArgument, &[(255, true), (256, true), (257, false)], many);
    let all = many(256).expect("create");
    let point =
        (0..256).fold(Point::without_vectors(1u64), |p, i| p.with_vector(format!("v{i}"), [i as f32]));
    all.upsert([point.clone()]).expect("upsert");
    all.checkpoint().expect("checkpoint");
    let got = all.get([1u64.into()], &WithPayload::No, &WithVectors::All).expect("get");
    assert_eq!(got[0].vectors.as_ref().expect("asked for"), &point.vectors);
}

#[test]
fn thresholds_of_background_work() {
    let db = open(Limits::default());
    let default = OptimizerConfig::default();
    let create = |optimizer| {
        db.drop_collection("points").expect("drop");
        db.create_collection("points", &CollectionConfig::new().with_optimizer(optimizer))
    };
    let kind = ErrorKind::InvalidArgument;
    table(kind, &[(0, false), (1023, false), (1024, true), (u64::MAX, true)], |n| {
        create(OptimizerConfig { mutable_bytes_max: n, ..default })
    });
    let most = u64::from(u32::MAX);
    table(kind, &[(0, false), (1, true), (most - 1, true), (most, false)], |n| {
        create(OptimizerConfig { segment_points_max: n, ..default })
    });
    table(kind, &[(0, false), (1, false), (2, true), (64, true), (65, false)], |n| {
        create(OptimizerConfig { merge_fan_in: n, ..default })
    });
    let ratios = [
        (0.0, false),
        (0.009, false),
        (0.01, true),
        (1.0, true),
        (1.001, false),
        (f32::NAN, false),
        (-1.0, false),
    ];
    table(kind, &ratios, |ratio| create(OptimizerConfig { vacuum_dead_ratio: ratio, ..default }));
    // The extremes work.
    let optimizer = OptimizerConfig {
        mutable_bytes_max: u64::MAX,
        segment_points_max: 1,
        merge_fan_in: 64,
        vacuum_dead_ratio: 1.0,
    };
    let points = create(optimizer).expect("create");
    points.upsert(bare(100)).expect("upsert");
    points.checkpoint().expect("checkpoint");
    points.delete((0..99u64).map(PointId::from)).expect("delete");
    db.run_background_jobs();
    assert_eq!(points.count().expect("count"), 1);
}

#[test]
fn flush_interval() {
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let (ms, s) = (Duration::from_millis, Duration::from_secs);
    let cases = [
        (Duration::ZERO, false),
        (Duration::from_nanos(1), false),
        (Duration::from_nanos(999_999), false),
        (Duration::from_micros(1500), true),
        (ms(1), true),
        (s(3600), true),
        (s(3600) + ms(1), false),
        (Duration::MAX, false),
    ];
    for (i, (interval, legal)) in (0..).zip(cases) {
        let db = options(vfs.clone(), &clock).open(DIR).expect("open");
        let name = format!("points{i}");
        let config = CollectionConfig { flush_interval: interval, ..CollectionConfig::new() };
        let created = db.create_collection(&name, &config);
        assert_eq!(created.is_ok(), legal, "{interval:?}: {created:?}");
        let Ok(points) = created else { continue };
        points.upsert(bare(1)).expect("upsert");
        let told = points.config().flush_interval;
        db.close().expect("close");
        drop((points, db));
        let db = options(vfs.clone(), &clock).open(DIR).expect("open");
        let points = db.collection(&name).unwrap_or_else(|e| panic!("{interval:?}: {e:?}"));
        assert_eq!(points.config().flush_interval, told, "{interval:?} changed by reopening");
        // What was accepted stays acceptable when something else is changed.
        let update = CollectionUpdate { optimizer: Some(OptimizerConfig::default()), ..Default::default() };
        points.update(&update).unwrap_or_else(|e| panic!("{interval:?}: {e}"));
    }
}
