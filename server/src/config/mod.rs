//! The configuration: a file, the environment and flags go in, one checked value comes out that nobody checks again.
//!
//! `keys.rs` is the list of settings, `settings.rs` puts the layers on each other and remembers who said what, this file makes the
//! types that the rest of the server takes. What can change without a restart is [`Live`]; a signal loads everything again,
//! takes that part, and names the other keys that changed.

pub mod args;
pub mod keys;
mod print;
mod settings;
mod value;
mod yaml;

use std::fmt;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::time::Duration;

pub use args::ConfigArgs;
pub use keys::Key;
pub use print::print;
pub use settings::{LoadError, Problem, SEARCHED, Settings, Sources};
pub use value::{Kind, Origin, Value};

/// All of it.
#[derive(Debug, Clone)]
pub struct Config {
    /// What a reload may change.
    pub live: Live,
    /// How log lines look.
    pub log_format: LogFormat,
    /// The database folder.
    pub storage_path: PathBuf,
    /// The folder of snapshots.
    pub snapshots_path: PathBuf,
    /// What is listened on, and how.
    pub listen: Listen,
    /// What the server calls itself.
    pub names: Names,
    /// How much may be at work and wait, by kind of work.
    pub pools: Pools,
}

/// What can change without a restart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Live {
    /// Least serious message that is logged.
    pub log_level: LogLevel,
    /// Who may do what.
    pub credentials: Credentials,
    /// What one request may ask for.
    pub limits: RequestLimits,
    /// How often clients may ask; none: as often as they like.
    pub rates: Option<Rates>,
    /// Certificates; none: no TLS. Whether there is TLS at all does not change in a reload.
    pub tls: Option<TlsFiles>,
    /// Whether a proxy's word for the client's address counts.
    pub trust_forwarded_headers: bool,
}

/// A text that is shown to nobody.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

/// Keys as they were configured. `Keyring::new` makes hashes of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Credentials {
    /// May do everything.
    pub admin: Option<Secret>,
    /// May do everything too.
    pub alternative: Option<Secret>,
    /// May read everything.
    pub read_only: Option<Secret>,
    /// Whether tokens signed with one of the first two are accepted.
    pub tokens: bool,
}

/// Least serious message that is logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "each says its own name")]
pub enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is listened on, and how.
#[derive(Debug, Clone)]
pub struct Listen {
    /// The address.
    pub host: IpAddr,
    /// Whether others may be served although no key is set.
    pub insecure: bool,
    /// Port of the REST API; 0: any free one.
    pub http_port: u16,
    /// Port of the gRPC API, if it is wanted; 0: any free one.
    pub grpc_port: Option<u16>,
    /// Whether pages of any origin may call the REST API.
    pub cors: bool,
    /// Threads that serve connections; 0: one for each core.
    pub workers: usize,
    /// Open connections of one port.
    pub connections_max: usize,
    /// Requests at work at one time.
    pub in_flight_max: usize,
    /// Time for the head of a request.
    pub header_timeout: Duration,
    /// Time for a TLS handshake.
    pub handshake_timeout: Duration,
    /// Time that a body may stand still.
    pub body_idle_timeout: Duration,
    /// Time for requests at work when the server stops.
    pub drain_timeout: Duration,
    /// HTTP/2 streams of one connection.
    pub http2_streams_max: u32,
    /// Bytes of a gRPC message.
    pub grpc_message_bytes_max: usize,
}

/// What the server calls itself.
#[derive(Debug, Clone)]
pub struct Names {
    /// In the answer to `GET /`.
    pub title: String,
    /// In telemetry and metrics.
    pub app: String,
    /// Begins each metric's name.
    pub metrics_prefix: String,
}

