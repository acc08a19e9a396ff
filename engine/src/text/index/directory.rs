//! tantivy's files inside bytes of ours, for reading only.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::HasLen;
use tantivy::directory::error::{DeleteError, OpenReadError, OpenWriteError};
use tantivy::directory::{Directory, FileHandle, OwnedBytes, WatchCallback, WatchHandle, WritePtr};

use super::bytes::{Source, unpack};
use crate::error::Result;

/// The files of one index.
#[derive(Debug, Clone)]
pub(super) struct PackedFiles {
    source: Source,
    places: Arc<HashMap<PathBuf, Range<u64>>>,
}

impl PackedFiles {
    pub(super) fn open(source: Source) -> Result<Self> {
        let places = unpack(&source)?.into_iter().collect();
        Ok(Self { source, places: Arc::new(places) })
    }

    /// The bytes of a file, if it is there.
    pub(super) fn read(&self, path: &Path) -> Option<Result<Vec<u8>>> {
        self.places.get(path).map(|place| self.source.read(place.clone()))
    }
}

/// A part of the bytes.
struct Part {
    source: Source,
    place: Range<u64>,
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Part({:?})", self.place)
    }
}

impl HasLen for Part {
    fn len(&self) -> usize {
        (self.place.end - self.place.start) as usize
    }
}

impl FileHandle for Part {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        let (start, end) = (self.place.start + range.start as u64, self.place.start + range.end as u64);
        if range.start > range.end || end > self.place.end {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "a reference that leaves the file"));
        }
        match &self.source {
            // The copy is shared by all that is read from it.
            Source::Owned(bytes) => {
                Ok(OwnedBytes::new(Arc::clone(bytes)).slice(start as usize..end as usize))
            }
            Source::File(..) => {
                let bytes = self.source.read(start..end).map_err(io::Error::other)?;
                Ok(OwnedBytes::new(bytes))
            }
        }
    }
}

fn read_only() -> io::Error {
    io::Error::new(io::ErrorKind::ReadOnlyFilesystem, "a sealed index is not written to")
}

impl Directory for PackedFiles {
    fn get_file_handle(&self, path: &Path) -> std::result::Result<Arc<dyn FileHandle>, OpenReadError> {
        let place = self.places.get(path).ok_or_else(|| OpenReadError::FileDoesNotExist(path.to_owned()))?;
        Ok(Arc::new(Part { source: self.source.clone(), place: place.clone() }))
    }

    fn delete(&self, path: &Path) -> std::result::Result<(), DeleteError> {
        Err(DeleteError::IoError { io_error: Arc::new(read_only()), filepath: path.to_owned() })
    }

    fn exists(&self, path: &Path) -> std::result::Result<bool, OpenReadError> {
        Ok(self.places.contains_key(path))
    }

    fn open_write(&self, path: &Path) -> std::result::Result<WritePtr, OpenWriteError> {
        Err(OpenWriteError::wrap_io_error(read_only(), path.to_owned()))
    }

    fn atomic_read(&self, path: &Path) -> std::result::Result<Vec<u8>, OpenReadError> {
        match self.read(path) {
            None => Err(OpenReadError::FileDoesNotExist(path.to_owned())),
            Some(bytes) => {
                bytes.map_err(|e| OpenReadError::wrap_io_error(io::Error::other(e), path.to_owned()))
            }
        }
    }

    fn atomic_write(&self, _path: &Path, _data: &[u8]) -> io::Result<()> {
        Err(read_only())
    }

    fn sync_directory(&self) -> io::Result<()> {
        Ok(())
    }

    fn watch(&self, _callback: WatchCallback) -> tantivy::Result<WatchHandle> {
        Ok(WatchHandle::empty())
    }
}
