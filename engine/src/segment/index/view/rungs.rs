//! What each step of shortening loses, by brute force: every row is compared with every query on projected codes, on whole codes, and with the
//! best looked at again. The graph has no part in it.
//!
//! `NIGH_RUNS=1000 cargo test --release -p nigh --lib rungs -- --nocapture` takes so many queries of every set that is there and prints the table
//! of docs/benchmarks.md; without `NIGH_RUNS` a few queries of the small sets.

use super::*;
use crate::hnsw::REFINES;
use crate::segment::index::{IndexJob, build_index};
use crate::threads::parallel;
use nigh_datasets::{Clustered, GroundTruth, GroundTruthMetric, Length, VectorSet, ground_truth};
use nigh_datasets::{open, recall, true_distances};
use nigh_format::manifest::{Datatype, IndexParams, VectorParams};
use std::borrow::Cow;
use std::num::NonZeroUsize;
use std::path::Path;

const KS: [usize; 2] = [10, 100];

/// Recall at 10 and at 100 of one rung.
type Rung = (String, [f64; 2]);

struct Case {
    base: VectorSet,
    queries: VectorSet,
    metric: GroundTruthMetric,
}

impl Case {
    fn params(&self) -> VectorParams {
        let metric = match self.metric {
            GroundTruthMetric::Cosine => Metric::Cosine,
            _ => Metric::Euclid,
        };
        let dim = self.base.dim() as u32;
        VectorParams { name: String::new(), dim, metric, datatype: Datatype::F32, multivector: None }
    }

    /// Rows as they are stored.
    fn stored(&self, set: &VectorSet) -> Vec<Vec<f32>> {
        let mut rows: Vec<Vec<f32>> = (0..set.rows()).map(|i| set.row(i).to_f32().into_owned()).collect();
        if self.metric == GroundTruthMetric::Cosine {
            for row in &mut rows {
                let norm = row.iter().map(|v| v * v).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
                row.iter_mut().for_each(|v| *v /= norm);
            }
        }
        rows
    }

    fn measure(&self) -> Vec<Rung> {
        let (rows, queries) = (self.stored(&self.base), self.stored(&self.queries));
        let params = self.params();
        let row = |i: usize| Ok(Cow::Owned(bytemuck::cast_slice(&rows[i]).to_vec()));
        // The graph is not looked at: a poor one is enough.
        let index = IndexParams { m: 2, ef_construction: 4, ..IndexParams::DEFAULT };
        let (len, check) = (rows.len(), || Ok(()));
        let job = IndexJob {
            params: &params,
            index,
            len,
            row: &row,
            seeded: None,
            seed: 1,
            threads: 2,
            check: &check,
        };
        let built = build_index(job).expect("no row fails");
        let view = built.view(params.metric, Int8Kernels::detect(), &[]);
        let threads = NonZeroUsize::new(2).expect("not 0");
        let truth =
            ground_truth(&self.base, &self.queries, KS[1], self.metric, threads, |_| ()).expect("truth");
        let ranked: Vec<Ranked> =
            parallel(&mut [(), ()], queries.iter().collect(), 1, |(), query: &Vec<f32>| {
                Ranked::of(&view, query)
            });

        let mut rungs = Vec::new();
        let mut rung = |name: String, found: &dyn Fn(&Ranked, usize) -> Vec<u32>, rescored: bool| {
            let recalls =
                KS.map(|k| self.recall(&truth, ranked.iter().map(|r| found(r, k)).collect(), k, rescored));
            rungs.push((name, recalls));
        };
        rung(format!("whole codes, {} bytes", params.dim), &|r, k| r.by_whole(k), false);
        rung("whole codes, 2k by the vectors".into(), &|r, k| r.by_whole(2 * k), true);
        if let Some((codes, _)) = &view.reduced {
            let dim = codes.rows.stride();
            rung(format!("projected codes, {dim} bytes"), &|r, k| r.by_reduced(k), false);
            for refine in REFINES {
                let found = move |r: &Ranked, k| r.refined(refine as usize * k, k);
                rung(format!("projected codes, {refine}k by whole codes"), &found, false);
            }
            let found = |r: &Ranked, k| r.refined(4 * k, 2 * k);
            rung("projected codes, 4k by whole codes, 2k by the vectors".into(), &found, true);
        }
        rungs
    }

    /// Recall of what was found, ordered by the vectors first where asked.
    fn recall(&self, truth: &GroundTruth, found: Vec<Vec<u32>>, k: usize, rescored: bool) -> f64 {
        let mut distances =
            true_distances(&self.base, &self.queries, self.metric, &found).expect("rows of the base");
        if rescored {
            distances.iter_mut().for_each(|list| list.sort_by(f32::total_cmp));
        }
        recall(truth, &distances, k).expect("as many answers as queries")
    }
}

/// All rows in the order of their codes, for one query.
struct Ranked {
    whole: Vec<(u32, u32)>,
    reduced: Vec<(u32, u32)>,
    /// The key of each row by whole codes.
    keys: Vec<u32>,
}

