//! Collections and aliases.

use crate::indexes::PayloadIndexInfo;
use crate::untagged::{Kind, read};
use crate::validate::{Problems, Validate, check_name};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Characters of a collection's or alias's name.
const NAME_CHARS_MAX: usize = 255;
/// Bytes of a vector's name.
const VECTOR_NAME_MAX: usize = 200;

/// How two vectors are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Distance {
    /// Similarity of directions.
    Cosine,
    /// Euclidean distance.
    Euclid,
    /// Dot product.
    Dot,
    /// Sum of absolute differences.
    Manhattan,
}

/// How values are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Datatype {
    /// Single precision.
    #[default]
    Float32,
    /// Half precision.
    Float16,
    /// Whole numbers of 0..=255.
    Uint8,
}

/// How a point's several rows become one score.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MultiVectorComparator {
    /// The sum, over the query's rows, of the best similarity to one of the point's.
    MaxSim,
}

/// Points have several rows under this name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultiVectorConfig {
    /// How they become one score.
    pub comparator: MultiVectorComparator,
}

/// Shape of one vector.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VectorParams {
    /// Dimensions.
    pub size: u64,
    /// How two are compared.
    pub distance: Distance,
    /// How the graph of this vector differs from the collection's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hnsw_config: Option<HnswConfigDiff>,
    /// Quantization of this vector instead of the collection's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization_config: Option<QuantizationConfig>,
    /// Kept for its echo: vectors are always mapped from disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk: Option<bool>,
    /// How values are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datatype: Option<Datatype>,
    /// Whether points have several rows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub multivector_config: Option<MultiVectorConfig>,
}

impl Validate for VectorParams {
    fn validate(&self, problems: &mut Problems) {
        problems.between("size", Some(self.size), 1, 65_536);
        problems.optional("hnsw_config", self.hnsw_config.as_ref());
        problems.optional("quantization_config", self.quantization_config.as_ref());
    }
}

/// The vectors of a collection.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum VectorsConfig {
    /// The unnamed one.
    Unnamed(Box<VectorParams>),
    /// By name; may be none.
    Named(BTreeMap<String, VectorParams>),
}

impl Default for VectorsConfig {
    fn default() -> Self {
        VectorsConfig::Named(BTreeMap::new())
    }
}

impl<'de> Deserialize<'de> for VectorsConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        let Value::Object(map) = &value else {
            return Err(D::Error::custom(format_args!(
                "invalid type: {}, expected an object with `size` and `distance`, or of such objects by name",
                Kind(&value)
            )));
        };
        let is_unnamed = map.get("size").is_some_and(Value::is_number)
            || map.get("distance").is_some_and(Value::is_string);
        if is_unnamed {
            read(value).map(VectorsConfig::Unnamed)
        } else {
            read(value).map(VectorsConfig::Named)
        }
    }
}

impl Validate for VectorsConfig {
    fn validate(&self, problems: &mut Problems) {
        match self {
            VectorsConfig::Unnamed(params) => params.validate(problems),
            VectorsConfig::Named(vectors) => {
                for (name, params) in vectors {
                    if !name.is_empty() {
                        check_name(problems, name, name, VECTOR_NAME_MAX);
                    }
                    problems.field(name, params);
                }
            }
        }
    }
}

/// What is changed of a graph's parameters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct HnswConfigDiff {
    /// Links of a node; 0 for no graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub m: Option<u64>,
    /// Candidates while building.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ef_construct: Option<u64>,
    /// Smaller segments are scanned, in KiB of vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_scan_threshold: Option<u64>,
    /// Threads of a build; 0 for as many as there are cores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_indexing_threads: Option<u64>,
    /// Kept for its echo: graphs are always mapped from disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk: Option<bool>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_m: Option<u64>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline_storage: Option<bool>,
}

