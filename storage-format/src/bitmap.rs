//! Bitmaps over a segment's offsets: bit i of word w is offset 64w + i, and bits past the last offset are zero.

use std::ops::Range;

use crate::error::FormatError;
use crate::section::{check_count, place_of};

/// Words of a bitmap over `point_count` offsets.
pub(crate) fn word_count(point_count: u32) -> u64 {
    u64::from(point_count).div_ceil(64)
}

/// Checks length and zero tail of the bitmap that lies at `section`.
pub(crate) fn check_tail(
    what: &'static str,
    words: &[u64],
    section: &Range<u64>,
    point_count: u32,
) -> Result<(), FormatError> {
    check_count(what, word_count(point_count), words.len())?;
    let used = point_count % 64;
    if let Some(last) = words.last()
        && used != 0
        && last >> used != 0
    {
        let offset = place_of(section, words.len() - 1, 8);
        return Err(FormatError::invalid(
            offset,
            what,
            format!("zero bits from {point_count} on"),
            format!("{last:#x}"),
        ));
    }
    Ok(())
}

/// Checks length, zero tail and the number of set bits of the bitmap that lies at `section`.
pub(crate) fn check(
    what: &'static str,
    words: &[u64],
    section: &Range<u64>,
    point_count: u32,
    set_count: u32,
) -> Result<(), FormatError> {
    check_tail(what, words, section, point_count)?;
    let got: u64 = words.iter().map(|word| u64::from(word.count_ones())).sum();
    if got != u64::from(set_count) {
        let offset = place_of(section, 0, 8);
        return Err(FormatError::invalid(offset, what, format!("{set_count} set bits"), got));
    }
    Ok(())
}
