//! The services over a server that only takes down what it is asked, called through the clients of the crate that has the messages.

mod answers;
mod edges;
mod fake;
mod requests;

use std::sync::Arc;

use ::qdrant_client::qdrant as wire;
use tonic::service::Routes;
use wire::collections_client::CollectionsClient;
use wire::points_client::PointsClient;
use wire::snapshots_client::SnapshotsClient;

use super::Grpc;
use fake::Fake;

/// A server that was asked nothing yet, and its services.
async fn served() -> (Arc<Fake>, Routes) {
    let fake = Arc::new(Fake::default());
    let grpc = Grpc::new(Arc::clone(&fake) as _, 64 << 10).await;
    (fake, grpc.routes())
}

async fn points() -> (Arc<Fake>, PointsClient<Routes>) {
    let (fake, routes) = served().await;
    (fake, PointsClient::new(routes))
}

async fn collections() -> (Arc<Fake>, CollectionsClient<Routes>) {
    let (fake, routes) = served().await;
    (fake, CollectionsClient::new(routes))
}

async fn snapshots() -> (Arc<Fake>, SnapshotsClient<Routes>) {
    let (fake, routes) = served().await;
    (fake, SnapshotsClient::new(routes))
}

fn name() -> String {
    "c".to_owned()
}

fn id(num: u64) -> wire::PointId {
    wire::PointId { point_id_options: Some(wire::point_id::PointIdOptions::Num(num)) }
}

fn selected() -> Option<wire::PointsSelector> {
    let ids = wire::PointsIdsList { ids: vec![id(1)] };
    let chosen = wire::points_selector::PointsSelectorOneOf::Points(ids);
    Some(wire::PointsSelector { points_selector_one_of: Some(chosen) })
}

fn vectors(data: &[f32]) -> Option<wire::Vectors> {
    let dense = wire::vector::Vector::Dense(wire::DenseVector { data: data.to_vec() });
    let vector = wire::Vector { vector: Some(dense), ..Default::default() };
    Some(wire::Vectors { vectors_options: Some(wire::vectors::VectorsOptions::Vector(vector)) })
}

fn one_point() -> wire::UpsertPoints {
    wire::UpsertPoints {
        collection_name: name(),
        points: vec![wire::PointStruct { id: Some(id(1)), vectors: vectors(&[0.5]), ..Default::default() }],
        ..Default::default()
    }
}
