//! Making the lists of a file: the rows of a sparse file go in, a postings file comes out.
//!
//! Two things are done with the rows. First they are counted: how long each list is, its least and greatest weight, and how many bytes
//! its blocks take. Then the lists are filled and written in order of their indices, as many at a time as fit in [`FILL_BYTES`], each time
//! with one more pass over the rows. Memory: about 60 bytes for each different index, and the larger of `FILL_BYTES` and 8 bytes a row.
//! The file depends on rows and datatype alone.

use super::round_to_f16;
use super::rows::MappedSparse;
use crate::error::{Error, Result};
use crate::io::{BlockWriter, FileStamp};
use nigh_format::manifest::Datatype;
use nigh_format::postings::{
    BLOCK_ALIGN, BLOCK_LEN, Block, ENTRY_LEN, List, PostingsLayout, PostingsShape, block_bytes,
    entries_bytes, pack, width_of,
};
use std::collections::HashMap;
use std::ops::Range;

/// Postings that are in memory at one time.
const FILL_BYTES: u64 = 128 << 20;
/// An offset and a weight.
const POSTING_BYTES: u64 = 8;
/// Rows between two questions whether to go on.
const CHECK_ROWS: u32 = 1024;

/// Writes the postings file. `check` is asked now and then, and may stop the work.
pub(crate) fn write_postings(
    writer: BlockWriter<'_>,
    rows: &MappedSparse,
    datatype: Datatype,
    check: &dyn Fn() -> Result<()>,
) -> Result<FileStamp> {
    write_in_runs(writer, rows, datatype, FILL_BYTES, check)
}

fn write_in_runs(
    mut writer: BlockWriter<'_>,
    rows: &MappedSparse,
    datatype: Datatype,
    fill_bytes: u64,
    check: &dyn Fn() -> Result<()>,
) -> Result<FileStamp> {
    let (terms, lists, data_bytes) = count(rows, datatype, check)?;
    let shape = PostingsShape {
        point_count: rows.point_count(),
        row_count: rows.row_count(),
        posting_count: rows.value_count(),
        term_count: lists.len() as u32,
        datatype,
        data_bytes,
    };
    let layout = PostingsLayout::new(shape).map_err(|e| Error::internal(e.to_string()))?;
    writer.write(&layout.encode())?;
    writer.pad_to(layout.terms().start)?;
    terms.sorted.iter().try_for_each(|term| writer.write(&term.to_le_bytes()))?;
    writer.pad_to(layout.lists().start)?;
    let mut bytes = Vec::new();
    lists.iter().try_for_each(|list| {
        bytes.clear();
        put_words(&mut bytes, &list.to_entry());
        writer.write(&bytes)
    })?;
    writer.pad_to(layout.data().start)?;
    let mut from = 0;
    while from < lists.len() {
        let to = run_end(&lists, from, fill_bytes);
        fill(rows, &terms, &lists, from..to, check, |list, offsets, weights| {
            bytes.clear();
            encode(list, offsets, weights, datatype, &mut bytes);
            writer.write(&bytes)
        })?;
        from = to;
    }
    writer.finish()
}

/// The end of the lists from `from` on that are filled at one time: one at least.
fn run_end(lists: &[List], from: usize, fill_bytes: u64) -> usize {
    let mut sum = 0;
    let fits = |list: &&List| {
        sum += u64::from(list.len) * POSTING_BYTES;
        sum <= fill_bytes
    };
    from + lists.get(from..).unwrap_or_default().iter().take_while(fits).count().max(1)
}

/// Which number each index has.
struct Terms {
    small: Vec<u32>,
    large: HashMap<u32, u32>,
    sorted: Vec<u32>,
}

impl Terms {
    /// Indices below this are found by a look into a table: vocabularies of models are smaller.
    const SMALL: u32 = 1 << 20;
    const NONE: u32 = u32::MAX;

    #[inline]
    fn number(&self, term: u32) -> u32 {
        if term < Self::SMALL {
            return self.small.get(term as usize).copied().unwrap_or(Self::NONE);
        }
        self.large.get(&term).copied().unwrap_or(Self::NONE)
    }

    /// The number of an index, which is `next` if it has none yet.
    #[inline]
    fn number_or(&mut self, term: u32, next: u32) -> u32 {
        if term >= Self::SMALL {
            return *self.large.entry(term).or_insert(next);
        }
        let place = term as usize;
        if place >= self.small.len() {
            self.small.resize((place + 1).next_power_of_two(), Self::NONE);
        }
        match self.small.get_mut(place) {
            Some(slot) if *slot == Self::NONE => {
                *slot = next;
                next
            }
            slot => slot.map_or(next, |slot| *slot),
        }
    }
}

