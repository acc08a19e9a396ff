//! T1: most kills hit a recovery: a process that has written is killed, and then its successors, until one gets through. `NIGH_RUNS` is the number
//! of such chains, `SEED` chooses the run.

#[path = "support/kill.rs"]
mod kill;

use kill::run::{self, Folder, Rng};
use kill::{Death, Session};
use nigh::Durability;
use std::time::Duration;

#[test]
fn killed_recoveries_lose_nothing() {
    let folder = Folder::new();
    let mut session = Session::new(folder.path().join("db"), run::seed(), Durability::Sync);
    let mut rng = Rng::new(session.seed);
    for _ in 0..run::number("NIGH_RUNS").unwrap_or(6) {
        session.round(Death::AfterOpen(Duration::from_micros(rng.below(150_000))));
        for _ in 0..6 {
            session.round(Death::AfterStart(Duration::from_micros(rng.below(12_000))));
        }
    }
    session.round(Death::Natural);
    println!("{}", session.tally);
    assert!(session.tally.kills_before_open > 0);
}

/// The process that gets killed.
#[test]
fn child() {
    kill::child::run();
}
