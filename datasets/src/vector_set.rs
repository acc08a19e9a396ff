//! `VectorSet`: a flat array and a dimension go in, rows come out.
//!
//! Always holds, whoever made the set: the dimension is 1 or more, the values fill whole rows, and every
//! float is finite. So no reader of a set needs to check for NaN or for a ragged last row.
//! Threads: a set never changes once made; share it freely.

use std::borrow::Cow;
use std::error::Error;
use std::fmt;

/// The numbers of a set, row after row, in the element type of their source.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32-bit floats: fvecs, npy `<f4`; also npy `<f2` (exact) and `<f8` (rounded to nearest).
    F32(Vec<f32>),
    /// Unsigned bytes: bvecs, idx, npy `|u1`.
    U8(Vec<u8>),
    /// Signed bytes: npy `|i1`.
    I8(Vec<i8>),
    /// 32-bit integers: ivecs, npy `<i4`.
    I32(Vec<i32>),
}

impl Values {
    /// Number of single elements, over all rows.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::F32(values) => values.len(),
            Self::U8(values) => values.len(),
            Self::I8(values) => values.len(),
            Self::I32(values) => values.len(),
        }
    }

    /// Whether there is no element at all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// One row of a set, borrowed; as long as the set's dimension.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Row<'a> {
    /// A row of [`Values::F32`].
    F32(&'a [f32]),
    /// A row of [`Values::U8`].
    U8(&'a [u8]),
    /// A row of [`Values::I8`].
    I8(&'a [i8]),
    /// A row of [`Values::I32`].
    I32(&'a [i32]),
}

impl<'a> Row<'a> {
    /// The row as `f32`: borrowed when it is one already. Integers beyond ±2^24 are rounded to nearest.
    #[must_use]
    pub fn to_f32(self) -> Cow<'a, [f32]> {
        match self {
            Self::F32(row) => Cow::Borrowed(row),
            Self::U8(row) => row.iter().map(|&v| f32::from(v)).collect(),
            Self::I8(row) => row.iter().map(|&v| f32::from(v)).collect(),
            Self::I32(row) => row.iter().map(|&v| v as f32).collect(),
        }
    }

    /// The row as `f64`; exact for every element type.
    #[must_use]
    pub fn to_f64(self) -> Vec<f64> {
        match self {
            Self::F32(row) => row.iter().map(|&v| f64::from(v)).collect(),
            Self::U8(row) => row.iter().map(|&v| f64::from(v)).collect(),
            Self::I8(row) => row.iter().map(|&v| f64::from(v)).collect(),
            Self::I32(row) => row.iter().map(|&v| f64::from(v)).collect(),
        }
    }
}

/// `rows` vectors of one dimension, stored flat and row-major.
#[derive(Clone, Debug, PartialEq)]
pub struct VectorSet {
    dim: usize,
    values: Values,
}

impl VectorSet {
    /// A set of `values.len() / dim` rows; zero rows are fine.
    ///
    /// # Errors
    /// When `dim` is 0, when the last row is not whole, or when a float is NaN or infinite.
    pub fn new(dim: usize, values: Values) -> Result<Self, ShapeError> {
        if dim == 0 {
            return Err(ShapeError::ZeroDimension);
        }
        if !values.len().is_multiple_of(dim) {
            return Err(ShapeError::Ragged { dim, got_values: values.len() });
        }
        if let Values::F32(floats) = &values
            && let Some(at) = floats.iter().position(|v| !v.is_finite())
        {
            return Err(ShapeError::NotFinite { row: at / dim, column: at % dim });
        }
        Ok(Self { dim, values })
    }

    /// A set whose maker has already upheld what [`VectorSet::new`] checks.
    pub(crate) fn from_checked(dim: usize, values: Values) -> Self {
        debug_assert!(dim > 0 && values.len().is_multiple_of(dim), "whole rows of a dimension above 0");
        Self { dim, values }
    }

    /// Number of vectors.
    #[must_use]
    pub fn rows(&self) -> usize {
        self.values.len() / self.dim
    }

    /// Elements per vector; 1 or more.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// All elements, row-major: `rows() * dim()` of them.
    #[must_use]
    pub fn values(&self) -> &Values {
        &self.values
    }

    /// Vector number `row`.
    ///
    /// # Panics
    /// When `row >= rows()`.
    #[must_use]
    pub fn row(&self, row: usize) -> Row<'_> {
        let span = row * self.dim..(row + 1) * self.dim;
        match &self.values {
            Values::F32(values) => Row::F32(&values[span]),
            Values::U8(values) => Row::U8(&values[span]),
            Values::I8(values) => Row::I8(&values[span]),
            Values::I32(values) => Row::I32(&values[span]),
        }
    }

    /// All elements as `f32`, row-major. Integers beyond ±2^24 are rounded to nearest.
    #[must_use]
    pub fn to_f32(&self) -> Vec<f32> {
        match &self.values {
            Values::F32(values) => values.clone(),
            Values::U8(values) => Row::U8(values).to_f32().into_owned(),
            Values::I8(values) => Row::I8(values).to_f32().into_owned(),
            Values::I32(values) => Row::I32(values).to_f32().into_owned(),
        }
    }

    /// A copy of the first `rows` vectors, or of all when there are fewer.
    #[must_use]
    pub fn head(&self, rows: usize) -> Self {
        let end = rows.min(self.rows()) * self.dim;
        let values = match &self.values {
            Values::F32(values) => Values::F32(values[..end].to_vec()),
            Values::U8(values) => Values::U8(values[..end].to_vec()),
            Values::I8(values) => Values::I8(values[..end].to_vec()),
            Values::I32(values) => Values::I32(values[..end].to_vec()),
        };
        Self { dim: self.dim, values }
    }
}

/// Why numbers do not make a [`VectorSet`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShapeError {
    /// The dimension is 0.
    ZeroDimension,
    /// The values do not fill whole rows.
    Ragged {
        /// Elements per row.
        dim: usize,
        /// Elements given.
        got_values: usize,
    },
    /// A float is NaN or infinite.
    NotFinite {
        /// Its row.
        row: usize,
        /// Its place in the row.
        column: usize,
    },
}

impl fmt::Display for ShapeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ZeroDimension => write!(f, "expected a dimension of 1 or more, got 0"),
            Self::Ragged { dim, got_values } => {
                write!(f, "expected a multiple of {dim} values, got {got_values}")
            }
            Self::NotFinite { row, column } => {
                write!(f, "expected finite values, got NaN or infinity in row {row}, column {column}")
            }
        }
    }
}

impl Error for ShapeError {}