impl HnswConfigDiff {
    /// These where they are given, `base` where not.
    pub fn over(&self, base: &Self) -> Self {
        Self {
            m: self.m.or(base.m),
            ef_construct: self.ef_construct.or(base.ef_construct),
            full_scan_threshold: self.full_scan_threshold.or(base.full_scan_threshold),
            max_indexing_threads: self.max_indexing_threads.or(base.max_indexing_threads),
            on_disk: self.on_disk.or(base.on_disk),
            payload_m: self.payload_m.or(base.payload_m),
            inline_storage: self.inline_storage.or(base.inline_storage),
        }
    }
}

impl Validate for HnswConfigDiff {
    fn validate(&self, problems: &mut Problems) {
        problems.at_least("ef_construct", self.ef_construct, 4);
        problems.at_least("full_scan_threshold", self.full_scan_threshold, 10);
    }
}

/// When and how segments are rewritten.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct OptimizersConfigDiff {
    /// Share of dead points above which a segment is rewritten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_threshold: Option<f64>,
    /// Smaller segments are not rewritten for that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vacuum_min_vector_number: Option<u64>,
    /// How many segments to aim at; 0 for automatic.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_segment_number: Option<u64>,
    /// KiB above which segments are not merged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_segment_size: Option<u64>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub memmap_threshold: Option<u64>,
    /// KiB of vectors from which a graph is built; 0 for never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexing_threshold: Option<u64>,
    /// Seconds between syncs of what was not synced at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flush_interval_sec: Option<u64>,
    /// Kept for its echo: a number, or `"auto"`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_optimization_threads: Option<Value>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prevent_unoptimized: Option<bool>,
}

impl OptimizersConfigDiff {
    /// These where they are given, `base` where not.
    pub fn over(&self, base: &Self) -> Self {
        Self {
            deleted_threshold: self.deleted_threshold.or(base.deleted_threshold),
            vacuum_min_vector_number: self.vacuum_min_vector_number.or(base.vacuum_min_vector_number),
            default_segment_number: self.default_segment_number.or(base.default_segment_number),
            max_segment_size: self.max_segment_size.or(base.max_segment_size),
            memmap_threshold: self.memmap_threshold.or(base.memmap_threshold),
            indexing_threshold: self.indexing_threshold.or(base.indexing_threshold),
            flush_interval_sec: self.flush_interval_sec.or(base.flush_interval_sec),
            max_optimization_threads: self
                .max_optimization_threads
                .clone()
                .or_else(|| base.max_optimization_threads.clone()),
            prevent_unoptimized: self.prevent_unoptimized.or(base.prevent_unoptimized),
        }
    }
}

impl Validate for OptimizersConfigDiff {
    fn validate(&self, problems: &mut Problems) {
        problems.between("deleted_threshold", self.deleted_threshold, 0.0, 1.0);
        problems.at_least("vacuum_min_vector_number", self.vacuum_min_vector_number, 100);
        problems.at_least("max_segment_size", self.max_segment_size, 1);
    }
}

/// The log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalConfigDiff {
    /// Size of a file, in MiB.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_capacity_mb: Option<u64>,
    /// Files made in advance.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_segments_ahead: Option<u64>,
    /// Closed files kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_retain_closed: Option<u64>,
}

impl Validate for WalConfigDiff {
    fn validate(&self, problems: &mut Problems) {
        problems.at_least("wal_capacity_mb", self.wal_capacity_mb, 1);
        problems.at_least("wal_retain_closed", self.wal_retain_closed, 1);
    }
}

/// How vectors are quantized for the walk of the graph.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum QuantizationConfig {
    /// One byte a value.
    Scalar(ScalarQuantization),
    /// Product quantization.
    Product(ProductQuantization),
    /// One bit a value, or two.
    Binary(BinaryQuantization),
    /// Rotated codes of few bits.
    Turbo(TurboQuantization),
}

impl Validate for QuantizationConfig {
    fn validate(&self, problems: &mut Problems) {
        if let QuantizationConfig::Scalar(scalar) = self {
            problems.inside("scalar", |problems| problems.between("quantile", scalar.quantile, 0.5, 1.0));
        }
    }
}

