//! `Source`: any reader goes in, decompressed bytes with their offset come out.
//!
//! Gzip is told by its magic bytes `1f 8b`, never by the name (RFC 1952). Several members one after the
//! other read as one stream, as `cat a.gz b.gz` makes them. [`Source::end`] or [`Source::rest`] must be
//! reached for a file to count as read: only there does gzip compare its checksum.

use std::io::{self, BufReader, Chain, Cursor, Read};
use std::path::Path;

use flate2::bufread::MultiGzDecoder;

use super::error::{Origin, Place, Problem, ReadError};

const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes added at a time where all of them are wanted.
const STEP_BYTES: usize = 64 * 1024;

/// Bytes read so far, and the bytes to come.
pub(super) struct Source<'a> {
    origin: Origin,
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
        let start = first_bytes(&mut input).map_err(|error| ReadError::of_file(path, Problem::Io(error)))?;
        let is_gzip = start == GZIP_MAGIC;
        let whole = BufReader::new(Cursor::new(start).chain(input));
        let (bytes, place): (_, fn(u64) -> Place) = if is_gzip {
            (Bytes::Gzip(BufReader::new(MultiGzDecoder::new(whole))), Place::Inflated)
        } else {
            (Bytes::Plain(whole), Place::Byte)
        };
        Ok(Self { origin: Origin { path: path.to_owned(), place }, offset: 0, bytes })
    }

    /// Makes the errors of this file, also after the source is used up.
    pub(super) fn origin(&self) -> &Origin {
        &self.origin
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

    /// All bytes to come, to the end. Memory follows the bytes that arrived.
    pub(super) fn rest(mut self) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        loop {
            let start = bytes.len();
            if bytes.try_reserve(STEP_BYTES).is_err() {
                let expected_bytes = (start + STEP_BYTES) as u64;
                return Err(self.error_at(self.offset, Problem::OutOfMemory { expected_bytes }));
            }
            bytes.resize(start + STEP_BYTES, 0);
            let got = self.fill(&mut bytes[start..])?;
            if got < STEP_BYTES {
                bytes.truncate(start + got);
                return Ok(bytes);
            }
        }
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
        self.origin.error_at(offset, problem)
    }
}

/// Whether a stream opens as gzip does; reads the bytes that tell.
pub(super) fn opens_as_gzip(input: &mut impl Read) -> io::Result<bool> {
    Ok(first_bytes(input)? == GZIP_MAGIC)
}

fn first_bytes(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut start = Vec::new();
    input.take(GZIP_MAGIC.len() as u64).read_to_end(&mut start)?;
    Ok(start)
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
