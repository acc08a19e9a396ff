//! T21: values at the edge of what a vector can hold, in points and in queries, for every metric and datatype, in memory and sealed.

mod support;

use nigh::io::SimVfs;
use nigh::{
    Applied, Collection, CollectionConfig, Datatype, Error, ErrorKind, ManualClock, Metric, Point, PointId,
    SearchRequest, VectorConfig, WithPayload, WithVectors,
};
use std::sync::Arc;
use support::{DIR, options};

const METRICS: [Metric; 4] = [Metric::Cosine, Metric::Dot, Metric::Euclid, Metric::Manhattan];
const DATATYPES: [Datatype; 3] = [Datatype::F32, Datatype::F16, Datatype::U8];

fn collection(dim: u32, metric: Metric, datatype: Datatype) -> Collection {
    let db = options(SimVfs::new(), &Arc::new(ManualClock::default())).open(DIR).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(dim, metric).with_datatype(datatype));
    db.create_collection("points", &config).expect("create")
}

fn stored(points: &Collection, id: u64) -> Vec<f32> {
    let got = points.get([id.into()], &WithPayload::No, &WithVectors::All).expect("get");
    got[0].vectors.as_ref().expect("asked for")[""].clone()
}

fn for_all(mut act: impl FnMut(Metric, Datatype)) {
    METRICS.into_iter().for_each(|metric| DATATYPES.into_iter().for_each(|datatype| act(metric, datatype)));
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: nigh::Result<T>) -> (String, String) {
    match result {
        Err(e @ Error::Invalid { .. }) if e.applied() == Applied::No => {
            let Error::Invalid { field, got, .. } = e else { unreachable!("matched above") };
            (field, got)
        }
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[test]
fn what_is_no_number_is_refused() {
    for_all(|metric, datatype| {
        let points = collection(3, metric, datatype);
        for bad in [f32::NAN, -f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let (field, got) =
                refused(points.upsert([Point::new(1u64, [1.0; 3]), Point::new(2u64, [0.0, bad, 0.0])]));
            assert_eq!(field, "points[1].vector[1]");
            assert_eq!(got, bad.to_string());
            refused(points.search(&SearchRequest::new([1.0, 2.0, bad])));
        }
        assert_eq!(points.count().expect("count"), 0, "half a batch was applied");
        assert_eq!(points.info().expect("info").last_seq, nigh::SeqNo(0));
    });
}

#[test]
fn wrong_lengths_name_field_expected_and_got() {
    for_all(|metric, datatype| {
        let points = collection(3, metric, datatype);
        for len in [0, 1, 2, 4, 70_000] {
            let error = points.upsert([Point::new(1u64, vec![1.0; len])]).expect_err("a refusal");
            let text = format!("invalid points[0].vector: expected 3 dimensions, got {len} dimensions");
            assert_eq!(error.to_string(), text);
            let error = points.search(&SearchRequest::new(vec![1.0; len])).expect_err("a refusal");
            assert_eq!(
                error.to_string(),
                format!("invalid vector: expected 3 dimensions, got {len} dimensions")
            );
        }
    });
    let db = options(SimVfs::new(), &Arc::new(ManualClock::default())).open(DIR).expect("open");
    let config = CollectionConfig::new().with_vector("이미지", VectorConfig::new(2, Metric::Dot));
    let points = db.create_collection("points", &config).expect("create");
    let error =
        points.upsert([Point::without_vectors(1u64).with_vector("이미지", [1.0])]).expect_err("a refusal");
    assert_eq!(
        error.to_string(),
        "invalid points[0].vectors[\"이미지\"]: expected 2 dimensions, got 1 dimensions"
    );
}

#[test]
fn unknown_names_are_not_found() {
    let points = collection(1, Metric::Dot, Datatype::F32);
    points.upsert([Point::new(1u64, [1.0])]).expect("upsert");
    let names = WithVectors::Names(vec!["없음".into()]);
    let vectors = [("없음".to_owned(), vec![1.0])].into();
    let results = [
        points.upsert([Point::new(1u64, [1.0]).with_vector("없음", [1.0])]).map(drop),
        points.update_vectors([(1u64.into(), vectors)]).map(drop),
        points.delete_vectors([1u64.into()], ["없음"]).map(drop),
        points.get([1u64.into()], &WithPayload::No, &names).map(drop),
        points.search(&SearchRequest::new([1.0]).using("없음")).map(drop),
        points.search(&SearchRequest::new([1.0]).with_vectors(names.clone())).map(drop),
        points.scroll(&nigh::ScrollRequest::new().with_vectors(names)).map(drop),
    ];
    for (i, result) in results.into_iter().enumerate() {
        let error = result.expect_err("a refusal");
        assert_eq!((error.kind(), error.applied()), (ErrorKind::NotFound, Applied::No), "{i}: {error}");
        assert!(error.to_string().contains("없음"), "{error}");
    }
}

#[test]
fn half_precision_ends_at_65504() {
    for metric in [Metric::Dot, Metric::Euclid, Metric::Manhattan] {
        let points = collection(2, metric, Datatype::F16);
        for (value, kept) in [
            (65504.0, Some(65504.0)),
            (-65504.0, Some(-65504.0)),
            (65519.0, Some(65504.0)),
            (65520.0, None),
            (-65520.0, None),
            (3.4e38, None),
            (6e-8, Some(5.960_464_5e-8)),
            (1e-45, Some(0.0)),
            (-0.0, Some(-0.0)),
        ] {
            let result = points.upsert([Point::new(1u64, [0.0, value])]);
            match kept {
                Some(kept) => {
                    result.unwrap_or_else(|e| panic!("{value}: {e}"));
                    assert_eq!(stored(&points, 1)[1].to_bits(), f32::to_bits(kept), "{value}");
                }
                None => {
                    let (field, got) = refused(result);
                    assert_eq!((field.as_str(), got), ("points[0].vector[1]", value.to_string()));
                }
            }
        }
    }
    // Cosine rows are brought to length 1 first, so that any finite value fits.
    let points = collection(2, Metric::Cosine, Datatype::F16);
    points.upsert([Point::new(1u64, [3.4e38, 0.0])]).expect("upsert");
    assert_eq!(stored(&points, 1), [1.0, 0.0]);
}

#[test]
fn bytes_are_whole_numbers_up_to_255() {
    for metric in METRICS {
        let points = collection(2, metric, Datatype::U8);
        for bad in [256.0, 255.5, 0.5, -1.0, 1e-45, -1e-45, 3.4e38, 254.999] {
            let (field, got) = refused(points.upsert([Point::new(1u64, [1.0, bad])]));
            assert_eq!((field.as_str(), got), ("points[0].vector[1]", bad.to_string()));
        }
        for good in [0.0, -0.0, 1.0, 254.0, 255.0] {
            points.upsert([Point::new(1u64, [1.0, good])]).expect("upsert");
            assert_eq!(stored(&points, 1)[1].to_bits(), good.abs().to_bits());
        }
    }
}

#[test]
fn stored_values_keep_every_bit() {
    for metric in [Metric::Dot, Metric::Euclid, Metric::Manhattan] {
        let points = collection(6, metric, Datatype::F32);
        let values = [f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-45, -0.0, -1e-45];
        points.upsert([Point::new(1u64, values)]).expect("upsert");
        for _ in 0..2 {
            let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&stored(&points, 1)), bits(&values));
            points.checkpoint().expect("checkpoint");
        }
    }
}

