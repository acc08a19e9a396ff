//! `nigh verify` tells by its exit code: 0 clean, 1 problems, 2 could not run.

mod support;

use std::fs;

use support::{code, database, files_named, flip, last_json, nigh, stderr, stdout};

#[test]
fn clean_is_0() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let output = nigh(["verify".as_ref(), dir.path().as_os_str()]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    assert!(stdout(&output).ends_with("clean\n"));
    let json = last_json(&nigh(["verify".as_ref(), dir.path().as_os_str(), "--json".as_ref()]));
    assert_eq!(json["clean"], true);
    assert_eq!(json["collections"][0]["points"], 209, "{json}");
}

#[test]
fn a_damaged_segment_is_1_and_names_the_place() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let file = files_named(dir.path(), "payloads").remove(0);
    flip(&file, 70);
    let output = nigh(["verify".as_ref(), dir.path().as_os_str(), "--json".as_ref()]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    let json = last_json(&output);
    let problem = &json["collections"][0]["problems"][0];
    assert_eq!(problem["file"].as_str(), file.to_str(), "{json}");
    assert!(problem["offset"].is_u64(), "{json}");
}

#[test]
fn a_damaged_catalog_is_1() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    flip(&dir.path().join("catalog"), 70);
    let output = nigh(["verify".as_ref(), dir.path().as_os_str()]);
    assert_eq!(code(&output), 1, "{}", stderr(&output));
    assert!(stdout(&output).contains("catalog is damaged at byte"), "{}", stdout(&output));
}

#[test]
fn no_database_is_2() {
    let dir = tempfile::tempdir().expect("a folder");
    for path in [dir.path().to_owned(), dir.path().join("nothing")] {
        let output = nigh(["verify".as_ref(), path.as_os_str()]);
        assert_eq!(code(&output), 2, "{}", stdout(&output));
        assert!(!stderr(&output).is_empty());
    }
    assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 0, "verify has made something");
}
