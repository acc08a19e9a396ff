//! A quick no: a query and a row as `f32` go in, a number comes out that the row's key is not below.
//!
//! Most rows are far from a query, and plain `f32` sums show it at a fraction of the cost of a key. A row
//! whose bound lies above the worst of the best `k` needs no key; for every other row distance.rs decides.
//! So the answers are those of the keys alone, bit by bit.
//!
//! Why it holds: an `f32` sum of n terms over [`LANES`] lanes passes each term through at most
//! m = n / LANES + LANES + 4 roundings, those of the term included, so it is off by at most a factor
//! 1 ± 1.34 m u where m u ≤ 1/4, with u = 2^-24; for a sum of products of either sign the same factor applies
//! to |query| |row| (Cauchy-Schwarz). [`slack`] is 2 m u, which leaves room for the `f64` roundings of keys.
//! Overflow and underflow void the argument: they are told by the size of the sums, and bound nothing.
//! Reference: Higham, "Accuracy and Stability of Numerical Algorithms", sections 3.1 and 4.2.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use super::GroundTruthMetric;
use crate::vector_set::Row;

/// Four registers of four floats: enough sums at a time to hide the latency of an addition.
const LANES: usize = 16;

/// Squared lengths between which no product of two rows overflows, and what underflows is below any slack.
const SQUARES: RangeInclusive<f64> = 1e-18..=1e30;

/// More than the absolute error that underflow brings into one squared difference.
const UNDERFLOW: f64 = 1e-44;

/// One query, prepared to be held against many rows.
pub(super) struct Bound<'a> {
    metric: GroundTruthMetric,
    query: Cow<'a, [f32]>,
    /// An `f32` sum, as for the rows.
    norm: f64,
    slack: f64,
}

/// A row of the base as exact `f32`, with what is the same for all queries.
pub(super) struct NarrowRow<'a> {
    values: Cow<'a, [f32]>,
    norm: f64,
}

impl<'a> NarrowRow<'a> {
    /// `None` for integers that no `f32` holds, and where lengths matter but are too small or too large.
    pub(super) fn new(metric: GroundTruthMetric, row: Row<'a>) -> Option<Self> {
        let values = exact(row)?;
        let norm = norm(metric, &values)?;
        Some(Self { values, norm })
    }
}

impl<'a> Bound<'a> {
    /// `None` as for [`NarrowRow::new`], and for rows so long that the argument fails.
    pub(super) fn new(metric: GroundTruthMetric, row: Row<'a>) -> Option<Self> {
        let query = exact(row)?;
        let norm = norm(metric, &query)?;
        let slack = slack(query.len())?;
        Some(Self { metric, query, norm, slack })
    }

    /// A number that the key of `row` is not below; minus infinity when nothing can be said.
    pub(super) fn below(&self, row: &NarrowRow<'_>) -> f64 {
        let (query, base) = (&self.query, &row.values);
        match self.metric {
            GroundTruthMetric::L2 => self.of_positive_terms(sum(query, base, |a, b| (a - b) * (a - b))),
            GroundTruthMetric::L1 => self.of_positive_terms(sum(query, base, |a, b| (a - b).abs())),
            GroundTruthMetric::Dot => {
                let norms = self.norm * row.norm;
                -f64::from(sum(query, base, |a, b| a * b)) - 2.0 * self.slack * norms
            }
            GroundTruthMetric::Cosine => {
                let norms = self.norm * row.norm;
                -f64::from(sum(query, base, |a, b| a * b)) / norms - 2.0 * self.slack
            }
        }
    }

    fn of_positive_terms(&self, sum: f32) -> f64 {
        if sum.is_finite() {
            f64::from(sum) * (1.0 - self.slack) - UNDERFLOW * self.query.len() as f64
        } else {
            f64::NEG_INFINITY
        }
    }
}

/// 2 m u; `None` where m u is above a quarter.
fn slack(dim: usize) -> Option<f64> {
    let roundings = dim / LANES + LANES + 4;
    let slack = roundings as f64 * f64::from(f32::EPSILON);
    (slack <= 0.5).then_some(slack)
}

