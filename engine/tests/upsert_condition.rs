//! Upserts under a condition: what may be written is written, at the write's place in the log, also while others write; and the same again after a replay.

#[path = "support/filters.rs"]
mod filters;
mod support;

use filters::{Known, filter, passes, payload};
use nigh::io::SimVfs;
use nigh::{
    Background, Collection, CollectionConfig, Condition, Database, Durability, Error, Filter, ManualClock,
    Metric, Options, Payload, Point, PointId, Range, Record, ScrollRequest, SeqNo, UpsertMode, UpsertOptions,
    VectorConfig, WithVectors,
};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use support::{DIR, Rng, options, seeds};

const MODES: [UpsertMode; 3] = [UpsertMode::Upsert, UpsertMode::InsertOnly, UpsertMode::UpdateOnly];

fn open(vfs: &SimVfs) -> Database {
    options(vfs.clone(), &Arc::new(ManualClock::default())).open(DIR).expect("open")
}

fn create(db: &Database) -> Collection {
    let config = CollectionConfig::single(VectorConfig::new(2, Metric::Dot))
        .with_vector("other", VectorConfig::new(2, Metric::Dot));
    db.create_collection("points", &config).expect("create")
}

fn object(value: Value) -> Payload {
    Payload::from_json(value).expect("an object")
}

fn all(points: &Collection) -> Vec<Record> {
    let request = ScrollRequest::new().limit(10_000).with_vectors(WithVectors::All);
    points.scroll(&request).expect("scroll").points
}

/// A point as the oracle knows it, with the values of its two vectors.
#[derive(Debug, Clone)]
struct Stored {
    known: Known,
    rows: BTreeMap<String, Vec<f32>>,
}

fn random_point(rng: &mut Rng, id: u64) -> Stored {
    let mut rows = BTreeMap::new();
    for name in ["", "other"] {
        if rng.chance(60) {
            rows.insert(name.to_owned(), vec![rng.below(50) as f32, rng.below(50) as f32]);
        }
    }
    let known = Known { id: id.into(), vectors: rows.keys().cloned().collect(), payload: payload(rng) };
    Stored { known, rows }
}

fn point_of(stored: &Stored) -> Point {
    let mut point = Point::without_vectors(stored.known.id);
    for (name, row) in &stored.rows {
        point = point.with_vector(name.clone(), row.clone());
    }
    point.with_payload(object(stored.known.payload.clone()))
}

/// Random batches under random conditions against a map; then the log is replayed.
#[test]
fn every_mode_and_a_replay() {
    for seed in seeds(30) {
        let mut rng = Rng::new(seed);
        let vfs = SimVfs::new();
        let db = open(&vfs);
        let points = create(&db);
        let mut known: BTreeMap<u64, Stored> = BTreeMap::new();
        for _ in 0..40 {
            let mut batch: BTreeMap<u64, Stored> = BTreeMap::new();
            for _ in 0..=rng.below(12) {
                let id = rng.below(30);
                batch.insert(id, random_point(&mut rng, id));
            }
            let ids: Vec<PointId> = (0..30u64).map(PointId::from).collect();
            let mut options = UpsertOptions::new(*rng.pick(&MODES));
            if rng.chance(70) {
                options.filter = Some(filter(&mut rng, Some(&ids), 2));
            }
            let passes = |old: &Stored| options.filter.as_ref().is_none_or(|f| passes(f, &old.known));
            let before = points.info().expect("info").last_seq;
            let mut written = 0;
            let seq = if rng.chance(30) && options.filter.is_some() {
                batch.retain(|id, _| known.contains_key(id));
                if batch.is_empty() {
                    continue;
                }
                let rows = batch.values().map(|new| (new.known.id, new.rows.clone())).collect::<Vec<_>>();
                for (id, new) in &batch {
                    let old = known.get_mut(id).expect("it is there");
                    if passes(old) {
                        written += 1;
                        old.rows.extend(new.rows.clone());
                        old.known.vectors = old.rows.keys().cloned().collect();
                    }
                }
                points.update_vectors_where(rows, options.filter.clone().expect("a filter"))
            } else {
                let sent: Vec<Point> = batch.values().map(point_of).collect();
                for (id, new) in batch {
                    let is_written = match (options.mode, known.get(&id)) {
                        (UpsertMode::UpdateOnly, None) | (UpsertMode::InsertOnly, Some(_)) => false,
                        (_, None) => true,
                        (_, Some(old)) => passes(old),
                    };
                    if is_written {
                        written += 1;
                        known.insert(id, new);
                    }
                }
                points.upsert_with(sent, &options)
            };
            let expected = SeqNo(before.0 + u64::from(written > 0));
            assert_eq!(seq.expect("a write"), expected, "seed {seed}: {options:?}");
            if rng.chance(10) {
                points.checkpoint().expect("checkpoint");
            }
        }
        let check = |points: &Collection| {
            let records = all(points);
            assert_eq!(records.len(), known.len(), "seed {seed}");
            for (record, stored) in records.iter().zip(known.values()) {
                let json = record.payload.clone().expect("asked for").into_json();
                assert_eq!((record.id, json), (stored.known.id, stored.known.payload.clone()), "seed {seed}");
                assert_eq!(record.vectors.as_ref().expect("asked for"), &stored.rows, "seed {seed}");
            }
        };
        check(&points);
        drop((points, db));
        check(&open(&vfs).collection("points").expect("collection"));
    }
}

