//! Postings file: for each index of a sparse vector the rows that have it, with their weights, in blocks of 128.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where each section is, and from there where each list and each
//! block is. Derived: it can be made again from the sparse file. Bytes: docs/storage-format.md, section 8.10.

use std::ops::Range;

use crate::error::FormatError;
use crate::field::Field;
use crate::manifest::Datatype;
use crate::section::{Sections, check_count, check_data_len, check_preamble, gaps, in_file, place_of};

pub use crate::packed::{BLOCK_LEN, lane_words, pack, unpack, unpack_one, width_of};
pub use crate::section::PREAMBLE_LEN;

const POINT_COUNT: Field = Field::first("point_count", 8);
const ROW_COUNT: Field = POINT_COUNT.then("row_count", 8);
const POSTING_COUNT: Field = ROW_COUNT.then("posting_count", 8);
const TERM_COUNT: Field = POSTING_COUNT.then("term_count", 4);
const DATATYPE: Field = TERM_COUNT.then("datatype", 1);
const RESERVED: Field = DATATYPE.then("reserved", 3);
const TERMS_OFFSET: Field = RESERVED.then("terms_offset", 8);
const LISTS_OFFSET: Field = TERMS_OFFSET.then("lists_offset", 8);
const DATA_OFFSET: Field = LISTS_OFFSET.then("data_offset", 8);
const DATA_BYTES: Field = DATA_OFFSET.then("data_bytes", 8);

/// The preamble's fields in order.
pub const FIELDS: [Field; 10] = [
    POINT_COUNT,
    ROW_COUNT,
    POSTING_COUNT,
    TERM_COUNT,
    DATATYPE,
    RESERVED,
    TERMS_OFFSET,
    LISTS_OFFSET,
    DATA_OFFSET,
    DATA_BYTES,
];

const LIST_START: Field = Field::first("start", 8);
const LIST_LEN: Field = LIST_START.then("len", 4);
const LIST_MIN: Field = LIST_LEN.then("min", 4);
const LIST_MAX: Field = LIST_MIN.then("max", 4);
const LIST_RESERVED: Field = LIST_MAX.then("reserved", 4);

/// The fields of a [`List`] in order.
pub const LIST_FIELDS: [Field; 5] = [LIST_START, LIST_LEN, LIST_MIN, LIST_MAX, LIST_RESERVED];

const BLOCK_FIRST: Field = Field::first("first", 4);
const BLOCK_LAST: Field = BLOCK_FIRST.then("last", 4);
const BLOCK_START: Field = BLOCK_LAST.then("start", 4);
const BLOCK_MIN: Field = BLOCK_START.then("min", 4);
const BLOCK_MAX: Field = BLOCK_MIN.then("max", 4);
const BLOCK_LAST_PLACE: Field = BLOCK_MAX.then("last_place", 1);
const BLOCK_WIDTH: Field = BLOCK_LAST_PLACE.then("width", 1);
const BLOCK_RESERVED: Field = BLOCK_WIDTH.then("reserved", 2);

/// The fields of a [`Block`] in order.
pub const BLOCK_FIELDS: [Field; 8] = [
    BLOCK_FIRST,
    BLOCK_LAST,
    BLOCK_START,
    BLOCK_MIN,
    BLOCK_MAX,
    BLOCK_LAST_PLACE,
    BLOCK_WIDTH,
    BLOCK_RESERVED,
];

/// Blocks begin at multiples of this.
pub const BLOCK_ALIGN: u64 = 16;
/// Bytes of an entry of the lists, and of a block's entry.
pub const ENTRY_LEN: u64 = 24;

/// An entry of the lists or of a list's blocks, as it is mapped.
pub type Entry = [u32; 6];

/// The numbers that a [`PostingsLayout`] is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostingsShape {
    /// Points of the segment.
    pub point_count: u32,
    /// Points that have this vector.
    pub row_count: u32,
    /// Postings of all lists.
    pub posting_count: u64,
    /// Lists.
    pub term_count: u32,
    /// How a weight is stored.
    pub datatype: Datatype,
    /// Bytes of all lists.
    pub data_bytes: u64,
}

/// Where the sections of a postings file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostingsLayout {
    /// Counts.
    pub shape: PostingsShape,
    terms: Range<u64>,
    lists: Range<u64>,
    data: Range<u64>,
}

