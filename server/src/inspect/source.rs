//! A file as an inspection reads it: a path goes in, pieces of its bytes come out. Opened for reading only.
//!
//! Memory is taken only for bytes that are really there, whatever a damaged header promises.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use crate::dump::Problem;

/// An open file and its length at that moment.
#[derive(Debug)]
pub(crate) struct Source {
    file: File,
    len: u64,
}

impl Source {
    /// Opens for reading.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        let len = file.metadata()?.len();
        Ok(Self { file, len })
    }

    /// Bytes in the file.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The bytes of `range`, all of them.
    pub(crate) fn read(&self, range: Range<u64>) -> Result<Vec<u8>, Problem> {
        if range.end > self.len || range.start > range.end {
            let what = format!("expected bytes up to {}, the file ends at {}", range.end, self.len);
            return Err(Problem { offset: Some(range.start), what });
        }
        let failed = |what: String| Problem { offset: Some(range.start), what };
        let len = usize::try_from(range.end - range.start).map_err(|e| failed(e.to_string()))?;
        let mut bytes = Vec::new();
        bytes.try_reserve_exact(len).map_err(|e| failed(e.to_string()))?;
        bytes.resize(len, 0);
        self.file
            .read_exact_at(&mut bytes, range.start)
            .map_err(|e| failed(format!("could not read: {e}")))?;
        Ok(bytes)
    }

    /// The whole file.
    pub(crate) fn read_all(&self) -> Result<Vec<u8>, Problem> {
        self.read(0..self.len)
    }

    /// As much of the first `len` bytes as there is.
    pub(crate) fn read_head(&self, len: u64) -> Result<Vec<u8>, Problem> {
        self.read(0..len.min(self.len))
    }
}

/// Numbers of a section.
pub(crate) fn u64s(bytes: &[u8]) -> Vec<u64> {
    bytes.as_chunks().0.iter().map(|word| u64::from_le_bytes(*word)).collect()
}

/// Numbers of a section.
pub(crate) fn u32s(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks().0.iter().map(|word| u32::from_le_bytes(*word)).collect()
}

/// Numbers of a section.
pub(crate) fn i32s(bytes: &[u8]) -> Vec<i32> {
    bytes.as_chunks().0.iter().map(|word| i32::from_le_bytes(*word)).collect()
}
