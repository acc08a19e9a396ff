//! A database folder is shown as a tree: collections, live and dead points, segments, the log's range, what is not ours.

mod support;

use std::fs;

use support::{code, database, last_json, nigh, stderr, stdout};

#[test]
fn a_database_as_a_tree() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    fs::write(dir.path().join("holiday.jpg"), "x").expect("written");
    let output = nigh(["inspect".as_ref(), dir.path().as_os_str()]);
    let text = stdout(&output);
    assert_eq!(code(&output), 0, "{text}");
    for expected in ["collection \"notes\"", "live", "dead 20", "operations", "holiday.jpg  remark not ours"]
    {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
    let json = last_json(&nigh(["inspect".as_ref(), dir.path().as_os_str(), "--json".as_ref()]));
    let collection = &json["children"][1];
    assert_eq!((&collection["live"], &collection["dead"]), (&200.into(), &20.into()), "{json}");
}

#[test]
fn a_collection_and_a_segment_by_themselves() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let collection = dir.path().join("c-0000000000000001");
    let segment = collection.join("segments/0000000000000001");
    for path in [collection, segment] {
        let output = nigh(["inspect".as_ref(), path.as_os_str()]);
        assert_eq!(code(&output), 0, "{}", stdout(&output));
    }
}

#[test]
fn a_foreign_folder_is_refused() {
    let dir = tempfile::tempdir().expect("a folder");
    let output = nigh(["inspect".as_ref(), dir.path().as_os_str()]);
    assert_eq!(code(&output), 2);
    assert!(stderr(&output).contains("no database, collection or segment"));
}

#[test]
fn a_lost_catalog_does_not_hide_the_collections() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    fs::remove_file(dir.path().join("catalog")).expect("removed");
    let output = nigh(["inspect".as_ref(), dir.path().as_os_str()]);
    assert_eq!(code(&output), 1);
    let text = stdout(&output);
    assert!(text.contains("PROBLEM: catalog:") && text.contains("collection of unknown name"), "{text}");
}
