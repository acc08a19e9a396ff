//! Damaging a database folder: a seed and a number name one damage to one file of a folder that was closed or killed; what opening and reading
//! everything makes of it comes out as an [`Outcome`].

#![allow(dead_code, reason = "the child and the parent use their parts")]

use crate::run::{Rng, copy_folder, files_below};
use nigh::{
    Background, CancelToken, Collection, CollectionConfig, CollectionUpdate, Database, Datatype, Durability,
    Error, IndexConfig, ManualClock, Metric, OptimizerConfig, Options, Point, PointId, ScrollRequest,
    SearchRequest, Uuid, VectorConfig, WithPayload, WithVectors,
};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const DIM: usize = 6;
/// Of a vector whose graph is walked on shorter codes.
const WIDE: usize = 128;
const SECTOR: usize = 512;
const COLLECTIONS: [&str; 2] = ["points", "others"];
/// Ids that are asked for; some never existed, some are deleted.
const IDS: u64 = 330;

/// What became of a damage.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Outcome {
    /// An error that names the file.
    Detected,
    /// Every answer is the undamaged one.
    Harmless,
    /// The last operation of a killed process is gone with its sector (and what else began there), which looks like a torn write
    /// (docs/storage-format.md, 6.1).
    Documented,
    /// Anything else.
    Failure(String),
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Detected => f.write_str("detected"),
            Self::Harmless => f.write_str("harmless"),
            Self::Documented => f.write_str("documented"),
            Self::Failure(why) => write!(f, "FAILURE {}", why.replace('\n', " ")),
        }
    }
}

/// How a file is damaged.
#[derive(Debug, Clone, Copy)]
enum Damage {
    FlipBit { byte: usize, bit: u32 },
    Cut { len: usize },
    ZeroSector { start: usize },
    NoiseSector { start: usize },
    Grow { by: usize },
    Swap,
}

/// One damage to one file.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Kind of the file: its name without numbers.
    pub(crate) kind: String,
    clean: bool,
    file: String,
    other: String,
    damage: Damage,
    /// Rewrite everything before reading: damage must not get a fresh checksum.
    rewrite_first: bool,
}

/// A folder to be damaged, and what an undamaged copy of it answers.
struct Original {
    dir: PathBuf,
    files: Vec<String>,
    answers: Answers,
    /// Answers without the last operation, the last two, and so on.
    earlier: Vec<Answers>,
    /// Where the last operation of each collection lies: file, start, end.
    last_records: Vec<(String, usize, usize)>,
}

/// Answers of one collection: count, points, and hits, as text.
type Answers = BTreeMap<&'static str, String>;

/// Folders to damage and a place to do it.
pub(crate) struct Workshop {
    folder: PathBuf,
    seed: u64,
    clean: Original,
    killed: Original,
}

fn open(dir: &Path) -> nigh::Result<Database> {
    Options::new()
        .clock(Arc::new(ManualClock::default()))
        .background(Background::Manual)
        .free_bytes_min(0)
        .wal_file_bytes(4096, 4096)
        .open(dir)
}

fn id(number: u64) -> PointId {
    if number.is_multiple_of(5) { Uuid::from_u128(u128::from(number) << 70).into() } else { number.into() }
}

fn point(number: u64, stamp: u64, text_len: usize) -> Point {
    let row: Vec<f32> =
        (0..DIM as u64).map(|i| (number * 7 + stamp * 3 + i * i) as f32 % 97.0 + 1.0).collect();
    let text: String =
        (0..text_len as u64).map(|i| char::from(b'a' + ((i * 7 + number + stamp) % 26) as u8)).collect();
    let payload: nigh::Payload =
        serde_json::json!({"stamp": stamp, "문자": text}).try_into().expect("an object");
    let point = Point::new(id(number), row.clone()).with_payload(payload);
    match number % 3 {
        0 => point.with_vector("small", &row[..2]),
        1 if number < 120 => point.with_vector("wide", wide(&row)),
        _ => point,
    }
}

/// Many values that hardly say more than the few they are made of.
fn wide(row: &[f32]) -> Vec<f32> {
    let value = |i: usize| row.iter().zip(1..).map(|(v, k)| v * ((i * k) as f32).sin()).sum();
    (0..WIDE).map(value).collect()
}

fn fill(points: &Collection, text_len: usize) {
    for round in 0..4u64 {
        for start in (0..60).step_by(20) {
            let numbers = (round * 60 + start)..(round * 60 + start + 20);
            points.upsert(numbers.map(|n| point(n, round, text_len))).expect("upsert");
        }
        points.checkpoint().expect("checkpoint");
        if round == 1 {
            // One segment with graphs; those after it have none.
            points.optimize().expect("optimize");
        }
        points.delete((0..9).map(|i| id(round * 60 + i * 6))).expect("delete");
    }
    points.checkpoint().expect("checkpoint");
}

