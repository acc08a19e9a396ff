//! Writers, readers and background jobs at the same time on a real disk: a reader sees batches whole, its own writes after the answer, and no
//! point twice. `NIGH_RUNS` is the number of batches a writer, `SEED` chooses them.

mod support;

use nigh::{
    CancelToken, Collection, CollectionConfig, Database, Durability, Metric, Options, Point, PointId,
    ScrollRequest, SearchRequest, VectorConfig, WithPayload, WithVectors,
};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use support::{Rng, runs, seed, small};

const WRITERS: u64 = 4;
const READERS: u64 = 4;
/// Points of a group; always written together, with one stamp.
const GROUP: u64 = 3;
/// Groups of each writer.
const GROUPS: u64 = 6;

fn id(group: u64, member: u64) -> PointId {
    (group * GROUP + member).into()
}

fn batch(group: u64, stamp: u64) -> Vec<Point> {
    let payload = || nigh::Payload::try_from(json!({"stamp": stamp, "글": "짝"})).expect("payload");
    let point = |member| Point::new(id(group, member), [stamp as f32, group as f32]).with_payload(payload());
    // Not always in the same order, so that members lie in different places.
    let mut points: Vec<_> = (0..GROUP).map(point).collect();
    points.rotate_left((stamp % GROUP) as usize);
    points
}

fn open(dir: &std::path::Path) -> Database {
    Options::new().free_bytes_min(0).wal_file_bytes(4096, 1 << 20).open(dir).expect("open")
}

fn config() -> CollectionConfig {
    CollectionConfig::single(VectorConfig::new(2, Metric::Dot)).with_optimizer(small(8 << 10))
}

/// Everything in one answer: each group is whole with one stamp, or absent; no id comes twice.
fn check_answer(answer: impl IntoIterator<Item = (PointId, u64)>) {
    let mut groups: BTreeMap<u64, BTreeMap<u64, u64>> = BTreeMap::new();
    for (id, stamp) in answer {
        let PointId::Num(n) = id else { panic!("unknown id {id}") };
        let twice = groups.entry(n / GROUP).or_default().insert(n % GROUP, stamp);
        assert_eq!(twice, None, "{id} came twice");
    }
    for (group, members) in groups {
        let stamps: BTreeSet<u64> = members.values().copied().collect();
        assert_eq!(members.len() as u64, GROUP, "group {group} is torn: {members:?}");
        assert_eq!(stamps.len(), 1, "group {group} shows two moments: {members:?}");
    }
}

fn stamp_of(payload: Option<&nigh::Payload>, vector: &BTreeMap<String, Vec<f32>>) -> u64 {
    let stamp = payload.and_then(|p| p.get("stamp")).and_then(|s| s.as_u64()).expect("a stamp");
    assert_eq!(vector[""][0] as u64, stamp, "vector and payload are of one moment");
    stamp
}

fn read(points: &Collection, rng: &mut Rng) {
    if rng.chance(50) {
        let request = SearchRequest::new([rng.float(), rng.float()])
            .limit(1000)
            .with_payload(WithPayload::All)
            .with_vectors(WithVectors::All);
        let hits = points.search(&request).expect("search");
        check_answer(
            hits.iter().map(|h| (h.id, stamp_of(h.payload.as_ref(), h.vectors.as_ref().expect("asked")))),
        );
    } else {
        let request = ScrollRequest::new().limit(1000).with_vectors(WithVectors::All);
        let page = points.scroll(&request).expect("scroll").points;
        check_answer(
            page.iter().map(|r| (r.id, stamp_of(r.payload.as_ref(), r.vectors.as_ref().expect("asked")))),
        );
    }
    assert_eq!(points.count().expect("count") % GROUP, 0, "a count of whole batches");
}