/// Type of scalar codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScalarType {
    /// One byte a value.
    Int8,
}

/// One byte a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ScalarQuantization {
    /// The type.
    pub r#type: ScalarType,
    /// Share of the values that the range of codes covers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantile: Option<f64>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always_ram: Option<bool>,
}

/// Product quantization; kept for its echo, one byte a value is used.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProductQuantization {
    /// `x4`, `x8`, `x16`, `x32` or `x64`.
    pub compression: Compression,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always_ram: Option<bool>,
}

/// How much smaller codes are than vectors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Compression {
    /// A quarter.
    X4,
    /// An eighth.
    X8,
    /// A sixteenth.
    X16,
    /// A thirty-second.
    X32,
    /// A sixty-fourth.
    X64,
}

/// Codes of one or two bits; kept for its echo, one byte a value is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct BinaryQuantization {
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always_ram: Option<bool>,
    /// Bits a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<BinaryEncoding>,
    /// How a query is encoded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub query_encoding: Option<QueryEncoding>,
}

/// Bits a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BinaryEncoding {
    /// One.
    OneBit,
    /// Two.
    TwoBits,
    /// One and a half.
    OneAndHalfBits,
}

/// How a query is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum QueryEncoding {
    /// As the vectors are.
    Default,
    /// One bit a value.
    Binary,
    /// Four bits a value.
    Scalar4Bits,
    /// Eight bits a value.
    Scalar8Bits,
}

/// Rotated codes of few bits; kept for its echo, one byte a value is used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct TurboQuantization {
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub always_ram: Option<bool>,
    /// Bits a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bits: Option<TurboBits>,
}

/// Bits a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum TurboBits {
    /// One.
    #[serde(rename = "bits1")]
    One,
    /// One and a half.
    #[serde(rename = "bits1_5")]
    OneAndHalf,
    /// Two.
    #[serde(rename = "bits2")]
    Two,
    /// Four.
    #[serde(rename = "bits4")]
    Four,
}

/// What a search does with the weights of a sparse query.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Modifier {
    /// Nothing.
    #[default]
    None,
    /// Multiplies them by how rare an index is.
    Idf,
}

/// Storage of a sparse vector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SparseIndexParams {
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub full_scan_threshold: Option<u64>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk: Option<bool>,
    /// How weights are stored.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub datatype: Option<Datatype>,
}

/// A sparse vector.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SparseVectorParams {
    /// Its storage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub index: Option<SparseIndexParams>,
    /// What a search does with a query's weights.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub modifier: Option<Modifier>,
}

/// Limits of a collection's requests; unknown ones are kept for their echo.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct StrictModeConfig {
    /// Whether they hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,
    /// Largest limit of a query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_query_limit: Option<u64>,
    /// Longest timeout, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_timeout: Option<u64>,
    /// Whether reads may filter by fields without an index.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unindexed_filtering_retrieve: Option<bool>,
    /// Whether writes may.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unindexed_filtering_update: Option<bool>,
    /// Largest `hnsw_ef`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_max_hnsw_ef: Option<u64>,
    /// Whether exact searches are allowed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_allow_exact: Option<bool>,
    /// Largest oversampling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub search_max_oversampling: Option<f64>,
    /// Most points in one upsert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upsert_max_batchsize: Option<u64>,
    /// Reads a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_rate_limit: Option<u64>,
    /// Writes a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_rate_limit: Option<u64>,
    /// Most conditions in a filter.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_max_conditions: Option<u64>,
    /// Most values in a condition.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition_max_size: Option<u64>,
    /// Most points in the collection.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_points_count: Option<u64>,
    /// The others.
    #[serde(flatten)]
    pub other: Map<String, Value>,
}

