//! What was answered on one port: an answer goes in, counters and times by route come out.
//!
//! Routes are templates, so there are few; names of collections come from callers, so only the first [`COLLECTIONS_MAX`] that an answer
//! was good for are told apart, and the rest is `other`.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;

use super::exposition::{Column, Kind, Page};

/// Upper bounds of the buckets of times, in seconds.
const BOUNDS_S: [f64; 12] = [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0, 10.0, 50.0];
/// More names of collections are one.
const COLLECTIONS_MAX: usize = 200;
const OTHER: &str = "other";

/// One answer.
#[derive(Debug, Clone, Copy)]
pub(super) struct Answer<'a> {
    /// Of HTTP; empty for gRPC.
    pub(super) method: &'a str,
    /// The route's template, or the method of gRPC.
    pub(super) endpoint: &'a str,
    /// The status of HTTP, or the code of gRPC.
    pub(super) status: u16,
    /// Whether the fault was ours.
    pub(super) failed: bool,
    /// Whether its time counts: that of an error says nothing about the others.
    pub(super) timed: bool,
    /// The collection that it was about.
    pub(super) collection: Option<&'a str>,
    /// From the first byte of the request to the first of the answer.
    pub(super) time: Duration,
}

/// Counters and times of one port.
#[derive(Debug, Default)]
pub(super) struct Responses(Mutex<Seen>);

#[derive(Debug, Default)]
struct Seen {
    answers: BTreeMap<Route, Counts>,
    collections: BTreeSet<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Route {
    endpoint: String,
    method: String,
    status: u16,
    collection: Option<String>,
}

#[derive(Debug, Clone, Default)]
struct Counts {
    all: u64,
    failed: u64,
    times: Option<Times>,
}

#[derive(Debug, Clone)]
struct Times {
    count: u64,
    sum_s: f64,
    min_s: f64,
    max_s: f64,
    buckets: [u64; BOUNDS_S.len()],
}

impl Responses {
    pub(super) fn record(&self, answer: &Answer<'_>) {
        let mut seen = self.0.lock();
        let collection = answer.collection.map(|name| seen.name_of(name, answer.timed));
        let Answer { method, endpoint, status, .. } = *answer;
        let route = Route { endpoint: endpoint.to_owned(), method: method.to_owned(), status, collection };
        let counts = seen.answers.entry(route).or_default();
        counts.all += 1;
        counts.failed += u64::from(answer.failed);
        if answer.timed {
            counts.times.get_or_insert_with(Times::new).add(answer.time.as_secs_f64());
        }
    }

    /// Writes the families of one port, whose names begin with `wire`.
    pub(super) fn write(&self, page: &mut Page<'_>, wire: &str, by_collection: bool) {
        let routes = self.routes(by_collection);
        if routes.is_empty() {
            return;
        }
        let name = |what: &str| format!("{wire}_responses_{what}");
        let mut counter = |what: &str, help: &str, value: fn(&Counts) -> u64| {
            let name = name(what);
            let mut family = page.family(&name, Kind::Counter, help);
            for (route, counts) in &routes {
                family.sample(&labels(route, &route.status.to_string()), value(counts) as f64);
            }
        };
        counter("total", "total number of responses", |counts| counts.all);
        counter("fail_total", "total number of failed responses", |counts| counts.failed);
        let timed = || routes.iter().filter_map(|(route, counts)| Some((route, counts.times.as_ref()?)));
        if timed().next().is_none() {
            return;
        }
        let gauges: [Column<Times>; 3] = [
            ("avg_duration_seconds", "average response duration", |times| times.sum_s / times.count as f64),
            ("min_duration_seconds", "minimum response duration", |times| times.min_s),
            ("max_duration_seconds", "maximum response duration", |times| times.max_s),
        ];
        for (what, help, value) in gauges {
            let name = name(what);
            let mut family = page.family(&name, Kind::Gauge, help);
            for (route, times) in timed() {
                family.sample(&labels(route, &route.status.to_string()), value(times));
            }
        }
        let name = name("duration_seconds");
        let mut family = page.family(&name, Kind::Histogram, "response duration histogram");
        for (route, times) in timed() {
            let status = route.status.to_string();
            family.histogram(&labels(route, &status), &BOUNDS_S, &times.buckets, times.sum_s, times.count);
        }
    }

    /// A copy to write from, so that nobody waits for a page.
    fn routes(&self, by_collection: bool) -> BTreeMap<Route, Counts> {
        let seen = self.0.lock();
        if by_collection {
            return seen.answers.clone();
        }
        let mut all = BTreeMap::<Route, Counts>::new();
        for (route, counts) in &seen.answers {
            all.entry(Route { collection: None, ..route.clone() }).or_default().merge(counts);
        }
        all
    }
}

impl Seen {
    /// The name as it is shown. Only what was answered well makes a name known: others may not exist.
    fn name_of(&mut self, name: &str, was_good: bool) -> String {
        if was_good && self.collections.len() < COLLECTIONS_MAX && !self.collections.contains(name) {
            self.collections.insert(name.to_owned());
        }
        if self.collections.contains(name) { name.to_owned() } else { OTHER.to_owned() }
    }
}

impl Counts {
    fn merge(&mut self, other: &Self) {
        self.all += other.all;
        self.failed += other.failed;
        if let Some(times) = &other.times {
            self.times.get_or_insert_with(Times::new).merge(times);
        }
    }
}

impl Times {
    fn new() -> Self {
        Self { count: 0, sum_s: 0.0, min_s: f64::INFINITY, max_s: 0.0, buckets: [0; BOUNDS_S.len()] }
    }

