//! Points over REST: written, read, searched, edited.

#[path = "support/front.rs"]
mod front;
#[path = "support/served.rs"]
mod served;

use serde_json::{Value, json};
use served::{Served, error_of, serve};

async fn with_points() -> Served {
    let server = serve(&[]).await;
    let body = json!({"vectors": {"size": 2, "distance": "Euclid"}});
    server.result(server.send("PUT", "/collections/c", body).await);
    let point = |id: u64| json!({"id": id, "vector": [id, 0], "payload": {"n": id, "tag": if id.is_multiple_of(2) { "even" } else { "odd" }, "o": {"a": id, "b": 0}}});
    let points: Vec<Value> = (1..=6).map(point).collect();
    let answer = server.send("PUT", "/collections/c/points?wait=true", json!({"points": points})).await;
    assert_eq!(server.result(answer)["status"], "completed");
    server
}

async fn post(server: &Served, path: &str, body: Value) -> Value {
    server.result(server.send("POST", &format!("/collections/c/{path}"), body).await)
}

#[tokio::test]
async fn the_nearest_are_found_with_distances_as_they_are() {
    let server = with_points().await;
    let found =
        post(&server, "points/query", json!({"query": [0, 0], "limit": 2, "with_payload": ["o.a"]})).await;
    let expected = json!({"points": [
        {"id": 1, "version": 1, "score": 1.0, "payload": {"o": {"a": 1}}},
        {"id": 2, "version": 1, "score": 2.0, "payload": {"o": {"a": 2}}},
    ]});
    assert_eq!(found, expected);
    let filter = json!({"must": [{"key": "tag", "match": {"value": "even"}}]});
    let found =
        post(&server, "points/query", json!({"query": 1, "filter": filter, "with_vector": true})).await;
    assert_eq!(found["points"][0]["id"], 2);
    assert_eq!(found["points"][0]["vector"], json!([2.0, 0.0]));
    assert_eq!(found["points"].as_array().map(Vec::len), Some(3));
    // The older form answers with a bare list.
    let older = post(&server, "points/search", json!({"vector": [9, 0], "top": 1})).await;
    assert_eq!(older[0]["id"], 6);
    let batch = post(
        &server,
        "points/query/batch",
        json!({"searches": [{"query": [0, 0], "limit": 1}, {"query": 6, "limit": 1}]}),
    )
    .await;
    assert_eq!((&batch[0]["points"][0]["id"], &batch[1]["points"][0]["id"]), (&json!(1), &json!(5)));
}

#[tokio::test]
async fn pages_follow_each_other() {
    let server = with_points().await;
    let first = post(&server, "points/scroll", json!({"limit": 4})).await;
    assert_eq!(first["next_page_offset"], 5);
    assert_eq!(first["points"][0]["payload"]["n"], 1);
    let second =
        post(&server, "points/scroll", json!({"limit": 4, "offset": 5, "with_payload": false})).await;
    assert_eq!(second, json!({"points": [{"id": 5}, {"id": 6}], "next_page_offset": null}));
    let without = server.send("POST", "/collections/c/points/scroll", json!({"order_by": "n"})).await;
    assert!(error_of(&without, 400).starts_with("Wrong input: No range index for `order_by` key: `n`."));
    let index = json!({"field_name": "n", "field_schema": {"type": "integer", "on_disk": true}});
    server.result(server.send("PUT", "/collections/c/index?wait=true", index).await);
    let ordered =
        post(&server, "points/scroll", json!({"order_by": {"key": "n", "direction": "desc"}, "limit": 1}))
            .await;
    assert_eq!((&ordered["points"][0]["id"], &ordered["points"][0]["order_value"]), (&json!(6), &json!(6)));
    let info = server.result(server.send("GET", "/collections/c", Value::Null).await);
    let schema = json!({"data_type": "integer", "params": {"type": "integer", "on_disk": true}, "points": 6});
    assert_eq!(info["payload_schema"]["n"], schema);
}

#[tokio::test]
async fn payloads_are_edited_by_id_and_by_filter() {
    let server = with_points().await;
    let odd = json!({"must": {"key": "tag", "match": {"value": "odd"}}});
    post(&server, "points/payload?wait=true", json!({"payload": {"seen": true}, "filter": odd})).await;
    let counted = post(
        &server,
        "points/count",
        json!({"filter": {"must": [{"key": "seen", "match": {"value": true}}]}}),
    )
    .await;
    assert_eq!(counted, json!({"count": 3}));
    let body = json!({"payload": {"z": 1}, "points": [2], "key": "o"});
    server.result(server.send("PUT", "/collections/c/points/payload?wait=true", body).await);
    let body = json!({"keys": ["n", "o.a"], "points": [1, 99]});
    let missing = server.send("POST", "/collections/c/points/payload/delete?wait=true", body).await;
    assert_eq!(error_of(&missing, 404), "Not found: No point with id 99 found");
    post(&server, "points/payload?wait=true", json!({"payload": {"seen": null}, "points": [1]})).await;
    post(&server, "points/payload/clear?wait=true", json!({"points": [3]})).await;
    let got = post(&server, "points", json!({"ids": [1, 2, 3, 99]})).await;
    assert_eq!(got[0]["payload"], json!({"tag": "odd", "o": {"b": 0}}));
    assert_eq!(got[1]["payload"]["o"], json!({"z": 1}));
    assert_eq!(got[2]["payload"], json!({}));
    assert_eq!(got.as_array().map(Vec::len), Some(3));
    let missing = server.send("POST", "/collections/c/points/payload", json!({"payload": {}})).await;
    assert_eq!(error_of(&missing, 400), "Wrong input: No filter or points provided");
}

