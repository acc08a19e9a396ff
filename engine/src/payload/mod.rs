//! Payloads of segments: an offset goes in, the point's JSON text comes out; and the indexes of payload fields.
//!
//! `field_index.rs` is the index of a field in a sealed segment, `growing.rs` that in the mutable one; `text_index.rs` has both for the words of texts, and
//! `either.rs` is one or the other. All answer a filter's checks with sets of offsets.

mod blobs;
mod either;
mod field_index;
mod growing;
mod text_index;

pub(crate) use blobs::{MappedPayloads, write_payloads};
pub(crate) use either::{GrowingField, SealedField};
pub(crate) use field_index::{MappedFieldIndex, write_field_index};
pub(crate) use growing::GrowingKeys;
pub(crate) use text_index::{MappedTextIndex, write_text_index};

use crate::error::Result;
use crate::point::PayloadPath;
use crate::text::{Analyzer, AnalyzerConfig};
use nigh_format::layout::SegmentFile;
use nigh_format::manifest::FieldParams;
use nigh_format::payload_index::FieldKind;
use std::sync::Arc;

/// A payload field that is indexed.
#[derive(Debug, Clone)]
pub(crate) struct IndexedField {
    /// Names its files; never given again.
    pub(crate) id: u64,
    pub(crate) path: PayloadPath,
    pub(crate) kind: FieldKind,
    /// What reads its texts, if it is their words that are indexed.
    pub(crate) analyzer: Option<Analyzer>,
}

impl IndexedField {
    /// The file that its index is in.
    pub(crate) fn file(&self) -> SegmentFile {
        match self.analyzer {
            Some(_) => SegmentFile::Text(self.id),
            None => SegmentFile::Field(self.id),
        }
    }
}

/// The indexed fields of a collection, in the order in which they were declared.
pub(crate) type Fields = Arc<[Arc<IndexedField>]>;

/// The fields that a manifest lists.
///
/// # Errors
/// `Invalid` for a text that is no path, or options that are none of an analyzer.
pub(crate) fn fields_of(params: &[FieldParams]) -> Result<Fields> {
    let field = |params: &FieldParams| {
        let FieldParams { id, path, kind, options } = params;
        let analyzer = (*kind == FieldKind::Text)
            .then(|| AnalyzerConfig::from_options(options).and_then(|config| Analyzer::new(&config)));
        let (path, analyzer) = (path.parse()?, analyzer.transpose()?);
        Ok(Arc::new(IndexedField { id: *id, path, kind: *kind, analyzer }))
    };
    params.iter().map(field).collect()
}
