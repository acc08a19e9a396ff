//! The files of a segment: the preamble's numbers, a look at the first items, and each file's own rules.
//!
//! Large sections (rows of vectors, codes, links) are not held in memory: only their first rows are read here, and their bytes are
//! covered by the blocks that file.rs has compared. Of a graph, the layers above the nodes and the curve are read whole; so is the index of a payload field.
//! Bytes: docs/storage-format.md, section 8.

use std::ops::Range;

use nigh_format::codes::CodesLayout;
use nigh_format::graph::{FREE_LINK, LinksLayout, check_layers, decode_curve};
use nigh_format::header::{FileHeader, FileKind, HEADER_LEN};
use nigh_format::id_map::{self, IdMapLayout};
use nigh_format::manifest::Datatype;
use nigh_format::operation::PointIdRecord;
use nigh_format::payload_index::{self, PayloadIndexContent, PayloadIndexLayout};
use nigh_format::payloads::{self, PREAMBLE_LEN, PayloadsLayout};
use nigh_format::postings::{self, List, PostingsLayout};
use nigh_format::reduced::ReducedLayout;
use nigh_format::sparse::{self, SparseLayout};
use nigh_format::text_index::TextIndexLayout;
use nigh_format::tombstones::{self, TombstonesLayout};
use nigh_format::vectors::{self, VectorsLayout};

use super::source::{Source, i32s, u32s, u64s};
use super::wal;
use crate::dump::{Dump, Problem};

/// Items of a list that are shown.
const SHOWN: usize = 3;
/// Values of a row that are shown.
const VALUES_SHOWN: usize = 6;

/// Adds what the file says.
pub(super) fn inspect(source: &Source, header: &FileHeader, dump: &mut Dump) {
    let data = Data { source, data_len: header.data_len };
    let Some(preamble) = dump.note(data.read(0..PREAMBLE_LEN as u64)) else { return };
    let shown = match header.kind {
        FileKind::Vectors => show_vectors(&data, &preamble, dump),
        FileKind::Codes => show_codes(&data, &preamble, dump),
        FileKind::Links => show_links(&data, &preamble, dump),
        FileKind::Reduced => show_reduced(&data, &preamble, dump),
        FileKind::Sparse => show_sparse(&data, &preamble, dump),
        FileKind::Postings => show_postings(&data, &preamble, dump),
        FileKind::PayloadIndex => show_payload_index(&data, &preamble, dump),
        FileKind::TextIndex => show_text_index(&data, &preamble, dump),
        FileKind::Payloads => show_payloads(&data, &preamble, dump),
        FileKind::IdMap => show_ids(&data, &preamble, dump),
        FileKind::Tombstones => show_tombstones(&data, &preamble, dump),
        // No segment has sparse vectors yet.
        FileKind::Catalog | FileKind::Manifest | FileKind::SegmentMeta | FileKind::Wal => Ok(()),
    };
    dump.note(shown);
}

/// The data section.
struct Data<'a> {
    source: &'a Source,
    data_len: u64,
}

impl Data<'_> {
    /// Bytes by their place in the data.
    fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Problem> {
        let shift = HEADER_LEN as u64;
        self.source.read(range.start.saturating_add(shift)..range.end.saturating_add(shift))
    }

    /// What lies between sections must be zeros.
    fn check_gaps(&self, gaps: Vec<Range<u64>>) -> Result<(), Problem> {
        for gap in gaps {
            let bytes = self.read(gap.clone())?;
            if let Some(at) = bytes.iter().position(|byte| *byte != 0) {
                let offset = HEADER_LEN as u64 + gap.start + at as u64;
                let what = "expected zeros between sections".to_owned();
                return Err(Problem { offset: Some(offset), what });
            }
        }
        Ok(())
    }
}

