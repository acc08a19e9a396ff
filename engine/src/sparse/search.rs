//! Exact search in the lists of one segment: MaxScore over windows of rows, with bounds from blocks.
//!
//! Rows are visited in windows of [`WINDOW`]. In each, the entries of the blocks tell what a list gives at most. Lists are put in order of that
//! bound; the smallest, which together cannot lift a row above what it must beat, are left out at first. The products of the others
//! are summed for all rows of the window at once. Only rows that could still get in are then looked up in the lists left out, from
//! the strongest to the weakest, and dropped as soon as they cannot; where there are many, a list is summed for all rows after all. If all lists together are too weak, the window is skipped unseen.
//! (Turtle and Flood, "Query evaluation: strategies and optimizations", 1995; Ding and Suel, "Faster top-k document retrieval using
//! block-max indexes", SIGIR 2011.)
//!
//! Sums are in ascending order of the query's indices. Where lists were left out they are not, so a row that got in is summed once more,
//! in order. Bounds are of exact real numbers; [`rounding`] is what sums in f64 may differ from them, in any order, and is granted to each
//! row before it is dropped. Weights of either sign give right bounds: a list gives the larger of the two ends of its range times the
//! query's weight, and zero for the rows that are not in it.

use super::best::Best;
use super::cursor::{Cursor, Sums};
use super::lists::MappedPostings;
use super::query::SparseQuery;
use crate::error::Result;
use std::ops::Range;

/// Rows of a window: their sums take 32 KiB, about a first-level cache.
const WINDOW: u32 = 4096;

/// What a search looked at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SparseTouched {
    /// Postings whose products were summed for all rows at once.
    pub postings: u64,
    /// Rows that were looked up in one list.
    pub lookups: u64,
    /// Blocks that were unpacked.
    pub blocks: u64,
    /// Blocks of all lists of the query.
    pub blocks_total: u64,
    /// Windows of rows that were summed.
    pub windows: u64,
    /// Windows that no row could get in from.
    pub windows_skipped: u64,
    /// Rows whose score was summed once more.
    pub rescored: u64,
}

/// Postings that are summed in the time that one row is looked up in.
const LOOKUP_COST: u64 = 16;

/// One search in one segment.
struct Walk<'a, F> {
    cursors: Vec<Cursor<'a>>,
    /// Cursors that are in the window, the weakest first.
    order: Vec<usize>,
    is_left_out: Vec<bool>,
    sums: Sums,
    candidates: Vec<u32>,
    rounding: f64,
    allowed: F,
    seen: SparseTouched,
}

/// Offers the rows of `rows` that share an index with the query, and are allowed, to `best`.
///
/// # Errors
/// What `check` says, asked before each window; `Corrupt` if a block is damaged.
pub(crate) fn search_postings(
    postings: &MappedPostings,
    query: &SparseQuery,
    rows: Range<u32>,
    allowed: impl Fn(u32) -> bool,
    mut check: impl FnMut() -> Result<()>,
    best: &mut Best,
) -> Result<SparseTouched> {
    let mut cursors = Vec::new();
    for (term, weight) in &query.terms {
        cursors.extend(postings.list(*term)?.map(|list| Cursor::new(list, *weight)));
    }
    let blocks_total = cursors.iter().map(|cursor| cursor.block_count() as u64).sum();
    let seen = SparseTouched { blocks_total, ..SparseTouched::default() };
    let sums =
        Sums { values: vec![0.0; WINDOW as usize], touched: vec![0; WINDOW as usize / 64], start: 0, end: 0 };
    let mut walk = Walk {
        order: Vec::with_capacity(cursors.len()),
        is_left_out: vec![false; cursors.len()],
        rounding: rounding(&cursors),
        candidates: Vec::new(),
        cursors,
        sums,
        allowed,
        seen,
    };
    let mut start = rows.start;
    while start < rows.end {
        check()?;
        let next = walk.cursors.iter_mut().filter_map(|cursor| cursor.next_from(start)).min();
        let Some(next) = next.filter(|next| *next < rows.end) else { break };
        let end = next.saturating_add(WINDOW).min(rows.end);
        walk.window(next, end, best)?;
        start = end;
    }
    Ok(walk.seen)
}

