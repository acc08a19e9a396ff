//! What can be wrong with a file of vectors: which file, at which byte, what was expected, what was there.
//!
//! Every message is one line, so that a bench can print it as it is. Inside an HDF5 file a fault also
//! names its dataset: dataset_problem.rs.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::dataset_problem::DatasetProblem;

/// A file that could not be read as vectors.
#[derive(Debug)]
pub struct ReadError {
    /// The file, as the caller named it.
    pub path: PathBuf,
    /// Where in the file it is wrong.
    pub place: Place,
    /// What is wrong there.
    pub problem: Problem,
}

/// Where in a file a [`Problem`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// The file as a whole, or its name.
    File,
    /// The byte at this offset.
    Byte(u64),
    /// The file is gzip, and the byte is at this offset of what it holds once decompressed.
    Inflated(u64),
}

/// What is wrong at the place of a [`ReadError`].
#[derive(Debug)]
pub enum Problem {
    /// The operating system could not open or read the file.
    Io(io::Error),
    /// The gzip stream is cut short or fails its own checks.
    Gzip(io::Error),
    /// The name ends in none of the known ways.
    UnknownName {
        /// The endings that are known; a further `.gz` is always allowed.
        known: Vec<&'static str>,
        /// The name of the file, in lower case.
        got: String,
    },
    /// The bytes end too early.
    Truncated {
        /// Bytes that the part starting at the offset needs.
        expected_bytes: u64,
        /// Bytes that are there.
        got_bytes: u64,
    },
    /// Bytes follow where the header says that the data end.
    TrailingBytes,
    /// A row has another dimension than the first row.
    DimensionChanged {
        /// The dimension of row 0.
        expected: usize,
        /// The dimension that this row states.
        got: i32,
    },
    /// A header field or an attribute has a value that cannot be used.
    BadHeader {
        /// The field.
        field: &'static str,
        /// What it may hold.
        expected: &'static str,
        /// What it holds.
        got: String,
    },
    /// A value is NaN, infinite, or beyond what an `f32` holds.
    NotFinite {
        /// The value.
        got: f64,
    },
    /// The memory for data that are really there could not be had.
    OutOfMemory {
        /// Size of the allocation that failed.
        expected_bytes: u64,
    },
    /// The structures of an HDF5 file, outside its datasets, cannot be read. The offset is that of the piece
    /// read last.
    Hdf5 {
        /// What the library says.
        got: String,
    },
    /// A dataset of an HDF5 file is not what it should be. The offset is that of the value, of the chunk that
    /// holds it, or of the piece read last.
    Dataset {
        /// The name of the dataset.
        name: &'static str,
        /// What is wrong with it.
        problem: DatasetProblem,
    },
}

impl ReadError {
    /// The byte offset of what is wrong, in the file or, for gzip, in what it holds once decompressed.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match self.place {
            Place::File => None,
            Place::Byte(offset) | Place::Inflated(offset) => Some(offset),
        }
    }

    /// An error of the file as a whole.
    pub(super) fn of_file(path: &Path, problem: Problem) -> Self {
        Self { path: path.to_owned(), place: Place::File, problem }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, place, problem } = self;
        let path = path.display();
        match place {
            Place::File => write!(f, "{path}: {problem}"),
            Place::Byte(offset) => write!(f, "{path}: byte {offset}: {problem}"),
            Place::Inflated(offset) => write!(f, "{path}: byte {offset} after decompression: {problem}"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "could not read: {error}"),
            Self::Gzip(error) => write!(f, "expected a whole gzip stream, got: {error}"),
            Self::UnknownName { known, got } => {
                write!(f, "expected a name that ends in {} (and perhaps .gz), got {got:?}", known.join(", "))
            }
            Self::Truncated { expected_bytes, got_bytes } => {
                write!(f, "expected {expected_bytes} bytes, got {got_bytes} and then the end")
            }
            Self::TrailingBytes => write!(f, "expected the end, got more bytes"),
            Self::DimensionChanged { expected, got } => {
                write!(f, "expected a row of dimension {expected} like the first, got {got}")
            }
            Self::BadHeader { field, expected, got } => {
                write!(f, "expected {expected} as {field}, got {got}")
            }
            Self::NotFinite { got } => write!(f, "expected a finite f32, got {got}"),
            Self::OutOfMemory { expected_bytes } => {
                write!(f, "expected {expected_bytes} bytes of memory, got none")
            }
            Self::Hdf5 { got } => write!(f, "expected a sound HDF5 file, got: {got}"),
            Self::Dataset { name, problem } => write!(f, "dataset {name}: {problem}"),
        }
    }
}

/// The message says all of it; the system's error is in [`Problem`], not in `source`, so that a chain does not print it twice.
impl Error for ReadError {}

/// A file that is being read, and how its offsets count: makes the errors of it.
#[derive(Clone, Debug)]
pub(super) struct Origin {
    pub(super) path: PathBuf,
    /// [`Place::Byte`] or [`Place::Inflated`].
    pub(super) place: fn(u64) -> Place,
}

impl Origin {
    pub(super) fn error_at(&self, offset: u64, problem: Problem) -> ReadError {
        ReadError { path: self.path.clone(), place: (self.place)(offset), problem }
    }
}
