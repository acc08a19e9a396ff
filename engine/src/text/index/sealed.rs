//! The index of a sealed segment: texts in, bytes out; bytes in, answers out. The bytes are one segment of tantivy.
//!
//! It is written in one go, without tantivy's threads, into memory, and its files are put together (`bytes`). Reading takes from it what we
//! need: term dictionary, postings with places, and the lengths of texts. Its own scoring is not used: that has fixed parameters, and prunes by
//! bounds that were taken with the average length of one segment, not of the corpus.
//!
//! Reading from a file copies the bytes of a list before it is walked: they are checked first, and tantivy wants to own them.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tantivy::directory::{Directory, RamDirectory};
use tantivy::fieldnorm::FieldNormReader;
use tantivy::index::SegmentId;
use tantivy::postings::{Postings, SegmentPostings};
use tantivy::schema::{IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::store::Compressor;
use tantivy::tokenizer::{TokenStream, Tokenizer, TokenizerManager};
use tantivy::{
    DocSet, Index, IndexSettings, InvertedIndexReader, SegmentReader, SingleSegmentIndexWriter,
    TantivyDocument, TantivyError, Term,
};
use uuid::Uuid;

use super::bytes::{Source, damaged, pack};
use super::directory::PackedFiles;
use super::lists::{Cursor, Detail, END, Lists};
use super::query::is_indexed;
use super::search::{self, Hit};
use super::{Bm25, Query, Stats};
use crate::error::{Error, Result};
use crate::text::Analyzer;

/// The one field of the schema.
const FIELD: &str = "text";
/// Our file beside tantivy's: rows that have a text, as u32.
const ROWS: &str = "rows";
/// Bytes of tantivy's table of terms at first; it grows.
const TABLE_BYTES: usize = 15_000_000;

/// Indexes texts by row. Rows come in order; those without a text are left out.
///
/// # Errors
/// `Internal` if a row comes twice or too late, or tantivy fails; those of the texts.
pub(crate) fn build<T: AsRef<str>>(
    texts: impl IntoIterator<Item = Result<(u32, T)>>,
    analyzer: &Analyzer,
) -> Result<Vec<u8>> {
    let tokenizers = TokenizerManager::new();
    tokenizers.register(FIELD, Reading(analyzer.clone()));
    let mut schema = Schema::builder();
    let indexing = TextFieldIndexing::default()
        .set_tokenizer(FIELD)
        .set_index_option(IndexRecordOption::WithFreqsAndPositions);
    let field = schema.add_text_field(FIELD, TextOptions::default().set_indexing_options(indexing));
    let settings = IndexSettings {
        docstore_compression: Compressor::None,
        docstore_compress_dedicated_thread: false,
        ..IndexSettings::default()
    };
    let files = RamDirectory::create();
    let mut writer: SingleSegmentIndexWriter = Index::builder()
        .schema(schema.build())
        .settings(settings)
        .tokenizers(tokenizers)
        .single_segment_index_writer(files.clone(), TABLE_BYTES)
        .map_err(failed)?;
    let mut rows: Vec<u32> = Vec::new();
    for item in texts {
        let (row, text) = item?;
        if rows.last().is_some_and(|last| *last >= row) || row == END {
            return Err(Error::internal(format!("the text of row {row} came after that of a later row")));
        }
        rows.push(row);
        let mut document = TantivyDocument::new();
        document.add_text(field, text.as_ref());
        writer.add_document(document).map_err(failed)?;
    }
    let row_bytes = rows.iter().flat_map(|row| row.to_le_bytes()).collect();
    let mut packed = vec![(PathBuf::from(ROWS), row_bytes)];
    if !rows.is_empty() {
        let index = writer.finalize().map_err(failed)?;
        let ids = index.searchable_segment_ids().map_err(failed)?;
        let mut names: Vec<PathBuf> = index.directory().list_managed_files().into_iter().collect();
        names.sort();
        for name in names {
            // A file that a text does not need was never written.
            if files.exists(&name).map_err(|e| failed(e.into()))? {
                packed.push(with_fixed_id(&ids, &name, raw(&files, &name)?));
            }
        }
    }
    Ok(pack(&packed))
}

/// The segment's id in all indexes: its bytes are those of the texts, and nothing else.
const SEGMENT: Uuid = Uuid::from_u128(1);
/// tantivy's list of segments and fields: JSON.
const META: &str = "meta.json";

/// A file with [`SEGMENT`] in place of the id that tantivy drew: it names the files, and stands in the list of segments.
fn with_fixed_id(drawn: &[SegmentId], name: &Path, bytes: Vec<u8>) -> (PathBuf, Vec<u8>) {
    let mut name = name.to_string_lossy().into_owned();
    let is_meta = name == META;
    let mut text = if is_meta { String::from_utf8_lossy(&bytes).into_owned() } else { String::new() };
    for id in drawn.iter().map(SegmentId::uuid_string) {
        name = name.replace(&id, &SEGMENT.simple().to_string());
        if let Ok(uuid) = Uuid::parse_str(&id) {
            text = text.replace(&uuid.hyphenated().to_string(), &SEGMENT.hyphenated().to_string());
        }
    }
    (name.into(), if is_meta { text.into_bytes() } else { bytes })
}

/// All bytes of a file, with the footer that tantivy puts behind it.
fn raw(files: &RamDirectory, name: &Path) -> Result<Vec<u8>> {
    files.atomic_read(name).map_err(|e| failed(e.into()))
}

fn failed(error: TantivyError) -> Error {
    Error::internal(format!("the text index could not be made: {error}"))
}

fn unreadable(error: impl std::fmt::Display) -> Error {
    damaged(0, error)
}

/// An index that was made by [`build`].
pub(crate) struct Sealed {
    /// None if there is no text at all.
    index: Option<Texts>,
    rows: Rows,
}

impl std::fmt::Debug for Sealed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealed").field("texts", &self.rows.count()).finish_non_exhaustive()
    }
}

