//! Questions about the values of payloads: points in their order, counts of each, and groups by them. Each call answers from one view, and reads the payloads of
//! all points that pass its filter.

use super::view::View;
use super::{Collection, Shared};
use crate::error::{Error, Result};
use crate::filter::{Condition, Filter, Subject};
use crate::point::{PayloadPath, PointId};
use crate::query::{
    FacetHit, FacetRequest, FacetValue, First, Group, GroupRequest, LIMIT_MAX, OrderBy, OrderedRecord,
    ScoredPoint, ScrollRequest, SearchRequest, WithPayload, WithVectors,
};
use crate::segment::PointAt;
use serde_json::{Map, Value};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use uuid::Uuid;

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

    /// The nearest points in groups.
    ///
    /// # Errors
    /// As [`Collection::search`]; `Invalid` for a bad path, limit or group size.
    pub fn search_groups(&self, request: &GroupRequest) -> Result<Vec<Group>> {
        let path = request.check()?;
        let shared = self.readable()?;
        let view = shared.view.load();
        let some = Condition::Filter(request.search.filter.clone().unwrap_or_default());
        let mut search = request
            .search
            .clone()
            .filter(Filter::new().must(some).must_not(Condition::is_empty(request.key())));
        search = search.with_payload(WithPayload::All).with_vectors(WithVectors::No);
        let mut window = (request.limit * request.group_size * 2).min(LIMIT_MAX);
        let (mut groups, all_seen) = loop {
            let hits = shared.search(&view, &search.clone().limit(window), None)?;
            let groups = gather(&path, &hits, request);
            let all_seen = hits.len() < window;
            if groups.len() == request.limit || all_seen || window == LIMIT_MAX {
                break (groups, all_seen);
            }
            window = (window * 4).min(LIMIT_MAX);
        };
        // Which groups there are is known now, and what is missing in them is searched for one by one.
        for group in groups.iter_mut().filter(|group| !all_seen && group.hits.len() < request.group_size) {
            let all =
                search.clone().filter(in_group(&search, request.key(), &group.id)).limit(request.group_size);
            group.hits = shared.search(&view, &all, None)?;
        }
        for hit in groups.iter_mut().flat_map(|group| &mut group.hits) {
            let place = view.find(hit.id)?.ok_or_else(|| Error::internal("a hit that is not there"))?;
            hit.payload = shared.payload_of(&view, place, &request.search.with_payload)?;
            hit.vectors = shared.vectors_of(&view, place, &request.search.with_vectors)?;
        }
        Ok(groups)
    }

    /// As [`Collection::search_groups`], each group with the point of `from` whose id is the group's value: a whole number, or a text that is a UUID.
    ///
    /// # Errors
    /// As [`Collection::search_groups`] and, for `from`, as [`Collection::get`].
    pub fn search_groups_with(
        &self,
        request: &GroupRequest,
        from: &Collection,
        with_payload: &WithPayload,
        with_vectors: &WithVectors,
    ) -> Result<Vec<Group>> {
        let mut groups = self.search_groups(request)?;
        for group in &mut groups {
            let id = match &group.id {
                FacetValue::Bool(_) => None,
                FacetValue::Integer(integer) => u64::try_from(*integer).ok().map(PointId::Num),
                FacetValue::Keyword(text) => Uuid::parse_str(text).ok().map(PointId::Uuid),
            };
            group.lookup = from.get(id, with_payload, with_vectors)?.pop();
        }
        Ok(groups)
    }
}

/// The first groups that hits fall into, in their order.
fn gather(path: &PayloadPath, hits: &[ScoredPoint], request: &GroupRequest) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    let mut places: HashMap<FacetValue, usize> = HashMap::new();
    for hit in hits {
        let Some(payload) = &hit.payload else { continue };
        for id in values_of(path, payload.as_map()) {
            if matches!(id, FacetValue::Bool(_)) {
                continue;
            }
            let place = places.get(&id).copied().unwrap_or(groups.len());
            if place == groups.len() && place < request.limit {
                places.insert(id.clone(), place);
                groups.push(Group { id, hits: Vec::new(), lookup: None });
            }
            if let Some(group) = groups.get_mut(place).filter(|group| group.hits.len() < request.group_size) {
                group.hits.push(hit.clone());
            }
        }
    }
    groups
}

/// The points of one group.
fn in_group(search: &SearchRequest, key: &str, id: &FacetValue) -> Filter {
    let condition = match id {
        FacetValue::Bool(value) => Condition::matches(key, *value),
        FacetValue::Integer(integer) => Condition::matches(key, *integer),
        FacetValue::Keyword(text) => Condition::matches(key, text.as_str()),
    };
    Filter::new().must(condition).must(search.filter.clone().unwrap_or_default())
}

/// The different values at a path that can be counted, in their order.
fn values_of(path: &PayloadPath, payload: &Map<String, Value>) -> Vec<FacetValue> {
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
