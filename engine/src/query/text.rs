//! Text search: a request and one moment's segments go in, the points whose texts match the words best come out, scored by BM25.
//!
//! The query is analyzed once. What all segments know of its words is summed first, so that a score does not depend on where points lie; deleted points count
//! in these sums until their segment is rewritten. Then each segment is searched, on the search pool. A segment that has no index yet gets one in memory for the
//! time of the search: right, and slow.

use super::request::{WithPayload, WithVectors, check_window};
use super::top_k::{Hit, TopK};
use crate::error::{Error, Result};
use crate::filter::{Filter, OffsetSet};
use crate::payload::{GrowingField, IndexedField, MappedTextIndex, SealedField};
use crate::segment::{Mutable, Segment, SegmentView};
use crate::text::Analyzer;
use crate::text::index::{Bm25, Hit as TextHit, Matching, Memory, Query, Stats};
use crate::threads::{CancelToken, Limiter, Pool};
use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

/// Bytes of a text to search for.
const TEXT_BYTES_MAX: usize = 64 << 10;
/// Words that the beginnings of a query stand for, at most: the first ones in the order of their bytes.
const PREFIX_WORDS_MAX: usize = 1024;

/// Which texts match.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TextMatching {
    /// Those with one of the words or more.
    #[default]
    Any,
    /// Those with all of the words.
    All,
    /// Those with all of the words, one after the other as in the query.
    Phrase,
    /// Those with a word that begins as one of the words of the query; the first 1,024 such words in the order of their bytes.
    Prefix,
}

/// The points whose texts match some words best.
#[derive(Debug, Clone)]
pub struct TextRequest {
    pub(crate) path: String,
    pub(crate) text: String,
    pub(crate) matching: TextMatching,
    pub(crate) limit: usize,
    pub(crate) offset: usize,
    pub(crate) filter: Option<Filter>,
    pub(crate) bm25: Bm25,
    pub(crate) with_payload: WithPayload,
    pub(crate) with_vectors: WithVectors,
    pub(crate) timeout: Option<Duration>,
    pub(crate) cancel: Option<CancelToken>,
}

impl TextRequest {
    /// The 10 points that match any of the words of `text` best, at a path of the payload that has a text index.
    pub fn new(path: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
            matching: TextMatching::Any,
            limit: 10,
            offset: 0,
            filter: None,
            bm25: Bm25::default(),
            with_payload: WithPayload::No,
            with_vectors: WithVectors::No,
            timeout: None,
            cancel: None,
        }
    }

    /// Which texts match.
    pub fn matching(mut self, matching: TextMatching) -> Self {
        self.matching = matching;
        self
    }

    /// How many points to return, 1..=10,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// How many of the best to leave out; `offset + limit` may be up to 100,000.
    pub fn offset(mut self, offset: usize) -> Self {
        self.offset = offset;
        self
    }

    /// Only points that pass this filter.
    pub fn filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = Some(filter.into());
        self
    }

    /// How soon more occurrences of a word stop to count: 0 or more, 1.2 unless told.
    pub fn k1(mut self, k1: f32) -> Self {
        self.bm25.k1 = k1;
        self
    }

    /// How much the length of a text counts: 0..=1, 0.75 unless told.
    pub fn b(mut self, b: f32) -> Self {
        self.bm25.b = b;
        self
    }

    /// Which payload to return.
    pub fn with_payload(mut self, with_payload: WithPayload) -> Self {
        self.with_payload = with_payload;
        self
    }

    /// Which vectors to return.
    pub fn with_vectors(mut self, with_vectors: WithVectors) -> Self {
        self.with_vectors = with_vectors;
        self
    }

    /// Gives up with `Timeout` after this long.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Gives up with `Cancelled` when the token is cancelled.
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = Some(token.clone());
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        check_window(self.offset, self.limit)?;
        if self.text.len() > TEXT_BYTES_MAX {
            let (limit, got) = (TEXT_BYTES_MAX as u64, self.text.len() as u64);
            return Err(Error::TooLarge { what: "text to search for in bytes", limit, got });
        }
        if !(0.0..=1000.0).contains(&self.bm25.k1) {
            return Err(Error::invalid("k1", "0..=1000", self.bm25.k1));
        }
        if !(0.0..=1.0).contains(&self.bm25.b) {
            return Err(Error::invalid("b", "0..=1", self.bm25.b));
        }
        Ok(())
    }
}

