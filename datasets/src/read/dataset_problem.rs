//! What can be wrong with one dataset of an HDF5 file: its shape, its type, its storage, or one of its values.

use std::fmt;

/// What is wrong with a dataset; the error around it names the file, the dataset and, where it is known, the byte.
#[derive(Clone, Debug, PartialEq)]
pub enum DatasetProblem {
    /// There is no dataset of this name.
    Missing,
    /// It does not have two axes, the second of length 1 or more, or is larger than 2^64 bytes.
    Shape {
        /// The lengths of its axes.
        got: Vec<u64>,
    },
    /// Its elements are of a type that is not read here.
    ElementType {
        /// The types that are.
        expected: &'static str,
        /// The type in the file.
        got: String,
    },
    /// It has another number of rows than the dataset it goes with.
    Rows {
        /// The dataset that it goes with.
        like: &'static str,
        /// Rows of that dataset.
        expected: u64,
        /// Rows of this one.
        got: u64,
    },
    /// It has another number of columns than the dataset it goes with.
    Columns {
        /// The dataset that it goes with.
        like: &'static str,
        /// Columns of that dataset.
        expected: u64,
        /// Columns of this one.
        got: u64,
    },
    /// Its values lie in a way that is not read here, as in other files.
    Storage {
        /// The way.
        got: String,
    },
    /// It has a shape, but no value was ever written.
    Unwritten,
    /// Its storage is of another size than its shape, or the file ends within it.
    StoredBytes {
        /// Bytes that its shape needs.
        expected: u64,
        /// Bytes that its storage has.
        got: u64,
    },
    /// Not every part of its shape has a chunk of its own.
    Chunks {
        /// Chunks that its shape needs.
        expected: u64,
        /// Distinct chunks inside the shape that were written.
        got: u64,
    },
    /// It promises more bytes than any compression can have put into the file.
    Inflation {
        /// The most bytes that the stored ones may hold.
        expected_at_most: u64,
        /// Bytes promised.
        got: u64,
    },
    /// A value is NaN, infinite, or beyond what an `f32` holds.
    NotFinite {
        /// Its row.
        row: u64,
        /// Its place in the row.
        column: u64,
        /// The value.
        got: f64,
    },
    /// An integer does not fit into an `i32`.
    NotI32 {
        /// Its row.
        row: u64,
        /// Its place in the row.
        column: u64,
        /// The value.
        got: i128,
    },
    /// A neighbour is no row of the base.
    UnknownId {
        /// The query that it answers.
        row: u64,
        /// Its rank.
        column: u64,
        /// Rows of the base.
        expected_below: u64,
        /// The neighbour.
        got: i128,
    },
    /// The library could not read it.
    Unreadable {
        /// What the library says.
        got: String,
    },
}

impl fmt::Display for DatasetProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => write!(f, "expected a dataset of this name, got none"),
            Self::Shape { got } => {
                write!(f, "expected a shape of rows x columns with 1 column or more, got {got:?}")
            }
            Self::ElementType { expected, got } => write!(f, "expected elements of {expected}, got {got}"),
            Self::Rows { like, expected, got } => {
                write!(f, "expected {expected} rows like {like}, got {got}")
            }
            Self::Columns { like, expected, got } => {
                write!(f, "expected {expected} columns like {like}, got {got}")
            }
            Self::Storage { got } => {
                write!(f, "expected compact, contiguous or chunked storage in the file, got {got}")
            }
            Self::Unwritten => write!(f, "expected values, got a shape without any"),
            Self::StoredBytes { expected, got } => write!(f, "expected {expected} stored bytes, got {got}"),
            Self::Chunks { expected, got } => write!(f, "expected {expected} distinct chunks, got {got}"),
            Self::Inflation { expected_at_most, got } => {
                write!(
                    f,
                    "expected at most {expected_at_most} bytes in what is stored, got a promise of {got}"
                )
            }
            Self::NotFinite { row, column, got } => {
                write!(f, "expected a finite f32 in row {row}, column {column}, got {got}")
            }
            Self::NotI32 { row, column, got } => {
                write!(f, "expected an i32 in row {row}, column {column}, got {got}")
            }
            Self::UnknownId { row, column, expected_below, got } => write!(
                f,
                "expected a row number of the base, below {expected_below}, in row {row}, column {column}, got {got}"
            ),
            Self::Unreadable { got } => write!(f, "expected a sound dataset, got: {got}"),
        }
    }
}
