//! What REST refuses, in the words that clients compare; and that nothing of it hurts.

#[path = "support/front.rs"]
mod front;
#[path = "support/served.rs"]
mod served;

use serde_json::{Value, json};
use served::{Served, error_of, serve};

async fn server() -> Served {
    let server = serve(&[]).await;
    let body = json!({"vectors": {"size": 2, "distance": "Dot"}});
    server.result(server.send("PUT", "/collections/c", body).await);
    server
}

#[tokio::test]
async fn messages_are_those_of_the_wire() {
    let server = server().await;
    let cases = [
        (
            "POST",
            "points/query",
            json!({"query": [1, 2, 3]}),
            400,
            "Wrong input: Vector dimension error: expected dim: 2, got 3",
        ),
        (
            "POST",
            "points/query",
            json!({"query": [1, 2], "using": "x"}),
            400,
            "Wrong input: Not existing vector name error: x",
        ),
        ("POST", "points/query", json!({"query": 5}), 404, "Not found: No point with id 5 found"),
        (
            "POST",
            "points/query",
            json!({"prefetch": {"query": [1, 2]}}),
            400,
            "Wrong input: A query is needed to merge the prefetches. Can't have prefetches without defining a query.",
        ),
        (
            "POST",
            "points/query",
            json!({"score_threshold": 0.5}),
            400,
            "Wrong input: A query is needed to use the score_threshold. Can't have score_threshold without defining a query.",
        ),
        (
            "POST",
            "points/query",
            json!({"query": {"fusion": "rrf"}, "prefetch": {"query": [1, 2]}, "using": "x"}),
            400,
            "Wrong input: Fusion queries cannot be combined with the 'using' field.",
        ),
        (
            "POST",
            "points/query",
            json!({"query": [1, 2], "limit": 0}),
            422,
            "Validation error in JSON body: [internal.limit: value 0 invalid, must be 1 or larger]",
        ),
        (
            "POST",
            "points/query",
            json!({"query": []}),
            422,
            "Validation error in JSON body: [internal.query: dense vector must not be empty]",
        ),
        (
            "POST",
            "points/query",
            json!({"query": [1, 2], "lookup_from": {"collection": "nope"}}),
            404,
            "Not found: Collection nope not found",
        ),
        (
            "POST",
            "points/scroll",
            json!({"filter": {"must": [{"key": "a"}]}}),
            422,
            "Validation error in JSON body: [filter.must[0]: At least one field condition must be specified]",
        ),
        ("PUT", "points", json!({"points": []}), 400, "Bad request: Empty update request"),
        (
            "PUT",
            "points?timeout=0",
            json!({"points": []}),
            422,
            "Validation error in query parameters: [timeout: value 0 invalid, must be 1 or larger]",
        ),
        ("GET", "points/abc", Value::Null, 400, "Wrong input: Can not recognize \"abc\" as point id"),
        ("GET", "points/77", Value::Null, 404, "Not found: Point with id 77 does not exists!"),
    ];
    for (method, path, body, status, message) in cases {
        let answer = server.send(method, &format!("/collections/c/{path}"), body).await;
        assert_eq!(error_of(&answer, status), message, "{path}");
    }
    let cluster = server.send("POST", "/cluster/recover", Value::Null).await;
    assert!(error_of(&cluster, 405).contains("standalone mode"));
    assert_eq!(server.send("GET", "/no/such/route", Value::Null).await, (404, Value::String(String::new())));
}

#[tokio::test]
async fn odd_bodies_are_refused_and_the_server_goes_on() {
    let server = server().await;
    let deep = format!("{}{}", "[".repeat(1_000_000), "]".repeat(1_000_000));
    let keys = format!("{{{}\"x\": 1}}", "\"k\": {\"a\": 1},".repeat(100_000));
    let bodies: [(&str, u16); 12] = [
        ("", 400),
        ("{", 400),
        ("null", 400),
        ("[]", 400),
        ("{\"query\": [1e999, 1]}", 400),
        ("{\"query\": [NaN, 1]}", 400),
        ("{\"query\": [1, 2], \"limit\": -1}", 400),
        ("{\"query\": [1, 2], \"limit\": 1.5}", 400),
        ("{\"query\": \"\\ud800\"}", 400),
        ("\u{feff}{\"query\": [1, 2]}", 400),
        (&deep, 400),
        (&keys, 200),
    ];
    for (body, expected) in bodies {
        let (status, text) = server.send_text("POST", "/collections/c/points/query", body).await;
        let shown: String = body.chars().take(40).collect();
        assert_eq!(status, expected, "{shown}: {text}");
    }
    assert_eq!(server.send("GET", "/healthz", Value::Null).await.0, 200);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_before_it_is_read() {
    let server = serve(&["service.max_request_size_mb=1"]).await;
    let big = format!("{{\"x\": \"{}\"}}", "y".repeat(1 << 20));
    let (status, text) = server.send_text("PUT", "/collections/c", &big).await;
    assert_eq!(status, 413, "{text}");
    let (status, _) = server.send_text("PUT", "/collections/c", "{}").await;
    assert_eq!(status, 200);
}
