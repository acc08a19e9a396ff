//! What to seal, merge or vacuum: numbers about a collection go in, a decision comes out. No threads, no disk, no clock.
//!
//! Sealing bounds memory and the time of a replay. Merging keeps segments few: when a size tier is full, it is merged into the next one.
//! Vacuuming rewrites a segment with many dead points; a collection at rest is tidied at a lower threshold, so that space comes back.

use crate::ids::SegmentId;
use std::cmp::Reverse;
use std::time::Duration;

/// One sealed segment.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SegmentStats {
    pub(crate) id: SegmentId,
    pub(crate) point_count: u32,
    /// Dead now.
    pub(crate) dead_count: u32,
    /// Dead as of the last checkpoint: only these can be left out by a rewrite.
    pub(crate) dead_durable: u32,
    pub(crate) bytes: u64,
    /// It has enough points for a graph and has none, or one built in another way than is wanted now.
    pub(crate) lacks_index: bool,
    /// Failed too often; left alone until the next open.
    pub(crate) quarantined: bool,
    /// Rewrites of it that found no space.
    pub(crate) space_failure_count: u32,
}

/// A collection at one moment.
#[derive(Debug, Clone)]
pub(crate) struct Stats {
    pub(crate) mutable_bytes: u64,
    /// Log that a replay would read.
    pub(crate) wal_bytes: u64,
    /// Operations that the last checkpoint does not hold.
    pub(crate) pending_operations: u64,
    /// Time since the last write.
    pub(crate) idle: Duration,
    pub(crate) segments: Vec<SegmentStats>,
}

/// Thresholds.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) mutable_bytes_max: u64,
    pub(crate) segment_points_max: u64,
    pub(crate) merge_fan_in: usize,
    pub(crate) vacuum_dead_ratio: f32,
    /// Memory that a rewrite may take.
    pub(crate) memory_bytes_max: u64,
    /// Memory of a rewrite for each point.
    pub(crate) bytes_a_point: u64,
    /// Points from which on a segment has a graph, if any vector is indexed.
    pub(crate) graph_points_min: Option<u32>,
}

/// Segments to rewrite into one, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MergePlan {
    pub(crate) inputs: Vec<SegmentId>,
    pub(crate) reason: &'static str,
}

/// After this long without a write a collection is at rest.
const IDLE: Duration = Duration::from_secs(5);
/// At rest, a log longer than this is sealed so that the next open is quick.
const IDLE_WAL_BYTES: u64 = 4 << 20;
/// At rest, segments with more dead points than this are rewritten.
const IDLE_DEAD_RATIO: f32 = 0.05;
/// Without a write for so long, points without an index get one.
const INDEX_IDLE: Duration = Duration::from_millis(300);
/// A segment is taken along when all smaller ones together are at least this part of it: so nothing is rewritten often.
const TAKE_ALONG: u64 = 8;

/// Why to make a checkpoint now, if so.
pub(crate) fn plan_seal(stats: &Stats, rules: &Rules) -> Option<&'static str> {
    if stats.pending_operations == 0 {
        return None;
    }
    if stats.mutable_bytes >= rules.mutable_bytes_max {
        return Some("the mutable segment is full");
    }
    if stats.wal_bytes >= rules.mutable_bytes_max.saturating_mul(2) {
        return Some("the log is long");
    }
    let ratio = dead_ratio_max(stats, rules);
    let gains = |s: &SegmentStats| {
        !s.quarantined
            && exceeds(s.dead_count, s.point_count, ratio)
            && !exceeds(s.dead_durable, s.point_count, ratio)
    };
    if stats.segments.iter().any(gains) {
        return Some("deletes are waiting for a vacuum");
    }
    (stats.idle >= IDLE && stats.wal_bytes >= IDLE_WAL_BYTES).then_some("the collection is at rest")
}

