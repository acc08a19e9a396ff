//! How fast someone is at one recall: points of recall and speed go in, a speed comes out.
//!
//! Only points count that no other beats in both; between two neighbours the speed's logarithm goes in proportion to the logarithm of
//! what recall misses. Nothing is said beyond the last point.

/// What a recall of 1 is taken to miss, so that it has a logarithm.
const MISS_MIN: f64 = 1e-5;

/// Queries a second at `target`; `None` where no point reaches it. `points` are recall and queries a second, in any order.
pub(crate) fn speed_at(points: &[(f64, f64)], target: f64) -> Option<f64> {
    let frontier = frontier(points);
    let above = frontier.iter().position(|(recall, _)| *recall >= target)?;
    let (recall, speed) = frontier[above];
    let Some((recall_below, speed_below)) = above.checked_sub(1).map(|below| frontier[below]) else {
        return Some(speed);
    };
    let nines = |recall: f64| -(1.0 - recall + MISS_MIN).ln();
    let share = (nines(target) - nines(recall_below)) / (nines(recall) - nines(recall_below));
    Some((speed_below.ln() * (1.0 - share) + speed.ln() * share).exp())
}

/// The points that no other beats: recall rises, speed falls.
fn frontier(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut by_recall = points.to_vec();
    by_recall.sort_by(|a, b| b.0.total_cmp(&a.0).then(b.1.total_cmp(&a.1)));
    let mut fastest = 0.0;
    by_recall.retain(|(_, speed)| {
        let faster = *speed > fastest;
        fastest = speed.max(fastest);
        faster
    });
    by_recall.reverse();
    by_recall
}

/// The one in the middle of an odd number, or the mean of the two; `None` of nothing.
pub(crate) fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    Some(if sorted.len().is_multiple_of(2) { (sorted[sorted.len() / 2 - 1] + upper) / 2.0 } else { upper })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn speed_is_read_between_points_and_never_beyond() {
        let points = [(0.99, 100.0), (0.9, 1000.0), (0.95, 50.0)];
        assert_eq!(speed_at(&points, 0.9), Some(1000.0));
        assert_eq!(speed_at(&points, 0.5), Some(1000.0));
        assert_eq!(speed_at(&points, 0.995), None);
        // One nine between them: half of it is at a miss of 10^-1.5; the point at 0.95 is beaten and does not count.
        let middle = speed_at(&points, 1.0 - 10_f64.powf(-1.5)).expect("between two points");
        assert!((middle - 1e5_f64.sqrt()).abs() < 0.1, "{middle}");
    }

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
        assert_eq!(median(&[]), None);
    }
}
