//! Vectors as they are sent: dense, several rows, sparse, or a text for a model.

use crate::untagged::{Kind, read};
use crate::validate::{Problems, Validate};
use serde::de::{Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashSet};
use std::fmt;
use uuid::Uuid;

/// What a point is called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(untagged)]
pub enum PointId {
    /// An integer.
    Num(u64),
    /// A UUID; written hyphenated, in lower case.
    Uuid(Uuid),
}

impl PointId {
    /// Reads an integer or a UUID in simple, hyphenated, URN or braced form.
    pub fn parse(text: &str) -> Option<Self> {
        if let Ok(num) = text.parse() {
            return Some(PointId::Num(num));
        }
        Uuid::parse_str(text).ok().map(PointId::Uuid)
    }
}

impl fmt::Display for PointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PointId::Num(num) => num.fmt(f),
            PointId::Uuid(uuid) => uuid.hyphenated().fmt(f),
        }
    }
}

impl From<u64> for PointId {
    fn from(num: u64) -> Self {
        PointId::Num(num)
    }
}

impl<'de> Deserialize<'de> for PointId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct IdVisitor;

        impl Visitor<'_> for IdVisitor {
            type Value = PointId;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a valid point ID, valid values are either an unsigned integer or a UUID")
            }

            fn visit_u64<E: serde::de::Error>(self, num: u64) -> Result<PointId, E> {
                Ok(PointId::Num(num))
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<PointId, E> {
                Uuid::parse_str(text).map(PointId::Uuid).map_err(|_| {
                    let shown: String = text.chars().take(64).collect();
                    E::custom(format_args!(
                        "value {shown} is not a valid point ID, valid values are either an unsigned integer or a UUID"
                    ))
                })
            }
        }

        deserializer.deserialize_any(IdVisitor)
    }
}

/// Indices and their values, in any order.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct SparseVector {
    /// Indices, each at most once.
    pub indices: Vec<u32>,
    /// As many values.
    pub values: Vec<f32>,
}

impl Validate for SparseVector {
    fn validate(&self, problems: &mut Problems) {
        if self.indices.len() != self.values.len() {
            problems.add("values", "Validation error: must be the same length as indices [{}]");
        }
        let mut seen = HashSet::with_capacity(self.indices.len());
        if !self.indices.iter().all(|index| seen.insert(*index)) {
            problems.add("indices", "Validation error: must be unique [{}]");
        }
    }
}

/// A text that a model turns into a vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Document {
    /// The text.
    pub text: String,
    /// The model's name.
    #[serde(default)]
    pub model: String,
    /// The model's options.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub options: Option<Map<String, Value>>,
}

/// One vector of a point, or of a query.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Vector {
    /// The values.
    Dense(Vec<f32>),
    /// Rows of equal length.
    Multi(Vec<Vec<f32>>),
    /// Indices and values.
    Sparse(SparseVector),
    /// A text for a model.
    Document(Document),
    /// An image or another object for a model; no model here takes one.
    Object(Value),
}

impl Validate for Vector {
    fn validate(&self, problems: &mut Problems) {
        match self {
            Vector::Dense(values) if values.is_empty() => {
                problems.add("", "dense vector must not be empty");
            }
            Vector::Multi(rows) => {
                if rows.is_empty() || rows.iter().any(Vec::is_empty) {
                    problems.add("", "multi vector must not be empty");
                } else if rows.windows(2).any(|pair| matches!(pair, [a, b] if a.len() != b.len())) {
                    problems.add("", "all vectors must have the same dimension");
                }
            }
            // A struct inside a union has no name of its own in Qdrant's paths.
            Vector::Sparse(sparse) => problems.field("?", sparse),
            Vector::Dense(_) | Vector::Document(_) | Vector::Object(_) => {}
        }
    }
}

/// Reads an array: numbers are one row, arrays of numbers several.
pub(crate) fn read_array<'de, A: SeqAccess<'de>>(mut items: A) -> Result<Vector, A::Error> {
    let room = items.size_hint().unwrap_or(0).min(1 << 16);
    match items.next_element::<NumberOrRow>()? {
        None => Ok(Vector::Dense(Vec::new())),
        Some(NumberOrRow::Number(first)) => {
            let mut values = Vec::with_capacity(room.max(16));
            values.push(first);
            while let Some(value) = items.next_element::<f32>()? {
                values.push(value);
            }
            Ok(Vector::Dense(values))
        }
        Some(NumberOrRow::Row(first)) => {
            let mut rows = vec![first];
            while let Some(row) = items.next_element::<Vec<f32>>()? {
                rows.push(row);
            }
            Ok(Vector::Multi(rows))
        }
    }
}

