//! Collections and aliases.

use std::collections::{BTreeMap, HashMap};

use ::qdrant_client::qdrant as wire;
use nigh_api::{
    AliasDescription, AliasOperation, ChangeAliases, CollectionConfig, CollectionInfo, CollectionParams,
    CollectionParamsDiff, CollectionStatus, CreateCollection, CreateVectorName, HnswConfig, HnswConfigDiff,
    OptimizerStatus, OptimizersConfig, OptimizersConfigDiff, ShardingMethod, SparseIndexParams,
    SparseVectorParams, UpdateCollection, VectorParams, VectorParamsDiff, VectorsConfig, WalConfigDiff,
};
use serde_json::Value;
use wire::max_optimization_threads as threads;

use super::enums::{
    datatype, datatype_number, distance, distance_number, known, modifier, modifier_number, multivector,
    multivector_message,
};
use super::indexes::index_info_message;
use super::quantization::{quantization, quantization_diff, quantization_message};
use super::strict_mode::{strict_mode, strict_mode_message};
use super::values::{payload_if_any, payload_message};
use super::{ConvertError, Result, each, each_value, optional, required};

/// A new collection.
#[expect(deprecated, reason = "on_disk_payload is what REST knows")]
pub(in crate::grpc) fn create_collection(message: wire::CreateCollection) -> Result<CreateCollection> {
    let wire::CreateCollection {
        collection_name: _,
        hnsw_config,
        wal_config,
        optimizers_config,
        shard_number,
        on_disk_payload,
        timeout: _,
        vectors_config,
        replication_factor,
        write_consistency_factor,
        quantization_config,
        sharding_method,
        sparse_vectors_config,
        strict_mode_config,
        metadata,
        payload: _,
        id_tracker: _,
    } = message;
    Ok(CreateCollection {
        vectors: optional("vectors_config", vectors_config, vectors)?.unwrap_or_default(),
        sparse_vectors: optional("sparse_vectors_config", sparse_vectors_config, sparse_vectors)?,
        shard_number,
        sharding_method: sharding_method
            .map(|number| match known("sharding_method", number)? {
                wire::ShardingMethod::Auto => Ok(ShardingMethod::Auto),
                wire::ShardingMethod::Custom => Ok(ShardingMethod::Custom),
            })
            .transpose()?,
        replication_factor,
        write_consistency_factor,
        on_disk_payload,
        hnsw_config: hnsw_config.map(hnsw),
        wal_config: wal_config.map(wal),
        optimizers_config: optional("optimizers_config", optimizers_config, optimizers)?,
        quantization_config: optional("quantization_config", quantization_config, quantization)?,
        strict_mode_config: strict_mode_config.map(strict_mode),
        metadata: payload_if_any(metadata).map_err(|error| error.within("metadata"))?,
    })
}

/// What is changed of a collection.
#[expect(deprecated, reason = "on_disk_payload is what REST knows")]
pub(in crate::grpc) fn update_collection(message: wire::UpdateCollection) -> Result<UpdateCollection> {
    use wire::vectors_config_diff::Config;
    let wire::UpdateCollection {
        collection_name: _,
        optimizers_config,
        timeout: _,
        params,
        hnsw_config,
        vectors_config,
        quantization_config,
        sparse_vectors_config,
        strict_mode_config,
        metadata,
    } = message;
    Ok(UpdateCollection {
        vectors: optional("vectors_config", vectors_config, |message| {
            match message.config.ok_or_else(|| ConvertError::missing("config"))? {
                // The unnamed vector's name is empty.
                Config::Params(message) => each_value("params", [(String::new(), message)], vector_diff),
                Config::ParamsMap(message) => each_value("params_map", message.map, vector_diff),
            }
        })?,
        optimizers_config: optional("optimizers_config", optimizers_config, optimizers)?,
        params: params.map(|message| CollectionParamsDiff {
            replication_factor: message.replication_factor,
            write_consistency_factor: message.write_consistency_factor,
            read_fan_out_factor: message.read_fan_out_factor,
            on_disk_payload: message.on_disk_payload,
        }),
        hnsw_config: hnsw_config.map(hnsw),
        quantization_config: optional("quantization_config", quantization_config, quantization_diff)?,
        sparse_vectors: optional("sparse_vectors_config", sparse_vectors_config, sparse_vectors)?,
        strict_mode_config: strict_mode_config.map(strict_mode),
        metadata: payload_if_any(metadata).map_err(|error| error.within("metadata"))?,
    })
}