/// What every segment of one search shares.
#[derive(Debug, Clone)]
pub(crate) struct TextSearch {
    pub(crate) segments: Arc<[SegmentView]>,
    /// Of each segment, the points that may be found; none for all that are alive.
    pub(crate) matches: Option<Arc<[OffsetSet]>>,
    pub(crate) field: Arc<IndexedField>,
    pub(crate) bm25: Bm25,
    pub(crate) k: usize,
    pub(crate) limiter: Limiter,
}

/// The best points over all segments, best first; ties in id order.
///
/// # Errors
/// `Cancelled` or `Timeout` from the limiter, checked every thousand points or so; `Corrupt` if a block that is needed is damaged.
pub(crate) fn search_text(
    search: TextSearch,
    text: &str,
    matching: TextMatching,
    pool: &Pool,
) -> Result<Vec<Hit>> {
    search.limiter.check()?;
    let Some(analyzer) = search.field.analyzer.clone() else {
        return Err(Error::internal("a text search without an analyzer"));
    };
    let opened = {
        let (search, analyzer) = (search.clone(), analyzer.clone());
        pool.map((0..search.segments.len()).collect(), move |place| search.open(*place, &analyzer))
    };
    let indexes: Vec<TextIndex> = opened
        .into_iter()
        .map(|index| index.unwrap_or_else(|| Err(Error::internal("a search thread panicked"))))
        .collect::<Result<_>>()?;
    let query = match matching {
        TextMatching::Any => Query::new(&analyzer, text, Matching::Any),
        TextMatching::All => Query::new(&analyzer, text, Matching::All),
        TextMatching::Phrase => Query::new(&analyzer, text, Matching::Phrase),
        TextMatching::Prefix => expanded(&indexes, &Query::new(&analyzer, text, Matching::Any))?,
    };
    let stats: Stats =
        indexes.iter().map(|index| index.stats(&query)).collect::<Result<Vec<_>>>()?.into_iter().sum();
    let mut top = TopK::new(search.k, None);
    let parts: Vec<(usize, TextIndex)> = indexes.into_iter().enumerate().collect();
    let found = pool.map(parts, move |(place, index)| search.part(*place, index, &query, &stats));
    for hits in found {
        let hits = hits.ok_or_else(|| Error::internal("a search thread panicked"))?;
        hits?.into_iter().for_each(|hit| top.push(hit));
    }
    Ok(top.into_sorted())
}

/// A query for the words of all segments that begin as one of `beginnings`.
fn expanded(indexes: &[TextIndex], beginnings: &Query) -> Result<Query> {
    let mut words = BTreeSet::new();
    for term in &beginnings.terms {
        for index in indexes {
            words.extend(index.terms_from(&term.text, PREFIX_WORDS_MAX)?);
        }
    }
    Ok(Query::any_of(words.into_iter().take(PREFIX_WORDS_MAX)))
}

impl TextSearch {
    /// The text index of a segment, which is made if it is not there.
    fn open(&self, place: usize, analyzer: &Analyzer) -> Result<TextIndex> {
        let Some(view) = self.segments.get(place) else { return Err(Error::internal("no such segment")) };
        match &view.segment {
            Segment::Mutable(mutable) => {
                if let Some(GrowingField::Text(_)) = mutable.field(self.field.id) {
                    let (mutable, field) = (Arc::clone(mutable), self.field.id);
                    return Ok(TextIndex::Growing { mutable, field, len: view.len });
                }
            }
            Segment::Sealed(sealed) => {
                if let Some(field) = sealed.field(self.field.id)
                    && let SealedField::Text(_) = *field
                {
                    return Ok(TextIndex::Sealed(field));
                }
            }
        }
        let memory = Memory::default();
        for offset in 0..view.len {
            if offset.is_multiple_of(CHECK_EVERY) {
                self.limiter.check()?;
            }
            if let Some(text) = view.text(&self.field, offset)? {
                memory.append(offset, &text, analyzer);
            }
        }
        Ok(TextIndex::Made { memory, len: view.len })
    }

