//! T21: payloads come back exactly as they went in: numbers of every kind, texts of every length and script, keys of any shape; from memory,
//! from a sealed segment and after reopening.

mod support;

use nigh::io::SimVfs;
use nigh::{Collection, CollectionConfig, ErrorKind, ManualClock, Payload, Point, WithPayload, WithVectors};
use serde_json::{Value, json};
use std::sync::Arc;
use support::{DIR, options};

/// JSON as a client would send it.
const TEXTS: &[&str] = &[
    r#"{"a":18446744073709551615,"b":-9223372036854775808,"c":9007199254740993,"d":0}"#,
    r#"{"a":-0.0,"b":1e308,"c":-1e308,"d":5e-324,"e":1.7976931348623157e308,"f":2.2250738585072014e-308}"#,
    r#"{"a":0.1,"b":0.30000000000000004,"c":123456.789e-7,"d":1.0,"e":100000000000000000000.0,"f":3.141592653589793}"#,
    r#"{"whole":1,"float":1.0,"large":18446744073709551616}"#,
    r#"{"":"","empty":{},"list":[],"nested":[[],{},[[]],null]}"#,
    r#"{"도시":"서울","글":"한글과 漢字와 emoji 🙂👩‍👩‍👧","조합":"\u1112\u1161\u11ab"}"#,
    r#"{"pair":"\ud83d\ude42","controls":"\u0000\u0001\u001f\u007f\u0080","lines":"\r\n\t\b\f","quote":"\"\\/"}"#,
    r#"{"nonchars":"\uffff\ufffe\ufeff","rtl":"\u202e","sep":"\u2028\u2029"}"#,
    r#"{"key with space":1,"a.b":2,"a[0]":3,"\"quoted\"":4,"\u0000":5,"ключ":6}"#,
    r#"{"true":true,"false":false,"null":null}"#,
];

fn exact(payload: &Payload) -> String {
    serde_json::to_string(payload.as_map()).expect("text")
}

fn parsed(text: &str) -> Payload {
    let value: Value = serde_json::from_str(text).expect(text);
    value.try_into().expect("an object")
}

fn payloads() -> Vec<Payload> {
    let mut all: Vec<Payload> = TEXTS.iter().map(|text| parsed(text)).collect();
    let object = |value: Value| Payload::try_from(value).expect("an object");
    all.push(Payload::default());
    for len in [1, 511, 512, 513, 65_535, 65_536, 65_537, 200_000] {
        all.push(object(json!({"text": "x".repeat(len)})));
        all.push(object(json!({"글": "가".repeat(len / 3)})));
        all.push(object(json!({"k".repeat(len): len})));
    }
    all.push(object(json!({"wide": (0..20_000).collect::<Vec<u32>>()})));
    all.push(object((0..5_000).map(|i| (format!("키{i}"), json!(i))).collect()));
    all
}

fn check(points: &Collection, expected: &[Payload], place: &str) {
    for (id, payload) in (0u64..).zip(expected) {
        let got = points.get([id.into()], &WithPayload::All, &WithVectors::No).expect("get");
        let got = got[0].payload.as_ref().expect("asked for");
        assert!(exact(got) == exact(payload), "{place}: payload {id} changed: {:.200}", exact(got));
    }
}