/// Writes its groups, and after each answer reads what it wrote. Its last state is returned.
fn write(points: &Collection, writer: u64, batches: u64, stamps: &AtomicU64) -> BTreeMap<u64, u64> {
    let mut rng = Rng::new(seed().wrapping_mul(31).wrapping_add(writer));
    let mut mine = BTreeMap::new();
    for _ in 0..batches {
        let group = writer * GROUPS + rng.below(GROUPS);
        let durability = *rng.pick(&[Durability::Sync, Durability::Buffered]);
        let handle = points.with_durability(durability);
        if rng.chance(20) {
            handle.delete((0..GROUP).map(|member| id(group, member))).expect("delete");
            mine.remove(&group);
        } else {
            let stamp = stamps.fetch_add(1, Ordering::SeqCst);
            handle.upsert(batch(group, stamp)).expect("upsert");
            mine.insert(group, stamp);
        }
        let got =
            points.get((0..GROUP).map(|m| id(group, m)), &WithPayload::All, &WithVectors::All).expect("get");
        let seen: Vec<u64> =
            got.iter().map(|r| stamp_of(r.payload.as_ref(), r.vectors.as_ref().expect("asked"))).collect();
        let expected = mine.get(&group).map_or(Vec::new(), |stamp| vec![*stamp; GROUP as usize]);
        assert_eq!(seen, expected, "a writer reads its own write");
    }
    mine
}

#[test]
fn readers_see_whole_batches() {
    let dir = tempfile::tempdir().expect("a folder");
    let db = open(dir.path());
    let points = db.create_collection("points", &config()).expect("create");
    let (stamps, over, reads) = (AtomicU64::new(1), AtomicBool::new(false), AtomicU64::new(0));
    let batches = runs(150);
    let mine = std::thread::scope(|scope| {
        for reader in 0..READERS {
            let (points, over, reads) = (points.clone(), &over, &reads);
            scope.spawn(move || {
                let mut rng = Rng::new(seed() ^ (reader + 1000));
                while !over.load(Ordering::SeqCst) {
                    read(&points, &mut rng);
                    reads.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
        let writers: Vec<_> = (0..WRITERS)
            .map(|writer| {
                let (points, stamps) = (&points, &stamps);
                scope.spawn(move || write(points, writer, batches, stamps))
            })
            .collect();
        let mine: Vec<_> = writers.into_iter().map(|w| w.join()).collect();
        over.store(true, Ordering::SeqCst);
        mine
    });
    let mut expected = BTreeMap::new();
    mine.into_iter().for_each(|state| expected.extend(state.expect("no writer failed")));
    let segments = points.info().expect("info").segments.len();
    let jobs = points.jobs().len();
    assert!(jobs > 0, "background work went on");
    let check = |points: &Collection| {
        let page = points.scroll(&ScrollRequest::new().limit(1000)).expect("scroll").points;
        let stamp =
            |r: &nigh::Record| r.payload.as_ref().and_then(|p| p.get("stamp")).and_then(|s| s.as_u64());
        let found: BTreeMap<PointId, u64> = page.iter().map(|r| (r.id, stamp(r).expect("a stamp"))).collect();
        let all = expected.iter().flat_map(|(group, stamp)| (0..GROUP).map(|m| (id(*group, m), *stamp)));
        assert_eq!(found, all.collect());
    };
    check(&points);
    db.close().expect("close");
    drop((points, db));
    let db = open(dir.path());
    check(&db.collection("points").expect("points"));
    assert!(db.verify(&CancelToken::new(), |_, _| {}).is_clean());
    println!(
        "SEED={}: {} writers of {batches} batches, {} reads, {segments} segments at the end: 0 torn, 0 stale",
        seed(),
        WRITERS,
        reads.load(Ordering::SeqCst)
    );
}

#[test]
fn asynchronous_writes_become_visible() {
    let dir = tempfile::tempdir().expect("a folder");
    let db = open(dir.path());
    let points =
        db.create_collection("points", &config()).expect("create").with_durability(Durability::Async);
    std::thread::scope(|scope| {
        for group in 0..4 {
            let points = points.clone();
            scope.spawn(move || {
                for stamp in 0..100 {
                    points.upsert(batch(group, stamp)).expect("accepted");
                }
            });
        }
    });
    // Writers' own order holds: the last batch of each group wins. It comes without any further call.
    let mut rounds = 0;
    loop {
        let page =
            points.scroll(&ScrollRequest::new().limit(100).with_vectors(WithVectors::All)).expect("scroll");
        let stamps: Vec<u64> = page
            .points
            .iter()
            .map(|r| stamp_of(r.payload.as_ref(), r.vectors.as_ref().expect("asked")))
            .collect();
        check_answer(page.points.iter().map(|r| r.id).zip(stamps.iter().copied()));
        if stamps == [99; 12] {
            break;
        }
        rounds += 1;
        assert!(rounds < 10_000, "never visible: {stamps:?}");
        std::thread::sleep(std::time::Duration::from_millis(2));
    }
    assert_eq!(points.info().expect("info").async_failure_count, 0);
}
