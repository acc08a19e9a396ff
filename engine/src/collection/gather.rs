//! Questions about the values of payloads: points in their order, and counts of each. Each call answers from one view, and reads the payloads of
//! all points that pass its filter.

use super::view::View;
use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::filter::{Filter, Subject};
use crate::point::{PayloadPath, PointId};
use crate::query::{FacetHit, FacetRequest, FacetValue, First, OrderBy, OrderedRecord, ScrollRequest};
use crate::segment::PointAt;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

impl Collection {
    /// The first points in the order of a value. The request says how many, which, and what comes with them; it cannot say where to start.
    ///
    /// # Errors
    /// `Invalid` for a bad path, limit or filter, or a `start_at`; `NotFound` for an unknown vector name; `Corrupt` if a point's bytes are damaged.
    pub fn scroll_by(&self, order: &OrderBy, request: &ScrollRequest) -> Result<Vec<OrderedRecord>> {
        request.check()?;
        if let Some(id) = request.from {
            return Err(Error::invalid("start_at", "none with an order", id));
        }
        order.check("order_by")?;
        let shared = self.readable()?;
        shared.check_vector_names(&request.with_vectors)?;
        let view = shared.view.load();
        let mut first = First::new(order, request.limit);
        let everything = Filter::new();
        let filter = request.filter.as_ref().unwrap_or(&everything);
        shared.for_each_matching(&view, filter, |place, id, payload| first.add(id, place, payload))?;
        let record = |(value, id, place)| {
            let record = shared.record(&view, id, place, &request.with_payload, &request.with_vectors)?;
            Ok(OrderedRecord { value, record })
        };
        first.finish().map(record).collect()
    }

    /// How many points have each value of a key, exactly: the most frequent first, equal counts in the order of the values.
    ///
    /// # Errors
    /// `Invalid` for a bad path, limit or filter, `Corrupt` if a point's bytes are damaged.
    pub fn facet(&self, request: &FacetRequest) -> Result<Vec<FacetHit>> {
        let (path, limit) = request.check()?;
        let shared = self.readable()?;
        let mut counts: HashMap<FacetValue, u64> = HashMap::new();
        shared.for_each_matching(&shared.view.load(), &request.filter, |_, _, payload| {
            for value in values_of(&path, payload) {
                *counts.entry(value).or_default() += 1;
            }
        })?;
        let mut hits: Vec<FacetHit> =
            counts.into_iter().map(|(value, count)| FacetHit { value, count }).collect();
        hits.sort_unstable_by(|a, b| b.count.cmp(&a.count).then_with(|| a.value.cmp(&b.value)));
        hits.truncate(limit);
        Ok(hits)
    }
}

/// The different values at a path that can be counted, in their order.
pub(super) fn values_of(path: &PayloadPath, payload: &Map<String, Value>) -> Vec<FacetValue> {
    let (mut values, mut seen) = (Vec::new(), HashSet::new());
    path.for_each(payload, &mut |value| {
        if let Some(value) = FacetValue::of(value)
            && seen.insert(value.clone())
        {
            values.push(value);
        }
    });
    values
}

impl Shared {
    /// Calls `each` for every point that passes: where it is, its id, and its payload.
    fn for_each_matching(
        &self,
        view: &View,
        filter: &Filter,
        mut each: impl FnMut((usize, u32), PointId, &Map<String, Value>),
    ) -> Result<()> {
        let sets = self.matching(view, &Arc::new(self.compile(filter)?))?;
        for (place, (segment, set)) in view.segments.iter().zip(sets.iter()).enumerate() {
            for offset in set.iter_in(0..segment.len) {
                let mut point = PointAt::new(segment, offset);
                each((place, offset), point.id()?, point.payload()?);
            }
        }
        Ok(())
    }
}
