//! The bodies of the fuzz targets: any bytes in, nothing out, and a panic when a decoder breaks a promise.
//!
//! Each body first gives the bytes to the decoder as they are. Where a checksum would stop a fuzzer at the door, the
//! bytes then become the data inside a good frame. The same bodies run over the kept corpora on stable Rust:
//! `storage-format/tests/fuzz_corpus.rs`.

mod log_script;
mod reader;

use std::ops::Range;

use nigh_format::FormatErrorKind;
use nigh_format::block::{decode_file, encode_file};
use nigh_format::catalog::Catalog;
use nigh_format::checksum::crc32c;
use nigh_format::codes::{self, CodesLayout, Quantizer};
use nigh_format::graph::{self, LinksLayout, LinksShape};
use nigh_format::header::{FileHeader, FileKind, Identity, MAGIC};
use nigh_format::id_map::{self, IdMapLayout};
use nigh_format::manifest::{Datatype, Manifest, Metric};
use nigh_format::operation::Operation;
use nigh_format::payload_index::{
    self, FieldKind, NO_VALUE, PayloadIndexContent, PayloadIndexLayout, PayloadIndexShape,
};
use nigh_format::payloads::{self, PayloadsLayout};
use nigh_format::postings::{self, List, PostingsLayout, PostingsShape};
use nigh_format::reduced::{self, ReducedLayout, ReducedShape};
use nigh_format::segment_meta::SegmentMeta;
use nigh_format::sparse::{self, SparseLayout};
use nigh_format::text_index::TextIndexLayout;
use nigh_format::tombstones::{self, TombstonesLayout};
use nigh_format::vectors::{self, VectorsLayout};
use reader::{Reader, u32s, u64s};

pub use log_script::wal_file;

/// A body.
pub type Target = fn(&[u8]);

/// Every body by the name of its target and its corpus.
pub const TARGETS: [(&str, Target); 18] = [
    ("header", header),
    ("block_file", block_file),
    ("catalog", catalog),
    ("manifest", manifest),
    ("wal_file", wal_file),
    ("operation", operation),
    ("segment_meta", segment_meta),
    ("vectors", vectors),
    ("codes", codes),
    ("links", links),
    ("reduced", reduced),
    ("sparse", sparse),
    ("postings", postings),
    ("payload_index", payload_index),
    ("text_index", text_index),
    ("payloads", payloads),
    ("id_map", id_map),
    ("tombstones", tombstones),
];

/// The preamble of a text index file: what is read is written as it was.
pub fn text_index(data: &[u8]) {
    if let Ok(layout) = TextIndexLayout::decode(data, data.len() as u64) {
        assert_eq!(layout.encode(), data[..64]);
        assert_eq!(layout.blob().end, data.len() as u64);
    }
}

/// A header, as it is and with a good magic and checksum.
pub fn header(data: &[u8]) {
    let _ = FileHeader::decode(data);
    let Some(bytes) = data.first_chunk::<64>() else { return };
    let mut bytes = *bytes;
    bytes[..8].copy_from_slice(&MAGIC);
    let checksum = crc32c(&bytes[..60]);
    bytes[60..].copy_from_slice(&checksum.to_le_bytes());
    match FileHeader::decode(&bytes) {
        Ok(header) => {
            assert_eq!(header.encode(), bytes);
            assert!(header.file_len().is_none_or(|len| len > header.data_len));
        }
        Err(error) => assert_ne!(error.kind, FormatErrorKind::HeaderChecksum),
    }
}

/// A kind, a bit to flip, and data: the framed file is read back, and the flip is noticed.
pub fn block_file(data: &[u8]) {
    for kind in FileKind::ALL {
        let _ = decode_file(data, kind);
    }
    let mut reader = Reader::new(data);
    let kind = FileKind::ALL[reader.index(FileKind::ALL.len())];
    let flip = reader.u64();
    let identity = Identity { collection: reader.u64(), owner: reader.u64(), tag: reader.u64() };
    let mut file = encode_file(kind, identity, reader.rest());
    let read = decode_file(&file, kind);
    if kind == FileKind::Wal {
        return assert!(read.is_err());
    }
    let (header, inner) = read.expect("a framed file is good");
    assert_eq!((header.identity, inner), (identity, reader.rest()));
    let place = (flip % (file.len() as u64 * 8)) as usize;
    file[place / 8] ^= 1 << (place % 8);
    assert!(decode_file(&file, kind).is_err());
}