/// A vector name that is added to a collection.
pub(in crate::grpc) fn create_vector_name(
    config: Option<wire::create_vector_name_request::VectorConfig>,
) -> Result<CreateVectorName> {
    use wire::create_vector_name_request::VectorConfig;
    match config.ok_or_else(|| ConvertError::missing("vector_config"))? {
        VectorConfig::DenseConfig(message) => required("dense_config", Some(message), |message| {
            let wire::DenseVectorCreationConfig {
                size,
                distance: number,
                multivector_config,
                datatype: stored,
            } = message;
            Ok(CreateVectorName::Dense(VectorParams {
                size,
                distance: distance(number)?,
                hnsw_config: None,
                quantization_config: None,
                on_disk: None,
                datatype: datatype(stored)?,
                multivector_config: optional("multivector_config", multivector_config, multivector)?,
            }))
        }),
        VectorConfig::SparseConfig(message) => required("sparse_config", Some(message), |message| {
            let wire::SparseVectorCreationConfig { modifier: number, datatype: stored } = message;
            let stored = datatype(stored)?;
            Ok(CreateVectorName::Sparse(SparseVectorParams {
                index: stored.map(|stored| SparseIndexParams {
                    datatype: Some(stored),
                    ..SparseIndexParams::default()
                }),
                modifier: number.map(modifier).transpose()?,
            }))
        }),
    }
}

/// Changes of aliases.
pub(in crate::grpc) fn change_aliases(messages: Vec<wire::AliasOperations>) -> Result<ChangeAliases> {
    use wire::alias_operations::Action;
    let actions = each("actions", messages, |message| {
        Ok(match message.action.ok_or_else(|| ConvertError::missing("action"))? {
            Action::CreateAlias(wire::CreateAlias { collection_name, alias_name }) => {
                AliasOperation::CreateAlias { collection_name, alias_name }
            }
            Action::RenameAlias(wire::RenameAlias { old_alias_name, new_alias_name }) => {
                AliasOperation::RenameAlias { old_alias_name, new_alias_name }
            }
            Action::DeleteAlias(wire::DeleteAlias { alias_name }) => {
                AliasOperation::DeleteAlias { alias_name }
            }
        })
    })?;
    Ok(ChangeAliases { actions })
}

