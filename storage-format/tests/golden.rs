//! Files that some version wrote are read with the same values, and written again with the same bytes where their kind
//! has not changed since.
//!
//! A kind's fixture lies in the folder of the version in which it got its present layout. It is made by `NIGH_WRITE_FIXTURES=1 cargo nextest run -p
//! nigh-format`, and only when it is absent.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::path::PathBuf;

use common::files::{
    self, CHECKPOINT, COLLECTION, PayloadIndexParts, SEGMENT, SIZE, TAGS, WORDS, read_u32s, read_u64s,
    section,
};
use common::log::{self, Log};
use nigh_format::FormatErrorKind;
use nigh_format::block::decode_file;
use nigh_format::catalog::Catalog;
use nigh_format::codes::{CodesLayout, check_codes};
use nigh_format::graph::{LinksLayout, check_layers, check_links, decode_curve};
use nigh_format::header::{FileHeader, FileKind, Identity};
use nigh_format::id_map::{self, IdMapLayout};
use nigh_format::layout::SegmentFile;
use nigh_format::manifest::{IndexParams, Manifest};
use nigh_format::operation::Operation;
use nigh_format::payload_index::{self, PayloadIndexLayout};
use nigh_format::payloads::{PayloadsLayout, check_ends};
use nigh_format::postings::{self, Block, List, PostingsLayout};
use nigh_format::reduced::{self, ReducedLayout};
use nigh_format::segment_meta::SegmentMeta;
use nigh_format::sparse::{self, SparseLayout};
use nigh_format::text_index::TextIndexLayout;
use nigh_format::tombstones::{TombstonesLayout, check_words};
use nigh_format::vectors::{VectorsLayout, check_presence};

fn fixture_path(version: u16, name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/v{version}")).join(name)
}

/// The bytes of a fixture, which must be what this build writes.
fn fixture(name: &str, written_now: &[u8]) -> Vec<u8> {
    let path = fixture_path(FileHeader::decode(written_now).unwrap().version, name);
    if !path.exists() && std::env::var_os("NIGH_WRITE_FIXTURES").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, written_now).unwrap();
    }
    let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(bytes == written_now, "{name} would be written differently now");
    bytes
}

/// The data of a segment file's fixture; identity and gaps are checked.
fn segment_data(name: &str, kind: FileKind, tag: u64, written_now: &[u8]) -> Vec<u8> {
    let bytes = fixture(name, written_now);
    let (header, data) = decode_file(&bytes, kind).unwrap();
    header.expect(kind, Identity { collection: COLLECTION, owner: SEGMENT, tag }).unwrap();
    data.to_vec()
}

fn gaps_are_zero(data: &[u8], gaps: Vec<std::ops::Range<u64>>) {
    assert!(gaps.into_iter().all(|gap| section(data, gap).iter().all(|byte| *byte == 0)));
}

#[test]
fn catalog() {
    let bytes = fixture("catalog", &files::catalog().encode());
    assert_eq!(Catalog::decode(&bytes).unwrap(), files::catalog());
}

#[test]
fn manifest() {
    let bytes = fixture("manifest", &files::manifest().encode());
    assert_eq!(Manifest::decode(&bytes, COLLECTION).unwrap(), files::manifest());
}

/// What version 3 could say of the manifest: no sparse vectors, and nothing of an application.
fn manifest_without_sparse() -> Manifest {
    let mut manifest = files::manifest();
    manifest.sparse.clear();
    manifest.metadata.clear();
    for segment in &mut manifest.segments {
        let is_sparse = |file: SegmentFile| matches!(file, SegmentFile::Sparse(_) | SegmentFile::Postings(_));
        segment.files.retain(|entry| !is_sparse(entry.file));
    }
    manifest
}

/// What version 2 could say of it, and an older one with only the files of kinds that it knew: no fields.
fn manifest_without_fields(is_known: impl Fn(SegmentFile) -> bool) -> Manifest {
    let mut manifest = manifest_without_sparse();
    manifest.fields.clear();
    manifest.next_field_id = 1;
    manifest.segments[1].files.retain(|entry| is_known(entry.file));
    manifest
}

/// Version 1 had no indexes and no reduced files.
#[test]
fn manifest_of_version_1() {
    let bytes = std::fs::read(fixture_path(1, "manifest")).unwrap();
    let mut expected = manifest_without_fields(|file| {
        !matches!(file, SegmentFile::Reduced(_) | SegmentFile::Field(_) | SegmentFile::Text(_))
    });
    expected.indexes.fill(IndexParams::DEFAULT);
    assert_eq!(Manifest::decode(&bytes, COLLECTION).unwrap(), expected);
}

