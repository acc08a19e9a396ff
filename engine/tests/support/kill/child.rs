//! The process that gets killed: opens the folder, tells all that is in it, then writes at random until it dies. It tells each intent before the
//! call and each answer after it, one line each.

use super::model::{Answer, DIM, IDS, Operation, TAG, TAG_DIM, WRITERS, hash_of, id_of};
use super::run::{Rng, tell};
use nigh::{
    AnalyzerConfig, CancelToken, Collection, CollectionConfig, Condition, Database, Durability, ErrorKind,
    FieldKind, Filter, Metric, OptimizerConfig, Options, PointId, Range, Record, ScrollRequest,
    SearchRequest, SeqNo, TextRequest, Tokenizer, VectorConfig, WithPayload, WithVectors,
};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Where the child finds its orders.
pub(crate) const DIR: &str = "NIGH_KILL_DIR";
pub(crate) const SEED: &str = "NIGH_KILL_SEED";
pub(crate) const STARTS: &str = "NIGH_KILL_STARTS";
pub(crate) const DURABILITY: &str = "NIGH_KILL_DURABILITY";

fn breach(what: &str) {
    tell(&format!("X {}", what.replace('\n', " ")));
}

/// Does nothing unless this process was started by the parent.
pub(crate) fn run() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let number =
        |name: &str| std::env::var(name).expect("set by the parent").parse::<u64>().expect("a number");
    let starts = std::env::var(STARTS).expect("set by the parent");
    let starts: Vec<u64> = starts.split_whitespace().map(|n| n.parse().expect("a number")).collect();
    let durability = match number(DURABILITY) {
        0 => Durability::Sync,
        _ => Durability::Buffered,
    };
    let started = Instant::now();
    let options = Options::new().free_bytes_min(0).wal_file_bytes(4096, 64 << 10);
    let db = match options.open(&dir) {
        Ok(db) => db,
        Err(e) => return tell(&format!("F {e}")),
    };
    let points = match db.collection("points") {
        Err(e) if e.kind() == ErrorKind::NotFound => db.create_collection("points", &config(durability)),
        other => other,
    };
    let points = match points {
        Ok(points) => points,
        Err(e) => return tell(&format!("F {e}")),
    };
    tell(&format!("O {}", started.elapsed().as_micros()));
    if let Err(e) = dump(&db, &points) {
        return breach(&format!("reading after the open: {e}"));
    }
    let done = AtomicBool::new(starts.is_empty());
    std::thread::scope(|scope| {
        scope.spawn(|| watch(&points, &done));
        scope.spawn(|| index(&points, number(SEED), &done));
        let writers: Vec<_> = (0..)
            .zip(&starts)
            .map(|(writer, start)| {
                let (seed, points) = (number(SEED), points.with_durability(durability));
                scope.spawn(move || write(&points, seed, writer, *start))
            })
            .collect();
        // Only a broken disk lets writers end: then this process checks and ends by itself.
        writers.into_iter().for_each(|w| w.join().expect("a writer"));
        done.store(true, Ordering::SeqCst);
    });
    let info = points.info().expect("reads go on");
    tell(&format!("S {}", info.durable_seq));
    if let Err(e) = db.close()
        && info.poisoned.is_none()
    {
        breach(&format!("close: {e}"));
    }
}

fn config(durability: Durability) -> CollectionConfig {
    let optimizer = OptimizerConfig {
        mutable_bytes_max: 12 << 10,
        merge_fan_in: 3,
        vacuum_dead_ratio: 0.25,
        ..Default::default()
    };
    CollectionConfig::single(VectorConfig::new(DIM as u32, Metric::Euclid))
        .with_vector(TAG, VectorConfig::new(TAG_DIM as u32, Metric::Dot))
        .with_durability(durability)
        .with_optimizer(optimizer)
}

