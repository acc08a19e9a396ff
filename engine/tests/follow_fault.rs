//! Each read of a refresh fails, alone or with all that follow. The refresh says so and the moment before stays, or it shows the newest; the next refresh shows
//! everything, each point with its own vector and payload.

mod support;

use nigh::io::{Fault, FaultKind, FaultVfs, SimVfs};
use nigh::{
    Collection, CollectionConfig, Database, ErrorKind, ManualClock, Metric, Point, ScrollRequest,
    VectorConfig, WithVectors,
};
use serde_json::json;
use std::sync::Arc;
use support::{DIR, options, small};

fn upsert(points: &Collection, ids: std::ops::Range<u64>) {
    for n in ids {
        let payload: nigh::Payload = json!({"n": n}).try_into().expect("payload");
        points.upsert([Point::new(n, [n as f32, -(n as f32)]).with_payload(payload)]).expect("upsert");
    }
}

/// How many points the reader sees: the first so many, each as it was written.
fn seen(reader: &Database, place: &str) -> u64 {
    let points = reader.collection("points").unwrap_or_else(|e| panic!("{place}: {e:?}"));
    let request = ScrollRequest::new().limit(1000).with_vectors(WithVectors::All);
    let page = points.scroll(&request).unwrap_or_else(|e| panic!("{place}: {e:?}"));
    for (n, record) in (0u64..).zip(&page.points) {
        assert_eq!(record.id, n.into(), "{place}");
        let payload = record.payload.as_ref().expect("asked for");
        assert_eq!(payload.get("n"), Some(&json!(n)), "{place}: payload of {n}");
        assert_eq!(record.vectors.as_ref().expect("asked for")[""], [n as f32, -(n as f32)], "{place}: {n}");
    }
    page.points.len() as u64
}

fn round(at: u64, seal: bool, lasting: bool) -> bool {
    let place = format!("call {at}, seal {seal}, lasting {lasting}");
    let (sim, clock) = (SimVfs::new(), Arc::new(ManualClock::default()));
    let db = options(sim.clone(), &clock).open(DIR).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(2, Metric::Dot)).with_optimizer(small(1 << 20));
    let points = db.create_collection("points", &config).expect("create");
    upsert(&points, 0..5);
    let fault = FaultVfs::new(Arc::new(sim));
    let reader = options(fault.clone(), &clock).open_read_only(DIR).expect("open for reading");
    // Several files of the log.
    upsert(&points, 5..80);
    if seal {
        points.checkpoint().expect("checkpoint");
        upsert(&points, 80..100);
    }
    let total = if seal { 100 } else { 80 };
    let first = fault.call_count();
    fault.set_fault(Some(Fault { at: first + at, kind: FaultKind::Eio, lasting }));
    let result = reader.refresh();
    let hit = fault.hit_count() > 0;
    fault.set_fault(None);
    match result {
        Ok(()) => assert_eq!(seen(&reader, &place), total, "{place}"),
        Err(e) => {
            assert_eq!(e.kind(), ErrorKind::Io, "{place}: {e:?}");
            assert_eq!(seen(&reader, &place), 5, "{place}: the moment before stays");
        }
    }
    upsert(&points, total..total + 3);
    reader.refresh().unwrap_or_else(|e| panic!("{place}: {e:?}"));
    assert_eq!(seen(&reader, &place), total + 3, "{place}: the next refresh");
    hit
}

#[test]
fn a_failed_refresh_harms_nothing() {
    for (seal, lasting) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut at = 0;
        while round(at, seal, lasting) {
            at += 1;
        }
        println!("seal {seal}, lasting {lasting}: {at} calls: 0 wrong");
        assert!(at > 5);
    }
}
