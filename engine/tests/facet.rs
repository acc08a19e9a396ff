//! Counting points by value, against counting by hand.

#[path = "support/sets.rs"]
mod sets;
mod support;

use nigh::{Condition, ErrorKind, FacetHit, FacetRequest, FacetValue, Metric, Payload, Point};
use serde_json::{Value, json};
use sets::{config, database, vector};
use std::collections::{BTreeMap, BTreeSet};
use support::{Rng, seeds};

#[test]
fn counts_are_exact() {
    for seed in seeds(20) {
        let mut rng = Rng::new(seed);
        let db = database();
        let points = db.create_collection("points", &config(vector(2, Metric::Dot))).expect("create");
        let mut all: BTreeMap<u64, Value> = BTreeMap::new();
        for round in 0..3 {
            for _ in 0..200 {
                let value = |rng: &mut Rng| match rng.below(8) {
                    0 => json!(rng.below(5)),
                    1 => json!(rng.chance(50)),
                    2 => json!(1.0),
                    3 => json!(null),
                    _ => json!(*rng.pick(&["서울", "부산", "인천", "1", ""])),
                };
                let value = if rng.chance(30) {
                    (0..rng.below(5)).map(|_| value(&mut rng)).collect()
                } else {
                    value(&mut rng)
                };
                all.insert(rng.below(400), json!({"in": {"v": value}, "round": round}));
            }
            let point = |(id, payload): (&u64, &Value)| {
                Point::without_vectors(*id)
                    .with_payload(Payload::from_json(payload.clone()).expect("an object"))
            };
            points.upsert(all.iter().map(point)).expect("upsert");
            if round < 2 {
                points.checkpoint().expect("checkpoint");
            }
        }
        for last in [false, true] {
            let mut counts: BTreeMap<String, u64> = BTreeMap::new();
            for payload in all.values().filter(|payload| !last || payload["round"] == 2) {
                let value = &payload["in"]["v"];
                let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                let counted = values.iter().filter(|value| !value.is_null() && !value.is_f64());
                for text in counted.map(Value::to_string).collect::<BTreeSet<_>>() {
                    *counts.entry(text).or_default() += 1;
                }
            }
            let mut request = FacetRequest::new("in.v").limit(100);
            if last {
                request = request.filter(Condition::matches("round", 2));
            }
            let hits = points.facet(&request).expect("facet");
            let text = |value: &FacetValue| match value {
                FacetValue::Bool(value) => json!(value).to_string(),
                FacetValue::Integer(integer) => integer.to_string(),
                FacetValue::Keyword(text) => json!(text).to_string(),
            };
            let got: BTreeMap<String, u64> = hits.iter().map(|hit| (text(&hit.value), hit.count)).collect();
            assert_eq!(got, counts, "seed {seed}");
            let in_order =
                |a: &FacetHit, b: &FacetHit| (b.count, &a.value) < (a.count, &b.value) || a.count > b.count;
            assert!(hits.windows(2).all(|pair| in_order(&pair[0], &pair[1])), "seed {seed}: {hits:?}");
            assert_eq!(points.facet(&request.clone().limit(3)).expect("facet"), hits[..3]);
        }
    }
}

#[test]
fn what_is_refused() {
    let db = database();
    let points = db.create_collection("points", &config(vector(2, Metric::Dot))).expect("create");
    assert_eq!(points.facet(&FacetRequest::new("no.such")).expect("facet"), []);
    for request in [
        FacetRequest::new("a b"),
        FacetRequest::new("a").limit(0),
        FacetRequest::new("a").limit(10_001),
        FacetRequest::new("a").filter(Condition::is_null("a.")),
    ] {
        assert_eq!(points.facet(&request).expect_err("refused").kind(), ErrorKind::InvalidArgument);
    }
}
