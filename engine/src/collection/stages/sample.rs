//! Points at random: a view and a seed go in, some of its live points come out, each as likely as the other.

use crate::collection::view::View;
use crate::error::Result;
use crate::filter::OffsetSet;
use crate::query::Hit;
use crate::threads::Limiter;
use std::collections::HashSet;

/// Places that are drawn for each point asked for before all of them are listed.
const DRAWS: usize = 8;

/// Up to `count` live points of those `among`, or of all, for which `is_wanted` holds, in random order, with score 0. The same ones for the same view and seed.
///
/// # Errors
/// Those of `is_wanted`; `Corrupt` if ids are damaged; `Cancelled` or `Timeout` from the limiter.
pub(in crate::collection) fn sample(
    view: &View,
    count: usize,
    seed: u64,
    limiter: &Limiter,
    among: Option<&[OffsetSet]>,
    is_wanted: impl Fn(&Hit) -> Result<bool>,
) -> Result<Vec<Hit>> {
    let total: u64 = view.segments.iter().map(|segment| u64::from(segment.len)).sum();
    let mut draws = Draws(seed);
    let (mut taken, mut found) = (HashSet::new(), Vec::new());
    let consider = |place: u64| -> Result<Option<Hit>> {
        let Some(hit) = live_at(view, among, place)? else { return Ok(None) };
        Ok(is_wanted(&hit)?.then_some(hit))
    };
    // Where points are plenty, single draws are cheap.
    for draw in 0..(count * DRAWS) {
        if found.len() == count || taken.len() as u64 * 2 > total {
            break;
        }
        if draw % 1024 == 0 {
            limiter.check()?;
        }
        let place = draws.below(total);
        if taken.insert(place) {
            found.extend(consider(place)?);
        }
    }
    if found.len() == count {
        return Ok(found);
    }
    let mut rest = Vec::new();
    for place in (0..total).filter(|place| !taken.contains(place)) {
        if place % 1024 == 0 {
            limiter.check()?;
        }
        rest.extend(consider(place)?);
    }
    draws.shuffle(&mut rest);
    found.extend(rest.into_iter().take(count - found.len()));
    Ok(found)
}

/// Some points in random order, with score 0.
pub(super) fn shuffled(hits: &[Hit], seed: u64) -> Vec<Hit> {
    let mut shuffled: Vec<Hit> = hits.iter().map(|hit| Hit { score: 0.0, ..*hit }).collect();
    Draws(seed).shuffle(&mut shuffled);
    shuffled
}

/// The point at a place of all segments one after the other, if it is alive and among those asked for.
fn live_at(view: &View, among: Option<&[OffsetSet]>, place: u64) -> Result<Option<Hit>> {
    let mut before = 0;
    for (segment, of) in view.segments.iter().enumerate() {
        if place < before + u64::from(of.len) {
            let offset = (place - before) as u32;
            let is_among = |sets: &[OffsetSet]| sets.get(segment).is_some_and(|set| set.contains(offset));
            if of.dead.contains(offset) || !among.is_none_or(is_among) {
                return Ok(None);
            }
            return Ok(Some(Hit { score: 0.0, id: of.id(offset)?, segment, offset }));
        }
        before += u64::from(of.len);
    }
    Ok(None)
}

/// SplitMix64 (Steele, Lea, Flood, OOPSLA 2014).
struct Draws(u64);

impl Draws {
    /// A number below `n`, or 0 if that is 0; biased by less than `n` / 2^64.
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((u128::from(z ^ z >> 31) * u128::from(n)) >> 64) as u64
    }

    /// Fisher and Yates.
    fn shuffle<T>(&mut self, items: &mut [T]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.below(last as u64 + 1) as usize);
        }
    }
}
