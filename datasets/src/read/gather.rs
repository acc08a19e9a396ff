//! `Gather`: elements of one type go in as bytes, a flat array comes out.
//!
//! Memory follows the bytes that arrived, not the count that a header promised: the array at most doubles
//! per step and never passes the promise. Every float kept is finite; the first that is not is an error
//! with the offset of its own first byte.

use super::error::{Problem, ReadError};
use super::source::Source;
use crate::vector_set::{Values, VectorSet};

/// Bytes decoded at a time; a multiple of every element size.
const CHUNK_BYTES: usize = 64 * 1024;

/// How one element is written. All numbers are little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Element {
    /// Kept as `f32`.
    Float(Float),
    U8,
    I8,
    I32,
}

/// The widths a float is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Float {
    F16,
    F32,
    F64,
}

impl Element {
    pub(super) fn size_bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::Float(Float::F16) => 2,
            Self::Float(Float::F32) | Self::I32 => 4,
            Self::Float(Float::F64) => 8,
        }
    }
}

/// The elements read so far.
pub(super) struct Gather {
    element_bytes: usize,
    values: Growing,
    chunk: Vec<u8>,
}

/// The array that grows, and how its floats are written.
enum Growing {
    Floats(Float, Vec<f32>),
    U8(Vec<u8>),
    I8(Vec<i8>),
    I32(Vec<i32>),
}

/// What is wrong, and how many bytes into the chunk.
type Fault = (u64, Problem);

impl Gather {
    pub(super) fn new(element: Element) -> Self {
        let values = match element {
            Element::Float(float) => Growing::Floats(float, Vec::new()),
            Element::U8 => Growing::U8(Vec::new()),
            Element::I8 => Growing::I8(Vec::new()),
            Element::I32 => Growing::I32(Vec::new()),
        };
        Self { element_bytes: element.size_bytes(), values, chunk: Vec::new() }
    }

    /// Reads `count` more elements, or fails with [`Problem::Truncated`] at the offset of the first of them.
    pub(super) fn append(&mut self, source: &mut Source<'_>, count: u64) -> Result<(), ReadError> {
        let size = self.element_bytes;
        let start = source.offset();
        let mut missing = count;
        while missing > 0 {
            let chunk_elements = missing.min((CHUNK_BYTES / size) as u64) as usize;
            self.chunk.resize(chunk_elements * size, 0);
            let chunk_offset = source.offset();
            if source.fill(&mut self.chunk)? < self.chunk.len() {
                let expected_bytes = count.saturating_mul(size as u64);
                let got_bytes = source.offset() - start;
                return Err(source.error_at(start, Problem::Truncated { expected_bytes, got_bytes }));
            }
            self.values
                .extend(&self.chunk, missing)
                .map_err(|(at, problem)| source.error_at(chunk_offset + at, problem))?;
            missing -= chunk_elements as u64;
        }
        Ok(())
    }

    /// The set of all elements read, in rows of `dim`. The caller appended whole rows, and `dim` is not 0.
    pub(super) fn finish(self, dim: usize) -> VectorSet {
        VectorSet::from_checked(dim, self.values.finish())
    }
}

impl Growing {
    /// Adds the elements of `chunk`, of which `missing` in all are promised, the chunk included.
    fn extend(&mut self, chunk: &[u8], missing: u64) -> Result<(), Fault> {
        match self {
            Self::Floats(Float::F16, values) => {
                extend_floats(values, chunk, missing, |bytes| f32_from_f16(u16::from_le_bytes(bytes)).into())
            }
            Self::Floats(Float::F32, values) => {
                extend_floats(values, chunk, missing, |bytes| f32::from_le_bytes(bytes).into())
            }
            Self::Floats(Float::F64, values) => extend_floats(values, chunk, missing, f64::from_le_bytes),
            Self::U8(values) => extend_integers(values, chunk, missing, u8::from_le_bytes),
            Self::I8(values) => extend_integers(values, chunk, missing, i8::from_le_bytes),
            Self::I32(values) => extend_integers(values, chunk, missing, i32::from_le_bytes),
        }
    }

