//! Payload index file: the values of one payload field, and which points of a segment have them.
//!
//! Goes in: counts, or the preamble of a file. Comes out: where each section is. Derived: it can be made again from the
//! payloads. Bytes: docs/storage-format.md, section 8.11.

use std::ops::Range;

use crate::bitmap::{self, word_count};
use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_count, check_data_len, check_preamble, gaps, in_file, place_of};

pub use crate::section::PREAMBLE_LEN;

/// Bitmaps of equal parts of the postings, at most.
pub const PARTS_MAX: u16 = 64;

const POINT_COUNT: Field = Field::first("point_count", 8);
const KEY_COUNT: Field = POINT_COUNT.then("key_count", 8);
const KEY_BYTES: Field = KEY_COUNT.then("key_bytes", 8);
const VALUE_COUNT: Field = KEY_BYTES.then("value_count", 8);
const KIND: Field = VALUE_COUNT.then("kind", 2);
const MULTI: Field = KIND.then("multi", 2);
const PART_COUNT: Field = MULTI.then("part_count", 2);
const RESERVED: Field = PART_COUNT.then("reserved", 26);

/// The preamble's fields in order.
pub const FIELDS: [Field; 8] =
    [POINT_COUNT, KEY_COUNT, KEY_BYTES, VALUE_COUNT, KIND, MULTI, PART_COUNT, RESERVED];

/// What the values of a payload field are taken for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum FieldKind {
    /// Texts as they are.
    Keyword = 1,
    /// Whole numbers.
    Integer = 2,
    /// Numbers.
    Float = 3,
    /// True and false.
    Bool = 4,
    /// Texts that are dates by RFC 3339, taken as moments.
    Datetime = 5,
    /// Texts that are UUIDs.
    Uuid = 6,
    /// Objects with `lon` and `lat`, taken as places on the earth.
    Geo = 7,
    /// Texts that are found by their words. They have a file of their own: see [`text_index`](crate::text_index).
    Text = 8,
}

impl FieldKind {
    /// Every kind, by code.
    pub const ALL: [Self; 8] = [
        Self::Keyword,
        Self::Integer,
        Self::Float,
        Self::Bool,
        Self::Datetime,
        Self::Uuid,
        Self::Geo,
        Self::Text,
    ];

    /// The number on disk.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The kind with this number.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The numbers that a [`PayloadIndexLayout`] is made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PayloadIndexShape {
    /// What is indexed.
    pub kind: FieldKind,
    /// Points of the segment.
    pub point_count: u32,
    /// Different values.
    pub key_count: u32,
    /// Bytes of all keys.
    pub key_bytes: u64,
    /// Pairs of a point and a value that it has.
    pub value_count: u32,
    /// Whether a point has more than one value.
    pub multi: bool,
    /// Into how many parts the postings are cut, each with a bitmap of its points; 0 where there are few.
    pub part_count: u16,
}

/// Where the sections of a payload index file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PayloadIndexLayout {
    /// Counts.
    pub shape: PayloadIndexShape,
    key_ends: Range<u64>,
    keys: Range<u64>,
    posting_ends: Range<u64>,
    postings: Range<u64>,
    value_ends: Range<u64>,
    values: Range<u64>,
    filled: Range<u64>,
    null: Range<u64>,
    parts: Range<u64>,
}

