//! What a walk finds: settings are tried on a sample of queries, and those that find more for less are kept.
//!
//! The curve answers "how far must I look for this recall" without anybody tuning. It is measured with nodes as queries that the walk passes
//! by as if they were not there, so that they are like queries nobody has seen. Counts only, no clock: the same graph has the same curve.

use super::search::{Stop, Walk};
pub(crate) use nigh_format::graph::CurvePoint;

/// Neighbours that curves are measured for.
pub(crate) const CURVE_K: usize = 10;
/// Sizes of the list that is looked at again.
pub(crate) const REFINES: [u32; 3] = [2, 4, 8];

/// What one setting found: distances a query, and recall for each of [`REFINES`].
pub(crate) type Finding = (f32, [f32; REFINES.len()]);

const WIDTHS: [u32; 12] = [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 512];
const SLACKS: [f32; 10] = [0.02, 0.05, 0.08, 0.11, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5];
/// Wide enough for the early end alone to decide.
const SLACK_WIDTHS: [u32; 2] = [64, 320];
/// Nothing is worth looking for beyond this.
const ENOUGH: f32 = 0.9995;

/// Tries settings and keeps the best, cheapest first: each finds more than all before it. `refine_cost` is what looking at a candidate again
/// costs, in distances; 0 where nothing is looked at again.
pub(crate) fn measure_curve(
    refine_cost: f32,
    mut try_setting: impl FnMut(Walk) -> Finding,
) -> Vec<CurvePoint> {
    let mut points = Vec::new();
    let mut sweep = |widths: &[u32], slacks: &[f32]| {
        for (width, slack) in widths.iter().flat_map(|w| slacks.iter().map(move |s| (*w, *s))) {
            let stop = Stop { k: CURVE_K, slack };
            let (distances, recalls) = try_setting(Walk { width: width as usize, stop, hide: None });
            for (recall, refine) in recalls.iter().zip(REFINES) {
                points.push(CurvePoint { recall: *recall, distances, width, slack, refine });
            }
            if recalls.iter().any(|recall| *recall >= ENOUGH) {
                break;
            }
        }
    };
    sweep(&WIDTHS, &[f32::INFINITY]);
    for width in SLACK_WIDTHS {
        sweep(&[width], &SLACKS);
    }
    let cost = |p: &CurvePoint| p.distances + refine_cost * (p.refine as usize * CURVE_K) as f32;
    points.sort_by(|a, b| cost(a).total_cmp(&cost(b)).then(b.recall.total_cmp(&a.recall)));
    let mut best = f32::NEG_INFINITY;
    points.retain(|point| {
        let better = point.recall > best;
        best = best.max(point.recall);
        better
    });
    points
}

/// How to walk for `k` neighbours so that about `recall` of them are found, and how many candidates to look at again for each.
pub(crate) fn pick(curve: &[CurvePoint], recall: f32, k: usize) -> (Walk, usize) {
    let enough = curve.iter().find(|point| point.recall >= recall);
    let Some(point) = enough.or_else(|| curve.last()) else {
        let stop = Stop { k, slack: f32::INFINITY };
        return (Walk { width: (8 * k).max(64), stop, hide: None }, 4);
    };
    // For more neighbours the beam grows with them; the early end is relative to the kth anyway.
    let width = (point.width as usize * k).div_ceil(CURVE_K).max(point.width as usize).max(k);
    (Walk { width, stop: Stop { k, slack: point.slack }, hide: None }, point.refine as usize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_curve_rises_and_pick_takes_the_cheapest_that_is_enough() {
        let curve = measure_curve(1.0, |walk| {
            let recall = (1.0 - 3.0 / walk.width as f32).min(1.0 - 0.1 / (1.0 + walk.stop.slack.min(10.0)));
            (walk.width as f32 * 10.0, [recall * 0.9, recall, recall])
        });
        assert!(curve.windows(2).all(|w| w[0].recall < w[1].recall));
        let (walk, _) = pick(&curve, 0.5, 10);
        assert!(walk.width <= 14);
        let (walk, _) = pick(&curve, 2.0, 100);
        assert!(walk.width >= 100);
    }

    #[test]
    fn without_a_curve_the_walk_is_wide() {
        assert_eq!(pick(&[], 0.9, 10).0.width, 80);
    }
}