/// Version 2 had no payload fields.
#[test]
fn manifest_of_version_2() {
    let bytes = std::fs::read(fixture_path(2, "manifest")).unwrap();
    let manifest = Manifest::decode(&bytes, COLLECTION).unwrap();
    assert_eq!((manifest.fields.as_slice(), manifest.next_field_id), (&[][..], 1));
    assert_eq!(
        manifest,
        manifest_without_fields(|file| !matches!(file, SegmentFile::Field(_) | SegmentFile::Text(_)))
    );
}

/// Version 3 had no sparse vectors and no metadata.
#[test]
fn manifest_of_version_3() {
    let bytes = std::fs::read(fixture_path(3, "manifest")).unwrap();
    let manifest = Manifest::decode(&bytes, COLLECTION).unwrap();
    assert_eq!((manifest.sparse.as_slice(), manifest.metadata.as_str()), (&[][..], ""));
    assert_eq!(manifest, manifest_without_sparse());
}

#[test]
fn segment_meta() {
    let bytes = fixture("meta", &files::segment_meta().encode(COLLECTION));
    assert_eq!(SegmentMeta::decode(&bytes, COLLECTION, SEGMENT).unwrap(), files::segment_meta());
}

#[test]
fn vectors() {
    let data = segment_data("vectors-0", FileKind::Vectors, 0, &files::vectors());
    let layout = VectorsLayout::decode(&data, data.len() as u64).unwrap();
    assert_eq!(layout, files::vectors_layout());
    let words = read_u64s(section(&data, layout.presence().unwrap()));
    let ranks = read_u32s(section(&data, layout.ranks().unwrap()));
    check_presence(&words, &ranks, &layout).unwrap();
    assert_eq!((words, ranks), (vec![0b10101], vec![0]));
    assert_eq!(section(&data, layout.row(2))[8..], (-0.8_f32).to_le_bytes());
    gaps_are_zero(&data, layout.gaps());
}

#[test]
fn codes() {
    let data = segment_data("codes-0", FileKind::Codes, 0, &files::codes());
    let layout = CodesLayout::decode(&data, data.len() as u64).unwrap();
    assert_eq!(layout, files::codes_layout());
    check_codes(section(&data, layout.codes()), &layout).unwrap();
    assert_eq!(section(&data, layout.code(2))[..4], [204, 128, 25, 0]);
    assert_eq!(section(&data, layout.bias())[8..], i32::MIN.to_le_bytes());
    gaps_are_zero(&data, layout.gaps());
}

#[test]
fn links() {
    let data = segment_data("links-0", FileKind::Links, 0, &files::links());
    let layout = LinksLayout::decode(&data, data.len() as u64).unwrap();
    assert_eq!(layout, files::links_layout());
    let numbers = |range| read_u32s(section(&data, range));
    let (lens, ids) = (numbers(layout.layer_lens()), numbers(layout.layer_ids()));
    let (layer_links, links) = (numbers(layout.layer_links()), numbers(layout.links()));
    check_layers(&lens, &ids, &layer_links, &layout).unwrap();
    check_links(&links, &layout).unwrap();
    assert_eq!((lens, ids), (vec![2, 1], vec![2, 0, 1]));
    assert_eq!((layer_links[..2].to_vec(), layer_links[16]), (vec![1, u32::MAX], 0));
    assert_eq!(links[16..19], [2, 0, u32::MAX]);
    assert_eq!(decode_curve(section(&data, layout.curve()), &layout).unwrap(), files::curve());
    gaps_are_zero(&data, layout.gaps());
}

/// No release wrote one; a file of that version is an error, and not a newer one.
#[test]
fn links_of_version_1() {
    let bytes = std::fs::read(fixture_path(1, "links-0")).unwrap();
    let error = decode_file(&bytes, FileKind::Links).unwrap_err();
    assert_eq!(error.kind, FormatErrorKind::Version { found: 1, oldest: 2, known: 2 });
    assert!(!error.is_newer());
}

#[test]
fn reduced() {
    let data = segment_data("reduced-0", FileKind::Reduced, 0, &files::reduced());
    let layout = ReducedLayout::decode(&data, data.len() as u64).unwrap();
    assert_eq!(layout, files::reduced_layout());
    let (matrix, codes) = (section(&data, layout.matrix()), section(&data, layout.codes()));
    reduced::check_rows(matrix, codes, &layout).unwrap();
    assert_eq!((&matrix[64..68], &codes[128..131]), (&[0xFF, 127, 1, 0][..], &[128, 7, 0][..]));
    assert_eq!(section(&data, layout.matrix_scales())[4..], 0.25_f32.to_le_bytes());
    assert_eq!(section(&data, layout.matrix_offsets())[..4], (-0.125_f32).to_le_bytes());
    assert_eq!(section(&data, layout.bias())[8..], i32::MAX.to_le_bytes());
    gaps_are_zero(&data, layout.gaps());
}

