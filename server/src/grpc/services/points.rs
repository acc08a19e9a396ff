//! Points: writes, reads, queries, and the older forms of queries, which become queries.

use std::sync::Arc;
use std::time::Instant;

use ::qdrant_client::qdrant as wire;
use nigh_api::{GroupsResult, QueryRequest, QueryResponse, UpdateResult, Validate};
use tonic::{Request, Response, Status, async_trait};

use super::super::api::{Api, Call, Target};
use super::super::convert::{collections, indexes, older, points, query, reads, replies};
use super::super::status::status;
use super::{check, checked, named, open, seconds_since, whole};
use crate::error::Result;

/// Service `qdrant.Points`.
pub(in crate::grpc) struct PointsService(pub(in crate::grpc) Arc<dyn Api>);

type Reply<T> = std::result::Result<Response<T>, Status>;

/// Of which collection, and whether to wait: not, unless it is said.
fn target(collection_name: &mut String, wait: Option<bool>) -> std::result::Result<Target, Status> {
    Ok(Target { collection: named(collection_name)?, wait: wait.unwrap_or(false) })
}

fn written(began: Instant, result: Result<UpdateResult>) -> Reply<wire::PointsOperationResponse> {
    let result = replies::update_result_message(result.map_err(status)?);
    let time = seconds_since(began);
    Ok(Response::new(wire::PointsOperationResponse { result: Some(result), time, usage: None }))
}

impl PointsService {
    async fn scored(
        &self,
        call: Call,
        collection: String,
        body: QueryRequest,
    ) -> std::result::Result<Vec<wire::ScoredPoint>, Status> {
        let QueryResponse { points } = self.0.query(call, collection, body).await.map_err(status)?;
        Ok(replies::scored_point_messages(points))
    }

    async fn scored_batch(
        &self,
        call: Call,
        collection: String,
        bodies: Vec<QueryRequest>,
    ) -> std::result::Result<Vec<wire::BatchResult>, Status> {
        let answers = self.0.query_batch(call, collection, bodies).await.map_err(status)?;
        let message =
            |QueryResponse { points }| wire::BatchResult { result: replies::scored_point_messages(points) };
        Ok(answers.into_iter().map(message).collect())
    }
}

fn grouped(result: Result<GroupsResult>) -> std::result::Result<Option<wire::GroupsResult>, Status> {
    result.map(|groups| Some(replies::groups_message(groups))).map_err(status)
}

/// Looks at the limits of each request of a batch, which are then made into queries.
fn all_checked<T: Validate>(field: &str, bodies: Vec<T>) -> std::result::Result<Vec<T>, Status> {
    check(|problems| problems.each(field, &bodies))?;
    Ok(bodies)
}

