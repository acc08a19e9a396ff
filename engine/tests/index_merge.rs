//! Graphs through merges: the largest is kept and extended, holes heal, new settings rebuild, and points without a vector have no row.

#[path = "support/sets.rs"]
mod sets;

use nigh::{
    Collection, CollectionConfig, CollectionUpdate, Effort, IndexConfig, JobKind, Metric, Plan, Point,
    PointId, SearchRequest, VectorConfig,
};
use sets::*;
use std::collections::BTreeMap;

fn recall_at_10(points: &Collection, queries: &[Vec<f32>]) -> f64 {
    recall(points, queries, 10, Effort::Ef(32))
}

/// Recall of a new collection with these points.
fn fresh(base: &[Vec<f32>], queries: &[Vec<f32>]) -> f64 {
    let db = database();
    recall_at_10(&indexed(&db, "fresh", vector(base[0].len(), Metric::Euclid), base), queries)
}

fn links_file_of(points: &Collection) -> u64 {
    points.info().expect("info").segments.iter().map(|segment| segment.id.0).max().unwrap_or(0)
}

#[test]
fn a_merge_is_as_good_as_a_new_build() {
    let (base, queries) = clustered(71, 32, 30, 0.5, 2000, 60);
    let should = fresh(&base, &queries);
    // Shares of what is there when the rest comes: below a quarter the graph is not kept.
    for share in [10, 30, 50, 85] {
        let db = database();
        let (first, rest) = base.split_at(base.len() * share / 100);
        let points = indexed(&db, "points", vector(32, Metric::Euclid), first);
        for (part, rows) in rest.chunks(400).enumerate() {
            upsert(&points, (first.len() + part * 400) as u64, rows);
            points.checkpoint().expect("checkpoint");
        }
        points.optimize().expect("optimize");
        assert_eq!(points.info().expect("info").segments.len(), 1);
        assert_walked(&points, &queries[0]);
        let now = recall_at_10(&points, &queries);
        assert!(now >= should - 0.01, "{share} % were there before: recall {now}, fresh {should}");
    }
}

#[test]
fn a_vacuum_heals() {
    let (base, queries) = clustered(72, 32, 30, 0.5, 2000, 60);
    // Three in ten at random, and whole neighbourhoods.
    let some: fn(usize, &[f32]) -> bool = |i, _| i % 10 < 3;
    let regions: fn(usize, &[f32]) -> bool = |_, row| row[0] > 0.5;
    for (name, dies) in [("at random", some), ("by region", regions)] {
        let db = database();
        let points = indexed(&db, "points", vector(32, Metric::Euclid), &base);
        let dead: Vec<u64> = (0..base.len()).filter(|i| dies(*i, &base[*i])).map(|i| i as u64).collect();
        delete(&points, dead.iter().copied());
        points.optimize().expect("optimize");
        assert!(points.jobs().iter().any(|job| job.kind == JobKind::Vacuum), "{name}");
        let info = points.info().expect("info");
        assert_eq!(info.segments[0].dead_count, 0);
        let live: Rows =
            base.iter().enumerate().filter(|(i, row)| !dies(*i, row)).map(|(_, row)| row.clone()).collect();
        assert_eq!(info.segments[0].indexes[0].vector_count as usize, live.len(), "{name}");
        let (now, should) = (recall_at_10(&points, &queries), fresh(&live, &queries));
        assert!(now >= should - 0.01, "{name}: recall {now}, fresh {should}");
    }
}

