//! The other reads: by id, in order, counts, facets, distances, and the older forms of queries.

use crate::filter::Filter;
use crate::points::{WithPayload, WithVector};
use crate::query::{
    ContextPair, LookupLocation, OrderBy, Query, QueryGroupsRequest, QueryRequest, RecommendInput,
    RecommendStrategy, SearchParams, VectorInput, WithLookup,
};
use crate::untagged::{Kind, read};
use crate::validate::{Problems, Validate};
use crate::vectors::{PointId, SparseVector, Vector};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Points by id.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PointRequest {
    /// Their ids.
    pub ids: Vec<PointId>,
    /// Which payload comes with each; all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_payload: Option<WithPayload>,
    /// Which vectors come with each; none.
    #[serde(default, alias = "with_vectors", skip_serializing_if = "Option::is_none")]
    pub with_vector: Option<WithVector>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl Validate for PointRequest {
    fn validate(&self, _: &mut Problems) {}
}

/// Points in the order of ids, or of a field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScrollRequest {
    /// The first id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<PointId>,
    /// Points in a page; 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// What must hold of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Which payload comes with each; all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_payload: Option<WithPayload>,
    /// Which vectors come with each; none.
    #[serde(default, alias = "with_vectors", skip_serializing_if = "Option::is_none")]
    pub with_vector: Option<WithVector>,
    /// The field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_by: Option<OrderBy>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl Validate for ScrollRequest {
    fn validate(&self, problems: &mut Problems) {
        problems.at_least("limit", self.limit, 1);
        problems.optional("filter", self.filter.as_ref());
    }
}

/// How many points there are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CountRequest {
    /// What must hold of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Whether the number must be right; yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<bool>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl Validate for CountRequest {
    fn validate(&self, problems: &mut Problems) {
        problems.optional("filter", self.filter.as_ref());
    }
}

/// The most frequent values of a field.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct FacetRequest {
    /// Path of the field.
    pub key: String,
    /// How many values; 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// What must hold of the points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Whether the numbers must be right; they always are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exact: Option<bool>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl Validate for FacetRequest {
    fn validate(&self, problems: &mut Problems) {
        problems.at_least("limit", self.limit, 1);
        problems.optional("filter", self.filter.as_ref());
    }
}

/// Distances among points that are drawn at random.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchMatrixRequest {
    /// What must hold of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// How many are drawn; 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sample: Option<usize>,
    /// How many of the nearest of each; 3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limit: Option<usize>,
    /// The vector's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl Validate for SearchMatrixRequest {
    fn validate(&self, problems: &mut Problems) {
        problems.optional("filter", self.filter.as_ref());
        problems.at_least("sample", self.sample, 2);
        problems.at_least("limit", self.limit, 1);
    }
}

/// A vector of an older search, with its name.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum NamedVector {
    /// Of the unnamed vector.
    Unnamed(Vec<f32>),
    /// Of the vector with this name.
    Named {
        /// The name.
        name: String,
        /// The vector.
        vector: Vector,
    },
}

impl<'de> Deserialize<'de> for NamedVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Named {
            name: String,
            vector: Vector,
        }
        match Value::deserialize(deserializer)? {
            list @ Value::Array(_) => read(list).map(NamedVector::Unnamed),
            map @ Value::Object(_) => {
                read(map).map(|Named { name, vector }| NamedVector::Named { name, vector })
            }
            other => Err(D::Error::custom(format_args!(
                "invalid type: {}, expected a vector, or an object with `name` and `vector`",
                Kind(&other)
            ))),
        }
    }
}

impl NamedVector {
    fn into_parts(self) -> (Option<String>, Vector) {
        match self {
            NamedVector::Unnamed(values) => (None, Vector::Dense(values)),
            NamedVector::Named { name, vector } => (Some(name), vector),
        }
    }
}

/// What older requests have in common.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OlderOptions {
    /// What must hold of the points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// How to search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<SearchParams>,
    /// How many of the best are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset: Option<usize>,
    /// Which payload comes with each; none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_payload: Option<WithPayload>,
    /// Which vectors come with each; none.
    #[serde(default, alias = "with_vectors", skip_serializing_if = "Option::is_none")]
    pub with_vector: Option<WithVector>,
    /// Better scores only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub score_threshold: Option<f32>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl OlderOptions {
    fn into_query(
        self,
        query: Query,
        using: Option<String>,
        limit: usize,
        lookup_from: Option<LookupLocation>,
    ) -> QueryRequest {
        QueryRequest {
            prefetch: Vec::new(),
            query: Some(query),
            using,
            filter: self.filter,
            params: self.params,
            score_threshold: self.score_threshold,
            limit: Some(limit),
            offset: self.offset,
            with_vector: self.with_vector,
            with_payload: self.with_payload,
            lookup_from,
            shard_key: self.shard_key,
        }
    }
}

impl Validate for OlderOptions {
    fn validate(&self, problems: &mut Problems) {
        problems.optional("filter", self.filter.as_ref());
        problems.optional("params", self.params.as_ref());
    }
}

