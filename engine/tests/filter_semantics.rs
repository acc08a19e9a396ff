//! What each condition means, case by case: one payload, one condition, and whether it holds.

mod support;

use nigh::io::SimVfs;
use nigh::{
    Check, Collection, CollectionConfig, Condition, DatetimeRange, Filter, GeoPoint, GeoPolygon, ManualClock,
    Metric, Payload, Point, PointId, Range, Uuid, ValuesCount, VectorConfig,
};
use serde_json::{Value, json};
use std::sync::Arc;
use support::{DIR, options};

fn collection() -> Collection {
    let db = options(SimVfs::new(), &Arc::new(ManualClock::default())).open(DIR).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot))
        .with_vector("둘째", VectorConfig::new(1, Metric::Dot));
    db.create_collection("points", &config).expect("create")
}

/// Each value under the key `v`, or a payload without it for `None`; and whether the condition holds of it, in memory and on disk.
#[track_caller]
fn table(condition: impl Into<Condition>, cases: &[(Option<Value>, bool)]) {
    let points = collection();
    let point = |(i, (value, _)): (usize, &(Option<Value>, bool))| {
        let payload = value.as_ref().map_or(json!({"w": 1}), |value| json!({"v": value}));
        Point::without_vectors(i as u64).with_payload(Payload::from_json(payload).expect("an object"))
    };
    points.upsert(cases.iter().enumerate().map(point)).expect("upsert");
    let condition: Condition = condition.into();
    for place in ["memory", "disk"] {
        for (i, (value, holds)) in cases.iter().enumerate() {
            let one = Filter::new().must(Condition::has_id([i as u64]));
            let must = points.count_matching(one.clone().must(condition.clone())).expect("count");
            assert_eq!(must == 1, *holds, "{condition:?} of {value:?}, in {place}");
            let must_not = points.count_matching(one.must_not(condition.clone())).expect("count");
            assert_eq!(must_not == 0, *holds, "must_not {condition:?} of {value:?}, in {place}");
        }
        points.checkpoint().expect("checkpoint");
    }
}

fn some(value: Value, holds: bool) -> (Option<Value>, bool) {
    (Some(value), holds)
}

#[test]
fn equality_is_strict_about_types() {
    table(
        Condition::matches("v", "1"),
        &[
            some(json!("1"), true),
            some(json!(1), false),
            some(json!(["0", "1"]), true),
            some(json!([["1"]]), false),
            some(json!({"v": "1"}), false),
            some(Value::Null, false),
            (None, false),
        ],
    );
    table(
        Condition::matches("v", 1),
        &[
            some(json!(1), true),
            some(json!(1.0), false),
            some(json!("1"), false),
            some(json!(true), false),
            some(json!([2, 1.0]), false),
            some(json!([2, 1]), true),
        ],
    );
    table(
        Condition::matches("v", true),
        &[
            some(json!(true), true),
            some(json!(1), false),
            some(json!("true"), false),
            some(json!([false, true]), true),
        ],
    );
    table(
        Condition::matches("v", (1u64 << 53) + 1),
        &[
            some(json!((1u64 << 53) + 1), true),
            some(json!(1u64 << 53), false),
            some(json!(((1u64 << 53) + 1) as f64), false),
        ],
    );
    table(Condition::matches("v", u64::MAX), &[some(json!(u64::MAX), true), some(json!(-1), false)]);
    table(Condition::matches("v", i64::MIN), &[some(json!(i64::MIN), true), some(json!(1u64 << 63), false)]);
    table(Condition::matches("v", "서울"), &[some(json!("서울"), true), some(json!("서울역"), false)]);
}

