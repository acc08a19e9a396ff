//! `nigh doctor` tells about the machine, the disk and a database, and leaves nothing behind.

mod support;

use std::fs;

use support::{code, database, files_named, flip, last_json, nigh, stderr, stdout};

#[test]
fn without_a_database() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = nigh(["doctor".as_ref(), dir.path().as_os_str()]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}");
    for expected in ["machine", "cores", "cpu_features", "free", "median", "none in"] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0, "scratch files were left");
}

#[test]
fn with_a_clean_and_a_damaged_database() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let doctor = || nigh(["doctor".as_ref(), dir.path().as_os_str(), "--json".as_ref()]);
    let output = doctor();
    assert_eq!(code(&output), 0, "{}", stderr(&output));
    let json = last_json(&output);
    let db = &json["children"][2];
    assert_eq!((&db["lock"], &db["clean"]), (&"free".into(), &true.into()), "{json}");
    flip(&files_named(dir.path(), "payloads")[0], 70);
    assert_eq!(code(&doctor()), 1);
}
