//! A bench told where to put its database leaves it there, and refuses a folder that holds something.

mod support;

use support::{code, nigh, stderr};

#[test]
fn the_database_stays_and_is_not_overwritten() {
    let dir = tempfile::tempdir().expect("a folder");
    let db = dir.path().join("db");
    let bench = || {
        let args = ["bench", "--rows", "500", "--dim", "8", "--queries", "5", "--dir"];
        nigh(args.iter().map(std::ffi::OsStr::new).chain([db.as_os_str()]))
    };
    assert_eq!(code(&bench()), 0);
    assert_eq!(code(&nigh(["verify".as_ref(), db.as_os_str()])), 0);
    let again = bench();
    assert_eq!(code(&again), 2);
    assert!(stderr(&again).contains("is not empty"), "{}", stderr(&again));
}
