//! A header is refused for the first reason in the documented order, and a newer file is not called damaged.
#![allow(clippy::unwrap_used, reason = "tests")]

use nigh_format::FormatErrorKind;
use nigh_format::checksum::crc32c;
use nigh_format::header::{FileHeader, FileKind, Identity};
use nigh_format::version::FORMAT_VERSION;

fn header(kind: FileKind) -> FileHeader {
    let identity = Identity { collection: 1, owner: 2, tag: 3 };
    FileHeader { optional: u32::MAX, ..FileHeader::new(kind, 0, 9, identity) }
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

    let version = |known| FormatErrorKind::Version { found: known + 1, oldest: 1, known };
    let newer = FileHeader::decode(&with(10, &[2, 0, 1])).unwrap_err();
    assert_eq!((newer.kind.clone(), newer.is_newer()), (version(1), true));
    // A kind that a later version may have brought: only the version can tell.
    let unknown = FileHeader::decode(&with(8, &[99, 0, 4, 0, 1])).unwrap_err();
    assert_eq!((unknown.kind.clone(), unknown.is_newer()), (version(FORMAT_VERSION), true));
    let feature = FileHeader::decode(&with(8, &[99, 0, 1, 0, 0, 0, 0, 128])).unwrap_err();
    assert_eq!(feature.kind, FormatErrorKind::Feature { bits: 1 << 31 });
    assert!(feature.is_newer());
    assert!(FileHeader::decode(&with(56, &[1])).is_err());
    for kind in [0, 14, 99] {
        let error = FileHeader::decode(&with(8, &[kind])).unwrap_err();
        assert!(matches!(error.kind, FormatErrorKind::Invalid { what: "file kind", .. }), "{error}");
    }
    let log_with_table = with(8, &[3, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
    assert!(FileHeader::decode(&log_with_table).is_err());
}

#[test]
fn each_kind_has_its_own_versions() {
    assert_eq!(FileKind::ALL.into_iter().map(FileKind::version).max(), Some(FORMAT_VERSION));
    for kind in FileKind::ALL {
        let (oldest, known) = (kind.version_min(), kind.version());
        for found in 0..=known + 1 {
            let header = FileHeader { version: found, ..header(kind) };
            let decoded = FileHeader::decode(&header.encode());
            if (oldest..=known).contains(&found) {
                assert_eq!(decoded, Ok(header));
                continue;
            }
            let error = decoded.unwrap_err();
            assert_eq!(error.kind, FormatErrorKind::Version { found, oldest, known }, "{kind:?}");
            assert_eq!((error.offset, error.is_newer()), (10, found > known));
        }
    }
}

#[test]
fn a_version_that_is_too_old_says_what_is_read() {
    let header = FileHeader { version: 1, ..header(FileKind::Links) };
    let error = FileHeader::decode(&header.encode()).unwrap_err();
    assert_eq!(error.to_string(), "unknown format version: expected 2, got 1 at byte 10");
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
