//! Checksums made while data streams by, in pieces of any size, are those of the whole.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::Rng;
use nigh_format::FormatErrorKind;
use nigh_format::block::{
    BLOCK_LEN, BlockChecksums, BlockTable, block_count, decode_file, encode_file, encode_table, pad64,
};
use nigh_format::checksum::crc32c;
use nigh_format::header::{FileKind, Identity};

#[test]
fn pieces_of_any_size_give_the_same_table() {
    let block = BLOCK_LEN as usize;
    let mut rng = Rng::new(1);
    for len in [0, 1, 63, 64, 65, block - 1, block, block + 1, 3 * block, 3 * block + 77] {
        let data = rng.bytes(len);
        let whole: Vec<u32> = data.chunks(block).map(crc32c).collect();
        for piece_max in [1000, block, 3 * block] {
            let mut checksums = BlockChecksums::new();
            let mut rest = data.as_slice();
            while !rest.is_empty() {
                let (piece, more) = rest.split_at(rng.index(piece_max.min(rest.len()) + 1));
                checksums.update(piece);
                rest = more;
            }
            assert_eq!(checksums.data_len(), len as u64);
            assert_eq!(checksums.finish(), whole, "{len} bytes");
        }
    }
}

#[test]
fn blocks_are_checked_one_by_one() {
    let block = BLOCK_LEN as usize;
    let data = Rng::new(2).bytes(2 * block + 9);
    let file = encode_file(FileKind::Vectors, Identity::default(), &data);
    let (header, read) = decode_file(&file, FileKind::Vectors).unwrap();
    assert_eq!(read, data);
    assert_eq!(header.file_len(), Some(file.len() as u64));
    let table = BlockTable::decode(&header, &file[file.len() - 12..]).unwrap();
    assert_eq!(table.len(), 3);
    for (number, bytes) in data.chunks(block).enumerate() {
        table.verify_block(number as u64, bytes).unwrap();
        assert!(table.verify_block(number as u64, &bytes[1..]).is_err());
        assert!(table.verify_block(number as u64 + 1, bytes).is_err());
    }
    assert!(table.verify_block(u64::MAX, &[]).is_err());
    let short = BlockTable::decode(&header, &file[file.len() - 8..]).unwrap_err();
    assert_eq!(short.kind, FormatErrorKind::Length { expected: 12, got: 8 });
    let wrong = BlockTable::decode(&header, &[0; 12]).unwrap_err();
    assert_eq!(wrong.kind, FormatErrorKind::TableChecksum);
    assert_eq!(wrong.offset, file.len() as u64 - 12);
}

#[test]
fn lengths_do_not_overflow() {
    assert_eq!(pad64(u64::MAX), None);
    assert_eq!(pad64(65), Some(128));
    assert_eq!(block_count(u64::MAX), 1 << 48);
    assert_eq!(encode_table(&[0x0403_0201]), [1, 2, 3, 4]);
}
