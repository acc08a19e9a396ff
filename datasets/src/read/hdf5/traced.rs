//! `Traced`: the bytes of a file go to the library, the offset of the piece it asked for last is remembered.

use std::io::{self, Read, Seek};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hdf5_pure::{FormatError, ReadSeekSource, Source};

/// A file or bytes in memory, as the library reads them.
pub(super) struct Traced<R> {
    source: ReadSeekSource<R>,
    last_read: LastRead,
}

/// Where the library read last; shared with the [`Traced`] that it reads from.
#[derive(Clone, Default)]
pub(super) struct LastRead(Arc<AtomicU64>);

impl<R: Read + Seek> Traced<R> {
    pub(super) fn new(input: R) -> io::Result<Self> {
        let source = ReadSeekSource::new(input).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self { source, last_read: LastRead::default() })
    }

    pub(super) fn last_read(&self) -> LastRead {
        self.last_read.clone()
    }
}

impl LastRead {
    pub(super) fn offset(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl<R: Read + Seek> Source for Traced<R> {
    fn len(&self) -> u64 {
        self.source.len()
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), FormatError> {
        self.last_read.0.store(offset, Ordering::Relaxed);
        self.source.read_at(offset, buffer)
    }

    /// A piece beyond the end is refused before memory is taken for it; it too was asked for.
    fn read_exact_at(&self, offset: u64, length: usize) -> Result<Vec<u8>, FormatError> {
        self.last_read.0.store(offset, Ordering::Relaxed);
        self.source.read_exact_at(offset, length)
    }
}