/// Whatever is stored and asked: every point comes once, no score is NaN, scores descend and ties go by id.
#[test]
fn extreme_values_give_whole_ordered_answers() {
    for_all(|metric, datatype| {
        let values: &[f32] = match datatype {
            Datatype::F32 => {
                &[0.0, -0.0, 1.0, -1.0, f32::MAX, f32::MIN, 1e-45, -1e-45, 1e20, f32::MIN_POSITIVE]
            }
            Datatype::F16 => &[0.0, -0.0, 1.0, -1.0, 65504.0, -65504.0, 6e-8, 1e-45],
            Datatype::U8 => &[0.0, 1.0, 254.0, 255.0],
        };
        let points = collection(3, metric, datatype);
        let mut count = 0u64;
        for a in values {
            for b in values {
                points.upsert([Point::new(count, [*a, *b, *a])]).expect("upsert");
                count += 1;
            }
        }
        for _ in 0..2 {
            for a in [0.0, -0.0, 1.0, -2.5, f32::MAX, f32::MIN, 1e-45, 1e20] {
                let query = [a, 1.0, a];
                let hits = points.search(&SearchRequest::new(query).limit(10_000)).expect("search");
                assert_eq!(hits.len() as u64, count, "{metric:?} {datatype:?} {query:?}: a point is missing");
                for pair in hits.windows(2) {
                    let ordered = pair[0].score > pair[1].score
                        || (pair[0].score == pair[1].score && pair[0].id < pair[1].id);
                    assert!(
                        ordered,
                        "{metric:?} {datatype:?} {query:?}: {:?}",
                        pair.iter().map(|h| (h.id, h.score)).collect::<Vec<_>>()
                    );
                }
                assert!(hits.iter().all(|h| !h.score.is_nan()));
                if metric == Metric::Cosine {
                    let sound = hits.iter().all(|h| h.score.abs() <= 1.001);
                    assert!(sound, "{datatype:?} {query:?}: a cosine beyond 1: {:?}", hits[0].score);
                }
            }
            points.checkpoint().expect("checkpoint");
        }
    });
}

