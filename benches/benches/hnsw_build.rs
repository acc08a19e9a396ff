//! `hnsw/build.rs`: 5,000 sealed points get their index, on one thread.
//!
//! What else `Collection::optimize` does is part of it: the segment is written anew, and how far to look for which recall is measured.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nigh::{Metric, VectorConfig};
use nigh_benches::{Scene, embeddings};

const ROWS: usize = 5_000;
const DIM: usize = 128;

fn optimize(c: &mut Criterion) {
    let (base, _) = embeddings(DIM, ROWS, 0);
    let vector = VectorConfig::new(DIM as u32, Metric::Cosine);
    let mut group = c.benchmark_group("hnsw_build");
    group.throughput(Throughput::Elements(ROWS as u64)).sample_size(10);
    group.bench_function(format!("optimize_{ROWS}x{DIM}"), |b| {
        b.iter_batched(
            || Scene::waiting(&base, vector, 1).expect("a filled collection"),
            |scene| {
                scene.collection.optimize().expect("indexed");
                scene
            },
            BatchSize::PerIteration,
        );
    });
    group.finish();
}

criterion_group!(benches, optimize);
criterion_main!(benches);
