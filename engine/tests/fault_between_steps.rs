//! T13: the power fails between every two steps of a checkpoint and of a rewrite; after each, the folder opens, `verify` finds that
//! log, manifest, ids, vectors, payloads and tombstones agree, and every point is there. `NIGH_RUNS` is the number of workloads, `SEED` repeats one.

mod support;

use nigh::io::{CrashMode, SimVfs};
use nigh::{
    CancelToken, Collection, CollectionConfig, Database, IndexConfig, ManualClock, Metric, VectorConfig,
};
use std::sync::{Arc, Mutex};
use support::model::{Generator, Model};
use support::{DIR, options, seeds, small};

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    phases: u64,
    steps: u64,
    images: u64,
}

fn check(image: &SimVfs, model: &Model, place: &str) {
    let clock = Arc::new(ManualClock::default());
    let db = options(image.clone(), &clock).open(DIR).unwrap_or_else(|e| panic!("{place}: {e}"));
    let points = db.collection("points").unwrap_or_else(|e| panic!("{place}: {e}"));
    let report = db.verify(&CancelToken::new(), |_, _| {});
    assert!(report.is_clean(), "{place}: {report:?}");
    assert_eq!(points.info().expect("info").last_seq.0, model.seq, "{place}: last operation");
    model.check_points(&points, 100, place);
    model.check_all_found(&points, place);
    // What was recovered can be rewritten in its turn.
    points.checkpoint().unwrap_or_else(|e| panic!("{place}: checkpoint: {e}"));
    db.run_background_jobs();
    model.check_points(&points, 100, place);
    model.check_all_found(&points, place);
    let report = db.verify(&CancelToken::new(), |_, _| {});
    assert!(report.is_clean(), "{place}: after a rewrite: {report:?}");
}

/// Runs `phase` and looks at every state of the disk in it.
fn watch(vfs: &SimVfs, model: &Model, seed: u64, name: &str, tally: &mut Tally, phase: impl FnOnce()) {
    let steps = Arc::new(Mutex::new((0u64, 0u64)));
    let observer = {
        let (steps, model, name) = (Arc::clone(&steps), model.clone(), name.to_owned());
        move |vfs: &SimVfs| {
            let mut steps = steps.lock().unwrap_or_else(|e| e.into_inner());
            steps.0 += 1;
            let base = seed.wrapping_mul(1_000_003).wrapping_add(steps.0 * 8);
            let modes = [
                CrashMode::Nothing,
                CrashMode::Everything,
                CrashMode::LengthsOnly,
                CrashMode::Random(base),
                CrashMode::Random(base + 1),
                CrashMode::Torn(base + 2),
            ];
            for mode in modes {
                steps.1 += 1;
                check(&vfs.crash(mode), &model, &format!("SEED={seed}, {name}, step {}, {mode:?}", steps.0));
            }
        }
    };
    vfs.set_observer(Some(Arc::new(observer)));
    phase();
    vfs.set_observer(None);
    let steps = *steps.lock().unwrap_or_else(|e| e.into_inner());
    tally.phases += u64::from(steps.0 > 0);
    tally.steps += steps.0;
    tally.images += steps.1;
}

fn write(points: &Collection, model: &mut Model, generator: &mut Generator, count: u64) {
    for _ in 0..count {
        let op = generator.op(model);
        if model.apply(&op).is_ok() {
            op.run(points).expect("write");
        }
    }
}

fn workload(seed: u64) -> Tally {
    let mut tally = Tally::default();
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db: Database = options(vfs.clone(), &clock).open(DIR).expect("open");
    // Every rewrite builds graphs.
    let index = IndexConfig { graph_points_min: 2, ..IndexConfig::default() };
    let config = CollectionConfig::new()
        .with_vector("", VectorConfig::new(3, Metric::Dot).with_index(index))
        .with_vector("이미지", VectorConfig::new(2, Metric::Cosine).with_index(index))
        // Memory is never full: only the watched phases seal.
        .with_optimizer(small(1 << 20));
    let points = db.create_collection("points", &config).expect("create");
    let (mut model, mut generator) = (Model::new(&config), Generator::new(seed, 24));
    for phase in 0..4 {
        write(&points, &mut model, &mut generator, 8);
        let name = format!("checkpoint {phase}");
        watch(&vfs, &model, seed, &name, &mut tally, || points.checkpoint().expect("checkpoint"));
        // Deletes that no checkpoint holds yet: a rewrite must not lose or revive them.
        write(&points, &mut model, &mut generator, 3);
        let name = format!("rewrite {phase}");
        watch(&vfs, &model, seed, &name, &mut tally, || {
            db.run_background_jobs();
        });
        model.check_points(&points, 100, &name);
    }
    tally
}

#[test]
fn every_two_steps_of_checkpoint_and_rewrite() {
    let mut sum = Tally::default();
    for seed in seeds(2) {
        let tally = workload(seed);
        sum.phases += tally.phases;
        sum.steps += tally.steps;
        sum.images += tally.images;
    }
    println!("{sum:?}: 0 mismatches");
    assert!(sum.steps > 0);
}
