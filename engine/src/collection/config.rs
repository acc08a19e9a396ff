//! What a collection is: its vectors and how it treats writes. Checked once, here; nothing behind this page checks it again.

use crate::error::{Error, Result};
use crate::point::Payload;
use nigh_format::manifest::{
    DIM_MAX, Datatype, Durability, IndexParams, METADATA_LEN_MAX, Manifest, Metric, Settings, VectorParams,
};
use std::collections::BTreeMap;
use std::time::Duration;

/// Shape of one named vector.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct VectorConfig {
    /// Dimensions, 1..=65,536.
    pub dim: u32,
    /// How two vectors are compared.
    pub metric: Metric,
    /// How values are stored.
    pub datatype: Datatype,
    /// How they are indexed.
    pub index: IndexConfig,
}

impl VectorConfig {
    /// Vectors of `dim` f32 values.
    pub fn new(dim: u32, metric: Metric) -> Self {
        Self { dim, metric, datatype: Datatype::F32, index: IndexConfig::default() }
    }

    /// Indexes them as `index` says.
    pub fn with_index(mut self, index: IndexConfig) -> Self {
        self.index = index;
        self
    }

    /// Stores values as `datatype`.
    pub fn with_datatype(mut self, datatype: Datatype) -> Self {
        self.datatype = datatype;
        self
    }
}

/// How one named vector is indexed: a graph (HNSW, arXiv 1603.09320) over int8 codes. Vectors compared by Manhattan distance or of more than
/// 16,384 dimensions have none: they are scanned.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct IndexConfig {
    /// Half the links of a node, 2..=128. More links find more at the price of memory: 8 bytes each.
    pub m: u32,
    /// Candidates of the search for a new node's neighbours, 4..=4096. More make a better graph, slower.
    pub ef_construct: u32,
    /// Share of the values that the range of int8 codes covers, 0.5..=1. Does not matter where all values are whole numbers of 0..=255:
    /// their codes are exact.
    pub quantile: f32,
    /// Segments with fewer vectors have no graph: they are scanned. `u32::MAX` for no graphs at all.
    pub graph_points_min: u32,
}

impl Default for IndexConfig {
    /// 16, 200, 0.99, 2,000.
    fn default() -> Self {
        Self::from_params(&IndexParams::DEFAULT)
    }
}

impl IndexConfig {
    fn from_params(params: &IndexParams) -> Self {
        let IndexParams { m, ef_construction, quantile, graph_points_min } = *params;
        Self { m, ef_construct: ef_construction, quantile, graph_points_min }
    }

    fn params(&self) -> IndexParams {
        let Self { m, ef_construct, quantile, graph_points_min } = *self;
        IndexParams { m, ef_construction: ef_construct, quantile, graph_points_min }
    }

    fn check(&self, field: &str) -> Result<()> {
        let ranges = [("m", self.m, 2, 128), ("ef_construct", self.ef_construct, 4, 4096)];
        for (name, value, min, max) in ranges {
            if !(min..=max).contains(&value) {
                return Err(Error::invalid(format!("{field}.{name}"), format!("{min}..={max}"), value));
            }
        }
        if !(0.5..=1.0).contains(&self.quantile) {
            return Err(Error::invalid(format!("{field}.quantile"), "0.5..=1", self.quantile));
        }
        if self.graph_points_min == 0 {
            return Err(Error::invalid(format!("{field}.graph_points_min"), "1 or more", 0));
        }
        Ok(())
    }
}

/// When background work starts.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OptimizerConfig {
    /// Memory of the mutable segment above which it is written to disk, in bytes. Up to four times as much may be in use for a moment.
    pub mutable_bytes_max: u64,
    /// Segments are not merged beyond this many points.
    pub segment_points_max: u64,
    /// Segments of like size that are merged into one, 2..=64.
    pub merge_fan_in: u32,
    /// Share of dead points above which a segment is rewritten, 0.01..=1.
    pub vacuum_dead_ratio: f32,
}

impl Default for OptimizerConfig {
    /// 64 MiB, 20 million points, 8 segments, 0.2.
    fn default() -> Self {
        Self {
            mutable_bytes_max: 64 << 20,
            segment_points_max: 20_000_000,
            merge_fan_in: 8,
            vacuum_dead_ratio: 0.2,
        }
    }
}

