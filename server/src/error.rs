//! What a request failed with: the engine's errors and ours go in, a kind and a message come out, which each wire writes in its own way.
//!
//! Kinds, prefixes and codes are Qdrant's, and so are the messages that its clients compare.

use nigh::{Error, ErrorKind};
use nigh_api::Problems;
use std::fmt;
use std::time::Duration;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// A value that cannot be accepted.
    BadInput,
    /// A request that cannot be carried out.
    BadRequest,
    /// A body, path or query string that cannot be read; the message is whole.
    Format,
    /// A body that breaks limits.
    Validation,
    /// The name is taken.
    AlreadyExists,
    /// There is no such thing.
    NotFound,
    /// It took longer than the caller would wait.
    Timeout,
    /// The caller may not do this.
    Forbidden,
    /// No writes are taken.
    Locked,
    /// Only a cluster can do this; the message is whole.
    NeedsCluster,
    /// This server does not do it; the message is whole.
    Unsupported,
    /// No model for this; the message is whole.
    Inference,
    /// Too many requests of this caller.
    RateLimited,
    /// Too many requests of all callers; nothing was done.
    Overloaded,
    /// No room on the disk, or a quota is used up.
    NoSpace,
    /// A body that is too large; the message is whole.
    TooLarge,
    /// A bug, or damage.
    Internal,
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ApiError {
    /// What kind of failure it is.
    pub(crate) kind: Kind,
    message: String,
    /// When it makes sense to try again.
    pub(crate) retry_after: Option<Duration>,
}

/// Result of a service.
pub(crate) type Result<T> = std::result::Result<T, ApiError>;

impl ApiError {
    /// An error of a kind.
    pub(crate) fn new(kind: Kind, message: impl fmt::Display) -> Self {
        Self { kind, message: message.to_string(), retry_after: None }
    }

    /// A value that cannot be accepted.
    pub(crate) fn bad_input(message: impl fmt::Display) -> Self {
        Self::new(Kind::BadInput, message)
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: impl fmt::Display) -> Self {
        Self::new(Kind::NotFound, message)
    }

    /// No collection or alias has this name.
    pub(crate) fn no_collection(name: &str) -> Self {
        Self::not_found(format_args!("Collection `{name}` doesn't exist!"))
    }

    /// Too much work is waiting.
    pub(crate) fn overloaded(what: impl fmt::Display) -> Self {
        let retry_after = Some(Duration::from_secs(1));
        Self { kind: Kind::Overloaded, message: format!("too many {what} are waiting"), retry_after }
    }

    /// Only a cluster can do this.
    pub(crate) fn needs_cluster() -> Self {
        Self::new(Kind::NeedsCluster, "Qdrant is running in standalone mode")
    }

    /// The text as clients see it, with the prefix of its kind.
    pub(crate) fn text(&self) -> String {
        let prefix = match self.kind {
            Kind::BadInput | Kind::AlreadyExists => "Wrong input: ",
            Kind::BadRequest => "Bad request: ",
            Kind::NotFound => "Not found: ",
            Kind::Timeout => "Timeout: ",
            Kind::Forbidden => "Forbidden: ",
            Kind::Locked => "Storage locked: ",
            Kind::RateLimited => "Rate limiting exceeded: ",
            Kind::Overloaded => "Shard temporarily unavailable: ",
            Kind::NoSpace => "Insufficient storage: ",
            Kind::Internal => "Service internal error: ",
            Kind::Format
            | Kind::Validation
            | Kind::NeedsCluster
            | Kind::Unsupported
            | Kind::Inference
            | Kind::TooLarge => "",
        };
        format!("{prefix}{}", self.message)
    }

    /// The limits that a body breaks; `place` is where, as in `JSON body`.
    pub(crate) fn validation(place: &str, problems: &Problems) -> Self {
        Self::new(Kind::Validation, format_args!("Validation error in {place}: {problems}"))
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}

impl std::error::Error for ApiError {}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        let kind = match error.kind() {
            ErrorKind::InvalidArgument | ErrorKind::TooLarge => Kind::BadInput,
            ErrorKind::NotFound => Kind::NotFound,
            ErrorKind::AlreadyExists => Kind::AlreadyExists,
            ErrorKind::Busy => Kind::Overloaded,
            ErrorKind::Cancelled => Kind::Timeout,
            ErrorKind::NoSpace => Kind::NoSpace,
            ErrorKind::Locked => Kind::Locked,
            ErrorKind::Closed => match error {
                // Dropped while the request was on its way.
                Error::Closed { .. } => Kind::NotFound,
                _ => Kind::Overloaded,
            },
            _ => Kind::Internal,
        };
        let retry_after = (kind == Kind::Overloaded).then_some(Duration::from_secs(1));
        Self { kind, message: error.to_string(), retry_after }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_the_prefix_of_their_kind() {
        assert_eq!(ApiError::no_collection("a").text(), "Not found: Collection `a` doesn't exist!");
        assert_eq!(ApiError::new(Kind::AlreadyExists, "x").text(), "Wrong input: x");
        assert_eq!(
            ApiError::new(Kind::Format, "Format error in JSON body: x").text(),
            "Format error in JSON body: x"
        );
    }

    #[test]
    fn errors_of_the_engine_keep_their_kind() {
        let error = ApiError::from(Error::NoPoint { id: "5".to_owned() });
        assert_eq!(
            (error.kind, error.text().as_str()),
            (Kind::NotFound, "Not found: No point with id 5 found")
        );
        let busy = ApiError::from(Error::Busy { what: "x" });
        assert_eq!(busy.kind, Kind::Overloaded);
        assert!(busy.retry_after.is_some());
    }
}
