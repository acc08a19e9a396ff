//! The way of a request: body and caller go in, a service runs, an envelope comes out.

use super::params::Reads;
use crate::auth::Access;
use crate::engine_pool::Work;
use crate::error::{ApiError, Kind, Result};
use crate::service::{App, Call, Scope};
use axum::body::{Body, Bytes};
use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use nigh_api::{Problems, Validate};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::{Duration, Instant};

const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A request whose body has been received.
pub(super) struct Received {
    access: Arc<Access>,
    headers: HeaderMap,
    body: Bytes,
    began: Instant,
}

impl FromRequest<Arc<App>> for Received {
    type Rejection = Response;

    async fn from_request(request: Request, app: &Arc<App>) -> std::result::Result<Self, Response> {
        let began = Instant::now();
        let (parts, body) = request.into_parts();
        let Some(access) = parts.extensions.get::<Arc<Access>>().cloned() else {
            return Err(failed(&ApiError::new(Kind::Internal, "nobody asked for a key"), began));
        };
        let max = app.live.load().limits.body_bytes;
        let too_large = || {
            failed(
                &ApiError::new(Kind::TooLarge, format_args!("Payload too large: at most {max} bytes")),
                began,
            )
        };
        let announced =
            parts.headers.get("content-length").and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
        if announced.is_some_and(|length| length > max) {
            return Err(too_large());
        }
        let body = match axum::body::to_bytes(body, max).await {
            Ok(body) => body,
            Err(e) if is_length(&e) => return Err(too_large()),
            Err(e) => {
                let error = ApiError::new(Kind::Format, format_args!("Format error in JSON body: {e}"));
                return Err(failed(&error, began));
            }
        };
        Ok(Self { access, headers: parts.headers, body, began })
    }
}

fn is_length(error: &axum::Error) -> bool {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = source {
        if inner.to_string().contains("length limit exceeded") {
            return true;
        }
        source = inner.source();
    }
    false
}

impl Received {
    fn call(&self, timeout: Option<Duration>) -> Call {
        Call { access: Arc::clone(&self.access), timeout, began: self.began }
    }

    /// Runs a service that takes no body.
    pub(super) async fn run<T: Serialize>(
        self,
        app: &Arc<App>,
        work: Work,
        reads: Result<Reads>,
        service: impl FnOnce(&Scope) -> Result<T> + Send + 'static,
    ) -> Response {
        let began = self.began;
        let timeout = match reads {
            Ok(reads) => reads.timeout,
            Err(e) => return failed(&e, began),
        };
        let answer = app.run(work, self.call(timeout), move |scope| written(&service(scope)?, began)).await;
        answered(answer, began)
    }

    /// Runs a service that takes a body.
    pub(super) async fn run_with<B: DeserializeOwned + Validate, T: Serialize>(
        self,
        app: &Arc<App>,
        work: Work,
        reads: Result<Reads>,
        service: impl FnOnce(&Scope, B) -> Result<T> + Send + 'static,
    ) -> Response {
        let began = self.began;
        let timeout = match reads {
            Ok(reads) => reads.timeout,
            Err(e) => return failed(&e, began),
        };
        let call = self.call(timeout);
        let job = move |scope: &Scope| {
            let body: B = self.read()?;
            written(&service(scope, body)?, began)
        };
        answered(app.run(work, call, job).await, began)
    }

    /// Reads the body and checks its limits.
    fn read<B: DeserializeOwned + Validate>(&self) -> Result<B> {
        let content_type = self.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
        if let Some(found) = content_type
            && !is_json(found)
        {
            return Err(ApiError::new(
                Kind::Format,
                format_args!(
                    "Format error in JSON body: Content type error, expected application/json, got {found}"
                ),
            ));
        }
        // Lists would be read as fields in order.
        if let Some(first) = self.body.iter().find(|byte| !byte.is_ascii_whitespace())
            && *first != b'{'
        {
            let message = "Format error in JSON body: expected an object";
            return Err(ApiError::new(Kind::Format, message));
        }
        let body: B = serde_json::from_slice(&self.body)
            .map_err(|e| ApiError::new(Kind::Format, format_args!("Format error in JSON body: {e}")))?;
        match Problems::of(&body) {
            None => Ok(body),
            Some(problems) => Err(ApiError::validation("JSON body", &problems)),
        }
    }
}

fn is_json(content_type: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case("application/json")
        || media.rsplit_once('+').is_some_and(|(_, suffix)| suffix.eq_ignore_ascii_case("json"))
}

#[derive(Serialize)]
struct Success<'a, T> {
    result: &'a T,
    status: &'static str,
    time: f64,
}

fn written<T: Serialize>(result: &T, began: Instant) -> Result<Vec<u8>> {
    let envelope = Success { result, status: "ok", time: began.elapsed().as_secs_f64() };
    serde_json::to_vec(&envelope).map_err(|e| ApiError::new(Kind::Internal, e))
}

fn answered(answer: Result<Vec<u8>>, began: Instant) -> Response {
    match answer {
        Ok(text) => ([(CONTENT_TYPE, JSON)], text).into_response(),
        Err(error) => failed(&error, began),
    }
}

/// The answer to a request that failed.
pub(super) fn failed(error: &ApiError, began: Instant) -> Response {
    let status = match error.kind {
        Kind::BadInput | Kind::BadRequest | Kind::Format | Kind::Inference => StatusCode::BAD_REQUEST,
        Kind::Validation => StatusCode::UNPROCESSABLE_ENTITY,
        Kind::AlreadyExists => StatusCode::CONFLICT,
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Timeout => StatusCode::REQUEST_TIMEOUT,
        Kind::Forbidden | Kind::Locked => StatusCode::FORBIDDEN,
        Kind::NeedsCluster => StatusCode::METHOD_NOT_ALLOWED,
        Kind::Unsupported => StatusCode::NOT_IMPLEMENTED,
        Kind::RateLimited => StatusCode::TOO_MANY_REQUESTS,
        Kind::Overloaded => StatusCode::SERVICE_UNAVAILABLE,
        Kind::NoSpace => StatusCode::INSUFFICIENT_STORAGE,
        Kind::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Kind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let body = serde_json::json!({"status": {"error": error.text()}, "time": began.elapsed().as_secs_f64()});
    let mut response = (status, [(CONTENT_TYPE, JSON)], Body::from(body.to_string())).into_response();
    if let Some(wait) = error.retry_after {
        let seconds = crate::limits::retry_after_s(wait);
        response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
