//! The gRPC API, which is Qdrant's: messages in, messages out, and between them what REST calls too.
//!
//! A message is turned into the value that the same request has in REST ([`convert`]); the server answers it ([`api`]); the answer is turned
//! into the reply ([`services`]). Errors become statuses in one place ([`status`]). There is no reflection: the crate that the messages
//! come from exports no description of them.
//!
//! Threads: any; the services hold nothing but the server.

mod api;
mod app;
mod convert;
mod services;
mod status;

use std::sync::Arc;

use ::qdrant_client::qdrant as wire;
use tonic::codec::CompressionEncoding::Gzip;
use tonic::server::NamedService;
use tonic::service::Routes;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::HealthServer;
use tonic_health::server::{HealthReporter, HealthService};
use wire::collections_server::CollectionsServer;
use wire::points_server::PointsServer;
use wire::qdrant_server::QdrantServer;
use wire::snapshots_server::SnapshotsServer;

use crate::service::App;
use api::Api;
use services::{CollectionsService, PointsService, QdrantService, SnapshotsService};

/// The services, and what `grpc.health.v1.Health` says of them.
#[derive(Clone)]
pub struct Grpc {
    routes: Routes,
    reporter: HealthReporter,
}

impl Grpc {
    /// Serves a database.
    pub async fn of(app: Arc<App>, message_bytes_max: usize) -> Self {
        Self::new(Arc::new(app::Served(app)), message_bytes_max).await
    }

    /// Serves `api`. Messages longer than `message_bytes_max` are refused before they are decoded.
    async fn new(api: Arc<dyn Api>, message_bytes_max: usize) -> Self {
        let reporter = HealthReporter::new();
        let health = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));
        macro_rules! server {
            ($server:ident, $service:ident) => {
                $server::new($service(Arc::clone(&api)))
                    .accept_compressed(Gzip)
                    .send_compressed(Gzip)
                    .max_decoding_message_size(message_bytes_max)
            };
        }
        let routes = Routes::new(health)
            .add_service(server!(QdrantServer, QdrantService))
            .add_service(server!(CollectionsServer, CollectionsService))
            .add_service(server!(PointsServer, PointsService))
            .add_service(server!(SnapshotsServer, SnapshotsService))
            .prepare();
        let grpc = Self { routes, reporter };
        grpc.report(ServingStatus::Serving).await;
        grpc
    }

    /// What answers the requests of a port.
    pub fn routes(&self) -> Routes {
        self.routes.clone()
    }

    /// Says to those who ask for its health that the server is about to stop.
    pub async fn stopping(&self) {
        self.report(ServingStatus::NotServing).await;
    }

    async fn report(&self, status: ServingStatus) {
        let names = [
            "",
            QdrantServer::<QdrantService>::NAME,
            CollectionsServer::<CollectionsService>::NAME,
            PointsServer::<PointsService>::NAME,
            SnapshotsServer::<SnapshotsService>::NAME,
        ];
        for name in names {
            self.reporter.set_service_status(name, status).await;
        }
    }
}

#[cfg(test)]
mod tests;
