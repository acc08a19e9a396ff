//! A reader that does not refresh keeps answering from its moment after the writer has merged the segments and deleted their files.

use nigh::{
    Background, CancelToken, CollectionConfig, Metric, OptimizerConfig, Options, Point, PointId,
    ScrollRequest, SearchRequest, VectorConfig, WithPayload, WithVectors,
};
use serde_json::json;
use std::path::Path;

fn segment_folders(dir: &Path) -> usize {
    let segments = dir.join("c-0000000000000001").join("segments");
    std::fs::read_dir(segments).expect("segments").count()
}

#[test]
fn files_may_go_while_a_view_holds_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let options = || Options::new().background(Background::Manual).free_bytes_min(0);
    let db = options().open(dir.path()).expect("open");
    let optimizer = OptimizerConfig { merge_fan_in: 4, ..OptimizerConfig::default() };
    let config = CollectionConfig::single(VectorConfig::new(2, Metric::Euclid)).with_optimizer(optimizer);
    let points = db.create_collection("points", &config).expect("create");
    for part in 0..4u64 {
        let batch = (0..50).map(|i| {
            let id = part * 50 + i;
            let payload: nigh::Payload = json!({"글": format!("{id}번째")}).try_into().expect("payload");
            Point::new(id, [id as f32, 1.0]).with_payload(payload)
        });
        points.upsert(batch).expect("upsert");
        points.checkpoint().expect("checkpoint");
    }
    let reader = options().open_read_only(dir.path()).expect("open for reading");
    let old = reader.collection("points").expect("points");
    assert_eq!(segment_folders(dir.path()), 4);

    points.delete((0..200u64).filter(|id| id % 2 == 1).map(PointId::from)).expect("delete");
    points.checkpoint().expect("checkpoint");
    while db.run_background_jobs() > 0 {}
    assert_eq!(segment_folders(dir.path()), 1, "the merged segments' files are gone");

    assert_eq!(old.count().expect("count"), 200);
    let request = SearchRequest::new([133.0, 1.0]).limit(3).with_payload(WithPayload::All);
    let hits = old.search(&request).expect("search");
    assert_eq!(hits.iter().map(|h| h.id).collect::<Vec<_>>(), [133u64, 132, 134].map(PointId::from));
    assert_eq!(hits[0].payload.as_ref().expect("payload").get("글"), Some(&json!("133번째")));
    let page = old.scroll(&ScrollRequest::new().limit(1000).with_vectors(WithVectors::All)).expect("scroll");
    assert_eq!(page.points.len(), 200);
    let got = old.get([199u64.into()], &WithPayload::All, &WithVectors::All).expect("get");
    assert_eq!(got[0].vectors.as_ref().expect("vectors")[""], [199.0, 1.0]);
    assert!(reader.verify(&CancelToken::new(), |_, _| {}).is_clean());

    reader.refresh().expect("refresh");
    assert_eq!(old.count().expect("count"), 100);
    assert_eq!(points.count().expect("count"), 100);
}
