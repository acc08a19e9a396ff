//! The reference arithmetic: a query bound to a metric and a row go in, a key to rank by comes out.
//!
//! Keys are `f64`, smaller is nearer, never NaN and never -0, so that equal distances compare equal.
//! Two `u8` rows are compared in integers, which is exact; everything else in `f64`, summed in a fixed
//! order over eight lanes, which is the same on every machine. Written to be read, not to be fast: bound.rs
//! keeps most rows away from here.

use super::GroundTruthMetric;
use crate::vector_set::Row;

/// Sums in this many lanes hide the latency of the additions.
const LANES: usize = 8;

/// `u8` products summed in a `u32` before it is carried over: 4,096 times 255² stays below 2^32.
const U8_BLOCK: usize = 4096;

/// One query, prepared to be compared with many rows.
pub(super) struct Query<'a> {
    metric: GroundTruthMetric,
    row: Row<'a>,
    /// The same row as `f64`; exact for every element type.
    wide: Vec<f64>,
    norm: f64,
}

impl<'a> Query<'a> {
    pub(super) fn new(metric: GroundTruthMetric, row: Row<'a>) -> Self {
        let wide = row.to_f64();
        let norm = sum(&wide, &wide, |a, b| a * b).sqrt();
        Self { metric, row, wide, norm }
    }

    /// The key of a base row of the same dimension: as [`reported`], but cosines are only negated, since
    /// `1 - cos` would round away the last bits that tell neighbours apart.
    pub(super) fn key(&self, base: Row<'_>) -> f64 {
        let key = match (self.row, base) {
            (Row::U8(query), Row::U8(base)) => self.integer_key(query, base),
            (_, Row::F32(base)) => self.wide_key(base),
            (_, Row::U8(base)) => self.wide_key(base),
            (_, Row::I8(base)) => self.wide_key(base),
            (_, Row::I32(base)) => self.wide_key(base),
        };
        // -0 becomes 0; every other number stays.
        key + 0.0
    }

    fn wide_key<T: Copy + Into<f64>>(&self, base: &[T]) -> f64 {
        let query = &self.wide;
        match self.metric {
            GroundTruthMetric::L2 => sum(query, base, |a, b| (a - b) * (a - b)),
            GroundTruthMetric::Dot => -sum(query, base, |a, b| a * b),
            GroundTruthMetric::L1 => sum(query, base, |a, b| (a - b).abs()),
            GroundTruthMetric::Cosine => {
                let dot = sum(query, base, |a, b| a * b);
                self.cosine_key(dot, sum(query, base, |_, b| b * b))
            }
        }
    }

    fn integer_key(&self, query: &[u8], base: &[u8]) -> f64 {
        match self.metric {
            GroundTruthMetric::L2 => integer_sum(query, base, |a, b| a.abs_diff(b).pow(2)),
            GroundTruthMetric::Dot => -integer_sum(query, base, |a, b| a * b),
            GroundTruthMetric::L1 => integer_sum(query, base, |a, b| a.abs_diff(b)),
            GroundTruthMetric::Cosine => {
                let dot = integer_sum(query, base, |a, b| a * b);
                self.cosine_key(dot, integer_sum(query, base, |_, b| b * b))
            }
        }
    }

    fn cosine_key(&self, dot: f64, base_norm_squared: f64) -> f64 {
        let norms = self.norm * base_norm_squared.sqrt();
        if norms > 0.0 { -dot / norms } else { 0.0 }
    }
}

/// The distance that a key stands for, rounded to `f32`; infinite when it is beyond `f32`.
pub(super) fn reported(metric: GroundTruthMetric, key: f64) -> f32 {
    match metric {
        GroundTruthMetric::L2 | GroundTruthMetric::Dot | GroundTruthMetric::L1 => key as f32,
        // Rounding may take a cosine a hair beyond 1.
        GroundTruthMetric::Cosine => (1.0 + key).clamp(0.0, 2.0) as f32,
    }
}

fn sum<T: Copy + Into<f64>>(query: &[f64], base: &[T], term: impl Fn(f64, f64) -> f64) -> f64 {
    let mut lanes = [0.0; LANES];
    let (query_blocks, query_rest) = query.as_chunks::<LANES>();
    let (base_blocks, base_rest) = base.as_chunks::<LANES>();
    for (a, b) in query_blocks.iter().zip(base_blocks) {
        for lane in 0..LANES {
            lanes[lane] += term(a[lane], b[lane].into());
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(query_rest).zip(base_rest) {
        *lane += term(a, b.into());
    }
    lanes.iter().sum()
}

/// Exact as long as the sum is below 2^53, that is for any dimension up to 2^37.
fn integer_sum(query: &[u8], base: &[u8], term: impl Fn(u32, u32) -> u32) -> f64 {
    let block_sum = |(a, b): (&[u8], &[u8])| {
        let terms = a.iter().zip(b).map(|(&a, &b)| term(u32::from(a), u32::from(b)));
        u64::from(terms.sum::<u32>())
    };
    query.chunks(U8_BLOCK).zip(base.chunks(U8_BLOCK)).map(block_sum).sum::<u64>() as f64
}

#[cfg(test)]
mod tests {
    use super::{GroundTruthMetric, Query, reported};
    use crate::vector_set::Row;

    const METRICS: [GroundTruthMetric; 4] =
        [GroundTruthMetric::L2, GroundTruthMetric::Dot, GroundTruthMetric::Cosine, GroundTruthMetric::L1];

    #[test]
    fn integers_and_floats_agree_bit_by_bit() {
        for dim in (1..40).chain([4095, 4096, 4097, 9000]) {
            let query: Vec<u8> = (0..dim).map(|i| (i * 89 + 7) as u8).collect();
            let base: Vec<u8> = (0..dim).map(|i| (i * 151 + 255) as u8).collect();
            let (wide_query, wide_base) = (Row::U8(&query).to_f32(), Row::U8(&base).to_f32());
            for metric in METRICS {
                let exact = Query::new(metric, Row::U8(&query)).key(Row::U8(&base));
                let float = Query::new(metric, Row::F32(&wide_query)).key(Row::F32(&wide_base));
                let mixed = Query::new(metric, Row::F32(&wide_query)).key(Row::U8(&base));
                assert_eq!(exact.to_bits(), float.to_bits(), "{metric:?}, {dim}");
                assert_eq!(exact.to_bits(), mixed.to_bits(), "{metric:?}, {dim}");
            }
        }
    }

    #[test]
    fn the_largest_bytes_do_not_overflow() {
        let (query, base) = (vec![255; 70_000], vec![0; 70_000]);
        let key = Query::new(GroundTruthMetric::L2, Row::U8(&query)).key(Row::U8(&base));
        assert_eq!(key, 70_000.0 * 65_025.0);
    }

    #[test]
    fn no_key_is_minus_zero() {
        for metric in METRICS {
            for base in [[0.0, 0.0], [-0.0, 0.0], [0.0, -1.0]] {
                let key = Query::new(metric, Row::F32(&[-1.0, 0.0])).key(Row::F32(&base));
                assert!(key != 0.0 || key.is_sign_positive(), "{metric:?} of {base:?}");
            }
        }
    }

    #[test]
    fn a_zero_vector_is_at_cosine_distance_one() {
        let metric = GroundTruthMetric::Cosine;
        let key = Query::new(metric, Row::F32(&[1.0, 2.0])).key(Row::F32(&[0.0, 0.0]));
        assert_eq!(reported(metric, key), 1.0);
    }
}
