//! What is searched for: indices in ascending order, each with its weight.

use crate::point::SparseVector;

/// The indices of a query with their weights, ascending.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct SparseQuery {
    pub(crate) terms: Vec<(u32, f32)>,
}

impl SparseQuery {
    pub(crate) fn new(vector: &SparseVector) -> Self {
        Self { terms: vector.iter().collect() }
    }

    /// The query with each weight times the rarity of its index. `point_count` is how many points have the vector, in all segments;
    /// `point_count_of` tells how many have an index.
    pub(crate) fn with_idf<E>(
        mut self,
        point_count: u64,
        mut point_count_of: impl FnMut(u32) -> Result<u64, E>,
    ) -> Result<Self, E> {
        for (term, weight) in &mut self.terms {
            *weight = (f64::from(*weight) * idf(point_count, point_count_of(*term)?)) as f32;
        }
        Ok(self)
    }
}

/// How rare an index is that `with_index` of `point_count` points have: ln((N − df + 0.5) / (df + 0.5) + 1), the form of BM25 that is never
/// negative (Lucene's, after Robertson and Zaragoza, "The Probabilistic Relevance Framework", 2009).
///
/// ```
/// assert!(nigh::idf(100, 1) > nigh::idf(100, 50));
/// assert!(nigh::idf(100, 100) > 0.0);
/// ```
#[must_use]
pub fn idf(point_count: u64, with_index: u64) -> f64 {
    let with_index = with_index.min(point_count);
    (((point_count - with_index) as f64 + 0.5) / (with_index as f64 + 0.5)).ln_1p()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idf_falls_as_an_index_gets_common_and_stays_above_zero() {
        for point_count in [1_u64, 2, 10, 1000, 1 << 40] {
            let counts = (0..=10).map(|tenth| point_count * tenth / 10);
            let values: Vec<f64> = counts.map(|count| idf(point_count, count)).collect();
            assert!(values.is_sorted_by(|a, b| a >= b) && values.iter().all(|v| *v > 0.0), "{values:?}");
        }
        let plain = |n: f64, df: f64| ((n - df + 0.5) / (df + 0.5) + 1.0).ln();
        for (n, df) in [(10, 3), (1_000_000, 1), (7, 7), (5, 0)] {
            assert!((idf(n, df) - plain(n as f64, df as f64)).abs() < 1e-12);
        }
        assert_eq!(idf(3, 9), idf(3, 3));
    }

    #[test]
    fn each_weight_is_multiplied() {
        let query = SparseQuery::new(&SparseVector::new([2, 7], [2.0, -1.0]).unwrap());
        let counts = |term| Ok::<_, ()>(if term == 2 { 1 } else { 9 });
        let terms = query.with_idf(10, counts).unwrap().terms;
        assert_eq!(terms, [(2, (2.0 * idf(10, 1)) as f32), (7, -idf(10, 9) as f32)]);
    }
}
