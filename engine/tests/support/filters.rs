//! Filters as the documentation says they work, asked of plain JSON: a filter and a point go in, passing or not comes out. And random ones of both.
//!
//! Written apart from the engine and in another way: paths are walked to lists of values, numbers are compared as whole quarters, dates are looked up in a
//! table, distances are angles between vectors, polygons are winding numbers, and SipHash is the standard library's. So payloads hold only numbers that are
//! multiples of a quarter, and only dates of the table.

#![allow(dead_code, reason = "each test uses its part")]

use crate::support::Rng;
use nigh::{
    Check, Condition, DatetimeRange, Filter, GeoPoint, GeoPolygon, Match, MatchValue, MatchValues, Number,
    PointId, Range, ValuesCount,
};
use serde_json::{Map, Value, json};
use std::hash::Hasher;

/// A point as the oracle knows it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) id: PointId,
    pub(crate) vectors: Vec<String>,
    pub(crate) payload: Value,
}

pub(crate) fn passes(filter: &Filter, point: &Known) -> bool {
    passes_at(filter, Some(point), &point.payload)
}

fn passes_at(filter: &Filter, point: Option<&Known>, json: &Value) -> bool {
    let count = |conditions: &[Condition]| conditions.iter().filter(|c| condition(c, point, json)).count();
    let min_should = filter.min_should.as_ref();
    count(&filter.must) == filter.must.len()
        && (filter.should.is_empty() || count(&filter.should) > 0)
        && count(&filter.must_not) == 0
        && min_should.is_none_or(|clause| count(&clause.conditions) >= clause.min_count)
}

fn condition(condition: &Condition, point: Option<&Known>, json: &Value) -> bool {
    match condition {
        Condition::Filter(filter) => passes_at(filter, point, json),
        Condition::Nested { key, filter } => {
            let every = if key.ends_with("[]") { key.clone() } else { format!("{key}[]") };
            values_at(json, &every).iter().any(|item| item.is_object() && passes_at(filter, None, item))
        }
        Condition::HasId(ids) => ids.contains(&point.expect("a point").id),
        Condition::HasVector(name) => point.expect("a point").vectors.contains(name),
        Condition::Slice { total, index } => slice(point.expect("a point").id, *total) == *index,
        Condition::Field { key, check } => check_values(check, &values_at(json, key)),
        other => panic!("a condition that the oracle does not know: {other:?}"),
    }
}

#[allow(deprecated, reason = "the standard library's SipHash-2-4 has this name only")]
pub(crate) fn slice(id: PointId, total: u64) -> u64 {
    let mut hasher = std::hash::SipHasher::new();
    match id {
        PointId::Num(number) => hasher.write(&number.to_le_bytes()),
        PointId::Uuid(uuid) => hasher.write(uuid.as_bytes()),
    }
    hasher.finish() % total
}

/// All values that a path names.
fn values_at(json: &Value, path: &str) -> Vec<Value> {
    let mut found = vec![json.clone()];
    let mut rest = path;
    while !rest.is_empty() {
        rest = rest.strip_prefix('.').unwrap_or(rest);
        if let Some(after) = rest.strip_prefix("[]") {
            found = found.iter().filter_map(Value::as_array).flatten().cloned().collect();
            rest = after;
        } else if rest.starts_with('[') {
            let end = rest.find(']').expect("a bracket");
            let index: usize = rest[1..end].parse().expect("a number");
            found = found.iter().filter_map(|value| value.as_array()?.get(index).cloned()).collect();
            rest = &rest[end + 1..];
        } else {
            let (key, after) = match rest.strip_prefix('"') {
                Some(quoted) => quoted.split_once('"').expect("a quote"),
                None => rest.split_at(rest.find(['.', '[']).unwrap_or(rest.len())),
            };
            found = found.iter().filter_map(|value| value.as_object()?.get(key).cloned()).collect();
            rest = after;
        }
    }
    found
}

fn check_values(check: &Check, values: &[Value]) -> bool {
    match check {
        Check::IsEmpty(wanted) => {
            let empty = |value: &Value| value.is_null() || value.as_array().is_some_and(Vec::is_empty);
            values.iter().all(empty) == *wanted
        }
        Check::IsNull(wanted) => {
            let null = |value: &Value| {
                value.is_null() || value.as_array().is_some_and(|items| items.contains(&Value::Null))
            };
            values.iter().any(null) == *wanted
        }
        Check::ValuesCount(range) => {
            let mut counts: Vec<u64> = values
                .iter()
                .map(|value| match value {
                    Value::Null => 0,
                    Value::Array(items) => items.len() as u64,
                    _ => 1,
                })
                .collect();
            if values.is_empty() {
                counts.push(0);
            }
            counts.into_iter().any(|count| in_count(range, count))
        }
        _ => {
            let scalars = values.iter().flat_map(|value| match value {
                Value::Array(items) => items.clone(),
                other => vec![other.clone()],
            });
            scalars.into_iter().any(|value| check_value(check, &value))
        }
    }
}