/// The operations of the log, which no checkpoint holds; they take several files.
fn log(points: &Collection, n: u64) {
    points.upsert((0..4).map(|i| point(240 + (n * 4 + i) % 70, 100 + n, 90))).expect("upsert");
    points.delete([id(n * 11)]).expect("delete");
}

impl Original {
    fn make(dir: &Path, work: &Path, clean: bool) -> Self {
        let optimizer = OptimizerConfig { merge_fan_in: 64, vacuum_dead_ratio: 1.0, ..Default::default() };
        let index = IndexConfig { graph_points_min: 30, ..IndexConfig::default() };
        let small = VectorConfig::new(2, Metric::Cosine).with_datatype(Datatype::F16).with_index(index);
        let config = CollectionConfig::single(VectorConfig::new(DIM as u32, Metric::Euclid))
            .with_vector("small", small)
            .with_vector("wide", VectorConfig::new(WIDE as u32, Metric::Euclid).with_index(index))
            .with_durability(Durability::Sync)
            .with_optimizer(optimizer);
        let db = open(work).expect("open");
        for (name, text_len) in COLLECTIONS.iter().zip([40, 1100]) {
            fill(&db.create_collection(name, &config).expect("create"), text_len);
        }
        let each = |change: &dyn Fn(&Collection)| {
            COLLECTIONS.iter().for_each(|name| change(&db.collection(name).expect("collection")));
        };
        (0..25).for_each(|n| each(&|points| log(points, n)));
        let mut earlier = vec![answers(&db).expect("answers")];
        for last in 0..3u64 {
            if last < 2 {
                each(&|points| assert!(points.delete([id(2 + last)]).is_ok()));
            } else {
                each(&|points| assert!(points.upsert([point(7, 1000, 150), point(301, 1000, 150)]).is_ok()));
            }
            earlier.insert(0, answers(&db).expect("answers"));
        }
        let undamaged = earlier.remove(0);
        if clean {
            db.close().expect("close");
        }
        // What a killed process leaves is what the page cache holds.
        copy_folder(work, dir);
        let files: Vec<String> = files_below(dir).into_iter().filter(|f| !f.ends_with(".tmp")).collect();
        let last = |file: &String| {
            let (start, end) = last_record(&std::fs::read(dir.join(file)).expect("read"));
            (file.clone(), start, end)
        };
        let has = |kind: &str| files.iter().any(|file| file.contains(&format!("/{kind}-")));
        assert!(["codes", "reduced", "links"].into_iter().all(has), "{files:?}");
        let last_records = active_logs(&files).into_iter().map(last).collect();
        let original = Self { dir: dir.to_owned(), answers: undamaged, earlier, last_records, files };
        assert!(COLLECTIONS.iter().all(|name| original.earlier[0][name] != original.answers[name]));
        original
    }
}

/// The newest log file of each collection.
fn active_logs(files: &[String]) -> Vec<&String> {
    let newest = |folder: &str| files.iter().filter(|f| f.starts_with(folder)).max();
    ["c-0000000000000001/wal/", "c-0000000000000002/wal/"].into_iter().filter_map(newest).collect()
}

/// Where the last operation lies in a log file.
fn last_record(bytes: &[u8]) -> (usize, usize) {
    let header = nigh_format::header::FileHeader::decode(bytes).expect("a header");
    let mut scanner = nigh_format::wal_record::Scanner::new(bytes, &header, false);
    let mut last = (0, 0);
    while let Some(record) = scanner.next().expect("undamaged") {
        let start = record.offset as usize;
        last = (start, start + nigh_format::wal_record::padded_len(record.body.len() as u32) as usize);
    }
    last
}

/// Everything that can be asked of a collection.
fn answer(points: &Collection) -> nigh::Result<String> {
    let (payload, vectors) = (WithPayload::All, WithVectors::All);
    let mut text = format!("count {}\n", points.count()?);
    let request =
        ScrollRequest::new().limit(10_000).with_payload(payload.clone()).with_vectors(vectors.clone());
    for record in points.scroll(&request)?.points {
        text += &format!("{record:?}\n");
    }
    for record in points.get((0..IDS).map(id), &payload, &vectors)? {
        text += &format!("{} {}\n", record.id, record.version);
    }
    // As many as there are: graphs, old or new, then find the same.
    for (using, dim) in [("", DIM), ("small", 2), ("wide", WIDE)] {
        let request = SearchRequest::new(vec![31.0; dim]).using(using).limit(500);
        for hit in points.search(&request)? {
            text += &format!("{} {} {}\n", hit.id, hit.version, hit.score);
        }
    }
    Ok(text)
}

