//! Keys of payload values: bytes that ascend as the values do, so that one kind of index serves all of them; and which keys pass a check.
//!
//! Every value of a field has a key, whatever kind of value was declared, so that an index answers as the payloads themselves would. The kind only says what texts
//! and objects are taken for: dates and places have keys of their own, and then other questions about them are left to the payloads.
//!
//! A key is a byte for the sort of value, then: for a bool one byte; for a number the nearest float with its bits turned so that they ascend, what a whole number is
//! off it, and whether it is one; for a text its bytes; for anything else its JSON; for a moment and a place microseconds and degrees, turned likewise.

use super::datetime::Datetime;
use super::geo::GeoPoint;
use super::number::Number;
use super::values::{Moments, Test};
use crate::error::{Error, Result};
use crate::point::PayloadPath;
use nigh_format::payload_index::FieldKind;
use serde_json::{Map, Value};
use std::ops::Range;

const BOOL: u8 = 0;
const NUMBER: u8 = 1;
const TEXT: u8 = 2;
const OTHER: u8 = 3;
const MOMENT: u8 = 4;
const PLACE: u8 = 5;

/// Whether a number is written as a whole one.
const WHOLE: u8 = 0;
const FLOAT: u8 = 1;

/// What one point has in an indexed field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct FieldValues {
    /// One for each value that is not null; those of an array singly.
    pub(crate) keys: Vec<Box<[u8]>>,
    /// The field is neither missing, nor null, nor an empty array.
    pub(crate) filled: bool,
    /// The field is null, or an array with null in it.
    pub(crate) null: bool,
}

impl FieldValues {
    /// The values at a path.
    pub(crate) fn of(payload: &Map<String, Value>, path: &PayloadPath, kind: FieldKind) -> Self {
        let mut found = Self::default();
        path.any(payload, &mut |value| {
            found.add(value, kind);
            false
        });
        found.keys.sort_unstable();
        found.keys.dedup();
        found
    }

    fn add(&mut self, value: &Value, kind: FieldKind) {
        match value {
            Value::Null => self.null = true,
            Value::Array(items) => {
                self.filled |= !items.is_empty();
                self.null |= items.iter().any(Value::is_null);
                self.keys.extend(items.iter().filter(|item| !item.is_null()).map(|item| key_of(item, kind)));
            }
            other => {
                self.filled = true;
                self.keys.push(key_of(other, kind));
            }
        }
    }
}

/// The key of a value that is not null.
fn key_of(value: &Value, kind: FieldKind) -> Box<[u8]> {
    let tagged = |tag: u8, bytes: &[u8]| [&[tag][..], bytes].concat().into_boxed_slice();
    match (value, kind) {
        (Value::String(text), FieldKind::Datetime) => match Datetime::read(text) {
            Some(Datetime(micros)) => tagged(MOMENT, &turned_integer(micros)),
            None => tagged(TEXT, text.as_bytes()),
        },
        (Value::Object(_), FieldKind::Geo) => match GeoPoint::of(value) {
            Some(GeoPoint { lon, lat }) => tagged(PLACE, &[turned(lat), turned(lon)].concat()),
            None => tagged(OTHER, value.to_string().as_bytes()),
        },
        (Value::Bool(value), _) => tagged(BOOL, &[u8::from(*value)]),
        (Value::String(text), _) => tagged(TEXT, text.as_bytes()),
        (Value::Number(_), _) => match Number::of(value) {
            Some(number) => number_key(number),
            None => tagged(OTHER, value.to_string().as_bytes()),
        },
        (Value::Null | Value::Array(_) | Value::Object(_), _) => tagged(OTHER, value.to_string().as_bytes()),
    }
}

fn number_key(number: Number) -> Box<[u8]> {
    let (nearest, off, sort) = match number {
        // A whole number of 64 bits is at most 1024 off its nearest float.
        Number::Integer(integer) => (integer as f64, (integer - (integer as f64) as i128) as i16, WHOLE),
        Number::Float(float) => (float, 0, FLOAT),
    };
    let mut key = vec![NUMBER];
    key.extend(turned(nearest));
    key.extend(((off as u16) ^ (1 << 15)).to_be_bytes());
    key.push(sort);
    key.into_boxed_slice()
}

