//! T1: a process that writes with `Sync` is killed again and again, also while it recovers; nothing acknowledged is lost, nothing refused or
//! deleted comes back, no batch is torn. `NIGH_RUNS` is the number of kills, `SEED` chooses the run.

#[path = "support/kill.rs"]
mod kill;

use kill::run::{self, Folder};
use kill::{Death, Session};
use nigh::Durability;

#[test]
fn acknowledged_writes_survive_kill() {
    let folder = Folder::new();
    let mut session = Session::new(folder.path().join("db"), run::seed(), Durability::Sync);
    for round in 0..run::number("NIGH_RUNS").unwrap_or(20) {
        session.round(session.death(round));
    }
    session.round(Death::Natural);
    session.round(Death::Natural);
    println!("{}", session.tally);
    assert!(session.tally.acknowledged > 0);
}

/// The process that gets killed.
#[test]
fn child() {
    kill::child::run();
}
