//! A log file's records in order, and where they end: damage is told apart from a write that a power cut tore.
//!
//! Goes in: all bytes of one file. Comes out: each operation, then a [`LogEnd`] or an error. Markers and seals are
//! checked and passed over.
//!
//! Invariant: an operation is given out only when every byte of it checked out and its number was due.
//! Invariant: an operation that is known to have been durable is never dropped in silence.
//! Cost: linear in the file, whatever is in it.
//! Bytes and the rules: docs/storage-format.md, section 6.1.

use std::ops::Range;

use crate::checksum::crc32c;
use crate::error::{FormatError, FormatErrorKind};
use crate::header::{FileHeader, FileKind, HEADER_LEN};
use crate::wal_record::{
    RECORD_ALIGN, RECORD_HEADER_LEN, RECORD_MAGIC, RECORD_PAD, RecordHeader, RecordType, SECTOR_LEN,
    decode_seal_body, extend_chain, header_checksum, padded_len,
};

/// One operation of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Record<'a> {
    /// Its header.
    pub header: RecordHeader,
    /// What changes, as an archive; see [`crate::operation`].
    pub body: &'a [u8],
    /// Where in the file the record starts.
    pub offset: u64,
}

/// Where a log file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogEnd {
    /// The first byte behind the last good record.
    pub offset: u64,
    /// The last operation; one before the file's first when there is none.
    pub last_seq: u64,
    /// The highest sequence number that a record of this file says is durable; 0 when none says so.
    pub durable: u64,
    /// Whether the file is complete.
    pub sealed: bool,
    /// Whether something other than zeros is behind the end, which recovery overwrites.
    pub torn: bool,
    /// Records before the end, markers among them, without the seal.
    pub count: u64,
    /// The chain over their header checksums; see [`extend_chain`].
    pub chain: u32,
}

/// Walks over the records of one log file.
#[derive(Debug, Clone)]
pub struct Scanner<'a> {
    bytes: &'a [u8],
    capacity: u64,
    has_next: bool,
    at: usize,
    end: LogEnd,
    state: State,
}

#[derive(Debug, Clone)]
enum State {
    Running,
    Ended,
    Failed(FormatError),
}

/// A record that checked out.
struct Found<'a> {
    header: RecordHeader,
    header_checksum: u32,
    body: &'a [u8],
    next: usize,
}

/// A record that did not.
struct Broken {
    error: FormatError,
    /// The bytes that a torn write would have left incomplete; `None` when no torn write explains the error.
    part: Option<Range<usize>>,
}

impl<'a> Scanner<'a> {
    /// Starts behind the header of a whole file. `has_next`: a later log file exists, so this one must be complete.
    #[must_use]
    pub fn new(file_bytes: &'a [u8], header: &FileHeader, has_next: bool) -> Self {
        let first_seq = header.identity.tag;
        let offset = HEADER_LEN as u64;
        let last_seq = first_seq.saturating_sub(1);
        let end = LogEnd { offset, last_seq, durable: 0, sealed: false, torn: false, count: 0, chain: 0 };
        let got = file_bytes.len() as u64;
        let state = if let Err(error) = header.expect_kind(FileKind::Wal) {
            State::Failed(error)
        } else if first_seq == 0 {
            State::Failed(FormatError::invalid(0, "first sequence number of a log file", "1 or more", 0))
        } else if got < offset || got > header.data_len {
            State::Failed(FormatError::new(got, FormatErrorKind::Length { expected: header.data_len, got }))
        } else {
            State::Running
        };
        Self { bytes: file_bytes, capacity: header.data_len, has_next, at: HEADER_LEN, end, state }
    }

