//! A bench's figures as JSON, one object a line: one for each index, one for each way to search it.
//!
//! Every line says by itself what was measured, on what and where, so that lines of many benches may be thrown together.

use serde_json::{Map, Value, json};

use super::Scene;
use crate::bench::Run;
use crate::bench::sweep::Trial;
use crate::bench::workload::Workload;
use crate::cli::word;
use crate::units::{ms, per_second, round};

/// The lines of one index.
pub(super) fn lines(scene: &Scene<'_>, workload: &Workload, run: &Run) -> Vec<Value> {
    let context = context(scene, workload, run);
    let line = |kind: &str, figures: Value| {
        let mut line = Map::from_iter([("bench".to_owned(), kind.into())]);
        line.extend(context.clone());
        if let Value::Object(figures) = figures {
            line.extend(figures);
        }
        Value::Object(line)
    };
    let searches = run.sweep.trials.iter().map(|trial| line("search", search(run, trial)));
    std::iter::once(line("index", index(scene, workload, run))).chain(searches).collect()
}

/// What all lines of an index say.
fn context(scene: &Scene<'_>, workload: &Workload, run: &Run) -> Map<String, Value> {
    let Scene { args, machine } = scene;
    let context = json!({
        "version": env!("CARGO_PKG_VERSION"),
        "machine": {
            "processor": machine.processor,
            "features": machine.features,
            "cores": machine.core_count,
            "kernels": run.built.indexes.first().map(|index| index.kernels),
        },
        "set": {
            "name": workload.name,
            "rows": workload.base.rows(),
            "dim": workload.base.dim(),
            "queries": workload.queries.rows(),
            "metric": word(workload.metric),
            "datatype": word(workload.datatype),
            "truth": if workload.published.is_some() { "published" } else { "computed" },
        },
        "index": {
            "m": run.index.m,
            "ef_construct": run.index.ef_construct,
            "quantile": round(f64::from(run.index.quantile), 6),
            "graph_points_min": run.index.graph_points_min,
        },
        "threads": args.threads(),
        "rounds": args.rounds,
    });
    if let Value::Object(context) = context { context } else { Map::new() }
}

fn index(scene: &Scene<'_>, workload: &Workload, run: &Run) -> Value {
    let Run { built, need, .. } = run;
    let rows = workload.base.rows() as u64;
    let first = built.indexes.first();
    json!({
        "batch_points": scene.args.batch,
        "durability": word(scene.args.durability),
        "upserts_per_second": round(per_second(rows, built.write), 1),
        "write_ms": ms(built.write),
        "build_ms": ms(built.build),
        "build_cpu_ms": ms(built.build_cpu),
        "write_and_build_ms": ms(built.total),
        "write_and_build_cpu_ms": ms(built.total_cpu),
        "segment_count": built.segment_count,
        "folder_bytes": built.folder_bytes,
        "vector_bytes": workload.raw_bytes(),
        "index_bytes_per_vector": built.index_bytes_per_vector().map(|bytes| round(bytes, 1)),
        "index_lossless": first.map(|index| index.lossless),
        "index_reduced_dim": first.and_then(|index| index.reduced_dim),
        "index_repaired_points": built.indexes.iter().map(|index| u64::from(index.repaired)).sum::<u64>(),
        "open_ms": need.open_ms,
        "memory_heap_bytes": need.anon_bytes,
        "memory_files_bytes": need.file_bytes,
    })
}

fn search(run: &Run, trial: &Trial) -> Value {
    let [p50, p95, p99, longest] = trial.latencies_us.map(|spread| spread.json());
    json!({
        "k": trial.k,
        "setting": trial.setting.json(),
        "queries_asked": trial.query_count,
        "recall": round(trial.recall, 6),
        "pinned_to_processor": run.sweep.pinned_to,
        "queries_per_cpu_second": trial.per_cpu_second.json(),
        "queries_per_second": trial.per_second.json(),
        "latency_p50_us": p50,
        "latency_p95_us": p95,
        "latency_p99_us": p99,
        "latency_max_us": longest,
        "distances_per_query": round(trial.distances, 1),
        "hops_per_query": round(trial.hops, 1),
        "batch_queries_per_second": trial.batch_per_second.json(),
    })
}
