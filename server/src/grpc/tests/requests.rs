//! Each method asks the server for what it is named after, with what its message holds.

use super::*;
use serde_json::{Value, json};
use tonic::Request;

/// Calls a method and compares what the server was asked.
macro_rules! asks {
    ($fake:ident, $client:ident.$method:ident($message:expr), $what:literal, $with:expr) => {
        $client.$method(Request::new($message)).await.expect(stringify!($method));
        let asked = $fake.asked().expect("it was asked");
        assert_eq!((asked.what, asked.with), ($what, $with), "{}", stringify!($method));
    };
}

fn same_name() -> Value {
    json!("c")
}

#[tokio::test]
async fn collections_are_managed() {
    let (fake, mut client) = collections().await;
    asks!(fake, client.list(wire::ListCollectionsRequest {}), "list_collections", json!(null));
    let message = wire::GetCollectionInfoRequest { collection_name: name() };
    asks!(fake, client.get(message), "collection_info", same_name());
    let message = wire::CollectionExistsRequest { collection_name: name() };
    asks!(fake, client.collection_exists(message), "collection_exists", same_name());
    let message =
        wire::CreateCollection { collection_name: name(), shard_number: Some(1), ..Default::default() };
    let with = json!(["c", {"vectors": {}, "shard_number": 1}]);
    asks!(fake, client.create(message), "create_collection", with);
    let message = wire::UpdateCollection { collection_name: name(), ..Default::default() };
    asks!(fake, client.update(message), "update_collection", json!(["c", {}]));
    let message = wire::DeleteCollection { collection_name: name(), timeout: None };
    asks!(fake, client.delete(message), "delete_collection", same_name());
    let action = wire::alias_operations::Action::DeleteAlias(wire::DeleteAlias { alias_name: "a".into() });
    let message =
        wire::ChangeAliases { actions: vec![wire::AliasOperations { action: Some(action) }], timeout: None };
    let with = json!({"actions": [{"delete_alias": {"alias_name": "a"}}]});
    asks!(fake, client.update_aliases(message), "change_aliases", with);
    asks!(fake, client.list_aliases(wire::ListAliasesRequest {}), "list_aliases", json!(null));
    let message = wire::ListCollectionAliasesRequest { collection_name: name() };
    asks!(fake, client.list_collection_aliases(message), "list_aliases", same_name());
}

#[tokio::test]
async fn points_are_written() {
    let (fake, mut client) = points().await;
    let with = json!(["c", false, {"points": [{"id": 1, "vector": [0.5]}]}]);
    asks!(fake, client.upsert(one_point()), "upsert", with);
    let message = wire::UpsertPoints { wait: Some(true), ..one_point() };
    let with = json!(["c", true, {"points": [{"id": 1, "vector": [0.5]}]}]);
    asks!(fake, client.upsert(message), "upsert", with);
    let message = wire::DeletePoints { collection_name: name(), points: selected(), ..Default::default() };
    asks!(fake, client.delete(message), "delete_points", json!(["c", false, {"points": [1]}]));
    let set = || wire::SetPayloadPoints {
        collection_name: name(),
        points_selector: selected(),
        ..Default::default()
    };
    let with = json!(["c", false, {"points": [1], "payload": {}}]);
    asks!(fake, client.set_payload(set()), "set_payload", with.clone());
    asks!(fake, client.overwrite_payload(set()), "overwrite_payload", with);
    let message = wire::DeletePayloadPoints {
        collection_name: name(),
        keys: vec!["k".into()],
        points_selector: selected(),
        ..Default::default()
    };
    let with = json!(["c", false, {"points": [1], "keys": ["k"]}]);
    asks!(fake, client.delete_payload(message), "delete_payload", with);
    let message =
        wire::ClearPayloadPoints { collection_name: name(), points: selected(), ..Default::default() };
    asks!(fake, client.clear_payload(message), "clear_payload", json!(["c", false, {"points": [1]}]));
    let message = wire::UpdatePointVectors {
        collection_name: name(),
        points: vec![wire::PointVectors { id: Some(id(1)), vectors: vectors(&[0.5]) }],
        ..Default::default()
    };
    let with = json!(["c", false, {"points": [{"id": 1, "vector": [0.5]}]}]);
    asks!(fake, client.update_vectors(message), "update_vectors", with);
    let message = wire::DeletePointVectors {
        collection_name: name(),
        points_selector: selected(),
        vectors: Some(wire::VectorsSelector { names: vec!["v".into()] }),
        ..Default::default()
    };
    let with = json!(["c", false, {"points": [1], "vector": ["v"]}]);
    asks!(fake, client.delete_vectors(message), "delete_vectors", with);
    let clear = wire::points_update_operation::ClearPayload { points: selected(), shard_key_selector: None };
    let operation = wire::points_update_operation::Operation::ClearPayload(clear);
    let message = wire::UpdateBatchPoints {
        collection_name: name(),
        wait: Some(true),
        operations: vec![wire::PointsUpdateOperation { operation: Some(operation) }],
        ..Default::default()
    };
    let with = json!(["c", true, [{"clear_payload": {"points": [1]}}]]);
    asks!(fake, client.update_batch(message), "update_batch", with);
}

