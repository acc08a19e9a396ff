//! Closing while asynchronous writes are queued and memory is full: it ends, and everything that was accepted is there afterwards.

mod support;

use nigh::io::RealVfs;
use nigh::{
    Collection, CollectionConfig, Database, Durability, ErrorKind, Metric, Options, Point, VectorConfig,
};
use serde_json::json;
use std::path::Path;
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use support::small;
use support::spy::{Call, SpyVfs};

const POINTS: u64 = 400;

/// Longest that a close may take before it counts as hanging.
const HANG: Duration = Duration::from_secs(30);

fn open(vfs: &SpyVfs, dir: &Path) -> Database {
    let options = Options::new().vfs(Arc::new(vfs.clone())).free_bytes_min(0);
    options.open(dir).expect("open")
}

fn create(db: &Database) -> Collection {
    let config = CollectionConfig::single(VectorConfig::new(2, Metric::Dot)).with_optimizer(small(1024));
    db.create_collection("points", &config).expect("create").with_durability(Durability::Async)
}

fn flood(points: &Collection) {
    for n in 0..POINTS {
        let payload: nigh::Payload = json!({"text": "가".repeat(300)}).try_into().expect("payload");
        points.upsert([Point::new(n, [n as f32, 1.0]).with_payload(payload)]).expect("accepted");
    }
}

fn close_in_time(db: &Database) -> nigh::Result<()> {
    let (done, wait) = channel();
    let db = db.clone();
    std::thread::spawn(move || done.send(db.close()));
    wait.recv_timeout(HANG).expect("close does not hang")
}

fn check(vfs: &SpyVfs, dir: &Path) {
    let db = open(vfs, dir);
    let points = db.collection("points").expect("points");
    assert_eq!(points.count().expect("count"), POINTS, "accepted writes are there after a close");
}

#[test]
fn close_right_after_a_flood() {
    for _ in 0..5 {
        let dir = tempfile::tempdir().expect("a folder");
        let vfs = SpyVfs::new(RealVfs);
        let db = open(&vfs, dir.path());
        flood(&create(&db));
        close_in_time(&db).expect("close");
        check(&vfs, dir.path());
    }
}

#[test]
fn close_while_the_seal_is_slow() {
    let dir = tempfile::tempdir().expect("a folder");
    let vfs = SpyVfs::new(RealVfs);
    let db = open(&vfs, dir.path());
    let points = create(&db);
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
    flood(&points);
    wait.recv_timeout(HANG).expect("a seal starts");
    let opener = std::thread::spawn(move || {
        // Long enough that the close is waiting by then; nothing depends on it.
        std::thread::sleep(Duration::from_millis(300));
        *gate.0.lock().expect("gate") = true;
        gate.1.notify_all();
    });
    close_in_time(&db).expect("close");
    opener.join().expect("opener");
    vfs.clear_hook();
    check(&vfs, dir.path());
}

#[test]
fn drop_while_writers_are_at_work() {
    let dir = tempfile::tempdir().expect("a folder");
    let db = Options::new().free_bytes_min(0).open(dir.path()).expect("open");
    for _ in 0..5 {
        let points = create(&db);
        let writers: Vec<_> = [Durability::Sync, Durability::Buffered, Durability::Async]
            .map(|durability| {
                let points = points.with_durability(durability);
                std::thread::spawn(move || {
                    for n in 0u64.. {
                        match points.upsert([Point::new(n % 50, [1.0, 2.0])]) {
                            Ok(_) => {}
                            Err(e) => return e,
                        }
                    }
                    unreachable!("a dropped collection takes no writes")
                })
            })
            .into();
        while points.count().is_ok_and(|count| count < 20) {
            std::thread::yield_now();
        }
        assert!(db.drop_collection("points").expect("drop"));
        for writer in writers {
            let error = writer.join().expect("no panic");
            assert_eq!(error.kind(), ErrorKind::Closed, "{error:?}");
        }
        assert_eq!(points.count().expect_err("dropped").kind(), ErrorKind::Closed);
    }
    assert!(close_in_time(&db).is_ok());
}
