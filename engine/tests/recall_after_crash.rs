//! T14: the process dies or the power fails while an index is built, extended or merged; what opens afterwards finds as much as an index that was
//! never interrupted (within a hundredth), and nothing dead. `NIGH_RUNS` is the number of points in hundreds, `SEED` repeats a run.

mod support;

#[path = "support/sets.rs"]
mod sets;

use nigh::io::{CrashMode, SimVfs};
use nigh::{CancelToken, Collection, Database, Effort, ManualClock, Metric, Point, SearchRequest};
use sets::*;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

const DIM: usize = 24;
/// Aftermaths that are looked at, of each step of the workload.
const IMAGES: usize = 4;
const ROOM: f64 = 0.01;

/// What the workload does, in this order.
#[derive(Debug, Clone)]
enum Step {
    Upsert(u64, Rows),
    Delete(Vec<u64>),
    Optimize,
}

fn open(vfs: &SimVfs) -> Database {
    support::options(vfs.clone(), &Arc::new(ManualClock::default())).open(support::DIR).expect("open")
}

fn run(points: &Collection, step: &Step) {
    match step {
        Step::Upsert(first, rows) => {
            points.upsert((*first..).zip(rows).map(|(id, row)| Point::new(id, row.clone()))).expect("upsert");
        }
        Step::Delete(ids) => delete(points, ids.iter().copied()),
        Step::Optimize => points.optimize().expect("optimize"),
    }
}

fn apply(state: &mut BTreeMap<u64, Vec<f32>>, step: &Step) {
    match step {
        Step::Upsert(first, rows) => state.extend((*first..).zip(rows.iter().cloned())),
        Step::Delete(ids) => ids.iter().for_each(|id| drop(state.remove(id))),
        Step::Optimize => {}
    }
}

/// A build, points more, a merge, replaced and deleted points, and another merge.
fn workload(rows: &[Vec<f32>]) -> Vec<Step> {
    let (len, half) = (rows.len(), rows.len() / 2);
    let mut steps = Vec::new();
    let upserts = |range: std::ops::Range<usize>, first: usize| {
        let chunks = rows[range].chunks(200).enumerate();
        chunks.map(|(i, rows)| Step::Upsert((first + i * 200) as u64, rows.to_vec())).collect::<Vec<_>>()
    };
    steps.extend(upserts(0..half, 0));
    steps.push(Step::Optimize);
    steps.extend(upserts(half..len * 9 / 10, half));
    steps.push(Step::Optimize);
    // New versions, in the old ones' places.
    steps.extend(upserts(len * 9 / 10..len, 10));
    steps.push(Step::Delete((0..len as u64 / 2).filter(|id| id % 3 == 0).collect()));
    steps.push(Step::Optimize);
    steps
}

/// Recall, and no hit that is not what `state` says.
fn recall_of(points: &Collection, state: &BTreeMap<u64, Vec<f32>>, queries: &Rows, place: &str) -> f64 {
    let mut shares = 0.0;
    for query in queries {
        let hits = search(points, &SearchRequest::new(query.clone()).effort(Effort::Ef(48)));
        assert_eq!(hits.len(), 10.min(state.len()), "{place}");
        for (id, got) in &hits {
            let row = state.get(id).unwrap_or_else(|| panic!("{place}: {id} is dead"));
            let right = score(Metric::Euclid, query, row);
            assert!((f64::from(*got) - right).abs() < 1e-3, "{place}: {id} scored {got}, is {right}");
        }
        let mut truth: Vec<(u64, f32)> =
            state.iter().map(|(id, row)| (*id, score(Metric::Euclid, query, row) as f32)).collect();
        truth.sort_unstable_by(|a, b| b.1.total_cmp(&a.1));
        shares += share(&hits, &truth, 10);
    }
    shares / queries.len() as f64
}

/// The aftermath opens; searched at once and after it was optimized, it is as good as what was never interrupted.
fn check(
    image: &SimVfs,
    states: &[BTreeMap<u64, Vec<f32>>],
    best: &[f64],
    queries: &Rows,
    place: &str,
) -> f64 {
    let db = open(image);
    let points = db.collection("points").expect("collection");
    let report = db.verify(&CancelToken::new(), |_, _| {});
    assert!(report.is_clean(), "{place}: {report:?}");
    let found = stored(&points);
    let which = states.iter().position(|state| *state == found);
    let which = which.unwrap_or_else(|| panic!("{place}: {} points, in no state that was", found.len()));
    recall_of(&points, &found, queries, place);
    points.optimize().expect("optimize");
    let now = recall_of(&points, &found, queries, place);
    assert!(now >= best[which] - ROOM, "{place}: recall {now}, uninterrupted {}", best[which]);
    best[which] - now
}

#[test]
fn a_crash_costs_no_recall() {
    let count = support::runs(8) as usize * 100;
    let seed = support::seed();
    let (rows, queries) = clustered(seed + 140, DIM, 20, 0.6, count, 40);
    let steps = workload(&rows);
    let vfs = SimVfs::new();
    let points =
        open(&vfs).create_collection("points", &config(vector(DIM, Metric::Euclid))).expect("create");
    let mut state = BTreeMap::new();
    let (mut images, mut worst) = (0, 0f64);
    for (i, step) in steps.iter().enumerate() {
        let before = state.clone();
        apply(&mut state, step);
        // How many changes the step makes is not known before: each is kept for a moment, and some are looked at.
        let taken: Arc<Mutex<Vec<SimVfs>>> = Arc::default();
        let changes = Arc::new(Mutex::new(0u64));
        let observer = {
            let (taken, changes) = (Arc::clone(&taken), Arc::clone(&changes));
            move |vfs: &SimVfs| {
                let mut changes = changes.lock().expect("no panic");
                *changes += 1;
                // Steps of one change, and a build's many files, are met alike.
                if *changes % 17 == 1 || *changes < 3 {
                    let image = match *changes % 3 {
                        0 => vfs.kill(),
                        1 => vfs.crash(CrashMode::Random(seed * 1000 + *changes)),
                        _ => vfs.crash(CrashMode::Torn(seed * 1000 + *changes)),
                    };
                    taken.lock().expect("no panic").push(image);
                }
            }
        };
        let is_optimize = matches!(step, Step::Optimize);
        if is_optimize || i % 3 == 0 {
            vfs.set_observer(Some(Arc::new(observer)));
        }
        run(&points, step);
        vfs.set_observer(None);
        let taken = std::mem::take(&mut *taken.lock().expect("no panic"));
        if taken.is_empty() {
            continue;
        }
        // What an uninterrupted collection finds in either state.
        let states = [before, state.clone()];
        let best = states.each_ref().map(|state| {
            let db = open(&SimVfs::new());
            let fresh = db.create_collection("points", &config(vector(DIM, Metric::Euclid))).expect("create");
            let ids: Vec<_> = state.iter().map(|(id, row)| Point::new(*id, row.clone())).collect();
            ids.chunks(200).for_each(|part| assert!(fresh.upsert(part.to_vec()).is_ok()));
            fresh.optimize().expect("optimize");
            recall_of(&fresh, state, &queries, "fresh")
        });
        let every = taken.len().div_ceil(if is_optimize { IMAGES } else { 1 });
        for (j, image) in taken.iter().enumerate().step_by(every) {
            let place = format!("SEED={seed}, step {i} of {}, image {j}", steps.len());
            worst = worst.max(check(image, &states, &best, &queries, &place));
            images += 1;
        }
    }
    println!("SEED={seed}: {count} points, {images} aftermaths, recall at most {worst:.4} less, 0 dead hits");
    assert!(images >= 8, "{images}");
}
