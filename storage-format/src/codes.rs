//! Codes file: quantized vectors of the rows of a vectors file.
//!
//! Goes in: counts and quantizer, or the preamble of a file. Comes out: where each section is. Derived: it can be made
//! again from the vectors. Bytes: docs/storage-format.md, section 8.3.

use std::ops::Range;

use crate::error::FormatError;
use crate::field::Field;
use crate::section::{Sections, check_count, check_data_len, check_preamble, gaps, in_file, place_of};
use crate::vector_params::check_dim;

pub use crate::section::PREAMBLE_LEN;

/// Codes start at multiples of this.
pub const STRIDE_ALIGN: u32 = 64;

const ROW_COUNT: Field = Field::first("row_count", 8);
const DIM: Field = ROW_COUNT.then("dim", 4);
const QUANTIZER: Field = DIM.then("quantizer", 2);
const FLAGS: Field = QUANTIZER.then("flags", 2);
const STRIDE: Field = FLAGS.then("stride", 4);
const SCALE: Field = STRIDE.then("scale", 4);
const SHIFT: Field = SCALE.then("shift", 4);
const QUANTILE: Field = SHIFT.then("quantile", 4);
const CODES_OFFSET: Field = QUANTILE.then("codes_offset", 8);
const BIAS_OFFSET: Field = CODES_OFFSET.then("bias_offset", 8);
const RESERVED: Field = BIAS_OFFSET.then("reserved", 16);

/// The preamble's fields in order.
pub const FIELDS: [Field; 11] =
    [ROW_COUNT, DIM, QUANTIZER, FLAGS, STRIDE, SCALE, SHIFT, QUANTILE, CODES_OFFSET, BIAS_OFFSET, RESERVED];

/// How vectors become codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Quantizer {
    /// The values are bytes already.
    Lossless = 1,
    /// One byte a value, one scale and shift for all.
    Scalar = 2,
}

impl Quantizer {
    /// Every quantizer, by code.
    pub const ALL: [Self; 2] = [Self::Lossless, Self::Scalar];

    /// The number on disk.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The quantizer with this number.
    #[must_use]
    pub fn from_code(code: u16) -> Option<Self> {
        Self::ALL.into_iter().find(|quantizer| quantizer.code() == code)
    }
}

/// Where the sections of a codes file are.
#[derive(Debug, Clone, PartialEq)]
pub struct CodesLayout {
    /// As in the vectors file.
    pub row_count: u32,
    /// Values of a vector.
    pub dim: u32,
    /// How vectors became codes.
    pub quantizer: Quantizer,
    /// Bytes of a code; those from `dim` on are zero.
    pub stride: u32,
    /// value = code × scale + shift
    pub scale: f32,
    /// See `scale`.
    pub shift: f32,
    /// Share of the values that the codes' range covers.
    pub quantile: f32,
    codes: Range<u64>,
    bias: Range<u64>,
}

impl CodesLayout {
    /// The layout for these counts.
    ///
    /// # Errors
    /// `Invalid` when a number is outside its range.
    pub fn new(
        row_count: u32,
        dim: u32,
        quantizer: Quantizer,
        stride: u32,
        scale: f32,
        shift: f32,
        quantile: f32,
    ) -> Result<Self, FormatError> {
        check_dim(dim, DIM.offset as u64)?;
        if !stride.is_multiple_of(STRIDE_ALIGN) || stride < dim {
            let expected = format!("a multiple of {STRIDE_ALIGN}, at least {dim}");
            return Err(FormatError::invalid(STRIDE.offset as u64, "stride", expected, stride));
        }
        for (field, value) in [(SCALE, scale), (SHIFT, shift)] {
            if !value.is_finite() {
                return Err(FormatError::invalid(field.offset as u64, field.name, "a number", value));
            }
        }
        if !(0.5..=1.0).contains(&quantile) {
            return Err(FormatError::invalid(QUANTILE.offset as u64, "quantile", "0.5 to 1", quantile));
        }
        let mut sections = Sections::new();
        let codes = sections.place(u64::from(row_count), u64::from(stride))?;
        let bias = sections.place(u64::from(row_count), 4)?;
        Ok(Self { row_count, dim, quantizer, stride, scale, shift, quantile, codes, bias })
    }

    /// The preamble.
    #[must_use]
    pub fn encode(&self) -> [u8; PREAMBLE_LEN] {
        let mut bytes = [0; PREAMBLE_LEN];
        ROW_COUNT.write(&mut bytes, u64::from(self.row_count));
        DIM.write(&mut bytes, u64::from(self.dim));
        QUANTIZER.write(&mut bytes, u64::from(self.quantizer.code()));
        STRIDE.write(&mut bytes, u64::from(self.stride));
        SCALE.write(&mut bytes, u64::from(self.scale.to_bits()));
        SHIFT.write(&mut bytes, u64::from(self.shift.to_bits()));
        QUANTILE.write(&mut bytes, u64::from(self.quantile.to_bits()));
        CODES_OFFSET.write(&mut bytes, self.codes.start);
        BIAS_OFFSET.write(&mut bytes, self.bias.start);
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
        let code: u16 = QUANTIZER.read_as(preamble)?;
        let quantizer = Quantizer::from_code(code)
            .ok_or_else(|| FormatError::invalid(QUANTIZER.offset as u64, "quantizer", "1 or 2", code))?;
        let (row_count, dim) = (ROW_COUNT.read_as(preamble)?, DIM.read_as(preamble)?);
        let stride = STRIDE.read_as(preamble)?;
        let (scale, shift, quantile) = (number(SCALE)?, number(SHIFT)?, number(QUANTILE)?);
        let layout = Self::new(row_count, dim, quantizer, stride, scale, shift, quantile)?;
        check_preamble(&FIELDS, preamble, &layout.encode())?;
        check_data_len(layout.data_len(), data_len)?;
        Ok(layout)
    }

    /// All codes.
    #[must_use]
    pub fn codes(&self) -> Range<u64> {
        self.codes.clone()
    }

    /// Code `index`; outside the section unless it is below the row count.
    #[must_use]
    pub fn code(&self, index: u32) -> Range<u64> {
        let stride = u64::from(self.stride);
        let start = self.codes.start.saturating_add(u64::from(index) * stride);
        start..start.saturating_add(stride)
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
        gaps(&[self.codes(), self.bias()])
    }
}

/// Checks that each code is zero from `dim` on.
///
/// # Errors
/// The first code that is not.
pub fn check_codes(codes: &[u8], layout: &CodesLayout) -> Result<(), FormatError> {
    check_padding(codes, &layout.codes, "code", layout.dim, layout.stride)
}

/// Checks that each row of a section of `stride` bytes a row is zero from `len` on.
pub(crate) fn check_padding(
    bytes: &[u8],
    section: &Range<u64>,
    what: &'static str,
    len: u32,
    stride: u32,
) -> Result<(), FormatError> {
    check_count(what, section.end - section.start, bytes.len())?;
    for (index, row) in bytes.chunks(stride as usize).enumerate() {
        if row.iter().skip(len as usize).any(|byte| *byte != 0) {
            let offset = place_of(section, index, u64::from(stride));
            return Err(FormatError::invalid(offset, what, format!("zeros from byte {len} on"), "others"));
        }
    }
    Ok(())
}
