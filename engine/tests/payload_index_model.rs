//! Filters with indexes on some fields, declared and dropped at any time, select what a plain reading of the documentation selects; so they do after a merge
//! and after opening again.

#[path = "support/filtered.rs"]
mod filtered;
#[path = "support/filters.rs"]
mod filters;
#[path = "support/sets.rs"]
mod sets;
mod support;

use filtered::{POINTS, collection, id, scrolled};
use filters::{Known, filter, passes};
use nigh::io::SimVfs;
use nigh::{Collection, FieldKind, ManualClock, PointId, SearchRequest};
use std::sync::Arc;
use support::{Rng, runs, seeds};

const KINDS: [FieldKind; 7] = [
    FieldKind::Keyword,
    FieldKind::Integer,
    FieldKind::Float,
    FieldKind::Bool,
    FieldKind::Datetime,
    FieldKind::Uuid,
    FieldKind::Geo,
];

/// Declares or drops an index; whether something changed is what was there before.
fn change(points: &Collection, rng: &mut Rng) {
    for _ in 0..4 {
        let (path, kind) = (*rng.pick(&filters::PATHS), *rng.pick(&KINDS));
        let indexes = points.payload_indexes().expect("indexes");
        let there = indexes.iter().find(|index| index.path == path).map(|index| index.kind);
        if rng.chance(25) {
            assert_eq!(points.delete_payload_index(path).expect("delete"), there.is_some());
        } else {
            assert_eq!(points.create_payload_index(path, kind).expect("create"), there != Some(kind));
        }
    }
}

fn check(points: &Collection, known: &[Known], rng: &mut Rng, place: &str) {
    let ids: Vec<PointId> = (0..POINTS + 20).map(id).collect();
    for round in 0..runs(400) / 4 {
        let filter = filter(rng, Some(&ids), 2);
        let expected: Vec<PointId> = known.iter().filter(|p| passes(&filter, p)).map(|p| p.id).collect();
        let place = || format!("{place}, round {round}: {filter:?}\n{:?}", points.payload_indexes());
        assert_eq!(
            points.count_matching(filter.clone()).expect("count"),
            expected.len() as u64,
            "{}",
            place()
        );
        assert_eq!(scrolled(points, &filter, 1000), expected, "{}", place());
        let request = SearchRequest::new([1.0, 2.0, 0.0, 3.0]).limit(20).filter(filter.clone());
        let hits = points.search(&request).expect("search");
        assert!(hits.iter().all(|hit| expected.contains(&hit.id)), "{}", place());
    }
}

#[test]
fn indexes_change_no_answer() {
    for seed in seeds(6) {
        let mut rng = Rng::new(seed);
        let vfs = SimVfs::new();
        let options = || support::options(vfs.clone(), &Arc::new(ManualClock::default()));
        let db = options().open(support::DIR).expect("open");
        let (points, known) = collection(&db, &mut rng, change);
        check(&points, &known, &mut rng, &format!("seed {seed}, written"));
        change(&points, &mut rng);
        points.optimize().expect("optimize");
        let indexes = points.payload_indexes().expect("indexes");
        assert!(indexes.iter().all(|index| index.segments_waiting == 0), "{indexes:?}");
        check(&points, &known, &mut rng, &format!("seed {seed}, optimized"));
        change(&points, &mut rng);
        let indexes = points.payload_indexes().expect("indexes");
        drop(points);
        db.close().expect("close");
        let db = options().open(support::DIR).expect("open");
        let points = db.collection("points").expect("open");
        let same = |a: &nigh::PayloadIndexInfo| (a.path.clone(), a.kind);
        assert_eq!(
            points.payload_indexes().expect("indexes").iter().map(same).collect::<Vec<_>>(),
            indexes.iter().map(same).collect::<Vec<_>>()
        );
        check(&points, &known, &mut rng, &format!("seed {seed}, opened"));
        let verdict = db.verify(&nigh::CancelToken::new(), |_, _| ());
        assert!(verdict.is_clean(), "{verdict:?}");
    }
}
