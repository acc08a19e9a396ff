//! Searches over the network against searches in the process: what do sockets, JSON and messages cost?
//!
//! One folder is searched in this process, by as many threads as there are connections, and by a server in a process of its own on the same machine, which
//! shares the cores with the clients that ask it. All ask for the 10 nearest with the same `ef`, which is the least that finds 0.95 of them. Rounds take turns.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use clap::Args;
use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use nigh::{Collection, CollectionConfig, Database, Effort, Metric, SearchRequest, VectorConfig};
use nigh_datasets::VectorSet;
use prost::Message;
use qdrant_client::qdrant as wire;
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::CommonArgs;
use super::load::{NAME, spec};
use super::report::{Better, Report, Row};
use crate::cli::at_least_one;
use crate::latency::Latencies;
use crate::load::{Workplace, upsert_rows};

/// Searches over the network against searches in the process.
#[derive(Debug, Clone, Args)]
pub(crate) struct ServingArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Vectors to index, compared by Euclid (fvecs, bvecs, npy, idx, .gz); without it, a seeded set.
    file: Option<PathBuf>,
    /// Vectors to search with; without it, the last 1,000 rows of the others.
    #[arg(long, requires = "file")]
    queries: Option<PathBuf>,
    /// Rows of the seeded set.
    #[arg(long, default_value = "60000", value_parser = at_least_one)]
    rows: usize,
    /// Values a vector of the seeded set.
    #[arg(long, default_value = "128", value_parser = at_least_one)]
    dim: usize,
    /// Searches of one round and way.
    #[arg(long, default_value = "5000", value_parser = at_least_one)]
    searches: usize,
    /// Rounds; the median counts.
    #[arg(long, default_value = "3", value_parser = at_least_one)]
    rounds: usize,
}

const K: usize = 10;
const RECALL: f64 = 0.95;
const EFS: [usize; 10] = [10, 12, 16, 20, 24, 32, 48, 64, 96, 128];
const CONNECTIONS: [usize; 3] = [1, 10, 100];
const BATCH: usize = 256;
const QUERIES_MAX: usize = 1_000;

/// A way to search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    InProcess,
    Grpc,
    Rest,
}

impl Way {
    const ALL: [Self; 3] = [Self::InProcess, Self::Grpc, Self::Rest];

    fn name(self) -> &'static str {
        match self {
            Self::InProcess => "in process",
            Self::Grpc => "gRPC",
            Self::Rest => "REST",
        }
    }
}

/// What one round of one way took.
#[derive(Debug, Clone)]
struct Round {
    per_second: f64,
    times: Latencies,
}

/// Fills, indexes, and searches in turns.
pub(super) fn measure(args: &ServingArgs) -> Result<Report> {
    let place = Workplace::new(args.common.dir.as_deref())?;
    let (base, queries) = vectors(args)?;
    let dir = place.path().join("db");
    let ef = fill(&dir, &base, &queries)?;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
    let mut report = Report::new("serving");
    let mut asked = Vec::new();
    for query in &queries {
        asked.push(Asked::new(query, ef)?);
    }
    let asked: Arc<[Asked]> = asked.into();
    for connections in CONNECTIONS {
        let mut rounds: [Vec<Round>; 3] = Default::default();
        for _ in 0..args.rounds {
            for (way, rounds) in Way::ALL.into_iter().zip(&mut rounds) {
                rounds.push(match way {
                    Way::InProcess => in_process(&dir, &queries, ef, connections, args.searches)?,
                    Way::Grpc | Way::Rest => {
                        let server = Server::start(&dir)?;
                        runtime.block_on(over(&server, way, &asked, connections, args.searches))?
                    }
                });
            }
        }
        let median = |rounds: &mut Vec<Round>| {
            rounds.sort_by(|a, b| a.per_second.total_cmp(&b.per_second));
            rounds.swap_remove(rounds.len() / 2)
        };
        let rounds = rounds.each_mut().map(median);
        let alone = rounds[0].per_second;
        for (way, round) in Way::ALL.into_iter().zip(&rounds) {
            let figure = |what: &str| format!("{}, {connections} at a time: {what}", way.name());
            report.row(Row::plain(figure("searches"), round.per_second, "/s"));
            report.row(Row::plain(figure("p50"), round.times.median().as_secs_f64() * 1e6, "µs"));
            report.row(Row::plain(figure("p99"), round.times.percentile(99).as_secs_f64() * 1e6, "µs"));
            if way != Way::InProcess {
                let share = round.per_second / alone;
                let what = figure("against in process");
                report.row(match (way, connections) {
                    (Way::Grpc, 10) => Row::goal(what, share, "x", Better::Higher, 0.5, 0.8),
                    _ => Row::plain(what, share, "x"),
                });
            }
        }
    }
    report.detail("rows", base.rows()).detail("dim", base.dim()).detail("ef", ef);
    Ok(report)
}

