//! Every bit of a block file is covered: one that changes, or an end that is missing, is an error.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::files::{COLLECTION, SEGMENT, block_files, catalog};
use nigh_format::FormatErrorKind;
use nigh_format::block::{BLOCK_LEN, decode_file, encode_file};
use nigh_format::catalog::Catalog;
use nigh_format::header::{FileKind, Identity};
use nigh_format::manifest::Manifest;
use nigh_format::segment_meta::SegmentMeta;

#[test]
fn every_flipped_bit_is_an_error() {
    for (name, kind, file) in block_files() {
        decode_file(&file, kind).unwrap();
        for bit in 0..file.len() * 8 {
            let mut file = file.clone();
            file[bit / 8] ^= 1 << (bit % 8);
            assert!(decode_file(&file, kind).is_err(), "{name}: bit {bit}");
        }
    }
}

#[test]
fn every_other_length_is_an_error() {
    for (name, kind, file) in block_files() {
        for len in 0..file.len() {
            assert!(decode_file(&file[..len], kind).is_err(), "{name}: length {len}");
        }
        for more in 1..200 {
            let mut file = file.clone();
            file.resize(file.len() + more, 0);
            assert!(decode_file(&file, kind).is_err(), "{name}: {more} more");
        }
    }
}

#[test]
fn every_other_kind_is_an_error() {
    for (name, kind, file) in block_files() {
        for other in FileKind::ALL.into_iter().filter(|other| *other != kind) {
            let error = decode_file(&file, other).unwrap_err();
            let expected = FormatErrorKind::Kind { expected: other, got: kind.code() };
            assert_eq!(error.kind, expected, "{name}");
        }
    }
}

#[test]
fn a_file_of_another_owner_is_an_error() {
    let files: Vec<_> = block_files().into_iter().map(|(_, _, file)| file).collect();
    assert!(Manifest::decode(&files[1], COLLECTION).is_ok());
    assert!(Manifest::decode(&files[1], COLLECTION + 1).is_err());
    assert!(SegmentMeta::decode(&files[2], COLLECTION, SEGMENT).is_ok());
    assert!(SegmentMeta::decode(&files[2], COLLECTION, SEGMENT + 1).is_err());
    assert!(SegmentMeta::decode(&files[2], COLLECTION + 1, SEGMENT).is_err());
    let (_, data) = decode_file(&files[0], FileKind::Catalog).unwrap();
    let identity = Identity { collection: 0, owner: 0, tag: catalog().generation + 1 };
    let error = Catalog::decode(&encode_file(FileKind::Catalog, identity, data)).unwrap_err();
    assert!(matches!(error.kind, FormatErrorKind::Identity { field: "tag", .. }));
}

#[test]
fn damage_names_its_block() {
    let data = vec![7; 3 * BLOCK_LEN as usize + 5];
    let file = encode_file(FileKind::Payloads, Identity::default(), &data);
    for block in 0..4 {
        let mut file = file.clone();
        file[64 + block * BLOCK_LEN as usize + 3] ^= 1;
        let error = decode_file(&file, FileKind::Payloads).unwrap_err();
        assert_eq!(error.kind, FormatErrorKind::BlockChecksum { block: block as u64 });
        assert_eq!(error.offset, 64 + block as u64 * BLOCK_LEN);
    }
}