impl PostingsLayout {
    /// The layout for these numbers.
    ///
    /// # Errors
    /// `Invalid` when counts contradict each other or no file can hold that much.
    pub fn new(shape: PostingsShape) -> Result<Self, FormatError> {
        let PostingsShape { point_count, row_count, posting_count, term_count, data_bytes, .. } = shape;
        let fail = |field: Field, expected: String, got: u64| {
            Err(FormatError::invalid(field.offset as u64, field.name, expected, got))
        };
        if row_count > point_count {
            return fail(ROW_COUNT, format!("at most {point_count}"), row_count.into());
        }
        // Each list has a posting of each row at most, and one at least.
        let (least, most) = (u64::from(term_count), u64::from(term_count) * u64::from(row_count));
        if posting_count < least || posting_count > most {
            return fail(POSTING_COUNT, format!("{least} to {most}"), posting_count);
        }
        if !data_bytes.is_multiple_of(BLOCK_ALIGN) {
            return fail(DATA_BYTES, format!("a multiple of {BLOCK_ALIGN}"), data_bytes);
        }
        let mut sections = Sections::new();
        let terms = sections.place(u64::from(term_count), 4)?;
        let lists = sections.place(u64::from(term_count), ENTRY_LEN)?;
        let data = sections.place(data_bytes, 1)?;
        Ok(Self { shape, terms, lists, data })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        let shape = &self.shape;
        POINT_COUNT.write(&mut bytes, u64::from(shape.point_count));
        ROW_COUNT.write(&mut bytes, u64::from(shape.row_count));
        POSTING_COUNT.write(&mut bytes, shape.posting_count);
        TERM_COUNT.write(&mut bytes, u64::from(shape.term_count));
        DATATYPE.write(&mut bytes, u64::from(shape.datatype.code()));
        TERMS_OFFSET.write(&mut bytes, self.terms.start);
        LISTS_OFFSET.write(&mut bytes, self.lists.start);
        DATA_OFFSET.write(&mut bytes, self.data.start);
        DATA_BYTES.write(&mut bytes, shape.data_bytes);
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
        let code: u8 = DATATYPE.read_as(preamble)?;
        let layout = Self::new(PostingsShape {
            point_count: POINT_COUNT.read_as(preamble)?,
            row_count: ROW_COUNT.read_as(preamble)?,
            posting_count: POSTING_COUNT.read(preamble)?,
            term_count: TERM_COUNT.read_as(preamble)?,
            datatype: Datatype::decode(code, DATATYPE.offset as u64)?,
            data_bytes: DATA_BYTES.read(preamble)?,
        })?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// The index of each list: u32, ascending.
    #[must_use]
    pub fn terms(&self) -> Range<u64> {
        self.terms.clone()
    }

    /// An [`Entry`] for each list.
    #[must_use]
    pub fn lists(&self) -> Range<u64> {
        self.lists.clone()
    }

    /// All lists.
    #[must_use]
    pub fn data(&self) -> Range<u64> {
        self.data.clone()
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.data.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        gaps(&[self.terms(), self.lists(), self.data()])
    }

    /// The entries of a list's blocks; outside the section if the list is of another file.
    #[must_use]
    pub fn blocks(&self, list: &List) -> Range<u64> {
        let start = self.data.start.saturating_add(list.start);
        start..start.saturating_add(list.block_count() * ENTRY_LEN)
    }

    /// The packed offsets and the weights of a block; outside the section if the block is of another file.
    #[must_use]
    pub fn block(&self, list: &List, block: &Block) -> (Range<u64>, Range<u64>) {
        let start = self.data.start.saturating_add(list.start);
        let start = start.saturating_add(u64::from(block.start) * BLOCK_ALIGN);
        let weights = start.saturating_add(block.offset_bytes());
        let len = block.len as u64 * u64::from(self.shape.datatype.value_bytes());
        (start..weights, weights..weights.saturating_add(len))
    }
}

/// Where a list is, and the least and greatest of its weights.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct List {
    /// From the start of the data, where its blocks' entries begin.
    pub start: u64,
    /// Postings.
    pub len: u32,
    /// The least weight.
    pub min: f32,
    /// The greatest weight.
    pub max: f32,
}

impl List {
    /// As it is written.
    #[must_use]
    pub fn to_entry(self) -> Entry {
        let (low, high) = (self.start as u32, (self.start >> 32) as u32);
        [low, high, self.len, self.min.to_bits(), self.max.to_bits(), 0]
    }

