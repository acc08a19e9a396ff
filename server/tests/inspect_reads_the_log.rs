//! A log file is shown record by record: what each operation does, and where the log ends and why.

mod support;

use support::{code, database, files_named, nigh, stdout};

#[test]
fn each_operation_on_a_line() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let wal = files_named(dir.path(), "0000000000000000000");
    let wal = wal.iter().rfind(|f| f.extension().is_some_and(|e| e == "wal")).expect("a log file");
    let output = nigh(["inspect".as_ref(), wal.as_os_str()]);
    assert_eq!(code(&output), 0);
    let text = stdout(&output);
    for expected in [
        "upsert 10 points [300, 301, 302, … 309], vector \"image\" 6 x 8, vector \"title\" 10 x 4",
        "delete 1 point [300]",
        "set payload of 1 point [301]: {\"seen\":true}",
        "overwrite payload of 1 point [301]: {\"name\":\"서울\"}",
        "delete payload keys of 1 point [301]: name",
        "clear payload of 1 point [301]",
        "update vectors of 1 point [301], vector \"title\" 1 x 4",
        "delete vectors of 1 point [301]: [\"image\"]",
        "type marker",
        "open:",
    ] {
        assert!(text.contains(expected), "{expected} is not in\n{text}");
    }
}
