//! What is refused and how, how long a call may take, compression, size, and the health of the services.

use super::*;
use crate::error::{ApiError, Kind};
use std::time::Duration;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::{Code, Request};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;
use wire::qdrant_client::QdrantClient;

#[tokio::test]
async fn errors_are_statuses() {
    let (fake, mut client) = points().await;
    fake.fail(ApiError::no_collection("c"));
    let status = client.upsert(one_point()).await.expect_err("no collection");
    let text = "Not found: Collection `c` doesn't exist!";
    assert_eq!((status.code(), status.message()), (Code::NotFound, text));
    let mut error = ApiError::new(Kind::RateLimited, "Write rate limit exceeded");
    error.retry_after = Some(Duration::from_millis(2500));
    fake.fail(error);
    let status = client.upsert(one_point()).await.expect_err("too many");
    let text = "Rate limiting exceeded: Write rate limit exceeded";
    assert_eq!((status.code(), status.message()), (Code::ResourceExhausted, text));
    assert_eq!(status.metadata().get("retry-after").and_then(|value| value.to_str().ok()), Some("3"));
}

#[tokio::test]
async fn what_cannot_be_read_never_reaches_the_server() {
    let (fake, mut client) = points().await;
    let nothing = wire::UpsertPoints { points: vec![wire::PointStruct::default()], ..one_point() };
    let status = client.upsert(nothing).await.expect_err("no id");
    let text = "Format error in message: points[0].id: required, but not given";
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, text));

    let empty = wire::PointStruct { id: Some(id(1)), vectors: vectors(&[]), ..Default::default() };
    let status = client
        .upsert(wire::UpsertPoints { points: vec![empty], ..one_point() })
        .await
        .expect_err("an empty vector");
    let text = "Validation error in body: [points[0].vector: dense vector must not be empty]";
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, text));

    let none = wire::QueryPoints { collection_name: name(), limit: Some(0), ..Default::default() };
    let batch = wire::QueryBatchPoints {
        collection_name: name(),
        query_points: vec![wire::QueryPoints::default(), none],
        ..Default::default()
    };
    let status = client.query_batch(batch).await.expect_err("no results at all");
    let text = "Validation error in body: [query_points[1].limit: value 0 invalid, must be 1 or larger]";
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, text));

    let message = wire::CountPoints { collection_name: name(), timeout: Some(0), ..Default::default() };
    let status = client.count(message).await.expect_err("no time");
    let text = "Validation error in body: [timeout: value 0 invalid, must be 1 or larger]";
    assert_eq!(status.message(), text);
    assert_eq!(fake.asked(), None);
}

#[tokio::test]
async fn new_collections_have_good_names_and_limits() {
    let (fake, mut client) = collections().await;
    let message = wire::CreateCollection {
        collection_name: "a/b".into(),
        hnsw_config: Some(wire::HnswConfigDiff { ef_construct: Some(1), ..Default::default() }),
        ..Default::default()
    };
    let status = client.create(message).await.expect_err("a bad name");
    let text = "Validation error in body: [collection_name: cannot contain '/'; \
        hnsw_config.ef_construct: value 1 invalid, must be 4 or larger]";
    assert_eq!((status.code(), status.message()), (Code::InvalidArgument, text));
    assert_eq!(fake.asked(), None);
}

#[tokio::test]
async fn what_needs_a_cluster_is_not_there() {
    let (_, mut client) = collections().await;
    let message = wire::ListShardKeysRequest { collection_name: name() };
    let statuses = [
        client.list_shard_keys(message).await.expect_err("no cluster"),
        client.create_shard_key(wire::CreateShardKeyRequest::default()).await.expect_err("no cluster"),
        client.delete_shard_key(wire::DeleteShardKeyRequest::default()).await.expect_err("no cluster"),
        client
            .update_collection_cluster_setup(wire::UpdateCollectionClusterSetupRequest::default())
            .await
            .expect_err("no cluster"),
        client
            .collection_cluster_info(wire::CollectionClusterInfoRequest::default())
            .await
            .expect_err("no cluster"),
    ];
    for status in statuses {
        assert_eq!(status.code(), Code::Unimplemented);
        assert!(status.message().contains("standalone mode"), "{}", status.message());
    }
}