/// What is read of tantivy's segment.
struct Texts {
    field: tantivy::schema::Field,
    terms: Arc<InvertedIndexReader>,
    lengths: FieldNormReader,
}

/// Which row each text belongs to.
#[derive(Debug, Clone)]
enum Rows {
    /// Text n to row n.
    Same(u32),
    Listed(Arc<[u32]>),
}

impl Rows {
    fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let (words, rest) = bytes.as_chunks::<4>();
        let rows: Vec<u32> = words.iter().map(|word| u32::from_le_bytes(*word)).collect();
        let in_order = rows.is_sorted_by(|a, b| a < b) && rows.last().is_none_or(|last| *last != END);
        if !rest.is_empty() || !in_order {
            return Err(damaged(0, "expected rows in order"));
        }
        let is_same = rows.last().is_none_or(|last| *last as usize == rows.len() - 1);
        Ok(if is_same { Self::Same(rows.len() as u32) } else { Self::Listed(rows.into()) })
    }

    fn count(&self) -> usize {
        match self {
            Self::Same(count) => *count as usize,
            Self::Listed(rows) => rows.len(),
        }
    }

    fn row(&self, text: u32) -> u32 {
        match self {
            Self::Same(count) => {
                if text < *count {
                    text
                } else {
                    END
                }
            }
            Self::Listed(rows) => rows.get(text as usize).copied().unwrap_or(END),
        }
    }

    /// The first text whose row is not before `row`.
    fn text_from(&self, row: u32) -> u32 {
        match self {
            Self::Same(_) => row,
            Self::Listed(rows) => rows.partition_point(|other| *other < row) as u32,
        }
    }
}

