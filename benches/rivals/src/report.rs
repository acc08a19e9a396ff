//! What is printed: tables for people, and one JSON line for each thing as soon as it is known.

use std::io::Write;

use serde_json::{Value, json};

use crate::cli::{Kind, MeasureArgs};
use crate::contestants::acceleration;
use crate::frontier::{median, speed_at};
use crate::measure::{Built, Point};
use crate::set::Set;

/// Recalls at which libraries are compared.
const TARGETS: [f64; 3] = [0.95, 0.99, 0.999];

/// Where tables and JSON lines go.
pub(crate) struct Report<T, J> {
    tables: T,
    json: J,
}

impl<T: Write, J: Write> Report<T, J> {
    pub(crate) fn new(tables: T, json: J) -> Self {
        Self { tables, json }
    }

    /// What is measured, and on what.
    pub(crate) fn set(&mut self, set: &Set, args: &MeasureArgs) -> anyhow::Result<()> {
        let (machine, metric) = (machine(), format!("{:?}", set.metric).to_lowercase());
        let (rows, dim, queries) = (set.rows(), set.dim, set.query_count());
        writeln!(self.tables, "{}: {rows} x {dim}, {metric}, {queries} queries, recall@{}", set.name, set.k)?;
        writeln!(
            self.tables,
            "{machine}; usearch's kernels: {}; one thread; {} rounds\n",
            acceleration(),
            args.rounds
        )?;
        self.line(&json!({
            "kind": "set", "name": set.name, "rows": rows, "dim": dim, "metric": metric, "queries": queries, "k": set.k,
            "rounds": args.rounds, "machine": machine, "usearch_kernels": acceleration(),
        }))
    }

    /// One library has indexed the set.
    pub(crate) fn build(&mut self, built: &Built) -> anyhow::Result<()> {
        self.line(&json!({
            "kind": "build", "library": built.kind.name(), "m": built.graph.m, "ef_construction": built.graph.ef_construct,
            "cpu_s": built.cpu.as_secs_f64(), "wall_s": built.wall.as_secs_f64(),
        }))
    }

    /// All have.
    pub(crate) fn builds(&mut self, builds: &[Built]) -> anyhow::Result<()> {
        let rows = builds.iter().map(|built| {
            let (cpu, wall) = (built.cpu.as_secs_f64(), built.wall.as_secs_f64());
            let graph = format!("M={} efC={}", built.graph.m, built.graph.ef_construct);
            vec![built.kind.name().to_owned(), graph, format!("{cpu:.1}"), format!("{wall:.1}")]
        });
        self.table(&["build", "graph", "CPU s", "wall s"], rows)
    }

    /// One library was asked everything at one setting.
    pub(crate) fn point(&mut self, point: &Point) -> anyhow::Result<()> {
        self.line(&json!({
            "kind": "point", "library": point.kind.name(), "round": point.round, "ef": point.ef, "recall": point.recall,
            "qps_cpu": point.qps_cpu, "qps_wall": point.qps_wall,
        }))
    }

    /// All were, in all rounds.
    pub(crate) fn points(&mut self, points: &[Point]) -> anyhow::Result<()> {
        let first = points.iter().filter(|point| point.round == 0);
        let rows = first.map(|point| {
            let same = points.iter().filter(|other| other.kind == point.kind && other.ef == point.ef);
            let speeds: Vec<f64> = same.map(|other| other.qps_cpu).collect();
            vec![
                point.kind.name().to_owned(),
                point.ef.to_string(),
                format!("{:.4}", point.recall),
                spread(&speeds, 0),
            ]
        });
        self.table(&["settings", "ef", "recall", "queries/CPU s (min..max)"], rows)
    }

    /// How fast each is at one recall, and how much faster nigh is.
    pub(crate) fn at_recall(&mut self, points: &[Point]) -> anyhow::Result<()> {
        let mut kinds: Vec<Kind> = Vec::new();
        for point in points.iter().filter(|point| point.round == 0) {
            if !kinds.contains(&point.kind) {
                kinds.push(point.kind);
            }
        }
        let rounds = points.iter().map(|point| point.round + 1).max().unwrap_or(0);
        let speeds = |kind: Kind, target: f64| -> Vec<f64> {
            let speed = |round: usize| {
                let of_round = points.iter().filter(|point| point.kind == kind && point.round == round);
                speed_at(&of_round.map(|point| (point.recall, point.qps_cpu)).collect::<Vec<_>>(), target)
            };
            // Recall is the same in each round: either all reach the target or none.
            (0..rounds).filter_map(speed).collect()
        };
        let mut rows = Vec::new();
        for &kind in &kinds {
            let mut row = vec![kind.name().to_owned()];
            for target in TARGETS {
                let (ours, theirs) = (speeds(Kind::Nigh, target), speeds(kind, target));
                let ratios: Vec<f64> = ours.iter().zip(&theirs).map(|(ours, theirs)| ours / theirs).collect();
                row.extend([spread(&theirs, 0), spread(&ratios, 2)]);
                self.line(&json!({
                    "kind": "at_recall", "library": kind.name(), "recall": target, "qps_cpu": theirs, "nigh_to_it": ratios,
                }))?;
            }
            rows.push(row);
        }
        let head: Vec<String> =
            TARGETS.iter().flat_map(|t| [format!("at {t}"), "nigh / it".to_owned()]).collect();
        let head: Vec<&str> = ["queries/CPU s"].into_iter().chain(head.iter().map(String::as_str)).collect();
        self.table(&head, rows.into_iter())
    }

    /// Nothing more comes.
    pub(crate) fn finish(mut self) -> anyhow::Result<()> {
        self.json.flush()?;
        Ok(self.tables.flush()?)
    }

    fn line(&mut self, value: &Value) -> anyhow::Result<()> {
        Ok(writeln!(self.json, "{value}")?)
    }

    fn table(&mut self, head: &[&str], rows: impl Iterator<Item = Vec<String>>) -> anyhow::Result<()> {
        let head: Vec<String> = head.iter().map(|&name| name.to_owned()).collect();
        let rows: Vec<Vec<String>> = [head].into_iter().chain(rows).collect();
        let columns = rows[0].len();
        let widths: Vec<usize> =
            (0..columns).map(|c| rows.iter().map(|row| row[c].chars().count()).max().unwrap_or(0)).collect();
        for row in &rows {
            let cells = row.iter().zip(&widths).map(|(cell, &width)| format!("{cell:<width$}"));
            writeln!(self.tables, "{}", cells.collect::<Vec<_>>().join("  ").trim_end())?;
        }
        Ok(writeln!(self.tables)?)
    }
}

/// The median, and between what the others were.
fn spread(values: &[f64], decimals: usize) -> String {
    let Some(middle) = median(values) else { return "-".to_owned() };
    let (min, max) = values.iter().fold((f64::MAX, f64::MIN), |(min, max), v| (min.min(*v), max.max(*v)));
    format!("{middle:.decimals$} ({min:.decimals$}..{max:.decimals$})")
}

/// What the processor is called, where that can be read.
fn machine() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|line| line.strip_prefix("model name")?.split_once(':'));
    name.map_or_else(|| std::env::consts::ARCH.to_owned(), |(_, name)| name.trim().to_owned())
}
