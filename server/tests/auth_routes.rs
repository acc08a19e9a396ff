//! Every route of the server, asked by everyone, in every disguise: who may not is refused.
//!
//! The table is checked against the router's own, so that a new route fails here until it is listed.

#[path = "support/auth_matrix.rs"]
mod auth_matrix;
#[path = "support/front.rs"]
mod front;
#[path = "support/served.rs"]
mod served;

use auth_matrix::{ADMIN, Cell, Needs, Outcome, READER, Route, cells};
use front::ask;
use http::Response;
use nigh_server::auth::Right;
use serde_json::json;
use served::serve;

const READ: Needs = Needs::Collection(Right::Read);
const WRITE: Needs = Needs::Collection(Right::Write);
const EDIT: Needs = Needs::Unfiltered(Right::Write);
const FIND: &str = r#"{"query": [1.0], "vector": [1.0], "limit": 1, "ids": [1], "key": "x", "group_by": "x", "group_size": 1, "searches": [], "target": [1.0]}"#;
const POINTS: &str = r#"{"points": [1], "payload": {}, "keys": ["x"], "vector": [""], "operations": []}"#;

/// Method, path, what it takes, and a body that is well-formed.
const TABLE: [(&str, &str, Needs, &str); 50] = [
    ("GET", "/", Needs::Nobody, ""),
    ("GET", "/healthz", Needs::Nobody, ""),
    ("GET", "/livez", Needs::Nobody, ""),
    ("GET", "/readyz", Needs::Nobody, ""),
    ("GET", "/metrics", Needs::Global(Right::Read), ""),
    ("GET", "/telemetry", Needs::Global(Right::Read), ""),
    ("GET", "/cluster", Needs::Anybody, ""),
    ("POST", "/cluster/recover", Needs::Anybody, ""),
    ("DELETE", "/cluster/peer/{id}", Needs::Anybody, ""),
    ("GET", "/cluster/telemetry", Needs::Anybody, ""),
    ("GET", "/issues", Needs::Anybody, ""),
    ("DELETE", "/issues", Needs::Anybody, ""),
    ("GET", "/collections", Needs::Anybody, ""),
    ("POST", "/collections/aliases", Needs::Global(Right::Manage), r#"{"actions": []}"#),
    ("GET", "/aliases", Needs::Anybody, ""),
    ("GET", "/collections/{collection_name}", READ, ""),
    ("PUT", "/collections/{collection_name}", Needs::Global(Right::Manage), "{}"),
    ("PATCH", "/collections/{collection_name}", Needs::Collection(Right::Manage), "{}"),
    ("GET", "/collections/{collection_name}/exists", READ, ""),
    ("GET", "/collections/{collection_name}/aliases", READ, ""),
    (
        "PUT",
        "/collections/{collection_name}/index",
        Needs::Collection(Right::WriteWhole),
        r#"{"field_name": "x", "field_schema": "keyword"}"#,
    ),
    ("DELETE", "/collections/{collection_name}/index/{field_name}", Needs::Collection(Right::WriteWhole), ""),
    ("POST", "/collections/{collection_name}/cluster", Needs::Anybody, ""),
    ("PUT", "/collections/{collection_name}/shards", Needs::Anybody, ""),
    ("GET", "/collections/{collection_name}/shards", Needs::Anybody, ""),
    ("POST", "/collections/{collection_name}/shards/delete", Needs::Anybody, ""),
    (
        "PUT",
        "/collections/{collection_name}/points",
        WRITE,
        r#"{"points": [{"id": 1, "vector": [1.0], "payload": {"tenant": 7}}]}"#,
    ),
    ("POST", "/collections/{collection_name}/points", READ, FIND),
    ("GET", "/collections/{collection_name}/points/{id}", READ, ""),
    ("POST", "/collections/{collection_name}/points/delete", WRITE, POINTS),
    ("POST", "/collections/{collection_name}/points/payload", EDIT, POINTS),
    ("PUT", "/collections/{collection_name}/points/payload", EDIT, POINTS),
    ("POST", "/collections/{collection_name}/points/payload/delete", EDIT, POINTS),
    ("POST", "/collections/{collection_name}/points/payload/clear", EDIT, POINTS),
    (
        "PUT",
        "/collections/{collection_name}/points/vectors",
        WRITE,
        r#"{"points": [{"id": 1, "vector": [1.0]}]}"#,
    ),
    ("POST", "/collections/{collection_name}/points/vectors/delete", WRITE, POINTS),
    ("POST", "/collections/{collection_name}/points/batch", WRITE, POINTS),
    ("POST", "/collections/{collection_name}/points/scroll", READ, FIND),
    ("POST", "/collections/{collection_name}/points/count", READ, FIND),
    ("POST", "/collections/{collection_name}/facet", READ, FIND),
    ("POST", "/collections/{collection_name}/points/query", READ, FIND),
    ("POST", "/collections/{collection_name}/points/query/batch", READ, FIND),
    ("POST", "/collections/{collection_name}/points/query/groups", READ, FIND),
    ("POST", "/collections/{collection_name}/points/search", READ, FIND),
    ("POST", "/collections/{collection_name}/points/search/batch", READ, FIND),
    ("POST", "/collections/{collection_name}/points/search/groups", READ, FIND),
    ("POST", "/collections/{collection_name}/points/search/matrix/pairs", READ, "{}"),
    ("POST", "/collections/{collection_name}/points/search/matrix/offsets", READ, "{}"),
    ("POST", "/collections/{collection_name}/points/recommend", READ, FIND),
    // Last: it takes the collection away.
    ("DELETE", "/collections/{collection_name}", Needs::Global(Right::Manage), ""),
];

/// The same as one that is in the table.
const LIKE: [(&str, &str); 4] = [
    (
        "/collections/{collection_name}/points/recommend/batch",
        "/collections/{collection_name}/points/search/batch",
    ),
    (
        "/collections/{collection_name}/points/recommend/groups",
        "/collections/{collection_name}/points/search/groups",
    ),
    ("/collections/{collection_name}/points/discover", "/collections/{collection_name}/points/recommend"),
    (
        "/collections/{collection_name}/points/discover/batch",
        "/collections/{collection_name}/points/search/batch",
    ),
];

fn entry(method: &str, path: &str) -> (Needs, &'static str) {
    let like = LIKE.iter().find(|(there, _)| *there == path).map_or(path, |(_, like)| like);
    let found = TABLE.iter().find(|(m, p, _, _)| *m == method && *p == like);
    let (_, _, needs, body) = found.unwrap_or_else(|| panic!("{method} {path} is not in the table"));
    (*needs, body)
}

#[track_caller]
fn judge(cell: &Cell, response: &Response<String>) {
    let status = response.status().as_u16();
    let is_right = match cell.expected {
        Outcome::Admitted => !matches!(status, 401 | 403),
        Outcome::Unknown => status == 401,
        Outcome::Forbidden => status == 403,
        // A browser asks without a key whether it may ask; that says nothing.
        Outcome::NotServed if cell.request.method() == "OPTIONS" => response.body().is_empty(),
        // Whatever a disguise is taken for, it is not an answer for those with a key.
        Outcome::NotServed => matches!(status, 400 | 401 | 404 | 405),
    };
    assert!(is_right, "{}: expected {:?}, got {status}: {}", cell.name, cell.expected, response.body());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_is_closed_to_those_who_may_not() {
    let admin = format!("service.api_key={ADMIN}");
    let reader = format!("service.read_only_api_key={READER}");
    let server = serve(&["service.jwt_rbac=true", &admin, &reader]).await;
    let vectors = nigh::CollectionConfig::single(nigh::VectorConfig::new(1, nigh::Metric::Dot));
    let collection = server.db.create_collection("mine", &vectors).expect("a collection");
    let payload = nigh::Payload::from_json(json!({"tenant": 7})).expect("a payload");
    let mut count = 0;
    let mut routes = nigh_server::rest::routes();
    routes.sort_by_key(|route| (route.method == "DELETE", route.path.len()));
    for route in routes {
        let (needs, body) = entry(route.method, route.path);
        let path =
            route.path.replace("{collection_name}", "mine").replace("{id}", "1").replace("{field_name}", "x");
        let path: &'static str = path.leak();
        for mut cell in cells(&[Route { method: route.method, path, needs }]) {
            // What another cell deleted is there again.
            if route.method != "DELETE" {
                let point = nigh::Point::new(1u64, [1.0]).with_payload(payload.clone());
                collection.upsert([point]).expect("a point");
            }
            *cell.request.body_mut() = body.to_owned();
            judge(&cell, &ask(server.http, &cell.request).await);
            count += 1;
        }
    }
    assert!(count > 2_000, "{count}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tenant_sees_and_touches_only_its_own() {
    use auth_matrix::token;
    let admin = format!("service.api_key={ADMIN}");
    let server = serve(&["service.jwt_rbac=true", &admin]).await;
    let vectors = nigh::CollectionConfig::single(nigh::VectorConfig::new(1, nigh::Metric::Dot));
    let collection = server.db.create_collection("mine", &vectors).expect("a collection");
    let point = |id: u64, tenant: u64| {
        let payload = nigh::Payload::from_json(json!({"tenant": tenant})).expect("a payload");
        nigh::Point::new(id, [id as f32]).with_payload(payload)
    };
    collection.upsert((1..=20).map(|id| point(id, 6 + id % 2))).expect("points");
    let filter = json!({"must": [{"key": "tenant", "match": {"value": 7}}]});
    let key = token(&json!({"exp": 4_102_444_800_u64, "access": "m", "filter": filter}));
    let send = async |method: &str, path: &str, body: serde_json::Value| {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("/collections/mine/{path}"))
            .header("api-key", &key)
            .header("content-type", "application/json")
            .body(body.to_string())
            .expect("a request");
        let response = ask(server.http, &request).await;
        let body: serde_json::Value = serde_json::from_str(response.body()).expect("JSON");
        (response.status().as_u16(), body)
    };
    let others = |value: &serde_json::Value| value.to_string().contains("\"tenant\":6");
    let all = json!({"with_payload": true, "limit": 100});
    for (path, body) in [
        ("points/scroll", all.clone()),
        ("points/query", json!({"query": [1.0], "limit": 100, "with_payload": true})),
        ("points/query", json!({"limit": 100, "with_payload": true})),
        (
            "points/query",
            json!({"query": {"fusion": "rrf"}, "prefetch": [{"query": [1.0], "limit": 50}], "limit": 100, "with_payload": true}),
        ),
        ("points/search", json!({"vector": [1.0], "limit": 100, "with_payload": true})),
        ("points", json!({"ids": (1..=20).collect::<Vec<u64>>()})),
    ] {
        let (status, body) = send("POST", path, body).await;
        assert_eq!(status, 200, "{path}: {body}");
        assert!(!others(&body) && body.to_string().contains("\"tenant\":7"), "{path}: {body}");
    }
    let (_, counted) = send("POST", "points/count", json!({})).await;
    assert_eq!(counted["result"]["count"], 10);
    // A point of another tenant is neither replaced nor deleted, and none is put among them.
    let (status, _) = send(
        "PUT",
        "points?wait=true",
        json!({"points": [{"id": 2, "vector": [0.0], "payload": {"tenant": 7}}]}),
    )
    .await;
    assert_eq!(status, 200);
    let (status, _) = send(
        "PUT",
        "points?wait=true",
        json!({"points": [{"id": 99, "vector": [0.0], "payload": {"tenant": 6}}]}),
    )
    .await;
    assert_eq!(status, 403);
    send("POST", "points/delete?wait=true", json!({"points": [4, 6]})).await;
    send(
        "POST",
        "points/delete?wait=true",
        json!({"filter": {"must": [{"key": "tenant", "match": {"value": 6}}]}}),
    )
    .await;
    send("PUT", "points/vectors?wait=true", json!({"points": [{"id": 8, "vector": [0.0]}]})).await;
    let sixes = nigh::Filter::from(nigh::Condition::matches("tenant", 6));
    assert_eq!(collection.count_matching(sixes).expect("a count"), 10);
    let (_, found) = send("GET", "points/2", serde_json::Value::Null).await;
    assert!(found["status"]["error"].as_str().is_some_and(|text| text.contains("does not exist")), "{found}");
}