impl Validate for StrictModeConfig {
    fn validate(&self, problems: &mut Problems) {
        problems.at_least("max_query_limit", self.max_query_limit, 1);
        problems.at_least("max_timeout", self.max_timeout, 1);
        problems.at_least("upsert_max_batchsize", self.upsert_max_batchsize, 1);
        problems.at_least("read_rate_limit", self.read_rate_limit, 1);
        problems.at_least("write_rate_limit", self.write_rate_limit, 1);
        problems.at_least("max_points_count", self.max_points_count, 1);
    }
}

/// How points are dealt to shards.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShardingMethod {
    /// By their ids.
    Auto,
    /// By keys of the caller; needs a cluster.
    Custom,
}

/// A new collection.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct CreateCollection {
    /// Its vectors.
    #[serde(default)]
    pub vectors: VectorsConfig,
    /// Its sparse vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse_vectors: Option<BTreeMap<String, SparseVectorParams>>,
    /// One; the only number without a cluster.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard_number: Option<u32>,
    /// How points are dealt to shards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharding_method: Option<ShardingMethod>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<u32>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_consistency_factor: Option<u32>,
    /// Kept for its echo: payloads are always mapped from disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk_payload: Option<bool>,
    /// Its graphs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hnsw_config: Option<HnswConfigDiff>,
    /// Its log.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wal_config: Option<WalConfigDiff>,
    /// When segments are rewritten.
    #[serde(default, alias = "optimizer_config", skip_serializing_if = "Option::is_none")]
    pub optimizers_config: Option<OptimizersConfigDiff>,
    /// How vectors are quantized.
    #[serde(default, alias = "quantization", skip_serializing_if = "Option::is_none")]
    pub quantization_config: Option<QuantizationConfig>,
    /// Limits of its requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_mode_config: Option<StrictModeConfig>,
    /// The application's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

impl Validate for CreateCollection {
    fn validate(&self, problems: &mut Problems) {
        problems.field("vectors", &self.vectors);
        if let Some(sparse) = &self.sparse_vectors {
            problems.inside("sparse_vectors", |problems| {
                for name in sparse.keys().filter(|name| !name.is_empty()) {
                    check_name(problems, name, name, VECTOR_NAME_MAX);
                }
            });
        }
        problems.at_least("shard_number", self.shard_number, 1);
        problems.at_least("replication_factor", self.replication_factor, 1);
        problems.at_least("write_consistency_factor", self.write_consistency_factor, 1);
        problems.optional("hnsw_config", self.hnsw_config.as_ref());
        problems.optional("wal_config", self.wal_config.as_ref());
        problems.optional("optimizers_config", self.optimizers_config.as_ref());
        problems.optional("quantization_config", self.quantization_config.as_ref());
        problems.optional("strict_mode_config", self.strict_mode_config.as_ref());
    }
}

/// Checks a name that is to be given to a collection or an alias.
pub fn check_collection_name(problems: &mut Problems, key: &str, name: &str) {
    check_name(problems, key, name, NAME_CHARS_MAX);
}

/// What is changed of one vector.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct VectorParamsDiff {
    /// Its graph.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hnsw_config: Option<HnswConfigDiff>,
    /// Its quantization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quantization_config: Option<QuantizationConfigDiff>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk: Option<bool>,
}

impl Validate for VectorParamsDiff {
    fn validate(&self, problems: &mut Problems) {
        problems.optional("hnsw_config", self.hnsw_config.as_ref());
        problems.optional("quantization_config", self.quantization_config.as_ref());
    }
}

/// A quantization, or none any more.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum QuantizationConfigDiff {
    /// This one.
    Set(QuantizationConfig),
    /// `"Disabled"`.
    Disabled(Disabled),
}

/// The word `Disabled`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Disabled {
    /// No quantization.
    Disabled,
}

impl<'de> Deserialize<'de> for QuantizationConfigDiff {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let value = Value::deserialize(deserializer)?;
        if value.is_string() {
            return read(value).map(QuantizationConfigDiff::Disabled);
        }
        read(value).map(QuantizationConfigDiff::Set)
    }
}

