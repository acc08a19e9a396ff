//! The list of all keys: name, kind, built-in value, meaning. What is not here is not a setting.
//!
//! Names are Qdrant's where it has them (`storage`, `service`, `tls`, `log_level`); the others are ours. Units come last.
//! Rates are off unless they are enabled.

use super::value::Kind;

/// One setting.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Names of sections and key, with dots between.
    pub path: &'static str,
    /// What it takes.
    pub kind: Kind,
    /// The built-in value as it would be written; empty: not set.
    pub built_in: &'static str,
    /// What it is for.
    pub help: &'static str,
    /// Never printed; `<path>_file` names a file that holds it.
    pub secret: bool,
    /// Takes effect without a restart.
    pub reloadable: bool,
}

const FLAG: Kind = Kind::Flag;
const TEXT: Kind = Kind::Text;
const PORT: Kind = Kind::Number { min: 0, max: 65_535 };
const COUNT: Kind = Kind::Number { min: 1, max: u64::MAX };
/// Zero means: as many as suit the machine.
const THREADS: Kind = Kind::Number { min: 0, max: 4_096 };
const SECONDS: Kind = Kind::Number { min: 1, max: 86_400 };
const LEVEL: Kind = Kind::Choice(&["off", "error", "warn", "info", "debug", "trace"]);
const FORMAT: Kind = Kind::Choice(&["text", "json"]);

const fn fixed(path: &'static str, kind: Kind, built_in: &'static str, help: &'static str) -> Key {
    Key { path, kind, built_in, help, secret: false, reloadable: false }
}

const fn live(path: &'static str, kind: Kind, built_in: &'static str, help: &'static str) -> Key {
    Key { path, kind, built_in, help, secret: false, reloadable: true }
}

const fn secret(path: &'static str, help: &'static str) -> Key {
    Key { path, kind: TEXT, built_in: "", help, secret: true, reloadable: true }
}

/// Least serious message that is logged.
pub const LOG_LEVEL: Key = live("log_level", LEVEL, "info", "least serious message that is logged");
/// How log lines look.
pub const LOG_FORMAT: Key = fixed("log_format", FORMAT, "text", "how log lines look");

/// The database folder.
pub const STORAGE_PATH: Key = fixed("storage.storage_path", TEXT, "./storage", "folder of the database");
/// The folder of snapshots.
pub const SNAPSHOTS_PATH: Key = fixed("storage.snapshots_path", TEXT, "./snapshots", "folder of snapshots");

/// Address to listen on.
pub const HOST: Key = fixed(
    "service.host",
    TEXT,
    "",
    "address to listen on; null: 0.0.0.0 with a key or when insecure, else 127.0.0.1",
);
/// Port of the REST API.
pub const HTTP_PORT: Key = fixed("service.http_port", PORT, "6333", "port of the REST API; 0: any free one");
/// Port of the gRPC API.
pub const GRPC_PORT: Key =
    fixed("service.grpc_port", PORT, "6334", "port of the gRPC API; null: none, 0: any free one");
/// Serve others without a key.
pub const INSECURE: Key =
    fixed("service.insecure", FLAG, "false", "listen beyond this machine although no key is set");
/// The admin key.
pub const API_KEY: Key = secret("service.api_key", "key that may do everything; signs tokens");
/// The second admin key.
pub const ALT_API_KEY: Key =
    secret("service.alt_api_key", "a second key that may do everything, to change keys without a gap");
/// The read-only key.
pub const READ_ONLY_API_KEY: Key = secret("service.read_only_api_key", "key that may read everything");
/// Accept tokens.
pub const JWT_RBAC: Key = live("service.jwt_rbac", FLAG, "false", "accept JSON web tokens signed with a key");
/// Speak TLS.
pub const ENABLE_TLS: Key = fixed("service.enable_tls", FLAG, "false", "speak TLS on both ports");
/// Ask clients for certificates.
pub const VERIFY_CLIENT: Key = fixed(
    "service.verify_https_client_certificate",
    FLAG,
    "false",
    "accept only clients with a certificate signed by tls.ca_cert",
);
/// Allow browsers of any origin.
pub const ENABLE_CORS: Key =
    fixed("service.enable_cors", FLAG, "true", "let pages of any origin call the REST API");
