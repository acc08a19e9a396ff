//! What a search needs of an index: the rows that have a term, in order, and the length of each.

use crate::error::Result;

/// No row: behind the last.
pub(super) const END: u32 = u32::MAX;

/// The rows that have one term, as a cursor that only goes forward. It stands on its first row when it is made.
pub(super) trait Cursor {
    /// The row that it stands on, or [`END`].
    fn row(&self) -> u32;
    /// Goes to the next row.
    fn advance(&mut self) -> u32;
    /// Goes to the first row that is not before `target`.
    fn seek(&mut self, target: u32) -> u32;
    /// Occurrences in the row.
    fn count(&mut self) -> u32;
    /// Places of the occurrences, in order. Empty if the cursor was made without.
    fn positions(&mut self, places: &mut Vec<u32>);
    /// Rows in all.
    fn row_count(&self) -> u32;
}

/// Whether a cursor must know places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Detail {
    Counts,
    Positions,
}

/// An index of one segment.
pub(super) trait Lists {
    type Cursor: Cursor;

    /// The rows that have `term`, if there are any.
    fn cursor(&self, term: &str, detail: Detail) -> Result<Option<Self::Cursor>>;
    /// The code of a row's length.
    fn length_code(&self, row: u32) -> u8;
}
