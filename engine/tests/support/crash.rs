//! The crash simulator's workload and oracle: a seed goes in, a database is driven through random operations, and after every change to a file
//! each of several possible aftermaths of a power cut is opened and compared with what was acknowledged.

use nigh::io::{CrashMode, SimVfs};
use nigh::{
    AnalyzerConfig, Background, Collection, CollectionConfig, Condition, Database, Durability, FieldKind,
    Filter, IndexConfig, ManualClock, Metric, OptimizerConfig, Options, Payload, Point, PointId,
    ScrollRequest, SearchRequest, TextRequest, Tokenizer, VectorConfig, WithPayload, WithVectors,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// Stamp of each live point: its vector and payload follow from it.
pub(crate) type State = BTreeMap<u64, u64>;

/// What a crash may leave: the states that were acknowledged or in flight.
#[derive(Default)]
struct Oracle {
    /// The state after each operation; the last is that of the operation in flight, if there is one.
    history: Vec<State>,
    /// States before this index are not acceptable any more.
    floor: usize,
    /// The collection itself was acknowledged.
    created: bool,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Tally {
    pub(crate) crash_points: u64,
    pub(crate) images: u64,
    pub(crate) double_images: u64,
}

pub(crate) struct Simulation {
    pub(crate) seed: u64,
    pub(crate) durability: Durability,
    pub(crate) operations: usize,
    /// Random aftermaths a crash point, besides the three fixed ones.
    pub(crate) random_images: u64,
    /// Also crash during each recovery (T4).
    pub(crate) twice: bool,
}

/// xorshift64*: small, seeded, the same everywhere.
pub(crate) struct Rng(u64);

impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % n
    }
}

const DIM: usize = 5;
const IDS: u64 = 14;
const DIR: &str = "/db";

fn vector(id: u64, stamp: u64) -> Vec<f32> {
    (0..DIM).map(|i| (id * 31 + stamp * 7 + i as u64) as f32).collect()
}

fn payload(stamp: u64) -> Payload {
    let text = "가나다".repeat((stamp % 40) as usize);
    serde_json::json!({"stamp": stamp, "text": text}).try_into().expect("an object")
}

fn open(vfs: &SimVfs) -> nigh::Result<Database> {
    Options::new()
        .vfs(Arc::new(vfs.clone()))
        .clock(Arc::new(ManualClock::default()))
        .background(Background::Manual)
        .free_bytes_min(0)
        .wal_file_bytes(4096, 8192)
        .open(DIR)
}

fn config(durability: Durability) -> CollectionConfig {
    let optimizer = OptimizerConfig {
        mutable_bytes_max: 1500,
        merge_fan_in: 2,
        vacuum_dead_ratio: 0.3,
        ..Default::default()
    };
    // Every rewrite builds a graph.
    let index = IndexConfig { graph_points_min: 2, ..IndexConfig::default() };
    CollectionConfig::single(VectorConfig::new(DIM as u32, Metric::Dot).with_index(index))
        .with_durability(durability)
        .with_optimizer(optimizer)
}

impl Simulation {
    /// Runs the workload; panics with the seed and the place on the first aftermath that breaks a promise.
    pub(crate) fn run(&self) -> Tally {
        let vfs = SimVfs::new();
        let oracle = Arc::new(Mutex::new(Oracle::default()));
        let tally = Arc::new(Mutex::new(Tally::default()));
        let observer = {
            let (oracle, tally) = (Arc::clone(&oracle), Arc::clone(&tally));
            let (seed, random_images, twice) = (self.seed, self.random_images, self.twice);
            move |vfs: &SimVfs| {
                let mut tally = lock(&tally);
                tally.crash_points += 1;
                let base = seed.wrapping_mul(1_000_003).wrapping_add(tally.crash_points * 64);
                let random = (0..random_images)
                    .flat_map(|i| [CrashMode::Random(base + 2 * i), CrashMode::Torn(base + 2 * i + 1)]);
                let fixed = [CrashMode::Nothing, CrashMode::Everything, CrashMode::LengthsOnly];
                for mode in fixed.into_iter().chain(random) {
                    let place = format!("SEED={seed}, crash point {}, {mode:?}", tally.crash_points);
                    tally.images += 1;
                    let image = vfs.crash(mode);
                    if twice {
                        tally.double_images += crash_in_recovery(&image, &oracle, base, &place);
                    }
                    check(&image, &lock(&oracle), &place);
                }
                tally.images += check_kill_then_cut(
                    vfs,
                    &lock(&oracle),
                    base,
                    &format!("SEED={seed}, crash point {}", tally.crash_points),
                );
            }
        };
        vfs.set_observer(Some(Arc::new(observer)));
        self.drive(&vfs, &oracle);
        vfs.set_observer(None);
        *lock(&tally)
    }

