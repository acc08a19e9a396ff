//! What the benches share: a collection in a temporary folder, filled from a seed; points and queries that are always the same.
//!
//! The benches go through the engine's public API, so they measure what a user gets. Each is named after the room of the engine that
//! does most of its work. Figures with floors are not made here but by `nigh measure`; see docs/benchmarks.md.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use nigh::{
    Background, Collection, CollectionConfig, Database, Datatype, Metric, Options, Point, Result,
    VectorConfig,
};
use nigh_datasets::{Clustered, Length, VectorSet};
use tempfile::TempDir;

/// Where all randomness of the benches comes from.
pub const SEED: u64 = 42;

/// A database with one collection, gone when dropped.
#[derive(Debug)]
pub struct Scene {
    /// The collection's handle.
    pub collection: Collection,
    db: Database,
    /// Last field: removed when the database is closed.
    _dir: TempDir,
}

impl Scene {
    /// An empty collection of vectors with `dim` values, compared by Euclid.
    ///
    /// # Errors
    /// Whatever the engine says.
    ///
    /// # Panics
    /// If there is no temporary folder to be had.
    pub fn empty(dim: u32, datatype: Datatype) -> Result<Self> {
        let vector = VectorConfig::new(dim, Metric::Euclid).with_datatype(datatype);
        Self::with_options(Options::new(), vector)
    }

    fn with_options(options: Options, vector: VectorConfig) -> Result<Self> {
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let db = options.open(dir.path())?;
        let collection = db.create_collection("bench", &CollectionConfig::single(vector))?;
        Ok(Self { collection, db, _dir: dir })
    }

    /// A collection that holds `set` in sealed segments; ids are row numbers.
    ///
    /// # Errors
    /// Whatever the engine says.
    ///
    /// # Panics
    /// As [`Scene::empty`].
    pub fn sealed(set: &VectorSet, datatype: Datatype) -> Result<Self> {
        let vector = VectorConfig::new(set.dim() as u32, Metric::Euclid).with_datatype(datatype);
        Self::waiting(set, vector, cores())
    }

    /// A collection that holds `set` in sealed segments without an index, which nobody makes unless asked. `threads` work on one large
    /// search.
    ///
    /// # Errors
    /// Whatever the engine says.
    ///
    /// # Panics
    /// As [`Scene::empty`].
    pub fn waiting(set: &VectorSet, vector: VectorConfig, threads: usize) -> Result<Self> {
        let options = Options::new().background(Background::Manual).search_threads(threads);
        let scene = Self::with_options(options, vector)?;
        let all = points(set);
        for batch in all.chunks(1_000) {
            scene.collection.upsert(batch.iter().cloned())?;
        }
        scene.collection.checkpoint()?;
        Ok(scene)
    }

    /// A collection that holds `set` in one indexed segment; vectors are compared by cosine.
    ///
    /// # Errors
    /// Whatever the engine says.
    ///
    /// # Panics
    /// As [`Scene::empty`].
    pub fn indexed(set: &VectorSet, threads: usize) -> Result<Self> {
        let scene = Self::waiting(set, VectorConfig::new(set.dim() as u32, Metric::Cosine), threads)?;
        scene.collection.optimize()?;
        Ok(scene)
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Database {
        &self.db
    }
}

/// How many threads can work at the same time.
#[must_use]
pub fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

/// `rows` clustered vectors of `dim` values: whole numbers from 0 to 255, which every datatype holds exactly.
///
/// # Panics
/// Never: whole numbers are finite.
#[must_use]
pub fn vectors(dim: usize, rows: usize) -> VectorSet {
    let spec = Clustered { seed: SEED, dim, clusters: 100, spread: 0.3, length: Length::AsDrawn };
    let bytes = |v: &f32| (v * 32.0 + 128.0).round().clamp(0.0, 255.0);
    let values = spec.base(rows).to_f32().iter().map(bytes).collect();
    VectorSet::new(dim, nigh_datasets::Values::F32(values)).expect("whole rows of finite values")
}

/// `rows` clustered vectors of `dim` values and length 1, as most text embeddings are, and `queries` more to search for.
#[must_use]
pub fn embeddings(dim: usize, rows: usize, queries: usize) -> (VectorSet, VectorSet) {
    let spec = Clustered { seed: SEED, dim, clusters: 100, spread: 0.3, length: Length::Unit };
    (spec.base(rows), spec.queries(queries))
}

/// One point for each row.
#[must_use]
pub fn points(set: &VectorSet) -> Vec<Point> {
    (0..set.rows()).map(|row| Point::new(row as u64, set.row(row).to_f32())).collect()
}
