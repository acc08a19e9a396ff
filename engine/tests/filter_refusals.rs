//! Filters that are refused: what is wrong, where it stands in the filter, and that nothing was read or written.

mod support;

use nigh::io::SimVfs;
use nigh::{
    Check, Collection, CollectionConfig, Condition, DatetimeRange, Error, ErrorKind, Filter, GeoPoint,
    GeoPolygon, ManualClock, Metric, Payload, Point, Range, ScrollRequest, SearchRequest, SeqNo,
    VectorConfig,
};
use std::sync::Arc;
use support::{DIR, options};

fn collection() -> Collection {
    let db = options(SimVfs::new(), &Arc::new(ManualClock::default())).open(DIR).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot));
    let points = db.create_collection("points", &config).expect("create");
    points.upsert([Point::new(1u64, [1.0])]).expect("upsert");
    points
}

/// What every call says to this filter; they all say the same.
#[track_caller]
fn refusal(points: &Collection, filter: &Filter) -> Error {
    let payload = || Payload::from_json(serde_json::json!({"x": 1})).expect("an object");
    let answers = [
        points.count_matching(filter.clone()).map(drop),
        points.scroll(&ScrollRequest::new().filter(filter.clone())).map(drop),
        points.search(&SearchRequest::new([1.0]).filter(filter.clone())).map(drop),
        points.search(&SearchRequest::new([1.0]).filter(filter.clone()).exact(true)).map(drop),
        points.delete(filter).map(drop),
        points.set_payload(filter, payload()).map(drop),
        points.overwrite_payload_at("a", filter, payload()).map(drop),
        points.delete_payload_keys(filter, ["x"]).map(drop),
        points.clear_payload(filter).map(drop),
        points.delete_vectors(filter, [""]).map(drop),
    ];
    let errors: Vec<Error> = answers.into_iter().map(|answer| answer.expect_err("refused")).collect();
    assert!(errors.iter().all(|error| error.to_string() == errors[0].to_string()), "{errors:?}");
    let (count, seq) = (points.count().expect("count"), points.info().expect("info").last_seq);
    assert_eq!((count, seq), (1, SeqNo(1)), "{errors:?}");
    errors[0].clone()
}

fn nested(depth: usize) -> Filter {
    (1..depth).fold(Filter::new().must(Condition::matches("x", 1)), |filter, _| Filter::new().must(filter))
}

