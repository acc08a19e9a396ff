//! Notes in Korean: payloads are edited in place, by path, without sending vectors again.
//!
//! ```text
//! cargo run -p nigh --example korean_notes
//! ```
//! A payload edit is a new version of the point: readers see the old payload or the new one, with the vectors that belong to it,
//! never a mixture. Names and keys may be in any script.
#![allow(clippy::print_stdout, reason = "an example talks")]

use nigh::{
    CollectionConfig, Database, Metric, Payload, Point, PointId, Result, ScrollRequest, VectorConfig,
    WithPayload, WithVectors,
};
use serde_json::{Value, json};

fn main() -> Result<()> {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let db = Database::open(dir.path())?;
    let notes =
        db.create_collection("메모", &CollectionConfig::single(VectorConfig::new(3, Metric::Cosine)))?;

    notes.upsert([
        note(1, "회의록", json!({"제목": "주간 회의", "작성자": {"이름": "김하늘", "팀": "검색"}, "태그": ["회의", "검색"]}))?,
        note(2, "장보기", json!({"제목": "장보기", "작성자": {"이름": "이바다"}, "태그": ["집"]}))?,
    ])?;

    // Merge a key at the top; merge one inside an object.
    notes.set_payload([id(1)], payload(json!({"읽음": true}))?)?;
    notes.set_payload_at("작성자", [id(1), id(2)], payload(json!({"팀": "플랫폼"}))?)?;
    // Replace what stands at a path; what is missing on the way is made.
    notes.overwrite_payload_at("위치", [id(1)], payload(json!({"도시": "서울"}))?)?;
    // Remove by path; what is not there is fine.
    notes.delete_payload_keys([id(1), id(2)], ["태그", "없는.길"])?;
    show(&notes, "after the edits")?;

    // An id that does not exist is skipped: edits never make points.
    notes.set_payload([id(99)], payload(json!({"유령": true}))?)?;
    println!("{} notes", notes.count()?);

    // Keys can be left out when reading.
    let short = WithPayload::include(["제목"])?;
    for record in notes.get([id(2), id(1)], &short, &WithVectors::No)? {
        println!("{} {}", record.id, record.payload.unwrap_or_default().into_json());
    }

    // Nothing is left of a payload that was cleared; the vector stays.
    notes.clear_payload([id(2)])?;
    show(&notes, "after clearing note 2")
}

fn id(number: u64) -> PointId {
    PointId::from(number)
}

fn payload(value: Value) -> Result<Payload> {
    Payload::from_json(value)
}

/// A program would ask a model for the vector; here the text's length has to do.
fn note(number: u64, text: &str, value: Value) -> Result<Point> {
    let length = text.chars().count() as f32;
    Ok(Point::new(number, [length, 1.0, number as f32]).with_payload(payload(value)?))
}

fn show(notes: &nigh::Collection, when: &str) -> Result<()> {
    println!("{when}:");
    for record in notes.scroll(&ScrollRequest::new())?.points {
        let payload = record.payload.unwrap_or_default().into_json();
        println!("  {} version {}: {payload}", record.id, record.version);
    }
    Ok(())
}
