//! Damage to a log that a later record proves durable is an error, whatever byte it hits; nothing is lost in silence.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Rng;
use common::log::{Log, scan};
use nigh_format::FormatErrorKind;
use nigh_format::wal_record::{RecordHeader, RecordType, encode_record};

const CAPACITY: usize = 8192;

/// Ten operations, markers between, and a marker at the end that says that all are durable.
fn log() -> Log {
    let mut rng = Rng::new(7);
    let mut log = Log::new(5, CAPACITY);
    for index in 0..10 {
        let len = rng.index(600);
        let body = if index % 3 == 0 { vec![0; len] } else { rng.bytes(len) };
        log.append(log.last_seq.saturating_sub(3), &body);
        if index == 4 {
            log.mark(log.last_seq - 1);
        }
    }
    log.mark(log.last_seq);
    log
}

#[test]
fn every_flipped_byte_is_an_error_or_harmless() {
    let log = log();
    let sealed = {
        let mut sealed = log.clone();
        sealed.seal(log.last_seq);
        sealed
    };
    for (log, has_next) in [(&log, false), (&sealed, false), (&sealed, true)] {
        let file = log.file();
        let bodies = log.bodies();
        for place in 0..file.len() {
            for flip in [0x01, 0x80, 0xFF] {
                let mut file = file.clone();
                file[place] ^= flip;
                match scan(&file, has_next) {
                    Err(_) => {}
                    Ok((found, _)) => {
                        assert!(place >= log.bytes.len(), "byte {place} changed without an error");
                        assert_eq!(found, bodies, "byte {place}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_record_that_became_zeros_is_an_error() {
    let log = log();
    let file = log.file();
    for (_, start, end, _) in &log.operations {
        let mut file = file.clone();
        file[*start..*end].fill(0);
        assert!(scan(&file, false).is_err(), "record at {start}");
    }
    let marker = log.bytes.len() - 40;
    for sector in (0..marker / 512 * 512).step_by(512) {
        let mut file = file.clone();
        file[sector..sector + 512].fill(0);
        assert!(scan(&file, false).is_err(), "sector at {sector}");
    }
}

#[test]
fn a_shortened_file_is_an_error() {
    let log = log();
    let file = log.file();
    for len in 0..file.len() {
        assert!(scan(&file[..len], false).is_err(), "length {len}");
    }
    let mut longer = file.clone();
    longer.push(0);
    assert!(scan(&longer, false).is_err());
}

#[test]
fn a_sealed_file_may_be_cut_to_its_end() {
    let mut log = log();
    log.seal(log.last_seq);
    let file = log.file();
    for len in 0..file.len() {
        assert_eq!(scan(&file[..len], true).is_ok(), len >= log.bytes.len(), "length {len}");
    }
}

#[test]
fn a_file_before_another_must_be_sealed() {
    let file = log().file();
    assert!(scan(&file, false).is_ok());
    assert!(matches!(scan(&file, true).unwrap_err().kind, FormatErrorKind::Invalid { .. }));
}

#[test]
fn a_seal_must_agree_with_the_records() {
    for (count, chain) in [(1, 0), (0, 1)] {
        let mut log = log();
        log.count += count;
        log.chain ^= chain;
        log.seal(log.last_seq);
        assert!(scan(&log.file(), false).is_err());
    }
}

#[test]
fn sequence_numbers_have_no_gaps() {
    for seq in [0, 5, 6, 8, u64::MAX] {
        let mut log = Log::new(5, CAPACITY);
        log.append(0, b"five");
        log.append(0, b"six");
        encode_record(&mut log.bytes, RecordType::Operation, seq, 0, b"seven").unwrap();
        assert!(scan(&log.file(), false).is_err(), "{seq}");
    }
}

/// A header proves what it says even when its own body is torn.
#[test]
fn a_torn_witness_is_a_witness() {
    let mut log = Log::new(1, CAPACITY);
    log.append(0, &[1; 2000]);
    log.append(1, &[2; 2000]);
    let (_, first, _, _) = log.operations[0];
    let (_, second, end, _) = log.operations[1];
    let mut file = log.file();
    let lost = (second + 512) / 512 * 512;
    assert!(lost + 512 < end);
    file[lost..lost + 512].fill(0);
    let (bodies, found) = scan(&file, false).unwrap();
    assert_eq!((bodies.len(), found.torn), (1, true));
    let lost = (first + 512) / 512 * 512;
    file[lost..lost + 512].fill(0);
    assert!(scan(&file, false).is_err());
}

/// Headers that claim long bodies, at every place, cost one look each.
#[test]
fn made_up_headers_cost_linear_time() {
    let len = 8 << 20;
    let mut log = Log::new(1, len);
    log.append(0, b"good");
    let mut file = log.file();
    let mut place = log.bytes.len();
    file[place] = 1;
    place += 8;
    while place + 40 < len {
        let body_len = (len - place - 40) as u32;
        let record_type = RecordType::Operation;
        let header = RecordHeader { body_len, seq: 2, durable: 0, record_type, body_checksum: 0 };
        file[place..place + 40].copy_from_slice(&header.encode());
        place += 40;
    }
    assert!(scan(&file, false).is_err());
}
