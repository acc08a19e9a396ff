//! T15: a folder may be read while another process writes to it. The reader never holds the writer up, follows it through seals, merges and new
//! collections, and cannot write. A folder that cannot be written to gives a typed error, and can still be read.

#[path = "support/disk.rs"]
mod disk;
#[path = "support/run.rs"]
mod run;

use disk::Disk;
use nigh::{
    Background, CancelToken, Collection, CollectionConfig, Database, Error, ErrorKind, Metric,
    OptimizerConfig, Options, Point, PointId, ScrollRequest, VectorConfig, WithPayload,
};
use run::{Folder, Running};
use std::path::Path;
use std::sync::mpsc::Receiver;
use std::time::{Duration, Instant};

const DIR: &str = "NIGH_LOCK_DIR";

fn config() -> CollectionConfig {
    let optimizer = OptimizerConfig { mutable_bytes_max: 4096, merge_fan_in: 2, ..Default::default() };
    CollectionConfig::single(VectorConfig::new(2, Metric::Dot)).with_optimizer(optimizer)
}

/// The reader steps when the test says so.
fn reader(dir: &Path) -> Database {
    Options::new().background(Background::Manual).open_read_only(dir).expect("open for reading")
}

fn ids(points: &Collection) -> Vec<PointId> {
    let request = ScrollRequest::new().limit(10_000).with_payload(WithPayload::No);
    points.scroll(&request).expect("scroll").points.iter().map(|r| r.id).collect()
}

fn upsert(points: &Collection, numbers: std::ops::Range<u64>) {
    points.upsert(numbers.map(|n| Point::new(n, [n as f32, 1.0]))).expect("upsert");
}

#[test]
fn a_reader_follows_the_writer() {
    let folder = Folder::new();
    let db = Options::new().background(Background::Manual).open(folder.path()).expect("open");
    let points = db.create_collection("points", &config()).expect("create");
    let reading = reader(folder.path());
    let seen = reading.collection("points").expect("collection");
    for round in 0..40u64 {
        upsert(&points, round * 10..round * 10 + 10);
        points.delete([PointId::from(round * 7)]).expect("delete");
        db.run_background_jobs();
        reading.refresh().expect("refresh");
        assert_eq!(ids(&seen), ids(&points), "round {round}");
    }
    assert!(points.info().expect("info").segments.len() > 1);
    db.create_collection("later", &config()).expect("create");
    reading.refresh().expect("refresh");
    assert_eq!(reading.collections(), ["later", "points"]);
    assert!(reading.verify(&CancelToken::new(), |_, _| {}).is_clean());
    // A moment that was taken stays, though the writer has removed its files.
    let old = ids(&seen);
    points.delete((0..400u64).map(PointId::from)).expect("delete");
    points.checkpoint().expect("checkpoint");
    db.run_background_jobs();
    assert_eq!(ids(&seen), old);
    reading.refresh().expect("refresh");
    assert_eq!(ids(&seen), ids(&points));
}

#[test]
fn a_reader_cannot_write() {
    let folder = Folder::new();
    let db = Database::open(folder.path()).expect("open");
    db.create_collection("points", &config()).expect("create");
    let reading = reader(folder.path());
    let seen = reading.collection("points").expect("collection");
    let errors = [
        seen.upsert([Point::new(1u64, [1.0, 1.0])]).err(),
        seen.delete([PointId::from(1u64)]).err(),
        seen.checkpoint().err(),
        reading.create_collection("more", &config()).err(),
        reading.drop_collection("points").err(),
    ];
    for error in errors {
        let error = error.expect("a reader cannot write");
        assert!(matches!(error, Error::ReadOnly), "{error:?}");
    }
    let nothing = Folder::new();
    let error = Database::open_read_only(nothing.path()).expect_err("there is no database");
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(run::files_below(nothing.path()).is_empty(), "opening for reading creates nothing");
}

#[test]
fn a_reader_never_blocks_the_writer() {
    let folder = Folder::new();
    let reading = {
        let db = Database::open(folder.path()).expect("open");
        upsert(&db.create_collection("points", &config()).expect("create"), 0..10);
        drop(db);
        reader(folder.path())
    };
    let db = Database::open(folder.path()).expect("readers hold no lock");
    upsert(&db.collection("points").expect("collection"), 10..20);
    reading.refresh().expect("refresh");
    assert_eq!(reading.collection("points").expect("collection").count().expect("count"), 20);
    reading.close().expect("close");
    let error = Database::open(folder.path()).expect_err("a reader that closes lets go of nothing");
    assert_eq!(error.kind(), ErrorKind::Locked);
}

#[test]
fn a_reader_in_another_process_follows() {
    let folder = Folder::new();
    let db = Database::open(folder.path()).expect("open");
    let points = db.create_collection("points", &config()).expect("create");
    let mut command = run::this_test_again(&[], "child");
    command.env(DIR, folder.path());
    let mut child = Running::start(command);
    let lines = child.lines();
    for round in 1..=20u64 {
        upsert(&points, round * 25 - 25..round * 25);
        wait_for(&lines, round * 25);
    }
    drop(points);
    db.close().expect("close");
}

/// Until the child has seen `count` points; it never sees fewer than before, or a broken folder.
fn wait_for(lines: &Receiver<String>, count: u64) {
    let started = Instant::now();
    loop {
        let line = lines.recv_timeout(Duration::from_secs(20)).expect("the reader lives");
        let seen: u64 = line.parse().unwrap_or_else(|_| panic!("the reader: {line}"));
        if seen == count {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "the reader saw {seen} of {count}");
    }
}

/// The process that reads.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let db = Options::new().background(Background::Manual).open_read_only(dir).expect("open for reading");
    let points = db.collection("points").expect("collection");
    let mut last = 0;
    let started = Instant::now();
    while started.elapsed() < Duration::from_secs(60) {
        if let Err(e) = db.refresh() {
            run::tell(&format!("refresh: {e}"));
        }
        let seen = ids(&points).len() as u64;
        if seen < last {
            run::tell(&format!("{seen} points after {last}"));
        }
        last = seen;
        run::tell(&last.to_string());
        std::thread::sleep(Duration::from_millis(2));
    }
}

#[test]
fn a_folder_that_cannot_be_written_to() {
    let folder = Folder::new();
    let Some(disk) = Disk::tmpfs(folder.path(), 8) else { return };
    let dir = disk.path().join("db");
    let db = Options::new().free_bytes_min(0).open(&dir).expect("open");
    upsert(&db.create_collection("points", &config()).expect("create"), 0..50);
    drop(db);
    disk.make_read_only();
    let error = Database::open(&dir).expect_err("nothing can be written");
    assert!(matches!(&error, Error::Io { path, .. } if path.starts_with(disk.path())), "{error:?}");
    let reading = Database::open_read_only(&dir).expect("reading needs no writing");
    assert_eq!(reading.collection("points").expect("collection").count().expect("count"), 50);
}
