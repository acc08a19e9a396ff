//! Writes of points.

use crate::Payload;
use crate::filter::Filter;
use crate::untagged::{Kind, read};
use crate::validate::{Problems, Validate};
use crate::vectors::{PointId, PointVectors, Vector};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;

/// A point as it is sent.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointStruct {
    /// What it is called.
    pub id: PointId,
    /// Its vectors.
    #[serde(alias = "vectors")]
    pub vector: PointVectors,
    /// Its payload.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload: Option<Payload>,
}

impl Validate for PointStruct {
    fn validate(&self, problems: &mut Problems) {
        problems.field("vector", &self.vector);
    }
}

/// Which points an upsert touches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateMode {
    /// Inserts new ones and replaces those that are there.
    #[default]
    Upsert,
    /// Inserts new ones.
    InsertOnly,
    /// Replaces those that are there.
    UpdateOnly,
}

/// Points by columns.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Batch {
    /// What they are called.
    pub ids: Vec<PointId>,
    /// Their vectors.
    pub vectors: BatchVectors,
    /// Their payloads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payloads: Option<Vec<Option<Payload>>>,
}

/// Vectors by columns.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum BatchVectors {
    /// The unnamed vectors.
    Unnamed(Vec<Vector>),
    /// By name.
    Named(BTreeMap<String, Vec<Vector>>),
}

impl<'de> Deserialize<'de> for BatchVectors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            list @ Value::Array(_) => read(list).map(BatchVectors::Unnamed),
            map @ Value::Object(_) => read(map).map(BatchVectors::Named),
            other => Err(D::Error::custom(format_args!(
                "invalid type: {}, expected a list of vectors, or an object of such lists by name",
                Kind(&other)
            ))),
        }
    }
}

impl Validate for Batch {
    fn validate(&self, problems: &mut Problems) {
        let count = self.ids.len();
        let mut check = |what: &str, got: usize| {
            if got != count {
                problems.add("", format_args!("number of ids and {what} must be equal ({count} != {got})"));
            }
        };
        match &self.vectors {
            BatchVectors::Unnamed(vectors) => check("vectors", vectors.len()),
            BatchVectors::Named(vectors) => {
                vectors.values().for_each(|vectors| check("vectors", vectors.len()))
            }
        }
        if let Some(payloads) = &self.payloads {
            check("payloads", payloads.len());
        }
        match &self.vectors {
            BatchVectors::Unnamed(vectors) => problems.each("vectors", vectors),
            BatchVectors::Named(vectors) => {
                vectors.iter().for_each(|(name, vectors)| problems.each(&format!("vectors.{name}"), vectors));
            }
        }
    }
}

impl Batch {
    /// The points by rows. The lengths must agree.
    pub fn into_points(self) -> Vec<PointStruct> {
        let mut vectors: Vec<PointVectors> = match self.vectors {
            BatchVectors::Unnamed(vectors) => vectors.into_iter().map(PointVectors::Unnamed).collect(),
            BatchVectors::Named(columns) => {
                let mut rows = vec![BTreeMap::new(); self.ids.len()];
                for (name, column) in columns {
                    for (row, vector) in rows.iter_mut().zip(column) {
                        row.insert(name.clone(), vector);
                    }
                }
                rows.into_iter().map(PointVectors::Named).collect()
            }
        };
        vectors.resize(self.ids.len(), PointVectors::default());
        let mut payloads = self.payloads.unwrap_or_default();
        payloads.resize(self.ids.len(), None);
        let rows = self.ids.into_iter().zip(vectors).zip(payloads);
        rows.map(|((id, vector), payload)| PointStruct { id, vector, payload }).collect()
    }
}

/// The points of an upsert.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PointsOrBatch {
    /// By rows.
    Points(Vec<PointStruct>),
    /// By columns.
    Batch(Batch),
}