enum NumberOrRow {
    Number(f32),
    Row(Vec<f32>),
}

impl<'de> Deserialize<'de> for NumberOrRow {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ItemVisitor;

        impl<'de> Visitor<'de> for ItemVisitor {
            type Value = NumberOrRow;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number, or an array of numbers")
            }

            #[expect(clippy::cast_possible_truncation, reason = "vectors are single precision")]
            fn visit_f64<E>(self, value: f64) -> Result<NumberOrRow, E> {
                Ok(NumberOrRow::Number(value as f32))
            }

            fn visit_i64<E>(self, value: i64) -> Result<NumberOrRow, E> {
                Ok(NumberOrRow::Number(value as f32))
            }

            fn visit_u64<E>(self, value: u64) -> Result<NumberOrRow, E> {
                Ok(NumberOrRow::Number(value as f32))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<NumberOrRow, A::Error> {
                let mut row = Vec::new();
                while let Some(value) = items.next_element()? {
                    row.push(value);
                }
                Ok(NumberOrRow::Row(row))
            }
        }

        deserializer.deserialize_any(ItemVisitor)
    }
}

/// Reads an object: a sparse vector, or something for a model.
pub(crate) fn read_object<E: serde::de::Error>(map: Map<String, Value>) -> Result<Vector, E> {
    if map.contains_key("indices") && map.contains_key("values") {
        return read(Value::Object(map)).map(Vector::Sparse);
    }
    if map.get("text").is_some_and(Value::is_string) {
        return read(Value::Object(map)).map(Vector::Document);
    }
    if map.contains_key("image") || map.contains_key("object") {
        return Ok(Vector::Object(Value::Object(map)));
    }
    Err(E::custom(format_args!(
        "invalid type: {}, expected an array of numbers, an array of arrays of numbers, or an object with `indices` and `values`, or with `text` and `model`",
        Kind(&Value::Object(map))
    )))
}

impl<'de> Deserialize<'de> for Vector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VectorVisitor;

        impl<'de> Visitor<'de> for VectorVisitor {
            type Value = Vector;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vector")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Vector, A::Error> {
                read_array(items)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vector, A::Error> {
                read_object(Map::deserialize(serde::de::value::MapAccessDeserializer::new(map))?)
            }
        }

        deserializer.deserialize_any(VectorVisitor)
    }
}

/// The vectors of a point.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum PointVectors {
    /// The unnamed vector.
    Unnamed(Vector),
    /// Vectors by name; may be empty.
    Named(BTreeMap<String, Vector>),
}

impl Default for PointVectors {
    fn default() -> Self {
        PointVectors::Named(BTreeMap::new())
    }
}

impl Validate for PointVectors {
    fn validate(&self, problems: &mut Problems) {
        match self {
            PointVectors::Unnamed(vector) => vector.validate(problems),
            // Names of a union's maps are not in Qdrant's paths.
            PointVectors::Named(vectors) => vectors.values().for_each(|vector| vector.validate(problems)),
        }
    }
}

