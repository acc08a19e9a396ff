//! Searches with a filter on an indexed payload field: are they as fast as without one, and do they find as much?
//!
//! The queries lie around one place. Each point has a number drawn at random and its rank by distance from that place. A filter on the first has nothing to do with
//! the queries; one on low ranks passes just what lies around them (correlated), one on high ranks just what lies far away (anti-correlated).

use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use nigh::{
    Collection, CollectionConfig, Condition, Database, Durability, FieldKind, Filter, Metric, Payload, Point,
    Range, SearchRequest, VectorConfig,
};
use nigh_datasets::VectorSet;
use serde_json::json;

use super::CommonArgs;
use super::load::{NAME, spec};
use super::report::{Better, Report, Row};
use crate::cli::at_least_one;
use crate::load::Workplace;
use crate::progress::Progress;

/// Speed and recall of searches with a filter, against those without one.
#[derive(Debug, Clone, Args)]
pub(crate) struct FilteredSearchArgs {
    #[command(flatten)]
    pub(super) common: CommonArgs,
    /// Points in the collection.
    #[arg(long, default_value = "100000", value_parser = at_least_one)]
    rows: usize,
    /// Values a vector.
    #[arg(long, default_value = "128", value_parser = at_least_one)]
    dim: usize,
    /// Times that all is searched; the median counts.
    #[arg(long, default_value = "5", value_parser = at_least_one)]
    rounds: usize,
}

const SHARES: [f64; 5] = [0.5, 0.1, 0.01, 0.001, 0.0001];
const QUERIES: usize = 200;
const K: usize = 10;
const SPEED_FLOOR: f64 = 0.5;
const SPEED_AIM: f64 = 1.0;
const RECALL_FLOOR: f64 = 0.95;
const BATCH: usize = 500;

/// Which points a filter passes, seen from the queries.
#[derive(Debug, Clone, Copy)]
enum Relation {
    Random,
    Correlated,
    AntiCorrelated,
}

impl Relation {
    const ALL: [Self; 3] = [Self::Random, Self::Correlated, Self::AntiCorrelated];

    fn name(self) -> &'static str {
        match self {
            Self::Random => "random",
            Self::Correlated => "correlated",
            Self::AntiCorrelated => "anti-correlated",
        }
    }

    fn filter(self, share: f64, rows: usize) -> Filter {
        let count = ((rows as f64 * share) as i64).max(1);
        Filter::new().must(match self {
            Self::Random => Condition::range("random", Range::new().lt(count)),
            Self::Correlated => Condition::range("rank", Range::new().lt(count)),
            Self::AntiCorrelated => Condition::range("rank", Range::new().gte(rows as i64 - count)),
        })
    }
}

