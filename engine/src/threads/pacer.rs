//! Keeping background work within an I/O budget: bytes go in, the calling thread sleeps when it is ahead of the budget.

use super::Clock;
use parking_lot::Mutex;
use std::sync::Arc;
use std::time::Duration;

/// Shares a rate between any number of threads.
#[derive(Debug)]
pub(crate) struct Pacer {
    clock: Arc<dyn Clock>,
    bytes_per_second: Option<u64>,
    /// When the bytes told so far would have been written at the given rate.
    paid_until: Mutex<Duration>,
}

/// Longest single sleep, so that a stop is noticed soon.
const SLEEP_MAX: Duration = Duration::from_millis(200);

impl Pacer {
    /// `None` never waits.
    pub(crate) fn new(clock: Arc<dyn Clock>, bytes_per_second: Option<u64>) -> Self {
        Self { clock, bytes_per_second, paid_until: Mutex::default() }
    }

    /// Accounts for `bytes` and waits if they come too early.
    pub(crate) fn pay(&self, bytes: u64) {
        let Some(rate) = self.bytes_per_second.filter(|rate| *rate > 0) else { return };
        let now = self.clock.now();
        let cost = Duration::from_secs_f64(bytes as f64 / rate as f64);
        let until = {
            let mut paid = self.paid_until.lock();
            *paid = (*paid).max(now) + cost;
            *paid
        };
        std::thread::sleep(until.saturating_sub(now).min(SLEEP_MAX));
    }
}
