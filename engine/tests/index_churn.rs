//! A collection that is replaced again and again stays as good as a fresh one: recall, every point findable, and the size of its folder.
//! `NIGH_RUNS` is the number of times that all points are replaced, and of rounds that replace a tenth.

#[path = "support/run.rs"]
mod run;
#[path = "support/sets.rs"]
mod sets;

use nigh::{Collection, Database, Effort, Metric, Point, SearchRequest};
use run::{Folder, files_below};
use sets::*;
use std::collections::BTreeMap;

const DIM: usize = 24;
const POINTS: usize = 600;

fn bytes(folder: &Folder) -> u64 {
    let len = |name: String| std::fs::metadata(folder.path().join(name)).expect("a file").len();
    files_below(folder.path()).into_iter().filter(|name| name.contains("/segments/")).map(len).sum()
}

/// Live rows against a collection that holds nothing else.
fn compare(
    points: &Collection,
    folder: &Folder,
    live: &BTreeMap<u64, Vec<f32>>,
    queries: &Rows,
    place: &str,
) {
    assert_eq!(stored(points), *live, "{place}");
    let fresh_folder = Folder::new();
    let db: Database = options().open(fresh_folder.path()).expect("open");
    let fresh =
        indexed(&db, "points", vector(DIM, Metric::Euclid), &live.values().cloned().collect::<Rows>());
    let of = |points: &Collection| recall(points, queries, 10, Effort::Ef(32));
    let (now, should) = (of(points), of(&fresh));
    assert!(now >= should - 0.01, "{place}: recall {now}, fresh {should}");
    for (id, row) in live {
        let hits = search(points, &SearchRequest::new(row.clone()).limit(10));
        assert!(hits.iter().any(|(hit, _)| hit == id), "{place}: {id} is not found");
    }
    db.close().expect("close");
    let (now, should) = (bytes(folder), bytes(&fresh_folder));
    assert!(now as f64 <= should as f64 * 1.5, "{place}: {now} bytes, fresh {should}");
}

fn rounds(default: u64) -> u64 {
    run::number("NIGH_RUNS").unwrap_or(default)
}

#[test]
fn a_tenth_at_a_time() {
    let rounds = rounds(10) as usize;
    let tenth = POINTS / 10;
    let (rows, queries) = clustered(61, DIM, 20, 0.5, POINTS + rounds * tenth, 40);
    let folder = Folder::new();
    let db = options().open(folder.path()).expect("open");
    let points = indexed(&db, "points", vector(DIM, Metric::Euclid), &rows[..POINTS]);
    let mut live: BTreeMap<u64, Vec<f32>> = (0..).zip(rows[..POINTS].iter().cloned()).collect();
    for round in 0..rounds {
        // Half of a round's points are new, half are new versions of old ones; the oldest go.
        let new = &rows[POINTS + round * tenth..][..tenth];
        let first = (POINTS + round * tenth) as u64;
        let gone: Vec<u64> = live.keys().copied().take(tenth / 2).collect();
        delete(&points, gone.iter().copied());
        gone.iter().for_each(|id| drop(live.remove(id)));
        let old: Vec<u64> = live.keys().copied().step_by(3).take(tenth / 2).collect();
        let written: Vec<_> = old.into_iter().chain(first..).zip(new.iter().cloned()).collect();
        points.upsert(written.iter().map(|(id, row)| Point::new(*id, row.clone()))).expect("upsert");
        live.extend(written);
        points.optimize().expect("optimize");
    }
    compare(&points, &folder, &live, &queries, &format!("{rounds} tenths"));
}

#[test]
fn everything_again_and_again() {
    let rounds = rounds(10);
    let folder = Folder::new();
    let db = options().open(folder.path()).expect("open");
    let (rows, _) = clustered(62, DIM, 20, 0.5, POINTS, 0);
    let points = indexed(&db, "points", vector(DIM, Metric::Euclid), &rows);
    let mut last = (rows, Rows::new());
    for round in 1..=rounds {
        last = clustered(62 + round, DIM, 20, 0.5, POINTS, 40);
        // In two halves, so that a merge takes half of a graph over.
        upsert(&points, 0, &last.0[..POINTS / 2]);
        points.optimize().expect("optimize");
        upsert(&points, POINTS as u64 / 2, &last.0[POINTS / 2..]);
        points.optimize().expect("optimize");
    }
    let live = (0..).zip(last.0).collect();
    compare(&points, &folder, &live, &last.1, &format!("{rounds} turnovers"));
}