fn answers(db: &Database) -> nigh::Result<Answers> {
    COLLECTIONS.iter().map(|name| Ok((*name, answer(&db.collection(name)?)?))).collect()
}

/// The name of a file without its numbers.
fn kind_of(file: &str, active_logs: &[&String]) -> String {
    let name = file.rsplit('/').next().unwrap_or(file);
    match name.split(['-', '.']).next().unwrap_or(name) {
        _ if name.ends_with(".wal") && active_logs.iter().any(|f| f.as_str() == file) => {
            "wal, active".to_owned()
        }
        _ if name.ends_with(".wal") => "wal, sealed".to_owned(),
        kind => kind.to_owned(),
    }
}

impl Workshop {
    pub(crate) fn new(folder: &Path, seed: u64) -> Self {
        let make = |name: &str, clean| {
            Original::make(&folder.join(name), &folder.join(format!("{name}-work")), clean)
        };
        Self { folder: folder.to_owned(), seed, clean: make("clean", true), killed: make("killed", false) }
    }

    fn original(&self, case: &Case) -> &Original {
        if case.clean { &self.clean } else { &self.killed }
    }

    /// The `number`th damage of this seed. Each kind of file gets as many as any other.
    pub(crate) fn case(&self, number: u64) -> Case {
        let mut rng = Rng::new(self.seed.wrapping_mul(1_000_003).wrapping_add(number));
        let clean = rng.below(2) == 0;
        let original = if clean { &self.clean } else { &self.killed };
        let active = active_logs(&original.files);
        let mut kinds: BTreeMap<String, Vec<&String>> = BTreeMap::new();
        for file in &original.files {
            kinds.entry(kind_of(file, &active)).or_default().push(file);
        }
        let (kind, files) = kinds.iter().nth(rng.below(kinds.len() as u64) as usize).expect("a kind");
        let file = files[rng.below(files.len() as u64) as usize].clone();
        let peers: Vec<&String> = match rng.below(2) {
            0 => files.iter().copied().filter(|f| **f != file).collect(),
            _ => original.files.iter().filter(|f| **f != file).collect(),
        };
        let other =
            if peers.is_empty() { &original.files[0] } else { peers[rng.below(peers.len() as u64) as usize] };
        let bytes = std::fs::read(original.dir.join(&file)).expect("read");
        let damage = damage(&mut rng, &bytes);
        Case {
            kind: kind.clone(),
            clean,
            other: other.clone(),
            file,
            damage,
            rewrite_first: rng.below(3) == 0,
        }
    }

    /// Damages a copy and looks what happens.
    pub(crate) fn judge(&self, case: &Case) -> Outcome {
        let original = self.original(case);
        let dir = self.folder.join("case");
        drop(std::fs::remove_dir_all(&dir));
        copy_folder(&original.dir, &dir);
        inflict(case, &dir);
        let judged = std::panic::catch_unwind(|| {
            // Readers of a folder that seems to be someone else's may see an earlier end of the log, but never crash.
            if let Ok(db) = Options::new().background(Background::Manual).open_read_only(&dir) {
                drop(answers(&db));
            }
            look(original, case, &dir)
        });
        judged.unwrap_or_else(|_| Outcome::Failure("panic".to_owned()))
    }
}

fn damage(rng: &mut Rng, bytes: &[u8]) -> Damage {
    let len = bytes.len();
    // Most of a log that is in use is empty space; damage there says little.
    let used = bytes.iter().rposition(|b| *b != 0).map_or(1, |last| (last + 48).min(len)).max(1);
    let sectors = used.div_ceil(SECTOR) as u64;
    match rng.below(10) {
        0..=3 => Damage::FlipBit { byte: rng.below(used as u64) as usize, bit: rng.below(8) as u32 },
        4 | 5 => {
            let classes = [
                0,
                1,
                7,
                40,
                63,
                64,
                65,
                104,
                len / 2,
                len - len.min(1),
                len - len.min(4),
                len - len.min(8),
                len - len.min(64),
                len - len.min(512),
            ];
            let pick = rng.below(classes.len() as u64 + 4) as usize;
            Damage::Cut {
                len: classes
                    .get(pick)
                    .copied()
                    .unwrap_or_else(|| rng.below(len as u64 + 1) as usize)
                    .min(len),
            }
        }
        6 | 7 => Damage::ZeroSector { start: rng.below(sectors) as usize * SECTOR },
        8 if rng.below(2) == 0 => Damage::NoiseSector { start: rng.below(sectors) as usize * SECTOR },
        8 => Damage::Grow { by: 1 + rng.below(4096) as usize },
        _ => Damage::Swap,
    }
}