/// What is known of a list before it is filled.
#[derive(Debug, Clone, Copy)]
struct Tally {
    term: u32,
    len: u32,
    min: f32,
    max: f32,
    first: u32,
    last: u32,
    /// Of the blocks that are full.
    bytes: u64,
}

/// The lists in order of their indices, and the bytes of all.
fn count(
    rows: &MappedSparse,
    datatype: Datatype,
    check: &dyn Fn() -> Result<()>,
) -> Result<(Terms, Vec<List>, u64)> {
    let mut terms = Terms { small: Vec::new(), large: HashMap::new(), sorted: Vec::new() };
    let mut tallies: Vec<Tally> = Vec::new();
    let bytes_of = |tally: &Tally, len: usize| block_bytes(len, width_of(tally.last - tally.first), datatype);
    rows.for_each(|offset, row| {
        if offset.is_multiple_of(CHECK_ROWS) {
            check()?;
        }
        for (term, value) in row.iter() {
            let weight = match datatype {
                Datatype::F16 => round_to_f16(value).to_f32(),
                Datatype::F32 | Datatype::U8 => value,
            };
            let next = tallies.len() as u32;
            let number = terms.number_or(term, next);
            if number == next {
                let (first, last, len, bytes) = (offset, offset, 0, 0);
                tallies.push(Tally { term, len, min: weight, max: weight, first, last, bytes });
            }
            let Some(tally) = tallies.get_mut(number as usize) else { continue };
            if tally.len.is_multiple_of(BLOCK_LEN as u32) && tally.len > 0 {
                tally.bytes += bytes_of(tally, BLOCK_LEN);
                tally.first = offset;
            }
            tally.last = offset;
            tally.len += 1;
            tally.min = tally.min.min(weight);
            tally.max = tally.max.max(weight);
        }
        Ok(())
    })?;
    tallies.sort_unstable_by_key(|tally| tally.term);
    let (mut lists, mut start) = (Vec::with_capacity(tallies.len()), 0);
    for (number, tally) in (0..).zip(&tallies) {
        match terms.small.get_mut(tally.term as usize) {
            Some(slot) => *slot = number,
            None => drop(terms.large.insert(tally.term, number)),
        }
        let list = List { start, len: tally.len, min: tally.min, max: tally.max };
        let last_len = (tally.len as usize - 1) % BLOCK_LEN + 1;
        start += entries_bytes(list.block_count()) + tally.bytes + bytes_of(tally, last_len);
        lists.push(list);
        terms.sorted.push(tally.term);
    }
    Ok((terms, lists, start))
}

/// Gathers the postings of some lists in one pass over the rows, and gives each list to `each`, in order.
fn fill(
    rows: &MappedSparse,
    terms: &Terms,
    lists: &[List],
    run: Range<usize>,
    check: &dyn Fn() -> Result<()>,
    mut each: impl FnMut(&List, &[u32], &[f32]) -> Result<()>,
) -> Result<()> {
    let lists = lists.get(run.clone()).unwrap_or_default();
    let mut end = 0_usize;
    let mut places: Vec<usize> = Vec::with_capacity(lists.len());
    for list in lists {
        places.push(end);
        end += list.len as usize;
    }
    let (mut offsets, mut weights) = (vec![0_u32; end], vec![0.0_f32; end]);
    let least = terms.sorted.get(run.start).copied().unwrap_or(0);
    let most = terms.sorted.get(run.end - 1).copied().unwrap_or(0);
    rows.for_each(|offset, row| {
        if offset.is_multiple_of(CHECK_ROWS) {
            check()?;
        }
        let skipped = row.indices.partition_point(|term| *term < least);
        for (term, value) in row.iter().skip(skipped).take_while(|(term, _)| *term <= most) {
            let number = (terms.number(term) as usize).wrapping_sub(run.start);
            let Some(place) = places.get_mut(number) else { continue };
            if let (Some(slot), Some(weight)) = (offsets.get_mut(*place), weights.get_mut(*place)) {
                (*slot, *weight) = (offset, value);
            }
            *place += 1;
        }
        Ok(())
    })?;
    for (list, end) in lists.iter().zip(places) {
        let place = end.saturating_sub(list.len as usize)..end;
        let found = offsets.get(place.clone()).zip(weights.get(place));
        let (offsets, weights) =
            found.ok_or_else(|| Error::internal("rows changed while lists were made"))?;
        each(list, offsets, weights)?;
    }
    Ok(())
}

