//! The accept loop of both ports: a listener, a service and a word to stop go in, and when everyone has been answered it returns.
//!
//! Slow and silent clients are bounded at every step: TLS handshake (`tls.rs`), version of the protocol and answers (`deadline.rs`), head
//! of a request (hyper, which needs a timer for it), body (`body.rs`), and the number of connections. One more than that is told 503 and closed, so
//! that a client waits for no queue that it cannot see. HTTP/1.1 and HTTP/2, by the first bytes or by what TLS agreed on.
//!
//! After the word to stop nothing is accepted, connections at rest are closed, those at work finish their requests; what is left after
//! the time for that is cut.

mod body;
mod deadline;

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::{Request, Response};
use http_body::Body;
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tower::{Service, ServiceExt};

pub use body::{BodyError, RequestBody};

use crate::config::Listen;
use crate::limits::Peer;
use crate::tls::Tls;
use deadline::Deadline;

/// After a failed accept, for example when no file descriptor is left, others may finish meanwhile.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// A client of HTTP/2 that is alive answers a ping; the time for that is the one for a head.
const PING_INTERVAL: Duration = Duration::from_secs(20);
/// Heads longer than this are refused, and buffers are no longer.
const HEAD_BYTES_MAX: usize = 64 << 10;
/// Streams that a client opened and gave up before we saw them; more end the connection (the attack called rapid reset).
const RESET_STREAMS_MAX: usize = 20;
const REFUSAL: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// How a port ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Connections that were still at work when the time was over.
    pub cut: usize,
}

/// Accepts connections and has `service` answer their requests, until `stop` holds true or is gone.
pub async fn serve<S, B>(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    service: S,
    listen: &Listen,
    mut stop: watch::Receiver<bool>,
) -> Ended
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let port = Arc::new(Port { builder: builder(listen), tls, service, listen: listen.clone() });
    let mut connections = JoinSet::new();
    let stop_of_connections = stop.clone();
    loop {
        tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) if connections.len() >= listen.connections_max => refuse(stream, port.tls.is_some()),
                Ok((stream, peer)) => {
                    let (port, stop) = (Arc::clone(&port), stop_of_connections.clone());
                    connections.spawn(async move { port.connection(stream, peer, stop).await });
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    let all = async { while connections.join_next().await.is_some() {} };
    drop(tokio::time::timeout(listen.drain_timeout, all).await);
    let cut = connections.len();
    connections.shutdown().await;
    Ended { cut }
}

/// What all connections of a port share.
struct Port<S> {
    builder: Builder<TokioExecutor>,
    tls: Option<Arc<Tls>>,
    service: S,
    listen: Listen,
}

impl<S, B> Port<S>
where
    S: Service<Request<RequestBody>, Response = Response<B>> + Clone + Send + Sync + 'static,
    S::Error: Into<Box<dyn Error + Send + Sync>>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    async fn connection(&self, stream: TcpStream, peer: SocketAddr, stop: watch::Receiver<bool>) {
        // Answers are written whole; waiting for more to send would only delay them.
        let outcome = match (stream.set_nodelay(true), &self.tls) {
            (Err(error), _) => Err(error.into()),
            (Ok(()), None) => self.requests(stream, peer, stop).await,
            (Ok(()), Some(tls)) => match self.handshake(tls, stream, stop.clone()).await {
                Ok(stream) => self.requests(stream, peer, stop).await,
                Err(error) => Err(error.into()),
            },
        };
        if let Err(error) = outcome {
            // Clients go away all the time.
            tracing::debug!(%peer, error, "a connection ended early");
        }
    }

    async fn handshake(
        &self,
        tls: &Tls,
        stream: TcpStream,
        mut stop: watch::Receiver<bool>,
    ) -> io::Result<impl AsyncRead + AsyncWrite + Unpin + Send + use<S, B>> {
        tokio::select! {
            stream = tls.accept(stream) => stream,
            () = stopped(&mut stop) => Err(io::ErrorKind::ConnectionAborted.into()),
        }
    }

    async fn requests<T>(
        &self,
        stream: T,
        peer: SocketAddr,
        mut stop: watch::Receiver<bool>,
    ) -> Result<(), Box<dyn Error + Send + Sync>>
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let Listen { header_timeout, body_idle_timeout, .. } = self.listen;
        let stream = TokioIo::new(Deadline::new(stream, header_timeout, body_idle_timeout));
        let service = hyper::service::service_fn(|request: Request<Incoming>| {
            let mut request = request.map(|body| RequestBody::new(body, body_idle_timeout));
            request.extensions_mut().insert(Peer(peer));
            self.service.clone().oneshot(request)
        });
        let mut connection = std::pin::pin!(self.builder.serve_connection(stream, service));
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = stopped(&mut stop) => connection.as_mut().graceful_shutdown(),
        }
        connection.await
    }
}

/// Waits for the word to stop. Gone is as good as said: nobody is left to say it.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    drop(stop.wait_for(|stop| *stop).await);
}

fn builder(listen: &Listen) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(listen.header_timeout)
        .max_buf_size(HEAD_BYTES_MAX);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(listen.http2_streams_max)
        .max_pending_accept_reset_streams(RESET_STREAMS_MAX)
        .max_header_list_size(u32::try_from(HEAD_BYTES_MAX).unwrap_or(u32::MAX))
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(listen.header_timeout);
    builder
}

/// One connection too many.
fn refuse(stream: TcpStream, is_tls: bool) {
    tracing::debug!("a connection was refused: there are too many");
    if !is_tls {
        // It fits into the buffer of a new socket, or the client goes without a reason.
        drop(stream.try_write(REFUSAL));
    }
}

#[cfg(test)]
mod tests;
