//! Nobody is served without a key, and nobody is served more than their key allows, however a request is written.
//!
//! Behind the front stands a router of the test's own, once a strict one, and once one that takes every disguise of a path for the path.

#[path = "support/auth_matrix.rs"]
mod auth_matrix;
#[path = "support/front.rs"]
mod front;

use std::sync::Arc;

use auth_matrix::{ADMIN, COLLECTION, Cell, Needs, Outcome, READER, Route, cells};
use front::{Body, Running, ask, ask_http_2, sources, start};
use http::{HeaderValue, Request, Response, StatusCode};
use nigh_server::auth::{Access, Right};
use nigh_server::listen::RequestBody;

const fn route(method: &'static str, path: &'static str, needs: Needs) -> Route {
    Route { method, path, needs }
}

const ROUTES: [Route; 14] = [
    route("GET", "/", Needs::Nobody),
    route("GET", "/healthz", Needs::Nobody),
    route("GET", "/readyz", Needs::Nobody),
    route("GET", "/livez", Needs::Nobody),
    route("GET", "/collections", Needs::Anybody),
    route("GET", "/metrics", Needs::Global(Right::Read)),
    route("POST", "/collections/aliases", Needs::Global(Right::Manage)),
    route("GET", "/collections/mine", Needs::Collection(Right::Read)),
    route("PUT", "/collections/mine", Needs::Collection(Right::Manage)),
    route("POST", "/collections/mine/points/search", Needs::Collection(Right::Read)),
    route("PUT", "/collections/mine/points", Needs::Collection(Right::Write)),
    route("GET", "/collections/mine/snapshots", Needs::Collection(Right::ReadWhole)),
    route("PUT", "/collections/mine/index", Needs::Collection(Right::WriteWhole)),
    route("DELETE", "/collections/mine", Needs::Collection(Right::Manage)),
];

/// Answers as a router and its handlers would; what was served is marked.
fn answer(request: &Request<RequestBody>, fold: fn(&str) -> String) -> Response<Body> {
    let path = fold(request.uri().path());
    let status = |status| {
        let mut response = Response::new(Body::default());
        *response.status_mut() = status;
        response
    };
    let is_asked = |route: &&Route| {
        route.path == path && (route.method == request.method() || request.method() == "HEAD")
    };
    let Some(route) = ROUTES.iter().find(is_asked) else { return status(StatusCode::NOT_FOUND) };
    let access = request.extensions().get::<Arc<Access>>();
    let may = match (route.needs, access) {
        (Needs::Nobody, _) => true,
        // The invariant of the front is broken.
        (_, None) => return status(StatusCode::INTERNAL_SERVER_ERROR),
        (Needs::Anybody, Some(_)) => true,
        (Needs::Global(right), Some(access)) => access.require_global(right).is_ok(),
        (Needs::Collection(right) | Needs::Unfiltered(right), Some(access)) => {
            access.require_collection(COLLECTION, right).is_ok()
        }
    };
    if !may {
        return status(StatusCode::FORBIDDEN);
    }
    let mut response = status(StatusCode::OK);
    response.headers_mut().insert("x-served", HeaderValue::from_static("yes"));
    response
}

/// A router that takes a path by its word.
fn strict(path: &str) -> String {
    path.to_owned()
}

/// A router that decodes, folds case, and cleans a path up before it looks.
fn foolish(path: &str) -> String {
    let mut decoded = path.to_lowercase();
    for (code, plain) in [("%2f", "/"), ("%2e", "."), ("%63", "c"), ("%68", "h"), ("%00", ""), ("%3f", "?")] {
        decoded = decoded.replace(code, plain);
    }
    let decoded = decoded.split([';', '?']).next().unwrap_or_default();
    let mut parts = Vec::new();
    for part in decoded.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

async fn running(fold: fn(&str) -> String) -> Running {
    let admin = format!("service.api_key={ADMIN}");
    let reader = format!("service.read_only_api_key={READER}");
    let set = ["service.host=127.0.0.1", "service.jwt_rbac=true", &admin, &reader];
    start(&sources(&set), move |request| answer(request, fold)).await
}

#[track_caller]
fn judge(cell: &Cell, response: &Response<String>) {
    let status = response.status().as_u16();
    let is_served = response.headers().contains_key("x-served");
    let is_right = match cell.expected {
        Outcome::Admitted => is_served,
        Outcome::Unknown => status == 401 && !is_served,
        Outcome::Forbidden => status == 403 && !is_served,
        Outcome::NotServed => !is_served && status < 500,
    };
    assert!(is_right, "{}: expected {:?}, got {status}", cell.name, cell.expected);
}

#[tokio::test]
async fn every_cell_of_the_matrix_is_right() {
    for fold in [strict, foolish] {
        let running = running(fold).await;
        let all = cells(&ROUTES);
        assert!(all.len() > 500, "{}", all.len());
        for cell in &all {
            judge(cell, &ask(running.http, &cell.request).await);
        }
    }
}

#[tokio::test]
async fn the_matrix_holds_for_http_2_as_well() {
    let running = running(foolish).await;
    for cell in cells(&ROUTES).iter().filter(|cell| cell.expected != Outcome::NotServed) {
        judge(cell, &ask_http_2(running.http, &cell.request).await);
    }
}

#[tokio::test]
async fn every_call_of_grpc_needs_a_key() {
    let running = running(foolish).await;
    for cell in cells(&ROUTES) {
        // Nothing is open here.
        if cell.request.headers().contains_key("api-key")
            || cell.request.headers().contains_key("authorization")
        {
            continue;
        }
        if cell.request.uri().path().starts_with("//") || cell.request.method() == "HEAD" {
            continue;
        }
        let response = ask_http_2(running.grpc, &cell.request).await;
        let status = response.headers().get("grpc-status").and_then(|code| code.to_str().ok());
        assert_eq!(status, Some("16"), "{}: {response:?}", cell.name);
    }
}
