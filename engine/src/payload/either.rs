//! The index of one payload field, of either kind: keys of values, or words of texts.

use crate::error::Result;
use crate::filter::{FieldValues, OffsetSet, Test};
use crate::io::BlockFile;
use crate::payload::text_index::{GrowingText, MappedTextIndex};
use crate::payload::{GrowingKeys, IndexedField, MappedFieldIndex};
use serde_json::{Map, Value};
use std::sync::Arc;

/// In a sealed segment.
#[derive(Debug)]
pub(crate) enum SealedField {
    Keys(Box<MappedFieldIndex>),
    Text(MappedTextIndex),
}

impl SealedField {
    pub(crate) fn open(file: BlockFile, field: Arc<IndexedField>, point_count: u32) -> Result<Self> {
        if field.analyzer.is_some() {
            return MappedTextIndex::open(file, field, point_count).map(Self::Text);
        }
        MappedFieldIndex::open(file, field, point_count).map(|index| Self::Keys(Box::new(index)))
    }

    pub(crate) fn field(&self) -> &Arc<IndexedField> {
        match self {
            Self::Keys(index) => index.field(),
            Self::Text(index) => index.field(),
        }
    }

    pub(crate) fn file(&self) -> &BlockFile {
        match self {
            Self::Keys(index) => index.file(),
            Self::Text(index) => index.file(),
        }
    }

    /// The points for which `test` holds, dead ones too; none if the index cannot tell.
    pub(crate) fn answer(&self, test: &Test) -> Result<Option<OffsetSet>> {
        match self {
            Self::Keys(index) => index.answer(test),
            Self::Text(index) => index.answer(test),
        }
    }

    /// The points with something in the field, dead ones too.
    pub(crate) fn filled(&self) -> Result<Option<OffsetSet>> {
        match self {
            Self::Keys(index) => index.answer(&Test::Empty(false)),
            Self::Text(index) => Ok(Some(index.filled())),
        }
    }
}

/// In the mutable segment.
#[derive(Debug)]
pub(crate) enum GrowingField {
    Keys(GrowingKeys),
    Text(GrowingText),
}

impl GrowingField {
    pub(crate) fn new(field: Arc<IndexedField>) -> Self {
        if field.analyzer.is_some() {
            return Self::Text(GrowingText::new(field));
        }
        Self::Keys(GrowingKeys::new(field))
    }

    pub(crate) fn field(&self) -> &IndexedField {
        match self {
            Self::Keys(growing) => growing.field(),
            Self::Text(growing) => growing.field(),
        }
    }

    /// Adds the point at `offset`, the next one. Returns the memory that this took, about.
    pub(crate) fn push(&self, offset: u32, payload: &Map<String, Value>) -> u64 {
        match self {
            Self::Keys(growing) => {
                let IndexedField { path, kind, .. } = growing.field();
                growing.push(FieldValues::of(payload, path, *kind))
            }
            Self::Text(growing) => growing.push(offset, payload),
        }
    }

    /// Those of the first `len` points for which `test` holds; none if the index cannot tell.
    pub(crate) fn answer(&self, test: &Test, len: u32) -> Result<Option<OffsetSet>> {
        match self {
            Self::Keys(growing) => growing.answer(test, len),
            Self::Text(growing) => growing.answer(test, len),
        }
    }

    /// Those of the first `len` points with something in the field.
    pub(crate) fn filled(&self, len: u32) -> Result<Option<OffsetSet>> {
        match self {
            Self::Keys(growing) => growing.answer(&Test::Empty(false), len),
            Self::Text(growing) => Ok(Some(growing.filled(len))),
        }
    }
}