#[test]
fn sparse() {
    let data = segment_data("sparse-0", FileKind::Sparse, 0, &files::sparse());
    let layout = SparseLayout::decode(&data, data.len() as u64).unwrap();
    assert_eq!(layout, files::sparse_layout());
    let (presence, ends) = (section(&data, layout.presence()), section(&data, layout.ends()));
    let (presence, ends) = (read_u64s(presence), read_u64s(ends));
    sparse::check_ends(&presence, &ends, &layout).unwrap();
    assert_eq!((presence, ends), (vec![0b10101], vec![3, 3, 3, 3, 5]));
    assert_eq!(read_u32s(section(&data, layout.indices())), [7, 9, u32::MAX, 7, 1000]);
    assert_eq!(section(&data, layout.values())[4..8], (-1.25_f32).to_le_bytes());
    gaps_are_zero(&data, layout.gaps());
}

#[test]
fn postings() {
    let data = segment_data("postings-0", FileKind::Postings, 0, &files::postings());
    let layout = PostingsLayout::decode(&data, data.len() as u64).unwrap();
    assert_eq!(layout, files::postings_layout());
    let (terms, lists) = (section(&data, layout.terms()), section(&data, layout.lists()));
    let (terms, lists) = (read_u32s(terms), read_u32s(lists));
    let lists = lists.as_chunks::<6>().0;
    postings::check_lists(&terms, lists, &layout).unwrap();
    assert_eq!(terms, [7, 9, 1000, u32::MAX]);
    let list = List::from_entry(lists[0]);
    assert_eq!(list, List { start: 0, len: 2, min: 0.5, max: 1.5 });
    let next = List::from_entry(lists[1]).start;
    let bytes = &section(&data, layout.data())[..next as usize];
    postings::check_list(&list, bytes, &layout).unwrap();
    let block = Block::from_entry(read_u32s(&bytes[..24]).try_into().unwrap());
    assert_eq!(block, Block { first: 0, last: 4, start: 2, min: 0.5, max: 1.5, len: 2, width: 3 });
    let (offsets, weights) = layout.block(&list, &block);
    let packed: [u32; 4] = read_u32s(section(&data, offsets)).try_into().unwrap();
    assert_eq!([0, 1].map(|at| postings::unpack_one(&[packed], 3, at)), [0, 4]);
    assert_eq!(section(&data, weights)[4..], 1.5_f32.to_le_bytes());
    gaps_are_zero(&data, layout.gaps());
}

fn check_payload_index(data: &[u8], expected: &PayloadIndexParts) {
    let layout = PayloadIndexLayout::decode(data, data.len() as u64).unwrap();
    assert_eq!(layout, expected.layout());
    let read = PayloadIndexParts::read(data, &layout);
    payload_index::check(&read.content(), &layout).unwrap();
    gaps_are_zero(data, layout.gaps());
}

#[test]
fn payload_index_of_single_values() {
    let expected = files::payload_index();
    let data = segment_data("field-0000000000000005", FileKind::PayloadIndex, SIZE, &expected.file(SIZE));
    check_payload_index(&data, &expected);
    let layout = expected.layout();
    let key = section(&data, layout.keys().start + 2..layout.keys().start + 14);
    assert_eq!(key, [1, 0xC0, 0x1C, 0, 0, 0, 0, 0, 0, 0x80, 0, 0]);
    assert_eq!(read_u32s(section(&data, layout.postings())), [1, 0, 4, 3]);
    assert_eq!(read_u32s(section(&data, layout.values())), [1, 0, u32::MAX, 2, 1]);
    assert_eq!(read_u64s(section(&data, layout.parts())), [0b00011, 0b11000]);
    assert_eq!([0, 1, 2].map(|part| layout.part(part)), [0..2, 2..4, 4..4]);
}

#[test]
fn payload_index_of_many_values() {
    let expected = files::payload_index_multi();
    let data = segment_data("field-0000000000000002", FileKind::PayloadIndex, TAGS, &expected.file(TAGS));
    check_payload_index(&data, &expected);
    let layout = expected.layout();
    assert_eq!(section(&data, layout.keys()), b"\x02a\x02b");
    assert_eq!(read_u32s(section(&data, layout.posting_ends())), [1, 4]);
    assert_eq!(read_u32s(section(&data, layout.value_ends())), [2, 2, 3, 4, 4]);
    assert_eq!(read_u64s(section(&data, layout.filled())), [0b11101]);
    assert_eq!(read_u64s(section(&data, layout.null())), [0b10100]);
    assert!(layout.parts().is_empty());
}