    /// As it was read.
    #[must_use]
    pub fn from_entry([low, high, len, min, max, _]: Entry) -> Self {
        let start = u64::from(low) | u64::from(high) << 32;
        Self { start, len, min: f32::from_bits(min), max: f32::from_bits(max) }
    }

    /// Blocks of the list.
    #[must_use]
    pub fn block_count(&self) -> u64 {
        u64::from(self.len).div_ceil(BLOCK_LEN as u64)
    }

    /// The byte that stands for a weight in a file of u8: see [`List::weight_of_u8`].
    #[must_use]
    pub fn u8_of_weight(&self, weight: f32) -> u8 {
        let (min, max) = (f64::from(self.min), f64::from(self.max));
        if min >= max {
            return 0;
        }
        ((f64::from(weight) - min) * 255.0 / (max - min)).round().clamp(0.0, 255.0) as u8
    }

    /// The weight that a byte stands for: 0 is the list's least, 255 its greatest, what is between is spread evenly.
    #[inline]
    #[must_use]
    pub fn weight_of_u8(&self, byte: u8) -> f32 {
        let (min, max) = (f64::from(self.min), f64::from(self.max));
        match byte {
            u8::MAX => self.max,
            _ => ((min + f64::from(byte) * ((max - min) / 255.0)) as f32).max(self.min).min(self.max),
        }
    }
}

/// What can be said of a block without unpacking it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Block {
    /// Offset of its first posting.
    pub first: u32,
    /// Offset of its last posting.
    pub last: u32,
    /// Where its offsets begin, from the start of the list, in units of 16 bytes.
    pub start: u32,
    /// The least weight.
    pub min: f32,
    /// The greatest weight.
    pub max: f32,
    /// Postings, 1 to 128.
    pub len: usize,
    /// Bits of a packed offset.
    pub width: u32,
}

impl Block {
    /// As it is written.
    #[must_use]
    pub fn to_entry(self) -> Entry {
        let shape = (self.len.saturating_sub(1) as u32 & 0xFF) | (self.width & 0xFF) << 8;
        [self.first, self.last, self.start, self.min.to_bits(), self.max.to_bits(), shape]
    }

    /// As it was read; what does not make sense gives a block that is read as nonsense, but within bounds.
    #[inline]
    #[must_use]
    pub fn from_entry([first, last, start, min, max, shape]: Entry) -> Self {
        let (min, max) = (f32::from_bits(min), f32::from_bits(max));
        let (len, width) = ((shape & 0x7F) as usize + 1, (shape >> 8 & 0xFF).min(32));
        Self { first, last, start, min, max, len, width }
    }

    /// Bytes of the packed offsets.
    #[inline]
    #[must_use]
    pub fn offset_bytes(&self) -> u64 {
        lane_words(self.len, self.width) as u64 * BLOCK_ALIGN
    }
}

/// Bytes that a block takes: packed offsets of `width` bits and weights, up to the next multiple of 16.
#[must_use]
pub fn block_bytes(len: usize, width: u32, datatype: Datatype) -> u64 {
    let weights = len as u64 * u64::from(datatype.value_bytes());
    lane_words(len, width) as u64 * BLOCK_ALIGN + weights.next_multiple_of(BLOCK_ALIGN)
}

/// Bytes that the entries of a list's blocks take, up to the next multiple of 16.
#[must_use]
pub fn entries_bytes(block_count: u64) -> u64 {
    (block_count * ENTRY_LEN).next_multiple_of(BLOCK_ALIGN)
}