#[test]
fn any_and_except() {
    table(
        Condition::matches_any("v", ["a", "b"]),
        &[
            some(json!("b"), true),
            some(json!("c"), false),
            some(json!(["c", "a"]), true),
            some(json!([]), false),
            (None, false),
        ],
    );
    table(
        Condition::matches_any("v", [1i64, 2]),
        &[some(json!(2), true), some(json!(2.0), false), some(json!("2"), false)],
    );
    table(
        Condition::matches_any("v", Vec::<String>::new()),
        &[some(json!("a"), false), some(json!(null), false), (None, false)],
    );
    table(
        Condition::matches_except("v", ["a", "b"]),
        &[
            some(json!("c"), true),
            some(json!("a"), false),
            some(json!(["a", "c"]), true),
            some(json!(["a", "b"]), false),
            some(json!(1), true),
            some(json!(false), true),
            some(json!({"x": 1}), true),
            some(json!([["a"]]), true),
            some(json!([]), false),
            some(json!([null]), false),
            some(Value::Null, false),
            (None, false),
        ],
    );
    table(
        Condition::matches_except("v", [1i64]),
        &[some(json!(1), false), some(json!(1.0), true), some(json!("1"), true)],
    );
    table(
        Condition::matches_except("v", Vec::<i64>::new()),
        &[
            some(json!(7), true),
            some(json!("x"), true),
            some(Value::Null, false),
            some(json!([]), false),
            (None, false),
        ],
    );
}

#[test]
fn texts_without_an_index() {
    let cases = |text: &str, holds: bool| (Some(json!(text)), holds);
    table(
        Condition::matches_text("v", "b c"),
        &[
            cases("a b c d", true),
            cases("c b", false),
            cases("B C", false),
            some(json!(["x", "ab cd"]), true),
            some(json!(1), false),
            (None, false),
        ],
    );
    table(
        Condition::matches_text_any("v", " 서울  부산 "),
        &[cases("서울역", true), cases("인천과 부산", true), cases("인천", false), cases("", false)],
    );
    table(Condition::matches_text_any("v", "  "), &[cases("  ", false), cases("a", false)]);
    table(
        Condition::matches_phrase("v", "quick fox"),
        &[cases("a quick fox", true), cases("quick brown fox", false)],
    );
    table(
        Condition::matches_prefix("v", "Ab"),
        &[cases("Abc", true), cases("abc", false), cases("xAb", false), some(json!(["x", "Ab"]), true)],
    );
    table(Condition::matches_substring("v", "울역"), &[cases("서울역에서", true), cases("서울", false)]);
    table(Condition::matches_text("v", ""), &[cases("", true), cases("x", true), some(json!(1), false)]);
}

#[test]
fn ranges_compare_exact_values() {
    let big = (1u64 << 53) + 1;
    table(
        Condition::range("v", Range::new().gt((1u64 << 53) as f64)),
        &[some(json!(big), true), some(json!(big - 1), false), some(json!((big - 1) as f64), false)],
    );
    table(
        Condition::range("v", Range::new().lt(big)),
        &[some(json!(big - 1), true), some(json!(big), false)],
    );
    table(
        Condition::range("v", Range::new().gte(1).lt(2.5)),
        &[
            some(json!(1), true),
            some(json!(1.0), true),
            some(json!(2), true),
            some(json!(2.5), false),
            some(json!(0.999), false),
            some(json!([0, 2.25]), true),
            some(json!([0, 3]), false),
            some(json!([[2]]), false),
            some(json!("2"), false),
            some(json!(true), false),
            some(Value::Null, false),
            (None, false),
        ],
    );
    table(
        Condition::range("v", Range::new().gte(u64::MAX)),
        &[
            some(json!(u64::MAX), true),
            some(json!(u64::MAX - 1), false),
            some(json!(u64::MAX as f64), true),
            some(json!(1e300), true),
        ],
    );
    table(
        Condition::range("v", Range::new().lt(f64::INFINITY).gt(f64::NEG_INFINITY)),
        &[some(json!(0), true), some(json!(-1e308), true)],
    );
    // Bounds may contradict each other; no bound at all is any number.
    table(Condition::range("v", Range::new().lt(1).gt(1)), &[some(json!(1), false)]);
    table(
        Condition::range("v", Range::new()),
        &[some(json!(1), true), some(json!("1"), false), (None, false)],
    );
    // Elements count one by one: none of these is between the bounds.
    table(Condition::range("v", Range::new().gt(1).lt(5)), &[some(json!([0, 6]), false)]);
}

