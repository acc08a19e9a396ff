//! `collection/search.rs`: 256 searches of 20,000 indexed points in one call, on one thread and on all; and one by one, to compare with.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use nigh::{Effort, SearchRequest};
use nigh_benches::{Scene, cores, embeddings};

const ROWS: usize = 20_000;
const DIM: usize = 128;
const BATCH: usize = 256;

fn search(c: &mut Criterion) {
    let (base, queries) = embeddings(DIM, ROWS, BATCH);
    let request = |row| SearchRequest::new(queries.row(row).to_f32()).effort(Effort::Ef(64));
    let requests: Vec<SearchRequest> = (0..BATCH).map(request).collect();
    let mut group = c.benchmark_group(format!("search_batch/{BATCH}_of_{ROWS}x{DIM}"));
    group.throughput(Throughput::Elements(BATCH as u64)).sample_size(20);
    for (name, threads) in [("one_thread", 1), ("all_threads", cores())] {
        let scene = Scene::indexed(&base, threads).expect("an indexed collection");
        group.bench_function(name, |b| {
            b.iter_batched(
                || requests.clone(),
                |requests| scene.collection.search_batch(requests).expect("found"),
                BatchSize::SmallInput,
            );
        });
        if threads == 1 {
            group.bench_function("one_by_one", |b| {
                b.iter(|| {
                    for request in &requests {
                        scene.collection.search(request).expect("found");
                    }
                });
            });
        }
    }
    group.finish();
}

criterion_group!(benches, search);
criterion_main!(benches);
