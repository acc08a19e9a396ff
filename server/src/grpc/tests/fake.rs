//! A server that takes down what it is asked, and gives the same answers to everyone, or one error.

use std::sync::Mutex;
use std::time::Duration;

use nigh_api::{
    AliasDescription, ChangeAliases, CollectionInfo, CountRequest, CreateCollection, CreateFieldIndex,
    CreateVectorName, DeletePayload, DeleteVectors, FacetRequest, FacetResponse, GroupsResult, PointRequest,
    PointsSelector, QueryGroupsRequest, QueryRequest, QueryResponse, Record, ScrollRequest, ScrollResult,
    SearchMatrixOffsets, SearchMatrixPairs, SearchMatrixRequest, SetPayload, SnapshotDescription,
    UpdateCollection, UpdateOperation, UpdateResult, UpdateVectors, UpsertPoints,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tonic::async_trait;

use super::super::api::{About, Api, Call, Target};
use crate::error::{ApiError, Result};

/// What was asked last.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Asked {
    pub(super) what: &'static str,
    /// Name, whether to wait, and the body, as far as there are any.
    pub(super) with: Value,
    pub(super) timeout: Option<Duration>,
    pub(super) caller: Option<Caller>,
}

/// What a layer in front of the services may leave with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Caller(pub(super) &'static str);

#[derive(Debug, Default)]
pub(super) struct Fake {
    asked: Mutex<Option<Asked>>,
    error: Mutex<Option<ApiError>>,
}

impl Fake {
    /// What was asked last.
    pub(super) fn asked(&self) -> Option<Asked> {
        self.asked.lock().expect("nobody panicked").take()
    }

    /// From now on everything fails.
    pub(super) fn fail(&self, error: ApiError) {
        *self.error.lock().expect("nobody panicked") = Some(error);
    }

    fn answer<T: DeserializeOwned>(
        &self,
        call: Call,
        what: &'static str,
        with: impl Serialize,
        answer: Value,
    ) -> Result<T> {
        let with = serde_json::to_value(with).expect("a value");
        let caller = call.extensions.get().copied();
        *self.asked.lock().expect("nobody panicked") =
            Some(Asked { what, with, timeout: call.timeout, caller });
        match &*self.error.lock().expect("nobody panicked") {
            Some(error) => Err(error.clone()),
            None => Ok(serde_json::from_value(answer).expect("an answer")),
        }
    }

    fn write(
        &self,
        call: Call,
        what: &'static str,
        target: Target,
        body: impl Serialize,
    ) -> Result<UpdateResult> {
        let Target { collection, wait } = target;
        self.answer(call, what, (collection, wait, body), written(wait))
    }
}

fn written(wait: bool) -> Value {
    json!({"operation_id": 7, "status": if wait { "completed" } else { "acknowledged" }})
}

/// A point of an answer.
fn point() -> Value {
    json!({"id": 5, "version": 3, "score": 0.5, "payload": {"k": "v"}, "vector": [0.25, 0.75]})
}

fn snapshot() -> Value {
    json!({"name": "s", "creation_time": "2026-11-25T04:53:15", "size": 9, "checksum": "ab"})
}

pub(super) fn info() -> Value {
    json!({
        "status": "green", "optimizer_status": "ok", "indexed_vectors_count": 0, "points_count": 2,
        "segments_count": 1,
        "config": {
            "params": {"vectors": {"size": 4, "distance": "Dot"}, "shard_number": 1, "replication_factor": 1,
                "write_consistency_factor": 1, "on_disk_payload": true},
            "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000,
                "max_indexing_threads": 0, "on_disk": false},
            "optimizer_config": {"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000,
                "default_segment_number": 0, "max_segment_size": null, "memmap_threshold": null,
                "indexing_threshold": 10000, "flush_interval_sec": 5, "max_optimization_threads": null},
            "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1},
            "quantization_config": null, "strict_mode_config": {"enabled": false},
        },
        "payload_schema": {},
    })
}

#[async_trait]
impl Api for Fake {
    fn about(&self) -> About {
        About { title: "t".to_owned(), version: "1.20.0".to_owned(), commit: None }
    }

    async fn list_collections(&self, call: Call) -> Result<Vec<String>> {
        self.answer(call, "list_collections", (), json!(["a", "b"]))
    }

    async fn collection_exists(&self, call: Call, collection: String) -> Result<bool> {
        self.answer(call, "collection_exists", collection, json!(true))
    }

    async fn collection_info(&self, call: Call, collection: String) -> Result<CollectionInfo> {
        self.answer(call, "collection_info", collection, info())
    }

    async fn create_collection(&self, call: Call, name: String, body: CreateCollection) -> Result<bool> {
        self.answer(call, "create_collection", (name, body), json!(true))
    }

    async fn update_collection(
        &self,
        call: Call,
        collection: String,
        body: UpdateCollection,
    ) -> Result<bool> {
        self.answer(call, "update_collection", (collection, body), json!(true))
    }

    async fn delete_collection(&self, call: Call, collection: String) -> Result<bool> {
        self.answer(call, "delete_collection", collection, json!(false))
    }

    async fn change_aliases(&self, call: Call, body: ChangeAliases) -> Result<bool> {
        self.answer(call, "change_aliases", body, json!(true))
    }

    async fn list_aliases(&self, call: Call, collection: Option<String>) -> Result<Vec<AliasDescription>> {
        let aliases = json!([{"alias_name": "a", "collection_name": "c"}]);
        self.answer(call, "list_aliases", collection, aliases)
    }

