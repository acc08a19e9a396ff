//! Groups: what a query finds, gathered by a value that points share.

use super::Collection;
use super::gather::values_of;
use super::stages::{QueryRequest, query};
use crate::error::{Error, Result};
use crate::filter::{Condition, Filter};
use crate::point::{PayloadPath, PointId};
use crate::query::{FacetValue, LIMIT_MAX, Record, ScoredPoint, WithPayload, WithVectors, check_limit};
use std::collections::HashMap;
use uuid::Uuid;

/// The best points of a query, in groups of those that have the same value at a path.
///
/// Values are texts and whole numbers; a point with several is in several groups, one without is in none. Groups come in the order of their best points. What
/// they are made of is the 10,000 best: values that come farther off only may be missing.
#[derive(Debug, Clone)]
pub struct GroupRequest {
    query: QueryRequest,
    key: String,
    limit: usize,
    group_size: usize,
}

impl GroupRequest {
    /// 10 groups of up to 3 points each. The limit of `query` has no meaning here; an offset is refused, and so is a query without scores. All its stages look
    /// among points only that have a value at `key`.
    pub fn new(query: QueryRequest, key: impl Into<String>) -> Self {
        Self { query, key: key.into(), limit: 10, group_size: 3 }
    }

    /// How many groups, 1..=10,000.
    pub fn limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// How many points a group, 1..=10,000; `limit` times this is at most 10,000 too.
    pub fn group_size(mut self, group_size: usize) -> Self {
        self.group_size = group_size;
        self
    }

    fn check(&self) -> Result<PayloadPath> {
        check_limit(self.limit)?;
        if self.group_size == 0 {
            return Err(Error::invalid("group_size", "1 or more", 0));
        }
        check_limit(self.limit.saturating_mul(self.group_size))?;
        self.query.check_for_groups()?;
        self.key.parse()
    }
}

/// Points that share a value, best first.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The value.
    pub id: FacetValue,
    /// The best points that have it.
    pub hits: Vec<ScoredPoint>,
    /// The point of another collection whose id is the value, if that was asked for and exists.
    pub lookup: Option<Record>,
}

impl Collection {
    /// The best points of a query in groups.
    ///
    /// # Errors
    /// As [`Collection::query`]; `Invalid` for a bad path, limit or group size.
    pub fn query_groups(&self, request: &GroupRequest) -> Result<Vec<Group>> {
        let path = request.check()?;
        let shared = self.readable()?;
        shared.check_vector_names(&request.query.with_vectors)?;
        let view = shared.view.load_full();
        let asked = request.query.clone().with_payload(WithPayload::All).with_vectors(WithVectors::No);
        let best = |filter: &Filter, limit: usize| {
            query(&self.shared, &view, &asked.clone().limit(limit), Some(filter), None)
        };
        let has_value = Filter::new().must_not(Condition::is_empty(request.key.as_str()));
        // What prefetches find does not depend on how many are asked for: all of it is looked at at once.
        let ends = asked.has_prefetches();
        let mut window =
            if ends { LIMIT_MAX } else { (request.limit * request.group_size * 2).min(LIMIT_MAX) };
        let (mut groups, all_seen) = loop {
            let hits = best(&has_value, window)?;
            let groups = gather(&path, &hits, request);
            let all_seen = ends || hits.len() < window;
            if groups.len() == request.limit || all_seen || window == LIMIT_MAX {
                break (groups, all_seen);
            }
            window = (window * 4).min(LIMIT_MAX);
        };
        // Which groups there are is known now, and what is missing in them is searched for one by one.
        for group in groups.iter_mut().filter(|group| !all_seen && group.hits.len() < request.group_size) {
            group.hits = best(&in_group(&request.key, &group.id), request.group_size)?;
        }
        for hit in groups.iter_mut().flat_map(|group| &mut group.hits) {
            let place = view.find(hit.id)?.ok_or_else(|| Error::internal("a hit that is not there"))?;
            hit.payload = shared.payload_of(&view, place, &request.query.with_payload)?;
            hit.vectors = shared.vectors_of(&view, place, &request.query.with_vectors)?;
        }
        Ok(groups)
    }

    /// As [`Collection::query_groups`], each group with the point of `from` whose id is the group's value: a whole number, or a text that is a UUID.
    ///
    /// # Errors
    /// As [`Collection::query_groups`] and, for `from`, as [`Collection::get`].
    pub fn query_groups_with(
        &self,
        request: &GroupRequest,
        from: &Collection,
        with_payload: &WithPayload,
        with_vectors: &WithVectors,
    ) -> Result<Vec<Group>> {
        let mut groups = self.query_groups(request)?;
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
fn in_group(key: &str, id: &FacetValue) -> Filter {
    Filter::from(match id {
        FacetValue::Bool(value) => Condition::matches(key, *value),
        FacetValue::Integer(integer) => Condition::matches(key, *integer),
        FacetValue::Keyword(text) => Condition::matches(key, text.as_str()),
    })
}
