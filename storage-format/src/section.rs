//! Where the sections of a segment file are: counts in, aligned ranges out.
//!
//! Ranges count from the start of the data section. Invariant: sections start at multiples of 64, in order, as close
//! as that allows, and the data ends with the last one. Errors of layouts count from the start of the data too, until
//! [`in_file`] moves them.

use std::ops::Range;

use crate::block::pad64;
use crate::error::{FormatError, FormatErrorKind};
use crate::field::Field;
use crate::header::HEADER_LEN;

/// Bytes of the preamble that opens a segment file's data.
pub const PREAMBLE_LEN: usize = 64;

/// No data section may be longer, so that places in a file always fit in 64 bits.
const DATA_LEN_MAX: u64 = 1 << 62;

/// Places sections one behind the other.
pub(crate) struct Sections {
    end: u64,
}

impl Sections {
    /// Starts behind the preamble.
    pub(crate) fn new() -> Self {
        Self { end: PREAMBLE_LEN as u64 }
    }

    /// The next section: `count` items of `size` bytes.
    pub(crate) fn place(&mut self, count: u64, size: u64) -> Result<Range<u64>, FormatError> {
        let range =
            pad64(self.end).and_then(|start| Some(start..start.checked_add(count.checked_mul(size)?)?));
        let range = range.filter(|range| range.end <= DATA_LEN_MAX);
        let range = range.ok_or_else(|| {
            let expected = format!("sections of at most {DATA_LEN_MAX} bytes");
            FormatError::invalid(0, "layout", expected, format!("{count} x {size}"))
        })?;
        self.end = range.end;
        Ok(range)
    }
}

/// The bytes between the preamble and the sections, which are zeros.
pub(crate) fn gaps(sections: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut end = PREAMBLE_LEN as u64;
    let mut gaps = Vec::new();
    for section in sections {
        if end < section.start {
            gaps.push(end..section.start);
        }
        end = section.end;
    }
    gaps
}

/// An error in a preamble, with its place in the file.
pub(crate) fn in_file(error: FormatError) -> FormatError {
    error.shift(HEADER_LEN as u64)
}

/// Compares a stored preamble with the one that its own counts ask for, field by field.
pub(crate) fn check_preamble(
    fields: &[Field],
    stored: &[u8],
    computed: &[u8; PREAMBLE_LEN],
) -> Result<(), FormatError> {
    let Some(stored) = stored.get(..PREAMBLE_LEN) else {
        let (expected, got) = (PREAMBLE_LEN as u64, stored.len() as u64);
        return Err(FormatError::new(got, FormatErrorKind::TooShort { expected, got }));
    };
    for field in fields {
        let range = field.offset..field.end();
        let (expected, got) = (computed.get(range.clone()), stored.get(range));
        if expected != got {
            let offset = field.offset as u64;
            return Err(FormatError::invalid(offset, field.name, hex(expected), hex(got)));
        }
    }
    Ok(())
}

/// Compares the length of the data with the one that the layout asks for.
pub(crate) fn check_data_len(expected: u64, got: u64) -> Result<(), FormatError> {
    if expected == got {
        return Ok(());
    }
    Err(FormatError::new(0, FormatErrorKind::Length { expected, got }))
}

/// Compares how many items a section has with how many it must have.
pub(crate) fn check_count(what: &'static str, expected: u64, got: usize) -> Result<(), FormatError> {
    if expected == got as u64 {
        return Ok(());
    }
    Err(FormatError::invalid(HEADER_LEN as u64, what, format!("{expected} items"), got))
}

/// The place in the file of item `index` of a section.
pub(crate) fn place_of(section: &Range<u64>, index: usize, size: u64) -> u64 {
    (index as u64).saturating_mul(size).saturating_add(section.start).saturating_add(HEADER_LEN as u64)
}

fn hex(bytes: Option<&[u8]>) -> String {
    let digits = bytes.unwrap_or_default().iter().map(|byte| format!("{byte:02x}"));
    digits.collect::<Vec<_>>().join(" ")
}
