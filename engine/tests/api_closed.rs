//! After a collection is dropped, or the database closed, every call on an old handle says `Closed`; the folder can be opened again at once.

mod support;

use nigh::io::{RealVfs, SimVfs, Vfs};
use nigh::{
    Applied, Background, CancelToken, Collection, CollectionConfig, CollectionUpdate, Database, ErrorKind,
    ManualClock, Metric, Options, Payload, Point, ScrollRequest, SearchRequest, VectorConfig, WithPayload,
    WithVectors,
};
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use support::{DIR, options};

fn create(db: &Database) -> Collection {
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot));
    let points = db.create_collection("points", &config).expect("create");
    points.upsert([Point::new(1u64, [1.0])]).expect("upsert");
    points
}

fn check_closed(points: &Collection) {
    let id = || [1u64.into()];
    let payload = || Payload::try_from(json!({"a": 1})).expect("payload");
    let vectors = [("".to_owned(), vec![1.0])].into();
    let results = [
        ("upsert", points.upsert([Point::new(1u64, [1.0])]).map(drop)),
        ("delete", points.delete(id()).map(drop)),
        ("set_payload", points.set_payload(id(), payload()).map(drop)),
        ("overwrite_payload", points.overwrite_payload(id(), payload()).map(drop)),
        ("delete_payload_keys", points.delete_payload_keys(id(), ["a"]).map(drop)),
        ("clear_payload", points.clear_payload(id()).map(drop)),
        ("update_vectors", points.update_vectors([(1u64.into(), vectors)]).map(drop)),
        ("delete_vectors", points.delete_vectors(id(), [""]).map(drop)),
        ("get", points.get(id(), &WithPayload::All, &WithVectors::All).map(drop)),
        ("scroll", points.scroll(&ScrollRequest::new()).map(drop)),
        ("search", points.search(&SearchRequest::new([1.0])).map(drop)),
        ("count", points.count().map(drop)),
        ("info", points.info().map(drop)),
        ("update", points.update(&CollectionUpdate::default())),
        ("checkpoint", points.checkpoint()),
    ];
    for (call, result) in results {
        let Err(error) = result else { panic!("{call} worked") };
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Closed, Applied::No), "{call}: {error}");
    }
}

#[test]
fn after_a_drop() {
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = options(vfs.clone(), &clock).open(DIR).expect("open");
    let old = create(&db);
    old.checkpoint().expect("checkpoint");
    assert!(db.drop_collection("points").expect("drop"));
    assert!(!db.drop_collection("points").expect("nothing to drop"));
    assert_eq!(db.collection("points").expect_err("gone").kind(), ErrorKind::NotFound);
    check_closed(&old);
    assert_eq!(db.run_background_jobs(), 0);
    let names: Vec<_> = vfs.list(Path::new(DIR)).expect("list").into_iter().map(|e| e.name).collect();
    assert_eq!(names, ["catalog"], "nothing is left of it");
    // A new one of the same name is another collection.
    let config = CollectionConfig::new();
    let new = db.create_collection("points", &config).expect("create");
    assert_eq!(new.count().expect("count"), 0);
    check_closed(&old);
    new.upsert([Point::without_vectors(5u64)]).expect("upsert");
    drop((old, new));
    db.close().expect("close");
    drop(db);
    let db = options(vfs, &clock).open(DIR).expect("open");
    let points = db.collection("points").expect("points");
    assert_eq!((points.count().expect("count"), points.config()), (1, config));
}

#[test]
fn after_a_close() {
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = options(vfs.clone(), &clock).open(DIR).expect("open");
    let old = create(&db);
    let other = db.clone();
    db.close().expect("close");
    db.close().expect("closing twice is fine");
    check_closed(&old);
    let config = CollectionConfig::new();
    let results = [
        other.create_collection("new", &config).map(drop),
        other.collection("points").map(drop),
        other.drop_collection("points").map(drop),
        other.update_aliases(&[]),
        other.refresh(),
    ];
    for (i, result) in results.into_iter().enumerate() {
        let error = result.expect_err("closed");
        assert_eq!((error.kind(), error.applied()), (ErrorKind::Closed, Applied::No), "{i}: {error}");
    }
    assert_eq!(other.run_background_jobs(), 0);
    // Old handles are in nobody's way.
    let again = options(vfs, &clock).open(DIR).expect("open again");
    assert_eq!(again.collection("points").expect("points").count().expect("count"), 1);
    drop((old, other, db));
    assert_eq!(again.collection("points").expect("points").count().expect("count"), 1);
    assert!(again.verify(&CancelToken::new(), |_, _| {}).is_clean());
}

fn check_one_writer(vfs: Arc<dyn Vfs>, dir: &Path) {
    let options = || Options::new().vfs(Arc::clone(&vfs)).background(Background::Manual).free_bytes_min(0);
    let db = options().open(dir).expect("open");
    let points = create(&db);
    let error = options().open(dir).expect_err("one writer");
    let nigh::Error::Locked { path, pid } = &error else { panic!("{error:?}") };
    assert_eq!((path.as_path(), *pid), (dir, Some(std::process::id())));
    let reader = options().open_read_only(dir).expect("readers are welcome");
    assert_eq!(reader.collection("points").expect("points").count().expect("count"), 1);
    // A collection's handle keeps the database open.
    drop(db);
    assert_eq!(options().open(dir).expect_err("one writer").kind(), ErrorKind::Locked);
    points.upsert([Point::new(2u64, [1.0])]).expect("upsert");
    drop(points);
    let db = options().open(dir).expect("free again");
    assert_eq!(db.collection("points").expect("points").count().expect("count"), 2);
}

#[test]
fn one_writer_at_a_time() {
    check_one_writer(Arc::new(SimVfs::new()), Path::new(DIR));
    let dir = tempfile::tempdir().expect("a folder");
    check_one_writer(Arc::new(RealVfs), dir.path());
}

#[test]
fn what_is_not_there_is_not_made_by_a_reader() {
    let vfs = SimVfs::new();
    let error = options(vfs.clone(), &Arc::new(ManualClock::default()))
        .open_read_only(DIR)
        .expect_err("nothing there");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error}");
    assert!(vfs.list(Path::new("/")).expect("list").is_empty());
}