#[tokio::test]
async fn fields_and_names_are_added_and_dropped() {
    let (fake, mut client) = points().await;
    let message = wire::CreateFieldIndexCollection {
        collection_name: name(),
        field_name: "k".into(),
        field_type: Some(0),
        ..Default::default()
    };
    let with = json!(["c", false, {"field_name": "k", "field_schema": "keyword"}]);
    asks!(fake, client.create_field_index(message), "create_index", with);
    let message = wire::DeleteFieldIndexCollection {
        collection_name: name(),
        field_name: "k".into(),
        ..Default::default()
    };
    asks!(fake, client.delete_field_index(message), "delete_index", json!(["c", false, "k"]));
    let sparse = wire::create_vector_name_request::VectorConfig::SparseConfig(Default::default());
    let message = wire::CreateVectorNameRequest {
        collection_name: name(),
        vector_name: "v".into(),
        vector_config: Some(sparse),
        ..Default::default()
    };
    let with = json!(["c", false, ["v", {"sparse": {}}]]);
    asks!(fake, client.create_vector_name(message), "create_vector_name", with);
    let message = wire::DeleteVectorNameRequest {
        collection_name: name(),
        vector_name: "v".into(),
        ..Default::default()
    };
    asks!(fake, client.delete_vector_name(message), "delete_vector_name", json!(["c", false, "v"]));
}

#[tokio::test]
async fn points_are_read() {
    let (fake, mut client) = points().await;
    let message = wire::GetPoints { collection_name: name(), ids: vec![id(1)], ..Default::default() };
    asks!(fake, client.get(message), "get_points", json!(["c", {"ids": [1]}]));
    let message = wire::ScrollPoints { collection_name: name(), limit: Some(3), ..Default::default() };
    asks!(fake, client.scroll(message), "scroll", json!(["c", {"limit": 3}]));
    let message = wire::CountPoints { collection_name: name(), ..Default::default() };
    asks!(fake, client.count(message), "count", json!(["c", {}]));
    let message = wire::FacetCounts { collection_name: name(), key: "k".into(), ..Default::default() };
    asks!(fake, client.facet(message), "facet", json!(["c", {"key": "k"}]));
    let message = || wire::SearchMatrixPoints { collection_name: name(), ..Default::default() };
    asks!(fake, client.search_matrix_pairs(message()), "matrix_pairs", json!(["c", {}]));
    asks!(fake, client.search_matrix_offsets(message()), "matrix_offsets", json!(["c", {}]));
}

#[tokio::test]
async fn queries_are_asked() {
    let (fake, mut client) = points().await;
    let sample = || Some(wire::Query { variant: Some(wire::query::Variant::Sample(0)) });
    let message = || wire::QueryPoints { collection_name: name(), query: sample(), ..Default::default() };
    let with = json!({"query": {"sample": "random"}});
    asks!(fake, client.query(message()), "query", json!(["c", with]));
    let batch = wire::QueryBatchPoints {
        collection_name: name(),
        query_points: vec![message(), message()],
        ..Default::default()
    };
    asks!(fake, client.query_batch(batch), "query_batch", json!(["c", [with, with]]));
    let message = wire::QueryPointGroups {
        collection_name: name(),
        query: sample(),
        group_by: "k".into(),
        ..Default::default()
    };
    let with = json!(["c", {"query": {"sample": "random"}, "group_by": "k"}]);
    asks!(fake, client.query_groups(message), "query_groups", with);
}

