//! Points as they are answered, and which parts of them.

use crate::Payload;
use crate::untagged::{Kind, read};
use crate::vectors::{PointId, PointVectors};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Which payload comes with a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum WithPayload {
    /// All of it, or none.
    Bool(bool),
    /// What is at these paths.
    Fields(Vec<String>),
    /// What a selector says.
    Selector(PayloadSelector),
}

/// Parts of a payload.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayloadSelector {
    /// What is at these paths.
    Include(Vec<String>),
    /// All but what is at these paths.
    Exclude(Vec<String>),
}

impl<'de> Deserialize<'de> for WithPayload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(all) => Ok(WithPayload::Bool(all)),
            list @ Value::Array(_) => read(list).map(WithPayload::Fields),
            map @ Value::Object(_) => read(map).map(WithPayload::Selector),
            other => Err(D::Error::custom(format_args!(
                "invalid type: {}, expected a boolean, a list of paths, or an object with `include` or `exclude`",
                Kind(&other)
            ))),
        }
    }
}

/// Which vectors come with a point.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum WithVector {
    /// All, or none.
    Bool(bool),
    /// Those with these names.
    Names(Vec<String>),
}

impl<'de> Deserialize<'de> for WithVector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(all) => Ok(WithVector::Bool(all)),
            list @ Value::Array(_) => read(list).map(WithVector::Names),
            other => Err(D::Error::custom(format_args!(
                "invalid type: {}, expected a boolean or a list of names",
                Kind(&other)
            ))),
        }
    }
}

/// What a point was ordered by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum OrderValue {
    /// A whole number; of a moment, microseconds since 1970.
    Integer(i64),
    /// Another number.
    Float(f64),
}

/// A point as it is stored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What it is called.
    pub id: PointId,
    /// Its payload, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// Its vectors, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<PointVectors>,
    /// What it was ordered by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_value: Option<OrderValue>,
}

/// A point that was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScoredPoint {
    /// What it is called.
    pub id: PointId,
    /// Number of the last write to it.
    pub version: u64,
    /// How well it fits.
    pub score: f32,
    /// Its payload, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
    /// Its vectors, if asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vector: Option<PointVectors>,
    /// What it was ordered by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order_value: Option<OrderValue>,
}

/// What became of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateStatus {
    /// Accepted.
    Acknowledged,
    /// Stored, and seen by reads.
    Completed,
    /// Accepted; it took longer than the caller would wait.
    WaitTimeout,
}

/// The answer to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct UpdateResult {
    /// The write's number; grows with every write of a collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operation_id: Option<u64>,
    /// What became of it.
    pub status: UpdateStatus,
}

/// One page of a scroll.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScrollResult {
    /// The points.
    pub points: Vec<Record>,
    /// Where the next page starts.
    pub next_page_offset: Option<PointId>,
}

/// How many points there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CountResult {
    /// So many.
    pub count: u64,
}

/// What a query found.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct QueryResponse {
    /// The points, best first.
    pub points: Vec<ScoredPoint>,
}

/// What a group has in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum GroupId {
    /// A whole number, not negative.
    Unsigned(u64),
    /// A negative number.
    Integer(i64),
    /// A text.
    Text(String),
}

/// Points that have something in common.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointGroup {
    /// The points, best first.
    pub hits: Vec<ScoredPoint>,
    /// What they have in common.
    pub id: GroupId,
    /// The point with this id in another collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<Record>,
}

/// Groups, best first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct GroupsResult {
    /// The groups.
    pub groups: Vec<PointGroup>,
}

/// A value of a field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum FacetValue {
    /// A boolean.
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// A text.
    Text(String),
}

/// How many points have a value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetValueHit {
    /// The value.
    pub value: FacetValue,
    /// So many.
    pub count: u64,
}

/// Values of a field, the most frequent first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FacetResponse {
    /// The values.
    pub hits: Vec<FacetValueHit>,
}

/// Two points and how near they are.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SearchMatrixPair {
    /// One.
    pub a: PointId,
    /// The other.
    pub b: PointId,
    /// How near.
    pub score: f32,
}

/// Pairs of near points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchMatrixPairs {
    /// The pairs.
    pub pairs: Vec<SearchMatrixPair>,
}

/// Pairs of near points as a sparse matrix.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchMatrixOffsets {
    /// Rows, as places in `ids`.
    pub offsets_row: Vec<u64>,
    /// Columns, as places in `ids`.
    pub offsets_col: Vec<u64>,
    /// How near.
    pub scores: Vec<f32>,
    /// The points.
    pub ids: Vec<PointId>,
}