fn vectors(message: wire::VectorsConfig) -> Result<VectorsConfig> {
    use wire::vectors_config::Config;
    match message.config.ok_or_else(|| ConvertError::missing("config"))? {
        Config::Params(message) => {
            required("params", Some(message), vector).map(|params| VectorsConfig::Unnamed(Box::new(params)))
        }
        Config::ParamsMap(message) => each_value("params_map", message.map, vector).map(VectorsConfig::Named),
    }
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn vector(message: wire::VectorParams) -> Result<VectorParams> {
    let wire::VectorParams {
        size,
        distance: number,
        hnsw_config,
        quantization_config,
        on_disk,
        datatype: stored,
        multivector_config,
        memory: _,
    } = message;
    Ok(VectorParams {
        size,
        distance: distance(number)?,
        hnsw_config: hnsw_config.map(hnsw),
        quantization_config: optional("quantization_config", quantization_config, quantization)?,
        on_disk,
        datatype: datatype(stored)?,
        multivector_config: optional("multivector_config", multivector_config, multivector)?,
    })
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn vector_diff(message: wire::VectorParamsDiff) -> Result<VectorParamsDiff> {
    let wire::VectorParamsDiff { hnsw_config, quantization_config, on_disk, memory: _ } = message;
    Ok(VectorParamsDiff {
        hnsw_config: hnsw_config.map(hnsw),
        quantization_config: optional("quantization_config", quantization_config, quantization_diff)?,
        on_disk,
    })
}

fn sparse_vectors(message: wire::SparseVectorConfig) -> Result<BTreeMap<String, SparseVectorParams>> {
    each_value("map", message.map, sparse_vector)
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn sparse_vector(message: wire::SparseVectorParams) -> Result<SparseVectorParams> {
    let wire::SparseVectorParams { index, modifier: number } = message;
    Ok(SparseVectorParams {
        index: optional("index", index, |message| {
            let wire::SparseIndexConfig { full_scan_threshold, on_disk, datatype: stored, memory: _ } =
                message;
            Ok(SparseIndexParams { full_scan_threshold, on_disk, datatype: datatype(stored)? })
        })?,
        modifier: number.map(modifier).transpose()?,
    })
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn hnsw(message: wire::HnswConfigDiff) -> HnswConfigDiff {
    let wire::HnswConfigDiff {
        m,
        ef_construct,
        full_scan_threshold,
        max_indexing_threads,
        on_disk,
        payload_m,
        inline_storage,
        memory: _,
    } = message;
    HnswConfigDiff {
        m,
        ef_construct,
        full_scan_threshold,
        max_indexing_threads,
        on_disk,
        payload_m,
        inline_storage,
    }
}

fn wal(message: wire::WalConfigDiff) -> WalConfigDiff {
    let wire::WalConfigDiff { wal_capacity_mb, wal_segments_ahead, wal_retain_closed } = message;
    WalConfigDiff { wal_capacity_mb, wal_segments_ahead, wal_retain_closed }
}

fn optimizers(message: wire::OptimizersConfigDiff) -> Result<OptimizersConfigDiff> {
    let wire::OptimizersConfigDiff {
        deleted_threshold,
        vacuum_min_vector_number,
        default_segment_number,
        max_segment_size,
        memmap_threshold,
        indexing_threshold,
        flush_interval_sec,
        deprecated_max_optimization_threads,
        max_optimization_threads,
        prevent_unoptimized,
    } = message;
    let threads = optional("max_optimization_threads", max_optimization_threads, |message| {
        Ok(match message.variant.ok_or_else(|| ConvertError::missing("variant"))? {
            threads::Variant::Value(number) => Value::from(number),
            threads::Variant::Setting(number) => match known("setting", number)? {
                threads::Setting::Auto => Value::from("auto"),
            },
        })
    })?;
    Ok(OptimizersConfigDiff {
        deleted_threshold,
        vacuum_min_vector_number,
        default_segment_number,
        max_segment_size,
        memmap_threshold,
        indexing_threshold,
        flush_interval_sec,
        max_optimization_threads: threads.or_else(|| deprecated_max_optimization_threads.map(Value::from)),
        prevent_unoptimized,
    })
}

/// The message of a collection.
pub(in crate::grpc) fn collection_info_message(info: CollectionInfo) -> wire::CollectionInfo {
    let CollectionInfo {
        status,
        optimizer_status,
        indexed_vectors_count,
        points_count,
        segments_count,
        config,
        payload_schema,
    } = info;
    let status = match status {
        CollectionStatus::Green => wire::CollectionStatus::Green,
        CollectionStatus::Yellow => wire::CollectionStatus::Yellow,
        CollectionStatus::Grey => wire::CollectionStatus::Grey,
        CollectionStatus::Red => wire::CollectionStatus::Red,
    };
    let optimizer_status = match optimizer_status {
        OptimizerStatus::Ok => wire::OptimizerStatus { ok: true, error: String::new() },
        OptimizerStatus::Error(error) => wire::OptimizerStatus { ok: false, error },
    };
    wire::CollectionInfo {
        status: status.into(),
        optimizer_status: Some(optimizer_status),
        segments_count,
        config: Some(config_message(config)),
        payload_schema: payload_schema
            .into_iter()
            .map(|(path, info)| (path, index_info_message(info)))
            .collect(),
        points_count,
        indexed_vectors_count,
        ..wire::CollectionInfo::default()
    }
}

/// The messages of aliases.
pub(in crate::grpc) fn alias_messages(aliases: Vec<AliasDescription>) -> Vec<wire::AliasDescription> {
    let message = |AliasDescription { alias_name, collection_name }| wire::AliasDescription {
        alias_name,
        collection_name,
    };
    aliases.into_iter().map(message).collect()
}

fn config_message(config: CollectionConfig) -> wire::CollectionConfig {
    let CollectionConfig {
        params,
        hnsw_config,
        optimizer_config,
        wal_config,
        quantization_config,
        strict_mode_config,
        metadata,
    } = config;
    wire::CollectionConfig {
        params: Some(params_message(params)),
        hnsw_config: Some(hnsw_message(hnsw_whole(hnsw_config))),
        optimizer_config: Some(optimizers_message(optimizer_config)),
        wal_config: wal_config.map(|config| wire::WalConfigDiff {
            wal_capacity_mb: Some(config.wal_capacity_mb),
            wal_segments_ahead: Some(config.wal_segments_ahead),
            wal_retain_closed: Some(config.wal_retain_closed),
        }),
        quantization_config: quantization_config.map(quantization_message),
        strict_mode_config: strict_mode_config.map(strict_mode_message),
        metadata: metadata.map(payload_message).unwrap_or_default(),
    }
}

#[expect(deprecated, reason = "on_disk_payload is what REST knows")]
fn params_message(params: CollectionParams) -> wire::CollectionParams {
    let CollectionParams {
        vectors,
        shard_number,
        sharding_method,
        replication_factor,
        write_consistency_factor,
        read_fan_out_factor,
        on_disk_payload,
        sparse_vectors,
    } = params;
    let sharding_method = sharding_method.map(|method| match method {
        ShardingMethod::Auto => wire::ShardingMethod::Auto.into(),
        ShardingMethod::Custom => wire::ShardingMethod::Custom.into(),
    });
    wire::CollectionParams {
        shard_number,
        on_disk_payload,
        vectors_config: Some(vectors_message(vectors)),
        replication_factor: Some(replication_factor),
        write_consistency_factor: Some(write_consistency_factor),
        read_fan_out_factor,
        sharding_method,
        sparse_vectors_config: sparse_vectors.map(|vectors| wire::SparseVectorConfig {
            map: vectors.into_iter().map(|(name, params)| (name, sparse_vector_message(params))).collect(),
        }),
        ..wire::CollectionParams::default()
    }
}

fn vectors_message(config: VectorsConfig) -> wire::VectorsConfig {
    use wire::vectors_config::Config;
    let config = match config {
        VectorsConfig::Unnamed(params) => Config::Params(vector_message(*params)),
        VectorsConfig::Named(vectors) => {
            let map: HashMap<_, _> =
                vectors.into_iter().map(|(name, params)| (name, vector_message(params))).collect();
            Config::ParamsMap(wire::VectorParamsMap { map })
        }
    };
    wire::VectorsConfig { config: Some(config) }
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn vector_message(params: VectorParams) -> wire::VectorParams {
    let VectorParams {
        size,
        distance,
        hnsw_config,
        quantization_config,
        on_disk,
        datatype,
        multivector_config,
    } = params;
    wire::VectorParams {
        size,
        distance: distance_number(distance),
        hnsw_config: hnsw_config.map(hnsw_message),
        quantization_config: quantization_config.map(quantization_message),
        on_disk,
        datatype: datatype.map(datatype_number),
        multivector_config: multivector_config.map(multivector_message),
        memory: None,
    }
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn sparse_vector_message(params: SparseVectorParams) -> wire::SparseVectorParams {
    let SparseVectorParams { index, modifier } = params;
    wire::SparseVectorParams {
        index: index.map(|index| wire::SparseIndexConfig {
            full_scan_threshold: index.full_scan_threshold,
            on_disk: index.on_disk,
            datatype: index.datatype.map(datatype_number),
            memory: None,
        }),
        modifier: modifier.map(modifier_number),
    }
}

/// All parameters of a graph, as parameters that may be absent.
fn hnsw_whole(config: HnswConfig) -> HnswConfigDiff {
    let HnswConfig {
        m,
        ef_construct,
        full_scan_threshold,
        max_indexing_threads,
        on_disk,
        payload_m,
        inline_storage,
    } = config;
    HnswConfigDiff {
        m: Some(m),
        ef_construct: Some(ef_construct),
        full_scan_threshold: Some(full_scan_threshold),
        max_indexing_threads: Some(max_indexing_threads),
        on_disk: Some(on_disk),
        payload_m,
        inline_storage,
    }
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn hnsw_message(config: HnswConfigDiff) -> wire::HnswConfigDiff {
    let HnswConfigDiff {
        m,
        ef_construct,
        full_scan_threshold,
        max_indexing_threads,
        on_disk,
        payload_m,
        inline_storage,
    } = config;
    wire::HnswConfigDiff {
        m,
        ef_construct,
        full_scan_threshold,
        max_indexing_threads,
        on_disk,
        payload_m,
        inline_storage,
        memory: None,
    }
}

fn optimizers_message(config: OptimizersConfig) -> wire::OptimizersConfigDiff {
    let OptimizersConfig {
        deleted_threshold,
        vacuum_min_vector_number,
        default_segment_number,
        max_segment_size,
        memmap_threshold,
        indexing_threshold,
        flush_interval_sec,
        max_optimization_threads,
        prevent_unoptimized,
    } = config;
    // A number, or "auto": nothing else was accepted.
    let variant = max_optimization_threads.map(|threads| match threads.as_u64() {
        Some(number) => threads::Variant::Value(number),
        None => threads::Variant::Setting(threads::Setting::Auto.into()),
    });
    let number = variant.and_then(|variant| match variant {
        threads::Variant::Value(number) => Some(number),
        threads::Variant::Setting(_) => None,
    });
    wire::OptimizersConfigDiff {
        deleted_threshold: Some(deleted_threshold),
        vacuum_min_vector_number: Some(vacuum_min_vector_number),
        default_segment_number: Some(default_segment_number),
        max_segment_size,
        memmap_threshold,
        indexing_threshold,
        flush_interval_sec: Some(flush_interval_sec),
        // Older clients read this one.
        deprecated_max_optimization_threads: number,
        max_optimization_threads: variant
            .map(|variant| wire::MaxOptimizationThreads { variant: Some(variant) }),
        prevent_unoptimized,
    }
}

#[cfg(test)]
mod tests;
