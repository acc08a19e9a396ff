//! Text index file: the words of one payload field, and which points of a segment have them where.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where the blob is, which the engine reads. Derived: it can be made again
//! from the payloads. Bytes: docs/storage-format.md, section 8.12.

use std::ops::Range;

use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_data_len, check_preamble, in_file};

pub use crate::section::PREAMBLE_LEN;

const POINT_COUNT: Field = Field::first("point_count", 8);
const BLOB_LEN: Field = POINT_COUNT.then("blob_len", 8);
const RESERVED: Field = BLOB_LEN.then("reserved", 48);

/// The preamble's fields in order.
pub const FIELDS: [Field; 3] = [POINT_COUNT, BLOB_LEN, RESERVED];

/// Where the blob of a text index file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TextIndexLayout {
    /// Points of the segment.
    pub point_count: u32,
    blob: Range<u64>,
}

impl TextIndexLayout {
    /// The layout for a blob of `blob_len` bytes.
    ///
    /// # Errors
    /// `Invalid` when the file would be too long.
    pub fn new(point_count: u32, blob_len: u64) -> Result<Self, FormatError> {
        let mut sections = Sections::new();
        let blob = sections.place(blob_len, 1)?;
        Ok(Self { point_count, blob })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        POINT_COUNT.write(&mut bytes, u64::from(self.point_count));
        BLOB_LEN.write(&mut bytes, self.blob.end - self.blob.start);
        bytes
    }

    /// Reads the preamble of a file whose data section has `data_len` bytes.
    ///
    /// # Errors
    /// A field that does not agree with the others or with the length.
    pub fn decode(preamble: &[u8], data_len: u64) -> Result<Self, FormatError> {
        Self::read(preamble, data_len).map_err(in_file)
    }

    fn read(preamble: &[u8], data_len: u64) -> Result<Self, FormatError> {
        let layout = Self::new(POINT_COUNT.read_as(preamble)?, BLOB_LEN.read(preamble)?)?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// The packed files of the index.
    #[must_use]
    pub fn blob(&self) -> Range<u64> {
        self.blob.clone()
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.blob.end
    }
}
