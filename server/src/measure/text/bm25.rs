//! BM25 by the book, over everything, so that a figure tells of the analyzer and not of an index.
//!
//! Robertson and Zaragoza, The Probabilistic Relevance Framework: BM25 and Beyond (2009), with idf = ln(1 + (N - df + 0.5) / (df + 0.5)). A
//! token of the query counts by its weight; the length of a document is the number of its tokens.

use std::collections::HashMap;

use nigh::Token;

/// The two parameters of BM25.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bm25 {
    pub(super) k1: f32,
    pub(super) b: f32,
}

/// Which documents hold a token, and how many times.
#[derive(Debug, Default)]
pub(super) struct Index {
    postings: HashMap<String, Vec<(usize, f32)>>,
    lengths: Vec<f32>,
}

impl Index {
    /// Indexes documents by their tokens.
    pub(super) fn build(documents: impl Iterator<Item = Vec<Token>>) -> Self {
        let mut index = Self::default();
        for (row, tokens) in documents.enumerate() {
            index.lengths.push(tokens.len() as f32);
            let mut counts: HashMap<String, f32> = HashMap::new();
            for token in tokens {
                *counts.entry(token.text).or_default() += 1.0;
            }
            for (text, count) in counts {
                index.postings.entry(text).or_default().push((row, count));
            }
        }
        index
    }

    /// Rows of the best documents, best first; of equal ones the first.
    pub(super) fn search(&self, query: &[Token], bm25: Bm25, k: usize) -> Vec<usize> {
        let mut weights: HashMap<&str, f32> = HashMap::new();
        for token in query {
            *weights.entry(&token.text).or_default() += token.weight;
        }
        let mut terms: Vec<_> = weights.into_iter().collect();
        terms.sort_by(|a, b| a.0.cmp(b.0));
        let count = self.lengths.len() as f32;
        let average = self.lengths.iter().sum::<f32>() / count.max(1.0);
        let mut scores = vec![0f32; self.lengths.len()];
        for (term, weight) in terms {
            let Some(postings) = self.postings.get(term) else { continue };
            let df = postings.len() as f32;
            let idf = (1.0 + (count - df + 0.5) / (df + 0.5)).ln();
            for (row, tf) in postings {
                let norm = bm25.k1 * (1.0 - bm25.b + bm25.b * self.lengths[*row] / average);
                scores[*row] += weight * idf * tf * (bm25.k1 + 1.0) / (tf + norm);
            }
        }
        let mut best: Vec<usize> = (0..scores.len()).filter(|row| scores[*row] > 0.0).collect();
        best.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]).then(a.cmp(b)));
        best.truncate(k);
        best
    }

    /// All tokens of all documents.
    pub(super) fn tokens(&self) -> usize {
        self.lengths.iter().sum::<f32>() as usize
    }

    /// Pairs of a token and a document.
    pub(super) fn postings(&self) -> usize {
        self.postings.values().map(Vec::len).sum()
    }

    /// Different tokens.
    pub(super) fn terms(&self) -> usize {
        self.postings.len()
    }
}
