//! T6: the system reports a failed fsync, at a random one and from then on. Nothing is acknowledged after it, reads go on, and reopening finds all that
//! was acknowledged. Needs strace, so it runs only when `NIGH_RUNS` says how often (`.ci/sweep`). `SEED` chooses the run.

#[path = "support/kill.rs"]
mod kill;

use kill::run::{self, Folder, Rng};
use kill::{Death, Session};
use nigh::Durability;
use std::time::Duration;

#[test]
fn nothing_is_acknowledged_after_a_failed_fsync() {
    let Some(runs) = run::number("NIGH_RUNS") else {
        println!("skipped: NIGH_RUNS is not set");
        return;
    };
    let folder = Folder::new();
    let mut session = Session::new(folder.path().join("db"), run::seed(), Durability::Sync);
    let mut rng = Rng::new(session.seed);
    for _ in 0..runs {
        session.round(Death::AfterOpen(Duration::from_micros(rng.below(100_000))));
        let first = 1 + rng.below(40);
        let inject = format!("inject=fsync,fdatasync:error=EIO:when={first}+");
        let words = ["strace", "-f", "-qq", "-o", "/dev/null", "-e", "trace=fsync,fdatasync", "-e", &inject];
        session.wrapper = words.map(str::to_owned).to_vec();
        session.round(Death::DiskFailure);
        session.wrapper.clear();
        session.round(Death::Natural);
    }
    println!("{runs} failing disks, {} failed opens by it: {}", session.tally.faulted_opens, session.tally);
    assert!(session.tally.acknowledged > 0);
}

/// The process whose disk fails.
#[test]
fn child() {
    kill::child::run();
}