/// A generation and a record.
pub fn catalog(data: &[u8]) {
    let _ = Catalog::decode(data);
    let mut reader = Reader::new(data);
    let identity = Identity { collection: 0, owner: 0, tag: reader.u64() };
    if let Ok(catalog) = Catalog::decode(&encode_file(FileKind::Catalog, identity, reader.rest())) {
        assert_eq!(Catalog::decode(&catalog.encode()).as_ref(), Ok(&catalog));
    }
}

/// A collection, a generation and a record, of each version.
pub fn manifest(data: &[u8]) {
    let _ = Manifest::decode(data, 1);
    let mut reader = Reader::new(data);
    let collection = reader.u64();
    let identity = Identity { collection, owner: 0, tag: reader.u64() };
    for version in FileKind::Manifest.version_min()..=FileKind::Manifest.version() {
        let mut file = encode_file(FileKind::Manifest, identity, reader.rest());
        let header = FileHeader::decode(&file).expect("a framed file is good");
        file[..64].copy_from_slice(&FileHeader { version, ..header }.encode());
        if let Ok(manifest) = Manifest::decode(&file, collection) {
            assert_eq!(Manifest::decode(&manifest.encode(), collection).as_ref(), Ok(&manifest));
        }
    }
}

/// A collection, a segment and a record.
pub fn segment_meta(data: &[u8]) {
    let _ = SegmentMeta::decode(data, 1, 1);
    let mut reader = Reader::new(data);
    let (collection, owner) = (reader.u64(), reader.u64());
    let file = encode_file(FileKind::SegmentMeta, Identity { collection, owner, tag: 0 }, reader.rest());
    if let Ok(meta) = SegmentMeta::decode(&file, collection, owner) {
        assert_eq!(SegmentMeta::decode(&meta.encode(collection), collection, owner).as_ref(), Ok(&meta));
    }
}

/// The body of a log record.
pub fn operation(data: &[u8]) {
    if let Ok(operation) = Operation::decode(data) {
        let body = operation.encode().expect("what is read can be written");
        assert_eq!(Operation::decode(&body).as_ref(), Ok(&operation));
    }
}

