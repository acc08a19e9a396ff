//! The true neighbours of each query: computed by `nigh-datasets`, which shares no code with the engine, or taken from a published list.
//!
//! A list is checked against the vectors before anything is measured: as many rows as queries, rows of the base, enough for the largest k.
//! Answers as near as the k-th neighbour count as right, whichever of equally near rows they are.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use nigh_datasets::{GroundTruth, Values, VectorSet, ground_truth, recall, true_distances};

use super::BenchArgs;
use super::workload::Workload;
use crate::cli::word;
use crate::progress::Progress;

/// Where computed neighbours are left in a folder that stays; `--truth` takes them.
const FILE: &str = "truth.ivecs";

/// A list of neighbours that somebody else has made.
#[derive(Debug)]
pub(super) struct Published {
    /// Its file.
    pub(super) path: PathBuf,
    /// Row `i` are the neighbours of query `i`, nearest first.
    pub(super) ids: VectorSet,
}

impl Published {
    /// Reads and checks a list for all `queries`.
    pub(super) fn open(path: &Path, base: &VectorSet, queries: &VectorSet, k: usize) -> Result<Self> {
        let ids = nigh_datasets::open(path)?;
        let Values::I32(flat) = ids.values() else {
            return Err(anyhow!("{}: byte 0: expected ids of type i32, got another type", path.display()));
        };
        let place = |row, column| place(path, ids.dim(), row, column);
        let (rows, expected) = (ids.rows(), queries.rows());
        ensure!(
            rows == expected,
            "{}: expected {expected} rows, one a query, got {rows}",
            place(rows.min(expected), 0)
        );
        ensure!(
            ids.dim() >= k,
            "{}: byte 0: expected {k} neighbours or more a query, got {}",
            path.display(),
            ids.dim()
        );
        let is_row = |id: &i32| usize::try_from(*id).is_ok_and(|id| id < base.rows());
        if let Some(at) = flat.iter().position(|id| !is_row(id)) {
            let place = place(at / ids.dim(), at % ids.dim() + 1);
            return Err(anyhow!(
                "{place}: expected a row of the base, below {}, got {}",
                base.rows(),
                flat[at]
            ));
        }
        Ok(Self { path: path.to_owned(), ids })
    }
}

/// Where word `word` of a row is: the byte in an ivecs file, whose rows open with their dimension; else the row.
fn place(path: &Path, dim: usize, row: usize, word: usize) -> String {
    let shown = path.display();
    let name = path.to_string_lossy().to_ascii_lowercase();
    let byte = (row * (dim + 1) + word) * size_of::<i32>();
    match name.strip_suffix(".gz") {
        Some(stem) if stem.ends_with(".ivecs") => format!("{shown}: byte {byte} after decompression"),
        None if name.ends_with(".ivecs") => format!("{shown}: byte {byte}"),
        _ => format!("{shown}: row {row}"),
    }
}

/// The true neighbours of all queries of a workload.
pub(super) fn find(workload: &Workload, args: &BenchArgs) -> Result<GroundTruth> {
    let Workload { base, queries, .. } = workload;
    let metric = workload.metric.truth();
    if let Some(published) = &workload.published {
        let path = &published.path;
        let ids = published.ids.head(queries.rows());
        let truth = GroundTruth::from_ids(base, queries, metric, &ids);
        let truth = truth.with_context(|| path.display().to_string())?;
        check_order(path, &truth, word(workload.metric))?;
        return Ok(truth);
    }
    let progress = Progress::new("finding the truth", queries.rows() as u64);
    let tell = |done| progress.set(done as u64);
    Ok(ground_truth(base, queries, args.k_max(), metric, args.threads(), tell)?)
}

/// A list that is not nearest first was made for other vectors or another metric.
fn check_order(path: &Path, truth: &GroundTruth, metric: String) -> Result<()> {
    // Lists are often made with `f32`, so what is about equally far may stand in any order.
    let is_nearer = |pair: &[f32]| pair[1] < pair[0] - pair[0].abs() * 1e-3 - 1e-6;
    for (row, distances) in truth.distances.iter().enumerate() {
        if let Some(at) = distances.windows(2).position(is_nearer) {
            let place = place(path, distances.len(), row, at + 2);
            return Err(anyhow!("{place}: expected neighbours nearest first by {metric}, got a nearer one"));
        }
    }
    Ok(())
}

/// Leaves computed neighbours in `dir`, as ivecs.
pub(super) fn keep(truth: &GroundTruth, dir: &Path) -> Result<()> {
    let word = |n: u32| n.to_le_bytes();
    let row =
        |ids: &Vec<u32>| [ids.len() as u32].into_iter().chain(ids.iter().copied()).flat_map(word).collect();
    let rows: Vec<Vec<u8>> = truth.ids.iter().map(row).collect();
    let path = dir.join(FILE);
    fs::create_dir_all(dir)
        .and_then(|()| fs::write(&path, rows.concat()))
        .with_context(|| path.display().to_string())
}

/// Recall of answers to the first queries.
pub(super) fn recall_of(
    workload: &Workload,
    truth: &GroundTruth,
    answers: &[Vec<u32>],
    k: usize,
) -> Result<f64> {
    let count = answers.len();
    let queries = workload.queries.head(count);
    let distances = true_distances(&workload.base, &queries, workload.metric.truth(), answers)?;
    let first = |lists: &[Vec<f32>]| lists.iter().take(count).cloned().collect();
    let truth = GroundTruth { ids: Vec::new(), distances: first(&truth.distances) };
    Ok(recall(&truth, &distances, k)?)
}