    /// The best points of one segment and all that tie with the worst of them, since ids are not known before.
    fn part(&self, place: usize, index: &TextIndex, query: &Query, stats: &Stats) -> Result<Vec<Hit>> {
        let Some(view) = self.segments.get(place) else { return Err(Error::internal("no such segment")) };
        let matches = self.matches.as_ref().and_then(|matches| matches.get(place));
        let (stopped, asked) = (RefCell::new(Ok(())), Cell::new(0u32));
        let is_allowed = |row: u32| {
            asked.set(asked.get() + 1);
            if asked.get().is_multiple_of(CHECK_EVERY) && stopped.borrow().is_ok() {
                *stopped.borrow_mut() = self.limiter.check();
            }
            let passes = matches.map_or_else(|| !view.dead.contains(row), |set| set.contains(row));
            passes && stopped.borrow().is_ok()
        };
        let mut wanted = self.k.saturating_add(TIES).min(view.len as usize);
        let hits = loop {
            let hits = index.search(query, stats, self.bm25, wanted, &is_allowed)?;
            stopped.borrow().clone()?;
            let score = |at: usize| hits.get(at).map(|hit| hit.score);
            let all_ties_seen = self.k.checked_sub(1).and_then(score) > hits.last().map(|hit| hit.score);
            if hits.len() < wanted || wanted == view.len as usize || all_ties_seen {
                break hits;
            }
            wanted = wanted.saturating_mul(4).min(view.len as usize);
        };
        let hit = |hit: TextHit| {
            Ok(Hit { score: hit.score, id: view.id(hit.row)?, segment: place, offset: hit.row })
        };
        hits.into_iter().map(hit).collect()
    }
}

/// Points between two looks at whether the caller has given up.
const CHECK_EVERY: u32 = 1024;
/// Hits beyond those asked for that a segment gives at first, for ties.
const TIES: usize = 16;

/// The text index of one segment as one view sees it.
#[derive(Debug)]
enum TextIndex {
    Sealed(Arc<SealedField>),
    Growing {
        mutable: Arc<Mutable>,
        field: u64,
        len: u32,
    },
    /// For this search only.
    Made {
        memory: Memory,
        len: u32,
    },
}

/// What is searched: one of two kinds.
enum Side<'a> {
    Mapped(&'a MappedTextIndex),
    Memory(&'a Memory, u32),
}

impl TextIndex {
    fn side(&self) -> Result<Side<'_>> {
        let side = match self {
            Self::Sealed(field) => match &**field {
                SealedField::Text(index) => Some(Side::Mapped(index)),
                SealedField::Keys(_) => None,
            },
            Self::Growing { mutable, field, len } => match mutable.field(*field) {
                Some(GrowingField::Text(growing)) => Some(Side::Memory(growing.memory(), *len)),
                Some(GrowingField::Keys(_)) | None => None,
            },
            Self::Made { memory, len } => Some(Side::Memory(memory, *len)),
        };
        side.ok_or_else(|| Error::internal("a text index that is none"))
    }

    fn stats(&self, query: &Query) -> Result<Stats> {
        match self.side()? {
            Side::Mapped(index) => index.stats(query),
            Side::Memory(memory, len) => Ok(memory.stats(query, len)),
        }
    }

    fn terms_from(&self, prefix: &str, limit: usize) -> Result<Vec<String>> {
        match self.side()? {
            Side::Mapped(index) => index.terms_from(prefix, limit),
            Side::Memory(memory, _) => Ok(memory.terms_from(prefix, limit)),
        }
    }

    fn search(
        &self,
        query: &Query,
        stats: &Stats,
        bm25: Bm25,
        k: usize,
        is_allowed: &dyn Fn(u32) -> bool,
    ) -> Result<Vec<TextHit>> {
        match self.side()? {
            Side::Mapped(index) => index.search(query, stats, bm25, k, is_allowed),
            Side::Memory(memory, len) => memory.search(query, stats, bm25, k, len, is_allowed),
        }
    }
}
