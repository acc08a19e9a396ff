//! A name is read only in the spelling in which it is written.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Rng;
use nigh_format::header::FileKind;
use nigh_format::layout::{
    SegmentFile, collection_dir, parse_collection_dir, parse_segment_dir, parse_wal_file, segment_dir,
    wal_file,
};

#[test]
fn names_of_numbers_come_back() {
    let mut rng = Rng::new(3);
    let made_up = (0..64).map(|bits| rng.next() >> bits).collect::<Vec<_>>();
    for number in [0, 1, 15, 16, u64::MAX].into_iter().chain(made_up) {
        assert_eq!(parse_collection_dir(&collection_dir(number)), Some(number));
        assert_eq!(parse_segment_dir(&segment_dir(number)), Some(number));
        assert_eq!(parse_wal_file(&wal_file(number)), Some(number));
    }
    assert_eq!(wal_file(u64::MAX), "18446744073709551615.wal");
    assert_eq!(collection_dir(255), "c-00000000000000ff");
}

#[test]
fn segment_files_come_back() {
    let indexed = [0, 1, 9, 10, u16::MAX];
    let files = [SegmentFile::Meta, SegmentFile::IdMap, SegmentFile::Payloads]
        .into_iter()
        .chain(indexed.map(SegmentFile::Vectors))
        .chain(indexed.map(SegmentFile::Codes))
        .chain(indexed.map(SegmentFile::Reduced))
        .chain(indexed.map(SegmentFile::Links))
        .chain(indexed.map(SegmentFile::Sparse))
        .chain(indexed.map(SegmentFile::Postings))
        .chain([1, 3, u64::MAX].map(SegmentFile::Field))
        .chain([1, 3, u64::MAX].map(SegmentFile::Text))
        .chain([0, 3, u64::MAX].map(SegmentFile::Tombstones));
    for file in files {
        assert_eq!(SegmentFile::parse(&file.file_name()), Some(file));
        assert_eq!(SegmentFile::from_kind_tag(file.kind(), file.tag()), Some(file));
        let derived = [
            FileKind::Codes,
            FileKind::Reduced,
            FileKind::Links,
            FileKind::Postings,
            FileKind::PayloadIndex,
            FileKind::TextIndex,
        ];
        assert_eq!(file.is_derived(), derived.contains(&file.kind()));
    }
}

#[test]
fn other_spellings_are_not_ours() {
    for name in
        ["", "Meta", "meta ", "meta.tmp", "ids.tmp", "vectors-", "vectors-00", "vectors-+1", "vectors-65536"]
            .into_iter()
            .chain([
                "vectors-01",
                "codes--1",
                "reduced",
                "reduced-00",
                "links-1.tmp",
                "payloads-0",
                "tombstones-3",
                "tombstones-000000000000000A",
            ])
            .chain([
                "field-2",
                "field-000000000000000A",
                "field-00000000000000002",
                "tombstones-00000000000000003",
                "tombstones-+000000000000003",
                "vectors-١",
                "/meta",
                "links-1\0",
            ])
    {
        assert_eq!(SegmentFile::parse(name), None, "{name:?}");
    }
    for name in
        ["c-1", "c-000000000000000A", "C-0000000000000001", "c-0000000000000001.tmp", "c-+000000000000001"]
    {
        assert_eq!(parse_collection_dir(name), None, "{name:?}");
    }
    for name in
        ["1.wal", "00000000000000000001.wal.tmp", "+0000000000000000001.wal", "18446744073709551616.wal"]
    {
        assert_eq!(parse_wal_file(name), None, "{name:?}");
    }
    assert_eq!(parse_segment_dir("000000000000000g"), None);
}

#[test]
fn kinds_and_tags_of_no_segment_file() {
    for kind in [FileKind::Catalog, FileKind::Manifest, FileKind::Wal] {
        assert_eq!(SegmentFile::from_kind_tag(kind, 0), None);
    }
    for kind in [FileKind::SegmentMeta, FileKind::IdMap, FileKind::Payloads] {
        assert_eq!(SegmentFile::from_kind_tag(kind, 1), None);
    }
    for kind in [FileKind::Vectors, FileKind::Codes, FileKind::Reduced, FileKind::Links] {
        assert_eq!(SegmentFile::from_kind_tag(kind, 65_536), None);
    }
}
