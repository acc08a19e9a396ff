//! Random filters over random payloads: count, scroll, search and delete select what a plain reading of the documentation selects.

#[path = "support/filtered.rs"]
mod filtered;
#[path = "support/filters.rs"]
mod filters;
#[path = "support/sets.rs"]
mod sets;
mod support;

use filtered::{POINTS, collection, id, scrolled};
use filters::{filter, passes};
use nigh::{Filter, PointId, SearchRequest};
use sets::database;
use support::{Rng, runs, seeds};

#[test]
fn every_read_agrees_with_the_oracle() {
    for seed in seeds(3) {
        let mut rng = Rng::new(seed);
        let db = database();
        let (points, known) = collection(&db, &mut rng, |_, _| ());
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
        let (points, mut known) = collection(&db, &mut rng, |_, _| ());
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
