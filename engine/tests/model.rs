//! T9: random operations against a model, with seals, merges, vacuums, reopening, power cuts, collections and aliases in between.
//!
//! After each step the points it touched are compared, every few steps everything. A power cut may lose a suffix of what was not yet on
//! stable storage, and nothing else. `NIGH_RUNS` is the number of cases of about 200 operations, `SEED` repeats one.

mod support;

use nigh::io::{CrashMode, SimVfs};
use nigh::{
    AliasAction, CancelToken, Collection, CollectionConfig, CollectionUpdate, Database, Durability,
    ManualClock, OptimizerConfig,
};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use support::model::{Generator, Model, check_refusal};
use support::{DIR, Rng, options, seeds};

/// Seven in ten are writes.
const STEPS: u64 = 330;
const NAMES: [&str; 3] = ["points", "문서", "점 2"];

/// A collection: its handle, and what it should hold after each operation that a power cut might bring back.
struct Side {
    collection: Collection,
    config: CollectionConfig,
    /// The last is the present; the first is certain.
    history: Vec<Model>,
}

struct Case {
    seed: u64,
    vfs: SimVfs,
    clock: Arc<ManualClock>,
    db: Database,
    sides: BTreeMap<&'static str, Side>,
    aliases: BTreeMap<String, String>,
    generator: Generator,
    rng: Rng,
    step: u64,
    operations: u64,
    lost: u64,
}

#[derive(Default)]
struct Tally {
    operations: u64,
    crashes: u64,
    lost: u64,
    jobs: u64,
    searches: u64,
}

impl Side {
    fn now(&self) -> &Model {
        self.history.last().expect("never empty")
    }

    /// Forgets states that can no longer come back.
    fn forget(&mut self) {
        let durable = self.collection.info().expect("info").durable_seq.0;
        self.history.retain(|model| model.seq >= durable);
    }
}

fn optimizer(rng: &mut Rng) -> OptimizerConfig {
    let mutable_bytes_max = *rng.pick(&[1024, 2048, 8192]);
    OptimizerConfig { mutable_bytes_max, merge_fan_in: 2, vacuum_dead_ratio: 0.1, ..Default::default() }
}

fn durability(rng: &mut Rng) -> Durability {
    *rng.pick(&[Durability::Sync, Durability::Sync, Durability::Buffered, Durability::Async])
}

impl Case {
    fn new(seed: u64) -> Self {
        let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
        let db = options(vfs.clone(), &clock).open(DIR).expect("open");
        let (generator, rng) = (Generator::new(seed, 40), Rng::new(seed ^ 0xABCD));
        let (sides, aliases) = (BTreeMap::new(), BTreeMap::new());
        let mut case =
            Self { seed, vfs, clock, db, sides, aliases, generator, rng, step: 0, operations: 0, lost: 0 };
        case.create();
        case
    }

    fn place(&self) -> String {
        format!("SEED={}, step {}", self.seed, self.step)
    }

    fn run(mut self, tally: &mut Tally) {
        for step in 1..=STEPS {
            self.step = step;
            match self.rng.below(100) {
                0..=71 => self.write(),
                72..=76 => tally.jobs += self.db.run_background_jobs() as u64,
                77..=79 => self.checkpoint(),
                80..=82 => self.reopen(),
                83..=86 => {
                    self.crash();
                    tally.crashes += 1;
                }
                87..=88 => self.update(),
                89..=90 => self.create(),
                91 => self.drop_one(),
                92..=94 => self.change_aliases(),
                _ => self.clock.advance(Duration::from_millis(300 * self.rng.below(30))),
            }
            self.sides.values_mut().for_each(Side::forget);
            tally.searches += self.check_searches();
            if step % 5 == 0 {
                self.check_all();
            }
        }
        self.reopen();
        self.verify();
        tally.operations += self.operations;
        tally.lost += self.lost;
    }

