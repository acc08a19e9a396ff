//! `collection/read.rs`: points by id and pages in id order, from sealed segments, with payload and vectors and without.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nigh::{Datatype, Payload, PointId, ScrollRequest, WithPayload, WithVectors};
use nigh_benches::{Scene, points, vectors};

const ROWS: usize = 20_000;

fn scene() -> Scene {
    let scene = Scene::empty(128, Datatype::F32).expect("a new collection");
    let payload = serde_json::json!({"title": "a note", "tags": ["a", "b"], "year": 2026});
    let payload = Payload::from_json(payload).expect("an object");
    for batch in points(&vectors(128, ROWS)).chunks(1_000) {
        let batch = batch.iter().map(|point| point.clone().with_payload(payload.clone()));
        scene.collection.upsert(batch).expect("written");
    }
    scene.collection.checkpoint().expect("sealed");
    scene
}

fn get(c: &mut Criterion) {
    let scene = scene();
    let mut group = c.benchmark_group("collection_read/get_100");
    group.throughput(Throughput::Elements(100));
    // Far apart, so that each is another page.
    let ids: Vec<PointId> = (0..100_u64).map(|i| PointId::from(i * 197 % ROWS as u64)).collect();
    let cases = [
        ("ids", WithPayload::No, WithVectors::No),
        ("payload", WithPayload::All, WithVectors::No),
        ("payload_and_vectors", WithPayload::All, WithVectors::All),
    ];
    for (name, payload, vectors) in cases {
        group.bench_function(name, |b| {
            b.iter(|| {
                scene.collection.get(black_box(ids.iter().copied()), &payload, &vectors).expect("read")
            });
        });
    }
    group.finish();
}

fn scroll(c: &mut Criterion) {
    let scene = scene();
    let mut group = c.benchmark_group("collection_read/scroll_100");
    group.throughput(Throughput::Elements(100));
    let from = PointId::from(ROWS as u64 / 2);
    for (name, payload) in [("ids", WithPayload::No), ("payload", WithPayload::All)] {
        let request = ScrollRequest::new().start_at(from).limit(100).with_payload(payload);
        group.bench_function(name, |b| {
            b.iter(|| scene.collection.scroll(black_box(&request)).expect("read"));
        });
    }
    group.finish();
}

criterion_group!(benches, get, scroll);
criterion_main!(benches);