fn in_count(range: &ValuesCount, count: u64) -> bool {
    let mut out = range.lt.is_some_and(|bound| count >= bound);
    out |= range.lte.is_some_and(|bound| count > bound);
    out |= range.gt.is_some_and(|bound| count <= bound);
    out |= range.gte.is_some_and(|bound| count < bound);
    !out
}

/// Four times a number; exact for those that the tests write.
fn quarters(number: Number) -> i128 {
    match number {
        Number::Integer(integer) => integer * 4,
        Number::Float(float) => (float * 4.0) as i128,
    }
}

fn check_value(check: &Check, value: &Value) -> bool {
    match check {
        Check::Match(wanted) => match_value(wanted, value),
        Check::Range(range) => {
            let text = value.to_string();
            let number = match value {
                Value::Number(number) if number.is_f64() => Number::Float(number.as_f64().expect("a float")),
                Value::Number(_) => Number::Integer(text.parse().expect("a whole number")),
                _ => return false,
            };
            let at = quarters(number);
            !(range.lt.is_some_and(|bound| at >= quarters(bound))
                || range.lte.is_some_and(|bound| at > quarters(bound))
                || range.gt.is_some_and(|bound| at <= quarters(bound))
                || range.gte.is_some_and(|bound| at < quarters(bound)))
        }
        Check::DatetimeRange(range) => {
            let Some(at) = value.as_str().and_then(moment) else { return false };
            let bound = |text: &Option<String>| text.as_ref().map(|text| moment(text).expect("of the table"));
            !(bound(&range.lt).is_some_and(|bound| at >= bound)
                || bound(&range.lte).is_some_and(|bound| at > bound)
                || bound(&range.gt).is_some_and(|bound| at <= bound)
                || bound(&range.gte).is_some_and(|bound| at < bound))
        }
        Check::GeoBoundingBox(bounds) => place(value).is_some_and(|point| {
            let (left, right) = (bounds.top_left.lon, bounds.bottom_right.lon);
            // Degrees east of the left side.
            let turn = |lon: f64| (lon - left).rem_euclid(360.0);
            let width = if left <= right { right - left } else { right - left + 360.0 };
            let east = turn(point.lon) <= width;
            east && point.lat <= bounds.top_left.lat && point.lat >= bounds.bottom_right.lat
        }),
        Check::GeoRadius(circle) => {
            place(value).is_some_and(|point| metres(circle.center, point) < circle.radius_metres)
        }
        Check::GeoPolygon(polygon) => place(value).is_some_and(|point| {
            winding(&polygon.exterior, point) != 0
                && polygon.interiors.iter().all(|ring| winding(ring, point) == 0)
        }),
        other => panic!("a check that the oracle does not know: {other:?}"),
    }
}

fn match_value(wanted: &Match, value: &Value) -> bool {
    let equal = |wanted: &MatchValue| match wanted {
        MatchValue::Keyword(text) => *value == json!(text),
        MatchValue::Bool(truth) => *value == json!(truth),
        MatchValue::Integer(integer) => value.is_number() && format!("{value}") == format!("{integer}"),
    };
    let among = |values: &MatchValues| match values {
        MatchValues::Keywords(texts) => texts.iter().any(|text| equal(&MatchValue::Keyword(text.clone()))),
        MatchValues::Integers(integers) => {
            integers.iter().any(|integer| equal(&MatchValue::Integer(*integer)))
        }
    };
    let text = value.as_str();
    match wanted {
        Match::Value(wanted) => equal(wanted),
        Match::Any(values) => among(values),
        Match::Except(values) => !value.is_null() && !among(values),
        Match::Text(part) | Match::Phrase(part) | Match::Substring(part) => {
            text.is_some_and(|text| text.find(part.as_str()).is_some())
        }
        Match::TextAny(words) => {
            text.is_some_and(|text| words.split_whitespace().any(|word| text.find(word).is_some()))
        }
        Match::Prefix(prefix) => text.is_some_and(|text| text.strip_prefix(prefix.as_str()).is_some()),
        other => panic!("a match that the oracle does not know: {other:?}"),
    }
}

