//! Routes of points: writes, reads and queries, the older forms among them.

use super::answer::{Received, failed};
use super::params::Params;
use crate::engine_pool::Work;
use crate::error::{ApiError, Kind, Result};
use crate::service::{App, Scope, query, read, write};
use axum::extract::{Path, State};
use axum::response::Response;
use nigh_api::{
    CountRequest, CountResult, DeletePayload, DeleteVectors, DiscoverRequest, FacetRequest, OlderGroups,
    PointId, PointRequest, PointsSelector, QueryGroupsRequest, QueryRequest, QueryRequestBatch,
    QueryResponse, RecommendRequest, ScoredPoint, ScrollRequest, SearchMatrixRequest, SearchRequest,
    Searches, SetPayload, UpdateOperations, UpdateResult, UpdateVectors, UpsertPoints, Validate,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Instant;

type Server = State<Arc<App>>;
type Name = Path<String>;

/// A write, and whether its answer waits for it.
async fn write_with<B: DeserializeOwned + Validate, T: Serialize>(
    app: &Arc<App>,
    params: &Params,
    request: Received,
    service: impl FnOnce(&Scope, B, bool) -> Result<T> + Send + 'static,
) -> Response {
    match params.writes() {
        Ok((wait, reads)) => {
            request.run_with(app, Work::Write, Ok(reads), move |scope, body| service(scope, body, wait)).await
        }
        Err(e) => failed(&e, Instant::now()),
    }
}

macro_rules! writes {
    ($($handler:ident: $body:ty => $service:path;)+) => {$(
        pub(super) async fn $handler(State(app): Server, Path(name): Name, params: Params, request: Received) -> Response {
            let service = move |scope: &Scope, body: $body, wait: bool| -> Result<UpdateResult> {
                $service(scope, &name, body, wait)
            };
            write_with(&app, &params, request, service).await
        }
    )+};
}

writes! {
    upsert: UpsertPoints => write::upsert;
    delete: PointsSelector => write::delete;
    set_payload: SetPayload => write::set_payload;
    overwrite_payload: SetPayload => write::overwrite_payload;
    delete_payload: DeletePayload => write::delete_payload;
    clear_payload: PointsSelector => write::clear_payload;
    update_vectors: UpdateVectors => write::update_vectors;
    delete_vectors: DeleteVectors => write::delete_vectors;
}

pub(super) async fn batch(
    State(app): Server,
    Path(name): Name,
    params: Params,
    request: Received,
) -> Response {
    let service = move |scope: &Scope, body: UpdateOperations, wait: bool| {
        write::batch(scope, &name, body.operations, wait)
    };
    write_with(&app, &params, request, service).await
}

macro_rules! reads {
    ($($handler:ident: $body:ty => |$scope:ident, $name:ident, $read:ident| $service:expr;)+) => {$(
        pub(super) async fn $handler(State(app): Server, Path($name): Name, params: Params, request: Received) -> Response {
            let service = move |$scope: &Scope, $read: $body| { let $name = $name.as_str(); $service };
            request.run_with(&app, Work::Read, params.reads(), service).await
        }
    )+};
}

reads! {
    get: PointRequest => |scope, name, body| read::get(scope, name, body);
    scroll: ScrollRequest => |scope, name, body| read::scroll(scope, name, body);
    count: CountRequest => |scope, name, body| read::count(scope, name, body).map(|count| CountResult { count });
    facet: FacetRequest => |scope, name, body| read::facet(scope, name, body);
    matrix_pairs: SearchMatrixRequest => |scope, name, body| read::matrix_pairs(scope, name, body);
    matrix_offsets: SearchMatrixRequest => |scope, name, body| read::matrix_offsets(scope, name, body);
    query: QueryRequest => |scope, name, body| query::query(scope, name, body);
    query_batch: QueryRequestBatch => |scope, name, body| query::batch(scope, name, body.searches);
    query_groups: QueryGroupsRequest => |scope, name, body| query::groups(scope, name, body);
    search: SearchRequest => |scope, name, body| older(scope, name, body.into_query());
    search_batch: Searches<SearchRequest> => |scope, name, body| {
        older_batch(scope, name, body.searches.into_iter().map(SearchRequest::into_query).collect())
    };
    search_groups: OlderGroups<SearchRequest> => |scope, name, body| {
        query::groups(scope, name, body.into_query(SearchRequest::into_query))
    };
    recommend: RecommendRequest => |scope, name, body| older(scope, name, body.into_query());
    recommend_batch: Searches<RecommendRequest> => |scope, name, body| {
        older_batch(scope, name, body.searches.into_iter().map(RecommendRequest::into_query).collect())
    };
    recommend_groups: OlderGroups<RecommendRequest> => |scope, name, body| {
        query::groups(scope, name, body.into_query(RecommendRequest::into_query))
    };
    discover: DiscoverRequest => |scope, name, body| older(scope, name, body.into_query());
    discover_batch: Searches<DiscoverRequest> => |scope, name, body| {
        older_batch(scope, name, body.searches.into_iter().map(DiscoverRequest::into_query).collect())
    };
}

/// The older forms answer with a bare list.
fn older(scope: &Scope, name: &str, body: QueryRequest) -> Result<Vec<ScoredPoint>> {
    query::query(scope, name, body).map(|QueryResponse { points }| points)
}

fn older_batch(scope: &Scope, name: &str, bodies: Vec<QueryRequest>) -> Result<Vec<Vec<ScoredPoint>>> {
    Ok(query::batch(scope, name, bodies)?.into_iter().map(|QueryResponse { points }| points).collect())
}

pub(super) async fn get_one(
    State(app): Server,
    Path((name, id)): Path<(String, String)>,
    params: Params,
    request: Received,
) -> Response {
    let Some(id) = PointId::parse(&id) else {
        let shown: String = id.chars().take(64).collect();
        let message = format!("Can not recognize \"{shown}\" as point id");
        return failed(&ApiError::new(Kind::BadInput, message), Instant::now());
    };
    request.run(&app, Work::Read, params.reads(), move |scope| read::get_one(scope, &name, id)).await
}
