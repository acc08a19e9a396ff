//! The best rows of one index for a query.
//!
//! `Any` is MaxScore (Turtle and Flood, 1995): terms are ordered by what they are worth at most; once k rows are found, rows that only have
//! terms whose worths together cannot beat the worst of them are never looked at. The bounds hold for any statistics, so that the answer is
//! exact. `All` and `Phrase` walk the rarest term and look the others up.
//!
//! Ties go to the smaller row. A score is always summed in the order of what its terms are worth, so that equal texts have equal scores
//! wherever they lie.

use std::cmp::{Ordering, Reverse};
use std::collections::BinaryHeap;

use super::lists::{Cursor, Detail, END, Lists};
use super::score::{Norms, worths};
use super::{Bm25, Matching, Query, Stats};
use crate::error::Result;

/// A row and its score.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Hit {
    pub(crate) score: f32,
    pub(crate) row: u32,
}

impl Eq for Hit {}

impl Ord for Hit {
    /// Better is greater.
    fn cmp(&self, other: &Self) -> Ordering {
        self.score.total_cmp(&other.score).then_with(|| other.row.cmp(&self.row))
    }
}

impl PartialOrd for Hit {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The best so far. Rows come in order, so that a later one must be better to get in.
struct Best {
    k: usize,
    heap: BinaryHeap<Reverse<Hit>>,
}

impl Best {
    fn new(k: usize) -> Self {
        Self { k, heap: BinaryHeap::new() }
    }

    /// What a row must beat.
    fn threshold(&self) -> f32 {
        if self.heap.len() < self.k {
            return f32::NEG_INFINITY;
        }
        self.heap.peek().map_or(f32::INFINITY, |Reverse(worst)| worst.score)
    }

    fn push(&mut self, hit: Hit) {
        if hit.score > self.threshold() {
            if self.heap.len() >= self.k {
                self.heap.pop();
            }
            self.heap.push(Reverse(hit));
        }
    }

    fn into_sorted(self) -> Vec<Hit> {
        self.heap.into_sorted_vec().into_iter().map(|Reverse(hit)| hit).collect()
    }
}

/// A term of the query with the rows that have it.
struct Scored<C> {
    cursor: C,
    worth: f32,
    position: u32,
    /// Its place among the terms, the one that is worth least first.
    rank: usize,
}

/// The terms of a query that an index has, the one that is worth least first; none if one is missing that each row must have.
fn scored<L: Lists>(lists: &L, query: &Query, worths: &[f32]) -> Result<Option<Vec<Scored<L::Cursor>>>> {
    let detail = if query.matching == Matching::Phrase { Detail::Positions } else { Detail::Counts };
    let mut terms = Vec::with_capacity(query.terms.len());
    for (term, worth) in query.terms.iter().zip(worths) {
        match lists.cursor(&term.text, detail)? {
            Some(cursor) => terms.push(Scored { cursor, worth: *worth, position: term.position, rank: 0 }),
            None if query.matching == Matching::Any => {}
            None => return Ok(None),
        }
    }
    terms.sort_by(|a, b| a.worth.total_cmp(&b.worth));
    (0..).zip(&mut terms).for_each(|(rank, term)| term.rank = rank);
    Ok((!terms.is_empty()).then_some(terms))
}

/// The `k` best rows that are allowed, best first.
pub(super) fn search<L: Lists>(
    lists: &L,
    query: &Query,
    stats: &Stats,
    bm25: Bm25,
    k: usize,
    is_allowed: &dyn Fn(u32) -> bool,
) -> Result<Vec<Hit>> {
    let terms = scored(lists, query, &worths(query, stats, bm25))?;
    let Some(terms) = terms.filter(|_| k > 0) else { return Ok(Vec::new()) };
    let norms = Norms::new(bm25, stats);
    let best = Best::new(k);
    let best = match query.matching {
        Matching::Any => any(lists, terms, &norms, best, is_allowed),
        Matching::All => all(lists, terms, &norms, best, is_allowed),
        Matching::Phrase => phrase(lists, terms, &norms, best, is_allowed),
    };
    Ok(best.into_sorted())
}

/// Sums of f32 in another order differ in their last bits; a bound must not fall below a score for that.
const ROUNDING: f32 = 1.0 + 1e-5;

fn any<L: Lists>(
    lists: &L,
    mut terms: Vec<Scored<L::Cursor>>,
    norms: &Norms,
    mut best: Best,
    is_allowed: &dyn Fn(u32) -> bool,
) -> Best {
    // What the terms up to each one are worth together.
    let mut sum = 0.0;
    let bounds: Vec<f32> = terms
        .iter()
        .map(|term| {
            sum += term.worth;
            sum * ROUNDING
        })
        .collect();
    let mut shares = Shares::new(terms.len());
    loop {
        let threshold = best.threshold();
        // A row that gets in has one of the terms from here on.
        let first = bounds.partition_point(|bound| *bound <= threshold);
        let (optional, needed) = terms.split_at_mut(first.min(bounds.len()));
        let Some(row) = needed.iter().map(|term| term.cursor.row()).min().filter(|row| *row != END) else {
            return best;
        };
        let allowed = is_allowed(row);
        let code = if allowed { lists.length_code(row) } else { 0 };
        shares.clear();
        for term in needed.iter_mut().filter(|term| term.cursor.row() == row) {
            if allowed {
                shares.set(term.rank, term.worth * norms.share(term.cursor.count(), code));
            }
            term.cursor.advance();
        }
        if !allowed {
            continue;
        }
        let mut can_get_in = true;
        for (term, bound) in optional.iter_mut().zip(&bounds).rev() {
            if shares.sum() + bound <= threshold {
                can_get_in = false;
                break;
            }
            if seek(&mut term.cursor, row) == row {
                shares.set(term.rank, term.worth * norms.share(term.cursor.count(), code));
            }
        }
        if can_get_in {
            best.push(Hit { score: shares.sum(), row });
        }
    }
}

/// What each term gives a row.
struct Shares(Vec<f32>);

impl Shares {
    fn new(terms: usize) -> Self {
        Self(vec![0.0; terms])
    }

