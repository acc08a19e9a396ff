//! Sparse file: the sparse vectors of a segment's points as they were given, one row behind the other.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where each section is. Rows are not packed, so that a reader
//! takes one in place; what search needs is in the postings file, which is made from this one.
//! Bytes: docs/storage-format.md, section 8.9.

use std::ops::Range;

use crate::bitmap;
use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_count, check_data_len, check_preamble, gaps, in_file, place_of};

pub use crate::section::PREAMBLE_LEN;

const POINT_COUNT: Field = Field::first("point_count", 8);
const ROW_COUNT: Field = POINT_COUNT.then("row_count", 8);
const VALUE_COUNT: Field = ROW_COUNT.then("value_count", 8);
const PRESENCE_OFFSET: Field = VALUE_COUNT.then("presence_offset", 8);
const ENDS_OFFSET: Field = PRESENCE_OFFSET.then("ends_offset", 8);
const INDICES_OFFSET: Field = ENDS_OFFSET.then("indices_offset", 8);
const VALUES_OFFSET: Field = INDICES_OFFSET.then("values_offset", 8);
const RESERVED: Field = VALUES_OFFSET.then("reserved", 8);

/// The preamble's fields in order.
pub const FIELDS: [Field; 8] = [
    POINT_COUNT,
    ROW_COUNT,
    VALUE_COUNT,
    PRESENCE_OFFSET,
    ENDS_OFFSET,
    INDICES_OFFSET,
    VALUES_OFFSET,
    RESERVED,
];

/// Where the sections of a sparse file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SparseLayout {
    /// Points of the segment.
    pub point_count: u32,
    /// Points that have this vector; it may be empty.
    pub row_count: u32,
    /// Values of all rows.
    pub value_count: u64,
    presence: Range<u64>,
    ends: Range<u64>,
    indices: Range<u64>,
    values: Range<u64>,
}

impl SparseLayout {
    /// The layout for these counts.
    ///
    /// # Errors
    /// `Invalid` when no file can hold that much, there are more rows than points, or values without rows.
    pub fn new(point_count: u32, row_count: u32, value_count: u64) -> Result<Self, FormatError> {
        if row_count > point_count {
            let offset = ROW_COUNT.offset as u64;
            return Err(FormatError::invalid(
                offset,
                "row_count",
                format!("at most {point_count}"),
                row_count,
            ));
        }
        if row_count == 0 && value_count != 0 {
            let offset = VALUE_COUNT.offset as u64;
            return Err(FormatError::invalid(offset, "value_count", "0, for there are no rows", value_count));
        }
        let mut sections = Sections::new();
        let presence = sections.place(bitmap::word_count(point_count), 8)?;
        let ends = sections.place(u64::from(point_count), 8)?;
        let indices = sections.place(value_count, 4)?;
        let values = sections.place(value_count, 4)?;
        Ok(Self { point_count, row_count, value_count, presence, ends, indices, values })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        POINT_COUNT.write(&mut bytes, u64::from(self.point_count));
        ROW_COUNT.write(&mut bytes, u64::from(self.row_count));
        VALUE_COUNT.write(&mut bytes, self.value_count);
        PRESENCE_OFFSET.write(&mut bytes, self.presence.start);
        ENDS_OFFSET.write(&mut bytes, self.ends.start);
        INDICES_OFFSET.write(&mut bytes, self.indices.start);
        VALUES_OFFSET.write(&mut bytes, self.values.start);
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
        let (point_count, row_count) = (POINT_COUNT.read_as(preamble)?, ROW_COUNT.read_as(preamble)?);
        let layout = Self::new(point_count, row_count, VALUE_COUNT.read(preamble)?)?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// Which points have this vector: u64 words.
    #[must_use]
    pub fn presence(&self) -> Range<u64> {
        self.presence.clone()
    }

    /// Where each point's values end: u64, counted in values.
    #[must_use]
    pub fn ends(&self) -> Range<u64> {
        self.ends.clone()
    }

    /// The index of each value: u32.
    #[must_use]
    pub fn indices(&self) -> Range<u64> {
        self.indices.clone()
    }

    /// All values: f32.
    #[must_use]
    pub fn values(&self) -> Range<u64> {
        self.values.clone()
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.values.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        gaps(&[self.presence(), self.ends(), self.indices(), self.values()])
    }
}

/// Checks presence, that ends ascend to the number of values, and that points without this vector have no values.
///
/// # Errors
/// The first word or end that is wrong.
pub fn check_ends(presence: &[u64], ends: &[u64], layout: &SparseLayout) -> Result<(), FormatError> {
    bitmap::check("presence", presence, &layout.presence, layout.point_count, layout.row_count)?;
    check_count("ends", u64::from(layout.point_count), ends.len())?;
    let has_row = |point: usize| presence.get(point / 64).is_some_and(|word| word >> (point % 64) & 1 == 1);
    let mut start = 0;
    for (point, end) in ends.iter().enumerate() {
        let most = if has_row(point) { layout.value_count } else { start };
        if *end < start || *end > most {
            let offset = place_of(&layout.ends, point, 8);
            return Err(FormatError::invalid(offset, "end of a row", format!("{start} to {most}"), end));
        }
        start = *end;
    }
    if start != layout.value_count {
        let offset = place_of(&layout.ends, ends.len().saturating_sub(1), 8);
        return Err(FormatError::invalid(offset, "last end of a row", layout.value_count.to_string(), start));
    }
    Ok(())
}

/// Checks one row, whose first value is number `first` of the file: indices ascend, values are finite.
///
/// # Errors
/// The first index or value that is wrong.
pub fn check_row(
    indices: &[u32],
    values: &[f32],
    first: u64,
    layout: &SparseLayout,
) -> Result<(), FormatError> {
    check_count("values of a row", indices.len() as u64, values.len())?;
    let first = usize::try_from(first).unwrap_or(usize::MAX);
    if let Some(at) = indices.windows(2).position(|pair| pair.first() >= pair.last()) {
        let offset = place_of(&layout.indices, first.saturating_add(at + 1), 4);
        let got = indices.get(at + 1).copied().unwrap_or_default();
        return Err(FormatError::invalid(offset, "index of a row", "ascending indices", got));
    }
    if let Some((at, value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
        let offset = place_of(&layout.values, first.saturating_add(at), 4);
        return Err(FormatError::invalid(offset, "value of a row", "a finite number", value));
    }
    Ok(())
}
