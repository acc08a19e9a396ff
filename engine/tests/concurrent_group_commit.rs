//! What a write costs in syncs: `Sync` exactly one, `Buffered` and `Async` none; many writers at once share them.

mod support;

use nigh::io::{SimVfs, Vfs};
use nigh::{
    Background, CollectionConfig, Durability, ManualClock, Metric, Options, Point, SeqNo, VectorConfig,
};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::spy::{Call, SpyVfs};
use support::{DIR, runs};

fn config(durability: Durability) -> CollectionConfig {
    CollectionConfig::single(VectorConfig::new(2, Metric::Dot)).with_durability(durability)
}

fn manual(vfs: impl Vfs + 'static, clock: &Arc<ManualClock>) -> Options {
    let clock: Arc<ManualClock> = Arc::clone(clock);
    Options::new().vfs(Arc::new(vfs)).clock(clock).background(Background::Manual)
}

#[test]
fn a_single_write_costs_one_sync_or_none() {
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = manual(vfs.clone(), &clock).open(DIR).expect("open");
    for (durability, cost) in [(Durability::Sync, 1), (Durability::Buffered, 0), (Durability::Async, 0)] {
        let name = format!("{durability:?}");
        let points = db.create_collection(&name, &config(durability)).expect("create");
        for n in 0..20u64 {
            let before = vfs.sync_count();
            match n % 4 {
                0 => points.upsert([Point::new(n, [1.0, 2.0])]),
                1 => points.upsert((0..100).map(|i| Point::new(n * 1000 + i, [1.0, 2.0]))),
                2 => points.delete([(n - 2).into()]),
                _ => points.clear_payload([n.into()]),
            }
            .expect("write");
            assert_eq!(vfs.sync_count() - before, cost, "{durability:?}, write {n}");
        }
    }
}

#[test]
fn buffered_writes_are_synced_when_they_are_due() {
    let (vfs, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = manual(vfs.clone(), &clock).open(DIR).expect("open");
    let points = db.create_collection("points", &config(Durability::Buffered)).expect("create");
    let seq = points.upsert([Point::new(1u64, [1.0, 2.0])]).expect("upsert");
    let before = vfs.sync_count();
    db.run_background_jobs();
    assert_eq!(vfs.sync_count(), before, "not due yet");
    assert!(points.info().expect("info").durable_seq < seq);
    clock.advance(Duration::from_secs(1));
    db.run_background_jobs();
    assert_eq!(vfs.sync_count(), before + 1);
    assert_eq!(points.info().expect("info").durable_seq, seq);
    clock.advance(Duration::from_secs(10));
    db.run_background_jobs();
    assert_eq!(vfs.sync_count(), before + 1, "nothing to sync");
}

#[test]
fn many_writers_share_syncs() {
    const WRITERS: u64 = 8;
    let vfs = SimVfs::new();
    let spy = SpyVfs::new(vfs.clone());
    let db = Options::new().vfs(Arc::new(spy.clone())).open(DIR).expect("open");
    let points = db.create_collection("points", &config(Durability::Sync)).expect("create");
    // A disk whose sync takes as long as a few turns of the other threads.
    spy.set_hook(|call, _| {
        if call == Call::Sync {
            (0..50).for_each(|_| std::thread::yield_now());
            std::thread::sleep(Duration::from_micros(200));
        }
    });
    let before = vfs.sync_count();
    let each = runs(30);
    let seqs: Mutex<BTreeSet<SeqNo>> = Mutex::default();
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            let (points, seqs) = (points.clone(), &seqs);
            scope.spawn(move || {
                for n in 0..each {
                    let seq =
                        points.upsert([Point::new(writer * 1_000_000 + n, [1.0, 2.0])]).expect("upsert");
                    assert!(points.info().expect("info").durable_seq >= seq, "acknowledged and not synced");
                    assert!(seqs.lock().expect("seqs").insert(seq), "{seq} given out twice");
                }
            });
        }
    });
    spy.clear_hook();
    let (acks, syncs) = (WRITERS * each, vfs.sync_count() - before);
    println!("{WRITERS} writers: {acks} acknowledged writes, {syncs} syncs");
    assert_eq!(points.count().expect("count"), acks);
    assert_eq!(seqs.into_inner().expect("seqs").last(), Some(&SeqNo(acks)), "no gaps");
    assert!(syncs < acks, "writers share syncs");
}
