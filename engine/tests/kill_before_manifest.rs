//! A process dies between the log's new file and the manifest of a checkpoint. Its successor makes that checkpoint again, and the file that the log goes on in
//! must not be cut with the old ones. (Found by T1: acknowledged writes were lost, and the folder did not open.)

use nigh::io::{CrashMode, SimVfs};
use nigh::{
    Background, CollectionConfig, Database, ManualClock, Metric, Options, Payload, Point, VectorConfig,
};
use std::sync::{Arc, Mutex};

fn open(vfs: &SimVfs) -> nigh::Result<Database> {
    Options::new()
        .vfs(Arc::new(vfs.clone()))
        .clock(Arc::new(ManualClock::default()))
        .background(Background::Manual)
        .free_bytes_min(0)
        .wal_file_bytes(4096, 4096)
        .open("/db")
}

/// A point whose record takes `bytes` and more.
fn large(id: u64, bytes: usize) -> Point {
    let payload = Payload::from_json(serde_json::json!({"text": "x".repeat(bytes)})).expect("an object");
    Point::new(id, [1.0]).with_payload(payload)
}

/// Every moment of a checkpoint at which the process may die.
fn moments() -> Vec<SimVfs> {
    let vfs = SimVfs::new();
    let db = open(&vfs).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot));
    let points = db.create_collection("points", &config).expect("create");
    points.upsert([Point::new(1u64, [1.0])]).expect("upsert");
    let moments = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&moments);
    vfs.set_observer(Some(Arc::new(move |vfs: &SimVfs| {
        taken.lock().expect("no panic").push(vfs.crash(CrashMode::Everything));
    })));
    points.checkpoint().expect("checkpoint");
    vfs.set_observer(None);
    let moments = std::mem::take(&mut *moments.lock().expect("no panic"));
    assert!(moments.len() > 10);
    moments
}

/// Opens, makes the checkpoint and writes, in the order that `write_first` says; then opens again.
fn go_on(vfs: &SimVfs, write_first: bool, bytes: usize) {
    let db = open(vfs).expect("open after the crash");
    let points = db.collection("points").expect("collection");
    let checkpoint = || points.checkpoint().expect("checkpoint");
    let write = || assert_eq!(points.upsert([large(2, bytes)]).expect("upsert").0, 2);
    let steps: [&dyn Fn(); 2] = [&checkpoint, &write];
    steps[usize::from(write_first)]();
    steps[usize::from(!write_first)]();
    let db = open(&vfs.crash(CrashMode::Everything)).expect("open again");
    let points = db.collection("points").expect("collection");
    assert_eq!(points.count().expect("count"), 2);
    assert_eq!(points.upsert([large(3, bytes)]).expect("upsert").0, 3);
    points.checkpoint().expect("checkpoint");
    assert_eq!(points.count().expect("count"), 3);
}

#[test]
fn the_next_checkpoint_keeps_the_log() {
    for moment in moments() {
        for write_first in [false, true] {
            // One that fits the empty log file, and one for which a larger file must replace it.
            for bytes in [10, 20_000] {
                go_on(&moment.crash(CrashMode::Everything), write_first, bytes);
            }
        }
    }
}
