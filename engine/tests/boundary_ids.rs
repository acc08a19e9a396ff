//! T21: ids at their ends, ids of both kinds, and ids that come more than once in a call.

mod support;

use nigh::io::SimVfs;
use nigh::{
    Applied, Collection, CollectionConfig, Database, ErrorKind, ManualClock, Metric, Payload, Point, PointId,
    ScrollRequest, SearchRequest, Uuid, VectorConfig, WithPayload, WithVectors,
};
use serde_json::json;
use std::sync::Arc;
use support::{DIR, options};

fn collection() -> (Database, SimVfs, Collection) {
    let vfs = SimVfs::new();
    let db = options(vfs.clone(), &Arc::new(ManualClock::default())).open(DIR).expect("open");
    let config = CollectionConfig::single(VectorConfig::new(1, Metric::Dot));
    let points = db.create_collection("points", &config).expect("create");
    (db, vfs, points)
}

/// In id order.
fn edge_ids() -> Vec<PointId> {
    vec![
        0u64.into(),
        1u64.into(),
        u64::from(u32::MAX).into(),
        (1u64 << 53).into(),
        (u64::MAX - 1).into(),
        u64::MAX.into(),
        Uuid::nil().into(),
        Uuid::from_u128(1).into(),
        Uuid::from_u128(u128::from(u64::MAX)).into(),
        Uuid::from_u128(1 << 127).into(),
        Uuid::max().into(),
    ]
}

fn scroll(points: &Collection, from: Option<PointId>, limit: usize) -> (Vec<PointId>, Option<PointId>) {
    let mut request = ScrollRequest::new().limit(limit);
    if let Some(from) = from {
        request = request.start_at(from);
    }
    let page = points.scroll(&request).expect("scroll");
    (page.points.iter().map(|r| r.id).collect(), page.next)
}

#[test]
fn the_ends_of_both_kinds() {
    let (db, vfs, points) = collection();
    let ids = edge_ids();
    // Backwards, so that order comes from the ids.
    for id in ids.iter().rev() {
        points.upsert([Point::new(*id, [1.0])]).expect("upsert");
    }
    let check = |points: &Collection| {
        assert_eq!(scroll(points, None, 100), (ids.clone(), None));
        for (i, id) in ids.iter().enumerate() {
            assert_eq!(scroll(points, Some(*id), 2).0, ids[i..].iter().copied().take(2).collect::<Vec<_>>());
            assert_eq!(scroll(points, Some(*id), 1).1, ids.get(i + 1).copied());
            let got = points.get([*id], &WithPayload::All, &WithVectors::All).expect("get");
            assert_eq!(got[0].id, *id);
            assert_eq!(id.to_string().parse::<PointId>().expect("an id"), *id);
        }
        let hits = points.search(&SearchRequest::new([1.0]).limit(4)).expect("search");
        assert_eq!(hits.iter().map(|h| h.id).collect::<Vec<_>>(), ids[..4], "ties go by id");
    };
    check(&points);
    points.checkpoint().expect("checkpoint");
    check(&points);
    db.close().expect("close");
    let db = options(vfs, &Arc::new(ManualClock::default())).open(DIR).expect("open");
    let points = db.collection("points").expect("points");
    check(&points);
    points.delete([u64::MAX.into(), Uuid::max().into(), 0u64.into(), Uuid::nil().into()]).expect("delete");
    let left = [1, 2, 3, 4, 7, 8, 9].map(|i: usize| ids[i]);
    assert_eq!(scroll(&points, None, 100).0, left);
}

