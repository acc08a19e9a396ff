//! How well words find the right text: nDCG@10, MRR@10 and R@1 of BM25 on a folder in BEIR's layout, and what each analyzer stores.
//!
//! The documents, title and text, become points of a collection, which is searched with an index of each analyzer that is asked for.
//! Queries are also split into two halves by their ids, so that what was chosen by looking at one half can be judged by the other.

mod counts;
mod folder;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};
use nigh::{
    Analyzer, AnalyzerConfig, Collection, CollectionConfig, Database, Payload, Point, PointId, TextRequest,
    Tokenizer,
};
use serde_json::json;

use super::report::{Better, Report, Row};
use crate::cli::word;
use crate::load::Workplace;
use crate::units::round;
use counts::Counts;
use folder::Folder;

/// How many results of a query are looked at.
const DEPTH: usize = 10;

/// How well BM25 finds texts, analyzer by analyzer.
#[derive(Debug, Clone, Args)]
pub(crate) struct TextArgs {
    /// A folder with corpus.jsonl or corpus.jsonl.gz, queries.jsonl, and qrels/test.tsv.
    #[arg(long)]
    data: PathBuf,
    /// Which analyzers; may be given several times. Without it: all that have an aim or are compared with.
    #[arg(long, value_enum)]
    analyzer: Vec<AnalyzerArg>,
    /// How soon more occurrences of a word stop to count.
    #[arg(long, default_value_t = 1.2)]
    k1: f32,
    /// How much the length of a text counts, from 0 to 1.
    #[arg(long, default_value_t = 0.75)]
    b: f32,
    /// Print the line of JSON only.
    #[arg(long)]
    pub(super) json: bool,
}

/// An analyzer by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum AnalyzerArg {
    /// Lower case, cut at white space and signs.
    Word,
    /// English: stop words and stems.
    English,
    /// Pairs of neighbouring characters for Hangul, Han and kana.
    Cjk,
    /// Korean stems as pairs of syllables.
    Korean,
    /// By script.
    Auto,
}

impl AnalyzerArg {
    fn config(self) -> AnalyzerConfig {
        match self {
            Self::Word => AnalyzerConfig::new(Tokenizer::Word),
            Self::English => AnalyzerConfig::english(),
            Self::Cjk => AnalyzerConfig::new(Tokenizer::Cjk),
            Self::Korean => AnalyzerConfig::korean(),
            Self::Auto => AnalyzerConfig::auto(),
        }
    }

    /// Floor and aim of nDCG@10, MRR@10 and R@1, on the sets that they were fixed for.
    fn goals(self) -> [Option<(f64, f64)>; 3] {
        match self {
            Self::English => [Some((0.66, 0.69)), None, None],
            Self::Korean => [None, Some((0.955, 0.970)), Some((0.925, 0.945))],
            Self::Word | Self::Cjk | Self::Auto => [None; 3],
        }
    }
}

/// Sums of what is measured, over queries.
#[derive(Debug, Default, Clone, Copy)]
struct Sums {
    ndcg: f64,
    mrr: f64,
    first: f64,
    queries: f64,
}

impl Sums {
    fn add(&mut self, other: Self) {
        self.ndcg += other.ndcg;
        self.mrr += other.mrr;
        self.first += other.first;
        self.queries += other.queries;
    }

    /// nDCG, MRR and R@1 as means.
    fn means(self) -> [f64; 3] {
        [self.ndcg, self.mrr, self.first].map(|sum| sum / self.queries.max(1.0))
    }
}

/// Reads the folder and measures.
pub(super) fn measure(args: &TextArgs) -> Result<Report> {
    ensure!(args.k1 >= 0.0 && args.k1.is_finite(), "expected a k1 of 0 or more, got {}", args.k1);
    ensure!((0.0..=1.0).contains(&args.b), "expected a b from 0 to 1, got {}", args.b);
    let folder = Folder::read(&args.data)?;
    let mut report = Report::new("text");
    report.detail("documents", folder.documents.len()).detail("queries", folder.queries.len());
    report.detail("k1", round(f64::from(args.k1), 4)).detail("b", round(f64::from(args.b), 4));
    let all = AnalyzerArg::value_variants();
    let analyzers = if args.analyzer.is_empty() { all } else { args.analyzer.as_slice() };
    let place = Workplace::new(None)?;
    let db = Database::open(place.path())?;
    let collection = fill(&db, &folder)?;
    for analyzer in analyzers {
        collection.create_text_index(PATH, &analyzer.config())?;
        collection.optimize()?;
        measure_one(&folder, &collection, *analyzer, args, &mut report)?;
    }
    Ok(report)
}

