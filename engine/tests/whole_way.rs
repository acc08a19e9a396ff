//! The whole way once: write, read, search, seal, merge, reopen.

use nigh::{
    Background, CollectionConfig, Metric, OptimizerConfig, Options, Point, PointId, ScrollRequest,
    SearchRequest, VectorConfig, WithPayload, WithVectors,
};

#[test]
fn points_survive_sealing_merging_and_reopening() {
    let dir = tempfile::tempdir().expect("a folder");
    let open = || Options::new().background(Background::Manual).open(dir.path()).expect("open");
    let db = open();
    let optimizer = OptimizerConfig { mutable_bytes_max: 4096, merge_fan_in: 2, ..Default::default() };
    let config = CollectionConfig::single(VectorConfig::new(3, Metric::Euclid)).with_optimizer(optimizer);
    let points = db.create_collection("points", &config).expect("create");
    for id in 0..500u64 {
        let payload: nigh::Payload = serde_json::json!({"n": id}).try_into().expect("payload");
        points.upsert([Point::new(id, [id as f32, 0.0, 0.0]).with_payload(payload)]).expect("upsert");
        db.run_background_jobs();
    }
    points.delete((0..500u64).filter(|i| i % 3 == 0).map(PointId::from)).expect("delete");
    db.run_background_jobs();
    assert_eq!(points.count().expect("count"), 333);
    assert!(!points.info().expect("info").segments.is_empty());
    drop((points, db));

    let db = open();
    let points = db.collection("points").expect("collection");
    assert_eq!(points.count().expect("count"), 333);
    let request = SearchRequest::new([300.2, 0.0, 0.0]).limit(3).with_payload(WithPayload::All);
    let hits = points.search(&request).expect("search");
    assert_eq!(hits.iter().map(|h| h.id).collect::<Vec<_>>(), [301u64, 299, 302].map(PointId::from));
    assert_eq!(hits[0].payload.as_ref().expect("payload").get("n"), Some(&serde_json::json!(301)));
    let got = points.get([7u64.into()], &WithPayload::All, &WithVectors::All).expect("get");
    assert_eq!(got[0].vectors.as_ref().expect("vectors")[""], [7.0, 0.0, 0.0]);
    let page = points.scroll(&ScrollRequest::new().start_at(4u64).limit(2)).expect("scroll");
    assert_eq!(page.points.iter().map(|r| r.id).collect::<Vec<_>>(), [4u64, 5].map(PointId::from));
    assert_eq!(page.next, Some(7u64.into()));
    assert!(db.verify(&nigh::CancelToken::new(), |_, _| {}).is_clean());
}
