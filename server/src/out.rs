//! Standard output, buffered: the one place that the program's answers go through.
//!
//! Written with `write!` and `writeln!`, never `println!`, so that a reader who went away is an error that main.rs can tell
//! from a failure.

use std::io::{self, BufWriter, StdoutLock, Write};

/// Locked, buffered standard output.
#[derive(Debug)]
pub(crate) struct Out(BufWriter<StdoutLock<'static>>);

impl Out {
    /// Locks standard output for the life of the value.
    pub(crate) fn new() -> Self {
        Self(BufWriter::new(io::stdout().lock()))
    }

    /// One JSON value on one line, and out with it.
    pub(crate) fn json(&mut self, value: &serde_json::Value) -> io::Result<()> {
        writeln!(self, "{value}")?;
        self.flush()
    }
}

impl Write for Out {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}