/// Checks that indices ascend, and that lists follow each other without gaps and hold as many postings as there are.
///
/// # Errors
/// The first index or list that is wrong.
pub fn check_lists(terms: &[u32], lists: &[Entry], layout: &PostingsLayout) -> Result<(), FormatError> {
    let shape = &layout.shape;
    check_count("terms", shape.term_count.into(), terms.len())?;
    check_count("lists", shape.term_count.into(), lists.len())?;
    if let Some(at) = terms.windows(2).position(|pair| pair.first() >= pair.last()) {
        let got = terms.get(at + 1).copied().unwrap_or_default();
        return Err(FormatError::invalid(
            place_of(&layout.terms, at + 1, 4),
            "terms",
            "ascending indices",
            got,
        ));
    }
    let (mut least, mut count) = (0, 0);
    for (at, entry) in lists.iter().enumerate() {
        let list = List::from_entry(*entry);
        let place = |field: Field| place_of(&layout.lists, at, ENTRY_LEN) + field.offset as u64;
        if list.start < least || (at == 0 && list.start != 0) || !list.start.is_multiple_of(BLOCK_ALIGN) {
            let expected = format!("a multiple of {BLOCK_ALIGN} from {least} on");
            return Err(FormatError::invalid(place(LIST_START), "start of a list", expected, list.start));
        }
        if list.len == 0 || list.len > shape.row_count {
            let expected = format!("1 to {}", shape.row_count);
            return Err(FormatError::invalid(place(LIST_LEN), "length of a list", expected, list.len));
        }
        check_range(list.min, list.max, (f32::MIN, f32::MAX), place(LIST_MIN))?;
        if list.to_entry() != *entry {
            return Err(FormatError::invalid(
                place(LIST_RESERVED),
                "reserved bytes of a list",
                "0",
                "others",
            ));
        }
        count += u64::from(list.len);
        // At least its entries, and a value of one byte for each posting.
        let bytes = entries_bytes(list.block_count()).saturating_add(u64::from(list.len));
        least = list.start.saturating_add(bytes);
    }
    if count != shape.posting_count {
        return Err(FormatError::invalid(
            place_of(&layout.lists, 0, 1),
            "postings",
            shape.posting_count.to_string(),
            count,
        ));
    }
    Ok(())
}

/// Checks one list: `data` are its bytes, which end where the next list begins.
///
/// # Errors
/// The first block that is wrong.
pub fn check_list(list: &List, data: &[u8], layout: &PostingsLayout) -> Result<(), FormatError> {
    let at = layout.data.start.saturating_add(list.start).saturating_add(crate::header::HEADER_LEN as u64);
    let bad = |offset: u64, what, expected: String, got: String| {
        Err(FormatError::invalid(at.saturating_add(offset), what, expected, got))
    };
    let (point_count, datatype) = (layout.shape.point_count, layout.shape.datatype);
    let block_count = list.block_count();
    let (mut end, mut next_offset, mut left) = (entries_bytes(block_count), 0_u64, list.len as usize);
    let words = data.as_chunks::<4>().0;
    let word = |at: usize| words.get(at).map_or(0, |word| u32::from_le_bytes(*word));
    for number in 0..block_count {
        let place = number * ENTRY_LEN;
        let first_word = (place / 4) as usize;
        let entry = std::array::from_fn(|i| word(first_word + i));
        let block = Block::from_entry(entry);
        let field = |field: Field| place + field.offset as u64;
        if block.to_entry() != entry || block.len != left.min(BLOCK_LEN) {
            let expected = format!("{} postings", left.min(BLOCK_LEN));
            return bad(
                field(BLOCK_LAST_PLACE),
                "shape of a block",
                expected,
                format!("{:#x}", word(first_word + 5)),
            );
        }
        let span = u64::from(block.last).checked_sub(u64::from(block.first));
        let fits =
            span.is_some_and(|span| span + 1 >= block.len as u64 && width_of(span as u32) == block.width);
        if u64::from(block.first) < next_offset || block.last >= point_count || !fits {
            let expected =
                format!("{} offsets of {} bits, {next_offset} to {point_count}", block.len, block.width);
            return bad(
                field(BLOCK_FIRST),
                "range of a block",
                expected,
                format!("{} to {}", block.first, block.last),
            );
        }
        if u64::from(block.start) * BLOCK_ALIGN != end {
            return bad(
                field(BLOCK_START),
                "start of a block",
                end.to_string(),
                (u64::from(block.start) * BLOCK_ALIGN).to_string(),
            );
        }
        check_range(block.min, block.max, (list.min, list.max), at.saturating_add(field(BLOCK_MIN)))?;
        let start = end;
        end += block_bytes(block.len, block.width, datatype);
        let part = data.get(start as usize..end as usize).unwrap_or_default();
        if let Err(what) = check_block(list, &block, part, datatype) {
            return bad(start, what, "what the entry says".to_owned(), "something else".to_owned());
        }
        next_offset = u64::from(block.last) + 1;
        left -= block.len;
    }
    let entries_end = (block_count * ENTRY_LEN) as usize;
    let padding = data.get(entries_end..entries_bytes(block_count) as usize).unwrap_or_default();
    if padding.iter().any(|byte| *byte != 0) {
        return bad(entries_end as u64, "padding of a list", "zeros".to_owned(), "others".to_owned());
    }
    if end != data.len() as u64 {
        return bad(0, "bytes of a list", end.to_string(), data.len().to_string());
    }
    Ok(())
}