    fn add(&mut self, time_s: f64) {
        self.count += 1;
        self.sum_s += time_s;
        self.min_s = self.min_s.min(time_s);
        self.max_s = self.max_s.max(time_s);
        let place = BOUNDS_S.partition_point(|bound| *bound < time_s);
        if let Some(bucket) = self.buckets.get_mut(place) {
            *bucket += 1;
        }
    }

    fn merge(&mut self, other: &Self) {
        self.count += other.count;
        self.sum_s += other.sum_s;
        self.min_s = self.min_s.min(other.min_s);
        self.max_s = self.max_s.max(other.max_s);
        self.buckets.iter_mut().zip(other.buckets).for_each(|(mine, theirs)| *mine += theirs);
    }
}

fn labels<'l>(route: &'l Route, status: &'l str) -> Vec<(&'l str, &'l str)> {
    let mut labels = Vec::with_capacity(4);
    if !route.method.is_empty() {
        labels.push(("method", route.method.as_str()));
    }
    labels.extend([("endpoint", route.endpoint.as_str()), ("status", status)]);
    labels.extend(route.collection.as_deref().map(|name| ("collection", name)));
    labels
}

#[cfg(test)]
mod tests {
    use super::super::exposition::Format;
    use super::*;

    fn answer<'a>(endpoint: &'a str, status: u16, collection: Option<&'a str>, time_ms: u64) -> Answer<'a> {
        let time = Duration::from_millis(time_ms);
        Answer {
            method: "GET",
            endpoint,
            status,
            failed: status >= 500,
            timed: status == 200,
            collection,
            time,
        }
    }

    fn page(responses: &Responses, by_collection: bool) -> String {
        let mut page = Page::new("", Format::Text);
        responses.write(&mut page, "rest", by_collection);
        page.finish()
    }

    #[test]
    fn answers_are_counted_by_route_and_status() {
        let responses = Responses::default();
        assert_eq!(page(&responses, false), "");
        responses.record(&answer("/a/{x}", 200, Some("c1"), 1));
        responses.record(&answer("/a/{x}", 200, Some("c2"), 3));
        responses.record(&answer("/a/{x}", 500, Some("c1"), 90_000));
        let text = page(&responses, false);
        for line in [
            "# TYPE rest_responses_total counter",
            r#"rest_responses_total{method="GET",endpoint="/a/{x}",status="200"} 2"#,
            r#"rest_responses_fail_total{method="GET",endpoint="/a/{x}",status="500"} 1"#,
            r#"rest_responses_avg_duration_seconds{method="GET",endpoint="/a/{x}",status="200"} 0.002"#,
            r#"rest_responses_min_duration_seconds{method="GET",endpoint="/a/{x}",status="200"} 0.001"#,
            r#"rest_responses_max_duration_seconds{method="GET",endpoint="/a/{x}",status="200"} 0.003"#,
            r#"rest_responses_duration_seconds_bucket{method="GET",endpoint="/a/{x}",status="200",le="0.001"} 1"#,
            r#"rest_responses_duration_seconds_bucket{method="GET",endpoint="/a/{x}",status="200",le="0.005"} 2"#,
            r#"rest_responses_duration_seconds_count{method="GET",endpoint="/a/{x}",status="200"} 2"#,
        ] {
            assert!(text.lines().any(|l| l == line), "{line}\n{text}");
        }
        assert!(!text.contains("duration_seconds_count{method=\"GET\",endpoint=\"/a/{x}\",status=\"500\"}"));
        let line = r#"rest_responses_total{method="GET",endpoint="/a/{x}",status="200",collection="c2"} 1"#;
        assert!(page(&responses, true).lines().any(|l| l == line));
    }

    #[test]
    fn names_of_collections_are_bounded() {
        let responses = Responses::default();
        for name in 0..10_000 {
            responses.record(&answer("/a", 404, Some(&format!("missing-{name}")), 1));
        }
        for name in 0..1_000 {
            responses.record(&answer("/a", 200, Some(&format!("c{name}")), 1));
        }
        let text = page(&responses, true);
        assert!(!text.contains("missing"));
        assert!(text.contains(
            r#"rest_responses_total{method="GET",endpoint="/a",status="200",collection="other"} 800"#
        ));
        assert!(text.contains(
            r#"rest_responses_total{method="GET",endpoint="/a",status="404",collection="other"} 10000"#
        ));
        assert!(text.contains(r#"collection="c199"} 1"#) && !text.contains(r#"collection="c200""#));
    }
}
