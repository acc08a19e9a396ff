//! Making an index: the rows of one vector go in, codes, graph and curve come out, in memory.
//!
//! Codes are the values themselves where all are bytes, else int8 with the quantile asked for. Where a quarter or a half of the
//! coordinates keep most of the spread, and walking on them finds the same, the graph is built on and walked by these shorter codes.
//! Deterministic for a seed, whatever the number of threads.

use super::view::{Codes, IndexScratch, IndexView, LayerCodes, SearchHow};
use crate::error::{Error, Result};
use crate::hnsw::{self, BuildParams, CURVE_K, CurvePoint, Finding, Graph, REFINES, Seeded, Space, Walk};
use crate::kernels::int8::{Int8Kernels, Rows};
use crate::kernels::matrix::{Factor, product};
use crate::kernels::simd::dot_f32;
use crate::quantization::{CodeBuffer, Int8, Projection, Trained, is_bytes};
use crate::threads::parallel;
use crate::vectors::load;
use nigh_format::manifest::{Datatype, IndexParams, Metric, VectorParams};
use std::borrow::Cow;
use std::ops::Range;

/// The rows to index: `row(i)` are the stored bytes of the `i`th.
pub(crate) struct IndexJob<'a> {
    pub(crate) params: &'a VectorParams,
    pub(crate) index: IndexParams,
    pub(crate) len: usize,
    pub(crate) row: &'a (dyn Fn(usize) -> Result<Cow<'a, [u8]>> + Sync),
    pub(crate) seeded: Option<Seeded>,
    pub(crate) seed: u64,
    pub(crate) threads: usize,
    pub(crate) check: &'a (dyn Fn() -> Result<()> + Sync),
}

/// An index in memory, its rows in the order they were given.
#[derive(Debug)]
pub(crate) struct BuiltIndex {
    pub(crate) int8: Int8,
    pub(crate) codes: CodeBuffer,
    /// None where products are compared.
    pub(crate) bias: Option<Vec<i32>>,
    pub(crate) reduced: Option<BuiltReduced>,
    pub(crate) graph: Graph,
    pub(crate) lift: f32,
    /// Candidates kept on the way down the upper layers.
    pub(crate) descent: u32,
    pub(crate) curve: Vec<CurvePoint>,
}

/// Shorter codes to walk on.
#[derive(Debug)]
pub(crate) struct BuiltReduced {
    pub(crate) int8: Int8,
    pub(crate) codes: CodeBuffer,
    pub(crate) bias: Vec<i32>,
    pub(crate) input: Int8,
    pub(crate) matrix: CodeBuffer,
    pub(crate) scales: Vec<f32>,
    pub(crate) offsets: Vec<f32>,
    pub(crate) kept: f32,
}

/// Dimensions above which sums of products of codes could leave 32 bits: such vectors are scanned.
const DIM_MAX: u32 = 16_384;
/// Vectors that quantiles and projections are learned from.
const SAMPLE_ROWS: usize = 8_192;
/// Values that quantiles are taken from.
const SAMPLE_VALUES: usize = 1 << 20;
/// Rows encoded at a time by one thread.
const BLOCK_ROWS: usize = 256;
/// Coordinates come in whole cache lines, from this dimension on, if they keep so much of the spread.
const REDUCE_DIM_MIN: usize = 128;
const REDUCE_STEP: usize = 64;
/// Up to so many they may be half the dimensions, else a quarter: they are kept in memory beside the whole codes.
const REDUCE_DIM_CHEAP: usize = 192;
const REDUCE_KEPT_MIN: f32 = 0.90;
/// The range of projected codes covers at least so many of the coordinates.
const REDUCE_QUANTILE: f32 = 0.99;
/// Queries and rows of the trial that projected codes must pass, and the share of true neighbours that must be near by them.
const TRIAL_QUERIES: usize = 64;
const TRIAL_ROWS: usize = 65_536;
const TRIAL_SHARE: f32 = 0.97;
/// Queries of the curve.
const CURVE_QUERIES: usize = 256;
/// Widths of the descent that are tried with a beam of this width, and how much recall a narrower one may lose.
const DESCENTS: [usize; 6] = [1, 2, 4, 8, 16, 32];
const DESCENT_TRIAL: usize = 48;
const DESCENT_LOSS: f32 = 0.003;
/// Rows that all queries of the curve are multiplied with at a time, and how many of them each keeps.
const TRUTH_ROWS: usize = 1024;
const TRUTH_KEPT: usize = 16;

