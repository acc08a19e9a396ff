//! Groups: the nearest points, gathered by a value that they share.

use super::facet::FacetValue;
use super::request::{Record, ScoredPoint, SearchRequest, check_limit};
use crate::error::{Error, Result};
use crate::point::PayloadPath;

/// The nearest points, in groups of those that have the same value at a path.
///
/// Values are texts and whole numbers; a point with several is in several groups, one without is in none. Groups come in the order of their nearest points. What
/// they are made of is the 10,000 nearest: values that come farther off only may be missing.
#[derive(Debug, Clone)]
pub struct GroupRequest {
    pub(crate) search: SearchRequest,
    key: String,
    pub(crate) limit: usize,
    pub(crate) group_size: usize,
}

impl GroupRequest {
    /// 10 groups of up to 3 points each. The limit and the offset of `search` have no meaning here; an offset is refused.
    pub fn new(search: SearchRequest, key: impl Into<String>) -> Self {
        Self { search, key: key.into(), limit: 10, group_size: 3 }
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

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn check(&self) -> Result<PayloadPath> {
        check_limit(self.limit)?;
        if self.group_size == 0 {
            return Err(Error::invalid("group_size", "1 or more", 0));
        }
        check_limit(self.limit.saturating_mul(self.group_size))?;
        if self.search.offset != 0 {
            return Err(Error::invalid("offset", "none with groups", self.search.offset));
        }
        self.key.parse()
    }
}

/// Points that share a value, nearest first.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// The value.
    pub id: FacetValue,
    /// The nearest points that have it.
    pub hits: Vec<ScoredPoint>,
    /// The point of another collection whose id is the value, if that was asked for and exists.
    pub lookup: Option<Record>,
}
