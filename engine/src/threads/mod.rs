//! Threads and giving up: the only place that spawns, and the token with which callers stop long work.

mod cancel;
mod clock;
mod pacer;
mod parallel;
mod pool;
mod workers;

pub use cancel::CancelToken;
pub(crate) use cancel::Limiter;
pub use clock::{Clock, ManualClock, SystemClock};
pub(crate) use pacer::Pacer;
pub(crate) use parallel::parallel;
pub(crate) use pool::Pool;
pub(crate) use workers::{Turn, Workers};
