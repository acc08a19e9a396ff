//! T3: after every change to a file, every aftermath of a power cut opens and holds what was acknowledged. `NIGH_RUNS` and `SEED` choose the workloads.

#[path = "support/crash.rs"]
mod crash;

use crash::{Simulation, Tally, seeds};
use nigh::Durability;

fn sweep(durability: Durability, runs: u64) -> Tally {
    let mut sum = Tally::default();
    for seed in seeds(runs) {
        let tally = Simulation { seed, durability, operations: 40, random_images: 3, twice: false }.run();
        sum.crash_points += tally.crash_points;
        sum.images += tally.images;
    }
    eprintln!("{durability:?}: {} crash points, {} images, 0 failures", sum.crash_points, sum.images);
    sum
}

#[test]
fn acknowledged_sync_writes_survive_every_aftermath() {
    assert!(sweep(Durability::Sync, 2).images > 0);
}

#[test]
fn buffered_writes_lose_only_a_suffix() {
    assert!(sweep(Durability::Buffered, 1).images > 0);
}
