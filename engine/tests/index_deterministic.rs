//! The same points give the same files, byte for byte, however many threads build.

#[path = "support/run.rs"]
mod run;
#[path = "support/sets.rs"]
mod sets;

use nigh::Metric;
use run::{Folder, files_below};
use sets::*;
use std::collections::BTreeMap;

/// Every file of the segments, after a build, more points and a merge.
fn files(threads: usize, metric: Metric, base: &[Vec<f32>]) -> BTreeMap<String, Vec<u8>> {
    let folder = Folder::new();
    let db = options().index_threads(threads).open(folder.path()).expect("open");
    let points = indexed(&db, "points", vector(base[0].len(), metric), &base[..base.len() / 2]);
    upsert(&points, 1_000_000, &base[base.len() / 2..]);
    delete(&points, (0..200).step_by(3));
    points.optimize().expect("optimize");
    assert_walked(&points, &base[0]);
    db.close().expect("close");
    let names = files_below(folder.path()).into_iter().filter(|name| name.contains("/segments/"));
    names.map(|name| (name.clone(), std::fs::read(folder.path().join(name)).expect("read"))).collect()
}

#[test]
fn files_do_not_depend_on_threads() {
    for (metric, base) in [
        (Metric::Euclid, low_rank(41, 128, 16, 800, 0).0),
        (Metric::Dot, clustered(42, 24, 20, 0.5, 1000, 0).0),
        (Metric::Cosine, clustered(43, 48, 20, 0.5, 800, 0).0),
    ] {
        let one = files(1, metric, &base);
        assert!(one.keys().any(|name| name.contains("links")), "{:?}", one.keys());
        for threads in [2, 5] {
            let more = files(threads, metric, &base);
            assert!(one.keys().eq(more.keys()), "{metric:?}: files of {threads} threads");
            for (name, bytes) in &one {
                assert!(more[name] == *bytes, "{metric:?}: {name} differs with {threads} threads");
            }
        }
    }
}
