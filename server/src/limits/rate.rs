//! How often someone may ask: a rate, a key and the time go in, a yes comes out, or how long to wait.
//!
//! The generic cell rate algorithm: one number a key, the moment at which all that was taken will have been given back. It says the same
//! as a bucket of tokens that fills evenly. The table is bounded: keys that owe nothing are forgotten when it is full, and when all owe
//! something, newcomers share one entry.
//!
//! Threads: any; one lock, held for a look-up. Source: ITU-T I.371, section A.

use std::collections::HashMap;
use std::hash::Hash;
use std::time::Duration;

use parking_lot::Mutex;

/// So many in so much time, which is also how many may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    count: u64,
    period_ns: u64,
}

/// Why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refused {
    /// Too soon: it will be possible after this time, if nothing else is taken meanwhile.
    Wait(Duration),
    /// More than the rate allows at once, at any time.
    TooMuch,
}

/// What each key has taken.
#[derive(Debug)]
pub struct RateTable<K> {
    entries: Mutex<Entries<K>>,
    keys_max: usize,
}

#[derive(Debug)]
struct Entries<K> {
    /// When all that was taken will have been given back, in nanoseconds.
    paid_at: HashMap<K, u64>,
    /// The same for keys that found no place.
    others: u64,
    /// No look for keys that owe nothing before this time.
    swept_until: u64,
}

/// Looking through a full table costs too much to do it for each newcomer.
const SWEEP_PAUSE_NS: u64 = 1_000_000_000;

impl Rate {
    /// `count` in `period`; at least one.
    #[must_use]
    pub fn new(count: u64, period: Duration) -> Self {
        Self { count: count.max(1), period_ns: u64::try_from(period.as_nanos()).unwrap_or(u64::MAX).max(1) }
    }

    /// How long it takes until `cost` is given back; rounded up, so that never more than the rate is given.
    fn time_of(self, cost: u64) -> u64 {
        let time = (u128::from(cost) * u128::from(self.period_ns)).div_ceil(u128::from(self.count));
        u64::try_from(time).unwrap_or(u64::MAX)
    }
}

impl<K: Eq + Hash> RateTable<K> {
    /// For at most so many keys.
    #[must_use]
    pub fn new(keys_max: usize) -> Self {
        let entries = Entries { paid_at: HashMap::new(), others: 0, swept_until: 0 };
        Self { entries: Mutex::new(entries), keys_max }
    }

    /// Takes `cost` for `key`, at a time in nanoseconds since whenever. What is refused is not taken.
    ///
    /// # Errors
    /// The rate does not allow it now.
    pub fn take(&self, rate: Rate, key: K, cost: u64, now_ns: u64) -> Result<(), Refused> {
        if cost > rate.count {
            return Err(Refused::TooMuch);
        }
        let mut entries = self.entries.lock();
        let paid_at = entries.entry(key, self.keys_max, now_ns);
        let then = (*paid_at).max(now_ns).saturating_add(rate.time_of(cost));
        match then.saturating_sub(now_ns).checked_sub(rate.period_ns) {
            Some(wait) if wait > 0 => Err(Refused::Wait(Duration::from_nanos(wait))),
            _ => {
                *paid_at = then;
                Ok(())
            }
        }
    }

    #[cfg(test)]
    fn len(&self) -> usize {
        self.entries.lock().paid_at.len()
    }
}

