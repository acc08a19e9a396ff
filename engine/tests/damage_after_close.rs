//! T8: after a clean close, no single sector of the log can be lost without notice, wherever the last record ends: the markers behind it reach into a sector of
//! their own. (Found by the sweep: one sector took the last record and its only marker.)

#[path = "support/run.rs"]
mod run;

use nigh::{Background, CollectionConfig, Database, Error, ManualClock, Options, Payload, Point};
use run::{Folder, copy_folder};
use std::path::Path;
use std::sync::Arc;

const SECTOR: usize = 512;
const LOG: &str = "c-0000000000000001/wal/00000000000000000001.wal";

fn open(dir: &Path) -> Database {
    let options = Options::new().clock(Arc::new(ManualClock::default())).background(Background::Manual);
    options.free_bytes_min(0).wal_file_bytes(4096, 4096).open(dir).expect("open")
}

fn point(id: u64, len: usize) -> Point {
    let payload = Payload::from_json(serde_json::json!({"text": "x".repeat(len)})).expect("an object");
    Point::without_vectors(id).with_payload(payload)
}

/// Points that are there after a sector of the log was zeroed; `None` if the damage was noticed.
fn count_without_sector(original: &Path, start: usize) -> Option<u64> {
    let folder = Folder::new();
    copy_folder(original, folder.path());
    let path = folder.path().join(LOG);
    let mut bytes = std::fs::read(&path).expect("read");
    let end = (start + SECTOR).min(bytes.len());
    bytes[start..end].fill(0);
    std::fs::write(&path, bytes).expect("write");
    match open(folder.path()).collection("points") {
        Ok(points) => Some(points.count().expect("count")),
        Err(Error::Corrupt { file, .. }) if file == path => None,
        Err(e) => panic!("{e}"),
    }
}

#[test]
fn no_sector_of_the_log_is_lost_unnoticed() {
    // The records of two points make the log end at any place in a sector, and the last lengths near the end of the file.
    for len in (0..SECTOR).step_by(24).chain((2700..3400).step_by(40)) {
        let folder = Folder::new();
        let db = open(folder.path());
        let points = db.create_collection("points", &CollectionConfig::new()).expect("create");
        points.upsert([point(1, 10)]).expect("upsert");
        points.upsert([point(2, len)]).expect("upsert");
        drop(points);
        db.close().expect("close");
        let bytes = std::fs::read(folder.path().join(LOG)).expect("read");
        let used = bytes.iter().rposition(|b| *b != 0).expect("a log") + 1;
        for start in (0..used).step_by(SECTOR) {
            let count = count_without_sector(folder.path(), start);
            assert!(
                count.is_none_or(|n| n == 2),
                "text of {len}, sector at {start}: {count:?} points are left"
            );
        }
    }
}
