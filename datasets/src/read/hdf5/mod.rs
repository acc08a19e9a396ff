//! HDF5: a file goes in, its text attributes and its datasets of two axes come out.
//!
//! The structures are read by `hdf5-pure`, which is named nowhere else. It gives no offsets, so every piece
//! it reads goes through [`Traced`], and an error names the piece read last. Before it is asked for values,
//! extent.rs has held what the file promises against what the file holds.
//! Format: "HDF5 File Format Specification, version 3.0", The HDF Group.

mod extent;
mod fault;
mod table;
mod traced;

use std::fs;
use std::io::{Cursor, Read, Seek};
use std::path::Path;

use hdf5_pure::{Error, File, FileAccessProperties, FormatError, MetadataCacheConfig};

use super::dataset_problem::DatasetProblem;
use super::error::{Origin, Place, Problem, ReadError};
use super::source::{Source, opens_as_gzip};
use fault::{Fault, caught};
pub(super) use table::Table;
use traced::{LastRead, Traced};

/// An open file.
pub(super) struct Hdf5 {
    origin: Origin,
    file: File,
    last_read: LastRead,
}

impl Hdf5 {
    /// A plain file is read piece by piece as it is asked for; gzip is decompressed into memory first.
    pub(super) fn open(path: &Path) -> Result<Self, ReadError> {
        let io = |error| ReadError::of_file(path, Problem::Io(error));
        let mut file = fs::File::open(path).map_err(io)?;
        let is_gzip = opens_as_gzip(&mut file).map_err(io)?;
        file.rewind().map_err(io)?;
        if is_gzip {
            return Self::from_source(Source::new(path, file)?);
        }
        Self::over(Origin { path: path.to_owned(), place: Place::Byte }, file)
    }

    /// Reads all bytes into memory, since the parts of a file lie in any order.
    pub(super) fn from_source(source: Source<'_>) -> Result<Self, ReadError> {
        let origin = source.origin().clone();
        Self::over(origin, Cursor::new(source.rest()?))
    }

    fn over(origin: Origin, input: impl Read + Seek + Send + 'static) -> Result<Self, ReadError> {
        let traced =
            Traced::new(input).map_err(|error| ReadError::of_file(&origin.path, Problem::Io(error)))?;
        let last_read = traced.last_read();
        // Without a cache every piece passes Traced; headers are small and read once or twice.
        let properties = FileAccessProperties::new().with_metadata_cache(MetadataCacheConfig::disabled());
        let opened = caught(|| File::from_source_with_options(traced, properties));
        let file = opened.map_err(|fault| origin.error_at(last_read.offset(), fault.outside_datasets()))?;
        let opened = Self { origin, file, last_read };
        opened.check_length()?;
        Ok(opened)
    }

    /// A file that was cut says in its first block how long it was.
    fn check_length(&self) -> Result<(), ReadError> {
        let (expected_bytes, got_bytes) = (self.file.superblock().eof_address, self.file.file_size());
        if got_bytes < expected_bytes {
            return Err(self.origin.error_at(0, Problem::Truncated { expected_bytes, got_bytes }));
        }
        Ok(())
    }

    pub(super) fn path(&self) -> &Path {
        &self.origin.path
    }

    /// A text attribute of the root; `None` when there is none, or when it is no text.
    pub(super) fn attribute(&self, name: &str) -> Result<Option<String>, ReadError> {
        let attributes =
            caught(|| self.file.root().attrs()).map_err(|fault| self.error_here(fault.outside_datasets()))?;
        Ok(attributes.get(name).and_then(|value| value.as_str()).map(str::to_owned))
    }

    /// The dataset of this name in the root, its storage checked; `None` when there is none.
    pub(super) fn table(&self, name: &'static str) -> Result<Option<Table<'_>>, ReadError> {
        match caught(|| self.file.dataset(name)) {
            Ok(dataset) => Table::new(self, name, dataset).map(Some),
            Err(Fault::Library(Error::Format(FormatError::PathNotFound(_)))) => Ok(None),
            Err(fault) => Err(self.unreadable(name, &fault)),
        }
    }

    /// Whatever the library says about a dataset, at the piece that it read last.
    fn unreadable(&self, name: &'static str, fault: &Fault) -> ReadError {
        let problem = DatasetProblem::Unreadable { got: fault.to_string() };
        self.error_here(Problem::Dataset { name, problem })
    }

    fn error_here(&self, problem: Problem) -> ReadError {
        self.origin.error_at(self.last_read.offset(), problem)
    }

    /// At `offset`, or of the file as a whole.
    fn error(&self, offset: Option<u64>, name: &'static str, problem: DatasetProblem) -> ReadError {
        let problem = Problem::Dataset { name, problem };
        match offset {
            Some(offset) => self.origin.error_at(offset, problem),
            None => ReadError::of_file(&self.origin.path, problem),
        }
    }
}
