//! Routes that tell how the server is.

use super::answer::{Received, failed};
use super::params::Params;
use crate::auth::{Access, Right};
use crate::engine_pool::Work;
use crate::error::{ApiError, Kind, Result};
use crate::metrics::{CollectionFacts, Facts, Format, Metrics};
use crate::service::{App, Scope, VERSION};
use axum::Extension;
use axum::extract::State;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use nigh::JobState;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Instant;

type Server = State<Arc<App>>;

pub(super) async fn root(State(app): Server) -> Response {
    // Exactly these keys: clients compare.
    let body = json!({"title": app.names.title, "version": VERSION, "commit": env!("CARGO_PKG_VERSION")});
    axum::Json(body).into_response()
}

pub(super) async fn alive() -> &'static str {
    "healthz check passed"
}

pub(super) async fn ready(State(app): Server) -> Response {
    let damaged: Vec<String> =
        app.db.collections().into_iter().filter(|name| app.db.collection(name).is_err()).collect();
    if damaged.is_empty() {
        return "all shards are ready".into_response();
    }
    let body = format!("some shards are not ready\n{}", damaged.join("\n"));
    (StatusCode::SERVICE_UNAVAILABLE, body).into_response()
}

pub(super) async fn metrics(
    State(app): Server,
    Extension(access): Extension<Arc<Access>>,
    Extension(metrics): Extension<Arc<Metrics>>,
    params: Params,
    headers: HeaderMap,
) -> Response {
    if let Err(forbidden) = access.require_global(Right::Read) {
        return failed(&ApiError::new(Kind::Forbidden, forbidden), Instant::now());
    }
    let format =
        Format::accepted(headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default());
    let by_collection = params.get("per_collection") == Some("true");
    // Facts take no lock that a write holds for long.
    let facts = tokio::task::spawn_blocking(move || facts(&app)).await;
    match facts {
        Ok(facts) => ([(CONTENT_TYPE, format.content_type())], metrics.page(&facts, format, by_collection))
            .into_response(),
        Err(e) => failed(&ApiError::new(Kind::Internal, e), Instant::now()),
    }
}

fn facts(app: &App) -> Facts {
    let collections = app.db.collections().into_iter().filter_map(|name| {
        let info = app.db.collection(&name).ok()?.info().ok()?;
        let indexed: u64 =
            info.segments.iter().flat_map(|s| &s.indexes).map(|i| u64::from(i.vector_count)).sum();
        Some(CollectionFacts {
            name,
            points: info.point_count,
            vectors: info.config.vectors.keys().map(|name| (name.clone(), info.point_count)).collect(),
            segments: info.segments.len() as u64,
            wal_bytes: info.wal_bytes,
            pending_points: info.point_count.saturating_sub(indexed),
        })
    });
    Facts {
        app: app.names.app.clone(),
        version: VERSION.to_owned(),
        prefix: app.names.metrics_prefix.clone(),
        collections: collections.collect(),
    }
}

pub(super) async fn telemetry(State(app): Server, params: Params, request: Received) -> Response {
    let level: u64 = params.get("details_level").and_then(|text| text.parse().ok()).unwrap_or(0);
    request.run(&app, Work::Admin, params.reads(), move |scope| telemetry_of(scope, level)).await
}

fn telemetry_of(scope: &Scope, level: u64) -> Result<Value> {
    scope.require(Right::Read)?;
    let app = &scope.app;
    let names = app.db.collections();
    let mut collections = json!({"number_of_collections": names.len()});
    if level > 0
        && let Some(map) = collections.as_object_mut()
    {
        map.insert("collections".to_owned(), names.iter().map(|name| described(app, name)).collect());
    }
    Ok(json!({
        "id": "0",
        "app": {
            "name": app.names.app,
            "version": VERSION,
            "program": concat!("nigh ", env!("CARGO_PKG_VERSION")),
            "uptime_seconds": app.began.elapsed().as_secs(),
        },
        "collections": collections,
        "waiting": {
            "reads": app.waiting(Work::Read),
            "writes": app.waiting(Work::Write),
            "administrative": app.waiting(Work::Admin),
        },
    }))
}

fn described(app: &App, name: &str) -> Value {
    let collection = match app.db.collection(name) {
        Ok(collection) => collection,
        Err(e) => return json!({"id": name, "error": e.to_string()}),
    };
    let info = match collection.info() {
        Ok(info) => info,
        Err(e) => return json!({"id": name, "error": e.to_string()}),
    };
    let jobs = collection.jobs();
    let job = |job: &nigh::JobInfo| {
        let (state, failure) = match &job.state {
            JobState::Running => ("running", None),
            JobState::Done => ("done", None),
            JobState::Discarded => ("discarded", None),
            JobState::Failed { reason, .. } => ("failed", Some(reason)),
        };
        json!({"id": job.id, "reason": job.reason, "state": state, "failure": failure})
    };
    json!({
        "id": name,
        "points": info.point_count,
        "segments": info.segments.len(),
        "wal": {
            "bytes": info.wal_bytes,
            "last": info.last_seq.0,
            "durable": info.durable_seq.0,
            "checkpoint": info.checkpoint_seq.0,
        },
        "jobs": jobs.iter().map(job).collect::<Vec<_>>(),
    })
}

pub(super) async fn cluster(State(app): Server, params: Params, request: Received) -> Response {
    request.run(&app, Work::Read, params.reads(), |_| Ok(json!({"status": "disabled"}))).await
}

pub(super) async fn needs_cluster(State(app): Server, params: Params, request: Received) -> Response {
    request.run(&app, Work::Read, params.reads(), |_| Err::<Value, _>(ApiError::needs_cluster())).await
}

pub(super) async fn issues(State(app): Server, params: Params, request: Received) -> Response {
    request.run(&app, Work::Read, params.reads(), |_| Ok(json!({"issues": []}))).await
}

pub(super) async fn clear_issues(State(app): Server, params: Params, request: Received) -> Response {
    request.run(&app, Work::Read, params.reads(), |_| Ok(true)).await
}
