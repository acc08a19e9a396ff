//! Id map: which outside id is at which offset of a segment, and which operation wrote it.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where each section is.
//! Bytes: docs/storage-format.md, section 8.6.

use std::ops::Range;

use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_count, check_data_len, check_preamble, gaps, in_file, place_of};

pub use crate::section::PREAMBLE_LEN;

/// Bytes of a UUID.
pub const UUID_LEN: usize = 16;

const POINT_COUNT: Field = Field::first("point_count", 8);
const INT_COUNT: Field = POINT_COUNT.then("int_count", 8);
const INTS_OFFSET: Field = INT_COUNT.then("ints_offset", 8);
const UUIDS_OFFSET: Field = INTS_OFFSET.then("uuids_offset", 8);
const OFFSETS_OFFSET: Field = UUIDS_OFFSET.then("offsets_offset", 8);
const RANKS_OFFSET: Field = OFFSETS_OFFSET.then("ranks_offset", 8);
const VERSIONS_OFFSET: Field = RANKS_OFFSET.then("versions_offset", 8);
const RESERVED: Field = VERSIONS_OFFSET.then("reserved", 8);

/// The preamble's fields in order.
pub const FIELDS: [Field; 8] = [
    POINT_COUNT,
    INT_COUNT,
    INTS_OFFSET,
    UUIDS_OFFSET,
    OFFSETS_OFFSET,
    RANKS_OFFSET,
    VERSIONS_OFFSET,
    RESERVED,
];

/// Where the sections of an id map are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdMapLayout {
    /// Points of the segment.
    pub point_count: u32,
    /// How many of them have an integer id; the others have a UUID.
    pub int_count: u32,
    ints: Range<u64>,
    uuids: Range<u64>,
    offsets: Range<u64>,
    ranks: Range<u64>,
    versions: Range<u64>,
}

impl IdMapLayout {
    /// The layout for these counts.
    ///
    /// # Errors
    /// `Invalid` when there are more integers than points.
    pub fn new(point_count: u32, int_count: u32) -> Result<Self, FormatError> {
        let Some(uuid_count) = point_count.checked_sub(int_count) else {
            let offset = INT_COUNT.offset as u64;
            return Err(FormatError::invalid(
                offset,
                "int_count",
                format!("at most {point_count}"),
                int_count,
            ));
        };
        let count = u64::from(point_count);
        let mut sections = Sections::new();
        let ints = sections.place(u64::from(int_count), 8)?;
        let uuids = sections.place(u64::from(uuid_count), UUID_LEN as u64)?;
        let offsets = sections.place(count, 4)?;
        let ranks = sections.place(count, 4)?;
        let versions = sections.place(count, 8)?;
        Ok(Self { point_count, int_count, ints, uuids, offsets, ranks, versions })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        POINT_COUNT.write(&mut bytes, u64::from(self.point_count));
        INT_COUNT.write(&mut bytes, u64::from(self.int_count));
        INTS_OFFSET.write(&mut bytes, self.ints.start);
        UUIDS_OFFSET.write(&mut bytes, self.uuids.start);
        OFFSETS_OFFSET.write(&mut bytes, self.offsets.start);
        RANKS_OFFSET.write(&mut bytes, self.ranks.start);
        VERSIONS_OFFSET.write(&mut bytes, self.versions.start);
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
        let layout = Self::new(point_count, INT_COUNT.read_as(preamble)?)?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// Integer ids: u64, ascending.
    #[must_use]
    pub fn ints(&self) -> Range<u64> {
        self.ints.clone()
    }

    /// UUIDs: 16 bytes, ascending.
    #[must_use]
    pub fn uuids(&self) -> Range<u64> {
        self.uuids.clone()
    }

    /// Offset of each rank: u32.
    #[must_use]
    pub fn offsets(&self) -> Range<u64> {
        self.offsets.clone()
    }

    /// Rank of each offset: u32.
    #[must_use]
    pub fn ranks(&self) -> Range<u64> {
        self.ranks.clone()
    }

    /// Version of each offset: u64.
    #[must_use]
    pub fn versions(&self) -> Range<u64> {
        self.versions.clone()
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.versions.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        gaps(&[self.ints(), self.uuids(), self.offsets(), self.ranks(), self.versions()])
    }
}

/// Checks that ids ascend and that offsets and ranks undo each other.
///
/// # Errors
/// The first item that is wrong.
pub fn check(ints: &[u64], uuids: &[u8], offsets: &[u32], ranks: &[u32]) -> Result<(), FormatError> {
    let count = |len: usize| u32::try_from(len).unwrap_or(u32::MAX);
    let layout = IdMapLayout::new(count(offsets.len()), count(ints.len())).map_err(in_file)?;
    check_count("bytes of uuids", layout.uuids.end - layout.uuids.start, uuids.len())?;
    let (uuids, _) = uuids.as_chunks::<UUID_LEN>();
    check_count("ranks", offsets.len() as u64, ranks.len())?;
    check_ascending("integer ids", ints, &layout.ints, 8)?;
    check_ascending("uuids", uuids, &layout.uuids, UUID_LEN as u64)?;
    for (rank, offset) in offsets.iter().enumerate() {
        let back = ranks.get(*offset as usize);
        if back.is_none_or(|back| *back as usize != rank) {
            let place = place_of(&layout.offsets, rank, 4);
            let expected = format!("an offset below {} whose rank is {rank}", offsets.len());
            return Err(FormatError::invalid(place, "offset of a rank", expected, offset));
        }
    }
    Ok(())
}

/// Checks that each version is a sequence number of the segment, which holds none above `last_seq`.
///
/// # Errors
/// The first version that is not.
pub fn check_versions(versions: &[u64], last_seq: u64, layout: &IdMapLayout) -> Result<(), FormatError> {
    check_count("versions", u64::from(layout.point_count), versions.len())?;
    for (index, version) in versions.iter().enumerate() {
        if *version == 0 || *version > last_seq {
            let place = place_of(&layout.versions, index, 8);
            return Err(FormatError::invalid(place, "version", format!("1 to {last_seq}"), version));
        }
    }
    Ok(())
}

fn check_ascending<T: Ord + std::fmt::Debug>(
    what: &'static str,
    items: &[T],
    section: &Range<u64>,
    size: u64,
) -> Result<(), FormatError> {
    for (index, (before, item)) in items.iter().zip(items.iter().skip(1)).enumerate() {
        if before >= item {
            let place = place_of(section, index + 1, size);
            return Err(FormatError::invalid(place, what, format!("above {before:?}"), format!("{item:?}")));
        }
    }
    Ok(())
}
