//! Vectors of points, and what a query is near to.

use crate::error::{ApiError, Kind, Result};
use nigh::{CollectionConfig, DEFAULT_VECTOR, VectorInput};
use nigh_api as api;
use nigh_api::{PointVectors, Vector};
use std::collections::BTreeMap;

/// The engine's vectors of a point.
///
/// # Errors
/// `BadInput` for a name that the collection does not have, or a vector that does not fit it.
pub(crate) fn vectors_in(
    config: &CollectionConfig,
    vectors: PointVectors,
) -> Result<BTreeMap<String, Vec<f32>>> {
    let named = match vectors {
        PointVectors::Unnamed(vector) => BTreeMap::from([(DEFAULT_VECTOR.to_owned(), vector)]),
        PointVectors::Named(vectors) => vectors,
    };
    let one = |(name, vector): (String, Vector)| {
        let vector = dense_in(config, &name, vector)?;
        Ok((name, vector))
    };
    named.into_iter().map(one).collect()
}

fn dense_in(config: &CollectionConfig, name: &str, vector: Vector) -> Result<Vec<f32>> {
    let Some(params) = config.vectors.get(name) else { return Err(no_vector(name)) };
    match vector {
        Vector::Dense(values) => {
            check_dimension(params.dim, values.len())?;
            Ok(values)
        }
        Vector::Document(document) => Err(no_model(&document.model)),
        Vector::Object(_) => Err(no_model("of images and objects")),
        Vector::Sparse(_) | Vector::Multi(_) => Err(ApiError::bad_input(format_args!(
            "Conversion between multi and regular vectors failed: {name:?}"
        ))),
    }
}

/// No vector of the collection has this name.
pub(crate) fn no_vector(name: &str) -> ApiError {
    ApiError::bad_input(format_args!("Not existing vector name error: {name}"))
}

fn check_dimension(expected: u32, got: usize) -> Result<()> {
    if u32::try_from(got) == Ok(expected) {
        return Ok(());
    }
    Err(ApiError::bad_input(format_args!("Vector dimension error: expected dim: {expected}, got {got}")))
}

fn no_model(model: &str) -> ApiError {
    ApiError::new(Kind::Inference, format_args!("InferenceService is not initialized: no model {model:?}"))
}

/// What the engine is asked to be near to. `config` is that of the collection that has the vector.
///
/// # Errors
/// As [`vectors_in`].
pub(crate) fn input_in(
    config: &CollectionConfig,
    using: &str,
    input: api::VectorInput,
) -> Result<VectorInput> {
    match input {
        api::VectorInput::Id(id) => Ok(VectorInput::Id(super::id_in(id))),
        api::VectorInput::Vector(vector) => dense_in(config, using, vector).map(VectorInput::Dense),
    }
}

/// The wire's vectors of a point.
pub(crate) fn vectors_out(mut vectors: BTreeMap<String, Vec<f32>>) -> PointVectors {
    if vectors.len() == 1
        && let Some(values) = vectors.remove(DEFAULT_VECTOR)
    {
        return PointVectors::Unnamed(Vector::Dense(values));
    }
    PointVectors::Named(vectors.into_iter().map(|(name, values)| (name, Vector::Dense(values))).collect())
}
