//! fvecs, bvecs, ivecs: rows that each open with their own dimension go in, a set comes out.
//!
//! ```text
//! row   := dimension: i32 little-endian, 1 or more · dimension elements (f32, u8 or i32)
//! file  := row+
//! ```
//! All rows have the dimension of the first. There is no count of rows, so a file that is cut exactly
//! between two rows reads as a shorter one: that cannot be told apart. Source: corpus-texmex.irisa.fr.

use super::error::{Problem, ReadError};
use super::gather::{Element, Gather};
use super::source::Source;
use crate::vector_set::VectorSet;

pub(super) fn read(mut source: Source<'_>, element: Element) -> Result<VectorSet, ReadError> {
    let mut gather = Gather::new(element);
    let stated = i32::from_le_bytes(source.array()?);
    let dim = match usize::try_from(stated) {
        Ok(dim) if dim > 0 => dim,
        _ => {
            let got = stated.to_string();
            return Err(
                source.error_at(0, Problem::BadHeader { field: "dimension", expected: "1 or more", got })
            );
        }
    };
    gather.append(&mut source, dim as u64)?;
    while let Some(got) = next_dimension(&mut source)? {
        if got != stated {
            let offset = source.offset() - 4;
            return Err(source.error_at(offset, Problem::DimensionChanged { expected: dim, got }));
        }
        gather.append(&mut source, dim as u64)?;
    }
    source.end()?;
    Ok(gather.finish(dim))
}

/// The dimension that opens the next row, or `None` at the end of the file.
fn next_dimension(source: &mut Source<'_>) -> Result<Option<i32>, ReadError> {
    let start = source.offset();
    let mut bytes = [0; 4];
    match source.fill(&mut bytes)? {
        0 => Ok(None),
        4 => Ok(Some(i32::from_le_bytes(bytes))),
        got => {
            let problem = Problem::Truncated { expected_bytes: 4, got_bytes: got as u64 };
            Err(source.error_at(start, problem))
        }
    }
}
