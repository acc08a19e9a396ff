//! Why a text is not an address: which part of it, what was expected there, what stood there.

use std::error::Error;
use std::fmt;

/// A text that does not say where a server is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointError {
    field: EndpointField,
    expected: &'static str,
    got: String,
}

/// The part of an address that was wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndpointField {
    /// What stands before `://`.
    Scheme,
    /// The name or number of the machine.
    Host,
    /// The number after the host.
    Port,
    /// What follows the first `/` after the host.
    Path,
    /// The key that the server asks for.
    ApiKey,
}

impl EndpointError {
    pub(crate) fn new(field: EndpointField, expected: &'static str, got: &str) -> Self {
        Self { field, expected, got: got.to_owned() }
    }

    /// The part that was wrong.
    pub fn field(&self) -> EndpointField {
        self.field
    }

    /// What should have stood there.
    pub fn expected(&self) -> &str {
        self.expected
    }

    /// What stood there; for an API key, only a word about it.
    pub fn got(&self) -> &str {
        &self.got
    }
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "endpoint {}: expected {}, got {:?}", self.field, self.expected, self.got)
    }
}

impl Error for EndpointError {}

impl fmt::Display for EndpointField {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Scheme => "scheme",
            Self::Host => "host",
            Self::Port => "port",
            Self::Path => "path",
            Self::ApiKey => "api_key",
        })
    }
}
