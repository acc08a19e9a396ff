//! Limits of a collection's requests, in requests and in answers.

use ::qdrant_client::qdrant as wire;
use nigh_api::StrictModeConfig;
use serde_json::{Map, Value, json};

use super::quantization::single;

/// Limit of a multivector.
const MAX_VECTORS: &str = "max_vectors";
/// Limit of a sparse vector.
const MAX_LENGTH: &str = "max_length";

/// Limits as they are given; those that are not enforced are kept for their echo.
#[expect(deprecated, reason = "kept for its echo")]
pub(super) fn strict_mode(message: wire::StrictModeConfig) -> StrictModeConfig {
    let mut other = Map::new();
    let mut keep = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            other.insert(key.to_owned(), value);
        }
    };
    keep("search_max_batchsize", message.search_max_batchsize.map(Value::from));
    let bytes = message.max_collection_vector_size_bytes;
    keep("max_collection_vector_size_bytes", bytes.map(Value::from));
    let bytes = message.max_collection_payload_size_bytes;
    keep("max_collection_payload_size_bytes", bytes.map(Value::from));
    keep("max_payload_index_count", message.max_payload_index_count.map(Value::from));
    keep("max_resident_memory_percent", message.max_resident_memory_percent.map(Value::from));
    let multi = message.multivector_config.map(|config| {
        config
            .multivector_config
            .into_iter()
            .map(|(name, limit)| (name, limit_value(MAX_VECTORS, limit.max_vectors)))
    });
    keep("multivector_config", multi.map(Iterator::collect));
    let sparse = message.sparse_config.map(|config| {
        config
            .sparse_config
            .into_iter()
            .map(|(name, limit)| (name, limit_value(MAX_LENGTH, limit.max_length)))
    });
    keep("sparse_config", sparse.map(Iterator::collect));
    StrictModeConfig {
        enabled: message.enabled,
        max_query_limit: message.max_query_limit.map(u64::from),
        max_timeout: message.max_timeout.map(u64::from),
        unindexed_filtering_retrieve: message.unindexed_filtering_retrieve,
        unindexed_filtering_update: message.unindexed_filtering_update,
        search_max_hnsw_ef: message.search_max_hnsw_ef.map(u64::from),
        search_allow_exact: message.search_allow_exact,
        search_max_oversampling: message.search_max_oversampling.map(f64::from),
        upsert_max_batchsize: message.upsert_max_batchsize,
        read_rate_limit: message.read_rate_limit.map(u64::from),
        write_rate_limit: message.write_rate_limit.map(u64::from),
        filter_max_conditions: message.filter_max_conditions,
        condition_max_size: message.condition_max_size,
        max_points_count: message.max_points_count,
        other,
    }
}

/// The message of limits.
#[expect(deprecated, reason = "kept for its echo")]
pub(super) fn strict_mode_message(config: StrictModeConfig) -> wire::StrictModeConfig {
    let number = |key: &str| config.other.get(key).and_then(Value::as_u64);
    let limits = |key: &str, limit: &str| {
        let map = config.other.get(key)?.as_object()?;
        let limit_of = |value: &Value| value.get(limit).and_then(Value::as_u64);
        Some(map.iter().map(|(name, value)| (name.clone(), limit_of(value))).collect::<Vec<_>>())
    };
    // Limits that are larger than the wire's type do not restrict.
    let short = |limit: Option<u64>| limit.map(|limit| u32::try_from(limit).unwrap_or(u32::MAX));
    wire::StrictModeConfig {
        enabled: config.enabled,
        max_query_limit: short(config.max_query_limit),
        max_timeout: short(config.max_timeout),
        unindexed_filtering_retrieve: config.unindexed_filtering_retrieve,
        unindexed_filtering_update: config.unindexed_filtering_update,
        search_max_hnsw_ef: short(config.search_max_hnsw_ef),
        search_allow_exact: config.search_allow_exact,
        search_max_oversampling: config.search_max_oversampling.map(single),
        upsert_max_batchsize: config.upsert_max_batchsize,
        search_max_batchsize: number("search_max_batchsize"),
        max_collection_vector_size_bytes: number("max_collection_vector_size_bytes"),
        read_rate_limit: short(config.read_rate_limit),
        write_rate_limit: short(config.write_rate_limit),
        max_collection_payload_size_bytes: number("max_collection_payload_size_bytes"),
        filter_max_conditions: config.filter_max_conditions,
        condition_max_size: config.condition_max_size,
        multivector_config: limits("multivector_config", MAX_VECTORS).map(|limits| {
            let limit = |(name, max_vectors)| (name, wire::StrictModeMultivector { max_vectors });
            wire::StrictModeMultivectorConfig { multivector_config: limits.into_iter().map(limit).collect() }
        }),
        sparse_config: limits("sparse_config", MAX_LENGTH).map(|limits| {
            let limit = |(name, max_length)| (name, wire::StrictModeSparse { max_length });
            wire::StrictModeSparseConfig { sparse_config: limits.into_iter().map(limit).collect() }
        }),
        max_points_count: config.max_points_count,
        max_payload_index_count: number("max_payload_index_count"),
        max_resident_memory_percent: short(number("max_resident_memory_percent")),
    }
}

fn limit_value(key: &str, limit: Option<u64>) -> Value {
    limit.map_or_else(|| json!({}), |limit| json!({ key: limit }))
}