#[test]
fn what_is_wrong_and_where() {
    let points = collection();
    let must = |condition: Condition| Filter::new().must(condition);
    let (seoul, nowhere) = (GeoPoint::new(127.0, 37.5), GeoPoint::new(127.0, 90.5));
    let ring =
        |points: &[(f64, f64)]| points.iter().map(|(lon, lat)| GeoPoint::new(*lon, *lat)).collect::<Vec<_>>();
    let square = ring(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]);
    let polygon = |ring: Vec<GeoPoint>| must(Condition::geo_polygon("x", GeoPolygon::new(ring)));
    let cases = [
        (must(Condition::matches("", 1)), "filter.must[0].key"),
        (must(Condition::matches("a b", 1)), "filter.must[0].key"),
        (must(Condition::is_empty("a[")), "filter.must[0].key"),
        (
            Filter::new().should(Condition::is_null("a")).should(Condition::is_null("a..b")),
            "filter.should[1].key",
        ),
        (Filter::new().must_not(Condition::matches("a[x]", true)), "filter.must_not[0].key"),
        (must(Condition::range("x", Range::new().lt(f64::NAN))), "filter.must[0].range.lt"),
        (must(Condition::range("x", Range::new().gte(1).lte(f32::NAN))), "filter.must[0].range.lte"),
        (
            must(Condition::datetime_range("x", DatetimeRange::new().gt("yesterday"))),
            "filter.must[0].range.gt",
        ),
        (
            must(Condition::datetime_range("x", DatetimeRange::new().lte("2024-02-30"))),
            "filter.must[0].range.lte",
        ),
        (must(Condition::geo_radius("x", nowhere, 1.0)), "filter.must[0].geo_radius.center"),
        (must(Condition::geo_radius("x", seoul, -1.0)), "filter.must[0].geo_radius.radius"),
        (must(Condition::geo_radius("x", seoul, f64::NAN)), "filter.must[0].geo_radius.radius"),
        (must(Condition::geo_bounding_box("x", nowhere, seoul)), "filter.must[0].geo_bounding_box.top_left"),
        (
            must(Condition::geo_bounding_box("x", seoul, GeoPoint::new(f64::NAN, 0.0))),
            "filter.must[0].geo_bounding_box.bottom_right",
        ),
        (polygon(Vec::new()), "filter.must[0].geo_polygon.exterior"),
        (polygon(square[..3].to_vec()), "filter.must[0].geo_polygon.exterior"),
        (
            polygon(ring(&[(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.5)])),
            "filter.must[0].geo_polygon.exterior",
        ),
        (
            must(Condition::geo_polygon("x", GeoPolygon::new(square.clone()).hole(square.clone()).hole([]))),
            "filter.must[0].geo_polygon.interiors[1]",
        ),
        (must(Condition::slice(0, 0)), "filter.must[0].slice"),
        (must(Condition::slice(3, 3)), "filter.must[0].slice"),
        (Filter::new().min_should(0, [Condition::is_empty("x")]), "filter.min_should.min_count"),
        (Filter::new().min_should(1, [Condition::is_empty("")]), "filter.min_should.conditions[0].key"),
        (must(Condition::nested("", Filter::new())), "filter.must[0].key"),
        (must(Condition::nested("[]", Filter::new())), "filter.must[0].key"),
        (must(Condition::nested("x", Condition::has_id([1u64]))), "filter.must[0].nested.filter.must[0]"),
        (must(Condition::nested("x", Condition::has_vector(""))), "filter.must[0].nested.filter.must[0]"),
        (
            must(Condition::nested("x", Filter::new().should(must(Condition::slice(1, 0))))),
            "filter.must[0].nested.filter.should[0].filter.must[0]",
        ),
        (must(must(Condition::matches(".", 1)).into()), "filter.must[0].filter.must[0].key"),
    ];
    for (filter, place) in cases {
        let error = refusal(&points, &filter);
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{error}");
        let Error::Invalid { field, .. } = error else { panic!("{error:?}") };
        assert_eq!(field, place, "{filter:?}");
    }
}

#[test]
fn limits_at_and_above() {
    let points = collection();
    let words = |bytes: usize| "x".repeat(bytes);
    let keyword = |bytes: usize| Filter::new().must(Condition::matches("k", words(bytes)));
    let conditions =
        |count: usize| (0..count).fold(Filter::new(), |filter, _| filter.should(Condition::is_empty("k")));
    let values =
        |count: usize| Filter::new().must(Condition::matches_any("k", (0..count as u64).collect::<Vec<_>>()));
    let ids = |count: usize| Filter::new().must(Condition::has_id(0..count as u64));
    let corners = |count: usize| {
        let ring: Vec<GeoPoint> =
            (0..count).map(|i| GeoPoint::new(i as f64 % (count as f64 - 1.0) / 1e4, 0.0)).collect();
        Filter::new().must(Condition::geo_polygon("k", GeoPolygon::new(ring)))
    };
    let cases: [(&dyn Fn(usize) -> Filter, usize); 6] = [
        (&nested, 32),
        (&keyword, 65_536),
        (&conditions, 10_000),
        (&values, 100_000),
        (&ids, 100_000),
        (&corners, 10_000),
    ];
    for (make, max) in cases {
        points.count_matching(make(max)).expect("at the limit");
        let error = refusal(&points, &make(max + 1));
        assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
        let Error::TooLarge { limit, got, .. } = error else { panic!("{error:?}") };
        assert_eq!((limit, got), (max as u64, max as u64 + 1));
    }
    // Deep in every other way, and far deeper than the limit.
    let deep =
        (0..1000).fold(Filter::new(), |filter, _| Filter::new().must_not(Condition::nested("x", filter)));
    assert_eq!(refusal(&points, &deep).kind(), ErrorKind::TooLarge);
    let all_kinds = Condition::Field { key: "k".to_owned(), check: Check::IsEmpty(true) };
    points.count_matching(all_kinds).expect("a condition is a filter");
}