/// What one request may ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLimits {
    /// Bytes of a REST body.
    pub body_bytes: usize,
    /// Time, if the request asks for none.
    pub timeout: Duration,
    /// Longest time that it may ask for.
    pub timeout_max: Duration,
    /// Nesting of a JSON body.
    pub json_depth: usize,
    /// Points of one upsert.
    pub points_per_batch: usize,
    /// Bytes of a point's payload.
    pub payload_bytes: usize,
    /// Numbers of a vector.
    pub dimensions: usize,
    /// Results.
    pub results: usize,
    /// Results and those skipped.
    pub results_and_offset: usize,
    /// `hnsw_ef` of a search.
    pub ef: usize,
    /// Oversampling of a search.
    pub oversampling: usize,
    /// Nesting of a filter.
    pub filter_depth: usize,
    /// Conditions of a filter.
    pub filter_conditions: usize,
    /// Values of one match condition.
    pub filter_values: usize,
    /// Nesting of prefetches.
    pub prefetch_depth: usize,
    /// Queries of one batch.
    pub queries_per_batch: usize,
    /// Bytes of a text query.
    pub text_query_bytes: usize,
    /// Words of a text query.
    pub text_query_terms: usize,
    /// Collections of the server.
    pub collections: usize,
}

/// How often clients may ask; none: as often as they like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rates {
    /// Requests of one key or token.
    pub user_per_minute: Option<u64>,
    /// Requests of one address.
    pub ip_per_hour: Option<u64>,
    /// Requests of all.
    pub global_per_second: Option<u64>,
}

/// PEM files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsFiles {
    /// The server's chain.
    pub cert: PathBuf,
    /// The server's private key.
    pub key: PathBuf,
    /// Who must have signed clients' certificates; none: clients need none.
    pub client_ca: Option<PathBuf>,
}

/// How much may be at work and wait.
#[derive(Debug, Clone, Copy)]
pub struct Pools {
    /// Reads of points.
    pub search: Pool,
    /// Writes of points.
    pub write: Pool,
    /// Changes of collections, snapshots.
    pub admin: Pool,
}

/// One kind of work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pool {
    /// At work at one time; 0: one for each core.
    pub threads: usize,
    /// Waiting.
    pub queue: usize,
}

impl Config {
    /// Reads files, environment and flags, and checks everything.
    ///
    /// # Errors
    /// A file cannot be read, or something is wrong; all problems are named.
    pub fn load(sources: &Sources) -> Result<(Self, Settings), LoadError> {
        let settings = Settings::load(sources)?;
        let config = Self::new(&settings).map_err(LoadError::Problems)?;
        Ok((config, settings))
    }

    /// Makes types of settings.
    ///
    /// # Errors
    /// Settings that contradict each other.
    pub fn new(settings: &Settings) -> Result<Self, Vec<Problem>> {
        let mut problems = Vec::new();
        let live = Live::new(settings);
        let host = host(settings, &live.credentials).unwrap_or_else(|problem| {
            problems.push(problem);
            IpAddr::V4(Ipv4Addr::LOCALHOST)
        });
        let config = Self {
            log_format: if settings.text(&keys::LOG_FORMAT) == Some("json") {
                LogFormat::Json
            } else {
                LogFormat::Text
            },
            storage_path: path(settings, &keys::STORAGE_PATH),
            snapshots_path: path(settings, &keys::SNAPSHOTS_PATH),
            listen: Listen::new(settings, host),
            names: Names {
                title: settings.text(&keys::TITLE).unwrap_or_default().to_owned(),
                app: settings.text(&keys::APP_NAME).unwrap_or_default().to_owned(),
                metrics_prefix: settings.text(&keys::METRICS_PREFIX).unwrap_or_default().to_owned(),
            },
            pools: Pools::new(settings),
            live,
        };
        problems.extend(contradictions(settings, &config));
        if problems.is_empty() { Ok(config) } else { Err(problems) }
    }
}

impl Live {
    fn new(settings: &Settings) -> Self {
        let secret = |key: &Key| settings.text(key).map(Secret::new);
        Self {
            log_level: LogLevel::parse(settings.text(&keys::LOG_LEVEL)),
            credentials: Credentials {
                admin: secret(&keys::API_KEY),
                alternative: secret(&keys::ALT_API_KEY),
                read_only: secret(&keys::READ_ONLY_API_KEY),
                tokens: settings.flag(&keys::JWT_RBAC),
            },
            limits: RequestLimits::new(settings),
            rates: settings.flag(&keys::RATES_ENABLED).then(|| Rates {
                user_per_minute: settings.number(&keys::USER_PER_MINUTE),
                ip_per_hour: settings.number(&keys::IP_PER_HOUR),
                global_per_second: settings.number(&keys::GLOBAL_PER_SECOND),
            }),
            tls: settings.flag(&keys::ENABLE_TLS).then(|| TlsFiles {
                cert: path(settings, &keys::TLS_CERT),
                key: path(settings, &keys::TLS_KEY),
                client_ca: settings.flag(&keys::VERIFY_CLIENT).then(|| path(settings, &keys::TLS_CA_CERT)),
            }),
            trust_forwarded_headers: settings.flag(&keys::TRUST_FORWARDED),
        }
    }
}

