//! Rows in memory while their segment is still written: append only.

use super::Row;
use half::f16;
use nigh_format::manifest::{Datatype, VectorParams};

/// Marks a point without this vector.
const ABSENT: u32 = u32::MAX;

/// The rows of one named vector for a run of points.
#[derive(Debug)]
pub(crate) struct VectorColumn {
    dim: usize,
    values: Values,
    /// Row of each point, or [`ABSENT`].
    row_of: Vec<u32>,
    row_count: u32,
}

#[derive(Debug)]
enum Values {
    F32(Vec<f32>),
    F16(Vec<f16>),
    U8(Vec<u8>),
}

impl VectorColumn {
    pub(crate) fn new(params: &VectorParams) -> Self {
        let values = match params.datatype {
            Datatype::F32 => Values::F32(Vec::new()),
            Datatype::F16 => Values::F16(Vec::new()),
            Datatype::U8 => Values::U8(Vec::new()),
        };
        Self { dim: params.dim as usize, values, row_of: Vec::new(), row_count: 0 }
    }

    /// Appends the next point's row, or none. `row` has exactly the stored length.
    pub(crate) fn push(&mut self, row: Option<&[u8]>) {
        let Some(bytes) = row else { return self.row_of.push(ABSENT) };
        match &mut self.values {
            Values::F32(v) => v.extend(bytes.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b))),
            Values::F16(v) => v.extend(bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b))),
            Values::U8(v) => v.extend_from_slice(bytes),
        }
        self.row_of.push(self.row_count);
        self.row_count += 1;
    }

    /// The row of the `index`th point.
    pub(crate) fn row(&self, index: usize) -> Option<Row<'_>> {
        let row = *self.row_of.get(index)?;
        if row == ABSENT {
            return None;
        }
        let range = row as usize * self.dim..(row as usize + 1) * self.dim;
        match &self.values {
            Values::F32(v) => v.get(range).map(Row::F32),
            Values::F16(v) => v.get(range).map(Row::F16),
            Values::U8(v) => v.get(range).map(Row::U8),
        }
    }

    /// The stored bytes of the `index`th point's row.
    pub(crate) fn bytes(&self, index: usize) -> Option<&[u8]> {
        self.row(index).map(|row| match row {
            Row::F32(v) => bytemuck::cast_slice(v),
            Row::F16(v) => bytemuck::cast_slice(v),
            Row::U8(v) => v,
        })
    }
}