/// How far a sum in f64 of the lists' products may be from the real one, and from another such sum: n additions err by n half-steps
/// of all absolute values together, and there are two such sums and that of the bounds (Higham, "Accuracy and Stability of Numerical Algorithms", 4.2); products of two f32 are exact.
fn rounding(cursors: &[Cursor<'_>]) -> f64 {
    let largest: f64 = cursors.iter().map(Cursor::largest).sum();
    largest * (cursors.len() + 2) as f64 * 2.0 * f64::EPSILON
}

/// A sum below this is below `floor` as f32, too.
fn cut(floor: f32) -> f64 {
    f64::from(floor.next_down())
}

impl<F: Fn(u32) -> bool> Walk<'_, F> {
    fn window(&mut self, start: u32, end: u32, best: &mut Best) -> Result<()> {
        (self.sums.start, self.sums.end) = (start, end);
        self.cursors.iter_mut().for_each(|cursor| cursor.enter(start, end));
        self.order.clear();
        self.order.extend((0..).zip(&self.cursors).filter(|(_, cursor)| cursor.postings > 0).map(|(i, _)| i));
        let bound = |i: &usize| self.cursors.get(*i).map_or(0.0, |cursor| cursor.bound);
        self.order.sort_unstable_by(|a, b| bound(a).total_cmp(&bound(b)));

        let cut = cut(best.floor());
        // What the lists left out give at most, one list more each time.
        let mut rests = vec![0.0];
        self.is_left_out.fill(false);
        for i in &self.order {
            let rest = rests.last().copied().unwrap_or(0.0) + bound(i);
            if rest + self.rounding >= cut {
                break;
            }
            rests.push(rest);
            if let Some(left_out) = self.is_left_out.get_mut(*i) {
                *left_out = true;
            }
        }
        if rests.len() > self.order.len() {
            self.seen.windows_skipped += 1;
            return Ok(());
        }
        self.seen.windows += 1;
        // Where a sum of zero could get in, rows that no list has must be told from the others.
        let track = self.rounding >= cut;
        for (cursor, _) in self.cursors.iter_mut().zip(&self.is_left_out).filter(|(_, left_out)| !**left_out)
        {
            match track {
                true => cursor.add_all::<true>(&mut self.sums, &mut self.seen)?,
                false => cursor.add_all::<false>(&mut self.sums, &mut self.seen)?,
            }
        }
        match (track, rests.len()) {
            (true, _) => self.offer_touched(best),
            (false, 1) => self.offer_above(cut, best),
            (false, _) => self.offer_completed(cut, &rests, best)?,
        }
        self.sums.values.fill(0.0);
        Ok(())
    }

    /// Offers every row that some list has. All lists were summed.
    fn offer_touched(&mut self, best: &mut Best) {
        for (word_at, word) in self.sums.touched.iter_mut().enumerate() {
            let mut left = std::mem::take(word);
            while left != 0 {
                let place = word_at * 64 + left.trailing_zeros() as usize;
                left &= left - 1;
                let score = self.sums.values.get(place).copied().unwrap_or(0.0) as f32;
                let offset = self.sums.start + place as u32;
                if best.admits(score) && (self.allowed)(offset) {
                    best.push(score, offset);
                }
            }
        }
    }

    /// Offers the rows whose sum is not below `cut`, which is above zero. All lists were summed.
    fn offer_above(&self, cut: f64, best: &mut Best) {
        let allowed = &self.allowed;
        self.sums.for_each_above(cut, |offset, sum| {
            let score = sum as f32;
            if best.admits(score) && allowed(offset) {
                best.push(score, offset);
            }
        });
    }

    /// Offers the rows that get in with what the lists left out give them.
    fn offer_completed(&mut self, cut_then: f64, rests: &[f64], best: &mut Best) -> Result<()> {
        let mut candidates = std::mem::take(&mut self.candidates);
        candidates.clear();
        let rounding = self.rounding;
        let needed = |rest: f64, cut: f64| cut - rest - rounding;
        let rest = rests.last().copied().unwrap_or(0.0);
        let allowed = &self.allowed;
        self.sums.for_each_above(needed(rest, cut_then), |offset, _| {
            if allowed(offset) {
                candidates.push(offset);
            }
        });
        for (i, rest) in self.order.iter().zip(rests).take(rests.len() - 1).rev() {
            let Some(cursor) = self.cursors.get_mut(*i).filter(|_| !candidates.is_empty()) else { continue };
            let postings = cursor.postings;
            match candidates.len() as u64 * LOOKUP_COST > postings {
                true => cursor.add_all::<false>(&mut self.sums, &mut self.seen)?,
                false => cursor.add_some(&mut self.sums, &candidates, &mut self.seen)?,
            }
            // Where there are more candidates than postings, the next list is summed sooner than they are thinned out.
            if (candidates.len() as u64) < postings {
                candidates.retain(|offset| self.sums.of(*offset) >= needed(*rest, cut_then));
            }
        }
        for offset in &candidates {
            if self.sums.of(*offset) < needed(0.0, cut(best.floor())) {
                continue;
            }
            self.seen.rescored += 1;
            let mut score = 0.0;
            for cursor in self.cursors.iter().filter(|cursor| cursor.postings > 0) {
                score += cursor.product_of(*offset)?.unwrap_or(0.0);
            }
            best.push(score as f32, *offset);
        }
        self.candidates = candidates;
        Ok(())
    }
}

impl Sums {
    /// The sum of a row of the window.
    fn of(&self, offset: u32) -> f64 {
        self.values.get(offset.wrapping_sub(self.start) as usize).copied().unwrap_or(0.0)
    }

    /// Calls `each` with offset and sum of the rows whose sum is at least `least`, which is above zero.
    fn for_each_above(&self, least: f64, mut each: impl FnMut(u32, f64)) {
        const GROUP: usize = 16;
        let len = (self.end - self.start) as usize;
        for (group, sums) in self.values.get(..len).unwrap_or_default().chunks(GROUP).enumerate() {
            // Without a branch for each row, several are compared at once.
            if !sums.iter().fold(false, |any, sum| any | (*sum >= least)) {
                continue;
            }
            for (place, sum) in sums.iter().enumerate().filter(|(_, sum)| **sum >= least) {
                each(self.start + (group * GROUP + place) as u32, *sum);
            }
        }
    }
}