/// Number of each live point.
type State = BTreeMap<u64, u64>;

/// A write as the model of the concurrent test carries it out.
#[derive(Debug, Clone)]
enum Write {
    /// Points with their numbers, the mode, and the number below which an existing one must be.
    Upsert(BTreeMap<u64, u64>, UpsertMode, Option<u64>),
    Delete(u64),
}

impl Write {
    fn random(rng: &mut Rng) -> Self {
        if rng.chance(10) {
            return Write::Delete(rng.below(8));
        }
        let points = (0..=rng.below(3)).map(|_| (rng.below(8), rng.below(1000))).collect();
        Write::Upsert(points, *rng.pick(&MODES), rng.chance(70).then(|| rng.below(1000)))
    }

    fn send(&self, points: &Collection) -> SeqNo {
        let sent = match self {
            Write::Delete(id) => points.delete([PointId::from(*id)]),
            Write::Upsert(numbers, mode, below) => {
                let mut options = UpsertOptions::new(*mode);
                if let Some(below) = below {
                    options = options.with_filter(Condition::range("n", Range::new().lt(*below as f64)));
                }
                let point =
                    |(id, n): (&u64, &u64)| Point::without_vectors(*id).with_payload(object(json!({"n": n})));
                points.upsert_with(numbers.iter().map(point), &options)
            }
        };
        sent.expect("a write")
    }

    /// The state after it, and whether it is logged.
    fn apply(&self, state: &State) -> (State, bool) {
        let mut next = state.clone();
        let mut is_logged = false;
        match self {
            Write::Delete(id) => {
                next.remove(id);
                is_logged = true;
            }
            Write::Upsert(numbers, mode, below) => {
                for (id, n) in numbers {
                    let is_written = match state.get(id) {
                        None => *mode != UpsertMode::UpdateOnly,
                        Some(old) => {
                            *mode != UpsertMode::InsertOnly && below.is_none_or(|below| *old < below)
                        }
                    };
                    if is_written {
                        next.insert(*id, *n);
                        is_logged = true;
                    }
                }
            }
        }
        (next, is_logged)
    }
}

