//! What a dataset promises against what the file holds: shape and layout go in, a place for each value comes out.
//!
//! Always holds for a [`Storage`]: all of it lies inside the file, it has as many bytes as the shape needs, or
//! one chunk for each tile of it, and no chunk promises more than deflate can have put into its stored bytes.
//! So memory taken for the values is bounded by what the file really holds.

use hdf5_pure::{Chunk, Dataset, Layout};

use super::{Fault, caught};
use crate::read::dataset_problem::DatasetProblem;

/// Deflate turns at most 258 bytes into 2 bits, that is 1,032 into one byte; the other filters do less.
const INFLATION_MAX: u64 = 1032;

/// Rows, columns, and bytes per element.
#[derive(Clone, Copy)]
pub(super) struct Extent {
    pub(super) rows: u64,
    pub(super) columns: u64,
    pub(super) element_bytes: u64,
}

/// Where the values lie.
pub(super) enum Storage {
    /// In the header of the dataset.
    Inline,
    /// One after the other from here on.
    Contiguous { offset: u64 },
    /// In tiles of this many rows and columns, each perhaps compressed; in order of their origins.
    Chunked { rows: u64, columns: u64, tiles: Vec<Tile> },
}

/// One chunk: the row and column of its first value, and its first byte.
pub(super) struct Tile {
    origin: [u64; 2],
    offset: u64,
}

/// Why the storage of a dataset is not what its shape needs.
pub(super) enum Unfit {
    /// The file promises what it does not hold; the byte that this is about.
    Dataset(Option<u64>, DatasetProblem),
    /// The library could not read it.
    Unreadable(Fault),
}

impl From<DatasetProblem> for Unfit {
    fn from(problem: DatasetProblem) -> Self {
        Self::Dataset(None, problem)
    }
}

impl Extent {
    /// Of two axes, the second not empty; `None` when it is something else or its size overflows.
    pub(super) fn new(shape: &[u64], element_bytes: u64) -> Option<Self> {
        let &[rows, columns] = shape else { return None };
        let row_bytes = columns.checked_mul(element_bytes).filter(|&bytes| bytes > 0)?;
        rows.checked_mul(row_bytes)?;
        Some(Self { rows, columns, element_bytes })
    }

    pub(super) fn row_bytes(self) -> u64 {
        self.columns * self.element_bytes
    }

    fn bytes(self) -> u64 {
        self.rows * self.row_bytes()
    }

    /// Finds the values of `dataset` in a file of `file_bytes`.
    pub(super) fn locate(self, dataset: &Dataset, file_bytes: u64) -> Result<Storage, Unfit> {
        if self.rows == 0 {
            return Ok(Storage::Inline);
        }
        match caught(|| dataset.layout()).map_err(Unfit::Unreadable)? {
            Layout::Compact { size } => self.holds(None, size).map(|()| Storage::Inline),
            Layout::Contiguous { address: None, .. } => Err(DatasetProblem::Unwritten.into()),
            Layout::Contiguous { address: Some(offset), size } => {
                self.holds(Some(offset), size)?;
                is_inside(offset, size, file_bytes)?;
                Ok(Storage::Contiguous { offset })
            }
            Layout::Chunked { chunk_shape, .. } => self.find_tiles(dataset, &chunk_shape, file_bytes),
            other => Err(DatasetProblem::Storage { got: other.to_string() }.into()),
        }
    }

    fn holds(self, offset: Option<u64>, got: u64) -> Result<(), Unfit> {
        let expected = self.bytes();
        if got == expected {
            Ok(())
        } else {
            Err(Unfit::Dataset(offset, DatasetProblem::StoredBytes { expected, got }))
        }
    }

    fn find_tiles(self, dataset: &Dataset, tile: &[u64], file_bytes: u64) -> Result<Storage, Unfit> {
        // A bound for the number of chunks too, before the list of them is made.
        inflates(None, file_bytes, self.bytes())?;
        let Some(shape) = Self::new(tile, self.element_bytes).filter(|shape| shape.rows > 0) else {
            return Err(DatasetProblem::Storage { got: format!("chunks of {tile:?}") }.into());
        };
        let Self { rows, columns, .. } = shape;
        let chunks = caught(|| dataset.chunks()).map_err(Unfit::Unreadable)?;
        for chunk in &chunks {
            is_inside(chunk.address, chunk.storage_size, file_bytes)?;
            inflates(Some(chunk.address), chunk.storage_size, shape.bytes())?;
        }
        let mut tiles: Vec<Tile> = chunks.iter().filter_map(|chunk| self.tile(chunk, shape)).collect();
        tiles.sort_unstable_by_key(|tile| tile.origin);
        tiles.dedup_by_key(|tile| tile.origin);
        let expected = self.rows.div_ceil(rows) * self.columns.div_ceil(columns);
        let got = tiles.len() as u64;
        if got != expected || chunks.len() != tiles.len() {
            return Err(DatasetProblem::Chunks { expected, got }.into());
        }
        Ok(Storage::Chunked { rows, columns, tiles })
    }

    /// The tile of a chunk that lies on the grid and begins inside the dataset.
    fn tile(self, chunk: &Chunk, shape: Self) -> Option<Tile> {
        let &[row, column] = chunk.offset.as_slice() else { return None };
        let on_grid = row.is_multiple_of(shape.rows) && column.is_multiple_of(shape.columns);
        let is_inside = row < self.rows && column < self.columns;
        (on_grid && is_inside).then_some(Tile { origin: [row, column], offset: chunk.address })
    }
}

impl Storage {
    /// The byte of a value, or the first of the chunk that holds it.
    pub(super) fn offset_of(&self, extent: Extent, row: u64, column: u64) -> Option<u64> {
        match self {
            Self::Inline => None,
            Self::Contiguous { offset } => {
                Some(offset + row * extent.row_bytes() + column * extent.element_bytes)
            }
            Self::Chunked { rows, columns, tiles } => {
                let origin = [row - row % rows, column - column % columns];
                let place = tiles.binary_search_by_key(&origin, |tile| tile.origin).ok()?;
                Some(tiles[place].offset)
            }
        }
    }
}

/// What begins at `offset` ends before the file does.
fn is_inside(offset: u64, expected: u64, file_bytes: u64) -> Result<(), Unfit> {
    let got = file_bytes.saturating_sub(offset);
    if got < expected {
        return Err(Unfit::Dataset(Some(offset), DatasetProblem::StoredBytes { expected, got }));
    }
    Ok(())
}

/// `got` bytes can have come out of the stored ones.
fn inflates(offset: Option<u64>, stored_bytes: u64, got: u64) -> Result<(), Unfit> {
    let expected_at_most = stored_bytes.saturating_mul(INFLATION_MAX);
    if got > expected_at_most {
        return Err(Unfit::Dataset(offset, DatasetProblem::Inflation { expected_at_most, got }));
    }
    Ok(())
}
