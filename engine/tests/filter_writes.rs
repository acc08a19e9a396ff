//! Writes to points that a filter selects: the right points, once each, also while others write, and the same points again after a replay.

#[path = "support/filters.rs"]
mod filters;
mod support;

use filters::{Known, filter, passes, payload};
use nigh::io::SimVfs;
use nigh::{
    Background, Collection, CollectionConfig, Condition, Database, Durability, Filter, Limits, ManualClock,
    Metric, Options, Payload, Point, PointId, Range, Record, ScrollRequest, SeqNo, VectorConfig, WithVectors,
};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use support::{DIR, Rng, options, seeds};

fn open(vfs: &SimVfs, limits: Limits) -> Database {
    options(vfs.clone(), &Arc::new(ManualClock::default())).limits(limits).open(DIR).expect("open")
}

fn create(db: &Database) -> Collection {
    let config = CollectionConfig::single(VectorConfig::new(2, Metric::Dot))
        .with_vector("other", VectorConfig::new(2, Metric::Dot));
    db.create_collection("points", &config).expect("create")
}

fn object(value: Value) -> Payload {
    Payload::from_json(value).expect("an object")
}

fn all(points: &Collection) -> Vec<Record> {
    let request = ScrollRequest::new().limit(10_000).with_vectors(WithVectors::All);
    points.scroll(&request).expect("scroll").points
}

fn json_of(record: &Record) -> Value {
    record.payload.clone().expect("asked for").into_json()
}

/// Each kind of edit, on the points that the oracle selects; then the log is replayed.
#[test]
fn every_edit_and_a_replay() {
    for seed in seeds(30) {
        let mut rng = Rng::new(seed);
        let vfs = SimVfs::new();
        let db = open(&vfs, Limits::default());
        let points = create(&db);
        let mut known: Vec<Known> = (0..60u64)
            .map(|n| Known {
                id: n.into(),
                vectors: vec![String::new(), "other".to_owned()],
                payload: payload(&mut rng),
            })
            .collect();
        let point = |known: &Known| {
            let point = Point::new(known.id, [1.0, 2.0]).with_vector("other", [3.0, 4.0]);
            point.with_payload(object(known.payload.clone()))
        };
        for (i, part) in known.chunks(20).enumerate() {
            points.upsert(part.iter().map(point)).expect("upsert");
            if i < 2 {
                points.checkpoint().expect("checkpoint");
            }
        }
        let ids: Vec<PointId> = known.iter().map(|point| point.id).collect();
        for round in 0..12 {
            let filter = filter(&mut rng, Some(&ids), 2);
            let before = points.info().expect("info").last_seq;
            let mut selected: Vec<&mut Known> =
                known.iter_mut().filter(|point| passes(&filter, point)).collect();
            let logged = u64::from(!selected.is_empty());
            let as_map = |point: &'_ mut Known| point.payload.as_object_mut().expect("an object").clone();
            let seq = match rng.below(6) {
                0 => {
                    let gone: Vec<PointId> = selected.iter().map(|point| point.id).collect();
                    known.retain(|point| !gone.contains(&point.id));
                    points.delete(&filter)
                }
                1 => {
                    for point in &mut selected {
                        point.payload["round"] = json!(round);
                    }
                    points.set_payload(&filter, object(json!({"round": round})))
                }
                2 => {
                    for point in &mut selected {
                        point.payload["tag"] = json!({"in": round});
                    }
                    points.overwrite_payload_at("tag", &filter, object(json!({"in": round})))
                }
                3 => {
                    for point in &mut selected {
                        let mut map = as_map(point);
                        map.remove("n");
                        map.remove("a.b");
                        point.payload = Value::Object(map);
                    }
                    points.delete_payload_keys(&filter, ["n", "\"a.b\"", "no.such"])
                }
                4 => {
                    selected.iter_mut().for_each(|point| point.payload = json!({}));
                    points.clear_payload(&filter)
                }
                _ => {
                    selected.iter_mut().for_each(|point| point.vectors.retain(|name| name != "other"));
                    points.delete_vectors(&filter, ["other"])
                }
            };
            assert_eq!(seq.expect("a write"), SeqNo(before.0 + logged), "seed {seed}: {filter:?}");
            assert_eq!(points.info().expect("info").last_seq, SeqNo(before.0 + logged));
        }
        let check = |points: &Collection| {
            let records = all(points);
            assert_eq!(records.len(), known.len(), "seed {seed}");
            for (record, known) in records.iter().zip(&known) {
                assert_eq!((record.id, json_of(record)), (known.id, known.payload.clone()), "seed {seed}");
                let names: Vec<String> = record.vectors.clone().expect("asked for").into_keys().collect();
                assert_eq!(names, known.vectors, "seed {seed}");
            }
        };
        check(&points);
        drop((points, db));
        check(&open(&vfs, Limits::default()).collection("points").expect("collection"));
    }
}