#[test]
fn new_settings_rebuild() {
    let db = database();
    let (base, queries) = clustered(73, 16, 20, 0.5, 600, 10);
    let points = indexed(&db, "points", vector(16, Metric::Euclid), &base);
    let update = |index: IndexConfig| {
        let indexes = BTreeMap::from([(String::new(), index)]);
        points.update(&CollectionUpdate { indexes, ..Default::default() }).expect("update");
        assert_eq!(points.config().vectors[""].index, index);
        let before = links_file_of(&points);
        points.optimize().expect("optimize");
        (before != links_file_of(&points), points.info().expect("info").segments[0].indexes.first().cloned())
    };
    let (_, first) = update(SMALL);
    let (rewritten, wide) = update(IndexConfig { m: 32, ..SMALL });
    assert!(rewritten && wide.expect("an index").bytes > first.expect("an index").bytes);
    let (rewritten, _) = update(IndexConfig { m: 32, ef_construct: 40, ..SMALL });
    assert!(rewritten);
    assert!(recall_at_10(&points, &queries) >= 0.95);
    let (rewritten, _) = update(IndexConfig { m: 32, ef_construct: 40, ..SMALL });
    assert!(!rewritten, "nothing changed");
    // Without graphs everything is scanned, after the next rewrite at the latest.
    let off = IndexConfig { graph_points_min: u32::MAX, ..SMALL };
    update(off);
    upsert(&points, 600, &base[..300]);
    delete(&points, 0..300);
    points.optimize().expect("optimize");
    let info = points.info().expect("info");
    assert!(info.segments.iter().all(|segment| segment.indexes.is_empty()), "{info:?}");
    let (_, explain) = points.search_explained(&SearchRequest::new(queries[0].clone())).expect("search");
    assert!(explain.segments.iter().all(|segment| segment.plan == Plan::Scan));
    let (_, again) = update(SMALL);
    assert!(again.is_some());
    assert_walked(&points, &queries[0]);
}

/// Two vectors with graphs, one without; a third of the points lacks each.
#[test]
fn named_vectors_with_holes() {
    let db = database();
    let (first, first_queries) = clustered(74, 24, 20, 0.5, 1200, 10);
    let (second, second_queries) = low_rank(75, 128, 12, 1200, 10);
    let names = [("", &first_queries), ("둘째", &second_queries), ("manhattan", &first_queries)];
    let config = CollectionConfig::new()
        .with_vector("", vector(24, Metric::Euclid))
        .with_vector("둘째", vector(128, Metric::Cosine))
        .with_vector("manhattan", VectorConfig::new(24, Metric::Manhattan).with_index(SMALL))
        .with_optimizer(QUIET);
    let points = db.create_collection("points", &config).expect("create");
    let has = |id: u64, name: &str| match name {
        "" => !id.is_multiple_of(3),
        "둘째" => id % 3 != 1,
        _ => id % 3 != 2,
    };
    let point = |id: u64| {
        let mut point = Point::without_vectors(id);
        for (name, rows) in [("", &first), ("둘째", &second), ("manhattan", &first)] {
            if has(id, name) {
                point = point.with_vector(name, rows[id as usize].clone());
            }
        }
        point
    };
    points.upsert((0..800).map(point)).expect("upsert");
    points.optimize().expect("optimize");
    points.upsert((800..1200).map(point)).expect("upsert");
    // Some lose a vector and stay.
    let stripped: Vec<PointId> = (0..1200u64).filter(|id| id.is_multiple_of(7)).map(PointId::from).collect();
    points.delete_vectors(stripped, ["둘째"]).expect("delete vectors");
    points.optimize().expect("optimize");
    let info = points.info().expect("info");
    let indexed: Vec<(&str, u32)> =
        info.segments[0].indexes.iter().map(|index| (index.vector.as_str(), index.vector_count)).collect();
    let left = (0..1200).filter(|id| has(*id, "둘째") && !id.is_multiple_of(7)).count() as u32;
    assert_eq!(indexed, [("", 800), ("둘째", left)]);
    for (name, queries) in names {
        for query in queries {
            let request = SearchRequest::new(query.clone()).using(name).limit(20);
            let (hits, truth) = (search(&points, &request), search(&points, &request.clone().exact(true)));
            assert_eq!(hits.len(), 20);
            assert!(hits.iter().all(|(id, _)| has(*id, name)), "{name:?}: a point without the vector");
            assert!(
                name != "둘째" || hits.iter().all(|(id, _)| !id.is_multiple_of(7)),
                "a vector that was removed"
            );
            assert!(share(&hits, &truth, 20) >= 0.9, "{name:?}");
            let metric = config.vectors[name].metric;
            let rows = if name == "둘째" { &second } else { &first };
            for (id, got) in &hits {
                let right = score(metric, query, &rows[*id as usize]);
                assert!((f64::from(*got) - right).abs() <= 1e-4 * right.abs().max(1.0), "{name:?}: {id}");
            }
        }
        let all = search(&points, &SearchRequest::new(queries[0].clone()).using(name).limit(1200));
        let expected = if name == "둘째" { left as usize } else { 800 };
        assert_eq!(all.len(), expected, "{name:?}: everything that has it");
    }
}
