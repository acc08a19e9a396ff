//! The index of one payload field over the points of a sealed segment. Bytes: docs/storage-format.md, section 8.11.
//!
//! Values become keys whose bytes ascend as the values do ([`FieldValues`]). The file holds each different key once with the points that
//! have it, and for each point its keys: the first for finding and counting, the second for asking about a point that was found otherwise.
//! Where there are many points, the postings are cut into parts, each with a bitmap: a wide range is a few of these and two ends.

use crate::error::{Error, Result};
use crate::filter::{FieldValues, Keyed, Keys, OffsetSet, Test};
use crate::io::{BlockFile, BlockWriter, FileStamp};
use crate::payload::IndexedField;
use nigh_format::payload_index::{
    self, FieldKind, NO_VALUE, PayloadIndexContent, PayloadIndexLayout, PayloadIndexShape,
};
use std::ops::Range;
use std::sync::Arc;

/// The index of one field of one segment.
#[derive(Debug)]
pub(crate) struct MappedFieldIndex {
    field: Arc<IndexedField>,
    file: BlockFile,
    layout: PayloadIndexLayout,
}

impl MappedFieldIndex {
    pub(crate) fn open(file: BlockFile, field: Arc<IndexedField>, point_count: u32) -> Result<Self> {
        let preamble = file.bytes(0..64.min(file.data_len()))?;
        let layout =
            PayloadIndexLayout::decode(preamble, file.data_len()).map_err(|e| file.format_error(e))?;
        let shape = layout.shape;
        if shape.point_count != point_count || shape.kind != field.kind {
            let what = format!(
                "expected {:?} of {point_count} points, got {:?} of {}",
                field.kind, shape.kind, shape.point_count
            );
            return Err(file.damaged(0, what));
        }
        Ok(Self { field, file, layout })
    }

    pub(crate) fn field(&self) -> &Arc<IndexedField> {
        &self.field
    }

    pub(crate) fn file(&self) -> &BlockFile {
        &self.file
    }

    /// The points for which `test` holds, dead ones too; none if that cannot be told from keys.
    pub(crate) fn answer(&self, test: &Test) -> Result<Option<OffsetSet>> {
        let PayloadIndexShape { kind, point_count, .. } = self.layout.shape;
        if !test.is_answered_by(kind) {
            return Ok(None);
        }
        let bitmap = |words: &[u64], wanted: bool| {
            let mut set = OffsetSet::from_words(words.to_vec(), point_count);
            if !wanted {
                let mut rest = OffsetSet::all(point_count);
                rest.subtract(&set);
                set = rest;
            }
            set
        };
        Ok(Some(match test {
            Test::Empty(wanted) => bitmap(self.file.array(self.layout.filled())?, !wanted),
            Test::Null(wanted) => bitmap(self.file.array(self.layout.null())?, *wanted),
            _ => self.points_of(&test.passing(self)?)?,
        }))
    }

    /// The points that have a key of some ranges.
    fn points_of(&self, ranges: &[Range<u32>]) -> Result<OffsetSet> {
        let mut set = OffsetSet::none(self.layout.shape.point_count);
        for keys in ranges.iter().filter(|keys| !keys.is_empty()) {
            let places = self.posting_end(keys.start)?..self.posting_end(keys.end)?;
            self.add_places(places, &mut set)?;
        }
        Ok(set)
    }

    /// Adds the points at some places of the postings.
    fn add_places(&self, places: Range<u32>, set: &mut OffsetSet) -> Result<()> {
        let words = u64::from(self.layout.shape.point_count.div_ceil(64)) * 8;
        let mut at = places.start;
        for part in 0..self.layout.shape.part_count {
            let covered = self.layout.part(part);
            if covered.is_empty() || covered.start < at || covered.end > places.end {
                continue;
            }
            self.add_each(at..covered.start, set)?;
            let start = self.layout.parts().start + u64::from(part) * words;
            set.unite_words(self.file.array(start..start + words)?);
            at = covered.end;
        }
        self.add_each(at..places.end, set)
    }

    fn add_each(&self, places: Range<u32>, set: &mut OffsetSet) -> Result<()> {
        self.places(places)?.iter().for_each(|point| set.insert(*point));
        Ok(())
    }

