//! Exact search: every live row of some segments, or of those of its points that match, is scored, in parts that the search pool shares.

use super::matching::Matches;
use super::top_k::{Hit, TopK};
use crate::error::{Error, Result};
use crate::scorer::Scorer;
use crate::segment::SegmentView;
use crate::threads::{Limiter, Pool};
use crate::vectors::Row;
use std::ops::Range;
use std::sync::Arc;

/// What every part of one search shares.
#[derive(Debug, Clone)]
pub(crate) struct ExactSearch {
    pub(crate) segments: Arc<[SegmentView]>,
    /// Which of them to score.
    pub(crate) places: Vec<usize>,
    /// Of each segment, the points to score; none for all that are alive.
    pub(crate) matches: Option<Matches>,
    /// Index of the searched vector.
    pub(crate) vector: usize,
    pub(crate) scorer: Scorer,
    pub(crate) k: usize,
    pub(crate) threshold: Option<f32>,
    pub(crate) limiter: Limiter,
}

/// Rows that one thread takes at a time. Below two of these the caller works alone.
const PART_ROWS: u32 = 32_768;

/// The best `k` points over all segments, best first.
///
/// # Errors
/// `Cancelled` or `Timeout` from the limiter, checked every thousand rows or so; `Corrupt` if a row's block is damaged.
pub(crate) fn search_exact(search: ExactSearch, pool: &Pool) -> Result<Vec<Hit>> {
    search.limiter.check()?;
    let (k, threshold) = (search.k, search.threshold);
    let parts: Vec<(usize, Range<u32>)> = search
        .places
        .iter()
        .filter_map(|i| Some((*i, search.segments.get(*i)?)))
        .flat_map(|(i, view)| {
            let part = move |start: u32| (i, start..view.len.min(start.saturating_add(PART_ROWS)));
            (0..view.len).step_by(PART_ROWS as usize).map(part)
        })
        .collect();
    let mut top = TopK::new(k, threshold);
    for found in pool.map(parts, move |(segment, rows)| search.part(*segment, rows.clone())) {
        let found = found.ok_or_else(|| Error::internal("a search thread panicked"))?;
        found?.into_iter().for_each(|hit| top.push(hit));
    }
    Ok(top.into_sorted())
}

impl ExactSearch {
    fn part(&self, segment: usize, rows: Range<u32>) -> Result<Vec<Hit>> {
        let Some(view) = self.segments.get(segment) else { return Ok(Vec::new()) };
        let mut scorer = self.scorer.clone();
        let mut local = LocalTop::new(self.k, self.threshold);
        let each = |offset, row: Row<'_>| {
            let score = scorer.score(row);
            if local.admits(score) {
                local.push(score, offset);
            }
        };
        let between = || self.limiter.check();
        match &self.matches {
            None => view.scan(self.vector, rows, between, each)?,
            Some(matches) => {
                let Some(among) = matches.get(segment) else { return Ok(Vec::new()) };
                view.scan_among(self.vector, (among, rows), between, each)?;
            }
        }
        // A point's id is looked up only when its score got it in, and after the scan: chunks in memory are locked meanwhile.
        let hit = |(score, offset)| Ok(Hit { score, id: view.id(offset)?, segment, offset });
        local.finish().into_iter().map(hit).collect()
    }
}

/// Candidates of one part: at least the best `k`, ties with the worst included, since ids are not known yet.
struct LocalTop {
    k: usize,
    threshold: Option<f32>,
    kept: Vec<(f32, u32)>,
    /// Nothing below this can be among the best `k`.
    floor: f32,
    /// Candidates at which the worst are dropped; grows where many scores are equal, so that the work stays linear.
    shrink_at: usize,
}

impl LocalTop {
    fn new(k: usize, threshold: Option<f32>) -> Self {
        Self { k, threshold, kept: Vec::new(), floor: f32::NEG_INFINITY, shrink_at: 2 * k + 64 }
    }

    #[inline]
    fn admits(&self, score: f32) -> bool {
        score >= self.floor && self.threshold.is_none_or(|t| score > t)
    }

    fn push(&mut self, score: f32, offset: u32) {
        self.kept.push((score, offset));
        if self.kept.len() >= self.shrink_at {
            self.shrink();
            self.shrink_at = 2 * self.kept.len() + 64;
        }
    }

    /// Drops what is below the `k`th best score.
    fn shrink(&mut self) {
        if self.kept.len() <= self.k {
            return;
        }
        let (_, kth, _) = self.kept.select_nth_unstable_by(self.k - 1, |a, b| b.0.total_cmp(&a.0));
        self.floor = kth.0;
        let floor = self.floor;
        self.kept.retain(|(score, _)| *score >= floor);
    }

    fn finish(mut self) -> Vec<(f32, u32)> {
        self.shrink();
        self.kept
    }
}