#[test]
fn cosine_is_one_with_itself_at_any_length() {
    for datatype in DATATYPES {
        let points = collection(2, Metric::Cosine, datatype);
        points.upsert([Point::new(1u64, [3.0, 4.0]), Point::new(2u64, [4.0, 3.0])]).expect("upsert");
        for scale in [1e-38f32, 1e-20, 1e-3, 1.0, 51.0, 1e20, 8e37] {
            let query = [3.0 * scale, 4.0 * scale];
            let hits = points.search(&SearchRequest::new(query)).expect("search");
            assert_eq!(hits[0].id, PointId::from(1u64), "{datatype:?}, {scale}");
            assert!((hits[0].score - 1.0).abs() < 1e-3, "{datatype:?}, {scale}: {}", hits[0].score);
            assert!((hits[1].score - 0.96).abs() < 1e-3, "{datatype:?}, {scale}: {}", hits[1].score);
        }
    }
}

#[test]
fn zero_vectors_under_cosine_score_zero() {
    for datatype in DATATYPES {
        let points = collection(2, Metric::Cosine, datatype);
        points
            .upsert([
                Point::new(2u64, [0.0, 0.0]),
                Point::new(1u64, [0.0, -0.0]),
                Point::new(3u64, [1.0, 0.0]),
            ])
            .expect("upsert");
        for _ in 0..2 {
            assert_eq!(stored(&points, 2), [0.0, 0.0]);
            let scores = |query: [f32; 2]| -> Vec<(PointId, f32)> {
                points
                    .search(&SearchRequest::new(query))
                    .expect("search")
                    .iter()
                    .map(|h| (h.id, h.score))
                    .collect()
            };
            assert_eq!(scores([1.0, 0.0]), [(3u64.into(), 1.0), (1u64.into(), 0.0), (2u64.into(), 0.0)]);
            assert_eq!(scores([0.0, 0.0]), [(1u64.into(), 0.0), (2u64.into(), 0.0), (3u64.into(), 0.0)]);
            points.checkpoint().expect("checkpoint");
        }
    }
}

#[test]
fn score_thresholds() {
    let points = collection(1, Metric::Dot, Datatype::F32);
    points.upsert([1.0f32, 2.0, 3.0, f32::MAX].map(|v| Point::new(v as u64, [v]))).expect("upsert");
    let count = |query: f32, threshold: f32| {
        points.search(&SearchRequest::new([query]).score_threshold(threshold)).map(|hits| hits.len())
    };
    refused(count(1.0, f32::NAN));
    assert_eq!(count(1.0, f32::INFINITY).expect("search"), 0);
    assert_eq!(count(1.0, f32::NEG_INFINITY).expect("search"), 4);
    assert_eq!(count(1.0, 2.0).expect("search"), 2, "the threshold itself is left out");
    assert_eq!(count(10.0, f32::MAX).expect("search"), 1, "an infinite score passes any finite threshold");
    let distances = collection(1, Metric::Euclid, Datatype::F32);
    distances.upsert([Point::new(1u64, [1.0]), Point::new(2u64, [5.0])]).expect("upsert");
    let near = distances.search(&SearchRequest::new([1.0]).score_threshold(-1.0)).expect("search");
    assert_eq!(near.iter().map(|h| h.id).collect::<Vec<_>>(), [PointId::from(1u64)]);
}