    fn places(&self, places: Range<u32>) -> Result<&[u32]> {
        if places.is_empty() {
            return Ok(&[]);
        }
        if places.end > self.layout.shape.value_count {
            let what = format!("expected ascending ends of postings, got {places:?}");
            return Err(self.file.damaged(self.layout.posting_ends().start, what));
        }
        let at = |i: u32| self.layout.postings().start + u64::from(i) * 4;
        self.file.array(at(places.start)..at(places.end))
    }

    /// Where the points of the keys below `number` end.
    fn posting_end(&self, number: u32) -> Result<u32> {
        let Some(last) = number.checked_sub(1) else { return Ok(0) };
        let at = self.layout.posting_ends().start + u64::from(last) * 4;
        Ok(self.file.array(at..at + 4)?.first().copied().unwrap_or_default())
    }

    /// The numbers of a point's keys, ascending.
    pub(crate) fn keys_of(&self, offset: u32) -> Result<&[u32]> {
        let shape = self.layout.shape;
        let values = self.layout.values().start;
        if !shape.multi {
            let at = values + u64::from(offset) * 4;
            let value: &[u32] = self.file.array(at..at + 4)?;
            return Ok(if value.first() == Some(&NO_VALUE) { &[] } else { value });
        }
        let at = |i: u32| self.layout.value_ends().start + u64::from(i) * 4;
        let from = if offset == 0 { at(0) } else { at(offset - 1) };
        let (start, end) = match self.file.array::<u32>(from..at(offset) + 4)? {
            [end] => (0, *end),
            [start, end] => (*start, *end),
            _ => return Err(self.file.damaged(from, "the ends of the values are too short")),
        };
        if start > end || end > shape.value_count {
            return Err(self
                .file
                .damaged(from, format!("expected ascending ends of values, got {start} and {end}")));
        }
        self.file.array(values + u64::from(start) * 4..values + u64::from(end) * 4)
    }

    /// What a point has in the field.
    pub(crate) fn values(&self, offset: u32) -> Result<FieldValues> {
        let keys = self.keys_of(offset)?.iter().map(|number| self.get(*number).map(Box::from));
        let has = |section: Range<u64>| {
            let at = section.start + u64::from(offset / 64) * 8;
            let words: &[u64] = self.file.array(at..at + 8)?;
            Ok(words.first().is_some_and(|word| word >> (offset % 64) & 1 == 1))
        };
        Ok(FieldValues {
            keys: keys.collect::<Result<_>>()?,
            filled: has(self.layout.filled())?,
            null: has(self.layout.null())?,
        })
    }

    /// Compares all that reading relies on, and reads each key.
    pub(crate) fn check(&self) -> Result<()> {
        let (layout, file) = (&self.layout, &self.file);
        let content = PayloadIndexContent {
            key_ends: file.array(layout.key_ends())?,
            keys: file.bytes(layout.keys())?,
            posting_ends: file.array(layout.posting_ends())?,
            postings: file.array(layout.postings())?,
            value_ends: file.array(layout.value_ends())?,
            values: file.array(layout.values())?,
            filled: file.array(layout.filled())?,
            null: file.array(layout.null())?,
            parts: file.array(layout.parts())?,
        };
        payload_index::check(&content, layout).map_err(|e| file.format_error(e))?;
        for number in 0..self.count() {
            Keyed::read(self.get(number)?)
                .map_err(|what| file.damaged(layout.keys().start, format!("key {number}: {what}")))?;
        }
        Ok(())
    }
}

impl Keys for MappedFieldIndex {
    fn count(&self) -> u32 {
        self.layout.shape.key_count
    }

    fn get(&self, number: u32) -> Result<&[u8]> {
        let (keys, ends) = (self.layout.keys(), self.layout.key_ends().start);
        let at = |i: u32| ends + u64::from(i) * 8;
        let from = if number == 0 { at(0) } else { at(number - 1) };
        let (start, end) = match self.file.array::<u64>(from..at(number) + 8)? {
            [end] => (0, *end),
            [start, end] => (*start, *end),
            _ => return Err(self.file.damaged(from, "the ends of the keys are too short")),
        };
        if number >= self.count() || start > end || end > self.layout.shape.key_bytes {
            let what = format!("expected ascending ends of keys, got {start} and {end}");
            return Err(self.file.damaged(from, what));
        }
        self.file.bytes(keys.start + start..keys.start + end)
    }
}

