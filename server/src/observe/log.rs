//! Where log lines go: to stderr, as text or as one JSON object a line; how serious they must be can change while the server runs.

use std::io::IsTerminal;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::reload;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::{LogFormat, LogLevel};

/// The running log.
#[derive(Debug, Clone)]
pub struct Log(reload::Handle<LevelFilter, Registry>);

impl Log {
    /// Begins to log for the whole process; once. `None`: somebody else does already.
    #[must_use]
    pub fn start(level: LogLevel, format: LogFormat) -> Option<Self> {
        let (filter, handle) = reload::Layer::new(filter(level));
        let lines = fmt::layer().with_writer(std::io::stderr);
        let lines = match format {
            LogFormat::Text => lines.with_ansi(std::io::stderr().is_terminal()).boxed(),
            LogFormat::Json => {
                lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
            }
        };
        tracing_subscriber::registry().with(filter).with(lines).try_init().ok()?;
        Some(Self(handle))
    }

    /// From now on only lines that are so serious.
    pub fn set_level(&self, level: LogLevel) {
        // The log lives as long as the process.
        drop(self.0.reload(filter(level)));
    }
}

fn filter(level: LogLevel) -> LevelFilter {
    match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    }
}
