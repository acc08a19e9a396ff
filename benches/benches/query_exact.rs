//! `query/exact.rs`: the 10 nearest of 10,000 sealed points, for each datatype, with 128 and 768 values a vector.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use nigh::{Datatype, SearchRequest};
use nigh_benches::{Scene, vectors};

const ROWS: usize = 10_000;

fn search(c: &mut Criterion) {
    for dim in [128, 768] {
        let set = vectors(dim, ROWS);
        let request = SearchRequest::new(set.row(ROWS / 2).to_f32()).exact(true);
        let mut group = c.benchmark_group(format!("query_exact/{ROWS}x{dim}"));
        group.throughput(Throughput::Elements(ROWS as u64));
        for datatype in [Datatype::F32, Datatype::F16, Datatype::U8] {
            let scene = Scene::sealed(&set, datatype).expect("a filled collection");
            group.bench_function(format!("{datatype:?}").to_lowercase(), |b| {
                b.iter(|| scene.collection.search(black_box(&request)).expect("found"));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, search);
criterion_main!(benches);
