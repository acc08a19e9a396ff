//! Replies hold what the server answered, and the time that it took.

use super::*;

#[tokio::test]
async fn writes_tell_what_became_of_them() {
    let (_, mut client) = points().await;
    let reply = client.upsert(one_point()).await.expect("a reply").into_inner();
    let result = reply.result.expect("a result");
    assert_eq!((result.operation_id, result.status()), (Some(7), wire::UpdateStatus::Acknowledged));
    assert!(reply.time > 0.0);
    let message = wire::UpsertPoints { wait: Some(true), ..one_point() };
    let result = client.upsert(message).await.expect("a reply").into_inner().result.expect("a result");
    assert_eq!(result.status(), wire::UpdateStatus::Completed);
    let message = wire::UpdateBatchPoints { collection_name: name(), ..Default::default() };
    let reply = client.update_batch(message).await.expect("a reply").into_inner();
    assert_eq!(reply.result.len(), 2);
    assert!(reply.time > 0.0);
}

#[tokio::test]
#[expect(deprecated, reason = "older clients read the flat fields only")]
async fn points_come_with_both_forms_of_their_vectors() {
    let (_, mut client) = points().await;
    let message = wire::QueryPoints { collection_name: name(), ..Default::default() };
    let reply = client.query(message).await.expect("a reply").into_inner();
    let point = reply.result.first().expect("a point");
    assert_eq!((point.id.clone(), point.version, point.score), (Some(id(5)), 3, 0.5));
    assert_eq!(point.payload["k"].kind, Some(wire::value::Kind::StringValue("v".into())));
    let options = point.vectors.clone().and_then(|vectors| vectors.vectors_options);
    let Some(wire::vectors_output::VectorsOptions::Vector(vector)) = options else { panic!("no vector") };
    assert_eq!(vector.data, [0.25, 0.75]);
    let dense = wire::DenseVector { data: vec![0.25, 0.75] };
    assert_eq!(vector.vector, Some(wire::vector_output::Vector::Dense(dense)));
    assert!(reply.time > 0.0);
}

#[tokio::test]
async fn reads_have_their_results() {
    let (_, mut client) = points().await;
    let message = wire::GetPoints { collection_name: name(), ..Default::default() };
    let reply = client.get(message).await.expect("a reply").into_inner();
    assert_eq!(reply.result.first().and_then(|point| point.id.clone()), Some(id(5)));
    let message = wire::ScrollPoints { collection_name: name(), ..Default::default() };
    let reply = client.scroll(message).await.expect("a reply").into_inner();
    assert_eq!((reply.result.len(), reply.next_page_offset), (1, Some(id(6))));
    let message = wire::CountPoints { collection_name: name(), ..Default::default() };
    let reply = client.count(message).await.expect("a reply").into_inner();
    assert_eq!(reply.result.map(|result| result.count), Some(42));
    let message = wire::FacetCounts { collection_name: name(), ..Default::default() };
    let reply = client.facet(message).await.expect("a reply").into_inner();
    assert_eq!(reply.hits.first().map(|hit| hit.count), Some(2));
    let message = wire::QueryBatchPoints { collection_name: name(), ..Default::default() };
    let reply = client.query_batch(message).await.expect("a reply").into_inner();
    let lengths: Vec<_> = reply.result.iter().map(|result| result.result.len()).collect();
    assert_eq!(lengths, [1, 0]);
    let message =
        wire::QueryPointGroups { collection_name: name(), group_by: "k".into(), ..Default::default() };
    let reply = client.query_groups(message).await.expect("a reply").into_inner();
    assert_eq!(reply.result.map(|result| result.groups.len()), Some(1));
    let message = wire::SearchMatrixPoints { collection_name: name(), ..Default::default() };
    let reply = client.search_matrix_pairs(message.clone()).await.expect("a reply").into_inner();
    assert_eq!(reply.result.map(|result| result.pairs.len()), Some(1));
    let reply = client.search_matrix_offsets(message).await.expect("a reply").into_inner();
    assert_eq!(reply.result.map(|result| result.ids), Some(vec![id(1), id(2)]));
}

#[tokio::test]
async fn collections_have_their_results() {
    let (_, mut client) = collections().await;
    let reply = client.list(wire::ListCollectionsRequest {}).await.expect("a reply").into_inner();
    let names: Vec<_> = reply.collections.iter().map(|collection| collection.name.as_str()).collect();
    assert_eq!(names, ["a", "b"]);
    let message = wire::DeleteCollection { collection_name: name(), timeout: None };
    let reply = client.delete(message).await.expect("a reply").into_inner();
    assert!(!reply.result && reply.time > 0.0);
    let message = wire::GetCollectionInfoRequest { collection_name: name() };
    let info = client.get(message).await.expect("a reply").into_inner().result.expect("a result");
    assert_eq!((info.status(), info.points_count), (wire::CollectionStatus::Green, Some(2)));
    let aliases =
        client.list_aliases(wire::ListAliasesRequest {}).await.expect("a reply").into_inner().aliases;
    assert_eq!(aliases, [wire::AliasDescription { alias_name: "a".into(), collection_name: "c".into() }]);
}

#[tokio::test]
async fn snapshots_have_their_results() {
    let (_, mut client) = snapshots().await;
    let message = wire::CreateSnapshotRequest { collection_name: name() };
    let reply = client.create(message).await.expect("a reply").into_inner();
    let snapshot = reply.snapshot_description.expect("a snapshot");
    assert_eq!((snapshot.name.as_str(), snapshot.size, snapshot.checksum.as_deref()), ("s", 9, Some("ab")));
    let time = snapshot.creation_time.map(|time| time.to_string());
    assert_eq!(time.as_deref(), Some("2026-11-25T04:53:15Z"));
    let reply = client.list_full(wire::ListFullSnapshotsRequest {}).await.expect("a reply").into_inner();
    assert_eq!(reply.snapshot_descriptions.len(), 1);
    let message = wire::DeleteFullSnapshotRequest { snapshot_name: "s".into() };
    assert!(client.delete_full(message).await.expect("a reply").into_inner().time > 0.0);
}