#[tokio::test]
async fn the_shorter_time_reaches_the_server() {
    let (fake, mut client) = points().await;
    let message = |timeout| wire::CountPoints { collection_name: name(), timeout, ..Default::default() };
    client.count(message(None)).await.expect("a reply");
    assert_eq!(fake.asked().and_then(|asked| asked.timeout), None);
    let mut request = Request::new(message(Some(9)));
    request.set_timeout(Duration::from_secs(2));
    client.count(request).await.expect("a reply");
    assert_eq!(fake.asked().and_then(|asked| asked.timeout), Some(Duration::from_secs(2)));
    let mut request = Request::new(message(Some(1)));
    request.set_timeout(Duration::from_secs(2));
    client.count(request).await.expect("a reply");
    assert_eq!(fake.asked().and_then(|asked| asked.timeout), Some(Duration::from_secs(1)));
}

#[tokio::test]
async fn what_the_layers_found_out_reaches_the_server() {
    let (fake, mut client) = points().await;
    let mut request = Request::new(one_point());
    request.extensions_mut().insert(fake::Caller("reader"));
    client.upsert(request).await.expect("a reply");
    assert_eq!(fake.asked().and_then(|asked| asked.caller), Some(fake::Caller("reader")));
}

#[tokio::test]
async fn messages_may_be_compressed() {
    let (fake, client) = points().await;
    let mut client = client.send_compressed(Gzip).accept_compressed(Gzip);
    let reply = client.upsert(one_point()).await.expect("a reply");
    let encoding = reply.metadata().get("grpc-encoding").and_then(|value| value.to_str().ok());
    assert_eq!(encoding, Some("gzip"));
    assert!(fake.asked().is_some());
}

#[tokio::test]
async fn messages_that_are_too_large_are_refused() {
    let (fake, mut client) = points().await;
    let of = |dim: usize| {
        let point =
            wire::PointStruct { id: Some(id(1)), vectors: vectors(&vec![0.5; dim]), ..Default::default() };
        wire::UpsertPoints { points: vec![point], ..one_point() }
    };
    let status = client.upsert(of(20_000)).await.expect_err("80,000 bytes");
    assert_eq!(status.code(), Code::OutOfRange);
    assert_eq!(fake.asked(), None);
    client.upsert(of(16_000)).await.expect("64,000 bytes");
}

#[tokio::test]
async fn clients_learn_what_the_server_is() {
    let (_, routes) = served().await;
    let reply = QdrantClient::new(routes).health_check(wire::HealthCheckRequest {}).await.expect("a reply");
    let expected = wire::HealthCheckReply { title: "t".into(), version: "1.20.0".into(), commit: None };
    assert_eq!(reply.into_inner(), expected);
}

#[tokio::test]
async fn services_are_healthy_until_the_server_stops() {
    let grpc = Grpc::new(Arc::new(Fake::default()), 64 << 10).await;
    let mut client = HealthClient::new(grpc.routes());
    let mut health = async |service: &str| {
        let request = HealthCheckRequest { service: service.to_owned() };
        client.check(request).await.map(|reply| reply.into_inner().status())
    };
    let names = ["", "qdrant.Qdrant", "qdrant.Collections", "qdrant.Points", "qdrant.Snapshots"];
    for name in names {
        assert_eq!(health(name).await.expect(name), ServingStatus::Serving);
    }
    assert_eq!(health("qdrant.Other").await.expect_err("no such service").code(), Code::NotFound);
    grpc.stopping().await;
    for name in names {
        assert_eq!(health(name).await.expect(name), ServingStatus::NotServing);
    }
}
