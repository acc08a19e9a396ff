//! The postings file: an index goes in, its list comes out, block by block. Bytes: docs/storage-format.md, section 8.10.

use super::rows::MappedSparse;
use crate::error::Result;
use crate::io::BlockFile;
use half::f16;
use half::slice::HalfFloatSliceExt;
use nigh_format::manifest::Datatype;
use nigh_format::postings::{
    BLOCK_LEN, Block, Entry, List, PostingsLayout, check_list, check_lists, unpack, unpack_one,
};

/// The postings file of one segment.
#[derive(Debug)]
pub(crate) struct MappedPostings {
    file: BlockFile,
    layout: PostingsLayout,
}

/// One list of a file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct ListView<'a> {
    postings: &'a MappedPostings,
    pub(crate) list: List,
    blocks: &'a [Entry],
}

/// The postings of one block, unpacked.
#[derive(Debug, Clone)]
pub(crate) struct Unpacked {
    offsets: [[u32; 4]; BLOCK_LEN / 4],
    weights: [f32; BLOCK_LEN],
    len: usize,
}

impl MappedPostings {
    pub(crate) fn open(file: BlockFile) -> Result<Self> {
        let preamble = file.bytes(0..64.min(file.data_len()))?;
        let layout = PostingsLayout::decode(preamble, file.data_len()).map_err(|e| file.format_error(e))?;
        Ok(Self { file, layout })
    }

    /// Points that have this vector.
    pub(crate) fn row_count(&self) -> u32 {
        self.layout.shape.row_count
    }

    /// Bytes of the file's data.
    pub(crate) fn data_len(&self) -> u64 {
        self.file.data_len()
    }

    /// The list of an index, if any row has it.
    pub(crate) fn list(&self, term: u32) -> Result<Option<ListView<'_>>> {
        let terms: &[u32] = self.file.array(self.layout.terms())?;
        let Ok(at) = terms.binary_search(&term) else { return Ok(None) };
        let at = self.layout.lists().start + at as u64 * size_of::<Entry>() as u64;
        let entry: &[Entry] = self.file.array(at..at + size_of::<Entry>() as u64)?;
        entry.first().map(|entry| self.view(List::from_entry(*entry))).transpose()
    }

    fn view(&self, list: List) -> Result<ListView<'_>> {
        let blocks = self.file.array(self.layout.blocks(&list))?;
        Ok(ListView { postings: self, list, blocks })
    }

    /// Compares every checksum, then what the sections say, also with the rows that the lists were made from.
    pub(crate) fn verify(&self, rows: &MappedSparse) -> Result<()> {
        let (file, layout) = (&self.file, &self.layout);
        file.check_all()?;
        let format = |e| file.format_error(e);
        let terms: &[u32] = file.array(layout.terms())?;
        let lists: &[Entry] = file.array(layout.lists())?;
        check_lists(terms, lists, layout).map_err(format)?;
        let data = layout.data();
        for (at, entry) in lists.iter().enumerate() {
            let list = List::from_entry(*entry);
            let end = lists.get(at + 1).map_or(data.end, |next| data.start + List::from_entry(*next).start);
            check_list(&list, file.bytes(data.start + list.start..end)?, layout).map_err(format)?;
        }
        let shape = &layout.shape;
        let of_rows = (rows.point_count(), rows.row_count(), rows.value_count());
        if (shape.point_count, shape.row_count, shape.posting_count) != of_rows {
            return Err(
                file.damaged(0, format!("expected points, rows and values {of_rows:?}, got {shape:?}"))
            );
        }
        rows.for_each(|offset, row| {
            for (term, value) in row.iter() {
                let found = match self.list(term)? {
                    Some(list) => list.weight_of(0, offset)?.is_some_and(|weight| list.stores(value, weight)),
                    None => false,
                };
                if !found {
                    let what = format!("expected {value} for index {term} of offset {offset}, got another");
                    return Err(file.damaged(data.start, what));
                }
            }
            Ok(())
        })?;
        for gap in layout.gaps() {
            let at = gap.start;
            if file.bytes(gap)?.iter().any(|byte| *byte != 0) {
                return Err(file.damaged(at, "expected zeros between sections"));
            }
        }
        Ok(())
    }
}