    fn drive(&self, vfs: &SimVfs, oracle: &Mutex<Oracle>) {
        let mut rng = Rng::new(self.seed);
        lock(oracle).history.push(State::new());
        let mut db = open(vfs).expect("open");
        let mut points = db.create_collection("points", &config(self.durability)).expect("create");
        lock(oracle).created = true;
        for stamp in 1..=self.operations as u64 {
            match rng.below(13) {
                0..=7 => self.write(&points, oracle, &mut rng, stamp),
                8 => points.checkpoint().expect("checkpoint"),
                9 | 10 => {
                    db.run_background_jobs();
                }
                11 => index(&points, &mut rng),
                _ => {
                    drop(points);
                    db.close().expect("close");
                    drop(db);
                    db = open(vfs).expect("reopen");
                    points = db.collection("points").expect("collection");
                }
            }
            let info = points.info().expect("info");
            if info.durable_seq == info.last_seq {
                let mut oracle = lock(oracle);
                oracle.floor = oracle.history.len() - 1;
            }
        }
    }

    /// One operation: in flight, then acknowledged.
    fn write(&self, points: &Collection, oracle: &Mutex<Oracle>, rng: &mut Rng, stamp: u64) {
        let mut next = lock(oracle).history.last().cloned().expect("a state");
        let ids: Vec<u64> = (0..=rng.below(4)).map(|_| rng.below(IDS)).collect();
        let outside = || ids.iter().map(|id| PointId::from(*id));
        let kind = rng.below(4);
        for id in &ids {
            if kind == 0 {
                next.remove(id);
            } else if kind > 1 || next.contains_key(id) {
                next.insert(*id, stamp);
            }
        }
        lock(oracle).history.push(next);
        let done = match kind {
            0 => points.delete(outside()),
            // Only the payload carries the new stamp then; the vector keeps its own.
            1 => points.overwrite_payload(outside(), payload(stamp)),
            _ => points.upsert(
                ids.iter().map(|id| Point::new(*id, vector(*id, stamp)).with_payload(payload(stamp))),
            ),
        };
        done.expect("write");
        if self.durability == Durability::Sync {
            let mut oracle = lock(oracle);
            oracle.floor = oracle.history.len() - 1;
        }
    }
}

/// Declares or drops the index of a payload field.
fn index(points: &Collection, rng: &mut Rng) {
    let done = match rng.below(6) {
        0 => points.delete_payload_index("stamp"),
        1 => points.create_payload_index("text", FieldKind::Keyword),
        4 | 5 => points.create_text_index("text", &AnalyzerConfig::new(Tokenizer::Word)),
        2 => points.create_payload_index("stamp", FieldKind::Float),
        _ => points.create_payload_index("stamp", FieldKind::Integer),
    };
    done.expect("a payload index");
}

/// Filters select what is there, whatever is indexed.
fn check_filters(points: &Collection, found: &State, place: &str) {
    for stamp in found.values() {
        let matches = Condition::matches("stamp", i64::try_from(*stamp).expect("a small number"));
        let expected = found.values().filter(|other| *other == stamp).count() as u64;
        let count = points.count_matching(Filter::new().must(matches)).expect("count");
        assert_eq!(count, expected, "{place}: points with stamp {stamp}");
    }
}