impl<K: Eq + Hash> Entries<K> {
    fn entry(&mut self, key: K, keys_max: usize, now_ns: u64) -> &mut u64 {
        let is_full = self.paid_at.len() >= keys_max;
        if is_full && now_ns >= self.swept_until && !self.paid_at.contains_key(&key) {
            self.paid_at.retain(|_, paid_at| *paid_at > now_ns);
            self.swept_until = now_ns.saturating_add(SWEEP_PAUSE_NS);
        }
        if self.paid_at.len() >= keys_max && !self.paid_at.contains_key(&key) {
            return &mut self.others;
        }
        self.paid_at.entry(key).or_insert(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};

    const SECOND: u64 = 1_000_000_000;

    /// A bucket of tokens that fills evenly; its level is counted in tokens times the period, so that nothing is rounded.
    struct Bucket {
        rate: Rate,
        level: u128,
        filled_at: u64,
    }

    impl Bucket {
        fn new(rate: Rate) -> Self {
            Self { rate, level: u128::from(rate.count) * u128::from(rate.period_ns), filled_at: 0 }
        }

        fn take(&mut self, cost: u64, now_ns: u64) -> bool {
            let full = u128::from(self.rate.count) * u128::from(self.rate.period_ns);
            let gained = u128::from(now_ns - self.filled_at) * u128::from(self.rate.count);
            self.level = (self.level + gained).min(full);
            self.filled_at = now_ns;
            let price = u128::from(cost) * u128::from(self.rate.period_ns);
            let can = self.level >= price;
            if can {
                self.level -= price;
            }
            can
        }
    }

    #[test]
    fn it_says_the_same_as_a_bucket_of_tokens() {
        for seed in 0..50 {
            let mut random = StdRng::seed_from_u64(seed);
            // A period that the counts divide.
            let rate = Rate::new([1, 2, 20, 100, 1_000][random.random_range(0..5)], Duration::from_secs(60));
            let (table, mut bucket) = (RateTable::new(10), Bucket::new(rate));
            let mut now = SECOND;
            let mut taken = 0;
            for step in 0..2_000 {
                now += random.random_range(0..2 * rate.time_of(1));
                let cost =
                    if random.random_range(0..4) == 0 { random.random_range(0..=rate.count) } else { 1 };
                let expected = bucket.take(cost, now);
                let got = table.take(rate, "key", cost, now);
                assert_eq!(got.is_ok(), expected, "seed {seed}, step {step}: {got:?}");
                if let Err(Refused::Wait(wait)) = got {
                    // The time is exact: a nanosecond less is too soon. Neither trial takes anything when refused.
                    let then = now + u64::try_from(wait.as_nanos()).expect("short");
                    assert!(table.take(rate, "key", cost, then - 1).is_err(), "seed {seed}, step {step}");
                    assert!(Bucket { rate, ..bucket }.take(cost, then), "seed {seed}, step {step}");
                }
                taken += u64::from(got.is_ok());
            }
            assert!(taken > 100, "seed {seed}: {taken}");
        }
    }

    #[test]
    fn keys_do_not_disturb_each_other() {
        let (rate, table) = (Rate::new(2, Duration::from_secs(1)), RateTable::new(10));
        assert_eq!([1, 1, 2, 2].map(|key| table.take(rate, key, 1, 0)), [Ok(()); 4]);
        assert_eq!(table.take(rate, 1, 1, 0), Err(Refused::Wait(Duration::from_millis(500))));
        assert_eq!(table.take(rate, 3, 3, 0), Err(Refused::TooMuch));
        assert_eq!(table.take(rate, 1, 1, SECOND / 2), Ok(()));
    }

    #[test]
    fn memory_is_bounded() {
        let (rate, table) = (Rate::new(1, Duration::from_secs(10)), RateTable::new(100));
        for key in 0..100 {
            assert_eq!(table.take(rate, key, 1, SECOND), Ok(()));
        }
        // All owe something: newcomers share.
        assert_eq!(table.take(rate, 100, 1, SECOND), Ok(()));
        assert!(table.take(rate, 101, 1, SECOND).is_err());
        assert!(table.take(rate, 5, 1, SECOND).is_err(), "who has a place keeps it");
        // Nobody owes anything: all are forgotten.
        assert_eq!(table.take(rate, 102, 1, 12 * SECOND), Ok(()));
        assert_eq!(table.len(), 1);
        for key in 0..100_000 {
            let _: Result<(), Refused> = table.take(rate, key, 1, 12 * SECOND + key);
        }
        assert_eq!(table.len(), 100);
    }

    #[test]
    fn no_number_is_too_large() {
        let (rate, table) = (Rate::new(u64::MAX, Duration::MAX), RateTable::new(1));
        assert_eq!(table.take(rate, (), u64::MAX, u64::MAX), Ok(()));
        assert!(table.take(Rate::new(0, Duration::ZERO), (), 1, 0).is_err());
    }
}