impl Validate for QuantizationConfigDiff {
    fn validate(&self, problems: &mut Problems) {
        if let QuantizationConfigDiff::Set(config) = self {
            config.validate(problems);
        }
    }
}

/// What is changed of a collection's own parameters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionParamsDiff {
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replication_factor: Option<u32>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub write_consistency_factor: Option<u32>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_fan_out_factor: Option<u32>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk_payload: Option<bool>,
}

impl Validate for CollectionParamsDiff {
    fn validate(&self, problems: &mut Problems) {
        problems.at_least("replication_factor", self.replication_factor, 1);
        problems.at_least("write_consistency_factor", self.write_consistency_factor, 1);
    }
}

/// What is changed of a collection; the rest stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct UpdateCollection {
    /// Vectors by name, `""` for the unnamed one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vectors: Option<BTreeMap<String, VectorParamsDiff>>,
    /// When segments are rewritten.
    #[serde(default, alias = "optimizer_config", skip_serializing_if = "Option::is_none")]
    pub optimizers_config: Option<OptimizersConfigDiff>,
    /// Its own parameters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<CollectionParamsDiff>,
    /// Its graphs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hnsw_config: Option<HnswConfigDiff>,
    /// How vectors are quantized.
    #[serde(default, alias = "quantization", skip_serializing_if = "Option::is_none")]
    pub quantization_config: Option<QuantizationConfigDiff>,
    /// Sparse vectors by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse_vectors: Option<BTreeMap<String, SparseVectorParams>>,
    /// Limits of its requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_mode_config: Option<StrictModeConfig>,
    /// Merged by key; `null` removes a key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

impl Validate for UpdateCollection {
    fn validate(&self, problems: &mut Problems) {
        if let Some(vectors) = &self.vectors {
            problems.inside("vectors", |problems| {
                vectors.iter().for_each(|(name, vector)| problems.field(name, vector));
            });
        }
        problems.optional("optimizers_config", self.optimizers_config.as_ref());
        problems.optional("params", self.params.as_ref());
        problems.optional("hnsw_config", self.hnsw_config.as_ref());
        problems.optional("quantization_config", self.quantization_config.as_ref());
        problems.optional("strict_mode_config", self.strict_mode_config.as_ref());
    }
}

/// A vector name that is added to a collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CreateVectorName {
    /// A dense vector.
    Dense(VectorParams),
    /// A sparse one.
    Sparse(SparseVectorParams),
}

impl Validate for CreateVectorName {
    fn validate(&self, problems: &mut Problems) {
        if let CreateVectorName::Dense(params) = self {
            problems.field("dense", params);
        }
    }
}

/// How a collection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CollectionStatus {
    /// All is well.
    Green,
    /// Segments are being rewritten.
    Yellow,
    /// Segments wait to be rewritten.
    Grey,
    /// Something failed.
    Red,
}

/// How the rewriting of segments goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OptimizerStatus {
    /// Well.
    Ok,
    /// It failed, for this reason.
    Error(String),
}

/// A collection's own parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectionParams {
    /// Its vectors, as they were given.
    #[serde(default)]
    pub vectors: VectorsConfig,
    /// 1.
    pub shard_number: u32,
    /// How points are dealt to shards, if it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sharding_method: Option<ShardingMethod>,
    /// As it was given.
    pub replication_factor: u32,
    /// As it was given.
    pub write_consistency_factor: u32,
    /// As it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read_fan_out_factor: Option<u32>,
    /// As it was given.
    pub on_disk_payload: bool,
    /// Its sparse vectors.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sparse_vectors: Option<BTreeMap<String, SparseVectorParams>>,
}

/// Parameters of graphs, all of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HnswConfig {
    /// Links of a node.
    pub m: u64,
    /// Candidates while building.
    pub ef_construct: u64,
    /// Smaller segments are scanned, in KiB of vectors.
    pub full_scan_threshold: u64,
    /// Threads of a build.
    pub max_indexing_threads: u64,
    /// As it was given.
    pub on_disk: bool,
    /// As it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payload_m: Option<u64>,
    /// As it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inline_storage: Option<bool>,
}

