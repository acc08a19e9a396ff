//! Real MNIST in idx: the pixels are those of the original, and so are the neighbours of the first digits.

mod support;

use std::num::NonZeroUsize;

use nigh_datasets::{GroundTruthMetric, Values, VectorSet, ground_truth, open};
use support::{ids, real_data};

fn mean(set: &VectorSet) -> f64 {
    let Values::U8(pixels) = set.values() else { panic!("idx holds u8") };
    pixels.iter().map(|&pixel| u64::from(pixel)).sum::<u64>() as f64 / pixels.len() as f64
}

#[test]
fn images_are_the_original_ones_and_neighbours_are_exact() {
    let (Some(base), Some(queries), Some(listed)) = (
        real_data("mnist/train-images-idx3-ubyte.gz"),
        real_data("mnist/t10k-images-idx3-ubyte.gz"),
        real_data("mnist/groundtruth-l2-top100.ivecs"),
    ) else {
        return;
    };
    let (base, queries, listed) = (open(base).unwrap(), open(queries).unwrap(), open(listed).unwrap());
    assert_eq!((base.rows(), base.dim()), (60_000, 784));
    assert_eq!((queries.rows(), queries.dim()), (10_000, 784));
    assert!((mean(&base) - 33.3184).abs() < 1e-4 && (mean(&queries) - 33.7912).abs() < 1e-4);

    let few = queries.head(16);
    let truth = ground_truth(&base, &few, 100, GroundTruthMetric::L2, NonZeroUsize::MIN, |_| {}).unwrap();
    assert!((0..few.rows()).all(|query| truth.ids[query] == ids(&listed, query)));
}

#[test]
fn labels_are_rows_of_one() {
    let Some(labels) = real_data("mnist/t10k-labels-idx1-ubyte.gz") else { return };
    let labels = open(labels).unwrap();
    assert_eq!((labels.rows(), labels.dim()), (10_000, 1));
    assert_eq!(labels.head(5).values(), &Values::U8(vec![7, 2, 1, 0, 4]));
}