fn without_nulls(payload: Payload) -> Payload {
    payload
        .into_map()
        .into_iter()
        .filter(|(_, value)| !value.is_null())
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[test]
fn every_payload_comes_back_exactly() {
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = options(vfs.clone(), &clock).open(DIR).expect("open");
    let points = db.create_collection("points", &CollectionConfig::new()).expect("create");
    let all = payloads();
    points
        .upsert((0u64..).zip(&all).map(|(id, p)| Point::without_vectors(id).with_payload(p.clone())))
        .expect("upsert");
    check(&points, &all, "in memory");
    db.close().expect("close");
    drop((points, db));
    let db = options(vfs.clone(), &clock).open(DIR).expect("open");
    let points = db.collection("points").expect("points");
    check(&points, &all, "replayed");
    points.checkpoint().expect("checkpoint");
    check(&points, &all, "sealed");
    // Through the other ways in, too.
    for (id, payload) in (0u64..).zip(&all) {
        points.overwrite_payload([id.into()], payload.clone()).expect("overwrite");
    }
    check(&points, &all, "overwritten");
    for (id, payload) in (0u64..).zip(&all) {
        points.clear_payload([id.into()]).expect("clear");
        points.set_payload([id.into()], payload.clone()).expect("set");
    }
    points.checkpoint().expect("checkpoint");
    // A null of a merge removes its key.
    let all: Vec<Payload> = all.into_iter().map(without_nulls).collect();
    check(&points, &all, "set and sealed");
    db.close().expect("close");
    drop((points, db));
    let db = options(vfs, &clock).open(DIR).expect("open");
    check(&db.collection("points").expect("points"), &all, "reopened");
}

#[test]
fn integers_and_floats_keep_their_kind() {
    let payload = parsed(r#"{"whole":1,"float":1.0,"huge":18446744073709551616,"minus":-0.0}"#);
    let db = options(SimVfs::new(), &Arc::new(ManualClock::default())).open(DIR).expect("open");
    let points = db.create_collection("points", &CollectionConfig::new()).expect("create");
    points.upsert([Point::without_vectors(1u64).with_payload(payload)]).expect("upsert");
    points.checkpoint().expect("checkpoint");
    let got = points.get([1u64.into()], &WithPayload::All, &WithVectors::No).expect("get");
    let got = got[0].payload.as_ref().expect("asked for");
    let value = |key: &str| got.get(key).expect(key);
    assert!(value("whole").is_u64() && value("float").is_f64() && value("huge").is_f64());
    assert!(value("minus").as_f64().expect("a float").is_sign_negative());
}

#[test]
fn only_objects_and_null_are_payloads() {
    for bad in [json!([]), json!([{}]), json!(1), json!("x"), json!(true)] {
        let error = Payload::try_from(bad.clone()).expect_err("a refusal");
        assert_eq!(error.kind(), ErrorKind::InvalidArgument, "{bad}");
    }
    assert!(Payload::try_from(Value::Null).expect("null").is_empty());
}

#[test]
fn parts_of_a_payload() {
    let db = options(SimVfs::new(), &Arc::new(ManualClock::default())).open(DIR).expect("open");
    let points = db.create_collection("points", &CollectionConfig::new()).expect("create");
    let payload = parsed(r#"{"a":1,"나":{"b":2},"c.d":3}"#);
    points.upsert([Point::without_vectors(1u64).with_payload(payload)]).expect("upsert");
    let get = |with: WithPayload| {
        let got = points.get([1u64.into()], &with, &WithVectors::No).expect("get");
        got[0].payload.as_ref().map(exact)
    };
    assert_eq!(get(WithPayload::No), None);
    assert_eq!(
        get(WithPayload::include(["나", "\"c.d\"", "missing"]).expect("paths")).expect("some"),
        r#"{"c.d":3,"나":{"b":2}}"#
    );
    assert_eq!(get(WithPayload::Include(Vec::new())).expect("some"), "{}");
    let exclude = |path: &str| get(WithPayload::exclude([path]).expect("a path")).expect("some");
    assert_eq!(exclude("a"), r#"{"c.d":3,"나":{"b":2}}"#);
    assert_eq!(exclude("나.b"), r#"{"a":1,"c.d":3,"나":{}}"#);
}

#[test]
fn bad_paths_apply_nothing() {
    let db = options(SimVfs::new(), &Arc::new(ManualClock::default())).open(DIR).expect("open");
    let points = db.create_collection("points", &CollectionConfig::new()).expect("create");
    points.upsert([Point::without_vectors(1u64)]).expect("upsert");
    let before = points.info().expect("info").last_seq;
    let patch = || parsed(r#"{"x":1}"#);
    for path in
        [".", "a.", "a..b", "a[", "a[x]", "a]", "a b", "\"a", "a[-1]", "a[99999999999999999999]", "\"\""]
    {
        let results = [
            points.set_payload_at(path, [1u64.into()], patch()),
            points.overwrite_payload_at(path, [1u64.into()], patch()),
            points.delete_payload_keys([1u64.into()], ["fine", path]),
        ];
        for result in results {
            let error = result.expect_err(path);
            assert_eq!(
                (error.kind(), error.applied()),
                (ErrorKind::InvalidArgument, nigh::Applied::No),
                "{path}"
            );
        }
    }
    assert_eq!(points.info().expect("info").last_seq, before);
}
