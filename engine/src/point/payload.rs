//! Payloads: a JSON object beside the vectors. Integers and floats keep their kind; key order is not kept.
//!
//! Invariant: a payload that was accepted is at most [`DEPTH_MAX`] levels deep, so reading it back cannot exhaust the stack.

use super::path::PayloadPath;
use crate::error::{Error, Result};
use serde_json::{Map, Value};

/// Deepest nesting of a payload, the object itself counted.
pub(crate) const DEPTH_MAX: usize = 64;

/// A JSON object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Payload(Map<String, Value>);

impl Payload {
    /// Takes a JSON value; `null` is the empty payload.
    ///
    /// # Errors
    /// `Invalid` if it is neither an object nor null.
    pub fn from_json(value: Value) -> Result<Self> {
        match value {
            Value::Null => Ok(Self::default()),
            Value::Object(map) => Ok(Self(map)),
            other => Err(Error::invalid("payload", "a JSON object", kind_of(&other))),
        }
    }

    /// The keys and values.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The value of a top-level key.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// True if there are no keys.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Turns into a JSON object.
    pub fn into_json(self) -> Value {
        Value::Object(self.0)
    }

    /// The keys and values.
    pub fn into_map(self) -> Map<String, Value> {
        self.0
    }

    /// Only what is at these paths, with the objects and arrays around it.
    pub(crate) fn only(&self, paths: &[PayloadPath]) -> Self {
        let mut kept = Map::new();
        paths.iter().for_each(|path| path.copy(&self.0, &mut kept));
        Self(kept)
    }

    /// All but what is at these paths.
    pub(crate) fn without(mut self, paths: &[PayloadPath]) -> Self {
        paths.iter().for_each(|path| path.remove(&mut self.0));
        self
    }

    /// Merges the top-level keys of `patch`, or merges `patch` into the object at `path`. A null removes its key.
    pub(crate) fn set(&mut self, patch: Payload, path: Option<&PayloadPath>) {
        let Some(path) = path else {
            merge(&mut self.0, patch.0);
            return;
        };
        path.edit(&mut self.0, &mut |place| {
            if !place.is_object() {
                *place = Value::Object(Map::new());
            }
            if let Value::Object(map) = place {
                merge(map, patch.0.clone());
            }
        });
    }

    /// Replaces everything, or the value at `path`.
    pub(crate) fn overwrite(&mut self, payload: Payload, path: Option<&PayloadPath>) {
        match path {
            None => *self = payload,
            Some(path) => path.edit(&mut self.0, &mut |place| *place = Value::Object(payload.0.clone())),
        }
    }

    /// Removes the values at `path`.
    pub(crate) fn remove(&mut self, path: &PayloadPath) {
        path.remove(&mut self.0);
    }

    /// JSON text of a point's payload; empty for the empty one. Checks depth and size.
    pub(crate) fn encode(&self, bytes_max: usize) -> Result<Vec<u8>> {
        self.encode_as("payload of a point in bytes", bytes_max)
    }

    /// JSON text; empty for the empty payload. Checks depth and size; `what` is said to be too large.
    pub(crate) fn encode_as(&self, what: &'static str, bytes_max: usize) -> Result<Vec<u8>> {
        if self.0.is_empty() {
            return Ok(Vec::new());
        }
        check_depth(&self.0)?;
        let text = serde_json::to_vec(&self.0).map_err(|e| Error::invalid("payload", "a JSON object", e))?;
        if text.len() > bytes_max {
            let (limit, got) = (bytes_max as u64, text.len() as u64);
            return Err(Error::TooLarge { what, limit, got });
        }
        Ok(text)
    }

    /// Reads what [`Payload::encode`] wrote; the error is the parser's.
    pub(crate) fn decode(text: &[u8]) -> std::result::Result<Self, String> {
        if text.is_empty() {
            return Ok(Self::default());
        }
        serde_json::from_slice(text).map(Self).map_err(|e| format!("payload is not a JSON object: {e}"))
    }
}

impl From<Map<String, Value>> for Payload {
    fn from(map: Map<String, Value>) -> Self {
        Self(map)
    }
}

impl TryFrom<Value> for Payload {
    type Error = Error;

    fn try_from(value: Value) -> Result<Self> {
        Self::from_json(value)
    }
}

/// As RFC 7396 merges one level.
fn merge(map: &mut Map<String, Value>, patch: Map<String, Value>) {
    for (key, value) in patch {
        if value.is_null() {
            map.remove(&key);
        } else {
            map.insert(key, value);
        }
    }
}

fn kind_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

fn check_depth(map: &Map<String, Value>) -> Result<()> {
    let mut open: Vec<(&Value, usize)> = map.values().map(|v| (v, 2)).collect();
    while let Some((value, depth)) = open.pop() {
        if !(value.is_array() || value.is_object()) {
            continue;
        }
        if depth > DEPTH_MAX {
            return Err(Error::TooLarge {
                what: "payload nesting",
                limit: DEPTH_MAX as u64,
                got: depth as u64,
            });
        }
        match value {
            Value::Array(items) => open.extend(items.iter().map(|v| (v, depth + 1))),
            Value::Object(items) => open.extend(items.values().map(|v| (v, depth + 1))),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    Ok(())
}
