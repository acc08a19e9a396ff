//! T21: deadlines and cancelling, on a clock that only the test moves.

mod support;

use nigh::io::SimVfs;
use nigh::{
    Applied, Background, CancelToken, Clock, Collection, CollectionConfig, Database, Error, ErrorKind,
    ManualClock, Metric, Options, Point, SearchRequest, VectorConfig,
};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use support::DIR;

/// Each look at it takes a millisecond; at a chosen look it cancels a token.
#[derive(Debug, Default)]
struct Ticking {
    looks: AtomicU64,
    cancel: Mutex<Option<(u64, CancelToken)>>,
}

impl Clock for Ticking {
    fn now(&self) -> Duration {
        let look = self.looks.fetch_add(1, Ordering::SeqCst);
        if let Some((at, token)) = &*self.cancel.lock().expect("cancel")
            && look >= *at
        {
            token.cancel();
        }
        Duration::from_millis(look)
    }
}

fn open(clock: Arc<dyn Clock>) -> Database {
    let options = Options::new().vfs(Arc::new(SimVfs::new())).clock(clock);
    options.background(Background::Manual).free_bytes_min(0).open(DIR).expect("open")
}

fn filled(db: &Database, count: u64) -> Collection {
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot));
    let points = db.create_collection("points", &config).expect("create");
    for start in (0..count).step_by(10_000) {
        let end = count.min(start + 10_000);
        points.upsert((start..end).map(|n| Point::new(n, [n as f32]))).expect("upsert");
    }
    points
}

#[test]
fn a_deadline_that_is_over_at_once() {
    let clock = Arc::new(ManualClock::default());
    let db = open(clock.clone());
    let points = filled(&db, 10);
    clock.advance(Duration::from_secs(100));
    for (timeout, over) in [
        (Duration::ZERO, true),
        (Duration::from_nanos(1), false),
        (Duration::from_secs(60), false),
        (Duration::MAX, false),
    ] {
        let result = points.search(&SearchRequest::new([1.0]).timeout(timeout));
        match result {
            Ok(hits) => assert!(!over && hits.len() == 10, "{timeout:?}"),
            Err(e) => {
                assert!(over && matches!(e, Error::Timeout { applied: Applied::No }), "{timeout:?}: {e:?}")
            }
        }
    }
}

#[test]
fn a_deadline_in_the_middle_of_a_search() {
    let db = open(Arc::new(Ticking::default()));
    let points = filled(&db, 30_000);
    for sealed in [false, true] {
        if sealed {
            points.checkpoint().expect("checkpoint");
        }
        let search = |ms| points.search(&SearchRequest::new([1.0]).timeout(Duration::from_millis(ms)));
        let error = search(5).expect_err("over");
        assert!(matches!(error, Error::Timeout { applied: Applied::No }), "{error:?}");
        assert_eq!(error.kind(), ErrorKind::Cancelled);
        assert_eq!(search(10_000).expect("in time").len(), 10);
    }
}

#[test]
fn a_cancelled_token() {
    let clock = Arc::new(Ticking::default());
    let db = open(clock.clone());
    let points = filled(&db, 30_000);
    let token = CancelToken::new();
    let far = Duration::from_secs(1000);
    let search = |token: &CancelToken| points.search(&SearchRequest::new([1.0]).cancel(token).timeout(far));
    for sealed in [false, true] {
        if sealed {
            points.checkpoint().expect("checkpoint");
        }
        assert_eq!(search(&token).expect("not cancelled").len(), 10);
        // Cancelled while the search is at work: it stops within a few thousand rows.
        let running = CancelToken::new();
        let start = clock.looks.load(Ordering::SeqCst);
        *clock.cancel.lock().expect("cancel") = Some((start + 4, running.clone()));
        let error = search(&running).expect_err("cancelled");
        assert!(matches!(error, Error::Cancelled), "{error:?}");
        assert!(clock.looks.load(Ordering::SeqCst) <= start + 8, "it went on after it was cancelled");
        *clock.cancel.lock().expect("cancel") = None;
    }
    token.cancel();
    token.cancel();
    assert!(token.is_cancelled() && token.clone().is_cancelled());
    let error = search(&token).expect_err("cancelled");
    assert_eq!((error.kind(), error.applied()), (ErrorKind::Cancelled, Applied::No));
    let report = db.verify(&token, |_, _| {});
    assert!(!report.is_clean(), "a check that was cancelled finds nothing out");
    let empty = db.create_collection("empty", points_config()).expect("create");
    let error = empty.search(&SearchRequest::new([1.0]).cancel(&token)).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled, "also where there is nothing to search");
}

fn points_config() -> &'static CollectionConfig {
    static CONFIG: std::sync::OnceLock<CollectionConfig> = std::sync::OnceLock::new();
    CONFIG.get_or_init(|| CollectionConfig::single(VectorConfig::new(1, Metric::Dot)))
}
