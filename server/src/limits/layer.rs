//! The layer behind the keys: a request goes in, on it goes, or back at once with 429 or 503 and the time to wait.
//!
//! Requests that need no key are let through: a probe must be answered when the server is full, or it is restarted for being busy.

use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use arc_swap::ArcSwap;
use http::header::{CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Request, Response, StatusCode};
use tokio::sync::Semaphore;
use tower::{Layer, Service};

use super::{ClientRates, retry_after_s};
use crate::auth::Access;
use crate::config::Live;

/// Who is at the other end of a connection; `listen.rs` puts it into each request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// What the layers of both ports share.
#[derive(Debug)]
pub struct Limits {
    live: Arc<ArcSwap<Live>>,
    rates: ClientRates,
    at_work: Semaphore,
}

/// Refuses what is too much.
pub struct LimitLayer<B> {
    limits: Arc<Limits>,
    refuse: fn(&Refusal) -> Response<B>,
}

/// A service behind a [`LimitLayer`].
#[derive(Debug)]
pub struct LimitService<S, B> {
    inner: S,
    layer: LimitLayer<B>,
}

/// What was too much, and how long to wait.
#[derive(Debug)]
struct Refusal {
    status: StatusCode,
    text: String,
    wait: Duration,
}

impl Limits {
    /// At most so many requests at work; rates as they are configured at the time.
    #[must_use]
    pub fn new(live: Arc<ArcSwap<Live>>, in_flight_max: usize) -> Self {
        let at_work = Semaphore::new(in_flight_max.min(Semaphore::MAX_PERMITS));
        Self { live, rates: ClientRates::new(), at_work }
    }

    fn admit(&self, access: &Access, address: Option<IpAddr>) -> Result<(), Refusal> {
        let live = self.live.load();
        let Some(rates) = &live.rates else { return Ok(()) };
        self.rates.take(rates, access.subject(), address).map_err(|(what, wait)| Refusal {
            status: StatusCode::TOO_MANY_REQUESTS,
            text: format!(
                "Rate limiting exceeded: too many requests {what}; retry after {} s",
                retry_after_s(wait)
            ),
            wait,
        })
    }
}

impl<B> LimitLayer<B> {
    /// For REST.
    #[must_use]
    pub fn rest(limits: Arc<Limits>) -> Self
    where
        B: From<String>,
    {
        Self { limits, refuse: rest_refusal }
    }

    /// For gRPC.
    #[must_use]
    pub fn grpc(limits: Arc<Limits>) -> Self
    where
        B: Default,
    {
        Self { limits, refuse: grpc_refusal }
    }
}

fn rest_refusal<B: From<String>>(refusal: &Refusal) -> Response<B> {
    let body = serde_json::json!({"status": {"error": refusal.text}, "time": 0.0});
    let mut response = Response::new(B::from(body.to_string()));
    *response.status_mut() = refusal.status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_s(refusal.wait)));
    response
}

/// RESOURCE_EXHAUSTED or UNAVAILABLE, in an answer of trailers only.
fn grpc_refusal<B: Default>(refusal: &Refusal) -> Response<B> {
    let mut response = Response::new(B::default());
    let headers = response.headers_mut();
    let code = if refusal.status == StatusCode::TOO_MANY_REQUESTS { "8" } else { "14" };
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/grpc"));
    headers.insert("grpc-status", HeaderValue::from_static(code));
    // Our own words: ASCII without a percent sign, so nothing is escaped.
    if let Ok(text) = HeaderValue::from_str(&refusal.text) {
        headers.insert("grpc-message", text);
    }
    headers.insert(RETRY_AFTER, HeaderValue::from(retry_after_s(refusal.wait)));
    response
}

/// The client's address: the connection's, or where a proxy is trusted, the last one that it put into `X-Forwarded-For`.
fn address(headers: &HeaderMap, peer: Option<Peer>, trusts_proxy: bool) -> Option<IpAddr> {
    let forwarded = || {
        let last = headers.get_all("x-forwarded-for").iter().next_back()?;
        last.to_str().ok()?.rsplit(',').next()?.trim().parse().ok()
    };
    let forwarded = if trusts_proxy { forwarded() } else { None };
    forwarded.or(peer.map(|Peer(address)| address.ip()))
}

impl<S, B> Layer<S> for LimitLayer<B> {
    type Service = LimitService<S, B>;

    fn layer(&self, inner: S) -> Self::Service {
        LimitService { inner, layer: self.clone() }
    }
}

