//! Configurations of collections. What a client gave is kept, as the collection's metadata in the engine, since clients read it back; the engine's own
//! configuration is made from it.

use crate::error::{ApiError, Kind, Result};
use nigh::{
    CollectionConfig, DEFAULT_VECTOR, Datatype, IndexConfig, Metric, OptimizerConfig, Payload, VectorConfig,
};
use nigh_api as api;
use nigh_api::{CreateCollection, PayloadFieldSchema, VectorParams, VectorsConfig};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;

/// Where it is in the engine's metadata.
const KEY: &str = "qdrant";

/// What clients gave.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Given {
    /// The collection, with all changes.
    pub(crate) collection: CreateCollection,
    /// Indexes of payload fields by path.
    #[serde(default)]
    pub(crate) schema: BTreeMap<String, PayloadFieldSchema>,
}

impl Given {
    /// What was given of a collection; of one that an application made, what its configuration says.
    ///
    /// # Errors
    /// `Internal` if the metadata is not what we wrote.
    pub(crate) fn of(config: &CollectionConfig) -> Result<Self> {
        let Some(value) = config.metadata.as_ref().and_then(|metadata| metadata.get(KEY)) else {
            return Ok(Self { collection: echo(config), schema: BTreeMap::new() });
        };
        Self::deserialize(value).map_err(|e| {
            ApiError::new(Kind::Internal, format_args!("the collection's metadata is damaged: {e}"))
        })
    }

    /// The metadata to store; what others keep there stays.
    ///
    /// # Errors
    /// `Internal` if it cannot be written, which is a bug.
    pub(crate) fn into_metadata(self, there: Option<&Payload>) -> Result<Payload> {
        let value = serde_json::to_value(self).map_err(|e| ApiError::new(Kind::Internal, e))?;
        let mut map = there.cloned().unwrap_or_default().into_map();
        map.insert(KEY.to_owned(), value);
        Ok(map.into())
    }
}

/// What a client would have given to get this configuration.
fn echo(config: &CollectionConfig) -> CreateCollection {
    let params = |vector: &VectorConfig| VectorParams {
        size: vector.dim.into(),
        distance: match vector.metric {
            Metric::Cosine => api::Distance::Cosine,
            Metric::Dot => api::Distance::Dot,
            Metric::Euclid => api::Distance::Euclid,
            Metric::Manhattan => api::Distance::Manhattan,
        },
        hnsw_config: Some(api::HnswConfigDiff {
            m: Some(vector.index.m.into()),
            ef_construct: Some(vector.index.ef_construct.into()),
            ..api::HnswConfigDiff::default()
        }),
        quantization_config: None,
        on_disk: None,
        datatype: match vector.datatype {
            Datatype::F32 => None,
            Datatype::F16 => Some(api::Datatype::Float16),
            Datatype::U8 => Some(api::Datatype::Uint8),
        },
        multivector_config: None,
    };
    let vectors = match config.vectors.get(DEFAULT_VECTOR) {
        Some(vector) if config.vectors.len() == 1 => VectorsConfig::Unnamed(Box::new(params(vector))),
        _ => VectorsConfig::Named(config.vectors.iter().map(|(name, v)| (name.clone(), params(v))).collect()),
    };
    CreateCollection { vectors, ..CreateCollection::default() }
}

/// The engine's configuration, without metadata.
///
/// # Errors
/// `BadInput` for what a server without a cluster cannot do.
pub(crate) fn config_in(given: &CreateCollection) -> Result<CollectionConfig> {
    if given.sharding_method == Some(api::ShardingMethod::Custom) {
        return Err(ApiError::bad_input("custom sharding needs a cluster"));
    }
    let mut config = CollectionConfig::new();
    let named = |vectors: &VectorsConfig| -> Vec<(String, VectorParams)> {
        match vectors {
            VectorsConfig::Unnamed(params) => vec![(DEFAULT_VECTOR.to_owned(), params.as_ref().clone())],
            VectorsConfig::Named(vectors) => {
                vectors.iter().map(|(name, v)| (name.clone(), v.clone())).collect()
            }
        }
    };
    let vectors = named(&given.vectors);
    if let Some(sparse) = &given.sparse_vectors {
        if let Some(name) = sparse.keys().find(|name| name.is_empty()) {
            return Err(ApiError::bad_input(format_args!("Sparse vector name cannot be empty{name}")));
        }
        if let Some((name, _)) = vectors.iter().find(|(name, _)| sparse.contains_key(name)) {
            return Err(ApiError::bad_input(format_args!(
                "Dense and sparse vector names must be unique - duplicate found with '{name}'"
            )));
        }
    }
    for (name, params) in &vectors {
        config = config.with_vector(name, vector_in(given, params)?);
    }
    let optimizers = given.optimizers_config.clone().unwrap_or_default();
    let defaults = OptimizerConfig::default();
    let mut optimizer = defaults;
    if let Some(threshold) = optimizers.deleted_threshold {
        #[expect(clippy::cast_possible_truncation, reason = "a ratio")]
        let ratio = threshold as f32;
        optimizer.vacuum_dead_ratio = ratio.clamp(0.01, 1.0);
    }
    if let Some(kib) = optimizers.max_segment_size {
        let widest = config.vectors.values().map(|vector| u64::from(vector.dim)).max().unwrap_or(1);
        let points = kib.saturating_mul(1024) / (widest * 4).max(1);
        optimizer.segment_points_max = points.clamp(1, defaults.segment_points_max);
    }
    config = config.with_optimizer(optimizer);
    if let Some(seconds) = optimizers.flush_interval_sec {
        config = config.with_flush_interval(Duration::from_secs(seconds.clamp(1, 3600)));
    }
    Ok(config)
}

