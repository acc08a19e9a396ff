//! T15: dropping the last handle closes the database as `close` does, whatever its background threads are doing: the folder can be opened again at once, and
//! what was accepted is there. (Found by T7: the folder was still locked for as long as a background job took.)

use nigh::{CollectionConfig, Database, Durability, Metric, OptimizerConfig, Point, VectorConfig};

#[test]
fn a_dropped_database_can_be_opened_at_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let optimizer = OptimizerConfig { mutable_bytes_max: 1024, merge_fan_in: 2, ..Default::default() };
    let config = CollectionConfig::single(VectorConfig::new(8, Metric::Dot)).with_optimizer(optimizer);
    let db = Database::open(folder.path()).expect("open");
    db.create_collection("points", &config).expect("create");
    drop(db);
    for round in 1..=60u64 {
        let db = Database::open(folder.path()).expect("the lock went with the last handle");
        let points = db.collection("points").expect("collection");
        assert_eq!(points.count().expect("count"), (round - 1) * 20);
        let points = points.with_durability(Durability::Async);
        for n in 0..20 {
            points.upsert([Point::new(round * 20 + n, [n as f32; 8])]).expect("upsert");
        }
        // Jobs are at work now, and some writes wait in the queue.
        drop(db);
        drop(points);
    }
}