/// Postings of fewer points have no parts.
const PARTS_MIN: u32 = 4096;
/// Into how many parts the others are cut.
const PARTS: u16 = 32;

/// Writes the index of one field; `values(i)` are those of point `i`, asked for once each, in order.
pub(crate) fn write_field_index(
    mut writer: BlockWriter<'_>,
    kind: FieldKind,
    point_count: u32,
    mut values: impl FnMut(u32) -> Result<FieldValues>,
) -> Result<FileStamp> {
    let mut pairs: Vec<(Box<[u8]>, u32)> = Vec::new();
    let (mut filled, mut null) = (OffsetSet::none(point_count), OffsetSet::none(point_count));
    let mut multi = false;
    for point in 0..point_count {
        let of_point = values(point)?;
        multi |= of_point.keys.len() > 1;
        if of_point.filled {
            filled.insert(point);
        }
        if of_point.null {
            null.insert(point);
        }
        pairs.extend(of_point.keys.into_iter().map(|key| (key, point)));
    }
    pairs.sort_unstable();
    let value_count = u32::try_from(pairs.len())
        .map_err(|_| Error::internal(format!("{} values of one field", pairs.len())))?;
    let mut numbers: Vec<Vec<u32>> = Vec::new();
    let mut single = vec![NO_VALUE; if multi { 0 } else { point_count as usize }];
    if multi {
        numbers = vec![Vec::new(); point_count as usize];
    }
    let (mut keys, mut key_ends, mut posting_ends) = (Vec::new(), Vec::new(), Vec::new());
    for (number, group) in (0u32..).zip(pairs.chunk_by(|a, b| a.0 == b.0)) {
        keys.extend_from_slice(group.first().map_or(&[][..], |(key, _)| key));
        key_ends.push(keys.len() as u64);
        posting_ends.push(posting_ends.last().copied().unwrap_or(0) + group.len() as u32);
        for (_, point) in group {
            if let Some(slot) = single.get_mut(*point as usize) {
                *slot = number;
            } else if let Some(list) = numbers.get_mut(*point as usize) {
                list.push(number);
            }
        }
    }
    let shape = PayloadIndexShape {
        kind,
        point_count,
        key_count: key_ends.len() as u32,
        key_bytes: keys.len() as u64,
        value_count,
        multi,
        part_count: if value_count >= PARTS_MIN { PARTS } else { 0 },
    };
    let layout = PayloadIndexLayout::new(shape).map_err(|e| Error::internal(e.to_string()))?;
    let postings: Vec<u32> = pairs.iter().map(|(_, point)| *point).collect();
    let ends = numbers.iter().scan(0, |end, list| {
        *end += list.len() as u32;
        Some(*end)
    });
    let (value_ends, flat): (Vec<u32>, Vec<u32>) = (ends.collect(), numbers.concat());
    let values = if multi { flat } else { single };
    let mut parts: Vec<u64> = Vec::new();
    for part in 0..shape.part_count {
        let places = layout.part(part);
        let mut set = OffsetSet::none(point_count);
        let points = postings.get(places.start as usize..places.end as usize).unwrap_or_default();
        points.iter().for_each(|point| set.insert(*point));
        parts.extend(set.words());
    }
    writer.write(&layout.encode())?;
    let sections: [(Range<u64>, &[u8]); 9] = [
        (layout.key_ends(), bytemuck::cast_slice(&key_ends)),
        (layout.keys(), &keys),
        (layout.posting_ends(), bytemuck::cast_slice(&posting_ends)),
        (layout.postings(), bytemuck::cast_slice(&postings)),
        (layout.value_ends(), bytemuck::cast_slice(&value_ends)),
        (layout.values(), bytemuck::cast_slice(&values)),
        (layout.filled(), bytemuck::cast_slice(filled.words())),
        (layout.null(), bytemuck::cast_slice(null.words())),
        (layout.parts(), bytemuck::cast_slice(&parts)),
    ];
    for (range, bytes) in sections {
        writer.pad_to(range.start)?;
        writer.write(bytes)?;
    }
    writer.finish()
}