/// Whether vectors like these get an index: distances must come from products, and sums fit.
pub(crate) fn is_indexable(params: &VectorParams) -> bool {
    params.metric != Metric::Manhattan && params.dim <= DIM_MAX
}

/// The most coordinates of shorter codes.
fn reduced_dim_max(dim: usize) -> usize {
    (dim / 4).max(REDUCE_DIM_CHEAP).min(dim / 2)
}

/// Memory that building takes for each point with this vector.
pub(crate) fn index_bytes_a_point(params: &VectorParams, index: &IndexParams) -> u64 {
    if !is_indexable(params) {
        return 0;
    }
    let (stride, dim) = (u64::from(params.dim).next_multiple_of(64), u64::from(params.dim));
    let reduced = if dim >= REDUCE_DIM_MIN as u64 { reduced_dim_max(dim as usize) as u64 } else { 0 };
    let row = hnsw::row_len_of(index.m) as u64 * 4;
    // Codes, rows of links while growing and when cut, lists of neighbours of a batch, bias and norm.
    stride + reduced + 3 * row + 48
}

/// Builds the index.
///
/// # Errors
/// What `row` and `check` say.
pub(crate) fn build_index(job: IndexJob<'_>) -> Result<BuiltIndex> {
    let kernels = Int8Kernels::detect();
    let rows = SourceRows { job: &job };
    let (int8, lift) = rows.survey()?;
    let mut workers: Vec<()> = vec![(); job.threads.max(1)];
    let codes =
        rows.encode(&mut workers, job.params.dim as usize, |values, code| int8.encode(values, code))?;
    let reduced = rows.reduce(&mut workers, &codes, int8, kernels)?;
    let walked = reduced.as_ref().map_or(&codes, |reduced| &reduced.codes);
    let lifts = (job.params.metric == Metric::Dot).then(|| rows.lifts(int8, lift)).transpose()?;
    let params = BuildParams {
        m: job.index.m,
        ef_construction: job.index.ef_construction,
        seed: job.seed,
        threads: job.threads,
    };
    let space = Space::new(walked.rows(), lifts, kernels);
    let graph = hnsw::build(&space, params, job.seeded.clone(), job.check)?;
    drop(space);
    let mut bias = (job.params.metric != Metric::Dot).then(|| biases(kernels, codes.rows()));
    let mut reduced = reduced;
    if job.params.metric == Metric::Cosine {
        // To every query a vector of zeros is at a right angle: as far as one of length 1 that is, and not as far as the origin.
        for row in rows.zeros()? {
            add_one(bias.as_mut(), row, int8.scale);
            if let Some(reduced) = &mut reduced {
                add_one(Some(&mut reduced.bias), row, reduced.int8.scale);
            }
        }
    }
    let mut built = BuiltIndex { int8, codes, bias, reduced, graph, lift, descent: 1, curve: Vec::new() };
    rows.measure(&mut built, kernels)?;
    Ok(built)
}

/// Makes a row farther by a squared distance of 1.
fn add_one(bias: Option<&mut Vec<i32>>, row: usize, scale: f32) {
    if let Some(bias) = bias.and_then(|bias| bias.get_mut(row)) {
        *bias = bias.saturating_add((1.0 / (scale * scale)).min(1e9) as i32);
    }
}

fn biases(kernels: Int8Kernels, rows: Rows<'_>) -> Vec<i32> {
    (0..rows.len() as u32).filter_map(|row| rows.row(row)).map(|code| hnsw::bias_of(kernels, code)).collect()
}

/// The rows of a job as values.
struct SourceRows<'j, 'a> {
    job: &'j IndexJob<'a>,
}