#[tokio::test]
async fn several_writes_apply_in_order() {
    let server = with_points().await;
    let operations = json!({"operations": [
        {"upsert": {"points": [{"id": 7, "vector": [7, 0], "payload": {"a": 1}}]}},
        {"set_payload": {"payload": {"b": 2}, "points": [7]}},
        {"update_vectors": {"points": [{"id": 7, "vector": [8, 1]}]}},
        {"delete": {"points": [1]}},
        {"delete": {"filter": {"must": [{"has_id": [2]}]}}},
    ]});
    let results = post(&server, "points/batch?wait=true", operations).await;
    assert_eq!(results.as_array().map(Vec::len), Some(5));
    let one = server.result(server.send("GET", "/collections/c/points/7", Value::Null).await);
    assert_eq!(one, json!({"id": 7, "payload": {"a": 1, "b": 2}, "vector": [8.0, 1.0]}));
    assert_eq!(post(&server, "points/count", json!({})).await, json!({"count": 5}));
}

#[tokio::test]
async fn conditions_decide_what_an_upsert_touches() {
    let server = with_points().await;
    let put = async |body: Value| {
        server.result(server.send("PUT", "/collections/c/points?wait=true", body).await);
    };
    let points = json!([{"id": 1, "vector": [1, 1]}, {"id": 10, "vector": [1, 1]}]);
    put(json!({"points": points, "update_mode": "insert_only"})).await;
    let ids = |value: Value| {
        value["points"].as_array().map(|list| list.iter().map(|p| p["id"].clone()).collect::<Vec<_>>())
    };
    let with_y = post(&server, "points/query", json!({"query": [1, 1], "limit": 1})).await;
    assert_eq!(ids(with_y), Some(vec![json!(10)]));
    let filter = json!({"must": [{"key": "n", "range": {"gt": 4}}]});
    let points = json!([{"id": 4, "vector": [50, 0]}, {"id": 5, "vector": [50, 0]}]);
    put(json!({"points": points, "update_filter": filter})).await;
    let far =
        post(&server, "points/query", json!({"query": [50, 0], "limit": 1, "score_threshold": 1.0})).await;
    assert_eq!(ids(far), Some(vec![json!(5)]));
}

#[tokio::test]
async fn groups_facets_and_matrices_are_gathered() {
    let server = with_points().await;
    let groups =
        post(&server, "points/query/groups", json!({"query": [0, 0], "group_by": "tag", "group_size": 2}))
            .await;
    let summary: Vec<_> = groups["groups"]
        .as_array()
        .expect("groups")
        .iter()
        .map(|group| (group["id"].clone(), group["hits"].as_array().map(Vec::len)))
        .collect();
    assert_eq!(summary, [(json!("odd"), Some(2)), (json!("even"), Some(2))]);
    let none = server.send("POST", "/collections/c/facet", json!({"key": "tag"})).await;
    assert!(error_of(&none, 400).starts_with("Wrong input: No appropriate index for faceting: `tag`."));
    let index = json!({"field_name": "tag", "field_schema": "keyword"});
    server.result(server.send("PUT", "/collections/c/index", index).await);
    let facet = post(&server, "facet", json!({"key": "tag"})).await;
    assert_eq!(facet, json!({"hits": [{"value": "even", "count": 3}, {"value": "odd", "count": 3}]}));
    let pairs = post(&server, "points/search/matrix/pairs", json!({"sample": 6, "limit": 1})).await;
    assert_eq!(pairs["pairs"].as_array().map(Vec::len), Some(6));
}

#[tokio::test]
async fn integers_beyond_doubles_survive() {
    let server = with_points().await;
    let body = r#"{"points": [{"id": 18446744073709551615, "vector": [1, 2]}]}"#;
    let (status, text) = server.send_text("PUT", "/collections/c/points?wait=true", body).await;
    assert_eq!(status, 200, "{text}");
    let (_, text) =
        server.send_text("POST", "/collections/c/points", r#"{"ids": [18446744073709551615]}"#).await;
    assert!(text.contains(r#""id":18446744073709551615"#), "{text}");
}
