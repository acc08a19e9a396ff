//! `nigh serve`: a configuration goes in, a database is on the network until a signal ends it.

use std::io::Write;
use std::sync::{Arc, OnceLock};
use std::time::Instant;

use anyhow::Context;
use clap::Args;
use nigh::io::RealVfs;
use nigh::{Limits, Options};
use nigh_server::App;
use nigh_server::auth::{Existence, MustExist};
use nigh_server::config::{Config, ConfigArgs};
use nigh_server::front::{Front, Signals, signals};
use nigh_server::grpc::Grpc;
use nigh_server::metrics::MeteredVfs;
use nigh_server::observe::Log;
use nigh_server::rest;
use tokio::sync::watch;

use crate::Outcome;
use crate::out::Out;

/// What may be said to `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    #[command(flatten)]
    config: ConfigArgs,
}

/// Serves until a signal comes.
///
/// # Errors
/// The configuration is wrong, the database cannot be opened, or a port is taken.
pub(crate) fn run(args: &ServeArgs, out: &mut Out) -> anyhow::Result<Outcome> {
    let began = Instant::now();
    let sources = args.config.sources();
    let (config, settings) = Config::load(&sources)?;
    let log = Log::start(config.live.log_level, config.log_format);
    // Tokens may hang on points, which can be looked up as soon as the database is open.
    let opened: Arc<OnceLock<Arc<App>>> = Arc::default();
    let front = Front::new(&config, settings, existence(Arc::clone(&opened)), log)?;
    let vfs = MeteredVfs::new(Arc::new(RealVfs), front.metrics().wal());
    let db = Options::new()
        .vfs(Arc::new(vfs))
        .limits(engine_limits(&config))
        .open(&config.storage_path)
        .with_context(|| format!("cannot open {}", config.storage_path.display()))?;
    let app = Arc::new(App::new(db.clone(), config.names.clone(), &config.pools, front.live())?);
    drop(opened.set(Arc::clone(&app)));
    let mut runtime = tokio::runtime::Builder::new_multi_thread();
    if config.listen.workers > 0 {
        runtime.worker_threads(config.listen.workers);
    }
    let runtime = runtime.enable_all().build().context("cannot start the runtime")?;
    let ended = runtime.block_on(async {
        let ports = front.bind().await?;
        let caught = Signals::listen()?;
        let (stop, stopped) = watch::channel(false);
        let rest = front.rest(rest::rest(Arc::clone(&app), front.metrics()));
        let grpc = Grpc::of(Arc::clone(&app), config.listen.grpc_message_bytes_max).await;
        let answers = front.grpc(grpc.routes());
        writeln!(out, "REST on http://{}", ports.http_address()?)?;
        if let Some(address) = ports.grpc_address()? {
            writeln!(out, "gRPC on {address}")?;
        }
        writeln!(out, "ready after {} ms", began.elapsed().as_millis())?;
        out.flush()?;
        let serving = front.serve(ports, rest, answers, stopped);
        let watching = signals(caught, &front, &sources, &stop);
        tokio::pin!(serving, watching);
        // Whoever looks at the health of gRPC is told before the last answers go out.
        let ended = tokio::select! {
            ended = &mut serving => ended,
            () = &mut watching => serving.await,
        };
        grpc.stopping().await;
        anyhow::Ok(ended)
    })?;
    drop((runtime, front, app));
    db.close()?;
    Ok(Outcome::clean_if(ended.cut == 0))
}

fn existence(opened: Arc<OnceLock<Arc<App>>>) -> Existence {
    Arc::new(move |looked_for: MustExist| {
        let app = opened.get().cloned();
        Box::pin(async move { app?.has_point(looked_for).await })
    })
}

fn engine_limits(config: &Config) -> Limits {
    let limits = &config.live.limits;
    Limits {
        batch_points_max: limits.points_per_batch,
        payload_bytes_max: limits.payload_bytes,
        collections_max: limits.collections,
        ..Limits::default()
    }
}
