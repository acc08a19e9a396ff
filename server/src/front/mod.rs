//! The front of the server: a configuration and two services go in, two ports come out, with everything between a socket and a service.
//!
//! From outside in: the accept loop; log, count and name of a request; CORS (a browser asks without a key whether it may ask); keys; limits;
//! the service. [`reload`](Front::reload) changes what is live, under running connections, or nothing at all.
//!
//! Invariant: no request reaches a service, but for the open list, without an [`Access`](crate::auth::Access) in its extensions.

mod signals;

use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use http::{Request, Response};
use http_body::Body;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::util::option_layer;
use tower::{Layer, Service};
use tower_http::cors::{AllowHeaders, Any, CorsLayer};

pub use signals::{Signals, signals};

use crate::auth::{AuthLayer, Existence, Keyring};
use crate::config::{Config, Key, Listen, Live, LoadError, Problem, Settings, Sources, keys};
use crate::limits::{LimitLayer, Limits};
use crate::listen::{Ended, RequestBody, serve};
use crate::metrics::{Metrics, Wire};
use crate::observe::{Log, ObserveLayer};
use crate::tls::{Tls, TlsError};

/// What both ports share.
pub struct Front {
    listen: Listen,
    live: Arc<ArcSwap<Live>>,
    keyring: Arc<ArcSwap<Keyring>>,
    existence: Existence,
    limits: Arc<Limits>,
    metrics: Arc<Metrics>,
    tls: Option<Arc<Tls>>,
    log: Option<Log>,
    settings: Mutex<Settings>,
}

/// Open ports that nobody serves yet.
#[derive(Debug)]
pub struct Ports {
    http: TcpListener,
    grpc: Option<TcpListener>,
}

/// Why a reload changed nothing.
#[derive(Debug)]
pub enum ReloadError {
    /// The configuration is wrong.
    Config(LoadError),
    /// The certificates are.
    Tls(TlsError),
}

/// What can be put behind the layers.
pub trait Answers<B>:
    Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future: Send>
    + Clone
    + Send
    + Sync
    + 'static
{
}

impl<B, S> Answers<B> for S where
    S: Service<Request<RequestBody>, Response = Response<B>, Error = Infallible, Future: Send>
        + Clone
        + Send
        + Sync
        + 'static
{
}

impl Front {
    /// For a configuration and the settings that it was made of. `existence` looks up the points that tokens may hang on.
    ///
    /// # Errors
    /// There should be TLS, and its files are not good.
    pub fn new(
        config: &Config,
        settings: Settings,
        existence: Existence,
        log: Option<Log>,
    ) -> Result<Self, TlsError> {
        let handshake_timeout = config.listen.handshake_timeout;
        let tls = config.live.tls.as_ref().map(|files| Tls::load(files, handshake_timeout)).transpose()?;
        let live = Arc::new(ArcSwap::from_pointee(config.live.clone()));
        Ok(Self {
            keyring: Arc::new(ArcSwap::from_pointee(Keyring::new(&config.live.credentials))),
            existence,
            limits: Arc::new(Limits::new(Arc::clone(&live), config.listen.in_flight_max)),
            metrics: Arc::new(Metrics::new()),
            tls: tls.map(Arc::new),
            log,
            settings: Mutex::new(settings),
            listen: config.listen.clone(),
            live,
        })
    }

    /// What is recorded.
    #[must_use]
    pub fn metrics(&self) -> Arc<Metrics> {
        Arc::clone(&self.metrics)
    }

    /// What a reload changes.
    #[must_use]
    pub fn live(&self) -> Arc<ArcSwap<Live>> {
        Arc::clone(&self.live)
    }

    /// The REST service with all layers around it.
    pub fn rest<S, B>(&self, service: S) -> impl Answers<B> + use<S, B>
    where
        S: Answers<B>,
        B: From<String> + Default + Send + 'static,
    {
        let cors = self.listen.cors.then(cors);
        let limited = LimitLayer::rest(Arc::clone(&self.limits)).layer(service);
        let known = AuthLayer::rest(Arc::clone(&self.keyring), Arc::clone(&self.existence)).layer(limited);
        ObserveLayer::new(self.metrics(), Wire::Rest).layer(option_layer(cors).layer(known))
    }

