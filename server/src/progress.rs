//! Progress of long work, on stderr and only if that is a terminal: so nothing of it ends in a log or a pipe.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar for `total` steps of `what`; gone when dropped.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// Starts at 0.
    pub(crate) fn new(what: &'static str, total: u64) -> Self {
        // `stderr()` draws nothing when stderr is no terminal.
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::stderr());
        let style = ProgressStyle::with_template("{msg:22} {wide_bar} {percent:>3}% {eta:>4}");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
        bar.set_message(what);
        Self(bar)
    }

    /// `done` steps of all are done.
    pub(crate) fn set(&self, done: u64) {
        self.0.set_position(done);
    }

    /// The whole became known, or has grown.
    pub(crate) fn set_total(&self, total: u64) {
        self.0.set_length(total);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
