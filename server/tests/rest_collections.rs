//! Collections and aliases over REST, as Qdrant's clients see them.

#[path = "support/front.rs"]
mod front;
#[path = "support/served.rs"]
mod served;

use serde_json::{Value, json};
use served::{error_of, serve};

#[tokio::test]
async fn a_collection_is_made_described_changed_and_dropped() {
    let server = serve(&[]).await;
    let body = json!({"vectors": {"size": 4, "distance": "Dot"}, "metadata": {"a": 1}});
    assert_eq!(server.result(server.send("PUT", "/collections/things", body.clone()).await), true);
    let again = server.send("PUT", "/collections/things", body).await;
    assert_eq!(error_of(&again, 409), "Wrong input: Collection `things` already exists!");

    let info = server.result(server.send("GET", "/collections/things", Value::Null).await);
    assert_eq!(info["status"], "green");
    assert_eq!(info["points_count"], 0);
    assert_eq!(info["config"]["params"]["vectors"], json!({"size": 4, "distance": "Dot"}));
    assert_eq!(info["config"]["hnsw_config"]["m"], 16);
    assert_eq!(info["config"]["quantization_config"], Value::Null);
    assert!(info["config"].as_object().expect("a map").contains_key("quantization_config"));
    assert_eq!(info["config"]["metadata"], json!({"a": 1}));

    let change = json!({"hnsw_config": {"m": 24}, "metadata": {"a": null, "b": [2]}});
    assert_eq!(server.result(server.send("PATCH", "/collections/things", change).await), true);
    let info = server.result(server.send("GET", "/collections/things", Value::Null).await);
    assert_eq!(info["config"]["hnsw_config"]["m"], 24);
    assert_eq!(info["config"]["hnsw_config"]["ef_construct"], 100);
    assert_eq!(info["config"]["metadata"], json!({"b": [2]}));

    let list = server.result(server.send("GET", "/collections", Value::Null).await);
    assert_eq!(list, json!({"collections": [{"name": "things"}]}));
    assert_eq!(server.result(server.send("DELETE", "/collections/things", Value::Null).await), true);
    assert_eq!(server.result(server.send("DELETE", "/collections/things", Value::Null).await), false);
    let missing = server.send("GET", "/collections/things", Value::Null).await;
    assert_eq!(error_of(&missing, 404), "Not found: Collection `things` doesn't exist!");
    let exists = server.result(server.send("GET", "/collections/things/exists", Value::Null).await);
    assert_eq!(exists, json!({"exists": false}));
}

#[tokio::test]
async fn aliases_stand_for_collections_everywhere() {
    let server = serve(&[]).await;
    let body = json!({"vectors": {"size": 1, "distance": "Dot"}});
    server.result(server.send("PUT", "/collections/one", body).await);
    let actions = json!({"actions": [
        {"create_alias": {"collection_name": "one", "alias_name": "first"}},
        {"rename_alias": {"old_alias_name": "first", "new_alias_name": "main"}},
    ]});
    assert_eq!(server.result(server.send("POST", "/collections/aliases", actions).await), true);
    let aliases = server.result(server.send("GET", "/collections/one/aliases", Value::Null).await);
    assert_eq!(aliases, json!({"aliases": [{"alias_name": "main", "collection_name": "one"}]}));
    let points = json!({"points": [{"id": 1, "vector": [1.0]}]});
    server.result(server.send("PUT", "/collections/main/points?wait=true", points).await);
    let count = server.result(server.send("POST", "/collections/one/points/count", json!({})).await);
    assert_eq!(count, json!({"count": 1}));
    // All actions apply together or not at all.
    let half = json!({"actions": [
        {"delete_alias": {"alias_name": "main"}},
        {"create_alias": {"collection_name": "two", "alias_name": "second"}},
    ]});
    assert_eq!(server.send("POST", "/collections/aliases", half).await.0, 404);
    assert_eq!(server.send("GET", "/collections/main", Value::Null).await.0, 200);
}

#[tokio::test]
async fn what_a_collection_cannot_be_is_refused_by_its_path() {
    let server = serve(&[]).await;
    let bad = [
        (
            json!({"vectors": {"size": 0, "distance": "Dot"}}),
            422,
            "vectors.size: value 0 invalid, must be from 1 to 65536",
        ),
        (json!({"vectors": {"size": 4, "distance": "dot"}}), 400, "Format error in JSON body: "),
        (
            json!({"vectors": {"a": {"size": 4, "distance": "Dot"}}, "hnsw_config": {"ef_construct": 1}}),
            422,
            "hnsw_config.ef_construct: value 1 invalid, must be 4 or larger",
        ),
        (
            json!({"vectors": {"size": 4, "distance": "Dot"}, "sharding_method": "custom"}),
            400,
            "needs a cluster",
        ),
    ];
    for (body, status, text) in bad {
        let answer = server.send("PUT", "/collections/x", body).await;
        assert!(error_of(&answer, status).contains(text), "{answer:?}");
    }
    let name = server.send("PUT", "/collections/a%3Cb", json!({})).await;
    assert!(error_of(&name, 422).contains("collection_name: cannot contain"), "{name:?}");
}
