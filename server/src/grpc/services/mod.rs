//! The services: a message is opened and read, the server is asked, the answer is put into a message with the time that it took.

mod collections;
mod health;
mod points;
mod snapshots;

use std::time::{Duration, Instant};

use nigh_api::{Problems, Validate, check_collection_name};
use tonic::{Request, Status};

use super::api::Call;
use super::convert::ConvertError;
use super::status::status;
use crate::error::{ApiError, Kind};

pub(super) use collections::CollectionsService;
pub(super) use health::QdrantService;
pub(super) use points::PointsService;
pub(super) use snapshots::SnapshotsService;

/// Time that a caller gives the connection for an answer.
const GRPC_TIMEOUT: &str = "grpc-timeout";

/// Takes a request apart. `timeout_s` is the message's own time, in seconds.
///
/// # Errors
/// It breaks a limit.
fn open<M>(request: Request<M>, timeout_s: impl FnOnce(&M) -> Option<u64>) -> Result<(M, Call), Status> {
    let began = Instant::now();
    let (metadata, extensions, message) = request.into_parts();
    let given = timeout_s(&message);
    check(|problems| problems.at_least("timeout", given, 1))?;
    let of_connection =
        metadata.get(GRPC_TIMEOUT).and_then(|value| value.to_str().ok()).and_then(parse_timeout);
    let timeout = match (given.map(Duration::from_secs), of_connection) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };
    Ok((message, Call { extensions, timeout, began }))
}

/// The value of `grpc-timeout`: up to eight digits and a unit.
///
/// Source: the specification of gRPC over HTTP/2, "Requests". What is none does not restrict, as there.
fn parse_timeout(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    if digits.is_empty() || digits.len() > 8 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    })
}

/// A value that was read, if it breaks no limit.
fn checked<T: Validate>(body: Result<T, ConvertError>) -> Result<T, Status> {
    let body = whole(body)?;
    check(|problems| body.validate(problems))?;
    Ok(body)
}

/// A value that was read and has no limits of its own, or whose limits were looked at.
fn whole<T>(body: Result<T, ConvertError>) -> Result<T, Status> {
    body.map_err(|error| status(error.into()))
}

/// Looks for broken limits.
fn check(look: impl FnOnce(&mut Problems)) -> Result<(), Status> {
    let mut problems = Problems::new();
    look(&mut problems);
    if problems.is_empty() {
        return Ok(());
    }
    let texts = problems.found().iter().map(|problem| {
        // A message has no struct in a struct where a body of REST has one.
        format!("{}: {}", problem.path.replace("internal.", ""), problem.message)
    });
    let text = format!("Validation error in body: [{}]", texts.collect::<Vec<_>>().join("; "));
    Err(status(ApiError::new(Kind::Validation, text)))
}

/// The name of a collection that is there, or not.
fn named(collection_name: &mut String) -> Result<String, Status> {
    // Other names that cannot be are those of no collection.
    if collection_name.is_empty() {
        check(|problems| check_collection_name(problems, "collection_name", collection_name))?;
    }
    Ok(std::mem::take(collection_name))
}

/// Seconds since a request was read.
fn seconds_since(began: Instant) -> f64 {
    began.elapsed().as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;
    use nigh_api::QueryRequest;

    #[test]
    fn times_of_connections_are_digits_and_a_unit() {
        for (text, expected) in [
            ("1H", Some(Duration::from_secs(3600))),
            ("2M", Some(Duration::from_secs(120))),
            ("3S", Some(Duration::from_secs(3))),
            ("4m", Some(Duration::from_millis(4))),
            ("5u", Some(Duration::from_micros(5))),
            ("99999999n", Some(Duration::from_nanos(99_999_999))),
            ("99999999H", Some(Duration::from_secs(99_999_999 * 3600))),
            ("123456789n", None),
            ("S", None),
            ("", None),
            ("-1S", None),
            ("+1S", None),
            ("1 S", None),
            ("1s", None),
            ("1초", None),
        ] {
            assert_eq!(parse_timeout(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_shorter_time_holds() {
        let timeout = |own, connection: Option<&str>| {
            let mut request = Request::new(());
            if let Some(text) = connection {
                request.metadata_mut().insert(GRPC_TIMEOUT, text.parse().expect("ASCII"));
            }
            open(request, |()| own).map(|((), call)| call.timeout)
        };
        let of = |own, connection| timeout(own, connection).expect("good times");
        assert_eq!(of(None, None), None);
        assert_eq!(of(Some(2), None), Some(Duration::from_secs(2)));
        assert_eq!(of(None, Some("500m")), Some(Duration::from_millis(500)));
        assert_eq!(of(Some(2), Some("500m")), Some(Duration::from_millis(500)));
        assert_eq!(of(Some(2), Some("5S")), Some(Duration::from_secs(2)));
        assert_eq!(of(Some(2), Some("x")), Some(Duration::from_secs(2)));
        let error = timeout(Some(0), None).expect_err("no time at all");
        let text = "Validation error in body: [timeout: value 0 invalid, must be 1 or larger]";
        assert_eq!((error.code(), error.message()), (tonic::Code::InvalidArgument, text));
    }

    #[test]
    fn paths_of_broken_limits_are_those_of_messages() {
        let body = QueryRequest { limit: Some(0), ..QueryRequest::default() };
        let error = checked(Ok(body)).expect_err("no results at all");
        let text = "Validation error in body: [limit: value 0 invalid, must be 1 or larger]";
        assert_eq!(error.message(), text);
        let error = named(&mut String::new()).expect_err("no name");
        let text = "Validation error in body: [collection_name: value \"\" invalid, must be from 1 to 255 characters]";
        assert_eq!(error.message(), text);
    }
}