/// The bits of a float, big end first, so that they ascend: all turned over below 0, else the sign. -0 is 0.
fn turned(float: f64) -> [u8; 8] {
    let bits = (float + 0.0).to_bits();
    (if bits >> 63 == 1 { !bits } else { bits | (1 << 63) }).to_be_bytes()
}

fn turned_back(bytes: [u8; 8]) -> f64 {
    let bits = u64::from_be_bytes(bytes);
    f64::from_bits(if bits >> 63 == 1 { bits ^ (1 << 63) } else { !bits })
}

fn turned_integer(integer: i64) -> [u8; 8] {
    ((integer as u64) ^ (1 << 63)).to_be_bytes()
}

/// What a key stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Keyed {
    /// A value as it is in a payload; -0.0 has become 0.0.
    Value(Value),
    Moment(Datetime),
    Place(GeoPoint),
}

impl Keyed {
    /// Reads a key.
    ///
    /// # Errors
    /// What is wrong with bytes that are no key.
    pub(crate) fn read(key: &[u8]) -> std::result::Result<Self, &'static str> {
        let (tag, bytes) = key.split_first().ok_or("an empty key")?;
        let eight = |bytes: &[u8]| bytes.first_chunk::<8>().copied().ok_or("a key that is too short");
        Ok(match *tag {
            BOOL => Keyed::Value(Value::Bool(bytes == [1])),
            NUMBER => Keyed::Value(match read_number(bytes).ok_or("a number that is too short")? {
                Number::Integer(integer) => match i64::try_from(integer) {
                    Ok(integer) => integer.into(),
                    Err(_) => u64::try_from(integer).map_err(|_| "a number beyond 64 bits")?.into(),
                },
                Number::Float(float) => float.into(),
            }),
            TEXT => Keyed::Value(Value::String(text_of(key).ok_or("a text that is not UTF-8")?.to_owned())),
            OTHER => Keyed::Value(serde_json::from_slice(bytes).map_err(|_| "a value that is not JSON")?),
            MOMENT => Keyed::Moment(Datetime((u64::from_be_bytes(eight(bytes)?) ^ (1 << 63)) as i64)),
            PLACE => {
                let (lat, lon) = bytes.split_at_checked(8).ok_or("a place that is too short")?;
                Keyed::Place(GeoPoint { lon: turned_back(eight(lon)?), lat: turned_back(eight(lat)?) })
            }
            _ => return Err("a key of an unknown sort"),
        })
    }
}

fn read_number(bytes: &[u8]) -> Option<Number> {
    let (nearest, rest) = bytes.split_first_chunk::<8>()?;
    let (off, sort) = rest.split_first_chunk::<2>()?;
    let nearest = turned_back(*nearest);
    let off = (u16::from_be_bytes(*off) ^ (1 << 15)) as i16;
    Some(match sort {
        // No whole number is infinite, but bytes on disk may say so.
        [WHOLE] => Number::Integer((nearest as i128).saturating_add(i128::from(off))),
        _ => Number::Float(nearest),
    })
}

/// The text of a text's key.
pub(crate) fn text_of(key: &[u8]) -> Option<&str> {
    key.strip_prefix(&[TEXT]).and_then(|bytes| std::str::from_utf8(bytes).ok())
}

/// The number of a number's key.
pub(crate) fn number_of(key: &[u8]) -> Option<Number> {
    key.strip_prefix(&[NUMBER]).and_then(read_number)
}

/// The different keys of a field, ascending.
pub(crate) trait Keys {
    /// How many there are.
    fn count(&self) -> u32;

    /// The key with this number.
    fn get(&self, number: u32) -> Result<&[u8]>;

