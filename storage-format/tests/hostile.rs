//! Bytes that someone made up never make a decoder panic, allocate what is not there, or take long.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod common;
#[allow(dead_code, unreachable_pub, clippy::indexing_slicing, reason = "the fuzz crate's library")]
#[path = "../fuzz/src/lib.rs"]
mod targets;

use common::Rng;
use common::files::block_files;
use common::log::{Log, scan};
use nigh_format::FormatErrorKind;
use nigh_format::block::{BlockTable, decode_file};
use nigh_format::checksum::crc32c;
use nigh_format::header::{FileHeader, FileKind, Identity};
use nigh_format::operation::Operation;
use nigh_format::wal_record::{RecordHeader, RecordType};

/// The kept inputs of a target, in the order of their names.
fn inputs(target: &str) -> Vec<Vec<u8>> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).unwrap()).collect()
}

/// Changes a few places, in the ways that lengths and offsets fear most.
fn mutate(rng: &mut Rng, bytes: &mut Vec<u8>) {
    for _ in 0..1 + rng.below(4) {
        let len = bytes.len();
        if len == 0 {
            return;
        }
        let place = rng.index(len);
        match rng.below(6) {
            0 => bytes[place] ^= 1 << rng.below(8),
            1 => bytes[place] = rng.next() as u8,
            2 => bytes.truncate(place),
            3 => bytes.insert(place, rng.next() as u8),
            4 => {
                let numbers = [0, 1, 0x7F, 0x80, 0xFFFF, u64::from(u32::MAX), 1 << 31, 1 << 63, u64::MAX];
                let number = numbers[rng.index(numbers.len())].to_le_bytes();
                let size = [1, 2, 4, 8][rng.index(4)].min(len - place);
                bytes[place..place + size].copy_from_slice(&number[..size]);
            }
            _ => {
                let from = rng.index(len);
                let size = rng.index(17).min(len - place).min(len - from);
                bytes.copy_within(from..from + size, place);
            }
        }
    }
}

#[test]
fn mutations_of_good_inputs() {
    let rounds = 200_000 / targets::TARGETS.len();
    for (number, (name, body)) in (0..).zip(targets::TARGETS) {
        let inputs = inputs(name);
        let mut rng = Rng::new(number);
        for _ in 0..rounds {
            let mut input = inputs[rng.index(inputs.len())].clone();
            mutate(&mut rng, &mut input);
            body(&input);
        }
    }
}

#[test]
fn noise() {
    for (number, (_, body)) in (0..).zip(targets::TARGETS) {
        let mut rng = Rng::new(number);
        for _ in 0..2000 {
            let len = rng.index(300);
            body(&rng.bytes(len));
        }
    }
}

#[test]
fn a_header_that_claims_too_much() {
    for (name, kind, file) in block_files() {
        for data_len in [0, 1, file.len() as u64 * 2, 1 << 40, u64::MAX / 2, u64::MAX - 63, u64::MAX] {
            let header = FileHeader { data_len, ..FileHeader::decode(&file).unwrap() };
            let mut file = file.clone();
            file[..64].copy_from_slice(&header.encode());
            assert!(decode_file(&file, kind).is_err(), "{name}: {data_len}");
            assert!(BlockTable::decode(&header, &[0; 8]).is_err(), "{name}: {data_len}");
        }
    }
}

#[test]
fn a_record_that_claims_too_much() {
    for body_len in [17, 4096, 1 << 31, u32::MAX] {
        let mut log = Log::new(1, 512);
        let record_type = RecordType::Operation;
        let header = RecordHeader { body_len, seq: 1, durable: 0, record_type, body_checksum: 0 };
        log.bytes.extend_from_slice(&header.encode());
        log.bytes.extend_from_slice(&[1; 16]);
        assert!(scan(&log.file(), false).is_err(), "{body_len}");
    }
}

#[test]
fn a_log_whose_numbers_are_at_the_limit() {
    let identity = |tag| Identity { collection: 0, owner: 0, tag };
    let header = FileHeader::new(FileKind::Wal, 0, 256, identity(u64::MAX));
    let mut log = Log::new(u64::MAX, 256);
    log.append(u64::MAX - 1, b"last");
    assert_eq!(scan(&log.file(), false).unwrap().0.len(), 1);
    log.bytes.extend_from_slice(&log.bytes.clone()[64..]);
    assert!(scan(&log.file(), false).is_err());
    let zero = FileHeader { identity: identity(0), ..header };
    let file = [zero.encode().to_vec(), vec![0; 192]].concat();
    assert!(scan(&file, false).is_err());
    let other = FileHeader { kind: FileKind::Vectors, ..header };
    let file = [other.encode().to_vec(), vec![0; 192]].concat();
    assert!(matches!(scan(&file, false).unwrap_err().kind, FormatErrorKind::Kind { .. }));
}

#[test]
fn an_archive_of_nothing() {
    for len in 0..64 {
        for byte in [0, 1, 0x7F, 0xFF] {
            let _ = Operation::decode(&vec![byte; len]);
        }
    }
    assert_eq!(crc32c(&[]), 0);
}
