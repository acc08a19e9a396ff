//! Ground truth ranks by each metric over each pair of element types, and says when arguments do not fit.

use std::num::NonZeroUsize;

use nigh_datasets::{
    Clustered, GroundTruth, GroundTruthMetric, Length, TruthError, Values, VectorSet, ground_truth,
    true_distances,
};

fn set(dim: usize, values: &[f32]) -> VectorSet {
    VectorSet::new(dim, Values::F32(values.to_vec())).expect("whole rows")
}

fn truth(base: &VectorSet, queries: &VectorSet, metric: GroundTruthMetric) -> GroundTruth {
    ground_truth(base, queries, 3, metric, NonZeroUsize::MIN, |_| {}).expect("equal dimensions")
}

#[test]
fn four_metrics_by_hand() {
    let base = set(2, &[3.0, 4.0, 1.0, 0.0, 0.0, -2.0]);
    let query = set(2, &[1.0, 1.0]);
    let cosine = |x: f64, y: f64| (1.0 - (x + y) / (2.0_f64.sqrt() * x.hypot(y))) as f32;
    let cases = [
        (GroundTruthMetric::L2, [1, 2, 0], [1.0, 10.0, 13.0]),
        (GroundTruthMetric::Dot, [0, 1, 2], [-7.0, -1.0, 2.0]),
        (GroundTruthMetric::L1, [1, 2, 0], [1.0, 4.0, 5.0]),
        (GroundTruthMetric::Cosine, [0, 1, 2], [cosine(3.0, 4.0), cosine(1.0, 0.0), cosine(0.0, -2.0)]),
    ];
    for (metric, ids, distances) in cases {
        let truth = truth(&base, &query, metric);
        assert_eq!(truth.ids, [ids], "{metric:?}");
        for (got, expected) in truth.distances[0].iter().zip(distances) {
            assert!((got - expected).abs() <= 1e-6, "{metric:?}: got {got}, expected {expected}");
        }
    }
}

#[test]
fn element_types_may_be_mixed() {
    let bytes: Vec<u8> = (0..60).map(|i| (i * 37 % 101) as u8).collect();
    let sets = [
        VectorSet::new(6, Values::U8(bytes.clone())).unwrap(),
        VectorSet::new(6, Values::I8(bytes.iter().map(|&v| v as i8).collect())).unwrap(),
        VectorSet::new(6, Values::I32(bytes.iter().map(|&v| i32::from(v)).collect())).unwrap(),
        VectorSet::new(6, Values::F32(bytes.iter().map(|&v| f32::from(v)).collect())).unwrap(),
    ];
    for metric in
        [GroundTruthMetric::L2, GroundTruthMetric::Dot, GroundTruthMetric::Cosine, GroundTruthMetric::L1]
    {
        let expected = truth(&sets[0], &sets[0], metric);
        for base in &sets {
            for queries in &sets {
                assert_eq!(truth(base, queries, metric), expected, "{metric:?}");
            }
        }
    }
}

#[test]
fn threads_change_nothing_and_progress_ends_at_the_count() {
    let spec = Clustered { seed: 3, dim: 9, clusters: 5, spread: 0.4, length: Length::Unit };
    let (base, queries) = (spec.base(300), spec.queries(37));
    let run = |threads: usize| {
        let seen = std::sync::Mutex::new(Vec::new());
        let truth = ground_truth(
            &base,
            &queries,
            10,
            GroundTruthMetric::Cosine,
            NonZeroUsize::new(threads).unwrap(),
            |done| seen.lock().unwrap().push(done),
        );
        let mut seen = seen.into_inner().unwrap();
        seen.sort_unstable();
        assert_eq!(seen.last(), Some(&37), "{threads} threads");
        assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
        truth.unwrap()
    };
    let alone = run(1);
    assert!([2, 3, 16].into_iter().all(|threads| run(threads) == alone));
    assert_eq!(true_distances(&base, &queries, GroundTruthMetric::Cosine, &alone.ids), Ok(alone.distances));
}

#[test]
fn a_small_base_gives_short_lists() {
    let base = set(1, &[5.0, 1.0]);
    let truth = truth(&base, &set(1, &[0.0]), GroundTruthMetric::L2);
    assert_eq!(truth.ids, [[1, 0]]);
    let none = base.head(0);
    assert_eq!(self::truth(&none, &base, GroundTruthMetric::L2).ids, [[0; 0], [0; 0]]);
}

#[test]
fn arguments_that_do_not_fit_are_errors() {
    let (base, queries) = (set(2, &[1.0; 6]), set(2, &[0.0; 4]));
    let metric = GroundTruthMetric::L2;
    let wrong = ground_truth(&base, &set(3, &[0.0; 3]), 1, metric, NonZeroUsize::MIN, |_| {});
    assert_eq!(wrong, Err(TruthError::Dimension { expected: 2, got: 3 }));

    let distances = |answers: &[Vec<u32>]| true_distances(&base, &queries, metric, answers);
    assert_eq!(distances(&[vec![0]]), Err(TruthError::QueryCount { expected: 2, got: 1 }));
    let unknown = TruthError::UnknownId { query: 1, expected_below: 3, got: 3 };
    assert_eq!(distances(&[vec![0], vec![2, 3]]), Err(unknown));
    assert_eq!(distances(&[vec![1, 0, 1], vec![]]), Err(TruthError::RepeatedId { query: 0, got: 1 }));

    let listed =
        |ids: Values| GroundTruth::from_ids(&base, &queries, metric, &VectorSet::new(1, ids).unwrap());
    assert_eq!(listed(Values::U8(vec![0, 1])), Err(TruthError::IdsNotIntegers));
    let negative = listed(Values::I32(vec![0, -1]));
    assert_eq!(negative, Err(TruthError::UnknownId { query: 1, expected_below: 3, got: u32::MAX }));
    assert_eq!(listed(Values::I32(vec![2, 0])).unwrap().ids, [[2], [0]]);
}
