//! A reader refreshes while the writer works: before each single file operation of the refresh, the writer writes, seals, merges or drops.
//! The refresh then succeeds and shows a state between the one before it and the one after; nothing is called damaged.

mod support;

use nigh::io::SimVfs;
use nigh::{CollectionConfig, Database, ManualClock, Metric, Point, ScrollRequest, VectorConfig};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use support::spy::SpyVfs;
use support::{DIR, options, small};

/// What the writer does at the chosen moment.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Work {
    Write,
    Seal,
    SealTwice,
    SealAndMerge,
    DropAndCreate,
}

fn upsert(db: &Database, count: &AtomicU64) {
    let n = count.fetch_add(1, Ordering::SeqCst) + 1;
    let points = db.collection("points").expect("points");
    points.upsert([Point::new(n, [n as f32]), Point::new(n + 1_000_000, [0.0])]).expect("upsert");
}

fn work(db: &Database, count: &AtomicU64, work: Work) {
    let seal = || db.collection("points").expect("points").checkpoint().expect("checkpoint");
    match work {
        Work::Write => upsert(db, count),
        Work::Seal => {
            upsert(db, count);
            seal();
        }
        Work::SealTwice => {
            upsert(db, count);
            seal();
            upsert(db, count);
            seal();
        }
        Work::SealAndMerge => {
            upsert(db, count);
            seal();
            db.run_background_jobs();
        }
        Work::DropAndCreate => {
            db.drop_collection("points").expect("drop");
            count.store(0, Ordering::SeqCst);
            create(db);
            upsert(db, count);
        }
    }
}

fn create(db: &Database) {
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot)).with_optimizer(small(1 << 20));
    db.create_collection("points", &config).expect("create");
}

/// The stamps that the reader sees; pairs written together are seen together.
fn seen(reader: &Database, place: &str) -> Vec<u64> {
    let points = reader.collection("points").unwrap_or_else(|e| panic!("{place}: {e:?}"));
    let page = points.scroll(&ScrollRequest::new().limit(1000)).unwrap_or_else(|e| panic!("{place}: {e:?}"));
    let ids: Vec<u64> = page.points.iter().map(|r| r.id.to_string().parse().expect("a number")).collect();
    let (low, high): (Vec<u64>, Vec<u64>) = ids.iter().partition(|id| **id < 1_000_000);
    let high: Vec<u64> = high.iter().map(|id| id - 1_000_000).collect();
    assert_eq!(low, high, "{place}: a batch is seen whole");
    low
}

/// Lets the writer act before the `at`th call of a refresh; false when there are no so many calls.
fn round(kind: Work, at: u64) -> bool {
    let place = format!("{kind:?} before call {at}");
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = options(vfs.clone(), &clock).open(DIR).expect("open");
    create(&db);
    let count = Arc::new(AtomicU64::new(0));
    work(&db, &count, Work::Seal);
    let spy = SpyVfs::new(vfs);
    let reader = options(spy.clone(), &clock).open_read_only(DIR).expect("open for reading");
    // The reader is behind by one file of the log and a half.
    for _ in 0..30 {
        upsert(&db, &count);
    }
    let before = count.load(Ordering::SeqCst);
    let calls = Arc::new(Mutex::new(0u64));
    let (writer, shared, counter) = (db.clone(), Arc::clone(&count), Arc::clone(&calls));
    spy.set_hook(move |_, _| {
        let now = {
            let mut calls = counter.lock().unwrap_or_else(|e| e.into_inner());
            *calls += 1;
            *calls - 1 == at
        };
        if now {
            work(&writer, &shared, kind);
        }
    });
    let result = reader.refresh();
    spy.clear_hook();
    let reached = *calls.lock().unwrap_or_else(|e| e.into_inner()) > at;
    result.unwrap_or_else(|e| panic!("{place}: refresh: {e:?}"));
    if kind != Work::DropAndCreate {
        let found = seen(&reader, &place);
        let after = count.load(Ordering::SeqCst);
        let last = found.last().copied().unwrap_or(0);
        assert!((before..=after).contains(&last), "{place}: saw {last} of {before}..={after}");
        assert_eq!(found, (1..=last).collect::<Vec<_>>(), "{place}");
    }
    // And the next one, undisturbed, sees everything.
    upsert(&db, &count);
    reader.refresh().unwrap_or_else(|e| panic!("{place}: second refresh: {e:?}"));
    let expected: Vec<u64> = (1..=count.load(Ordering::SeqCst)).collect();
    assert_eq!(seen(&reader, &place), expected, "{place}: second refresh");
    reached
}

fn sweep(kind: Work) {
    let mut at = 0;
    while round(kind, at) {
        at += 1;
    }
    eprintln!("{kind:?}: {at} moments: 0 failed");
    assert!(at > 3);
}

#[test]
fn the_writer_writes() {
    sweep(Work::Write);
}

#[test]
fn the_writer_seals() {
    sweep(Work::Seal);
}

#[test]
fn the_writer_seals_twice() {
    sweep(Work::SealTwice);
}

#[test]
fn the_writer_merges() {
    sweep(Work::SealAndMerge);
}

#[test]
fn the_writer_drops_and_creates() {
    sweep(Work::DropAndCreate);
}
