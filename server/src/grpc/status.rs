//! Errors as the wire has them: a code, the text that REST has too, and when it makes sense to try again.

use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use super::convert::ConvertError;
use crate::error::{ApiError, Kind};

/// Metadata that says after how many seconds to try again.
const RETRY_AFTER: &str = "retry-after";

/// The status of an error.
pub(super) fn status(error: ApiError) -> Status {
    let code = match error.kind {
        Kind::BadInput | Kind::BadRequest | Kind::Format | Kind::Validation | Kind::Inference => {
            Code::InvalidArgument
        }
        Kind::AlreadyExists => Code::AlreadyExists,
        Kind::NotFound => Code::NotFound,
        Kind::Timeout => Code::DeadlineExceeded,
        Kind::Forbidden => Code::PermissionDenied,
        Kind::Locked => Code::FailedPrecondition,
        Kind::NeedsCluster | Kind::Unsupported => Code::Unimplemented,
        Kind::RateLimited | Kind::NoSpace => Code::ResourceExhausted,
        Kind::Overloaded => Code::Unavailable,
        // What tonic answers to a message that is too large.
        Kind::TooLarge => Code::OutOfRange,
        Kind::Internal => Code::Internal,
    };
    let mut status = Status::new(code, error.text());
    if let Some(wait) = error.retry_after {
        // Whole seconds, none too few.
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        status.metadata_mut().insert(RETRY_AFTER, MetadataValue::from(seconds));
    }
    status
}

impl From<ConvertError> for ApiError {
    fn from(error: ConvertError) -> Self {
        Self::new(Kind::Format, format_args!("Format error in message: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn every_kind_has_the_code_of_the_wire() {
        for (kind, code) in [
            (Kind::BadInput, Code::InvalidArgument),
            (Kind::BadRequest, Code::InvalidArgument),
            (Kind::Format, Code::InvalidArgument),
            (Kind::Validation, Code::InvalidArgument),
            (Kind::AlreadyExists, Code::AlreadyExists),
            (Kind::NotFound, Code::NotFound),
            (Kind::Timeout, Code::DeadlineExceeded),
            (Kind::Forbidden, Code::PermissionDenied),
            (Kind::Locked, Code::FailedPrecondition),
            (Kind::NeedsCluster, Code::Unimplemented),
            (Kind::Inference, Code::InvalidArgument),
            (Kind::RateLimited, Code::ResourceExhausted),
            (Kind::Overloaded, Code::Unavailable),
            (Kind::NoSpace, Code::ResourceExhausted),
            (Kind::TooLarge, Code::OutOfRange),
            (Kind::Unsupported, Code::Unimplemented),
            (Kind::Internal, Code::Internal),
        ] {
            assert_eq!(status(ApiError::new(kind, "x")).code(), code, "{kind:?}");
        }
        let status = status(ApiError::no_collection("c"));
        assert_eq!(status.message(), "Not found: Collection `c` doesn't exist!");
    }

    #[test]
    fn the_time_to_wait_is_in_whole_seconds() {
        let of = |wait| {
            let mut error = ApiError::new(Kind::RateLimited, "x");
            error.retry_after = wait;
            let status = status(error);
            status.metadata().get(RETRY_AFTER).map(|value| value.to_str().expect("digits").to_owned())
        };
        assert_eq!(of(None), None);
        assert_eq!(of(Some(Duration::from_secs(3))).as_deref(), Some("3"));
        assert_eq!(of(Some(Duration::from_millis(1500))).as_deref(), Some("2"));
        assert_eq!(of(Some(Duration::from_nanos(1))).as_deref(), Some("1"));
    }
}
