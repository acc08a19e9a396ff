//! Damage in the file of a text index is named, by the open, by the first search that needs it or by `verify`: never a panic, never a wrong answer.
//! `NIGH_RUNS` is the number of damages.

#[path = "support/run.rs"]
mod run;
#[path = "support/sets.rs"]
mod sets;

use nigh::{
    AnalyzerConfig, CancelToken, Collection, Error, Metric, Payload, Point, TextMatching, TextRequest,
};
use run::{Folder, Rng, copy_folder, files_below};
use serde_json::json;
use sets::*;
use std::path::Path;

/// So many that the file has several blocks.
const POINTS: u64 = 4000;

fn text(n: u64) -> String {
    (0..12).map(|i| format!("word{} ", (n * 31 + i * i * 17) % 5000)).collect()
}

fn answers(points: &Collection) -> nigh::Result<Vec<Vec<(u64, f32)>>> {
    let requests = [
        TextRequest::new("text", "word31 word62"),
        TextRequest::new("text", text(1000)).matching(TextMatching::All),
        TextRequest::new("text", text(2000)).matching(TextMatching::Phrase),
        TextRequest::new("text", "word49").matching(TextMatching::Prefix).limit(1000),
    ];
    let answer = |request: &TextRequest| {
        let hits = points.search_text(request)?;
        Ok(hits.iter().map(|hit| (number(hit.id), hit.score)).collect())
    };
    requests.iter().map(answer).collect()
}

/// What became of one damage, or why that was wrong.
fn look(dir: &Path, file: &Path, right: &[Vec<(u64, f32)>]) -> Result<(), String> {
    let named = |error: &Error| match error {
        Error::Corrupt { file: found, .. } | Error::Version { file: found, .. } if found == file => Ok(()),
        other => Err(format!("not named: {other:?}")),
    };
    let db = options().open(dir).map_err(|e| format!("the folder does not open: {e}"))?;
    let points = match db.collection("points") {
        Ok(points) => points,
        Err(e) => return named(&e),
    };
    match answers(&points) {
        Ok(answers) if answers == right => {}
        Ok(_) => return Err("answered wrongly".to_owned()),
        Err(e) => named(&e)?,
    }
    let report = db.verify(&CancelToken::new(), |_, _| {});
    let problems: Vec<_> = report.collections.iter().flat_map(|c| &c.problems).collect();
    match problems.first() {
        Some(problem) => named(problem),
        None => Err("verify finds nothing".to_owned()),
    }
}

#[test]
fn every_byte_is_guarded() {
    let seed = run::seed();
    let mut rng = Rng::new(seed);
    let runs = run::number("NIGH_RUNS").unwrap_or(60);
    let (original, work) = (Folder::new(), Folder::new());
    let db = options().open(original.path()).expect("open");
    let points = db.create_collection("points", &config(vector(2, Metric::Dot))).expect("create");
    assert!(points.create_text_index("text", &AnalyzerConfig::korean()).expect("create"));
    let point = |n| {
        let payload = Payload::from_json(json!({"text": text(n)})).expect("an object");
        Point::new(n, [n as f32, 1.0]).with_payload(payload)
    };
    points.upsert((0..POINTS).map(point)).expect("upsert");
    points.checkpoint().expect("checkpoint");
    let right = answers(&points).expect("searches");
    assert!(right.iter().all(|hits| !hits.is_empty()), "{right:?}");
    drop(points);
    db.close().expect("close");
    let dir = work.path().join("db");
    copy_folder(original.path(), &dir);
    let files = files_below(&dir);
    let name = files.iter().find(|name| name.contains("/text-")).expect("a text index");
    let path = dir.join(name);
    let bytes = std::fs::read(&path).expect("read");
    assert!(bytes.len() > 3 * 65_536, "{} bytes", bytes.len());
    for i in 0..runs {
        // Headers and preambles more often than their share.
        let at = if i % 3 == 0 { rng.below(512) } else { rng.below(bytes.len() as u64) } as usize;
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << rng.below(8);
        std::fs::write(&path, &damaged).expect("write");
        if let Err(why) = look(&dir, &path, &right) {
            panic!("SEED={seed}: {name}, byte {at} of {}: {why}", bytes.len());
        }
    }
}
