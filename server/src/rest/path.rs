//! Paths: doubled and trailing slashes are folded before a request is routed.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::uri::PathAndQuery;
use axum::http::{Request, Uri};
use std::error::Error;
use std::task::{Context, Poll};
use tower::Service;

/// Folds slashes in front of a service, and takes bodies of any type.
#[derive(Debug, Clone)]
pub(super) struct FoldSlashes<S>(pub(super) S);

impl<S, B> Service<Request<B>> for FoldSlashes<S>
where
    S: Service<Request<Body>>,
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        if let Some(folded) = folded(request.uri()) {
            *request.uri_mut() = folded;
        }
        self.0.call(request.map(Body::new))
    }
}

/// The folded address, if it is another one.
fn folded(uri: &Uri) -> Option<Uri> {
    let path = uri.path();
    let is_folded = path == "/" || !(path.contains("//") || path.ends_with('/'));
    if is_folded {
        return None;
    }
    let mut kept = String::with_capacity(path.len());
    for part in path.split('/').filter(|part| !part.is_empty()) {
        kept.push('/');
        kept.push_str(part);
    }
    if kept.is_empty() {
        kept.push('/');
    }
    if let Some(query) = uri.query() {
        kept.push('?');
        kept.push_str(query);
    }
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(kept).ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slashes_are_folded_and_nothing_else() {
        let fold = |text: &'static str| folded(&Uri::from_static(text)).map(|uri| uri.to_string());
        assert_eq!(fold("/collections//a/"), Some("/collections/a".to_owned()));
        assert_eq!(fold("//?x=//"), Some("/?x=//".to_owned()));
        assert_eq!(fold("/a%2F%2Fb/?timeout=1"), Some("/a%2F%2Fb?timeout=1".to_owned()));
        assert_eq!(fold("/"), None);
        assert_eq!(fold("/collections/a?b=//"), None);
    }
}