fn write(points: &Collection, seed: u64, writer: u64, start: u64) {
    for n in start.. {
        let operation = Operation::nth(seed, writer, n);
        tell(&format!("I {writer} {n} {}", operation.hash()));
        let result = operation.submit(points);
        match (Answer::of(&result), result) {
            (Answer::Acknowledged(seq), _) => tell(&format!("A {writer} {n} {seq}")),
            (Answer::Refused, Err(e))
                if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::InvalidArgument) =>
            {
                tell(&format!("R {writer} {n}"));
            }
            // Closed by a failed sync, or memory full because the seal cannot sync: this process is done.
            (_, Err(e)) if matches!(e.kind(), ErrorKind::Closed | ErrorKind::Io | ErrorKind::Busy) => {
                return tell(&format!("U {writer} {n}"));
            }
            (_, e) => return breach(&format!("operation {n} of writer {writer}: {e:?}")),
        }
    }
}

fn all(from: Option<PointId>, limit: usize) -> ScrollRequest {
    let request =
        ScrollRequest::new().limit(limit).with_payload(WithPayload::All).with_vectors(WithVectors::All);
    match from {
        Some(id) => request.start_at(id),
        None => request,
    }
}

/// Tells every point, after checking that each way of reading says the same.
fn dump(db: &Database, points: &Collection) -> nigh::Result<()> {
    let records = points.scroll(&all(None, 10_000))?.points;
    check_page("after the open", &records);
    let mut paged = Vec::new();
    let mut from = None;
    loop {
        let page = points.scroll(&all(from, 37))?;
        paged.extend(page.points);
        from = page.next;
        if from.is_none() {
            break;
        }
    }
    expect(paged == records, "pages differ from one scroll");
    let ids: Vec<PointId> = (0..WRITERS * IDS).map(id_of).collect();
    let mut got = points.get(ids, &WithPayload::All, &WithVectors::All)?;
    got.sort_by_key(|r| r.id);
    expect(got == records, "reading by id differs from scroll");
    expect(points.count()? == records.len() as u64, "the count differs from scroll");
    check_search(points, &records)?;
    check_filters(points, &records)?;
    check_texts(points, &records)?;
    let report = db.verify(&CancelToken::new(), |_, _| {});
    expect(report.is_clean(), &format!("verify: {:?}", report.collections));
    for record in &records {
        tell(&format!("P {} {} {}", record.id, record.version, hash_of(record)));
    }
    tell(&format!("D {}", points.info()?.last_seq));
    Ok(())
}

fn expect(holds: bool, what: &str) {
    if !holds {
        breach(what);
    }
}

/// Exact search against a look at every point. Values are small whole numbers, so that distances compare exactly.
fn check_search(points: &Collection, records: &[Record]) -> nigh::Result<()> {
    let mut rng = Rng::new(records.len() as u64);
    for _ in 0..3 {
        let query: Vec<f32> =
            (0..DIM as u64).map(|i| rng.below(if i == 0 { WRITERS * IDS } else { 16 }) as f32).collect();
        let distance = |r: &Record| {
            let row = r.vectors.as_ref()?.get("")?;
            Some(row.iter().zip(&query).map(|(a, b)| (a - b) * (a - b)).sum::<f32>())
        };
        let mut expected: Vec<(f32, PointId)> =
            records.iter().filter_map(|r| Some((distance(r)?, r.id))).collect();
        expected.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let hits = points.search(&SearchRequest::new(query.clone()).limit(20))?;
        let same = hits.iter().map(|h| h.id).eq(expected.iter().take(20).map(|(_, id)| *id));
        expect(same, "exact search differs from a look at every point");
    }
    Ok(())
}

/// Filters, answered by indexes where those are there, against a look at every payload.
fn check_filters(points: &Collection, records: &[Record]) -> nigh::Result<()> {
    let mut rng = Rng::new(records.len() as u64 + 1);
    let of = |record: &Record, key: &str| record.payload.as_ref().and_then(|p| p.get(key)?.as_u64());
    for _ in 0..6 {
        let (low, high) = (rng.below(WRITERS * IDS), rng.below(WRITERS * IDS));
        let expected = records.iter().filter(|r| of(r, "number").is_some_and(|n| (low..high).contains(&n)));
        let range = Range::new().gte(low).lt(high);
        let found = points.count_matching(Filter::new().must(Condition::range("number", range)))?;
        expect(found == expected.count() as u64, "a filter on numbers differs from a look at every payload");
        let Some(stamp) =
            records.get(rng.below(records.len().max(1) as u64) as usize).and_then(|r| of(r, "stamp"))
        else {
            continue;
        };
        let expected = records.iter().filter(|r| of(r, "stamp") == Some(stamp)).count() as u64;
        let matches = Condition::matches("stamp", i64::try_from(stamp).expect("a small number"));
        let found = points.count_matching(Filter::new().must(matches))?;
        expect(found == expected, "a filter on stamps differs from a look at every payload");
    }
    Ok(())
}

