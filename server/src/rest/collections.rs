//! Routes of collections, aliases and payload indexes.

use super::answer::Received;
use super::params::Params;
use crate::engine_pool::Work;
use crate::error::Result;
use crate::service::{App, collections, indexes};
use axum::extract::{Path, State};
use axum::response::Response;
use nigh_api::{
    ChangeAliases, CollectionDescription, CollectionExistence, CollectionsAliasesResponse,
    CollectionsResponse, CreateCollection, CreateFieldIndex, UpdateCollection,
};
use std::sync::Arc;

type Server = State<Arc<App>>;
type Name = Path<String>;

pub(super) async fn list(State(app): Server, params: Params, request: Received) -> Response {
    let service = |scope: &_| -> Result<_> {
        let collections = collections::list(scope)?.into_iter().map(|name| CollectionDescription { name });
        Ok(CollectionsResponse { collections: collections.collect() })
    };
    request.run(&app, Work::Read, params.reads(), service).await
}

pub(super) async fn info(
    State(app): Server,
    Path(name): Name,
    params: Params,
    request: Received,
) -> Response {
    request.run(&app, Work::Admin, params.reads(), move |scope| collections::info(scope, &name)).await
}

pub(super) async fn exists(
    State(app): Server,
    Path(name): Name,
    params: Params,
    request: Received,
) -> Response {
    let service = move |scope: &_| -> Result<_> {
        Ok(CollectionExistence { exists: collections::exists(scope, &name)? })
    };
    request.run(&app, Work::Read, params.reads(), service).await
}

pub(super) async fn create(
    State(app): Server,
    Path(name): Name,
    params: Params,
    request: Received,
) -> Response {
    let service = move |scope: &_, body: CreateCollection| collections::create(scope, &name, body);
    request.run_with(&app, Work::Admin, params.reads(), service).await
}

pub(super) async fn update(
    State(app): Server,
    Path(name): Name,
    params: Params,
    request: Received,
) -> Response {
    let service = move |scope: &_, body: UpdateCollection| collections::update(scope, &name, body);
    request.run_with(&app, Work::Admin, params.reads(), service).await
}

pub(super) async fn delete(
    State(app): Server,
    Path(name): Name,
    params: Params,
    request: Received,
) -> Response {
    request.run(&app, Work::Admin, params.reads(), move |scope| collections::delete(scope, &name)).await
}

pub(super) async fn change_aliases(State(app): Server, params: Params, request: Received) -> Response {
    let service = |scope: &_, body: ChangeAliases| collections::change_aliases(scope, body);
    request.run_with(&app, Work::Admin, params.reads(), service).await
}

pub(super) async fn aliases(State(app): Server, params: Params, request: Received) -> Response {
    let service = |scope: &_| -> Result<_> {
        Ok(CollectionsAliasesResponse { aliases: collections::aliases(scope, None)? })
    };
    request.run(&app, Work::Read, params.reads(), service).await
}

pub(super) async fn collection_aliases(
    State(app): Server,
    Path(name): Name,
    params: Params,
    request: Received,
) -> Response {
    let service = move |scope: &_| -> Result<_> {
        Ok(CollectionsAliasesResponse { aliases: collections::aliases(scope, Some(&name))? })
    };
    request.run(&app, Work::Read, params.reads(), service).await
}

pub(super) async fn create_index(
    State(app): Server,
    Path(name): Name,
    params: Params,
    request: Received,
) -> Response {
    let reads = params.writes().map(|(_, reads)| reads);
    let service = move |scope: &_, body: CreateFieldIndex| indexes::create(scope, &name, body);
    request.run_with(&app, Work::Admin, reads, service).await
}

pub(super) async fn delete_index(
    State(app): Server,
    Path((name, field)): Path<(String, String)>,
    params: Params,
    request: Received,
) -> Response {
    let reads = params.writes().map(|(_, reads)| reads);
    request.run(&app, Work::Admin, reads, move |scope| indexes::delete(scope, &name, &field)).await
}
