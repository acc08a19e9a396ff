//! Vectors file: the original vectors of one named vector, and which points have one.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where each section is.
//! Bytes: docs/storage-format.md, section 8.2.

use std::ops::Range;

use crate::bitmap;
use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_count, check_data_len, check_preamble, gaps, in_file, place_of};
use crate::vector_params::{Datatype, Metric, check_dim};

pub use crate::section::PREAMBLE_LEN;

/// Offsets that share one entry of the ranks section.
pub const RANK_GROUP_LEN: u32 = 512;

const POINT_COUNT: Field = Field::first("point_count", 8);
const ROW_COUNT: Field = POINT_COUNT.then("row_count", 8);
const DIM: Field = ROW_COUNT.then("dim", 4);
const DATATYPE: Field = DIM.then("datatype", 1);
const METRIC: Field = DATATYPE.then("metric", 1);
const FLAGS: Field = METRIC.then("flags", 2);
const STRIDE: Field = FLAGS.then("stride", 4);
const RESERVED: Field = STRIDE.then("reserved", 4);
const PRESENCE_OFFSET: Field = RESERVED.then("presence_offset", 8);
const RANKS_OFFSET: Field = PRESENCE_OFFSET.then("ranks_offset", 8);
const ROWS_OFFSET: Field = RANKS_OFFSET.then("rows_offset", 8);
const RESERVED_END: Field = ROWS_OFFSET.then("reserved", 8);

/// The preamble's fields in order.
pub const FIELDS: [Field; 12] = [
    POINT_COUNT,
    ROW_COUNT,
    DIM,
    DATATYPE,
    METRIC,
    FLAGS,
    STRIDE,
    RESERVED,
    PRESENCE_OFFSET,
    RANKS_OFFSET,
    ROWS_OFFSET,
    RESERVED_END,
];

/// Where the sections of a vectors file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorsLayout {
    /// Points of the segment.
    pub point_count: u32,
    /// Points that have this vector.
    pub row_count: u32,
    /// Values a row.
    pub dim: u32,
    /// How values are stored.
    pub datatype: Datatype,
    /// How vectors are compared.
    pub metric: Metric,
    presence: Option<(Range<u64>, Range<u64>)>,
    rows: Range<u64>,
}

impl VectorsLayout {
    /// The layout for these counts.
    ///
    /// # Errors
    /// `Invalid` when there are more rows than points, or no or too many dimensions.
    pub fn new(
        point_count: u32,
        row_count: u32,
        dim: u32,
        datatype: Datatype,
        metric: Metric,
    ) -> Result<Self, FormatError> {
        check_dim(dim, DIM.offset as u64)?;
        if row_count > point_count {
            return Err(FormatError::invalid(
                ROW_COUNT.offset as u64,
                "row_count",
                format!("at most {point_count}"),
                row_count,
            ));
        }
        let mut sections = Sections::new();
        let presence = if row_count < point_count {
            let words = sections.place(bitmap::word_count(point_count), 8)?;
            Some((words, sections.place(u64::from(point_count.div_ceil(RANK_GROUP_LEN)), 4)?))
        } else {
            None
        };
        let stride = u64::from(dim) * u64::from(datatype.value_bytes());
        let rows = sections.place(u64::from(row_count), stride)?;
        Ok(Self { point_count, row_count, dim, datatype, metric, presence, rows })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        let start = |section: Option<Range<u64>>| section.map_or(0, |range| range.start);
        POINT_COUNT.write(&mut bytes, u64::from(self.point_count));
        ROW_COUNT.write(&mut bytes, u64::from(self.row_count));
        DIM.write(&mut bytes, u64::from(self.dim));
        DATATYPE.write(&mut bytes, u64::from(self.datatype.code()));
        METRIC.write(&mut bytes, u64::from(self.metric.code()));
        FLAGS.write(&mut bytes, u64::from(self.presence.is_some()));
        STRIDE.write(&mut bytes, self.stride());
        PRESENCE_OFFSET.write(&mut bytes, start(self.presence()));
        RANKS_OFFSET.write(&mut bytes, start(self.ranks()));
        ROWS_OFFSET.write(&mut bytes, self.rows.start);
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
        let datatype = Datatype::decode(DATATYPE.read_as(preamble)?, DATATYPE.offset as u64)?;
        let metric = Metric::decode(METRIC.read_as(preamble)?, METRIC.offset as u64)?;
        let (point_count, row_count) = (POINT_COUNT.read_as(preamble)?, ROW_COUNT.read_as(preamble)?);
        let layout = Self::new(point_count, row_count, DIM.read_as(preamble)?, datatype, metric)?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// Bytes of a row.
    #[must_use]
    pub fn stride(&self) -> u64 {
        u64::from(self.dim) * u64::from(self.datatype.value_bytes())
    }

    /// Bitmap of the points that have this vector; `None` when all have.
    #[must_use]
    pub fn presence(&self) -> Option<Range<u64>> {
        self.presence.as_ref().map(|(words, _)| words.clone())
    }

    /// Rows before each group of 512 points; `None` when all points have this vector.
    #[must_use]
    pub fn ranks(&self) -> Option<Range<u64>> {
        self.presence.as_ref().map(|(_, ranks)| ranks.clone())
    }

    /// All rows.
    #[must_use]
    pub fn rows(&self) -> Range<u64> {
        self.rows.clone()
    }

    /// Row `index`; outside the data unless it is below the row count.
    #[must_use]
    pub fn row(&self, index: u32) -> Range<u64> {
        let start = self.rows.start + u64::from(index) * self.stride();
        start..start + self.stride()
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.rows.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        let sections = [self.presence(), self.ranks(), Some(self.rows())];
        gaps(&sections.into_iter().flatten().collect::<Vec<_>>())
    }
}

/// Checks the presence and ranks sections; both are empty when all points have this vector.
///
/// # Errors
/// The first word or rank that is wrong.
pub fn check_presence(words: &[u64], ranks: &[u32], layout: &VectorsLayout) -> Result<(), FormatError> {
    let Some((words_range, ranks_range)) = &layout.presence else {
        check_count("presence", 0, words.len())?;
        return check_count("ranks", 0, ranks.len());
    };
    bitmap::check("presence", words, words_range, layout.point_count, layout.row_count)?;
    check_count("ranks", u64::from(layout.point_count.div_ceil(RANK_GROUP_LEN)), ranks.len())?;
    let mut expected = 0_u32;
    let groups = words.chunks(RANK_GROUP_LEN as usize / 64);
    for (index, (group, rank)) in groups.zip(ranks).enumerate() {
        if *rank != expected {
            let offset = place_of(ranks_range, index, 4);
            return Err(FormatError::invalid(offset, "ranks", expected.to_string(), rank));
        }
        expected += group.iter().map(|word| word.count_ones()).sum::<u32>();
    }
    Ok(())
}
