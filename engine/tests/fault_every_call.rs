//! T5: every call to the file system fails in turn, with EIO, ENOSPC, EINTR or a short write, once or from then on, or takes effect and still
//! reports an error, or the engine panics there. Whatever happens: what was acknowledged stays, what was refused never appears, reads go on, nothing else panics or hangs.
//!
//! `NIGH_RUNS` is the number of workloads (seeds), `SEED` repeats one. Each workload fails at every one of its calls.

mod support;

use nigh::io::{CrashMode, Fault, FaultKind, FaultVfs, SimVfs};
use nigh::{
    AliasAction, Applied, CancelToken, Collection, CollectionConfig, Database, Error, ErrorKind, IndexConfig,
    ManualClock, Metric, PointId, VectorConfig,
};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use support::model::{Generator, Model, Op};
use support::spy::{Call, SpyVfs};
use support::{DIR, options, seeds, small};

/// How calls fail.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Plan {
    Fault(Fault),
    /// The `at`th change is made, and an error is reported all the same.
    DoneButFailed(u64),
    /// From the `at`th change on there is no new space; space that was allocated can be written.
    DiskFull(u64),
    /// A bug shows at the `at`th call.
    Panic(u64),
}

/// Everything acknowledged, and what the last call without a clear answer may have done.
#[derive(Clone)]
struct Known {
    model: Model,
    /// The first write since then whose fate the engine did not tell.
    unknown: Option<Op>,
}

struct World {
    sim: SimVfs,
    fault: FaultVfs,
    spy: SpyVfs,
    clock: Arc<ManualClock>,
    db: Database,
    collections: BTreeMap<&'static str, (Collection, Known)>,
    /// Collections whose creation or removal had no clear answer.
    unclear: Vec<&'static str>,
    generator: Generator,
    place: String,
    panicking: bool,
    tally: Tally,
}

#[derive(Debug, Default, Clone, Copy)]
struct Tally {
    runs: u64,
    acknowledged: u64,
    refused: u64,
    unknown: u64,
    failed_opens: u64,
    resumed: u64,
}

impl Tally {
    fn add(&mut self, other: Tally) {
        self.runs += other.runs;
        self.acknowledged += other.acknowledged;
        self.refused += other.refused;
        self.unknown += other.unknown;
        self.failed_opens += other.failed_opens;
        self.resumed += other.resumed;
    }
}

fn config() -> CollectionConfig {
    // Every rewrite builds a graph.
    let index = IndexConfig { graph_points_min: 2, ..IndexConfig::default() };
    CollectionConfig::new()
        .with_vector("", VectorConfig::new(3, Metric::Dot).with_index(index))
        .with_vector("이미지", VectorConfig::new(2, Metric::Manhattan))
        .with_optimizer(small(1500))
}

/// Refusals and failures that a file system's fault may cause; `Internal` stands for a panic.
fn is_typed(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Io | ErrorKind::NoSpace | ErrorKind::Busy | ErrorKind::Closed | ErrorKind::Internal
    )
}

/// What a planned panic says.
const PANIC: &str = "a planned panic";

/// The call's result; a planned panic is an error that says nothing about what was done.
fn guarded<T>(call: impl FnOnce() -> nigh::Result<T>) -> nigh::Result<T> {
    catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|panic| match panic.downcast_ref::<&str>() {
        Some(text) if *text == PANIC => Err(Error::Internal { what: PANIC.to_owned() }),
        _ => resume_unwind(panic),
    })
}

/// Planned panics are not printed.
fn hush() {
    let usual = take_hook();
    set_hook(Box::new(move |info| {
        if info.payload().downcast_ref::<&str>() != Some(&PANIC) {
            usual(info);
        }
    }));
}

