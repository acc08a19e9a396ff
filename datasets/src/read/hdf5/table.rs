//! `Table`: a dataset of two axes goes in, its values come out as vectors, row numbers or distances.
//!
//! Values are read a window of rows at a time and checked as they arrive; the first that cannot be kept is
//! an error with row, column and, unless it lies in the header, the offset of it or of its chunk.

use hdf5_pure::{DType, Dataset, Error};

use super::extent::{Extent, Storage, Unfit};
use super::{Fault, Hdf5, caught};
use crate::read::dataset_problem::DatasetProblem;
use crate::read::error::{Problem, ReadError};
use crate::vector_set::{Values, VectorSet};

/// Bytes read at a time, unless a single row or the rows of a chunk need more.
const WINDOW_BYTES: u64 = 4 * 1024 * 1024;

/// A dataset whose storage is as large as its shape needs and lies inside the file.
pub(in crate::read) struct Table<'a> {
    hdf5: &'a Hdf5,
    name: &'static str,
    dataset: Dataset,
    element: DType,
    extent: Extent,
    storage: Storage,
}

/// Reads a window: first row, number of rows.
type ReadRows<T> = fn(&Dataset, u64, u64) -> Result<Vec<T>, Error>;

impl<'a> Table<'a> {
    pub(super) fn new(hdf5: &'a Hdf5, name: &'static str, dataset: Dataset) -> Result<Self, ReadError> {
        let unreadable = |fault: Fault| hdf5.unreadable(name, &fault);
        let element = caught(|| dataset.dtype()).map_err(unreadable)?;
        let element_bytes = caught(|| dataset.element_size()).map_err(unreadable)?;
        let shape = caught(|| dataset.shape()).map_err(unreadable)?;
        let Some(extent) = Extent::new(&shape, element_bytes) else {
            return Err(hdf5.error(None, name, DatasetProblem::Shape { got: shape }));
        };
        match extent.locate(&dataset, hdf5.file.file_size()) {
            Ok(storage) => Ok(Self { hdf5, name, dataset, element, extent, storage }),
            Err(Unfit::Dataset(offset, problem)) => Err(hdf5.error(offset, name, problem)),
            Err(Unfit::Unreadable(fault)) => Err(unreadable(fault)),
        }
    }

