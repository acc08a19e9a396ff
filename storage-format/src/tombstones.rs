//! Tombstones file: which points of a segment died since it was sealed.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where the bitmap is.
//! Bytes: docs/storage-format.md, section 8.7.

use std::ops::Range;

use crate::bitmap;
use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_data_len, check_preamble, gaps, in_file};

pub use crate::section::PREAMBLE_LEN;

const POINT_COUNT: Field = Field::first("point_count", 8);
const DEAD_COUNT: Field = POINT_COUNT.then("dead_count", 8);
const WORDS_OFFSET: Field = DEAD_COUNT.then("words_offset", 8);
const RESERVED: Field = WORDS_OFFSET.then("reserved", 40);

/// The preamble's fields in order.
pub const FIELDS: [Field; 4] = [POINT_COUNT, DEAD_COUNT, WORDS_OFFSET, RESERVED];

/// Where the bitmap of a tombstones file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TombstonesLayout {
    /// Points of the segment.
    pub point_count: u32,
    /// Bits set.
    pub dead_count: u32,
    words: Range<u64>,
}

impl TombstonesLayout {
    /// The layout for these counts.
    ///
    /// # Errors
    /// `Invalid` when more points are dead than there are.
    pub fn new(point_count: u32, dead_count: u32) -> Result<Self, FormatError> {
        if dead_count > point_count {
            let offset = DEAD_COUNT.offset as u64;
            return Err(FormatError::invalid(
                offset,
                "dead_count",
                format!("at most {point_count}"),
                dead_count,
            ));
        }
        let words = Sections::new().place(bitmap::word_count(point_count), 8)?;
        Ok(Self { point_count, dead_count, words })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        POINT_COUNT.write(&mut bytes, u64::from(self.point_count));
        DEAD_COUNT.write(&mut bytes, u64::from(self.dead_count));
        WORDS_OFFSET.write(&mut bytes, self.words.start);
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
        let layout = Self::new(point_count, DEAD_COUNT.read_as(preamble)?)?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// The bitmap: u64, a set bit is a dead offset.
    #[must_use]
    pub fn words(&self) -> Range<u64> {
        self.words.clone()
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.words.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        gaps(&[self.words()])
    }
}

/// Checks the bitmap: its length, its count, and that bits past the last point are zero.
///
/// # Errors
/// The first of these that is wrong.
pub fn check_words(words: &[u64], layout: &TombstonesLayout) -> Result<(), FormatError> {
    bitmap::check("tombstones", words, &layout.words, layout.point_count, layout.dead_count)
}
