//! Vectors in both forms: one field for each kind, and the flat fields that older clients send and read.

use std::collections::HashMap;

use ::qdrant_client::qdrant as wire;
use nigh_api::{Document, PointVectors, SparseVector, Vector, VectorInput};
use serde_json::{Value, json};

use super::values::{self, payload_if_any};
use super::{ConvertError, Result, each_value, required};

/// The vectors of a point.
pub(super) fn point_vectors(message: wire::Vectors) -> Result<PointVectors> {
    use wire::vectors::VectorsOptions;
    match message.vectors_options.ok_or_else(|| ConvertError::missing("vectors_options"))? {
        VectorsOptions::Vector(message) => {
            vector(message).map(PointVectors::Unnamed).map_err(|error| error.within("vector"))
        }
        VectorsOptions::Vectors(named) => {
            each_value("vectors", named.vectors, vector).map(PointVectors::Named)
        }
    }
}

/// One vector, in the form that it has.
#[expect(deprecated, reason = "older clients send the flat fields only")]
pub(super) fn vector(message: wire::Vector) -> Result<Vector> {
    use wire::vector::Vector as Form;
    let wire::Vector { data, indices, vectors_count, vector } = message;
    match vector {
        Some(Form::Dense(dense)) => Ok(Vector::Dense(dense.data)),
        Some(Form::Sparse(vector)) => Ok(Vector::Sparse(sparse(vector))),
        Some(Form::MultiDense(rows)) => Ok(multi(rows)),
        Some(Form::Document(message)) => document(message).map_err(|error| error.within("document")),
        Some(Form::Image(message)) => image(message).map_err(|error| error.within("image")),
        Some(Form::Object(message)) => object(message).map_err(|error| error.within("object")),
        None => match (indices, vectors_count) {
            (Some(indices), _) => Ok(Vector::Sparse(SparseVector { indices: indices.data, values: data })),
            (None, Some(rows)) => rows_of(&data, rows),
            (None, None) => Ok(Vector::Dense(data)),
        },
    }
}

/// A vector, or the id of a point that has it.
pub(super) fn vector_input(message: wire::VectorInput) -> Result<VectorInput> {
    use wire::vector_input::Variant;
    Ok(VectorInput::Vector(match message.variant.ok_or_else(|| ConvertError::missing("variant"))? {
        Variant::Id(id) => return values::point_id(id).map(VectorInput::Id).map_err(|e| e.within("id")),
        Variant::Dense(dense) => Vector::Dense(dense.data),
        Variant::Sparse(vector) => Vector::Sparse(sparse(vector)),
        Variant::MultiDense(rows) => multi(rows),
        Variant::Document(message) => document(message).map_err(|error| error.within("document"))?,
        Variant::Image(message) => image(message).map_err(|error| error.within("image"))?,
        Variant::Object(message) => object(message).map_err(|error| error.within("object"))?,
    }))
}

fn sparse(message: wire::SparseVector) -> SparseVector {
    let wire::SparseVector { values, indices } = message;
    SparseVector { indices, values }
}

fn multi(message: wire::MultiDenseVector) -> Vector {
    Vector::Multi(message.vectors.into_iter().map(|row| row.data).collect())
}

/// Rows that were sent as one.
fn rows_of(data: &[f32], rows: u32) -> Result<Vector> {
    let rows = usize::try_from(rows).unwrap_or(usize::MAX);
    let len = data.len();
    match len.checked_div(rows) {
        Some(dim) if dim > 0 && dim * rows == len => {
            Ok(Vector::Multi(data.chunks_exact(dim).map(<[f32]>::to_vec).collect()))
        }
        _ => Err(ConvertError::new(
            "vectors_count",
            format_args!("expected a number that divides the {len} numbers of data, got {rows}"),
        )),
    }
}

fn document(message: wire::Document) -> Result<Vector> {
    let wire::Document { text, model, options } = message;
    let options = payload_if_any(options).map_err(|error| error.within("options"))?;
    Ok(Vector::Document(Document { text, model, options }))
}