#[test]
fn dates_are_moments() {
    let from = DatetimeRange::new().gte("2024-01-01T00:00:00Z").lt("2024-01-01T00:00:01Z");
    table(
        Condition::datetime_range("v", from),
        &[
            some(json!("2024-01-01T00:00:00Z"), true),
            some(json!("2024-01-01"), true),
            some(json!("2024-01-01 00:00"), true),
            some(json!("2024-01-01T09:00:00+09:00"), true),
            some(json!("2024-01-01T09:00:00"), false),
            some(json!("2023-12-31T23:59:59.999999Z"), false),
            some(json!("2024-01-01T00:00:00.999999Z"), true),
            some(json!("2024-01-01T00:00:01Z"), false),
            some(json!(["x", "2023-12-31T19:00:00-05:00"]), true),
            some(json!(1_704_067_200), false),
            some(json!("2024"), false),
            (None, false),
        ],
    );
}

#[test]
fn boxes_and_the_antimeridian() {
    let at = |lon: f64, lat: f64| Some(json!({"lon": lon, "lat": lat}));
    let plain = Condition::geo_bounding_box("v", GeoPoint::new(10.0, 20.0), GeoPoint::new(30.0, -20.0));
    table(
        plain,
        &[
            (at(20.0, 0.0), true),
            (at(10.0, 20.0), true),
            (at(30.0, -20.0), true),
            (at(9.99, 0.0), false),
            (at(20.0, 20.01), false),
            some(json!([{"lon": 0, "lat": 0}, {"lon": 11, "lat": 1}]), true),
            some(json!({"lon": 20}), false),
            some(json!({"lon": "20", "lat": "0"}), false),
            some(json!([20, 0]), false),
            (None, false),
        ],
    );
    let pacific = Condition::geo_bounding_box("v", GeoPoint::new(170.0, 10.0), GeoPoint::new(-170.0, -10.0));
    table(
        pacific,
        &[
            (at(175.0, 0.0), true),
            (at(180.0, 0.0), true),
            (at(-180.0, 0.0), true),
            (at(-175.0, 0.0), true),
            (at(0.0, 0.0), false),
            (at(169.0, 0.0), false),
            (at(-169.0, 0.0), false),
            (at(535.0, 0.0), false),
        ],
    );
    let upside_down = Condition::geo_bounding_box("v", GeoPoint::new(0.0, -10.0), GeoPoint::new(10.0, 10.0));
    table(upside_down, &[(at(5.0, 0.0), false)]);
}

#[test]
fn circles_and_polygons() {
    let at = |lon: f64, lat: f64| Some(json!({"lon": lon, "lat": lat}));
    // Seoul's city hall; Incheon is about 30 km away.
    table(
        Condition::geo_radius("v", GeoPoint::new(126.978, 37.5665), 40_000.0),
        &[(at(126.7052, 37.4563), true), (at(127.3845, 36.3504), false), (at(126.978, 37.5665), true)],
    );
    table(
        Condition::geo_radius("v", GeoPoint::new(179.9, 0.0), 50_000.0),
        &[(at(-179.9, 0.0), true), (at(179.0, 0.0), false)],
    );
    // A degree of latitude is 111,195 metres; what is as far as the radius is outside.
    table(
        Condition::geo_radius("v", GeoPoint::new(0.0, 0.0), 111_196.0),
        &[(at(0.0, 1.0), true), (at(0.0, 1.0001), false)],
    );
    table(Condition::geo_radius("v", GeoPoint::new(0.0, 0.0), 0.0), &[(at(0.0, 0.0), false)]);
    let square = |from: f64, to: f64| {
        let corners = [(from, from), (to, from), (to, to), (from, to), (from, from)];
        corners.map(|(lon, lat)| GeoPoint::new(lon, lat)).to_vec()
    };
    let ring = GeoPolygon::new(square(0.0, 10.0)).hole(square(4.0, 6.0));
    table(
        Condition::geo_polygon("v", ring),
        &[
            (at(1.0, 1.0), true),
            (at(5.0, 5.0), false),
            (at(11.0, 5.0), false),
            (at(10.0, 5.0), false),
            (at(4.0, 5.0), false),
        ],
    );
}