fn vectors(args: &ServingArgs) -> Result<(VectorSet, Vec<Vec<f32>>)> {
    let Some(file) = &args.file else {
        let set = spec(args.common.seed, args.dim, args.rows);
        return Ok((set.base(args.rows), rows_of(&set.queries(QUERIES_MAX))));
    };
    let all = nigh_datasets::open(file)?;
    if let Some(file) = &args.queries {
        let queries = nigh_datasets::open(file)?;
        ensure!(
            queries.dim() == all.dim(),
            "{}: expected {} dimensions, got {}",
            file.display(),
            all.dim(),
            queries.dim()
        );
        return Ok((all, rows_of(&queries.head(QUERIES_MAX))));
    }
    let held_out = QUERIES_MAX.min(all.rows() / 10);
    ensure!(held_out > 0, "{}: expected 10 rows or more, got {}", file.display(), all.rows());
    let kept = all.rows() - held_out;
    let queries = (kept..all.rows()).map(|row| all.row(row).to_f32().into_owned()).collect();
    Ok((all.head(kept), queries))
}

fn rows_of(set: &VectorSet) -> Vec<Vec<f32>> {
    (0..set.rows()).map(|row| set.row(row).to_f32().into_owned()).collect()
}

/// Writes and indexes everything; the least `ef` that finds enough.
fn fill(dir: &Path, base: &VectorSet, queries: &[Vec<f32>]) -> Result<usize> {
    let db = Database::open(dir)?;
    let vector = VectorConfig::new(u32::try_from(base.dim())?, Metric::Euclid);
    let collection = db.create_collection(NAME, &CollectionConfig::single(vector))?;
    upsert_rows(&collection, base, 0..base.rows(), BATCH)?;
    collection.optimize()?;
    let sample: Vec<&Vec<f32>> = queries.iter().step_by(queries.len().div_ceil(200)).collect();
    let ids = |request: SearchRequest| -> Result<Vec<nigh::PointId>> {
        Ok(collection.search(&request.limit(K))?.iter().map(|hit| hit.id).collect())
    };
    let exact = |query: &&Vec<f32>| ids(SearchRequest::new(query.as_slice()).exact(true));
    let truth = sample.iter().map(exact).collect::<Result<Vec<_>>>()?;
    for ef in EFS {
        let mut found = 0;
        for (query, truth) in sample.iter().zip(&truth) {
            let hits = ids(SearchRequest::new(query.as_slice()).effort(Effort::Ef(ef)))?;
            found += hits.iter().filter(|id| truth.contains(id)).count();
        }
        if found as f64 >= RECALL * (K * sample.len()) as f64 {
            drop(collection);
            db.close()?;
            return Ok(ef);
        }
    }
    bail!("no ef of {EFS:?} finds {RECALL} of the nearest")
}

/// Searches of this process, each thread one after the other.
fn in_process(dir: &Path, queries: &[Vec<f32>], ef: usize, threads: usize, searches: usize) -> Result<Round> {
    let db = Database::open(dir)?;
    let collection = db.collection(NAME)?;
    let one = |collection: &Collection, i: usize| -> Result<Duration> {
        let query = &queries[i % queries.len()];
        let began = Instant::now();
        let hits =
            collection.search(&SearchRequest::new(query.as_slice()).limit(K).effort(Effort::Ef(ef)))?;
        ensure!(hits.len() == K, "{} hits", hits.len());
        Ok(began.elapsed())
    };
    for i in 0..queries.len() {
        one(&collection, i)?;
    }
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let times = std::thread::scope(|scope| {
        let work = || -> Result<Vec<Duration>> {
            let mut times = Vec::new();
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= searches {
                    return Ok(times);
                }
                times.push(one(&collection, i)?);
            }
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let joined = threads.into_iter().map(|thread| thread.join().expect("no panic in a search"));
        joined.collect::<Result<Vec<_>>>()
    })?;
    let per_second = searches as f64 / began.elapsed().as_secs_f64();
    db.close()?;
    Ok(Round { per_second, times: Latencies::new(times.concat()) })
}

/// One search, as it is sent.
#[derive(Debug)]
struct Asked {
    rest: Vec<u8>,
    grpc: Bytes,
}

impl Asked {
    fn new(query: &[f32], ef: usize) -> Result<Self> {
        let body = json!({"query": query, "limit": K, "params": {"hnsw_ef": ef}}).to_string();
        let head = format!(
            "POST /collections/{NAME}/points/query HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        let message = wire::QueryPoints {
            collection_name: NAME.to_owned(),
            query: Some(wire::Query::new_nearest(query.to_vec())),
            limit: Some(K as u64),
            params: Some(wire::SearchParams { hnsw_ef: Some(ef as u64), ..Default::default() }),
            ..Default::default()
        };
        let message = message.encode_to_vec();
        let mut framed = vec![0];
        framed.extend(u32::try_from(message.len())?.to_be_bytes());
        framed.extend(message);
        Ok(Self { rest: [head.into_bytes(), body.into_bytes()].concat(), grpc: framed.into() })
    }
}

