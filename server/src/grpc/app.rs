//! The server behind the services: each request goes over the bridge to the same function that REST calls.

use std::sync::Arc;

use nigh_api::{
    AliasDescription, ChangeAliases, CollectionInfo, CountRequest, CreateCollection, CreateFieldIndex,
    CreateVectorName, DeletePayload, DeleteVectors, FacetRequest, FacetResponse, GroupsResult, PointRequest,
    PointsSelector, QueryGroupsRequest, QueryRequest, QueryResponse, Record, ScrollRequest, ScrollResult,
    SearchMatrixOffsets, SearchMatrixPairs, SearchMatrixRequest, SetPayload, SnapshotDescription,
    UpdateCollection, UpdateOperation, UpdateResult, UpdateVectors, UpsertPoints,
};
use tonic::async_trait;

use super::api::{About, Api, Call, Target};
use crate::auth::Access;
use crate::engine_pool::Work;
use crate::error::{ApiError, Kind, Result};
use crate::service::{self, App, Scope, VERSION, collections, indexes, query, read, write};

/// The server.
#[derive(Debug)]
pub(super) struct Served(pub(super) Arc<App>);

impl Served {
    async fn run<T: Send + 'static>(
        &self,
        work: Work,
        call: Call,
        service: impl FnOnce(&Scope) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Some(access) = call.extensions.get::<Arc<Access>>().cloned() else {
            return Err(ApiError::new(Kind::Internal, "nobody asked for a key"));
        };
        let call = service::Call { access, timeout: call.timeout, began: call.began };
        self.0.run(work, call, service).await
    }

    /// A write to a collection.
    async fn write<T: Send + 'static>(
        &self,
        call: Call,
        target: Target,
        service: impl FnOnce(&Scope, &str, bool) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let Target { collection, wait } = target;
        self.run(Work::Write, call, move |scope| service(scope, &collection, wait)).await
    }

    /// A read of a collection.
    async fn read<T: Send + 'static>(
        &self,
        call: Call,
        collection: String,
        service: impl FnOnce(&Scope, &str) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(Work::Read, call, move |scope| service(scope, &collection)).await
    }

    /// Something about a collection as a whole.
    async fn admin<T: Send + 'static>(
        &self,
        call: Call,
        collection: String,
        service: impl FnOnce(&Scope, &str) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.run(Work::Admin, call, move |scope| service(scope, &collection)).await
    }
}

#[async_trait]
impl Api for Served {
    fn about(&self) -> About {
        let commit = Some(env!("CARGO_PKG_VERSION").to_owned());
        About { title: self.0.names.title.clone(), version: VERSION.to_owned(), commit }
    }

    async fn list_collections(&self, call: Call) -> Result<Vec<String>> {
        self.run(Work::Read, call, collections::list).await
    }

    async fn collection_exists(&self, call: Call, collection: String) -> Result<bool> {
        self.read(call, collection, collections::exists).await
    }

    async fn collection_info(&self, call: Call, collection: String) -> Result<CollectionInfo> {
        self.admin(call, collection, collections::info).await
    }

    async fn create_collection(&self, call: Call, name: String, body: CreateCollection) -> Result<bool> {
        self.admin(call, name, |scope, name| collections::create(scope, name, body)).await
    }

    async fn update_collection(
        &self,
        call: Call,
        collection: String,
        body: UpdateCollection,
    ) -> Result<bool> {
        self.admin(call, collection, |scope, name| collections::update(scope, name, body)).await
    }

    async fn delete_collection(&self, call: Call, collection: String) -> Result<bool> {
        self.admin(call, collection, collections::delete).await
    }

    async fn change_aliases(&self, call: Call, body: ChangeAliases) -> Result<bool> {
        self.run(Work::Admin, call, |scope| collections::change_aliases(scope, body)).await
    }

    async fn list_aliases(&self, call: Call, collection: Option<String>) -> Result<Vec<AliasDescription>> {
        self.run(Work::Read, call, move |scope| collections::aliases(scope, collection.as_deref())).await
    }

    async fn upsert(&self, call: Call, target: Target, body: UpsertPoints) -> Result<UpdateResult> {
        self.write(call, target, |scope, name, wait| write::upsert(scope, name, body, wait)).await
    }

    async fn delete_points(&self, call: Call, target: Target, body: PointsSelector) -> Result<UpdateResult> {
        self.write(call, target, |scope, name, wait| write::delete(scope, name, body, wait)).await
    }

    async fn set_payload(&self, call: Call, target: Target, body: SetPayload) -> Result<UpdateResult> {
        self.write(call, target, |scope, name, wait| write::set_payload(scope, name, body, wait)).await
    }

