//! BM25 by its formula over plain texts, to hold searches against.

use nigh::{Analyzer, PointId, TextMatching};
use std::collections::{BTreeMap, BTreeSet};

/// The texts of points as their tokens.
pub(crate) struct Corpus<'a> {
    analyzer: &'a Analyzer,
    texts: BTreeMap<PointId, Vec<(String, u32)>>,
}

/// A term of a query: what it is, how much it counts, where it stands.
type Term = (String, f64, u32);

const K1: f64 = 1.2;
const B: f64 = 0.75;

impl<'a> Corpus<'a> {
    pub(crate) fn new(analyzer: &'a Analyzer, texts: impl IntoIterator<Item = (PointId, &'a str)>) -> Self {
        let read = |text: &str| -> Vec<(String, u32)> {
            analyzer.analyze(text).into_iter().map(|token| (token.text, token.position)).collect()
        };
        Self { analyzer, texts: texts.into_iter().map(|(id, text)| (id, read(text))).collect() }
    }

    fn terms(&self, query: &str, matching: TextMatching) -> Vec<Term> {
        let tokens = self.analyzer.analyze_query(query);
        let tokens = tokens.into_iter().map(|token| (token.text, f64::from(token.weight), token.position));
        match matching {
            TextMatching::Phrase => tokens.collect(),
            TextMatching::Any | TextMatching::All => {
                let mut merged: BTreeMap<String, Term> = BTreeMap::new();
                for term in tokens {
                    merged.entry(term.0.clone()).and_modify(|known| known.1 += term.1).or_insert(term);
                }
                merged.into_values().collect()
            }
            TextMatching::Prefix => {
                let beginnings: Vec<String> = tokens.map(|(text, ..)| text).collect();
                let all = self.texts.values().flatten().map(|(token, _)| token);
                let words: BTreeSet<&String> =
                    all.filter(|word| beginnings.iter().any(|begin| word.starts_with(begin))).collect();
                words.into_iter().map(|word| (word.clone(), 1.0, 0)).collect()
            }
        }
    }

    /// Every point that matches, with its score. Texts are at most 40 tokens long: longer ones are told apart less exactly by the engine.
    pub(crate) fn scores(&self, query: &str, matching: TextMatching) -> BTreeMap<PointId, f64> {
        let terms = self.terms(query, matching);
        let count = self.texts.len() as f64;
        let average = self.texts.values().map(Vec::len).sum::<usize>() as f64 / count.max(1.0);
        let has = |tokens: &[(String, u32)], term: &Term| tokens.iter().filter(|(t, _)| *t == term.0).count();
        let worth = |term: &Term| {
            let with = self.texts.values().filter(|tokens| has(tokens, term) > 0).count() as f64;
            term.1 * (1.0 + (count - with + 0.5) / (with + 0.5)).ln() * (K1 + 1.0)
        };
        let worths: Vec<f64> = terms.iter().map(worth).collect();
        let mut scores = BTreeMap::new();
        for (id, tokens) in &self.texts {
            assert!(tokens.len() <= 40, "{tokens:?}");
            let norm = K1 * (1.0 - B + B * tokens.len() as f64 / average);
            let counts: Vec<f64> = terms.iter().map(|term| has(tokens, term) as f64).collect();
            let found = counts.iter().filter(|count| **count > 0.0).count();
            let score = match matching {
                TextMatching::Any | TextMatching::Prefix if found > 0 => sum(&worths, &counts, norm),
                TextMatching::All if found == terms.len() && found > 0 => sum(&worths, &counts, norm),
                TextMatching::Phrase => {
                    let starts = phrases(tokens, &terms) as f64;
                    worths.iter().sum::<f64>() * starts / (starts + norm)
                }
                TextMatching::Any | TextMatching::Prefix | TextMatching::All => continue,
            };
            if score > 0.0 {
                scores.insert(*id, score);
            }
        }
        scores
    }
}

fn sum(worths: &[f64], counts: &[f64], norm: f64) -> f64 {
    worths.iter().zip(counts).map(|(worth, count)| worth * count / (count + norm)).sum()
}

/// How often all terms stand in a text as they stand in the query.
fn phrases(tokens: &[(String, u32)], terms: &[Term]) -> usize {
    let last = tokens.last().map_or(0, |(_, place)| *place);
    let stands = |start: u32, (text, _, place): &Term| tokens.contains(&(text.clone(), start + place));
    (0..=last).filter(|start| !terms.is_empty() && terms.iter().all(|term| stands(*start, term))).count()
}
