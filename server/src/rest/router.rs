//! The table of contents: every route, and what answers it.

use super::path::FoldSlashes;
use super::{collections, health, points};
use crate::metrics::{Metrics, Route as Recorded};
use crate::service::App;
use axum::Router;
use axum::body::{Bytes, HttpBody};
use axum::extract::{MatchedPath, RawPathParams, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use std::convert::Infallible;
use std::error::Error;
use std::sync::Arc;
use tower::Service;
use tower_http::compression::CompressionLayer;

/// One route, for tests that must know them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// `GET`, `POST`, ...
    pub method: &'static str,
    /// With names in braces.
    pub path: &'static str,
}

/// Functions of methods, by the names that the table has.
mod method {
    pub(super) use axum::routing::{delete as DELETE, get as GET, patch as PATCH, post as POST, put as PUT};
}

macro_rules! table {
    ($($method:ident $path:literal => $handler:path;)+) => {
        /// Every route.
        pub fn routes() -> Vec<Route> {
            vec![$(Route { method: stringify!($method), path: $path }),+]
        }

        fn table() -> Router<Arc<App>> {
            Router::new()$(.route($path, method::$method($handler)))+
        }
    };
}

table! {
    GET "/" => health::root;
    GET "/healthz" => health::alive;
    GET "/livez" => health::alive;
    GET "/readyz" => health::ready;
    GET "/metrics" => health::metrics;
    GET "/telemetry" => health::telemetry;
    GET "/cluster" => health::cluster;
    POST "/cluster/recover" => health::needs_cluster;
    DELETE "/cluster/peer/{id}" => health::needs_cluster;
    GET "/cluster/telemetry" => health::needs_cluster;
    GET "/issues" => health::issues;
    DELETE "/issues" => health::clear_issues;

    GET "/collections" => collections::list;
    POST "/collections/aliases" => collections::change_aliases;
    GET "/aliases" => collections::aliases;
    GET "/collections/{collection_name}" => collections::info;
    PUT "/collections/{collection_name}" => collections::create;
    PATCH "/collections/{collection_name}" => collections::update;
    DELETE "/collections/{collection_name}" => collections::delete;
    GET "/collections/{collection_name}/exists" => collections::exists;
    GET "/collections/{collection_name}/aliases" => collections::collection_aliases;
    PUT "/collections/{collection_name}/index" => collections::create_index;
    DELETE "/collections/{collection_name}/index/{field_name}" => collections::delete_index;
    POST "/collections/{collection_name}/cluster" => health::needs_cluster;
    PUT "/collections/{collection_name}/shards" => health::needs_cluster;
    GET "/collections/{collection_name}/shards" => health::needs_cluster;
    POST "/collections/{collection_name}/shards/delete" => health::needs_cluster;

    PUT "/collections/{collection_name}/points" => points::upsert;
    POST "/collections/{collection_name}/points" => points::get;
    GET "/collections/{collection_name}/points/{id}" => points::get_one;
    POST "/collections/{collection_name}/points/delete" => points::delete;
    POST "/collections/{collection_name}/points/payload" => points::set_payload;
    PUT "/collections/{collection_name}/points/payload" => points::overwrite_payload;
    POST "/collections/{collection_name}/points/payload/delete" => points::delete_payload;
    POST "/collections/{collection_name}/points/payload/clear" => points::clear_payload;
    PUT "/collections/{collection_name}/points/vectors" => points::update_vectors;
    POST "/collections/{collection_name}/points/vectors/delete" => points::delete_vectors;
    POST "/collections/{collection_name}/points/batch" => points::batch;
    POST "/collections/{collection_name}/points/scroll" => points::scroll;
    POST "/collections/{collection_name}/points/count" => points::count;
    POST "/collections/{collection_name}/facet" => points::facet;
    POST "/collections/{collection_name}/points/query" => points::query;
    POST "/collections/{collection_name}/points/query/batch" => points::query_batch;
    POST "/collections/{collection_name}/points/query/groups" => points::query_groups;
    POST "/collections/{collection_name}/points/search" => points::search;
    POST "/collections/{collection_name}/points/search/batch" => points::search_batch;
    POST "/collections/{collection_name}/points/search/groups" => points::search_groups;
    POST "/collections/{collection_name}/points/search/matrix/pairs" => points::matrix_pairs;
    POST "/collections/{collection_name}/points/search/matrix/offsets" => points::matrix_offsets;
    POST "/collections/{collection_name}/points/recommend" => points::recommend;
    POST "/collections/{collection_name}/points/recommend/batch" => points::recommend_batch;
    POST "/collections/{collection_name}/points/recommend/groups" => points::recommend_groups;
    POST "/collections/{collection_name}/points/discover" => points::discover;
    POST "/collections/{collection_name}/points/discover/batch" => points::discover_batch;
}

/// The service of the REST port, without keys and limits.
pub fn rest<B>(
    app: Arc<App>,
    metrics: Arc<Metrics>,
) -> impl Service<Request<B>, Response = Response, Error = Infallible, Future: Send> + Clone + Send + Sync + 'static
where
    B: HttpBody<Data = Bytes, Error: Into<Box<dyn Error + Send + Sync>>> + Send + 'static,
{
    let router = table()
        .with_state(app)
        .route_layer(from_fn(recorded))
        .layer(axum::Extension(metrics))
        .layer(CompressionLayer::new())
        .fallback(async || StatusCode::NOT_FOUND);
    FoldSlashes(router)
}

/// Tells metrics and log which route a request took.
async fn recorded(route: MatchedPath, params: RawPathParams, request: Request, next: Next) -> Response {
    let collection =
        params.iter().find(|(key, _)| *key == "collection_name").map(|(_, name)| name.to_owned());
    let recorded = Recorded { template: route.as_str().to_owned(), collection };
    let mut response = next.run(request).await;
    response.extensions_mut().insert(recorded);
    response
}
