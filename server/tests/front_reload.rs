//! What a reload changes takes effect under a running server, and what is wrong changes nothing.

#[path = "support/front.rs"]
mod front;

use front::{Body, ask, sources, start};
use http::{Request, Response};

fn get(key: &str) -> Request<String> {
    Request::get("/x").header("api-key", key).body(String::new()).expect("a request")
}

fn ok(_: &Request<nigh_server::listen::RequestBody>) -> Response<Body> {
    Response::new(Body::from("served".to_owned()))
}

#[tokio::test]
async fn keys_change_without_a_gap() {
    let running = start(&sources(&["service.api_key=old"]), ok).await;
    let local = ([127, 0, 0, 1], running.http.port()).into();
    let status = async |key: &str| ask(local, &get(key)).await.status().as_u16();
    assert_eq!((status("old").await, status("new").await), (200, 401));
    let both = sources(&["service.api_key=old", "service.alt_api_key=new"]);
    assert!(running.front.reload(&both).expect("good").is_empty());
    assert_eq!((status("old").await, status("new").await), (200, 200));
    assert!(running.front.reload(&sources(&["service.api_key=new"])).expect("good").is_empty());
    assert_eq!((status("old").await, status("new").await), (401, 200));
}

#[tokio::test]
async fn what_is_wrong_changes_nothing() {
    let running = start(&sources(&["service.api_key=key"]), ok).await;
    let local = ([127, 0, 0, 1], running.http.port()).into();
    let refuse = |set: &[&str], expected: &str| {
        let error = running.front.reload(&sources(set)).expect_err("wrong").to_string();
        assert!(error.contains(expected), "{error}");
    };
    // The address that was bound is open to others.
    refuse(&[], "the last key is gone while 0.0.0.0 can be reached by others");
    refuse(&["service.api_key=key", "limits.eff=1"], "unknown key");
    assert_eq!(ask(local, &get("")).await.status(), 401);
    assert_eq!(ask(local, &get("key")).await.status(), 200);
}

#[tokio::test]
async fn what_takes_a_restart_is_named() {
    let running = start(&sources(&["service.api_key=key"]), ok).await;
    let set = ["service.api_key=key", "service.title=x", "limits.ef=5", "service.enable_tls=true"];
    let fixed = running.front.reload(&sources(&set)).expect("good");
    let fixed: Vec<_> = fixed.iter().map(|key| key.path).collect();
    assert_eq!(fixed, ["service.enable_tls", "service.title"]);
    assert_eq!(running.front.live().load().limits.ef, 5);
    assert!(running.front.live().load().tls.is_none());
}

#[tokio::test]
async fn rates_can_be_switched_on_while_it_runs() {
    let running = start(&sources(&[]), ok).await;
    for _ in 0..5 {
        assert_eq!(ask(running.http, &get("")).await.status(), 200);
    }
    let set = ["rate_limits.enabled=true", "rate_limits.user_per_minute=2", "rate_limits.ip_per_hour=null"];
    running.front.reload(&sources(&set)).expect("good");
    for _ in 0..2 {
        assert_eq!(ask(running.http, &get("")).await.status(), 200);
    }
    let refused = ask(running.http, &get("")).await;
    assert_eq!(refused.status(), 429);
    assert!(refused.headers().contains_key("retry-after") && refused.headers().contains_key("x-request-id"));
}

#[tokio::test]
async fn a_browser_may_ask_whether_it_may_ask() {
    let running = start(&sources(&["service.api_key=key", "service.host=127.0.0.1"]), ok).await;
    let preflight = Request::options("/collections")
        .header("origin", "http://page.example")
        .header("access-control-request-method", "PUT")
        .header("access-control-request-headers", "api-key,authorization");
    let answer = ask(running.http, &preflight.body(String::new()).expect("a request")).await;
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["access-control-allow-headers"], "api-key,authorization");
    // The refusal can be read by the page, too.
    let request = Request::get("/collections").header("origin", "http://page.example");
    let answer = ask(running.http, &request.body(String::new()).expect("a request")).await;
    assert_eq!(
        (answer.status().as_u16(), &answer.headers()["access-control-allow-origin"]),
        (401, &"*".parse().expect("a star"))
    );
}

#[tokio::test]
async fn metrics_count_what_was_refused() {
    let running = start(&sources(&["service.api_key=key", "service.host=127.0.0.1"]), ok).await;
    ask(running.http, &get("wrong")).await;
    ask(running.http, &get("key")).await;
    let front = std::sync::Arc::clone(&running.front);
    assert_eq!(running.end().await.cut, 0);
    let page = front.metrics().page(&Default::default(), nigh_server::metrics::Format::Text, false);
    let line = |status| {
        format!("rest_responses_total{{method=\"GET\",endpoint=\"unmatched\",status=\"{status}\"}} 1")
    };
    assert!(page.contains(&line(401)) && page.contains(&line(200)), "{page}");
}