    /// How many keys come before the first for which `is_before` does not hold; it holds for the first few and for no others.
    fn partition(&self, within: Range<u32>, is_before: &dyn Fn(&[u8]) -> bool) -> Result<u32> {
        let Range { start: mut low, end: mut high } = within;
        while low < high {
            let middle = low + (high - low) / 2;
            if is_before(self.get(middle)?) { low = middle + 1 } else { high = middle }
        }
        Ok(low)
    }
}

impl Test {
    /// Whether keys of this kind tell enough to answer.
    pub(crate) fn is_answered_by(&self, kind: FieldKind) -> bool {
        match self {
            Test::Count(_) | Test::Words(_) => false,
            Test::Empty(_) | Test::Null(_) => kind != FieldKind::Text,
            Test::Datetimes(_) => !matches!(kind, FieldKind::Geo | FieldKind::Text),
            Test::InBox(_) | Test::Around(_) | Test::InPolygon(_) => {
                !matches!(kind, FieldKind::Datetime | FieldKind::Text)
            }
            _ => !matches!(kind, FieldKind::Datetime | FieldKind::Geo | FieldKind::Text),
        }
    }

    /// Whether the check holds of a value with this key; [`Test::is_answered_by`] its kind.
    pub(crate) fn key_passes(&self, key: &[u8]) -> Result<bool> {
        if let Some(text) = text_of(key) {
            return Ok(self.text_passes(text));
        }
        let keyed = Keyed::read(key).map_err(Error::internal)?;
        Ok(match (self, keyed) {
            (_, Keyed::Value(value)) => self.holds(&value),
            (Test::Datetimes(bounds), Keyed::Moment(at)) => bounds.hold(at),
            (Test::InBox(bounds), Keyed::Place(point)) => bounds.contains(point),
            (Test::Around(circle), Keyed::Place(point)) => circle.contains(point),
            (Test::InPolygon(polygon), Keyed::Place(point)) => polygon.contains(point),
            (_, Keyed::Moment(_) | Keyed::Place(_)) => false,
        })
    }

    /// The keys that pass, as ranges of their numbers, ascending; [`Test::is_answered_by`] their kind, and not `Empty` or `Null`.
    pub(crate) fn passing(&self, keys: &impl Keys) -> Result<Vec<Range<u32>>> {
        let exact = |key: &[u8]| find(keys, key);
        let of_sort = |tag: u8| sort(keys, tag);
        Ok(match self {
            Test::Keyword(text) => exact(&text_key(text))?.into_iter().collect(),
            Test::Integer(integer) => exact(&number_key(Number::Integer(*integer)))?.into_iter().collect(),
            Test::Bool(value) => exact(&[BOOL, u8::from(*value)])?.into_iter().collect(),
            Test::AnyKeyword(texts) => found(keys, texts.iter().map(|text| text_key(text)))?,
            Test::AnyInteger(integers) => {
                found(keys, integers.iter().map(|i| number_key(Number::Integer(*i))))?
            }
            Test::ExceptKeywords(texts) => {
                others(keys.count(), &found(keys, texts.iter().map(|text| text_key(text)))?)
            }
            Test::ExceptIntegers(integers) => {
                others(keys.count(), &found(keys, integers.iter().map(|i| number_key(Number::Integer(*i))))?)
            }
            Test::Prefix(prefix) => {
                let (first, texts) = (text_key(prefix), of_sort(TEXT)?);
                let start = keys.partition(texts.clone(), &|key| key < &first[..])?;
                let end = keys.partition(start..texts.end, &|key| key.starts_with(&first))?;
                one(start..end)
            }
            Test::Range(range) => {
                let numbers = of_sort(NUMBER)?;
                let below = super::number::Range { lt: None, lte: None, ..*range };
                let above = super::number::Range { gt: None, gte: None, ..*range };
                let holds =
                    |range: super::number::Range, key: &[u8]| number_of(key).is_some_and(|n| range.holds(n));
                let start = keys.partition(numbers.clone(), &|key| !holds(below, key))?;
                one(start..keys.partition(start..numbers.end, &|key| holds(above, key))?)
            }
            Test::Datetimes(bounds) => {
                let moments = of_sort(MOMENT)?;
                let at = |key: &[u8]| match Keyed::read(key) {
                    Ok(Keyed::Moment(at)) => at,
                    _ => Datetime(i64::MIN),
                };
                let (below, above) =
                    (Moments { lt: None, lte: None, ..*bounds }, Moments { gt: None, gte: None, ..*bounds });
                let start = keys.partition(moments.clone(), &|key| !below.hold(at(key)))?;
                let mut all = self.each(keys, of_sort(TEXT)?)?;
                all.push(start..keys.partition(start..moments.end, &|key| above.hold(at(key)))?);
                all
            }
            Test::InBox(bounds) => self.places(keys, bounds.latitudes())?,
            Test::Around(circle) => self.places(keys, circle.latitudes())?,
            Test::InPolygon(polygon) => self.places(keys, polygon.latitudes())?,
            Test::Contains(_) | Test::ContainsAny(_) => self.each(keys, of_sort(TEXT)?)?,
            Test::Count(_) | Test::Words(_) | Test::Empty(_) | Test::Null(_) => Vec::new(),
        })
    }

