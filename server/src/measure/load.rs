//! Filling a folder with the seeded set, in a process of its own: so that the memory of the one that measures is its own.
//!
//! These are figures of storage: no graph is built. What graphs take is `nigh bench`'s to say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use clap::{Args, ValueEnum};
use nigh::{
    Background, Collection, CollectionConfig, Database, Durability, IndexConfig, Metric, OptimizerConfig,
    Options, VectorConfig,
};
use nigh_datasets::{Clustered, Length};

use crate::bench::clusters;
use crate::load::{upsert_rows, wait_until_idle};

/// The collection that is filled.
pub(super) const NAME: &str = "measured";

/// What is done to segments while and after points are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(super) enum Merging {
    /// As in normal operation, until nothing is left to do.
    Settle,
    /// Nothing is merged: what was sealed stays as it is.
    Never,
}

/// Fill a folder with seeded points whose ids are row numbers.
#[derive(Debug, Clone, Args)]
pub(crate) struct LoadArgs {
    /// The database, which must not exist yet.
    #[arg(long)]
    pub(super) dir: PathBuf,
    #[arg(long)]
    pub(super) rows: usize,
    #[arg(long)]
    pub(super) dim: usize,
    #[arg(long)]
    pub(super) seed: u64,
    #[arg(long, value_enum)]
    pub(super) merging: Merging,
}

/// The vectors of the figures.
pub(super) fn spec(seed: u64, dim: usize, rows: usize) -> Clustered {
    Clustered { seed, dim, clusters: clusters(rows), spread: 0.3, length: Length::AsDrawn }
}

/// A collection for `dim` values a vector, compared by Euclid, without a graph.
pub(super) fn config(dim: usize) -> Result<CollectionConfig> {
    let no_graph = IndexConfig { graph_points_min: u32::MAX, ..IndexConfig::default() };
    let vector = VectorConfig::new(u32::try_from(dim)?, Metric::Euclid).with_index(no_graph);
    Ok(CollectionConfig::single(vector))
}

/// Fills the folder and closes it.
pub(super) fn load(args: &LoadArgs) -> Result<()> {
    // Few rows at a time: a million in memory would be the most of what this process needs.
    const ROWS_AT_ONCE: usize = 50_000;
    let background = match args.merging {
        Merging::Settle => Background::Threads,
        Merging::Never => Background::Manual,
    };
    let db = Options::new().background(background).open(&args.dir)?;
    let collection = db.create_collection(NAME, &config(args.dim)?)?;
    let writer = collection.with_durability(Durability::Buffered);
    let mut rows = spec(args.seed, args.dim, args.rows).base_rows(args.rows);
    let mut values = vec![0.0; ROWS_AT_ONCE * args.dim];
    let mut first = 0;
    loop {
        let filled = rows.fill(&mut values);
        if filled == 0 {
            break;
        }
        write_block(&writer, &values[..filled * args.dim], args.dim, first)?;
        first += filled as u64;
    }
    collection.checkpoint()?;
    if args.merging == Merging::Settle {
        settle(&collection)?;
    }
    Ok(db.close()?)
}

fn write_block(collection: &Collection, values: &[f32], dim: usize, first: u64) -> Result<()> {
    const BATCH: usize = 2_000;
    for (i, batch) in values.chunks(BATCH * dim).enumerate() {
        let first = first + (i * BATCH) as u64;
        let point = |(row, vector): (usize, &[f32])| nigh::Point::new(first + row as u64, vector);
        collection.upsert(batch.chunks(dim).enumerate().map(point))?;
    }
    Ok(())
}

/// Waits for background work, and complains if it does not end.
pub(super) fn settle(collection: &Collection) -> Result<()> {
    const LIMIT: Duration = Duration::from_secs(600);
    ensure!(wait_until_idle(collection, LIMIT)?, "background work did not come to rest within {LIMIT:?}");
    Ok(())
}

/// [`load`] in a process of its own.
pub(super) fn load_in_child(dir: &Path, rows: usize, dim: usize, seed: u64, merging: Merging) -> Result<()> {
    let program = std::env::current_exe().context("could not find the own program")?;
    let merging = crate::cli::word(merging);
    let status = Command::new(program)
        .args(["measure", "load", "--dir"])
        .arg(dir)
        .args(["--rows", &rows.to_string(), "--dim", &dim.to_string()])
        .args(["--seed", &seed.to_string(), "--merging", &merging])
        .status()
        .context("could not start a process that loads")?;
    ensure!(status.success(), "loading failed: {status}");
    Ok(())
}

/// Opens what [`load`] has made.
pub(super) fn open(dir: &Path, options: Options) -> Result<(Database, Collection)> {
    let db = options.open(dir)?;
    let collection = db.collection(NAME)?;
    Ok((db, collection))
}

/// The rows of a set as the figures write them, `rows` many from row 0 on.
pub(super) fn fill(
    collection: &Collection,
    seed: u64,
    dim: usize,
    rows: usize,
    batch: usize,
) -> Result<Duration> {
    let set = spec(seed, dim, rows).base(rows);
    Ok(upsert_rows(collection, &set, 0..rows, batch)?)
}

/// Merges as many segments as there are, at once.
pub(super) fn merge_all(collection: &Collection) -> Result<usize> {
    let segments = collection.info()?.segments.len();
    let fan_in = u32::try_from(segments)?.clamp(2, 64);
    let optimizer = OptimizerConfig { merge_fan_in: fan_in, ..collection.config().optimizer };
    collection.update(&nigh::CollectionUpdate { optimizer: Some(optimizer), ..Default::default() })?;
    Ok(segments)
}
