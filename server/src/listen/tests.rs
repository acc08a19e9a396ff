//! Clients as bad as sockets allow, against a port with short deadlines.

use super::*;
use crate::config::{Config, Settings};
use crate::tls::tests::Pki;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use rustls::pki_types::ServerName;
use std::time::Instant;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

/// Long enough that an honest client on a busy machine makes it, short enough to wait for.
const TIMEOUT: Duration = Duration::from_millis(600);
/// When a test gives up.
const PATIENCE: Duration = Duration::from_secs(20);

/// A port that answers with the request's path and the length of its body; `/slow` takes some time.
struct Running {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    ended: tokio::task::JoinHandle<Ended>,
}

fn listen() -> Listen {
    let built_in = Config::new(&Settings::built_in()).expect("the built-in values").listen;
    Listen {
        header_timeout: TIMEOUT,
        handshake_timeout: TIMEOUT,
        body_idle_timeout: TIMEOUT,
        drain_timeout: PATIENCE,
        ..built_in
    }
}

async fn answer(request: Request<RequestBody>) -> Result<Response<Full<Bytes>>, std::convert::Infallible> {
    assert!(request.extensions().get::<Peer>().is_some());
    let path = request.uri().path().to_owned();
    if path == "/slow" {
        tokio::time::sleep(2 * TIMEOUT).await;
    }
    if path == "/large" {
        return Ok(Response::new(Full::from(vec![b'x'; 64 << 20])));
    }
    let text = match request.into_body().collect().await {
        Ok(body) => format!("{path} {}", body.to_bytes().len()),
        Err(error) => error.to_string(),
    };
    Ok(Response::new(Full::from(text)))
}

async fn start(listen: Listen, tls: Option<Arc<Tls>>) -> Running {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (stop, stopped) = watch::channel(false);
    let ended =
        tokio::spawn(async move { serve(listener, tls, tower::service_fn(answer), &listen, stopped).await });
    Running { address, stop, ended }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    /// Says `text`, and hears all until the end.
    async fn say(&self, text: &str) -> (String, TcpStream) {
        let mut stream = self.connect().await;
        stream.write_all(text.as_bytes()).await.expect("it is taken");
        (hear(&mut stream).await, stream)
    }

    async fn end(self) -> Ended {
        self.stop.send(true).expect("it runs");
        tokio::time::timeout(PATIENCE, self.ended).await.expect("in time").expect("no panic")
    }
}

/// All until the end, however it comes.
async fn hear(stream: &mut (impl AsyncRead + Unpin)) -> String {
    let mut heard = Vec::new();
    let end = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
    assert!(end.is_ok(), "the connection stays open: {heard:?}");
    String::from_utf8(heard).expect("text")
}

const GET: &str = "GET /a HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

#[tokio::test]
async fn an_honest_client_is_answered() {
    let running = start(listen(), None).await;
    let (answer, _) = running.say(GET).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("/a 0"), "{answer}");
    assert_eq!(running.end().await, Ended { cut: 0 });
}

#[tokio::test]
async fn who_says_nothing_or_speaks_too_slowly_is_left() {
    let running = start(listen(), None).await;
    for text in ["", "P", "PRI * HTTP/2.0\r\n\r\nSM", "GET / HT", "GET / HTTP/1.1\r\nhost: x\r\n"] {
        let begun = Instant::now();
        let (answer, _) = running.say(text).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 408"), "{text:?}: {answer}");
        assert!(begun.elapsed() >= TIMEOUT, "{text:?}");
    }
    // One byte now and then does not help.
    let mut stream = running.connect().await;
    let begun = Instant::now();
    let head = "GET / HTTP/1.1\r\n".bytes().chain("x: y\r\n".bytes().cycle());
    for byte in head {
        if begun.elapsed() > PATIENCE || stream.write_all(&[byte]).await.is_err() {
            break;
        }
        tokio::time::sleep(TIMEOUT / 20).await;
    }
    assert!(begun.elapsed() < PATIENCE, "a dripping client was served for ever");
}

#[tokio::test]
async fn a_body_that_stands_still_fails() {
    let running = start(listen(), None).await;
    let begun = Instant::now();
    let head = "POST /b HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 10\r\n\r\nabc";
    let (answer, _) = running.say(head).await;
    assert!(answer.ends_with("the body of the request stopped coming"), "{answer}");
    assert!(begun.elapsed() >= TIMEOUT);
    // A slow one that goes on is heard to the end.
    let mut stream = running.connect().await;
    stream.write_all(&head.as_bytes()[..head.len() - 3]).await.expect("it is taken");
    for byte in b"0123456789" {
        tokio::time::sleep(TIMEOUT / 4).await;
        stream.write_all(&[*byte]).await.expect("it is taken");
    }
    let answer = hear(&mut stream).await;
    assert!(answer.ends_with("/b 10"), "{answer}");
}

#[tokio::test]
async fn an_answer_that_nobody_reads_is_given_up() {
    let running = start(listen(), None).await;
    let mut stream = running.connect().await;
    stream.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is taken");
    tokio::time::sleep(4 * TIMEOUT).await;
    let mut heard = 0;
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        heard += read;
    }
    assert!(heard < 64 << 20, "all of it was kept for a client that slept");
}

