//! The outermost layer of both ports: a request goes in, on it goes with an [`Access`], or back with a refusal.
//!
//! The path is compared as it came. A router behind this layer may fold slashes or case, but whatever it folds was asked for a key here.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use http::header::{CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use tower::{Layer, Service};

use super::access::{Access, MustExist};
use super::{Denied, Keyring};

/// What anyone may ask a REST port for.
const OPEN_PATHS: [&str; 4] = ["/", "/healthz", "/readyz", "/livez"];

/// Looks whether a point exists, for tokens that hang on one. `None`: it could not be told, which is a no.
pub type Existence =
    Arc<dyn Fn(MustExist) -> Pin<Box<dyn Future<Output = Option<bool>> + Send>> + Send + Sync>;

/// Asks for keys.
pub struct AuthLayer<B> {
    keyring: Arc<ArcSwap<Keyring>>,
    existence: Existence,
    /// Whether there are paths that need no key.
    has_open_paths: bool,
    refuse: fn(Denied) -> Response<B>,
}

/// A service behind an [`AuthLayer`].
#[derive(Debug)]
pub struct AuthService<S, B> {
    inner: S,
    layer: AuthLayer<B>,
}

impl<B> AuthLayer<B> {
    /// For REST: the open list holds, refusals are plain text.
    #[must_use]
    pub fn rest(keyring: Arc<ArcSwap<Keyring>>, existence: Existence) -> Self
    where
        B: From<String>,
    {
        Self { keyring, existence, has_open_paths: true, refuse: rest_refusal }
    }

    /// For gRPC: every call needs a key, refusals are statuses.
    #[must_use]
    pub fn grpc(keyring: Arc<ArcSwap<Keyring>>, existence: Existence) -> Self
    where
        B: Default,
    {
        Self { keyring, existence, has_open_paths: false, refuse: grpc_refusal }
    }
}

/// Whether a REST request needs no key: by the exact path, and only to look.
#[must_use]
pub fn is_open(method: &Method, path: &str) -> bool {
    (method == Method::GET || method == Method::HEAD) && OPEN_PATHS.contains(&path)
}

/// 401 with a text.
#[must_use]
pub fn rest_refusal<B: From<String>>(denied: Denied) -> Response<B> {
    let mut response = Response::new(B::from(denied.text().to_owned()));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    response
}

/// UNAUTHENTICATED in an answer of trailers only.
#[must_use]
pub fn grpc_refusal<B: Default>(denied: Denied) -> Response<B> {
    let mut response = Response::new(B::default());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static("16"));
    // Letters and spaces only: nothing to escape.
    headers.insert("grpc-message", HeaderValue::from_static(denied.text()));
    response
}

impl<S, B> Layer<S> for AuthLayer<B> {
    type Service = AuthService<S, B>;

    fn layer(&self, inner: S) -> Self::Service {
        AuthService { inner, layer: self.clone() }
    }
}

impl<S, A, B> Service<Request<A>> for AuthService<S, B>
where
    S: Service<Request<A>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    A: Send + 'static,
    B: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        // The one that was polled ready is the one to call.
        let unready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, unready);
        let layer = self.layer.clone();
        Box::pin(async move {
            // A header of that name from outside counts for nothing; extensions come from us alone.
            request.extensions_mut().remove::<Arc<Access>>();
            if layer.has_open_paths && is_open(request.method(), request.uri().path()) {
                return inner.call(request).await;
            }
            let identified = layer.keyring.load().identify(request.headers(), now_s());
            let access = match identified {
                Ok(access) => access,
                Err(denied) => return Ok((layer.refuse)(denied)),
            };
            if let Some(point) = &access.must_exist
                && (layer.existence)(point.clone()).await != Some(true)
            {
                return Ok((layer.refuse)(Denied::WrongKey));
            }
            let subject = access.subject().clone();
            request.extensions_mut().insert(Arc::new(access));
            let mut response = inner.call(request).await?;
            // For the log, which is outside.
            response.extensions_mut().insert(subject);
            Ok(response)
        })
    }
}