impl World {
    /// Opens under the plan; if that fails, once more without it.
    fn open(seed: u64, plan: Option<Plan>) -> Self {
        let place = format!("SEED={seed}, {plan:?}");
        let (sim, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
        let fault = FaultVfs::new(Arc::new(sim.clone()));
        let spy = SpyVfs::new(fault.clone());
        let mut tally = Tally { runs: 1, ..Tally::default() };
        set(&fault, &spy, plan);
        let db = guarded(|| options(spy.clone(), &clock).open(DIR)).unwrap_or_else(|e| {
            assert!(is_typed(&e), "{place}: open: {e:?}");
            tally.failed_opens += 1;
            set(&fault, &spy, None);
            options(spy.clone(), &clock).open(DIR).unwrap_or_else(|e| panic!("{place}: open: {e:?}"))
        });
        let generator = Generator::new(seed, 16);
        let (collections, unclear) = (BTreeMap::new(), Vec::new());
        let panicking = matches!(plan, Some(Plan::Panic(_)));
        Self { sim, fault, spy, clock, db, collections, unclear, generator, place, panicking, tally }
    }

    fn workload(&mut self) {
        self.create("points");
        self.create("문서");
        for round in 0..3 {
            self.write("points", 6);
            self.write("문서", 2);
            self.alias("현재", if round % 2 == 0 { "points" } else { "문서" });
            self.jobs();
        }
        self.checkpoint("points");
        self.delete_half("points");
        self.jobs();
        self.remove("문서");
        self.write("points", 3);
        self.clock.advance(Duration::from_secs(10));
        self.jobs();
        self.write("points", 2);
    }

    fn create(&mut self, name: &'static str) {
        match guarded(|| self.db.create_collection(name, &config())) {
            Ok(collection) => {
                let known = Known { model: Model::new(&config()), unknown: None };
                self.collections.insert(name, (collection, known));
            }
            Err(e) => {
                self.failed("create", &e);
                if e.applied() == Applied::Unknown {
                    self.unclear.push(name);
                }
            }
        }
    }

    fn remove(&mut self, name: &'static str) {
        match guarded(|| self.db.drop_collection(name)) {
            Ok(_) => drop(self.collections.remove(name)),
            Err(e) => {
                self.failed("drop", &e);
                if e.applied() == Applied::Unknown {
                    self.unclear.push(name);
                    // A panic after it was done.
                    if self.db.collection(name).is_err() {
                        self.collections.remove(name);
                    }
                }
            }
        }
    }

    fn alias(&mut self, alias: &str, collection: &str) {
        let action = AliasAction::Create { alias: alias.to_owned(), collection: collection.to_owned() };
        match guarded(|| self.db.update_aliases(&[action])) {
            Ok(()) => assert_eq!(self.db.collection(alias).expect("alias").name(), collection),
            // The collection itself could not be made.
            Err(Error::NotFound { .. }) if !self.collections.contains_key(collection) => {}
            Err(e) => self.failed("alias", &e),
        }
    }

    fn write(&mut self, name: &'static str, count: usize) {
        for _ in 0..count {
            let Some((_, known)) = self.collections.get(name) else { return };
            let op = self.generator.op(&known.model);
            self.apply(name, op);
        }
    }

    fn delete_half(&mut self, name: &'static str) {
        let Some((_, known)) = self.collections.get(name) else { return };
        let ids: Vec<PointId> = known.model.points.keys().copied().step_by(2).collect();
        if !ids.is_empty() {
            self.apply(name, Op::Delete(ids));
        }
    }

    fn apply(&mut self, name: &'static str, op: Op) {
        let Some((collection, known)) = self.collections.get_mut(name) else { return };
        let collection = collection.clone();
        let mut next = known.model.clone();
        if next.apply(&op).is_err() {
            return;
        }
        match guarded(|| op.run(&collection)) {
            Ok(seq) => {
                assert_eq!(
                    seq.0, next.seq,
                    "{}: an operation without an acknowledgement was logged",
                    self.place
                );
                let info = collection.info().expect("info");
                assert_eq!(info.durable_seq, seq, "{}: acknowledged and not synced", self.place);
                assert_eq!(info.poisoned, None, "{}: acknowledged by a poisoned log", self.place);
                *known = Known { model: next, unknown: None };
                self.tally.acknowledged += 1;
            }
            Err(e) => {
                let done = collection.info().is_ok_and(|info| info.last_seq.0 == next.seq);
                if self.panicking && done {
                    // It panicked after it was done, in letting go of what it had read.
                    *known = Known { model: next, unknown: None };
                } else if e.applied() == Applied::Unknown {
                    known.unknown.get_or_insert(op);
                }
                self.failed("write", &e);
            }
        }
        self.check_live(name);
    }

    fn jobs(&mut self) {
        if let Err(e) = guarded(|| Ok(self.db.run_background_jobs())) {
            self.failed("jobs", &e);
        }
        self.check_all_live();
    }

    fn checkpoint(&mut self, name: &'static str) {
        let Some((collection, _)) = self.collections.get(name) else { return };
        if let Err(e) = guarded(|| collection.checkpoint()) {
            self.failed("checkpoint", &e);
        }
        self.check_live(name);
    }

    fn failed(&mut self, what: &str, error: &Error) {
        assert!(is_typed(error), "{}: {what}: {error:?}", self.place);
        let reason = self.panicking || !self.spy.failed().is_empty() || self.fault.hit_count() > 0;
        assert!(reason, "{}: {what}: {error}", self.place);
        match error.applied() {
            Applied::No => self.tally.refused += 1,
            Applied::Unknown => self.tally.unknown += 1,
        }
    }

    /// Reads go on, whatever the disk does, and show exactly what was acknowledged.
    fn check_live(&self, name: &str) {
        let Some((collection, known)) = self.collections.get(name) else { return };
        known.model.check_points(collection, 7, &format!("{}, {name}, live", self.place));
    }

    fn check_all_live(&self) {
        self.collections.keys().for_each(|name| self.check_live(name));
    }

    /// What a later open of `vfs` must find.
    fn check_opened(&self, vfs: SimVfs, how: &str) {
        let place = format!("{}, {how}", self.place);
        let db = options(vfs, &self.clock).open(DIR).unwrap_or_else(|e| panic!("{place}: open: {e:?}"));
        for (name, (_, known)) in &self.collections {
            let points = match db.collection(name) {
                Ok(points) => points,
                Err(e) if self.unclear.contains(name) && e.kind() == ErrorKind::NotFound => continue,
                Err(e) => panic!("{place}: {name}: {e:?}"),
            };
            let last = points.info().expect("info").last_seq.0;
            let mut model = known.model.clone();
            if last == model.seq + 1 {
                let op = known.unknown.as_ref();
                let op = op.unwrap_or_else(|| panic!("{place}: {name}: a refused write came back"));
                model.apply(op).expect("legal");
            }
            assert_eq!(last, model.seq, "{place}: {name}: last operation");
            model.check_points(&points, 100, &place);
            model.check_all_found(&points, &place);
        }
        for name in db.collections() {
            let known =
                self.collections.contains_key(name.as_str()) || self.unclear.iter().any(|n| *n == name);
            assert!(known, "{place}: {name} should not exist");
        }
        let report = db.verify(&CancelToken::new(), |_, _| {});
        assert!(report.is_clean(), "{place}: {report:?}");
    }

    /// Space is back: writes go on without reopening, unless the plan failed what tells nothing about its effect.
    fn check_resumes(&mut self) {
        // Failed jobs are tried again after a pause.
        self.clock.advance(Duration::from_secs(60));
        let names: Vec<_> = self.collections.keys().copied().collect();
        for name in names {
            for _ in 0..12 {
                let before = self.tally.acknowledged;
                let seq = self.collections[name].1.model.seq;
                let points = (0..3).map(|i| nigh::Point::new(i as u64, [1.0, 2.0, seq as f32]));
                self.apply(name, Op::Upsert(points.collect()));
                let calls = self.spy.failed();
                assert_eq!(
                    self.tally.acknowledged,
                    before + 1,
                    "{}: writes do not resume, {calls:?}",
                    self.place
                );
            }
        }
        self.jobs();
        self.tally.resumed += 1;
    }

    /// A sync or publication that failed, or an append that could not be taken back: reopening is needed.
    fn may_be_poisoned(&self, plan: Plan) -> bool {
        let calls = self.spy.failed();
        let poisons = |call: &Call| matches!(call, Call::Sync | Call::SyncDir | Call::Rename);
        match plan {
            Plan::DiskFull(_) => false,
            Plan::DoneButFailed(_) | Plan::Panic(_) => true,
            Plan::Fault(Fault { kind: FaultKind::ShortWrite, .. }) => false,
            Plan::Fault(Fault { kind: FaultKind::Enospc, lasting, .. }) => {
                calls.iter().any(poisons) || (lasting && calls.contains(&Call::Write))
            }
            Plan::Fault(_) => true,
        }
    }
}

fn set(fault: &FaultVfs, spy: &SpyVfs, plan: Option<Plan>) {
    fault.set_fault(None);
    spy.fail_after(None);
    spy.full_from(None);
    spy.clear_hook();
    match plan {
        Some(Plan::Fault(plan)) => fault.set_fault(Some(plan)),
        Some(Plan::DoneButFailed(at)) => spy.fail_after(Some(at)),
        Some(Plan::DiskFull(at)) => spy.full_from(Some(at)),
        Some(Plan::Panic(at)) => {
            let calls = AtomicU64::new(0);
            spy.set_hook(move |_, _| {
                if calls.fetch_add(1, Ordering::SeqCst) == at {
                    std::panic::panic_any(PANIC);
                }
            });
        }
        None => {}
    }
}

fn run(seed: u64, plan: Plan) -> Tally {
    let mut world = World::open(seed, Some(plan));
    world.workload();
    world.check_all_live();
    world.check_opened(world.sim.crash(CrashMode::Nothing), "power cut");
    world.check_opened(world.sim.crash(CrashMode::Everything), "killed");
    set(&world.fault, &world.spy, None);
    if !world.may_be_poisoned(plan) {
        assert_eq!(world.tally.unknown, 0, "{}: a full disk leaves no doubt", world.place);
        world.check_resumes();
        world.check_opened(world.sim.crash(CrashMode::Nothing), "power cut after it resumed");
    }
    // Closing may report what poisoned the log; nothing acknowledged depends on it.
    if let Err(e) = world.db.close() {
        assert!(is_typed(&e), "{}: close: {e:?}", world.place);
    }
    world.check_opened(world.sim.clone(), "reopened");
    world.tally
}

fn sweep(name: &str, plan: impl Fn(u64) -> Plan, changes_only: bool) {
    let mut sum = Tally::default();
    let mut calls = 0;
    for seed in seeds(1) {
        let mut clean = World::open(seed, None);
        clean.workload();
        let count = if changes_only { clean.spy.change_count() } else { clean.fault.call_count() };
        assert_eq!((clean.tally.refused, clean.tally.unknown), (0, 0));
        (0..count).for_each(|at| sum.add(run(seed, plan(at))));
        calls += count;
    }
    eprintln!("{name}: {calls} calls, {sum:?}: 0 lost, 0 resurrected, 0 panics");
}

fn fault(kind: FaultKind, lasting: bool) -> impl Fn(u64) -> Plan {
    move |at| Plan::Fault(Fault { at, kind, lasting })
}

#[test]
fn input_output_error_once() {
    sweep("EIO once", fault(FaultKind::Eio, false), false);
}

#[test]
fn input_output_error_from_then_on() {
    sweep("EIO lasting", fault(FaultKind::Eio, true), false);
}

#[test]
fn no_space_once() {
    sweep("ENOSPC once", fault(FaultKind::Enospc, false), false);
}

#[test]
fn no_space_from_then_on() {
    sweep("ENOSPC lasting", fault(FaultKind::Enospc, true), false);
}

#[test]
fn interrupted_once() {
    sweep("EINTR once", fault(FaultKind::Eintr, false), false);
}

#[test]
fn short_write_once() {
    sweep("short write once", fault(FaultKind::ShortWrite, false), false);
}

#[test]
fn short_write_from_then_on() {
    sweep("short write lasting", fault(FaultKind::ShortWrite, true), false);
}

#[test]
fn done_but_reported_as_failed() {
    sweep("done but failed", Plan::DoneButFailed, true);
}

#[test]
fn disk_full_from_then_on() {
    sweep("disk full", Plan::DiskFull, true);
}

#[test]
fn panic_once() {
    hush();
    sweep("panic", Plan::Panic, false);
}
