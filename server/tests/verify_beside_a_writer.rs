//! A database that a running program writes to can be verified and looked at; doctor says who has it.

mod support;

use nigh::Database;
use support::{code, database, nigh, stdout};

#[test]
fn while_another_process_has_it() {
    let dir = tempfile::tempdir().expect("a folder");
    database(dir.path());
    let db = Database::open(dir.path()).expect("opened");
    let output = nigh(["verify".as_ref(), dir.path().as_os_str()]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let output = nigh(["doctor".as_ref(), dir.path().as_os_str()]);
    assert_eq!(code(&output), 0, "{}", stdout(&output));
    let expected = format!("held by process {}", std::process::id());
    assert!(stdout(&output).contains(&expected), "{}", stdout(&output));
    db.close().expect("closed");
}