/// More points than one write takes: each is changed once, in writes of bounded size.
#[test]
fn very_many_points_in_several_writes() {
    let limits = Limits { record_bytes_max: 1 << 16, ..Limits::default() };
    let vfs = SimVfs::new();
    let db = open(&vfs, limits);
    let points = create(&db);
    for part in 0..10u64 {
        let point = |n| {
            Point::new(part * 400 + n, [0.0, 0.0])
                .with_payload(object(json!({"n": n % 2, "x": "x".repeat(40)})))
        };
        points.upsert((0..400).map(point)).expect("upsert");
    }
    let before = points.info().expect("info").last_seq.0;
    // What passes still passes afterwards: the edit must not follow its own traces.
    let even: Filter = Condition::matches("n", 0).into();
    let seq = points.set_payload(&even, object(json!({"set": true}))).expect("set");
    assert!(seq.0 > before + 2 && seq.0 < before + 100, "{} writes", seq.0 - before);
    let is_set = |record: &Record| json_of(record).get("set") == Some(&json!(true));
    assert!(all(&points).iter().all(|record| is_set(record) == (json_of(record)["n"] == 0)));
    assert_eq!(points.count_matching(Condition::matches("set", true)).expect("count"), 2000);
    let versions: Vec<SeqNo> =
        all(&points).iter().filter(|record| is_set(record)).map(|record| record.version).collect();
    assert!(versions.is_sorted(), "ranges of ids in their order");
    let before = points.info().expect("info").last_seq.0;
    let seq = points.delete(&even).expect("delete");
    assert!(seq.0 >= before + 2, "one id takes 17 bytes");
    assert_eq!(
        (points.count().expect("count"), points.count_matching(even.clone()).expect("count")),
        (2000, 0)
    );
    // What passes no more afterwards.
    points.overwrite_payload(Filter::new(), object(json!({"n": 5}))).expect("overwrite");
    assert!(all(&points).iter().all(|record| json_of(record) == json!({"n": 5})));
    drop((points, db));
    assert_eq!(open(&vfs, limits).collection("points").expect("collection").count().expect("count"), 2000);
}

/// Writes that were accepted before and are not committed yet belong to what a filter selects from.
#[test]
fn asynchronous_writes_come_first() {
    let db = Options::new().vfs(Arc::new(SimVfs::new())).free_bytes_min(0).open(DIR).expect("open");
    let points = create(&db);
    for round in 0..200u64 {
        let fast = points.with_durability(Durability::Async);
        fast.upsert(
            (0..5).map(|n| Point::new(round * 5 + n, [0.0, 0.0]).with_payload(object(json!({"r": round})))),
        )
        .expect("upsert");
        points.delete(Filter::new().must(Condition::matches("r", round))).expect("delete");
        assert_eq!(points.count().expect("count"), 0, "round {round}");
    }
}

/// Stops the writers when it goes.
struct Stopping<'a>(&'a AtomicBool);

impl Drop for Stopping<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Points begin and cease to pass all the time: an edit finds those that pass at its place in the log, no more and no fewer.
#[test]
fn concurrent_writers() {
    let db = Options::new()
        .vfs(Arc::new(SimVfs::new()))
        .free_bytes_min(0)
        .background(Background::Threads)
        .open(DIR)
        .expect("open");
    let points = create(&db).with_durability(Durability::Buffered);
    let point =
        |n: u64, state: &str| Point::new(n, [0.0, 0.0]).with_payload(object(json!({"state": state, "n": n})));
    points.upsert((0..300).map(|n| point(n, "free"))).expect("upsert");
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        // Also when an assertion fails: the writers would go on for ever.
        let _stopping = Stopping(&stop);
        // Every point is written all the time, some so that it passes, some so that it does not.
        for writer in 0..2u64 {
            let (points, stop) = (&points, &stop);
            scope.spawn(move || {
                let mut rng = Rng::new(writer + 7);
                while !stop.load(Ordering::Relaxed) {
                    let n = writer * 150 + rng.below(150);
                    let state = if rng.chance(50) { "free" } else { "busy" };
                    points.upsert([point(n, state)]).expect("upsert");
                    if rng.chance(5) {
                        points.delete([PointId::from(n)]).expect("delete");
                    }
                }
            });
        }
        for round in 0..150u64 {
            // At the edit's own place in the log everything that is free is marked, and nothing else: a point that was marked and not written since says so.
            let seq = points
                .set_payload(
                    Filter::new().must(Condition::matches("state", "free")),
                    object(json!({"round": round})),
                )
                .expect("set");
            for record in all(&points) {
                let payload = json_of(&record);
                if record.version == seq {
                    assert_eq!(
                        (&payload["state"], &payload["round"]),
                        (&json!("free"), &json!(round)),
                        "{record:?}"
                    );
                } else if record.version < seq {
                    assert_eq!(
                        payload["state"], "busy",
                        "free since {} and not marked at {seq}",
                        record.version
                    );
                }
            }
            let seq = points
                .delete(
                    Filter::new()
                        .must(Condition::range("n", Range::new().gte(250)))
                        .must(Condition::matches("state", "busy")),
                )
                .expect("delete");
            for record in all(&points).iter().filter(|record| record.version < seq) {
                let payload = json_of(record);
                assert!(
                    payload["state"] == "free" || payload["n"].as_u64() < Some(250),
                    "{record:?} was left at {seq}"
                );
            }
            if round % 40 == 39 {
                points.checkpoint().expect("checkpoint");
            }
        }
    });
}

#[test]
fn a_selection_of_ids_is_what_it_was() {
    let db = open(&SimVfs::new(), Limits::default());
    let points = create(&db);
    points.upsert((0..10u64).map(|n| Point::new(n, [0.0, 0.0]))).expect("upsert");
    points.delete([1u64.into(), PointId::from(2u64)]).expect("an array");
    points.delete(vec![PointId::from(3u64)]).expect("a vector");
    points.delete((4..6u64).map(PointId::from)).expect("an iterator");
    let some = [PointId::from(6u64), 7u64.into()];
    points.delete(some.iter().copied()).expect("a borrowing iterator");
    points.delete(Filter::from(Condition::has_id([8u64]))).expect("a filter");
    assert_eq!(all(&points).iter().map(|record| record.id).collect::<Vec<_>>(), [0u64.into(), 9u64.into()]);
}