/// A text search, if texts are indexed, against a look at every payload.
fn check_texts(points: &Collection, records: &[Record]) -> nigh::Result<()> {
    let indexes = points.payload_indexes()?;
    if !indexes.iter().any(|index| index.kind == FieldKind::Text) {
        return Ok(());
    }
    let has = |record: &&Record, word: &str| {
        let text = record.payload.as_ref().and_then(|p| p.get("text")?.get("도시")?.as_str());
        text.is_some_and(|text| text.split(' ').any(|other| other == word))
    };
    for word in ["가나x", "x", "나x", "없다"] {
        let hits = points.search_text(&TextRequest::new("text.도시", word).limit(10_000))?;
        let found: BTreeSet<PointId> = hits.iter().map(|hit| hit.id).collect();
        let expected: BTreeSet<PointId> = records.iter().filter(|r| has(r, word)).map(|r| r.id).collect();
        expect(found == expected, "a text search differs from a look at every payload");
    }
    Ok(())
}

/// Declares and drops indexes of payload fields beside all else, until the process dies.
fn index(points: &Collection, seed: u64, done: &AtomicBool) {
    let mut rng = Rng::new(seed);
    while !done.load(Ordering::SeqCst) {
        let kinds = [
            ("text.도시", FieldKind::Text),
            ("number", FieldKind::Integer),
            ("stamp", FieldKind::Integer),
            ("stamp", FieldKind::Float),
            ("text.도시", FieldKind::Keyword),
        ];
        let (path, kind) = kinds[rng.below(5) as usize];
        let changed = if rng.below(4) == 0 {
            points.delete_payload_index(path)
        } else if kind == FieldKind::Text {
            points.create_text_index(path, &AnalyzerConfig::new(Tokenizer::Word))
        } else {
            points.create_payload_index(path, kind)
        };
        if let Err(e) = changed {
            match e.kind() {
                ErrorKind::Closed | ErrorKind::Io | ErrorKind::NoSpace => return,
                _ => return breach(&format!("an index of {path}: {e}")),
            }
        }
        std::thread::sleep(Duration::from_millis(rng.below(40)));
    }
}

/// Ids ascend, and every vector and payload belongs to its point.
fn check_page(who: &str, records: &[Record]) {
    if let Some(pair) = records.windows(2).find(|pair| pair[0].id >= pair[1].id) {
        let place = |r: &Record| format!("{} version {}", r.id, r.version);
        breach(&format!("{who}: a scroll has {} before {}", place(&pair[0]), place(&pair[1])));
    }
    for record in records {
        let row = record.vectors.as_ref().and_then(|v| v.get(""));
        let number = row.and_then(|row| row.first()).map_or(0, |n| *n as u64);
        expect(id_of(number) == record.id, &format!("point {} has the vector of {number}", record.id));
        let told = record.payload.as_ref().and_then(|p| p.get("number")).and_then(|n| n.as_u64());
        expect(told.is_none_or(|n| n == number), &format!("point {} has the payload of {told:?}", record.id));
    }
}

/// Reads for as long as others write: no point is torn, and none goes back in time.
fn watch(points: &Collection, done: &AtomicBool) {
    let mut seen: BTreeMap<PointId, SeqNo> = BTreeMap::new();
    while !done.load(Ordering::SeqCst) {
        let page = match points.scroll(&all(None, 1000)) {
            Ok(page) => page.points,
            Err(e) => return breach(&format!("the reader: {e}")),
        };
        check_page("reader", &page);
        for record in page {
            let last = seen.insert(record.id, record.version);
            expect(last.is_none_or(|v| v <= record.version), &format!("point {} went back", record.id));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
