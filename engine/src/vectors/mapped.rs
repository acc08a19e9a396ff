//! Rows of a sealed segment, served in place from the mapped vectors file, and the writer of that file.

use super::{Row, row_bytes};
use crate::error::{Error, Result};
use crate::io::{AccessPattern, BlockFile, BlockWriter, FileStamp};
use nigh_format::manifest::{Datatype, VectorParams};
use nigh_format::vectors::VectorsLayout;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Offsets between two entries of the ranks section.
const RANK_GROUP: usize = nigh_format::vectors::RANK_GROUP_LEN as usize;

/// The vectors file of one named vector.
#[derive(Debug)]
pub(crate) struct MappedVectors {
    file: BlockFile,
    layout: VectorsLayout,
    /// Where some points have no row: the point of each row, made when it is first asked for.
    offsets: OnceLock<Result<Vec<u32>>>,
    /// The kernel was told that scans are coming; once is enough.
    scan_expected: AtomicBool,
}

impl MappedVectors {
    /// Reads the preamble and compares it with what the collection expects.
    pub(crate) fn open(file: BlockFile, params: &VectorParams, point_count: u32) -> Result<Self> {
        let preamble = file.bytes(0..64.min(file.data_len()))?;
        let layout = VectorsLayout::decode(preamble, file.data_len()).map_err(|e| file.format_error(e))?;
        let fits = layout.point_count == point_count
            && layout.dim == params.dim
            && layout.datatype == params.datatype
            && layout.metric == params.metric;
        if !fits {
            let expected = format!("{point_count} points of {params:?}");
            return Err(file.damaged(0, format!("expected {expected}, got {layout:?}")));
        }
        Ok(Self { file, layout, offsets: OnceLock::new(), scan_expected: AtomicBool::new(false) })
    }

    pub(crate) fn file(&self) -> &BlockFile {
        &self.file
    }

    /// Rows: points that have this vector.
    pub(crate) fn row_count(&self) -> u32 {
        self.layout.row_count
    }

    /// The points of the rows, in their order; none where they are the same.
    pub(crate) fn offsets_of_rows(&self) -> Result<Option<&[u32]>> {
        if self.layout.presence().is_none() {
            return Ok(None);
        }
        let made = self.offsets.get_or_init(|| {
            let mut offsets = Vec::with_capacity(self.layout.row_count as usize);
            for offset in 0..self.layout.point_count {
                if self.has_row(offset)? {
                    offsets.push(offset);
                }
            }
            Ok(offsets)
        });
        made.as_ref().map(|offsets| Some(offsets.as_slice())).map_err(Clone::clone)
    }

    /// Which points have this vector, bit i of word w being offset 64w + i; none where all have.
    pub(crate) fn presence(&self) -> Result<Option<&[u64]>> {
        self.layout.presence().map(|words| self.file.array(words)).transpose()
    }

    /// Compares the presence section with its own rules.
    pub(crate) fn check(&self) -> Result<()> {
        let (Some(presence), Some(ranks)) = (self.layout.presence(), self.layout.ranks()) else {
            return Ok(());
        };
        let (words, ranks) = (self.file.array(presence)?, self.file.array(ranks)?);
        nigh_format::vectors::check_presence(words, ranks, &self.layout)
            .map_err(|e| self.file.format_error(e))
    }

    /// Tells the kernel, the first time, that a whole scan is coming.
    pub(crate) fn expect_scan(&self) {
        if self.scan_expected.swap(true, Ordering::Relaxed) {
            return;
        }
        self.file.advise(AccessPattern::Sequential);
        self.file.advise(AccessPattern::WillNeed);
    }

