//! T16: folders that a released version wrote (`engine/fixtures`) open with today's code, hold what their listing says, take writes and open again; filters
//! find the same with the payload indexes of the folder, without them, and with new ones. A file of a newer format is refused by name and left as it is,
//! byte for byte.
//!
//! Fixtures are never edited. `NIGH_WRITE_FIXTURES=1` writes those of the present format that are not there.

#[path = "support/run.rs"]
mod run;

use nigh::{
    AliasAction, AnalyzerConfig, Background, CancelToken, Collection, CollectionConfig, Condition, Database,
    Datatype, Durability, Error, FieldKind, Filter, IndexConfig, ManualClock, MatchValue, Metric,
    OptimizerConfig, Options, Point, PointId, Range, Record, ScrollRequest, SearchRequest, TextRequest, Uuid,
    VectorConfig, WithPayload, WithVectors,
};
use nigh_format::checksum::crc32c;
use nigh_format::header::{FileHeader, FileKind};
use run::{Folder, copy_folder, files_below};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What each folder of the present version shows; graphs are there from version 2 on, payload indexes from version 3 on.
const STATES: [&str; 6] = ["clean", "killed", "many_segments", "indexed", "fields", "texts"];

/// Payload indexes of the state `fields`.
const FIELDS: [(&str, FieldKind); 5] = [
    ("번호", FieldKind::Integer),
    ("stamp", FieldKind::Float),
    ("nested.list", FieldKind::Integer),
    ("nested.list[]", FieldKind::Bool),
    ("nested.text", FieldKind::Keyword),
];

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")
}

/// Every version with fixtures, oldest first.
fn versions() -> Vec<PathBuf> {
    let entries = std::fs::read_dir(fixtures()).expect("fixtures are part of the repository");
    let mut versions: Vec<PathBuf> = entries.map(|e| e.expect("list").path()).collect();
    versions.sort();
    assert!(versions.contains(&fixtures().join("v1")));
    versions
}

/// The states that a version has, by their listings.
fn states(version: &Path) -> Vec<String> {
    let known = STATES.iter().filter(|state| version.join(format!("{state}.json")).exists());
    let states: Vec<String> = known.map(|state| (*state).to_owned()).collect();
    assert!(states.len() >= 3, "{}", version.display());
    states
}

fn open(dir: &Path) -> nigh::Result<Database> {
    Options::new()
        .clock(Arc::new(ManualClock::default()))
        .background(Background::Manual)
        .free_bytes_min(0)
        .wal_file_bytes(4096, 8192)
        .open(dir)
}

fn all_of(points: &Collection) -> nigh::Result<Vec<Record>> {
    let request =
        ScrollRequest::new().limit(10_000).with_payload(WithPayload::All).with_vectors(WithVectors::All);
    Ok(points.scroll(&request)?.points)
}

/// How many points pass a filter of each sort.
fn counts(points: &Collection) -> nigh::Result<Vec<u64>> {
    let conditions = [
        Condition::matches("번호", 31),
        Condition::range("번호", Range::new().gte(10.0).lt(30.0)),
        Condition::range("stamp", Range::new().gt(0.5)),
        Condition::matches("nested.list", 1),
        Condition::range("nested.list", Range::new().gt(2.0)),
        Condition::is_null("nested.list"),
        Condition::matches("nested.list[]", true),
        Condition::matches("nested.text", "éé"),
        Condition::matches_prefix("nested.text", "éééé"),
        Condition::is_empty("nested.text"),
        Condition::is_empty("set"),
    ];
    let all = Filter::new().must(Condition::range("번호", Range::new().lt(25.0)));
    let all = all.must_not(Condition::matches("nested.text", MatchValue::from("é")));
    let filters = conditions.into_iter().map(Filter::from).chain([all]);
    filters.map(|filter| points.count_matching(filter)).collect()
}

/// What searches for some words find: ids, and scores in thousandths.
fn words(points: &Collection, path: &str) -> nigh::Result<Value> {
    let queries = ["é", "ééé", "éé éééé"].into_iter().map(|query| {
        let hits = points.search_text(&TextRequest::new(path, query).limit(8))?;
        let hit = |hit: &nigh::ScoredPoint| json!([hit.id.to_string(), (hit.score * 1000.0).round() as i64]);
        Ok(json!({query: hits.iter().map(hit).collect::<Vec<_>>()}))
    });
    queries.collect::<nigh::Result<Vec<Value>>>().map(Value::from)
}

