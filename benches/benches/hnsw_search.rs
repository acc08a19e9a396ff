//! `hnsw/search.rs`: the 10 nearest of 20,000 indexed points to one query, by the recall asked for and by `ef`.
//!
//! Queries take turns, so that a walk finds in the caches only what other walks left there.

use criterion::{Criterion, criterion_group, criterion_main};
use nigh::{Effort, SearchRequest};
use nigh_benches::{Scene, embeddings};

const ROWS: usize = 20_000;

fn search(c: &mut Criterion) {
    for dim in [128, 384] {
        let (base, queries) = embeddings(dim, ROWS, 500);
        let scene = Scene::indexed(&base, 1).expect("an indexed collection");
        let mut group = c.benchmark_group(format!("hnsw_search/{ROWS}x{dim}"));
        let efforts = [
            ("recall_0.9", Effort::Recall(0.9)),
            ("recall_0.99", Effort::Recall(0.99)),
            ("ef_64", Effort::Ef(64)),
        ];
        for (name, effort) in efforts {
            let request = |row| SearchRequest::new(queries.row(row).to_f32()).effort(effort);
            let requests: Vec<SearchRequest> = (0..queries.rows()).map(request).collect();
            let mut turn = requests.iter().cycle();
            group.bench_function(name, |b| {
                b.iter(|| {
                    let request = turn.next().expect("cycles do not end");
                    scene.collection.search(request).expect("found")
                });
            });
        }
        group.finish();
    }
}

criterion_group!(benches, search);
criterion_main!(benches);
