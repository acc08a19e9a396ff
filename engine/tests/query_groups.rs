//! Groups of the best points, against grouping the whole ranking by hand.

#[path = "support/sets.rs"]
mod sets;
mod support;

use nigh::{
    Collection, Condition, ErrorKind, FacetValue, Filter, Fusion, Group, GroupRequest, Metric, Payload,
    Point, Prefetch, Query, QueryRequest, SearchRequest, WithPayload, WithVectors,
};
use serde_json::{Value, json};
use sets::*;
use support::{Rng, seeds};

/// Author and books of a point: none, one, or several.
fn value(rng: &mut Rng, kinds: u64) -> Value {
    let one = |rng: &mut Rng| {
        if rng.chance(50) { json!(rng.below(kinds)) } else { json!(format!("저자 {}", rng.below(kinds))) }
    };
    match rng.below(10) {
        0 => json!(null),
        1 => json!(rng.chance(50)),
        2 => json!(1.5),
        3 => (0..rng.below(4)).map(|_| one(rng)).collect(),
        _ => one(rng),
    }
}

fn make(rng: &mut Rng, rows: &[Vec<f32>], kinds: u64) -> (Collection, Vec<Value>, nigh::Database) {
    let db = database();
    let points = db.create_collection("points", &config(vector(8, Metric::Euclid))).expect("create");
    let values: Vec<Value> = rows.iter().map(|_| value(rng, kinds)).collect();
    let half = rows.len() / 2;
    let point = |i: usize| {
        let payload = json!({"by": values[i], "even": i.is_multiple_of(2)});
        Point::new(i as u64, rows[i].clone()).with_payload(Payload::from_json(payload).expect("an object"))
    };
    points.upsert((0..half).map(point)).expect("upsert");
    points.optimize().expect("optimize");
    points.upsert((half..rows.len()).map(point)).expect("upsert");
    (points, values, db)
}

/// Ids of each group, groups in order.
fn by_hand(ranking: &[(u64, f32)], values: &[Value], limit: usize, size: usize) -> Vec<(Value, Vec<u64>)> {
    let mut groups: Vec<(Value, Vec<u64>)> = Vec::new();
    for (id, _) in ranking {
        let value = &values[*id as usize];
        let mut keys: Vec<Value> = Vec::new();
        for key in value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]) {
            if (key.is_string() || key.is_u64()) && !keys.contains(&key) {
                keys.push(key);
            }
        }
        for key in keys {
            match groups.iter_mut().find(|(known, _)| *known == key) {
                Some((_, ids)) => ids.push(*id),
                None => groups.push((key, vec![*id])),
            }
        }
    }
    groups.truncate(limit);
    groups.iter_mut().for_each(|(_, ids)| ids.truncate(size));
    groups
}

fn plain(groups: &[Group]) -> Vec<(Value, Vec<u64>)> {
    let key = |id: &FacetValue| match id {
        FacetValue::Bool(value) => json!(value),
        FacetValue::Integer(integer) => json!(u64::try_from(*integer).expect("not negative")),
        FacetValue::Keyword(text) => json!(text),
    };
    groups
        .iter()
        .map(|group| (key(&group.id), group.hits.iter().map(|hit| number(hit.id)).collect()))
        .collect()
}

#[test]
fn groups_are_those_of_the_whole_ranking() {
    for seed in seeds(6) {
        let mut rng = Rng::new(seed);
        let (rows, queries) = clustered(300 + seed, 8, 10, 0.6, 600, 4);
        // Few kinds: big groups. Many: most have a single point.
        let kinds = *rng.pick(&[2, 10, 300]);
        let (points, values, _db) = make(&mut rng, &rows, kinds);
        for query in &queries {
            for (limit, size) in [(10, 3), (1, 1), (3, 50), (500, 2)] {
                for even in [false, true] {
                    let mut asked = QueryRequest::nearest(query.clone()).exact(true);
                    let mut search = SearchRequest::new(query.clone()).exact(true);
                    if even {
                        asked = asked.filter(Condition::matches("even", true));
                        search = search.filter(Condition::matches("even", true));
                    }
                    let ranking = sets::search(&points, &search.clone().limit(1000));
                    let request = GroupRequest::new(asked, "by").limit(limit).group_size(size);
                    let groups = points.query_groups(&request).expect("groups");
                    assert_eq!(
                        plain(&groups),
                        by_hand(&ranking, &values, limit, size),
                        "seed {seed}, {limit} groups of {size}"
                    );
                    assert!(
                        groups
                            .iter()
                            .flat_map(|group| &group.hits)
                            .all(|hit| hit.payload.is_none() && hit.vectors.is_none())
                    );
                }
            }
        }
    }
}