#[test]
fn counts_empty_and_null() {
    let count = |count: ValuesCount| Condition::values_count("v", count);
    table(
        count(ValuesCount::new().gte(1)),
        &[
            some(json!("x"), true),
            some(json!({}), true),
            some(json!([1]), true),
            some(json!([[]]), true),
            some(json!([null]), true),
            some(json!([]), false),
            some(Value::Null, false),
            (None, false),
        ],
    );
    table(
        count(ValuesCount::new().lt(1)),
        &[some(json!([]), true), some(Value::Null, true), (None, true), some(json!(0), false)],
    );
    table(
        count(ValuesCount::new().gt(1).lte(3)),
        &[
            some(json!([1]), false),
            some(json!([1, 2]), true),
            some(json!([1, 2, 3]), true),
            some(json!([1, 2, 3, 4]), false),
        ],
    );
    let empty = [
        (None, true, false),
        (Some(Value::Null), true, true),
        (Some(json!([])), true, false),
        (Some(json!([null])), false, true),
        (Some(json!([1, null])), false, true),
        (Some(json!([[]])), false, false),
        (Some(json!("")), false, false),
        (Some(json!({})), false, false),
        (Some(json!(0)), false, false),
    ];
    let of = |which: fn(&(Option<Value>, bool, bool)) -> bool, not: bool| {
        empty.iter().map(|case| (case.0.clone(), which(case) != not)).collect::<Vec<_>>()
    };
    table(Condition::is_empty("v"), &of(|case| case.1, false));
    table(Condition::is_null("v"), &of(|case| case.2, false));
    let field = |check| Condition::Field { key: "v".to_owned(), check };
    table(field(Check::IsEmpty(false)), &of(|case| case.1, true));
    table(field(Check::IsNull(false)), &of(|case| case.2, true));
}

#[test]
fn paths_look_through_arrays_only_where_they_say_so() {
    let cases = |key: &str, holds: [bool; 5]| {
        let values = [
            json!({"b": 1}),
            json!([{"b": 1}, {"b": 2}]),
            json!([{"b": [3, 1]}]),
            json!([[{"b": 1}]]),
            json!({"b": {"c": [{"d": 1}]}}),
        ];
        let cases: Vec<_> =
            values.into_iter().zip(holds).map(|(value, holds)| (Some(value), holds)).collect();
        table(Condition::matches(key, 1), &cases);
    };
    cases("v.b", [true, false, false, false, false]);
    cases("v[].b", [false, true, true, false, false]);
    cases("v[0].b", [false, true, true, false, false]);
    cases("v[1].b", [false, false, false, false, false]);
    cases("v[][].b", [false, false, false, true, false]);
    cases("v[].b[]", [false, false, true, false, false]);
    cases("v.b.c[].d", [false, false, false, false, true]);
    cases("v.b.c.d", [false, false, false, false, false]);
    cases("\"v\".\"b\"", [true, false, false, false, false]);
    // A key that is spelled with a dot is another key.
    table(Condition::matches("\"v.b\"", 1), &[some(json!({"b": 1}), false)]);
}

#[test]
fn nested_conditions_hold_of_one_object() {
    let both = Filter::new()
        .must(Condition::matches("kind", "rose"))
        .must(Condition::range("price", Range::new().lt(5)));
    let flower = |kind: &str, price: i64| json!({"kind": kind, "price": price});
    for key in ["v", "v[]"] {
        table(
            Condition::nested(key, both.clone()),
            &[
                some(json!([flower("rose", 9), flower("tulip", 3)]), false),
                some(json!([flower("rose", 9), flower("rose", 3)]), true),
                // Only objects in arrays.
                some(flower("rose", 3), false),
                some(json!([[flower("rose", 3)]]), false),
                some(json!(["rose", 3]), false),
                some(json!([]), false),
                (None, false),
            ],
        );
    }
    let no_rose = Filter::new().must_not(Condition::matches("kind", "rose"));
    table(
        Condition::nested("v", no_rose),
        &[
            some(json!([flower("rose", 1)]), false),
            some(json!([flower("rose", 1), flower("tulip", 1)]), true),
            some(json!([{}]), true),
            some(json!([]), false),
        ],
    );
    let deep = Filter::new().must(Condition::nested("parts", Filter::new().must(Condition::matches("x", 1))));
    table(
        Condition::nested("v", deep),
        &[some(json!([{"parts": [{"x": 2}, {"x": 1}]}]), true), some(json!([{"parts": {"x": 1}}]), false)],
    );
    // Nothing is asked of the object: any object will do.
    table(
        Condition::nested("v", Filter::new()),
        &[some(json!([{}]), true), some(json!([1]), false), some(json!([]), false)],
    );
}