/// A text search, if texts are indexed, finds who has them.
fn check_texts(points: &Collection, found: &State, place: &str) {
    let indexes = points.payload_indexes().expect("indexes");
    if !indexes.iter().any(|index| index.kind == FieldKind::Text) {
        return;
    }
    let text_of = |stamp: u64| payload(stamp).get("text").and_then(|t| Some(t.as_str()?.to_owned()));
    for text in found.values().filter_map(|stamp| text_of(*stamp)) {
        let hits = points.search_text(&TextRequest::new("text", text.clone()).limit(1000));
        let hits = hits.unwrap_or_else(|e| panic!("{place}: text search: {e}"));
        let same =
            found.iter().filter(|(_, stamp)| !text.is_empty() && text_of(**stamp).as_ref() == Some(&text));
        let expected: BTreeSet<PointId> = same.map(|(id, _)| (*id).into()).collect();
        let ids: BTreeSet<PointId> = hits.iter().map(|hit| hit.id).collect();
        assert_eq!((hits.len(), ids), (expected.len(), expected), "{place}: points with {text:?}");
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(|e| e.into_inner())
}

/// Opens the image, and after each change that the recovery makes, crashes again and checks that too.
fn crash_in_recovery(image: &SimVfs, oracle: &Arc<Mutex<Oracle>>, seed: u64, place: &str) -> u64 {
    let again = image.crash(CrashMode::Everything);
    let count = Arc::new(Mutex::new(0u64));
    let observer = {
        let (oracle, count, place) = (Arc::clone(oracle), Arc::clone(&count), place.to_owned());
        move |vfs: &SimVfs| {
            let mut count = lock(&count);
            for mode in [CrashMode::Nothing, CrashMode::Random(seed + *count), CrashMode::Torn(seed + *count)]
            {
                *count += 1;
                check(
                    &vfs.crash(mode),
                    &lock(&oracle),
                    &format!("{place}, then in recovery {mode:?} #{count}"),
                );
            }
        }
    };
    again.set_observer(Some(Arc::new(observer)));
    drop(open(&again));
    again.set_observer(None);
    *lock(&count)
}

/// The image opens, says what was acknowledged, and takes writes.
fn check(image: &SimVfs, oracle: &Oracle, place: &str) {
    let db = open(image).unwrap_or_else(|e| panic!("{place}: open failed: {e}"));
    let points = match db.collection("points") {
        Ok(points) => points,
        Err(e) => {
            assert!(!oracle.created && e.kind() == nigh::ErrorKind::NotFound, "{place}: {e}");
            return;
        }
    };
    let found = read(&points, place);
    let allowed = oracle.history.get(oracle.floor..).expect("a history");
    if !allowed.contains(&found) {
        let older = oracle.history.iter().position(|s| *s == found);
        panic!(
            "{place}: found {found:?} (state {older:?}), expected one of {} from {} on: {:?}",
            allowed.len(),
            oracle.floor,
            allowed.first()
        );
    }
    check_filters(&points, &found, place);
    check_texts(&points, &found, place);
    let marker = u64::MAX;
    points.upsert([Point::new(marker, vector(1, 1))]).unwrap_or_else(|e| panic!("{place}: write: {e}"));
    assert_eq!(points.count().expect("count"), found.len() as u64 + 1, "{place}");
}

/// A process that is killed, and its successor cut off from power after it acknowledged a write: that write, and all before, are there.
fn check_kill_then_cut(vfs: &SimVfs, oracle: &Oracle, seed: u64, place: &str) -> u64 {
    let killed = vfs.kill();
    let db = open(&killed).unwrap_or_else(|e| panic!("{place}, killed: open failed: {e}"));
    let Ok(points) = db.collection("points") else { return 0 };
    let found = read(&points, place);
    assert!(
        oracle.history.get(oracle.floor..).is_some_and(|allowed| allowed.contains(&found)),
        "{place}, killed"
    );
    let next = 1000;
    let points = points.with_durability(Durability::Sync);
    points.upsert([Point::new(next, vector(next, 1)).with_payload(payload(1))]).expect("write");
    let modes = [CrashMode::Nothing, CrashMode::Random(seed), CrashMode::Torn(seed)];
    for mode in modes {
        let place = format!("{place}, killed, then {mode:?}");
        let image = killed.crash(mode);
        let db = open(&image).unwrap_or_else(|e| panic!("{place}: open failed: {e}"));
        let points = db.collection("points").unwrap_or_else(|e| panic!("{place}: {e}"));
        let mut expected = found.clone();
        expected.insert(next, 1);
        assert_eq!(read(&points, &place), expected, "{place}");
    }
    modes.len() as u64
}

fn read(points: &Collection, place: &str) -> State {
    let request =
        ScrollRequest::new().limit(1000).with_payload(WithPayload::All).with_vectors(WithVectors::All);
    let page = points.scroll(&request).unwrap_or_else(|e| panic!("{place}: scroll: {e}"));
    assert_eq!(points.count().expect("count"), page.points.len() as u64, "{place}: count");
    let (mut state, mut rows) = (State::new(), BTreeMap::new());
    for record in page.points {
        let PointId::Num(id) = record.id else { panic!("{place}: unknown id {}", record.id) };
        let found = record.payload.expect("asked for");
        let stamp =
            found.get("stamp").and_then(|s| s.as_u64()).unwrap_or_else(|| panic!("{place}: no stamp"));
        assert_eq!(found, payload(stamp), "{place}: payload of {id}");
        let row = record.vectors.expect("asked for").remove("").expect("a vector");
        let first = row[0] as u64;
        assert!(
            (first - id * 31).is_multiple_of(7) && row == vector(id, (first - id * 31) / 7),
            "{place}: vector of {id}"
        );
        assert!(state.insert(id, stamp).is_none(), "{place}: {id} twice");
        rows.insert(id, row);
    }
    check_search(points, &rows, place);
    state
}

/// A search for everything finds everything, by graphs too.
fn check_search(points: &Collection, rows: &BTreeMap<u64, Vec<f32>>, place: &str) {
    let request = SearchRequest::new([1.0; DIM]).limit(1000);
    let hits = points.search(&request).unwrap_or_else(|e| panic!("{place}: search: {e}"));
    let scored = |hit: &nigh::ScoredPoint| match hit.id {
        PointId::Num(id) => (id, hit.score),
        PointId::Uuid(id) => panic!("{place}: unknown id {id}"),
    };
    let found: BTreeMap<u64, f32> = hits.iter().map(scored).collect();
    let expected: BTreeMap<u64, f32> = rows.iter().map(|(id, row)| (*id, row.iter().sum())).collect();
    assert_eq!((hits.len(), found), (rows.len(), expected), "{place}: search");
}

/// Seeds and sizes from the environment: `SEED` for one seed, `NIGH_RUNS` for how many.
pub(crate) fn seeds(default_runs: u64) -> Vec<u64> {
    let number = |name| std::env::var(name).ok().and_then(|v| v.parse::<u64>().ok());
    match number("SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("NIGH_RUNS").unwrap_or(default_runs)).collect(),
    }
}
