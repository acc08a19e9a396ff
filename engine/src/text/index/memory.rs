//! The index of a segment that is written to: texts are appended and can be found at once.
//!
//! A reader says how many rows it sees; what is appended meanwhile is not there for it, neither in answers nor in statistics.
//! Threads: appending takes the lock for one text, a search or statistics for as long as it runs; nothing waits inside.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use parking_lot::RwLock;

use super::lists::{Cursor, Detail, END, Lists};
use super::query::is_indexed;
use super::score::length_code;
use super::search::{self, Hit};
use super::{Bm25, Query, Stats};
use crate::error::Result;
use crate::text::Analyzer;

/// Texts of a mutable segment by their terms.
#[derive(Debug, Default)]
pub(crate) struct Memory(RwLock<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Shared with the cursors of running searches; copied on write only while there are some.
    lists: BTreeMap<String, Arc<List>>,
    /// Rows that have a text, in order.
    rows: Vec<u32>,
    codes: Vec<u8>,
    /// Tokens of the texts up to each one.
    tokens: Vec<u64>,
    bytes: usize,
}

/// The rows that have one term.
#[derive(Debug, Default, Clone)]
struct List {
    rows: Vec<u32>,
    /// Where the places of each row end.
    ends: Vec<u32>,
    places: Vec<u32>,
}

/// Bytes that a term and a place take beside the text of the term: map entry, list, counts.
const TERM_BYTES: usize = 160;
const PLACE_BYTES: usize = 4;
const ROW_BYTES: usize = 8;

impl Memory {
    /// Appends the text of `row`. Rows come in order, each once; those without a text are left out.
    pub(crate) fn append(&self, row: u32, text: &str, analyzer: &Analyzer) {
        let mut terms: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        let mut length = 0u32;
        for token in analyzer.analyze(text).into_iter().filter(|token| is_indexed(&token.text)) {
            terms.entry(token.text).or_default().push(token.position);
            length += 1;
        }
        let mut inner = self.0.write();
        debug_assert!(
            inner.rows.last().is_none_or(|last| *last < row) && row != END,
            "row {row} comes too late"
        );
        for (term, places) in terms {
            let mut bytes = ROW_BYTES + PLACE_BYTES * places.len();
            let list = match inner.lists.get_mut(&term) {
                Some(list) => list,
                None => {
                    bytes += TERM_BYTES + term.len();
                    inner.lists.entry(term).or_default()
                }
            };
            let list = Arc::make_mut(list);
            list.rows.push(row);
            list.places.extend(places);
            list.ends.push(list.places.len() as u32);
            inner.bytes += bytes;
        }
        let before = inner.tokens.last().copied().unwrap_or(0);
        inner.tokens.push(before + u64::from(length));
        inner.codes.push(length_code(length));
        inner.rows.push(row);
    }

    /// Bytes that it takes, about.
    pub(crate) fn byte_count(&self) -> usize {
        let inner = self.0.read();
        inner.bytes + inner.rows.len() * (size_of::<u32>() + size_of::<u8>() + size_of::<u64>())
    }

    /// What the rows below `end` know of a query.
    pub(crate) fn stats(&self, query: &Query, end: u32) -> Stats {
        let inner = self.0.read();
        let texts = inner.rows.partition_point(|row| *row < end);
        let tokens = texts.checked_sub(1).and_then(|last| inner.tokens.get(last)).copied().unwrap_or(0);
        let with = query.terms.iter().filter_map(|term| {
            let list = inner.lists.get(&term.text)?;
            let count = list.rows.partition_point(|row| *row < end) as u64;
            (count > 0).then(|| (term.text.clone(), count))
        });
        Stats { texts: texts as u64, tokens, texts_with: with.collect() }
    }

    /// The `k` best of the rows below `end` that are allowed, best first, by the statistics of the whole corpus.
    pub(crate) fn search(
        &self,
        query: &Query,
        stats: &Stats,
        bm25: Bm25,
        k: usize,
        end: u32,
        is_allowed: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<Hit>> {
        let visible = Visible { inner: &self.0.read(), end };
        search::search(&visible, query, stats, bm25, k, is_allowed)
    }

    /// Calls `found` with each row below `end` that matches, in order.
    pub(crate) fn matching(&self, query: &Query, end: u32, found: impl FnMut(u32)) -> Result<()> {
        search::matching(&Visible { inner: &self.0.read(), end }, query, found)
    }

    /// The rows below `end` that have a text, in order.
    pub(crate) fn rows(&self, end: u32) -> Vec<u32> {
        let inner = self.0.read();
        inner.rows.iter().copied().take_while(|row| *row < end).collect()
    }

    /// Terms that begin with `prefix`, in order, at most `limit`.
    pub(crate) fn terms_from(&self, prefix: &str, limit: usize) -> Vec<String> {
        let inner = self.0.read();
        let from = inner.lists.range::<str, _>((Bound::Included(prefix), Bound::Unbounded));
        from.map(|(term, _)| term).take_while(|term| term.starts_with(prefix)).take(limit).cloned().collect()
    }
}

/// The rows below `end`.
struct Visible<'a> {
    inner: &'a Inner,
    end: u32,
}

impl Lists for Visible<'_> {
    type Cursor = ListCursor;

    fn cursor(&self, term: &str, _detail: Detail) -> Result<Option<ListCursor>> {
        let Some(list) = self.inner.lists.get(term) else { return Ok(None) };
        let end = list.rows.partition_point(|row| *row < self.end);
        Ok((end > 0).then(|| ListCursor { list: Arc::clone(list), at: 0, end }))
    }

    fn length_code(&self, row: u32) -> u8 {
        let at = self.inner.rows.binary_search(&row).ok();
        at.and_then(|at| self.inner.codes.get(at)).copied().unwrap_or(0)
    }
}

/// A place in a list.
pub(super) struct ListCursor {
    list: Arc<List>,
    at: usize,
    end: usize,
}

impl ListCursor {
    fn places(&self) -> &[u32] {
        let end_of = |at: usize| self.list.ends.get(at).map_or(0, |end| *end as usize);
        let start = self.at.checked_sub(1).map_or(0, end_of);
        self.list.places.get(start..end_of(self.at)).unwrap_or_default()
    }
}

impl Cursor for ListCursor {
    fn row(&self) -> u32 {
        let row = (self.at < self.end).then(|| self.list.rows.get(self.at)).flatten();
        row.copied().unwrap_or(END)
    }

    fn advance(&mut self) -> u32 {
        self.at += 1;
        self.row()
    }

    fn seek(&mut self, target: u32) -> u32 {
        // Targets are mostly near: look at twice as far each time, then between.
        let rest = self.list.rows.get(self.at..self.end).unwrap_or_default();
        let mut reach = 1;
        while rest.get(reach).is_some_and(|row| *row < target) {
            reach *= 2;
        }
        let near = rest.get(..(reach + 1).min(rest.len())).unwrap_or_default();
        self.at += near.partition_point(|row| *row < target);
        self.row()
    }

    fn count(&mut self) -> u32 {
        self.places().len() as u32
    }

    fn positions(&mut self, places: &mut Vec<u32>) {
        places.clear();
        places.extend_from_slice(self.places());
    }

    fn row_count(&self) -> u32 {
        self.end as u32
    }
}
