//! A bench takes vectors, queries and the truth from files, or keeps the last rows out as queries.

mod support;

use std::fs;
use std::path::Path;

use support::{code, last_json, nigh, stderr, stdout};

fn write_fvecs(path: &Path, rows: &[[f32; 3]]) {
    let bytes = rows.iter().flat_map(|row| {
        3_i32.to_le_bytes().into_iter().chain(row.iter().flat_map(|value| value.to_le_bytes()))
    });
    fs::write(path, bytes.collect::<Vec<u8>>()).expect("written");
}

fn rows(count: u16) -> Vec<[f32; 3]> {
    (0..count).map(|i| [f32::from(i), f32::from(i % 7), f32::from(i % 3)]).collect()
}

#[test]
fn the_last_rows_become_queries() {
    let dir = tempfile::tempdir().expect("a folder");
    let base = dir.path().join("base.fvecs");
    write_fvecs(&base, &rows(1000));
    let output = nigh(["bench".as_ref(), base.as_os_str(), "--json".as_ref()]);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let json = last_json(&output);
    assert_eq!((&json["rows"], &json["queries"], &json["recall"]), (&990.into(), &10.into(), &1.0.into()));
}

#[test]
fn queries_and_truth_come_from_files() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = |name: &str| dir.path().join(name);
    write_fvecs(&path("base.fvecs"), &rows(300));
    write_fvecs(&path("queries.fvecs"), &[[0.0, 0.0, 0.0], [299.0, 5.0, 2.0]]);
    let truth: Vec<u8> = [1_i32, 0, 1, 299].iter().flat_map(|n| n.to_le_bytes()).collect();
    fs::write(path("truth.ivecs"), truth).expect("written");
    let (base, queries, truth) = (path("base.fvecs"), path("queries.fvecs"), path("truth.ivecs"));
    let mut args = vec!["bench".as_ref(), base.as_os_str(), "--k".as_ref(), "1".as_ref()];
    args.extend(["--queries-file".as_ref(), queries.as_os_str()]);
    args.extend(["--truth-file".as_ref(), truth.as_os_str()]);
    let output = nigh(args);
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    assert!(stdout(&output).contains("recall@1               1.0000   exact search against the given truth"));
}

#[test]
fn a_damaged_file_is_named_with_the_place() {
    let dir = tempfile::tempdir().expect("a folder");
    let base = dir.path().join("base.fvecs");
    write_fvecs(&base, &rows(10));
    let mut bytes = fs::read(&base).expect("a file");
    bytes.truncate(70);
    fs::write(&base, bytes).expect("written");
    let output = nigh(["bench".as_ref(), base.as_os_str()]);
    assert_eq!(code(&output), 2);
    let error = stderr(&output);
    assert!(error.contains("base.fvecs") && error.contains("byte 6"), "{error}");
}
