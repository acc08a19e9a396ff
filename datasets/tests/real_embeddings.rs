//! Real embeddings in npy, of each element type they come in: shapes, lengths, and exact cosine neighbours.

mod support;

use std::num::NonZeroUsize;

use nigh_datasets::{GroundTruthMetric, Row, Values, VectorSet, ground_truth, open};
use support::{ids, real_data};

fn norm(set: &VectorSet, row: usize) -> f64 {
    set.row(row).to_f64().iter().map(|value| value * value).sum::<f64>().sqrt()
}

#[test]
fn minilm_halves_have_the_published_neighbours() {
    let (Some(base), Some(queries), Some(listed), Some(cosines)) = (
        real_data("minilm-scifact/base-f16.npy"),
        real_data("minilm-scifact/query-f16.npy"),
        real_data("minilm-scifact/groundtruth-cos-top100.ivecs"),
        real_data("minilm-scifact/groundtruth-cos-top100-sim.fvecs"),
    ) else {
        return;
    };
    let (base, queries) = (open(base).unwrap(), open(queries).unwrap());
    assert_eq!((base.rows(), base.dim(), queries.rows()), (15_000, 384, 1_109));
    assert!((0..base.rows()).all(|row| (norm(&base, row) - 1.0).abs() < 1e-3));

    let (listed, cosines) = (open(listed).unwrap(), open(cosines).unwrap());
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    let truth = ground_truth(&base, &queries, 100, GroundTruthMetric::Cosine, threads, |_| {}).unwrap();
    for query in 0..queries.rows() {
        assert_eq!(truth.ids[query], ids(&listed, query), "query {query}");
        let Row::F32(cosines) = cosines.row(query) else { panic!("fvecs hold f32") };
        let agree = |(distance, cosine): (&f32, &f32)| (distance + cosine - 1.0).abs() < 1e-6;
        assert!(truth.distances[query].iter().zip(cosines).all(agree), "query {query}");
    }
}

#[test]
fn floats_and_signed_bytes() {
    for (file, rows, dim, expected_norm, tolerance) in [
        ("bge-large-1384x1024-f32.npy", 1_384, 1_024, 1.0, 1e-3),
        ("deep96-2000x96-f32.npy", 2_000, 96, 1.0, 1e-3),
        ("openai-ada2-passages-100x1536-f32.npy", 100, 1_536, 1.0, 1e-3),
        ("cohere-wiki-1000x1024-i8.npy", 1_000, 1_024, 1_250.0, 400.0),
    ] {
        let Some(path) = real_data(&format!("embeddings-small/{file}")) else { continue };
        let set = open(path).unwrap();
        assert_eq!((set.rows(), set.dim()), (rows, dim), "{file}");
        assert_eq!(matches!(set.values(), Values::I8(_)), file.contains("-i8"), "{file}");
        for row in 0..rows {
            let norm = norm(&set, row);
            assert!((norm - expected_norm).abs() < tolerance, "{file}: row {row} has length {norm}");
        }
    }
}