impl PointsOrBatch {
    /// The points by rows.
    pub fn into_points(self) -> Vec<PointStruct> {
        match self {
            PointsOrBatch::Points(points) => points,
            PointsOrBatch::Batch(batch) => batch.into_points(),
        }
    }
}

/// Inserts points or replaces them whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UpsertPoints {
    /// The points.
    #[serde(flatten)]
    pub points: PointsOrBatch,
    /// Points that are there are only replaced if they pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_filter: Option<Filter>,
    /// Which points it touches.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update_mode: Option<UpdateMode>,
    /// Of custom sharding, which needs a cluster.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl<'de> Deserialize<'de> for UpsertPoints {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Read field by field: points of a flattened enum would be buffered as generic values first.
        #[derive(Deserialize)]
        struct Body {
            points: Option<Vec<PointStruct>>,
            batch: Option<Batch>,
            update_filter: Option<Filter>,
            update_mode: Option<UpdateMode>,
            shard_key: Option<Value>,
        }
        let Body { points, batch, update_filter, update_mode, shard_key } = Body::deserialize(deserializer)?;
        let points = match (points, batch) {
            (Some(points), None) => PointsOrBatch::Points(points),
            (None, Some(batch)) => PointsOrBatch::Batch(batch),
            _ => return Err(D::Error::custom("expected either `points` or `batch`")),
        };
        Ok(Self { points, update_filter, update_mode, shard_key })
    }
}

impl Validate for UpsertPoints {
    fn validate(&self, problems: &mut Problems) {
        match &self.points {
            PointsOrBatch::Points(points) => problems.each("points", points),
            PointsOrBatch::Batch(batch) => problems.field("batch", batch),
        }
        problems.optional("update_filter", self.update_filter.as_ref());
    }
}

/// Points by id or by filter.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct PointsSelector {
    /// These.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points: Option<Vec<PointId>>,
    /// Those that pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<Filter>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl Validate for PointsSelector {
    fn validate(&self, problems: &mut Problems) {
        problems.optional("filter", self.filter.as_ref());
    }
}

/// Sets a payload, or parts of it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SetPayload {
    /// Of which points.
    #[serde(flatten)]
    pub selector: PointsSelector,
    /// What is set.
    pub payload: Payload,
    /// Where; the whole payload if it is not given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Validate for SetPayload {
    fn validate(&self, problems: &mut Problems) {
        self.selector.validate(problems);
    }
}

/// Removes parts of a payload.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeletePayload {
    /// Of which points.
    #[serde(flatten)]
    pub selector: PointsSelector,
    /// Paths of what is removed.
    pub keys: Vec<String>,
}

impl Validate for DeletePayload {
    fn validate(&self, problems: &mut Problems) {
        self.selector.validate(problems);
    }
}

/// Some vectors of a point.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PointVectorsUpdate {
    /// The point.
    pub id: PointId,
    /// The vectors.
    #[serde(alias = "vectors")]
    pub vector: PointVectors,
}

impl Validate for PointVectorsUpdate {
    fn validate(&self, problems: &mut Problems) {
        problems.field("vector", &self.vector);
    }
}

/// Sets some vectors of points that are there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UpdateVectors {
    /// The points.
    pub points: Vec<PointVectorsUpdate>,
    /// Only of points that pass.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update_filter: Option<Filter>,
    /// Of custom sharding, which needs a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_key: Option<Value>,
}

impl Validate for UpdateVectors {
    fn validate(&self, problems: &mut Problems) {
        if self.points.is_empty() {
            problems.add("points", "value invalid, must not be empty");
        }
        problems.each("points", &self.points);
        problems.optional("update_filter", self.update_filter.as_ref());
    }
}

/// Removes some vectors of points.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct DeleteVectors {
    /// Of which points.
    #[serde(flatten)]
    pub selector: PointsSelector,
    /// Their names; `""` is the unnamed one.
    #[serde(alias = "vectors")]
    pub vector: Vec<String>,
}

