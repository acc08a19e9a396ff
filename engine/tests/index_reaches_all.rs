//! Every live point is found by its own vector, however hard its neighbourhood is on a graph: islands far apart, copies, lines, and graphs that
//! went through heavy deletes and merges.

#[path = "support/sets.rs"]
mod sets;

use nigh::{Collection, Metric, SearchRequest};
use sets::*;

/// Looks for every stored point by its own vector; another point counts if it is as near.
fn check(points: &Collection, metric: Metric, place: &str) {
    let rows = stored(points);
    assert_eq!(rows.len() as u64, points.count().expect("count"));
    let mut lost = Vec::new();
    for (id, row) in &rows {
        let hits = search(points, &SearchRequest::new(row.clone()).limit(10));
        let own = score(metric, row, row);
        // Many copies may stand before it, and sums are rounded.
        let room = 1e-5 * row.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().max(1.0);
        let found = hits.iter().any(|(hit, _)| hit == id)
            || hits.len() == 10 && hits.iter().all(|(_, score)| f64::from(*score) >= own - room);
        if !found {
            lost.push(*id);
        }
    }
    assert!(
        lost.is_empty(),
        "{place}: {} of {} not found: {:?}",
        lost.len(),
        rows.len(),
        &lost[..lost.len().min(20)]
    );
}

fn repaired(points: &Collection) -> u32 {
    points.info().expect("info").segments.iter().flat_map(|s| &s.indexes).map(|index| index.repaired).sum()
}

#[test]
fn islands() {
    let db = database();
    for (clusters, spread) in [(60, 0.01), (400, 0.0001), (3, 0.01)] {
        let (base, _) = clustered(51, 16, clusters, spread, 1500, 0);
        for metric in [Metric::Euclid, Metric::Cosine] {
            let place = format!("{metric:?}, {clusters} islands of {spread}");
            let points = indexed(&db, &place, vector(16, metric), &base);
            assert_walked(&points, &base[0]);
            println!("{place}: {} repaired", repaired(&points));
            check(&points, metric, &place);
        }
    }
}

#[test]
fn copies_between_others() {
    let db = database();
    let (mut base, _) = clustered(52, 12, 20, 0.4, 800, 0);
    for copy in 0..800 {
        base.push(base[copy % 4].clone());
    }
    let points = indexed(&db, "points", vector(12, Metric::Euclid), &base);
    println!("copies: {} repaired", repaired(&points));
    check(&points, Metric::Euclid, "copies");
}

/// Points on a few lines: the nearest of each are those next to it, and nobody has links across.
#[test]
fn lines() {
    let db = database();
    let (directions, _) = clustered(53, 8, 1, 1.0, 6, 0);
    let on_line = |i: usize| {
        let (line, step) = (&directions[i % 6], (i / 6) as f32);
        line.iter().map(|v| v * step).collect::<Vec<f32>>()
    };
    let base: Rows = (0..1500).map(on_line).collect();
    let points = indexed(&db, "points", vector(8, Metric::Euclid), &base);
    println!("lines: {} repaired", repaired(&points));
    check(&points, Metric::Euclid, "lines");
}

#[test]
fn few_links() {
    let db = database();
    let index = nigh::IndexConfig { m: 2, ef_construct: 4, ..SMALL };
    let (base, _) = clustered(54, 16, 30, 0.3, 1200, 0);
    let points = indexed(&db, "points", vector(16, Metric::Euclid).with_index(index), &base);
    println!("m 2: {} repaired", repaired(&points));
    check(&points, Metric::Euclid, "m of 2");
}

/// A graph that lost four in ten of its nodes, whole islands among them, and grew again.
#[test]
fn after_heavy_deletes_and_a_merge() {
    let db = database();
    let (base, _) = clustered(55, 16, 50, 0.05, 2500, 0);
    let points = indexed(&db, "points", vector(16, Metric::Euclid), &base[..2000]);
    delete(&points, (0..2000).filter(|i| i % 5 == 0 || base[*i as usize][0] > 0.5));
    upsert(&points, 2000, &base[2000..]);
    points.optimize().expect("optimize");
    assert_walked(&points, &base[0]);
    println!("after deletes: {} repaired", repaired(&points));
    check(&points, Metric::Euclid, "after deletes");
}