/// The row, if every value of it is an `f32`.
fn exact(row: Row<'_>) -> Option<Cow<'_, [f32]>> {
    let fits = match row {
        Row::F32(_) | Row::U8(_) | Row::I8(_) => true,
        Row::I32(values) => values.iter().all(|value| value.unsigned_abs() <= 1 << f32::MANTISSA_DIGITS),
    };
    fits.then(|| row.to_f32())
}

/// The length, where the metric needs one.
fn norm(metric: GroundTruthMetric, values: &[f32]) -> Option<f64> {
    match metric {
        GroundTruthMetric::L2 | GroundTruthMetric::L1 => Some(0.0),
        GroundTruthMetric::Dot | GroundTruthMetric::Cosine => {
            let squared = f64::from(sum(values, values, |a, b| a * b));
            SQUARES.contains(&squared).then(|| squared.sqrt())
        }
    }
}

fn sum(query: &[f32], base: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let mut lanes = [0.0; LANES];
    let (query_blocks, query_rest) = query.as_chunks::<LANES>();
    let (base_blocks, base_rest) = base.as_chunks::<LANES>();
    for (a, b) in query_blocks.iter().zip(base_blocks) {
        for lane in 0..LANES {
            lanes[lane] += term(a[lane], b[lane]);
        }
    }
    for ((lane, &a), &b) in lanes.iter_mut().zip(query_rest).zip(base_rest) {
        *lane += term(a, b);
    }
    lanes.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::super::distance::Query;
    use super::{Bound, GroundTruthMetric, NarrowRow};
    use crate::vector_set::Row;

    const METRICS: [GroundTruthMetric; 4] =
        [GroundTruthMetric::L2, GroundTruthMetric::Dot, GroundTruthMetric::Cosine, GroundTruthMetric::L1];

    /// The bound, or `None` where there is none, and the key.
    fn both(metric: GroundTruthMetric, query: Row<'_>, base: Row<'_>) -> (Option<f64>, f64) {
        let bound = Bound::new(metric, query).zip(NarrowRow::new(metric, base));
        (bound.map(|(bound, row)| bound.below(&row)), Query::new(metric, query).key(base))
    }

    /// Numbers of both signs, from about -1 to 1.
    fn numbers(count: usize, mut state: u32) -> Vec<f32> {
        let step = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            state.cast_signed() as f32 / 2_147_483_648.0
        };
        std::iter::repeat_with(step).take(count).collect()
    }

    #[test]
    fn no_key_is_below_its_bound_and_most_are_near_it() {
        for dim in (1..70).chain([384, 1_000]) {
            for seed in 0..20 {
                let (query, mut base) = (numbers(dim, seed), numbers(dim, seed + 1_000));
                if seed % 4 == 0 {
                    // A near neighbour, where differences cancel.
                    base = query.iter().zip(&base).map(|(a, b)| a + b * 1e-4).collect();
                }
                for metric in METRICS {
                    let (bound, key) = both(metric, Row::F32(&query), Row::F32(&base));
                    let bound = bound.expect("ordinary numbers have a bound");
                    assert!(bound <= key, "{metric:?}, {dim}, {seed}: {bound} above {key}");
                    let scale = key.abs().max(dim as f64);
                    assert!(
                        key - bound <= 1e-4 * scale,
                        "{metric:?}, {dim}, {seed}: {bound} far below {key}"
                    );
                }
            }
        }
    }

    #[test]
    fn numbers_at_the_edges_of_f32_never_bound_too_high() {
        let edges =
            [0.0, -0.0, 1e-45, -1e-38, 1e-30, 1e-20, 1e-9, -1.0, 1e9, 1e16, -1e20, 1e38, f32::MAX, f32::MIN];
        for a in edges {
            for b in edges {
                for metric in METRICS {
                    let (bound, key) = both(metric, Row::F32(&[a, b, a]), Row::F32(&[b, b, a]));
                    assert!(bound.is_none_or(|bound| bound <= key), "{metric:?} of {a} and {b}");
                }
            }
        }
    }

    #[test]
    fn integers_that_no_f32_holds_have_no_bound() {
        let (wide, narrow) = ([16_777_217, i32::MIN], [16_777_216, -16_777_216]);
        for metric in METRICS {
            assert_eq!(both(metric, Row::I32(&wide), Row::I32(&narrow)).0, None);
            assert_eq!(both(metric, Row::U8(&[1, 2]), Row::I32(&wide)).0, None);
            let (bound, key) = both(metric, Row::I8(&[-3, 2]), Row::I32(&narrow));
            assert!(bound.is_some_and(|bound| bound <= key));
        }
    }
}
