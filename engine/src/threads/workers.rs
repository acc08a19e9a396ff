//! Background threads: a closure goes in that does one turn of work; it runs whenever it is woken or its pause is over.
//!
//! A turn says when it wants the next one. A panic in a turn ends that worker and is reported to `on_panic`. Dropping [`Workers`] stops
//! and joins every thread; a turn should look at [`Turn`]-sized pieces of work so that this does not take long.

use parking_lot::{Condvar, Mutex};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// When a worker wants to run again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turn {
    /// At once: there is more to do.
    Again,
    /// After this pause, or when woken.
    Pause(Duration),
    /// Never.
    Stop,
}

/// A set of background threads that share one bell.
#[derive(Debug, Default)]
pub(crate) struct Workers {
    bell: Arc<Bell>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

#[derive(Debug, Default)]
struct Bell {
    state: Mutex<BellState>,
    rung: Condvar,
}

#[derive(Debug, Default)]
struct BellState {
    rings: u64,
    stopping: bool,
}

impl Workers {
    /// Starts a thread that takes turns until one says [`Turn::Stop`] or the set is dropped.
    pub(crate) fn spawn(
        &self,
        name: &str,
        mut turn: impl FnMut() -> Turn + Send + 'static,
        on_panic: impl FnOnce(String) + Send + 'static,
    ) -> std::io::Result<()> {
        let bell = Arc::clone(&self.bell);
        let run = move || {
            let mut seen = 0;
            while let Some(rings) = bell.running() {
                seen = seen.max(rings);
                match catch_unwind(AssertUnwindSafe(&mut turn)) {
                    Ok(Turn::Again) => {}
                    Ok(Turn::Pause(pause)) => bell.wait(seen, pause),
                    Ok(Turn::Stop) => return,
                    Err(panic) => return on_panic(panic_text(panic.as_ref())),
                }
            }
        };
        self.threads.lock().push(std::thread::Builder::new().name(name.to_owned()).spawn(run)?);
        Ok(())
    }

    /// Wakes every worker that pauses.
    pub(crate) fn wake(&self) {
        self.bell.state.lock().rings += 1;
        self.bell.rung.notify_all();
    }

    /// Stops after the current turns and waits for the threads.
    pub(crate) fn stop(&self) {
        self.bell.state.lock().stopping = true;
        self.bell.rung.notify_all();
        let threads = std::mem::take(&mut *self.threads.lock());
        let me = std::thread::current().id();
        for thread in threads {
            // A worker that drops the last handle of its own database must not wait for itself.
            if thread.thread().id() != me {
                drop(thread.join());
            }
        }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Bell {
    fn running(&self) -> Option<u64> {
        let state = self.state.lock();
        (!state.stopping).then_some(state.rings)
    }

    fn wait(&self, seen: u64, pause: Duration) {
        let mut state = self.state.lock();
        if !state.stopping && state.rings == seen {
            self.rung.wait_for(&mut state, pause);
        }
    }
}

fn panic_text(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}
