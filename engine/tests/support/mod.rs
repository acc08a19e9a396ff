//! What the tests of this folder share: seeds and sizes from the environment, a small random generator, options for a simulated disk.
//!
//! `SEED` repeats one run, `NIGH_RUNS` says how many runs there are. Nothing here asks the clock or the system for randomness.

#[allow(dead_code, reason = "each test binary uses a part of the model")]
pub(crate) mod model;
#[allow(dead_code, reason = "each test binary uses a part of the spy")]
pub(crate) mod spy;

use nigh::io::Vfs;
use nigh::{Background, ManualClock, OptimizerConfig, Options};
use std::sync::Arc;

/// Where the database lies on a simulated disk.
#[allow(dead_code, reason = "not every test has a simulated disk")]
pub(crate) const DIR: &str = "/db";

/// xorshift64*: small, seeded, the same everywhere.
pub(crate) struct Rng(u64);

#[allow(dead_code, reason = "each test binary uses a part")]
impl Rng {
    pub(crate) fn new(seed: u64) -> Self {
        let mut rng = Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1);
        for _ in 0..4 {
            rng.next();
        }
        rng
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 33) % n
    }

    /// True `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u64) as usize]
    }

    /// In -1..1.
    pub(crate) fn float(&mut self) -> f32 {
        (self.next() >> 40) as f32 / (1u64 << 23) as f32 - 1.0
    }
}

#[allow(dead_code, reason = "not every test is random")]
fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().and_then(|v| v.parse().ok())
}

/// `NIGH_RUNS`, or the small size that runs with every test run.
#[allow(dead_code, reason = "not every test has a size")]
pub(crate) fn runs(default: u64) -> u64 {
    number("NIGH_RUNS").unwrap_or(default)
}

/// `SEED` alone, or the seeds 1 to [`runs`].
#[allow(dead_code, reason = "not every test is random")]
pub(crate) fn seeds(default_runs: u64) -> Vec<u64> {
    number("SEED").map_or_else(|| (1..=runs(default_runs)).collect(), |seed| vec![seed])
}

/// `SEED`, or 1.
#[allow(dead_code, reason = "not every test is random")]
pub(crate) fn seed() -> u64 {
    number("SEED").unwrap_or(1)
}

/// A database without threads over `vfs`, with log files so small that they roll over all the time.
#[allow(dead_code, reason = "not every test has a simulated disk")]
pub(crate) fn options(vfs: impl Vfs + 'static, clock: &Arc<ManualClock>) -> Options {
    let clock: Arc<ManualClock> = Arc::clone(clock);
    Options::new()
        .vfs(Arc::new(vfs))
        .clock(clock)
        .background(Background::Manual)
        .free_bytes_min(0)
        .wal_file_bytes(4096, 16384)
}

/// Thresholds at which a few dozen points are sealed, merged and vacuumed.
#[allow(dead_code, reason = "not every test needs background work")]
pub(crate) fn small(mutable_bytes_max: u64) -> OptimizerConfig {
    OptimizerConfig { mutable_bytes_max, merge_fan_in: 2, vacuum_dead_ratio: 0.1, ..Default::default() }
}
