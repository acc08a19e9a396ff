//! What can be wrong with a file of vectors: which file, at which byte, what was expected, what was there.
//!
//! Offsets count decompressed bytes. Every message is one line, so that a bench can print it as it is.

use std::error::Error;
use std::fmt;
use std::io;
use std::path::PathBuf;

/// A file that could not be read as vectors.
#[derive(Debug)]
pub struct ReadError {
    /// The file, as the caller named it.
    pub path: PathBuf,
    /// Byte offset, after decompression, of what is wrong.
    pub offset: u64,
    /// What is wrong there.
    pub problem: Problem,
}

/// What is wrong at the offset of a [`ReadError`].
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
    /// A header field has a value that cannot be read.
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
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: byte {}: {}", self.path.display(), self.offset, self.problem)
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
        }
    }
}

/// The message says all of it; the system's error is in [`Problem`], not in `source`, so that a chain does not print it twice.
impl Error for ReadError {}
