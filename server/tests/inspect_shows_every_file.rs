//! Each file of a database is shown, as text and as JSON, with what its kind says; and nothing is written.

mod support;

use std::collections::BTreeSet;

use support::{code, database, files, last_json, nigh, stdout};

#[test]
fn of_every_kind() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let before: Vec<_> =
        files(dir.path()).into_iter().map(|f| (std::fs::read(&f).expect("a file"), f)).collect();
    let mut kinds = BTreeSet::new();
    for file in files(dir.path()).iter().filter(|file| !file.ends_with("LOCK")) {
        let output = nigh(["inspect".as_ref(), file.as_os_str()]);
        assert_eq!(code(&output), 0, "{}: {}", file.display(), stdout(&output));
        let output = nigh(["inspect".as_ref(), file.as_os_str(), "--json".as_ref()]);
        let json = last_json(&output);
        assert!(json.get("problems").is_none(), "{json}");
        kinds.insert(json["kind"].as_str().expect("a kind").to_owned());
    }
    let expected =
        ["catalog", "id_map", "manifest", "payloads", "segment_meta", "tombstones", "vectors", "wal"];
    assert_eq!(kinds.iter().map(String::as_str).collect::<Vec<_>>(), expected);
    let after: Vec<_> =
        files(dir.path()).into_iter().map(|f| (std::fs::read(&f).expect("a file"), f)).collect();
    assert!(before == after, "inspect has changed something");
}
