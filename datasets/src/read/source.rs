//! `Source`: any reader goes in, decompressed bytes with their offset come out.
//!
//! Gzip is told by its magic bytes `1f 8b`, never by the name (RFC 1952). Several members one after the
//! other read as one stream, as `cat a.gz b.gz` makes them. [`Source::end`] must be reached for a file to
//! count as read: only there does gzip compare its checksum.

use std::io::{self, BufReader, Chain, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::{Problem, ReadError};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes read so far, and the bytes to come.
pub(super) struct Source<'a> {
    path: PathBuf,
    offset: u64,
    bytes: Bytes<'a>,
}

/// The input with the bytes put back that were read to look for the magic.
type Whole<'a> = BufReader<Chain<Cursor<Vec<u8>>, Box<dyn Read + 'a>>>;

enum Bytes<'a> {
    Plain(Whole<'a>),
    /// Buffered again: rows are read in pieces of four bytes, each of which would start inflate anew.
    Gzip(BufReader<MultiGzDecoder<Whole<'a>>>),
}

impl<'a> Source<'a> {
    pub(super) fn new(path: &Path, input: impl Read + 'a) -> Result<Self, ReadError> {
        let mut input: Box<dyn Read + 'a> = Box::new(input);
        let mut start = Vec::new();
        input.by_ref().take(GZIP_MAGIC.len() as u64).read_to_end(&mut start).map_err(|error| ReadError {
            path: path.to_owned(),
            offset: 0,
            problem: Problem::Io(error),
        })?;
        let is_gzip = start == GZIP_MAGIC;
        let whole = BufReader::new(Cursor::new(start).chain(input));
        let bytes = if is_gzip {
            Bytes::Gzip(BufReader::new(MultiGzDecoder::new(whole)))
        } else {
            Bytes::Plain(whole)
        };
        Ok(Self { path: path.to_owned(), offset: 0, bytes })
    }

    /// Offset of the next byte.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Fills `buffer` as far as the bytes go; a count below its length means that the end is reached.
    pub(super) fn fill(&mut self, buffer: &mut [u8]) -> Result<usize, ReadError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.bytes.read(&mut buffer[filled..]) {
                Ok(0) => break,
                Ok(count) => {
                    filled += count;
                    self.offset += count as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(self.error_at(self.offset, self.bytes.problem(error))),
            }
        }
        Ok(filled)
    }

    /// The next `N` bytes, all of them.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let mut array = [0; N];
        self.exact(&mut array)?;
        Ok(array)
    }

    /// Fills the whole of `buffer`, or says how much of it was there.
    pub(super) fn exact(&mut self, buffer: &mut [u8]) -> Result<(), ReadError> {
        let start = self.offset;
        let got = self.fill(buffer)?;
        if got < buffer.len() {
            let (expected_bytes, got_bytes) = (buffer.len() as u64, got as u64);
            return Err(self.error_at(start, Problem::Truncated { expected_bytes, got_bytes }));
        }
        Ok(())
    }

    /// Makes sure that nothing follows, and that a gzip stream ends with the checksum of what it gave.
    pub(super) fn end(mut self) -> Result<(), ReadError> {
        let start = self.offset;
        match self.fill(&mut [0])? {
            0 => Ok(()),
            _ => Err(self.error_at(start, Problem::TrailingBytes)),
        }
    }

    pub(super) fn error_at(&self, offset: u64, problem: Problem) -> ReadError {
        ReadError { path: self.path.clone(), offset, problem }
    }
}

impl Bytes<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(plain) => plain.read(buffer),
            Self::Gzip(gzip) => gzip.read(buffer),
        }
    }

    /// flate2 reports a bad stream with one of three kinds; any other comes from the disk below.
    fn problem(&self, error: io::Error) -> Problem {
        let kind = error.kind();
        let is_content = kind == io::ErrorKind::InvalidInput
            || kind == io::ErrorKind::InvalidData
            || kind == io::ErrorKind::UnexpectedEof;
        match self {
            Self::Gzip(_) if is_content => Problem::Gzip(error),
            Self::Gzip(_) | Self::Plain(_) => Problem::Io(error),
        }
    }
}