impl Listen {
    fn new(settings: &Settings, host: IpAddr) -> Self {
        let port = |key: &Key| settings.number(key).and_then(|port| u16::try_from(port).ok());
        Self {
            host,
            insecure: settings.flag(&keys::INSECURE),
            http_port: port(&keys::HTTP_PORT).unwrap_or_default(),
            grpc_port: port(&keys::GRPC_PORT),
            cors: settings.flag(&keys::ENABLE_CORS),
            workers: size(settings, &keys::MAX_WORKERS),
            connections_max: size(settings, &keys::CONNECTIONS),
            in_flight_max: size(settings, &keys::IN_FLIGHT),
            header_timeout: seconds(settings, &keys::HEADER_TIMEOUT),
            handshake_timeout: seconds(settings, &keys::HANDSHAKE_TIMEOUT),
            body_idle_timeout: seconds(settings, &keys::BODY_IDLE_TIMEOUT),
            drain_timeout: seconds(settings, &keys::DRAIN_TIMEOUT),
            http2_streams_max: u32::try_from(size(settings, &keys::HTTP2_STREAMS)).unwrap_or(u32::MAX),
            grpc_message_bytes_max: mebibytes(settings, &keys::GRPC_MESSAGE_MB),
        }
    }
}

impl RequestLimits {
    fn new(settings: &Settings) -> Self {
        let size = |key| size(settings, key);
        Self {
            body_bytes: mebibytes(settings, &keys::MAX_REQUEST_SIZE_MB),
            timeout: seconds(settings, &keys::REQUEST_TIMEOUT),
            timeout_max: seconds(settings, &keys::REQUEST_TIMEOUT_MAX),
            json_depth: size(&keys::JSON_DEPTH),
            points_per_batch: size(&keys::POINTS_PER_BATCH),
            payload_bytes: size(&keys::PAYLOAD_BYTES),
            dimensions: size(&keys::DIMENSIONS),
            results: size(&keys::RESULTS),
            results_and_offset: size(&keys::RESULTS_AND_OFFSET),
            ef: size(&keys::EF),
            oversampling: size(&keys::OVERSAMPLING),
            filter_depth: size(&keys::FILTER_DEPTH),
            filter_conditions: size(&keys::FILTER_CONDITIONS),
            filter_values: size(&keys::FILTER_VALUES),
            prefetch_depth: size(&keys::PREFETCH_DEPTH),
            queries_per_batch: size(&keys::QUERIES_PER_BATCH),
            text_query_bytes: size(&keys::TEXT_QUERY_BYTES),
            text_query_terms: size(&keys::TEXT_QUERY_TERMS),
            collections: size(&keys::COLLECTIONS),
        }
    }
}

impl Pools {
    fn new(settings: &Settings) -> Self {
        let pool = |threads, queue| Pool { threads: size(settings, threads), queue: size(settings, queue) };
        Self {
            search: pool(&keys::SEARCH_THREADS, &keys::SEARCH_QUEUE),
            write: pool(&keys::WRITE_THREADS, &keys::WRITE_QUEUE),
            admin: pool(&keys::ADMIN_THREADS, &keys::ADMIN_QUEUE),
        }
    }
}

impl Credentials {
    /// Whether anybody is asked who they are.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.admin.is_none() && self.alternative.is_none() && self.read_only.is_none()
    }
}

impl Secret {
    /// Hides a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(text.to_owned())
    }

    /// The text, for whoever compares or hashes it.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl LogLevel {
    /// The words that the key takes.
    fn parse(word: Option<&str>) -> Self {
        match word {
            Some("off") => Self::Off,
            Some("error") => Self::Error,
            Some("warn") => Self::Warn,
            Some("debug") => Self::Debug,
            Some("trace") => Self::Trace,
            _ => Self::Info,
        }
    }
}