/// A server in a process of its own.
struct Server {
    child: Child,
    rest: SocketAddr,
    grpc: SocketAddr,
}

impl Server {
    fn start(dir: &Path) -> Result<Self> {
        let mut child = Command::new(std::env::current_exe()?)
            .args(["serve", "--http-port", "0", "--grpc-port", "0", "--log-level", "error", "--storage-path"])
            .arg(dir)
            .stdout(Stdio::piped())
            .spawn()
            .context("could not start the server")?;
        let stdout = child.stdout.take().context("the server has no output")?;
        let (mut rest, mut grpc) = (None, None);
        for line in BufReader::new(stdout).lines() {
            let line = line?;
            if let Some(address) = line.strip_prefix("REST on http://") {
                rest = Some(address.parse()?);
            } else if let Some(address) = line.strip_prefix("gRPC on ") {
                grpc = Some(address.parse()?);
            } else if line.starts_with("ready") {
                break;
            }
        }
        let (Some(rest), Some(grpc)) = (rest, grpc) else { bail!("the server did not start") };
        Ok(Self { child, rest, grpc })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It has nothing to lose: nothing is written.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// Searches over the network, each connection one after the other.
async fn over(
    server: &Server,
    way: Way,
    asked: &Arc<[Asked]>,
    connections: usize,
    searches: usize,
) -> Result<Round> {
    // Warms what the server maps.
    ask_all(server, way, asked, 1, asked.len().min(searches)).await?;
    let began = Instant::now();
    let times = ask_all(server, way, asked, connections, searches).await?;
    Ok(Round { per_second: searches as f64 / began.elapsed().as_secs_f64(), times: Latencies::new(times) })
}

async fn ask_all(
    server: &Server,
    way: Way,
    asked: &Arc<[Asked]>,
    connections: usize,
    searches: usize,
) -> Result<Vec<Duration>> {
    let next = Arc::new(AtomicUsize::new(0));
    let mut tasks = Vec::new();
    for _ in 0..connections {
        let mut connection = Connection::open(server, way).await?;
        let (next, asked) = (Arc::clone(&next), Arc::clone(asked));
        tasks.push(tokio::spawn(async move {
            let mut times = Vec::new();
            loop {
                let i = next.fetch_add(1, Ordering::Relaxed);
                if i >= searches {
                    return anyhow::Ok(times);
                }
                let began = Instant::now();
                connection.ask(&asked[i % asked.len()]).await?;
                times.push(began.elapsed());
            }
        }));
    }
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await??);
    }
    Ok(all)
}

/// A connection that is asked again and again.
enum Connection {
    Rest { stream: TcpStream, buffer: Vec<u8> },
    Grpc { send: hyper::client::conn::http2::SendRequest<Full<Bytes>>, uri: String },
}

impl Connection {
    async fn open(server: &Server, way: Way) -> Result<Self> {
        if way == Way::Rest {
            let stream = TcpStream::connect(server.rest).await?;
            stream.set_nodelay(true)?;
            return Ok(Self::Rest { stream, buffer: vec![0; 64 << 10] });
        }
        let stream = TcpStream::connect(server.grpc).await?;
        stream.set_nodelay(true)?;
        let (send, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self::Grpc { send, uri: format!("http://{}/qdrant.Points/Query", server.grpc) })
    }

    async fn ask(&mut self, asked: &Asked) -> Result<()> {
        match self {
            Self::Rest { stream, buffer } => {
                stream.write_all(&asked.rest).await?;
                let mut filled = 0;
                loop {
                    let read = stream.read(&mut buffer[filled..]).await?;
                    ensure!(read > 0, "the server closed a connection");
                    filled += read;
                    if is_whole(&buffer[..filled])? {
                        return Ok(());
                    }
                }
            }
            Self::Grpc { send, uri } => {
                let request = hyper::Request::post(uri.as_str())
                    .header("content-type", "application/grpc")
                    .header("te", "trailers")
                    .body(Full::new(asked.grpc.clone()))?;
                let answer = send.send_request(request).await?.into_body().collect().await?;
                let status = answer.trailers().and_then(|trailers| trailers.get("grpc-status"));
                ensure!(status.is_none_or(|status| status == "0"), "the server refused: {status:?}");
                ensure!(answer.to_bytes().len() > 5, "the server answered nothing");
                Ok(())
            }
        }
    }
}

/// Whether an answer of HTTP/1.1 with a length has arrived.
fn is_whole(bytes: &[u8]) -> Result<bool> {
    let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(false) };
    let head = std::str::from_utf8(&bytes[..end])?;
    ensure!(head.starts_with("HTTP/1.1 200"), "the server refused: {head}");
    let length = head
        .lines()
        .find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length: ")?.parse::<usize>().ok());
    Ok(bytes.len() - end - 4 >= length.context("an answer without a length")?)
}