impl Ranked {
    fn of(view: &IndexView<'_>, query: &[f32]) -> Self {
        let (mut code, mut dots, mut projected) = (Vec::new(), Vec::new(), Vec::new());
        let offset = view.encode(&view.codes, query, &mut code);
        let keys = Self::keys(view, &view.codes, &code, offset);
        let reduced = view.reduced.as_ref().map(|(codes, projection)| {
            projection.project(view.kernels, query, &mut code, &mut dots, &mut projected);
            let offset = view.encode(codes, &projected, &mut code);
            Self::keys(view, codes, &code, offset)
        });
        let nearest = |keys: &[u32]| {
            let mut all: Vec<(u32, u32)> = keys.iter().copied().zip(0..).collect();
            let most = all.len().min(KS[1] * 8);
            all.select_nth_unstable(most - 1);
            all.truncate(most);
            all.sort_unstable();
            all
        };
        Self { whole: nearest(&keys), reduced: reduced.map(|keys| nearest(&keys)).unwrap_or_default(), keys }
    }

    fn keys(view: &IndexView<'_>, codes: &Codes<'_>, code: &[i8], offset: f64) -> Vec<u32> {
        let rows: Vec<u32> = (0..codes.rows.len() as u32).collect();
        let mut keys = vec![0; rows.len()];
        view.distances(codes.rows, codes.bias, code, offset).keys(&rows, &mut keys);
        keys
    }

    fn by_whole(&self, count: usize) -> Vec<u32> {
        self.whole.iter().take(count).map(|(_, row)| *row).collect()
    }

    fn by_reduced(&self, count: usize) -> Vec<u32> {
        self.reduced.iter().take(count).map(|(_, row)| *row).collect()
    }

    /// The best `kept` by whole codes of the best `count` by projected ones.
    fn refined(&self, count: usize, kept: usize) -> Vec<u32> {
        let mut rows = self.by_reduced(count);
        rows.sort_by_key(|row| self.keys[*row as usize]);
        rows.truncate(kept);
        rows
    }
}

/// A set of the real data, or none after saying so.
fn real(base: &str, queries: Option<&str>, count: usize, metric: GroundTruthMetric) -> Option<Case> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/data");
    let read = |file: &str| {
        let path = root.join(file);
        if !path.exists() {
            eprintln!("skipped: {file} not found");
            return None;
        }
        Some(open(path).expect("a set of vectors"))
    };
    let base = read(base)?;
    let Some(queries) = queries else {
        // The last rows are the queries, and not searched.
        let kept = base.rows() - count.min(base.rows() / 10);
        let values: Vec<f32> = base.to_f32().split_off(kept * base.dim());
        let queries = VectorSet::new(base.dim(), nigh_datasets::Values::F32(values)).expect("whole rows");
        return Some(Case { base: base.head(kept), queries, metric });
    };
    let queries = read(queries)?;
    let queries = queries.head(count.min(queries.rows()));
    Some(Case { base, queries, metric })
}

fn generated(dim: usize, rows: usize, queries: usize) -> Case {
    let spec = Clustered { seed: 42, dim, clusters: rows.div_ceil(200), spread: 0.3, length: Length::Unit };
    Case { base: spec.base(rows), queries: spec.queries(queries), metric: GroundTruthMetric::Cosine }
}

#[test]
fn rescoring_makes_up_for_what_codes_lose() {
    use GroundTruthMetric::{Cosine, L2};
    let runs: Option<usize> = std::env::var("NIGH_RUNS").ok().and_then(|runs| runs.parse().ok());
    let count = runs.unwrap_or(10);
    let mut cases = vec![
        ("sift-5k", real("sift-5k/base.bvecs.gz", Some("sift-5k/query.bvecs.gz"), count, L2)),
        ("clustered unit vectors, 5,000 x 96", Some(generated(96, 5_000, count))),
    ];
    if runs.is_some() {
        cases.extend([
            (
                "SIFT of photographs, 100,000 x 128",
                real("sift-bsds-100k/base.bvecs.gz", Some("sift-bsds-100k/query.bvecs.gz"), count, L2),
            ),
            (
                "MNIST, 60,000 x 784",
                real("mnist/train-images-idx3-ubyte.gz", Some("mnist/t10k-images-idx3-ubyte.gz"), count, L2),
            ),
            (
                "MiniLM on SciFact, 5,183 x 384",
                real("minilm-scifact/base-f16.npy", Some("minilm-scifact/query-f16.npy"), count, Cosine),
            ),
            ("BGE, 1,246 x 1024", real("embeddings-small/bge-large-1384x1024-f32.npy", None, count, Cosine)),
            ("clustered unit vectors, 50,000 x 384", Some(generated(384, 50_000, count))),
        ]);
    }
    for (name, case) in cases {
        let Some(case) = case else { continue };
        let rungs = case.measure();
        println!("{name}, {} queries", case.queries.rows());
        for (rung, [at_10, at_100]) in &rungs {
            println!("  {rung:<55} {at_10:.4} {at_100:.4}");
        }
        for (rung, recalls) in rungs.iter().filter(|(rung, _)| rung.ends_with("by the vectors")) {
            assert!(recalls.iter().all(|recall| *recall >= 0.97), "{name}: {rung} finds {recalls:?}");
        }
    }
}