    /// The gRPC service with all layers around it.
    pub fn grpc<S, B>(&self, service: S) -> impl Answers<B> + use<S, B>
    where
        S: Answers<B>,
        B: Default + Send + 'static,
    {
        let limited = LimitLayer::grpc(Arc::clone(&self.limits)).layer(service);
        let known = AuthLayer::grpc(Arc::clone(&self.keyring), Arc::clone(&self.existence)).layer(limited);
        ObserveLayer::new(self.metrics(), Wire::Grpc).layer(known)
    }

    /// Opens the ports.
    ///
    /// # Errors
    /// The system's, for example when one is in use; with the address.
    pub async fn bind(&self) -> io::Result<Ports> {
        let open = async |port| {
            let address = SocketAddr::new(self.listen.host, port);
            let named =
                |e: io::Error| io::Error::new(e.kind(), format!("could not listen on {address}: {e}"));
            TcpListener::bind(address).await.map_err(named)
        };
        let http = open(self.listen.http_port).await?;
        let grpc = match self.listen.grpc_port {
            Some(port) => Some(open(port).await?),
            None => None,
        };
        Ok(Ports { http, grpc })
    }

    /// Serves both ports until `stop` holds true; the services as [`rest`](Self::rest) and [`grpc`](Self::grpc) made them.
    pub async fn serve<R, A, G, B>(
        &self,
        ports: Ports,
        rest: R,
        grpc: G,
        stop: watch::Receiver<bool>,
    ) -> Ended
    where
        R: Answers<A>,
        A: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
        G: Answers<B>,
        B: Body<Data: Send, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
    {
        let http = serve(ports.http, self.tls.clone(), rest, &self.listen, stop.clone());
        let Some(listener) = ports.grpc else { return http.await };
        let grpc = serve(listener, self.tls.clone(), grpc, &self.listen, stop);
        let (http, grpc) = tokio::join!(http, grpc);
        Ended { cut: http.cut + grpc.cut }
    }

    /// Loads everything again and takes what can change. What comes back are the changed keys that need a restart.
    ///
    /// # Errors
    /// Something is wrong; then nothing changes.
    pub fn reload(&self, sources: &Sources) -> Result<Vec<&'static Key>, ReloadError> {
        let (config, settings) = Config::load(sources).map_err(ReloadError::Config)?;
        let mut live = config.live;
        // The port stays open to others, whatever the address would be now.
        if live.credentials.is_empty() && !self.listen.host.is_loopback() && !self.listen.insecure {
            let problem = Problem {
                origin: None,
                path: keys::API_KEY.path.to_owned(),
                what: format!("the last key is gone while {} can be reached by others", self.listen.host),
            };
            return Err(ReloadError::Config(LoadError::Problems(vec![problem])));
        }
        match (&self.tls, &live.tls) {
            (Some(tls), Some(files)) => tls.reload(files).map_err(ReloadError::Tls)?,
            // Whether there is TLS at all needs a restart.
            _ => live.tls = self.live.load().tls.clone(),
        }
        if let Some(log) = &self.log {
            log.set_level(live.log_level);
        }
        self.keyring.store(Arc::new(Keyring::new(&live.credentials)));
        self.live.store(Arc::new(live));
        // The old ones stay what a restart is compared with.
        let before = self.settings.lock();
        Ok(settings.changed(&before).filter(|key| !key.reloadable).collect())
    }
}

impl Ports {
    /// Where REST is.
    ///
    /// # Errors
    /// The system's.
    pub fn http_address(&self) -> io::Result<SocketAddr> {
        self.http.local_addr()
    }

    /// Where gRPC is, if anywhere.
    ///
    /// # Errors
    /// The system's.
    pub fn grpc_address(&self) -> io::Result<Option<SocketAddr>> {
        self.grpc.as_ref().map(TcpListener::local_addr).transpose()
    }
}

/// Pages of any origin may ask for anything that their key allows. The headers that a page wants to send are named back to it, since a star
/// would not stand for `authorization`.
fn cors() -> CorsLayer {
    CorsLayer::new()
        .allow_origin(Any)
        .allow_methods(Any)
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers(Any)
}

impl fmt::Debug for Front {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Front").field("listen", &self.listen).finish_non_exhaustive()
    }
}

impl fmt::Display for ReloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Config(error) => error.fmt(f),
            Self::Tls(error) => error.fmt(f),
        }
    }
}

impl Error for ReloadError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Config(error) => Some(error),
            Self::Tls(error) => Some(error),
        }
    }
}
