//! An exact bench of seeded vectors finds every true neighbour, whatever the metric and datatype.

mod support;

use support::{code, lines_of, nigh, stderr};

fn recall(args: &[&str]) -> f64 {
    let small = ["bench", "--rows", "2000", "--dim", "24", "--query-rows", "20", "--ef", "10", "--exact"];
    let output = nigh(small.iter().chain(&["--rounds", "1", "--json", "-"]).chain(args));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let lines = lines_of(&output);
    let exact = lines.iter().find(|line| line["setting"]["exact"] == true).expect("a line of exact searches");
    exact["recall"].as_f64().expect("a number")
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
