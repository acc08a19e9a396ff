//! The rules that an operation's parts keep with each other.

use super::{Operation, PointBatch, VectorColumn};
use crate::error::FormatError;
use crate::vector_params::{Datatype, check_dim, check_names};

/// Checks one operation; JSON is only checked to be text.
pub(super) fn check(operation: &Operation) -> Result<(), FormatError> {
    match operation {
        Operation::Upsert(batch) => {
            check_payloads(batch)?;
            check_columns(batch)
        }
        Operation::UpdateVectors(batch) => {
            if !batch.payloads.is_empty() || !batch.payload_ends.is_empty() {
                let got = format!("{} ends, {} bytes", batch.payload_ends.len(), batch.payloads.len());
                return Err(invalid("payloads", "none in an update of vectors", got));
            }
            check_columns(batch)
        }
        Operation::SetPayload { patch: text, .. } | Operation::OverwritePayload { payload: text, .. } => {
            check_text(text).map(|_| ())
        }
        Operation::DeleteVectors { names, .. } => check_names(names.iter().map(String::as_str), 0),
        Operation::Delete { .. } | Operation::DeletePayloadKeys { .. } | Operation::ClearPayload { .. } => {
            Ok(())
        }
    }
}

fn check_payloads(batch: &PointBatch) -> Result<(), FormatError> {
    let PointBatch { ids, payload_ends, payloads, .. } = batch;
    if payload_ends.len() != ids.len() {
        return Err(invalid("payload_ends", format!("{} items", ids.len()), payload_ends.len()));
    }
    let text = check_text(payloads)?;
    let mut start = 0_u32;
    for end in payload_ends {
        let boundary = usize::try_from(*end).is_ok_and(|end| text.is_char_boundary(end));
        if *end < start || !boundary {
            let expected = format!("the end of a text, {start} to {}", text.len());
            return Err(invalid("payload_ends", expected, end));
        }
        start = *end;
    }
    if start as usize != payloads.len() {
        return Err(invalid("payload_ends", format!("{} at last", payloads.len()), start));
    }
    Ok(())
}

fn check_columns(batch: &PointBatch) -> Result<(), FormatError> {
    check_names(batch.columns.iter().map(|column| column.name.as_str()), 0)?;
    batch.columns.iter().try_for_each(|column| check_column(column, batch.ids.len()))
}

fn check_column(column: &VectorColumn, point_count: usize) -> Result<(), FormatError> {
    let VectorColumn { dim, datatype, rows, data, .. } = column;
    check_dim(*dim, 0)?;
    let value_bytes = Datatype::decode(*datatype, 0)?.value_bytes();
    if let Some((before, row)) = rows.iter().zip(rows.iter().skip(1)).find(|(before, row)| before >= row) {
        return Err(invalid("rows", format!("above {before}"), row));
    }
    if let Some(last) = rows.last()
        && *last as usize >= point_count
    {
        return Err(invalid("rows", format!("below {point_count}"), last));
    }
    // At most 2^32 rows of 2^18 bytes.
    let expected = rows.len() as u128 * u128::from(*dim) * u128::from(value_bytes);
    if data.len() as u128 != expected {
        return Err(invalid("vector data", format!("{expected} bytes"), data.len()));
    }
    Ok(())
}

fn check_text(bytes: &[u8]) -> Result<&str, FormatError> {
    std::str::from_utf8(bytes).map_err(|error| invalid("payload", "utf-8 text", error))
}

fn invalid(what: &'static str, expected: impl Into<String>, got: impl std::fmt::Display) -> FormatError {
    FormatError::invalid(0, what, expected, got)
}
