//! Scores rows for one query: binds query, metric and datatype once; then a row goes in and a score comes out.
//!
//! A score is always larger for the nearer row: similarity for cosine and dot, the negative distance for Euclid and
//! Manhattan. A score that is not a number (overflow to infinity minus infinity) counts as the smallest.
//! A row can be scored by nearness to one vector, or by several examples at once (`examples.rs`).
//!
//! f16 rows are widened to f32 as they are scored: half-precision sums would cost recall.

mod examples;

pub(crate) use examples::{Examples, Rule};

use crate::error::Result;
use crate::kernels::simd;
use crate::vectors::{Row, check_values};
use half::f16;
use nigh_format::manifest::{Datatype, Metric, VectorParams};

/// Scores rows of one named vector.
#[derive(Debug, Clone)]
pub(crate) enum Scorer {
    /// By nearness to one vector.
    Vector(VectorScorer),
    /// By several examples.
    Examples(Examples),
}

impl Scorer {
    /// Nearness to `query`; see [`VectorScorer::new`].
    pub(crate) fn new(field: &str, params: &VectorParams, query: &[f32]) -> Result<Self> {
        VectorScorer::new(field, params, query).map(Self::Vector)
    }

    /// The query, or where to begin looking for what suits the examples; of length 1 under cosine.
    pub(crate) fn query(&self) -> &[f32] {
        match self {
            Self::Vector(vector) => vector.query(),
            Self::Examples(examples) => examples.entry(),
        }
    }

    /// The score of one row.
    #[inline]
    pub(crate) fn score(&mut self, row: Row<'_>) -> f32 {
        match self {
            Self::Vector(vector) => vector.score(row),
            Self::Examples(examples) => examples.score(row),
        }
    }
}

/// Scores rows against one query.
#[derive(Debug, Clone)]
pub(crate) struct VectorScorer {
    metric: Metric,
    query: Vec<f32>,
    /// The query as bytes, where the vectors are bytes and the query is too.
    bytes: Option<Vec<u8>>,
    query_norm: f64,
    scratch: Vec<f32>,
}

impl VectorScorer {
    /// Checks the query as a stored vector would be checked, except that a query against u8 vectors may have any finite values.
    pub(crate) fn new(field: &str, params: &VectorParams, query: &[f32]) -> Result<Self> {
        check_values(field, params.dim, query)?;
        let is_integral = |v: &f32| (0.0..=255.0).contains(v) && v.fract() == 0.0;
        let integral = params.datatype == Datatype::U8 && query.iter().all(is_integral);
        let bytes: Option<Vec<u8>> = integral.then(|| query.iter().map(|v| *v as u8).collect());
        let (mut values, mut query_norm) = (query.to_vec(), 0.0);
        if params.metric == Metric::Cosine {
            let norm = query.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
            // Of length 1, so that products of huge values stay finite.
            let scale = if norm > 0.0 { 1.0 / norm } else { 1.0 };
            values.iter_mut().for_each(|v| *v = (f64::from(*v) * scale) as f32);
            query_norm = if bytes.is_some() { norm } else { norm * scale };
        }
        let query = values;
        let scratch = vec![0.0; query.len()];
        Ok(Self { metric: params.metric, query, bytes, query_norm, scratch })
    }

    /// The query; of length 1 under cosine.
    pub(crate) fn query(&self) -> &[f32] {
        &self.query
    }

    /// The score of one row. Its length is the query's: both were checked against the same configuration.
    #[inline]
    pub(crate) fn score(&mut self, row: Row<'_>) -> f32 {
        let score = match row {
            Row::F32(row) => score_f32(self.metric, &self.query, row),
            Row::F16(row) => score_f16(self.metric, &self.query, row),
            Row::U8(row) => match &self.bytes {
                Some(query) => score_u8(self.metric, query, self.query_norm, row),
                None => self.score_mixed(row),
            },
        };
        if score.is_nan() { f32::NEG_INFINITY } else { score }
    }

    /// As the score, but the negative *squared* distance for Euclid: what scores of several examples are made of.
    #[inline]
    pub(crate) fn similarity(&mut self, row: Row<'_>) -> f32 {
        if self.metric != Metric::Euclid {
            return self.score(row);
        }
        let squared = match (row, &self.bytes) {
            (Row::F32(row), _) => simd::l2sq_f32(&self.query, row),
            (Row::F16(row), _) => simd::l2sq_f16(&self.query, row),
            (Row::U8(row), Some(query)) => simd::l2sq_u8(query, row) as f32,
            (Row::U8(row), None) => {
                self.widen(row);
                simd::l2sq_f32(&self.query, &self.scratch)
            }
        };
        if squared.is_nan() { f32::NEG_INFINITY } else { -squared }
    }

    fn widen(&mut self, row: &[u8]) {
        self.scratch.clear();
        self.scratch.extend(row.iter().map(|b| f32::from(*b)));
    }

    fn score_mixed(&mut self, row: &[u8]) -> f32 {
        self.widen(row);
        let score = score_f32(self.metric, &self.query, &self.scratch);
        if self.metric == Metric::Cosine { cosine(f64::from(score), self.query_norm, row) } else { score }
    }
}

#[inline]
fn score_f32(metric: Metric, query: &[f32], row: &[f32]) -> f32 {
    match metric {
        Metric::Cosine | Metric::Dot => simd::dot_f32(query, row),
        Metric::Euclid => -simd::l2sq_f32(query, row).sqrt(),
        Metric::Manhattan => -simd::l1_f32(query, row),
    }
}

#[inline]
fn score_f16(metric: Metric, query: &[f32], row: &[f16]) -> f32 {
    match metric {
        Metric::Cosine | Metric::Dot => simd::dot_f16(query, row),
        Metric::Euclid => -simd::l2sq_f16(query, row).sqrt(),
        Metric::Manhattan => -simd::l1_f16(query, row),
    }
}

#[inline]
fn score_u8(metric: Metric, query: &[u8], query_norm: f64, row: &[u8]) -> f32 {
    match metric {
        Metric::Cosine => cosine(simd::dot_u8(query, row) as f64, query_norm, row),
        Metric::Dot => simd::dot_u8(query, row) as f32,
        Metric::Euclid => -(simd::l2sq_u8(query, row) as f64).sqrt() as f32,
        Metric::Manhattan => -(simd::l1_u8(query, row) as f32),
    }
}

fn cosine(dot: f64, query_norm: f64, row: &[u8]) -> f32 {
    let norms = query_norm * (simd::dot_u8(row, row) as f64).sqrt();
    if norms > 0.0 { (dot / norms) as f32 } else { 0.0 }
}