fn image(message: wire::Image) -> Result<Vector> {
    let wire::Image { image, model, options } = message;
    for_a_model("image", image, model, options)
}

fn object(message: wire::InferenceObject) -> Result<Vector> {
    let wire::InferenceObject { object, model, options } = message;
    for_a_model("object", object, model, options)
}

/// What is not a text, as REST has it.
fn for_a_model(
    field: &str,
    what: Option<wire::Value>,
    model: String,
    options: HashMap<String, wire::Value>,
) -> Result<Vector> {
    let what = required(field, what, values::json)?;
    let mut body = json!({ field: what, "model": model });
    let options = payload_if_any(options).map_err(|error| error.within("options"))?;
    if let (Some(options), Value::Object(body)) = (options, &mut body) {
        body.insert("options".to_owned(), Value::Object(options));
    }
    Ok(Vector::Object(body))
}

/// The vectors of a point in an answer.
pub(super) fn vectors_message(vectors: PointVectors) -> wire::VectorsOutput {
    use wire::vectors_output::VectorsOptions;
    let options = match vectors {
        PointVectors::Unnamed(vector) => VectorsOptions::Vector(vector_message(vector)),
        PointVectors::Named(vectors) => VectorsOptions::Vectors(wire::NamedVectorsOutput {
            vectors: vectors.into_iter().map(|(name, vector)| (name, vector_message(vector))).collect(),
        }),
    };
    wire::VectorsOutput { vectors_options: Some(options) }
}

/// A vector in both forms. Texts and objects for models are never answered: they have become vectors.
#[expect(deprecated, reason = "older clients read the flat fields only")]
fn vector_message(vector: Vector) -> wire::VectorOutput {
    use wire::vector_output::Vector as Form;
    match vector {
        Vector::Dense(data) => wire::VectorOutput {
            data: data.clone(),
            vector: Some(Form::Dense(wire::DenseVector { data })),
            ..wire::VectorOutput::default()
        },
        Vector::Sparse(SparseVector { indices, values }) => wire::VectorOutput {
            data: values.clone(),
            indices: Some(wire::SparseIndices { data: indices.clone() }),
            vector: Some(Form::Sparse(wire::SparseVector { values, indices })),
            ..wire::VectorOutput::default()
        },
        Vector::Multi(rows) => wire::VectorOutput {
            data: rows.concat(),
            vectors_count: u32::try_from(rows.len()).ok(),
            vector: Some(Form::MultiDense(wire::MultiDenseVector {
                vectors: rows.into_iter().map(|data| wire::DenseVector { data }).collect(),
            })),
            ..wire::VectorOutput::default()
        },
        Vector::Document(_) | Vector::Object(_) => wire::VectorOutput::default(),
    }
}

#[cfg(test)]
#[expect(deprecated, reason = "older clients use the flat fields only")]
mod tests {
    use super::*;
    use wire::vector::Vector as Form;

    fn new_form(form: Form) -> wire::Vector {
        wire::Vector { vector: Some(form), ..wire::Vector::default() }
    }

    /// What REST reads from the same vector.
    fn rest(value: Value) -> Vector {
        serde_json::from_value(value).expect("a vector")
    }

