//! Which points pass a filter: segments of one moment and a compiled filter go in, a set of offsets for each segment comes out.
//!
//! What a segment answers for all of its points at once is taken first; the points that are left are asked one by one, in parts that the search pool
//! shares. Scrolling asks only as many as the page needs.

use crate::error::{Error, Result};
use crate::filter::{CompiledFilter, OffsetSet};
use crate::point::PointId;
use crate::segment::{PointAt, SegmentView};
use crate::threads::{Limiter, Pool};
use std::ops::Range;
use std::sync::Arc;

/// Points that one thread asks at a time: whole words of a set.
const PART_OFFSETS: u32 = 4096;

/// What is known of a segment before its points are asked: those that may pass, and the places of the conditions that are open.
type Narrowed = (OffsetSet, Vec<usize>);

/// Of each segment, some of its points.
pub(crate) type Matches = Arc<[OffsetSet]>;

/// The points of each segment that are alive and pass; of those `within`, if not of all.
///
/// # Errors
/// `Cancelled` or `Timeout` from the limiter, checked every few thousand points; `Corrupt` if a payload's block is damaged.
pub(crate) fn matching(
    segments: &Arc<[SegmentView]>,
    filter: &Arc<CompiledFilter>,
    within: Option<&Matches>,
    limiter: &Limiter,
    pool: &Pool,
) -> Result<Matches> {
    let narrow = |(place, view): (usize, &SegmentView)| {
        limiter.check()?;
        let known = within.and_then(|within| within.get(place)).cloned();
        filter.answered(known.unwrap_or_else(|| view.live()), view)
    };
    let narrowed: Arc<[Narrowed]> =
        segments.iter().enumerate().map(narrow).collect::<Result<Vec<_>>>()?.into();
    let mut parts = Vec::new();
    for (place, (set, _)) in narrowed.iter().enumerate().filter(|(_, (_, open))| !open.is_empty()) {
        let ends = (0..set.words().len() as u32 * 64).step_by(PART_OFFSETS as usize);
        parts.extend(ends.map(|start| (place, start..start + PART_OFFSETS)));
    }
    let mut sets: Vec<OffsetSet> = narrowed.iter().map(|(set, _)| set.clone()).collect();
    let work = {
        let (segments, filter, limiter) = (Arc::clone(segments), Arc::clone(filter), limiter.clone());
        move |(place, offsets): &(usize, Range<u32>)| {
            limiter.check()?;
            match (segments.get(*place), narrowed.get(*place)) {
                (Some(view), Some(known)) => {
                    failing(view, &filter, known, offsets.clone()).map(|f| (*place, f))
                }
                _ => Err(Error::internal("a part of no segment")),
            }
        }
    };
    for part in pool.map(parts, work) {
        let (place, failing) = part.ok_or_else(|| Error::internal("a search thread panicked"))??;
        if let Some(set) = sets.get_mut(place) {
            failing.into_iter().for_each(|offset| set.remove(offset));
        }
    }
    Ok(sets.into())
}

/// Those points of a part that may pass by what is known, and do not.
fn failing(
    view: &SegmentView,
    filter: &CompiledFilter,
    (may, open): &Narrowed,
    offsets: Range<u32>,
) -> Result<Vec<u32>> {
    let mut failing = Vec::new();
    for offset in may.iter_in(offsets) {
        if !filter.holds(open, &mut PointAt::new(view, offset))? {
            failing.push(offset);
        }
    }
    Ok(failing)
}

/// The first `limit` points of a segment that pass and whose id is not below `from`, in id order.
///
/// # Errors
/// `Corrupt` if something needed is damaged.
pub(crate) fn first_matching(
    view: &SegmentView,
    filter: &CompiledFilter,
    from: Option<PointId>,
    limit: usize,
) -> Result<Vec<(PointId, u32)>> {
    let (may, open) = filter.answered(view.live(), view)?;
    view.ids_where(from, limit, |offset| {
        Ok(may.contains(offset) && filter.holds(&open, &mut PointAt::new(view, offset))?)
    })
}
