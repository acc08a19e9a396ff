//! Everything deleted and written again, many times: does the folder stay small, is every point there, and is the graph as good as a new one?
//!
//! Afterwards the collection is left alone until background work has come to rest. It is compared with a collection that was filled
//! with the final data once and left alone in the same way.

use std::collections::HashSet;
use std::path::Path;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use nigh::{
    Collection, CollectionConfig, Database, Durability, Effort, Metric, PointId, ScrollRequest,
    SearchRequest, VectorConfig, WithPayload, WithVectors,
};

use super::CommonArgs;
use super::load::{NAME, fill, settle, spec};
use super::report::{Better, Report, Row};
use crate::cli::at_least_one;
use crate::load::Workplace;
use crate::process::folder_bytes;
use crate::progress::Progress;

/// Size, completeness and recall after everything was deleted and written again many times.
#[derive(Debug, Clone, Args)]
pub(crate) struct ChurnArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Points in the collection.
    #[arg(long, default_value = "100000", value_parser = at_least_one)]
    rows: usize,
    /// Values a vector.
    #[arg(long, default_value = "128", value_parser = at_least_one)]
    dim: usize,
    /// How many times everything is replaced.
    #[arg(long, default_value = "10", value_parser = at_least_one)]
    turnovers: usize,
    /// Points in one write or delete.
    #[arg(long, default_value = "500", value_parser = at_least_one)]
    batch: usize,
}

const FLOOR: f64 = 1.5;
const AIM: f64 = 1.2;
/// Recall that may be lost, in points of a hundred.
const DRIFT_FLOOR: f64 = 1.0;
const DRIFT_AIM: f64 = 0.2;
/// Neighbours asked for.
const K: usize = 10;
/// Candidates kept on the way where recall is compared: as few as there can be, so that a worse graph shows.
const EF: usize = 10;
/// Queries that recall is taken from.
const QUERIES: usize = 1_000;

/// Churns, rests, counts; fills another folder; compares.
pub(super) fn measure(args: &ChurnArgs) -> Result<Report> {
    let place = Workplace::new(args.common.dir.as_deref())?;
    let (churned, fresh) = (place.path().join("churned"), place.path().join("fresh"));
    let begun = Instant::now();
    let (db, collection) = create(&churned, args.dim)?;
    fill(&collection, args.common.seed, args.dim, args.rows, args.batch)?;
    for turnover in 1..=args.turnovers {
        turn_over(&collection, args, turnover)?;
    }
    let churn_seconds = begun.elapsed().as_secs_f64();
    let busy_bytes = folder_bytes(&churned);
    settle(&collection)?;
    let (by_get, by_scroll) = missing(&collection, args.rows)?;
    let churned_bytes = folder_bytes(&churned);
    let segments = collection.info()?.segments;
    let recall = recall(&collection, args)?;
    let unfindable = unfindable(&collection, args)?;
    db.close()?;

    let (db, collection) = create(&fresh, args.dim)?;
    fill(&collection, args.common.seed + args.turnovers as u64, args.dim, args.rows, args.batch)?;
    settle(&collection)?;
    let fresh_recall = self::recall(&collection, args)?;
    let fresh_bytes = folder_bytes(&fresh);
    db.close()?;

    let ratio = churned_bytes as f64 / fresh_bytes.max(1) as f64;
    let figure =
        format!("folder after {} turnovers of {} x {}, to a fresh one", args.turnovers, args.rows, args.dim);
    let mut report = Report::new("churn");
    report
        .row(Row::goal(figure, ratio, " x", Better::Lower, FLOOR, AIM))
        .row(Row::goal("live ids missing by get", by_get as f64, "", Better::Lower, 0.0, 0.0))
        .row(Row::goal("live ids missing or wrong by scroll", by_scroll as f64, "", Better::Lower, 0.0, 0.0))
        .row(Row::goal(
            "recall@10 lost to a fresh one, points",
            (fresh_recall - recall) * 100.0,
            "",
            Better::Lower,
            DRIFT_FLOOR,
            DRIFT_AIM,
        ))
        .row(Row::goal(
            "live ids not among the ten nearest to their own vector",
            unfindable as f64,
            "",
            Better::Lower,
            0.0,
            0.0,
        ))
        .row(Row::plain(
            "folder right after the last write, to a fresh one",
            busy_bytes as f64 / fresh_bytes.max(1) as f64,
            " x",
        ))
        .detail("rows", args.rows)
        .detail("dim", args.dim)
        .detail("turnovers", args.turnovers)
        .detail("batch", args.batch)
        .detail("seed", args.common.seed)
        .detail("churned_bytes", churned_bytes)
        .detail("fresh_bytes", fresh_bytes)
        .detail("churn_seconds", crate::units::round(churn_seconds, 1))
        .detail("segments", segments.len())
        .detail("graphs", segments.iter().filter(|s| !s.indexes.is_empty()).count())
        .detail("recall", crate::units::round(recall, 4))
        .detail("fresh_recall", crate::units::round(fresh_recall, 4))
        .detail("dead_points_left", segments.iter().map(|s| u64::from(s.dead_count)).sum::<u64>());
    if by_get + by_scroll > 0 {
        report.wrong(format!("{by_get} live ids missing by get, {by_scroll} missing or wrong by scroll"));
    }
    Ok(report)
}