    #[test]
    fn both_forms_and_rest_agree() {
        let dense = rest(json!([0.5, 1.0]));
        let message = new_form(Form::Dense(wire::DenseVector { data: vec![0.5, 1.0] }));
        assert_eq!(vector(message), Ok(dense.clone()));
        let flat = wire::Vector { data: vec![0.5, 1.0], ..wire::Vector::default() };
        assert_eq!(vector(flat), Ok(dense));

        let sparse = rest(json!({"indices": [7, 3], "values": [0.5, 1.0]}));
        let message = wire::SparseVector { values: vec![0.5, 1.0], indices: vec![7, 3] };
        assert_eq!(vector(new_form(Form::Sparse(message))), Ok(sparse.clone()));
        let flat = wire::Vector {
            data: vec![0.5, 1.0],
            indices: Some(wire::SparseIndices { data: vec![7, 3] }),
            ..wire::Vector::default()
        };
        assert_eq!(vector(flat), Ok(sparse));

        let rows = rest(json!([[1.0, 2.0], [3.0, 4.0]]));
        let dense = |data: &[f32]| wire::DenseVector { data: data.to_vec() };
        let message = wire::MultiDenseVector { vectors: vec![dense(&[1.0, 2.0]), dense(&[3.0, 4.0])] };
        assert_eq!(vector(new_form(Form::MultiDense(message))), Ok(rows.clone()));
        let flat = wire::Vector {
            data: vec![1.0, 2.0, 3.0, 4.0],
            vectors_count: Some(2),
            ..wire::Vector::default()
        };
        assert_eq!(vector(flat), Ok(rows));
    }

    #[test]
    fn rows_that_do_not_divide_are_refused() {
        for rows in [0, 2, 4] {
            let flat = wire::Vector {
                data: vec![1.0, 2.0, 3.0],
                vectors_count: Some(rows),
                ..wire::Vector::default()
            };
            let error = vector(flat).expect_err("3 numbers in rows");
            assert_eq!(
                error.to_string(),
                format!("vectors_count: expected a number that divides the 3 numbers of data, got {rows}")
            );
        }
    }

    #[test]
    fn what_is_for_a_model_is_what_rest_has() {
        let options = HashMap::from([("k".to_owned(), values::value_message(json!(1.5)))]);
        let document =
            wire::Document { text: "서울".into(), model: "bm25".into(), options: options.clone() };
        let expected = rest(json!({"text": "서울", "model": "bm25", "options": {"k": 1.5}}));
        assert_eq!(vector(new_form(Form::Document(document.clone()))), Ok(expected.clone()));
        let input = wire::VectorInput { variant: Some(wire::vector_input::Variant::Document(document)) };
        assert_eq!(vector_input(input), Ok(VectorInput::Vector(expected)));

        let url = Some(values::value_message(json!("http://x/y.png")));
        let image = wire::Image { image: url.clone(), model: "clip".into(), options };
        let expected = rest(json!({"image": "http://x/y.png", "model": "clip", "options": {"k": 1.5}}));
        assert_eq!(vector(new_form(Form::Image(image))), Ok(expected));
        let object = wire::InferenceObject { object: url, model: "m".into(), options: HashMap::new() };
        let expected = rest(json!({"object": "http://x/y.png", "model": "m"}));
        assert_eq!(vector(new_form(Form::Object(object))), Ok(expected));
        let nothing = wire::Image { image: None, model: "clip".into(), options: HashMap::new() };
        let error = vector(new_form(Form::Image(nothing))).expect_err("no image");
        assert_eq!(error.to_string(), "image.image: required, but not given");
    }

    #[test]
    fn answers_have_both_forms() {
        let named = [
            ("d".to_owned(), rest(json!([0.5]))),
            ("m".to_owned(), rest(json!([[1.0, 2.0], [3.0, 4.0]]))),
            ("s".to_owned(), rest(json!({"indices": [3], "values": [0.25]}))),
        ];
        let message = vectors_message(PointVectors::Named(named.into()));
        let Some(wire::vectors_output::VectorsOptions::Vectors(named)) = message.vectors_options else {
            panic!("no named vectors");
        };
        let [d, m, s] = ["d", "m", "s"].map(|name| &named.vectors[name]);
        assert_eq!((d.data.as_slice(), d.vectors_count), (&[0.5][..], None));
        assert_eq!((m.data.as_slice(), m.vectors_count), (&[1.0, 2.0, 3.0, 4.0][..], Some(2)));
        assert_eq!(s.data, [0.25]);
        assert_eq!(s.indices.as_ref().map(|indices| indices.data.as_slice()), Some(&[3][..]));
        assert!([d, m, s].iter().all(|vector| vector.vector.is_some()));
    }
}
