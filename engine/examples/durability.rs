//! Durability: what each level promises when a write returns, and what it costs on this disk.
//!
//! ```text
//! cargo run --release -p nigh --example durability
//! ```
//! | level | when the call returns, the write survives | what may be lost |
//! |---|---|---|
//! | `Sync` (default) | a power cut | nothing |
//! | `Buffered` | the death of the process | on a power cut, the last `flush_interval` (1 s) |
//! | `Async` | nothing yet: it was only accepted | on any crash, what was in the queue |
//!
//! At every level one call is atomic, and what survives is a beginning of what was written: no holes. The level can be chosen for each
//! handle, so that one program loads in bulk with one and serves with another.
#![allow(clippy::print_stdout, reason = "an example talks")]

use nigh::{CollectionConfig, Database, Durability, Metric, Point, Result, VectorConfig};
use std::time::Instant;

const POINTS: u64 = 2_000;

fn main() -> Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let db = Database::open(dir.path())?;
    let config = CollectionConfig::single(VectorConfig::new(64, Metric::Dot));
    let collection = db.create_collection("levels", &config)?;

    for level in [Durability::Sync, Durability::Buffered, Durability::Async] {
        let writer = collection.with_durability(level);
        let begun = Instant::now();
        for id in 0..POINTS {
            writer.upsert([Point::new(id, [id as f32; 64])])?;
        }
        let micros = begun.elapsed().as_secs_f64() * 1e6 / POINTS as f64;
        let info = collection.info()?;
        // Where each level has got to: the last write that readers see, and the last that a power cut cannot take.
        let (visible, durable) = (info.last_seq, info.durable_seq);
        println!("{level:?}: {micros:.1} µs a write; now visible up to {visible}, durable up to {durable}");
    }

    // Many writers share syncs: sixteen threads wait for the disk together.
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for writer in 0..16 {
            let collection = &collection;
            scope.spawn(move || {
                for id in 0..POINTS / 16 {
                    let id = writer * 1_000_000 + id;
                    collection.upsert([Point::new(id, [0.5; 64])]).expect("written");
                }
            });
        }
    });
    let micros = begun.elapsed().as_secs_f64() * 1e6 / POINTS as f64;
    println!("Sync by 16 writers: {micros:.1} µs a write");

    // Everything acknowledged, whatever its level, is durable after this; so it is after `checkpoint` and when the database is dropped.
    db.close()
}
