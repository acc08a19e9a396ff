//! Damage in the files of an index is named, by the first search that needs them and by `verify`: each byte of codes, short codes and links in turn.
//! Never a panic, never a wrong answer. `NIGH_RUNS` is the number of damages a file.

#[path = "support/run.rs"]
mod run;
#[path = "support/sets.rs"]
mod sets;

use nigh::{CancelToken, Error, Metric, SearchRequest};
use run::{Folder, Rng, copy_folder, files_below};
use sets::*;
use std::path::Path;

type Answers = Vec<Vec<(u64, f32)>>;

/// What became of one damage, or why that was wrong.
fn look(dir: &Path, file: &Path, queries: &[Vec<f32>], right: &Answers) -> Result<(), String> {
    let named = |error: &Error| match error {
        Error::Corrupt { file: found, .. } | Error::Version { file: found, .. } if found == file => Ok(()),
        other => Err(format!("not named: {other:?}")),
    };
    let db = options().open(dir).map_err(|e| format!("the folder does not open: {e}"))?;
    let points = match db.collection("points") {
        Ok(points) => points,
        Err(e) => return named(&e),
    };
    for (query, right) in queries.iter().zip(right) {
        match points.search(&SearchRequest::new(query.clone())) {
            Ok(hits) => {
                let hits: Vec<_> = hits.iter().map(|hit| (number(hit.id), hit.score)).collect();
                return Err(format!("answered, {}", if hits == *right { "rightly" } else { "wrongly" }));
            }
            Err(e) => named(&e)?,
        }
        // Vectors are whole: exact search needs nothing else.
        if exact(&points, query, 10).len() != 10 {
            return Err("exact search finds less".to_owned());
        }
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
    let (base, queries) = low_rank(121, 128, 10, 300, 2);
    let db = options().open(original.path()).expect("open");
    let points = indexed(&db, "points", vector(128, Metric::Euclid), &base);
    assert!(points.info().expect("info").segments[0].indexes[0].reduced_dim.is_some());
    let right: Answers =
        queries.iter().map(|query| search(&points, &SearchRequest::new(query.clone()))).collect();
    db.close().expect("close");
    let dir = work.path().join("db");
    copy_folder(original.path(), &dir);
    let kinds = ["codes", "reduced", "links"];
    let files: Vec<String> = files_below(&dir)
        .into_iter()
        .filter(|name| kinds.iter().any(|kind| name.contains(&format!("/{kind}"))))
        .collect();
    assert_eq!(files.len(), kinds.len(), "{files:?}");
    for name in files {
        let path = dir.join(&name);
        let bytes = std::fs::read(&path).expect("read");
        for i in 0..runs {
            // Headers and preambles more often than their share.
            let at = if i % 3 == 0 { rng.below(256) } else { rng.below(bytes.len() as u64) } as usize;
            let mut damaged = bytes.clone();
            damaged[at] ^= 1 << rng.below(8);
            std::fs::write(&path, &damaged).expect("write");
            if let Err(why) = look(&dir, &path, &queries, &right) {
                panic!("SEED={seed}: {name}, byte {at} of {}: {why}", bytes.len());
            }
        }
        std::fs::write(&path, &bytes).expect("write");
    }
    let db = options().open(&dir).expect("open");
    let points = db.collection("points").expect("collection");
    for (query, right) in queries.iter().zip(&right) {
        assert_eq!(search(&points, &SearchRequest::new(query.clone())), *right);
    }
}