impl PayloadIndexLayout {
    /// The layout for these counts.
    ///
    /// # Errors
    /// `Invalid` when a number does not fit the others.
    pub fn new(shape: PayloadIndexShape) -> Result<Self, FormatError> {
        let PayloadIndexShape { kind, point_count, key_count, key_bytes, value_count, multi, part_count } =
            shape;
        if kind == FieldKind::Text {
            return Err(FormatError::invalid(KIND.offset as u64, "kind", "1 to 7", kind.code()));
        }
        if key_count > value_count {
            let expected = format!("at most {value_count}, for each key has a point");
            return Err(FormatError::invalid(KEY_COUNT.offset as u64, "key_count", expected, key_count));
        }
        if key_bytes < u64::from(key_count) || (key_count == 0 && key_bytes > 0) {
            let expected = format!("1 or more for each of {key_count} keys");
            return Err(FormatError::invalid(KEY_BYTES.offset as u64, "key_bytes", expected, key_bytes));
        }
        let pairs = u64::from(key_count) * u64::from(point_count);
        if u64::from(value_count) > pairs {
            let (offset, expected) = (VALUE_COUNT.offset as u64, format!("at most {pairs}"));
            return Err(FormatError::invalid(offset, "value_count", expected, value_count));
        }
        if !multi && value_count > point_count {
            let expected = format!("at most {point_count}, for no point has two");
            return Err(FormatError::invalid(
                VALUE_COUNT.offset as u64,
                "value_count",
                expected,
                value_count,
            ));
        }
        if part_count > PARTS_MAX {
            let offset = PART_COUNT.offset as u64;
            return Err(FormatError::invalid(
                offset,
                "part_count",
                format!("at most {PARTS_MAX}"),
                part_count,
            ));
        }
        let mut sections = Sections::new();
        let key_ends = sections.place(u64::from(key_count), 8)?;
        let keys = sections.place(key_bytes, 1)?;
        let posting_ends = sections.place(u64::from(key_count), 4)?;
        let postings = sections.place(u64::from(value_count), 4)?;
        let value_ends = sections.place(if multi { u64::from(point_count) } else { 0 }, 4)?;
        let values = sections.place(u64::from(if multi { value_count } else { point_count }), 4)?;
        let filled = sections.place(word_count(point_count), 8)?;
        let null = sections.place(word_count(point_count), 8)?;
        let parts = sections.place(word_count(point_count) * u64::from(part_count), 8)?;
        Ok(Self { shape, key_ends, keys, posting_ends, postings, value_ends, values, filled, null, parts })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let PayloadIndexShape { kind, point_count, key_count, key_bytes, value_count, multi, part_count } =
            self.shape;
        let mut bytes = [0; PREAMBLE_LEN];
        POINT_COUNT.write(&mut bytes, u64::from(point_count));
        KEY_COUNT.write(&mut bytes, u64::from(key_count));
        KEY_BYTES.write(&mut bytes, key_bytes);
        VALUE_COUNT.write(&mut bytes, u64::from(value_count));
        KIND.write(&mut bytes, u64::from(kind.code()));
        MULTI.write(&mut bytes, u64::from(multi));
        PART_COUNT.write(&mut bytes, u64::from(part_count));
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
        let code: u16 = KIND.read_as(preamble)?;
        let kind = FieldKind::from_code(code)
            .ok_or_else(|| FormatError::invalid(KIND.offset as u64, "kind", "1 to 7", code))?;
        let multi: u16 = MULTI.read_as(preamble)?;
        let shape = PayloadIndexShape {
            kind,
            point_count: POINT_COUNT.read_as(preamble)?,
            key_count: KEY_COUNT.read_as(preamble)?,
            key_bytes: KEY_BYTES.read(preamble)?,
            value_count: VALUE_COUNT.read_as(preamble)?,
            multi: multi == 1,
            part_count: PART_COUNT.read_as(preamble)?,
        };
        let layout = Self::new(shape)?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// Where each key ends: u64, from the start of the keys.
    #[must_use]
    pub fn key_ends(&self) -> Range<u64> {
        self.key_ends.clone()
    }

    /// All keys, ascending by their bytes.
    #[must_use]
    pub fn keys(&self) -> Range<u64> {
        self.keys.clone()
    }

    /// Where each key's points end: u32, counted in points.
    #[must_use]
    pub fn posting_ends(&self) -> Range<u64> {
        self.posting_ends.clone()
    }

    /// The points of each key, one key behind the other: u32, ascending within a key.
    #[must_use]
    pub fn postings(&self) -> Range<u64> {
        self.postings.clone()
    }

    /// Where each point's values end: u32. Empty where no point has two.
    #[must_use]
    pub fn value_ends(&self) -> Range<u64> {
        self.value_ends.clone()
    }

    /// Numbers of keys, point by point, ascending within a point: u32. Where no point has two, one for each point,
    /// [`NO_VALUE`] if it has none.
    #[must_use]
    pub fn values(&self) -> Range<u64> {
        self.values.clone()
    }

    /// Bitmap of the points whose field is neither missing, nor null, nor an empty array.
    #[must_use]
    pub fn filled(&self) -> Range<u64> {
        self.filled.clone()
    }

    /// Bitmap of the points whose field is null, or has null in an array.
    #[must_use]
    pub fn null(&self) -> Range<u64> {
        self.null.clone()
    }

    /// Bitmaps of the points in each part of the postings, one behind the other.
    #[must_use]
    pub fn parts(&self) -> Range<u64> {
        self.parts.clone()
    }

    /// The places in the postings that a part covers: as many in each part, fewer in the last.
    #[must_use]
    pub fn part(&self, part: u16) -> Range<u32> {
        let len = self.shape.value_count.div_ceil(u32::from(self.shape.part_count.max(1)));
        let start = len.saturating_mul(u32::from(part)).min(self.shape.value_count);
        start..start.saturating_add(len).min(self.shape.value_count)
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.parts.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        gaps(&[
            self.key_ends(),
            self.keys(),
            self.posting_ends(),
            self.postings(),
            self.value_ends(),
            self.values(),
            self.filled(),
            self.null(),
            self.parts(),
        ])
    }
}

/// Stands for "no value".
pub const NO_VALUE: u32 = u32::MAX;

/// The sections of a file, as they are.
#[derive(Debug, Clone, Copy)]
pub struct PayloadIndexContent<'a> {
    /// See [`PayloadIndexLayout::key_ends`].
    pub key_ends: &'a [u64],
    /// See [`PayloadIndexLayout::keys`].
    pub keys: &'a [u8],
    /// See [`PayloadIndexLayout::posting_ends`].
    pub posting_ends: &'a [u32],
    /// See [`PayloadIndexLayout::postings`].
    pub postings: &'a [u32],
    /// See [`PayloadIndexLayout::value_ends`].
    pub value_ends: &'a [u32],
    /// See [`PayloadIndexLayout::values`].
    pub values: &'a [u32],
    /// See [`PayloadIndexLayout::filled`].
    pub filled: &'a [u64],
    /// See [`PayloadIndexLayout::null`].
    pub null: &'a [u64],
    /// See [`PayloadIndexLayout::parts`].
    pub parts: &'a [u64],
}