impl SourceRows<'_, '_> {
    /// The values of a row; of length 1 under cosine.
    fn values(&self, i: usize) -> Result<Vec<f32>> {
        let mut values = load(self.job.params.datatype, &(self.job.row)(i)?);
        if self.job.params.metric == Metric::Cosine && self.job.params.datatype == Datatype::U8 {
            let norm = values.iter().map(|v| v * v).sum::<f32>().sqrt();
            if norm > 0.0 {
                values.iter_mut().for_each(|v| *v /= norm);
            }
        }
        Ok(values)
    }

    /// Every so many rows, at most `count`.
    fn sample(&self, count: usize) -> impl Iterator<Item = usize> + use<> {
        let step = self.job.len.div_ceil(count.max(1)).max(1);
        (0..self.job.len).step_by(step)
    }

    /// Rows whose values are all 0.
    fn zeros(&self) -> Result<Vec<usize>> {
        let mut zeros = Vec::new();
        for i in 0..self.job.len {
            if (self.job.row)(i)?.iter().all(|byte| *byte == 0) {
                zeros.push(i);
            }
        }
        Ok(zeros)
    }

    /// How values become codes, and the length of the longest vector (dot product only).
    fn survey(&self) -> Result<(Int8, f32)> {
        let mut lossless = true;
        let mut longest = 0f32;
        for i in 0..self.job.len {
            if !lossless && self.job.params.metric != Metric::Dot {
                break;
            }
            let values = self.values(i)?;
            lossless = lossless && is_bytes(&values);
            if self.job.params.metric == Metric::Dot {
                longest = longest.max(values.iter().map(|v| v * v).sum::<f32>().sqrt());
            }
        }
        let longest = if longest.is_finite() { longest } else { f32::MAX.sqrt() };
        if lossless {
            return Ok((Int8::LOSSLESS, longest));
        }
        let rows = SAMPLE_VALUES / (self.job.params.dim as usize).max(1);
        let mut values = Vec::new();
        for i in self.sample(rows.max(64)) {
            values.extend(self.values(i)?);
        }
        Ok((Int8::of_sample(&mut values, self.job.index.quantile), longest))
    }

    /// Codes of `dim` bytes for all rows; `encode` gets the values of a block of rows one by one.
    fn encode(
        &self,
        workers: &mut [()],
        dim: usize,
        encode: impl Fn(&[f32], &mut [u8]) + Sync,
    ) -> Result<CodeBuffer> {
        let mut codes = CodeBuffer::zeroed(self.job.len, dim);
        let rows: Vec<(usize, &mut [u8])> = codes.rows_mut().enumerate().collect();
        let results = parallel(workers, rows, BLOCK_ROWS, |(), (i, row)| {
            let code = row.get_mut(..dim).unwrap_or_default();
            self.values(i).map(|values| encode(&values, code))
        });
        results.into_iter().collect::<Result<()>>()?;
        Ok(codes)
    }

    /// What a vector lacks to the longest one, as a coordinate in steps of the codes.
    fn lifts(&self, int8: Int8, longest: f32) -> Result<Vec<f32>> {
        let lift = |i| {
            let values = self.values(i)?;
            let squared = values.iter().map(|v| v * v).sum::<f32>();
            Ok((longest * longest - squared).max(0.0).sqrt() / int8.scale)
        };
        (0..self.job.len).map(lift).collect()
    }

