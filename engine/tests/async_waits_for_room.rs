//! Asynchronous writes come faster than the disk takes them: who finds the queue full waits for room, and nothing is refused.

mod support;

use nigh::io::RealVfs;
use nigh::{CollectionConfig, Durability, Metric, Options, Point, VectorConfig};
use serde_json::json;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use support::small;
use support::spy::{Call, SpyVfs};

/// Together more than may wait.
const POINTS: u64 = 160;
const PAYLOAD_BYTES: usize = 900_000;

/// Longer than anything here takes.
const HANG: Duration = Duration::from_secs(60);

#[test]
fn a_full_queue_is_waited_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let vfs = SpyVfs::new(RealVfs);
    let db = Options::new().vfs(Arc::new(vfs.clone())).free_bytes_min(0).open(dir.path()).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot)).with_optimizer(small(1024));
    let points = db.create_collection("points", &config).expect("create");
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let shared = Arc::clone(&gate);
    let (reached, wait) = channel();
    vfs.set_hook(move |call, path| {
        if call == Call::CreateDir && path.parent().is_some_and(|p| p.ends_with("segments")) {
            reached.send(()).unwrap_or_default();
            let open = shared.0.lock().expect("gate");
            drop(shared.1.wait_while(open, |open| !*open).expect("gate"));
        }
    });
    let writer = points.with_durability(Durability::Async);
    let (done, written) = channel();
    std::thread::spawn(move || {
        let write = |n| {
            let payload: nigh::Payload = json!({"text": "x".repeat(PAYLOAD_BYTES)}).try_into()?;
            writer.upsert([Point::new(n, [1.0]).with_payload(payload)])
        };
        done.send((0..POINTS).try_for_each(|n| write(n).map(drop))).unwrap_or_default();
    });
    wait.recv_timeout(HANG).expect("a seal starts");
    // Long enough that the queue is full by then; nothing depends on it.
    std::thread::sleep(Duration::from_millis(500));
    *gate.0.lock().expect("gate") = true;
    gate.1.notify_all();
    written.recv_timeout(HANG).expect("the writer goes on").expect("nothing is refused");
    vfs.clear_hook();
    db.close().expect("close");
    drop((points, db));
    let db = Options::new().free_bytes_min(0).open(dir.path()).expect("open");
    let points = db.collection("points").expect("points");
    assert_eq!(points.count().expect("count"), POINTS, "accepted writes are there after a close");
}
