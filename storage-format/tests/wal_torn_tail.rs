//! A power cut loses any sectors that were not synced: the log ends at the first record that is not whole, without an
//! error, and never before what was synced.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Rng;
use common::log::{Log, scan};

const CAPACITY: usize = 16 << 10;
const SECTOR: usize = 512;

/// A log, and how much of it was synced: bytes and operations.
struct Written {
    log: Log,
    synced_len: usize,
    synced_count: usize,
}

fn write(rng: &mut Rng) -> Written {
    let mut log = Log::new(1 + rng.below(1000), CAPACITY);
    let mut durable = 0;
    let (mut synced_len, mut synced_count) = (log.bytes.len(), 0);
    for _ in 0..1 + rng.below(12) {
        let len = if rng.one_in(3) { rng.index(40) } else { rng.index(1300) };
        // Zeros are the hard case: they look like a sector that did not arrive.
        let body = if rng.one_in(3) { vec![0; len] } else { rng.bytes(len) };
        log.append(durable, &body);
        if rng.one_in(4) {
            (synced_len, synced_count, durable) = (log.bytes.len(), log.operations.len(), log.last_seq);
        }
        if rng.one_in(4) {
            log.mark(durable);
        }
    }
    if rng.one_in(3) {
        log.seal(durable);
    }
    Written { log, synced_len, synced_count }
}

/// The file after a power cut: each sector that is not synced is new, or as it was at some write before.
fn cut(rng: &mut Rng, written: &Written) -> Vec<u8> {
    let mut file = written.log.file();
    let lost_one_in = 1 + rng.below(8);
    for start in (written.synced_len / SECTOR * SECTOR..CAPACITY).step_by(SECTOR) {
        if !rng.one_in(lost_one_in) {
            continue;
        }
        // Records are written whole, so an older sector ends at the end of a record, or was not written at all.
        let ends = written.log.operations.iter().map(|(_, _, end, _)| *end);
        let older: Vec<_> = ends.filter(|end| (start..start + SECTOR).contains(end)).collect();
        let from = if older.is_empty() || rng.one_in(2) { start } else { older[rng.index(older.len())] };
        file[from.max(written.synced_len)..start + SECTOR].fill(0);
    }
    file
}

#[test]
fn ends_at_the_first_record_that_is_not_whole() {
    let (mut torn_count, mut whole_count) = (0, 0);
    for seed in 0..4000 {
        let mut rng = Rng::new(seed);
        let written = write(&mut rng);
        let file = cut(&mut rng, &written);
        let whole = written.log.file();
        let first_lost = (0..CAPACITY).find(|place| file[*place] != whole[*place]).unwrap_or(CAPACITY);
        let operations = &written.log.operations;
        let kept = operations.iter().take_while(|(_, _, end, _)| *end <= first_lost).count();

        let (bodies, end) = scan(&file, false).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(bodies, written.log.bodies()[..kept], "seed {seed}");
        assert!(kept >= written.synced_count, "seed {seed}");
        assert!(end.offset as usize <= first_lost || first_lost == CAPACITY, "seed {seed}");
        let behind = &file[end.offset as usize..];
        assert_eq!(end.torn, behind.iter().any(|byte| *byte != 0), "seed {seed}");
        torn_count += usize::from(end.torn);
        whole_count += usize::from(kept == operations.len());

        recover(file, &bodies, seed);
    }
    assert!(torn_count > 500 && whole_count > 500, "{torn_count} torn, {whole_count} whole");
}

/// After recovery has overwritten the torn tail with zeros, even only some sectors of it, nothing else is lost.
fn recover(mut file: Vec<u8>, bodies: &[Vec<u8>], seed: u64) {
    let (_, end) = scan(&file, false).unwrap();
    let mut rng = Rng::new(seed + 1);
    let from = end.offset as usize;
    for start in (from / SECTOR * SECTOR..CAPACITY).step_by(SECTOR) {
        if rng.one_in(2) {
            file[start.max(from)..start + SECTOR].fill(0);
        }
    }
    let (again, _) = scan(&file, false).unwrap();
    assert_eq!(again, bodies, "seed {seed}");
    file[from..].fill(0);
    let (again, clean) = scan(&file, false).unwrap();
    assert_eq!((again.as_slice(), clean.torn, clean.offset), (bodies, false, end.offset), "seed {seed}");
}

#[test]
fn a_torn_body_that_looks_like_a_record_proves_nothing() {
    let mut other = Log::new(1, CAPACITY);
    other.append(0, b"x");
    other.append(0, b"y");
    other.mark(2);
    let mut log = Log::new(1, CAPACITY);
    log.append(0, b"first");
    let body = [vec![1; 8 * 64], other.bytes[64..].to_vec(), vec![1; 1024]].concat();
    log.append(0, &body);
    let (_, start, end, _) = log.operations[1];
    let mut file = log.file();
    let lost = (end - 1) / SECTOR * SECTOR;
    assert!(lost > start);
    file[lost..lost + SECTOR].fill(0);
    let (bodies, end) = scan(&file, false).unwrap();
    assert_eq!((bodies.len(), end.torn), (1, true));
}

#[test]
fn a_body_behind_the_tear_that_looks_like_a_record_proves_nothing() {
    let mut other = Log::new(1, CAPACITY);
    for body in [b"x", b"y", b"z"] {
        other.append(0, body);
    }
    other.mark(3);
    let mut log = Log::new(1, CAPACITY);
    log.append(0, b"first");
    log.append(0, &[1; 600]);
    log.append(0, &[vec![1; 600], other.bytes[64..].to_vec()].concat());
    let (_, lost, _, _) = log.operations[1];
    let mut file = log.file();
    file[lost..512].fill(0);
    let (bodies, end) = scan(&file, false).unwrap();
    assert_eq!((bodies.len(), end.torn), (1, true));
}
