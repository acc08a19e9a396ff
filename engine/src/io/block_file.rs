//! Block files (docs/storage-format.md, section 3): a name goes in, verified bytes come out; bytes go in, a sealed file comes out.
//!
//! Reading: header, length, padding and block table are checked when the file opens; a block's checksum is checked before its
//! first use, once, so that a damaged byte is an error naming file and offset and never an answer.
//! Writing: data is streamed under a temporary name; checksums are taken on the way; the header is written last.
//! Threads: a [`BlockFile`] may be read from any thread; two threads may check the same block twice, which is harmless.

use super::{AccessPattern, FileMap, Vfs, VfsFile, publish_file, retry, write_all_at, write_temp};
use crate::error::{Error, Result};
use nigh_format::block::{BLOCK_LEN, BlockChecksums, BlockTable, encode_table, pad64};
use nigh_format::header::{FileHeader, FileKind, HEADER_LEN, Identity};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A mapped, immutable file whose bytes are checked before their first use.
#[derive(Debug)]
pub(crate) struct BlockFile {
    path: PathBuf,
    map: FileMap,
    table: BlockTable,
    data_len: u64,
    table_checksum: u32,
    /// One bit a block: its checksum has been compared.
    checked: Box<[AtomicU64]>,
}

impl BlockFile {
    /// Maps the file and checks all but its blocks.
    ///
    /// # Errors
    /// `Corrupt` or `Version` naming the file, `Io` if the system fails.
    pub(crate) fn open(vfs: &dyn Vfs, path: &Path, kind: FileKind, identity: Identity) -> Result<Self> {
        let map = retry(|| vfs.map(path)).map_err(|e| missing_is_damage(path, e))?;
        let format = |e| Error::format(path, &e);
        let header = FileHeader::decode(&map).map_err(format)?;
        header.expect(kind, identity).map_err(format)?;
        let len = map.len() as u64;
        if header.file_len() != Some(len) {
            let expected = header.file_len().unwrap_or(u64::MAX);
            let what = format!("expected a file of {expected} bytes, got {len}");
            return Err(Error::corrupt(path, len.min(expected), what));
        }
        let data_end = HEADER_LEN as u64 + header.data_len;
        let table_at = HEADER_LEN as u64 + pad64(header.data_len).unwrap_or(u64::MAX);
        let padding = map.get(data_end as usize..table_at as usize).unwrap_or_default();
        if padding.iter().any(|b| *b != 0) {
            return Err(Error::corrupt(path, data_end, "expected zeros behind the data"));
        }
        let table = BlockTable::decode(&header, map.get(table_at as usize..).unwrap_or_default());
        let table = table.map_err(format)?;
        let words = (table.len() as usize).div_ceil(64);
        let checked = (0..words).map(|_| AtomicU64::new(0)).collect();
        let (data_len, table_checksum) = (header.data_len, header.table_checksum);
        Ok(Self { path: path.to_owned(), map, table, data_len, table_checksum, checked })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Bytes of the data section.
    pub(crate) fn data_len(&self) -> u64 {
        self.data_len
    }

    /// Length of the whole file and checksum of its block table, as the manifest lists them.
    pub(crate) fn stamp(&self) -> FileStamp {
        FileStamp { len: self.map.len() as u64, table_checksum: self.table_checksum }
    }

    pub(crate) fn advise(&self, pattern: AccessPattern) {
        self.map.advise(pattern);
    }

    /// Bytes of the data section, each covered by a checksum that was compared.
    ///
    /// # Errors
    /// `Corrupt` if a block does not check out or the range leaves the file.
    pub(crate) fn bytes(&self, range: Range<u64>) -> Result<&[u8]> {
        if range.start > range.end || range.end > self.data_len {
            let what = format!("expected at most {} data bytes, got a reference to {range:?}", self.data_len);
            return Err(Error::corrupt(&self.path, range.start, what));
        }
        if range.start < range.end {
            for block in range.start / BLOCK_LEN..=(range.end - 1) / BLOCK_LEN {
                self.check(block)?;
            }
        }
        Ok(self.raw(range))
    }

    /// The bytes as an array of `T`.
    pub(crate) fn array<T: bytemuck::Pod>(&self, range: Range<u64>) -> Result<&[T]> {
        let start = range.start;
        cast(self.bytes(range)?).ok_or_else(|| Error::corrupt(&self.path, start, "array is not aligned"))
    }

    /// An array whose blocks were all compared before, by [`BlockFile::check_all`]: nothing is looked at again.
    pub(crate) fn checked_array<T: bytemuck::Pod>(&self, range: Range<u64>) -> Result<&[T]> {
        let start = range.start;
        cast(self.raw(range)).ok_or_else(|| Error::corrupt(&self.path, start, "array is not aligned"))
    }

    /// Asks the cache for the line at an offset of the data, which is read soon.
    #[inline]
    pub(crate) fn prefetch(&self, offset: u64) {
        self.map.prefetch(HEADER_LEN + offset as usize);
    }

    /// Compares every block's checksum, also those compared before.
    pub(crate) fn check_all(&self) -> Result<()> {
        (0..self.table.len()).try_for_each(|block| self.compare(block))
    }

    /// An error about this file at `offset` of its data.
    pub(crate) fn damaged(&self, offset: u64, what: impl std::fmt::Display) -> Error {
        Error::corrupt(&self.path, HEADER_LEN as u64 + offset, what)
    }

    /// A layout decoder's verdict; its offsets count from the start of the data.
    pub(crate) fn format_error(&self, error: nigh_format::error::FormatError) -> Error {
        Error::format(&self.path, &error)
    }

    fn raw(&self, range: Range<u64>) -> &[u8] {
        let at = |x: u64| HEADER_LEN + x as usize;
        self.map.get(at(range.start)..at(range.end)).unwrap_or_default()
    }

    #[inline]
    fn check(&self, block: u64) -> Result<()> {
        let Some(word) = self.checked.get((block / 64) as usize) else { return self.compare(block) };
        let bit = 1u64 << (block % 64);
        if word.load(Ordering::Relaxed) & bit == 0 {
            self.compare(block)?;
            word.fetch_or(bit, Ordering::Relaxed);
        }
        Ok(())
    }

    #[cold]
    fn compare(&self, block: u64) -> Result<()> {
        let start = block * BLOCK_LEN;
        let bytes = self.raw(start..(start + BLOCK_LEN).min(self.data_len));
        self.table.verify_block(block, bytes).map_err(|e| Error::format(&self.path, &e))
    }
}

/// A file's size and checksum as the manifest records them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    pub(crate) len: u64,
    pub(crate) table_checksum: u32,
}

