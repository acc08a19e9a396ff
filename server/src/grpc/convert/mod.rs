//! Messages and values of the API: a request's message goes in, the value of the same request comes out, and an answer goes back the same way.
//!
//! A function that reads a message has the name of what it makes; one that makes a message ends in `_message`. Vectors, texts and payloads
//! are moved. Reading checks the shape only, as reading JSON does: limits are found by [`nigh_api::Validate`].
//!
//! What REST ignores as an unknown field is ignored here too (where a component's bytes are kept, for one); what would change an answer
//! and cannot be said in a value of the API is refused.

pub(in crate::grpc) mod collections;
mod enums;
pub(in crate::grpc) mod filter;
mod formula;
pub(in crate::grpc) mod indexes;
pub(in crate::grpc) mod older;
pub(in crate::grpc) mod points;
mod quantization;
pub(in crate::grpc) mod query;
pub(in crate::grpc) mod reads;
pub(in crate::grpc) mod replies;
mod strict_mode;
pub(in crate::grpc) mod values;
mod vectors;

use std::fmt;

/// A message that is no request: where, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::grpc) struct ConvertError {
    /// Names of fields with dots between, indexes in brackets.
    path: String,
    what: String,
}

pub(in crate::grpc) type Result<T> = std::result::Result<T, ConvertError>;

impl ConvertError {
    /// The field itself is wrong.
    fn new(field: &str, what: impl fmt::Display) -> Self {
        Self { path: field.to_owned(), what: what.to_string() }
    }

    /// The field is needed.
    fn missing(field: &str) -> Self {
        Self::new(field, "required, but not given")
    }

    /// The message is itself in a field; one without a name is no step of the way.
    fn within(mut self, field: impl fmt::Display) -> Self {
        let mut path = field.to_string();
        if !path.is_empty() && !self.path.is_empty() && !self.path.starts_with('[') {
            path.push('.');
        }
        path.push_str(&self.path);
        self.path = path;
        self
    }
}

impl fmt::Display for ConvertError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.what)
    }
}

/// Reads a field that must be there.
fn required<M, T>(field: &str, message: Option<M>, read: impl FnOnce(M) -> Result<T>) -> Result<T> {
    let message = message.ok_or_else(|| ConvertError::missing(field))?;
    read(message).map_err(|error| error.within(field))
}

/// Reads a field that may be there.
fn optional<M, T>(field: &str, message: Option<M>, read: impl FnOnce(M) -> Result<T>) -> Result<Option<T>> {
    message.map(read).transpose().map_err(|error| error.within(field))
}

/// Reads each element of a field.
fn each<M, T>(field: &str, messages: Vec<M>, read: impl Fn(M) -> Result<T>) -> Result<Vec<T>> {
    let read_one = |(i, message)| {
        read(message).map_err(|error: ConvertError| error.within(format_args!("{field}[{i}]")))
    };
    messages.into_iter().enumerate().map(read_one).collect()
}

/// Reads each value of a field that is a map; the keys are kept.
fn each_value<M, T, C: FromIterator<(String, T)>>(
    field: &str,
    messages: impl IntoIterator<Item = (String, M)>,
    read: impl Fn(M) -> Result<T>,
) -> Result<C> {
    let read_one = |(name, message)| match read(message) {
        Ok(value) => Ok((name, value)),
        Err(error) => Err(error.within(name).within(field)),
    };
    messages.into_iter().map(read_one).collect()
}

/// A number of things, as a count in memory.
fn count(number: u64) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_way_to_the_field() {
        let read = |good: bool| if good { Ok(()) } else { Err(ConvertError::missing("id")) };
        let error = each("points", vec![true, false], read).expect_err("the second is bad").within("upsert");
        assert_eq!(error.to_string(), "upsert.points[1].id: required, but not given");
        let named = [("a".to_owned(), false)];
        let error = each_value::<_, _, Vec<_>>("vectors", named, read).expect_err("it is bad");
        assert_eq!(error.to_string(), "vectors.a.id: required, but not given");
        let error = required("points", None, read).expect_err("it is missing");
        assert_eq!(error.to_string(), "points: required, but not given");
    }
}
