//! A seal is due while somebody else has the manifest in hand: it waits for that and is made then, so that writers do not wait for another turn.

mod support;

use nigh::io::RealVfs;
use nigh::{Background, CollectionConfig, CollectionUpdate, JobKind, Metric, Options, Point, VectorConfig};
use std::sync::mpsc::channel;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use support::small;
use support::spy::{Call, SpyVfs};

/// Longer than anything here takes.
const HANG: Duration = Duration::from_secs(60);

#[test]
fn a_seal_that_is_due_waits_for_the_manifest() {
    let dir = tempfile::tempdir().expect("a folder");
    let vfs = SpyVfs::new(RealVfs);
    let options = Options::new().vfs(Arc::new(vfs.clone())).free_bytes_min(0);
    let db = options.background(Background::Manual).open(dir.path()).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot)).with_optimizer(small(1024));
    let points = db.create_collection("points", &config).expect("create");
    while points.info().expect("info").mutable_bytes < 1024 {
        let next = points.count().expect("count");
        points.upsert([Point::new(next, [1.0])]).expect("upsert");
    }
    let gate = Arc::new((Mutex::new(false), Condvar::new()));
    let shared = Arc::clone(&gate);
    let (reached, wait) = channel();
    vfs.set_hook(move |call, path| {
        if call == Call::Rename && path.file_name().is_some_and(|name| name == "manifest") {
            reached.send(()).unwrap_or_default();
            let open = shared.0.lock().expect("gate");
            drop(shared.1.wait_while(open, |open| !*open).expect("gate"));
        }
    });
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let update = CollectionUpdate { optimizer: Some(small(1024)), ..CollectionUpdate::default() };
            points.update(&update).expect("update");
        });
        wait.recv_timeout(HANG).expect("the manifest is being written");
        let turn = scope.spawn(|| db.run_background_jobs());
        // Long enough that the turn finds the manifest taken; nothing depends on it.
        std::thread::sleep(Duration::from_millis(300));
        *gate.0.lock().expect("gate") = true;
        gate.1.notify_all();
        turn.join().expect("no panic");
    });
    vfs.clear_hook();
    assert!(points.jobs().iter().any(|job| job.kind == JobKind::Seal), "{:?}", points.jobs());
}
