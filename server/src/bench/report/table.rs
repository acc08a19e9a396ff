//! A bench's figures as tables for people.

use std::io::{self, Write};
use std::time::Duration;

use super::Scene;
use crate::bench::Run;
use crate::bench::spread::Spread;
use crate::bench::sweep::Trial;
use crate::bench::workload::Workload;
use crate::cli::word;
use crate::out::Out;
use crate::units::{bytes, count, per_second, rate, time};

/// What is measured, and where.
pub(super) fn head(scene: &Scene<'_>, workload: &Workload, out: &mut Out) -> io::Result<()> {
    writeln!(out, "nigh {} bench: {}", env!("CARGO_PKG_VERSION"), workload.name)?;
    for line in about(scene, workload) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// The set, and the machine; a line each.
pub(super) fn about(scene: &Scene<'_>, workload: &Workload) -> [String; 2] {
    let Scene { args, machine } = scene;
    let (base, queries) = (&workload.base, &workload.queries);
    let truth = if workload.published.is_some() { "published" } else { "computed" };
    [
        format!(
            "{} x {} {}, {}; {} queries, {truth} truth, ties counted",
            count(base.rows() as u64),
            base.dim(),
            word(workload.datatype),
            word(workload.metric),
            count(queries.rows() as u64),
        ),
        format!(
            "{}, {} cores; batches on {} threads; median of {} round{}",
            machine.processor,
            machine.core_count,
            args.threads(),
            args.rounds,
            if args.rounds == 1 { "" } else { "s" }
        ),
    ]
}

/// One index: what it took, then a table for each k.
pub(super) fn run(scene: &Scene<'_>, workload: &Workload, run: &Run, out: &mut Out) -> io::Result<()> {
    let index = &run.index;
    writeln!(out, "\nm {}, ef_construct {}, quantile {}", index.m, index.ef_construct, index.quantile)?;
    for [name, value, remark] in prices(scene, workload, run) {
        writeln!(out, "{}", format!("  {name:<16} {value:>12}   {remark}").trim_end())?;
    }
    for k in scene.args.ks() {
        writeln!(out)?;
        let rows: Vec<_> = run.sweep.trials.iter().filter(|trial| trial.k == k).map(cells).collect();
        grid(&columns(k), &rows, out)?;
    }
    Ok(())
}

/// What building and keeping an index took: name, figure, remark.
pub(super) fn prices(scene: &Scene<'_>, workload: &Workload, run: &Run) -> Vec<[String; 3]> {
    let Run { built, need, .. } = run;
    let args = scene.args;
    let row = |name: &str, value: String, remark: String| [name.to_owned(), value, remark];
    let upserts = rate(per_second(workload.base.rows() as u64, built.write));
    let ratio = built.folder_bytes as f64 / workload.raw_bytes().max(1) as f64;
    let segments = if built.segment_count == 1 {
        "1 segment".to_owned()
    } else {
        format!("{} segments", built.segment_count)
    };
    let memory = |bytes_of: Option<u64>| bytes_of.map_or_else(|| "unknown".to_owned(), bytes);
    vec![
        row(
            "upserts/s",
            upserts,
            format!("in batches of {}, durability {}", args.batch, word(args.durability)),
        ),
        row(
            "build",
            time(built.build),
            format!(
                "{} on processors; {} ({}) with the writes before",
                time(built.build_cpu),
                time(built.total),
                time(built.total_cpu)
            ),
        ),
        row("folder", bytes(built.folder_bytes), format!("{ratio:.2} x the vectors alone, {segments}")),
        graph(run),
        row(
            "open",
            format!("{:.2} ms", need.open_ms),
            "in a fresh process, files in the page cache".to_owned(),
        ),
        row("memory, heap", memory(need.anon_bytes), "RssAnon: opening and searching added this".to_owned()),
        row(
            "memory, files",
            memory(need.file_bytes),
            "RssFile: mapped parts that the searches touched".to_owned(),
        ),
    ]
}

fn graph(run: &Run) -> [String; 3] {
    let built = &run.built;
    let name = "index".to_owned();
    let (Some(per_vector), Some(first)) = (built.index_bytes_per_vector(), built.indexes.first()) else {
        return [
            name,
            "none".to_owned(),
            "no graph for so few points or this metric: all is scanned".to_owned(),
        ];
    };
    let codes = match (first.lossless, first.reduced_dim) {
        (_, Some(dim)) => format!("walked on {dim} coordinates"),
        (true, None) => "codes are exact".to_owned(),
        (false, None) => "walked on all coordinates".to_owned(),
    };
    let repaired: u64 = built.indexes.iter().map(|index| u64::from(index.repaired)).sum();
    let remark =
        format!("a vector, codes and links; {codes}; {} repaired; {}", count(repaired), first.kernels);
    [name, format!("{per_vector:.0} B"), remark]
}

/// Titles of the table for one k.
pub(super) fn columns(k: usize) -> Vec<String> {
    let titles = [
        "search",
        &format!("recall@{k}"),
        "queries/s/core",
        "min–max",
        "on the clock",
        "p50",
        "p95",
        "p99",
        "longest",
        "distances",
        "hops",
        "in batches",
    ];
    titles.map(str::to_owned).to_vec()
}

/// One way to search as a row of the table.
pub(super) fn cells(trial: &Trial) -> Vec<String> {
    let range = |spread: &Spread| format!("{}–{}", rate(spread.min), rate(spread.max));
    let [p50, p95, p99, longest] =
        trial.latencies_us.map(|spread| time(Duration::from_secs_f64(spread.median / 1e6)));
    vec![
        trial.setting.to_string(),
        format!("{:.4}", trial.recall),
        rate(trial.per_cpu_second.median),
        range(&trial.per_cpu_second),
        rate(trial.per_second.median),
        p50,
        p95,
        p99,
        longest,
        count(trial.distances.round() as u64),
        count(trial.hops.round() as u64),
        rate(trial.batch_per_second.median),
    ]
}

/// Columns as wide as they need to be; the first to the left, the others to the right.
fn grid(titles: &[String], rows: &[Vec<String>], out: &mut Out) -> io::Result<()> {
    let width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).chain(titles.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..titles.len()).map(width).collect();
    for row in std::iter::once(titles).chain(rows.iter().map(Vec::as_slice)) {
        let mut line = String::new();
        for (column, (cell, width)) in row.iter().zip(&widths).enumerate() {
            line += &if column == 0 { format!("  {cell:<width$}") } else { format!("  {cell:>width$}") };
        }
        writeln!(out, "{}", line.trim_end())?;
    }
    Ok(())
}