impl ListView<'_> {
    pub(crate) fn block_count(&self) -> usize {
        self.blocks.len()
    }

    #[inline]
    pub(crate) fn block(&self, number: usize) -> Option<Block> {
        self.blocks.get(number).map(|entry| Block::from_entry(*entry))
    }

    /// The first block from `from` on whose last offset is not below `offset`.
    #[inline]
    pub(crate) fn seek(&self, from: usize, offset: u32) -> usize {
        /// A few steps are cheaper than a search by halves.
        const STEPS: usize = 4;
        let below = |[_, last, ..]: &Entry| *last < offset;
        let rest = self.blocks.get(from..).unwrap_or_default();
        match rest.iter().take(STEPS).position(|entry| !below(entry)) {
            Some(steps) => from + steps,
            None => from + rest.partition_point(below),
        }
    }

    /// Unpacks a block.
    pub(crate) fn unpack(&self, block: &Block, out: &mut Unpacked) -> Result<()> {
        let (file, layout) = (&self.postings.file, &self.postings.layout);
        let (offsets, weights) = layout.block(&self.list, block);
        unpack(file.array(offsets)?, block.width, block.first, &mut out.offsets);
        out.len = block.len.min(BLOCK_LEN);
        let into = out.weights.get_mut(..out.len).unwrap_or_default();
        match layout.shape.datatype {
            Datatype::F32 => {
                into.iter_mut().zip(file.array::<f32>(weights)?).for_each(|(into, weight)| *into = *weight);
            }
            Datatype::F16 => {
                let halves: &[f16] = file.array(weights)?;
                if halves.len() == into.len() {
                    halves.convert_to_f32_slice(into);
                }
            }
            Datatype::U8 => {
                let list = &self.list;
                let bytes = file.bytes(weights)?;
                into.iter_mut().zip(bytes).for_each(|(into, byte)| *into = list.weight_of_u8(*byte));
            }
        }
        Ok(())
    }

    /// The weight of one row, without unpacking its block. `from` is a block that is not behind it.
    pub(crate) fn weight_of(&self, from: usize, offset: u32) -> Result<Option<f32>> {
        let Some(block) = self.block(self.seek(from, offset)).filter(|block| block.first <= offset) else {
            return Ok(None);
        };
        let (file, layout) = (&self.postings.file, &self.postings.layout);
        let (offsets, weights) = layout.block(&self.list, &block);
        let packed: &[[u32; 4]] = file.array(offsets)?;
        let wanted = offset - block.first;
        let (mut low, mut high) = (0, block.len);
        while low < high {
            let middle = (low + high) / 2;
            match unpack_one(packed, block.width, middle) < wanted {
                true => low = middle + 1,
                false => high = middle,
            }
        }
        if low == block.len || unpack_one(packed, block.width, low) != wanted {
            return Ok(None);
        }
        Ok(match layout.shape.datatype {
            Datatype::F32 => file.array::<f32>(weights)?.get(low).copied(),
            Datatype::F16 => file.array::<f16>(weights)?.get(low).map(|weight| weight.to_f32()),
            Datatype::U8 => file.bytes(weights)?.get(low).map(|byte| self.list.weight_of_u8(*byte)),
        })
    }

    /// Whether a value is stored as this weight.
    fn stores(&self, value: f32, weight: f32) -> bool {
        weight
            == match self.postings.layout.shape.datatype {
                Datatype::F32 => value,
                Datatype::F16 => super::round_to_f16(value).to_f32(),
                Datatype::U8 => self.list.weight_of_u8(self.list.u8_of_weight(value)),
            }
    }
}

impl Unpacked {
    pub(crate) fn new() -> Self {
        Self { offsets: [[0; 4]; BLOCK_LEN / 4], weights: [0.0; BLOCK_LEN], len: 0 }
    }

    /// Offsets, ascending.
    #[inline]
    pub(crate) fn offsets(&self) -> &[u32] {
        self.offsets.as_flattened().get(..self.len).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn weights(&self) -> &[f32] {
        self.weights.get(..self.len).unwrap_or_default()
    }
}
