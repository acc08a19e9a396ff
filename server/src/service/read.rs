//! Points by id, in order, counted and gathered.

use super::{Opened, Scope};
use crate::auth::Right;
use crate::convert::id_in;
use crate::convert::payload::{payload_asked, vectors_asked};
use crate::convert::query::{facet_value_out, fresh_seed, ids_in, order_in, order_value_out, record_out};
use crate::convert::{filter::filter_in, id_out};
use crate::error::{ApiError, Result};
use crate::service::strict;
use nigh::{Condition, DistanceMatrix, FieldKind, Filter, MatrixRequest, WithPayload, WithVectors};
use nigh_api as api;
use nigh_api::{
    CountRequest, FacetResponse, FacetValueHit, PointRequest, Record, ScrollRequest, ScrollResult,
    SearchMatrixOffsets, SearchMatrixPair, SearchMatrixPairs, SearchMatrixRequest,
};

fn open(scope: &Scope, name: &str) -> Result<Opened> {
    let opened = scope.open(name, Right::Read)?;
    strict::take_read(scope, name, &opened)?;
    Ok(opened)
}

/// Points by id; those that are not there are left out.
pub(crate) fn get(scope: &Scope, name: &str, body: PointRequest) -> Result<Vec<Record>> {
    let opened = open(scope, name)?;
    let with_payload = payload_asked(body.with_payload, true)?;
    let with_vectors = vectors_asked(body.with_vector);
    let mut ids = ids_in(body.ids);
    if let Some(forced) = &opened.forced {
        let seen = Filter::new().must(Condition::HasId(ids.clone())).must(forced.clone());
        let request = nigh::ScrollRequest::new().filter(seen).limit(ids.len().clamp(1, 10_000));
        let page = opened.collection.scroll(&request.with_payload(WithPayload::No))?;
        ids.retain(|id| page.points.iter().any(|record| record.id == *id));
    }
    let records = opened.collection.get(ids, &with_payload, &with_vectors)?;
    Ok(records.into_iter().map(record_out).collect())
}

/// One point, with its payload and vectors.
pub(crate) fn get_one(scope: &Scope, name: &str, id: api::PointId) -> Result<Record> {
    let body = PointRequest {
        ids: vec![id],
        with_payload: Some(api::WithPayload::Bool(true)),
        with_vector: Some(api::WithVector::Bool(true)),
        shard_key: None,
    };
    let missing = || ApiError::not_found(format_args!("Point with id {id} does not exists!"));
    get(scope, name, body)?.pop().ok_or_else(missing)
}

/// A page of points.
pub(crate) fn scroll(scope: &Scope, name: &str, body: ScrollRequest) -> Result<ScrollResult> {
    let opened = open(scope, name)?;
    let ScrollRequest { offset, limit, filter, with_payload, with_vector, order_by, shard_key: _ } = body;
    let limit = limit.unwrap_or(10);
    strict::check_query(&opened, limit, None)?;
    let mut request = nigh::ScrollRequest::new()
        .limit(limit)
        .with_payload(payload_asked(with_payload, true)?)
        .with_vectors(vectors_asked(with_vector));
    if let Some(filter) = opened.filter(filter)? {
        request = request.filter(filter);
    }
    let Some(order) = order_by else {
        if let Some(id) = offset {
            request = request.start_at(id_in(id));
        }
        let page = opened.collection.scroll(&request)?;
        let points = page.points.into_iter().map(record_out).collect();
        return Ok(ScrollResult { points, next_page_offset: page.next.map(id_out) });
    };
    if offset.is_some() {
        return Err(ApiError::bad_input(
            "Cannot use an `offset` when using `order_by`. The alternative for paging is to use `order_by.start_from` and a filter to exclude the IDs that you've already seen for the `order_by.start_from` value",
        ));
    }
    let order = order_in(&opened.collection, order)?;
    let ordered = opened.collection.scroll_by(&order, &request)?;
    let points = ordered.into_iter().map(|ordered| Record {
        order_value: Some(order_value_out(ordered.value)),
        ..record_out(ordered.record)
    });
    Ok(ScrollResult { points: points.collect(), next_page_offset: None })
}