/// A database as text that people and later versions can read.
fn listing(db: &Database) -> nigh::Result<Value> {
    let mut collections = serde_json::Map::new();
    for name in db.collections() {
        let points = db.collection(&name)?;
        let config = points.config();
        let vectors: Vec<Value> = config
            .vectors
            .iter()
            .map(|(name, v)| json!([name, v.dim, format!("{:?}", v.metric), format!("{:?}", v.datatype)]))
            .collect();
        let point = |r: Record| {
            let payload = r.payload.map(nigh::Payload::into_json);
            json!({"id": r.id.to_string(), "version": r.version.0, "payload": payload, "vectors": r.vectors})
        };
        let list: Vec<Value> = all_of(&points)?.into_iter().map(point).collect();
        let durability = format!("{:?}", config.durability);
        let mut content =
            json!({"durability": durability, "vectors": vectors, "count": points.count()?, "points": list});
        let indexes = points.payload_indexes()?;
        if !indexes.is_empty() {
            let index = |i: &nigh::PayloadIndexInfo| json!([i.path, format!("{:?}", i.kind), i.point_count]);
            content["payload_indexes"] = indexes.iter().map(index).collect();
            content["matching"] = json!(counts(&points)?);
            if let Some(index) = indexes.iter().find(|index| index.analyzer.is_some()) {
                content["words"] = words(&points, &index.path)?;
            }
        }
        collections.insert(name, content);
    }
    Ok(json!({"aliases": db.aliases(), "collections": collections}))
}

#[test]
fn folders_of_every_version_open() {
    if std::env::var_os("NIGH_WRITE_FIXTURES").is_some() {
        write_fixtures();
    }
    for version in versions() {
        for state in states(&version) {
            let place = format!("{} {state}", version.display());
            let text = std::fs::read_to_string(version.join(format!("{state}.json"))).expect("a listing");
            let expected: Value = serde_json::from_str(&text).expect("JSON");
            let folder = Folder::new();
            copy_folder(&version.join(&state), folder.path());
            let reading = Options::new()
                .background(Background::Manual)
                .open_read_only(folder.path())
                .expect("open for reading");
            assert!(listing(&reading).expect("listing") == expected, "{place}, read only");
            drop(reading);
            let db = open(folder.path()).unwrap_or_else(|e| panic!("{place}: {e}"));
            assert!(
                listing(&db).expect("listing") == expected,
                "{place}: the points differ from {state}.json"
            );
            assert!(db.verify(&CancelToken::new(), |_, _| {}).is_clean(), "{place}");
            write_on(db, folder.path(), &place);
        }
    }
}

/// Filters find the same without the indexes that the folder has, and with new ones.
fn index_on(points: &Collection, db: &Database, place: &str) {
    let expected = counts(points).expect("counts");
    assert!(expected.iter().all(|count| *count > 0), "{place}: {expected:?}");
    for index in points.payload_indexes().expect("indexes") {
        assert!(points.delete_payload_index(&index.path).expect("delete"), "{place}");
    }
    assert_eq!(counts(points).expect("counts"), expected, "{place}, without indexes");
    for (path, kind) in FIELDS {
        assert!(points.create_payload_index(path, kind).expect("create"), "{place}");
    }
    db.run_background_jobs();
    let indexes = points.payload_indexes().expect("indexes");
    assert!(indexes.iter().all(|index| index.segments_waiting == 0), "{place}: {indexes:?}");
    assert_eq!(counts(points).expect("counts"), expected, "{place}, with indexes");
}

/// The version in the header of a collection's manifest.
fn manifest_version(dir: &Path) -> u16 {
    let files = files_below(dir);
    let manifest = files.iter().find(|file| file.starts_with("c-0000000000000001/manifest"));
    let bytes = std::fs::read(dir.join(manifest.expect("a manifest"))).expect("read");
    FileHeader::decode(&bytes).expect("a header").version
}