fn show_vectors(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = VectorsLayout::decode(preamble, data.data_len)?;
    dump.field("point_count", layout.point_count)
        .field("row_count", layout.row_count)
        .field("dim", layout.dim)
        .field("datatype", format!("{:?}", layout.datatype).to_lowercase())
        .field("metric", format!("{:?}", layout.metric).to_lowercase())
        .field("stride", layout.stride());
    data.check_gaps(layout.gaps())?;
    let section = |range: Option<Range<u64>>| range.map_or(Ok(Vec::new()), |range| data.read(range));
    let (words, ranks) = (u64s(&section(layout.presence())?), u32s(&section(layout.ranks())?));
    vectors::check_presence(&words, &ranks, &layout)?;
    for row in 0..layout.row_count.min(SHOWN as u32) {
        let bytes = data.read(layout.row(row))?;
        let mut line = Dump::line(format!("row {row}"));
        let shown = values(layout.datatype, &bytes);
        let more = if layout.dim as usize > VALUES_SHOWN { " …" } else { "" };
        line.field_as("values", shown.clone(), format!("{}{more}", join(&shown)));
        dump.child(line);
    }
    Ok(())
}

/// The first values of a row.
fn values(datatype: Datatype, bytes: &[u8]) -> Vec<f32> {
    let values: Vec<f32> = match datatype {
        Datatype::F32 => {
            bytes.as_chunks().0.iter().take(VALUES_SHOWN).map(|b| f32::from_le_bytes(*b)).collect()
        }
        Datatype::F16 => {
            bytes.as_chunks().0.iter().take(VALUES_SHOWN).map(|b| from_f16(u16::from_le_bytes(*b))).collect()
        }
        Datatype::U8 => bytes.iter().take(VALUES_SHOWN).map(|b| f32::from(*b)).collect(),
    };
    values
}

/// IEEE 754 binary16; exact for all that are numbers.
fn from_f16(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, mantissa) = (i32::from(bits >> 10 & 0x1f), f32::from(bits & 0x3ff));
    sign * match exponent {
        0 => mantissa * 2f32.powi(-24),
        31 if mantissa == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1024.0 + mantissa) * 2f32.powi(exponent - 25),
    }
}

fn join(values: &[f32]) -> String {
    values.iter().map(|v| format!("{v:.4}")).collect::<Vec<_>>().join(" ")
}

