//! What the benches share: a collection in a temporary folder, filled from a seed; points and queries that are always the same.
//!
//! The benches go through the engine's public API, so they measure what a user gets. Each is named after the room of the engine that
//! does most of its work. Figures with floors are not made here but by `nigh measure`; see docs/benchmarks.md.

use nigh::{Collection, CollectionConfig, Database, Datatype, Metric, Point, Result, VectorConfig};
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
        let dir = tempfile::tempdir().expect("a temporary folder can be made");
        let db = Database::open(dir.path())?;
        let vector = VectorConfig::new(dim, Metric::Euclid).with_datatype(datatype);
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
        let scene = Self::empty(set.dim() as u32, datatype)?;
        let all = points(set);
        for batch in all.chunks(1_000) {
            scene.collection.upsert(batch.iter().cloned())?;
        }
        scene.collection.checkpoint()?;
        Ok(scene)
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Database {
        &self.db
    }
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

/// One point for each row.
#[must_use]
pub fn points(set: &VectorSet) -> Vec<Point> {
    (0..set.rows()).map(|row| Point::new(row as u64, set.row(row).to_f32())).collect()
}