impl Validate for DeleteVectors {
    fn validate(&self, problems: &mut Problems) {
        self.selector.validate(problems);
        if self.vector.is_empty() {
            problems.add("vector", "value invalid, must not be empty");
        }
    }
}

/// One of several writes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UpdateOperation {
    /// Inserts points or replaces them whole.
    Upsert(UpsertPoints),
    /// Deletes points.
    Delete(PointsSelector),
    /// Merges a payload.
    SetPayload(SetPayload),
    /// Replaces a payload.
    OverwritePayload(SetPayload),
    /// Removes parts of a payload.
    DeletePayload(DeletePayload),
    /// Removes a payload.
    ClearPayload(PointsSelector),
    /// Sets some vectors.
    UpdateVectors(UpdateVectors),
    /// Removes some vectors.
    DeleteVectors(DeleteVectors),
}

impl Validate for UpdateOperation {
    fn validate(&self, problems: &mut Problems) {
        match self {
            UpdateOperation::Upsert(inner) => problems.field("upsert", inner),
            UpdateOperation::Delete(inner) => problems.field("delete", inner),
            UpdateOperation::SetPayload(inner) => problems.field("set_payload", inner),
            UpdateOperation::OverwritePayload(inner) => problems.field("overwrite_payload", inner),
            UpdateOperation::DeletePayload(inner) => problems.field("delete_payload", inner),
            UpdateOperation::ClearPayload(inner) => problems.field("clear_payload", inner),
            UpdateOperation::UpdateVectors(inner) => problems.field("update_vectors", inner),
            UpdateOperation::DeleteVectors(inner) => problems.field("delete_vectors", inner),
        }
    }
}

/// Several writes, carried out in order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateOperations {
    /// The writes.
    pub operations: Vec<UpdateOperation>,
}

impl Validate for UpdateOperations {
    fn validate(&self, problems: &mut Problems) {
        problems.each("operations", &self.operations);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_become_rows() {
        let body =
            json!({"batch": {"ids": [1, 2], "vectors": {"a": [[1.0], [2.0]]}, "payloads": [null, {"x": 1}]}});
        let upsert: UpsertPoints = serde_json::from_value(body).expect("a body");
        assert!(Problems::of(&upsert).is_none());
        let points = upsert.points.into_points();
        assert_eq!(points.len(), 2);
        let Some(PointVectors::Named(vectors)) = points.get(1).map(|point| &point.vector) else {
            panic!("no named vectors");
        };
        assert_eq!(vectors.get("a"), Some(&Vector::Dense(vec![2.0])));
        assert!(points.first().is_some_and(|point| point.payload.is_none()));
    }

    #[test]
    fn columns_of_other_lengths_break_a_limit() {
        let body = json!({"batch": {"ids": [1, 2], "vectors": [[1.0]]}});
        let upsert: UpsertPoints = serde_json::from_value(body).expect("a body");
        assert!(Problems::of(&upsert).is_some());
    }

    #[test]
    fn sparse_vectors_are_checked_with_the_paths_of_the_wire() {
        let body = json!({"points": [{"id": 1, "vector": {"s": {"indices": [1, 1], "values": [1.0]}}}]});
        let upsert: UpsertPoints = serde_json::from_value(body).expect("a body");
        let text = Problems::of(&upsert).expect("problems").to_string();
        assert!(
            text.contains(
                "points[0].vector.?.values: Validation error: must be the same length as indices [{}]"
            ),
            "{text}"
        );
        assert!(text.contains("points[0].vector.?.indices: Validation error: must be unique [{}]"), "{text}");
    }

    #[test]
    fn an_upsert_has_points_or_a_batch() {
        for bad in [json!({}), json!({"points": [], "batch": {"ids": [], "vectors": []}})] {
            assert!(serde_json::from_value::<UpsertPoints>(bad).is_err());
        }
    }
}