/// A collection's configuration.
#[derive(Debug, Clone, PartialEq)]
pub struct CollectionConfig {
    /// Vectors by name; the unnamed vector is called `""`. May be empty.
    pub vectors: BTreeMap<String, VectorConfig>,
    /// What an acknowledged write means, unless a handle says otherwise.
    pub durability: Durability,
    /// Longest time that a `Buffered` write stays out of stable storage, 1 ms to an hour; whole milliseconds.
    pub flush_interval: Duration,
    /// When background work starts.
    pub optimizer: OptimizerConfig,
    /// What an application keeps with the collection, at most 1 MiB of JSON text; nothing here reads it. An empty object is none.
    pub metadata: Option<Payload>,
}

impl CollectionConfig {
    /// A collection without vectors, `Sync` writes.
    pub fn new() -> Self {
        Self {
            vectors: BTreeMap::new(),
            durability: Durability::Sync,
            flush_interval: Duration::from_secs(1),
            optimizer: OptimizerConfig::default(),
            metadata: None,
        }
    }

    /// A collection with one unnamed vector.
    pub fn single(vector: VectorConfig) -> Self {
        Self::new().with_vector(crate::point::DEFAULT_VECTOR, vector)
    }

    /// Adds or replaces a named vector.
    pub fn with_vector(mut self, name: impl Into<String>, vector: VectorConfig) -> Self {
        self.vectors.insert(name.into(), vector);
        self
    }

    /// Sets the default durability.
    pub fn with_durability(mut self, durability: Durability) -> Self {
        self.durability = durability;
        self
    }

    /// Sets the longest time that a `Buffered` write stays out of stable storage, 1 ms to an hour.
    pub fn with_flush_interval(mut self, flush_interval: Duration) -> Self {
        self.flush_interval = flush_interval;
        self
    }

    /// Sets when background work starts.
    pub fn with_optimizer(mut self, optimizer: OptimizerConfig) -> Self {
        self.optimizer = optimizer;
        self
    }

    /// Keeps `metadata` with the collection.
    pub fn with_metadata(mut self, metadata: Payload) -> Self {
        self.metadata = Some(metadata);
        self
    }

    pub(crate) fn check(&self) -> Result<()> {
        for (name, vector) in &self.vectors {
            if !name.is_empty() {
                check_name("vector name", name, VECTOR_NAME_BYTES_MAX)?;
            }
            if !(1..=DIM_MAX).contains(&vector.dim) {
                return Err(Error::invalid(
                    format!("vectors[{name:?}].dim"),
                    format!("1..={DIM_MAX}"),
                    vector.dim,
                ));
            }
            vector.index.check(&format!("vectors[{name:?}].index"))?;
        }
        if self.vectors.len() > VECTORS_MAX {
            return Err(Error::invalid("vectors", format!("at most {VECTORS_MAX}"), self.vectors.len()));
        }
        self.metadata_text()?;
        check_tuning(self.flush_interval, &self.optimizer)
    }

    pub(crate) fn params(&self) -> Vec<VectorParams> {
        let params = |(name, v): (&String, &VectorConfig)| VectorParams {
            name: name.clone(),
            dim: v.dim,
            metric: v.metric,
            datatype: v.datatype,
            multivector: None,
        };
        self.vectors.iter().map(params).collect()
    }

    /// The metadata as JSON text; empty for none.
    ///
    /// # Errors
    /// `TooLarge` if it is nested too deep, or too long.
    pub(crate) fn metadata_text(&self) -> Result<String> {
        let text = match &self.metadata {
            Some(metadata) => metadata.encode_as("metadata of a collection in bytes", METADATA_LEN_MAX)?,
            None => Vec::new(),
        };
        String::from_utf8(text).map_err(|e| Error::internal(e.to_string()))
    }

    /// How each vector is indexed, in the order of [`CollectionConfig::params`].
    pub(crate) fn indexes(&self) -> Vec<IndexParams> {
        self.vectors.values().map(|vector| vector.index.params()).collect()
    }

    pub(crate) fn settings(&self) -> Settings {
        Settings {
            durability: self.durability,
            flush_interval_ms: u64::try_from(self.flush_interval.as_millis()).unwrap_or(u64::MAX),
            mutable_bytes_max: self.optimizer.mutable_bytes_max,
            segment_points_max: self.optimizer.segment_points_max,
            merge_fan_in: self.optimizer.merge_fan_in,
            vacuum_dead_ratio: self.optimizer.vacuum_dead_ratio,
        }
    }

