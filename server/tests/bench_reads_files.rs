//! A bench takes vectors, queries and the truth from files, or keeps the last rows out as queries.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use support::{code, lines_of, nigh, stderr, stdout};

fn write_fvecs(path: &Path, rows: &[[f32; 3]]) {
    let bytes = rows.iter().flat_map(|row| {
        3_i32.to_le_bytes().into_iter().chain(row.iter().flat_map(|value| value.to_le_bytes()))
    });
    fs::write(path, bytes.collect::<Vec<u8>>()).expect("written");
}

fn rows(count: u16) -> Vec<[f32; 3]> {
    (0..count).map(|i| [f32::from(i), f32::from(i % 7), f32::from(i % 3)]).collect()
}

/// A base of 300 rows, two queries, and the nearest row of each.
fn three_files(dir: &Path) -> [PathBuf; 3] {
    let files = ["base.fvecs", "queries.fvecs", "truth.ivecs"].map(|name| dir.join(name));
    write_fvecs(&files[0], &rows(300));
    write_fvecs(&files[1], &[[0.0, 0.0, 0.0], [299.0, 5.0, 2.0]]);
    write_truth(&files[2], &[1, 0, 1, 299]);
    files
}

fn write_truth(path: &Path, words: &[i32]) {
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    fs::write(path, bytes).expect("written");
}

fn bench(base: &Path, more: &[&str]) -> std::process::Output {
    let base = base.to_str().expect("a path in UTF-8");
    nigh(["bench", base, "--ef", "20", "--exact", "--rounds", "1"].iter().chain(more))
}

/// The line of the exact search.
#[track_caller]
fn exact(base: &Path, more: &[&str]) -> Value {
    let output = bench(base, &[more, &["--json", "-"]].concat());
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    lines_of(&output).into_iter().find(|line| line["setting"]["exact"] == true).expect("an exact search")
}

#[track_caller]
fn refuse(base: &Path, more: &[&str], expected: &str) {
    let output = bench(base, more);
    assert_eq!(code(&output), 2);
    assert!(output.stdout.is_empty(), "{}", stdout(&output));
    let error = stderr(&output);
    assert!(error.contains(expected) && error.lines().count() == 1, "{error}");
}

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../datasets/tests/fixtures").join(name)
}

#[test]
fn the_last_rows_become_queries() {
    let dir = tempfile::tempdir().expect("a folder");
    let base = dir.path().join("base.fvecs");
    write_fvecs(&base, &rows(1000));
    let line = exact(&base, &[]);
    assert_eq!((&line["set"]["rows"], &line["set"]["queries"]), (&990.into(), &10.into()));
    assert_eq!((&line["recall"], &line["set"]["truth"]), (&1.0.into(), &"computed".into()));
    let line = exact(&base, &["--query-rows", "100", "--rows", "500"]);
    assert_eq!((&line["set"]["rows"], &line["set"]["queries"]), (&400.into(), &100.into()));
}

#[test]
fn queries_and_truth_come_from_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let [base, queries, truth] = three_files(dir.path());
    let (queries, truth) = (queries.to_string_lossy(), truth.to_string_lossy());
    let line = exact(&base, &["--k", "1", "--queries", &queries, "--truth", &truth]);
    assert_eq!((&line["recall"], &line["set"]["truth"]), (&1.0.into(), &"published".into()));
    let output = bench(&base, &["--k", "1", "--queries", &queries, "--truth", &truth]);
    assert!(stdout(&output).contains("2 queries, published truth"), "{}", stdout(&output));
}

#[test]
fn an_hdf5_file_brings_everything() {
    for (name, metric, datatype) in [
        ("contiguous-f32.hdf5", "euclid", "f32"),
        ("gzip-f32.hdf5", "cosine", "f32"),
        ("gzip-u8.hdf5", "euclid", "u8"),
    ] {
        let line = exact(&fixture(name), &["--k", "5"]);
        let set = &line["set"];
        assert_eq!(
            (&set["rows"], &set["dim"], &set["queries"]),
            (&12.into(), &5.into(), &3.into()),
            "{name}"
        );
        assert_eq!((&set["metric"], &set["datatype"]), (&metric.into(), &datatype.into()), "{name}");
        assert_eq!((&line["recall"], &set["truth"]), (&1.0.into(), &"published".into()), "{name}");
    }
    // Fewer rows or more neighbours than the list is for: it is of no use.
    let shorter = exact(&fixture("gzip-u8.hdf5"), &["--k", "5", "--rows", "10"]);
    assert_eq!(shorter["set"]["truth"], "computed");
    assert_eq!(exact(&fixture("gzip-u8.hdf5"), &["--k", "6"])["set"]["truth"], "computed");
}