/// Largest REST body.
pub const MAX_REQUEST_SIZE_MB: Key =
    live("service.max_request_size_mb", COUNT, "32", "largest body of a REST request, in MiB");
/// Threads of the network.
pub const MAX_WORKERS: Key =
    fixed("service.max_workers", THREADS, "0", "threads that serve connections; 0: one for each core");
/// What `GET /` calls the server.
pub const TITLE: Key = fixed("service.title", TEXT, "nigh - vector database", "title in the answer to GET /");
/// What telemetry and metrics call the server.
pub const APP_NAME: Key = fixed("service.app_name", TEXT, "nigh", "name in telemetry and in app_info");
/// What begins each metric's name.
pub const METRICS_PREFIX: Key =
    fixed("service.metrics_prefix", TEXT, "", "what begins the name of each metric");
/// Believe proxies about addresses.
pub const TRUST_FORWARDED: Key = live(
    "service.trust_forwarded_headers",
    FLAG,
    "false",
    "take the client's address from X-Forwarded-For; only behind a proxy that sets it",
);

/// The certificate chain.
pub const TLS_CERT: Key = live("tls.cert", TEXT, "./tls/cert.pem", "certificate chain of the server, PEM");
/// The private key.
pub const TLS_KEY: Key = live("tls.key", TEXT, "./tls/key.pem", "private key of the server, PEM");
/// Who signs client certificates.
pub const TLS_CA_CERT: Key =
    live("tls.ca_cert", TEXT, "./tls/cacert.pem", "who signs clients' certificates, PEM");

/// Open connections of one port.
pub const CONNECTIONS: Key = fixed("limits.connections", COUNT, "1024", "open connections of one port");
/// Requests at work.
pub const IN_FLIGHT: Key = fixed("limits.requests_in_flight", COUNT, "256", "requests at work at one time");
/// Time for a request's head.
pub const HEADER_TIMEOUT: Key =
    fixed("limits.header_timeout_s", SECONDS, "10", "time for the head of a request");
/// Time for a TLS handshake.
pub const HANDSHAKE_TIMEOUT: Key =
    fixed("limits.handshake_timeout_s", SECONDS, "10", "time for a TLS handshake");
/// Time without a byte of a body.
pub const BODY_IDLE_TIMEOUT: Key =
    fixed("limits.body_idle_timeout_s", SECONDS, "10", "time that a body may stand still");
/// Time for a request.
pub const REQUEST_TIMEOUT: Key = live("limits.request_timeout_s", SECONDS, "60", "time for a request");
/// Longest time that a request may ask for.
pub const REQUEST_TIMEOUT_MAX: Key =
    live("limits.request_timeout_max_s", SECONDS, "600", "longest time that a request may ask for");
/// Time for the last requests.
pub const DRAIN_TIMEOUT: Key =
    fixed("limits.drain_timeout_s", SECONDS, "30", "time for requests at work when the server stops");
/// Streams of a connection.
pub const HTTP2_STREAMS: Key = fixed(
    "limits.http2_streams",
    Kind::Number { min: 1, max: 65_535 },
    "100",
    "HTTP/2 streams of one connection",
);
/// Largest gRPC message.
pub const GRPC_MESSAGE_MB: Key = fixed(
    "limits.grpc_message_mb",
    Kind::Number { min: 1, max: 2_047 },
    "32",
    "largest gRPC message, in MiB",
);
/// Nesting of a JSON body.
pub const JSON_DEPTH: Key =
    live("limits.json_depth", Kind::Number { min: 1, max: 120 }, "64", "nesting of a JSON body");
/// Points of an upsert.
pub const POINTS_PER_BATCH: Key = live("limits.points_per_batch", COUNT, "10000", "points of one upsert");
/// Bytes of a payload.
pub const PAYLOAD_BYTES: Key = live("limits.payload_bytes", COUNT, "1048576", "bytes of a point's payload");
/// Numbers of a vector.
pub const DIMENSIONS: Key =
    live("limits.dimensions", Kind::Number { min: 1, max: 65_536 }, "65536", "numbers of a vector");
/// Results of a query.
pub const RESULTS: Key = live("limits.results", COUNT, "10000", "results that one query may ask for");
/// Results of a query and those that it skips.
pub const RESULTS_AND_OFFSET: Key =
    live("limits.results_and_offset", COUNT, "100000", "results that one query may ask for or skip");
