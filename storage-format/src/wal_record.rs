//! One record of the log: here is an operation, give me its bytes; and back.
//!
//! A record is a header of 40 bytes, a body, and filling up to a multiple of 8. [`Scanner`] walks over the records of a
//! file and says where they end.
//!
//! Invariant: a decoded header's type, length and sequence numbers agree with each other.
//! Bytes: docs/storage-format.md, section 6.

use crate::checksum::{crc32c, crc32c_append};
use crate::error::{FormatError, FormatErrorKind};
use crate::field::Field;

pub use crate::wal_scan::{LogEnd, Record, Scanner};

/// Bytes of a record's header.
pub const RECORD_HEADER_LEN: usize = 40;
/// Records start at multiples of this, from the start of the file.
pub const RECORD_ALIGN: usize = 8;
/// The first four bytes of each record.
pub const RECORD_MAGIC: [u8; 4] = *b"NREC";
/// Fills the space between a body and the next record.
pub const RECORD_PAD: u8 = 0x5A;
/// Bytes of a seal's body: count of the records before it, checksum over their header checksums.
pub const SEAL_BODY_LEN: usize = 12;
/// What a disk writes at once: a torn write loses whole sectors.
pub const SECTOR_LEN: usize = 512;

const MAGIC: Field = Field::first("magic", 4);
const BODY_LEN: Field = MAGIC.then("body_len", 4);
const SEQ: Field = BODY_LEN.then("seq", 8);
const DURABLE: Field = SEQ.then("durable", 8);
const TYPE: Field = DURABLE.then("type", 2);
const RESERVED: Field = TYPE.then("reserved", 6);
const BODY_CHECKSUM: Field = RESERVED.then("body_checksum", 4);
const HEADER_CHECKSUM: Field = BODY_CHECKSUM.then("header_checksum", 4);

/// The fields of a record's header in order.
pub const FIELDS: [Field; 8] =
    [MAGIC, BODY_LEN, SEQ, DURABLE, TYPE, RESERVED, BODY_CHECKSUM, HEADER_CHECKSUM];

const SEAL_COUNT: Field = Field::first("count", 8);
const SEAL_CHAIN: Field = SEAL_COUNT.then("chain", 4);

/// What a record is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum RecordType {
    /// Has a body that says what changes.
    Operation = 1,
    /// Only tells how far the log is durable.
    Marker = 2,
    /// The last record of a complete file.
    Seal = 3,
}

impl RecordType {
    /// Every type, by code.
    pub const ALL: [Self; 3] = [Self::Operation, Self::Marker, Self::Seal];

    /// The number on disk.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The type with this number.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|record_type| record_type.code() == code)
    }
}

/// The header of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecordHeader {
    /// Bytes of the body.
    pub body_len: u32,
    /// Sequence number of the operation; in a marker or seal, of the last operation before it.
    pub seq: u64,
    /// Highest sequence number known to be on stable storage when this was written.
    pub durable: u64,
    /// What the record is.
    pub record_type: RecordType,
    /// Checksum of the body.
    pub body_checksum: u32,
}

impl RecordHeader {
    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; RECORD_HEADER_LEN] {
        let mut bytes = [0; RECORD_HEADER_LEN];
        MAGIC.write(&mut bytes, u64::from(u32::from_le_bytes(RECORD_MAGIC)));
        BODY_LEN.write(&mut bytes, u64::from(self.body_len));
        SEQ.write(&mut bytes, self.seq);
        DURABLE.write(&mut bytes, self.durable);
        TYPE.write(&mut bytes, u64::from(self.record_type.code()));
        BODY_CHECKSUM.write(&mut bytes, u64::from(self.body_checksum));
        let checksum = own_checksum(&bytes);
        HEADER_CHECKSUM.write(&mut bytes, u64::from(checksum));
        bytes
    }

    /// Reads the header that opens `bytes`; more may follow. Offsets of errors count from the record's start.
    ///
    /// # Errors
    /// `TooShort`, `Magic` or `HeaderChecksum`: the header is not (wholly) there. `Invalid`: it is there, and was never
    /// one that this format writes.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let Some(bytes) = bytes.get(..RECORD_HEADER_LEN) else {
            let (expected, got) = (RECORD_HEADER_LEN as u64, bytes.len() as u64);
            return Err(FormatError::new(got, FormatErrorKind::TooShort { expected, got }));
        };
        if !bytes.starts_with(&RECORD_MAGIC) {
            return Err(FormatError::new(0, FormatErrorKind::Magic));
        }
        if HEADER_CHECKSUM.read_as::<u32>(bytes)? != own_checksum(bytes) {
            return Err(FormatError::new(HEADER_CHECKSUM.offset as u64, FormatErrorKind::HeaderChecksum));
        }
        let reserved = RESERVED.read(bytes)?;
        if reserved != 0 {
            let offset = RESERVED.offset as u64;
            return Err(FormatError::invalid(offset, "reserved bytes of the record", "0", reserved));
        }
        let code: u16 = TYPE.read_as(bytes)?;
        let record_type = RecordType::from_code(code)
            .ok_or_else(|| FormatError::invalid(TYPE.offset as u64, "record type", "1 to 3", code))?;
        let header = Self {
            body_len: BODY_LEN.read_as(bytes)?,
            seq: SEQ.read(bytes)?,
            durable: DURABLE.read(bytes)?,
            record_type,
            body_checksum: BODY_CHECKSUM.read_as(bytes)?,
        };
        header.check()?;
        Ok(header)
    }

    fn check(&self) -> Result<(), FormatError> {
        let body_len = match self.record_type {
            RecordType::Operation => self.body_len,
            RecordType::Marker => 0,
            RecordType::Seal => SEAL_BODY_LEN as u32,
        };
        if self.body_len != body_len {
            let offset = BODY_LEN.offset as u64;
            return Err(FormatError::invalid(offset, "body_len", body_len.to_string(), self.body_len));
        }
        // An operation cannot be durable before it is written.
        let (limit, last) = match self.record_type {
            RecordType::Operation => (self.seq.checked_sub(1), "below"),
            RecordType::Marker | RecordType::Seal => (Some(self.seq), "at most"),
        };
        if limit.is_none_or(|limit| self.durable > limit) {
            let expected = format!("{last} {}", self.seq);
            return Err(FormatError::invalid(DURABLE.offset as u64, "durable", expected, self.durable));
        }
        Ok(())
    }
}