#[tokio::test]
#[expect(deprecated, reason = "older clients call them")]
async fn older_queries_become_queries() {
    let (fake, mut client) = points().await;
    let search =
        || wire::SearchPoints { collection_name: name(), vector: vec![0.5], limit: 3, ..Default::default() };
    let with = json!({"query": [0.5], "limit": 3});
    asks!(fake, client.search(search()), "query", json!(["c", with]));
    let batch = wire::SearchBatchPoints {
        collection_name: name(),
        search_points: vec![search()],
        ..Default::default()
    };
    asks!(fake, client.search_batch(batch), "query_batch", json!(["c", [with]]));
    let groups = wire::SearchPointGroups {
        collection_name: name(),
        vector: vec![0.5],
        limit: 3,
        group_by: "k".into(),
        group_size: 2,
        ..Default::default()
    };
    let with = json!(["c", {"query": [0.5], "limit": 3, "group_by": "k", "group_size": 2}]);
    asks!(fake, client.search_groups(groups), "query_groups", with);

    let recommend = || wire::RecommendPoints {
        collection_name: name(),
        positive: vec![id(1)],
        limit: 3,
        ..Default::default()
    };
    let with = json!({"query": {"recommend": {"positive": [1], "negative": []}}, "limit": 3});
    asks!(fake, client.recommend(recommend()), "query", json!(["c", with]));
    let batch = wire::RecommendBatchPoints {
        collection_name: name(),
        recommend_points: vec![recommend()],
        ..Default::default()
    };
    asks!(fake, client.recommend_batch(batch), "query_batch", json!(["c", [with]]));
    let groups = wire::RecommendPointGroups {
        collection_name: name(),
        positive: vec![id(1)],
        limit: 3,
        group_by: "k".into(),
        group_size: 2,
        ..Default::default()
    };
    let with = json!(["c", {"query": {"recommend": {"positive": [1], "negative": []}}, "limit": 3,
        "group_by": "k", "group_size": 2}]);
    asks!(fake, client.recommend_groups(groups), "query_groups", with);

    let example =
        |num| Some(wire::VectorExample { example: Some(wire::vector_example::Example::Id(id(num))) });
    let discover = || wire::DiscoverPoints {
        collection_name: name(),
        context: vec![wire::ContextExamplePair { positive: example(1), negative: example(2) }],
        limit: 3,
        ..Default::default()
    };
    let with = json!({"query": {"context": [{"positive": 1, "negative": 2}]}, "limit": 3});
    asks!(fake, client.discover(discover()), "query", json!(["c", with]));
    let batch = wire::DiscoverBatchPoints {
        collection_name: name(),
        discover_points: vec![discover()],
        ..Default::default()
    };
    asks!(fake, client.discover_batch(batch), "query_batch", json!(["c", [with]]));
}

#[tokio::test]
async fn snapshots_are_managed() {
    let (fake, mut client) = snapshots().await;
    let message = wire::CreateSnapshotRequest { collection_name: name() };
    asks!(fake, client.create(message), "create_snapshot", same_name());
    let message = wire::ListSnapshotsRequest { collection_name: name() };
    asks!(fake, client.list(message), "list_snapshots", same_name());
    let message = wire::DeleteSnapshotRequest { collection_name: name(), snapshot_name: "s".into() };
    asks!(fake, client.delete(message), "delete_snapshot", json!(["c", "s"]));
    asks!(fake, client.create_full(wire::CreateFullSnapshotRequest {}), "create_snapshot", json!(null));
    asks!(fake, client.list_full(wire::ListFullSnapshotsRequest {}), "list_snapshots", json!(null));
    let message = wire::DeleteFullSnapshotRequest { snapshot_name: "s".into() };
    asks!(fake, client.delete_full(message), "delete_snapshot", json!([null, "s"]));
}
