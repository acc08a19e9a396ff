//! What an application keeps with a collection: there from the start, replaced as a whole, durable, and never read by the engine.

mod support;

use nigh::io::{CrashMode, SimVfs};
use nigh::{CollectionConfig, CollectionUpdate, Database, Error, ManualClock, Payload, VectorConfig};
use serde_json::{Value, json};
use std::sync::Arc;
use support::{DIR, options};

fn open(vfs: &SimVfs) -> Database {
    options(vfs.clone(), &Arc::new(ManualClock::default())).open(DIR).expect("open")
}

fn payload(value: Value) -> Payload {
    Payload::from_json(value).expect("an object")
}

fn metadata(db: &Database, name: &str) -> Option<Value> {
    db.collection(name).expect("collection").config().metadata.map(Payload::into_json)
}

fn update(metadata: Value) -> CollectionUpdate {
    CollectionUpdate { metadata: Some(payload(metadata)), ..Default::default() }
}

#[test]
fn it_is_there_from_the_start_and_after_a_power_cut() {
    let vfs = SimVfs::new();
    let db = open(&vfs);
    let given = json!({"owner": "é", "list": [1, 2.5, null], "deep": {"a.b": true}});
    let config = CollectionConfig::new().with_metadata(payload(given.clone()));
    assert_eq!(db.create_collection("a", &config).expect("create").config(), config);
    db.create_collection("b", &CollectionConfig::new()).expect("create");
    let crashed = open(&vfs.crash(CrashMode::Nothing));
    assert_eq!(metadata(&crashed, "a"), Some(given));
    assert_eq!(metadata(&crashed, "b"), None);
}

#[test]
fn an_update_replaces_it_and_leaves_the_rest() {
    let vfs = SimVfs::new();
    let db = open(&vfs);
    let config = CollectionConfig::single(VectorConfig::new(2, nigh::Metric::Dot));
    let points = db.create_collection("a", &config).expect("create");
    points.update(&update(json!({"a": 1, "b": 2}))).expect("update");
    points.update(&update(json!({"b": 3}))).expect("update");
    assert_eq!(metadata(&db, "a"), Some(json!({"b": 3})));
    points.update(&CollectionUpdate::default()).expect("nothing");
    let expected = CollectionConfig { metadata: Some(payload(json!({"b": 3}))), ..config.clone() };
    assert_eq!(points.config(), expected);
    let crashed = open(&vfs.crash(CrashMode::Nothing));
    assert_eq!(crashed.collection("a").expect("collection").config(), expected);
    points.update(&update(json!({}))).expect("update");
    assert_eq!(points.config(), config, "an empty object is none");
    db.create_collection("b", &config.clone().with_metadata(payload(json!({})))).expect("create");
    assert_eq!(metadata(&db, "b"), None);
}

#[test]
fn what_is_too_large_is_refused() {
    let vfs = SimVfs::new();
    let db = open(&vfs);
    let kept = payload(json!({"k": "x".repeat((1 << 20) - 8)}));
    let points = db.create_collection("a", &CollectionConfig::new().with_metadata(kept)).expect("a full MiB");
    let longer = json!({"k": "x".repeat((1 << 20) - 7)});
    let refused = points.update(&update(longer.clone())).expect_err("a byte more");
    assert!(
        matches!(&refused, Error::TooLarge { what, limit: 1_048_576, got: 1_048_577 } if what.contains("metadata")),
        "{refused}"
    );
    let config = CollectionConfig::new().with_metadata(payload(longer));
    assert!(db.create_collection("b", &config).is_err());
    assert_eq!(db.collections(), ["a"]);
    let mut deep = json!({});
    for _ in 0..64 {
        deep = json!({ "k": deep });
    }
    assert!(points.update(&update(deep)).is_err());
    assert!(points.config().metadata.is_some_and(|metadata| metadata.get("k").is_some_and(Value::is_string)));
}

#[test]
fn a_reader_follows_it() {
    let vfs = SimVfs::new();
    let db = open(&vfs);
    let points = db.create_collection("a", &CollectionConfig::new()).expect("create");
    let clock = Arc::new(ManualClock::default());
    let reading = options(vfs.clone(), &clock).open_read_only(DIR).expect("open");
    assert_eq!(metadata(&reading, "a"), None);
    points.update(&update(json!({"a": 1}))).expect("update");
    reading.refresh().expect("refresh");
    assert_eq!(metadata(&reading, "a"), Some(json!({"a": 1})));
}
