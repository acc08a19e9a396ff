//! A bench tells the same figures as a table, as JSON lines and as a page; each index and each way to search has its place in all of them.

mod support;

use std::fs;

use serde_json::Value;
use support::{code, lines_of, nigh, stderr, stdout};

const SET: [&str; 10] =
    ["bench", "--rows", "5000", "--dim", "16", "--query-rows", "50", "--rounds", "2", "--exact"];

#[track_caller]
fn positive(line: &Value, key: &str) {
    let value = &line[key];
    let number = value.as_f64().or_else(|| value["median"].as_f64());
    assert!(number.is_some_and(|number| number > 0.0), "{key}: {line}");
    if value.is_object() {
        let at = |name: &str| value[name].as_f64().expect("a number");
        assert!(at("min") <= at("median") && at("median") <= at("max"), "{key}: {line}");
    }
}

#[test]
fn lines_say_everything() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("lines.json");
    let more = ["--m", "8,16", "--k", "10,20", "--ef", "40", "--recall", "0.95", "--json"];
    let output = nigh(SET.iter().chain(&more).map(std::ffi::OsStr::new).chain([path.as_os_str()]));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = fs::read_to_string(&path).expect("lines");
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let (indexes, searches): (Vec<_>, Vec<_>) = lines.iter().partition(|line| line["bench"] == "index");
    // Each of 2 indexes; of each, 3 ways for each of 2 k.
    assert_eq!((indexes.len(), searches.len()), (2, 12));
    for line in &lines {
        let set = &line["set"];
        assert_eq!((&set["rows"], &set["dim"], &set["queries"]), (&5000.into(), &16.into(), &50.into()));
        assert_eq!((&set["metric"], &set["datatype"]), (&"euclid".into(), &"f32".into()));
        assert!(line["version"].is_string() && line["machine"]["processor"].is_string());
        assert!(line["machine"]["kernels"].is_string() && line["index"]["m"].is_number());
    }
    for line in indexes {
        for key in ["upserts_per_second", "build_ms", "folder_bytes", "index_bytes_per_vector", "open_ms"] {
            positive(line, key);
        }
    }
    for line in searches {
        for key in ["queries_per_cpu_second", "queries_per_second", "batch_queries_per_second"] {
            positive(line, key);
        }
        for key in
            ["latency_p50_us", "latency_p95_us", "latency_p99_us", "latency_max_us", "distances_per_query"]
        {
            positive(line, key);
        }
        let (setting, recall) = (&line["setting"], line["recall"].as_f64().expect("a number"));
        let least = if setting["exact"] == true { 1.0 } else { 0.9 };
        assert!((least..=1.0).contains(&recall), "{line}");
        assert_eq!(line["queries_asked"], 50);
    }
}

#[test]
fn lines_on_standard_output_stand_alone() {
    let output = nigh(SET.iter().chain(&["--ef", "40", "--json", "-"]));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert_eq!(lines_of(&output).len(), 3);
}

#[test]
fn the_table_names_every_way() {
    let output = nigh(SET.iter().chain(&["--ef", "40,80", "--recall", "0.9"]));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let text = stdout(&output);
    for expected in
        ["5,000 x 16 f32, euclid; 50 queries", "m 16, ef_construct 200", "recall@10", "upserts/s", "build"]
    {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    for way in ["  ef 40 ", "  ef 80 ", "  recall 0.9 ", "  exact "] {
        assert!(text.lines().any(|line| line.starts_with(way)), "{way}: {text}");
    }
}

#[test]
fn the_page_needs_nothing_else() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("page.html");
    let more = ["--m", "8,16", "--k", "5,10", "--ef", "10,40", "--recall", "0.9", "--html"];
    let output = nigh(SET.iter().chain(&more).map(std::ffi::OsStr::new).chain([path.as_os_str()]));
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let page = fs::read_to_string(&path).expect("a page");
    for foreign in ["http://", "https://", "<script", "<link", "@import", "url("] {
        assert!(!page.contains(foreign), "{foreign}");
    }
    let count = |what: &str| page.matches(what).count();
    // 2 k, 2 indexes, 4 ways.
    assert_eq!((count("<svg "), count("class=\"frontier\""), count("class=\"point")), (2, 4, 16));
    assert_eq!((count("<title>"), count("<table>")), (1 + 16, 4));
    assert_eq!(count("<"), count(">"), "text is escaped");
}
