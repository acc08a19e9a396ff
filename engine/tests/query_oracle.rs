//! Queries of all kinds against what the official Python client's in-memory mode answers: cases recorded by `oracle/record.py`.

#[path = "support/sets.rs"]
mod sets;
#[path = "support/wire.rs"]
mod wire;

use nigh::{
    Collection, Database, ErrorKind, Metric, Number, OrderValue, Payload, Point, PointId, ScoredPoint,
};
use serde_json::Value;
use std::collections::BTreeSet;

/// How much a score may differ, as a share of itself or of 1.
const ROOM: f64 = 2e-5;

fn cases() -> Value {
    serde_json::from_str(include_str!("oracle/cases.json")).expect("recorded cases")
}

fn items(json: &Value) -> &[Value] {
    json.as_array().expect("a list")
}

fn create(db: &Database, json: &Value) -> Collection {
    let metric = match json["metric"].as_str().expect("a metric") {
        "Cosine" => Metric::Cosine,
        "Dot" => Metric::Dot,
        "Euclid" => Metric::Euclid,
        _ => Metric::Manhattan,
    };
    let dim = json["dim"].as_u64().expect("dimensions") as usize;
    let config = sets::config(sets::vector(dim, metric));
    let collection = db.create_collection(json["name"].as_str().expect("a name"), &config).expect("create");
    let point = |json: &Value| {
        let values: Vec<f32> =
            items(&json["vector"]).iter().map(|v| v.as_f64().expect("a number") as f32).collect();
        let payload = Payload::from_json(json["payload"].clone()).expect("a payload");
        Point::new(wire::id(&json["id"]), values).with_payload(payload)
    };
    collection.upsert(items(&json["points"]).iter().map(point)).expect("upsert");
    collection
}

fn close(a: f64, b: f64) -> bool {
    (a - b).abs() <= ROOM * a.abs().max(1.0)
}

/// The same scores in the same order; the same points wherever a score is not another's too.
fn compare(found: &[ScoredPoint], case: &Value) -> Result<(), String> {
    let expected = items(&case["points"]);
    let score = |of: &Value| of[1].as_f64().expect("a score");
    let scores: Vec<f64> = found.iter().map(|point| f64::from(point.score)).collect();
    let wanted: Vec<f64> = expected.iter().map(score).collect();
    if scores.len() != wanted.len() || !scores.iter().zip(&wanted).all(|(a, b)| close(*a, *b)) {
        return Err(format!("expected scores {wanted:?}, got {scores:?}"));
    }
    let value_of = |point: &ScoredPoint| match point.order_value {
        None => Value::Null,
        Some(OrderValue::Number(Number::Integer(value))) => i64::try_from(value).expect("64 bits").into(),
        Some(OrderValue::Number(Number::Float(value))) => value.into(),
        Some(OrderValue::Datetime(moment)) => moment.0.into(),
    };
    let values: Vec<Value> = found.iter().map(value_of).collect();
    if expected.iter().map(|of| of.get(2).unwrap_or(&Value::Null)).ne(&values) {
        return Err(format!("expected values {expected:?}, got {values:?}"));
    }
    let mut start = 0;
    while start < wanted.len() {
        let tied = |at: &usize| close(wanted[*at], wanted[start]) && values[*at] == values[start];
        let end = (start..wanted.len()).take_while(tied).count() + start;
        let cut = case.get("after").is_some_and(|after| {
            end == wanted.len() && close(after.as_f64().expect("a score"), wanted[start])
        });
        let ids: BTreeSet<PointId> = found[start..end].iter().map(|point| point.id).collect();
        let theirs: BTreeSet<PointId> = expected[start..end].iter().map(|of| wire::id(&of[0])).collect();
        // Without scores the order is that of ids.
        let cut = cut && case["request"].get("query").is_some();
        if !cut && ids != theirs {
            return Err(format!("places {start}..{end}: expected {theirs:?}, got {ids:?}"));
        }
        start = end;
    }
    Ok(())
}

/// How many answers and errors there were, all of them as recorded.
fn check(place: &str, db: &Database, cases: &Value) -> (usize, usize) {
    let mut wrong = Vec::new();
    let (mut answers, mut errors) = (0, 0);
    for (i, case) in items(&cases["cases"]).iter().enumerate() {
        let name = case["collection"].as_str().expect("a name");
        let lookup = |name: &str| db.collection(name).expect("a collection");
        let request = wire::request(&case["request"], &lookup);
        let found = request.and_then(|request| lookup(name).query(&request));
        let verdict = match (found, case.get("error")) {
            (Ok(points), None) => {
                answers += 1;
                compare(&points, case)
            }
            (Err(error), Some(_)) => {
                errors += 1;
                let expected = [ErrorKind::InvalidArgument, ErrorKind::NotFound].contains(&error.kind());
                if expected { Ok(()) } else { Err(format!("another error: {error}")) }
            }
            (Ok(_), Some(error)) => Err(format!("expected an error: {error}")),
            (Err(error), None) => Err(format!("expected an answer, got {error}")),
        };
        if let Err(why) = verdict {
            wrong.push(format!("case {i} of {name}: {}\n    {why}", case["request"]));
        }
    }
    assert!(wrong.is_empty(), "{place}: {} wrong\n{}", wrong.len(), wrong.join("\n"));
    (answers, errors)
}

#[test]
fn answers_are_those_of_the_official_client() {
    let cases = cases();
    let db = sets::database();
    let collections: Vec<Collection> =
        items(&cases["collections"]).iter().map(|json| create(&db, json)).collect();
    let counts = check("in memory", &db, &cases);
    collections.iter().for_each(|collection| collection.checkpoint().expect("checkpoint"));
    assert_eq!(check("sealed", &db, &cases), counts);
    println!("{} answers and {} errors as recorded with {}", counts.0, counts.1, cases["made_with"]);
}