fn now_s() -> u64 {
    // A clock before 1970 makes every token good for longer, and none forged.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

impl<B> Clone for AuthLayer<B> {
    fn clone(&self) -> Self {
        Self {
            keyring: Arc::clone(&self.keyring),
            existence: Arc::clone(&self.existence),
            has_open_paths: self.has_open_paths,
            refuse: self.refuse,
        }
    }
}

impl<S: Clone, B> Clone for AuthService<S, B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<B> std::fmt::Debug for AuthLayer<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("AuthLayer").field("has_open_paths", &self.has_open_paths).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::super::token::tests::sign;
    use super::*;
    use crate::config::{Credentials, Secret};
    use serde_json::json;
    use std::convert::Infallible;
    use tower::ServiceExt;

    fn keyring() -> Arc<ArcSwap<Keyring>> {
        let credentials =
            Credentials { admin: Some(Secret::new("admin-key")), tokens: true, ..Credentials::default() };
        Arc::new(ArcSwap::from_pointee(Keyring::new(&credentials)))
    }

    fn existence(answer: Option<bool>) -> Existence {
        Arc::new(move |_| Box::pin(std::future::ready(answer)))
    }

    /// Says who came through.
    async fn inner(request: Request<()>) -> Result<Response<String>, Infallible> {
        let access = request.extensions().get::<Arc<Access>>();
        Ok(Response::new(access.map_or("nobody".to_owned(), |access| access.subject().name.clone())))
    }

    async fn call(
        layer: &AuthLayer<String>,
        method: Method,
        path: &str,
        key: Option<&str>,
    ) -> Response<String> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(key) = key {
            request = request.header("api-key", key);
        }
        let service = layer.layer(tower::service_fn(inner));
        service.oneshot(request.body(()).expect("a request")).await.expect("an answer")
    }

    #[tokio::test]
    async fn only_exact_paths_are_open() {
        let layer = AuthLayer::rest(keyring(), existence(None));
        for path in OPEN_PATHS {
            let answer = call(&layer, Method::GET, path, None).await;
            assert_eq!((answer.status(), answer.body().as_str()), (StatusCode::OK, "nobody"), "{path}");
            assert_eq!(call(&layer, Method::POST, path, None).await.status(), 401, "{path}");
            // A query is no part of the path.
            assert_eq!(call(&layer, Method::GET, &format!("{path}?a=/b"), None).await.status(), 200);
        }
        for path in [
            "//",
            "/.",
            "/./",
            "/%2f",
            "/healthz/",
            "//healthz",
            "/healthz//",
            "/Healthz",
            "/HEALTHZ",
            "/healthz%2f",
            "/%68ealthz",
            "/./healthz",
            "/x/../healthz",
            "/healthz;x",
            "/healthz/../collections",
            "/readyz.",
            "/livez%00",
            "/collections",
            "/metrics",
            "/telemetry",
        ] {
            assert_eq!(call(&layer, Method::GET, path, None).await.status(), 401, "{path}");
            assert_eq!(call(&layer, Method::GET, path, Some("admin-key")).await.body(), "admin", "{path}");
        }
    }

    #[tokio::test]
    async fn refusals_have_the_form_of_their_port() {
        let rest =
            call(&AuthLayer::rest(keyring(), existence(None)), Method::GET, "/collections", Some("x")).await;
        assert_eq!((rest.status().as_u16(), rest.body().as_str()), (401, "Invalid API key or JWT"));
        let layer = AuthLayer::grpc(keyring(), existence(None));
        let grpc = call(&layer, Method::GET, "/", None).await;
        assert_eq!((grpc.status().as_u16(), grpc.body().as_str()), (200, ""));
        assert_eq!(grpc.headers()["grpc-status"], "16");
        assert_eq!(call(&layer, Method::POST, "/qdrant.Points/Get", Some("admin-key")).await.body(), "admin");
    }

    #[tokio::test]
    async fn a_token_may_hang_on_a_point() {
        let claims = json!({
            "exp": 4_102_444_800_u64,
            "value_exists": {"collection": "users", "matches": [{"key": "id", "value": 1}]},
        });
        let token = sign(&json!({"alg": "HS256"}), &claims, "admin-key");
        for (answer, status) in [(Some(true), 200), (Some(false), 401), (None, 401)] {
            let layer = AuthLayer::rest(keyring(), existence(answer));
            assert_eq!(call(&layer, Method::GET, "/x", Some(&token)).await.status(), status, "{answer:?}");
        }
    }

    #[tokio::test]
    async fn keys_change_under_a_running_service() {
        let keys = keyring();
        let layer = AuthLayer::rest(Arc::clone(&keys), existence(None));
        assert_eq!(call(&layer, Method::GET, "/x", Some("new")).await.status(), 401);
        let credentials = Credentials { admin: Some(Secret::new("new")), ..Credentials::default() };
        keys.store(Arc::new(Keyring::new(&credentials)));
        assert_eq!(call(&layer, Method::GET, "/x", Some("new")).await.status(), 200);
        assert_eq!(call(&layer, Method::GET, "/x", Some("admin-key")).await.status(), 401);
    }
}