#[test]
fn text_forms() {
    let uuid = Uuid::from_u128(0xF81D_4FAE_7DEC_11D0_A765_00A0_C91E_6BF6);
    for text in [
        "f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
        "F81D4FAE-7DEC-11D0-A765-00A0C91E6BF6",
        "f81d4fae7dec11d0a76500a0c91e6bf6",
        "{f81d4fae-7dec-11d0-a765-00a0c91e6bf6}",
        "urn:uuid:f81d4fae-7dec-11d0-a765-00a0c91e6bf6",
    ] {
        assert_eq!(text.parse::<PointId>().expect(text), PointId::Uuid(uuid));
    }
    assert_eq!(PointId::Uuid(uuid).to_string(), "f81d4fae-7dec-11d0-a765-00a0c91e6bf6");
    assert_eq!("18446744073709551615".parse::<PointId>().expect("an id"), PointId::Num(u64::MAX));
    for text in
        ["", " 1", "-1", "1.0", "18446744073709551616", "1e3", "하나", "f81d4fae", &"9".repeat(10_000)]
    {
        let error = text.parse::<PointId>().expect_err(text);
        assert_eq!((error.kind(), error.applied()), (ErrorKind::InvalidArgument, Applied::No));
        assert!(error.to_string().len() < 400, "a message does not repeat a huge input");
    }
}

#[test]
fn the_last_of_one_call_wins() {
    let (_db, _vfs, points) = collection();
    let payload = |n: u32| Payload::try_from(json!({ "n": n })).expect("payload");
    let other = PointId::from(2u64);
    let batch = [
        Point::new(1u64, [1.0]).with_payload(payload(1)),
        Point::new(other, [5.0]),
        Point::new(1u64, [2.0]).with_payload(payload(2)),
        Point::without_vectors(1u64).with_payload(payload(3)),
    ];
    let seq = points.upsert(batch).expect("upsert");
    let got = points.get([1u64.into(), other], &WithPayload::All, &WithVectors::All).expect("get");
    assert_eq!(got.len(), 2);
    assert_eq!(got[0].payload, Some(payload(3)), "the last point with the id is the point");
    assert!(got[0].vectors.as_ref().expect("asked for").is_empty(), "nothing is left of the ones before");
    assert_eq!((got[0].version, got[1].version), (seq, seq));
    assert_eq!(points.count().expect("count"), 2);

    let twice = [("".to_owned(), vec![7.0])];
    let again = [("".to_owned(), vec![8.0])];
    points.update_vectors([(1u64.into(), twice.into()), (1u64.into(), again.into())]).expect("update");
    points.delete([other, other, 99u64.into(), other]).expect("delete");
    points.set_payload([1u64.into(), 1u64.into()], payload(4)).expect("set");
    let got = points.get([1u64.into(), other], &WithPayload::All, &WithVectors::All).expect("get");
    assert_eq!(got.len(), 1);
    assert_eq!(got[0].vectors.as_ref().expect("asked for")[""], [8.0]);
    assert_eq!(points.count().expect("count"), 1);
    let hits = points.search(&SearchRequest::new([1.0])).expect("search");
    assert_eq!(hits.len(), 1);
}

#[test]
fn unknown_ids() {
    let (_db, _vfs, points) = collection();
    points.upsert([Point::new(1u64, [1.0])]).expect("upsert");
    let none = [7u64.into()];
    points.delete(none).expect("deleting what is not there is fine");
    points.set_payload(none, Payload::try_from(json!({"a": 1})).expect("payload")).expect("skipped");
    points.clear_payload(none).expect("skipped");
    points.delete_vectors(none, [""]).expect("skipped");
    let vectors = |v: f32| [("".to_owned(), vec![v])].into();
    let before = points.info().expect("info").last_seq;
    let error = points
        .update_vectors([(1u64.into(), vectors(2.0)), (7u64.into(), vectors(3.0))])
        .expect_err("unknown");
    assert_eq!((error.kind(), error.applied()), (ErrorKind::NotFound, Applied::No));
    assert_eq!(error.to_string(), "point 7 does not exist");
    assert_eq!(points.info().expect("info").last_seq, before, "nothing was logged");
    let got = points.get([1u64.into()], &WithPayload::No, &WithVectors::All).expect("get");
    assert_eq!(got[0].vectors.as_ref().expect("asked for")[""], [1.0], "half a call was applied");
    assert_eq!(points.count().expect("count"), 1, "no point came into being");
}
