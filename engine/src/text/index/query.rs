//! What is looked for: the tokens of a query, each with its weight and its place, and how many of them a row must have.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::text::Analyzer;

/// How rows are matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Matching {
    /// One term or more.
    Any,
    /// All terms.
    All,
    /// All terms, in the order and at the distances of the query.
    Phrase,
}

/// One term of a query.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Term {
    pub(crate) text: String,
    /// What its score is multiplied by.
    pub(crate) weight: f32,
    /// Where it stands in the query.
    pub(crate) position: u32,
}

/// A query as an index reads it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Query {
    pub(crate) terms: Vec<Term>,
    pub(crate) matching: Matching,
}

impl Query {
    /// The query that `text` is. Of `Any` and `All` a term that occurs many times is one term with the sum of the weights.
    pub(crate) fn new(analyzer: &Analyzer, text: &str, matching: Matching) -> Self {
        let tokens = analyzer.analyze_query(text).into_iter().filter(|token| is_indexed(&token.text));
        let terms =
            tokens.map(|token| Term { text: token.text, weight: token.weight, position: token.position });
        if matching == Matching::Phrase {
            return Self { terms: terms.collect(), matching };
        }
        let mut merged: BTreeMap<String, Term> = BTreeMap::new();
        for term in terms {
            merged.entry(term.text.clone()).and_modify(|known| known.weight += term.weight).or_insert(term);
        }
        Self { terms: merged.into_values().collect(), matching }
    }

    /// Whether a text that is stored nowhere matches, as an index of it would say.
    pub(crate) fn holds(&self, analyzer: &Analyzer, text: &str) -> bool {
        let mut places: HashMap<String, Vec<u32>> = HashMap::new();
        for token in analyzer.analyze(text).into_iter().filter(|token| is_indexed(&token.text)) {
            places.entry(token.text).or_default().push(token.position);
        }
        let has = |term: &Term| places.contains_key(&term.text);
        match self.matching {
            Matching::Any => self.terms.iter().any(has),
            Matching::All => !self.terms.is_empty() && self.terms.iter().all(has),
            Matching::Phrase => {
                let Some(first) = self.terms.first() else { return false };
                let starts = places.get(&first.text).into_iter().flatten();
                let stands = |term: &Term, start: u32| {
                    let wanted = start + term.position;
                    places.get(&term.text).is_some_and(|places| places.contains(&wanted))
                };
                starts
                    .filter_map(|place| place.checked_sub(first.position))
                    .any(|start| self.terms.iter().all(|term| stands(term, start)))
            }
        }
    }

    /// A query for any of `words`, as an index stores them: what a prefix was expanded to, by all segments together.
    pub(crate) fn any_of(words: impl IntoIterator<Item = String>) -> Self {
        let term = |text| Term { text, weight: 1.0, position: 0 };
        let words: BTreeSet<String> = words.into_iter().collect();
        Self { terms: words.into_iter().map(term).collect(), matching: Matching::Any }
    }
}

/// Longest token that is stored, in bytes. tantivy leaves out longer ones; so do we everywhere, for the same lengths.
const TOKEN_BYTES_MAX: usize = 65_530;

/// Whether a token is stored at all.
pub(super) fn is_indexed(token: &str) -> bool {
    token.len() <= TOKEN_BYTES_MAX
}
