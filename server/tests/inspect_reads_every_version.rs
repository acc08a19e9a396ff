//! Files of each version of the format are shown by what their version says: graphs, codes and payload indexes of today, a manifest that had no indexes.

mod support;

use std::path::{Path, PathBuf};
use std::process::Output;

use support::{code, flip, last_json, nigh, stdout};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../storage-format/fixtures").join(name)
}

fn inspect(path: &Path) -> Output {
    nigh(["inspect".as_ref(), path.as_os_str()])
}

fn shows(name: &str, lines: &[&str]) {
    let path = fixture(name);
    let output = inspect(&path);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}");
    let flat: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for expected in lines {
        assert!(flat.contains(expected), "{expected} is not in\n{text}");
    }
    let json = last_json(&nigh(["inspect".as_ref(), path.as_os_str(), "--json".as_ref()]));
    assert!(json.get("problems").is_none(), "{json}");
}

#[test]
fn links() {
    let lines = [
        "row_count 3",
        "row_len 16",
        "layer_count 2",
        "layer_nodes 3",
        "curve_len 2",
        "root 2",
        "entry 0",
        "descent 3",
        "repaired 1",
        "m 8",
        "ef_construction 100",
        "lift 1.5",
        "seed 81985529216486895",
        "layer 1 nodes 2 links 2 layer 2 nodes 1 links 0",
        "curve 0 recall 0.75 distances 40.5 width 10 slack inf refine 0",
        "curve 1 recall 1 distances 90.25 width 64 slack 0.25 refine 4",
        "node 0 links 1 2 node 1 links 2 0 node 2 links 0",
    ];
    shows("v2/links-0", &lines);
}

#[test]
fn reduced() {
    let lines = [
        "row_count 3",
        "dim 3",
        "reduced_dim 2",
        "stride 64",
        "matrix_stride 64",
        "scale 0.015625",
        "shift -2",
        "input_scale 0.0078125",
        "input_shift -1",
        "kept 0.875",
        "row 0 code 255 1 bias -256",
        "row 2 code 128 7 bias 2147483647",
    ];
    shows("v2/reduced-0", &lines);
}

#[test]
fn codes() {
    shows(
        "v1/codes-0",
        &["quantizer scalar", "row 0 code 255 128 128 bias -5", "row 1 code 128 255 128 bias 6"],
    );
}

#[test]
fn sparse() {
    let lines = [
        "point_count 5",
        "row_count 3",
        "value_count 5",
        "offset 0 indices 7 9 4294967295 values 0.5000 -1.2500 3.0000",
        "offset 4 indices 7 1000 values 1.5000 0.0000",
    ];
    shows("v3/sparse-0", &lines);
}

#[test]
fn postings() {
    let lines = [
        "posting_count 5",
        "term_count 4",
        "datatype f32",
        "index 7 len 2 blocks 1 min 0.5 max 1.5",
        "index 9 len 1 blocks 1 min -1.25 max -1.25",
    ];
    shows("v3/postings-0", &lines);
}

#[test]
fn payload_indexes() {
    let lines = [
        "kind_of_values integer",
        "key_count 3",
        "value_count 4",
        "part_count 2",
        "filled 4 null 1",
        "key true points 1 key 7 points 2 key \"é\" points 1",
    ];
    shows("v3/field-0000000000000005", &lines);
    let lines = ["kind_of_values keyword", "filled 4 null 2", "key \"a\" points 1 key \"b\" points 3"];
    shows("v3/field-0000000000000002", &lines);
}

#[test]
fn text_indexes() {
    shows("v3/text-0000000000000004", &["point_count 5", "blob_len 64"]);
}

#[test]
fn manifests() {
    let own = "m 24 ef_construction 300 quantile 0.95 graph_points_min 5";
    let default = "m 16 ef_construction 200 quantile 0.99 graph_points_min 2000";
    let fields = [
        "field 2 \"tags\" kind_of_values keyword",
        "field 5 \"maße[].größe\" kind_of_values integer",
        "field 4 \"text\" kind_of_values text options",
    ];
    let new = [
        "sparse vector 0 \"bm25\" modifier idf datatype u8",
        "sparse vector 1 \"낱말\" modifier none datatype f16",
        "metadata {\"owner\":\"é\",\"version\":[3,null]}",
        "postings-1",
    ];
    shows("v4/manifest", &[&[own, default, "field-0000000000000002"], &new[..]].concat());
    shows(
        "v3/manifest",
        &[&["next_field_id 6", own, default, "field-0000000000000002"], &fields[..]].concat(),
    );
    shows("v2/manifest", &[own, default, "reduced-0", "next_field_id 1"]);
    shows("v1/manifest", &[&format!("datatype f32 {default}"), &format!("datatype u8 {default}")]);
}

#[test]
fn a_damaged_manifest_of_version_1_still_shows_its_content() {
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("manifest");
    std::fs::copy(fixture("v1/manifest"), &file).expect("copied");
    // A header checksum that does not match, over fields that are right.
    flip(&file, 61);
    let output = inspect(&file);
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    assert!(text.contains("header checksum does not match") && text.contains("segment 11"), "{text}");
}

#[test]
fn links_of_version_1_are_refused() {
    let output = inspect(&fixture("v1/links-0"));
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    assert!(text.contains("unknown format version: expected 2, got 1"), "{text}");
}
