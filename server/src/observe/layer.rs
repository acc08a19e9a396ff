//! The layer around everything: a request goes in, its answer comes out with a name on it, counted and logged in one line.
//!
//! What it was routed to is known only inside: the router puts a [`Route`] into the answer's extensions, the keys a [`Subject`]. A request whose
//! caller goes away before the answer is counted too, as 499; for gRPC as CANCELLED.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use http::{Method, Request, Response};
use tower::{Layer, Service};

use super::request_id::{REQUEST_ID_HEADER, RequestId};
use crate::auth::Subject;
use crate::metrics::{Metrics, Route, UNMATCHED, Wire};

/// The caller went away; the status that nginx gives it.
const GONE: u16 = 499;
const CANCELLED: u16 = 1;
const UNIMPLEMENTED: u16 = 12;

/// Counts and logs.
#[derive(Debug, Clone)]
pub struct ObserveLayer {
    metrics: Arc<Metrics>,
    wire: Wire,
}

/// A service inside an [`ObserveLayer`].
#[derive(Debug, Clone)]
pub struct ObserveService<S> {
    inner: S,
    layer: ObserveLayer,
}

impl ObserveLayer {
    /// For one port.
    #[must_use]
    pub fn new(metrics: Arc<Metrics>, wire: Wire) -> Self {
        Self { metrics, wire }
    }
}

impl<S> Layer<S> for ObserveLayer {
    type Service = ObserveService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ObserveService { inner, layer: self.clone() }
    }
}

impl<S, A, B> Service<Request<A>> for ObserveService<S>
where
    S: Service<Request<A>, Response = Response<B>>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let id = RequestId::of(request.headers());
        request.extensions_mut().insert(id.clone());
        let layer = self.layer.clone();
        // A path of gRPC is a template; that of REST is only for the log, and only when there is no other.
        let path = request.uri().path().to_owned();
        let mut pending = Pending {
            layer,
            id,
            method: request.method().clone(),
            path,
            begun: Instant::now(),
            is_done: false,
        };
        let answer = self.inner.call(request);
        Box::pin(async move {
            let mut response = answer.await?;
            pending.answered(&mut response);
            Ok(response)
        })
    }
}

/// A request without an answer yet.
struct Pending {
    layer: ObserveLayer,
    id: RequestId,
    method: Method,
    path: String,
    begun: Instant,
    is_done: bool,
}

impl Pending {
    fn answered<B>(&mut self, response: &mut Response<B>) {
        response.headers_mut().insert(REQUEST_ID_HEADER, self.id.header());
        let status = match self.layer.wire {
            Wire::Rest => response.status().as_u16(),
            // An error is told at once; a call that goes well ends with its status after the body.
            Wire::Grpc => response
                .headers()
                .get("grpc-status")
                .map_or(0, |code| code.to_str().ok().and_then(|code| code.parse().ok()).unwrap_or(2)),
        };
        let extensions = response.extensions_mut();
        let (route, subject) = (extensions.remove::<Route>(), extensions.remove::<Subject>());
        self.done(status, route, subject);
    }

    fn done(&mut self, status: u16, route: Option<Route>, subject: Option<Subject>) {
        self.is_done = true;
        let Self { layer: ObserveLayer { metrics, wire }, id, method, path, begun, .. } = self;
        let time = begun.elapsed();
        // Who knows no key, or asks for what there is not, could name any path.
        let is_method = *wire == Wire::Grpc && subject.is_some() && status != UNIMPLEMENTED;
        let route = route.or(is_method.then(|| Route { template: path.clone(), collection: None }));
        metrics.record(*wire, method, status, route.as_ref(), time);
        let shown = route.as_ref().map_or(UNMATCHED, |route| route.template.as_str());
        let failed = if *wire == Wire::Rest { status >= 500 } else { matches!(status, 2 | 13 | 14 | 15) };
        let ms = (time.as_secs_f64() * 1e6).round() / 1e3;
        let subject = subject.map(|subject| subject.name);
        let collection = route.as_ref().and_then(|route| route.collection.as_deref());
        // The level is part of what is known when the program is built, so there are three of this.
        macro_rules! log_line {
            ($level:ident) => {
                tracing::$level!(
                    target: "request",
                    method = method.as_str(),
                    route = shown,
                    status,
                    ms,
                    request_id = id.as_str(),
                    subject,
                    collection,
                )
            };
        }
        match weight(wire, path, failed) {
            Weight::Failure => log_line!(error),
            Weight::Ordinary => log_line!(info),
            Weight::Probe => log_line!(debug),
        }
    }
}

