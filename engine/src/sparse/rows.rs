//! The sparse file: rows as they were given, read in place. Bytes: docs/storage-format.md, section 8.9.
//!
//! Rows are not rebuilt from the lists: those may hold rounded weights, and one row would take a look into as many lists as it has values. They
//! are not packed either, so that a merge copies them and the builder of lists reads them several times at the speed of memory.

use crate::error::{Error, Result};
use crate::io::{BlockFile, BlockWriter, FileStamp};
use crate::point::SparseVector;
use nigh_format::sparse::{SparseLayout, check_ends, check_row};

/// One row: indices, ascending, and their values.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SparseRow<'a> {
    pub(crate) indices: &'a [u32],
    pub(crate) values: &'a [f32],
}

impl<'a> SparseRow<'a> {
    pub(crate) fn iter(self) -> impl Iterator<Item = (u32, f32)> + use<'a> {
        self.indices.iter().copied().zip(self.values.iter().copied())
    }
}

/// The sparse file of one segment.
#[derive(Debug)]
pub(crate) struct MappedSparse {
    file: BlockFile,
    layout: SparseLayout,
}

impl MappedSparse {
    pub(crate) fn open(file: BlockFile) -> Result<Self> {
        let preamble = file.bytes(0..64.min(file.data_len()))?;
        let layout = SparseLayout::decode(preamble, file.data_len()).map_err(|e| file.format_error(e))?;
        Ok(Self { file, layout })
    }

    pub(crate) fn point_count(&self) -> u32 {
        self.layout.point_count
    }

    /// Points that have this vector.
    pub(crate) fn row_count(&self) -> u32 {
        self.layout.row_count
    }

    /// Values of all rows.
    pub(crate) fn value_count(&self) -> u64 {
        self.layout.value_count
    }

    /// The row of a point, if it has this vector.
    pub(crate) fn row(&self, offset: u32) -> Result<Option<SparseRow<'_>>> {
        if offset >= self.layout.point_count {
            return Ok(None);
        }
        let word_at = self.layout.presence().start + u64::from(offset / 64) * 8;
        let word: &[u64] = self.file.array(word_at..word_at + 8)?;
        if word.first().is_none_or(|word| word >> (offset % 64) & 1 == 0) {
            return Ok(None);
        }
        let end_at = |i: u32| self.layout.ends().start + u64::from(i) * 8;
        let from = end_at(offset.saturating_sub(1));
        let ends: &[u64] = self.file.array(from..end_at(offset) + 8)?;
        let (start, end) = match ends {
            [end] => (0, *end),
            [start, end] => (*start, *end),
            _ => return Err(self.file.damaged(from, "the ends section is too short")),
        };
        if start > end || end > self.layout.value_count {
            return Err(self.file.damaged(from, format!("expected ascending ends, got {start} and {end}")));
        }
        let of = |section: u64| section + start * 4..section + end * 4;
        let indices = self.file.array(of(self.layout.indices().start))?;
        let values = self.file.array(of(self.layout.values().start))?;
        Ok(Some(SparseRow { indices, values }))
    }

    /// Calls `each` for every row, in order of the offsets.
    pub(crate) fn for_each(&self, mut each: impl FnMut(u32, SparseRow<'_>) -> Result<()>) -> Result<()> {
        for offset in 0..self.layout.point_count {
            if let Some(row) = self.row(offset)? {
                each(offset, row)?;
            }
        }
        Ok(())
    }

    /// Compares every checksum, then what the sections say.
    pub(crate) fn verify(&self) -> Result<()> {
        self.file.check_all()?;
        let (file, layout) = (&self.file, &self.layout);
        let (presence, ends) = (file.array(layout.presence())?, file.array(layout.ends())?);
        check_ends(presence, ends, layout).map_err(|e| file.format_error(e))?;
        let mut first = 0;
        self.for_each(|_, row| {
            check_row(row.indices, row.values, first, layout).map_err(|e| file.format_error(e))?;
            first += row.indices.len() as u64;
            Ok(())
        })?;
        let zeros = |gap: std::ops::Range<u64>| {
            let at = gap.start;
            match file.bytes(gap)?.iter().any(|byte| *byte != 0) {
                true => Err(file.damaged(at, "expected zeros between sections")),
                false => Ok(()),
            }
        };
        layout.gaps().into_iter().try_for_each(zeros)
    }
}

/// Writes the sparse file of `lens.len()` points: how many values each has, `None` without this vector. `row_of(i)` is asked twice for
/// each that has, in order.
pub(crate) fn write_sparse<'a>(
    mut writer: BlockWriter<'_>,
    lens: &[Option<u32>],
    row_of: impl Fn(usize) -> Result<Option<std::borrow::Cow<'a, SparseVector>>>,
) -> Result<FileStamp> {
    let row_count = lens.iter().flatten().count() as u32;
    let value_count = lens.iter().flatten().map(|len| u64::from(*len)).sum();
    let layout = SparseLayout::new(lens.len() as u32, row_count, value_count)
        .map_err(|e| Error::internal(e.to_string()))?;
    writer.write(&layout.encode())?;
    writer.pad_to(layout.presence().start)?;
    for group in lens.chunks(64) {
        let word = group.iter().rev().fold(0_u64, |word, len| word << 1 | u64::from(len.is_some()));
        writer.write(&word.to_le_bytes())?;
    }
    writer.pad_to(layout.ends().start)?;
    let mut end = 0_u64;
    for len in lens {
        end += u64::from(len.unwrap_or(0));
        writer.write(&end.to_le_bytes())?;
    }
    let mut bytes = Vec::new();
    // The second pass over the rows saves a copy of all values.
    for section in [layout.indices(), layout.values()] {
        writer.pad_to(section.start)?;
        for (i, len) in lens.iter().enumerate() {
            let Some(len) = len else { continue };
            let row = row_of(i)?.ok_or_else(|| Error::internal(format!("sparse row {i} is gone")))?;
            if row.len() != *len as usize {
                return Err(Error::internal(format!("sparse row {i} has {} values of {len}", row.len())));
            }
            bytes.clear();
            match section == layout.indices() {
                true => row.indices().iter().for_each(|index| bytes.extend_from_slice(&index.to_le_bytes())),
                false => row.values().iter().for_each(|value| bytes.extend_from_slice(&value.to_le_bytes())),
            }
            writer.write(&bytes)?;
        }
    }
    writer.finish()
}
