//! Scores rows for one query: binds query, metric and datatype once; then a row goes in and a score comes out.
//!
//! A score is always larger for the nearer row: similarity for cosine and dot, the negative distance for Euclid and
//! Manhattan. A score that is not a number (overflow to infinity minus infinity) counts as the smallest.
//!
//! f16 rows are widened to f32 before they are scored: half-precision sums would cost recall.

use crate::error::Result;
use crate::kernels::simd;
use crate::vectors::{Row, load, store};
use half::f16;
use half::slice::HalfFloatSliceExt;
use nigh_format::manifest::{Datatype, Metric, VectorParams};

/// Scores rows of one named vector against one query.
#[derive(Debug, Clone)]
pub(crate) struct Scorer {
    metric: Metric,
    query: Vec<f32>,
    /// The query as bytes, where the vectors are bytes and the query is too.
    bytes: Option<Vec<u8>>,
    query_norm: f64,
    scratch: Vec<f32>,
}

impl Scorer {
    /// Checks the query as a stored vector would be checked, except that a query against u8 vectors may have any finite values.
    pub(crate) fn new(field: &str, params: &VectorParams, query: &[f32]) -> Result<Self> {
        let as_f32 = VectorParams { datatype: Datatype::F32, ..params.clone() };
        let mut stored = Vec::new();
        store(field, &as_f32, query, &mut stored)?;
        let integral = query.iter().all(|v| (0.0..=255.0).contains(v) && v.fract() == 0.0);
        let bytes: Option<Vec<u8>> =
            (params.datatype == Datatype::U8 && integral).then(|| query.iter().map(|v| *v as u8).collect());
        let norm = |v: &[f32]| v.iter().map(|x| f64::from(*x).powi(2)).sum::<f64>().sqrt();
        let as_given = norm(query);
        // Under cosine of length 1, so that products of huge values stay finite.
        let query = load(Datatype::F32, &stored);
        let query_norm = if bytes.is_some() { as_given } else { norm(&query) };
        let scratch = vec![0.0; query.len()];
        Ok(Self { metric: params.metric, query, bytes, query_norm, scratch })
    }

    /// The score of one row. Its length is the query's: both were checked against the same configuration.
    #[inline]
    pub(crate) fn score(&mut self, row: Row<'_>) -> f32 {
        let score = match row {
            Row::F32(row) => score_f32(self.metric, &self.query, row),
            Row::F16(row) => {
                self.widen(row);
                score_f32(self.metric, &self.query, &self.scratch)
            }
            Row::U8(row) => match &self.bytes {
                Some(query) => score_u8(self.metric, query, self.query_norm, row),
                None => self.score_mixed(row),
            },
        };
        if score.is_nan() { f32::NEG_INFINITY } else { score }
    }

    fn widen(&mut self, row: &[f16]) {
        self.scratch.resize(row.len(), 0.0);
        row.convert_to_f32_slice(&mut self.scratch);
    }

    fn score_mixed(&mut self, row: &[u8]) -> f32 {
        self.scratch.clear();
        self.scratch.extend(row.iter().map(|b| f32::from(*b)));
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
