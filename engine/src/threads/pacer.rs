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

    /// Accounts for `bytes` and waits, in short sleeps while `go_on` holds, until they are due.
    pub(crate) fn pay(&self, bytes: u64, go_on: &dyn Fn() -> bool) {
        let Some(rate) = self.bytes_per_second.filter(|rate| *rate > 0) else { return };
        let cost = Duration::from_secs_f64(bytes as f64 / rate as f64);
        let until = {
            let mut paid = self.paid_until.lock();
            *paid = (*paid).max(self.clock.now()) + cost;
            *paid
        };
        while go_on() {
            let ahead = until.saturating_sub(self.clock.now());
            if ahead.is_zero() {
                return;
            }
            std::thread::sleep(ahead.min(SLEEP_MAX));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::threads::SystemClock;

    #[test]
    fn a_low_rate_is_kept_and_a_stop_is_noticed() {
        let clock = Arc::new(SystemClock::new());
        let pacer = Pacer::new(clock.clone(), Some(1000));
        pacer.pay(300, &|| true);
        assert!(clock.now() >= Duration::from_millis(300));
        pacer.pay(1_000_000, &|| false);
        assert!(clock.now() < Duration::from_secs(100));
    }
}