/// How much a line matters.
enum Weight {
    Failure,
    Ordinary,
    Probe,
}

/// Probes come every few seconds, for ever.
fn weight(wire: &Wire, path: &str, failed: bool) -> Weight {
    if failed {
        Weight::Failure
    } else if *wire == Wire::Rest && matches!(path, "/healthz" | "/readyz" | "/livez" | "/metrics") {
        Weight::Probe
    } else {
        Weight::Ordinary
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_done {
            let status = if self.layer.wire == Wire::Rest { GONE } else { CANCELLED };
            self.done(status, None, None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::{Facts, Format};
    use http::HeaderValue;
    use std::convert::Infallible;
    use tower::ServiceExt;

    async fn inner(request: Request<&'static str>) -> Result<Response<String>, Infallible> {
        if request.uri().path() == "/never" {
            std::future::pending::<()>().await;
        }
        let id = request.extensions().get::<RequestId>().expect("a name").as_str().to_owned();
        let mut response = Response::new(id);
        if *request.body() == "routed" {
            let route = Route { template: "/a/{x}".to_owned(), collection: Some("x".to_owned()) };
            response.extensions_mut().insert(route);
            response.extensions_mut().insert(Subject { name: "me".to_owned(), id: 1 });
        }
        if *request.body() == "unimplemented" {
            response.headers_mut().insert("grpc-status", HeaderValue::from(12));
        }
        Ok(response)
    }

    async fn call(metrics: &Arc<Metrics>, wire: Wire, path: &str, body: &'static str) -> Response<String> {
        let service = ObserveLayer::new(Arc::clone(metrics), wire).layer(tower::service_fn(inner));
        let request = Request::builder().uri(path).header("x-request-id", "mine").body(body);
        service.oneshot(request.expect("a request")).await.expect("an answer")
    }

    fn has(metrics: &Metrics, line: &str) -> bool {
        metrics.page(&Facts::default(), Format::Text, false).lines().any(|l| l == line)
    }

    #[tokio::test]
    async fn answers_carry_the_name_and_are_counted_by_template() {
        let metrics = Arc::new(Metrics::new());
        let response = call(&metrics, Wire::Rest, "/a/1", "routed").await;
        assert_eq!(
            (response.headers()["x-request-id"].as_bytes(), response.body().as_str()),
            (&b"mine"[..], "mine")
        );
        call(&metrics, Wire::Rest, "/b/2", "").await;
        assert!(has(&metrics, r#"rest_responses_total{method="GET",endpoint="/a/{x}",status="200"} 1"#));
        assert!(has(&metrics, r#"rest_responses_total{method="GET",endpoint="unmatched",status="200"} 1"#));
    }

    #[tokio::test]
    async fn methods_of_grpc_are_their_paths_if_there_are_such() {
        let metrics = Arc::new(Metrics::new());
        call(&metrics, Wire::Grpc, "/p.S/Whatever", "unimplemented").await;
        call(&metrics, Wire::Grpc, "/p.S/Unknown", "").await;
        assert!(has(&metrics, r#"grpc_responses_total{endpoint="unmatched",status="12"} 1"#));
        assert!(has(&metrics, r#"grpc_responses_total{endpoint="unmatched",status="0"} 1"#), "nobody known");
    }

    #[tokio::test]
    async fn a_caller_that_goes_away_is_counted() {
        let metrics = Arc::new(Metrics::new());
        tokio::select! {
            biased;
            _ = call(&metrics, Wire::Rest, "/never", "") => panic!("it never ends"),
            () = tokio::task::yield_now() => {}
        }
        assert!(has(&metrics, r#"rest_responses_total{method="GET",endpoint="unmatched",status="499"} 1"#));
    }
}
