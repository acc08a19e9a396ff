//! What can be measured from outside: answers are recorded, facts about collections are handed in, a page for Prometheus comes out.
//!
//! Names are Qdrant's where it has them, so that its dashboards work; times are in seconds and sizes in bytes. Labels never hold what a caller
//! wrote, except names of collections, of which there are at most 200.

mod exposition;
mod process;
mod responses;
mod wal;

use std::sync::Arc;
use std::time::Duration;

pub use exposition::Format;
pub use wal::{MeteredVfs, WalMeter};

use exposition::{Column, Kind, Page};
use responses::{Answer, Responses};

/// Which of our two ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wire {
    /// HTTP with JSON.
    Rest,
    /// gRPC.
    Grpc,
}

/// What a request was routed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Route {
    /// The template, as in `/collections/{name}/points`.
    pub template: String,
    /// The collection, or alias, that it names.
    pub collection: Option<String>,
}

/// All that was recorded.
#[derive(Debug, Default)]
pub struct Metrics {
    rest: Responses,
    grpc: Responses,
    wal: Arc<WalMeter>,
}

/// What is true at the moment, for a page.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// What the server calls itself.
    pub app: String,
    /// Its version.
    pub version: String,
    /// Begins each name.
    pub prefix: String,
    /// All collections.
    pub collections: Vec<CollectionFacts>,
}

/// What is true of one collection.
#[derive(Debug, Clone, Default)]
pub struct CollectionFacts {
    /// Its name.
    pub name: String,
    /// Live points.
    pub points: u64,
    /// Live vectors, by name.
    pub vectors: Vec<(String, u64)>,
    /// Points that no index holds yet.
    pub pending_points: u64,
    /// Bytes of the log that a start would read.
    pub wal_bytes: u64,
    /// Segments on disk.
    pub segments: u64,
}

/// More collections than this are left out of a page; how many there are is told by `collections_total`.
const COLLECTIONS_MAX: usize = 200;
/// Requests that no route takes.
pub const UNMATCHED: &str = "unmatched";

impl Metrics {
    /// Nothing was recorded yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What [`MeteredVfs`] tells about the log.
    #[must_use]
    pub fn wal(&self) -> Arc<WalMeter> {
        Arc::clone(&self.wal)
    }

    /// Records an answer. `status` is that of HTTP, or the code of gRPC.
    pub fn record(
        &self,
        wire: Wire,
        method: &http::Method,
        status: u16,
        route: Option<&Route>,
        time: Duration,
    ) {
        let endpoint = route.map_or(UNMATCHED, |route| route.template.as_str());
        let collection = route.and_then(|route| route.collection.as_deref());
        match wire {
            Wire::Rest => self.rest.record(&Answer {
                method: method_name(method),
                endpoint,
                status,
                failed: status >= 500,
                timed: status == 200,
                collection,
                time,
            }),
            Wire::Grpc => self.grpc.record(&Answer {
                method: "",
                endpoint,
                status,
                // UNKNOWN, INTERNAL, UNAVAILABLE, DATA_LOSS: ours; the others are the caller's.
                failed: matches!(status, 2 | 13 | 14 | 15),
                timed: status == 0,
                collection,
                time,
            }),
        }
    }

    /// The page.
    #[must_use]
    pub fn page(&self, facts: &Facts, format: Format, by_collection: bool) -> String {
        let mut page = Page::new(&facts.prefix, format);
        let labels = [("name", facts.app.as_str()), ("version", facts.version.as_str())];
        let help = format!("information about {} server", facts.app);
        page.family("app_info", Kind::Gauge, &help).sample(&labels, 1.0);
        let count = facts.collections.len() as f64;
        page.family("collections_total", Kind::Gauge, "number of collections").sample(&[], count);
        write_collections(&mut page, &facts.collections);
        self.rest.write(&mut page, "rest", by_collection);
        self.grpc.write(&mut page, "grpc", by_collection);
        self.wal.write(&mut page);
        process::write(&mut page);
        page.finish()
    }
}

