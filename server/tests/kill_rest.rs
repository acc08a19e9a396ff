//! A server that is killed in the middle of writes loses none that it acknowledged, makes none up, and is back at once.
//!
//! Five kills here; `NIGH_KILLS=100 cargo test --release -p nigh-server --test kill_rest -- --nocapture` for more, and the figures.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};

const WRITERS: u64 = 4;
const IDS: u64 = 40;

struct Server {
    child: Child,
    http: SocketAddr,
    took: Duration,
}

fn start(dir: &Path) -> Server {
    let began = Instant::now();
    let nothing = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/support/nothing.yaml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_nigh"))
        .args([
            "serve",
            "--config-path",
            nothing,
            "--http-port",
            "0",
            "--grpc-port",
            "null",
            "--log-level",
            "error",
        ])
        .arg("--storage-path")
        .arg(dir.join("db"))
        .stdout(Stdio::piped())
        .spawn()
        .expect("the program");
    let mut lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
    let mut http = None;
    for line in &mut lines {
        let line = line.expect("text");
        if let Some(address) = line.strip_prefix("REST on http://") {
            http = Some(address.parse().expect("an address"));
        }
        if line.starts_with("ready") {
            break;
        }
    }
    Server { child, http: http.expect("it said where it is"), took: began.elapsed() }
}

/// One request on a connection of its own; none if the server went away.
fn ask(http: SocketAddr, method: &str, path: &str, body: &Value) -> Option<(u16, Value)> {
    let mut stream = TcpStream::connect(http).ok()?;
    let body = body.to_string();
    let head = format!(
        "{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).ok()?;
    stream.write_all(body.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    Some((status, serde_json::from_str(body).ok()?))
}

/// What one writer knows of its points: what was acknowledged, and what was sent and not answered. `None` is a point that is not there.
#[derive(Default)]
struct Ledger {
    acknowledged: BTreeMap<u64, Option<u64>>,
    in_flight: BTreeMap<u64, Option<u64>>,
}

/// Writes until the server goes away.
fn write(
    http: SocketAddr,
    writer: u64,
    ledger: &mut Ledger,
    next: &mut u64,
    stop: &AtomicBool,
    rng: &mut StdRng,
) -> u64 {
    let mut count = 0;
    while !stop.load(Ordering::Relaxed) {
        let number = *next;
        *next += 1;
        let ids: Vec<u64> =
            (0..rng.random_range(1..6)).map(|_| writer * IDS + rng.random_range(0..IDS)).collect();
        let deletes = rng.random_range(0..5) == 0;
        ledger.in_flight = ids.iter().map(|id| (*id, (!deletes).then_some(number))).collect();
        let answer = if deletes {
            ask(http, "POST", "/collections/c/points/delete?wait=true", &json!({"points": ids}))
        } else {
            let point = |id: &u64| json!({"id": id, "vector": [number, writer], "payload": {"n": number}});
            let points: Vec<Value> = ids.iter().map(point).collect();
            ask(http, "PUT", "/collections/c/points?wait=true", &json!({"points": points}))
        };
        let Some((200, _)) = answer else { return count };
        ledger.acknowledged.append(&mut ledger.in_flight);
        count += ids.len() as u64;
    }
    count
}

/// Compares what is there with what was acknowledged; what was in flight may be there whole or not at all.
fn check(http: SocketAddr, ledgers: &mut [Ledger]) {
    let (status, body) =
        ask(http, "POST", "/collections/c/points/scroll", &json!({"limit": 1000, "with_vector": true}))
            .expect("an answer");
    assert_eq!(status, 200, "{body}");
    let points = body["result"]["points"].as_array().expect("points");
    let found: BTreeMap<u64, &Value> =
        points.iter().map(|point| (point["id"].as_u64().expect("an id"), point)).collect();
    for (writer, ledger) in ledgers.iter_mut().enumerate() {
        let mut applied = Vec::new();
        for id in writer as u64 * IDS..(writer as u64 + 1) * IDS {
            let there = found.get(&id).map(|point| point["payload"]["n"].as_u64().expect("a number"));
            if let Some(point) = found.get(&id) {
                let vector = &point["vector"];
                assert_eq!(vector[0].as_f64(), point["payload"]["n"].as_f64(), "a torn point: {point}");
            }
            let known = ledger.acknowledged.get(&id).copied().flatten();
            match ledger.in_flight.get(&id) {
                Some(sent) if *sent != known => {
                    assert!(
                        there == known || there == *sent,
                        "point {id}: {there:?}, acknowledged {known:?}, sent {sent:?}"
                    );
                    applied.push(there == *sent);
                }
                _ => assert_eq!(there, known, "point {id}"),
            }
        }
        assert!(applied.windows(2).all(|pair| pair[0] == pair[1]), "half a write of writer {writer}");
        if applied.first() == Some(&true) {
            ledger.acknowledged.append(&mut ledger.in_flight);
        }
        ledger.in_flight.clear();
    }
}

#[test]
fn no_acknowledged_write_is_lost() {
    let kills: u32 = std::env::var("NIGH_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(5);
    let dir = tempfile::tempdir().expect("a folder");
    let mut rng = StdRng::seed_from_u64(7);
    let mut ledgers: Vec<Ledger> = (0..WRITERS).map(|_| Ledger::default()).collect();
    let mut numbers = vec![1u64; WRITERS as usize];
    let (mut written, mut slowest) = (0, Duration::ZERO);
    for kill in 0..=kills {
        let mut server = start(dir.path());
        slowest = slowest.max(server.took);
        if kill == 0 {
            let body = json!({"vectors": {"size": 2, "distance": "Euclid"}});
            let (status, _) = ask(server.http, "PUT", "/collections/c", &body).expect("an answer");
            assert_eq!(status, 200);
            let index = json!({"field_name": "n", "field_schema": "integer"});
            ask(server.http, "PUT", "/collections/c/index?wait=true", &index).expect("an answer");
        }
        check(server.http, &mut ledgers);
        if kill == kills {
            server.child.kill().expect("it runs");
            server.child.wait().expect("it ended");
            break;
        }
        let wait = Duration::from_millis(rng.random_range(20..200));
        let http = server.http;
        let stop = AtomicBool::new(false);
        written += std::thread::scope(|scope| {
            let writers: Vec<_> = (0..WRITERS)
                .zip(&mut ledgers)
                .zip(&mut numbers)
                .map(|((writer, ledger), next)| {
                    let (stop, seed) = (&stop, rng.random());
                    scope.spawn(move || {
                        write(http, writer, ledger, next, stop, &mut StdRng::seed_from_u64(seed))
                    })
                })
                .collect();
            std::thread::sleep(wait);
            server.child.kill().expect("it runs");
            server.child.wait().expect("it ended");
            stop.store(true, Ordering::Relaxed);
            writers.into_iter().map(|writer| writer.join().expect("no panic")).sum::<u64>()
        });
    }
    assert!(written > 0);
    println!(
        "{kills} kills, {written} acknowledged points, 0 lost, slowest start {} ms",
        slowest.as_millis()
    );
}
