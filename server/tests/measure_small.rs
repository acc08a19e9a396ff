//! Each figure can be measured with few rows in no time, and comes as a table and as JSON.

mod support;

use support::{code, last_json, nigh, stderr, stdout};

#[track_caller]
fn measure(args: &[&str]) -> serde_json::Value {
    let output = nigh(["measure"].iter().chain(args));
    assert_eq!(code(&output), 0, "{args:?}: {}{}", stdout(&output), stderr(&output));
    assert!(stdout(&output).starts_with("| figure | measured | floor | aim | |"), "{}", stdout(&output));
    let json = last_json(&output);
    assert_eq!(json["measure"], args[0]);
    assert_eq!(json["wrong"].as_array().map(Vec::len), Some(0), "{json}");
    json
}

#[test]
fn batch_upserts() {
    let json = measure(&["batch-upserts", "--rows", "1000", "--dim", "32", "--rounds", "2"]);
    assert_eq!(json["details"]["rates"].as_array().map(Vec::len), Some(2));
}

#[test]
fn single_upserts() {
    let json = measure(&["single-upserts", "--dim", "8", "--seconds", "0.1", "--writers", "4"]);
    assert_eq!(json["rows"].as_array().map(Vec::len), Some(5));
}

#[test]
fn open() {
    let json = measure(&["open", "--rows", "2000", "--dim", "16", "--rounds", "1"]);
    assert!(json["details"]["page_cache_dropped"].is_boolean());
}

#[test]
fn churn() {
    let json = measure(&["churn", "--rows", "2000", "--dim", "8", "--turnovers", "2"]);
    assert_eq!(json["rows"][1]["measured"], 0.0);
}

#[test]
fn merge_memory() {
    // Enough for two segments: memory is sealed at twice 64 MiB.
    let json = measure(&["merge-memory", "--rows", "300000", "--dim", "128"]);
    assert_eq!(json["details"]["segments_after"], 1);
}

#[test]
fn merging_search() {
    let json =
        measure(&["merging-search", "--rows", "3000", "--dim", "16", "--rounds", "1", "--seconds", "2"]);
    assert!(json["details"]["rewrites"].as_u64().is_some_and(|count| count > 0), "{json}");
}

#[test]
fn text() {
    let dir = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
    std::fs::create_dir(dir.path().join("qrels")).expect("a folder");
    let corpus =
        [("a", "서울", "한국의 수도는 서울이다."), ("b", "Paris", "The capital of France is Paris.")];
    let line = |(id, title, text): &(&str, &str, &str)| {
        serde_json::json!({"_id": id, "title": title, "text": text}).to_string() + "\n"
    };
    write("corpus.jsonl", &corpus.iter().map(line).collect::<String>());
    let queries = [("1", "", "수도를 찾는다"), ("2", "", "capitals"), ("3", "", "not judged")];
    write("queries.jsonl", &queries.iter().map(line).collect::<String>());
    write("qrels/test.tsv", "query-id\tcorpus-id\tscore\n1\ta\t1\n2\tb\t2\n3\ta\t0\n");
    let json = measure(&["text", "--data", &dir.path().to_string_lossy(), "--analyzer", "auto"]);
    let [documents, queries] = ["documents", "queries"].map(|key| json["details"][key].as_u64());
    assert_eq!((documents, queries), (Some(2), Some(2)));
    for row in 0..3 {
        assert_eq!(json["rows"][row]["measured"], 1.0, "{json}");
    }
}