/// The old folder takes writes, is merged, and opens again.
fn write_on(db: Database, dir: &Path, place: &str) {
    let points = db.collection("points").expect("collection");
    index_on(&points, &db, place);
    assert_eq!(manifest_version(dir), FileKind::Manifest.version(), "{place}");
    let before = all_of(&points).expect("scroll");
    let gone = before[before.len() / 2].id;
    points.delete([gone]).expect("delete");
    points.upsert([Point::new(9_999u64, [1.0, 2.0, 3.0, 4.0])]).expect("upsert");
    points.checkpoint().expect("checkpoint");
    db.run_background_jobs();
    let after = all_of(&points).expect("scroll");
    assert_eq!(after.len(), before.len(), "{place}");
    drop(points);
    db.close().expect("close");
    let db = open(dir).unwrap_or_else(|e| panic!("{place}, again: {e}"));
    let points = db.collection("points").expect("collection");
    assert!(all_of(&points).expect("scroll") == after, "{place}, again");
    assert_eq!(points.payload_indexes().expect("indexes").len(), FIELDS.len(), "{place}, again");
    assert!(db.verify(&CancelToken::new(), |_, _| {}).is_clean(), "{place}, again");
    let hits = points.search(&SearchRequest::new([1.0, 2.0, 3.0, 4.0]).limit(1)).expect("search");
    assert_eq!(hits[0].id, PointId::from(9_999u64), "{place}");
    assert!(points.get([gone], &WithPayload::No, &WithVectors::No).expect("get").is_empty(), "{place}");
}

#[test]
fn a_newer_file_is_refused_and_left_alone() {
    let original = fixtures().join("v1/many_segments");
    let mut kinds = std::collections::BTreeSet::new();
    for file in files_below(&original).iter().filter(|f| *f != "LOCK") {
        let folder = Folder::new();
        copy_folder(&original, folder.path());
        let path = folder.path().join(file);
        let mut bytes = std::fs::read(&path).expect("read");
        kinds.insert(u16::from_le_bytes([bytes[8], bytes[9]]));
        let newer = nigh_format::version::FORMAT_VERSION + 1;
        bytes[10..12].copy_from_slice(&newer.to_le_bytes());
        let checksum = crc32c(&bytes[..60]);
        bytes[60..64].copy_from_slice(&checksum.to_le_bytes());
        std::fs::write(&path, &bytes).expect("write");
        // Other collections are served, and a log that is open gets its markers.
        let own = file.split_once('/').map_or("", |(collection, _)| collection);
        let before = content(folder.path(), own);

        let opened = open(folder.path());
        let error = match opened {
            Err(error) => error,
            Ok(db) => {
                let refused = db.collections().iter().find_map(|name| db.collection(name).err());
                refused.unwrap_or_else(|| panic!("{file} of format {newer} was accepted"))
            }
        };
        assert!(matches!(&error, Error::Version { file: named, .. } if *named == path), "{file}: {error:?}");
        assert!(content(folder.path(), own) == before, "{file}: something was changed");
    }
    // Version 1 had no codes and links.
    assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [1, 2, 3, 4, 5, 8, 9, 10]);
}

/// Every byte of the files whose path begins so, but for the lock file.
fn content(folder: &Path, beginning: &str) -> Vec<(String, Vec<u8>)> {
    let files = files_below(folder).into_iter().filter(|f| f != "LOCK" && f.starts_with(beginning));
    files.map(|f| (f.clone(), std::fs::read(folder.join(f)).expect("read"))).collect()
}

fn id(number: u64) -> PointId {
    if number.is_multiple_of(4) {
        Uuid::from_u128(u128::from(number) << 64 | 0x7777).into()
    } else {
        number.into()
    }
}

fn point(number: u64, stamp: u64) -> Point {
    let row: Vec<f32> = (0..4).map(|i| (number * 5 + stamp + i) as f32 / 8.0).collect();
    let payload = json!({"번호": number, "stamp": stamp, "nested": {"list": [1, 2.5, null, true], "text": "é".repeat((number % 9) as usize)}});
    let point = Point::new(id(number), row);
    let point = if number.is_multiple_of(6) {
        point
    } else {
        point.with_payload(nigh::Payload::from_json(payload).expect("an object"))
    };
    let point =
        if number.is_multiple_of(3) { point.with_vector("half", [0.5, stamp as f32, 1.0]) } else { point };
    if number.is_multiple_of(2) { point.with_vector("bytes", [1.0, (number % 200) as f32]) } else { point }
}

