//! An index as it is searched: parts that lie in memory or in mapped files go in, the nearest rows to a query come out.

use crate::hnsw::{
    self, CodeDistances, Counts, Distances, Layer, Scratch, Stop, Tower, Walk, descend, walk, walk_among,
};
use crate::kernels::int8::{Int8Kernels, Rows};
use crate::quantization::{CodeBuffer, Int8, Projection, is_bytes};
use nigh_format::codes::Quantizer;
use nigh_format::manifest::Metric;

/// Codes of rows, as they are searched.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Codes<'a> {
    pub(crate) rows: Rows<'a>,
    /// |x|² - 256 Σx of each row for Euclidean distances, which order unit vectors by cosine too, and with smaller errors than products: an
    /// error of a code counts in proportion to how far apart the two are, not to their lengths. None where products are compared.
    pub(crate) bias: Option<&'a [i32]>,
    pub(crate) int8: Int8,
}

/// The codes of an upper layer's nodes, gathered so that they lie together.
#[derive(Debug)]
pub(crate) struct LayerCodes {
    pub(crate) codes: CodeBuffer,
    pub(crate) bias: Option<Vec<i32>>,
}

/// An index of one vector.
#[derive(Debug, Clone, Copy)]
pub(crate) struct IndexView<'a> {
    pub(crate) metric: Metric,
    pub(crate) kernels: Int8Kernels,
    pub(crate) base: Layer<'a>,
    pub(crate) tower: &'a Tower,
    pub(crate) tower_codes: &'a [LayerCodes],
    /// Codes of whole vectors.
    pub(crate) codes: Codes<'a>,
    /// Shorter codes to walk on, and how a query becomes one.
    pub(crate) reduced: Option<(Codes<'a>, Projection<'a>)>,
    /// Under the dot product, the length of the longest vector.
    pub(crate) lift: f32,
    /// Candidates kept on the way down the upper layers.
    pub(crate) descent: usize,
    pub(crate) curve: &'a [hnsw::CurvePoint],
}

/// How to search.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct SearchHow {
    pub(crate) walk: Walk,
    /// Candidates to keep after the walk, and to look at again with all codes.
    pub(crate) candidates: usize,
    /// How many of these come first, in order; the others are left out where they were looked at again.
    pub(crate) kept: usize,
}

/// Memory of a search, to be used again.
#[derive(Debug, Default)]
pub(crate) struct IndexScratch {
    walk: Scratch,
    starts: Vec<u32>,
    query: Vec<i8>,
    fine_query: Vec<i8>,
    dots: Vec<i32>,
    projected: Vec<f32>,
    rows: Vec<u32>,
    keys: Vec<u32>,
    found: Vec<(u32, u32)>,
    /// Distances on whole codes.
    refined: u64,
}

impl IndexScratch {
    /// The nearest live nodes of the last walk.
    fn take_found(&mut self, count: usize, is_live: impl Fn(u32) -> bool) {
        let words = self.walk.beam.words().iter();
        let nearest = words.map(|word| (hnsw::key_of(*word), hnsw::id_of(*word)));
        self.found.clear();
        self.found.extend(nearest.filter(|(_, row)| is_live(*row)).take(count));
    }

    fn as_found(&self) -> Found<'_> {
        let (live, met) = (self.found.len(), self.walk.beam.words().len());
        Found { rows: &self.found, live, met, exact: None }
    }

    /// What searches did since the last call.
    pub(crate) fn take_counts(&mut self) -> (Counts, u64) {
        (std::mem::take(&mut self.walk.counts), std::mem::take(&mut self.refined))
    }
}

/// What a search found: rows, nearest first, each with a key of its distance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Found<'s> {
    pub(crate) rows: &'s [(u32, u32)],
    /// Live candidates that the walk ended with, up to those asked for, and all that it ended with.
    pub(crate) live: usize,
    pub(crate) met: usize,
    /// Where keys stand for exact squared Euclidean distances: what to add to a key.
    pub(crate) exact: Option<i64>,
}

const SIGN: u32 = 1 << 31;
/// Rows that are compared at a time when all are.
const SCAN_BLOCK: usize = 256;