/// Dates, and their microseconds since 1970.
const MOMENTS: [(&str, i64); 8] = [
    ("1969-12-31T23:59:59.999999Z", -1),
    ("1970-01-01", 0),
    ("2024-01-01T00:00:00Z", 1_704_067_200_000_000),
    ("2024-01-01 09:00:00+09:00", 1_704_067_200_000_000),
    ("2024-01-01T00:00:00.000001", 1_704_067_200_000_001),
    ("2023-12-31T23:00:00-01:30", 1_704_069_000_000_000),
    ("2024-02-29 12:00", 1_709_208_000_000_000),
    ("2100-01-01T00:00:00Z", 4_102_444_800_000_000),
];

fn moment(text: &str) -> Option<i64> {
    MOMENTS.iter().find(|(known, _)| *known == text).map(|(_, micros)| *micros)
}

fn place(value: &Value) -> Option<GeoPoint> {
    let point =
        GeoPoint::new(value.as_object()?.get("lon")?.as_f64()?, value.as_object()?.get("lat")?.as_f64()?);
    (point.lon.abs() <= 180.0 && point.lat.abs() <= 90.0).then_some(point)
}

/// Metres by the angle between two vectors from the middle of the earth.
fn metres(a: GeoPoint, b: GeoPoint) -> f64 {
    let vector = |point: GeoPoint| {
        let (lon, lat) = (point.lon.to_radians(), point.lat.to_radians());
        [lat.cos() * lon.cos(), lat.cos() * lon.sin(), lat.sin()]
    };
    let ([a0, a1, a2], [b0, b1, b2]) = (vector(a), vector(b));
    let cross = [a1 * b2 - a2 * b1, a2 * b0 - a0 * b2, a0 * b1 - a1 * b0];
    let sine = cross.iter().map(|v| v * v).sum::<f64>().sqrt();
    6_371_008.8 * sine.atan2(a0 * b0 + a1 * b1 + a2 * b2)
}

/// How often a ring goes round a point that is not on it.
fn winding(ring: &[GeoPoint], point: GeoPoint) -> i32 {
    let angle = |corner: &GeoPoint| (corner.lat - point.lat).atan2(corner.lon - point.lon);
    let mut sum = 0.0;
    for pair in ring.windows(2) {
        let mut turn = angle(&pair[1]) - angle(&pair[0]);
        while turn > std::f64::consts::PI {
            turn -= std::f64::consts::TAU;
        }
        while turn < -std::f64::consts::PI {
            turn += std::f64::consts::TAU;
        }
        sum += turn;
    }
    (sum / std::f64::consts::TAU).round() as i32
}

const TAGS: [&str; 7] = ["서울", "서울역", "부산", "a", "a b", "1", ""];
const BIG: u64 = (1 << 53) + 1;

fn number(rng: &mut Rng) -> Value {
    match rng.below(12) {
        0 => json!(BIG),
        1 => json!(BIG - 1),
        2 => json!((BIG - 1) as f64),
        3 => json!(u64::MAX),
        4 => json!(i64::MIN),
        5..7 => json!(rng.below(8) as f64 / 4.0),
        7 => json!(-(rng.below(4) as f64)),
        _ => json!(rng.below(6) as i64 - 2),
    }
}

fn geo(rng: &mut Rng) -> Value {
    let (lon, lat) = (rng.below(73) as f64 * 5.0 - 180.0, rng.below(37) as f64 * 5.0 - 90.0);
    match rng.below(12) {
        0 => json!({"lon": lon}),
        1 => json!({"lon": lon * 2.0 + 400.0, "lat": lat}),
        2 => json!({"lon": lon.to_string(), "lat": lat}),
        3 => json!([lon, lat]),
        _ => json!({"lon": lon, "lat": lat}),
    }
}

fn scalar(rng: &mut Rng, kind: u64) -> Value {
    match kind {
        0 => json!(*rng.pick(&TAGS)),
        1 => number(rng),
        2 => json!(rng.chance(50)),
        3 => json!(if rng.chance(90) { rng.pick(&MOMENTS).0 } else { "2024" }),
        _ => geo(rng),
    }
}