/// Where the points have their texts.
const PATH: &str = "text";
/// Points a write.
const BATCH: usize = 500;

/// A collection with a point for each document; its id is the document's place.
fn fill(db: &Database, folder: &Folder) -> Result<Collection> {
    let collection = db.create_collection("texts", &CollectionConfig::new())?;
    let mut first = 0u64;
    for documents in folder.documents.chunks(BATCH) {
        let points = (first..).zip(documents).map(|(id, document)| {
            Ok(Point::without_vectors(id).with_payload(Payload::from_json(json!({PATH: document.text}))?))
        });
        collection.upsert(points.collect::<Result<Vec<_>>>()?)?;
        first += documents.len() as u64;
    }
    Ok(collection)
}

/// Places of the best documents, best first.
fn search(collection: &Collection, text: &str, args: &TextArgs) -> Result<Vec<usize>> {
    let request = TextRequest::new(PATH, text).limit(DEPTH).k1(args.k1).b(args.b);
    let places = collection.search_text(&request)?.into_iter().filter_map(|hit| match hit.id {
        PointId::Num(place) => usize::try_from(place).ok(),
        PointId::Uuid(_) => None,
    });
    Ok(places.collect())
}

fn measure_one(
    folder: &Folder,
    collection: &Collection,
    arg: AnalyzerArg,
    args: &TextArgs,
    report: &mut Report,
) -> Result<()> {
    let analyzer = Analyzer::new(&arg.config())?;
    let counts = Counts::of(folder.documents.iter().map(|document| analyzer.analyze(&document.text)));
    let mut halves = [Sums::default(); 2];
    for query in &folder.queries {
        let best = search(collection, &query.text, args)?;
        let gains: Vec<f64> = best.iter().map(|row| query.gain(&folder.documents[*row].id)).collect();
        halves[usize::from(query.is_odd())].add(judge(&gains, &query.ideal_gains()));
    }
    let mut whole = halves[0];
    whole.add(halves[1]);
    let name = word(arg);
    let names = ["nDCG@10", "MRR@10", "R@1"];
    for ((figure, mean), goal) in names.iter().zip(whole.means()).zip(arg.goals()) {
        let figure = format!("{name}: {figure}");
        report.row(match goal {
            Some((floor, aim)) => Row::goal(figure, mean, "", Better::Higher, floor, aim),
            None => Row::plain(figure, mean, ""),
        });
    }
    report
        .row(Row::plain(format!("{name}: tokens"), counts.tokens as f64, ""))
        .row(Row::plain(format!("{name}: postings"), counts.postings as f64, ""))
        .row(Row::plain(format!("{name}: terms"), counts.terms() as f64, ""));
    for (half, sums) in ["even", "odd"].iter().zip(halves) {
        let means = sums.means().map(|mean| round(mean, 4));
        report.detail(&format!("{name}_{half}"), means.to_vec());
    }
    Ok(())
}

/// What one query's results are worth. `gains` are of the results in order, `ideal` of the best results there could be.
fn judge(gains: &[f64], ideal: &[f64]) -> Sums {
    let discounted = |gains: &[f64]| -> f64 {
        let terms = gains.iter().take(DEPTH).enumerate();
        terms.map(|(rank, gain)| (gain.exp2() - 1.0) / (rank as f64 + 2.0).log2()).sum()
    };
    let first_right = gains.iter().position(|gain| *gain > 0.0);
    let best = discounted(ideal);
    Sums {
        ndcg: if best > 0.0 { discounted(gains) / best } else { 0.0 },
        mrr: first_right.map_or(0.0, |rank| 1.0 / (rank as f64 + 1.0)),
        first: f64::from(u8::from(first_right == Some(0))),
        queries: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_right_answer_counts_by_its_rank() {
        let sums = judge(&[0.0, 1.0], &[1.0]);
        assert_eq!((sums.mrr, sums.first), (0.5, 0.0));
        assert!((sums.ndcg - 1.0 / 3f64.log2()).abs() < 1e-12);
        assert_eq!(judge(&[1.0, 0.0], &[1.0]).ndcg, 1.0);
        assert_eq!(judge(&[], &[1.0]).means(), [0.0; 3]);
    }
}
