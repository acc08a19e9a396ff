//! Exact search: every live row of every segment is scored.

use super::top_k::{Hit, TopK};
use crate::error::Result;
use crate::scorer::Scorer;
use crate::segment::SegmentView;
use crate::threads::Limiter;

/// The best `k` points by `scorer` over all segments, best first.
///
/// # Errors
/// `Cancelled` or `Timeout` from the limiter, checked every thousand rows or so; `Corrupt` if a row's block is damaged.
pub(crate) fn search_exact(
    segments: &[SegmentView],
    vector: usize,
    mut scorer: Scorer,
    k: usize,
    threshold: Option<f32>,
    limiter: &Limiter<'_>,
) -> Result<Vec<Hit>> {
    let mut top = TopK::new(k, threshold);
    limiter.check()?;
    for (segment, view) in segments.iter().enumerate() {
        if view.live_count() == 0 {
            continue;
        }
        // A point's id is looked up only when its score gets it in. Mutable chunks are locked during a scan, so ids come after.
        let mut local = LocalTop::new(k, threshold);
        view.scan(
            vector,
            || limiter.check(),
            |offset, row| {
                let score = scorer.score(row);
                if top.admits(score) && local.admits(score) {
                    local.push(score, offset);
                }
            },
        )?;
        for (score, offset) in local.finish() {
            top.push(Hit { score, id: view.id(offset)?, segment, offset });
        }
    }
    Ok(top.into_sorted())
}

/// Candidates of one segment: at least the best `k`, ties with the worst included, since ids are not known yet.
struct LocalTop {
    k: usize,
    threshold: Option<f32>,
    kept: Vec<(f32, u32)>,
    /// Nothing below this can be among the best `k`.
    floor: f32,
}

impl LocalTop {
    fn new(k: usize, threshold: Option<f32>) -> Self {
        Self { k, threshold, kept: Vec::new(), floor: f32::NEG_INFINITY }
    }

    #[inline]
    fn admits(&self, score: f32) -> bool {
        score >= self.floor && self.threshold.is_none_or(|t| score > t)
    }

    fn push(&mut self, score: f32, offset: u32) {
        self.kept.push((score, offset));
        if self.kept.len() >= 2 * self.k + 64 {
            self.shrink();
        }
    }

    /// Drops what is below the `k`th best score.
    fn shrink(&mut self) {
        if self.kept.len() <= self.k {
            return;
        }
        let (_, kth, _) = self.kept.select_nth_unstable_by(self.k - 1, |a, b| b.0.total_cmp(&a.0));
        self.floor = kth.0;
        let floor = self.floor;
        self.kept.retain(|(score, _)| *score >= floor);
    }

    fn finish(mut self) -> Vec<(f32, u32)> {
        self.shrink();
        self.kept
    }
}
