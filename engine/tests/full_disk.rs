//! T7: a small disk of our own is filled to the last byte. Writes fail with `NoSpace`, reads and deletes go on, nothing acknowledged is harmed, and
//! when there is space again writes go on without reopening. Needs root; skipped where nothing can be mounted. `NIGH_RUNS`, `SEED`.

#[path = "support/disk.rs"]
mod disk;
#[path = "support/run.rs"]
mod run;

use disk::Disk;
use nigh::{
    CancelToken, Collection, CollectionConfig, Database, ErrorKind, Metric, OptimizerConfig, Options,
    Payload, Point, PointId, ScrollRequest, VectorConfig, WithPayload,
};
use run::{Folder, Rng};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const DIM: usize = 64;

fn config() -> CollectionConfig {
    let optimizer = OptimizerConfig {
        mutable_bytes_max: 256 << 10,
        merge_fan_in: 3,
        vacuum_dead_ratio: 0.2,
        ..Default::default()
    };
    CollectionConfig::single(VectorConfig::new(DIM as u32, Metric::Euclid)).with_optimizer(optimizer)
}

fn payload(stamp: u64) -> Payload {
    serde_json::json!({"stamp": stamp, "text": "x".repeat((stamp % 900) as usize)})
        .try_into()
        .expect("an object")
}

/// A database on a small disk, and what it acknowledged: the stamp of each point.
struct Tenant {
    db: Database,
    points: Collection,
    acknowledged: BTreeMap<u64, u64>,
    stamp: u64,
    rng: Rng,
}

impl Tenant {
    fn open(dir: &Path, rng: Rng, acknowledged: BTreeMap<u64, u64>, kept_back: u64) -> Self {
        let options = Options::new().free_bytes_min(kept_back).wal_file_bytes(16 << 10, 256 << 10);
        let db = options.open(dir).expect("open");
        let points = db
            .collection("points")
            .or_else(|_| db.create_collection("points", &config()))
            .expect("collection");
        let stamp = acknowledged.values().max().copied().unwrap_or(0);
        Self { db, points, acknowledged, stamp, rng }
    }

    /// Writes one batch; false if the disk is full.
    fn write(&mut self) -> bool {
        self.stamp += 1;
        let ids: Vec<u64> = (0..20).map(|_| self.rng.below(40_000)).collect();
        let vector = |id: u64| (0..DIM as u64).map(|i| (id + i) as f32).collect::<Vec<_>>();
        let batch = ids.iter().map(|id| Point::new(*id, vector(*id)).with_payload(payload(self.stamp)));
        match self.points.upsert(batch) {
            Ok(_) => self.acknowledged.extend(ids.iter().map(|id| (*id, self.stamp))),
            Err(e) if e.kind() == ErrorKind::NoSpace => return false,
            Err(e) => panic!("a full disk is NoSpace, got {e}"),
        }
        true
    }

    fn write_until_full(&mut self) -> u64 {
        let mut batches = 0;
        while self.write() {
            batches += 1;
            assert!(batches < 100_000, "the disk does not fill up");
        }
        batches
    }

    /// Deletes must go on, if need be after a moment in which the background made room.
    fn delete(&mut self, count: usize) {
        let ids: Vec<u64> = self.acknowledged.keys().copied().take(count).collect();
        for chunk in ids.chunks(50) {
            self.points
                .delete(chunk.iter().map(|id| PointId::from(*id)))
                .expect("deletes go on when the disk is full");
            self.acknowledged.retain(|id, _| !chunk.contains(id));
        }
    }

    /// Writes go on within a while, without reopening.
    fn resume(&mut self, why: &str) {
        let started = Instant::now();
        while !self.write() {
            let free = free_bytes(&self.points);
            assert!(started.elapsed() < Duration::from_secs(20), "{why}: writes did not resume; {free}");
            std::thread::sleep(Duration::from_millis(20));
        }
        assert!(self.points.info().expect("info").poisoned.is_none());
    }