#[tokio::test]
async fn half_closed_connections_do_not_stay() {
    let running = start(listen(), None).await;
    for text in ["", "GET / HTTP/1.1\r\n", "POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n\r\nab"] {
        let mut stream = running.connect().await;
        stream.write_all(text.as_bytes()).await.expect("it is taken");
        stream.shutdown().await.expect("half of it");
        hear(&mut stream).await;
    }
    assert_eq!(running.end().await, Ended { cut: 0 });
}

#[tokio::test]
async fn one_connection_too_many_is_refused_and_the_others_go_on() {
    let running = start(Listen { connections_max: 2, ..listen() }, None).await;
    let (mut first, mut second) = (running.connect().await, running.connect().await);
    tokio::time::sleep(TIMEOUT / 4).await;
    let (answer, _) = running.say("").await;
    assert!(answer.starts_with("HTTP/1.1 503 ") && answer.contains("retry-after: 1"), "{answer}");
    for stream in [&mut first, &mut second] {
        stream.write_all(GET.as_bytes()).await.expect("it is taken");
        assert!(hear(stream).await.ends_with("/a 0"));
    }
    let (answer, _) = running.say(GET).await;
    assert!(answer.ends_with("/a 0"), "{answer}");
}

#[tokio::test]
async fn a_stop_waits_for_requests_at_work_and_for_nobody_else() {
    let running = start(listen(), None).await;
    let mut at_work = running.connect().await;
    at_work.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is taken");
    let mut at_rest = running.connect().await;
    at_rest.write_all(b"GET /a HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is taken");
    let mut some = [0; 20];
    at_rest.read_exact(&mut some).await.expect("an answer");
    tokio::time::sleep(TIMEOUT / 4).await;
    let address = running.address;
    let ended = tokio::spawn(running.end());
    assert!(hear(&mut at_work).await.ends_with("/slow 0"));
    hear(&mut at_rest).await;
    assert_eq!(ended.await.expect("no panic"), Ended { cut: 0 });
    assert!(TcpStream::connect(address).await.is_err(), "nobody listens any more");
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let running = start(Listen { drain_timeout: TIMEOUT / 4, ..listen() }, None).await;
    let mut at_work = running.connect().await;
    at_work.write_all(b"GET /slow HTTP/1.1\r\nhost: x\r\n\r\n").await.expect("it is taken");
    tokio::time::sleep(TIMEOUT / 4).await;
    assert_eq!(running.end().await, Ended { cut: 1 });
}

/// One request over TLS, and what was agreed on.
async fn over_tls(running: &Running, config: rustls::ClientConfig) -> io::Result<String> {
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(name, running.connect().await).await?;
    stream.write_all(GET.as_bytes()).await?;
    let mut heard = Vec::new();
    // What comes before a close without a good-bye counts.
    match stream.read_to_end(&mut heard).await {
        Err(e) if heard.is_empty() => Err(e),
        _ => Ok(String::from_utf8(heard).expect("text")),
    }
}

#[tokio::test]
async fn tls_asks_for_certificates_and_changes_them_while_it_runs() {
    let pki = Pki::new();
    let tls = Arc::new(Tls::load(&pki.files(false), TIMEOUT).expect("good files"));
    let running = start(listen(), Some(Arc::clone(&tls))).await;
    assert!(over_tls(&running, pki.client(false)).await.expect("an answer").ends_with("/a 0"));
    // Silence, plain text, a foreign signer.
    let (answer, _) = running.say("").await;
    assert!(answer.is_empty(), "{answer}");
    let mut plain = running.connect().await;
    plain.write_all(GET.as_bytes()).await.expect("it is taken");
    let mut heard = Vec::new();
    drop(tokio::time::timeout(PATIENCE, plain.read_to_end(&mut heard)).await.expect("it is left"));
    assert!(!heard.starts_with(b"HTTP"), "{heard:?}");
    assert!(over_tls(&running, Pki::new().client(false)).await.is_err());
    // From now on clients need a certificate.
    tls.reload(&pki.files(true)).expect("good files");
    assert!(over_tls(&running, pki.client(false)).await.is_err());
    assert!(over_tls(&running, pki.client(true)).await.expect("an answer").ends_with("/a 0"));
    assert_eq!(running.end().await, Ended { cut: 0 });
}

#[tokio::test]
async fn tls_agrees_on_http_2() {
    let pki = Pki::new();
    let tls = Arc::new(Tls::load(&pki.files(false), TIMEOUT).expect("good files"));
    let running = start(listen(), Some(tls)).await;
    let mut config = pki.client(false);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let name = ServerName::try_from("localhost").expect("a name");
    let connector = TlsConnector::from(Arc::new(config));
    let stream = connector.connect(name, running.connect().await).await.expect("a handshake");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
}

#[tokio::test]
async fn http_2_without_tls_is_understood() {
    let running = start(listen(), None).await;
    let mut stream = running.connect().await;
    // The preface and an empty SETTINGS frame; the answer begins with a SETTINGS frame.
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("it is taken");
    let mut frame = [0; 9];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut frame)).await.expect("in time").expect("a frame");
    assert_eq!(frame[3], 4, "{frame:?}");
}