/// How many points there are.
pub(crate) fn count(scope: &Scope, name: &str, body: CountRequest) -> Result<u64> {
    let opened = open(scope, name)?;
    Ok(match opened.filter(body.filter)? {
        Some(filter) => opened.collection.count_matching(filter)?,
        None => opened.collection.count()?,
    })
}

/// The most frequent values of a field.
pub(crate) fn facet(scope: &Scope, name: &str, body: api::FacetRequest) -> Result<FacetResponse> {
    let opened = open(scope, name)?;
    let api::FacetRequest { key, limit, filter, exact: _, shard_key: _ } = body;
    let kind = opened.collection.payload_index_kind(&key)?;
    if !matches!(kind, Some(FieldKind::Keyword | FieldKind::Integer | FieldKind::Bool | FieldKind::Uuid)) {
        return Err(ApiError::bad_input(format_args!(
            "No appropriate index for faceting: `{key}`. Please create one to facet on this field. Check https://qdrant.tech/documentation/concepts/indexing/#payload-index to see which payload schemas support Match conditions"
        )));
    }
    let mut request = nigh::FacetRequest::new(key).limit(limit.unwrap_or(10));
    if let Some(filter) = opened.filter(filter)? {
        request = request.filter(filter);
    }
    let hits = opened.collection.facet(&request)?.into_iter();
    let hit = |hit: nigh::FacetHit| FacetValueHit { value: facet_value_out(hit.value), count: hit.count };
    Ok(FacetResponse { hits: hits.map(hit).collect() })
}

/// Pairs of near points among some that are drawn at random.
pub(crate) fn matrix_pairs(
    scope: &Scope,
    name: &str,
    body: SearchMatrixRequest,
) -> Result<SearchMatrixPairs> {
    let pairs = matrix(scope, name, body)?.pairs().into_iter();
    let pair =
        |pair: nigh::MatrixPair| SearchMatrixPair { a: id_out(pair.a), b: id_out(pair.b), score: pair.score };
    Ok(SearchMatrixPairs { pairs: pairs.map(pair).collect() })
}

/// The same as a sparse matrix.
pub(crate) fn matrix_offsets(
    scope: &Scope,
    name: &str,
    body: SearchMatrixRequest,
) -> Result<SearchMatrixOffsets> {
    let offsets = matrix(scope, name, body)?.offsets();
    let wide = |places: Vec<usize>| places.into_iter().map(|place| place as u64).collect();
    Ok(SearchMatrixOffsets {
        offsets_row: wide(offsets.offsets_row),
        offsets_col: wide(offsets.offsets_col),
        scores: offsets.scores,
        ids: offsets.ids.into_iter().map(id_out).collect(),
    })
}

fn matrix(scope: &Scope, name: &str, body: SearchMatrixRequest) -> Result<DistanceMatrix> {
    let opened = open(scope, name)?;
    let SearchMatrixRequest { filter, sample, limit, using, shard_key: _ } = body;
    let mut request = MatrixRequest::new(fresh_seed())
        .sample(sample.unwrap_or(10))
        .limit(limit.unwrap_or(3))
        .timeout(scope.time_left())
        .cancel(&scope.cancel);
    if let Some(name) = using {
        request = request.using(name);
    }
    if let Some(filter) = opened.filter(filter)? {
        request = request.filter(filter);
    }
    Ok(opened.collection.distance_matrix(&request)?)
}

/// Whether a point is there that passes a filter: what tokens may hang on.
pub(crate) fn is_there(app: &super::App, name: &str, filter: &serde_json::Value) -> Option<bool> {
    let filter: api::Filter = serde::Deserialize::deserialize(filter).ok()?;
    let request = nigh::ScrollRequest::new().filter(filter_in(filter).ok()?).limit(1);
    let request = request.with_payload(WithPayload::No).with_vectors(WithVectors::No);
    let page = app.db.collection(name).ok()?.scroll(&request).ok()?;
    Some(!page.points.is_empty())
}
