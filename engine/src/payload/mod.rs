//! Payloads of segments: an offset goes in, the point's JSON text comes out; and the indexes of payload fields.
//!
//! `field_index.rs` is the index of a field in a sealed segment, `growing.rs` that in the mutable one. Both answer a filter's checks with sets of offsets.

mod blobs;
mod field_index;
mod growing;

pub(crate) use blobs::{MappedPayloads, write_payloads};
pub(crate) use field_index::{MappedFieldIndex, write_field_index};
pub(crate) use growing::GrowingField;

use crate::error::Result;
use crate::point::PayloadPath;
use nigh_format::manifest::FieldParams;
use nigh_format::payload_index::FieldKind;
use std::sync::Arc;

/// A payload field that is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct IndexedField {
    /// Names its files; never given again.
    pub(crate) id: u64,
    pub(crate) path: PayloadPath,
    pub(crate) kind: FieldKind,
}

/// The indexed fields of a collection, in the order in which they were declared.
pub(crate) type Fields = Arc<[Arc<IndexedField>]>;

/// The fields that a manifest lists.
///
/// # Errors
/// `Invalid` for a text that is no path.
pub(crate) fn fields_of(params: &[FieldParams]) -> Result<Fields> {
    let field = |params: &FieldParams| {
        Ok(Arc::new(IndexedField { id: params.id, path: params.path.parse()?, kind: params.kind }))
    };
    params.iter().map(field).collect()
}