impl<S, A, B> Service<Request<A>> for LimitService<S, B>
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

    fn call(&mut self, request: Request<A>) -> Self::Future {
        // The one that was polled ready is the one to call.
        let unready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, unready);
        let Some(access) = request.extensions().get::<Arc<Access>>() else {
            return Box::pin(inner.call(request));
        };
        let trusts_proxy = self.layer.limits.live.load().trust_forwarded_headers;
        let peer = request.extensions().get::<Peer>().copied();
        let admitted = self.layer.limits.admit(access, address(request.headers(), peer, trusts_proxy));
        let LimitLayer { limits, refuse } = self.layer.clone();
        if let Err(refusal) = admitted {
            return Box::pin(async move { Ok(refuse(&refusal)) });
        }
        Box::pin(async move {
            let Ok(_place) = limits.at_work.try_acquire() else {
                let text = "Shard temporarily unavailable: too many requests are at work".to_owned();
                let status = StatusCode::SERVICE_UNAVAILABLE;
                return Ok(refuse(&Refusal { status, text, wait: Duration::from_secs(1) }));
            };
            inner.call(request).await
        })
    }
}

impl<B> Clone for LimitLayer<B> {
    fn clone(&self) -> Self {
        Self { limits: Arc::clone(&self.limits), refuse: self.refuse }
    }
}

impl<S: Clone, B> Clone for LimitService<S, B> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<B> std::fmt::Debug for LimitLayer<B> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LimitLayer").field("limits", &self.limits).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Config, Rates, Settings};
    use std::convert::Infallible;
    use tokio::sync::Notify;
    use tower::ServiceExt;

    fn limits(rates: Option<Rates>, in_flight_max: usize) -> Arc<Limits> {
        let config = Config::new(&Settings::built_in()).expect("the built-in values");
        let live = Live { rates, ..config.live };
        Arc::new(Limits::new(Arc::new(ArcSwap::from_pointee(live)), in_flight_max))
    }

    fn request(known: bool) -> Request<()> {
        let mut request = Request::new(());
        if known {
            request.extensions_mut().insert(Arc::new(Access::open()));
        }
        request
    }

    async fn ok(_: Request<()>) -> Result<Response<String>, Infallible> {
        Ok(Response::new("ok".to_owned()))
    }

    #[tokio::test]
    async fn too_many_requests_are_told_when_to_come_again() {
        let rates = Rates { user_per_minute: Some(2), ip_per_hour: None, global_per_second: None };
        let limits = limits(Some(rates), 10);
        let rest = LimitLayer::rest(Arc::clone(&limits)).layer(tower::service_fn(ok));
        for _ in 0..2 {
            assert_eq!(rest.clone().oneshot(request(true)).await.expect("an answer").status(), 200);
        }
        let refused = rest.clone().oneshot(request(true)).await.expect("an answer");
        assert_eq!(
            (refused.status().as_u16(), &refused.headers()["retry-after"]),
            (429, &HeaderValue::from(30))
        );
        assert!(
            refused.body().starts_with(r#"{"status":{"error":"Rate limiting exceeded: "#),
            "{}",
            refused.body()
        );
        assert_eq!(rest.oneshot(request(false)).await.expect("an answer").status(), 200, "a probe");
        let grpc = LimitLayer::grpc(limits).layer(tower::service_fn(ok));
        let refused = grpc.oneshot(request(true)).await.expect("an answer");
        assert_eq!(
            (&refused.headers()["grpc-status"], &refused.headers()["retry-after"]),
            (&HeaderValue::from(8), &HeaderValue::from(30))
        );
    }

    #[tokio::test]
    async fn requests_at_work_are_bounded() {
        let (begun, go_on) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let slow = {
            let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
            move |_: Request<()>| {
                let (begun, go_on) = (Arc::clone(&begun), Arc::clone(&go_on));
                async move {
                    begun.notify_one();
                    go_on.notified().await;
                    Ok::<_, Infallible>(Response::new("ok".to_owned()))
                }
            }
        };
        let service = LimitLayer::rest(limits(None, 1)).layer(tower::service_fn(slow));
        let first = tokio::spawn(service.clone().oneshot(request(true)));
        begun.notified().await;
        let second = service.clone().oneshot(request(true)).await.expect("an answer");
        assert_eq!(
            (second.status().as_u16(), &second.headers()["retry-after"]),
            (503, &HeaderValue::from(1))
        );
        go_on.notify_one();
        assert_eq!(first.await.expect("no panic").expect("an answer").status(), 200);
        go_on.notify_one();
        assert_eq!(service.oneshot(request(true)).await.expect("an answer").status(), 200);
    }

    #[test]
    fn a_proxys_word_counts_only_where_it_is_trusted() {
        let peer = Some(Peer("10.0.0.1:1".parse().expect("an address")));
        let mut headers = HeaderMap::new();
        let seen = |headers: &HeaderMap, trusts| address(headers, peer, trusts).map(|a| a.to_string());
        assert_eq!(seen(&headers, true).as_deref(), Some("10.0.0.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static("1.1.1.1"));
        headers.append("x-forwarded-for", HeaderValue::from_static("2.2.2.2, 3.3.3.3"));
        assert_eq!(seen(&headers, false).as_deref(), Some("10.0.0.1"));
        assert_eq!(seen(&headers, true).as_deref(), Some("3.3.3.3"));
        headers.append("x-forwarded-for", HeaderValue::from_static("nonsense"));
        assert_eq!(seen(&headers, true).as_deref(), Some("10.0.0.1"));
    }
}