impl PayloadIndexContent<'_> {
    /// The numbers of a point's keys; [`check_ends`] is done.
    fn values_of(&self, point: u32, multi: bool) -> &[u32] {
        let at = point as usize;
        if !multi {
            let value = self.values.get(at..=at).unwrap_or_default();
            return if value == [NO_VALUE] { &[] } else { value };
        }
        let end = |at: usize| self.value_ends.get(at).map_or(0, |end| *end as usize);
        self.values.get(at.checked_sub(1).map_or(0, end)..end(at)).unwrap_or_default()
    }

    fn is_filled(&self, point: u32) -> bool {
        self.filled.get(point as usize / 64).is_some_and(|word| word >> (point % 64) & 1 == 1)
    }
}

/// Checks everything that the sections say of each other. What a key means is not looked at.
///
/// # Errors
/// The first item that is wrong.
pub fn check(content: &PayloadIndexContent<'_>, layout: &PayloadIndexLayout) -> Result<(), FormatError> {
    let shape = layout.shape;
    check_keys(content.key_ends, content.keys, layout)?;
    check_ends("end of postings", content.posting_ends, &layout.posting_ends, shape.value_count)?;
    if shape.multi {
        check_ends("end of values", content.value_ends, &layout.value_ends, shape.value_count)?;
    }
    check_count("values", (layout.values.end - layout.values.start) / 4, content.values.len())?;
    bitmap::check_tail("filled", content.filled, &layout.filled, shape.point_count)?;
    bitmap::check_tail("null", content.null, &layout.null, shape.point_count)?;
    check_postings(content, layout)?;
    check_values(content, layout)?;
    check_parts(content.postings, content.parts, layout)
}

/// Checks that no key is empty, that they ascend, and that the last one ends with the section.
fn check_keys(ends: &[u64], keys: &[u8], layout: &PayloadIndexLayout) -> Result<(), FormatError> {
    let PayloadIndexShape { key_count, key_bytes, .. } = layout.shape;
    check_count("key ends", u64::from(key_count), ends.len())?;
    check_count("keys", key_bytes, keys.len())?;
    let (mut before, mut start) = (&[][..], 0);
    for (index, end) in ends.iter().enumerate() {
        let range = usize::try_from(start).ok().zip(usize::try_from(*end).ok());
        let Some(key) = range.and_then(|(start, end)| keys.get(start..end)).filter(|key| !key.is_empty())
        else {
            let offset = place_of(&layout.key_ends, index, 8);
            let expected = format!("above {start}, at most {key_bytes}");
            return Err(FormatError::invalid(offset, "end of key", expected, end));
        };
        if before >= key {
            let offset = place_of(&layout.keys, 0, 1).saturating_add(start);
            return Err(FormatError::invalid(offset, "key", "above the one before", format!("key {index}")));
        }
        (before, start) = (key, *end);
    }
    if start != key_bytes {
        let offset = place_of(&layout.key_ends, ends.len().saturating_sub(1), 8);
        return Err(FormatError::invalid(offset, "end of key", key_bytes.to_string(), start));
    }
    Ok(())
}