impl<'a> IndexView<'a> {
    /// The rows nearest to `query`, which is of length 1 under cosine; `is_live` says which may be found. Fewer than asked for when the walk met fewer.
    pub(crate) fn search<'s>(
        &self,
        query: &[f32],
        how: SearchHow,
        is_live: impl Fn(u32) -> bool,
        scratch: &'s mut IndexScratch,
    ) -> Found<'s> {
        let offset = self.start(query, scratch);
        let IndexScratch { walk: walking, starts, query: code, .. } = &mut *scratch;
        let codes = self.reduced.as_ref().map_or(&self.codes, |(codes, _)| codes);
        let mut distances = self.distances(codes.rows, codes.bias, code, offset);
        walk(self.base, &mut distances, starts, how.walk, walking);
        scratch.take_found(how.candidates, is_live);
        if self.reduced.is_some() {
            return self.refine(query, how.kept, scratch);
        }
        let exact = self.exact_offset(query, offset);
        Found { exact, ..scratch.as_found() }
    }

    /// The rows nearest to `query`, from which [`IndexView::start`] made `offset`, of those that pass, by a walk over these alone. Perhaps fewer than there are: where the graph does not connect them.
    pub(crate) fn search_among<'s>(
        &self,
        (query, offset): (&[f32], f64),
        how: SearchHow,
        passes: impl Fn(u32) -> bool,
        scratch: &'s mut IndexScratch,
    ) -> Found<'s> {
        let IndexScratch { walk: walking, starts, query: code, .. } = &mut *scratch;
        let codes = self.reduced.as_ref().map_or(&self.codes, |(codes, _)| codes);
        let mut distances = self.distances(codes.rows, codes.bias, code, offset);
        walk_among(self.base, &mut distances, starts, how.walk, passes, walking);
        scratch.take_found(how.candidates, |_| true);
        if self.reduced.is_some() {
            return self.refine(query, how.kept, scratch);
        }
        let exact = self.exact_offset(query, offset);
        Found { exact, ..scratch.as_found() }
    }

    /// The rows nearest to `query` of those that `rows` names, each of which is compared on codes. `rows` ascend.
    pub(crate) fn scan<'s>(
        &self,
        query: &[f32],
        (candidates, kept): (usize, usize),
        rows: impl Iterator<Item = u32>,
        scratch: &'s mut IndexScratch,
    ) -> Found<'s> {
        let offset = self.encode_walked(query, scratch);
        let IndexScratch { walk: walking, query: code, rows: block, keys, found, .. } = &mut *scratch;
        let codes = self.reduced.as_ref().map_or(&self.codes, |(codes, _)| codes);
        let mut distances = self.distances(codes.rows, codes.bias, code, offset);
        let mut farthest = u32::MAX;
        found.clear();
        let mut rows = rows.peekable();
        while rows.peek().is_some() {
            block.clear();
            block.extend(rows.by_ref().take(SCAN_BLOCK));
            keys.resize(block.len(), 0);
            distances.keys(block, keys);
            walking.counts.distances += block.len() as u64;
            found.extend(keys.iter().copied().zip(block.iter().copied()).filter(|(key, _)| *key <= farthest));
            if found.len() >= candidates * 2 + SCAN_BLOCK {
                found.select_nth_unstable(candidates);
                found.truncate(candidates);
                farthest = found.iter().map(|(key, _)| *key).max().unwrap_or(u32::MAX);
            }
        }
        found.sort_unstable();
        found.truncate(candidates);
        if self.reduced.is_some() {
            return self.refine(query, kept, scratch);
        }
        let exact = self.exact_offset(query, offset);
        let live = scratch.found.len();
        Found { rows: &scratch.found, live, met: live, exact }
    }

    /// The rows nearest by any distances, which only the upper layers need a code of the query for.
    pub(crate) fn search_by<'s>(
        &self,
        query: &[f32],
        distances: &mut impl Distances,
        how: SearchHow,
        is_live: impl Fn(u32) -> bool,
        scratch: &'s mut IndexScratch,
    ) -> Found<'s> {
        self.start(query, scratch);
        let IndexScratch { walk: walking, starts, .. } = &mut *scratch;
        walk(self.base, distances, starts, how.walk, walking);
        scratch.take_found(how.candidates, is_live);
        Found { exact: None, ..scratch.as_found() }
    }

    /// Encodes the query and walks down to where the nodes are entered; what makes a squared distance of `bias - 2 dot`.
    pub(crate) fn start(&self, query: &[f32], scratch: &mut IndexScratch) -> f64 {
        let offset = self.encode_walked(query, scratch);
        let IndexScratch { walk: walking, starts, query: code, .. } = scratch;
        let layer = |level: usize| {
            let (rows, bias) = match self.tower_codes.get(level) {
                Some(layer) => (layer.codes.rows(), layer.bias.as_deref()),
                None => (Rows::new(&[], 0), None),
            };
            self.distances(rows, bias, code, offset)
        };
        descend(self.tower, self.descent, layer, starts, walking);
        offset
    }

    /// The share that passes of about `count` rows around those that a walk starts from; [`IndexView::start`] comes before.
    pub(crate) fn share_near(
        &self,
        passes: impl Fn(u32) -> bool,
        count: usize,
        scratch: &IndexScratch,
    ) -> f64 {
        let near =
            |rows: &[u32]| -> Vec<u32> { rows.iter().flat_map(|row| self.base.neighbors(*row)).collect() };
        let mut rows = near(&scratch.starts);
        if rows.len() < count {
            let more = count.div_ceil(self.base.row_len().max(1)).min(rows.len());
            rows = near(rows.get(..more).unwrap_or_default());
        }
        rows.iter().filter(|row| passes(**row)).count() as f64 / rows.len().max(1) as f64
    }

    /// The query in the codes that are walked on; what makes a squared distance of `bias - 2 dot`.
    fn encode_walked(&self, query: &[f32], scratch: &mut IndexScratch) -> f64 {
        let IndexScratch { query: code, dots, projected, .. } = scratch;
        match &self.reduced {
            Some((codes, projection)) => {
                projection.project(self.kernels, query, code, dots, projected);
                self.encode(codes, projected, code)
            }
            None => self.encode(&self.codes, query, code),
        }
    }

    /// Orders what was found by whole codes.
    fn refine<'s>(&self, query: &[f32], kept: usize, scratch: &'s mut IndexScratch) -> Found<'s> {
        let (live, met) = (scratch.found.len(), scratch.walk.beam.words().len());
        let IndexScratch { fine_query, rows, keys, found, refined, .. } = scratch;
        let offset = self.encode(&self.codes, query, fine_query);
        rows.clear();
        rows.extend(found.iter().map(|(_, row)| *row));
        keys.clear();
        keys.resize(rows.len(), 0);
        let mut distances = self.distances(self.codes.rows, self.codes.bias, fine_query, offset);
        distances.keys(rows, keys);
        *refined += rows.len() as u64;
        found.clear();
        found.extend(keys.iter().copied().zip(rows.iter().copied()));
        if found.len() > kept {
            found.select_nth_unstable(kept);
            found.truncate(kept);
        }
        found.sort_unstable();
        let exact = self.exact_offset(query, offset);
        Found { rows: found, live, met, exact }
    }

    fn exact_offset(&self, query: &[f32], offset: f64) -> Option<i64> {
        self.is_exact(query).then_some(offset as i64)
    }

    /// Whether distances of whole codes are those of the vectors.
    pub(crate) fn is_exact(&self, query: &[f32]) -> bool {
        self.metric == Metric::Euclid && self.codes.int8.quantizer == Quantizer::Lossless && is_bytes(query)
    }

    fn distances<'b>(
        &self,
        rows: Rows<'b>,
        bias: Option<&'b [i32]>,
        query: &'b [i8],
        offset: f64,
    ) -> CodeDistances<'b> {
        let offset = offset as f32;
        CodeDistances { rows, bias, query, offset, kernels: self.kernels, prefetch: hnsw::prefetch_for(rows) }
    }

    /// The query's codes, padded to the codes' stride; what makes a squared distance of `bias - 2 dot`.
    fn encode(&self, codes: &Codes<'_>, values: &[f32], code: &mut Vec<i8>) -> f64 {
        let int8 = &codes.int8;
        let offset = if codes.bias.is_some() {
            int8.encode_query(values, code);
            f64::from(code.iter().map(|c| (i32::from(*c) + 128).pow(2)).fold(0i32, i32::wrapping_add))
        } else {
            // |x - q|² = |x|² + |q|² - 2 x·q in units of both scales, where the lift makes all |x| the longest.
            let scale = Int8::encode_products(values, code);
            let sum = code.iter().fold(0i32, |sum, c| sum.wrapping_add(i32::from(*c)));
            let norms = self.lift * self.lift + values.iter().map(|v| v * v).sum::<f32>();
            f64::from(norms - 2.0 * int8.shift * scale * sum as f32) / f64::from(int8.scale * scale)
        };
        code.resize(codes.rows.stride(), 0);
        offset
    }

    /// The squared distance that an exact key stands for.
    pub(crate) fn squared(key: u32, exact: i64) -> f64 {
        (i64::from((key ^ SIGN) as i32) + exact) as f64
    }

    /// A walk that ends only when its beam of `width` is used up.
    pub(crate) fn plain_walk(width: usize) -> Walk {
        Walk { width, stop: Stop::NEVER, hide: None }
    }

    /// Bytes of a code that is walked on.
    pub(crate) fn walked_stride(&self) -> usize {
        self.reduced.as_ref().map_or(self.codes.rows, |(codes, _)| codes.rows).stride()
    }
}

#[cfg(test)]
mod rungs;