    /// Shorter codes, if there are good ones.
    fn reduce(
        &self,
        workers: &mut [()],
        codes: &CodeBuffer,
        int8: Int8,
        kernels: Int8Kernels,
    ) -> Result<Option<BuiltReduced>> {
        let dim = self.job.params.dim as usize;
        // Products need the mean kept apart, which a projection of centred vectors has not.
        if dim < REDUCE_DIM_MIN || self.job.params.metric == Metric::Dot {
            return Ok(None);
        }
        let mut sample = Vec::new();
        for i in self.sample(SAMPLE_ROWS) {
            sample.extend(self.values(i)?);
        }
        let Some(trained) = Trained::of_sample(
            &sample,
            dim,
            reduced_dim_max(dim),
            REDUCE_STEP,
            REDUCE_KEPT_MIN,
            self.job.seed,
        ) else {
            return Ok(None);
        };
        (self.job.check)()?;
        let mut coordinates = trained.project(&sample);
        let reduced = Int8::of_sample(&mut coordinates, REDUCE_QUANTILE);
        let mut short = CodeBuffer::zeroed(self.job.len, trained.dim_out());
        let blocks = short.rows_mut().collect::<Vec<_>>();
        let mut blocks: Vec<_> = blocks.into_iter().enumerate().collect();
        let mut groups = Vec::new();
        while !blocks.is_empty() {
            let rest = blocks.split_off(blocks.len().min(BLOCK_ROWS));
            groups.push(std::mem::replace(&mut blocks, rest));
        }
        let results = parallel(workers, groups, 1, |(), group| {
            let mut values = Vec::with_capacity(group.len() * dim);
            for (i, _) in &group {
                values.extend(self.values(*i)?);
            }
            let coordinates = trained.project(&values);
            for ((_, code), row) in group.into_iter().zip(coordinates.chunks_exact(trained.dim_out())) {
                reduced.encode(row, code);
            }
            Ok(())
        });
        results.into_iter().collect::<Result<()>>()?;
        let input = self.input(int8, &sample);
        let (matrix, scales, offsets) = trained.quantize(input);
        let bias = biases(kernels, short.rows());
        let built = BuiltReduced {
            int8: reduced,
            codes: short,
            bias,
            input,
            matrix,
            scales,
            offsets,
            kept: trained.kept,
        };
        Ok(self.is_good_enough(codes, &built, kernels).then_some(built))
    }

    /// How a query's values become the bytes that are projected: as the codes if these are lossless, else over the range of all values.
    fn input(&self, int8: Int8, sample: &[f32]) -> Int8 {
        if int8 == Int8::LOSSLESS {
            return int8;
        }
        let largest =
            sample.iter().fold(0f32, |largest, value| largest.max(value.abs())).max(f32::MIN_POSITIVE);
        Int8 { scale: 2.0 * largest / 255.0, shift: -largest, ..int8 }
    }

    /// Whether those who are near by whole codes are near by the shorter ones too: among the first `REFINES` times as many.
    fn is_good_enough(&self, codes: &CodeBuffer, reduced: &BuiltReduced, kernels: Int8Kernels) -> bool {
        let rows = self.job.len.min(TRIAL_ROWS);
        let (whole, short) =
            (Space::new(codes.rows(), None, kernels), Space::new(reduced.codes.rows(), None, kernels));
        let wide = CURVE_K * REFINES.get(1).copied().unwrap_or(4) as usize;
        let queries: Vec<u32> = self.sample(TRIAL_QUERIES).map(|i| i as u32).collect();
        let truth = whole.nearest_to_each(&queries, rows, CURVE_K);
        let found = short.nearest_to_each(&queries, rows, wide);
        let (mut near, mut all) = (0, 0);
        for (truth, found) in truth.iter().zip(&found) {
            near += truth.iter().filter(|row| found.contains(row)).count();
            all += truth.len();
        }
        near as f32 >= all as f32 * TRIAL_SHARE
    }