/// What is wrong with a block's bytes.
fn check_block(list: &List, block: &Block, data: &[u8], datatype: Datatype) -> Result<(), &'static str> {
    let (packed, weights) =
        data.split_at_checked(block.offset_bytes() as usize).ok_or("block that ends early")?;
    let packed: Vec<[u32; 4]> = packed
        .as_chunks::<4>()
        .0
        .as_chunks::<4>()
        .0
        .iter()
        .map(|words| words.map(u32::from_le_bytes))
        .collect();
    let offsets: Vec<u32> = (0..block.len).map(|i| unpack_one(&packed, block.width, i)).collect();
    let mut again = Vec::new();
    pack(&offsets, block.width, &mut again);
    let span = block.last.wrapping_sub(block.first);
    if !offsets.is_sorted_by(|a, b| a < b)
        || offsets.first() != Some(&0)
        || offsets.last() != Some(&span)
        || again != packed
    {
        return Err("offsets of a block");
    }
    let used = block.len * datatype.value_bytes() as usize;
    let (weights, padding) = weights.split_at_checked(used).ok_or("block that ends early")?;
    if padding.iter().any(|byte| *byte != 0) {
        return Err("padding of a block");
    }
    let weights: Vec<f32> = match datatype {
        Datatype::F32 => weights.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
        Datatype::F16 => {
            weights.as_chunks().0.iter().map(|bytes| of_f16(u16::from_le_bytes(*bytes))).collect()
        }
        Datatype::U8 => weights.iter().map(|byte| list.weight_of_u8(*byte)).collect(),
    };
    let inside = weights.iter().all(|weight| (block.min..=block.max).contains(weight));
    let reached = weights.contains(&block.min) && weights.contains(&block.max);
    if inside && reached { Ok(()) } else { Err("weights of a block") }
}

/// Checks the least and greatest weight.
fn check_range(min: f32, max: f32, within: (f32, f32), offset: u64) -> Result<(), FormatError> {
    if min <= max && min >= within.0 && max <= within.1 {
        return Ok(());
    }
    let expected = format!("ascending within {:?} to {:?}", within.0, within.1);
    Err(FormatError::invalid(offset, "range of weights", expected, format!("{min:?} to {max:?}")))
}

/// The number that the bits of an IEEE 754 half stand for.
fn of_f16(bits: u16) -> f32 {
    let sign = u32::from(bits >> 15) << 31;
    let (exponent, fraction) = (u32::from(bits >> 10 & 0x1F), u32::from(bits & 0x3FF));
    match exponent {
        0 => f32::from_bits(sign | (fraction as f32 / 16_777_216.0).to_bits()),
        31 => f32::from_bits(sign | 0x7F80_0000 | fraction << 13),
        _ => f32::from_bits(sign | (exponent + 112) << 23 | fraction << 13),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves() {
        let expected = [
            (0, 0.0_f32),
            (0x8000, -0.0),
            (1, 2.0_f32.powi(-24)),
            (0x3FF, 1023.0 * 2.0_f32.powi(-24)),
            (0x400, 2.0_f32.powi(-14)),
            (0x3C00, 1.0),
            (0xC000, -2.0),
            (0x7BFF, 65504.0),
            (0x7C00, f32::INFINITY),
        ];
        for (bits, value) in expected {
            assert_eq!(of_f16(bits).to_bits(), value.to_bits(), "{bits:#x}");
        }
        assert!(of_f16(0x7C01).is_nan());
    }

    #[test]
    fn bytes_reach_both_ends_and_ascend() {
        for (min, max) in
            [(-1.5_f32, 2.25_f32), (0.1, 0.3), (f32::MIN, f32::MAX), (3.0, 3.0), (1.0, 1.0 + f32::EPSILON)]
        {
            let list = List { start: 0, len: 9, min, max };
            let weights: Vec<f32> = (0..=255).map(|byte| list.weight_of_u8(byte)).collect();
            assert!(weights.is_sorted() && weights.iter().all(|w| (min..=max).contains(w)));
            assert_eq!((weights[0], list.weight_of_u8(list.u8_of_weight(max))), (min, max));
            let back = (0..=255).all(|byte| {
                list.weight_of_u8(list.u8_of_weight(list.weight_of_u8(byte))) == list.weight_of_u8(byte)
            });
            assert!(back, "{min} to {max}");
        }
    }
}