    /// The places that pass, of those between two degrees north; and what else may be a place.
    fn places(&self, keys: &impl Keys, (south, north): (f64, f64)) -> Result<Vec<Range<u32>>> {
        let places = sort(keys, PLACE)?;
        let latitude =
            |key: &[u8]| key.get(1..9).and_then(|lat| lat.try_into().ok()).map_or(f64::NAN, turned_back);
        let start = keys.partition(places.clone(), &|key| latitude(key) < south)?;
        let end = keys.partition(start..places.end, &|key| latitude(key) <= north)?;
        let mut passing = self.each(keys, sort(keys, OTHER)?)?;
        passing.extend(self.each(keys, start..end)?);
        Ok(passing)
    }

    /// The keys that pass when each is asked.
    fn each(&self, keys: &impl Keys, within: Range<u32>) -> Result<Vec<Range<u32>>> {
        let mut passing: Vec<Range<u32>> = Vec::new();
        for number in within {
            if self.key_passes(keys.get(number)?)? {
                match passing.last_mut().filter(|last| last.end == number) {
                    Some(last) => last.end = number + 1,
                    None => passing.push(number..number + 1),
                }
            }
        }
        Ok(passing)
    }
}

fn text_key(text: &str) -> Box<[u8]> {
    [&[TEXT], text.as_bytes()].concat().into_boxed_slice()
}

/// A list of one range.
fn one(range: Range<u32>) -> Vec<Range<u32>> {
    std::iter::once(range).collect()
}

/// The keys of one sort.
fn sort(keys: &impl Keys, tag: u8) -> Result<Range<u32>> {
    let start = keys.partition(0..keys.count(), &|key| key < &[tag][..])?;
    Ok(start..keys.partition(start..keys.count(), &|key| key.first() == Some(&tag))?)
}

fn find(keys: &impl Keys, wanted: &[u8]) -> Result<Option<Range<u32>>> {
    let number = keys.partition(0..keys.count(), &|key| key < wanted)?;
    let is_there = number < keys.count() && keys.get(number)? == wanted;
    Ok(is_there.then_some(number..number + 1))
}

/// Those of some keys that are there, ascending.
fn found(keys: &impl Keys, wanted: impl Iterator<Item = Box<[u8]>>) -> Result<Vec<Range<u32>>> {
    let mut found: Vec<Range<u32>> =
        wanted.filter_map(|key| find(keys, &key).transpose()).collect::<Result<_>>()?;
    found.sort_unstable_by_key(|range| range.start);
    Ok(found)
}

/// What is between ascending ranges of numbers below `count`.
fn others(count: u32, ranges: &[Range<u32>]) -> Vec<Range<u32>> {
    let starts = std::iter::once(0).chain(ranges.iter().map(|range| range.end));
    let ends = ranges.iter().map(|range| range.start).chain(std::iter::once(count));
    starts.zip(ends).map(|(start, end)| start..end).filter(|range| !range.is_empty()).collect()
}