/// A value mostly of one kind: alone, in an array, in an array of arrays, null, or of another kind.
fn value(rng: &mut Rng, kind: u64) -> Value {
    match rng.below(20) {
        0 => Value::Null,
        1 => json!([]),
        2 => json!([null, scalar(rng, kind)]),
        3 => json!([[scalar(rng, kind)], []]),
        4 => json!({"x": scalar(rng, kind)}),
        5 => {
            let other = rng.below(5);
            scalar(rng, other)
        }
        6..11 => (0..rng.below(4)).map(|_| scalar(rng, kind)).collect(),
        _ => scalar(rng, kind),
    }
}

const KINDS: [(&str, u64); 6] = [("tag", 0), ("n", 1), ("ok", 2), ("at", 3), ("place", 4), ("a.b", 0)];

fn object(rng: &mut Rng, depth: u64) -> Value {
    let mut map = Map::new();
    for (key, kind) in KINDS {
        if rng.chance(70) {
            map.insert(key.to_owned(), value(rng, kind));
        }
    }
    if depth > 0 && rng.chance(80) {
        map.insert("deep".to_owned(), object(rng, depth - 1));
    }
    if depth > 0 && rng.chance(80) {
        let items =
            (0..rng.below(4)).map(|_| if rng.chance(90) { object(rng, depth - 1) } else { value(rng, 0) });
        map.insert("items".to_owned(), items.collect());
    }
    Value::Object(map)
}

pub(crate) fn payload(rng: &mut Rng) -> Value {
    if rng.chance(5) { json!({}) } else { object(rng, 2) }
}

/// Some of the paths that [`filter`] asks about.
pub(crate) const PATHS: [&str; 9] =
    ["tag", "n", "ok", "at", "place", "items[].tag", "items[].n", "deep.n", "deep.tag[]"];

fn path(rng: &mut Rng) -> (String, u64) {
    let (key, kind) = *rng.pick(&KINDS);
    let key = if key.contains('.') { format!("\"{key}\"") } else { key.to_owned() };
    let way = *rng.pick(&[
        "",
        "",
        "",
        "deep.",
        "items[].",
        "items[0].",
        "items[].items[].",
        "items.",
        "deep.items[].",
    ]);
    let end = *rng.pick(&["", "", "", "", "[]", "[0]", "[][]", ".x"]);
    (format!("{way}{key}{end}"), kind)
}

fn values(rng: &mut Rng) -> MatchValues {
    let count = rng.below(4);
    if rng.chance(60) {
        MatchValues::Keywords((0..count).map(|_| (*rng.pick(&TAGS)).to_owned()).collect())
    } else {
        let integers = [-2, -1, 0, 1, 2, 3, i128::from(BIG), i128::from(BIG) - 1, i128::from(u64::MAX)];
        MatchValues::Integers((0..count).map(|_| *rng.pick(&integers)).collect())
    }
}

fn text_match(rng: &mut Rng) -> Match {
    let text = (*rng.pick(&["서", "울", "서울", "a", "b", "a b", "b a", "", "1", "역 1"])).to_owned();
    match rng.below(5) {
        0 => Match::Text(text),
        1 => Match::TextAny(text),
        2 => Match::Phrase(text),
        3 => Match::Prefix(text),
        _ => Match::Substring(text),
    }
}

fn bound(rng: &mut Rng) -> Option<Number> {
    let bounds = [
        Number::Integer(i128::from(BIG)),
        Number::Float((BIG - 1) as f64),
        Number::Integer(i128::from(u64::MAX)),
        Number::Float(-0.25),
        Number::Float(0.5),
        Number::Float(1.0),
        Number::Integer(0),
        Number::Integer(1),
        Number::Integer(2),
    ];
    rng.chance(40).then(|| *rng.pick(&bounds))
}

fn date(rng: &mut Rng) -> Option<String> {
    rng.chance(40).then(|| rng.pick(&MOMENTS).0.to_owned())
}

fn count(rng: &mut Rng) -> Option<u64> {
    rng.chance(40).then(|| rng.below(4))
}

/// Away from the grid that places lie on.
fn corner(rng: &mut Rng, lon: f64, lat: f64) -> GeoPoint {
    let jump = |rng: &mut Rng| rng.below(60) as f64 + 0.37;
    GeoPoint::new((lon + jump(rng)).clamp(-179.3, 179.3), (lat + jump(rng)).clamp(-89.3, 89.3))
}

