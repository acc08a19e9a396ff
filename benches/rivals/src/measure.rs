//! The measuring: a set goes in, build times and points of recall and speed come out.
//!
//! Speed is in seconds that the processor worked for this process, so that neighbours on the machine do not count. In each round, and for
//! each `ef`, everybody is asked all queries, one after the other: what drifts, drifts for all.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use anyhow::Context;
use cpu_time::ProcessTime;

use crate::cli::{Kind, MeasureArgs};
use crate::contestants::{self, Contestant, GraphParams};
use crate::set::Set;

/// Asked before the clock starts.
const WARM_UP_QUERIES: usize = 30;
/// All queries are asked again until they took this much of the processor's time.
const CPU_MIN: Duration = Duration::from_millis(400);

/// A library that has indexed the set, and what that took.
pub(crate) struct Built {
    pub(crate) kind: Kind,
    pub(crate) graph: GraphParams,
    pub(crate) cpu: Duration,
    pub(crate) wall: Duration,
    contestant: Box<dyn Contestant>,
}

/// What one library did at one setting in one round.
#[derive(Debug, Clone)]
pub(crate) struct Point {
    pub(crate) kind: Kind,
    pub(crate) round: usize,
    pub(crate) ef: usize,
    pub(crate) recall: f64,
    /// Queries in a second of the processor's time.
    pub(crate) qps_cpu: f64,
    /// Queries in a second by the clock on the wall.
    pub(crate) qps_wall: f64,
}

/// Indexes the set.
pub(crate) fn build(kind: Kind, set: &Set, graph: GraphParams) -> anyhow::Result<Built> {
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let contestant =
        contestants::build(kind, set, graph).with_context(|| format!("{} cannot be built", kind.name()))?;
    Ok(Built { kind, graph, cpu: cpu.elapsed(), wall: wall.elapsed(), contestant })
}

/// Asks everybody everything, in turns; each point is told as soon as it is known.
pub(crate) fn rounds(
    builds: &mut [Built],
    set: &Set,
    args: &MeasureArgs,
    mut tell: impl FnMut(&Point) -> anyhow::Result<()>,
) -> anyhow::Result<Vec<Point>> {
    let mut points = Vec::new();
    // The same index finds the same again.
    let mut recalls: BTreeMap<(usize, usize), f64> = BTreeMap::new();
    let mut found = vec![0; set.query_count() * set.k];
    for round in 0..args.rounds {
        for &ef in &args.ef {
            for (place, built) in builds.iter_mut().enumerate() {
                let (qps_cpu, qps_wall) = ask(built.contestant.as_mut(), ef, &mut found, set.k)?;
                let recall = match recalls.get(&(place, ef)) {
                    Some(recall) => *recall,
                    None => set.recall(&found)?,
                };
                recalls.insert((place, ef), recall);
                let point = Point { kind: built.kind, round, ef, recall, qps_cpu, qps_wall };
                tell(&point)?;
                points.push(point);
            }
        }
    }
    Ok(points)
}

/// Asks all queries, one at a time, each with room for `k` answers in `found`; how many of them in a second of the processor's time, and by
/// the clock on the wall.
fn ask(
    contestant: &mut dyn Contestant,
    ef: usize,
    found: &mut [u32],
    k: usize,
) -> anyhow::Result<(f64, f64)> {
    contestant.set_ef(ef);
    for (query, out) in found.chunks_mut(k).take(WARM_UP_QUERIES).enumerate() {
        contestant.search(query, out)?;
    }
    let (wall, cpu) = (Instant::now(), ProcessTime::now());
    let mut asked = 0;
    while asked == 0 || cpu.elapsed() < CPU_MIN {
        for (query, out) in found.chunks_mut(k).enumerate() {
            contestant.search(query, out)?;
        }
        asked += found.len() / k;
    }
    Ok((asked as f64 / cpu.elapsed().as_secs_f64(), asked as f64 / wall.elapsed().as_secs_f64()))
}
