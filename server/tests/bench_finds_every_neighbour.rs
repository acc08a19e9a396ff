//! A bench of seeded vectors finds every true neighbour, whatever the metric and datatype.

mod support;

use support::{code, last_json, nigh, stderr};

fn recall(args: &[&str]) -> f64 {
    let small = ["bench", "--rows", "2000", "--dim", "24", "--queries", "20", "--json"];
    let output = nigh(small.iter().chain(args));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let json = last_json(&output);
    assert_eq!(json["rows"], 2000);
    assert!(json["upserts_per_second"].as_f64().expect("a number") > 0.0);
    assert!(json["latency_p99_ms"].as_f64().expect("a number") > 0.0);
    json["recall"].as_f64().expect("a number")
}

#[test]
fn with_every_metric() {
    for metric in ["cosine", "dot", "euclid", "manhattan"] {
        assert_eq!(recall(&["--metric", metric]), 1.0, "{metric}");
    }
}

#[test]
fn with_bytes() {
    assert_eq!(recall(&["--datatype", "u8"]), 1.0);
}

#[test]
fn with_every_durability() {
    for durability in ["sync", "buffered", "async"] {
        assert_eq!(recall(&["--durability", durability]), 1.0, "{durability}");
    }
}

#[test]
fn half_floats_lose_little() {
    assert!(recall(&["--datatype", "f16"]) > 0.95);
}