    /// What searches of the index find, for which effort: the width of the descent and the curve.
    fn measure(&self, built: &mut BuiltIndex, kernels: Int8Kernels) -> Result<()> {
        if self.job.len <= CURVE_K * 2 {
            return Ok(());
        }
        let tower_codes = built.tower_codes();
        let mut view = built.view(self.job.params.metric, kernels, &tower_codes);
        let queries: Vec<u32> = self.sample(CURVE_QUERIES).map(|i| i as u32).collect();
        let mut workers: Vec<IndexScratch> =
            (0..self.job.threads.max(1)).map(|_| IndexScratch::default()).collect();
        (self.job.check)()?;
        let truth = self.truth(&queries)?;
        (self.job.check)()?;
        let ratio = built.codes.rows().stride() as f32 / view.walked_stride() as f32;
        let refine_cost = if built.reduced.is_some() { ratio } else { 0.0 };
        let mut try_walk = |view: &IndexView<'_>, walk| {
            let found = parallel(&mut workers, truth.iter().collect(), 8, |scratch, truth: &Truth| {
                truth.try_walk(view, walk, scratch)
            });
            let count = found.len().max(1) as f32;
            let mut sum: Finding = (0.0, [0.0; REFINES.len()]);
            for (distances, recalls) in &found {
                sum.0 += distances / count;
                sum.1.iter_mut().zip(recalls).for_each(|(sum, recall)| *sum += recall / count);
            }
            sum
        };
        let recall_of = |finding: Finding| finding.1.iter().copied().fold(0f32, f32::max);
        let mut tries = Vec::new();
        for descent in DESCENTS {
            view.descent = descent;
            tries.push(recall_of(try_walk(&view, IndexView::plain_walk(DESCENT_TRIAL))));
        }
        let best = tries.iter().copied().fold(0f32, f32::max);
        let enough = DESCENTS.into_iter().zip(&tries).find(|(_, recall)| **recall >= best - DESCENT_LOSS);
        view.descent = enough.map_or(1, |(descent, _)| descent);
        (self.job.check)()?;
        let curve = hnsw::measure_curve(refine_cost, |walk| try_walk(&view, walk));
        (built.descent, built.curve) = (view.descent as u32, curve);
        Ok(())
    }

    /// The true neighbours of some rows among all others, by the vectors themselves.
    fn truth(&self, queries: &[u32]) -> Result<Vec<Truth>> {
        let values: Vec<Vec<f32>> =
            queries.iter().map(|query| self.values(*query as usize)).collect::<Result<_>>()?;
        let flat = values.concat();
        let blocks: Vec<Range<usize>> = (0..self.job.len)
            .step_by(TRUTH_ROWS)
            .map(|start| start..self.job.len.min(start + TRUTH_ROWS))
            .collect();
        let mut workers = vec![(); self.job.threads.max(1)];
        let found = parallel(&mut workers, blocks, 1, |(), rows| self.nearest_of_block(rows, queries, &flat));
        let mut nearest: Vec<Vec<(f32, u32)>> = vec![Vec::new(); queries.len()];
        for block in found {
            nearest.iter_mut().zip(block?).for_each(|(all, some)| all.extend(some));
        }
        let truths = queries.iter().zip(values).zip(nearest).map(|((query, values), mut nearest)| {
            nearest.sort_unstable_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            let last = nearest.get(CURVE_K - 1).map_or(f32::INFINITY, |(apart, _)| *apart);
            // Rows as near as the last one count as well.
            let rows = nearest.into_iter().take_while(|(apart, _)| *apart <= last).map(|(_, row)| row);
            Truth { query: *query, values, rows: rows.collect() }
        });
        Ok(truths.collect())
    }

    /// For each query (row-major in `flat`) the nearest rows of a block, itself left out.
    fn nearest_of_block(
        &self,
        rows: Range<usize>,
        queries: &[u32],
        flat: &[f32],
    ) -> Result<Vec<Vec<(f32, u32)>>> {
        let dim = self.job.params.dim as usize;
        let mut block = Vec::with_capacity(rows.len() * dim);
        for i in rows.clone() {
            block.extend(self.values(i)?);
        }
        let squares: Vec<f32> = block.chunks_exact(dim).map(|row| dot_f32(row, row)).collect();
        let by_query = Factor { values: flat, row_step: dim, column_step: 1 };
        let by_row = Factor { values: &block, row_step: 1, column_step: dim };
        let products = product((queries.len(), dim, rows.len()), 1.0, by_query, by_row);
        let nearest = queries.iter().zip(products.chunks_exact(rows.len())).map(|(query, products)| {
            let apart = |(product, square): (&f32, &f32)| match self.job.params.metric {
                Metric::Dot => -product,
                _ => square - 2.0 * product,
            };
            let all = products.iter().zip(&squares).map(apart).zip(rows.start as u32..);
            let mut near: Vec<(f32, u32)> = all.filter(|(_, row)| row != query).collect();
            if near.len() > TRUTH_KEPT {
                near.select_nth_unstable_by(TRUTH_KEPT, |a, b| a.0.total_cmp(&b.0));
                near.truncate(TRUTH_KEPT);
            }
            near
        });
        Ok(nearest.collect())
    }
}