/// One vector, with what the collection says where it says nothing itself.
///
/// # Errors
/// `BadInput` for a dimension that is out of range.
pub(crate) fn vector_in(given: &CreateCollection, params: &VectorParams) -> Result<VectorConfig> {
    let dim = u32::try_from(params.size).map_err(|_| {
        ApiError::bad_input(format_args!(
            "vectors.size: value {} invalid, must be from 1 to 65536",
            params.size
        ))
    })?;
    let metric = match params.distance {
        api::Distance::Cosine => Metric::Cosine,
        api::Distance::Euclid => Metric::Euclid,
        api::Distance::Dot => Metric::Dot,
        api::Distance::Manhattan => Metric::Manhattan,
    };
    let datatype = match params.datatype.unwrap_or_default() {
        api::Datatype::Float32 => Datatype::F32,
        api::Datatype::Float16 => Datatype::F16,
        api::Datatype::Uint8 => Datatype::U8,
    };
    Ok(VectorConfig::new(dim, metric).with_datatype(datatype).with_index(index_in(given, params)))
}

/// The graph of one vector. Numbers beyond what the engine's graphs have are brought to the nearest that they have.
fn index_in(given: &CreateCollection, params: &VectorParams) -> IndexConfig {
    let collection = given.hnsw_config.clone().unwrap_or_default();
    let hnsw = params.hnsw_config.clone().unwrap_or_default().over(&collection);
    let optimizers = given.optimizers_config.clone().unwrap_or_default();
    let mut index = IndexConfig::default();
    let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    // Qdrant's defaults where a client names none: design of the wire, not of the engine.
    index.ef_construct = small(hnsw.ef_construct.unwrap_or(100)).clamp(4, 4096);
    index.m = small(hnsw.m.unwrap_or(16)).clamp(2, 128);
    // Only what a client says moves the engine's own threshold: its graphs pay off earlier than the wire's default.
    let kib = hnsw.full_scan_threshold.max(optimizers.indexing_threshold);
    if let Some(kib) = kib {
        let points = kib.saturating_mul(1024) / (params.size * 4).max(1);
        index.graph_points_min = small(points).max(1);
    }
    if hnsw.m == Some(0) || optimizers.indexing_threshold == Some(0) {
        index.graph_points_min = u32::MAX;
    }
    let quantization = params.quantization_config.as_ref().or(given.quantization_config.as_ref());
    if let Some(api::QuantizationConfig::Scalar(api::ScalarQuantization {
        quantile: Some(quantile), ..
    })) = quantization
    {
        #[expect(clippy::cast_possible_truncation, reason = "a ratio of 0.5 to 1")]
        let quantile = *quantile as f32;
        index.quantile = quantile.clamp(0.5, 1.0);
    }
    index
}

