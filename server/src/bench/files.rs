//! Vectors from files: paths go in, a workload comes out; what does not fit together is refused with the file and the place in it.
//!
//! What is wrong inside one file is found by `nigh-datasets`. A file in the HDF5 of ann-benchmarks brings everything itself.

use std::path::Path;

use anyhow::{Result, bail, ensure};
use nigh_datasets::{AnnBenchmark, Values, VectorSet};

use super::BenchArgs;
use super::truth::Published;
use super::workload::{Workload, datatype_of};
use crate::cli::{MetricArg, word};
use crate::units::count;

/// One row in this many is kept out of a file as a query.
const HELD_OUT: usize = 100;

/// Reads all files that the arguments name.
pub(super) fn read(path: &Path, args: &BenchArgs) -> Result<Workload> {
    for other in [&args.queries, &args.truth].into_iter().flatten() {
        ensure!(
            !is_hdf5(other),
            "{}: an HDF5 file brings vectors and queries: name it alone",
            other.display()
        );
    }
    if is_hdf5(path) {
        return ann_benchmark(path, args);
    }
    let base = nigh_datasets::open(path)?;
    let (base, queries, name) = match &args.queries {
        Some(file) => {
            let base = first(base, args.rows);
            let queries = nigh_datasets::open(file)?;
            check_dimension(file, &queries, path, &base)?;
            (base, queries, set_name(path))
        }
        None => hold_out(path, first(base, args.rows), args.query_rows)?,
    };
    let published = args.truth.as_deref().map(|truth| Published::open(truth, &base, &queries, args.k_max()));
    Ok(Workload {
        name,
        metric: args.metric.unwrap_or(MetricArg::Euclid),
        datatype: datatype_of(&base, args),
        published: published.transpose()?,
        base,
        queries: first(queries, args.query_rows),
    })
}

fn ann_benchmark(path: &Path, args: &BenchArgs) -> Result<Workload> {
    let shown = path.display();
    ensure!(args.queries.is_none(), "{shown}: an HDF5 file brings its own queries: leave --queries out");
    let AnnBenchmark { base, queries, metric, neighbors, .. } = nigh_datasets::read_ann_benchmark(path)?;
    let metric = MetricArg::from_truth(metric);
    if let Some(asked) = args.metric.filter(|asked| *asked != metric) {
        bail!("{shown}: attribute distance: expected {}, got {}", word(asked), word(metric));
    }
    ensure!(queries.rows() > 0, "{shown}: dataset test: expected 1 query or more, got none");
    let is_whole = args.rows.is_none_or(|rows| rows >= base.rows());
    let neighbors = neighbors.filter(|ids| is_whole && ids.dim() >= args.k_max());
    Ok(Workload {
        name: set_name(path),
        metric,
        datatype: datatype_of(&base, args),
        published: neighbors.map(|ids| Published { path: path.to_owned(), ids }),
        base: first(base, args.rows),
        queries: first(queries, args.query_rows),
    })
}

/// Base, queries and a name: the last rows become queries.
fn hold_out(path: &Path, all: VectorSet, asked: Option<usize>) -> Result<(VectorSet, VectorSet, String)> {
    let out = asked.unwrap_or(all.rows() / HELD_OUT);
    let (shown, rows) = (path.display(), all.rows());
    ensure!(out > 0, "{shown}: expected {HELD_OUT} rows or more to keep some out as queries, got {rows}");
    ensure!(out < rows, "{shown}: expected more than the {out} rows that become queries, got {rows}");
    let queries = tail(&all, rows - out)?;
    let name = format!("{}, last {} rows kept out as queries", set_name(path), count(out as u64));
    Ok((first(all, Some(rows - out)), queries, name))
}

fn check_dimension(file: &Path, queries: &VectorSet, base_file: &Path, base: &VectorSet) -> Result<()> {
    ensure!(
        queries.dim() == base.dim(),
        "{}: byte 0: expected vectors of dimension {} like {}, got {}",
        file.display(),
        base.dim(),
        file_name(base_file),
        queries.dim()
    );
    ensure!(queries.rows() > 0, "{}: byte 0: expected 1 query or more, got none", file.display());
    Ok(())
}

/// Whether the name is one of an HDF5 file, perhaps gzipped.
fn is_hdf5(path: &Path) -> bool {
    let name = file_name(path).to_ascii_lowercase();
    let stem = name.strip_suffix(".gz").unwrap_or(&name);
    [".hdf5", ".h5"].iter().any(|end| stem.ends_with(end))
}

/// The name of a set: its file, and the folder that the file lies in, since many are called `base.fvecs`.
fn set_name(path: &Path) -> String {
    match path.parent().and_then(Path::file_name) {
        Some(folder) => format!("{}/{}", folder.to_string_lossy(), file_name(path)),
        None => file_name(path),
    }
}

fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned())
}

/// The first `rows` of a set, if it has more.
fn first(set: VectorSet, rows: Option<usize>) -> VectorSet {
    match rows {
        Some(rows) if rows < set.rows() => set.head(rows),
        _ => set,
    }
}

/// The rows from `first` on.
fn tail(set: &VectorSet, first: usize) -> Result<VectorSet> {
    let at = first * set.dim();
    let values = match set.values() {
        Values::F32(v) => Values::F32(v.get(at..).unwrap_or_default().to_vec()),
        Values::U8(v) => Values::U8(v.get(at..).unwrap_or_default().to_vec()),
        Values::I8(v) => Values::I8(v.get(at..).unwrap_or_default().to_vec()),
        Values::I32(v) => Values::I32(v.get(at..).unwrap_or_default().to_vec()),
    };
    Ok(VectorSet::new(set.dim(), values)?)
}
