//! Log files: raw bytes behind a good header, bytes with repaired checksums, and scripts that write, sync, and cut the power.

use nigh_format::FormatError;
use nigh_format::checksum::crc32c;
use nigh_format::header::{FileHeader, FileKind, Identity};
use nigh_format::wal_record::{
    LogEnd, RECORD_MAGIC, RecordType, Scanner, encode_marker, encode_record, encode_seal, extend_chain,
};

const CAPACITY: usize = 4096;

/// A log file in one of three ways, by the first byte.
pub fn wal_file(data: &[u8]) {
    if let Ok(header) = FileHeader::decode(data) {
        let _ = scan(data, &header, false);
    }
    let Some((mode, data)) = data.split_first() else { return };
    match mode % 3 {
        0 => raw(data.to_vec(), mode & 0x80 != 0),
        1 => raw(repaired(data.to_vec()), mode & 0x80 != 0),
        _ => script(data),
    }
}

/// All bodies and the end; places and numbers are in order.
fn scan(file: &[u8], header: &FileHeader, has_next: bool) -> Result<(Vec<Vec<u8>>, LogEnd), FormatError> {
    let mut scanner = Scanner::new(file, header, has_next);
    let (mut bodies, mut place, mut due) = (Vec::new(), 64, header.identity.tag);
    loop {
        match scanner.next() {
            Ok(Some(record)) => {
                assert!(record.offset >= place && record.header.seq == due);
                assert_eq!(crc32c(record.body), record.header.body_checksum);
                place = record.offset + 40 + record.body.len() as u64;
                due = due.wrapping_add(1);
                bodies.push(record.body.to_vec());
            }
            Ok(None) => break,
            Err(error) => {
                assert_eq!(scanner.next(), Err(error.clone()));
                return Err(error);
            }
        }
    }
    let end = scanner.end();
    assert!(end.offset >= place && end.offset <= file.len() as u64);
    assert!(end.durable <= end.last_seq && end.last_seq == due.wrapping_sub(1));
    assert!(!has_next || end.sealed);
    Ok((bodies, end))
}

fn header(capacity: usize) -> FileHeader {
    let identity = Identity { collection: 1, owner: 0, tag: 1 };
    let data_len = capacity as u64;
    FileHeader::new(FileKind::Wal, 0, data_len, identity)
}

/// Records as they come; what is read stays the same after recovery.
fn raw(records: Vec<u8>, has_next: bool) {
    let header = header(64 + records.len());
    let mut file = [header.encode().to_vec(), records].concat();
    if let Ok((bodies, end)) = scan(&file, &header, has_next) {
        file[end.offset as usize..].fill(0);
        let (again, clean) = scan(&file, &header, has_next).expect("a recovered log is good");
        assert_eq!((again, clean), (bodies, LogEnd { torn: false, ..end }));
    }
}

/// Gives each record that looks like one good checksums.
fn repaired(mut records: Vec<u8>) -> Vec<u8> {
    let mut place = 0;
    while place + 40 <= records.len() {
        let mut step = 8;
        if records[place..].starts_with(&RECORD_MAGIC) {
            let len: [u8; 4] = records[place + 4..place + 8].try_into().expect("four bytes");
            let end = place + 40 + u32::from_le_bytes(len) as usize;
            if end <= records.len() {
                let body = crc32c(&records[place + 40..end]);
                records[place + 32..place + 36].copy_from_slice(&body.to_le_bytes());
                step = (end - place).next_multiple_of(8);
                let pad_end = (place + step).min(records.len());
                records[end..pad_end].fill(0x5A);
            }
            let checksum = crc32c(&records[place..place + 36]);
            records[place + 36..place + 40].copy_from_slice(&checksum.to_le_bytes());
        }
        place += step;
    }
    records
}

/// What a script wrote.
struct Written {
    bytes: Vec<u8>,
    bodies: Vec<Vec<u8>>,
    synced_len: usize,
    synced_count: usize,
}

/// Commands of three bytes: write records and sync, then lose sectors that were not synced, then flip bytes.
fn script(data: &[u8]) {
    let (commands, _) = data.as_chunks::<3>();
    let written = write(commands);
    let header = header(CAPACITY);
    let mut file = written.bytes.clone();
    file.resize(CAPACITY, 0);

    for [code, sector, _] in commands {
        if code % 8 == 6 {
            let start = usize::from(*sector) % (CAPACITY / 512) * 512;
            file[start.max(written.synced_len).min(start + 512)..start + 512].fill(0);
        }
    }
    let (bodies, _) = scan(&file, &header, false).expect("a power cut is not damage");
    assert!(written.bodies.starts_with(&bodies) && bodies.len() >= written.synced_count);

    for [code, high, low] in commands {
        if code % 8 == 7 {
            file[usize::from(u16::from_be_bytes([*high, *low])) % CAPACITY] ^= code >> 3 | 1;
        }
    }
    // The header of the file, which a flip may have hit, is given: this is about records.
    if let Ok((bodies, _)) = scan(&file, &header, false) {
        assert!(written.bodies.starts_with(&bodies));
    }
}

fn write(commands: &[[u8; 3]]) -> Written {
    let mut written = Written {
        bytes: header(CAPACITY).encode().to_vec(),
        bodies: Vec::new(),
        synced_len: 64,
        synced_count: 0,
    };
    let (mut count, mut chain) = (0, 0);
    for [code, a, b] in commands {
        let (seq, durable) = (written.bodies.len() as u64, written.synced_count as u64);
        let (body_len, free) = (usize::from(*a) * 4, CAPACITY - written.bytes.len());
        match code % 8 {
            0..=2 if free >= 40 + body_len + 8 => {
                let body: Vec<u8> = (0..body_len).map(|i| b.wrapping_mul(i as u8)).collect();
                let record_type = RecordType::Operation;
                let checksum = encode_record(&mut written.bytes, record_type, seq + 1, durable, &body);
                (count, chain) = (count + 1, extend_chain(chain, checksum.expect("a short body")));
                written.bodies.push(body);
            }
            3 => (written.synced_len, written.synced_count) = (written.bytes.len(), written.bodies.len()),
            4 if free >= 40 => {
                chain = extend_chain(chain, encode_marker(&mut written.bytes, seq, durable));
                count += 1;
            }
            5 if free >= 56 => {
                encode_seal(&mut written.bytes, seq, durable, count, chain);
                break;
            }
            _ => {}
        }
    }
    written
}
