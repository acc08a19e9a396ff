//! Collections and aliases. What only a cluster can do is refused.

use std::sync::Arc;
use std::time::Instant;

use ::qdrant_client::qdrant as wire;
use nigh_api::{Validate, check_collection_name};
use tonic::{Request, Response, Status, async_trait};

use super::super::api::Api;
use super::super::convert::collections as convert;
use super::super::status::status;
use super::{check, checked, named, open, seconds_since, whole};
use crate::error::ApiError;

/// Service `qdrant.Collections`.
pub(in crate::grpc) struct CollectionsService(pub(in crate::grpc) Arc<dyn Api>);

fn changed(result: bool, began: Instant) -> Response<wire::CollectionOperationResponse> {
    Response::new(wire::CollectionOperationResponse { result, time: seconds_since(began) })
}

fn needs_cluster<T>() -> Result<Response<T>, Status> {
    Err(status(ApiError::needs_cluster()))
}

#[async_trait]
impl wire::collections_server::Collections for CollectionsService {
    async fn get(
        &self,
        request: Request<wire::GetCollectionInfoRequest>,
    ) -> Result<Response<wire::GetCollectionInfoResponse>, Status> {
        let (mut message, call) = open(request, |_| None)?;
        let began = call.began;
        let info =
            self.0.collection_info(call, named(&mut message.collection_name)?).await.map_err(status)?;
        Ok(Response::new(wire::GetCollectionInfoResponse {
            result: Some(convert::collection_info_message(info)),
            time: seconds_since(began),
        }))
    }

    async fn list(
        &self,
        request: Request<wire::ListCollectionsRequest>,
    ) -> Result<Response<wire::ListCollectionsResponse>, Status> {
        let (_, call) = open(request, |_| None)?;
        let began = call.began;
        let names = self.0.list_collections(call).await.map_err(status)?;
        Ok(Response::new(wire::ListCollectionsResponse {
            collections: names.into_iter().map(|name| wire::CollectionDescription { name }).collect(),
            time: seconds_since(began),
        }))
    }

    async fn create(
        &self,
        request: Request<wire::CreateCollection>,
    ) -> Result<Response<wire::CollectionOperationResponse>, Status> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, name) = (call.began, std::mem::take(&mut message.collection_name));
        let body = whole(convert::create_collection(message))?;
        check(|problems| {
            check_collection_name(problems, "collection_name", &name);
            body.validate(problems);
        })?;
        Ok(changed(self.0.create_collection(call, name, body).await.map_err(status)?, began))
    }

    async fn update(
        &self,
        request: Request<wire::UpdateCollection>,
    ) -> Result<Response<wire::CollectionOperationResponse>, Status> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(convert::update_collection(message))?;
        Ok(changed(self.0.update_collection(call, collection, body).await.map_err(status)?, began))
    }

    async fn delete(
        &self,
        request: Request<wire::DeleteCollection>,
    ) -> Result<Response<wire::CollectionOperationResponse>, Status> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        Ok(changed(self.0.delete_collection(call, collection).await.map_err(status)?, began))
    }

    async fn update_aliases(
        &self,
        request: Request<wire::ChangeAliases>,
    ) -> Result<Response<wire::CollectionOperationResponse>, Status> {
        let (message, call) = open(request, |message| message.timeout)?;
        let began = call.began;
        let body = checked(convert::change_aliases(message.actions))?;
        Ok(changed(self.0.change_aliases(call, body).await.map_err(status)?, began))
    }

    async fn list_collection_aliases(
        &self,
        request: Request<wire::ListCollectionAliasesRequest>,
    ) -> Result<Response<wire::ListAliasesResponse>, Status> {
        let (mut message, call) = open(request, |_| None)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let aliases = self.0.list_aliases(call, Some(collection)).await.map_err(status)?;
        Ok(Response::new(wire::ListAliasesResponse {
            aliases: convert::alias_messages(aliases),
            time: seconds_since(began),
        }))
    }

    async fn list_aliases(
        &self,
        request: Request<wire::ListAliasesRequest>,
    ) -> Result<Response<wire::ListAliasesResponse>, Status> {
        let (_, call) = open(request, |_| None)?;
        let began = call.began;
        let aliases = self.0.list_aliases(call, None).await.map_err(status)?;
        Ok(Response::new(wire::ListAliasesResponse {
            aliases: convert::alias_messages(aliases),
            time: seconds_since(began),
        }))
    }

    async fn collection_exists(
        &self,
        request: Request<wire::CollectionExistsRequest>,
    ) -> Result<Response<wire::CollectionExistsResponse>, Status> {
        let (mut message, call) = open(request, |_| None)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let exists = self.0.collection_exists(call, collection).await.map_err(status)?;
        Ok(Response::new(wire::CollectionExistsResponse {
            result: Some(wire::CollectionExists { exists }),
            time: seconds_since(began),
        }))
    }

    async fn collection_cluster_info(
        &self,
        _: Request<wire::CollectionClusterInfoRequest>,
    ) -> Result<Response<wire::CollectionClusterInfoResponse>, Status> {
        needs_cluster()
    }

    async fn update_collection_cluster_setup(
        &self,
        _: Request<wire::UpdateCollectionClusterSetupRequest>,
    ) -> Result<Response<wire::UpdateCollectionClusterSetupResponse>, Status> {
        needs_cluster()
    }

    async fn create_shard_key(
        &self,
        _: Request<wire::CreateShardKeyRequest>,
    ) -> Result<Response<wire::CreateShardKeyResponse>, Status> {
        needs_cluster()
    }

    async fn delete_shard_key(
        &self,
        _: Request<wire::DeleteShardKeyRequest>,
    ) -> Result<Response<wire::DeleteShardKeyResponse>, Status> {
        needs_cluster()
    }

    async fn list_shard_keys(
        &self,
        _: Request<wire::ListShardKeysRequest>,
    ) -> Result<Response<wire::ListShardKeysResponse>, Status> {
        needs_cluster()
    }
}
