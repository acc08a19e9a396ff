//! T15: one process owns a folder. A second one, and a second handle in the same process, get `Locked` with the owner's pid at once; an owner that was
//! killed blocks nobody, whatever its lock file says.

#[path = "support/run.rs"]
mod run;

use nigh::{CollectionConfig, Database, Error, ErrorKind, Point};
use run::{Folder, Running};
use std::path::Path;
use std::time::{Duration, Instant};

const DIR: &str = "NIGH_LOCK_DIR";

/// A process that holds the folder until it dies.
fn holder(dir: &Path) -> Running {
    let mut command = run::this_test_again(&[], "child");
    command.env(DIR, dir);
    let mut holder = Running::start(command);
    let said = holder.lines().recv_timeout(Duration::from_secs(30)).expect("the holder opens the folder");
    assert_eq!(said, "held");
    holder
}

/// That the folder is refused at once, with the owner's pid.
fn expect_locked(dir: &Path, owner: u32) {
    let started = Instant::now();
    let error = Database::open(dir).expect_err("the folder is in use");
    assert!(started.elapsed() < Duration::from_secs(1), "{:?}", started.elapsed());
    assert!(matches!(&error, Error::Locked { path, pid } if path == dir && *pid == Some(owner)), "{error:?}");
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.to_string().contains(&owner.to_string()), "{error}");
}

#[test]
fn a_second_process_is_refused() {
    let folder = Folder::new();
    let mut holder = holder(folder.path());
    expect_locked(folder.path(), holder.id());
    expect_locked(folder.path(), holder.id());
    holder.kill();
    let db = Database::open(folder.path()).expect("a dead owner blocks nobody");
    assert_eq!(db.collection("points").expect("collection").count().expect("count"), 1);
}

#[test]
fn a_second_handle_in_one_process_is_refused() {
    let folder = Folder::new();
    let db = Database::open(folder.path()).expect("open");
    expect_locked(folder.path(), std::process::id());
    db.close().expect("close");
    let again = Database::open(folder.path()).expect("a closed database lets go");
    expect_locked(folder.path(), std::process::id());
    drop(again);
    Database::open(folder.path()).expect("a dropped database lets go");
}

#[test]
fn collections_keep_the_folder() {
    let folder = Folder::new();
    let db = Database::open(folder.path()).expect("open");
    let points = db.create_collection("points", &CollectionConfig::new()).expect("create");
    drop(db);
    expect_locked(folder.path(), std::process::id());
    points.upsert([Point::without_vectors(1u64)]).expect("the handle works");
    drop(points);
    Database::open(folder.path()).expect("the last handle lets go");
}

#[test]
fn what_the_lock_file_says_is_not_the_lock() {
    let folder = Folder::new();
    drop(Database::open(folder.path()).expect("open"));
    // The pid of a process that lives but has nothing to do with the folder, and nonsense.
    for text in ["1", "99999999999", "", "not a pid"] {
        std::fs::write(folder.path().join("LOCK"), text).expect("write");
        let db = Database::open(folder.path()).expect("only a held lock blocks");
        expect_locked(folder.path(), std::process::id());
        drop(db);
    }
    std::fs::remove_file(folder.path().join("LOCK")).expect("remove");
    Database::open(folder.path()).expect("a folder without lock file opens");
}

/// The process that holds the folder.
#[test]
fn child() {
    let Some(dir) = std::env::var_os(DIR) else { return };
    let db = Database::open(&dir).expect("open");
    let points = db.create_collection("points", &CollectionConfig::new()).expect("create");
    points.upsert([Point::without_vectors(1u64)]).expect("upsert");
    run::tell("held");
    std::thread::sleep(Duration::from_secs(120));
}
