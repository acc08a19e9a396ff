//! What a user stores: an id, vectors by name, and a JSON payload.
//!
//! These are plain values, not yet checked against a collection's configuration; `collection/write.rs` does that.

mod id;
mod path;
mod payload;
mod sparse;

pub use id::PointId;
pub use path::PayloadPath;
pub use payload::Payload;
pub use sparse::SparseVector;

use std::collections::BTreeMap;

/// Name of the vector in a collection that has just one.
pub const DEFAULT_VECTOR: &str = "";

/// A point: id, vectors by name, payload.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// The outside id.
    pub id: PointId,
    /// Vectors by name, each as long as the collection's configuration says. May be empty.
    pub vectors: BTreeMap<String, Vec<f32>>,
    /// The payload; an empty one and none are the same.
    pub payload: Payload,
}

impl Point {
    /// A point with the unnamed vector.
    pub fn new(id: impl Into<PointId>, vector: impl Into<Vec<f32>>) -> Self {
        Self::without_vectors(id).with_vector(DEFAULT_VECTOR, vector)
    }

    /// A point that has only an id so far.
    pub fn without_vectors(id: impl Into<PointId>) -> Self {
        Self { id: id.into(), vectors: BTreeMap::new(), payload: Payload::default() }
    }

    /// Adds or replaces the vector called `name`.
    pub fn with_vector(mut self, name: impl Into<String>, vector: impl Into<Vec<f32>>) -> Self {
        self.vectors.insert(name.into(), vector.into());
        self
    }

    /// Replaces the payload.
    pub fn with_payload(mut self, payload: impl Into<Payload>) -> Self {
        self.payload = payload.into();
        self
    }
}