/// Nearest, the older form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SearchRequest {
    /// Near to what.
    pub vector: NamedVector,
    /// How many points.
    #[serde(alias = "top")]
    pub limit: usize,
    /// The rest.
    #[serde(flatten)]
    pub options: OlderOptions,
}

impl SearchRequest {
    /// The same as a query.
    pub fn into_query(self) -> QueryRequest {
        let (using, vector) = self.vector.into_parts();
        self.options.into_query(Query::Vector(VectorInput::Vector(vector)), using, self.limit, None)
    }
}

impl Validate for SearchRequest {
    fn validate(&self, problems: &mut Problems) {
        match &self.vector {
            NamedVector::Unnamed(values) if values.is_empty() => {
                problems.add("vector", "dense vector must not be empty");
            }
            NamedVector::Named { vector, .. } => problems.field("vector", vector),
            NamedVector::Unnamed(_) => {}
        }
        problems.at_least("limit", Some(self.limit), 1);
        self.options.validate(problems);
    }
}

/// Like some points and unlike others, the older form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecommendRequest {
    /// Wanted.
    #[serde(default)]
    pub positive: Vec<VectorInput>,
    /// Not wanted.
    #[serde(default)]
    pub negative: Vec<VectorInput>,
    /// How they become a score.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strategy: Option<RecommendStrategy>,
    /// The vector's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// Where vectors of points that are named by id come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_from: Option<LookupLocation>,
    /// How many points.
    #[serde(alias = "top")]
    pub limit: usize,
    /// The rest.
    #[serde(flatten)]
    pub options: OlderOptions,
}

impl RecommendRequest {
    /// The same as a query.
    pub fn into_query(self) -> QueryRequest {
        let (positive, negative) = (Some(self.positive), Some(self.negative));
        let recommend = RecommendInput { positive, negative, strategy: self.strategy };
        self.options.into_query(Query::Recommend { recommend }, self.using, self.limit, self.lookup_from)
    }
}

impl Validate for RecommendRequest {
    fn validate(&self, problems: &mut Problems) {
        problems.each("positive", &self.positive);
        problems.each("negative", &self.negative);
        problems.at_least("limit", Some(self.limit), 1);
        self.options.validate(problems);
    }
}

/// Near to a target on the right side of pairs, the older form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DiscoverRequest {
    /// Near to what; of none, only the pairs count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<VectorInput>,
    /// The pairs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<Vec<ContextPair>>,
    /// The vector's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub using: Option<String>,
    /// Where vectors of points that are named by id come from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup_from: Option<LookupLocation>,
    /// How many points.
    #[serde(alias = "top")]
    pub limit: usize,
    /// The rest.
    #[serde(flatten)]
    pub options: OlderOptions,
}

impl DiscoverRequest {
    /// The same as a query.
    pub fn into_query(self) -> QueryRequest {
        let context = self.context.unwrap_or_default();
        let query = match self.target {
            Some(target) => Query::Discover { discover: crate::query::DiscoverInput { target, context } },
            None => Query::Context { context },
        };
        self.options.into_query(query, self.using, self.limit, self.lookup_from)
    }
}

impl Validate for DiscoverRequest {
    fn validate(&self, problems: &mut Problems) {
        problems.optional("target", self.target.as_ref());
        problems.each("context", self.context.iter().flatten());
        problems.at_least("limit", Some(self.limit), 1);
        self.options.validate(problems);
    }
}

/// Several older requests.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Searches<T> {
    /// The requests.
    pub searches: Vec<T>,
}

impl<T: Validate> Validate for Searches<T> {
    fn validate(&self, problems: &mut Problems) {
        problems.each("searches", &self.searches);
    }
}

/// An older request whose answer is grouped; its `limit` is the number of groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OlderGroups<T> {
    /// The request.
    #[serde(flatten)]
    pub request: T,
    /// Path of what a group has in common.
    pub group_by: String,
    /// Points in a group.
    pub group_size: usize,
    /// Points with the ids of groups, from another collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with_lookup: Option<WithLookup>,
}

impl<T> OlderGroups<T> {
    /// The same as a query; `query` turns the request into one.
    pub fn into_query(self, query: impl FnOnce(T) -> QueryRequest) -> QueryGroupsRequest {
        QueryGroupsRequest {
            query: query(self.request),
            group_by: self.group_by,
            group_size: Some(self.group_size),
            with_lookup: self.with_lookup,
        }
    }
}

impl<T: Validate> Validate for OlderGroups<T> {
    fn validate(&self, problems: &mut Problems) {
        self.request.validate(problems);
        if self.group_by.is_empty() {
            problems.add("group_by", "value \"\" invalid, must be at least 1 characters");
        }
        problems.at_least("group_size", Some(self.group_size), 1);
    }
}

impl From<SparseVector> for Vector {
    fn from(sparse: SparseVector) -> Self {
        Vector::Sparse(sparse)
    }
}
