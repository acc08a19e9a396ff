//! A collection of random points, some replaced and some dead, in segments of every kind; and what is known of it.

use super::filters::{Known, payload};
use super::sets::{QUIET, vector};
use super::support::Rng;
use nigh::{
    Collection, CollectionConfig, Database, Filter, Metric, Point, PointId, ScrollRequest, Uuid, WithPayload,
};

pub(crate) const POINTS: u64 = 240;

pub(crate) fn id(n: u64) -> PointId {
    if n % 5 == 4 { Uuid::from_u128(u128::from(n) << 90 | 7).into() } else { (n * 3).into() }
}

fn point(rng: &mut Rng, n: u64) -> (Point, Known) {
    let json = payload(rng);
    let mut point = Point::without_vectors(id(n))
        .with_payload(nigh::Payload::from_json(json.clone()).expect("an object"));
    let mut vectors = Vec::new();
    for (name, percent) in [("", 90), ("other", 40)] {
        if rng.chance(percent) {
            // Whole numbers: scores are exact, ties are many.
            let values: Vec<f32> = (0..4).map(|_| rng.below(5) as f32).collect();
            point = point.with_vector(name, values);
            vectors.push(name.to_owned());
        }
    }
    (point, Known { id: id(n), vectors, payload: json })
}

/// Points in a segment with a graph, one without, and in memory; some were replaced, some deleted. `between` is called while they are written.
pub(crate) fn collection(
    db: &Database,
    rng: &mut Rng,
    mut between: impl FnMut(&Collection, &mut Rng),
) -> (Collection, Vec<Known>) {
    let config =
        CollectionConfig::single(vector(4, Metric::Euclid)).with_vector("other", vector(4, Metric::Dot));
    let points = db.create_collection("points", &config.with_optimizer(QUIET)).expect("create");
    let mut known = Vec::new();
    let write = |range: std::ops::Range<u64>, known: &mut Vec<Known>, rng: &mut Rng| {
        let (new, oracle): (Vec<_>, Vec<_>) = range.map(|n| point(rng, n)).unzip();
        points.upsert(new).expect("upsert");
        known.retain(|old: &Known| oracle.iter().all(|new| new.id != old.id));
        known.extend(oracle);
    };
    write(0..POINTS / 2, &mut known, rng);
    between(&points, rng);
    points.optimize().expect("optimize");
    write(POINTS / 3..POINTS * 3 / 4, &mut known, rng);
    points.checkpoint().expect("checkpoint");
    between(&points, rng);
    write(POINTS * 2 / 3..POINTS, &mut known, rng);
    if rng.chance(50) {
        between(&points, rng);
    }
    let dead: Vec<PointId> = known.iter().map(|p| p.id).filter(|_| rng.chance(10)).collect();
    points.delete(dead.clone()).expect("delete");
    known.retain(|point| !dead.contains(&point.id));
    known.sort_by_key(|point| point.id);
    (points, known)
}

pub(crate) fn scrolled(points: &Collection, filter: &Filter, limit: usize) -> Vec<PointId> {
    let mut found = Vec::new();
    let mut request = ScrollRequest::new().limit(limit).filter(filter.clone()).with_payload(WithPayload::No);
    loop {
        let page = points.scroll(&request).expect("scroll");
        assert!(page.next.is_none() || page.points.len() == limit, "a short page before the last");
        found.extend(page.points.iter().map(|record| record.id));
        let Some(next) = page.next else { return found };
        request = request.start_at(next);
    }
}