/// Segments that are there get files of their own; those that come are written with them, as is one index that is dropped before it is made.
fn write_fields(points: &Collection, db: &Database) {
    let expected = counts(points).expect("counts");
    assert!(points.create_payload_index("set", FieldKind::Geo).expect("create"));
    for (path, kind) in FIELDS {
        assert!(points.create_payload_index(path, kind).expect("create"));
    }
    assert!(points.delete_payload_index("set").expect("delete"));
    db.run_background_jobs();
    assert_eq!(counts(points).expect("counts"), expected);
    points.upsert((40..60).map(|n| point(n, 7))).expect("upsert");
    points.checkpoint().expect("checkpoint");
    let indexes = points.payload_indexes().expect("indexes");
    assert!(indexes.iter().all(|index| index.segments_waiting == 0 && index.disk_bytes > 0), "{indexes:?}");
}

fn write_fixtures() {
    let version = fixtures().join(format!("v{}", nigh_format::version::FORMAT_VERSION));
    for state in STATES.iter().filter(|state| !version.join(state).exists()) {
        let work = Folder::new();
        let db = open(work.path()).expect("open");
        let rounds = match *state {
            "many_segments" => 6,
            "fields" | "texts" => 2,
            _ => 1,
        };
        let optimizer = OptimizerConfig { merge_fan_in: 64, vacuum_dead_ratio: 1.0, ..Default::default() };
        let graph_points_min = if *state == "indexed" { 16 } else { u32::MAX };
        let index = IndexConfig { m: 4, ef_construct: 16, graph_points_min, ..IndexConfig::default() };
        let config = CollectionConfig::single(VectorConfig::new(4, Metric::Euclid).with_index(index))
            .with_vector("bytes", VectorConfig::new(2, Metric::Manhattan).with_datatype(Datatype::U8))
            .with_vector("half", VectorConfig::new(3, Metric::Cosine).with_datatype(Datatype::F16))
            .with_optimizer(optimizer);
        let points = db.create_collection("points", &config).expect("create");
        for round in 0..rounds {
            points.upsert((round * 30..round * 30 + 40).map(|n| point(n, round))).expect("upsert");
            points.checkpoint().expect("checkpoint");
        }
        points.delete((0..rounds * 30).step_by(7).map(id)).expect("delete");
        points.checkpoint().expect("checkpoint");
        if *state == "indexed" {
            points.optimize().expect("optimize");
            let info = points.info().expect("info");
            assert!(info.segments.iter().any(|segment| !segment.indexes.is_empty()), "{state}");
        }
        if *state == "fields" {
            write_fields(&points, &db);
        }
        if *state == "texts" {
            assert!(points.create_text_index("nested.text", &AnalyzerConfig::korean()).expect("create"));
            db.run_background_jobs();
            points.upsert((40..60).map(|n| point(n, 7))).expect("upsert");
            points.checkpoint().expect("checkpoint");
        }
        // Log that no segment holds.
        points.upsert((20..36).map(|n| point(n, 50))).expect("upsert");
        points
            .set_payload([id(21)], nigh::Payload::from_json(json!({"set": 1})).expect("an object"))
            .expect("set");
        points.clear_payload([id(22)]).expect("clear");
        points.delete_vectors([id(24)], ["half"]).expect("delete vectors");
        points.delete([id(25), id(26)]).expect("delete");
        let empty = CollectionConfig::new().with_durability(Durability::Buffered);
        let others = db.create_collection("빈 것", &empty).expect("create");
        others.upsert([Point::without_vectors(u64::MAX)]).expect("upsert");
        // git keeps no empty folders, so there is a segment in each collection.
        others.checkpoint().expect("checkpoint");
        let alias = AliasAction::Create { alias: "current".to_owned(), collection: "points".to_owned() };
        db.update_aliases(&[alias]).expect("alias");
        let listed = listing(&db).expect("listing");
        if *state != "killed" {
            drop((points, others));
            db.close().expect("close");
        }
        copy_folder(work.path(), &version.join(state));
        let text = serde_json::to_string_pretty(&listed).expect("JSON");
        std::fs::write(version.join(format!("{state}.json")), text + "\n").expect("write");
    }
}
