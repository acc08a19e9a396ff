//! Numbers of BM25: what a corpus knows of a query, and what a term in a text is worth.

use std::collections::HashMap;

use tantivy::fieldnorm::FieldNormReader;

use super::Query;

/// The parameters of BM25.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Bm25 {
    /// How soon more occurrences of a term stop to count, 0 or more.
    pub(crate) k1: f32,
    /// How much the length of a text counts, from 0 to 1.
    pub(crate) b: f32,
}

impl Default for Bm25 {
    fn default() -> Self {
        Self { k1: 1.2, b: 0.75 }
    }
}

/// What a segment, or all of them together, know of a query.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Stats {
    /// Texts.
    pub(crate) texts: u64,
    /// Tokens of all texts.
    pub(crate) tokens: u64,
    /// Texts that have a term, for each term of the query that any has.
    pub(crate) texts_with: HashMap<String, u64>,
}

impl Stats {
    /// Adds what another segment knows.
    pub(crate) fn add(&mut self, other: Self) {
        self.texts += other.texts;
        self.tokens += other.tokens;
        for (term, count) in other.texts_with {
            *self.texts_with.entry(term).or_default() += count;
        }
    }

    /// How rare a term is.
    pub(super) fn idf(&self, term: &str) -> f32 {
        let with = self.texts_with.get(term).copied().unwrap_or(0).min(self.texts);
        let without = (self.texts - with) as f64;
        (1.0 + (without + 0.5) / (with as f64 + 0.5)).ln() as f32
    }
}

impl std::iter::Sum for Stats {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, stats| {
            sum.add(stats);
            sum
        })
    }
}

/// What the length of a text does to its score, for each of the 256 lengths that are told apart.
#[derive(Debug)]
pub(super) struct Norms([f32; 256]);

impl Norms {
    pub(super) fn new(bm25: Bm25, stats: &Stats) -> Self {
        let average = stats.tokens as f64 / stats.texts.max(1) as f64;
        let (k1, b) = (f64::from(bm25.k1), f64::from(bm25.b));
        let norm = |code: usize| {
            let length = f64::from(length_of(code as u8)) / average.max(f64::MIN_POSITIVE);
            (k1 * (1.0 - b + b * length)) as f32
        };
        Self(std::array::from_fn(norm))
    }

    /// The share of a term's greatest possible score that `count` occurrences give a text with this length.
    #[inline]
    pub(super) fn share(&self, count: u32, code: u8) -> f32 {
        let count = count as f32;
        let [first, ..] = self.0;
        count / (count + self.0.get(usize::from(code)).copied().unwrap_or(first))
    }
}

/// The code of a length: the greatest that is not longer.
pub(super) fn length_code(length: u32) -> u8 {
    FieldNormReader::fieldnorm_to_id(length)
}

/// The length that a code stands for.
pub(super) fn length_of(code: u8) -> u32 {
    FieldNormReader::id_to_fieldnorm(code)
}

/// What each term of a query is worth at most: its weight, its rarity, and the (k1 + 1) of the formula.
pub(super) fn worths(query: &Query, stats: &Stats, bm25: Bm25) -> Vec<f32> {
    query.terms.iter().map(|term| term.weight * stats.idf(&term.text) * (bm25.k1 + 1.0)).collect()
}