/// Which segments to rewrite now, if any.
pub(crate) fn plan_merge(stats: &Stats, rules: &Rules) -> Option<MergePlan> {
    let fits = |points: u64| points.saturating_mul(rules.bytes_a_point) <= rules.memory_bytes_max;
    let usable: Vec<_> =
        stats.segments.iter().filter(|s| !s.quarantined && fits(s.point_count.into())).collect();
    let ratio = dead_ratio_max(stats, rules);
    let worst = usable
        .iter()
        .filter(|s| exceeds(s.dead_durable, s.point_count, ratio))
        // On a full disk another one may be small enough: those that failed less come first.
        .max_by_key(|s| {
            let ratio = u64::from(s.dead_durable) * 1_000_000 / u64::from(s.point_count.max(1));
            (Reverse(s.space_failure_count), ratio)
        });
    if let Some(worst) = worst {
        return Some(MergePlan { inputs: vec![worst.id], reason: "many dead points" });
    }
    if let Some(plan) = plan_index(&usable, stats, rules, &fits) {
        return Some(plan);
    }
    let tiers = usable.iter().map(|s| tier(s, rules)).max()?;
    for wanted in 0..=tiers {
        let mut inputs = Vec::new();
        let mut points = 0u64;
        for segment in usable.iter().filter(|s| tier(s, rules) == wanted) {
            let sum = points + u64::from(segment.point_count);
            if inputs.len() < rules.merge_fan_in && sum <= rules.segment_points_max && fits(sum) {
                inputs.push(segment.id);
                points = sum;
            }
        }
        if inputs.len() >= rules.merge_fan_in {
            return Some(MergePlan { inputs, reason: "a size tier is full" });
        }
    }
    if stats.idle < IDLE {
        return None;
    }
    // Each segment costs a walk: at rest, as many as possible become one.
    let has_graph = |s: &&&SegmentStats| rules.graph_points_min.is_some_and(|min| s.point_count >= min);
    let mut by_size: Vec<_> = usable.iter().filter(has_graph).copied().collect();
    by_size.sort_by_key(|s| (s.point_count, s.id));
    let inputs = take_along(Vec::new(), 0, &by_size, rules, &fits);
    (inputs.len() > 1).then_some(MergePlan { inputs, reason: "the collection is at rest" })
}

/// Segments that lack an index, and small ones that have one and come along.
fn plan_index(
    usable: &[&SegmentStats],
    stats: &Stats,
    rules: &Rules,
    fits: &dyn Fn(u64) -> bool,
) -> Option<MergePlan> {
    let lacking: Vec<_> = usable.iter().filter(|s| s.lacks_index).copied().collect();
    let bytes: u64 = lacking.iter().map(|s| s.bytes).sum();
    // While more is being written, a few are gathered first, so that what is written now is not indexed twice.
    let is_time = stats.idle >= INDEX_IDLE
        || lacking.len() * 2 >= rules.merge_fan_in
        || bytes >= rules.mutable_bytes_max.saturating_mul(4);
    if lacking.is_empty() || !is_time {
        return None;
    }
    let mut inputs = Vec::new();
    let mut points = 0;
    for segment in &lacking {
        let sum = points + u64::from(segment.point_count);
        if inputs.is_empty() || (sum <= rules.segment_points_max && fits(sum)) {
            inputs.push(segment.id);
            points = sum;
        }
    }
    let mut others: Vec<_> = usable.iter().filter(|s| !s.lacks_index).copied().collect();
    others.sort_by_key(|s| (s.point_count, s.id));
    let inputs = take_along(inputs, points, &others, rules, fits);
    Some(MergePlan { inputs, reason: "points without an index" })
}

/// Adds the smallest of `by_size` one by one, as long as what is there already is a fair part of the next one.
fn take_along(
    mut inputs: Vec<SegmentId>,
    mut points: u64,
    by_size: &[&SegmentStats],
    rules: &Rules,
    fits: &dyn Fn(u64) -> bool,
) -> Vec<SegmentId> {
    for segment in by_size {
        let count = u64::from(segment.point_count);
        let sum = points + count;
        let fair = inputs.is_empty() || points.saturating_mul(TAKE_ALONG) >= count;
        if !fair || sum > rules.segment_points_max || !fits(sum) {
            break;
        }
        inputs.push(segment.id);
        points = sum;
    }
    inputs
}

fn dead_ratio_max(stats: &Stats, rules: &Rules) -> f32 {
    if stats.idle >= IDLE { IDLE_DEAD_RATIO.min(rules.vacuum_dead_ratio) } else { rules.vacuum_dead_ratio }
}

