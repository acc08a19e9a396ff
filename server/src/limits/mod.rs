//! How much is served: requests go in, on they go, or back with the time to wait.
//!
//! `rate.rs` counts, by key or token, by address, over all, and for a collection's own limits; `layer.rs` asks it for each request, and
//! bounds the requests at work. What waits for the engine is bounded in `engine_pool.rs`.

mod layer;
mod rate;

use std::net::{IpAddr, Ipv6Addr};
use std::time::{Duration, Instant};

pub use layer::{LimitLayer, LimitService, Limits, Peer};
pub use rate::{Rate, RateTable, Refused};

use crate::auth::Subject;
use crate::config::Rates;

/// More clients than this are told apart only when the first ones owe nothing.
const CLIENTS_MAX: usize = 100_000;
/// More collections than a server may have.
const COLLECTIONS_MAX: usize = 10_000;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const SECOND: Duration = Duration::from_secs(1);

/// What all clients together, each client, and each address have taken.
#[derive(Debug)]
pub struct ClientRates {
    begun: Instant,
    users: RateTable<u64>,
    addresses: RateTable<IpAddr>,
    all: RateTable<()>,
}

/// Reads or writes of points.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// `read_rate_limit`.
    Read,
    /// `write_rate_limit`.
    Write,
}

/// What was taken of the limits that collections have of their own, in strict mode.
#[derive(Debug)]
pub struct CollectionRates {
    begun: Instant,
    taken: RateTable<(String, Direction)>,
}

impl ClientRates {
    /// Nothing was taken yet.
    #[must_use]
    pub fn new() -> Self {
        Self {
            begun: Instant::now(),
            users: RateTable::new(CLIENTS_MAX),
            addresses: RateTable::new(CLIENTS_MAX),
            all: RateTable::new(1),
        }
    }

    /// One request of a client.
    ///
    /// # Errors
    /// The words for what was too much, and how long to wait.
    pub fn take(
        &self,
        rates: &Rates,
        subject: &Subject,
        address: Option<IpAddr>,
    ) -> Result<(), (&'static str, Duration)> {
        let now_ns = nanoseconds(self.begun);
        let refuse = |what| {
            move |refused| match refused {
                Refused::Wait(wait) => (what, wait),
                // One request is never too much for a rate of at least one.
                Refused::TooMuch => (what, HOUR),
            }
        };
        if let (Some(count), Some(address)) = (rates.ip_per_hour, address) {
            let taken = self.addresses.take(Rate::new(count, HOUR), network(address), 1, now_ns);
            taken.map_err(refuse("of this address"))?;
        }
        if let Some(count) = rates.user_per_minute {
            let taken = self.users.take(Rate::new(count, MINUTE), subject.id, 1, now_ns);
            taken.map_err(refuse("of this key"))?;
        }
        if let Some(count) = rates.global_per_second {
            self.all.take(Rate::new(count, SECOND), (), 1, now_ns).map_err(refuse("of all clients"))?;
        }
        Ok(())
    }
}

impl Default for ClientRates {
    fn default() -> Self {
        Self::new()
    }
}

impl CollectionRates {
    /// Nothing was taken yet.
    #[must_use]
    pub fn new() -> Self {
        Self { begun: Instant::now(), taken: RateTable::new(2 * COLLECTIONS_MAX) }
    }

    /// Takes `cost` points of what a collection allows in a minute.
    ///
    /// # Errors
    /// The limit does not allow it now, or never.
    pub fn take(
        &self,
        collection: &str,
        direction: Direction,
        per_minute: u64,
        cost: u64,
    ) -> Result<(), Refused> {
        let key = (collection.to_owned(), direction);
        self.taken.take(Rate::new(per_minute, MINUTE), key, cost, nanoseconds(self.begun))
    }
}

impl Default for CollectionRates {
    fn default() -> Self {
        Self::new()
    }
}

/// `Retry-After`: whole seconds, rounded up, at least one.
#[must_use]
pub fn retry_after_s(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

fn nanoseconds(since: Instant) -> u64 {
    u64::try_from(since.elapsed().as_nanos()).unwrap_or(u64::MAX)
}

/// Whom an address belongs to: one holder of IPv6 addresses has at least a /64 of them (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rate_refuses_by_its_own_name() {
        let subject = |id| Subject { name: "x".to_owned(), id };
        let address = |text: &str| Some(text.parse().expect("an address"));
        let rates = Rates { user_per_minute: Some(2), ip_per_hour: Some(3), global_per_second: None };
        let clients = ClientRates::new();
        let who = |id, ip| clients.take(&rates, &subject(id), address(ip)).map_err(|(what, _)| what);
        assert_eq!([who(1, "10.0.0.1"), who(1, "10.0.0.1")], [Ok(()); 2]);
        assert_eq!(who(1, "10.0.0.2"), Err("of this key"));
        assert_eq!(who(2, "10.0.0.1"), Ok(()));
        assert_eq!(who(3, "10.0.0.1"), Err("of this address"));
        assert_eq!(who(3, "::ffff:10.0.0.1"), Err("of this address"));
        let all = Rates { user_per_minute: None, ip_per_hour: None, global_per_second: Some(1) };
        let who = |id| clients.take(&all, &subject(id), None);
        assert_eq!(who(1), Ok(()));
        assert!(matches!(who(2), Err(("of all clients", wait)) if wait <= SECOND));
    }

    #[test]
    fn collections_are_counted_apart_and_by_direction() {
        let rates = CollectionRates::new();
        assert_eq!(rates.take("a", Direction::Write, 10, 10), Ok(()));
        assert!(matches!(rates.take("a", Direction::Write, 10, 1), Err(Refused::Wait(_))));
        assert_eq!(rates.take("a", Direction::Read, 10, 1), Ok(()));
        assert_eq!(rates.take("b", Direction::Write, 10, 1), Ok(()));
        assert_eq!(rates.take("b", Direction::Write, 10, 11), Err(Refused::TooMuch));
    }

    #[test]
    fn waits_are_whole_seconds_rounded_up() {
        assert_eq!(retry_after_s(Duration::ZERO), 1);
        assert_eq!(retry_after_s(Duration::from_millis(1)), 1);
        assert_eq!(retry_after_s(Duration::from_secs(2)), 2);
        assert_eq!(retry_after_s(Duration::from_millis(2_001)), 3);
    }

    #[test]
    fn neighbours_in_a_network_are_one() {
        let net = |text: &str| network(text.parse().expect("an address")).to_string();
        assert_eq!(net("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_eq!(net("10.1.2.3"), "10.1.2.3");
    }
}