/// The configuration as clients read it.
pub(crate) fn config_out(given: &CreateCollection) -> api::CollectionConfig {
    let hnsw = given.hnsw_config.clone().unwrap_or_default();
    let optimizers = given.optimizers_config.clone().unwrap_or_default();
    let wal = given.wal_config.clone().unwrap_or_default();
    let strict = given.strict_mode_config.clone().unwrap_or_default();
    api::CollectionConfig {
        params: api::CollectionParams {
            vectors: given.vectors.clone(),
            shard_number: given.shard_number.unwrap_or(1),
            sharding_method: given.sharding_method,
            replication_factor: given.replication_factor.unwrap_or(1),
            write_consistency_factor: given.write_consistency_factor.unwrap_or(1),
            read_fan_out_factor: None,
            on_disk_payload: given.on_disk_payload.unwrap_or(true),
            sparse_vectors: given.sparse_vectors.clone(),
        },
        hnsw_config: api::HnswConfig {
            m: hnsw.m.unwrap_or(16),
            ef_construct: hnsw.ef_construct.unwrap_or(100),
            full_scan_threshold: hnsw.full_scan_threshold.unwrap_or(10_000),
            max_indexing_threads: hnsw.max_indexing_threads.unwrap_or(0),
            on_disk: hnsw.on_disk.unwrap_or(false),
            payload_m: hnsw.payload_m,
            inline_storage: hnsw.inline_storage,
        },
        optimizer_config: api::OptimizersConfig {
            deleted_threshold: optimizers.deleted_threshold.unwrap_or(0.2),
            vacuum_min_vector_number: optimizers.vacuum_min_vector_number.unwrap_or(1000),
            default_segment_number: optimizers.default_segment_number.unwrap_or(0),
            max_segment_size: optimizers.max_segment_size,
            memmap_threshold: optimizers.memmap_threshold,
            indexing_threshold: Some(optimizers.indexing_threshold.unwrap_or(10_000)),
            flush_interval_sec: optimizers.flush_interval_sec.unwrap_or(5),
            max_optimization_threads: optimizers
                .max_optimization_threads
                .filter(|value| *value != Value::Null),
            prevent_unoptimized: optimizers.prevent_unoptimized,
        },
        wal_config: Some(api::WalConfig {
            wal_capacity_mb: wal.wal_capacity_mb.unwrap_or(32),
            wal_segments_ahead: wal.wal_segments_ahead.unwrap_or(0),
            wal_retain_closed: wal.wal_retain_closed.unwrap_or(1),
        }),
        quantization_config: given.quantization_config.clone(),
        strict_mode_config: Some(api::StrictModeConfig {
            enabled: Some(strict.enabled.unwrap_or(false)),
            ..strict
        }),
        metadata: given.metadata.clone(),
    }
}

/// What was given with a change of it.
///
/// # Errors
/// `BadInput` for a vector that the collection does not have.
pub(crate) fn changed(
    mut given: CreateCollection,
    change: api::UpdateCollection,
) -> Result<CreateCollection> {
    for (name, diff) in change.vectors.unwrap_or_default() {
        let params = match &mut given.vectors {
            VectorsConfig::Unnamed(params) if name.is_empty() => params.as_mut(),
            VectorsConfig::Named(vectors) if vectors.contains_key(&name) => {
                vectors.get_mut(&name).ok_or_else(|| super::vectors::no_vector(&name))?
            }
            VectorsConfig::Unnamed(_) | VectorsConfig::Named(_) => {
                return Err(super::vectors::no_vector(&name));
            }
        };
        if let Some(hnsw) = diff.hnsw_config {
            params.hnsw_config = Some(hnsw.over(&params.hnsw_config.clone().unwrap_or_default()));
        }
        if let Some(quantization) = diff.quantization_config {
            params.quantization_config = set(quantization);
        }
        params.on_disk = diff.on_disk.or(params.on_disk);
    }
    for (name, params) in change.sparse_vectors.unwrap_or_default() {
        let known = given.sparse_vectors.as_mut().and_then(|sparse| sparse.get_mut(&name));
        *known.ok_or_else(|| super::vectors::no_vector(&name))? = params;
    }
    if let Some(optimizers) = change.optimizers_config {
        given.optimizers_config = Some(optimizers.over(&given.optimizers_config.unwrap_or_default()));
    }
    if let Some(hnsw) = change.hnsw_config {
        given.hnsw_config = Some(hnsw.over(&given.hnsw_config.unwrap_or_default()));
    }
    if let Some(quantization) = change.quantization_config {
        given.quantization_config = set(quantization);
    }
    if let Some(params) = change.params {
        given.replication_factor = params.replication_factor.or(given.replication_factor);
        given.write_consistency_factor = params.write_consistency_factor.or(given.write_consistency_factor);
        given.on_disk_payload = params.on_disk_payload.or(given.on_disk_payload);
    }
    if let Some(strict) = change.strict_mode_config {
        given.strict_mode_config = Some(merged(given.strict_mode_config, &strict)?);
    }
    if let Some(metadata) = change.metadata {
        let mut map = given.metadata.unwrap_or_default();
        for (key, value) in metadata {
            if value.is_null() {
                map.remove(&key);
            } else {
                map.insert(key, value);
            }
        }
        given.metadata = (!map.is_empty()).then_some(map);
    }
    Ok(given)
}