    /// The configuration that a manifest describes; the error says what of it is not to be understood.
    pub(crate) fn from_manifest(manifest: &Manifest) -> std::result::Result<Self, String> {
        let Manifest { vectors, indexes, settings, metadata, .. } = manifest;
        let vector = |(p, index): (&VectorParams, &IndexParams)| {
            let index = IndexConfig::from_params(index);
            (p.name.clone(), VectorConfig { dim: p.dim, metric: p.metric, datatype: p.datatype, index })
        };
        let metadata = Payload::decode(metadata.as_bytes()).map_err(|e| format!("metadata: {e}"))?;
        Ok(Self {
            vectors: vectors.iter().zip(indexes).map(vector).collect(),
            durability: settings.durability,
            flush_interval: Duration::from_millis(settings.flush_interval_ms),
            optimizer: OptimizerConfig {
                mutable_bytes_max: settings.mutable_bytes_max,
                segment_points_max: settings.segment_points_max,
                merge_fan_in: settings.merge_fan_in,
                vacuum_dead_ratio: settings.vacuum_dead_ratio,
            },
            metadata: (!metadata.is_empty()).then_some(metadata),
        })
    }
}

impl Default for CollectionConfig {
    fn default() -> Self {
        Self::new()
    }
}

/// What to change of a collection; the rest stays.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CollectionUpdate {
    /// New default durability.
    pub durability: Option<Durability>,
    /// New flush interval.
    pub flush_interval: Option<Duration>,
    /// New optimizer thresholds.
    pub optimizer: Option<OptimizerConfig>,
    /// New index of vectors by name. Segments whose graph was built in another way are rewritten in the background.
    pub indexes: BTreeMap<String, IndexConfig>,
    /// New metadata in place of the old; an empty object removes it.
    pub metadata: Option<Payload>,
}

impl CollectionUpdate {
    /// # Errors
    /// `NotFound` for an unknown vector name.
    pub(crate) fn apply_to(&self, config: &mut CollectionConfig) -> Result<()> {
        config.durability = self.durability.unwrap_or(config.durability);
        config.flush_interval = self.flush_interval.unwrap_or(config.flush_interval);
        config.optimizer = self.optimizer.unwrap_or(config.optimizer);
        for (name, index) in &self.indexes {
            let vector = config.vectors.get_mut(name);
            vector.ok_or_else(|| Error::NotFound { what: format!("vector {name:?}") })?.index = *index;
        }
        if let Some(metadata) = &self.metadata {
            config.metadata = Some(metadata.clone());
        }
        Ok(())
    }
}

/// Bytes in a collection's or alias's name.
pub(crate) const NAME_BYTES_MAX: usize = 255;
const VECTOR_NAME_BYTES_MAX: usize = 200;
const VECTORS_MAX: usize = 256;

/// Names may be in any script; what a file system or a URL could misread is refused.
pub(crate) fn check_name(field: &str, name: &str, bytes_max: usize) -> Result<()> {
    if name.is_empty() || name.len() > bytes_max {
        return Err(Error::invalid(field, format!("1..={bytes_max} bytes"), format!("{} bytes", name.len())));
    }
    if let Some(bad) = name.chars().find(|c| c.is_control() || "<>:\"/\\|?*".contains(*c)) {
        let expected = "a name without control characters and < > : \" / \\ | ? *";
        return Err(Error::invalid(field, expected, format!("{bad:?}")));
    }
    if name.starts_with('-') || name.trim() != name || name.chars().all(|c| c == '.') {
        let expected = "a name that does not start with '-', start or end with a blank, or consist of dots";
        return Err(Error::invalid(field, expected, format!("{name:?}")));
    }
    Ok(())
}

fn check_tuning(flush_interval: Duration, optimizer: &OptimizerConfig) -> Result<()> {
    // Kept in whole milliseconds.
    if !(Duration::from_millis(1)..=Duration::from_secs(3600)).contains(&flush_interval) {
        return Err(Error::invalid("flush_interval", "1 ms to an hour", format!("{flush_interval:?}")));
    }
    if optimizer.mutable_bytes_max < 1024 {
        let got = optimizer.mutable_bytes_max;
        return Err(Error::invalid("optimizer.mutable_bytes_max", "at least 1024", got));
    }
    if !(1..=u64::from(u32::MAX - 1)).contains(&optimizer.segment_points_max) {
        let got = optimizer.segment_points_max;
        return Err(Error::invalid("optimizer.segment_points_max", "1..=4294967294", got));
    }
    if !(2..=64).contains(&optimizer.merge_fan_in) {
        return Err(Error::invalid("optimizer.merge_fan_in", "2..=64", optimizer.merge_fan_in));
    }
    if !(0.01..=1.0).contains(&optimizer.vacuum_dead_ratio) {
        return Err(Error::invalid("optimizer.vacuum_dead_ratio", "0.01..=1", optimizer.vacuum_dead_ratio));
    }
    Ok(())
}
