//! npy, numpy's format for one array: versions 1 and 2 in C order go in, a set comes out.
//!
//! ```text
//! 0   6 bytes        93 "NUMPY"
//! 6   2 bytes        version: 1 0 or 2 0
//! 8   2 or 4 bytes   length of the header text: u16 (version 1) or u32 (version 2), little-endian
//! …   text           a Python dict; npy_header.rs
//! …   data           row-major, nothing after it
//! ```
//! A shape `(rows, dim)` is a set; a shape `(rows,)` is a set of dimension 1.
//! Source: <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>.

use super::error::{Problem, ReadError};
use super::gather::Gather;
use super::npy_header::{Header, parse};
use super::source::Source;
use crate::vector_set::VectorSet;

const MAGIC: [u8; 6] = *b"\x93NUMPY";

/// numpy pads headers to 64 bytes and writes one of about 120 for a plain array; this leaves room to spare.
const HEADER_BYTES_MAX: usize = 64 * 1024;

pub(super) fn read(mut source: Source<'_>) -> Result<VectorSet, ReadError> {
    let text_bytes = read_preamble(&mut source)?;
    let text_offset = source.offset();
    let mut text = vec![0; text_bytes];
    source.exact(&mut text)?;
    let header = parse(&text).map_err(|fault| {
        let problem = Problem::BadHeader { field: fault.field, expected: fault.expected, got: fault.got };
        source.error_at(text_offset + fault.at as u64, problem)
    })?;
    let Some((total, dim)) = extent(&header) else {
        let problem = Problem::BadHeader {
            field: "shape",
            expected: "(rows,) or (rows, dim) with dim of 1 or more, below 2^64 bytes",
            got: format!("{:?}", header.shape),
        };
        return Err(source.error_at(text_offset, problem));
    };
    let mut gather = Gather::new(header.element);
    gather.append(&mut source, total)?;
    source.end()?;
    Ok(gather.finish(dim))
}

/// Magic, version and length: gives the length of the header text.
fn read_preamble(source: &mut Source<'_>) -> Result<usize, ReadError> {
    let magic: [u8; 6] = source.array()?;
    if magic != MAGIC {
        let got = format!("{:?}", magic.escape_ascii().to_string());
        let problem = Problem::BadHeader { field: "magic", expected: "\"\\x93NUMPY\"", got };
        return Err(source.error_at(0, problem));
    }
    let version: [u8; 2] = source.array()?;
    let length_offset = source.offset();
    let length = match version {
        [1, 0] => u32::from(u16::from_le_bytes(source.array()?)),
        [2, 0] => u32::from_le_bytes(source.array()?),
        [major, minor] => {
            let got = format!("{major}.{minor}");
            let problem = Problem::BadHeader { field: "version", expected: "1.0 or 2.0", got };
            return Err(source.error_at(6, problem));
        }
    };
    match usize::try_from(length) {
        Ok(length) if length <= HEADER_BYTES_MAX => Ok(length),
        _ => {
            let got = length.to_string();
            let problem = Problem::BadHeader { field: "header length", expected: "65536 or less", got };
            Err(source.error_at(length_offset, problem))
        }
    }
}

/// Elements in all, and elements per row; `None` when the shape makes no set or its size overflows.
fn extent(header: &Header) -> Option<(u64, usize)> {
    let (rows, dim) = match header.shape[..] {
        [rows] => (rows, 1),
        [rows, dim] if dim > 0 => (rows, dim),
        _ => return None,
    };
    let total = rows.checked_mul(dim)?;
    total.checked_mul(header.element.size_bytes() as u64)?;
    Some((total, usize::try_from(dim).ok()?))
}
