//! The whole server in a folder of its own, on free ports.
#![allow(dead_code, reason = "each test file uses a part of this")]

use std::net::SocketAddr;
use std::sync::Arc;

use http::{Request, Response};
use nigh::Database;
use nigh_server::App;
use nigh_server::auth::MustExist;
use nigh_server::config::Config;
use nigh_server::front::Front;
use nigh_server::grpc::Grpc;
use nigh_server::listen::{Ended, RequestBody};
use nigh_server::rest;
use serde_json::Value;
use tempfile::TempDir;
use tokio::sync::watch;

use super::front::{ask, sources};

/// A running server.
pub(crate) struct Served {
    pub(crate) http: SocketAddr,
    pub(crate) grpc: SocketAddr,
    pub(crate) db: Database,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<Ended>,
    _dir: TempDir,
}

/// Starts a server with what `--set` says.
pub(crate) async fn serve(set: &[&str]) -> Served {
    let dir = tempfile::tempdir().expect("a folder");
    let (config, settings) = Config::load(&sources(set)).expect("a configuration");
    let db = Database::open(dir.path().join("db")).expect("a database");
    let opened: Arc<std::sync::OnceLock<Arc<App>>> = Arc::default();
    let existence = {
        let opened = Arc::clone(&opened);
        Arc::new(
            move |looked_for: MustExist| -> std::pin::Pin<Box<dyn Future<Output = Option<bool>> + Send>> {
                let app = opened.get().cloned();
                Box::pin(async move { app?.has_point(looked_for).await })
            },
        )
    };
    let front = Front::new(&config, settings, existence, None).expect("good files");
    let app = App::new(db.clone(), config.names.clone(), &config.pools, front.live()).expect("threads");
    let app = Arc::new(app);
    drop(opened.set(Arc::clone(&app)));
    let ports = front.bind().await.expect("free ports");
    let http = ports.http_address().expect("an address");
    let grpc = ports.grpc_address().expect("an address").expect("a gRPC port");
    let (stop, stopped) = watch::channel(false);
    let ended = tokio::spawn(async move {
        let rest = front.rest(rest::rest::<RequestBody>(Arc::clone(&app), front.metrics()));
        let messages = Grpc::of(app, config.listen.grpc_message_bytes_max).await;
        let grpc = front.grpc(messages.routes());
        front.serve(ports, rest, grpc, stopped).await
    });
    Served { http, grpc, db, stop, ended, _dir: dir }
}

impl Served {
    /// Sends JSON and reads an answer: status and body.
    pub(crate) async fn send(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let (status, text) = self.send_text(method, path, &text).await;
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Sends a text as JSON and reads an answer.
    pub(crate) async fn send_text(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        let response: Response<String> =
            ask(self.http, &request.body(body.to_owned()).expect("a request")).await;
        (response.status().as_u16(), response.into_body())
    }

    /// The result of a request that succeeds.
    #[track_caller]
    pub(crate) fn result(&self, (status, body): (u16, Value)) -> Value {
        assert_eq!(status, 200, "{body}");
        assert_eq!(body["status"], "ok", "{body}");
        body["result"].clone()
    }

    /// Stops it, when all requests have been answered.
    pub(crate) async fn end(self) -> Ended {
        self.stop.send_replace(true);
        self.ended.await.expect("no panic")
    }
}

/// The text of an error.
#[track_caller]
pub(crate) fn error_of((status, body): &(u16, Value), expected: u16) -> String {
    assert_eq!(*status, expected, "{body}");
    body["status"]["error"].as_str().expect("an error").to_owned()
}