/// Appends the bytes of a list.
fn encode(list: &List, offsets: &[u32], weights: &[f32], datatype: Datatype, bytes: &mut Vec<u8>) {
    let mut entries: Vec<u8> = Vec::with_capacity(list.block_count() as usize * ENTRY_LEN as usize);
    let mut blocks = Vec::new();
    let (mut packed, mut relative) = (Vec::new(), Vec::new());
    let head = entries_bytes(list.block_count());
    for (offsets, weights) in offsets.chunks(BLOCK_LEN).zip(weights.chunks(BLOCK_LEN)) {
        let (Some(first), Some(last)) = (offsets.first().copied(), offsets.last().copied()) else { continue };
        let (width, len) = (width_of(last - first), offsets.len());
        let start = ((head + blocks.len() as u64) / BLOCK_ALIGN) as u32;
        packed.clear();
        relative.clear();
        relative.extend(offsets.iter().map(|offset| offset - first));
        pack(&relative, width, &mut packed);
        put_words(&mut blocks, packed.as_flattened());
        let (mut min, mut max) = (f32::INFINITY, f32::NEG_INFINITY);
        let mut note = |weight: f32| (min, max) = (min.min(weight), max.max(weight));
        for weight in weights {
            match datatype {
                Datatype::F32 => {
                    note(*weight);
                    blocks.extend_from_slice(&weight.to_le_bytes());
                }
                Datatype::F16 => {
                    let half = round_to_f16(*weight);
                    note(half.to_f32());
                    blocks.extend_from_slice(&half.to_le_bytes());
                }
                Datatype::U8 => {
                    let byte = list.u8_of_weight(*weight);
                    note(list.weight_of_u8(byte));
                    blocks.push(byte);
                }
            }
        }
        blocks.resize(blocks.len().next_multiple_of(BLOCK_ALIGN as usize), 0);
        put_words(&mut entries, &Block { first, last, start, min, max, len, width }.to_entry());
    }
    entries.resize(head as usize, 0);
    bytes.append(&mut entries);
    bytes.append(&mut blocks);
}

fn put_words(bytes: &mut Vec<u8>, words: &[u32]) {
    words.iter().for_each(|word| bytes.extend_from_slice(&word.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::io::{BlockFile, SimVfs, Vfs};
    use crate::point::SparseVector;
    use crate::sparse::rows::write_sparse;
    use nigh_format::header::{FileKind, Identity};
    use std::borrow::Cow;
    use std::path::Path;

    /// However few lists are filled at a time, the file is the same.
    #[test]
    fn runs_leave_no_trace() {
        let vfs = SimVfs::new();
        let never = |_| Ok(());
        let writer = |name: &str, kind| {
            BlockWriter::create(&vfs, Path::new("/").join(name), kind, Identity::default(), &never).unwrap()
        };
        let open = |name: &str, kind| {
            BlockFile::open(&vfs, &Path::new("/").join(name), kind, Identity::default()).unwrap()
        };
        let rows: Vec<SparseVector> = (0..600_u32)
            .map(|i| {
                let indices = [i % 3, 5 + i % 7, (1 << 20) | (i % 11), u32::MAX - i];
                SparseVector::new(indices, [1.0, i as f32, -2.0, 0.0]).unwrap()
            })
            .collect();
        let lens: Vec<_> = rows.iter().map(|row| Some(row.len() as u32)).collect();
        write_sparse(writer("sparse", FileKind::Sparse), &lens, |i| Ok(Some(Cow::Borrowed(&rows[i]))))
            .unwrap();
        let mapped = MappedSparse::open(open("sparse", FileKind::Sparse)).unwrap();
        for datatype in Datatype::ALL {
            let bytes = [FILL_BYTES, 0, 1000].map(|fill_bytes| {
                write_in_runs(writer("postings", FileKind::Postings), &mapped, datatype, fill_bytes, &|| {
                    Ok(())
                })
                .unwrap();
                vfs.map(Path::new("/postings")).unwrap().to_vec()
            });
            assert!(bytes[0] == bytes[1] && bytes[0] == bytes[2], "{datatype:?}");
        }
    }
}