/// When segments are rewritten, all of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OptimizersConfig {
    /// Share of dead points above which a segment is rewritten.
    pub deleted_threshold: f64,
    /// Smaller segments are not rewritten for that.
    pub vacuum_min_vector_number: u64,
    /// How many segments to aim at.
    pub default_segment_number: u64,
    /// KiB above which segments are not merged.
    pub max_segment_size: Option<u64>,
    /// As it was given.
    pub memmap_threshold: Option<u64>,
    /// KiB of vectors from which a graph is built.
    pub indexing_threshold: Option<u64>,
    /// Seconds between syncs of what was not synced at once.
    pub flush_interval_sec: u64,
    /// As it was given.
    pub max_optimization_threads: Option<Value>,
    /// As it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prevent_unoptimized: Option<bool>,
}

/// The log, all of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalConfig {
    /// Size of a file, in MiB.
    pub wal_capacity_mb: u64,
    /// Files made in advance.
    pub wal_segments_ahead: u64,
    /// Closed files kept.
    pub wal_retain_closed: u64,
}

/// A collection's configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectionConfig {
    /// Its own parameters.
    pub params: CollectionParams,
    /// Its graphs.
    pub hnsw_config: HnswConfig,
    /// When segments are rewritten.
    pub optimizer_config: OptimizersConfig,
    /// Its log.
    pub wal_config: Option<WalConfig>,
    /// How vectors are quantized.
    pub quantization_config: Option<QuantizationConfig>,
    /// Limits of its requests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub strict_mode_config: Option<StrictModeConfig>,
    /// The application's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

/// A collection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CollectionInfo {
    /// How it is.
    pub status: CollectionStatus,
    /// How the rewriting of segments goes.
    pub optimizer_status: OptimizerStatus,
    /// Vectors in graphs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub indexed_vectors_count: Option<u64>,
    /// Live points.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub points_count: Option<u64>,
    /// Segments.
    pub segments_count: u64,
    /// Its configuration.
    pub config: CollectionConfig,
    /// Its payload indexes by path.
    pub payload_schema: BTreeMap<String, PayloadIndexInfo>,
}

/// A collection's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionDescription {
    /// The name.
    pub name: String,
}

/// All collections.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionsResponse {
    /// Their names.
    pub collections: Vec<CollectionDescription>,
}

/// Whether a collection exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionExistence {
    /// Whether it does.
    pub exists: bool,
}

/// Changes of aliases, carried out together or not at all.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChangeAliases {
    /// The changes, in order.
    pub actions: Vec<AliasOperation>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasOperation {
    /// Makes an alias, or points one to another collection.
    CreateAlias {
        /// The collection.
        collection_name: String,
        /// The alias.
        alias_name: String,
    },
    /// Removes an alias.
    DeleteAlias {
        /// The alias.
        alias_name: String,
    },
    /// Gives an alias another name.
    RenameAlias {
        /// Its name.
        old_alias_name: String,
        /// Its new name.
        new_alias_name: String,
    },
}

impl Validate for ChangeAliases {
    fn validate(&self, problems: &mut Problems) {
        for (i, action) in self.actions.iter().enumerate() {
            problems.inside(&format!("actions[{i}]"), |problems| match action {
                AliasOperation::CreateAlias { alias_name, .. } => {
                    check_collection_name(problems, "create_alias.alias_name", alias_name);
                }
                AliasOperation::RenameAlias { new_alias_name, .. } => {
                    check_collection_name(problems, "rename_alias.new_alias_name", new_alias_name);
                }
                AliasOperation::DeleteAlias { .. } => {}
            });
        }
    }
}

/// An alias.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AliasDescription {
    /// The alias.
    pub alias_name: String,
    /// Its collection.
    pub collection_name: String,
}

/// Aliases.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CollectionsAliasesResponse {
    /// The aliases.
    pub aliases: Vec<AliasDescription>,
}
