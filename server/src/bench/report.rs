//! A bench's figures as a table for people or one line of JSON.

use std::io::Write;

use serde_json::{Value, json};

use super::BenchArgs;
use super::steps::Figures;
use super::workload::Workload;
use crate::cli::word;
use crate::out::Out;
use crate::units::{bytes, count, ms, rate, round, time};

/// Prints the table.
pub(super) fn table(
    args: &BenchArgs,
    workload: &Workload,
    figures: &Figures,
    out: &mut Out,
) -> std::io::Result<()> {
    let (base, queries) = (&workload.base, &workload.queries);
    writeln!(out, "nigh {} bench: {}", env!("CARGO_PKG_VERSION"), workload.name)?;
    let shape = format!("{} x {} {}", count(base.rows() as u64), base.dim(), word(args.datatype));
    writeln!(out, "{shape}, {} queries, {}\n", count(queries.rows() as u64), word(args.metric))?;
    let mut line = |name: &str, value: String, remark: String| {
        let text = format!("  {name:<16} {value:>12}   {remark}");
        writeln!(out, "{}", text.trim_end())
    };
    let batches = format!("in batches of {}, durability {}", args.batch, word(args.durability));
    line("upserts/s", rate(figures.upserts_per_second), batches)?;
    line("checkpoint", time(figures.checkpoint), String::new())?;
    line("sealed segments", count(figures.segment_count as u64), String::new())?;
    let raw = raw_bytes(args, workload);
    let ratio = figures.folder_bytes as f64 / raw.max(1) as f64;
    line("folder", bytes(figures.folder_bytes), format!("{ratio:.2} x the vectors alone"))?;
    let truth = if args.truth_file.is_some() { "the given truth" } else { "independent ground truth" };
    line(
        &format!("recall@{}", args.k),
        format!("{:.4}", figures.recall),
        format!("exact search against {truth}"),
    )?;
    line("queries/s", rate(figures.queries_per_second), format!("on {} threads", args.threads()))?;
    for percent in [50, 95, 99] {
        let remark = if percent == 50 { "one query after the other" } else { "" };
        line(&format!("latency p{percent}"), time(figures.latencies.percentile(percent)), remark.to_owned())?;
    }
    line("open", time(figures.open), "files in the page cache".to_owned())?;
    line("to first get", time(figures.first_get), "open included".to_owned())?;
    line("to first search", time(figures.first_search), "open included".to_owned())?;
    let memory = |bytes_of: Option<u64>| bytes_of.map_or_else(|| "unknown".to_owned(), bytes);
    line(
        "memory, heap",
        memory(figures.memory.anon_bytes),
        "RssAnon, the vector set of the bench included".to_owned(),
    )?;
    line("memory, peak", memory(figures.memory.peak_bytes), "VmHWM, mapped files included".to_owned())?;
    if let Some(dir) = &args.dir {
        writeln!(out, "\nthe database stays in {}", dir.display())?;
    }
    Ok(())
}

/// The same as JSON.
pub(super) fn json(args: &BenchArgs, workload: &Workload, figures: &Figures) -> Value {
    json!({
        "bench": workload.name,
        "version": env!("CARGO_PKG_VERSION"),
        "rows": workload.base.rows(),
        "dim": workload.base.dim(),
        "queries": workload.queries.rows(),
        "datatype": word(args.datatype),
        "metric": word(args.metric),
        "k": args.k,
        "threads": args.threads(),
        "batch": args.batch,
        "durability": word(args.durability),
        "upserts_per_second": round(figures.upserts_per_second, 1),
        "checkpoint_ms": ms(figures.checkpoint),
        "segment_count": figures.segment_count,
        "folder_bytes": figures.folder_bytes,
        "recall": figures.recall,
        "queries_per_second": round(figures.queries_per_second, 1),
        "latency_p50_ms": ms(figures.latencies.percentile(50)),
        "latency_p95_ms": ms(figures.latencies.percentile(95)),
        "latency_p99_ms": ms(figures.latencies.percentile(99)),
        "open_ms": ms(figures.open),
        "first_get_ms": ms(figures.first_get),
        "first_search_ms": ms(figures.first_search),
        "memory_anon_bytes": figures.memory.anon_bytes,
        "memory_peak_bytes": figures.memory.peak_bytes,
    })
}

fn raw_bytes(args: &BenchArgs, workload: &Workload) -> u64 {
    let value_bytes = u64::from(args.datatype.datatype().value_bytes());
    workload.base.rows() as u64 * workload.base.dim() as u64 * value_bytes
}
