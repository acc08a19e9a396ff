//! What the services need of the server: requests of the API as values go in, answers come out. What REST calls, called by another name.

use std::time::{Duration, Instant};

use nigh_api::{
    AliasDescription, ChangeAliases, CollectionInfo, CountRequest, CreateCollection, CreateFieldIndex,
    CreateVectorName, DeletePayload, DeleteVectors, FacetRequest, FacetResponse, GroupsResult, PointRequest,
    PointsSelector, QueryGroupsRequest, QueryRequest, QueryResponse, Record, ScrollRequest, ScrollResult,
    SearchMatrixOffsets, SearchMatrixPairs, SearchMatrixRequest, SetPayload, SnapshotDescription,
    UpdateCollection, UpdateOperation, UpdateResult, UpdateVectors, UpsertPoints,
};
use tonic::{Extensions, async_trait};

use crate::error::Result;

/// Who asks, and how long the answer may take.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What the layers in front of the services found out.
    pub(crate) extensions: Extensions,
    /// The shorter of the message's own time and the connection's, if either was given.
    pub(crate) timeout: Option<Duration>,
    /// When the request was read.
    pub(crate) began: Instant,
}

/// What the server is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct About {
    pub(crate) title: String,
    pub(crate) version: String,
    pub(crate) commit: Option<String>,
}

/// Which write it is, and of which collection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    /// Name or alias of the collection.
    pub(crate) collection: String,
    /// Whether the answer comes when it can be found.
    pub(crate) wait: bool,
}

/// The server's side of the services. Bodies have been checked for their limits.
#[async_trait]
pub(crate) trait Api: Send + Sync + 'static {
    fn about(&self) -> About;

    async fn list_collections(&self, call: Call) -> Result<Vec<String>>;
    async fn collection_exists(&self, call: Call, collection: String) -> Result<bool>;
    async fn collection_info(&self, call: Call, collection: String) -> Result<CollectionInfo>;
    async fn create_collection(&self, call: Call, name: String, body: CreateCollection) -> Result<bool>;
    async fn update_collection(&self, call: Call, collection: String, body: UpdateCollection)
    -> Result<bool>;
    /// False if there was none.
    async fn delete_collection(&self, call: Call, collection: String) -> Result<bool>;
    async fn change_aliases(&self, call: Call, body: ChangeAliases) -> Result<bool>;
    /// Of all collections, or of one.
    async fn list_aliases(&self, call: Call, collection: Option<String>) -> Result<Vec<AliasDescription>>;

    async fn upsert(&self, call: Call, target: Target, body: UpsertPoints) -> Result<UpdateResult>;
    async fn delete_points(&self, call: Call, target: Target, body: PointsSelector) -> Result<UpdateResult>;
    async fn set_payload(&self, call: Call, target: Target, body: SetPayload) -> Result<UpdateResult>;
    async fn overwrite_payload(&self, call: Call, target: Target, body: SetPayload) -> Result<UpdateResult>;
    async fn delete_payload(&self, call: Call, target: Target, body: DeletePayload) -> Result<UpdateResult>;
    async fn clear_payload(&self, call: Call, target: Target, body: PointsSelector) -> Result<UpdateResult>;
    async fn update_vectors(&self, call: Call, target: Target, body: UpdateVectors) -> Result<UpdateResult>;
    async fn delete_vectors(&self, call: Call, target: Target, body: DeleteVectors) -> Result<UpdateResult>;
    /// Several writes, in order.
    async fn update_batch(
        &self,
        call: Call,
        target: Target,
        operations: Vec<UpdateOperation>,
    ) -> Result<Vec<UpdateResult>>;
    async fn create_index(&self, call: Call, target: Target, body: CreateFieldIndex) -> Result<UpdateResult>;
    async fn delete_index(&self, call: Call, target: Target, field: String) -> Result<UpdateResult>;
    async fn create_vector_name(
        &self,
        call: Call,
        target: Target,
        name: String,
        body: CreateVectorName,
    ) -> Result<UpdateResult>;
    async fn delete_vector_name(&self, call: Call, target: Target, name: String) -> Result<UpdateResult>;

    async fn get_points(&self, call: Call, collection: String, body: PointRequest) -> Result<Vec<Record>>;
    async fn scroll(&self, call: Call, collection: String, body: ScrollRequest) -> Result<ScrollResult>;
    async fn count(&self, call: Call, collection: String, body: CountRequest) -> Result<u64>;
    async fn facet(&self, call: Call, collection: String, body: FacetRequest) -> Result<FacetResponse>;
    async fn query(&self, call: Call, collection: String, body: QueryRequest) -> Result<QueryResponse>;
    /// Several queries; one that fails fails all.
    async fn query_batch(
        &self,
        call: Call,
        collection: String,
        bodies: Vec<QueryRequest>,
    ) -> Result<Vec<QueryResponse>>;
    async fn query_groups(
        &self,
        call: Call,
        collection: String,
        body: QueryGroupsRequest,
    ) -> Result<GroupsResult>;
    async fn matrix_pairs(
        &self,
        call: Call,
        collection: String,
        body: SearchMatrixRequest,
    ) -> Result<SearchMatrixPairs>;
    async fn matrix_offsets(
        &self,
        call: Call,
        collection: String,
        body: SearchMatrixRequest,
    ) -> Result<SearchMatrixOffsets>;

    /// Of one collection, or of all.
    async fn create_snapshot(&self, call: Call, collection: Option<String>) -> Result<SnapshotDescription>;
    async fn list_snapshots(
        &self,
        call: Call,
        collection: Option<String>,
    ) -> Result<Vec<SnapshotDescription>>;
    async fn delete_snapshot(&self, call: Call, collection: Option<String>, name: String) -> Result<()>;
}
