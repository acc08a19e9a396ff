//! What is measured: a database in a folder, with one collection of one vector a point; ids are row numbers.
//!
//! All of it goes through the engine's public API, with nothing set that a user could not set.

use nigh::{
    Collection, CollectionConfig, Database, Effort, IndexConfig, Metric, OptimizerConfig, Options, Point,
    PointId, Result, ScoredPoint, SearchRequest, VectorConfig,
};
use std::path::Path;

/// The collection's name.
const NAME: &str = "vectors";

/// Points in a write.
const BATCH: usize = 1_000;

/// What stands where fewer points were found than asked for.
const NO_ROW: u32 = u32::MAX;

/// The parameters of a graph that a caller may choose.
#[derive(Debug, Clone, Copy)]
pub struct GraphParams {
    /// Half the links of a node.
    pub m: u32,
    /// Candidates of the search for a new node's neighbours.
    pub ef_construct: u32,
}

/// An open database and its one collection. Closed when dropped.
#[derive(Debug)]
pub struct Subject {
    collection: Collection,
    db: Database,
    dim: usize,
}

impl Subject {
    /// Writes the rows of `values` durably into a new database in `dir`, and indexes them. `threads` build the graph, and may search.
    ///
    /// The mutable segment may grow until it holds all rows, so that they are sealed once and indexed once. Who loads many rows would set
    /// the same.
    ///
    /// # Errors
    /// Whatever the engine says.
    pub fn build(
        dir: &Path,
        values: &[f32],
        dim: usize,
        metric: Metric,
        graph: GraphParams,
        threads: usize,
    ) -> Result<Self> {
        let bytes = size_of_val(values) as u64;
        let index = IndexConfig { m: graph.m, ef_construct: graph.ef_construct, ..IndexConfig::default() };
        let vector = VectorConfig::new(u32::try_from(dim).unwrap_or(u32::MAX), metric).with_index(index);
        let optimizer = OptimizerConfig::default();
        let mutable_bytes_max = optimizer.mutable_bytes_max.max(bytes.saturating_mul(2));
        let config = CollectionConfig::single(vector)
            .with_optimizer(OptimizerConfig { mutable_bytes_max, ..optimizer });
        let db = Options::new().index_threads(threads).search_threads(threads).open(dir)?;
        let collection = db.create_collection(NAME, &config)?;
        let mut rows = values.chunks(dim.max(1)).zip(0_u64..).map(|(row, id)| Point::new(id, row)).peekable();
        while rows.peek().is_some() {
            collection.upsert(rows.by_ref().take(BATCH))?;
        }
        collection.optimize()?;
        Ok(Self { collection, db, dim })
    }

    /// Opens what [`Subject::build`] wrote, to be searched by up to `threads` threads.
    ///
    /// # Errors
    /// Whatever the engine says.
    pub fn open(dir: &Path, threads: usize) -> Result<Self> {
        let db = Options::new().search_threads(threads).open(dir)?;
        let collection = db.collection(NAME)?;
        let dim = collection.config().vectors.values().next().map_or(0, |vector| vector.dim as usize);
        Ok(Self { collection, db, dim })
    }

    /// Values in a vector.
    #[must_use]
    pub fn dim(&self) -> usize {
        self.dim
    }

    /// Fills `out` with the rows nearest to `query`, best first, and with `u32::MAX` where there are no more.
    ///
    /// # Errors
    /// Whatever the engine says.
    pub fn search(&self, query: &[f32], effort: Effort, out: &mut [u32]) -> Result<()> {
        fill(out, &self.collection.search(&request(query, effort, out.len()))?);
        Ok(())
    }

    /// As [`Subject::search`], for as many queries as `queries` holds, in one call on all threads; `k` of `out` belong to each.
    ///
    /// # Errors
    /// Whatever the engine says, of the first query that failed.
    pub fn search_batch(&self, queries: &[f32], effort: Effort, k: usize, out: &mut [u32]) -> Result<()> {
        let requests = queries.chunks(self.dim.max(1)).map(|query| request(query, effort, k)).collect();
        let answers = self.collection.search_batch(requests)?;
        for (out, answer) in out.chunks_mut(k.max(1)).zip(answers) {
            fill(out, &answer?);
        }
        Ok(())
    }

    /// Closes the database, and tells whether all of it is on disk.
    ///
    /// # Errors
    /// Whatever the engine says.
    pub fn close(self) -> Result<()> {
        self.db.close()
    }
}

fn request(query: &[f32], effort: Effort, k: usize) -> SearchRequest {
    SearchRequest::new(query).limit(k).effort(effort)
}

fn fill(out: &mut [u32], points: &[ScoredPoint]) {
    let row = |point: &ScoredPoint| match point.id {
        PointId::Num(id) => u32::try_from(id).unwrap_or(NO_ROW),
        PointId::Uuid(_) => NO_ROW,
    };
    let rows = points.iter().map(row).chain(std::iter::repeat(NO_ROW));
    for (place, row) in out.iter_mut().zip(rows) {
        *place = row;
    }
}