/// The states that could be there if the writes that returned each number happened in the order of their numbers. Of those with one number, one was logged under it; the
/// others came after it and wrote nothing.
fn replay(history: &BTreeMap<SeqNo, Vec<Write>>) -> BTreeSet<State> {
    let mut states = BTreeSet::from([State::new()]);
    for (seq, writes) in history {
        let mut next = BTreeSet::new();
        for state in &states {
            if seq.0 == 0 {
                // Before the first.
                if writes.iter().all(|write| !write.apply(state).1) {
                    next.insert(state.clone());
                }
                continue;
            }
            for (place, write) in writes.iter().enumerate() {
                let (after, is_logged) = write.apply(state);
                let others = writes.iter().enumerate().filter(|(other, _)| *other != place);
                if is_logged && others.clone().all(|(_, other)| !other.apply(&after).1) {
                    next.insert(after);
                }
            }
        }
        assert!(!next.is_empty(), "no order explains the writes at {seq}: {writes:?}");
        states = next;
    }
    states
}

/// Many writers at once: some order of their writes, that of the log, explains all of what became of them.
#[test]
fn concurrent_writers() {
    for seed in seeds(3) {
        let vfs = SimVfs::new();
        let open = || {
            Options::new()
                .vfs(Arc::new(vfs.clone()))
                .free_bytes_min(0)
                .background(Background::Threads)
                .open(DIR)
                .expect("open")
        };
        let db = open();
        let points = create(&db).with_durability(Durability::Buffered);
        let histories: Vec<Vec<(SeqNo, Write)>> = std::thread::scope(|scope| {
            let write = |writer: u64| {
                let points = &points;
                move || {
                    let mut rng = Rng::new(seed * 100 + writer);
                    let one = |_| {
                        let write = Write::random(&mut rng);
                        (write.send(points), write)
                    };
                    (0..400).map(one).collect::<Vec<_>>()
                }
            };
            let writers: Vec<_> = (0..4).map(|writer| scope.spawn(write(writer))).collect();
            for _ in 0..10 {
                points.checkpoint().expect("checkpoint");
            }
            writers.into_iter().map(|writer| writer.join().expect("a writer")).collect()
        });
        let mut history: BTreeMap<SeqNo, Vec<Write>> = BTreeMap::new();
        for (seq, write) in histories.into_iter().flatten() {
            history.entry(seq).or_default().push(write);
        }
        let last = points.info().expect("info").last_seq;
        assert_eq!(history.keys().next_back(), Some(&last), "seed {seed}: numbers without gaps");
        let states = replay(&history);
        let check = |points: &Collection| {
            let n = |record: &Record| record.payload.as_ref().and_then(|p| p.get("n")?.as_u64()).expect("n");
            let number = |record: &Record| match record.id {
                PointId::Num(id) => (id, n(record)),
                PointId::Uuid(id) => panic!("unknown id {id}"),
            };
            let found: State = all(points).iter().map(number).collect();
            assert!(states.contains(&found), "seed {seed}: {found:?} is none of {states:?}");
        };
        check(&points);
        drop((points, db));
        check(&open().collection("points").expect("collection"));
    }
}

#[test]
fn refusals() {
    let db = open(&SimVfs::new());
    let points = create(&db);
    let insert = UpsertOptions::new(UpsertMode::InsertOnly);
    assert!(matches!(points.upsert_with([], &insert), Err(Error::Invalid { .. })), "no points");
    let bad = insert.clone().with_filter(Filter::new().must(Condition::matches("[", 1)));
    assert!(matches!(points.upsert_with([Point::new(1u64, [0.0, 0.0])], &bad), Err(Error::Invalid { .. })));
    // A point that does not fit is refused also where it would not be written.
    points.upsert([Point::new(1u64, [1.0, 1.0])]).expect("upsert");
    assert!(matches!(points.upsert_with([Point::new(1u64, [0.0])], &insert), Err(Error::Invalid { .. })));
    let rows = BTreeMap::from([(String::new(), vec![0.0, 0.0])]);
    let missing = points.update_vectors_where([(2u64.into(), rows)], Filter::new());
    assert!(matches!(missing, Err(Error::NotFound { .. })), "{missing:?}");
    assert_eq!(points.info().expect("info").last_seq, SeqNo(1));
}
