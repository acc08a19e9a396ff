//! Outside ids of a sealed segment: id to offset and back, and the version of each point. Bytes: docs/storage-format.md, section 8.6.
//!
//! Ids are sorted arrays in the mapped file, so opening a segment reads none of them and a look-up is a binary search.

use crate::error::{Error, Result};
use crate::ids::SeqNo;
use crate::io::{BlockFile, BlockWriter, FileStamp};
use crate::point::PointId;
use nigh_format::id_map::IdMapLayout;
use uuid::Uuid;

/// The id map of one segment.
#[derive(Debug)]
pub(crate) struct MappedIds {
    file: BlockFile,
    layout: IdMapLayout,
}

impl MappedIds {
    pub(crate) fn open(file: BlockFile, point_count: u32) -> Result<Self> {
        let preamble = file.bytes(0..64.min(file.data_len()))?;
        let layout = IdMapLayout::decode(preamble, file.data_len()).map_err(|e| file.format_error(e))?;
        if layout.point_count != point_count {
            let what = format!("expected {point_count} points, got {}", layout.point_count);
            return Err(file.damaged(0, what));
        }
        Ok(Self { file, layout })
    }

    pub(crate) fn file(&self) -> &BlockFile {
        &self.file
    }

    pub(crate) fn layout(&self) -> &IdMapLayout {
        &self.layout
    }

    fn number<T: bytemuck::Pod>(&self, section: std::ops::Range<u64>, index: u32) -> Result<T> {
        let size = size_of::<T>() as u64;
        let start = section.start + u64::from(index) * size;
        if start + size > section.end {
            let what =
                format!("expected an index below {}, got {index}", (section.end - section.start) / size);
            return Err(self.file.damaged(section.start, what));
        }
        let values: &[T] = self.file.array(start..start + size)?;
        values.first().copied().ok_or_else(|| self.file.damaged(start, "the section is too short"))
    }

    /// The id with this place in id order.
    pub(crate) fn id_of_rank(&self, rank: u32) -> Result<PointId> {
        match rank.checked_sub(self.layout.int_count) {
            None => self.number(self.layout.ints(), rank).map(PointId::Num),
            Some(i) => {
                let bytes: [u8; 16] = self.number(self.layout.uuids(), i)?;
                Ok(PointId::Uuid(Uuid::from_bytes(bytes)))
            }
        }
    }

    /// First rank whose id is not below `id`.
    pub(crate) fn rank_from(&self, id: PointId) -> Result<u32> {
        let (mut low, mut high) = match id {
            PointId::Num(_) => (0, self.layout.int_count),
            PointId::Uuid(_) => (self.layout.int_count, self.layout.point_count),
        };
        // Ids often come in ascending order: the ends decide most look-ups.
        if low < high && self.id_of_rank(high - 1)? < id {
            return Ok(high);
        }
        while low < high {
            let middle = low + (high - low) / 2;
            if self.id_of_rank(middle)? < id { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }

    /// The offset of an id.
    pub(crate) fn find(&self, id: PointId) -> Result<Option<u32>> {
        let rank = self.rank_from(id)?;
        if rank < self.layout.point_count && self.id_of_rank(rank)? == id {
            return self.offset_of_rank(rank).map(Some);
        }
        Ok(None)
    }

    /// The offset of the id with this place in id order.
    pub(crate) fn offset_of_rank(&self, rank: u32) -> Result<u32> {
        let offset: u32 = self.number(self.layout.offsets(), rank)?;
        if offset >= self.layout.point_count {
            let what = format!("expected an offset below {}, got {offset}", self.layout.point_count);
            return Err(self.file.damaged(self.layout.offsets().start, what));
        }
        Ok(offset)
    }

    /// The id at an offset.
    pub(crate) fn id(&self, offset: u32) -> Result<PointId> {
        self.id_of_rank(self.number(self.layout.ranks(), offset)?)
    }

    /// The ids at some offsets, appended to `ids`. One array after the other, so that what is not in the cache is waited for together.
    pub(crate) fn ids(&self, offsets: &[u32], ids: &mut Vec<PointId>) -> Result<()> {
        let ranks = offsets.iter().map(|offset| self.number(self.layout.ranks(), *offset));
        let ranks: Vec<u32> = ranks.collect::<Result<_>>()?;
        ranks.iter().try_for_each(|rank| {
            ids.push(self.id_of_rank(*rank)?);
            Ok(())
        })
    }

    /// Asks the cache for what [`MappedIds::ids`] and [`MappedIds::version`] need of an offset.
    #[inline]
    pub(crate) fn prefetch(&self, offset: u32) {
        self.file.prefetch(self.layout.ranks().start + u64::from(offset) * 4);
        self.file.prefetch(self.layout.versions().start + u64::from(offset) * 8);
    }

    /// The operation that wrote the point at an offset.
    pub(crate) fn version(&self, offset: u32) -> Result<SeqNo> {
        self.number(self.layout.versions(), offset).map(SeqNo)
    }
}

/// Writes the id map of points given in offset order.
pub(crate) fn write_ids(mut writer: BlockWriter<'_>, points: &[(PointId, SeqNo)]) -> Result<FileStamp> {
    let mut order: Vec<u32> = (0..points.len() as u32).collect();
    let id = |offset: u32| points.get(offset as usize).map(|p| p.0);
    order.sort_unstable_by_key(|offset| id(*offset));
    let int_count = points.iter().filter(|p| matches!(p.0, PointId::Num(_))).count() as u32;
    let layout =
        IdMapLayout::new(points.len() as u32, int_count).map_err(|e| Error::internal(e.to_string()))?;
    writer.write(&layout.encode())?;
    writer.pad_to(layout.ints().start)?;
    let mut ints_end = false;
    for offset in &order {
        match id(*offset) {
            Some(PointId::Num(n)) => writer.write(&n.to_le_bytes())?,
            Some(PointId::Uuid(u)) => {
                if !std::mem::replace(&mut ints_end, true) {
                    writer.pad_to(layout.uuids().start)?;
                }
                writer.write(u.as_bytes())?;
            }
            None => return Err(Error::internal("an order entry names no point")),
        }
    }
    writer.pad_to(layout.offsets().start)?;
    order.iter().try_for_each(|offset| writer.write(&offset.to_le_bytes()))?;
    let mut ranks = vec![0u32; order.len()];
    for (rank, offset) in (0..).zip(&order) {
        if let Some(slot) = ranks.get_mut(*offset as usize) {
            *slot = rank;
        }
    }
    writer.pad_to(layout.ranks().start)?;
    ranks.iter().try_for_each(|rank| writer.write(&rank.to_le_bytes()))?;
    writer.pad_to(layout.versions().start)?;
    points.iter().try_for_each(|(_, version)| writer.write(&version.0.to_le_bytes()))?;
    writer.finish()
}