/// Streams the data of one block file.
pub(crate) struct BlockWriter<'a> {
    vfs: &'a dyn Vfs,
    path: PathBuf,
    file: Arc<dyn VfsFile>,
    kind: FileKind,
    identity: Identity,
    buffer: Vec<u8>,
    written: u64,
    checksums: BlockChecksums,
    pace: &'a dyn Fn(u64) -> Result<()>,
}

/// Bytes gathered before a write.
const BUFFER_LEN: usize = 1 << 20;

impl<'a> BlockWriter<'a> {
    /// Starts a file that will be called `path`. `pace` is told of bytes before they are written and may wait or stop the work.
    pub(crate) fn create(
        vfs: &'a dyn Vfs,
        path: PathBuf,
        kind: FileKind,
        identity: Identity,
        pace: &'a dyn Fn(u64) -> Result<()>,
    ) -> Result<Self> {
        let file = write_temp(vfs, &path).map_err(|e| Error::io("create", &path, e))?;
        let (buffer, checksums) = (Vec::new(), BlockChecksums::new());
        Ok(Self { vfs, path, file, kind, identity, buffer, written: 0, checksums, pace })
    }

    /// Appends to the data section.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.checksums.update(bytes);
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() >= BUFFER_LEN { self.flush() } else { Ok(()) }
    }

    /// Appends zeros up to `offset` of the data section.
    pub(crate) fn pad_to(&mut self, offset: u64) -> Result<()> {
        let gap = offset.saturating_sub(self.written + self.buffer.len() as u64);
        self.write(&vec![0; gap as usize])
    }

    fn flush(&mut self) -> Result<()> {
        (self.pace)(self.buffer.len() as u64)?;
        let at = HEADER_LEN as u64 + self.written;
        write_all_at(self.file.as_ref(), &self.buffer, at).map_err(|e| Error::io("write", &self.path, e))?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes table and header and publishes the file.
    pub(crate) fn finish(mut self) -> Result<FileStamp> {
        let data_len = self.written + self.buffer.len() as u64;
        let table = std::mem::replace(&mut self.checksums, BlockChecksums::new()).finish();
        let table = encode_table(&table);
        let table_checksum = nigh_format::checksum::crc32c(&table);
        let padded = pad64(data_len).ok_or_else(|| Error::internal("a file's length overflows"))?;
        self.buffer.resize(self.buffer.len() + (padded - data_len) as usize, 0);
        self.buffer.extend_from_slice(&table);
        self.flush()?;
        let (kind, identity) = (self.kind, self.identity);
        let header = FileHeader::new(kind, table_checksum, data_len, identity);
        let io = |e| Error::io("write", &self.path, e);
        write_all_at(self.file.as_ref(), &header.encode(), 0).map_err(io)?;
        publish_file(self.vfs, self.file.as_ref(), &self.path).map_err(io)?;
        Ok(FileStamp { len: HEADER_LEN as u64 + padded + table.len() as u64, table_checksum })
    }
}

/// Bytes as an array of numbers; `None` if they are not aligned or do not divide evenly. The one place where bytes become numbers.
fn cast<T: bytemuck::Pod>(bytes: &[u8]) -> Option<&[T]> {
    const {
        assert!(
            cfg!(target_endian = "little"),
            "the storage format is read in place: little-endian hosts only"
        )
    };
    bytemuck::try_cast_slice(bytes).ok()
}

/// A file that the manifest names must be there.
pub(crate) fn missing_is_damage(path: &Path, error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        return Error::corrupt(path, 0, "expected a file, got none");
    }
    Error::io("open", path, error)
}
