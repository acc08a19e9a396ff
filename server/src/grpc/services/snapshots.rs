//! Snapshots of a collection and of all.

use std::sync::Arc;
use std::time::Instant;

use ::qdrant_client::qdrant as wire;
use tonic::{Request, Response, Status, async_trait};

use super::super::api::{Api, Call};
use super::super::convert::replies::snapshot_message;
use super::super::status::status;
use super::{named, open, seconds_since};

/// Service `qdrant.Snapshots`.
pub(in crate::grpc) struct SnapshotsService(pub(in crate::grpc) Arc<dyn Api>);

impl SnapshotsService {
    async fn created(
        &self,
        call: Call,
        collection: Option<String>,
    ) -> Result<Response<wire::CreateSnapshotResponse>, Status> {
        let began = call.began;
        let snapshot = self.0.create_snapshot(call, collection).await.map_err(status)?;
        Ok(Response::new(wire::CreateSnapshotResponse {
            snapshot_description: Some(snapshot_message(snapshot)),
            time: seconds_since(began),
        }))
    }

    async fn listed(
        &self,
        call: Call,
        collection: Option<String>,
    ) -> Result<Response<wire::ListSnapshotsResponse>, Status> {
        let began = call.began;
        let snapshots = self.0.list_snapshots(call, collection).await.map_err(status)?;
        Ok(Response::new(wire::ListSnapshotsResponse {
            snapshot_descriptions: snapshots.into_iter().map(snapshot_message).collect(),
            time: seconds_since(began),
        }))
    }
}

fn deleted(began: Instant) -> Response<wire::DeleteSnapshotResponse> {
    Response::new(wire::DeleteSnapshotResponse { time: seconds_since(began) })
}

#[async_trait]
impl wire::snapshots_server::Snapshots for SnapshotsService {
    async fn create(
        &self,
        request: Request<wire::CreateSnapshotRequest>,
    ) -> Result<Response<wire::CreateSnapshotResponse>, Status> {
        let (mut message, call) = open(request, |_| None)?;
        self.created(call, Some(named(&mut message.collection_name)?)).await
    }

    async fn list(
        &self,
        request: Request<wire::ListSnapshotsRequest>,
    ) -> Result<Response<wire::ListSnapshotsResponse>, Status> {
        let (mut message, call) = open(request, |_| None)?;
        self.listed(call, Some(named(&mut message.collection_name)?)).await
    }

    async fn delete(
        &self,
        request: Request<wire::DeleteSnapshotRequest>,
    ) -> Result<Response<wire::DeleteSnapshotResponse>, Status> {
        let (mut message, call) = open(request, |_| None)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        self.0.delete_snapshot(call, Some(collection), message.snapshot_name).await.map_err(status)?;
        Ok(deleted(began))
    }

    async fn create_full(
        &self,
        request: Request<wire::CreateFullSnapshotRequest>,
    ) -> Result<Response<wire::CreateSnapshotResponse>, Status> {
        let (_, call) = open(request, |_| None)?;
        self.created(call, None).await
    }

    async fn list_full(
        &self,
        request: Request<wire::ListFullSnapshotsRequest>,
    ) -> Result<Response<wire::ListSnapshotsResponse>, Status> {
        let (_, call) = open(request, |_| None)?;
        self.listed(call, None).await
    }

    async fn delete_full(
        &self,
        request: Request<wire::DeleteFullSnapshotRequest>,
    ) -> Result<Response<wire::DeleteSnapshotResponse>, Status> {
        let (message, call) = open(request, |_| None)?;
        let began = call.began;
        self.0.delete_snapshot(call, None, message.snapshot_name).await.map_err(status)?;
        Ok(deleted(began))
    }
}
