//! idx, the format of MNIST: an array of bytes with one to three axes goes in, a set comes out.
//!
//! ```text
//! 0   2 bytes   0 0
//! 2   1 byte    element type; 08 = u8, the only one read here
//! 3   1 byte    number of axes, 1 to 3
//! 4   4 bytes   per axis, its length: u32 big-endian
//! …   data      u8, row-major, nothing after it
//! ```
//! The first axis counts the rows, the others are flattened: images of 28 x 28 are rows of 784, labels
//! are rows of 1. Source: <http://yann.lecun.com/exdb/mnist>, "the IDX file format".

use super::error::{Problem, ReadError};
use super::gather::{Element, Gather};
use super::source::Source;
use crate::vector_set::VectorSet;

pub(super) fn read(mut source: Source<'_>) -> Result<VectorSet, ReadError> {
    let axes = read_magic(&mut source)?;
    let rows = u64::from(u32::from_be_bytes(source.array()?));
    let mut dim = 1_u64;
    for _ in 1..axes {
        let length = u32::from_be_bytes(source.array()?);
        // At most two factors below 2^32: the product fits.
        dim *= u64::from(length);
    }
    let row_dim = usize::try_from(dim).unwrap_or(0);
    let total = rows.checked_mul(dim);
    let (Some(total), true) = (total, row_dim > 0) else {
        let got = format!("{rows} x {dim}");
        let problem =
            Problem::BadHeader { field: "shape", expected: "rows of 1 or more, below 2^64 bytes", got };
        return Err(source.error_at(4, problem));
    };
    let mut gather = Gather::new(Element::U8);
    gather.append(&mut source, total)?;
    source.end()?;
    Ok(gather.finish(row_dim))
}

/// The number of axes.
fn read_magic(source: &mut Source<'_>) -> Result<u8, ReadError> {
    let magic: [u8; 4] = source.array()?;
    match magic {
        [0, 0, 8, axes @ 1..=3] => Ok(axes),
        _ => {
            let problem = Problem::BadHeader {
                field: "magic",
                expected: "00 00 08 and 01, 02 or 03",
                got: format!("{:02x} {:02x} {:02x} {:02x}", magic[0], magic[1], magic[2], magic[3]),
            };
            Err(source.error_at(0, problem))
        }
    }
}