    fn any(&mut self) -> Option<&'static str> {
        let names: Vec<_> = self.sides.keys().copied().collect();
        (!names.is_empty()).then(|| *self.rng.pick(&names))
    }

    fn write(&mut self) {
        let place = self.place();
        let Some(name) = self.any() else { return };
        let side = self.sides.get_mut(name).expect("one of them");
        if self.rng.chance(4) {
            let (op, kind) = self.generator.bad_op(side.now());
            check_refusal(&op.run(&side.collection).expect_err("a refusal"), kind, &place);
            return;
        }
        let op = self.generator.op(side.now());
        let own = self.rng.chance(20).then(|| durability(&mut self.rng));
        let handle = own.map_or_else(|| side.collection.clone(), |d| side.collection.with_durability(d));
        let mut next = side.now().clone();
        match (next.apply(&op), op.run(&handle)) {
            (Ok(()), Ok(seq)) => {
                assert_eq!(seq.0, next.seq, "{place}: place in the log");
                side.history.push(next);
                if own.unwrap_or(side.config.durability) == Durability::Sync {
                    let durable = side.collection.info().expect("info").durable_seq;
                    assert_eq!(durable, seq, "{place}: synced");
                }
            }
            (Err(kind), Err(error)) => check_refusal(&error, kind, &place),
            (expected, got) => panic!("{place}: expected {expected:?}, got {got:?} of {op:?}"),
        }
        self.operations += 1;
        let info = side.collection.info().expect("info");
        assert_eq!(info.last_seq.0, side.now().seq, "{place}: last operation");
        side.now().check_get(&side.collection, &op.ids(), &place);
    }

    fn checkpoint(&mut self) {
        let Some(name) = self.any() else { return };
        let side = &self.sides[name];
        side.collection.checkpoint().expect("checkpoint");
        let info = side.collection.info().expect("info");
        assert_eq!(info.checkpoint_seq, info.last_seq, "{}", self.place());
        assert_eq!(info.durable_seq, info.last_seq, "{}", self.place());
    }

    fn reopen(&mut self) {
        if self.rng.chance(70) {
            self.db.close().expect("close");
        }
        let vfs = self.vfs.clone();
        self.open_on(vfs, true);
    }

    fn crash(&mut self) {
        let seed = self.rng.next();
        let modes = [
            CrashMode::Nothing,
            CrashMode::Everything,
            CrashMode::LengthsOnly,
            CrashMode::Random(seed),
            CrashMode::Torn(seed),
        ];
        let mode = *self.rng.pick(&modes);
        let image = self.vfs.crash(mode);
        self.open_on(image, mode == CrashMode::Everything);
    }

    /// Opens what lies on `vfs`. Unless everything must be there, a suffix may be missing down to what was durable.
    fn open_on(&mut self, vfs: SimVfs, all: bool) {
        let place = self.place();
        let old: Vec<(&'static str, CollectionConfig, Vec<Model>)> =
            std::mem::take(&mut self.sides).into_iter().map(|(n, s)| (n, s.config, s.history)).collect();
        // The old handle must be gone before the same folder is opened again; on another image it does no harm.
        self.db = options(SimVfs::new(), &self.clock).open(DIR).expect("a stand-in");
        self.vfs = vfs;
        self.db = options(self.vfs.clone(), &self.clock).open(DIR).unwrap_or_else(|e| panic!("{place}: {e}"));
        for (name, config, mut history) in old {
            let collection = self.db.collection(name).unwrap_or_else(|e| panic!("{place}: {name}: {e}"));
            let last = collection.info().expect("info").last_seq.0;
            let newest = history.last().expect("never empty").seq;
            history.retain(|model| model.seq <= last);
            let found = history.last().map(|model| model.seq);
            assert_eq!(found, Some(last), "{place}: {name} holds operations up to {last} of {newest}");
            self.lost += newest - last;
            assert!(!all || last == newest, "{place}: {name}: {last} of {newest} without a reason");
            self.sides.insert(name, Side { collection, config, history });
        }
        self.check_all();
        self.verify();
    }

    fn update(&mut self) {
        let Some(name) = self.any() else { return };
        let side = self.sides.get_mut(name).expect("one of them");
        let update = CollectionUpdate {
            durability: self.rng.chance(50).then(|| durability(&mut self.rng)),
            flush_interval: self.rng.chance(50).then(|| Duration::from_millis(1 + self.rng.below(2000))),
            optimizer: self.rng.chance(50).then(|| optimizer(&mut self.rng)),
            ..CollectionUpdate::default()
        };
        side.collection.update(&update).expect("update");
        side.config.durability = update.durability.unwrap_or(side.config.durability);
        side.config.flush_interval = update.flush_interval.unwrap_or(side.config.flush_interval);
        side.config.optimizer = update.optimizer.unwrap_or(side.config.optimizer);
    }

    fn create(&mut self) {
        let free: Vec<_> = NAMES.into_iter().filter(|n| !self.sides.contains_key(n)).collect();
        if free.is_empty() {
            return;
        }
        let name = *self.rng.pick(&free);
        let mut config = CollectionConfig::new()
            .with_durability(durability(&mut self.rng))
            .with_optimizer(optimizer(&mut self.rng));
        config.vectors = self.generator.vectors();
        let collection = self.db.create_collection(name, &config).expect("create");
        let history = vec![Model::new(&config)];
        self.sides.insert(name, Side { collection, config, history });
    }

    fn drop_one(&mut self) {
        let Some(name) = self.any() else { return };
        assert!(self.db.drop_collection(name).expect("drop"));
        let side = self.sides.remove(name).expect("one of them");
        self.aliases.retain(|_, collection| collection != name);
        let error = side.collection.count().expect_err("dropped");
        assert_eq!(error.kind(), nigh::ErrorKind::Closed, "{}", self.place());
        assert!(!self.db.drop_collection(name).expect("drop"));
    }

    fn change_aliases(&mut self) {
        let Some(name) = self.any() else { return };
        let alias = (*self.rng.pick(&["별칭", "alias", "other"])).to_owned();
        let known = self.aliases.contains_key(&alias);
        let to = "renamed".to_owned();
        let action = match self.rng.below(4) {
            0 if known => AliasAction::Delete { alias: alias.clone() },
            1 if known && !self.aliases.contains_key(&to) => {
                AliasAction::Rename { from: alias.clone(), to: to.clone() }
            }
            _ => AliasAction::Create { alias: alias.clone(), collection: name.to_owned() },
        };
        self.db.update_aliases(std::slice::from_ref(&action)).expect("aliases");
        match action {
            AliasAction::Create { .. } => drop(self.aliases.insert(alias, name.to_owned())),
            AliasAction::Delete { .. } => drop(self.aliases.remove(&alias)),
            AliasAction::Rename { .. } => {
                let collection = self.aliases.remove(&alias).expect("known");
                self.aliases.insert(to, collection);
            }
        }
    }

    fn check_searches(&mut self) -> u64 {
        let place = self.place();
        let mut count = 0;
        for side in self.sides.values() {
            if let Some(search) = self.generator.search(side.now()) {
                side.now().check_search(&side.collection, &search, &place);
                count += 1;
            }
        }
        count
    }

    fn check_all(&mut self) {
        let place = self.place();
        let page = 1 + self.rng.below(15) as usize;
        for (name, side) in &self.sides {
            side.now().check_points(&side.collection, page, &format!("{place}, {name}"));
            side.now().check_all_found(&side.collection, &format!("{place}, {name}"));
            assert_eq!(side.collection.config(), side.config, "{place}, {name}");
        }
        let mut names: Vec<_> = self.sides.keys().map(|n| (*n).to_owned()).collect();
        names.sort();
        assert_eq!(self.db.collections(), names, "{place}");
        let aliases: Vec<_> = self.aliases.clone().into_iter().collect();
        assert_eq!(self.db.aliases(), aliases, "{place}");
        for (alias, collection) in &self.aliases {
            assert_eq!(self.db.collection(alias).expect("an alias").name(), collection, "{place}");
        }
    }

    fn verify(&self) {
        let report = self.db.verify(&CancelToken::new(), |_, _| {});
        assert!(report.is_clean(), "{}: {report:?}", self.place());
    }
}

#[test]
fn the_engine_agrees_with_the_model() {
    let mut tally = Tally::default();
    let seeds = seeds(64);
    for seed in &seeds {
        Case::new(*seed).run(&mut tally);
    }
    let Tally { operations, crashes, lost, jobs, searches } = tally;
    println!(
        "seeds {:?} to {:?}: {operations} operations, {crashes} power cuts ({lost} unsynced operations gone), {jobs} jobs, \
         {searches} searches: 0 divergences",
        seeds.first(),
        seeds.last()
    );
}
