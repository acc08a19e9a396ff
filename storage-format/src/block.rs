//! Block files: a header, data, and one checksum for each block of the data.
//!
//! Goes in: data to frame, or a file's bytes. Comes out: a framed file, or data whose checksums are good. Large files are
//! written with [`BlockChecksums`] and read block by block with [`BlockTable`]; small ones go through [`encode_file`] and
//! [`decode_file`] whole.
//!
//! Invariant: every byte of a block file is covered by a checksum or must be zero.
//! Bytes: docs/storage-format.md, section 3.

use crate::checksum::{crc32c, crc32c_append};
use crate::error::{FormatError, FormatErrorKind};
use crate::header::{FileHeader, FileKind, HEADER_LEN, Identity};

/// Data bytes under one checksum.
pub const BLOCK_LEN: u64 = 65_536;

/// How many blocks `data_len` bytes have.
#[must_use]
pub fn block_count(data_len: u64) -> u64 {
    data_len.div_ceil(BLOCK_LEN)
}

/// `n` rounded up to a multiple of 64; `None` on overflow.
#[must_use]
pub fn pad64(n: u64) -> Option<u64> {
    n.checked_next_multiple_of(64)
}

/// Makes the block table while the data streams by.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlockChecksums {
    table: Vec<u32>,
    current: u32,
    data_len: u64,
}

impl BlockChecksums {
    /// No data yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the data, in pieces of any size.
    pub fn update(&mut self, mut data: &[u8]) {
        while !data.is_empty() {
            let free = BLOCK_LEN - self.data_len % BLOCK_LEN;
            let take = usize::try_from(free).map_or(data.len(), |free| free.min(data.len()));
            let (now, rest) = data.split_at_checked(take).unwrap_or((data, &[]));
            self.current = crc32c_append(self.current, now);
            self.data_len += now.len() as u64;
            if self.data_len.is_multiple_of(BLOCK_LEN) {
                self.table.push(std::mem::take(&mut self.current));
            }
            data = rest;
        }
    }

    /// Bytes seen so far.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.data_len
    }

    /// The checksum of each block.
    #[must_use]
    pub fn finish(mut self) -> Vec<u32> {
        if !self.data_len.is_multiple_of(BLOCK_LEN) {
            self.table.push(self.current);
        }
        self.table
    }
}

/// The block table's bytes; the header's `table_checksum` is their CRC-32C.
#[must_use]
pub fn encode_table(table: &[u32]) -> Vec<u8> {
    table.iter().flat_map(|checksum| checksum.to_le_bytes()).collect()
}

/// The checksums of a file's blocks, themselves checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockTable {
    checksums: Vec<u32>,
    data_len: u64,
}

impl BlockTable {
    /// Reads the table from its bytes, the last of the file, and checks them against `header`.
    ///
    /// # Errors
    /// `Length` or `TableChecksum`.
    pub fn decode(header: &FileHeader, table_bytes: &[u8]) -> Result<Self, FormatError> {
        let expected = block_count(header.data_len).saturating_mul(4);
        let got = table_bytes.len() as u64;
        let offset = pad64(header.data_len).unwrap_or(u64::MAX).saturating_add(HEADER_LEN as u64);
        if expected != got {
            return Err(FormatError::new(offset, FormatErrorKind::Length { expected, got }));
        }
        if crc32c(table_bytes) != header.table_checksum {
            return Err(FormatError::new(offset, FormatErrorKind::TableChecksum));
        }
        let (words, _) = table_bytes.as_chunks::<4>();
        let checksums = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        Ok(Self { checksums, data_len: header.data_len })
    }

    /// Checks the data of block number `block`.
    ///
    /// # Errors
    /// `Length` or `BlockChecksum` at the block's place in the file; `Invalid` when there is no such block.
    pub fn verify_block(&self, block: u64, data_of_block: &[u8]) -> Result<(), FormatError> {
        let start = block.saturating_mul(BLOCK_LEN);
        let offset = start.saturating_add(HEADER_LEN as u64);
        let Some(checksum) = usize::try_from(block).ok().and_then(|block| self.checksums.get(block)) else {
            return Err(FormatError::invalid(offset, "block", format!("below {}", self.len()), block));
        };
        let expected = self.data_len.saturating_sub(start).min(BLOCK_LEN);
        let got = data_of_block.len() as u64;
        if expected != got {
            return Err(FormatError::new(offset, FormatErrorKind::Length { expected, got }));
        }
        if crc32c(data_of_block) != *checksum {
            return Err(FormatError::new(offset, FormatErrorKind::BlockChecksum { block }));
        }
        Ok(())
    }

    /// How many blocks there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.checksums.len() as u64
    }

    /// Whether there is no block, because there is no data.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.checksums.is_empty()
    }
}

/// A whole block file around `data`.
#[must_use]
pub fn encode_file(kind: FileKind, identity: Identity, data: &[u8]) -> Vec<u8> {
    let mut checksums = BlockChecksums::new();
    checksums.update(data);
    let table = encode_table(&checksums.finish());
    let data_len = data.len() as u64;
    let header = FileHeader::new(kind, crc32c(&table), data_len, identity);
    let mut file = Vec::with_capacity(HEADER_LEN + data.len() + 64 + table.len());
    file.extend_from_slice(&header.encode());
    file.extend_from_slice(data);
    file.resize(file.len().next_multiple_of(64), 0);
    file.extend_from_slice(&table);
    file
}

/// Checks a whole block file, and gives its header and data.
///
/// # Errors
/// The first thing that is wrong: header, kind, length, padding, table, blocks.
pub fn decode_file(bytes: &[u8], kind: FileKind) -> Result<(FileHeader, &[u8]), FormatError> {
    let header = FileHeader::decode(bytes)?;
    header.expect_kind(kind)?;
    let got = bytes.len() as u64;
    let expected = header.file_len().unwrap_or(u64::MAX);
    let parts = split(bytes, &header).filter(|_| expected == got && kind != FileKind::Wal);
    let Some((data, padding, table)) = parts else {
        return Err(FormatError::new(got.min(expected), FormatErrorKind::Length { expected, got }));
    };
    if let Some(place) = padding.iter().position(|byte| *byte != 0) {
        let offset = (HEADER_LEN + data.len() + place) as u64;
        return Err(FormatError::new(offset, FormatErrorKind::Padding));
    }
    let table = BlockTable::decode(&header, table)?;
    let blocks = data.chunks(usize::try_from(BLOCK_LEN).unwrap_or(usize::MAX));
    for (number, block) in (0_u64..).zip(blocks) {
        table.verify_block(number, block)?;
    }
    Ok((header, data))
}

/// Data, padding and table of a file that is at least as long as `header` says.
fn split<'a>(bytes: &'a [u8], header: &FileHeader) -> Option<(&'a [u8], &'a [u8], &'a [u8])> {
    let data_len = usize::try_from(header.data_len).ok()?;
    let padded_len = usize::try_from(pad64(header.data_len)?).ok()?;
    let (padded, table) = bytes.get(HEADER_LEN..)?.split_at_checked(padded_len)?;
    let (data, padding) = padded.split_at_checked(data_len)?;
    Some((data, padding, table))
}