fn write_collections(page: &mut Page<'_>, collections: &[CollectionFacts]) {
    let shown = collections.get(..COLLECTIONS_MAX).unwrap_or(collections);
    if shown.is_empty() {
        return;
    }
    let mut family =
        page.family("collection_vectors", Kind::Gauge, "amount of vectors grouped by vector name");
    for facts in shown {
        for (vector, count) in &facts.vectors {
            family.sample(&[("collection", &facts.name), ("vector", vector)], *count as f64);
        }
    }
    // Of these Qdrant names the collection `id`.
    let mut family =
        page.family("collection_points", Kind::Gauge, "approximate amount of points per collection");
    for facts in shown {
        family.sample(&[("id", &facts.name)], facts.points as f64);
    }
    let gauges: [Column<CollectionFacts>; 3] = [
        ("index_pending_points", "points that no index holds yet", |facts| facts.pending_points as f64),
        ("wal_replay_bytes", "bytes of the log that a start would read", |facts| facts.wal_bytes as f64),
        ("collection_segments", "segments on disk", |facts| facts.segments as f64),
    ];
    for (name, help, value) in gauges {
        let mut family = page.family(name, Kind::Gauge, help);
        for facts in shown {
            family.sample(&[("collection", &facts.name)], value(facts));
        }
    }
}

/// Methods of HTTP are callers' words too.
fn method_name(method: &http::Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;

    #[test]
    fn a_page_has_what_dashboards_look_for() {
        let metrics = Metrics::new();
        let route = Route { template: "/collections/{name}".to_owned(), collection: Some("a".to_owned()) };
        metrics.record(Wire::Rest, &Method::GET, 200, Some(&route), Duration::from_millis(1));
        let strange = Method::from_bytes(b"BREW").expect("a method");
        metrics.record(Wire::Rest, &strange, 404, None, Duration::ZERO);
        let route = Route { template: "/qdrant.Points/Get".to_owned(), collection: None };
        metrics.record(Wire::Grpc, &Method::POST, 13, Some(&route), Duration::ZERO);
        let collection = CollectionFacts {
            name: "a".to_owned(),
            points: 3,
            vectors: vec![("v".to_owned(), 2)],
            pending_points: 1,
            wal_bytes: 10,
            segments: 4,
        };
        let facts = Facts {
            app: "qdrant".to_owned(),
            version: "1.2.3".to_owned(),
            collections: vec![collection],
            ..Facts::default()
        };
        let page = metrics.page(&facts, Format::Text, false);
        for line in [
            "# HELP app_info information about qdrant server",
            "# TYPE app_info gauge",
            r#"app_info{name="qdrant",version="1.2.3"} 1"#,
            "collections_total 1",
            r#"collection_points{id="a"} 3"#,
            r#"collection_vectors{collection="a",vector="v"} 2"#,
            r#"index_pending_points{collection="a"} 1"#,
            r#"rest_responses_total{method="GET",endpoint="/collections/{name}",status="200"} 1"#,
            r#"rest_responses_total{method="other",endpoint="unmatched",status="404"} 1"#,
            r#"grpc_responses_total{endpoint="/qdrant.Points/Get",status="13"} 1"#,
            r#"grpc_responses_fail_total{endpoint="/qdrant.Points/Get",status="13"} 1"#,
        ] {
            assert!(page.lines().any(|l| l == line), "{line}\n{page}");
        }
        // Each family is there once, and its lines follow each other.
        let names: Vec<_> = page.lines().filter_map(|l| l.strip_prefix("# TYPE ")).collect();
        let mut sorted = names.clone();
        sorted.sort_unstable();
        sorted.dedup();
        assert_eq!(sorted.len(), names.len());
        let prefixed = metrics.page(&Facts { prefix: "p_".to_owned(), ..facts }, Format::Text, false);
        let is_prefixed =
            |l: &str| l.starts_with("p_") || l.starts_with("# HELP p_") || l.starts_with("# TYPE p_");
        assert!(prefixed.lines().all(is_prefixed), "{prefixed}");
    }
}
