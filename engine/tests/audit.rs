//! The audit repeats searches exactly and tells their true recall: the same that a test finds by doing it itself.

#[path = "support/sets.rs"]
mod sets;

use nigh::io::SimVfs;
use nigh::{Background, Database, Effort, Metric, Options, SearchRequest};
use sets::*;
use std::sync::Arc;

fn audited(every: u64) -> Database {
    options().vfs(Arc::new(SimVfs::new())).audit_every(every).open("/db").expect("open")
}

#[test]
fn recall_is_what_the_test_finds() {
    let db = audited(1);
    let (base, queries) = clustered(111, 32, 60, 0.8, 2000, 60);
    let points = indexed(&db, "points", vector(32, Metric::Euclid), &base);
    assert_eq!((points.recall_audit().recall(), points.recall_audit().worst), (None, 1.0));
    let (mut sum, mut worst) = (0.0, 1f64);
    for query in &queries {
        // So little effort that something is missed.
        let hits = search(&points, &SearchRequest::new(query.clone()).effort(Effort::Ef(10)));
        let share = share(&hits, &exact(&points, query, 10), 10);
        sum += share;
        worst = worst.min(share);
        db.run_background_jobs();
    }
    let audit = points.recall_audit();
    assert_eq!((audit.audited, audit.skipped, audit.expected), (60, 0, 600));
    assert_eq!(audit.found, (sum * 10.0).round() as u64);
    assert!((audit.worst - worst).abs() < 1e-9, "worst {}, should be {worst}", audit.worst);
    assert!((audit.recall().expect("audited") - sum / 60.0).abs() < 1e-9);
    assert!(audit.found < 600, "nothing was missed: the test shows nothing");
}

#[test]
fn a_sample_is_taken_of_what_is_not_exact() {
    let db = audited(5);
    let (base, queries) = clustered(112, 8, 10, 0.5, 200, 50);
    let points = indexed(&db, "points", vector(8, Metric::Euclid), &base);
    for query in &queries {
        search(&points, &SearchRequest::new(query.clone()));
        exact(&points, query, 10);
        db.run_background_jobs();
    }
    assert_eq!(points.recall_audit().audited, 10);
    // While too many wait, none is added; a search never waits for an audit.
    queries.iter().for_each(|query| drop(search(&points, &SearchRequest::new(query.clone()))));
    db.run_background_jobs();
    let audit = points.recall_audit();
    assert_eq!((audit.audited, audit.skipped), (14, 6));
    // Searches that failed, or are not asked for, are none.
    assert!(points.search(&SearchRequest::new([0.0; 9])).is_err());
    assert_eq!(db.run_background_jobs(), 0);
}

#[test]
fn an_audit_is_of_the_moment_of_its_search() {
    let db = audited(1);
    let (base, queries) = clustered(113, 8, 10, 0.5, 300, 4);
    let points = indexed(&db, "points", vector(8, Metric::Euclid), &base);
    queries.iter().for_each(|query| drop(search(&points, &SearchRequest::new(query.clone()).limit(20))));
    // What is nearest now is not what was nearest then.
    delete(&points, 0..250);
    upsert(&points, 1000, &queries);
    points.optimize().expect("optimize");
    db.run_background_jobs();
    assert_eq!(points.recall_audit().recall(), Some(1.0));
}

#[test]
fn nothing_is_audited_unless_asked_for() {
    let db = database();
    let points = indexed(&db, "points", vector(8, Metric::Euclid), &clustered(114, 8, 10, 0.5, 100, 0).0);
    for _ in 0..10 {
        search(&points, &SearchRequest::new([0.0; 8]));
    }
    db.run_background_jobs();
    assert_eq!((points.recall_audit().audited, points.recall_audit().skipped), (0, 0));
}

#[test]
fn a_thread_audits_and_ends() {
    let options = Options::new().vfs(Arc::new(SimVfs::new())).free_bytes_min(0);
    let db = options.background(Background::Threads).audit_every(1).open("/db").expect("open");
    let (base, queries) = clustered(115, 16, 10, 0.5, 800, 20);
    let points = indexed(&db, "points", vector(16, Metric::Euclid), &base);
    while points.recall_audit().audited < 10 {
        queries.iter().for_each(|query| drop(search(&points, &SearchRequest::new(query.clone()))));
    }
    assert!(points.recall_audit().recall().expect("audited") > 0.9);
    // Some still wait: closing does not.
    queries.iter().for_each(|query| drop(search(&points, &SearchRequest::new(query.clone()))));
    db.close().expect("close");
}