    async fn overwrite_payload(&self, call: Call, target: Target, body: SetPayload) -> Result<UpdateResult> {
        self.write(call, target, |scope, name, wait| write::overwrite_payload(scope, name, body, wait)).await
    }

    async fn delete_payload(&self, call: Call, target: Target, body: DeletePayload) -> Result<UpdateResult> {
        self.write(call, target, |scope, name, wait| write::delete_payload(scope, name, body, wait)).await
    }

    async fn clear_payload(&self, call: Call, target: Target, body: PointsSelector) -> Result<UpdateResult> {
        self.write(call, target, |scope, name, wait| write::clear_payload(scope, name, body, wait)).await
    }

    async fn update_vectors(&self, call: Call, target: Target, body: UpdateVectors) -> Result<UpdateResult> {
        self.write(call, target, |scope, name, wait| write::update_vectors(scope, name, body, wait)).await
    }

    async fn delete_vectors(&self, call: Call, target: Target, body: DeleteVectors) -> Result<UpdateResult> {
        self.write(call, target, |scope, name, wait| write::delete_vectors(scope, name, body, wait)).await
    }

    async fn update_batch(
        &self,
        call: Call,
        target: Target,
        operations: Vec<UpdateOperation>,
    ) -> Result<Vec<UpdateResult>> {
        self.write(call, target, |scope, name, wait| write::batch(scope, name, operations, wait)).await
    }

    async fn create_index(&self, call: Call, target: Target, body: CreateFieldIndex) -> Result<UpdateResult> {
        self.admin(call, target.collection, |scope, name| indexes::create(scope, name, body)).await
    }

    async fn delete_index(&self, call: Call, target: Target, field: String) -> Result<UpdateResult> {
        self.admin(call, target.collection, move |scope, name| indexes::delete(scope, name, &field)).await
    }

    async fn create_vector_name(
        &self,
        _: Call,
        _: Target,
        _: String,
        _: CreateVectorName,
    ) -> Result<UpdateResult> {
        Err(not_yet("vector names"))
    }

    async fn delete_vector_name(&self, _: Call, _: Target, _: String) -> Result<UpdateResult> {
        Err(not_yet("vector names"))
    }

    async fn get_points(&self, call: Call, collection: String, body: PointRequest) -> Result<Vec<Record>> {
        self.read(call, collection, |scope, name| read::get(scope, name, body)).await
    }

    async fn scroll(&self, call: Call, collection: String, body: ScrollRequest) -> Result<ScrollResult> {
        self.read(call, collection, |scope, name| read::scroll(scope, name, body)).await
    }

    async fn count(&self, call: Call, collection: String, body: CountRequest) -> Result<u64> {
        self.read(call, collection, |scope, name| read::count(scope, name, body)).await
    }

    async fn facet(&self, call: Call, collection: String, body: FacetRequest) -> Result<FacetResponse> {
        self.read(call, collection, |scope, name| read::facet(scope, name, body)).await
    }

    async fn query(&self, call: Call, collection: String, body: QueryRequest) -> Result<QueryResponse> {
        self.read(call, collection, |scope, name| query::query(scope, name, body)).await
    }

    async fn query_batch(
        &self,
        call: Call,
        collection: String,
        bodies: Vec<QueryRequest>,
    ) -> Result<Vec<QueryResponse>> {
        self.read(call, collection, |scope, name| query::batch(scope, name, bodies)).await
    }

    async fn query_groups(
        &self,
        call: Call,
        collection: String,
        body: QueryGroupsRequest,
    ) -> Result<GroupsResult> {
        self.read(call, collection, |scope, name| query::groups(scope, name, body)).await
    }

    async fn matrix_pairs(
        &self,
        call: Call,
        collection: String,
        body: SearchMatrixRequest,
    ) -> Result<SearchMatrixPairs> {
        self.read(call, collection, |scope, name| read::matrix_pairs(scope, name, body)).await
    }

    async fn matrix_offsets(
        &self,
        call: Call,
        collection: String,
        body: SearchMatrixRequest,
    ) -> Result<SearchMatrixOffsets> {
        self.read(call, collection, |scope, name| read::matrix_offsets(scope, name, body)).await
    }

    async fn create_snapshot(&self, _: Call, _: Option<String>) -> Result<SnapshotDescription> {
        Err(not_yet("snapshots"))
    }

    async fn list_snapshots(&self, _: Call, _: Option<String>) -> Result<Vec<SnapshotDescription>> {
        Err(not_yet("snapshots"))
    }

    async fn delete_snapshot(&self, _: Call, _: Option<String>, _: String) -> Result<()> {
        Err(not_yet("snapshots"))
    }
}

/// What this server does not do.
fn not_yet(what: &str) -> ApiError {
    ApiError::new(Kind::Unsupported, format_args!("this server has no {what}"))
}
