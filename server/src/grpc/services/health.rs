//! What the server is: the first thing that clients ask.

use std::sync::Arc;

use ::qdrant_client::qdrant as wire;
use tonic::{Request, Response, Status, async_trait};

use super::super::api::{About, Api};

/// Service `qdrant.Qdrant`.
pub(in crate::grpc) struct QdrantService(pub(in crate::grpc) Arc<dyn Api>);

#[async_trait]
impl wire::qdrant_server::Qdrant for QdrantService {
    async fn health_check(
        &self,
        _: Request<wire::HealthCheckRequest>,
    ) -> Result<Response<wire::HealthCheckReply>, Status> {
        let About { title, version, commit } = self.0.about();
        Ok(Response::new(wire::HealthCheckReply { title, version, commit }))
    }
}
