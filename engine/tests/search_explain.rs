//! What a search tells about itself: a plan for each segment, counts, and times of the database's clock.

#[path = "support/sets.rs"]
mod sets;

use nigh::io::SimVfs;
use nigh::{Background, Clock, Effort, Explain, Metric, Options, Plan, Quantization, SearchRequest};
use sets::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Each look at it takes a millisecond.
#[derive(Debug, Default)]
struct Ticks(AtomicU64);

impl Clock for Ticks {
    fn now(&self) -> Duration {
        Duration::from_millis(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

#[test]
fn plans_counts_and_times() {
    let options = Options::new().vfs(Arc::new(SimVfs::new())).clock(Arc::new(Ticks::default()));
    let db = options.background(Background::Manual).free_bytes_min(0).open("/db").expect("open");
    let (base, queries) = low_rank(101, 160, 16, 900, 4);
    let points = indexed(&db, "points", vector(160, Metric::Euclid), &base[..700]);
    // A sealed segment without a graph, and one in memory.
    upsert(&points, 700, &base[700..800]);
    points.checkpoint().expect("checkpoint");
    upsert(&points, 800, &base[800..]);
    delete(&points, [3, 701]);
    let segments: Vec<_> = points.info().expect("info").segments.iter().map(|s| s.id).collect();
    for query in &queries {
        let request = SearchRequest::new(query.clone()).effort(Effort::Ef(50));
        let (hits, explain) = points.search_explained(&request).expect("search");
        assert_eq!(hits, points.search(&request).expect("search"));
        let plans: Vec<_> = explain.segments.iter().map(|s| (s.segment, s.plan, s.points)).collect();
        let expected = [
            (Some(segments[0]), Plan::Graph, 699),
            (Some(segments[1]), Plan::Scan, 99),
            (None, Plan::Scan, 100),
        ];
        assert_eq!(plans, expected);
        let graph = &explain.segments[0];
        assert!(graph.hops > 0 && graph.distances > graph.hops && graph.distances < 700, "{graph:?}");
        assert!(graph.refined > 0 && graph.rescored >= 10 && graph.rescored <= graph.refined, "{graph:?}");
        assert!(graph.ef >= 50);
        assert!(graph.walk > Duration::ZERO && graph.rescore > Duration::ZERO, "{graph:?}");
        for scan in &explain.segments[1..] {
            assert_eq!((scan.distances, scan.rescored, scan.hops, scan.ef), (scan.points, scan.points, 0, 0));
        }
        let sums = |of: fn(&nigh::SegmentExplain) -> u64| explain.segments.iter().map(of).sum::<u64>();
        assert_eq!((explain.distances(), explain.hops()), (sums(|s| s.distances), sums(|s| s.hops)));
        let Explain { prepare, search, fetch, .. } = explain;
        assert!([prepare, search, fetch].iter().all(|time| *time > Duration::ZERO));
        assert!(search >= graph.walk + graph.rescore);
    }
    let ask = |request: SearchRequest| points.search_explained(&request).expect("search").1.segments;
    let request = SearchRequest::new(queries[0].clone());
    assert!(ask(request.clone().exact(true)).iter().all(|segment| segment.plan == Plan::Scan));
    let ignore = Quantization { ignore: true, ..Default::default() };
    assert_eq!(ask(request.clone().quantization(ignore))[0].plan, Plan::GraphOnVectors);
    let (near, far) = (ask(request.clone().effort(Effort::Ef(10))), ask(request.effort(Effort::Ef(400))));
    assert!(near[0].distances < far[0].distances && near[0].hops < far[0].hops);
}

/// Two searches count the same: nothing of one is left in the memory that the next one uses.
#[test]
fn counts_are_those_of_one_search() {
    let db = database();
    let (base, queries) = clustered(102, 16, 10, 0.5, 500, 5);
    let points = indexed(&db, "points", vector(16, Metric::Dot), &base);
    let count = |query: &Vec<f32>| {
        let (_, explain) = points.search_explained(&SearchRequest::new(query.clone())).expect("search");
        (explain.distances(), explain.hops())
    };
    let first: Vec<_> = queries.iter().map(count).collect();
    queries.iter().for_each(|query| assert!(points.search(&SearchRequest::new(query.clone())).is_ok()));
    assert_eq!(first, queries.iter().map(count).collect::<Vec<_>>());
}