/// Bytes of a whole record with a body of this length: header, body and filling.
#[must_use]
pub fn padded_len(body_len: u32) -> u64 {
    (RECORD_HEADER_LEN as u64 + u64::from(body_len)).next_multiple_of(RECORD_ALIGN as u64)
}

/// Appends a record to `out` and gives its header checksum, for [`extend_chain`].
///
/// # Errors
/// `TooLong` when the body's length does not fit; nothing is appended then.
pub fn encode_record(
    out: &mut Vec<u8>,
    record_type: RecordType,
    seq: u64,
    durable: u64,
    body: &[u8],
) -> Result<u32, FormatError> {
    let Ok(body_len) = u32::try_from(body.len()) else {
        let kind = FormatErrorKind::TooLong { limit: u64::from(u32::MAX), got: body.len() as u64 };
        return Err(FormatError::new(BODY_LEN.offset as u64, kind));
    };
    Ok(append(out, RecordHeader { body_len, seq, durable, record_type, body_checksum: crc32c(body) }, body))
}

/// Appends a marker behind the operation `seq` and gives its header checksum.
pub fn encode_marker(out: &mut Vec<u8>, seq: u64, durable: u64) -> u32 {
    let record_type = RecordType::Marker;
    append(out, RecordHeader { body_len: 0, seq, durable, record_type, body_checksum: crc32c(&[]) }, &[])
}

/// Appends a seal behind `count` records, markers among them, whose header checksums make `chain`.
pub fn encode_seal(out: &mut Vec<u8>, seq: u64, durable: u64, count: u64, chain: u32) -> u32 {
    let mut body = [0; SEAL_BODY_LEN];
    SEAL_COUNT.write(&mut body, count);
    SEAL_CHAIN.write(&mut body, u64::from(chain));
    let record_type = RecordType::Seal;
    let body_len = SEAL_BODY_LEN as u32;
    append(out, RecordHeader { body_len, seq, durable, record_type, body_checksum: crc32c(&body) }, &body)
}

/// The chain that a seal holds, one record further: CRC-32C over the header checksums; it starts with 0.
#[must_use]
pub fn extend_chain(chain: u32, header_checksum: u32) -> u32 {
    crc32c_append(chain, &header_checksum.to_le_bytes())
}

/// Count and chain in a seal's body.
pub(crate) fn decode_seal_body(body: &[u8]) -> Result<(u64, u32), FormatError> {
    Ok((SEAL_COUNT.read(body)?, SEAL_CHAIN.read_as(body)?))
}

/// The header checksum that is stored in a record's header.
pub(crate) fn header_checksum(header: &[u8]) -> Result<u32, FormatError> {
    HEADER_CHECKSUM.read_as(header)
}

fn append(out: &mut Vec<u8>, header: RecordHeader, body: &[u8]) -> u32 {
    let pad_len = body.len().next_multiple_of(RECORD_ALIGN) - body.len();
    let bytes = header.encode();
    out.reserve(bytes.len() + body.len() + pad_len);
    out.extend_from_slice(&bytes);
    out.extend_from_slice(body);
    out.extend(std::iter::repeat_n(RECORD_PAD, pad_len));
    own_checksum(&bytes)
}

fn own_checksum(bytes: &[u8]) -> u32 {
    crc32c(bytes.get(..HEADER_CHECKSUM.offset).unwrap_or_default())
}
