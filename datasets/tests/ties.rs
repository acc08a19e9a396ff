//! Rows that are equally near are ordered by row number, and recall counts any of them as right.

use std::num::NonZeroUsize;

use nigh_datasets::{
    GroundTruth, GroundTruthMetric, TruthError, Values, VectorSet, ground_truth, recall, true_distances,
};

fn bytes(dim: usize, values: &[u8]) -> VectorSet {
    VectorSet::new(dim, Values::U8(values.to_vec())).expect("whole rows")
}

#[test]
fn the_lower_row_comes_first() {
    let base = bytes(1, &[7, 3, 5, 3, 7, 5, 3]);
    let truth =
        |k, metric| ground_truth(&base, &bytes(1, &[4]), k, metric, NonZeroUsize::MIN, |_| {}).unwrap();
    assert_eq!(truth(7, GroundTruthMetric::L2).ids, [[1, 2, 3, 5, 6, 0, 4]]);
    assert_eq!(truth(2, GroundTruthMetric::L1).ids, [[1, 2]]);
    assert_eq!(truth(3, GroundTruthMetric::Cosine).ids, [[0, 1, 2]]);
}

#[test]
fn an_inner_product_of_zero_ties_whatever_its_sign() {
    let base = VectorSet::new(1, Values::F32(vec![0.0, -0.0, 0.0])).unwrap();
    let query = VectorSet::new(1, Values::F32(vec![-1.0])).unwrap();
    let truth = ground_truth(&base, &query, 3, GroundTruthMetric::Dot, NonZeroUsize::MIN, |_| {}).unwrap();
    assert_eq!(truth.ids, [[0, 1, 2]]);
}

#[test]
fn any_of_the_tied_rows_is_a_right_answer() {
    let (base, queries) = (bytes(1, &[7, 3, 5, 3, 7, 5, 3]), bytes(1, &[4]));
    let metric = GroundTruthMetric::L2;
    let truth = ground_truth(&base, &queries, 2, metric, NonZeroUsize::MIN, |_| {}).unwrap();
    for (answers, expected) in [
        (vec![1, 2], 1.0),
        (vec![6, 5], 1.0),
        (vec![3, 0], 0.5),
        (vec![0, 4], 0.0),
        (vec![5], 0.5),
        (vec![], 0.0),
        // Only the first two of each list count.
        (vec![0, 4, 1, 2], 0.0),
    ] {
        let distances = true_distances(&base, &queries, metric, std::slice::from_ref(&answers)).unwrap();
        assert_eq!(recall(&truth, &distances, 2), Ok(expected), "{answers:?}");
    }
}

#[test]
fn recall_is_the_mean_over_queries_at_the_k_asked_for() {
    let truth = GroundTruth {
        ids: vec![vec![0, 1, 2], vec![3, 4, 5]],
        distances: vec![vec![1.0, 2.0, 3.0], vec![-3.0, -2.0, -1.0]],
    };
    let answers = [vec![1.0, 3.0, 9.0], vec![-3.0, -1.0, f32::NAN]];
    assert_eq!(recall(&truth, &answers, 1), Ok(1.0));
    assert_eq!(recall(&truth, &answers, 2), Ok(0.5));
    assert_eq!(recall(&truth, &answers, 3), Ok(4.0 / 6.0));
}

#[test]
fn a_rounding_beyond_the_last_neighbour_is_forgiven_on_either_side_of_zero() {
    let truth = GroundTruth { ids: vec![vec![0], vec![1]], distances: vec![vec![100.0], vec![-100.0]] };
    let near = [vec![100.000_5], vec![-99.999_5]];
    let beyond = [vec![100.002], vec![-99.998]];
    assert_eq!(recall(&truth, &near, 1), Ok(1.0));
    assert_eq!(recall(&truth, &beyond, 1), Ok(0.0));
}

#[test]
fn a_recall_without_value_is_an_error() {
    let truth = GroundTruth { ids: vec![vec![0]], distances: vec![vec![1.0]] };
    assert_eq!(recall(&truth, &[], 1), Err(TruthError::QueryCount { expected: 1, got: 0 }));
    assert_eq!(recall(&truth, &[vec![1.0]], 2), Err(TruthError::TooShallow { expected: 2, got: 1 }));
    assert_eq!(recall(&truth, &[vec![1.0]], 0), Err(TruthError::NothingToScore));
    let none = GroundTruth { ids: vec![], distances: vec![] };
    assert_eq!(recall(&none, &[], 1), Err(TruthError::NothingToScore));
}
