//! T5: every call that opening a folder makes fails in turn, after a power cut that left torn tails and leftovers. Opening then fails with an
//! error that says why, or works; a later open without the fault has everything, also after one more power cut.
//!
//! `NIGH_RUNS` is the number of folders, `SEED` repeats one.

mod support;

use nigh::io::{CrashMode, Fault, FaultKind, FaultVfs, SimVfs};
use nigh::{
    CancelToken, CollectionConfig, Database, Durability, ErrorKind, ManualClock, Metric, VectorConfig,
};
use std::sync::Arc;
use support::model::{Generator, Model};
use support::{DIR, Rng, options, seeds, small};

/// A folder as a power cut left it, and what is in it.
fn folder(seed: u64) -> (SimVfs, Model) {
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = options(vfs.clone(), &clock).open(DIR).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(3, Metric::Euclid))
        .with_durability(Durability::Buffered)
        .with_optimizer(small(1500));
    let points = db.create_collection("points", &config).expect("create");
    let (mut model, mut generator) = (Model::new(&config), Generator::new(seed, 20));
    let mut states = vec![model.clone()];
    let stop = 20 + Rng::new(seed).below(30);
    for i in 0..stop {
        let op = generator.op(&model);
        if model.apply(&op).is_ok() {
            op.run(&points).expect("write");
            states.push(model.clone());
        }
        if i % 7 == 6 {
            db.run_background_jobs();
        }
    }
    let image = vfs.crash(CrashMode::Torn(seed));
    let probe = options(image.crash(CrashMode::Everything), &clock).open(DIR).expect("open");
    let last = probe.collection("points").expect("points").info().expect("info").last_seq.0;
    let state = states.into_iter().find(|state| state.seq == last).expect("one of them");
    (image, state)
}

/// The collection, or an error that names the fault.
fn look(db: &Database, model: &Model, place: &str) -> bool {
    match db.collection("points") {
        Ok(points) => {
            model.check_points(&points, 100, place);
            true
        }
        Err(e) => {
            assert!(matches!(e.kind(), ErrorKind::Io | ErrorKind::NoSpace), "{place}: {e:?}");
            false
        }
    }
}

fn check_clean(vfs: SimVfs, model: &Model, place: &str) {
    let clock = Arc::new(ManualClock::default());
    let db = options(vfs, &clock).open(DIR).unwrap_or_else(|e| panic!("{place}: {e:?}"));
    let points = db.collection("points").unwrap_or_else(|e| panic!("{place}: {e:?}"));
    assert_eq!(points.info().expect("info").last_seq.0, model.seq, "{place}: last operation");
    model.check_points(&points, 100, place);
    let report = db.verify(&CancelToken::new(), |_, _| {});
    assert!(report.is_clean(), "{place}: {report:?}");
}

fn sweep(read_only: bool) {
    let (mut opens, mut failed, mut partly) = (0, 0, 0);
    for seed in seeds(6) {
        let (image, model) = folder(seed);
        let open = |fault: &FaultVfs| {
            let options = options(fault.clone(), &Arc::new(ManualClock::default()));
            if read_only { options.open_read_only(DIR) } else { options.open(DIR) }
        };
        let whole = FaultVfs::new(Arc::new(image.crash(CrashMode::Everything)));
        let clean = open(&whole).expect("open");
        let calls = whole.call_count();
        drop(clean);
        for at in 0..calls {
            for kind in [FaultKind::Eio, FaultKind::Enospc, FaultKind::Eintr, FaultKind::ShortWrite] {
                for lasting in [false, true] {
                    let place = format!("SEED={seed}, call {at} {kind:?}, lasting {lasting}");
                    let sim = image.crash(CrashMode::Everything);
                    let fault = FaultVfs::new(Arc::new(sim.clone()));
                    fault.set_fault(Some(Fault { at, kind, lasting }));
                    opens += 1;
                    match open(&fault) {
                        Ok(db) => partly += u64::from(!look(&db, &model, &place)),
                        Err(e) => {
                            let typed =
                                matches!(e.kind(), ErrorKind::Io | ErrorKind::NoSpace | ErrorKind::Closed);
                            assert!(typed, "{place}: {e:?}");
                            failed += 1;
                        }
                    }
                    check_clean(sim.crash(CrashMode::Nothing), &model, &format!("{place}, power cut"));
                    check_clean(sim, &model, &format!("{place}, opened again"));
                }
            }
        }
    }
    eprintln!(
        "read-only {read_only}: {opens} opens, {failed} failed, {partly} without the collection: 0 lost"
    );
}

#[test]
fn opening_to_write() {
    sweep(false);
}

#[test]
fn opening_to_read() {
    sweep(true);
}