    /// The row of a point, if it has this vector.
    pub(crate) fn row(&self, offset: u32) -> Result<Option<Row<'_>>> {
        let Some(row) = self.row_index(offset)? else { return Ok(None) };
        let range = self.layout.row(row);
        Ok(Some(match self.layout.datatype {
            Datatype::F32 => Row::F32(self.file.array(range)?),
            Datatype::F16 => Row::F16(self.file.array(range)?),
            Datatype::U8 => Row::U8(self.file.bytes(range)?),
        }))
    }

    /// Calls `each` for the rows of a run of offsets if every point has this vector; else false, and nothing is called.
    pub(crate) fn for_each_dense(
        &self,
        offsets: std::ops::Range<u32>,
        each: &mut impl FnMut(u32, Row<'_>),
    ) -> Result<bool> {
        if self.layout.presence().is_some() || offsets.is_empty() {
            return Ok(offsets.is_empty());
        }
        let rows = self.layout.row(offsets.start).start..self.layout.row(offsets.end - 1).end;
        let dim = self.layout.dim as usize;
        match self.layout.datatype {
            Datatype::F32 => {
                offsets.zip(self.file.array(rows)?.chunks_exact(dim)).for_each(|(o, r)| each(o, Row::F32(r)));
            }
            Datatype::F16 => {
                offsets.zip(self.file.array(rows)?.chunks_exact(dim)).for_each(|(o, r)| each(o, Row::F16(r)));
            }
            Datatype::U8 => {
                offsets.zip(self.file.bytes(rows)?.chunks_exact(dim)).for_each(|(o, r)| each(o, Row::U8(r)));
            }
        }
        Ok(true)
    }

    /// The stored bytes of a point's row.
    pub(crate) fn bytes(&self, offset: u32) -> Result<Option<&[u8]>> {
        match self.row_index(offset)? {
            Some(row) => self.file.bytes(self.layout.row(row)).map(Some),
            None => Ok(None),
        }
    }

    /// Whether the point has this vector.
    pub(crate) fn has_row(&self, offset: u32) -> Result<bool> {
        self.row_index(offset).map(|row| row.is_some())
    }

    fn row_index(&self, offset: u32) -> Result<Option<u32>> {
        let (Some(presence), Some(ranks)) = (self.layout.presence(), self.layout.ranks()) else {
            return Ok((offset < self.layout.row_count).then_some(offset));
        };
        let words: &[u64] = self.file.array(presence.clone())?;
        let (word, bit) = (offset as usize / 64, offset % 64);
        let damaged = || self.file.damaged(presence.start, "the presence section is too short");
        if words.get(word).ok_or_else(damaged)? >> bit & 1 == 0 {
            return Ok(None);
        }
        let group = offset as usize / RANK_GROUP;
        let ranks: &[u32] = self.file.array(ranks)?;
        let mut row = *ranks.get(group).ok_or_else(damaged)?;
        for w in group * (RANK_GROUP / 64)..word {
            row += words.get(w).ok_or_else(damaged)?.count_ones();
        }
        row += (words.get(word).ok_or_else(damaged)? & ((1 << bit) - 1)).count_ones();
        if row >= self.layout.row_count {
            return Err(self.file.damaged(presence.start, "presence names more rows than there are"));
        }
        Ok(Some(row))
    }
}

/// Writes the vectors file of `present.len()` points. `row_of(i)` gives the stored bytes of the `i`th point and is asked
/// once, in order, for those that are present.
pub(crate) fn write_vectors<'a>(
    mut writer: BlockWriter<'_>,
    params: &VectorParams,
    present: &[bool],
    mut row_of: impl FnMut(usize) -> Result<Option<std::borrow::Cow<'a, [u8]>>>,
) -> Result<(FileStamp, u32)> {
    let row_count = present.iter().filter(|p| **p).count() as u32;
    let (dim, datatype, metric) = (params.dim, params.datatype, params.metric);
    let layout = VectorsLayout::new(present.len() as u32, row_count, dim, datatype, metric)
        .map_err(|e| Error::internal(e.to_string()))?;
    writer.write(&layout.encode())?;
    if let (Some(words), Some(ranks)) = (layout.presence(), layout.ranks()) {
        writer.pad_to(words.start)?;
        for group in present.chunks(64) {
            let word = group.iter().rev().fold(0u64, |word, p| word << 1 | u64::from(*p));
            writer.write(&word.to_le_bytes())?;
        }
        writer.pad_to(ranks.start)?;
        let mut rank = 0u32;
        for group in present.chunks(RANK_GROUP) {
            writer.write(&rank.to_le_bytes())?;
            rank += group.iter().filter(|p| **p).count() as u32;
        }
    }
    writer.pad_to(layout.rows().start)?;
    for (i, _) in present.iter().enumerate().filter(|(_, p)| **p) {
        match row_of(i)? {
            Some(row) if row.len() == row_bytes(params) => writer.write(&row)?,
            other => {
                let got = other.map_or(0, |row| row.len());
                return Err(Error::internal(format!("row {i} has {got} bytes of {}", row_bytes(params))));
            }
        }
    }
    Ok((writer.finish()?, row_count))
}
