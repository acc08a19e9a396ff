//! Ranges, prefixes and lists over many points, where an index answers with whole bitmaps: the counts are those of a plain look at all values.

mod support;

use nigh::{Collection, CollectionConfig, Condition, FieldKind, Filter, ManualClock, Payload, Point, Range};
use serde_json::json;
use std::sync::Arc;
use support::{Rng, runs};

const POINTS: u64 = 30_000;

/// Each point has up to three numbers, and a word.
fn values(rng: &mut Rng) -> (Vec<i64>, String) {
    let numbers = (0..rng.below(4)).map(|_| rng.below(10_000) as i64 - 5_000).collect();
    (numbers, format!("w{:04}", rng.below(2_000)))
}

fn count(points: &Collection, condition: Condition) -> u64 {
    points.count_matching(Filter::new().must(condition)).expect("count")
}

#[test]
fn counts_are_exact() {
    let mut rng = Rng::new(7);
    let db = support::options(nigh::io::SimVfs::new(), &Arc::new(ManualClock::default()))
        .open(support::DIR)
        .expect("open");
    let points = db.create_collection("points", &CollectionConfig::new()).expect("create");
    assert!(points.create_payload_index("numbers", FieldKind::Integer).expect("create"));
    assert!(points.create_payload_index("word", FieldKind::Keyword).expect("create"));
    let known: Vec<_> = (0..POINTS).map(|_| values(&mut rng)).collect();
    for (part, chunk) in known.chunks(5_000).enumerate() {
        let first = part as u64 * 5_000;
        let point = |(id, (numbers, word)): (u64, &(Vec<i64>, String))| {
            let payload = Payload::from_json(json!({"numbers": numbers, "word": word})).expect("an object");
            Point::without_vectors(id).with_payload(payload)
        };
        points.upsert((first..).zip(chunk).map(point)).expect("upsert");
    }
    for stage in ["in memory", "sealed"] {
        for _ in 0..runs(60) {
            let (a, b) = (rng.below(10_000) as i64 - 5_000, rng.below(10_000) as i64 - 5_000);
            let (low, high) = (a.min(b), a.max(b));
            let range = Range::new().gte(low).lt(high);
            let expected = known.iter().filter(|(n, _)| n.iter().any(|n| (low..high).contains(n))).count();
            assert_eq!(
                count(&points, Condition::range("numbers", range)),
                expected as u64,
                "{stage}, {range:?}"
            );
            let prefix = format!("w{:03}", rng.below(200));
            let expected = known.iter().filter(|(_, word)| word.starts_with(&prefix)).count();
            assert_eq!(
                count(&points, Condition::matches_prefix("word", &prefix)),
                expected as u64,
                "{stage}"
            );
            let words: Vec<String> =
                (0..rng.below(300)).map(|_| format!("w{:04}", rng.below(2_200))).collect();
            let expected = known.iter().filter(|(_, word)| !words.contains(word)).count();
            assert_eq!(count(&points, Condition::matches_except("word", words)), expected as u64, "{stage}");
        }
        points.optimize().expect("optimize");
    }
    let indexes = points.payload_indexes().expect("indexes");
    let filled = known.iter().filter(|(numbers, _)| !numbers.is_empty()).count() as u64;
    assert_eq!(indexes[0].point_count, filled);
    assert_eq!(indexes[1].point_count, POINTS);
    assert!(indexes.iter().all(|index| index.segments_waiting == 0 && index.disk_bytes > 0));
}