impl Sealed {
    /// Reads what [`build`] has made.
    ///
    /// # Errors
    /// `Corrupt` if the bytes do not hold together.
    pub(crate) fn open(source: Source) -> Result<Self> {
        let files = PackedFiles::open(source)?;
        let rows = files.read(Path::new(ROWS)).ok_or_else(|| damaged(0, "expected rows, got none"))??;
        let rows = Rows::from_bytes(&rows)?;
        if rows.count() == 0 {
            return Ok(Self { index: None, rows });
        }
        let index = Index::open(files).map_err(unreadable)?;
        let segments = index.searchable_segments().map_err(unreadable)?;
        let [segment] = segments.as_slice() else {
            return Err(damaged(0, format!("expected one segment, got {}", segments.len())));
        };
        let reader = SegmentReader::open(segment).map_err(unreadable)?;
        if reader.max_doc() as usize != rows.count() {
            let what = format!("expected {} texts, got {}", rows.count(), reader.max_doc());
            return Err(damaged(0, what));
        }
        let field = index.schema().get_field(FIELD).map_err(unreadable)?;
        let lengths = reader.get_fieldnorms_reader(field).map_err(unreadable)?;
        let terms = reader.inverted_index(field).map_err(unreadable)?;
        Ok(Self { index: Some(Texts { field, terms, lengths }), rows })
    }

    /// What the segment knows of a query.
    ///
    /// # Errors
    /// `Corrupt` if a block of the term dictionary is damaged.
    pub(crate) fn stats(&self, query: &Query) -> Result<Stats> {
        let mut stats = Stats { texts: self.rows.count() as u64, ..Stats::default() };
        let Some(index) = &self.index else { return Ok(stats) };
        stats.tokens = index.terms.total_num_tokens();
        for term in &query.terms {
            let count = index.terms.doc_freq(&index.term(&term.text)).map_err(unreadable)?;
            if count > 0 {
                stats.texts_with.insert(term.text.clone(), u64::from(count));
            }
        }
        Ok(stats)
    }

    /// The `k` best rows that are allowed, best first, by the statistics of the whole corpus.
    ///
    /// # Errors
    /// `Corrupt` if a block that is needed is damaged.
    pub(crate) fn search(
        &self,
        query: &Query,
        stats: &Stats,
        bm25: Bm25,
        k: usize,
        is_allowed: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<Hit>> {
        search::search(self, query, stats, bm25, k, is_allowed)
    }

    /// Calls `found` with each row that matches, in order.
    ///
    /// # Errors
    /// `Corrupt` if a block that is needed is damaged.
    pub(crate) fn matching(&self, query: &Query, found: impl FnMut(u32)) -> Result<()> {
        search::matching(self, query, found)
    }

    /// The rows that have a text, in order.
    pub(crate) fn rows(&self) -> impl Iterator<Item = u32> + '_ {
        (0..self.rows.count() as u32).map(|text| self.rows.row(text))
    }

    /// Whether both hold the same terms at the same places of the same rows.
    ///
    /// # Errors
    /// `Corrupt` if a block of either is damaged.
    pub(crate) fn equals(&self, other: &Self) -> Result<bool> {
        if !self.rows().eq(other.rows()) {
            return Ok(false);
        }
        let (Some(ours), Some(theirs)) = (&self.index, &other.index) else {
            return Ok(self.index.is_none() == other.index.is_none());
        };
        let same_lengths = self.rows().all(|row| self.length_code(row) == other.length_code(row));
        if !same_lengths || ours.terms.total_num_tokens() != theirs.terms.total_num_tokens() {
            return Ok(false);
        }
        let mut mine = ours.terms.terms().stream().map_err(unreadable)?;
        let mut yours = theirs.terms.terms().stream().map_err(unreadable)?;
        loop {
            match (mine.next(), yours.next()) {
                (None, None) => return Ok(true),
                (Some((a, _)), Some((b, _))) if a == b => {
                    let term = String::from_utf8_lossy(a);
                    if !same_list(self, other, &term)? {
                        return Ok(false);
                    }
                }
                _ => return Ok(false),
            }
        }
    }