    fn check(&self, why: &str) {
        let request =
            |from: u64| ScrollRequest::new().start_at(from).limit(10_000).with_payload(WithPayload::All);
        let (mut found, mut from) = (BTreeMap::new(), Some(PointId::from(0u64)));
        while let Some(PointId::Num(id)) = from {
            let page = self.points.scroll(&request(id)).expect("reads go on");
            for record in page.points {
                let PointId::Num(id) = record.id else { panic!("{why}: unknown point {}", record.id) };
                let stamp = record.payload.as_ref().and_then(|p| p.get("stamp")).and_then(|s| s.as_u64());
                assert_eq!(record.payload, stamp.map(payload), "{why}: payload of {id}");
                found.insert(id, stamp.expect("a stamp"));
            }
            from = page.next;
        }
        assert!(
            found == self.acknowledged,
            "{why}: {} points found, {} acknowledged",
            found.len(),
            self.acknowledged.len()
        );
        let report = self.db.verify(&CancelToken::new(), |_, _| {});
        assert!(report.is_clean(), "{why}: {report:?}");
    }
}

fn free_bytes(points: &Collection) -> String {
    let jobs = points.jobs();
    let failed: Vec<_> = jobs.iter().rev().take(3).map(|j| format!("{:?} {:?}", j.kind, j.state)).collect();
    let info = points.info().expect("info");
    format!("log {} bytes, memory {} bytes, last jobs {failed:?}", info.wal_bytes, info.mutable_bytes)
}

/// Takes what is left of a disk.
fn fill(path: PathBuf) -> PathBuf {
    let mut file = File::create(&path).expect("create");
    let block = vec![0x55; 4096];
    while file.write_all(&block).is_ok() {}
    drop(file.sync_all());
    path
}

fn live_through(disk: &Disk, kept_back: u64) {
    let seed = run::seed();
    for run in 0..run::number("NIGH_RUNS").unwrap_or(1) {
        let dir = disk.path().join(format!("db-{run}"));
        let mut tenant = Tenant::open(&dir, Rng::new(seed + run), BTreeMap::new(), kept_back);
        let batches = tenant.write_until_full();
        tenant.check("full by our own writes");
        tenant.delete(4_000);
        tenant.check("after deletes on a full disk");
        tenant.resume("after deletes");
        tenant.write_until_full();

        // Someone else takes the rest, to the last byte.
        let filler = fill(disk.path().join("filler"));
        tenant.write_until_full();
        tenant.check("full to the last byte");
        std::fs::remove_file(filler).expect("remove");
        tenant.delete(3_000);
        tenant.resume("after the filler went");
        tenant.check("after the filler went");

        // Opening on a full disk, and after it.
        let Tenant { db, points, acknowledged, rng, .. } = tenant;
        let filler = fill(disk.path().join("filler"));
        drop((db, points));
        let tenant = Tenant::open(&dir, rng.clone(), acknowledged, kept_back);
        tenant.check("reopened on a full disk");
        std::fs::remove_file(filler).expect("remove");
        let mut tenant = tenant;
        tenant.delete(2_000);
        tenant.resume("reopened on a full disk");
        tenant.check("the end");
        eprintln!(
            "SEED={seed} run {run}: {batches} batches until full, {} points kept, 0 lost",
            tenant.acknowledged.len()
        );
        drop(tenant);
        std::fs::remove_dir_all(dir).expect("remove the database");
    }
}

#[test]
fn an_ext4_fills_up_and_recovers() {
    let folder = Folder::new();
    if let Some(disk) = Disk::ext4(folder.path(), 24, "defaults") {
        live_through(&disk, 2 << 20);
    }
}

#[test]
fn a_tmpfs_fills_up_and_recovers() {
    let folder = Folder::new();
    if let Some(disk) = Disk::tmpfs(folder.path(), 24) {
        live_through(&disk, 2 << 20);
    }
}
