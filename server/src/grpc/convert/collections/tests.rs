//! Collections come to the same by both wires, and their answers have all that REST's have.

use super::super::values::value_message;
use super::*;
use serde::de::DeserializeOwned;
use serde_json::json;

fn rest<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("a body")
}

fn metadata() -> HashMap<String, wire::Value> {
    HashMap::from([("owner".to_owned(), value_message(json!({"id": 5, "gone": null})))])
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn some_hnsw() -> (wire::HnswConfigDiff, Value) {
    let message = wire::HnswConfigDiff {
        m: Some(8),
        ef_construct: Some(50),
        full_scan_threshold: Some(1000),
        max_indexing_threads: Some(2),
        on_disk: Some(true),
        payload_m: Some(4),
        inline_storage: Some(false),
        memory: Some(1),
    };
    let rest = json!({"m": 8, "ef_construct": 50, "full_scan_threshold": 1000, "max_indexing_threads": 2,
        "on_disk": true, "payload_m": 4, "inline_storage": false});
    (message, rest)
}

fn some_optimizers(variant: Option<threads::Variant>) -> wire::OptimizersConfigDiff {
    wire::OptimizersConfigDiff {
        deleted_threshold: Some(0.25),
        vacuum_min_vector_number: Some(200),
        default_segment_number: Some(2),
        max_segment_size: Some(5000),
        memmap_threshold: Some(6000),
        indexing_threshold: Some(0),
        flush_interval_sec: Some(7),
        deprecated_max_optimization_threads: Some(3),
        max_optimization_threads: variant
            .map(|variant| wire::MaxOptimizationThreads { variant: Some(variant) }),
        prevent_unoptimized: Some(true),
    }
}

fn some_optimizers_rest(threads: Value) -> Value {
    json!({"deleted_threshold": 0.25, "vacuum_min_vector_number": 200, "default_segment_number": 2,
        "max_segment_size": 5000, "memmap_threshold": 6000, "indexing_threshold": 0, "flush_interval_sec": 7,
        "max_optimization_threads": threads, "prevent_unoptimized": true})
}

#[expect(deprecated, reason = "kept for its echo")]
fn some_strict_mode() -> (wire::StrictModeConfig, Value) {
    let multivector = wire::StrictModeMultivector { max_vectors: Some(9) };
    let sparse = wire::StrictModeSparse { max_length: Some(8) };
    let message = wire::StrictModeConfig {
        enabled: Some(true),
        max_query_limit: Some(1),
        max_timeout: Some(2),
        unindexed_filtering_retrieve: Some(false),
        unindexed_filtering_update: Some(true),
        search_max_hnsw_ef: Some(3),
        search_allow_exact: Some(false),
        search_max_oversampling: Some(1.5),
        upsert_max_batchsize: Some(4),
        search_max_batchsize: Some(5),
        max_collection_vector_size_bytes: Some(6),
        read_rate_limit: Some(7),
        write_rate_limit: Some(8),
        max_collection_payload_size_bytes: Some(9),
        filter_max_conditions: Some(10),
        condition_max_size: Some(11),
        multivector_config: Some(wire::StrictModeMultivectorConfig {
            multivector_config: HashMap::from([("v".to_owned(), multivector)]),
        }),
        sparse_config: Some(wire::StrictModeSparseConfig {
            sparse_config: HashMap::from([("s".to_owned(), sparse)]),
        }),
        max_points_count: Some(12),
        max_payload_index_count: Some(13),
        max_resident_memory_percent: Some(90),
    };
    let rest = json!({"enabled": true, "max_query_limit": 1, "max_timeout": 2,
        "unindexed_filtering_retrieve": false, "unindexed_filtering_update": true, "search_max_hnsw_ef": 3,
        "search_allow_exact": false, "search_max_oversampling": 1.5, "upsert_max_batchsize": 4,
        "search_max_batchsize": 5, "max_collection_vector_size_bytes": 6, "read_rate_limit": 7,
        "write_rate_limit": 8, "max_collection_payload_size_bytes": 9, "filter_max_conditions": 10,
        "condition_max_size": 11, "multivector_config": {"v": {"max_vectors": 9}},
        "sparse_config": {"s": {"max_length": 8}}, "max_points_count": 12, "max_payload_index_count": 13,
        "max_resident_memory_percent": 90});
    (message, rest)
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn some_vector() -> (wire::VectorParams, Value) {
    let (hnsw_config, hnsw_rest) = some_hnsw();
    let scalar = wire::ScalarQuantization { r#type: 1, ..Default::default() };
    let quantization = Some(wire::quantization_config::Quantization::Scalar(scalar));
    let message = wire::VectorParams {
        size: 4,
        distance: 3,
        hnsw_config: Some(hnsw_config),
        quantization_config: Some(wire::QuantizationConfig { quantization }),
        on_disk: Some(true),
        datatype: Some(3),
        multivector_config: Some(wire::MultiVectorConfig { comparator: 0 }),
        memory: None,
    };
    let rest = json!({"size": 4, "distance": "Dot", "hnsw_config": hnsw_rest,
        "quantization_config": {"scalar": {"type": "int8"}}, "on_disk": true, "datatype": "float16",
        "multivector_config": {"comparator": "max_sim"}});
    (message, rest)
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn some_sparse() -> (wire::SparseVectorConfig, Value) {
    let index = wire::SparseIndexConfig {
        full_scan_threshold: Some(100),
        on_disk: Some(false),
        datatype: Some(2),
        memory: None,
    };
    let params = wire::SparseVectorParams { index: Some(index), modifier: Some(1) };
    let message = wire::SparseVectorConfig { map: HashMap::from([("s".to_owned(), params)]) };
    let rest = json!({"s": {"modifier": "idf",
        "index": {"full_scan_threshold": 100, "on_disk": false, "datatype": "uint8"}}});
    (message, rest)
}

#[test]
#[expect(deprecated, reason = "on_disk_payload is what REST knows")]
fn new_collections() {
    use wire::vectors_config::Config;
    let (vector, vector_rest) = some_vector();
    let (sparse, sparse_rest) = some_sparse();
    let (hnsw_config, hnsw_rest) = some_hnsw();
    let (strict, strict_rest) = some_strict_mode();
    let product = wire::ProductQuantization { compression: 2, ..Default::default() };
    let named = wire::VectorParamsMap { map: HashMap::from([("v".to_owned(), vector)]) };
    for (config, vectors_rest) in [
        (Some(Config::Params(vector)), vector_rest.clone()),
        (Some(Config::ParamsMap(named)), json!({"v": vector_rest})),
        (None, json!({})),
    ] {
        let message = wire::CreateCollection {
            collection_name: "c".to_owned(),
            hnsw_config: Some(hnsw_config),
            wal_config: Some(wire::WalConfigDiff {
                wal_capacity_mb: Some(1),
                wal_segments_ahead: Some(2),
                wal_retain_closed: Some(3),
            }),
            optimizers_config: Some(some_optimizers(Some(threads::Variant::Setting(0)))),
            shard_number: Some(1),
            on_disk_payload: Some(false),
            timeout: Some(9),
            vectors_config: config.map(|config| wire::VectorsConfig { config: Some(config) }),
            replication_factor: Some(2),
            write_consistency_factor: Some(3),
            quantization_config: Some(wire::QuantizationConfig {
                quantization: Some(wire::quantization_config::Quantization::Product(product)),
            }),
            sharding_method: Some(0),
            sparse_vectors_config: Some(sparse.clone()),
            strict_mode_config: Some(strict.clone()),
            metadata: metadata(),
            payload: None,
            id_tracker: None,
        };
        let body = json!({"vectors": vectors_rest, "sparse_vectors": sparse_rest, "shard_number": 1,
            "sharding_method": "auto", "replication_factor": 2, "write_consistency_factor": 3,
            "on_disk_payload": false, "hnsw_config": hnsw_rest,
            "wal_config": {"wal_capacity_mb": 1, "wal_segments_ahead": 2, "wal_retain_closed": 3},
            "optimizers_config": some_optimizers_rest(json!("auto")),
            "quantization_config": {"product": {"compression": "x16"}}, "strict_mode_config": strict_rest,
            "metadata": {"owner": {"id": 5, "gone": null}}});
        assert_eq!(create_collection(message), Ok(rest(body)));
    }
    assert_eq!(create_collection(wire::CreateCollection::default()), Ok(rest(json!({}))));
}

#[test]
#[expect(deprecated, reason = "on_disk_payload is what REST knows")]
fn changes_of_collections() {
    use wire::vectors_config_diff::Config;
    let (hnsw_config, hnsw_rest) = some_hnsw();
    let (sparse, sparse_rest) = some_sparse();
    let disabled = wire::quantization_config_diff::Quantization::Disabled(wire::Disabled {});
    let disabled = || Some(wire::QuantizationConfigDiff { quantization: Some(disabled) });
    let vector = wire::VectorParamsDiff {
        hnsw_config: Some(hnsw_config),
        quantization_config: disabled(),
        on_disk: Some(true),
        memory: None,
    };
    let vector_rest = json!({"hnsw_config": hnsw_rest, "quantization_config": "Disabled", "on_disk": true});
    let named = wire::VectorParamsDiffMap { map: HashMap::from([("v".to_owned(), vector)]) };
    for (config, name) in [(Config::Params(vector), ""), (Config::ParamsMap(named), "v")] {
        let message = wire::UpdateCollection {
            optimizers_config: Some(some_optimizers(Some(threads::Variant::Value(5)))),
            params: Some(wire::CollectionParamsDiff {
                replication_factor: Some(1),
                write_consistency_factor: Some(2),
                on_disk_payload: Some(true),
                read_fan_out_factor: Some(3),
                ..Default::default()
            }),
            hnsw_config: Some(hnsw_config),
            vectors_config: Some(wire::VectorsConfigDiff { config: Some(config) }),
            quantization_config: disabled(),
            sparse_vectors_config: Some(sparse.clone()),
            metadata: metadata(),
            ..Default::default()
        };
        let body = json!({"vectors": {name: vector_rest}, "optimizers_config": some_optimizers_rest(json!(5)),
            "params": {"replication_factor": 1, "write_consistency_factor": 2, "on_disk_payload": true,
                "read_fan_out_factor": 3},
            "hnsw_config": hnsw_rest, "quantization_config": "Disabled", "sparse_vectors": sparse_rest,
            "metadata": {"owner": {"id": 5, "gone": null}}});
        assert_eq!(update_collection(message), Ok(rest(body)));
    }
    assert_eq!(update_collection(wire::UpdateCollection::default()), Ok(rest(json!({}))));
}

#[test]
fn threads_of_older_clients() {
    let expected: OptimizersConfigDiff = rest(some_optimizers_rest(json!(3)));
    assert_eq!(optimizers(some_optimizers(None)), Ok(expected));
}

#[test]
fn vector_names() {
    use wire::create_vector_name_request::VectorConfig;
    let dense = wire::DenseVectorCreationConfig {
        size: 4,
        distance: 1,
        multivector_config: Some(wire::MultiVectorConfig { comparator: 0 }),
        datatype: Some(2),
    };
    let body = json!({"dense": {"size": 4, "distance": "Cosine", "datatype": "uint8",
        "multivector_config": {"comparator": "max_sim"}}});
    assert_eq!(create_vector_name(Some(VectorConfig::DenseConfig(dense))), Ok(rest(body)));
    let sparse = wire::SparseVectorCreationConfig { modifier: Some(1), datatype: Some(3) };
    let body = json!({"sparse": {"modifier": "idf", "index": {"datatype": "float16"}}});
    assert_eq!(create_vector_name(Some(VectorConfig::SparseConfig(sparse))), Ok(rest(body)));
    assert_eq!(create_vector_name(None), Err(ConvertError::missing("vector_config")));
}

#[test]
fn aliases() {
    use wire::alias_operations::Action;
    let (collection_name, alias_name) = ("c".to_owned(), "a".to_owned());
    let actions = [
        Action::CreateAlias(wire::CreateAlias { collection_name, alias_name: alias_name.clone() }),
        Action::RenameAlias(wire::RenameAlias { old_alias_name: "a".into(), new_alias_name: "b".into() }),
        Action::DeleteAlias(wire::DeleteAlias { alias_name }),
    ];
    let messages =
        actions.map(|action| wire::AliasOperations { action: Some(action) }).into_iter().collect::<Vec<_>>();
    let body = json!({"actions": [{"create_alias": {"collection_name": "c", "alias_name": "a"}},
        {"rename_alias": {"old_alias_name": "a", "new_alias_name": "b"}}, {"delete_alias": {"alias_name": "a"}}]});
    assert_eq!(change_aliases(messages), Ok(rest(body)));
    let error = change_aliases(vec![wire::AliasOperations { action: None }]).expect_err("no action");
    assert_eq!(error.to_string(), "actions[0].action: required, but not given");
}

#[test]
fn what_is_missing_or_unknown_is_named() {
    use wire::vectors_config::Config;
    let create = |config| wire::CreateCollection {
        vectors_config: Some(wire::VectorsConfig { config }),
        ..Default::default()
    };
    let vector =
        |distance, datatype| wire::VectorParams { size: 4, distance, datatype, ..Default::default() };
    let named = |vector| wire::VectorParamsMap { map: HashMap::from([("v".to_owned(), vector)]) };
    for (message, expected) in [
        (create(None), "vectors_config.config: required, but not given"),
        (
            create(Some(Config::Params(vector(0, None)))),
            "vectors_config.params.distance: required, but not given",
        ),
        (
            create(Some(Config::ParamsMap(named(vector(7, None))))),
            "vectors_config.params_map.v.distance: unknown value 7 of an enumeration",
        ),
        (
            create(Some(Config::Params(vector(1, Some(6))))),
            "vectors_config.params.datatype: Turbo16 is not supported",
        ),
        (
            wire::CreateCollection { sharding_method: Some(2), ..Default::default() },
            "sharding_method: unknown value 2 of an enumeration",
        ),
    ] {
        assert_eq!(create_collection(message).expect_err(expected).to_string(), expected);
    }
}

#[test]
#[expect(deprecated, reason = "on_disk is what REST knows")]
fn answers_have_all_that_rest_has() {
    let (strict, strict_rest) = some_strict_mode();
    let (vector, vector_rest) = some_vector();
    let (sparse, sparse_rest) = some_sparse();
    let info: CollectionInfo = rest(json!({
        "status": "yellow", "optimizer_status": {"error": "no room"}, "indexed_vectors_count": 5,
        "points_count": 7, "segments_count": 2,
        "config": {
            "params": {"vectors": {"v": vector_rest}, "shard_number": 1, "replication_factor": 1,
                "write_consistency_factor": 2, "on_disk_payload": true, "sparse_vectors": sparse_rest},
            "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10000,
                "max_indexing_threads": 0, "on_disk": false},
            "optimizer_config": {"deleted_threshold": 0.25, "vacuum_min_vector_number": 1000,
                "default_segment_number": 0, "max_segment_size": null, "memmap_threshold": null,
                "indexing_threshold": 10000, "flush_interval_sec": 5, "max_optimization_threads": 4},
            "wal_config": {"wal_capacity_mb": 32, "wal_segments_ahead": 0, "wal_retain_closed": 1},
            "quantization_config": {"binary": {}}, "strict_mode_config": strict_rest,
            "metadata": {"owner": {"id": 5, "gone": null}},
        },
        "payload_schema": {"k": {"data_type": "keyword", "points": 3}},
    }));
    let message = collection_info_message(info);
    assert_eq!((message.status, message.segments_count), (2, 2));
    assert_eq!((message.points_count, message.indexed_vectors_count), (Some(7), Some(5)));
    let status = message.optimizer_status.expect("a status");
    assert_eq!((status.ok, status.error.as_str()), (false, "no room"));
    assert_eq!(message.payload_schema["k"].data_type, 1);

    let config = message.config.expect("a configuration");
    assert_eq!(config.metadata, metadata());
    assert_eq!(config.strict_mode_config, Some(strict));
    assert!(config.quantization_config.is_some());
    assert_eq!(config.wal_config.and_then(|wal| wal.wal_capacity_mb), Some(32));
    let graph = config.hnsw_config.expect("parameters of graphs");
    assert_eq!((graph.m, graph.on_disk, graph.payload_m), (Some(16), Some(false), None));
    let optimizers = config.optimizer_config.expect("parameters of the optimizer");
    assert_eq!(optimizers.deprecated_max_optimization_threads, Some(4));
    assert_eq!((optimizers.indexing_threshold, optimizers.max_segment_size), (Some(10_000), None));

    let params = config.params.expect("parameters");
    assert_eq!((params.shard_number, params.on_disk_payload), (1, true));
    assert_eq!(params.write_consistency_factor, Some(2));
    // `memory` is not kept.
    let hnsw_config = vector.hnsw_config.map(|hnsw| wire::HnswConfigDiff { memory: None, ..hnsw });
    let vector = wire::VectorParams { hnsw_config, ..vector };
    let map = HashMap::from([("v".to_owned(), vector)]);
    let expected = wire::vectors_config::Config::ParamsMap(wire::VectorParamsMap { map });
    assert_eq!(params.vectors_config.and_then(|vectors| vectors.config), Some(expected));
    assert_eq!(params.sparse_vectors_config, Some(sparse));
}
