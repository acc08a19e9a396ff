//! What the tests share: the built program, and a small database with something of everything.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use nigh::{CollectionConfig, Datatype, Metric, Options, Point, PointId, VectorConfig};
use serde_json::{Value, json};

/// Runs the program.
pub(crate) fn nigh<A: AsRef<std::ffi::OsStr>>(args: impl IntoIterator<Item = A>) -> Output {
    Command::new(env!("CARGO_BIN_EXE_nigh")).args(args).output().expect("the program can be started")
}

pub(crate) fn code(output: &Output) -> i32 {
    output.status.code().expect("the program was not killed")
}

pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("answers are UTF-8")
}

pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("errors are UTF-8")
}

/// The last line of an answer, which is JSON.
#[track_caller]
pub(crate) fn last_json(output: &Output) -> Value {
    let text = stdout(output);
    let line = text.lines().last().unwrap_or_default();
    serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {text}\n{}", stderr(output)))
}

/// Each line of an answer, which is JSON.
#[track_caller]
pub(crate) fn lines_of(output: &Output) -> Vec<Value> {
    let parse = |line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"));
    stdout(output).lines().map(parse).collect()
}

/// A closed database: two named vectors, integer and UUID ids, payloads, two sealed segments, tombstones, and a log of every operation.
pub(crate) fn database(dir: &Path) {
    let db = Options::new().wal_file_bytes(16 << 10, 16 << 10).open(dir).expect("a new database");
    let config = CollectionConfig::new()
        .with_vector("title", VectorConfig::new(4, Metric::Cosine))
        .with_vector("image", VectorConfig::new(8, Metric::Euclid).with_datatype(Datatype::F16));
    let notes = db.create_collection("notes", &config).expect("a new collection");
    notes.upsert((0..200_u64).map(point)).expect("written");
    notes.checkpoint().expect("sealed");
    let uuids = (1..=20_u128).map(|n| {
        let point = Point::without_vectors(nigh::Uuid::from_u128(n << 64));
        point.with_vector("title", [0.5, 0.5, 0.0, n as f32])
    });
    notes.upsert(uuids).expect("written");
    notes.delete((10..30_u64).map(PointId::from)).expect("deleted");
    notes.checkpoint().expect("sealed");
    notes.upsert((300..310_u64).map(point)).expect("written");
    notes.delete([PointId::from(300_u64)]).expect("deleted");
    let payload = |value: Value| nigh::Payload::from_json(value).expect("an object");
    let one = || [PointId::from(301_u64)];
    notes.set_payload(one(), payload(json!({"seen": true}))).expect("set");
    notes.overwrite_payload(one(), payload(json!({"name": "서울"}))).expect("overwritten");
    notes.delete_payload_keys(one(), ["name"]).expect("keys deleted");
    notes.clear_payload(one()).expect("cleared");
    let vectors = [("title".to_owned(), vec![1.0, 0.0, 0.0, 0.0])].into();
    notes.update_vectors([(one()[0], vectors)]).expect("vectors updated");
    notes.delete_vectors(one(), ["image"]).expect("vectors deleted");
    db.close().expect("closed");
}

fn point(id: u64) -> Point {
    let image: Vec<f32> = (0..8).map(|i| (id * 8 + i) as f32).collect();
    let payload = nigh::Payload::from_json(json!({"n": id, "text": "a note"})).expect("an object");
    let point =
        Point::without_vectors(id).with_vector("title", [1.0, id as f32, 0.0, 2.0]).with_payload(payload);
    // Every third point has one vector only, so that the presence sections exist.
    if id.is_multiple_of(3) { point } else { point.with_vector("image", image) }
}

/// All files below `dir`, sorted.
pub(crate) fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

/// The files of ours whose name begins with `prefix`.
pub(crate) fn files_named(dir: &Path, prefix: &str) -> Vec<PathBuf> {
    let is_named =
        |path: &PathBuf| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(prefix));
    files(dir).into_iter().filter(is_named).collect()
}

/// Turns over all bits of one byte.
pub(crate) fn flip(path: &Path, offset: usize) {
    let mut bytes = fs::read(path).expect("a file");
    bytes[offset] ^= 0xff;
    fs::write(path, bytes).expect("written back");
}
