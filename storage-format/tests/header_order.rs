//! A header is refused for the first reason in the documented order, and a newer file is not called damaged.
#![allow(clippy::unwrap_used, reason = "tests")]

use nigh_format::FormatErrorKind;
use nigh_format::checksum::crc32c;
use nigh_format::header::{FileHeader, FileKind, Identity};

fn header(kind: FileKind) -> FileHeader {
    let identity = Identity { collection: 1, owner: 2, tag: 3 };
    FileHeader { kind, required: 0, optional: u32::MAX, table_checksum: 0, data_len: 9, identity }
}

/// A header with `bytes` at `place` and a good checksum.
fn with(place: usize, bytes: &[u8]) -> [u8; 64] {
    let mut header = header(FileKind::IdMap).encode();
    header[place..place + bytes.len()].copy_from_slice(bytes);
    let checksum = crc32c(&header[..60]);
    header[60..].copy_from_slice(&checksum.to_le_bytes());
    header
}

#[test]
fn each_kind_comes_back() {
    for kind in FileKind::ALL {
        let header = header(kind);
        assert_eq!(FileHeader::decode(&header.encode()), Ok(header));
    }
}

#[test]
fn the_first_reason_is_given() {
    let good = header(FileKind::IdMap).encode();
    let short = FileHeader::decode(&good[..63]).unwrap_err();
    assert_eq!(short.kind, FormatErrorKind::TooShort { expected: 64, got: 63 });
    assert_eq!(FileHeader::decode(&[0; 64]).unwrap_err().kind, FormatErrorKind::Magic);
    let mut flipped = good;
    flipped[10] ^= 1;
    assert_eq!(FileHeader::decode(&flipped).unwrap_err().kind, FormatErrorKind::HeaderChecksum);

    let newer = FileHeader::decode(&with(8, &[99, 0, 2, 0, 1])).unwrap_err();
    assert_eq!(newer.kind, FormatErrorKind::Version { found: 2, known: 1 });
    assert!(newer.is_newer());
    let zero = FileHeader::decode(&with(10, &[0, 0])).unwrap_err();
    assert_eq!(zero.kind, FormatErrorKind::Version { found: 0, known: 1 });
    assert!(!zero.is_newer());
    let feature = FileHeader::decode(&with(8, &[99, 0, 1, 0, 0, 0, 0, 128])).unwrap_err();
    assert_eq!(feature.kind, FormatErrorKind::Feature { bits: 1 << 31 });
    assert!(feature.is_newer());
    assert!(FileHeader::decode(&with(56, &[1])).is_err());
    assert!(FileHeader::decode(&with(8, &[11])).is_err());
    assert!(FileHeader::decode(&with(8, &[0])).is_err());
    let log_with_table = with(8, &[3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert!(FileHeader::decode(&log_with_table).is_err());
}

#[test]
fn identity_names_the_field() {
    let header = header(FileKind::IdMap);
    let right = header.identity;
    assert_eq!(header.expect(FileKind::IdMap, right), Ok(()));
    let field = |identity| {
        let error = header.expect(FileKind::IdMap, identity).unwrap_err();
        let FormatErrorKind::Identity { field, expected: 9, .. } = error.kind else { panic!("{error}") };
        field
    };
    assert_eq!(field(Identity { collection: 9, ..right }), "collection");
    assert_eq!(field(Identity { owner: 9, ..right }), "owner");
    assert_eq!(field(Identity { tag: 9, ..right }), "tag");
    assert!(header.expect(FileKind::Links, right).is_err());
}

#[test]
fn no_file_is_longer_than_numbers_go() {
    let with_len = |data_len| FileHeader { data_len, ..header(FileKind::IdMap) }.file_len();
    assert_eq!(with_len(0), Some(64));
    assert_eq!(with_len(1), Some(64 + 64 + 4));
    assert_eq!(with_len(u64::MAX), None);
    assert_eq!(with_len(u64::MAX - 127), None);
}