fn create(dir: &Path, dim: usize) -> Result<(Database, Collection)> {
    let db = Database::open(dir)?;
    let vector = VectorConfig::new(u32::try_from(dim)?, Metric::Euclid);
    let collection = db.create_collection(NAME, &CollectionConfig::single(vector))?;
    Ok((db, collection.with_durability(Durability::Buffered)))
}

/// Deletes each batch of ids and writes it again with other vectors.
fn turn_over(collection: &Collection, args: &ChurnArgs, turnover: usize) -> Result<()> {
    let set = spec(args.common.seed + turnover as u64, args.dim, args.rows).base(args.rows);
    let progress = Progress::new("turning over", args.rows as u64);
    for start in (0..args.rows).step_by(args.batch) {
        let rows = start..(start + args.batch).min(args.rows);
        collection.delete(rows.clone().map(|row| PointId::from(row as u64)))?;
        let points = rows.clone().map(|row| nigh::Point::new(row as u64, set.row(row).to_f32()));
        collection.upsert(points)?;
        progress.set(rows.end as u64);
    }
    Ok(())
}

/// Share of the true neighbours of unseen queries that a search with the graph finds.
fn recall(collection: &Collection, args: &ChurnArgs) -> Result<f64> {
    let queries = spec(args.common.seed + args.turnovers as u64, args.dim, args.rows).queries(QUERIES);
    let (mut found, mut all) = (0, 0);
    for row in 0..queries.rows() {
        let request = SearchRequest::new(queries.row(row).to_f32().into_owned()).limit(K);
        let truth = collection.search(&request.clone().exact(true))?;
        let hits = collection.search(&request.effort(Effort::Ef(EF)))?;
        found += hits.iter().filter(|hit| truth.iter().any(|right| right.id == hit.id)).count();
        all += truth.len();
    }
    Ok(found as f64 / all.max(1) as f64)
}

/// Ids that a search for their own vectors, with the default effort, does not find.
fn unfindable(collection: &Collection, args: &ChurnArgs) -> Result<u64> {
    let set = spec(args.common.seed + args.turnovers as u64, args.dim, args.rows).base(args.rows);
    let progress = Progress::new("searching for all", args.rows as u64);
    let mut lost = 0;
    for row in 0..args.rows {
        let request = SearchRequest::new(set.row(row).to_f32().into_owned()).limit(K);
        let id = PointId::from(row as u64);
        lost += u64::from(!collection.search(&request)?.iter().any(|hit| hit.id == id));
        progress.set(row as u64 + 1);
    }
    Ok(lost)
}

/// Ids from 0 to `rows` that are not found: by `get`, and by walking through all.
fn missing(collection: &Collection, rows: usize) -> Result<(u64, u64)> {
    const PAGE: usize = 5_000;
    let mut by_get = 0;
    for start in (0..rows).step_by(PAGE) {
        let ids: Vec<_> = (start..(start + PAGE).min(rows)).map(|row| PointId::from(row as u64)).collect();
        let found = collection.get(ids.iter().copied(), &WithPayload::No, &WithVectors::No)?;
        by_get += (ids.len() - found.len()) as u64;
    }
    let mut seen = HashSet::new();
    let mut strange = 0;
    let mut request = ScrollRequest::new().limit(PAGE);
    loop {
        let page = collection.scroll(&request)?;
        for record in &page.points {
            let expected = matches!(record.id, PointId::Num(id) if id < rows as u64);
            strange += u64::from(!expected || !seen.insert(record.id));
        }
        let Some(next) = page.next else { break };
        request = request.start_at(next);
    }
    Ok((by_get, strange + (rows as u64).saturating_sub(seen.len() as u64)))
}
