//! A front on free ports with a service of the test's own behind it, and the plainest of clients.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Bytes;
use nigh_server::config::{Config, Sources};
use nigh_server::front::Front;
use nigh_server::listen::{Ended, RequestBody};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// A body that layers can make and hyper can send.
#[derive(Debug, Default)]
pub(crate) struct Body(Full<Bytes>);

impl From<String> for Body {
    fn from(text: String) -> Self {
        Self(Full::from(text))
    }
}

impl http_body::Body for Body {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        std::pin::Pin::new(&mut self.0).poll_frame(cx)
    }
}

/// A running front.
pub(crate) struct Running {
    pub(crate) front: Arc<Front>,
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<Ended>,
}

/// What `--set` says, one `key=value` each.
pub(crate) fn sources(set: &[&str]) -> Sources {
    let free = ["service.http_port=0", "service.grpc_port=0"];
    let flag = |text: &&str| {
        let (path, value) = text.split_once('=').expect("key=value");
        (path.to_owned(), value.to_owned(), "--set".to_owned())
    };
    // A file that is there and says nothing, so that none of the machine's is read.
    let nothing = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/nothing.yaml");
    Sources {
        config_path: Some(nothing.into()),
        environment: Vec::new(),
        flags: free.iter().chain(set).map(flag).collect(),
    }
}

/// Starts a front; `answer` is both services.
pub(crate) async fn start(
    sources: &Sources,
    answer: impl Fn(&Request<RequestBody>) -> Response<Body> + Clone + Send + Sync + 'static,
) -> Running {
    let (config, settings) = Config::load(sources).expect("a configuration");
    let existence = Arc::new(|_| -> std::pin::Pin<Box<dyn Future<Output = Option<bool>> + Send>> {
        Box::pin(std::future::ready(None))
    });
    let front = Arc::new(Front::new(&config, settings, existence, None).expect("good files"));
    let ports = front.bind().await.expect("free ports");
    let http = ports.http_address().expect("an address");
    let grpc = ports.grpc_address().expect("an address").expect("a gRPC port");
    let service = tower::service_fn(move |request: Request<RequestBody>| {
        std::future::ready(Ok::<_, Infallible>(answer(&request)))
    });
    let (stop, stopped) = watch::channel(false);
    let ended = tokio::spawn({
        let front = Arc::clone(&front);
        async move {
            let (rest, grpc) = (front.rest(service.clone()), front.grpc(service));
            front.serve(ports, rest, grpc, stopped).await
        }
    });
    Running { front, http, grpc, stop, ended }
}

impl Running {
    pub(crate) async fn end(self) -> Ended {
        self.stop.send_replace(true);
        self.ended.await.expect("no panic")
    }
}

/// One request on a connection of its own, sent as it is written, by HTTP/1.1.
pub(crate) async fn ask(address: SocketAddr, request: &Request<String>) -> Response<String> {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut text = format!("{} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n", request.method());
    for (name, value) in request.headers() {
        text.push_str(&format!("{name}: {}\r\n", value.to_str().expect("text")));
    }
    text.push_str(&format!("content-length: {}\r\n\r\n{}", request.body().len(), request.body()));
    let mut stream = TcpStream::connect(address).await.expect("a connection");
    stream.write_all(text.as_bytes()).await.expect("it is taken");
    let mut heard = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut heard));
    end.await.expect("in time").expect("an answer");
    parse(&String::from_utf8(heard).expect("text"))
}

/// The same by HTTP/2 without TLS.
pub(crate) async fn ask_http_2(address: SocketAddr, request: &Request<String>) -> Response<String> {
    use http_body_util::BodyExt;
    let stream = TcpStream::connect(address).await.expect("a connection");
    let executor = hyper_util::rt::TokioExecutor::new();
    let io = hyper_util::rt::TokioIo::new(stream);
    let (mut send, connection) =
        hyper::client::conn::http2::handshake(executor, io).await.expect("a handshake");
    let connection = tokio::spawn(connection);
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let mut whole = Request::builder().method(request.method()).uri(format!("http://x{path}"));
    *whole.headers_mut().expect("headers") = request.headers().clone();
    let whole = whole.body(Full::<Bytes>::from(request.body().clone())).expect("a request");
    let response = send.send_request(whole).await.expect("an answer");
    let (parts, body) = response.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    drop(send);
    connection.abort();
    Response::from_parts(parts, String::from_utf8(body.to_vec()).expect("text"))
}

fn parse(text: &str) -> Response<String> {
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {text:?}"));
    let mut lines = head.lines();
    let status: u16 = lines.next().and_then(|l| l.split(' ').nth(1)?.parse().ok()).expect("a status");
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").expect("a header");
        headers.append(
            http::HeaderName::from_bytes(name.as_bytes()).expect("a name"),
            value.parse().expect("a value"),
        );
    }
    let mut response = Response::new(body.to_owned());
    *response.status_mut() = http::StatusCode::from_u16(status).expect("a status");
    *response.headers_mut() = headers;
    response
}
