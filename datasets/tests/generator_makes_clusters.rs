//! Generated rows look like embeddings: of the asked length, near their own kind, in dense and thin regions.

use nigh_datasets::{Clustered, GroundTruthMetric, Length, ground_truth};
use std::num::NonZeroUsize;

const SPEC: Clustered = Clustered { seed: 11, dim: 32, clusters: 20, spread: 0.2, length: Length::AsDrawn };

/// Squared distance to the nearest row, per query.
fn nearest(spec: &Clustered) -> Vec<f32> {
    let truth = ground_truth(
        &spec.base(2_000),
        &spec.queries(200),
        1,
        GroundTruthMetric::L2,
        NonZeroUsize::MIN,
        |_| {},
    )
    .expect("base and queries of one dimension");
    truth.distances.into_iter().flatten().collect()
}

#[test]
fn unit_rows_have_length_one() {
    let spec = Clustered { length: Length::Unit, ..SPEC };
    for row in spec.base_rows(500) {
        let norm: f64 = row.iter().map(|&value| f64::from(value).powi(2)).sum();
        assert!((norm - 1.0).abs() < 1e-6, "{norm}");
    }
}

#[test]
fn queries_lie_in_the_clusters_of_the_base() {
    // Two independent centres are about 2 * 32 apart, two rows of one cluster about 2 * 32 * 0.2².
    assert!(nearest(&SPEC).iter().all(|&distance| distance < 20.0));
    let elsewhere = SPEC.base(2_000);
    let strangers = Clustered { seed: 12, ..SPEC }.queries(200);
    let threads = NonZeroUsize::MIN;
    let truth = ground_truth(&elsewhere, &strangers, 1, GroundTruthMetric::L2, threads, |_| {}).unwrap();
    assert!(truth.distances.iter().all(|list| list[0] > 15.0));
}

#[test]
fn some_clusters_are_dense_and_some_are_thin() {
    let mut distances = nearest(&SPEC);
    distances.sort_by(f32::total_cmp);
    let (dense, thin) = (distances[20], distances[180]);
    assert!(thin > 2.0 * dense, "tenth part: {dense}, nine tenths: {thin}");
}

#[test]
fn no_spread_leaves_only_the_centres() {
    let spec = Clustered { spread: 0.0, ..SPEC };
    assert!(nearest(&spec).iter().all(|&distance| distance == 0.0));
}
