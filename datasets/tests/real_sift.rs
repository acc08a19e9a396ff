//! Real SIFT descriptors: the files are read, and the published ground truth is reproduced to the row.

mod support;

use std::num::NonZeroUsize;

use nigh_datasets::{GroundTruth, GroundTruthMetric, Row, ground_truth, open, recall};
use support::{ids, real_data};

const L2: GroundTruthMetric = GroundTruthMetric::L2;

#[test]
fn the_published_neighbours_and_distances_are_found_exactly() {
    let (Some(base), Some(queries), Some(listed), Some(distances)) = (
        real_data("sift-5k/base.bvecs.gz"),
        real_data("sift-5k/query.bvecs.gz"),
        real_data("sift-5k/groundtruth-l2-top100.ivecs"),
        real_data("sift-5k/groundtruth-l2-top100-dist.fvecs"),
    ) else {
        return;
    };
    let (base, queries) = (open(base).unwrap(), open(queries).unwrap());
    assert_eq!((base.rows(), base.dim(), queries.rows()), (5_000, 128, 100));
    let (listed, distances) = (open(listed).unwrap(), open(distances).unwrap());

    let truth = ground_truth(&base, &queries, 100, L2, NonZeroUsize::new(2).unwrap(), |_| {}).unwrap();
    for query in 0..100 {
        assert_eq!(truth.ids[query], ids(&listed, query), "query {query}");
        assert_eq!(Row::F32(&truth.distances[query]), distances.row(query), "query {query}");
    }
    assert_eq!(GroundTruth::from_ids(&base, &queries, L2, &listed).unwrap(), truth);
    assert_eq!(recall(&truth, &truth.distances, 100), Ok(1.0));
}

#[test]
fn a_hundred_thousand_rows_are_read_from_gzip() {
    let (Some(base), Some(queries), Some(listed)) = (
        real_data("sift-bsds-100k/base.bvecs.gz"),
        real_data("sift-bsds-100k/query.bvecs.gz"),
        real_data("sift-bsds-100k/groundtruth-l2-top100.ivecs"),
    ) else {
        return;
    };
    let (base, queries) = (open(base).unwrap(), open(queries).unwrap());
    assert_eq!((base.rows(), base.dim(), queries.rows()), (100_000, 128, 1_000));
    let listed = open(listed).unwrap();
    let few = queries.head(40);
    let truth = ground_truth(&base, &few, 100, L2, NonZeroUsize::MIN, |_| {}).unwrap();
    assert!((0..few.rows()).all(|query| truth.ids[query] == ids(&listed, query)));
}
