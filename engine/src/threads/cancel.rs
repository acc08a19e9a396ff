//! Stopping: a token or a deadline goes in, an error comes out at the next check.

use super::Clock;
use crate::error::{Applied, Error, Result};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Cancels the calls that were given a clone of it.
#[derive(Debug, Clone, Default)]
pub struct CancelToken(Arc<AtomicBool>);

impl CancelToken {
    /// A token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Ends the calls that hold this token, from any thread. There is no way back.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// True after [`CancelToken::cancel`].
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// What bounds one call: a token, a deadline, both or neither.
#[derive(Debug, Clone)]
pub(crate) struct Limiter {
    pub(crate) cancel: Option<CancelToken>,
    /// On the clock's scale.
    pub(crate) deadline: Option<Duration>,
    pub(crate) clock: Arc<dyn Clock>,
}

impl Limiter {
    /// Fails if the call should stop. Cheap; called every thousand distances or so.
    pub(crate) fn check(&self) -> Result<()> {
        if self.cancel.as_ref().is_some_and(CancelToken::is_cancelled) {
            return Err(Error::Cancelled);
        }
        match self.deadline {
            Some(deadline) if self.clock.now() >= deadline => Err(Error::Timeout { applied: Applied::No }),
            _ => Ok(()),
        }
    }
}
