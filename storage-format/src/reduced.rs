//! Reduced file: the rows of a vectors file projected to fewer coordinates, as codes, and the projection for queries.
//!
//! Goes in: counts and scales, or the preamble of a file. Comes out: where each section is. Derived: it can be made
//! again from the vectors. Bytes: docs/storage-format.md, section 8.8.

use std::ops::Range;

use crate::codes::STRIDE_ALIGN;
use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_data_len, check_preamble, gaps, in_file};
use crate::vector_params::check_dim;

pub use crate::section::PREAMBLE_LEN;

const ROW_COUNT: Field = Field::first("row_count", 8);
const DIM: Field = ROW_COUNT.then("dim", 4);
const REDUCED_DIM: Field = DIM.then("reduced_dim", 4);
const STRIDE: Field = REDUCED_DIM.then("stride", 4);
const MATRIX_STRIDE: Field = STRIDE.then("matrix_stride", 4);
const SCALE: Field = MATRIX_STRIDE.then("scale", 4);
const SHIFT: Field = SCALE.then("shift", 4);
const INPUT_SCALE: Field = SHIFT.then("input_scale", 4);
const INPUT_SHIFT: Field = INPUT_SCALE.then("input_shift", 4);
const KEPT: Field = INPUT_SHIFT.then("kept", 4);
const RESERVED: Field = KEPT.then("reserved", 20);

/// The preamble's fields in order.
pub const FIELDS: [Field; 11] = [
    ROW_COUNT,
    DIM,
    REDUCED_DIM,
    STRIDE,
    MATRIX_STRIDE,
    SCALE,
    SHIFT,
    INPUT_SCALE,
    INPUT_SHIFT,
    KEPT,
    RESERVED,
];

/// The numbers that a [`ReducedLayout`] is made from.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReducedShape {
    /// As in the vectors file.
    pub row_count: u32,
    /// Values of a vector.
    pub dim: u32,
    /// Coordinates that are kept, fewer than `dim`.
    pub reduced_dim: u32,
    /// coordinate = code × scale + shift
    pub scale: f32,
    /// See `scale`.
    pub shift: f32,
    /// A query's values become bytes before they are projected: value = byte × input_scale + input_shift.
    pub input_scale: f32,
    /// See `input_scale`.
    pub input_shift: f32,
    /// Share of the vectors' spread that the coordinates keep, 0 to 1.
    pub kept: f32,
}

/// Where the sections of a reduced file are.
#[derive(Debug, Clone, PartialEq)]
pub struct ReducedLayout {
    /// Counts and scales.
    pub shape: ReducedShape,
    /// Bytes of a code.
    pub stride: u32,
    /// Bytes of a row of the matrix.
    pub matrix_stride: u32,
    matrix: Range<u64>,
    matrix_scales: Range<u64>,
    matrix_offsets: Range<u64>,
    codes: Range<u64>,
    bias: Range<u64>,
}

