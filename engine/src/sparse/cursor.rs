//! One list of a query on its way through the offsets.

use super::lists::{ListView, Unpacked};
use super::search::SparseTouched;
use crate::error::Result;
use nigh_format::postings::Block;

/// Where a walk is in one list.
#[derive(Debug)]
pub(crate) struct Cursor<'a> {
    list: ListView<'a>,
    /// The query's weight.
    weight: f64,
    /// The current block.
    block: usize,
    /// The block that is unpacked; `usize::MAX` if none is.
    unpacked_block: usize,
    unpacked: Box<Unpacked>,
    /// The block at the start of the window.
    window_block: usize,
    /// What no row of the window gets more than from this list; zero or more, for a row may not be in it.
    pub(crate) bound: f64,
    /// About how many postings the list has in the window; 0 if it has none.
    pub(crate) postings: u64,
}

/// What a window sums into.
#[derive(Debug)]
pub(crate) struct Sums {
    /// A sum for each row, from `start` on.
    pub(crate) values: Vec<f64>,
    /// Which rows got something, zeros included.
    pub(crate) touched: Vec<u64>,
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl<'a> Cursor<'a> {
    pub(crate) fn new(list: ListView<'a>, weight: f32) -> Self {
        Self {
            list,
            weight: f64::from(weight),
            block: 0,
            unpacked_block: usize::MAX,
            unpacked: Box::new(Unpacked::new()),
            window_block: 0,
            bound: 0.0,
            postings: 0,
        }
    }

    /// What no posting of the list gives more than, its sign left out.
    pub(crate) fn largest(&self) -> f64 {
        let most = self.list.list.min.abs().max(self.list.list.max.abs());
        self.weight.abs() * f64::from(most)
    }

    /// An offset that no posting from `offset` on is below, the next posting's if that is known; `None` behind the last one.
    pub(crate) fn next_from(&mut self, offset: u32) -> Option<u32> {
        self.block = self.list.seek(self.block, offset);
        let block = self.list.block(self.block)?;
        if block.first >= offset || self.unpacked_block != self.block {
            return Some(block.first.max(offset));
        }
        let offsets = self.unpacked.offsets();
        let next = offsets.get(offsets.partition_point(|other| *other < offset));
        Some(next.copied().unwrap_or(offset))
    }

    /// Looks at the entries of the blocks of a window.
    pub(crate) fn enter(&mut self, start: u32, end: u32) {
        self.block = self.list.seek(self.block, start);
        (self.window_block, self.bound, self.postings) = (self.block, 0.0, 0);
        let mut number = self.block;
        while let Some(block) = self.list.block(number).filter(|block| block.first < end) {
            self.bound = self.bound.max(self.weight * f64::from(block.max));
            self.bound = self.bound.max(self.weight * f64::from(block.min));
            self.postings += postings_within(&block, start, end);
            number += 1;
        }
    }

    /// Adds the products of all rows of the window, and notes which rows they are if `TRACK`.
    pub(crate) fn add_all<const TRACK: bool>(
        &mut self,
        sums: &mut Sums,
        seen: &mut SparseTouched,
    ) -> Result<()> {
        self.block = self.list.seek(self.block, sums.start);
        while let Some(block) = self.list.block(self.block).filter(|block| block.first < sums.end) {
            self.unpack(&block, seen)?;
            let (offsets, weights) = (self.unpacked.offsets(), self.unpacked.weights());
            let from = match block.first < sums.start {
                true => offsets.partition_point(|offset| *offset < sums.start),
                false => 0,
            };
            let to = match block.last < sums.end {
                true => offsets.len(),
                false => offsets.partition_point(|offset| *offset < sums.end),
            };
            let (Some(offsets), Some(weights)) = (offsets.get(from..to), weights.get(from..to)) else {
                break;
            };
            seen.postings += offsets.len() as u64;
            let (start, factor) = (sums.start, self.weight);
            let (values, touched) = (sums.values.as_mut_slice(), sums.touched.as_mut_slice());
            for (offset, weight) in offsets.iter().zip(weights) {
                let place = offset.wrapping_sub(start) as usize;
                if let Some(sum) = values.get_mut(place) {
                    *sum += factor * f64::from(*weight);
                }
                if TRACK && let Some(word) = touched.get_mut(place / 64) {
                    *word |= 1 << (place % 64);
                }
            }
            if block.last >= sums.end {
                break;
            }
            self.block += 1;
        }
        Ok(())
    }

    /// Adds the products of some rows of the window, ascending.
    pub(crate) fn add_some(
        &mut self,
        sums: &mut Sums,
        offsets: &[u32],
        seen: &mut SparseTouched,
    ) -> Result<()> {
        seen.lookups += offsets.len() as u64;
        for offset in offsets {
            self.block = self.list.seek(self.block, *offset);
            let Some(block) = self.list.block(self.block) else { break };
            if block.first > *offset {
                continue;
            }
            self.unpack(&block, seen)?;
            if let Ok(at) = self.unpacked.offsets().binary_search(offset)
                && let Some(weight) = self.unpacked.weights().get(at)
                && let Some(sum) = sums.values.get_mut(offset.wrapping_sub(sums.start) as usize)
            {
                *sum += self.weight * f64::from(*weight);
            }
        }
        Ok(())
    }

    /// What one row of the window gets from this list.
    pub(crate) fn product_of(&self, offset: u32) -> Result<Option<f64>> {
        let weight = self.list.weight_of(self.window_block, offset)?;
        Ok(weight.map(|weight| self.weight * f64::from(weight)))
    }

    fn unpack(&mut self, block: &Block, seen: &mut SparseTouched) -> Result<()> {
        if self.unpacked_block != self.block {
            // Not valid until all of it was read.
            self.unpacked_block = usize::MAX;
            self.list.unpack(block, &mut self.unpacked)?;
            self.unpacked_block = self.block;
            seen.blocks += 1;
        }
        Ok(())
    }

    /// Blocks of the list.
    pub(crate) fn block_count(&self) -> usize {
        self.list.block_count()
    }
}

/// About how many postings of a block are in a window that it reaches into, at least 1: as if they were spread evenly.
fn postings_within(block: &Block, start: u32, end: u32) -> u64 {
    let len = block.len as u64;
    if block.first >= start && block.last < end {
        return len;
    }
    let rows = |first: u32, last: u32| u64::from(last.saturating_sub(first)) + 1;
    let within = rows(block.first.max(start), block.last.min(end.saturating_sub(1)));
    (len * within / rows(block.first, block.last)).max(1)
}