#[test]
fn groups_of_a_tree_are_those_of_its_whole_answer() {
    let mut rng = Rng::new(5);
    let (rows, queries) = clustered(77, 8, 10, 0.6, 600, 4);
    let (points, values, _db) = make(&mut rng, &rows, 30);
    let leg = |i: usize| Prefetch::nearest(queries[i].clone()).exact(true).limit(150);
    for filter in [None, Some(Condition::matches("even", true))] {
        let mut asked = QueryRequest::new(Query::Fusion(Fusion::RRF)).prefetch(leg(0)).prefetch(leg(1));
        if let Some(filter) = &filter {
            asked = asked.filter(filter.clone());
        }
        // Legs of a query for groups look among points with a value.
        let valued = Filter::new().must_not(Condition::is_empty("by"));
        let all = match filter {
            Some(filter) => asked.clone().filter(valued.must(filter)),
            None => asked.clone().filter(valued),
        };
        let ranking = points.query(&all.limit(1000)).expect("query");
        let ranking: Vec<(u64, f32)> = ranking.iter().map(|point| (number(point.id), point.score)).collect();
        let request = GroupRequest::new(asked, "by").limit(12).group_size(4);
        let groups = points.query_groups(&request).expect("groups");
        assert_eq!(plain(&groups), by_hand(&ranking, &values, 12, 4));
        assert!(groups.iter().flat_map(|group| &group.hits).all(|hit| !hit.legs.is_empty()));
    }
}

#[test]
fn what_comes_with_a_group() {
    let db = database();
    let points = db.create_collection("points", &config(vector(1, Metric::Dot))).expect("create");
    let authors = db.create_collection("authors", &config(vector(1, Metric::Dot))).expect("create");
    let uuid = "0011223344556677-8899aabbccddeeff".replace('-', "");
    let point = |id: u64, by: Value| {
        Point::new(id, [id as f32])
            .with_payload(Payload::from_json(json!({"by": by, "x": id})).expect("an object"))
    };
    points
        .upsert([point(1, json!(7)), point(2, json!(uuid)), point(3, json!("7")), point(4, json!(-1))])
        .expect("upsert");
    let author = |id: nigh::PointId, name: &str| {
        Point::new(id, [1.0]).with_payload(Payload::from_json(json!({"name": name})).expect("an object"))
    };
    authors
        .upsert([author(7u64.into(), "한강"), author(uuid.parse().expect("a uuid"), "이상")])
        .expect("upsert");
    let asked = QueryRequest::nearest([1.0])
        .with_payload(WithPayload::include(["x"]).expect("a path"))
        .with_vectors(WithVectors::All);
    let groups = points
        .query_groups_with(&GroupRequest::new(asked, "by"), &authors, &WithPayload::All, &WithVectors::No)
        .expect("groups");
    let names: Vec<Option<Value>> = groups
        .iter()
        .map(|group| {
            let record = group.lookup.as_ref()?;
            record.payload.as_ref()?.get("name").cloned()
        })
        .collect();
    assert_eq!(names, [None, None, Some(json!("이상")), Some(json!("한강"))]);
    let hit = &groups[3].hits[0];
    assert_eq!(hit.payload.clone().expect("asked for").into_json(), json!({"x": 1}));
    assert_eq!(hit.vectors.as_ref().expect("asked for")[""], [1.0]);
}

#[test]
fn what_is_refused() {
    let db = database();
    let points = db.create_collection("points", &config(vector(1, Metric::Dot))).expect("create");
    let asked = || QueryRequest::nearest([1.0]);
    assert_eq!(points.query_groups(&GroupRequest::new(asked(), "by")).expect("groups"), []);
    for request in [
        GroupRequest::new(asked(), ""),
        GroupRequest::new(asked(), "by").limit(0),
        GroupRequest::new(asked(), "by").group_size(0),
        GroupRequest::new(asked(), "by").limit(101).group_size(100),
        GroupRequest::new(asked().offset(1), "by"),
        GroupRequest::new(asked().filter(Condition::is_null("a.")), "by"),
        GroupRequest::new(QueryRequest::nearest([1.0, 2.0]), "by"),
        GroupRequest::new(QueryRequest::new(Query::Scroll), "by"),
    ] {
        assert_eq!(points.query_groups(&request).expect_err("refused").kind(), ErrorKind::InvalidArgument);
    }
}