fn exceeds(dead: u32, points: u32, ratio: f32) -> bool {
    dead > 0 && dead as f32 > points as f32 * ratio
}

/// Tier 0 holds what one seal makes; each further tier is `merge_fan_in` times as large.
fn tier(segment: &SegmentStats, rules: &Rules) -> u32 {
    let mut tier = 0;
    let mut bound = rules.mutable_bytes_max.saturating_mul(2).max(1);
    while segment.bytes > bound && tier < 32 {
        bound = bound.saturating_mul(rules.merge_fan_in as u64);
        tier += 1;
    }
    tier
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: Rules = Rules {
        mutable_bytes_max: 1000,
        segment_points_max: 10_000,
        merge_fan_in: 4,
        vacuum_dead_ratio: 0.2,
        memory_bytes_max: 1 << 30,
        bytes_a_point: 72,
        graph_points_min: Some(500),
    };

    fn segment(id: u64, points: u32, dead: u32, bytes: u64) -> SegmentStats {
        let (point_count, dead_count, dead_durable) = (points, dead, dead);
        SegmentStats {
            id: SegmentId(id),
            point_count,
            dead_count,
            dead_durable,
            bytes,
            lacks_index: false,
            quarantined: false,
            space_failure_count: 0,
        }
    }

    fn stats(segments: Vec<SegmentStats>) -> Stats {
        let idle = Duration::ZERO;
        Stats { mutable_bytes: 0, wal_bytes: 0, pending_operations: 1, idle, segments }
    }

    #[test]
    fn seals_when_memory_or_log_is_full() {
        assert_eq!(plan_seal(&stats(vec![]), &RULES), None);
        assert!(plan_seal(&Stats { mutable_bytes: 1000, ..stats(vec![]) }, &RULES).is_some());
        assert!(plan_seal(&Stats { wal_bytes: 2000, ..stats(vec![]) }, &RULES).is_some());
        let nothing = Stats { mutable_bytes: 1000, pending_operations: 0, ..stats(vec![]) };
        assert_eq!(plan_seal(&nothing, &RULES), None);
    }

    #[test]
    fn merges_a_full_tier_and_only_that() {
        let mut segments: Vec<_> = (1..4).map(|i| segment(i, 100, 0, 900)).collect();
        assert_eq!(plan_merge(&stats(segments.clone()), &RULES), None);
        segments.push(segment(4, 100, 0, 9_000));
        assert_eq!(plan_merge(&stats(segments.clone()), &RULES), None);
        segments.push(segment(5, 100, 0, 900));
        let plan = plan_merge(&stats(segments), &RULES).expect("a plan");
        assert_eq!(plan.inputs, [1, 2, 3, 5].map(SegmentId));
    }

    #[test]
    fn vacuums_the_deadest_segment_first() {
        let plan = plan_merge(&stats(vec![segment(1, 100, 21, 900), segment(2, 100, 60, 900)]), &RULES);
        assert_eq!(plan.expect("a plan").inputs, [SegmentId(2)]);
        assert_eq!(plan_merge(&stats(vec![segment(1, 100, 20, 900)]), &RULES), None);
        let idle = Stats { idle: IDLE, ..stats(vec![segment(1, 100, 20, 900)]) };
        assert!(plan_merge(&idle, &RULES).is_some());
    }

    #[test]
    fn turns_to_another_segment_where_the_disk_was_too_full() {
        let failed = SegmentStats { space_failure_count: 1, ..segment(1, 100, 60, 900) };
        let plan = plan_merge(&stats(vec![failed, segment(2, 100, 30, 300)]), &RULES);
        assert_eq!(plan.expect("a plan").inputs, [SegmentId(2)]);
    }

    #[test]
    fn leaves_quarantined_and_oversize_segments_alone() {
        let bad = SegmentStats { quarantined: true, ..segment(1, 100, 90, 900) };
        assert_eq!(plan_merge(&stats(vec![bad]), &RULES), None);
        let big = Rules { memory_bytes_max: 1000, ..RULES };
        assert_eq!(plan_merge(&stats(vec![segment(1, 100, 90, 900)]), &big), None);
    }
}