/// One query of the curve.
struct Truth {
    query: u32,
    values: Vec<f32>,
    rows: Vec<u32>,
}

impl Truth {
    /// Distances and recall of one search, for each size of the list that is looked at again.
    fn try_walk(&self, view: &IndexView<'_>, walk: Walk, scratch: &mut IndexScratch) -> Finding {
        scratch.take_counts();
        let walk = Walk { hide: Some(self.query), ..walk };
        let mut recalls = [0.0; REFINES.len()];
        for (recall, refine) in recalls.iter_mut().zip(REFINES) {
            // The vectors put the candidates in order: whoever is among twice as many is found.
            let kept = if view.is_exact(&self.values) { CURVE_K } else { CURVE_K * 2 };
            let how = SearchHow { walk, candidates: CURVE_K * refine as usize, kept };
            let found = view.search(&self.values, how, |row| row != self.query, scratch);
            let hits = found.rows.iter().take(kept).filter(|(_, row)| self.rows.contains(row)).count();
            *recall = hits.min(CURVE_K) as f32 / CURVE_K as f32;
        }
        let (counts, _) = scratch.take_counts();
        (counts.distances as f32 / REFINES.len() as f32, recalls)
    }
}

impl BuiltIndex {
    /// The codes that are walked on, gathered for each upper layer.
    pub(crate) fn tower_codes(&self) -> Vec<LayerCodes> {
        let (rows, bias) = match &self.reduced {
            Some(reduced) => (reduced.codes.rows(), Some(&reduced.bias[..])),
            None => (self.codes.rows(), self.bias.as_deref()),
        };
        LayerCodes::gather(&self.graph.tower, rows, bias)
    }

    pub(crate) fn view<'a>(
        &'a self,
        metric: Metric,
        kernels: Int8Kernels,
        tower_codes: &'a [LayerCodes],
    ) -> IndexView<'a> {
        let reduced = self.reduced.as_ref().map(|r| {
            let matrix = r.matrix.bytes();
            let projection = Projection { matrix, scales: &r.scales, offsets: &r.offsets, input: r.input };
            (Codes { rows: r.codes.rows(), bias: Some(&r.bias), int8: r.int8 }, projection)
        });
        IndexView {
            metric,
            kernels,
            base: self.graph.base(),
            tower: &self.graph.tower,
            tower_codes,
            codes: Codes { rows: self.codes.rows(), bias: self.bias.as_deref(), int8: self.int8 },
            reduced,
            lift: self.lift,
            descent: self.descent as usize,
            curve: &self.curve,
        }
    }
}

impl LayerCodes {
    /// Codes of each layer's nodes; a layer's ids are nodes of the layer below.
    pub(crate) fn gather(tower: &hnsw::Tower, rows: Rows<'_>, bias: Option<&[i32]>) -> Vec<Self> {
        let mut layers: Vec<Self> = Vec::new();
        for upper in &tower.layers {
            let (below, bias) = match layers.last() {
                Some(layer) => (layer.codes.rows(), layer.bias.as_deref()),
                None => (rows, bias),
            };
            let codes = CodeBuffer::copy_of(below, &upper.ids);
            let pick = |bias: &[i32]| {
                upper.ids.iter().map(|id| bias.get(*id as usize).copied().unwrap_or_default()).collect()
            };
            let bias = bias.map(pick);
            layers.push(Self { codes, bias });
        }
        layers
    }
}

/// A wrong shape is a bug of whoever built the index.
pub(crate) fn shape_error(what: impl std::fmt::Display) -> Error {
    Error::internal(format!("an index that does not fit its file: {what}"))
}