fn inflict(case: &Case, dir: &Path) {
    let path = dir.join(&case.file);
    let mut bytes = std::fs::read(&path).expect("read");
    let end = |start: usize, len: usize| (start + SECTOR).min(len);
    let len = bytes.len();
    match case.damage {
        Damage::FlipBit { byte, bit } => {
            if let Some(b) = bytes.get_mut(byte) {
                *b ^= 1 << bit;
            }
        }
        Damage::Cut { len } => bytes.truncate(len),
        Damage::ZeroSector { start } => bytes[start.min(len)..end(start, len)].fill(0),
        Damage::NoiseSector { start } => {
            bytes[start.min(len)..end(start, len)]
                .iter_mut()
                .zip(0u64..)
                .for_each(|(b, i)| *b = (i * 37 + 11) as u8);
        }
        Damage::Grow { by } => bytes.resize(len + by, (by % 3) as u8),
        Damage::Swap => {
            let other = std::fs::read(dir.join(&case.other)).expect("read");
            std::fs::write(dir.join(&case.other), &bytes).expect("write");
            bytes = other;
        }
    }
    std::fs::write(path, bytes).expect("write");
}

/// Opens and reads everything.
fn look(original: &Original, case: &Case, dir: &Path) -> Outcome {
    let db = match open(dir) {
        Ok(db) => db,
        Err(e) => return named(&e, case, dir),
    };
    let mut outcome = Outcome::Harmless;
    let mut lost_last = false;
    for name in COLLECTIONS {
        let read = db.collection(name).and_then(|points| {
            if case.rewrite_first {
                let optimizer =
                    OptimizerConfig { merge_fan_in: 2, vacuum_dead_ratio: 0.01, ..Default::default() };
                points.update(&CollectionUpdate { optimizer: Some(optimizer), ..Default::default() })?;
                points.checkpoint()?;
                db.run_background_jobs();
            }
            answer(&points)
        });
        match read {
            Ok(text) if text == original.answers[name] => {}
            Ok(text) if original.earlier.iter().any(|earlier| text == earlier[name]) => lost_last = true,
            Ok(text) => {
                return Outcome::Failure(format!(
                    "{name}: silently wrong: {}",
                    first_difference(&text, &original.answers[name])
                ));
            }
            Err(e) => match named(&e, case, dir) {
                Outcome::Detected => outcome = Outcome::Detected,
                other => return other,
            },
        }
    }
    if lost_last {
        return if is_documented(original, case) {
            Outcome::Documented
        } else {
            Outcome::Failure("silently lost the last operations".to_owned())
        };
    }
    let report = db.verify(&CancelToken::new(), |_, _| {});
    let problems = report.collections.iter().flat_map(|c| &c.problems);
    for problem in problems {
        match named(problem, case, dir) {
            Outcome::Detected => outcome = Outcome::Detected,
            other => return other,
        }
    }
    outcome
}

/// Whether an error is damage in the right file.
fn named(error: &Error, case: &Case, dir: &Path) -> Outcome {
    let (Error::Corrupt { file, .. } | Error::Version { file, .. }) = error else {
        return Outcome::Failure(format!("an error that is not about damage: {error:?}"));
    };
    let swapped = matches!(case.damage, Damage::Swap) && *file == dir.join(&case.other);
    if *file == dir.join(&case.file) || swapped {
        Outcome::Detected
    } else {
        Outcome::Failure(format!("names another file: {error}"))
    }
}

/// The last record of a killed process, not yet proven durable by a marker behind it, lost a whole sector.
fn is_documented(original: &Original, case: &Case) -> bool {
    let Damage::ZeroSector { start: zeroed } = case.damage else { return false };
    let hit = |(file, start, end): &(String, usize, usize)| {
        case.file == *file && zeroed < *end && zeroed + SECTOR > *start
    };
    !case.clean && original.last_records.iter().any(hit)
}

fn first_difference(got: &str, expected: &str) -> String {
    let pair = got.lines().zip(expected.lines()).find(|(a, b)| a != b);
    pair.map_or_else(
        || "another length".to_owned(),
        |(a, b)| {
            let cut = |text: &str| text.chars().take(160).collect::<String>();
            format!("got {:?}, expected {:?}", cut(a), cut(b))
        },
    )
}