    pub(in crate::read) fn name(&self) -> &'static str {
        self.name
    }

    pub(in crate::read) fn rows(&self) -> u64 {
        self.extent.rows
    }

    pub(in crate::read) fn columns(&self) -> u64 {
        self.extent.columns
    }

    /// Rows of any type that a [`VectorSet`] holds; `f64` is rounded to nearest, wide integers must fit an `i32`.
    pub(in crate::read) fn vectors(&self) -> Result<VectorSet, ReadError> {
        let values = match self.element {
            DType::F32 | DType::F64 => Values::F32(self.floats()?),
            DType::U8 => Values::U8(self.gather(Dataset::read_u8_rows, Some, not_i32)?),
            DType::I8 => Values::I8(self.gather(Dataset::read_i8_rows, Some, not_i32)?),
            _ => Values::I32(self.narrowed("f32, f64, u8, i8, i32 or another integer", |_| true, not_i32)?),
        };
        self.set(values)
    }

    /// Rows of integers of any width, each the number of a row below `expected_below`.
    pub(in crate::read) fn row_numbers(&self, expected_below: u64) -> Result<VectorSet, ReadError> {
        let keep = |got| u64::try_from(got).is_ok_and(|row| row < expected_below);
        let refuse = |row, column, got| DatasetProblem::UnknownId { row, column, expected_below, got };
        let values = self.narrowed("an integer type", keep, refuse)?;
        self.set(Values::I32(values))
    }

    /// Rows of floats.
    pub(in crate::read) fn distances(&self) -> Result<VectorSet, ReadError> {
        match self.element {
            DType::F32 | DType::F64 => self.set(Values::F32(self.floats()?)),
            _ => Err(self.wrong_type("f32 or f64")),
        }
    }

    /// An error about one value.
    pub(in crate::read) fn error_at(&self, row: u64, column: u64, problem: DatasetProblem) -> ReadError {
        self.hdf5.error(self.storage.offset_of(self.extent, row, column), self.name, problem)
    }

    /// An error about the whole of it.
    pub(in crate::read) fn error(&self, problem: DatasetProblem) -> ReadError {
        self.hdf5.error(None, self.name, problem)
    }

    fn set(&self, values: Values) -> Result<VectorSet, ReadError> {
        match usize::try_from(self.extent.columns) {
            Ok(dim) => Ok(VectorSet::from_checked(dim, values)),
            Err(_) => Err(self.error(DatasetProblem::Shape { got: vec![self.rows(), self.columns()] })),
        }
    }

    fn wrong_type(&self, expected: &'static str) -> ReadError {
        self.error(DatasetProblem::ElementType { expected, got: self.element.to_string() })
    }

    fn floats(&self) -> Result<Vec<f32>, ReadError> {
        let not_finite = |row, column, got| DatasetProblem::NotFinite { row, column, got };
        match self.element {
            DType::F32 => self.gather(
                Dataset::read_f32_rows,
                |value| value.is_finite().then_some(value),
                |row, column, value| not_finite(row, column, value.into()),
            ),
            _ => self.gather(
                Dataset::read_f64_rows,
                |value| Some(value as f32).filter(|value| value.is_finite()),
                not_finite,
            ),
        }
    }

    /// Integers of any width that `keep` accepts and an `i32` holds; `refuse` tells of the first other one.
    fn narrowed(
        &self,
        expected: &'static str,
        keep: impl Fn(i128) -> bool,
        refuse: impl Fn(u64, u64, i128) -> DatasetProblem,
    ) -> Result<Vec<i32>, ReadError> {
        let kept = |value: i128| i32::try_from(value).ok().filter(|_| keep(value));
        match self.element {
            DType::U8 | DType::I8 | DType::U16 | DType::I16 | DType::I32 => self.gather(
                Dataset::read_i32_rows,
                |value| kept(value.into()),
                |row, column, value| refuse(row, column, value.into()),
            ),
            DType::U32 | DType::I64 => self.gather(
                Dataset::read_i64_rows,
                |value| kept(value.into()),
                |row, column, value| refuse(row, column, value.into()),
            ),
            DType::U64 => self.gather(
                Dataset::read_u64_rows,
                |value| kept(value.into()),
                |row, column, value| refuse(row, column, value.into()),
            ),
            _ => Err(self.wrong_type(expected)),
        }
    }

    /// All values, each as `keep` makes it, or what `refuse` says about the first that it does not keep.
    fn gather<S: Copy, T>(
        &self,
        read: ReadRows<S>,
        keep: impl Fn(S) -> Option<T>,
        refuse: impl Fn(u64, u64, S) -> DatasetProblem,
    ) -> Result<Vec<T>, ReadError> {
        let columns = self.extent.columns;
        let mut values = Vec::new();
        let mut start = 0;
        while start < self.extent.rows {
            let rows = self.window_rows().min(self.extent.rows - start);
            let window = caught(|| read(&self.dataset, start, rows))
                .map_err(|fault| self.hdf5.unreadable(self.name, &fault))?;
            if window.len() as u64 != rows * columns {
                let (expected, got) = (rows * columns, window.len() as u64);
                let got = format!("{got} values where {expected} are");
                return Err(self.error_at(start, 0, DatasetProblem::Unreadable { got }));
            }
            values.try_reserve(window.len()).map_err(|_| {
                let bytes = (values.len() + window.len()) as u64 * size_of::<T>() as u64;
                self.hdf5.error_here(Problem::OutOfMemory { expected_bytes: bytes })
            })?;
            for (place, value) in (0_u64..).zip(window) {
                let Some(kept) = keep(value) else {
                    let (row, column) = (start + place / columns, place % columns);
                    return Err(self.error_at(row, column, refuse(row, column, value)));
                };
                values.push(kept);
            }
            start += rows;
        }
        values.shrink_to_fit();
        Ok(values)
    }

    /// Whole rows of chunks, so that none is decompressed twice.
    fn window_rows(&self) -> u64 {
        let rows = (WINDOW_BYTES / self.extent.row_bytes()).max(1);
        match &self.storage {
            Storage::Inline | Storage::Contiguous { .. } => rows,
            Storage::Chunked { rows: chunk_rows, .. } => {
                rows.div_ceil(*chunk_rows).saturating_mul(*chunk_rows)
            }
        }
    }
}

fn not_i32(row: u64, column: u64, got: impl Into<i128>) -> DatasetProblem {
    DatasetProblem::NotI32 { row, column, got: got.into() }
}
