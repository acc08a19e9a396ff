//! Codes in memory: rows of a fixed stride, a multiple of 64 bytes, each at the start of a cache line.

use crate::kernels::int8::Rows;
use bytemuck::{Pod, Zeroable};

/// A cache line.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u8; 64]);

/// Rows of codes that belong to whoever holds it.
#[derive(Debug, Clone)]
pub(crate) struct CodeBuffer {
    lines: Vec<Line>,
    stride: usize,
}

/// Bytes of a row of `dim` codes: whole cache lines.
pub(crate) fn stride_of(dim: usize) -> usize {
    dim.max(1).next_multiple_of(64)
}

impl CodeBuffer {
    /// `len` rows of zeros for `dim` codes each.
    pub(crate) fn zeroed(len: usize, dim: usize) -> Self {
        let stride = stride_of(dim);
        Self { lines: vec![Line([0; 64]); len * (stride / 64)], stride }
    }

    /// Copies of some rows.
    pub(crate) fn copy_of(rows: Rows<'_>, nodes: &[u32]) -> Self {
        let mut buffer = Self::zeroed(nodes.len(), rows.stride());
        for (row, node) in buffer.rows_mut().zip(nodes) {
            if let Some(from) = rows.row(*node) {
                row.copy_from_slice(from);
            }
        }
        buffer
    }

    pub(crate) fn rows(&self) -> Rows<'_> {
        Rows::new(self.bytes(), self.stride)
    }

    /// All rows, with what pads them.
    pub(crate) fn bytes(&self) -> &[u8] {
        bytemuck::cast_slice(&self.lines)
    }

    pub(crate) fn rows_mut(&mut self) -> impl Iterator<Item = &mut [u8]> {
        bytemuck::cast_slice_mut(&mut self.lines).chunks_exact_mut(self.stride)
    }
}
