//! What searches cost, counted: distances and hops a query, compared with `counts/search.json`.
//!
//! For the reviewer: a change of these numbers is a change of the algorithm (building, pruning, numbering, walking), and should be meant. Fewer
//! distances are only better if recall, which stands beside them, is no worse. `NIGH_WRITE_COUNTS=1` writes the file anew.
//!
//! Codes and graphs are integers, the same on every CPU. Only sets with short codes depend on sums of floats, whose last bits differ
//! between CPUs: those may be off by a hundredth.

#[path = "support/sets.rs"]
mod sets;

use nigh::{Collection, Effort, Metric, SearchRequest};
use serde_json::{Map, Value, json};
use sets::*;
use std::path::Path;

const EFFORTS: [(&str, Effort); 3] =
    [("ef 32", Effort::Ef(32)), ("ef 128", Effort::Ef(128)), ("recall 0.95", Effort::Recall(0.95))];

/// Distances and hops over all queries, and recall at 10.
fn count(points: &Collection, queries: &[Vec<f32>], effort: Effort) -> Value {
    let (mut distances, mut hops, mut recall) = (0, 0, 0.0);
    for query in queries {
        let request = SearchRequest::new(query.clone()).effort(effort);
        let (_, explain) = points.search_explained(&request).expect("search");
        distances += explain.distances();
        hops += explain.hops();
        recall += share(&search(points, &request), &exact(points, query, 10), 10);
    }
    let recall = (recall / queries.len() as f64 * 1000.0).round() / 1000.0;
    json!({"distances": distances, "hops": hops, "recall": recall})
}

/// Compares the counts of one set with the committed ones, or writes them.
fn check(name: &str, metric: Metric, (base, queries): (Rows, Rows)) {
    let db = database();
    let points = indexed(&db, "points", vector(base[0].len(), metric), &base);
    let counts: Map<String, Value> =
        EFFORTS.iter().map(|(effort, how)| ((*effort).to_owned(), count(&points, &queries, *how))).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/counts/{name}.json"));
    if std::env::var_os("NIGH_WRITE_COUNTS").is_some() {
        let text = serde_json::to_string_pretty(&counts).expect("JSON");
        std::fs::write(&path, text + "\n").expect("write");
        return;
    }
    let text = std::fs::read_to_string(&path).expect("the committed counts");
    let committed: Value = serde_json::from_str(&text).expect("JSON");
    let reduced = points.info().expect("info").segments[0].indexes[0].reduced_dim.is_some();
    let room = if reduced { 0.01 } else { 0.0 };
    for (effort, got) in &counts {
        for what in ["distances", "hops", "recall"] {
            let number = |value: &Value| value[what].as_f64().expect("a number");
            let (got, expected) = (number(got), number(&committed[effort]));
            assert!(
                (got - expected).abs() <= room * expected,
                "{name}, {effort}: {what} {got}, committed {expected}"
            );
        }
    }
}

#[test]
fn euclid() {
    check("clusters-64-euclid", Metric::Euclid, clustered(31, 64, 50, 0.5, 3000, 100));
}

#[test]
fn cosine() {
    check("low-rank-384-cosine", Metric::Cosine, low_rank(32, 384, 24, 3000, 100));
}

#[test]
fn sift() {
    let set = real_set("sift-5k/base.bvecs.gz", "sift-5k/query.bvecs.gz", 5000, 100);
    if let Some(set) = set {
        check("sift-5k", Metric::Euclid, set);
    }
}