/// An element of an object of vectors, before it is known what the object is.
enum Entry {
    Vector(Vector),
    Other(Value),
}

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct EntryVisitor;

        impl<'de> Visitor<'de> for EntryVisitor {
            type Value = Entry;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vector")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<Entry, A::Error> {
                read_array(items).map(Entry::Vector)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Entry, A::Error> {
                let map = Map::deserialize(serde::de::value::MapAccessDeserializer::new(map))?;
                Ok(Entry::Other(Value::Object(map)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Entry, E> {
                Ok(Entry::Other(Value::String(text.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Entry, E> {
                Ok(Entry::Other(Value::Null))
            }
        }

        deserializer.deserialize_any(EntryVisitor)
    }
}

impl<'de> Deserialize<'de> for PointVectors {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct VectorsVisitor;

        impl<'de> Visitor<'de> for VectorsVisitor {
            type Value = PointVectors;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a vector, or an object of vectors by name")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, items: A) -> Result<PointVectors, A::Error> {
                read_array(items).map(PointVectors::Unnamed)
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PointVectors, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry::<String, Entry>()? {
                    entries.push(entry);
                }
                // What is for a model has texts in it; no vector is one.
                let is_for_a_model = |(name, entry): &(String, Entry)| match entry {
                    Entry::Other(Value::String(_)) => matches!(name.as_str(), "text" | "image" | "object"),
                    Entry::Other(_) => matches!(name.as_str(), "image" | "object"),
                    Entry::Vector(_) => false,
                };
                if entries.iter().any(is_for_a_model) && entries.iter().any(|(name, _)| name == "model") {
                    let fields = entries.into_iter().map(|(name, entry)| match entry {
                        Entry::Other(value) => Ok((name, value)),
                        Entry::Vector(_) => {
                            Err(A::Error::custom(format_args!("`{name}` of a document is no vector")))
                        }
                    });
                    return read_object(fields.collect::<Result<_, _>>()?).map(PointVectors::Unnamed);
                }
                let vectors = entries.into_iter().map(|(name, entry)| match entry {
                    Entry::Vector(vector) => Ok((name, vector)),
                    Entry::Other(Value::Object(map)) => Ok((name, read_object(map)?)),
                    Entry::Other(other) => Err(A::Error::custom(format_args!(
                        "vector `{name}`: invalid type: {}, expected a vector",
                        Kind(&other)
                    ))),
                });
                vectors.collect::<Result<_, _>>().map(PointVectors::Named)
            }
        }

        deserializer.deserialize_any(VectorsVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn vectors(value: Value) -> PointVectors {
        // Through text: what the server reads.
        serde_json::from_str(&value.to_string()).expect("vectors")
    }

    #[test]
    fn the_shape_tells_what_a_vector_is() {
        assert_eq!(vectors(json!([1, 2.5])), PointVectors::Unnamed(Vector::Dense(vec![1.0, 2.5])));
        let rows = Vector::Multi(vec![vec![1.0], vec![2.0]]);
        assert_eq!(vectors(json!([[1], [2]])), PointVectors::Unnamed(rows));
        assert_eq!(vectors(json!({})), PointVectors::default());
        let sparse = Vector::Sparse(SparseVector { indices: vec![3, 1], values: vec![0.5, 1.0] });
        let named = vectors(json!({"a": [1.0], "b": {"indices": [3, 1], "values": [0.5, 1]}}));
        let expected = [("a".to_owned(), Vector::Dense(vec![1.0])), ("b".to_owned(), sparse)];
        assert_eq!(named, PointVectors::Named(expected.into()));
    }

    #[test]
    fn texts_for_models_are_told_from_names() {
        let PointVectors::Unnamed(Vector::Document(document)) =
            vectors(json!({"text": "서울", "model": "bm25", "options": {"k": 1.5}}))
        else {
            panic!("no document");
        };
        assert_eq!((document.text.as_str(), document.model.as_str()), ("서울", "bm25"));
        let named = vectors(json!({"text": [1.0], "model": [2.0]}));
        assert!(matches!(named, PointVectors::Named(vectors) if vectors.len() == 2));
        let named = vectors(json!({"title": {"text": "a", "model": "bm25"}}));
        assert!(
            matches!(named, PointVectors::Named(vectors) if matches!(vectors["title"], Vector::Document(_)))
        );
    }

    #[test]
    fn what_is_none_is_refused() {
        for bad in ["[1, [2]]", "[[1], 2]", "\"a\"", "{\"a\": 1}", "{\"a\": \"b\"}", "[null]", "[1e999]"] {
            assert!(serde_json::from_str::<PointVectors>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn ids_above_two_to_the_53_survive() {
        let text = "18446744073709551615";
        let id: PointId = serde_json::from_str(text).expect("an id");
        assert_eq!(id, PointId::Num(u64::MAX));
        assert_eq!(serde_json::to_string(&id).expect("text"), text);
        let id: PointId = serde_json::from_str("\"{550E8400-E29B-41D4-A716-446655440000}\"").expect("a UUID");
        assert_eq!(id.to_string(), "550e8400-e29b-41d4-a716-446655440000");
        for bad in ["-1", "1.0", "\"5\"", "\"x\"", "null"] {
            assert!(serde_json::from_str::<PointId>(bad).is_err(), "{bad}");
        }
    }
}