#[async_trait]
impl wire::points_server::Points for PointsService {
    async fn upsert(&self, request: Request<wire::UpsertPoints>) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(points::upsert(message))?;
        written(began, self.0.upsert(call, target, body).await)
    }

    async fn delete(&self, request: Request<wire::DeletePoints>) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(points::delete(message))?;
        written(began, self.0.delete_points(call, target, body).await)
    }

    async fn update_vectors(
        &self,
        request: Request<wire::UpdatePointVectors>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(points::update_vectors(message))?;
        written(began, self.0.update_vectors(call, target, body).await)
    }

    async fn delete_vectors(
        &self,
        request: Request<wire::DeletePointVectors>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(points::delete_vectors(message))?;
        written(began, self.0.delete_vectors(call, target, body).await)
    }

    async fn set_payload(
        &self,
        request: Request<wire::SetPayloadPoints>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(points::set_payload(message))?;
        written(began, self.0.set_payload(call, target, body).await)
    }

    async fn overwrite_payload(
        &self,
        request: Request<wire::SetPayloadPoints>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(points::set_payload(message))?;
        written(began, self.0.overwrite_payload(call, target, body).await)
    }

    async fn delete_payload(
        &self,
        request: Request<wire::DeletePayloadPoints>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(points::delete_payload(message))?;
        written(began, self.0.delete_payload(call, target, body).await)
    }

    async fn clear_payload(
        &self,
        request: Request<wire::ClearPayloadPoints>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(points::clear_payload(message))?;
        written(began, self.0.clear_payload(call, target, body).await)
    }

    async fn create_field_index(
        &self,
        request: Request<wire::CreateFieldIndexCollection>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(indexes::create_field_index(message))?;
        written(began, self.0.create_index(call, target, body).await)
    }

    async fn delete_field_index(
        &self,
        request: Request<wire::DeleteFieldIndexCollection>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        written(began, self.0.delete_index(call, target, message.field_name).await)
    }

    async fn create_vector_name(
        &self,
        request: Request<wire::CreateVectorNameRequest>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let body = checked(collections::create_vector_name(message.vector_config))?;
        written(began, self.0.create_vector_name(call, target, message.vector_name, body).await)
    }

    async fn delete_vector_name(
        &self,
        request: Request<wire::DeleteVectorNameRequest>,
    ) -> Reply<wire::PointsOperationResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        written(began, self.0.delete_vector_name(call, target, message.vector_name).await)
    }

    async fn update_batch(
        &self,
        request: Request<wire::UpdateBatchPoints>,
    ) -> Reply<wire::UpdateBatchResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, target) = (call.began, target(&mut message.collection_name, message.wait)?);
        let operations = all_checked("operations", whole(points::update_batch(message.operations))?)?;
        let results = self.0.update_batch(call, target, operations).await.map_err(status)?;
        let result = results.into_iter().map(replies::update_result_message).collect();
        Ok(Response::new(wire::UpdateBatchResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn get(&self, request: Request<wire::GetPoints>) -> Reply<wire::GetResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(reads::get_points(message))?;
        let records = self.0.get_points(call, collection, body).await.map_err(status)?;
        let result = records.into_iter().map(replies::record_message).collect();
        Ok(Response::new(wire::GetResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn scroll(&self, request: Request<wire::ScrollPoints>) -> Reply<wire::ScrollResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(reads::scroll_points(message))?;
        let page = self.0.scroll(call, collection, body).await.map_err(status)?;
        Ok(Response::new(replies::scroll_message(page, seconds_since(began))))
    }

    async fn count(&self, request: Request<wire::CountPoints>) -> Reply<wire::CountResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(reads::count_points(message))?;
        let count = self.0.count(call, collection, body).await.map_err(status)?;
        let result = Some(wire::CountResult { count });
        Ok(Response::new(wire::CountResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn facet(&self, request: Request<wire::FacetCounts>) -> Reply<wire::FacetResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(reads::facet_counts(message))?;
        let answer = self.0.facet(call, collection, body).await.map_err(status)?;
        let hits = answer.hits.into_iter().map(replies::facet_hit_message).collect();
        Ok(Response::new(wire::FacetResponse { hits, time: seconds_since(began), usage: None }))
    }

    async fn query(&self, request: Request<wire::QueryPoints>) -> Reply<wire::QueryResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(query::query_points(message))?;
        let result = self.scored(call, collection, body).await?;
        Ok(Response::new(wire::QueryResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn query_batch(&self, request: Request<wire::QueryBatchPoints>) -> Reply<wire::QueryBatchResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let bodies = all_checked("query_points", whole(query::query_batch(message.query_points))?)?;
        let result = self.scored_batch(call, collection, bodies).await?;
        Ok(Response::new(wire::QueryBatchResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn query_groups(
        &self,
        request: Request<wire::QueryPointGroups>,
    ) -> Reply<wire::QueryGroupsResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(query::query_point_groups(message))?;
        let result = grouped(self.0.query_groups(call, collection, body).await)?;
        Ok(Response::new(wire::QueryGroupsResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn search_matrix_pairs(
        &self,
        request: Request<wire::SearchMatrixPoints>,
    ) -> Reply<wire::SearchMatrixPairsResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(reads::search_matrix(message))?;
        let pairs = self.0.matrix_pairs(call, collection, body).await.map_err(status)?;
        let result = Some(replies::matrix_pairs_message(pairs));
        Ok(Response::new(wire::SearchMatrixPairsResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn search_matrix_offsets(
        &self,
        request: Request<wire::SearchMatrixPoints>,
    ) -> Reply<wire::SearchMatrixOffsetsResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(reads::search_matrix(message))?;
        let offsets = self.0.matrix_offsets(call, collection, body).await.map_err(status)?;
        let result = Some(replies::matrix_offsets_message(offsets));
        let time = seconds_since(began);
        Ok(Response::new(wire::SearchMatrixOffsetsResponse { result, time, usage: None }))
    }

    async fn search(&self, request: Request<wire::SearchPoints>) -> Reply<wire::SearchResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(older::search_points(message))?.into_query();
        let result = self.scored(call, collection, body).await?;
        Ok(Response::new(wire::SearchResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn search_batch(
        &self,
        request: Request<wire::SearchBatchPoints>,
    ) -> Reply<wire::SearchBatchResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let bodies = all_checked("search_points", whole(older::search_batch(message.search_points))?)?;
        let bodies = bodies.into_iter().map(nigh_api::SearchRequest::into_query).collect();
        let result = self.scored_batch(call, collection, bodies).await?;
        Ok(Response::new(wire::SearchBatchResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn search_groups(
        &self,
        request: Request<wire::SearchPointGroups>,
    ) -> Reply<wire::SearchGroupsResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(older::search_point_groups(message))?;
        let body = body.into_query(nigh_api::SearchRequest::into_query);
        let result = grouped(self.0.query_groups(call, collection, body).await)?;
        Ok(Response::new(wire::SearchGroupsResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn recommend(&self, request: Request<wire::RecommendPoints>) -> Reply<wire::RecommendResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(older::recommend_points(message))?.into_query();
        let result = self.scored(call, collection, body).await?;
        Ok(Response::new(wire::RecommendResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn recommend_batch(
        &self,
        request: Request<wire::RecommendBatchPoints>,
    ) -> Reply<wire::RecommendBatchResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let bodies =
            all_checked("recommend_points", whole(older::recommend_batch(message.recommend_points))?)?;
        let bodies = bodies.into_iter().map(nigh_api::RecommendRequest::into_query).collect();
        let result = self.scored_batch(call, collection, bodies).await?;
        Ok(Response::new(wire::RecommendBatchResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn recommend_groups(
        &self,
        request: Request<wire::RecommendPointGroups>,
    ) -> Reply<wire::RecommendGroupsResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(older::recommend_point_groups(message))?;
        let body = body.into_query(nigh_api::RecommendRequest::into_query);
        let result = grouped(self.0.query_groups(call, collection, body).await)?;
        Ok(Response::new(wire::RecommendGroupsResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn discover(&self, request: Request<wire::DiscoverPoints>) -> Reply<wire::DiscoverResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let body = checked(older::discover_points(message))?.into_query();
        let result = self.scored(call, collection, body).await?;
        Ok(Response::new(wire::DiscoverResponse { result, time: seconds_since(began), usage: None }))
    }

    async fn discover_batch(
        &self,
        request: Request<wire::DiscoverBatchPoints>,
    ) -> Reply<wire::DiscoverBatchResponse> {
        let (mut message, call) = open(request, |message| message.timeout)?;
        let (began, collection) = (call.began, named(&mut message.collection_name)?);
        let bodies = all_checked("discover_points", whole(older::discover_batch(message.discover_points))?)?;
        let bodies = bodies.into_iter().map(nigh_api::DiscoverRequest::into_query).collect();
        let result = self.scored_batch(call, collection, bodies).await?;
        Ok(Response::new(wire::DiscoverBatchResponse { result, time: seconds_since(began), usage: None }))
    }
}