/// Whole numbers, one behind the other.
fn words<T: ToString>(values: &[T]) -> String {
    values.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

fn show_codes(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = CodesLayout::decode(preamble, data.data_len)?;
    dump.field("row_count", layout.row_count)
        .field("dim", layout.dim)
        .field("quantizer", format!("{:?}", layout.quantizer).to_lowercase())
        .field("stride", layout.stride)
        .float("scale", layout.scale)
        .float("shift", layout.shift)
        .float("quantile", layout.quantile);
    data.check_gaps(layout.gaps())?;
    let rows = CodeRows { count: layout.row_count, dim: layout.dim, stride: layout.stride };
    rows.show(data, layout.codes(), layout.bias(), dump)
}

fn show_reduced(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = ReducedLayout::decode(preamble, data.data_len)?;
    let shape = &layout.shape;
    dump.field("row_count", shape.row_count)
        .field("dim", shape.dim)
        .field("reduced_dim", shape.reduced_dim)
        .field("stride", layout.stride)
        .field("matrix_stride", layout.matrix_stride)
        .float("scale", shape.scale)
        .float("shift", shape.shift)
        .float("input_scale", shape.input_scale)
        .float("input_shift", shape.input_shift)
        .float("kept", shape.kept);
    data.check_gaps(layout.gaps())?;
    let rows = CodeRows { count: shape.row_count, dim: shape.reduced_dim, stride: layout.stride };
    rows.show(data, layout.codes(), layout.bias(), dump)
}

/// Codes of a codes or reduced file.
struct CodeRows {
    count: u32,
    dim: u32,
    stride: u32,
}

impl CodeRows {
    /// The first codes, and the bias of each.
    fn show(
        &self,
        data: &Data<'_>,
        codes: Range<u64>,
        bias: Range<u64>,
        dump: &mut Dump,
    ) -> Result<(), Problem> {
        let shown = self.dim.min(VALUES_SHOWN as u32);
        for row in 0..self.count.min(SHOWN as u32) {
            let start = codes.start + u64::from(row) * u64::from(self.stride);
            let code = data.read(start..start + u64::from(shown))?;
            let start = bias.start + 4 * u64::from(row);
            let bias = i32s(&data.read(start..start + 4)?).first().copied();
            let mut line = Dump::line(format!("row {row}"));
            let more = if self.dim > shown { " …" } else { "" };
            line.field_as("code", code.clone(), format!("{}{more}", words(&code))).field("bias", bias);
            dump.child(line);
        }
        Ok(())
    }
}

fn show_links(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = LinksLayout::decode(preamble, data.data_len)?;
    let shape = &layout.shape;
    dump.field("row_count", shape.row_count)
        .field("row_len", shape.row_len)
        .field("layer_count", shape.layer_count)
        .field("layer_nodes", shape.layer_nodes)
        .field("curve_len", shape.curve_len)
        .field("root", shape.root)
        .field("entry", shape.entry)
        .field("descent", shape.descent)
        .field("repaired", shape.repaired)
        .field("m", shape.m)
        .field("ef_construction", shape.ef_construction)
        .float("lift", shape.lift)
        .field("seed", shape.seed);
    data.check_gaps(layout.gaps())?;
    show_layers(data, &layout, dump)?;
    for (place, point) in decode_curve(&data.read(layout.curve())?, &layout)?.iter().enumerate() {
        let mut line = Dump::line(format!("curve {place}"));
        line.float("recall", point.recall)
            .float("distances", point.distances)
            .field("width", point.width)
            .float("slack", point.slack)
            .field("refine", point.refine);
        dump.child(line);
    }
    let row_bytes = 4 * u64::from(shape.row_len);
    for node in 0..shape.row_count.min(SHOWN as u32) {
        let start = layout.links().start + u64::from(node) * row_bytes;
        let row = u32s(&data.read(start..start + row_bytes)?);
        let links: Vec<u32> = row.into_iter().filter(|link| *link != FREE_LINK).collect();
        let mut line = Dump::line(format!("node {node}"));
        line.field_as("links", links.clone(), words(&links));
        dump.child(line);
    }
    Ok(())
}

/// The layers above the nodes, from the one next to them to the highest.
fn show_layers(data: &Data<'_>, layout: &LinksLayout, dump: &mut Dump) -> Result<(), Problem> {
    let numbers = |range| data.read(range).map(|bytes| u32s(&bytes));
    let (lens, ids) = (numbers(layout.layer_lens())?, numbers(layout.layer_ids())?);
    let links = numbers(layout.layer_links())?;
    check_layers(&lens, &ids, &links, layout)?;
    let mut rows = links.chunks(layout.shape.row_len as usize);
    for (level, len) in (1..).zip(lens) {
        let own = rows.by_ref().take(len as usize).flatten();
        let mut line = Dump::line(format!("layer {level}"));
        line.field("nodes", len).field("links", own.filter(|link| **link != FREE_LINK).count());
        dump.child(line);
    }
    Ok(())
}

fn show_sparse(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = SparseLayout::decode(preamble, data.data_len)?;
    dump.field("point_count", layout.point_count)
        .field("row_count", layout.row_count)
        .field("value_count", layout.value_count);
    data.check_gaps(layout.gaps())?;
    let (presence, ends) = (u64s(&data.read(layout.presence())?), u64s(&data.read(layout.ends())?));
    sparse::check_ends(&presence, &ends, &layout)?;
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let rows = starts.zip(&ends).enumerate().filter(|(_, (start, end))| start < *end);
    for (offset, (start, end)) in rows.take(SHOWN) {
        let shown = start..(*end).min(start + VALUES_SHOWN as u64);
        let place = |section: Range<u64>| section.start + 4 * shown.start..section.start + 4 * shown.end;
        let indices = u32s(&data.read(place(layout.indices()))?);
        let values = values(Datatype::F32, &data.read(place(layout.values()))?);
        let mut line = Dump::line(format!("offset {offset}"));
        let more = if shown.end < *end { " …" } else { "" };
        line.field_as("indices", indices.clone(), format!("{}{more}", words(&indices)));
        line.field_as("values", values.clone(), format!("{}{more}", join(&values)));
        dump.child(line);
    }
    Ok(())
}

fn show_postings(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = PostingsLayout::decode(preamble, data.data_len)?;
    let shape = &layout.shape;
    dump.field("point_count", shape.point_count)
        .field("row_count", shape.row_count)
        .field("posting_count", shape.posting_count)
        .field("term_count", shape.term_count)
        .field("datatype", format!("{:?}", shape.datatype).to_lowercase())
        .bytes("data_bytes", shape.data_bytes);
    data.check_gaps(layout.gaps())?;
    let (terms, lists) = (u32s(&data.read(layout.terms())?), u32s(&data.read(layout.lists())?));
    let (lists, _) = lists.as_chunks();
    postings::check_lists(&terms, lists, &layout)?;
    for (term, entry) in terms.iter().zip(lists).take(SHOWN) {
        let list = List::from_entry(*entry);
        let mut line = Dump::line(format!("index {term}"));
        line.field("len", list.len)
            .field("blocks", list.block_count())
            .float("min", list.min)
            .float("max", list.max);
        dump.child(line);
    }
    Ok(())
}

fn show_payload_index(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = PayloadIndexLayout::decode(preamble, data.data_len)?;
    let shape = &layout.shape;
    dump.field("kind_of_values", format!("{:?}", shape.kind).to_lowercase())
        .field("point_count", shape.point_count)
        .field("key_count", shape.key_count)
        .bytes("key_bytes", shape.key_bytes)
        .field("value_count", shape.value_count)
        .field("multi", shape.multi)
        .field("part_count", shape.part_count);
    data.check_gaps(layout.gaps())?;
    let numbers = |range| data.read(range).map(|bytes| u32s(&bytes));
    let longs = |range| data.read(range).map(|bytes| u64s(&bytes));
    let (key_ends, keys) = (longs(layout.key_ends())?, data.read(layout.keys())?);
    let (posting_ends, postings) = (numbers(layout.posting_ends())?, numbers(layout.postings())?);
    let (filled, null) = (longs(layout.filled())?, longs(layout.null())?);
    let content = PayloadIndexContent {
        key_ends: &key_ends,
        keys: &keys,
        posting_ends: &posting_ends,
        postings: &postings,
        value_ends: &numbers(layout.value_ends())?,
        values: &numbers(layout.values())?,
        filled: &filled,
        null: &null,
        parts: &longs(layout.parts())?,
    };
    payload_index::check(&content, &layout)?;
    let count = |words: &[u64]| words.iter().map(|word| word.count_ones()).sum::<u32>();
    dump.field("filled", count(&filled)).field("null", count(&null));
    let mut starts = (0, 0);
    for (key_end, posting_end) in key_ends.into_iter().zip(posting_ends).take(SHOWN) {
        let (key_start, posting_start) = std::mem::replace(&mut starts, (key_end, posting_end));
        let key = keys.get(key_start as usize..key_end as usize).unwrap_or_default();
        let mut line = Dump::line(format!("key {}", key_text(key)));
        line.field("points", posting_end - posting_start);
        dump.child(line);
    }
    Ok(())
}

fn show_text_index(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = TextIndexLayout::decode(preamble, data.data_len)?;
    let blob = layout.blob();
    dump.field("point_count", layout.point_count).bytes("blob_len", blob.end - blob.start);
    Ok(())
}

/// The value that a key of a payload index stands for.
fn key_text(key: &[u8]) -> String {
    let Some((sort, bytes)) = key.split_first() else { return String::new() };
    let float = |at: usize| {
        let bits = u64::from_be_bytes(*bytes.get(at..)?.first_chunk()?);
        Some(f64::from_bits(if bits >> 63 == 1 { bits ^ (1 << 63) } else { !bits }))
    };
    let known = match *sort {
        0 => Some((bytes == [1]).to_string()),
        1 => float(0).zip(bytes.get(8..).and_then(<[u8]>::first_chunk)).map(|(nearest, off)| {
            let off = (u16::from_be_bytes(*off) ^ (1 << 15)) as i16;
            match bytes.get(10) {
                Some(0) => (nearest as i128).saturating_add(i128::from(off)).to_string(),
                _ => format!("{nearest:?}"),
            }
        }),
        2 => Some(format!("{:?}", wal::text(bytes))),
        3 => Some(wal::text(bytes)),
        4 => bytes.first_chunk().map(|bytes| {
            let micros = (u64::from_be_bytes(*bytes) ^ (1 << 63)) as i64;
            format!("{micros} µs since 1970")
        }),
        5 => float(0).zip(float(8)).map(|(lat, lon)| format!("lat {lat:?}, lon {lon:?}")),
        _ => None,
    };
    known.unwrap_or_else(|| format!("of unknown bytes {}", key.escape_ascii()))
}

fn show_payloads(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = PayloadsLayout::decode(preamble, data.data_len)?;
    dump.field("point_count", layout.point_count).bytes("blob_len", layout.blob_len);
    data.check_gaps(layout.gaps())?;
    let ends = u64s(&data.read(layout.ends())?);
    payloads::check_ends(&ends, layout.blob_len)?;
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let texts = starts.zip(&ends).enumerate().filter(|(_, (start, end))| start < *end);
    dump.field("with_payload", texts.clone().count());
    for (offset, (start, end)) in texts.take(SHOWN) {
        let blob = layout.blob().start;
        let mut line = Dump::line(format!("offset {offset}"));
        line.field("json", wal::text(&data.read(blob + start..blob + end)?));
        dump.child(line);
    }
    Ok(())
}

fn show_ids(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = IdMapLayout::decode(preamble, data.data_len)?;
    dump.field("point_count", layout.point_count)
        .field("integer_ids", layout.int_count)
        .field("uuids", layout.point_count - layout.int_count);
    data.check_gaps(layout.gaps())?;
    let (ints, uuids) = (u64s(&data.read(layout.ints())?), data.read(layout.uuids())?);
    let (offsets, ranks) = (u32s(&data.read(layout.offsets())?), u32s(&data.read(layout.ranks())?));
    id_map::check(&ints, &uuids, &offsets, &ranks)?;
    if let (Some(first), Some(last)) = (ints.first(), ints.last()) {
        dump.field("integers", format!("{first} to {last}"));
    }
    let uuid = |bytes: &[u8; id_map::UUID_LEN]| wal::id(&PointIdRecord::Uuid(u128::from_be_bytes(*bytes)));
    let (uuids, _) = uuids.as_chunks();
    if let (Some(first), Some(last)) = (uuids.first(), uuids.last()) {
        dump.field("uuid_range", format!("{} to {}", uuid(first), uuid(last)));
    }
    let versions = u64s(&data.read(layout.versions())?);
    if let (Some(first), Some(last)) = (versions.iter().min(), versions.iter().max()) {
        dump.field("versions", format!("{first} to {last}"));
    }
    Ok(())
}

fn show_tombstones(data: &Data<'_>, preamble: &[u8], dump: &mut Dump) -> Result<(), Problem> {
    let layout = TombstonesLayout::decode(preamble, data.data_len)?;
    dump.field("point_count", layout.point_count)
        .field("dead_count", layout.dead_count)
        .field("live_count", layout.point_count.saturating_sub(layout.dead_count));
    data.check_gaps(layout.gaps())?;
    let words = u64s(&data.read(layout.words())?);
    tombstones::check_words(&words, &layout)?;
    let bits = words
        .iter()
        .enumerate()
        .flat_map(|(i, word)| (0..64).filter(move |bit| word >> bit & 1 == 1).map(move |bit| i * 64 + bit));
    let first: Vec<_> = bits.take(10).collect();
    dump.field("first_dead_offsets", first);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bytes of the worked example of docs/storage-format.md, section 8.11, and one of each other sort.
    #[test]
    fn keys_are_read() {
        for (key, text) in [
            (&b"\x00\x01"[..], "true"),
            (b"\x01\xC0\x1C\0\0\0\0\0\0\x80\0\0", "7"),
            (b"\x01\xC3\x40\0\0\0\0\0\0\x80\x01\0", "9007199254740993"),
            (b"\x01\x40\x07\xFF\xFF\xFF\xFF\xFF\xFF\x80\0\x01", "-1.5"),
            (b"\x02\xC3\xA9", "\"é\""),
            (b"\x03{\"a\":1}", "{\"a\":1}"),
            (b"\x04\x80\0\0\0\0\0\0\x01", "1 µs since 1970"),
            (b"\x05\xBF\xF0\0\0\0\0\0\0\x80\0\0\0\0\0\0\0", "lat 1.0, lon 0.0"),
            (b"\x05\xBF", "of unknown bytes \\x05\\xbf"),
            (b"\x09", "of unknown bytes \\t"),
        ] {
            assert_eq!(key_text(key), text);
        }
    }

    #[test]
    fn half_floats_are_read() {
        for (bits, value) in [(0x3c00, 1.0), (0xc000, -2.0), (0x7bff, 65504.0), (0x0001, 5.960_464_5e-8)] {
            assert_eq!(from_f16(bits), value, "{bits:#x}");
        }
        assert!(from_f16(0x7c00).is_infinite() && from_f16(0x7e00).is_nan());
    }
}
