//! Aliases: other names for collections, changed several at once or not at all.

mod support;

use nigh::AliasAction::{self, Create, Delete, Rename};
use nigh::io::SimVfs;
use nigh::{Applied, CollectionConfig, Database, ErrorKind, ManualClock, Point};
use std::sync::Arc;
use support::{DIR, options};

fn open(vfs: &SimVfs) -> Database {
    options(vfs.clone(), &Arc::new(ManualClock::default())).open(DIR).expect("open")
}

fn with_collections(names: &[&str]) -> (SimVfs, Database) {
    let vfs = SimVfs::new();
    let db = open(&vfs);
    for (i, name) in (0u64..).zip(names) {
        let points = db.create_collection(name, &CollectionConfig::new()).expect("create");
        points.upsert((0..=i).map(Point::without_vectors)).expect("upsert");
    }
    (vfs, db)
}

fn create(alias: &str, collection: &str) -> AliasAction {
    Create { alias: alias.into(), collection: collection.into() }
}

fn rename(from: &str, to: &str) -> AliasAction {
    Rename { from: from.into(), to: to.into() }
}

fn delete(alias: &str) -> AliasAction {
    Delete { alias: alias.into() }
}

fn pairs(db: &Database) -> Vec<(String, String)> {
    db.aliases()
}

fn expected(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(a, c)| ((*a).to_owned(), (*c).to_owned())).collect()
}

#[test]
fn an_alias_reads_and_writes_its_collection() {
    let (vfs, db) = with_collections(&["one", "two"]);
    db.update_aliases(&[create("현재", "one")]).expect("create");
    assert_eq!(db.collection("현재").expect("alias").count().expect("count"), 1);
    db.collection("현재").expect("alias").upsert([Point::without_vectors(77u64)]).expect("upsert");
    assert_eq!(db.collection("one").expect("one").count().expect("count"), 2);
    // Switching is one step.
    db.update_aliases(&[create("현재", "two")]).expect("switch");
    assert_eq!(db.collection("현재").expect("alias").name(), "two");
    db.close().expect("close");
    drop(db);
    let db = open(&vfs);
    assert_eq!(pairs(&db), expected(&[("현재", "two")]));
    assert_eq!(db.collections(), ["one", "two"], "aliases are not listed as collections");
}

#[test]
fn all_actions_or_none() {
    let (vfs, db) = with_collections(&["one", "two"]);
    db.update_aliases(&[
        create("a", "one"),
        create("b", "two"),
        rename("a", "c"),
        delete("b"),
        create("d", "one"),
    ])
    .expect("all");
    let before = expected(&[("c", "one"), ("d", "one")]);
    assert_eq!(pairs(&db), before);
    let cases: [(Vec<AliasAction>, ErrorKind); 9] = [
        (vec![create("x", "one"), create("y", "missing")], ErrorKind::NotFound),
        (vec![create("x", "one"), create("y", "x")], ErrorKind::NotFound),
        (vec![delete("c"), delete("c")], ErrorKind::NotFound),
        (vec![delete("c"), rename("missing", "z")], ErrorKind::NotFound),
        (vec![delete("d"), create("two", "one")], ErrorKind::AlreadyExists),
        (vec![delete("d"), rename("c", "one")], ErrorKind::AlreadyExists),
        (vec![create("x", "one"), rename("c", "d")], ErrorKind::AlreadyExists),
        (vec![create("x", "one"), create("-x", "one")], ErrorKind::InvalidArgument),
        (vec![create("x", "one"), rename("c", "a/b")], ErrorKind::InvalidArgument),
    ];
    for (actions, kind) in cases {
        let error = db.update_aliases(&actions).expect_err("a refusal");
        assert_eq!((error.kind(), error.applied()), (kind, Applied::No), "{actions:?}: {error}");
        assert_eq!(pairs(&db), before, "{actions:?}: half of them happened");
    }
    db.close().expect("close");
    drop(db);
    assert_eq!(pairs(&open(&vfs)), before);
}

#[test]
fn names_are_unique_across_collections_and_aliases() {
    let (_vfs, db) = with_collections(&["one"]);
    db.update_aliases(&[create("alias", "one")]).expect("create");
    let error = db.create_collection("alias", &CollectionConfig::new()).expect_err("taken");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    // Dropping by an alias is not dropping.
    assert!(!db.drop_collection("alias").expect("an alias is no collection"));
    assert_eq!(db.collections(), ["one"]);
    db.update_aliases(&[rename("alias", "alias")]).expect("to its own name");
    assert_eq!(pairs(&db), expected(&[("alias", "one")]));
    assert!(db.drop_collection("one").expect("drop"));
    assert!(pairs(&db).is_empty(), "aliases go with their collection");
    assert_eq!(db.collection("alias").expect_err("gone").kind(), ErrorKind::NotFound);
    db.create_collection("alias", &CollectionConfig::new()).expect("the name is free again");
}

#[test]
fn nothing_to_do_is_fine() {
    let (_vfs, db) = with_collections(&["one"]);
    db.update_aliases(&[]).expect("nothing");
    assert!(pairs(&db).is_empty());
}
