//! How much an analyzer stores.

use std::collections::HashSet;

use nigh::Token;

/// What an index of some documents holds.
#[derive(Debug, Default)]
pub(super) struct Counts {
    /// All tokens of all documents.
    pub(super) tokens: usize,
    /// Pairs of a token and a document.
    pub(super) postings: usize,
    terms: HashSet<String>,
}

impl Counts {
    /// Counts documents by their tokens.
    pub(super) fn of(documents: impl Iterator<Item = Vec<Token>>) -> Self {
        let mut counts = Self::default();
        for tokens in documents {
            counts.tokens += tokens.len();
            let terms: HashSet<String> = tokens.into_iter().map(|token| token.text).collect();
            counts.postings += terms.len();
            counts.terms.extend(terms);
        }
        counts
    }

    /// Different tokens.
    pub(super) fn terms(&self) -> usize {
        self.terms.len()
    }
}
