//! Payloads file: the JSON of each point of a segment, one text behind the other.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where each section is.
//! Bytes: docs/storage-format.md, section 8.5.

use std::ops::Range;

use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_data_len, check_preamble, gaps, in_file, place_of};

pub use crate::section::PREAMBLE_LEN;

const POINT_COUNT: Field = Field::first("point_count", 8);
const BLOB_LEN: Field = POINT_COUNT.then("blob_len", 8);
const ENDS_OFFSET: Field = BLOB_LEN.then("ends_offset", 8);
const BLOB_OFFSET: Field = ENDS_OFFSET.then("blob_offset", 8);
const RESERVED: Field = BLOB_OFFSET.then("reserved", 32);

/// The preamble's fields in order.
pub const FIELDS: [Field; 5] = [POINT_COUNT, BLOB_LEN, ENDS_OFFSET, BLOB_OFFSET, RESERVED];

/// Where the sections of a payloads file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadsLayout {
    /// Points of the segment.
    pub point_count: u32,
    /// Bytes of all texts.
    pub blob_len: u64,
    ends: Range<u64>,
    blob: Range<u64>,
}

impl PayloadsLayout {
    /// The layout for these counts.
    ///
    /// # Errors
    /// `Invalid` when no file can hold that much, or there are texts without points.
    pub fn new(point_count: u32, blob_len: u64) -> Result<Self, FormatError> {
        if point_count == 0 && blob_len != 0 {
            let offset = BLOB_LEN.offset as u64;
            return Err(FormatError::invalid(offset, "blob_len", "0, for there are no points", blob_len));
        }
        let mut sections = Sections::new();
        let ends = sections.place(u64::from(point_count), 8)?;
        let blob = sections.place(blob_len, 1)?;
        Ok(Self { point_count, blob_len, ends, blob })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        POINT_COUNT.write(&mut bytes, u64::from(self.point_count));
        BLOB_LEN.write(&mut bytes, self.blob_len);
        ENDS_OFFSET.write(&mut bytes, self.ends.start);
        BLOB_OFFSET.write(&mut bytes, self.blob.start);
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
        let point_count = POINT_COUNT.read_as(preamble)?;
        let layout = Self::new(point_count, BLOB_LEN.read(preamble)?)?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// Where each point's text ends: u64, from the start of the blob.
    #[must_use]
    pub fn ends(&self) -> Range<u64> {
        self.ends.clone()
    }

    /// All texts.
    #[must_use]
    pub fn blob(&self) -> Range<u64> {
        self.blob.clone()
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.blob.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        gaps(&[self.ends(), self.blob()])
    }
}

/// Checks that ends ascend and that the last one is the end of the blob.
///
/// # Errors
/// The first end that is wrong.
pub fn check_ends(ends: &[u64], blob_len: u64) -> Result<(), FormatError> {
    let section = PREAMBLE_LEN as u64..u64::MAX;
    let mut start = 0;
    for (index, end) in ends.iter().enumerate() {
        if *end < start || *end > blob_len {
            let offset = place_of(&section, index, 8);
            return Err(FormatError::invalid(
                offset,
                "end of a payload",
                format!("{start} to {blob_len}"),
                end,
            ));
        }
        start = *end;
    }
    if start != blob_len {
        let offset = place_of(&section, ends.len().saturating_sub(1), 8);
        return Err(FormatError::invalid(offset, "last end of a payload", blob_len.to_string(), start));
    }
    Ok(())
}