    /// The next operation; `None` when the log ends here without damage.
    ///
    /// # Errors
    /// The log is damaged here; every further call says so again.
    #[allow(clippy::should_implement_trait, reason = "an iterator would invite callers to skip errors")]
    pub fn next(&mut self) -> Result<Option<Record<'a>>, FormatError> {
        loop {
            match &self.state {
                State::Running => {}
                State::Ended => return Ok(None),
                State::Failed(error) => return Err(error.clone()),
            }
            match self.step() {
                Ok(Some(record)) => return Ok(Some(record)),
                Ok(None) => {}
                Err(error) => self.state = State::Failed(error),
            }
        }
    }

    /// Where the log ends; meant for after [`next`](Self::next) gave `None`.
    #[must_use]
    pub fn end(&self) -> LogEnd {
        self.end
    }

    /// Takes one record, or finds that the log ends.
    fn step(&mut self) -> Result<Option<Record<'a>>, FormatError> {
        let offset = self.at as u64;
        let found = match self.read() {
            Ok(found) => found,
            Err(broken) => {
                self.end.torn = self.ends_here(&broken)?;
                self.state = State::Ended;
                return Ok(None);
            }
        };
        let Found { header, header_checksum, body, next } = found;
        if header.record_type == RecordType::Seal {
            self.check_seal(body, next).map_err(|error| error.shift(offset))?;
            self.end.sealed = true;
            self.state = State::Ended;
        } else {
            self.end.count += 1;
            self.end.chain = extend_chain(self.end.chain, header_checksum);
        }
        self.at = next;
        self.end.offset = next as u64;
        self.end.last_seq = header.seq;
        self.end.durable = self.end.durable.max(header.durable);
        Ok((header.record_type == RecordType::Operation).then_some(Record { header, body, offset }))
    }

    /// Reads the record at the current place.
    fn read(&self) -> Result<Found<'a>, Broken> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let place = self.at as u64;
        let header = match RecordHeader::decode(rest) {
            Ok(header) => header,
            Err(error) => {
                let torn = !matches!(error.kind, FormatErrorKind::Invalid { .. });
                let part = self.at..self.at + rest.len().min(RECORD_HEADER_LEN);
                return Err(Broken { error: error.shift(place), part: torn.then_some(part) });
            }
        };
        let certain = |error: FormatError| Broken { error: error.shift(place), part: None };
        let due = match header.record_type {
            RecordType::Operation => self.end.last_seq.checked_add(1),
            RecordType::Marker | RecordType::Seal => Some(self.end.last_seq),
        };
        if due != Some(header.seq) {
            let expected = due.map_or_else(|| "none".to_owned(), |due| due.to_string());
            return Err(certain(FormatError::invalid(0, "sequence number", expected, header.seq)));
        }
        let Some((body, pad)) = body_and_pad(rest, header.body_len) else {
            let (expected, got) = (padded_len(header.body_len), rest.len() as u64);
            return Err(certain(FormatError::new(got, FormatErrorKind::TooShort { expected, got })));
        };
        let next = self.at + RECORD_HEADER_LEN + body.len() + pad.len();
        let broken = |kind| {
            let offset = place + RECORD_HEADER_LEN as u64;
            Broken { error: FormatError::new(offset, kind), part: Some(self.at..next) }
        };
        if crc32c(body) != header.body_checksum {
            return Err(broken(FormatErrorKind::BodyChecksum));
        }
        if pad.iter().any(|byte| *byte != RECORD_PAD) {
            return Err(broken(FormatErrorKind::Padding));
        }
        let header_checksum = header_checksum(rest).map_err(certain)?;
        Ok(Found { header, header_checksum, body, next })
    }

    /// Decides whether the log ends before a broken record (and whether something is left behind the end), or is damaged.
    fn ends_here(&self, broken: &Broken) -> Result<bool, FormatError> {
        let place = self.at as u64;
        let Some(part) = broken.part.clone() else { return Err(broken.error.clone()) };
        if self.has_next {
            let got = broken.error.kind.to_string();
            return Err(FormatError::invalid(
                place,
                "end of the log file",
                "a seal, for a later file exists",
                got,
            ));
        }
        let got = self.bytes.len() as u64;
        if got != self.capacity {
            return Err(FormatError::new(got, FormatErrorKind::Length { expected: self.capacity, got }));
        }
        if is_zero(self.bytes.get(self.at..).unwrap_or_default()) {
            return Ok(false);
        }
        let due = self.end.last_seq.saturating_add(1);
        // What lies inside a body is the user's: it may look like a record. So one looks behind the part.
        if let Some(witness) = self.find_witness(part.end, due) {
            let expected = format!("operation {due}, which the record at byte {witness} says is durable");
            return Err(FormatError::invalid(place, "log record", expected, broken.error.kind.to_string()));
        }
        if has_zero_sector(self.bytes, part) { Ok(true) } else { Err(broken.error.clone()) }
    }

    /// The place of a record from `from` on whose header says that operation `due` is durable.
    fn find_witness(&self, from: usize, due: u64) -> Option<usize> {
        let records_max = (self.bytes.len() / RECORD_HEADER_LEN) as u64;
        // Bodies are hashed only to step over them; the budget keeps made-up lengths from making that quadratic.
        let mut budget = 4 * self.bytes.len();
        let mut at = from;
        while let Some(rest) = self.bytes.get(at..).filter(|rest| rest.len() >= RECORD_HEADER_LEN) {
            let mut step = RECORD_ALIGN;
            if rest.starts_with(&RECORD_MAGIC)
                && let Ok(header) = RecordHeader::decode(rest)
                && let Some((body, pad)) = body_and_pad(rest, header.body_len)
                && header.seq.checked_sub(self.end.last_seq).is_some_and(|distance| distance <= records_max)
            {
                if header.durable >= due {
                    return Some(at);
                }
                if let Some(left) = budget.checked_sub(body.len()) {
                    budget = left;
                    if crc32c(body) == header.body_checksum {
                        step = RECORD_HEADER_LEN + body.len() + pad.len();
                    }
                }
            }
            at += step;
        }
        None
    }

    fn check_seal(&self, body: &[u8], next: usize) -> Result<(), FormatError> {
        let offset = RECORD_HEADER_LEN as u64;
        let got = decode_seal_body(body)?;
        let expected = (self.end.count, self.end.chain);
        if got != expected {
            return Err(FormatError::invalid(offset, "seal", format!("{expected:?}"), format!("{got:?}")));
        }
        if !is_zero(self.bytes.get(next..).unwrap_or_default()) {
            return Err(FormatError::new((next - self.at) as u64, FormatErrorKind::Padding));
        }
        Ok(())
    }
}

/// Body and filling of the record that opens `rest`, when they are inside.
fn body_and_pad(rest: &[u8], body_len: u32) -> Option<(&[u8], &[u8])> {
    let record_len = usize::try_from(padded_len(body_len)).ok()?;
    rest.get(RECORD_HEADER_LEN..record_len)?.split_at_checked(usize::try_from(body_len).ok()?)
}

/// Whether some sector of the file has only zeros within `part`.
fn has_zero_sector(bytes: &[u8], part: Range<usize>) -> bool {
    let mut start = part.start;
    while start < part.end {
        let end = (start + 1).next_multiple_of(SECTOR_LEN).min(part.end);
        if is_zero(bytes.get(start..end).unwrap_or_default()) {
            return true;
        }
        start = end;
    }
    false
}

fn is_zero(bytes: &[u8]) -> bool {
    bytes.chunks(SECTOR_LEN).all(|chunk| chunk.iter().fold(0, |seen, byte| seen | byte) == 0)
}
