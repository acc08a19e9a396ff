//! The text index of one payload field: over the points of a sealed segment, and over those of the mutable one. Bytes:
//! docs/storage-format.md, section 8.12; what is in the blob is the business of `text/index`.
//!
//! Rows are offsets; points without a text are no rows. Both kinds hold dead points too, and say so in their statistics.

use crate::error::{Error, Result};
use crate::filter::{OffsetSet, Test, text_at};
use crate::io::{BlockFile, BlockWriter, FileStamp};
use crate::payload::IndexedField;
use crate::text::Analyzer;
use crate::text::index::{Bm25, Hit, Memory, Query, Sealed, Source, Stats, build};
use nigh_format::text_index::TextIndexLayout;
use serde_json::{Map, Value};
use std::sync::Arc;

/// The text index of one field of one sealed segment.
#[derive(Debug)]
pub(crate) struct MappedTextIndex {
    field: Arc<IndexedField>,
    file: Arc<BlockFile>,
    point_count: u32,
    index: Sealed,
}

impl MappedTextIndex {
    pub(crate) fn open(file: BlockFile, field: Arc<IndexedField>, point_count: u32) -> Result<Self> {
        let preamble = file.bytes(0..64.min(file.data_len()))?;
        let layout = TextIndexLayout::decode(preamble, file.data_len()).map_err(|e| file.format_error(e))?;
        if layout.point_count != point_count {
            let what = format!("expected an index of {point_count} points, got {}", layout.point_count);
            return Err(file.damaged(0, what));
        }
        let file = Arc::new(file);
        let index = Sealed::open(Source::File(Arc::clone(&file), layout.blob()));
        let index = index.map_err(|e| in_file(&file, &e))?;
        if let Some(row) = index.rows().last().filter(|row| *row >= point_count) {
            return Err(file.damaged(0, format!("expected rows below {point_count}, got {row}")));
        }
        Ok(Self { field, file, point_count, index })
    }

    pub(crate) fn field(&self) -> &Arc<IndexedField> {
        &self.field
    }

    pub(crate) fn file(&self) -> &BlockFile {
        &self.file
    }

    /// The points for which `test` holds, dead ones too; none if words cannot tell.
    pub(crate) fn answer(&self, test: &Test) -> Result<Option<OffsetSet>> {
        let Some(query) = query_of(test, &self.field) else { return Ok(None) };
        let mut set = OffsetSet::none(self.point_count);
        self.note(self.index.matching(query, |row| set.insert(row)))?;
        Ok(Some(set))
    }

    /// The points that have a text.
    pub(crate) fn filled(&self) -> OffsetSet {
        let mut set = OffsetSet::none(self.point_count);
        self.index.rows().for_each(|row| set.insert(row));
        set
    }

    pub(crate) fn stats(&self, query: &Query) -> Result<Stats> {
        self.note(self.index.stats(query))
    }

    pub(crate) fn search(
        &self,
        query: &Query,
        stats: &Stats,
        bm25: Bm25,
        k: usize,
        is_allowed: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<Hit>> {
        self.note(self.index.search(query, stats, bm25, k, is_allowed))
    }

    pub(crate) fn terms_from(&self, prefix: &str, limit: usize) -> Result<Vec<String>> {
        self.note(self.index.terms_from(prefix, limit))
    }

    /// Compares with an index that is made anew from `text`, which is asked for that of each point.
    pub(crate) fn check(&self, text: impl Fn(u32) -> Result<Option<String>>) -> Result<()> {
        let Some(analyzer) = &self.field.analyzer else { return Err(no_analyzer()) };
        let bytes = blob(self.point_count, text, analyzer)?;
        let expected = Sealed::open(Source::Owned(bytes.into()))?;
        if self.note(self.index.equals(&expected))? {
            return Ok(());
        }
        Err(self.file.damaged(0, "the words are not those of the payloads"))
    }

    /// Names the file in what is wrong with its content.
    fn note<T>(&self, result: Result<T>) -> Result<T> {
        result.map_err(|e| in_file(&self.file, &e))
    }
}

fn in_file(file: &BlockFile, error: &Error) -> Error {
    match error {
        Error::Corrupt { file: named, .. } if named == file.path() => error.clone(),
        Error::Corrupt { what, .. } => file.damaged(0, what),
        other => other.clone(),
    }
}

fn no_analyzer() -> Error {
    Error::internal("a text index without an analyzer")
}

/// The query that an index of `field` can answer.
fn query_of<'a>(test: &'a Test, field: &IndexedField) -> Option<&'a Query> {
    match test {
        Test::Words(words) if words.field == field.id => Some(&words.query),
        _ => None,
    }
}

fn blob(
    point_count: u32,
    text: impl Fn(u32) -> Result<Option<String>>,
    analyzer: &Analyzer,
) -> Result<Vec<u8>> {
    let row = |offset| Some(text(offset).transpose()?.map(|text| (offset, text)));
    build((0..point_count).filter_map(row), analyzer)
}

/// Writes the text index of one field; `text(i)` is that of point `i`, asked for once each, in order.
pub(crate) fn write_text_index(
    mut writer: BlockWriter<'_>,
    field: &IndexedField,
    point_count: u32,
    text: impl Fn(u32) -> Result<Option<String>>,
) -> Result<FileStamp> {
    let Some(analyzer) = &field.analyzer else { return Err(no_analyzer()) };
    let blob = blob(point_count, text, analyzer)?;
    let layout =
        TextIndexLayout::new(point_count, blob.len() as u64).map_err(|e| Error::internal(e.to_string()))?;
    writer.write(&layout.encode())?;
    writer.pad_to(layout.blob().start)?;
    writer.write(&blob)?;
    writer.finish()
}

/// The text index of one field over the points of the mutable segment: appended to, and asked up to the length of a view.
#[derive(Debug)]
pub(crate) struct GrowingText {
    field: Arc<IndexedField>,
    memory: Memory,
}

impl GrowingText {
    pub(crate) fn new(field: Arc<IndexedField>) -> Self {
        Self { field, memory: Memory::default() }
    }

    pub(crate) fn field(&self) -> &IndexedField {
        &self.field
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// Adds the point at `offset`, the next one. Returns the memory that this took, about.
    pub(crate) fn push(&self, offset: u32, payload: &Map<String, Value>) -> u64 {
        let (Some(text), Some(analyzer)) = (text_at(&self.field.path, payload), &self.field.analyzer) else {
            return 0;
        };
        let before = self.memory.byte_count();
        self.memory.append(offset, &text, analyzer);
        self.memory.byte_count().saturating_sub(before) as u64
    }

    /// Those of the first `len` points for which `test` holds; none if words cannot tell.
    pub(crate) fn answer(&self, test: &Test, len: u32) -> Result<Option<OffsetSet>> {
        let Some(query) = query_of(test, &self.field) else { return Ok(None) };
        let mut set = OffsetSet::none(len);
        self.memory.matching(query, len, |row| set.insert(row))?;
        Ok(Some(set))
    }

    /// Those of the first `len` points that have a text.
    pub(crate) fn filled(&self, len: u32) -> OffsetSet {
        let mut set = OffsetSet::none(len);
        self.memory.rows(len).into_iter().for_each(|row| set.insert(row));
        set
    }
}
