//! One index: vectors go in, a folder on disk and what it took come out.
//!
//! Background work runs as in any program: it may begin to build while vectors are still written. So the time from the first write to the
//! end is told too, and processor time beside time on the clock. The graph is built by threads that let all others go first.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use nigh::{CollectionConfig, IndexConfig, IndexInfo, Options, VectorConfig};

use super::BenchArgs;
use super::workload::Workload;
use crate::load::{upsert_rows, wait_until_visible};
use crate::process::folder_bytes;
use crate::processor::process_time;
use crate::progress::Progress;

/// The collection.
pub(super) const NAME: &str = "bench";

/// What one index took to build, and what it takes on disk.
#[derive(Debug)]
pub(super) struct Built {
    /// Time in the calls that wrote, until all was visible.
    pub(super) write: Duration,
    /// Time of `optimize`, and on processors.
    pub(super) build: Duration,
    pub(super) build_cpu: Duration,
    /// From the first write to the end of `optimize`, and on processors; making the points is part of it.
    pub(super) total: Duration,
    pub(super) total_cpu: Duration,
    pub(super) folder_bytes: u64,
    pub(super) segment_count: usize,
    /// One for each segment with a graph.
    pub(super) indexes: Vec<IndexInfo>,
}

impl Built {
    /// Codes and links, in bytes a vector that has them.
    pub(super) fn index_bytes_per_vector(&self) -> Option<f64> {
        let bytes: u64 = self.indexes.iter().map(|index| index.bytes).sum();
        let vectors: u64 = self.indexes.iter().map(|index| u64::from(index.vector_count)).sum();
        (vectors > 0).then(|| bytes as f64 / vectors as f64)
    }
}

/// Writes all vectors into a new database in `dir` and indexes them.
pub(super) fn build(args: &BenchArgs, workload: &Workload, index: IndexConfig, dir: &Path) -> Result<Built> {
    let db = Options::new().index_threads(args.threads().get()).open(dir)?;
    let vector = VectorConfig::new(u32::try_from(workload.base.dim())?, workload.metric.metric())
        .with_datatype(workload.datatype.datatype())
        .with_index(index);
    let config = CollectionConfig::single(vector).with_durability(args.durability.durability());
    let collection = db.create_collection(NAME, &config)?;
    let rows = workload.base.rows();

    let (begun, cpu_begun) = (Instant::now(), process_time());
    let mut write = upsert_rows(&collection, &workload.base, 0..rows, args.batch)
        .with_context(|| format!("writing {}", workload.name))?;
    write += wait_until_visible(&collection, rows as u64)?;
    let (written, cpu_written) = (Instant::now(), process_time());
    let progress = Progress::new("building the graph", 1);
    collection.optimize()?;
    drop(progress);
    let (build, build_cpu) = (written.elapsed(), process_time().saturating_sub(cpu_written));
    let (total, total_cpu) = (begun.elapsed(), process_time().saturating_sub(cpu_begun));

    let segments = collection.info()?.segments;
    db.close()?;
    Ok(Built {
        write,
        build,
        build_cpu,
        total,
        total_cpu,
        folder_bytes: folder_bytes(dir),
        segment_count: segments.len(),
        indexes: segments.into_iter().flat_map(|segment| segment.indexes).collect(),
    })
}
