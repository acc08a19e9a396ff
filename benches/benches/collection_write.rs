//! `collection/write.rs` and `commit.rs`: one point and 256 points in a call, for each durability.
//!
//! Points are overwritten in turn, so that the collection stays small; sealing in the background is part of the price.

use std::hint::black_box;

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nigh::{Datatype, Durability};
use nigh_benches::{Scene, points, vectors};

fn upsert(c: &mut Criterion) {
    let all = points(&vectors(128, 4_096));
    for batch in [1_usize, 256] {
        let mut group = c.benchmark_group(format!("collection_write/upsert_{batch}x128"));
        group.throughput(Throughput::Elements(batch as u64)).sample_size(20);
        // Not `Async`: it fills its queue faster than it is emptied and then answers `Busy`; see the bench `wal`.
        for durability in [Durability::Sync, Durability::Buffered] {
            let scene = Scene::empty(128, Datatype::F32).expect("a new collection");
            let collection = scene.collection.with_durability(durability);
            let mut turn = all.chunks(batch).cycle();
            group.bench_function(format!("{durability:?}").to_lowercase(), |b| {
                b.iter_batched(
                    || turn.next().expect("cycles do not end").to_vec(),
                    |points| collection.upsert(black_box(points)).expect("written"),
                    BatchSize::SmallInput,
                );
            });
        }
        group.finish();
    }
}

criterion_group!(benches, upsert);
criterion_main!(benches);