fn ring(rng: &mut Rng, size: f64) -> Vec<GeoPoint> {
    let (lon, lat) = (rng.below(100) as f64 - 60.3, rng.below(60) as f64 - 40.3);
    let mut ring: Vec<GeoPoint> = (0..3 + rng.below(4))
        .map(|i| {
            let angle = i as f64 * 0.9 + rng.below(50) as f64 / 100.0;
            GeoPoint::new(lon + size * angle.cos() * 1.017, lat + size * angle.sin() * 0.613)
        })
        .collect();
    ring.push(ring[0]);
    ring
}

fn check(rng: &mut Rng, kind: u64) -> Check {
    let kind = if rng.chance(85) { kind } else { rng.below(5) };
    match rng.below(12) {
        0 => Check::IsEmpty(rng.chance(60)),
        1 => Check::IsNull(rng.chance(60)),
        2 => Check::ValuesCount(ValuesCount {
            lt: count(rng),
            gt: count(rng),
            gte: count(rng),
            lte: count(rng),
        }),
        3 => Check::Match(Match::Except(values(rng))),
        4 if kind < 2 => Check::Match(Match::Any(values(rng))),
        _ => match kind {
            0 if rng.chance(50) => Check::Match(text_match(rng)),
            0 => Check::Match(Match::Value((*rng.pick(&TAGS)).into())),
            1 if rng.chance(60) => {
                Check::Range(Range { lt: bound(rng), gt: bound(rng), gte: bound(rng), lte: bound(rng) })
            }
            1 => Check::Match(Match::Value(match rng.below(3) {
                0 => BIG.into(),
                1 => u64::MAX.into(),
                _ => (rng.below(6) as i64 - 2).into(),
            })),
            2 => Check::Match(Match::Value(rng.chance(50).into())),
            3 => Check::DatetimeRange(DatetimeRange {
                lt: date(rng),
                gt: date(rng),
                gte: date(rng),
                lte: date(rng),
            }),
            _ => place_check(rng),
        },
    }
}

fn place_check(rng: &mut Rng) -> Check {
    let condition = match rng.below(3) {
        0 => {
            let (a, b) = (corner(rng, -170.0, 0.0), corner(rng, 60.0, -80.0));
            let (a, b) = if rng.chance(50) {
                (a, b)
            } else {
                (GeoPoint::new(b.lon, a.lat), GeoPoint::new(a.lon, b.lat))
            };
            Condition::geo_bounding_box("x", a, b)
        }
        1 => {
            let center = corner(rng, -179.0, -89.0);
            Condition::geo_radius("x", center, rng.below(12_000_000) as f64 + 0.71)
        }
        _ => {
            let holes = (0..rng.below(3)).map(|_| ring(rng, 7.77)).collect();
            Condition::geo_polygon("x", GeoPolygon { exterior: ring(rng, 48.77), interiors: holes })
        }
    };
    let Condition::Field { check, .. } = condition else { panic!("a condition on a field") };
    check
}

/// A random filter; `ids` are those to ask for, none inside of objects.
pub(crate) fn filter(rng: &mut Rng, ids: Option<&[PointId]>, depth: u64) -> Filter {
    let mut filter = Filter::new();
    for _ in 0..rng.below(3) {
        filter = filter.must(random_condition(rng, ids, depth));
    }
    for _ in 0..rng.below(3) {
        filter = filter.should(random_condition(rng, ids, depth));
    }
    for _ in 0..rng.below(2) {
        filter = filter.must_not(random_condition(rng, ids, depth));
    }
    if rng.chance(20) {
        let conditions: Vec<_> = (0..rng.below(4)).map(|_| random_condition(rng, ids, depth)).collect();
        filter = filter.min_should(1 + rng.below(3) as usize, conditions);
    }
    filter
}

fn random_condition(rng: &mut Rng, ids: Option<&[PointId]>, depth: u64) -> Condition {
    match (rng.below(12), ids) {
        (0, Some(ids)) => Condition::has_id((0..rng.below(40)).map(|_| *rng.pick(ids)).collect::<Vec<_>>()),
        (1, Some(_)) => Condition::has_vector(*rng.pick(&["", "other"])),
        (2, Some(_)) => {
            let total = 1 + rng.below(4);
            Condition::slice(total, rng.below(total))
        }
        (3..5, _) if depth > 0 => filter(rng, ids, depth - 1).into(),
        (5..7, _) if depth > 0 => {
            let key = *rng.pick(&["items", "items[]", "deep.items", "items[].items", "tag", "deep"]);
            Condition::nested(key, filter(rng, None, depth - 1))
        }
        _ => {
            let (key, kind) = path(rng);
            Condition::Field { key, check: check(rng, kind) }
        }
    }
}
