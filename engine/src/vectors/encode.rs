//! From a caller's f32 values to stored bytes, and back.
//!
//! Cosine vectors of f32 and f16 are normalised here, in f64, so that a stored row has length 1 or is all zero; u8 rows are kept as they
//! are and normalised when scored.

use crate::error::{Error, Result};
use half::f16;
use half::slice::HalfFloatSliceExt;
use nigh_format::manifest::{Datatype, Metric, VectorParams};

/// Bytes of one stored row.
pub(crate) fn row_bytes(params: &VectorParams) -> usize {
    params.dim as usize * params.datatype.value_bytes() as usize
}

/// Checks `values` and appends the stored row to `out`.
///
/// # Errors
/// `Invalid` if the length is not the dimension, a value is not finite, or does not fit the datatype.
pub(crate) fn store(field: &str, params: &VectorParams, values: &[f32], out: &mut Vec<u8>) -> Result<()> {
    check_values(field, params.dim, values)?;
    let scale = match (params.metric, params.datatype) {
        (Metric::Cosine, Datatype::F32 | Datatype::F16) => unit_scale(values),
        _ => 1.0,
    };
    let scaled = values.iter().map(|v| (f64::from(*v) * scale) as f32);
    match params.datatype {
        Datatype::F32 => scaled.for_each(|v| out.extend_from_slice(&v.to_le_bytes())),
        Datatype::F16 => {
            for (i, v) in scaled.enumerate() {
                let half = f16::from_f32(v);
                if !half.is_finite() {
                    return Err(Error::invalid(format!("{field}[{i}]"), "a value within ±65504 (f16)", v));
                }
                out.extend_from_slice(&half.to_le_bytes());
            }
        }
        Datatype::U8 => {
            for (i, v) in values.iter().enumerate() {
                if !(0.0..=255.0).contains(v) || v.fract() != 0.0 {
                    return Err(Error::invalid(format!("{field}[{i}]"), "an integer in 0..=255 (u8)", v));
                }
                out.push(*v as u8);
            }
        }
    }
    Ok(())
}

/// Checks that there are `dim` values, all finite.
///
/// # Errors
/// `Invalid` with the field and what is wrong.
pub(crate) fn check_values(field: &str, dim: u32, values: &[f32]) -> Result<()> {
    if values.len() != dim as usize {
        let expected = format!("{dim} dimensions");
        return Err(Error::invalid(field, expected, format!("{} dimensions", values.len())));
    }
    // Something times 0 is 0 only if it is finite; as a sum it takes one pass that the compiler vectorises.
    let mut lanes = [0f32; 16];
    let (groups, rest) = values.as_chunks::<16>();
    groups.iter().for_each(|group| lanes.iter_mut().zip(group).for_each(|(lane, v)| *lane += v * 0.0));
    if lanes.iter().chain(rest).all(|v| v.is_finite()) {
        return Ok(());
    }
    let bad = values.iter().enumerate().find(|(_, v)| !v.is_finite());
    let (i, value) = bad.map_or((0, f32::NAN), |(i, v)| (i, *v));
    Err(Error::invalid(format!("{field}[{i}]"), "a finite number", value))
}

fn unit_scale(values: &[f32]) -> f64 {
    let norm = values.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
    if norm > 0.0 { 1.0 / norm } else { 1.0 }
}

/// A stored row as f32 values. Bytes beyond a whole value are ignored.
pub(crate) fn load(datatype: Datatype, bytes: &[u8]) -> Vec<f32> {
    match datatype {
        Datatype::F32 => bytes.as_chunks().0.iter().map(|b: &[u8; 4]| f32::from_le_bytes(*b)).collect(),
        Datatype::F16 => {
            let halves: Vec<f16> =
                bytes.as_chunks().0.iter().map(|b: &[u8; 2]| f16::from_le_bytes(*b)).collect();
            halves.to_f32_vec()
        }
        Datatype::U8 => bytes.iter().map(|b| f32::from(*b)).collect(),
    }
}
