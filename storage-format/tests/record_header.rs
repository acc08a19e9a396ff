//! A record's header comes back, and one with a good checksum that this format never writes is refused.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::log::{Log, scan};
use nigh_format::FormatErrorKind;
use nigh_format::checksum::crc32c;
use nigh_format::wal_record::{RecordHeader, RecordType, encode_record, padded_len};

fn header(record_type: RecordType) -> RecordHeader {
    let body_len = [100, 0, 12][usize::from(record_type.code()) - 1];
    RecordHeader { body_len, seq: 9, durable: 8, record_type, body_checksum: 0x0102_0304 }
}

/// A header with `bytes` at `place` and a good checksum.
fn with(place: usize, bytes: &[u8]) -> [u8; 40] {
    let mut header = header(RecordType::Operation).encode();
    header[place..place + bytes.len()].copy_from_slice(bytes);
    let checksum = crc32c(&header[..36]);
    header[36..].copy_from_slice(&checksum.to_le_bytes());
    header
}

#[test]
fn each_type_comes_back() {
    for record_type in RecordType::ALL {
        let header = header(record_type);
        assert_eq!(RecordHeader::decode(&header.encode()), Ok(header));
    }
}

#[test]
fn other_bytes_are_not_a_header() {
    let good = header(RecordType::Operation).encode();
    assert_eq!(RecordHeader::decode(&[0; 40]).unwrap_err().kind, FormatErrorKind::Magic);
    let short = RecordHeader::decode(&good[..39]).unwrap_err();
    assert_eq!(short.kind, FormatErrorKind::TooShort { expected: 40, got: 39 });
    for bit in 32..320 {
        let mut flipped = good;
        flipped[bit / 8] ^= 1 << (bit % 8);
        let error = RecordHeader::decode(&flipped).unwrap_err();
        assert_eq!(error.kind, FormatErrorKind::HeaderChecksum, "bit {bit}");
    }
}

#[test]
fn fields_that_disagree_are_invalid() {
    let invalid = |header: [u8; 40]| {
        let error = RecordHeader::decode(&header).unwrap_err();
        assert!(matches!(error.kind, FormatErrorKind::Invalid { .. }), "{error}");
    };
    for place in 26..32 {
        invalid(with(place, &[1]));
    }
    invalid(with(24, &[0]));
    invalid(with(24, &[4]));
    invalid(with(16, &[9]));
    invalid(with(8, &[0; 16]));
    let with_type = |record_type| RecordHeader { record_type, ..header(RecordType::Operation) }.encode();
    invalid(with_type(RecordType::Marker));
    invalid(with_type(RecordType::Seal));
    let ahead = |record_type| RecordHeader { durable: 10, ..header(record_type) }.encode();
    invalid(ahead(RecordType::Marker));
    invalid(ahead(RecordType::Seal));
}

#[test]
fn a_marker_with_a_body_is_damage() {
    let mut log = Log::new(1, 1024);
    log.append(0, b"one");
    encode_record(&mut log.bytes, RecordType::Marker, 1, 0, b"body").unwrap();
    assert!(scan(&log.file(), false).is_err());
}

#[test]
fn records_are_padded_to_eight() {
    for (body_len, len) in [(0, 40), (1, 48), (8, 48), (9, 56), (u32::MAX, (1 << 32) + 40)] {
        assert_eq!(padded_len(body_len), len);
    }
}
