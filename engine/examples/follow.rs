//! Following: one handle writes, another reads the same folder and keeps up. Here both are in one program; usually the reader is another
//! process, such as a search front end beside an importer.
//!
//! ```text
//! cargo run -p nigh --example follow
//! ```
//! A reader never waits for the writer and never holds it up. It sees what the writer's process has handed to the operating system,
//! always as one moment, and takes over newer moments twice a second, or at once when it calls `refresh`.
#![allow(clippy::print_stdout, reason = "an example talks")]

use nigh::{
    CollectionConfig, Database, Metric, Point, PointId, Result, VectorConfig, WithPayload, WithVectors,
};

fn main() -> Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let writer = Database::open(dir.path())?;
    let config = CollectionConfig::single(VectorConfig::new(2, Metric::Euclid));
    let written = writer.create_collection("events", &config)?;
    written.upsert([Point::new(1u64, [0.0, 0.0])])?;

    // A second writer is refused at once, with the owner's process id …
    if let Err(error) = Database::open(dir.path()) {
        println!("a second writer: {error}");
    }
    // … but readers are welcome.
    let reader = Database::open_read_only(dir.path())?;
    let seen = reader.collection("events")?;
    println!("the reader starts with {} event", seen.count()?);

    // New points, a sealed segment, a deletion: the reader takes over all of it in one step.
    written.upsert((2..=100u64).map(|id| Point::new(id, [id as f32, 0.0])))?;
    written.checkpoint()?;
    written.delete([PointId::from(1u64)])?;
    reader.refresh()?;
    println!("the reader sees {} events", seen.count()?);
    let gone = seen.get([PointId::from(1u64)], &WithPayload::No, &WithVectors::No)?;
    println!("event 1 is {}", if gone.is_empty() { "gone" } else { "still there" });

    // A reader cannot write.
    if let Err(error) = seen.upsert([Point::new(1u64, [0.0, 0.0])]) {
        println!("the reader writes: {error}");
    }
    reader.close()?;
    writer.close()
}