#[test]
fn an_hdf5_file_is_not_mixed_with_others() {
    let dir = tempfile::tempdir().expect("a folder");
    let [base, queries, _] = three_files(dir.path());
    let (hdf5, queries) = (fixture("gzip-u8.hdf5"), queries.to_string_lossy());
    refuse(&hdf5, &["--metric", "cosine"], "gzip-u8.hdf5: attribute distance: expected cosine, got euclid");
    refuse(&hdf5, &["--queries", &queries], "brings its own queries");
    refuse(&base, &["--queries", &hdf5.to_string_lossy()], "name it alone");
}

#[test]
fn a_damaged_file_is_named_with_the_place() {
    let dir = tempfile::tempdir().expect("a folder");
    let [base, queries, _] = three_files(dir.path());
    let bytes = fs::read(&base).expect("a file");
    fs::write(&base, &bytes[..70]).expect("written");
    refuse(&base, &[], "base.fvecs: byte 6");
    write_fvecs(&base, &[[0.0, 1.0, 2.0], [0.0, f32::NAN, 1.0]]);
    refuse(
        &base,
        &["--queries", &queries.to_string_lossy()],
        "base.fvecs: byte 24: expected a finite f32, got NaN",
    );
}

#[test]
fn fractions_are_not_stored_as_bytes() {
    let dir = tempfile::tempdir().expect("a folder");
    let base = dir.path().join("base.fvecs");
    write_fvecs(&base, &[[0.0, 1.0, 255.0], [1.0, 2.0, 0.5], [0.0; 3]]);
    let args = ["--datatype", "u8", "--query-rows", "1", "--k", "1"];
    refuse(&base, &args, "base.fvecs, last 1 rows kept out as queries: row 1, column 2: expected an integer");
}

#[test]
fn files_that_do_not_belong_together_are_named_with_the_place() {
    let dir = tempfile::tempdir().expect("a folder");
    let [base, queries, truth] = three_files(dir.path());
    let (queries_arg, truth_arg) = (queries.to_string_lossy(), truth.to_string_lossy());
    let given = ["--k", "1", "--queries", &queries_arg, "--truth", &truth_arg];
    let refuse_truth = |words: &[i32], expected: &str| {
        write_truth(&truth, words);
        refuse(&base, &given, expected);
    };
    refuse_truth(&[1, 0], "truth.ivecs: byte 8: expected 2 rows, one a query, got 1");
    refuse_truth(&[1, 0, 1, 1, 1, 2], "truth.ivecs: byte 16: expected 2 rows, one a query, got 3");
    refuse_truth(&[1, 0, 1, 300], "truth.ivecs: byte 12: expected a row of the base, below 300, got 300");
    refuse_truth(&[1, -1, 1, 299], "truth.ivecs: byte 4: expected a row of the base, below 300, got -1");
    refuse_truth(&[2, 0, 1, 2, 7, 7], "truth.ivecs: query 1: expected distinct row numbers, got 7 twice");
    let deeper = ["--k", "2", "--queries", &queries_arg, "--truth", &truth_arg];
    write_truth(&truth, &[1, 0, 1, 299]);
    refuse(&base, &deeper, "truth.ivecs: byte 0: expected 2 neighbours or more a query, got 1");
    let both = ["--k", "2", "--metric", "dot", "--queries", &queries_arg, "--truth", &truth_arg];
    write_truth(&truth, &[2, 299, 298, 2, 1, 2]);
    refuse(&base, &both, "truth.ivecs: byte 20: expected neighbours nearest first by dot, got a nearer one");
    fs::write(&queries, [2_i32.to_le_bytes(), [0; 4], [0; 4]].concat()).expect("written");
    refuse(
        &base,
        &["--queries", &queries_arg],
        "queries.fvecs: byte 0: expected vectors of dimension 3 like base.fvecs, got 2",
    );
}
