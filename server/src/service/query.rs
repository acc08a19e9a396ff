//! Queries of every kind.

use super::{Opened, Scope};
use crate::auth::Right;
use crate::convert::payload::{payload_asked, vectors_asked};
use crate::convert::query::{Place, group_id_out, query_in, record_out, scored_out};
use crate::error::{ApiError, Result};
use crate::service::strict;
use nigh::GroupRequest;
use nigh_api as api;
use nigh_api::{GroupsResult, PointGroup, QueryGroupsRequest, QueryResponse};

fn open(scope: &Scope, name: &str) -> Result<Opened> {
    let opened = scope.open(name, Right::Read)?;
    strict::take_read(scope, name, &opened)?;
    Ok(opened)
}

fn request_in(scope: &Scope, opened: &Opened, body: api::QueryRequest) -> Result<nigh::QueryRequest> {
    strict::check_query(opened, body.limit.unwrap_or(10), body.params.as_ref())?;
    let lookup = |name: &str| scope.open_for_lookup(name);
    let place = Place {
        collection: &opened.collection,
        config: &opened.config,
        forced: opened.forced.as_ref(),
        lookup: &lookup,
    };
    let request = query_in(&place, body)?;
    Ok(request.timeout(scope.time_left()).cancel(&scope.cancel))
}

/// One query.
pub(crate) fn query(scope: &Scope, name: &str, body: api::QueryRequest) -> Result<QueryResponse> {
    let opened = open(scope, name)?;
    run(scope, &opened, body)
}

fn run(scope: &Scope, opened: &Opened, body: api::QueryRequest) -> Result<QueryResponse> {
    let request = request_in(scope, opened, body)?;
    let points = opened.collection.query(&request)?;
    Ok(QueryResponse { points: points.into_iter().map(scored_out).collect() })
}

/// Several queries; one that fails fails all.
pub(crate) fn batch(scope: &Scope, name: &str, bodies: Vec<api::QueryRequest>) -> Result<Vec<QueryResponse>> {
    let opened = open(scope, name)?;
    let max = scope.app.live.load().limits.queries_per_batch;
    if bodies.len() > max {
        let got = bodies.len();
        return Err(ApiError::bad_input(format_args!(
            "searches: at most {max} queries in a batch, got {got}"
        )));
    }
    bodies.into_iter().map(|body| run(scope, &opened, body)).collect()
}

/// A query whose answer is grouped.
pub(crate) fn groups(scope: &Scope, name: &str, body: QueryGroupsRequest) -> Result<GroupsResult> {
    let opened = open(scope, name)?;
    let QueryGroupsRequest { query, group_by, group_size, with_lookup } = body;
    let limit = query.limit.unwrap_or(10);
    let request = request_in(scope, &opened, query)?;
    let request = GroupRequest::new(request, group_by).limit(limit).group_size(group_size.unwrap_or(3));
    let groups = match with_lookup {
        None => opened.collection.query_groups(&request)?,
        Some(api::WithLookup { collection, with_payload, with_vectors }) => {
            let from = scope.open_for_lookup(&collection)?;
            let with_payload = payload_asked(with_payload, true)?;
            opened.collection.query_groups_with(
                &request,
                &from,
                &with_payload,
                &vectors_asked(with_vectors),
            )?
        }
    };
    let group = |group: nigh::Group| PointGroup {
        hits: group.hits.into_iter().map(scored_out).collect(),
        id: group_id_out(group.id),
        lookup: group.lookup.map(record_out),
    };
    Ok(GroupsResult { groups: groups.into_iter().map(group).collect() })
}