    fn clear(&mut self) {
        self.0.fill(0.0);
    }

    fn set(&mut self, rank: usize, share: f32) {
        if let Some(slot) = self.0.get_mut(rank) {
            *slot = share;
        }
    }

    fn sum(&self) -> f32 {
        self.0.iter().sum()
    }
}

/// Calls `found` with each row that matches, in order.
pub(super) fn matching<L: Lists>(lists: &L, query: &Query, mut found: impl FnMut(u32)) -> Result<()> {
    let worths = vec![0.0; query.terms.len()];
    let Some(mut terms) = scored(lists, query, &worths)? else { return Ok(()) };
    match query.matching {
        Matching::Any => {
            while let Some(row) = terms.iter().map(|term| term.cursor.row()).min().filter(|row| *row != END) {
                found(row);
                for term in terms.iter_mut().filter(|term| term.cursor.row() == row) {
                    term.cursor.advance();
                }
            }
        }
        Matching::All => each_common_row(&mut terms, |row, _| found(row)),
        Matching::Phrase => {
            let mut starts = Starts::default();
            each_common_row(&mut terms, |row, terms| {
                if starts.count(terms) > 0 {
                    found(row);
                }
            });
        }
    }
    Ok(())
}

/// Calls `found` with each row that all cursors have.
fn each_common_row<C: Cursor>(terms: &mut [Scored<C>], mut found: impl FnMut(u32, &mut [Scored<C>])) {
    terms.sort_by_key(|term| term.cursor.row_count());
    let mut row = 0;
    loop {
        // The first row from `row` on that the cursors agree on, or the first that one of them has instead.
        let ahead = terms.iter_mut().map(|term| seek(&mut term.cursor, row)).find(|at| *at != row);
        match ahead {
            Some(END) => return,
            Some(later) => row = later,
            None => {
                found(row, terms);
                row += 1;
            }
        }
    }
}

/// Where a cursor stands when it is not before `row`.
fn seek(cursor: &mut impl Cursor, row: u32) -> u32 {
    if cursor.row() < row { cursor.seek(row) } else { cursor.row() }
}

fn all<L: Lists>(
    lists: &L,
    mut terms: Vec<Scored<L::Cursor>>,
    norms: &Norms,
    mut best: Best,
    is_allowed: &dyn Fn(u32) -> bool,
) -> Best {
    let mut shares = Shares::new(terms.len());
    each_common_row(&mut terms, |row, terms| {
        if is_allowed(row) {
            let code = lists.length_code(row);
            for term in terms {
                shares.set(term.rank, term.worth * norms.share(term.cursor.count(), code));
            }
            best.push(Hit { score: shares.sum(), row });
        }
    });
    best
}

/// A phrase is scored as one term that is worth what its terms are together, with as many occurrences as the phrase has.
fn phrase<L: Lists>(
    lists: &L,
    mut terms: Vec<Scored<L::Cursor>>,
    norms: &Norms,
    mut best: Best,
    is_allowed: &dyn Fn(u32) -> bool,
) -> Best {
    let worth: f32 = terms.iter().map(|term| term.worth).sum();
    let mut starts = Starts::default();
    each_common_row(&mut terms, |row, terms| {
        if !is_allowed(row) {
            return;
        }
        let count = starts.count(terms);
        if count > 0 {
            best.push(Hit { score: worth * norms.share(count, lists.length_code(row)), row });
        }
    });
    best
}

/// Where a phrase begins in a row.
#[derive(Default)]
struct Starts {
    starts: Vec<u32>,
    places: Vec<u32>,
}

impl Starts {
    /// How often the phrase is in the row that all cursors stand on.
    fn count<C: Cursor>(&mut self, terms: &mut [Scored<C>]) -> u32 {
        let Self { starts, places } = self;
        for (at, term) in terms.iter_mut().enumerate() {
            term.cursor.positions(places);
            // Where the query would begin if this occurrence belonged to it.
            let begin = places.iter().filter_map(|place| place.checked_sub(term.position));
            if at == 0 {
                starts.clear();
                starts.extend(begin);
            } else {
                let begins: Vec<u32> = begin.collect();
                starts.retain(|start| begins.binary_search(start).is_ok());
            }
        }
        starts.dedup();
        starts.len() as u32
    }
}