/// The address to listen on: beyond this machine only with a key, or when asked for in so many words.
fn host(settings: &Settings, credentials: &Credentials) -> Result<IpAddr, Problem> {
    let is_guarded = !credentials.is_empty();
    let is_insecure = settings.flag(&keys::INSECURE);
    let problem = |what: String| Problem {
        origin: Some(settings.origin(&keys::HOST).clone()),
        path: keys::HOST.path.to_owned(),
        what,
    };
    let host = match settings.text(&keys::HOST) {
        None if is_guarded || is_insecure => return Ok(Ipv4Addr::UNSPECIFIED.into()),
        None | Some("localhost") => return Ok(Ipv4Addr::LOCALHOST.into()),
        Some(text) => text,
    };
    let host: IpAddr = host
        .trim_matches(['[', ']'])
        .parse()
        .map_err(|_| problem(format!("expected an IP address or localhost, got {host:?}")))?;
    if is_guarded || is_insecure || host.is_loopback() {
        return Ok(host);
    }
    Err(problem(format!(
        "{host} can be reached from other machines, and no key is set: set service.api_key, listen on 127.0.0.1, or say --insecure"
    )))
}

/// What no single key can know.
fn contradictions(settings: &Settings, config: &Config) -> Vec<Problem> {
    let mut found = Vec::new();
    let mut refuse = |is_wrong: bool, key: &Key, what: &str| {
        if is_wrong {
            found.push(Problem {
                origin: Some(settings.origin(key).clone()),
                path: key.path.to_owned(),
                what: what.to_owned(),
            });
        }
    };
    let Credentials { admin, alternative, read_only, tokens } = &config.live.credentials;
    refuse(
        *tokens && admin.is_none() && alternative.is_none(),
        &keys::JWT_RBAC,
        "tokens are signed with service.api_key, which is not set",
    );
    refuse(
        read_only.is_some() && (read_only == admin || read_only == alternative),
        &keys::READ_ONLY_API_KEY,
        "expected another key than the one that may do everything",
    );
    let tls = settings.flag(&keys::ENABLE_TLS);
    for key in [&keys::TLS_CERT, &keys::TLS_KEY] {
        refuse(tls && settings.text(key).is_none(), key, "service.enable_tls needs it");
    }
    let verify = settings.flag(&keys::VERIFY_CLIENT);
    refuse(verify && !tls, &keys::VERIFY_CLIENT, "expected service.enable_tls to be true as well");
    refuse(
        verify && settings.text(&keys::TLS_CA_CERT).is_none(),
        &keys::TLS_CA_CERT,
        "service.verify_https_client_certificate needs it",
    );
    let Listen { http_port, grpc_port, .. } = config.listen;
    refuse(
        http_port != 0 && grpc_port == Some(http_port),
        &keys::GRPC_PORT,
        "expected another port than service.http_port",
    );
    refuse(settings.number(&keys::HTTP_PORT).is_none(), &keys::HTTP_PORT, "expected a port, got null");
    let limits = &config.live.limits;
    refuse(
        limits.timeout > limits.timeout_max,
        &keys::REQUEST_TIMEOUT,
        "expected no more than limits.request_timeout_max_s",
    );
    for key in keys::KEYS.iter().filter(|key| {
        matches!(key.kind, Kind::Number { .. })
            && ![keys::GRPC_PORT.path, keys::HTTP_PORT.path].contains(&key.path)
            && !key.path.starts_with("rate_limits.")
    }) {
        refuse(settings.number(key).is_none(), key, "expected a number, got null");
    }
    for key in [&keys::STORAGE_PATH, &keys::SNAPSHOTS_PATH] {
        refuse(settings.text(key).is_none(), key, "expected a folder, got null");
    }
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let prefix = &config.names.metrics_prefix;
    refuse(
        !prefix.chars().all(is_name) || prefix.starts_with(|c: char| c.is_ascii_digit()),
        &keys::METRICS_PREFIX,
        "expected letters, digits and _, not a digit first",
    );
    found
}

fn path(settings: &Settings, key: &Key) -> PathBuf {
    settings.text(key).unwrap_or_default().into()
}

fn size(settings: &Settings, key: &Key) -> usize {
    settings.number(key).map_or(0, |number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn mebibytes(settings: &Settings, key: &Key) -> usize {
    size(settings, key).saturating_mul(1 << 20)
}

fn seconds(settings: &Settings, key: &Key) -> Duration {
    Duration::from_secs(settings.number(key).unwrap_or_default())
}

#[cfg(test)]
mod tests;