    fn finish(self) -> Values {
        match self {
            Self::Floats(_, values) => Values::F32(shrunk(values)),
            Self::U8(values) => Values::U8(shrunk(values)),
            Self::I8(values) => Values::I8(shrunk(values)),
            Self::I32(values) => Values::I32(shrunk(values)),
        }
    }
}

fn shrunk<T>(mut values: Vec<T>) -> Vec<T> {
    values.shrink_to_fit();
    values
}

/// Room for the elements of the chunk in hand, doubled ahead as long as that much is still missing.
fn reserve<T>(values: &mut Vec<T>, chunk_elements: usize, missing: u64) -> Result<(), Fault> {
    if values.capacity() - values.len() >= chunk_elements {
        return Ok(());
    }
    let additional = missing.min(values.len() as u64).max(chunk_elements as u64) as usize;
    values.try_reserve_exact(additional).map_err(|_| {
        let elements = values.len() as u64 + additional as u64;
        (0, Problem::OutOfMemory { expected_bytes: elements.saturating_mul(size_of::<T>() as u64) })
    })
}

fn extend_integers<const N: usize, T>(
    values: &mut Vec<T>,
    chunk: &[u8],
    missing: u64,
    decode: impl Fn([u8; N]) -> T,
) -> Result<(), Fault> {
    let (elements, _) = chunk.as_chunks();
    reserve(values, elements.len(), missing)?;
    values.extend(elements.iter().map(|&bytes| decode(bytes)));
    Ok(())
}

/// `decode` gives the value as written: a finite `f64` may still be too large for an `f32`.
fn extend_floats<const N: usize>(
    values: &mut Vec<f32>,
    chunk: &[u8],
    missing: u64,
    decode: impl Fn([u8; N]) -> f64,
) -> Result<(), Fault> {
    let (elements, _) = chunk.as_chunks();
    reserve(values, elements.len(), missing)?;
    for (place, &bytes) in elements.iter().enumerate() {
        let got = decode(bytes);
        let value = got as f32;
        if !value.is_finite() {
            return Err(((place * N) as u64, Problem::NotFinite { got }));
        }
        values.push(value);
    }
    Ok(())
}

/// IEEE 754 binary16 to binary32; exact for every input.
fn f32_from_f16(bits: u16) -> f32 {
    let sign = u32::from(bits & 0x8000) << 16;
    let exponent = u32::from(bits >> 10) & 0x1f;
    let mantissa = u32::from(bits & 0x03ff);
    let magnitude = match exponent {
        // Zero and subnormals: mantissa times 2^-24.
        0 => (mantissa as f32 * (1.0 / 16_777_216.0)).to_bits(),
        0x1f => 0x7f80_0000 | (mantissa << 13),
        // The exponent biases are 15 and 127.
        _ => ((exponent + 112) << 23) | (mantissa << 13),
    };
    f32::from_bits(sign | magnitude)
}

#[cfg(test)]
mod tests {
    use super::f32_from_f16;

    #[test]
    fn f16_is_converted_exactly() {
        let cases: [(u16, f32); 9] = [
            (0x0000, 0.0),
            (0x8000, -0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x3555, 0.333_251_95),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x03ff, 6.097_555e-5),
            (0x0001, 5.960_464_5e-8),
        ];
        for (bits, expected) in cases {
            assert_eq!(f32_from_f16(bits).to_bits(), expected.to_bits(), "{bits:#06x}");
        }
        assert_eq!(f32_from_f16(0x7c00), f32::INFINITY);
        assert_eq!(f32_from_f16(0xfc00), f32::NEG_INFINITY);
        assert!(f32_from_f16(0x7e01).is_nan());
    }

    #[test]
    fn f16_keeps_the_order_of_all_finite_values() {
        for bits in 0..0x7bff_u16 {
            assert!(f32_from_f16(bits) < f32_from_f16(bits + 1), "{bits:#06x}");
        }
    }
}