/// Fills, indexes, and searches with and without filters, in turns.
pub(super) fn measure(args: &FilteredSearchArgs) -> Result<Report> {
    let place = Workplace::new(args.common.dir.as_deref())?;
    let db = Database::open(place.path())?;
    let vector = VectorConfig::new(u32::try_from(args.dim)?, Metric::Euclid);
    let collection = db.create_collection(NAME, &CollectionConfig::single(vector))?;
    collection.create_payload_index("random", FieldKind::Integer)?;
    collection.create_payload_index("rank", FieldKind::Integer)?;
    let set = spec(args.common.seed, args.dim, args.rows);
    let queries = around_one(&set.queries(QUERIES * 10));
    let base = set.base(args.rows);
    fill(&collection, &base, queries.first().map_or(&[], Vec::as_slice))?;
    collection.optimize()?;

    let plain: Vec<SearchRequest> =
        queries.iter().map(|query| SearchRequest::new(query.clone()).limit(K)).collect();
    let mut report = Report::new("filtered-search");
    for relation in Relation::ALL {
        for share in SHARES {
            let filter = relation.filter(share, args.rows);
            let requests: Vec<_> =
                plain.iter().map(|request| request.clone().filter(filter.clone())).collect();
            let matched = collection.count_matching(filter)?;
            let (mut recall, mut short) = (0.0, 0);
            for request in &requests {
                let truth = collection.search(&request.clone().exact(true))?;
                let found = collection.search(request)?;
                short += u64::from(found.len() < truth.len() || truth.len() as u64 != matched.min(K as u64));
                let hits = found.iter().filter(|hit| truth.iter().any(|right| right.id == hit.id)).count();
                recall += hits as f64 / truth.len().max(1) as f64 / requests.len() as f64;
            }
            let (mut with, mut without) = (Vec::new(), Vec::new());
            for _ in 0..args.rounds {
                without.push(rate(&collection, &plain)?);
                with.push(rate(&collection, &requests)?);
            }
            let speed = median(&mut with) / median(&mut without).max(1e-9);
            let name = format!("{}, {} %", relation.name(), share * 100.0);
            let (_, explain) =
                collection.search_explained(requests.first().unwrap_or(&SearchRequest::new([])))?;
            let plans: Vec<String> =
                explain.segments.iter().map(|segment| format!("{:?}", segment.plan)).collect();
            report
                .row(Row::goal(
                    format!("{name}: queries/s, to those without a filter"),
                    speed,
                    " x",
                    Better::Higher,
                    SPEED_FLOOR,
                    SPEED_AIM,
                ))
                .row(Row::goal(
                    format!("{name}: recall@10"),
                    recall,
                    "",
                    Better::Higher,
                    RECALL_FLOOR,
                    RECALL_FLOOR,
                ))
                .detail(
                    &name,
                    json!({
                        "matched": matched, "plans": plans, "per_second": median(&mut with).round(),
                        "per_second_without": median(&mut without).round(), "distances": explain.distances(),
                    }),
                );
            if short > 0 {
                report.wrong(format!("{name}: {short} answers are shorter than the matches allow"));
            }
        }
    }
    report
        .detail("rows", args.rows)
        .detail("dim", args.dim)
        .detail("rounds", args.rounds)
        .detail("seed", args.common.seed);
    db.close()?;
    Ok(report)
}

/// Those of some queries that are nearest to the first of them.
fn around_one(queries: &VectorSet) -> Vec<Vec<f32>> {
    let mut rows: Vec<Vec<f32>> =
        (0..queries.rows()).map(|row| queries.row(row).to_f32().into_owned()).collect();
    let Some(first) = rows.first().cloned() else { return rows };
    rows.sort_by(|a, b| squared(a, &first).total_cmp(&squared(b, &first)));
    rows.truncate(QUERIES);
    rows
}

fn squared(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Writes the points with their numbers.
fn fill(collection: &Collection, base: &VectorSet, place: &[f32]) -> Result<()> {
    let rows = base.rows();
    let mut by_distance: Vec<(f32, usize)> =
        (0..rows).map(|row| (squared(&base.row(row).to_f32(), place), row)).collect();
    by_distance.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut ranks = vec![0; rows];
    for (rank, (_, row)) in by_distance.into_iter().enumerate() {
        ranks[row] = rank;
    }
    let writer = collection.with_durability(Durability::Buffered);
    let progress = Progress::new("writing", rows as u64);
    for start in (0..rows).step_by(BATCH) {
        let points = (start..(start + BATCH).min(rows)).map(|row| {
            // Each number below the count once: a step that shares no factor with it, or nearly so.
            let random = (row as u64 * 2_654_435_761) % rows as u64;
            let payload = Payload::from_json(json!({"random": random, "rank": ranks[row]}))?;
            Ok(Point::new(row as u64, base.row(row).to_f32().into_owned()).with_payload(payload))
        });
        writer.upsert(points.collect::<nigh::Result<Vec<_>>>()?)?;
        progress.set(start as u64);
    }
    Ok(())
}

/// Queries a second of one thread.
fn rate(collection: &Collection, requests: &[SearchRequest]) -> Result<f64> {
    let (started, mut count) = (Instant::now(), 0);
    while started.elapsed() < Duration::from_millis(200) {
        for request in requests {
            collection.search(request)?;
        }
        count += requests.len();
    }
    Ok(count as f64 / started.elapsed().as_secs_f64())
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
