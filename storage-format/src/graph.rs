//! Links file: the graph over the rows of a vectors file.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where each section is. Derived: it can be made again from the
//! vectors. [`check_links`] is what allows readers to follow links without looking.
//! Bytes: docs/storage-format.md, section 8.4.

use std::ops::Range;

use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_count, check_data_len, check_preamble, gaps, in_file, place_of};

pub use crate::section::PREAMBLE_LEN;

/// A free place in a row of links.
pub const FREE_LINK: u32 = u32::MAX;

/// The length of a row of links is a multiple of this.
pub const ROW_LEN_ALIGN: u32 = 16;

const ROW_COUNT: Field = Field::first("row_count", 8);
const ROW_LEN: Field = ROW_COUNT.then("row_len", 4);
const ENTRY_COUNT: Field = ROW_LEN.then("entry_count", 4);
const M: Field = ENTRY_COUNT.then("m", 4);
const EF_CONSTRUCTION: Field = M.then("ef_construction", 4);
const SEED: Field = EF_CONSTRUCTION.then("seed", 8);
const ENTRIES_OFFSET: Field = SEED.then("entries_offset", 8);
const LINKS_OFFSET: Field = ENTRIES_OFFSET.then("links_offset", 8);
const RESERVED: Field = LINKS_OFFSET.then("reserved", 16);

/// The preamble's fields in order.
pub const FIELDS: [Field; 9] =
    [ROW_COUNT, ROW_LEN, ENTRY_COUNT, M, EF_CONSTRUCTION, SEED, ENTRIES_OFFSET, LINKS_OFFSET, RESERVED];

/// Where the sections of a links file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinksLayout {
    /// Nodes.
    pub row_count: u32,
    /// Places for links of each node.
    pub row_len: u32,
    /// Entry points.
    pub entry_count: u32,
    /// Links asked for.
    pub m: u32,
    /// Breadth of the build.
    pub ef_construction: u32,
    /// Seed of the build.
    pub seed: u64,
    entries: Range<u64>,
    links: Range<u64>,
}

impl LinksLayout {
    /// The layout for these counts.
    ///
    /// # Errors
    /// `Invalid` when the rows are not whole cache lines, or the entry points do not fit the nodes.
    pub fn new(
        row_count: u32,
        row_len: u32,
        entry_count: u32,
        m: u32,
        ef_construction: u32,
        seed: u64,
    ) -> Result<Self, FormatError> {
        if row_len == 0 || !row_len.is_multiple_of(ROW_LEN_ALIGN) {
            let expected = format!("a multiple of {ROW_LEN_ALIGN}");
            return Err(FormatError::invalid(ROW_LEN.offset as u64, "row_len", expected, row_len));
        }
        if entry_count > row_count || (entry_count == 0) != (row_count == 0) {
            let expected = format!("1 to {row_count}, or 0 when there are no nodes");
            return Err(FormatError::invalid(
                ENTRY_COUNT.offset as u64,
                "entry_count",
                expected,
                entry_count,
            ));
        }
        let mut sections = Sections::new();
        let entries = sections.place(u64::from(entry_count), 4)?;
        let links = sections.place(u64::from(row_count), 4 * u64::from(row_len))?;
        Ok(Self { row_count, row_len, entry_count, m, ef_construction, seed, entries, links })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        ROW_COUNT.write(&mut bytes, u64::from(self.row_count));
        ROW_LEN.write(&mut bytes, u64::from(self.row_len));
        ENTRY_COUNT.write(&mut bytes, u64::from(self.entry_count));
        M.write(&mut bytes, u64::from(self.m));
        EF_CONSTRUCTION.write(&mut bytes, u64::from(self.ef_construction));
        SEED.write(&mut bytes, self.seed);
        ENTRIES_OFFSET.write(&mut bytes, self.entries.start);
        LINKS_OFFSET.write(&mut bytes, self.links.start);
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
        let (row_count, row_len) = (ROW_COUNT.read_as(preamble)?, ROW_LEN.read_as(preamble)?);
        let (entry_count, m) = (ENTRY_COUNT.read_as(preamble)?, M.read_as(preamble)?);
        let (ef_construction, seed) = (EF_CONSTRUCTION.read_as(preamble)?, SEED.read(preamble)?);
        let layout = Self::new(row_count, row_len, entry_count, m, ef_construction, seed)?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// The entry points.
    #[must_use]
    pub fn entries(&self) -> Range<u64> {
        self.entries.clone()
    }

    /// All rows of links.
    #[must_use]
    pub fn links(&self) -> Range<u64> {
        self.links.clone()
    }

    /// The links of node `index`; outside the data unless it is below the row count.
    #[must_use]
    pub fn row(&self, index: u32) -> Range<u64> {
        let row_bytes = 4 * u64::from(self.row_len);
        let start = u64::from(index).saturating_mul(row_bytes).saturating_add(self.links.start);
        start..start.saturating_add(row_bytes)
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.links.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        gaps(&[self.entries(), self.links()])
    }
}

/// Checks that each link leads to a node, and that free places come last in each row.
///
/// # Errors
/// The first link that does not.
pub fn check_links(links: &[u32], layout: &LinksLayout) -> Result<(), FormatError> {
    check_count("links", u64::from(layout.row_count) * u64::from(layout.row_len), links.len())?;
    let row_len = layout.row_len as usize;
    for (row_index, row) in links.chunks(row_len).enumerate() {
        let used = row.iter().take_while(|link| **link < layout.row_count).count();
        if let Some(place) = row.iter().skip(used).position(|link| *link != FREE_LINK) {
            // Either the first link that leads nowhere, or one behind a free place.
            let index = row_index * row_len + used + place;
            let got = links.get(index).copied().unwrap_or(FREE_LINK);
            let expected = format!("below {}, free places last", layout.row_count);
            return Err(FormatError::invalid(place_of(&layout.links, index, 4), "link", expected, got));
        }
    }
    Ok(())
}

/// Checks that each entry point is a node.
///
/// # Errors
/// The first entry point that is not.
pub fn check_entries(entries: &[u32], layout: &LinksLayout) -> Result<(), FormatError> {
    check_count("entries", u64::from(layout.entry_count), entries.len())?;
    for (index, entry) in entries.iter().enumerate() {
        if *entry >= layout.row_count {
            let offset = place_of(&layout.entries, index, 4);
            return Err(FormatError::invalid(
                offset,
                "entry point",
                format!("below {}", layout.row_count),
                entry,
            ));
        }
    }
    Ok(())
}