/// Search beam.
pub const EF: Key =
    live("limits.ef", Kind::Number { min: 1, max: 4_096 }, "4096", "largest hnsw_ef of a search");
/// Oversampling.
pub const OVERSAMPLING: Key = live(
    "limits.oversampling",
    Kind::Number { min: 1, max: 1_000 },
    "16",
    "largest oversampling of a search",
);
/// Nesting of a filter.
pub const FILTER_DEPTH: Key =
    live("limits.filter_depth", Kind::Number { min: 1, max: 64 }, "16", "nesting of a filter");
/// Conditions of a filter.
pub const FILTER_CONDITIONS: Key = live("limits.filter_conditions", COUNT, "1000", "conditions of a filter");
/// Values of a condition.
pub const FILTER_VALUES: Key = live("limits.filter_values", COUNT, "10000", "values of one match condition");
/// Nesting of prefetches.
pub const PREFETCH_DEPTH: Key =
    live("limits.prefetch_depth", Kind::Number { min: 0, max: 16 }, "4", "nesting of prefetches");
/// Queries of a batch.
pub const QUERIES_PER_BATCH: Key = live("limits.queries_per_batch", COUNT, "100", "queries of one batch");
/// Bytes of a text query.
pub const TEXT_QUERY_BYTES: Key = live("limits.text_query_bytes", COUNT, "4096", "bytes of a text query");
/// Words of a text query.
pub const TEXT_QUERY_TERMS: Key = live("limits.text_query_terms", COUNT, "256", "words of a text query");
/// Collections of the server.
pub const COLLECTIONS: Key = live("limits.collections", COUNT, "1000", "collections of the server");

/// Limit rates.
pub const RATES_ENABLED: Key = live("rate_limits.enabled", FLAG, "false", "limit how often clients may ask");
/// Requests of a key or token.
pub const USER_PER_MINUTE: Key = live(
    "rate_limits.user_per_minute",
    COUNT,
    "20",
    "requests of one key or token in a minute; null: no limit",
);
/// Requests of an address.
pub const IP_PER_HOUR: Key =
    live("rate_limits.ip_per_hour", COUNT, "100", "requests of one address in an hour; null: no limit");
/// Requests of all.
pub const GLOBAL_PER_SECOND: Key = live(
    "rate_limits.global_per_second",
    COUNT,
    "1000",
    "requests of all clients in a second; null: no limit",
);

/// Searches at a time.
pub const SEARCH_THREADS: Key =
    fixed("pools.search_threads", THREADS, "0", "reads at work at one time; 0: one for each core");
/// Searches that wait.
pub const SEARCH_QUEUE: Key = fixed("pools.search_queue", COUNT, "512", "reads that may wait");
/// Writes at a time.
pub const WRITE_THREADS: Key = fixed(
    "pools.write_threads",
    THREADS,
    "64",
    "writes at work at one time, most of which wait for one sync",
);
/// Writes that wait.
pub const WRITE_QUEUE: Key = fixed("pools.write_queue", COUNT, "512", "writes that may wait");
/// Slow operations at a time.
pub const ADMIN_THREADS: Key =
    fixed("pools.admin_threads", THREADS, "4", "changes of collections and snapshots at work at one time");
/// Slow operations that wait.
pub const ADMIN_QUEUE: Key =
    fixed("pools.admin_queue", COUNT, "64", "changes of collections and snapshots that may wait");

/// Read Qdrant's environment.
pub const QDRANT_ENV: Key =
    fixed("compat.qdrant_env", FLAG, "false", "read QDRANT__… variables too, below NIGH__…");

