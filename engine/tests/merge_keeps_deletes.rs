//! While segments are being merged, all points of one of them are deleted and a checkpoint is made. The merged segment was built from the points as they
//! were; the deletes must reach it all the same. (Found by T1: deleted points came back.)

use nigh::io::{Access, DirEntry, FileMap, FolderLock, LockError, RealVfs, Vfs, VfsFile};
use nigh::{
    Background, CollectionConfig, CollectionUpdate, Database, ManualClock, Metric, OptimizerConfig, Options,
    Point, PointId, ScrollRequest, VectorConfig,
};
use std::io;
use std::path::Path;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};

/// The operating system's files, but whoever creates the id map of a segment on the thread named "merge" says so and waits.
#[derive(Debug)]
struct Gate {
    reached: Sender<()>,
    open: Mutex<Receiver<()>>,
}

impl Vfs for Gate {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        if std::thread::current().name() == Some("merge") && path.ends_with("ids.tmp") {
            self.reached.send(()).expect("the test listens");
            self.open.lock().expect("no panic").recv().expect("the test opens the gate");
        }
        RealVfs.create(path)
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn VfsFile>> {
        RealVfs.open(path, access)
    }

    fn map(&self, path: &Path) -> io::Result<FileMap> {
        RealVfs.map(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        RealVfs.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        RealVfs.remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        RealVfs.create_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        RealVfs.remove_dir(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        RealVfs.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        RealVfs.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> Result<FolderLock, LockError> {
        RealVfs.lock(path)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        RealVfs.free_bytes(dir)
    }
}

fn open(dir: &Path, vfs: Arc<dyn Vfs>) -> Database {
    let options =
        Options::new().vfs(vfs).clock(Arc::new(ManualClock::default())).background(Background::Manual);
    options.free_bytes_min(0).open(dir).expect("open")
}

fn ids(db: &Database) -> Vec<PointId> {
    let points = db.collection("points").expect("collection");
    let page = points.scroll(&ScrollRequest::new().limit(1000)).expect("scroll");
    assert_eq!(points.count().expect("count"), page.points.len() as u64);
    page.points.iter().map(|r| r.id).collect()
}

#[test]
fn deletes_during_a_merge_stay() {
    let folder = tempfile::tempdir().expect("a folder");
    let ((reached, has_reached), (opener, opened)) = (channel(), channel());
    let db = open(folder.path(), Arc::new(Gate { reached, open: Mutex::new(opened) }));
    let optimizer = OptimizerConfig { merge_fan_in: 64, vacuum_dead_ratio: 1.0, ..Default::default() };
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot)).with_optimizer(optimizer);
    let points = db.create_collection("points", &config).expect("create");
    for start in [0, 10] {
        points.upsert((start..start + 10).map(|id: u64| Point::new(id, [1.0]))).expect("upsert");
        points.checkpoint().expect("checkpoint");
    }
    let optimizer = OptimizerConfig { merge_fan_in: 2, ..optimizer };
    points.update(&CollectionUpdate { optimizer: Some(optimizer), ..Default::default() }).expect("update");

    let merge = {
        let db = db.clone();
        std::thread::Builder::new()
            .name("merge".to_owned())
            .spawn(move || db.run_background_jobs())
            .expect("spawn")
    };
    has_reached.recv().expect("the merge begins");
    points.delete((0..10u64).map(PointId::from)).expect("delete");
    points.checkpoint().expect("checkpoint");
    opener.send(()).expect("the merge waits");
    // A later job may come to the gate too.
    drop(opener);
    assert!(merge.join().is_ok_and(|jobs| jobs > 0));

    let expected: Vec<PointId> = (10..20u64).map(PointId::from).collect();
    assert_eq!(ids(&db), expected);
    drop(points);
    db.close().expect("close");
    assert_eq!(ids(&open(folder.path(), Arc::new(RealVfs))), expected, "opened again");
}
