//! Writes and checkpoints in the middle of a merge: what they delete stays deleted, what they write stays written, also after reopening.

use nigh::io::SimVfs;
use nigh::{
    Background, Collection, CollectionConfig, Database, JobKind, JobState, Metric, OptimizerConfig, Options,
    Point, PointId, ScrollRequest, VectorConfig, WithVectors,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

fn open(vfs: &SimVfs) -> Database {
    let options = Options::new().vfs(Arc::new(vfs.clone())).background(Background::Manual).free_bytes_min(0);
    options.open("/db").expect("open")
}

fn state(points: &Collection) -> BTreeMap<PointId, f32> {
    let request = ScrollRequest::new().limit(100).with_vectors(WithVectors::All);
    let page = points.scroll(&request).expect("scroll");
    page.points.into_iter().map(|r| (r.id, r.vectors.expect("asked for")[""][0])).collect()
}

fn upsert(points: &Collection, ids: impl Iterator<Item = u64>, value: f32) {
    points.upsert(ids.map(|id| Point::new(id, [value]))).expect("upsert");
}

/// What happens in the middle; each ends with a checkpoint or without one.
type Act = fn(&Collection);

const ACTS: [(&str, Act); 5] = [
    ("all of one input dies", |points| {
        points.delete((0..10u64).map(PointId::from)).expect("delete");
        points.checkpoint().expect("checkpoint");
    }),
    ("some of each input die", |points| {
        points.delete((5..15u64).map(PointId::from)).expect("delete");
        points.checkpoint().expect("checkpoint");
    }),
    ("overwrites", |points| {
        upsert(points, 8..12, 7.0);
        points.checkpoint().expect("checkpoint");
        upsert(points, 9..13, 8.0);
    }),
    ("everything dies", |points| {
        points.delete((0..20u64).map(PointId::from)).expect("delete");
        points.checkpoint().expect("checkpoint");
    }),
    ("deletes without a checkpoint", |points| {
        points.delete((0..20u64).step_by(3).map(PointId::from)).expect("delete");
    }),
];

#[test]
fn a_merge_loses_and_resurrects_nothing() {
    for (name, act) in ACTS {
        for moment in 1..=8 {
            let vfs = SimVfs::new();
            let db = open(&vfs);
            let optimizer = OptimizerConfig { merge_fan_in: 2, ..Default::default() };
            let config =
                CollectionConfig::single(VectorConfig::new(1, Metric::Dot)).with_optimizer(optimizer);
            let points = db.create_collection("points", &config).expect("create");
            upsert(&points, 0..10, 1.0);
            points.checkpoint().expect("checkpoint");
            upsert(&points, 10..20, 1.0);
            points.checkpoint().expect("checkpoint");

            let changes = Arc::new(AtomicU32::new(0));
            let observer = {
                let (points, changes) = (points.clone(), Arc::clone(&changes));
                move |_: &SimVfs| {
                    if changes.fetch_add(1, Ordering::SeqCst) + 1 == moment {
                        act(&points);
                    }
                }
            };
            vfs.set_observer(Some(Arc::new(observer)));
            db.run_background_jobs();
            vfs.set_observer(None);
            let jobs = points.jobs();
            let merges = jobs.iter().filter(|j| j.kind == JobKind::Merge);
            assert!(
                merges.clone().count() > 0 && merges.clone().all(|j| j.state == JobState::Done),
                "{name}, change {moment}"
            );
            assert!(changes.load(Ordering::SeqCst) >= moment);

            let expected = {
                let vfs = SimVfs::new();
                let db = open(&vfs);
                let model = db.create_collection("points", &config).expect("create");
                upsert(&model, 0..20, 1.0);
                act(&model);
                state(&model)
            };
            assert_eq!(state(&points), expected, "{name}, change {moment}");
            drop(points);
            drop(db);
            let points = open(&vfs).collection("points").expect("collection");
            assert_eq!(state(&points), expected, "{name}, change {moment}, reopened");
        }
    }
}
