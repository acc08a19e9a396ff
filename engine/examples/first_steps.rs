//! First steps: open a folder, make a collection, write points, find the nearest.
//!
//! ```text
//! cargo run -p nigh --example first_steps
//! ```
//! The same program stands in README.md.
#![allow(clippy::print_stdout, reason = "an example talks")]

use nigh::{CollectionConfig, Database, Metric, Payload, Point, SearchRequest, VectorConfig, WithPayload};
use serde_json::json;

fn main() -> nigh::Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    // The folder is this process's until `db` and its collections are dropped. Another process may read it.
    let db = Database::open(dir.path())?;
    let config = CollectionConfig::single(VectorConfig::new(2, Metric::Euclid));
    let cities = db.create_collection("cities", &config)?;

    // Durable when the call returns: one write, one sync, all three points or none.
    let city = |id: u64, name: &str, place: [f32; 2]| -> nigh::Result<Point> {
        Ok(Point::new(id, place).with_payload(Payload::from_json(json!({ "name": name }))?))
    };
    cities.upsert([
        city(1, "서울", [37.57, 126.98])?,
        city(2, "Paris", [48.86, 2.35])?,
        city(3, "부산", [35.18, 129.08])?,
    ])?;

    let from_daejeon = SearchRequest::new([36.35, 127.38]).limit(2).with_payload(WithPayload::All);
    for hit in cities.search(&from_daejeon)? {
        let name = hit.payload.and_then(|p| p.get("name").cloned()).unwrap_or_default();
        // A score is larger for the nearer point; here it is minus the distance.
        println!("{} {name} {:.2}", hit.id, hit.score);
    }
    Ok(())
}