/// A data section; then counts.
pub fn vectors(data: &[u8]) {
    if let Ok(layout) = VectorsLayout::decode(data, data.len() as u64) {
        let words = layout.presence().map(|range| u64s(data, range)).unwrap_or_default();
        let ranks = layout.ranks().map(|range| u32s(data, range)).unwrap_or_default();
        let _ = vectors::check_presence(&words, &ranks, &layout);
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    let (n, rows, dim) = (reader.u32(), reader.u32(), reader.u32());
    let (datatype, metric) = (Datatype::ALL[reader.index(3)], Metric::ALL[reader.index(4)]);
    if let Ok(layout) = VectorsLayout::new(n, rows, dim, datatype, metric) {
        assert!(layout.row(reader.u32()).end > 64);
        assert_eq!(VectorsLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
    }
}

/// A data section; then counts.
pub fn codes(data: &[u8]) {
    if let Ok(layout) = CodesLayout::decode(data, data.len() as u64) {
        let range = layout.codes();
        let _ = codes::check_codes(&data[range.start as usize..range.end as usize], &layout);
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    let (rows, dim, stride) = (reader.u32(), reader.u32(), reader.u32());
    let quantizer = Quantizer::ALL[reader.index(2)];
    let mut number = || f32::from_bits(reader.u32());
    let (scale, shift, quantile) = (number(), number(), number());
    if let Ok(layout) = CodesLayout::new(rows, dim, quantizer, stride, scale, shift, quantile) {
        assert!(layout.code(reader.u32()).end > 64);
        assert_eq!(CodesLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
    }
}

/// A data section; then counts.
pub fn links(data: &[u8]) {
    if let Ok(layout) = LinksLayout::decode(data, data.len() as u64) {
        let links = u32s(data, layout.links());
        let good = rows_are_good(&links, layout.shape.row_len, layout.shape.row_count);
        assert_eq!(graph::check_links(&links, &layout).is_ok(), good);
        let (lens, ids) = (u32s(data, layout.layer_lens()), u32s(data, layout.layer_ids()));
        let links = u32s(data, layout.layer_links());
        let good = layers_are_good(&lens, &ids, &links, &layout.shape);
        assert_eq!(graph::check_layers(&lens, &ids, &links, &layout).is_ok(), good);
        let curve = &data[layout.curve().start as usize..layout.curve().end as usize];
        if let Ok(points) = graph::decode_curve(curve, &layout) {
            assert!(points.is_sorted_by(|a, b| a.recall < b.recall));
            assert!(points.iter().flat_map(graph::CurvePoint::encode).eq(curve.iter().copied()));
        }
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    let shape = LinksShape {
        row_count: reader.u32(),
        row_len: reader.u32(),
        layer_count: reader.u32(),
        layer_nodes: reader.u32(),
        curve_len: reader.u32(),
        root: reader.u32(),
        entry: reader.u32(),
        repaired: reader.u32(),
        m: reader.u32(),
        ef_construction: reader.u32(),
        lift: f32::from_bits(reader.u32()),
        seed: reader.u64(),
        descent: reader.u32(),
    };
    if let Ok(layout) = LinksLayout::new(shape) {
        assert_eq!(LinksLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
    }
}

/// The rule said in another way: links to nodes, then only free places.
fn rows_are_good(links: &[u32], row_len: u32, nodes: u32) -> bool {
    links.chunks(row_len as usize).all(|row| {
        let free = row.iter().rev().take_while(|link| **link == graph::FREE_LINK).count();
        row[..row.len() - free].iter().all(|link| *link < nodes)
    })
}

/// The rule said in another way: what is left after each layer took its part.
fn layers_are_good(lens: &[u32], mut ids: &[u32], mut links: &[u32], shape: &LinksShape) -> bool {
    let mut below = shape.row_count;
    for len in lens {
        let places = u64::from(*len) * u64::from(shape.row_len);
        let (Some((own, other)), Some((rows, rest))) =
            (ids.split_at_checked(*len as usize), links.split_at_checked(places as usize))
        else {
            return false;
        };
        let fits = *len >= 1 && *len <= below && own.iter().all(|id| *id < below);
        if !fits || !rows_are_good(rows, shape.row_len, *len) {
            return false;
        }
        (below, ids, links) = (*len, other, rest);
    }
    ids.is_empty() && (shape.entry < below || shape.row_count == 0)
}

/// A data section; then counts.
pub fn reduced(data: &[u8]) {
    if let Ok(layout) = ReducedLayout::decode(data, data.len() as u64) {
        let section = |range: Range<u64>| &data[range.start as usize..range.end as usize];
        let (matrix, codes) = (section(layout.matrix()), section(layout.codes()));
        let ReducedShape { dim, reduced_dim, .. } = layout.shape;
        let good = ends_are_zero(matrix, dim, layout.matrix_stride)
            && ends_are_zero(codes, reduced_dim, layout.stride);
        assert_eq!(reduced::check_rows(matrix, codes, &layout).is_ok(), good);
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    let (row_count, dim, reduced_dim) = (reader.u32(), reader.u32(), reader.u32());
    let mut number = || f32::from_bits(reader.u32());
    let shape = ReducedShape {
        row_count,
        dim,
        reduced_dim,
        scale: number(),
        shift: number(),
        input_scale: number(),
        input_shift: number(),
        kept: number(),
    };
    if let Ok(layout) = ReducedLayout::new(shape) {
        assert_eq!(ReducedLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
    }
}

/// Whether rows of `stride` bytes are zero from `len` on.
fn ends_are_zero(bytes: &[u8], len: u32, stride: u32) -> bool {
    (0..).zip(bytes).all(|(place, byte)| place % u64::from(stride) < u64::from(len) || *byte == 0)
}

/// A data section; then counts.
pub fn sparse(data: &[u8]) {
    if let Ok(layout) = SparseLayout::decode(data, data.len() as u64) {
        let (presence, ends) = (u64s(data, layout.presence()), u64s(data, layout.ends()));
        if sparse::check_ends(&presence, &ends, &layout).is_ok() {
            let indices = u32s(data, layout.indices());
            let values: Vec<_> = u32s(data, layout.values()).into_iter().map(f32::from_bits).collect();
            let mut start = 0;
            for end in ends {
                let row = start as usize..end as usize;
                let (indices, values) = (&indices[row.clone()], &values[row]);
                let good = indices.is_sorted_by(|a, b| a < b) && values.iter().all(|value| value.is_finite());
                assert_eq!(sparse::check_row(indices, values, start, &layout).is_ok(), good);
                start = end;
            }
            assert_eq!(start, layout.value_count);
        }
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    let (n, rows, values) = (reader.u32(), reader.u32(), reader.u64());
    if let Ok(layout) = SparseLayout::new(n, rows, values) {
        assert_eq!(SparseLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
    }
}

/// A data section; then counts.
pub fn postings(data: &[u8]) {
    if let Ok(layout) = PostingsLayout::decode(data, data.len() as u64) {
        let (terms, lists) = (u32s(data, layout.terms()), u32s(data, layout.lists()));
        let lists = lists.as_chunks::<6>().0;
        let bytes = &data[layout.data().start as usize..layout.data().end as usize];
        let ordered = postings::check_lists(&terms, lists, &layout).is_ok();
        assert!(!ordered || terms.is_sorted_by(|a, b| a < b));
        for (at, entry) in lists.iter().enumerate() {
            let list = List::from_entry(*entry);
            let end = lists.get(at + 1).map_or(bytes.len() as u64, |next| List::from_entry(*next).start);
            let Some(list_bytes) = bytes.get(list.start as usize..end as usize) else { continue };
            if ordered && postings::check_list(&list, list_bytes, &layout).is_ok() {
                assert!(layout.blocks(&list).end <= layout.data().end);
            }
        }
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    let shape = PostingsShape {
        point_count: reader.u32(),
        row_count: reader.u32(),
        posting_count: reader.u64(),
        term_count: reader.u32(),
        datatype: Datatype::ALL[reader.index(3)],
        data_bytes: reader.u64(),
    };
    if let Ok(layout) = PostingsLayout::new(shape) {
        assert_eq!(PostingsLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
    }
}

/// A data section; then counts.
pub fn payload_index(data: &[u8]) {
    if let Ok(layout) = PayloadIndexLayout::decode(data, data.len() as u64) {
        let (key_ends, keys) = (u64s(data, layout.key_ends()), layout.keys());
        let (posting_ends, postings) = (u32s(data, layout.posting_ends()), u32s(data, layout.postings()));
        let (value_ends, values) = (u32s(data, layout.value_ends()), u32s(data, layout.values()));
        let content = PayloadIndexContent {
            key_ends: &key_ends,
            keys: &data[keys.start as usize..keys.end as usize],
            posting_ends: &posting_ends,
            postings: &postings,
            value_ends: &value_ends,
            values: &values,
            filled: &u64s(data, layout.filled()),
            null: &u64s(data, layout.null()),
            parts: &u64s(data, layout.parts()),
        };
        if payload_index::check(&content, &layout).is_ok() {
            let starts = std::iter::once(0).chain(key_ends.iter().map(|end| *end as usize));
            let keys: Vec<_> =
                starts.zip(&key_ends).map(|(from, end)| &content.keys[from..*end as usize]).collect();
            assert!(keys.is_sorted_by(|a, b| a < b));
            assert_eq!(pairs_by_key(&posting_ends, &postings), pairs_by_point(&layout, &value_ends, &values));
        }
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    let shape = PayloadIndexShape {
        kind: FieldKind::ALL[reader.index(7)],
        point_count: reader.u32(),
        key_count: reader.u32(),
        key_bytes: reader.u64(),
        value_count: reader.u32(),
        multi: reader.index(2) == 1,
        part_count: reader.u32() as u16,
    };
    if let Ok(layout) = PayloadIndexLayout::new(shape) {
        assert_eq!(PayloadIndexLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
        let parts: Vec<_> = (0..shape.part_count).map(|part| layout.part(part)).collect();
        assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        assert!(parts.last().is_none_or(|last| last.end == shape.value_count));
    }
}

/// Each point and the number of a key that it has, by the postings.
fn pairs_by_key(ends: &[u32], postings: &[u32]) -> Vec<(u32, u32)> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let keys = (0..).zip(starts.zip(ends));
    let of_key = |(number, (start, end)): (u32, (u32, &u32))| {
        postings[start as usize..*end as usize].iter().map(move |point| (*point, number)).collect::<Vec<_>>()
    };
    let mut pairs: Vec<_> = keys.flat_map(of_key).collect();
    pairs.sort_unstable();
    pairs
}

/// The same by the values.
fn pairs_by_point(layout: &PayloadIndexLayout, ends: &[u32], values: &[u32]) -> Vec<(u32, u32)> {
    if !layout.shape.multi {
        let pairs = (0..).zip(values.iter().copied());
        return pairs.filter(|(_, value)| *value != NO_VALUE).collect();
    }
    let starts = std::iter::once(0).chain(ends.iter().copied());
    let points = (0..).zip(starts.zip(ends));
    let of_point = |(point, (start, end)): (u32, (u32, &u32))| {
        values[start as usize..*end as usize].iter().map(move |value| (point, *value)).collect::<Vec<_>>()
    };
    points.flat_map(of_point).collect()
}

/// A data section; then counts.
pub fn payloads(data: &[u8]) {
    if let Ok(layout) = PayloadsLayout::decode(data, data.len() as u64) {
        let ends = u64s(data, layout.ends());
        if payloads::check_ends(&ends, layout.blob_len).is_ok() {
            assert!(ends.is_sorted() && ends.last().is_none_or(|last| *last == layout.blob_len));
        }
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    let (n, blob_len) = (reader.u32(), reader.u64());
    if let Ok(layout) = PayloadsLayout::new(n, blob_len) {
        assert_eq!(PayloadsLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
    }
}

/// A data section; then counts.
pub fn id_map(data: &[u8]) {
    if let Ok(layout) = IdMapLayout::decode(data, data.len() as u64) {
        let (offsets, ranks) = (u32s(data, layout.offsets()), u32s(data, layout.ranks()));
        let uuids = &data[layout.uuids().start as usize..layout.uuids().end as usize];
        if id_map::check(&u64s(data, layout.ints()), uuids, &offsets, &ranks).is_ok() {
            let back = |rank: &u32| offsets[*rank as usize];
            assert!(ranks.iter().map(back).eq(0..layout.point_count));
        }
        let _ = id_map::check_versions(&u64s(data, layout.versions()), u64::MAX, &layout);
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    if let Ok(layout) = IdMapLayout::new(reader.u32(), reader.u32()) {
        assert_eq!(IdMapLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
    }
}

/// A data section; then counts.
pub fn tombstones(data: &[u8]) {
    if let Ok(layout) = TombstonesLayout::decode(data, data.len() as u64) {
        let words = u64s(data, layout.words());
        if tombstones::check_words(&words, &layout).is_ok() {
            let dead = (0..layout.point_count).filter(|i| words[*i as usize / 64] >> (i % 64) & 1 == 1);
            assert_eq!(dead.count(), layout.dead_count as usize);
        }
        assert_eq!(layout.encode(), data[..64]);
    }
    let mut reader = Reader::new(data);
    if let Ok(layout) = TombstonesLayout::new(reader.u32(), reader.u32()) {
        assert_eq!(TombstonesLayout::decode(&layout.encode(), layout.data_len()).as_ref(), Ok(&layout));
    }
}