fn ids(points: &Collection, filter: Filter) -> Vec<u64> {
    let page = points.scroll(&nigh::ScrollRequest::new().limit(100).filter(filter)).expect("scroll");
    let number = |id| match id {
        PointId::Num(number) => number,
        PointId::Uuid(_) => u64::MAX,
    };
    page.points.iter().map(|record| number(record.id)).collect()
}

#[test]
fn ids_vectors_and_slices() {
    let points = collection();
    let uuid = Uuid::from_u128(0x0011_2233_4455_6677_8899_aabb_ccdd_eeff);
    let mut all: Vec<Point> = (0..20u64).map(Point::without_vectors).collect();
    all[1] = Point::new(1u64, [1.0]);
    all[2] = Point::without_vectors(2u64).with_vector("둘째", [1.0]);
    all.push(Point::without_vectors(uuid));
    points.upsert(all).expect("upsert");
    for _ in 0..2 {
        assert_eq!(ids(&points, Condition::has_id([3u64, 1, 99]).into()), [1, 3]);
        assert_eq!(ids(&points, Condition::has_id([uuid]).into()), [u64::MAX]);
        assert_eq!(ids(&points, Condition::has_id(Vec::<PointId>::new()).into()), [0u64; 0]);
        assert_eq!(ids(&points, Condition::has_vector("").into()), [1]);
        assert_eq!(ids(&points, Condition::has_vector("둘째").into()), [2]);
        assert_eq!(ids(&points, Condition::has_vector("없음").into()), [0u64; 0]);
        let parts: Vec<Vec<u64>> =
            (0..3).map(|index| ids(&points, Condition::slice(3, index).into())).collect();
        // From SipHash-2-4 with a zero key, computed apart from the engine.
        for (index, part) in parts.iter().enumerate() {
            for id in part.iter().filter(|id| **id != u64::MAX) {
                assert_eq!(slice(&id.to_le_bytes()) % 3, index as u64, "{id}");
            }
            assert_eq!(part.contains(&u64::MAX), slice(uuid.as_bytes()) % 3 == index as u64);
        }
        assert_eq!(parts.concat().len(), 21);
        assert_eq!(ids(&points, Condition::slice(1, 0).into()).len(), 21);
        points.checkpoint().expect("checkpoint");
    }
}

/// The standard library's.
#[expect(deprecated, reason = "the standard library's SipHash-2-4 has this name only")]
fn slice(bytes: &[u8]) -> u64 {
    let mut hasher = std::hash::SipHasher::new();
    std::hash::Hasher::write(&mut hasher, bytes);
    std::hash::Hasher::finish(&hasher)
}

#[test]
fn clauses_and_what_empty_ones_mean() {
    let points = collection();
    points.upsert((0..8u64).map(Point::without_vectors)).expect("upsert");
    let among = |ids: &[u64]| Condition::has_id(ids.to_vec());
    let all = [0, 1, 2, 3, 4, 5, 6, 7];
    assert_eq!(ids(&points, Filter::new()), all);
    assert_eq!(ids(&points, Filter::new().must(Filter::new())), all);
    assert_eq!(ids(&points, Filter::new().must_not(Filter::new())), [0u64; 0]);
    assert_eq!(ids(&points, Filter::new().should(among(&[1])).should(among(&[2]))), [1, 2]);
    assert_eq!(
        ids(&points, Filter::new().must(among(&[1, 2, 3])).should(among(&[2, 9])).must_not(among(&[3]))),
        [2]
    );
    let three = || [among(&[1, 2, 3]), among(&[2, 3]), among(&[3, 4])];
    for (min_count, expected) in [(1, vec![1, 2, 3, 4]), (2, vec![2, 3]), (3, vec![3]), (4, vec![])] {
        assert_eq!(ids(&points, Filter::new().min_should(min_count, three())), expected, "{min_count}");
    }
    let no_conditions: [Condition; 0] = [];
    assert_eq!(ids(&points, Filter::new().min_should(1, no_conditions)), [0u64; 0]);
    assert_eq!(ids(&points, Filter::new().must(among(&[1, 2])).min_should(1, [among(&[2])])), [2]);
}
