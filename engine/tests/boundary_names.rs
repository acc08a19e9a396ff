//! T21: names of collections, aliases and vectors: any script up to the limit, nothing that a path or a URL could misread.

mod support;

use nigh::io::SimVfs;
use nigh::{
    AliasAction, Applied, CollectionConfig, Database, ErrorKind, ManualClock, Metric, Point, SearchRequest,
    VectorConfig,
};
use std::sync::Arc;
use support::{DIR, options};

fn open(vfs: &SimVfs) -> Database {
    options(vfs.clone(), &Arc::new(ManualClock::default())).open(DIR).expect("open")
}

fn legal() -> Vec<String> {
    let mut names: Vec<String> = [
        "a",
        "A",
        "문서",
        "점 2",
        "데이터-2026",
        "a.b",
        "..a",
        "a..",
        "under_score",
        "漢字",
        "имя",
        "🙂",
        "con",
        "nul",
        "c-0000000000000001",
        "catalog",
        "LOCK",
        "manifest",
        "a.tmp",
        "%2e%2e",
        "a'b",
        "a;b",
        "$HOME",
        "#",
        "e\u{301}",
        "é",
    ]
    .map(str::to_owned)
    .into();
    names.extend([255].map(|n| "x".repeat(n)));
    names.push("가".repeat(85));
    names
}

fn illegal() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        ".",
        "..",
        "...",
        "-",
        "-a",
        " a",
        "a ",
        " ",
        "\t",
        "a\n",
        "a\0b",
        "\u{7f}",
        "\u{85}",
        "a/b",
        "/",
        "a\\b",
        "a:b",
        "a|b",
        "a?b",
        "a*b",
        "<a>",
        "a\"b",
        "../a",
        "\u{3000}",
        "가\u{a0}",
    ]
    .map(str::to_owned)
    .into();
    names.push("x".repeat(256));
    names.push(format!("{}x", "가".repeat(85)));
    names.push("x".repeat(1 << 20));
    names
}

#[test]
fn collections_of_any_legal_name() {
    let vfs = SimVfs::new();
    let db = open(&vfs);
    for (i, name) in (0u64..).zip(legal()) {
        let points =
            db.create_collection(&name, &CollectionConfig::new()).unwrap_or_else(|e| panic!("{name:?}: {e}"));
        points.upsert([Point::without_vectors(i)]).expect("upsert");
        let error = db.create_collection(&name, &CollectionConfig::new()).expect_err("taken");
        assert_eq!((error.kind(), error.applied()), (ErrorKind::AlreadyExists, Applied::No), "{name:?}");
    }
    db.close().expect("close");
    drop(db);
    let db = open(&vfs);
    let mut names = legal();
    names.sort();
    assert_eq!(db.collections(), names, "sorted, and each kept apart from the others");
    for (i, name) in (0u64..).zip(legal()) {
        let points = db.collection(&name).unwrap_or_else(|e| panic!("{name:?}: {e}"));
        assert_eq!((points.name(), points.count().expect("count")), (name.as_str(), 1));
        assert_eq!(points.scroll(&nigh::ScrollRequest::new()).expect("scroll").points[0].id, i.into());
    }
    assert!(db.foreign_files().is_empty());
}

#[test]
fn illegal_names_are_refused_everywhere() {
    let db = open(&SimVfs::new());
    db.create_collection("points", &CollectionConfig::new()).expect("create");
    for name in illegal() {
        let alias = AliasAction::Create { alias: name.clone(), collection: "points".into() };
        let mut results = vec![
            ("collection", db.create_collection(&name, &CollectionConfig::new()).map(drop)),
            ("alias", db.update_aliases(&[alias])),
        ];
        if !name.is_empty() {
            let config = CollectionConfig::new().with_vector(name.clone(), VectorConfig::new(1, Metric::Dot));
            results.push(("vector", db.create_collection("vectors", &config).map(drop)));
        }
        for (what, result) in results {
            let Err(error) = result else { panic!("{what} {name:?} was accepted") };
            assert_eq!(
                (error.kind(), error.applied()),
                (ErrorKind::InvalidArgument, Applied::No),
                "{name:?}"
            );
            assert!(error.to_string().starts_with(&format!("invalid {what} name")), "{error}");
            assert!(error.to_string().len() < 1000, "a message does not repeat a huge input");
        }
        assert_eq!(db.collection(&name).expect_err("none").kind(), ErrorKind::NotFound);
        assert!(!db.drop_collection(&name).expect("none"));
    }
    assert_eq!(db.collections(), ["points"]);
    assert!(db.aliases().is_empty());
}

#[test]
fn vectors_of_any_legal_name() {
    let vfs = SimVfs::new();
    let db = open(&vfs);
    let mut config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot));
    let names: Vec<String> =
        legal().into_iter().filter(|n| n.len() <= 200).chain(["가".repeat(66), "x".repeat(200)]).collect();
    for name in &names {
        config = config.with_vector(name.clone(), VectorConfig::new(1, Metric::Dot));
    }
    let points = db.create_collection("points", &config).expect("create");
    for (i, name) in (0u64..).zip(&names) {
        points.upsert([Point::without_vectors(i).with_vector(name.clone(), [i as f32])]).expect("upsert");
    }
    points.checkpoint().expect("checkpoint");
    for (i, name) in (0u64..).zip(&names) {
        let hits = points.search(&SearchRequest::new([1.0]).using(name.clone())).expect("search");
        assert_eq!(hits.iter().map(|h| h.id).collect::<Vec<_>>(), [i.into()], "{name:?}");
    }
    assert!(points.search(&SearchRequest::new([1.0])).expect("search").is_empty());
    for name in ["x".repeat(201), "가".repeat(67)] {
        let config = CollectionConfig::new().with_vector(name, VectorConfig::new(1, Metric::Dot));
        let error = db.create_collection("long", &config).expect_err("too long");
        assert_eq!(error.to_string(), "invalid vector name: expected 1..=200 bytes, got 201 bytes");
    }
}
