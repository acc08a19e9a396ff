//! Scrolling in the order of a value, against a plain sort of the payloads.

#[path = "support/sets.rs"]
mod sets;
mod support;

use nigh::{
    Collection, Condition, Datetime, Direction, ErrorKind, Filter, Metric, OrderBy, OrderValue, Payload,
    Point, PointId, ScrollRequest, WithPayload,
};
use serde_json::{Value, json};
use sets::{config, database, vector};
use support::{Rng, seeds};

fn write(points: &Collection, values: &[(u64, Value)]) {
    let point = |(id, value): &(u64, Value)| {
        Point::without_vectors(*id)
            .with_payload(Payload::from_json(json!({"v": value, "odd": id % 2})).expect("an object"))
    };
    points.upsert(values.iter().map(point)).expect("upsert");
}

fn listed(points: &Collection, order: &OrderBy, request: &ScrollRequest) -> Vec<(OrderValue, PointId)> {
    let records = points.scroll_by(order, request).expect("scroll");
    records.iter().map(|found| (found.value, found.record.id)).collect()
}

#[test]
fn numbers_in_every_way() {
    for seed in seeds(20) {
        let mut rng = Rng::new(seed);
        let db = database();
        let points = db.create_collection("points", &config(vector(2, Metric::Dot))).expect("create");
        let mut all: Vec<(u64, Value)> = Vec::new();
        for id in 0..400 {
            let number = |rng: &mut Rng| {
                if rng.chance(50) { json!(rng.below(20)) } else { json!(rng.below(40) as f64 / 4.0) }
            };
            all.push((
                id,
                match rng.below(8) {
                    0 => json!(null),
                    1 => json!("7"),
                    2 => json!([]),
                    3 => (0..rng.below(4)).map(|_| number(&mut rng)).collect(),
                    _ => number(&mut rng),
                },
            ));
            if id == 150 || id == 300 {
                write(&points, &all);
                points.checkpoint().expect("checkpoint");
            }
        }
        write(&points, &all);
        // Quarters: exact, and the same for whole numbers and floats.
        let mut pairs: Vec<(i64, u64)> = Vec::new();
        for (id, value) in &all {
            let values = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
            let mut quarters: Vec<i64> =
                values.iter().filter_map(|value| value.as_f64().map(|v| (v * 4.0) as i64)).collect();
            quarters.sort_unstable();
            quarters.dedup();
            pairs.extend(quarters.into_iter().map(|quarter| (quarter, *id)));
        }
        for round in 0..20 {
            let (limit, odd, descending) = (1 + rng.below(500) as usize, rng.chance(40), rng.chance(50));
            let from = rng.chance(50).then(|| rng.below(60) as i64);
            let mut ideal: Vec<(i64, u64)> =
                pairs.iter().copied().filter(|(_, id)| !odd || id % 2 == 1).collect();
            ideal.retain(|(quarter, _)| {
                from.is_none_or(|from| if descending { *quarter <= from } else { *quarter >= from })
            });
            ideal.sort_unstable();
            if descending {
                ideal.reverse();
            }
            ideal.truncate(limit);
            let mut order = OrderBy::number("v").expect("a path");
            if descending {
                order = order.direction(Direction::Descending);
            }
            if let Some(from) = from {
                order = order.start_from(from as f64 / 4.0);
            }
            let mut request = ScrollRequest::new().limit(limit).with_payload(WithPayload::No);
            if odd {
                request = request.filter(Condition::matches("odd", 1));
            }
            let quarter = |value: OrderValue| match value {
                OrderValue::Number(nigh::Number::Integer(integer)) => integer as i64 * 4,
                OrderValue::Number(nigh::Number::Float(float)) => (float * 4.0) as i64,
                OrderValue::Datetime(at) => panic!("{at:?} is no number"),
            };
            let got: Vec<(i64, u64)> = listed(&points, &order, &request)
                .into_iter()
                .map(|(value, id)| (quarter(value), sets::number(id)))
                .collect();
            assert_eq!(got, ideal, "seed {seed}, round {round}: {order:?}");
        }
    }
}

#[test]
fn dates() {
    let db = database();
    let points = db.create_collection("points", &config(vector(2, Metric::Dot))).expect("create");
    write(
        &points,
        &[
            (1, json!("2024-01-01T09:00:00+09:00")),
            (2, json!("2023-12-31")),
            (3, json!(["2025-01-01", "x", "2022-01-01"])),
            (4, json!(1_704_067_200)),
            (5, json!("2024-01-01")),
        ],
    );
    let order = OrderBy::datetime("v").expect("a path");
    let ids = |order: &OrderBy| {
        listed(&points, order, &ScrollRequest::new())
            .iter()
            .map(|(_, id)| sets::number(*id))
            .collect::<Vec<_>>()
    };
    assert_eq!(ids(&order), [3, 2, 1, 5, 3]);
    assert_eq!(ids(&order.clone().direction(Direction::Descending)), [3, 5, 1, 2, 3]);
    let new_year: Datetime = "2024-01-01".parse().expect("a date");
    assert_eq!(ids(&order.clone().start_from(new_year)), [1, 5, 3]);
    assert_eq!(
        listed(&points, &order, &ScrollRequest::new())[2].0,
        OrderValue::Datetime(Datetime(1_704_067_200_000_000))
    );
}

#[test]
fn what_is_refused() {
    let db = database();
    let points = db.create_collection("points", &config(vector(2, Metric::Dot))).expect("create");
    assert_eq!(OrderBy::number("").expect_err("no path").kind(), ErrorKind::InvalidArgument);
    let number = || OrderBy::number("v").expect("a path");
    for (order, request) in [
        (number(), ScrollRequest::new().start_at(1u64)),
        (number(), ScrollRequest::new().limit(0)),
        (number(), ScrollRequest::new().filter(Filter::new().must(Condition::is_empty("")))),
        (number().start_from(f64::NAN), ScrollRequest::new()),
        (number().start_from(Datetime(0)), ScrollRequest::new()),
        (OrderBy::datetime("v").expect("a path").start_from(1), ScrollRequest::new()),
    ] {
        assert_eq!(
            points.scroll_by(&order, &request).expect_err("refused").kind(),
            ErrorKind::InvalidArgument
        );
    }
}
