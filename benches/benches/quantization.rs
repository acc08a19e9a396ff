//! `quantization`: one search by `ef` 64 of 20,000 indexed points, by what is done with the codes.
//!
//! `codes` trusts them; `rescored` scores two candidates for each point by their vectors, `rescored_8` eight; `vectors` walks on the vectors
//! themselves, which is what codes save.

use criterion::{Criterion, criterion_group, criterion_main};
use nigh::{Effort, Quantization, SearchRequest};
use nigh_benches::{Scene, embeddings};

const ROWS: usize = 20_000;

fn search(c: &mut Criterion) {
    for dim in [128, 384] {
        let (base, queries) = embeddings(dim, ROWS, 500);
        let scene = Scene::indexed(&base, 1).expect("an indexed collection");
        let mut group = c.benchmark_group(format!("quantization/{ROWS}x{dim}"));
        let usual = Quantization::default();
        let cases = [
            ("codes", Quantization { rescore: false, ..usual }),
            ("rescored", usual),
            ("rescored_8", Quantization { oversampling: 8.0, ..usual }),
            ("vectors", Quantization { ignore: true, ..usual }),
        ];
        for (name, quantization) in cases {
            let request = |row| SearchRequest::new(queries.row(row).to_f32());
            let request = |row| request(row).effort(Effort::Ef(64)).quantization(quantization);
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