    /// Terms that begin with `prefix`, in order, at most `limit`.
    ///
    /// # Errors
    /// `Corrupt` if a block that is needed is damaged.
    pub(crate) fn terms_from(&self, prefix: &str, limit: usize) -> Result<Vec<String>> {
        let Some(index) = &self.index else { return Ok(Vec::new()) };
        let mut stream =
            index.terms.terms().range().ge(prefix.as_bytes()).into_stream().map_err(unreadable)?;
        let mut found = Vec::new();
        while found.len() < limit && stream.advance() && stream.key().starts_with(prefix.as_bytes()) {
            found.push(String::from_utf8_lossy(stream.key()).into_owned());
        }
        Ok(found)
    }
}

fn same_list(a: &Sealed, b: &Sealed, term: &str) -> Result<bool> {
    let cursors = (a.cursor(term, Detail::Positions)?, b.cursor(term, Detail::Positions)?);
    let (Some(mut a), Some(mut b)) = cursors else { return Ok(false) };
    let (mut mine, mut yours) = (Vec::new(), Vec::new());
    loop {
        if a.row() != b.row() {
            return Ok(false);
        }
        if a.row() == END {
            return Ok(true);
        }
        a.positions(&mut mine);
        b.positions(&mut yours);
        if mine != yours {
            return Ok(false);
        }
        a.advance();
        b.advance();
    }
}

impl Texts {
    fn term(&self, text: &str) -> Term {
        Term::from_field_text(self.field, text)
    }
}

impl Lists for Sealed {
    type Cursor = TextCursor;

    fn cursor(&self, term: &str, detail: Detail) -> Result<Option<TextCursor>> {
        let Some(index) = &self.index else { return Ok(None) };
        let option = match detail {
            Detail::Counts => IndexRecordOption::WithFreqs,
            Detail::Positions => IndexRecordOption::WithFreqsAndPositions,
        };
        let list = index.terms.read_postings(&index.term(term), option).map_err(unreadable)?;
        Ok(list.map(|list| TextCursor { list, rows: self.rows.clone() }))
    }

    fn length_code(&self, row: u32) -> u8 {
        self.index.as_ref().map_or(0, |index| index.lengths.fieldnorm_id(self.rows.text_from(row)))
    }
}

/// A place in a list of texts, told as rows.
pub(super) struct TextCursor {
    list: SegmentPostings,
    rows: Rows,
}

impl Cursor for TextCursor {
    #[inline]
    fn row(&self) -> u32 {
        self.rows.row(self.list.doc())
    }

    #[inline]
    fn advance(&mut self) -> u32 {
        if self.list.doc() != tantivy::TERMINATED {
            self.list.advance();
        }
        self.row()
    }

    #[inline]
    fn seek(&mut self, target: u32) -> u32 {
        let text = self.rows.text_from(target).min(tantivy::TERMINATED);
        if self.list.doc() < text {
            self.list.seek(text);
        }
        self.row()
    }

    #[inline]
    fn count(&mut self) -> u32 {
        self.list.term_freq()
    }

    fn positions(&mut self, places: &mut Vec<u32>) {
        places.clear();
        self.list.append_positions_with_offset(0, places);
    }

    fn row_count(&self) -> u32 {
        self.list.size_hint()
    }
}

/// Our analyzer, as tantivy calls it.
#[derive(Clone)]
struct Reading(Analyzer);

/// The tokens of one text.
struct Tokens {
    rest: std::vec::IntoIter<crate::text::Token>,
    token: tantivy::tokenizer::Token,
}

impl Tokenizer for Reading {
    type TokenStream<'t> = Tokens;

    fn token_stream<'t>(&'t mut self, text: &'t str) -> Tokens {
        Tokens { rest: self.0.analyze(text).into_iter(), token: tantivy::tokenizer::Token::default() }
    }
}

impl TokenStream for Tokens {
    fn advance(&mut self) -> bool {
        let Some(token) = self.rest.find(|token| is_indexed(&token.text)) else { return false };
        self.token = tantivy::tokenizer::Token {
            offset_from: token.bytes.start,
            offset_to: token.bytes.end,
            position: token.position as usize,
            text: token.text,
            position_length: 1,
        };
        true
    }

    fn token(&self) -> &tantivy::tokenizer::Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut tantivy::tokenizer::Token {
        &mut self.token
    }
}
