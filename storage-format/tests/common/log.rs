//! Log files for tests: records one behind the other, and what a scan gives back.

use nigh_format::FormatError;
use nigh_format::header::{FileHeader, FileKind, HEADER_LEN, Identity};
use nigh_format::operation::{Operation, PointBatch, PointIdRecord, VectorColumn};
use nigh_format::wal_record::{
    LogEnd, RecordType, Scanner, encode_marker, encode_record, encode_seal, extend_chain,
};

use super::Rng;

/// A log file that is being written.
#[derive(Clone)]
pub struct Log {
    pub bytes: Vec<u8>,
    pub capacity: usize,
    pub last_seq: u64,
    pub count: u64,
    pub chain: u32,
    /// Sequence number, start, end and body of each operation.
    pub operations: Vec<(u64, usize, usize, Vec<u8>)>,
}

impl Log {
    pub fn new(first_seq: u64, capacity: usize) -> Self {
        let identity = Identity { collection: 7, owner: 0, tag: first_seq };
        let data_len = capacity as u64;
        let header = FileHeader::new(FileKind::Wal, 0, data_len, identity);
        let bytes = header.encode().to_vec();
        Self { bytes, capacity, last_seq: first_seq - 1, count: 0, chain: 0, operations: Vec::new() }
    }

    pub fn append(&mut self, durable: u64, body: &[u8]) {
        let start = self.bytes.len();
        self.last_seq += 1;
        let checksum =
            encode_record(&mut self.bytes, RecordType::Operation, self.last_seq, durable, body).unwrap();
        self.note(checksum);
        self.operations.push((self.last_seq, start, self.bytes.len(), body.to_vec()));
    }

    pub fn mark(&mut self, durable: u64) {
        let checksum = encode_marker(&mut self.bytes, self.last_seq, durable);
        self.note(checksum);
    }

    pub fn seal(&mut self, durable: u64) {
        encode_seal(&mut self.bytes, self.last_seq, durable, self.count, self.chain);
    }

    fn note(&mut self, checksum: u32) {
        self.count += 1;
        self.chain = extend_chain(self.chain, checksum);
        assert!(self.bytes.len() <= self.capacity, "the test's log is too small");
    }

    /// The file as it is on disk: as long as its capacity.
    pub fn file(&self) -> Vec<u8> {
        let mut file = self.bytes.clone();
        file.resize(self.capacity, 0);
        file
    }

    pub fn bodies(&self) -> Vec<Vec<u8>> {
        self.operations.iter().map(|(_, _, _, body)| body.clone()).collect()
    }
}

/// The bodies of all operations of a file, and its end.
pub fn scan(file: &[u8], has_next: bool) -> Result<(Vec<Vec<u8>>, LogEnd), FormatError> {
    let header = FileHeader::decode(file)?;
    let mut scanner = Scanner::new(file, &header, has_next);
    let mut bodies = Vec::new();
    let mut due = header.identity.tag;
    while let Some(record) = scanner.next()? {
        assert_eq!(record.header.seq, due);
        assert!(record.offset as usize >= HEADER_LEN);
        due = due.wrapping_add(1);
        bodies.push(record.body.to_vec());
    }
    Ok((bodies, scanner.end()))
}

/// One operation of each variant.
pub fn operations() -> Vec<Operation> {
    let ids = vec![PointIdRecord::Int(u64::MAX), PointIdRecord::Uuid(1 << 100), PointIdRecord::Int(0)];
    let batch = PointBatch {
        ids: ids.clone(),
        payload_ends: vec![7, 7, 9],
        payloads: b"{\"a\":1}{}".to_vec(),
        columns: vec![
            VectorColumn {
                name: String::new(),
                dim: 2,
                datatype: 1,
                rows: vec![0, 2],
                data: [0.5_f32, -1.0, 2.0, 0.0].iter().flat_map(|value| value.to_le_bytes()).collect(),
            },
            VectorColumn { name: "image".into(), dim: 3, datatype: 3, rows: vec![1], data: vec![1, 2, 3] },
        ],
    };
    let update = PointBatch { payload_ends: vec![], payloads: vec![], ..batch.clone() };
    vec![
        Operation::Upsert(batch),
        Operation::Delete { ids: ids.clone() },
        Operation::SetPayload { ids: ids.clone(), patch: b"{\"k\":\"v\"}".to_vec(), path: "a.b".into() },
        Operation::OverwritePayload { ids: ids.clone(), payload: b"{}".to_vec(), path: String::new() },
        Operation::DeletePayloadKeys { ids: ids.clone(), paths: vec!["a".into(), "b.c".into()] },
        Operation::ClearPayload { ids: ids.clone() },
        Operation::UpdateVectors(update),
        Operation::DeleteVectors { ids, names: vec![String::new(), "image".into()] },
    ]
}

/// A batch of points with made-up values; some have no payload, some no vector.
pub fn batch(rng: &mut Rng, with_payloads: bool) -> PointBatch {
    let count = rng.index(9);
    let ids = (0..count).map(|_| point_id(rng)).collect();
    let (mut payloads, mut payload_ends) = (Vec::new(), Vec::new());
    if with_payloads {
        for _ in 0..count {
            payloads.extend_from_slice(rng.text(5).as_bytes());
            payload_ends.push(payloads.len() as u32);
        }
    }
    let columns = (0..rng.index(4)).map(|index| column(rng, format!("v{index}"), count)).collect();
    PointBatch { ids, payload_ends, payloads, columns }
}

pub fn point_id(rng: &mut Rng) -> PointIdRecord {
    let value = rng.next();
    if rng.one_in(2) {
        return PointIdRecord::Int(value >> rng.below(64));
    }
    PointIdRecord::Uuid(u128::from(value) << 64 | u128::from(rng.next()))
}

fn column(rng: &mut Rng, name: String, count: usize) -> VectorColumn {
    let rows: Vec<u32> = (0..count as u32).filter(|_| !rng.one_in(3)).collect();
    let (dim, datatype) = (1 + rng.below(20) as u32, 1 + rng.below(3) as u8);
    let value_bytes = [4, 2, 1][usize::from(datatype) - 1];
    let data = rng.bytes(rows.len() * dim as usize * value_bytes);
    VectorColumn { name, dim, datatype, rows, data }
}