/// Checks that each key has points, that they ascend, and that each of them has the key.
fn check_postings(content: &PayloadIndexContent<'_>, layout: &PayloadIndexLayout) -> Result<(), FormatError> {
    let PayloadIndexShape { point_count, value_count, multi, .. } = layout.shape;
    check_count("postings", u64::from(value_count), content.postings.len())?;
    let mut start = 0;
    for (number, end) in (0_u32..).zip(content.posting_ends) {
        let points = content.postings.get(start as usize..*end as usize).unwrap_or_default();
        if points.is_empty() {
            let offset = place_of(&layout.posting_ends, number as usize, 4);
            return Err(FormatError::invalid(offset, "end of postings", format!("above {start}"), end));
        }
        let mut least = 0;
        for (place, point) in (start as usize..).zip(points) {
            let is_here = (least..point_count).contains(point)
                && content.values_of(*point, multi).binary_search(&number).is_ok();
            if !is_here {
                let offset = place_of(&layout.postings, place, 4);
                let expected = format!("{least} or more, below {point_count}, with key {number}");
                return Err(FormatError::invalid(offset, "point", expected, point));
            }
            least = *point + 1;
        }
        start = *end;
    }
    Ok(())
}

/// Checks that the numbers of each point ascend, that there are no more of them than postings, and that who has some is filled.
fn check_values(content: &PayloadIndexContent<'_>, layout: &PayloadIndexLayout) -> Result<(), FormatError> {
    let PayloadIndexShape { point_count, value_count, multi, .. } = layout.shape;
    let mut count = 0_u64;
    for point in 0..point_count {
        let values = content.values_of(point, multi);
        count += values.len() as u64;
        if !values.is_sorted_by(|a, b| a < b) || (!values.is_empty() && !content.is_filled(point)) {
            let expected = "ascending numbers of a point that is filled";
            let got = format!("{} of point {point}", values.len());
            return Err(FormatError::invalid(place_of(&layout.values, 0, 4), "values", expected, got));
        }
    }
    if count != u64::from(value_count) {
        let offset = place_of(&layout.values, 0, 4);
        return Err(FormatError::invalid(offset, "values", value_count.to_string(), count));
    }
    Ok(())
}

/// Checks that the bitmap of each part has its points.
fn check_parts(postings: &[u32], parts: &[u64], layout: &PayloadIndexLayout) -> Result<(), FormatError> {
    let PayloadIndexShape { point_count, part_count, .. } = layout.shape;
    let word_count = word_count(point_count);
    check_count("parts", word_count * u64::from(part_count), parts.len())?;
    let len = usize::try_from(word_count).unwrap_or(usize::MAX).max(1);
    for (part, words) in (0..part_count).zip(parts.chunks(len)) {
        let places = layout.part(part);
        let mut expected = vec![0_u64; words.len()];
        for point in postings.get(places.start as usize..places.end as usize).unwrap_or_default() {
            if let Some(word) = expected.get_mut(*point as usize / 64) {
                *word |= 1 << (point % 64);
            }
        }
        if let Some(at) = words.iter().zip(&expected).position(|(got, expected)| got != expected) {
            let offset = place_of(&layout.parts, usize::from(part) * len + at, 8);
            let expected = format!("the points at places {places:?} of the postings");
            return Err(FormatError::invalid(offset, "part", expected, format!("others in part {part}")));
        }
    }
    Ok(())
}

/// Checks that ends ascend and that the last one is `total`.
///
/// # Errors
/// The first end that is wrong.
pub fn check_ends(
    what: &'static str,
    ends: &[u32],
    section: &Range<u64>,
    total: u32,
) -> Result<(), FormatError> {
    check_count(what, (section.end - section.start) / 4, ends.len())?;
    let mut start = 0;
    for (index, end) in ends.iter().enumerate() {
        if *end < start || *end > total {
            let offset = place_of(section, index, 4);
            return Err(FormatError::invalid(offset, what, format!("{start} to {total}"), end));
        }
        start = *end;
    }
    if !ends.is_empty() && start != total {
        let offset = place_of(section, ends.len() - 1, 4);
        return Err(FormatError::invalid(offset, what, total.to_string(), start));
    }
    Ok(())
}
