//! ann-benchmarks: an HDF5 file goes in; base, queries, metric and published neighbours come out.
//!
//! ```text
//! attribute distance    text: "euclidean", "angular" or "dot"
//! attribute type        text, optional: "dense"
//! dataset   train       rows x dim: the base
//! dataset   test        queries x dim
//! dataset   neighbors   queries x k, optional: rows of train, nearest first
//! dataset   distances   queries x k, optional: of those neighbours
//! ```
//! Old files have no attribute `distance`, but say it in their names, as `sift-128-euclidean.hdf5` does.
//! Source: <https://github.com/erikbern/ann-benchmarks>, `ann_benchmarks/datasets.py`, `write_output`.

use std::path::Path;

use super::dataset_problem::DatasetProblem;
use super::error::{Problem, ReadError};
use super::hdf5::{Hdf5, Table};
use crate::truth::GroundTruthMetric;
use crate::vector_set::VectorSet;

/// What one file of ann-benchmarks holds. Base and queries have one dimension; the lists, where there are
/// any, one row per query, and every neighbour is a row of the base.
#[derive(Clone, Debug, PartialEq)]
pub struct AnnBenchmark {
    /// The vectors to search in.
    pub base: VectorSet,
    /// The vectors to search for.
    pub queries: VectorSet,
    /// What "near" means.
    pub metric: GroundTruthMetric,
    /// Per query, rows of the base, nearest first, as [`crate::Values::I32`]; for [`crate::GroundTruth::from_ids`].
    pub neighbors: Option<VectorSet>,
    /// Per query, distances of the neighbours as published: a Euclidean distance is *not* squared there.
    pub distances: Option<VectorSet>,
}

/// Values of the attribute, and what they stand for.
const METRICS: [(&str, GroundTruthMetric); 3] = [
    ("euclidean", GroundTruthMetric::L2),
    ("angular", GroundTruthMetric::Cosine),
    ("dot", GroundTruthMetric::Dot),
];

/// Reads all of an HDF5 file in the layout of ann-benchmarks, whatever its name ends in; plain or gzip.
///
/// # Errors
/// When the file is no such file or is damaged, or its distance is none of "euclidean", "angular" and "dot".
/// The [`ReadError`] names the file, the dataset and, where it is known, the byte.
pub fn read_ann_benchmark(path: impl AsRef<Path>) -> Result<AnnBenchmark, ReadError> {
    let file = Hdf5::open(path.as_ref())?;
    let metric = metric(&file)?;
    let train = needed(&file, "train")?;
    let test = needed(&file, "test")?;
    let neighbors = file.table("neighbors")?;
    let distances = file.table("distances")?;
    same_columns(&test, &train)?;
    for list in [&neighbors, &distances].into_iter().flatten() {
        same_rows(list, &test)?;
    }
    if let (Some(neighbors), Some(distances)) = (&neighbors, &distances) {
        same_columns(distances, neighbors)?;
    }
    Ok(AnnBenchmark {
        base: train.vectors()?,
        queries: test.vectors()?,
        metric,
        neighbors: neighbors.map(|table| table.row_numbers(train.rows())).transpose()?,
        distances: distances.map(|table| table.distances()).transpose()?,
    })
}

/// The vectors to search in, and nothing else of the file.
pub(super) fn read_base(file: &Hdf5) -> Result<VectorSet, ReadError> {
    needed(file, "train")?.vectors()
}

fn metric(file: &Hdf5) -> Result<GroundTruthMetric, ReadError> {
    if let Some(kind) = file.attribute("type")?
        && kind != "dense"
    {
        return Err(unsupported(file, "attribute type", "dense", kind));
    }
    let Some(distance) = file.attribute("distance")? else { return metric_of_name(file) };
    match METRICS.iter().find(|(name, _)| *name == distance) {
        Some((_, metric)) => Ok(*metric),
        None => Err(unsupported(file, "attribute distance", "euclidean, angular or dot", distance)),
    }
}

/// For a file without the attribute.
fn metric_of_name(file: &Hdf5) -> Result<GroundTruthMetric, ReadError> {
    let name = file.path().file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let mut words = name.split(|letter: char| !letter.is_ascii_alphanumeric());
    match words.find_map(|word| METRICS.iter().find(|(metric, _)| *metric == word)) {
        Some((_, metric)) => Ok(*metric),
        None => {
            let expected = "euclidean, angular or dot, there or in the name of the file";
            Err(unsupported(file, "attribute distance", expected, "neither".to_owned()))
        }
    }
}

fn unsupported(file: &Hdf5, field: &'static str, expected: &'static str, got: String) -> ReadError {
    ReadError::of_file(file.path(), Problem::BadHeader { field, expected, got })
}

fn needed<'a>(file: &'a Hdf5, name: &'static str) -> Result<Table<'a>, ReadError> {
    file.table(name)?.ok_or_else(|| {
        ReadError::of_file(file.path(), Problem::Dataset { name, problem: DatasetProblem::Missing })
    })
}

fn same_rows(table: &Table<'_>, like: &Table<'_>) -> Result<(), ReadError> {
    let (expected, got) = (like.rows(), table.rows());
    if got == expected {
        Ok(())
    } else {
        Err(table.error(DatasetProblem::Rows { like: like.name(), expected, got }))
    }
}

fn same_columns(table: &Table<'_>, like: &Table<'_>) -> Result<(), ReadError> {
    let (expected, got) = (like.columns(), table.columns());
    if got == expected {
        Ok(())
    } else {
        Err(table.error(DatasetProblem::Columns { like: like.name(), expected, got }))
    }
}