impl ReducedLayout {
    /// The layout for these numbers.
    ///
    /// # Errors
    /// `Invalid` when a number is outside its range.
    pub fn new(shape: ReducedShape) -> Result<Self, FormatError> {
        let ReducedShape { row_count, dim, reduced_dim, .. } = shape;
        check_dim(dim, DIM.offset as u64)?;
        if reduced_dim == 0 || reduced_dim >= dim {
            let expected = format!("1 or more, below {dim}");
            let offset = REDUCED_DIM.offset as u64;
            return Err(FormatError::invalid(offset, "reduced_dim", expected, reduced_dim));
        }
        let numbers = [
            (SCALE, shape.scale),
            (SHIFT, shape.shift),
            (INPUT_SCALE, shape.input_scale),
            (INPUT_SHIFT, shape.input_shift),
            (KEPT, shape.kept),
        ];
        for (field, value) in numbers {
            if !value.is_finite() {
                return Err(FormatError::invalid(field.offset as u64, field.name, "a number", value));
            }
        }
        let (stride, matrix_stride) =
            (reduced_dim.next_multiple_of(STRIDE_ALIGN), dim.next_multiple_of(STRIDE_ALIGN));
        let mut sections = Sections::new();
        let matrix = sections.place(u64::from(reduced_dim), u64::from(matrix_stride))?;
        let matrix_scales = sections.place(u64::from(reduced_dim), 4)?;
        let matrix_offsets = sections.place(u64::from(reduced_dim), 4)?;
        let codes = sections.place(u64::from(row_count), u64::from(stride))?;
        let bias = sections.place(u64::from(row_count), 4)?;
        Ok(Self { shape, stride, matrix_stride, matrix, matrix_scales, matrix_offsets, codes, bias })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        let shape = &self.shape;
        ROW_COUNT.write(&mut bytes, u64::from(shape.row_count));
        DIM.write(&mut bytes, u64::from(shape.dim));
        REDUCED_DIM.write(&mut bytes, u64::from(shape.reduced_dim));
        STRIDE.write(&mut bytes, u64::from(self.stride));
        MATRIX_STRIDE.write(&mut bytes, u64::from(self.matrix_stride));
        SCALE.write(&mut bytes, u64::from(shape.scale.to_bits()));
        SHIFT.write(&mut bytes, u64::from(shape.shift.to_bits()));
        INPUT_SCALE.write(&mut bytes, u64::from(shape.input_scale.to_bits()));
        INPUT_SHIFT.write(&mut bytes, u64::from(shape.input_shift.to_bits()));
        KEPT.write(&mut bytes, u64::from(shape.kept.to_bits()));
        bytes
    }

    /// Reads the preamble of a file whose data section has `data_len` bytes.
    ///
    /// # Errors
    /// A field that does not agree with the others or with the length.
    pub fn decode(preamble: &[u8], data_len: u64) -> Result<Self, FormatError> {
        Self::read(preamble, data_len).map_err(in_file)
    }

    fn read(preamble: &[u8], data_len: u64) -> Result<Self, FormatError> {
        let number = |field: Field| Ok::<_, FormatError>(f32::from_bits(field.read_as(preamble)?));
        let layout = Self::new(ReducedShape {
            row_count: ROW_COUNT.read_as(preamble)?,
            dim: DIM.read_as(preamble)?,
            reduced_dim: REDUCED_DIM.read_as(preamble)?,
            scale: number(SCALE)?,
            shift: number(SHIFT)?,
            input_scale: number(INPUT_SCALE)?,
            input_shift: number(INPUT_SHIFT)?,
            kept: number(KEPT)?,
        })?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// The projection: a row of i8 for each coordinate.
    #[must_use]
    pub fn matrix(&self) -> Range<u64> {
        self.matrix.clone()
    }

    /// One f32 for each coordinate: what the row's product with a query's bytes is multiplied by.
    #[must_use]
    pub fn matrix_scales(&self) -> Range<u64> {
        self.matrix_scales.clone()
    }

    /// One f32 for each coordinate: what is then added.
    #[must_use]
    pub fn matrix_offsets(&self) -> Range<u64> {
        self.matrix_offsets.clone()
    }

    /// All codes.
    #[must_use]
    pub fn codes(&self) -> Range<u64> {
        self.codes.clone()
    }

    /// One i32 for each code.
    #[must_use]
    pub fn bias(&self) -> Range<u64> {
        self.bias.clone()
    }

    /// Length of the data section.
    #[must_use]
    pub fn data_len(&self) -> u64 {
        self.bias.end
    }

    /// Bytes between the sections, which are zeros.
    #[must_use]
    pub fn gaps(&self) -> Vec<Range<u64>> {
        gaps(&[self.matrix(), self.matrix_scales(), self.matrix_offsets(), self.codes(), self.bias()])
    }
}

/// Checks that each code is zero from `reduced_dim` on, and each row of the matrix from `dim` on.
///
/// # Errors
/// The first that is not.
pub fn check_rows(matrix: &[u8], codes: &[u8], layout: &ReducedLayout) -> Result<(), FormatError> {
    let ReducedShape { dim, reduced_dim, .. } = layout.shape;
    crate::codes::check_padding(matrix, &layout.matrix, "row of the matrix", dim, layout.matrix_stride)?;
    crate::codes::check_padding(codes, &layout.codes, "code", reduced_dim, layout.stride)
}