    async fn upsert(&self, call: Call, target: Target, body: UpsertPoints) -> Result<UpdateResult> {
        self.write(call, "upsert", target, body)
    }

    async fn delete_points(&self, call: Call, target: Target, body: PointsSelector) -> Result<UpdateResult> {
        self.write(call, "delete_points", target, body)
    }

    async fn set_payload(&self, call: Call, target: Target, body: SetPayload) -> Result<UpdateResult> {
        self.write(call, "set_payload", target, body)
    }

    async fn overwrite_payload(&self, call: Call, target: Target, body: SetPayload) -> Result<UpdateResult> {
        self.write(call, "overwrite_payload", target, body)
    }

    async fn delete_payload(&self, call: Call, target: Target, body: DeletePayload) -> Result<UpdateResult> {
        self.write(call, "delete_payload", target, body)
    }

    async fn clear_payload(&self, call: Call, target: Target, body: PointsSelector) -> Result<UpdateResult> {
        self.write(call, "clear_payload", target, body)
    }

    async fn update_vectors(&self, call: Call, target: Target, body: UpdateVectors) -> Result<UpdateResult> {
        self.write(call, "update_vectors", target, body)
    }

    async fn delete_vectors(&self, call: Call, target: Target, body: DeleteVectors) -> Result<UpdateResult> {
        self.write(call, "delete_vectors", target, body)
    }

    async fn update_batch(
        &self,
        call: Call,
        target: Target,
        operations: Vec<UpdateOperation>,
    ) -> Result<Vec<UpdateResult>> {
        let Target { collection, wait } = target;
        let answers = json!([written(wait), written(wait)]);
        self.answer(call, "update_batch", (collection, wait, operations), answers)
    }

    async fn create_index(&self, call: Call, target: Target, body: CreateFieldIndex) -> Result<UpdateResult> {
        self.write(call, "create_index", target, body)
    }

    async fn delete_index(&self, call: Call, target: Target, field: String) -> Result<UpdateResult> {
        self.write(call, "delete_index", target, field)
    }

    async fn create_vector_name(
        &self,
        call: Call,
        target: Target,
        name: String,
        body: CreateVectorName,
    ) -> Result<UpdateResult> {
        self.write(call, "create_vector_name", target, (name, body))
    }

    async fn delete_vector_name(&self, call: Call, target: Target, name: String) -> Result<UpdateResult> {
        self.write(call, "delete_vector_name", target, name)
    }

    async fn get_points(&self, call: Call, collection: String, body: PointRequest) -> Result<Vec<Record>> {
        self.answer(call, "get_points", (collection, body), json!([point()]))
    }

    async fn scroll(&self, call: Call, collection: String, body: ScrollRequest) -> Result<ScrollResult> {
        let page = json!({"points": [point()], "next_page_offset": 6});
        self.answer(call, "scroll", (collection, body), page)
    }

    async fn count(&self, call: Call, collection: String, body: CountRequest) -> Result<u64> {
        self.answer(call, "count", (collection, body), json!(42))
    }

    async fn facet(&self, call: Call, collection: String, body: FacetRequest) -> Result<FacetResponse> {
        let hits = json!({"hits": [{"value": "x", "count": 2}]});
        self.answer(call, "facet", (collection, body), hits)
    }

    async fn query(&self, call: Call, collection: String, body: QueryRequest) -> Result<QueryResponse> {
        self.answer(call, "query", (collection, body), json!({"points": [point()]}))
    }

    async fn query_batch(
        &self,
        call: Call,
        collection: String,
        bodies: Vec<QueryRequest>,
    ) -> Result<Vec<QueryResponse>> {
        let answers = json!([{"points": [point()]}, {"points": []}]);
        self.answer(call, "query_batch", (collection, bodies), answers)
    }

    async fn query_groups(
        &self,
        call: Call,
        collection: String,
        body: QueryGroupsRequest,
    ) -> Result<GroupsResult> {
        let groups = json!({"groups": [{"id": "g", "hits": [point()]}]});
        self.answer(call, "query_groups", (collection, body), groups)
    }

    async fn matrix_pairs(
        &self,
        call: Call,
        collection: String,
        body: SearchMatrixRequest,
    ) -> Result<SearchMatrixPairs> {
        let pairs = json!({"pairs": [{"a": 1, "b": 2, "score": 0.5}]});
        self.answer(call, "matrix_pairs", (collection, body), pairs)
    }

    async fn matrix_offsets(
        &self,
        call: Call,
        collection: String,
        body: SearchMatrixRequest,
    ) -> Result<SearchMatrixOffsets> {
        let offsets = json!({"offsets_row": [0], "offsets_col": [1], "scores": [0.5], "ids": [1, 2]});
        self.answer(call, "matrix_offsets", (collection, body), offsets)
    }

    async fn create_snapshot(&self, call: Call, collection: Option<String>) -> Result<SnapshotDescription> {
        self.answer(call, "create_snapshot", collection, snapshot())
    }

    async fn list_snapshots(
        &self,
        call: Call,
        collection: Option<String>,
    ) -> Result<Vec<SnapshotDescription>> {
        self.answer(call, "list_snapshots", collection, json!([snapshot()]))
    }

    async fn delete_snapshot(&self, call: Call, collection: Option<String>, name: String) -> Result<()> {
        self.answer(call, "delete_snapshot", (collection, name), json!(null))
    }
}
