//! T4: a second power cut during the recovery from the first loses nothing either. `NIGH_RUNS` and `SEED` choose the workloads.

#[path = "support/crash.rs"]
mod crash;

use crash::{Simulation, seeds};
use nigh::Durability;

#[test]
fn a_crash_during_recovery_loses_nothing() {
    let (mut images, mut double) = (0, 0);
    for seed in seeds(1) {
        let durability = if seed % 2 == 0 { Durability::Buffered } else { Durability::Sync };
        let tally = Simulation { seed, durability, operations: 10, random_images: 1, twice: true }.run();
        images += tally.images;
        double += tally.double_images;
    }
    eprintln!("{images} images, {double} double-crash images, 0 failures");
    assert!(double > 0);
}
