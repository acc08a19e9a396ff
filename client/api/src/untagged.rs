//! Help for unions without a tag: the value is read first, its shape tells what it is.

use serde::de::DeserializeOwned;
use serde_json::Value;
use std::fmt;

/// Reads a value as `T`.
pub(crate) fn read<T: DeserializeOwned, E: serde::de::Error>(value: Value) -> Result<T, E> {
    T::deserialize(value).map_err(E::custom)
}

/// Reads one value where a list is expected; `null` is an empty list.
pub(crate) fn one_or_many<'de, D, T>(deserializer: D) -> Result<Vec<T>, D::Error>
where
    D: serde::Deserializer<'de>,
    T: DeserializeOwned,
{
    use serde::Deserialize;
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) => items.into_iter().map(read).collect(),
        one => Ok(vec![read(one)?]),
    }
}

/// What a value is, for messages.
pub(crate) struct Kind<'a>(pub(crate) &'a Value);

impl fmt::Display for Kind<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Value::Null => f.write_str("null"),
            Value::Bool(value) => write!(f, "boolean `{value}`"),
            Value::Number(value) if value.is_f64() => write!(f, "floating point `{value}`"),
            Value::Number(value) => write!(f, "integer `{value}`"),
            Value::String(text) => {
                let shown: String = text.chars().take(64).collect();
                write!(f, "string {shown:?}")
            }
            Value::Array(_) => f.write_str("sequence"),
            Value::Object(map) => {
                let keys: Vec<String> = map.keys().take(4).map(|key| format!("`{key}`")).collect();
                write!(f, "map with {}", if keys.is_empty() { "no keys".to_owned() } else { keys.join(", ") })
            }
        }
    }
}