#[test]
fn text_index() {
    let data = segment_data("text-0000000000000004", FileKind::TextIndex, WORDS, &files::text_index());
    let layout = TextIndexLayout::decode(&data, data.len() as u64).unwrap();
    assert_eq!(layout.point_count, 5);
    assert_eq!(section(&data, layout.blob()), files::text_index_blob());
}

#[test]
fn payloads() {
    let data = segment_data("payloads", FileKind::Payloads, 0, &files::payloads());
    let layout = PayloadsLayout::decode(&data, data.len() as u64).unwrap();
    let ends = read_u64s(section(&data, layout.ends()));
    check_ends(&ends, layout.blob_len).unwrap();
    assert_eq!(ends, [7, 7, 17, 19, 19]);
    assert_eq!(section(&data, layout.blob()), files::TEXTS.concat().as_bytes());
    gaps_are_zero(&data, layout.gaps());
}

#[test]
fn id_map() {
    let data = segment_data("ids", FileKind::IdMap, 0, &files::id_map());
    let layout = IdMapLayout::decode(&data, data.len() as u64).unwrap();
    let ints = read_u64s(section(&data, layout.ints()));
    let offsets = read_u32s(section(&data, layout.offsets()));
    let ranks = read_u32s(section(&data, layout.ranks()));
    let versions = read_u64s(section(&data, layout.versions()));
    id_map::check(&ints, section(&data, layout.uuids()), &offsets, &ranks).unwrap();
    id_map::check_versions(&versions, 1000, &layout).unwrap();
    assert_eq!(ints, [1, 77, u64::MAX]);
    assert_eq!(section(&data, layout.uuids())[..2], [0x01, 0x23]);
    assert_eq!((offsets, ranks), (vec![4, 0, 3, 1, 2], vec![1, 3, 4, 2, 0]));
    assert_eq!(versions, [901, 1000, 950, 902, 903]);
    gaps_are_zero(&data, layout.gaps());
}

#[test]
fn tombstones() {
    let name = "tombstones-0000000000000003";
    let data = segment_data(name, FileKind::Tombstones, CHECKPOINT, &files::tombstones());
    let layout = TombstonesLayout::decode(&data, data.len() as u64).unwrap();
    let words = read_u64s(section(&data, layout.words()));
    check_words(&words, &layout).unwrap();
    assert_eq!(words, [0b10010]);
    gaps_are_zero(&data, layout.gaps());
}

/// Sequence numbers from 41 on: one operation of each variant, a marker after the third and at the end.
fn log() -> Log {
    let mut log = Log::new(41, 8192);
    for (index, operation) in log::operations().iter().enumerate() {
        log.append(if index < 3 { 40 } else { 43 }, &operation.encode().unwrap());
        if index == 2 {
            log.mark(43);
        }
    }
    log.mark(48);
    log
}

fn check_operations(bodies: &[Vec<u8>], expected: &[Operation]) {
    let operations: Vec<_> = bodies.iter().map(|body| Operation::decode(body).unwrap()).collect();
    assert_eq!(operations, expected);
}

#[test]
fn open_log() {
    let bytes = fixture("open.wal", &log().file());
    let (bodies, end) = log::scan(&bytes, false).unwrap();
    check_operations(&bodies, &log::operations());
    assert_eq!((end.last_seq, end.durable, end.count), (48, 48, 10));
    assert_eq!((end.sealed, end.torn), (false, false));
    assert!(log::scan(&bytes, true).is_err());
}

/// The ninth operation is 1,400 bytes long; the second sector that it touches did not arrive.
fn torn_log() -> Vec<u8> {
    let mut log = log();
    let (patch, path) = (vec![b'x'; 1400], String::new());
    log.append(48, &Operation::SetPayload { ids: vec![], patch, path }.encode().unwrap());
    let (_, start, _, _) = log.operations[8];
    let lost = (start + 512) / 512 * 512;
    let mut file = log.file();
    file[lost..lost + 512].fill(0);
    file
}

#[test]
fn torn_log_ends_before_the_tear() {
    let bytes = fixture("torn.wal", &torn_log());
    let (bodies, end) = log::scan(&bytes, false).unwrap();
    check_operations(&bodies, &log::operations());
    assert_eq!((end.last_seq, end.durable, end.sealed, end.torn), (48, 48, false, true));
    assert_eq!(end.offset as usize, log().bytes.len());
}

#[test]
fn sealed_log() {
    let mut log = log();
    log.seal(48);
    let bytes = fixture("sealed.wal", &log.bytes);
    for has_next in [false, true] {
        let (bodies, end) = log::scan(&bytes, has_next).unwrap();
        check_operations(&bodies, &log::operations());
        assert_eq!((end.last_seq, end.durable, end.count, end.chain), (48, 48, 10, log.chain));
        assert_eq!((end.sealed, end.torn, end.offset as usize), (true, false, bytes.len()));
    }
}