fn set(quantization: api::QuantizationConfigDiff) -> Option<api::QuantizationConfig> {
    match quantization {
        api::QuantizationConfigDiff::Set(config) => Some(config),
        api::QuantizationConfigDiff::Disabled(_) => None,
    }
}

/// Merged key by key; there are many.
fn merged(
    base: Option<api::StrictModeConfig>,
    change: &api::StrictModeConfig,
) -> Result<api::StrictModeConfig> {
    let json = |value: &api::StrictModeConfig| match serde_json::to_value(value) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(ApiError::new(Kind::Internal, "a configuration is an object")),
        Err(e) => Err(ApiError::new(Kind::Internal, e)),
    };
    let mut map = json(&base.unwrap_or_default())?;
    map.extend(json(change)?);
    serde_json::from_value(Value::Object(map)).map_err(|e| ApiError::new(Kind::Internal, e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn given(value: Value) -> CreateCollection {
        serde_json::from_value(value).expect("a body")
    }

    #[test]
    fn what_is_not_given_reads_as_the_defaults_of_the_wire() {
        let out = config_out(&given(json!({"vectors": {"size": 4, "distance": "Dot"}})));
        let expected = json!({
            "params": {"vectors": {"size": 4, "distance": "Dot"}, "shard_number": 1, "replication_factor": 1,
                "write_consistency_factor": 1, "on_disk_payload": true},
            "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000, "max_indexing_threads": 0, "on_disk": false},
            "optimizer_config": {"deleted_threshold": 0.2, "vacuum_min_vector_number": 1000, "default_segment_number": 0,
                "max_segment_size": null, "memmap_threshold": null, "indexing_threshold": 10000, "flush_interval_sec": 5,
                "max_optimization_threads": null},
            "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1},
            "quantization_config": null,
            "strict_mode_config": {"enabled": false},
        });
        assert_eq!(serde_json::to_value(out).expect("a value"), expected);
    }

    #[test]
    fn a_vector_overrides_the_collection() {
        let given = given(json!({
            "vectors": {"a": {"size": 100, "distance": "Cosine", "hnsw_config": {"m": 32}}, "b": {"size": 8, "distance": "Euclid", "datatype": "uint8"}},
            "hnsw_config": {"m": 0, "ef_construct": 50},
            "optimizers_config": {"indexing_threshold": 1000},
            "quantization_config": {"scalar": {"type": "int8", "quantile": 0.9}},
        }));
        let config = config_in(&given).expect("a configuration");
        let (a, b) = (&config.vectors["a"], &config.vectors["b"]);
        assert_eq!((a.index.m, a.index.ef_construct, a.index.graph_points_min), (32, 50, 2560));
        assert_eq!((b.index.graph_points_min, b.datatype), (u32::MAX, Datatype::U8));
        assert_eq!(a.index.quantile, 0.9);
    }

    #[test]
    fn a_change_is_merged_field_by_field() {
        let before = given(json!({
            "vectors": {"size": 4, "distance": "Dot"},
            "hnsw_config": {"m": 8}, "strict_mode_config": {"max_query_limit": 5, "x": 1},
            "metadata": {"a": 1, "b": 2},
        }));
        let change = serde_json::from_value(json!({
            "vectors": {"": {"hnsw_config": {"m": 24}}},
            "hnsw_config": {"ef_construct": 64}, "strict_mode_config": {"enabled": true},
            "metadata": {"a": null, "c": 3}, "quantization_config": "Disabled",
        }))
        .expect("a body");
        let after = changed(before, change).expect("a change");
        let hnsw = after.hnsw_config.clone().expect("given");
        assert_eq!((hnsw.m, hnsw.ef_construct), (Some(8), Some(64)));
        assert_eq!(after.metadata, json!({"b": 2, "c": 3}).as_object().cloned());
        let strict = after.strict_mode_config.clone().expect("given");
        assert_eq!((strict.enabled, strict.max_query_limit, strict.other.len()), (Some(true), Some(5), 1));
        assert_eq!(config_in(&after).expect("a configuration").vectors[""].index.m, 24);
        let unknown = serde_json::from_value(json!({"vectors": {"x": {}}})).expect("a body");
        assert!(changed(after, unknown).is_err());
    }
}
