//! Random filters over random payloads: count, scroll, search and delete select what a plain reading of the documentation selects.

#[path = "support/filters.rs"]
mod filters;
#[path = "support/sets.rs"]
mod sets;
mod support;

use filters::{Known, filter, passes, payload};
use nigh::{
    Collection, CollectionConfig, Filter, Metric, Point, PointId, ScrollRequest, SearchRequest, Uuid,
    WithPayload,
};
use sets::{QUIET, database, vector};
use support::{Rng, runs, seeds};

const POINTS: u64 = 240;

fn id(n: u64) -> PointId {
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

/// Points in a segment with a graph, one without, and in memory; some were replaced, some deleted.
fn collection(db: &nigh::Database, rng: &mut Rng) -> (Collection, Vec<Known>) {
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
    points.optimize().expect("optimize");
    write(POINTS / 3..POINTS * 3 / 4, &mut known, rng);
    points.checkpoint().expect("checkpoint");
    write(POINTS * 2 / 3..POINTS, &mut known, rng);
    let dead: Vec<PointId> = known.iter().map(|p| p.id).filter(|_| rng.chance(10)).collect();
    points.delete(dead.clone()).expect("delete");
    known.retain(|point| !dead.contains(&point.id));
    known.sort_by_key(|point| point.id);
    (points, known)
}

fn scrolled(points: &Collection, filter: &Filter, limit: usize) -> Vec<PointId> {
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

#[test]
fn every_read_agrees_with_the_oracle() {
    for seed in seeds(3) {
        let mut rng = Rng::new(seed);
        let db = database();
        let (points, known) = collection(&db, &mut rng);
        let ids: Vec<PointId> = (0..POINTS + 20).map(id).collect();
        let query = [1.0, 2.0, 0.0, 3.0];
        let ranking = points.search(&SearchRequest::new(query).limit(1000).exact(true)).expect("search");
        let (mut some, mut matched) = (0, 0);
        for round in 0..runs(700) {
            let filter = filter(&mut rng, Some(&ids), 3);
            let expected: Vec<PointId> = known.iter().filter(|p| passes(&filter, p)).map(|p| p.id).collect();
            let place = || format!("seed {seed}, round {round}: {filter:?}");
            some += usize::from(!expected.is_empty() && expected.len() < known.len());
            matched += expected.len();
            assert_eq!(
                points.count_matching(filter.clone()).expect("count"),
                expected.len() as u64,
                "{}",
                place()
            );
            let limit = *rng.pick(&[1, 7, 50, 1000]);
            assert_eq!(scrolled(&points, &filter, limit.max(40)), expected, "{}", place());
            let request = SearchRequest::new(query).limit(limit).filter(filter.clone());
            let ideal: Vec<_> =
                ranking.iter().filter(|hit| expected.contains(&hit.id)).take(limit).cloned().collect();
            let hits = points.search(&request.clone().exact(true)).expect("search");
            assert_eq!(hits, ideal, "{}", place());
            let near = points.search(&request).expect("search");
            assert_eq!(near.len(), ideal.len(), "{}", place());
            assert!(near.iter().all(|hit| expected.contains(&hit.id)), "{}", place());
        }
        assert!(
            some > runs(700) as usize / 4,
            "most filters select all or nothing: {some}, {matched} points in all"
        );
    }
}

#[test]
fn deletes_select_the_same_points() {
    for seed in seeds(40) {
        let mut rng = Rng::new(seed + 1000);
        let db = database();
        let (points, mut known) = collection(&db, &mut rng);
        let ids: Vec<PointId> = (0..POINTS).map(id).collect();
        for _ in 0..5 {
            let filter = filter(&mut rng, Some(&ids), 2);
            known.retain(|point| !passes(&filter, point));
            points.delete(&filter).expect("delete");
            let left: Vec<PointId> = known.iter().map(|point| point.id).collect();
            assert_eq!(scrolled(&points, &Filter::new(), 1000), left, "seed {seed}: {filter:?}");
        }
    }
}