/// All of them, in the order in which they are printed.
pub const KEYS: [Key; 61] = [
    LOG_LEVEL,
    LOG_FORMAT,
    STORAGE_PATH,
    SNAPSHOTS_PATH,
    HOST,
    HTTP_PORT,
    GRPC_PORT,
    INSECURE,
    API_KEY,
    ALT_API_KEY,
    READ_ONLY_API_KEY,
    JWT_RBAC,
    ENABLE_TLS,
    VERIFY_CLIENT,
    ENABLE_CORS,
    MAX_REQUEST_SIZE_MB,
    MAX_WORKERS,
    TITLE,
    APP_NAME,
    METRICS_PREFIX,
    TRUST_FORWARDED,
    TLS_CERT,
    TLS_KEY,
    TLS_CA_CERT,
    CONNECTIONS,
    IN_FLIGHT,
    HEADER_TIMEOUT,
    HANDSHAKE_TIMEOUT,
    BODY_IDLE_TIMEOUT,
    REQUEST_TIMEOUT,
    REQUEST_TIMEOUT_MAX,
    DRAIN_TIMEOUT,
    HTTP2_STREAMS,
    GRPC_MESSAGE_MB,
    JSON_DEPTH,
    POINTS_PER_BATCH,
    PAYLOAD_BYTES,
    DIMENSIONS,
    RESULTS,
    RESULTS_AND_OFFSET,
    EF,
    OVERSAMPLING,
    FILTER_DEPTH,
    FILTER_CONDITIONS,
    FILTER_VALUES,
    PREFETCH_DEPTH,
    QUERIES_PER_BATCH,
    TEXT_QUERY_BYTES,
    TEXT_QUERY_TERMS,
    COLLECTIONS,
    RATES_ENABLED,
    USER_PER_MINUTE,
    IP_PER_HOUR,
    GLOBAL_PER_SECOND,
    SEARCH_THREADS,
    SEARCH_QUEUE,
    WRITE_THREADS,
    WRITE_QUEUE,
    ADMIN_THREADS,
    ADMIN_QUEUE,
    QDRANT_ENV,
];

/// The key at a path.
pub(super) fn find(path: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.path == path)
}

/// Whether keys begin so.
pub(super) fn is_section(path: &str) -> bool {
    KEYS.iter().any(|key| key.path.strip_prefix(path).is_some_and(|rest| rest.starts_with('.')))
}

/// The known path that looks most like an unknown one, if any does.
pub(super) fn nearest(path: &str) -> Option<&'static str> {
    // Someone believes that this key's value may lie in a file.
    let path = path.strip_suffix("_file").unwrap_or(path);
    let name = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    let by_whole = KEYS.iter().map(|key| (edits(path, key.path), key.path));
    // A right name in a wrong section.
    let last = path.rsplit('.').next().unwrap_or(path);
    let by_name = KEYS.iter().map(|key| (edits(last, name(key.path)) + 1, key.path));
    let (distance, nearest) = by_whole.chain(by_name).min()?;
    (distance <= 1 + last.len() / 4).then_some(nearest)
}

/// Letters to insert, remove or change to make one text of another (Levenshtein).
fn edits(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = i;
        let mut left = i + 1;
        for (cell, y) in row.iter_mut().skip(1).zip(&b) {
            let here = (diagonal + usize::from(x != *y)).min(left + 1).min(*cell + 1);
            diagonal = *cell;
            *cell = here;
            left = here;
        }
        if let Some(first) = row.first_mut() {
            *first = i + 1;
        }
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::value::Value;

    #[test]
    fn each_built_in_value_fits_and_no_path_is_given_twice() {
        for key in KEYS {
            assert!(key.kind.parse(key.built_in).is_ok(), "{}", key.path);
            assert!(!is_section(key.path), "{}", key.path);
            assert_eq!(KEYS.iter().filter(|other| other.path == key.path).count(), 1, "{}", key.path);
            assert!(
                key.path.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "._".contains(c))
            );
        }
    }

    #[test]
    fn secrets_have_no_built_in_value() {
        for key in KEYS.iter().filter(|key| key.secret) {
            assert_eq!(key.kind.parse(key.built_in), Ok(Value::Unset), "{}", key.path);
        }
    }

    #[test]
    fn the_nearest_path_is_one_that_was_meant() {
        assert_eq!(nearest("service.htp_port"), Some("service.http_port"));
        assert_eq!(nearest("http_port"), Some("service.http_port"));
        assert_eq!(nearest("storage.api_key"), Some("service.api_key"));
        assert_eq!(nearest("logLevel"), Some("log_level"));
        assert_eq!(nearest("service.flux_capacitor"), None);
    }

    #[test]
    fn edits_are_counted() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
        assert_eq!(edits("abc", ""), 3);
        assert_eq!(edits("같은", "같음"), 1);
    }
}
