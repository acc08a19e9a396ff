//! What the system tells a server: signals come in, a stop or a reload goes out.
//!
//! SIGTERM and SIGINT stop it, as [`serve`](super::Front::serve) describes; SIGHUP has it load its configuration again. A second signal to stop ends the
//! process at once, as if nobody listened.

use std::io;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;

use super::Front;
use crate::config::Sources;

/// Signals that were asked for.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    /// From now on these signals are ours.
    ///
    /// # Errors
    /// The system's.
    pub fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hang_up: signal(SignalKind::hangup())?,
        })
    }

    /// The next one to stop.
    async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Carries out signals for as long as the server runs. `stop` is what `serve` waits for.
pub async fn signals(mut signals: Signals, front: &Front, sources: &Sources, stop: &watch::Sender<bool>) {
    loop {
        tokio::select! {
            _ = signals.terminate.recv() => break,
            _ = signals.interrupt.recv() => break,
            _ = signals.hang_up.recv() => reload(front, sources),
        }
    }
    tracing::info!("stopping: requests at work are finished");
    // Nobody waits for it when everything has ended already.
    stop.send_replace(true);
    signals.stop().await;
    tracing::warn!("stopped at once by a second signal");
    std::process::exit(1);
}

fn reload(front: &Front, sources: &Sources) {
    match front.reload(sources) {
        Ok(fixed) => {
            tracing::info!("the configuration was loaded again");
            for key in fixed {
                tracing::warn!(key = key.path, "this change takes a restart");
            }
        }
        Err(error) => tracing::error!(%error, "the configuration stays as it was"),
    }
}
