//! Several small files as one: their names and places in front, their bytes behind.
//!
//! ```text
//! u32  length of the table in bytes          little-endian, as everywhere
//! u32  files
//! per file: u32 length of the name, the name, u64 start, u64 length      starts count from the first byte of all
//! the files, each at a multiple of 64
//! ```
//! Checksums are not here: the bytes lie in a block file, which has them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::io::BlockFile;

const ALIGNMENT: usize = 64;

/// Where the bytes of an index are.
#[derive(Debug, Clone)]
pub(crate) enum Source {
    /// In memory.
    Owned(Arc<[u8]>),
    /// Some of the data of a file, whose blocks are checked before their first use.
    File(Arc<BlockFile>, Range<u64>),
}

impl Source {
    pub(super) fn len(&self) -> u64 {
        match self {
            Self::Owned(bytes) => bytes.len() as u64,
            Self::File(_, place) => place.end - place.start,
        }
    }

    /// A copy of some bytes.
    pub(super) fn read(&self, range: Range<u64>) -> Result<Vec<u8>> {
        match self {
            Self::Owned(bytes) => bytes
                .get(range.start as usize..range.end as usize)
                .map(<[u8]>::to_vec)
                .ok_or_else(|| damaged(range.start, "expected bytes, got the end")),
            Self::File(file, place) if range.start <= range.end && range.end <= self.len() => {
                file.bytes(place.start + range.start..place.start + range.end).map(<[u8]>::to_vec)
            }
            Self::File(..) => Err(damaged(range.start, "expected bytes, got the end")),
        }
    }
}

/// An error about the bytes at `offset`.
pub(super) fn damaged(offset: u64, what: impl std::fmt::Display) -> Error {
    Error::corrupt(Path::new("text index"), offset, what)
}

/// Puts files together.
pub(super) fn pack(files: &[(PathBuf, Vec<u8>)]) -> Vec<u8> {
    let name = |path: &Path| path.to_string_lossy().into_owned().into_bytes();
    let table_len: usize = 4 + files.iter().map(|(path, _)| 4 + name(path).len() + 16).sum::<usize>();
    let mut start = (4 + table_len).next_multiple_of(ALIGNMENT);
    let mut packed = Vec::new();
    packed.extend((table_len as u32).to_le_bytes());
    packed.extend((files.len() as u32).to_le_bytes());
    for (path, bytes) in files {
        let name = name(path);
        packed.extend((name.len() as u32).to_le_bytes());
        packed.extend(name);
        packed.extend((start as u64).to_le_bytes());
        packed.extend((bytes.len() as u64).to_le_bytes());
        start = (start + bytes.len()).next_multiple_of(ALIGNMENT);
    }
    for (_, bytes) in files {
        packed.resize(packed.len().next_multiple_of(ALIGNMENT), 0);
        packed.extend_from_slice(bytes);
    }
    packed
}

/// Names and places of the files in `source`.
///
/// # Errors
/// `Corrupt` if the table does not hold together.
pub(super) fn unpack(source: &Source) -> Result<Vec<(PathBuf, Range<u64>)>> {
    let head = source.read(0..4)?;
    let table_len = u64::from(Reader(&head).u32().ok_or_else(|| damaged(0, "expected a table"))?);
    let table = source.read(4..4 + table_len)?;
    let mut reader = Reader(&table);
    read_table(&mut reader, source.len()).ok_or_else(|| {
        damaged(4 + (table.len() - reader.0.len()) as u64, "expected a table of files that lie in the bytes")
    })
}

fn read_table(reader: &mut Reader<'_>, len: u64) -> Option<Vec<(PathBuf, Range<u64>)>> {
    let mut files = Vec::new();
    for _ in 0..reader.u32()? {
        let name_len = reader.u32()? as usize;
        let name = std::str::from_utf8(reader.take(name_len)?).ok()?;
        let (start, file_len) = (reader.u64()?, reader.u64()?);
        let end = start.checked_add(file_len).filter(|end| *end <= len)?;
        files.push((PathBuf::from(name), start..end));
    }
    reader.0.is_empty().then_some(files)
}

/// Bytes that are read from the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(taken)
    }

    fn u32(&mut self) -> Option<u32> {
        Some(u32::from_le_bytes(self.take(4)?.try_into().ok()?))
    }

    fn u64(&mut self) -> Option<u64> {
        Some(u64::from_le_bytes(self.take(8)?.try_into().ok()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Vec<(PathBuf, Vec<u8>)> {
        vec![("a.term".into(), vec![1; 100]), ("메타".into(), Vec::new()), ("b".into(), vec![2; 64])]
    }

    #[test]
    fn what_is_packed_comes_back() {
        let source = Source::Owned(pack(&files()).into());
        let unpacked = unpack(&source).expect("a whole table");
        for ((name, bytes), (found, range)) in files().iter().zip(unpacked) {
            assert_eq!((name, range.start % 64), (&found, 0));
            assert_eq!(&source.read(range).expect("inside"), bytes);
        }
    }

    #[test]
    fn a_table_that_leads_out_is_refused() {
        let packed = pack(&files());
        let table_len = 4 + u32::from_le_bytes(packed[..4].try_into().expect("four bytes")) as usize;
        for len in 0..packed.len() {
            assert!(unpack(&Source::Owned(packed[..len].into())).is_err(), "cut at {len}");
        }
        for at in 0..table_len {
            for bit in 0..8 {
                let mut flipped = packed.clone();
                flipped[at] ^= 1 << bit;
                // Names may change; places that lead out may not be accepted.
                if let Ok(found) = unpack(&Source::Owned(flipped.into())) {
                    assert!(found.iter().all(|(_, range)| range.end <= packed.len() as u64));
                }
            }
        }
    }
}
