//! T2: the disk of a killed process is taken as it was at that moment, without what the kernel had yet to write. Sync writes are all there; buffered
//! ones lose at most the last second, and only from the end. Needs root; skipped where no loop device can be mounted. `NIGH_RUNS`, `SEED`.

#[path = "support/disk.rs"]
mod disk;
#[path = "support/kill.rs"]
mod kill;

use disk::Disk;
use kill::run::{self, Folder, Rng};
use kill::{Death, Session};
use nigh::Durability;
use std::time::Duration;

fn cut_power(options: &str, durability: Durability, runs: u64, longest: Duration) {
    let folder = Folder::new();
    let Some(mut disk) = Disk::ext4(folder.path(), 48, options) else { return };
    let mut session = Session::new(disk.path().join("db"), run::seed(), durability);
    session.loses_suffix = durability == Durability::Buffered;
    let mut rng = Rng::new(session.seed);
    for _ in 0..run::number("NIGH_RUNS").unwrap_or(runs) {
        session.round(match rng.below(5) {
            0 => Death::AfterStart(Duration::from_micros(rng.below(25_000))),
            _ => Death::AfterOpen(longest.mul_f64(rng.below(1000) as f64 / 1000.0)),
        });
        disk.cut();
        session.dir = disk.path().join("db");
    }
    session.round(Death::Natural);
    eprintln!("power cuts, {durability:?}, {options}: {}", session.tally);
    assert!(session.tally.acknowledged > 0);
}

#[test]
fn sync_writes_survive_a_disk_that_writes_late() {
    cut_power("noauto_da_alloc,commit=600", Durability::Sync, 6, Duration::from_millis(250));
}

#[test]
fn sync_writes_survive_with_default_options() {
    cut_power("defaults", Durability::Sync, 4, Duration::from_millis(250));
}

#[test]
fn buffered_writes_lose_only_a_short_suffix() {
    cut_power("noauto_da_alloc,commit=600", Durability::Buffered, 4, Duration::from_millis(2500));
}

/// The process that gets killed.
#[test]
fn child() {
    kill::child::run();
}
