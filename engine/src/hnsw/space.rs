//! Codes as a space: rows of bytes go in, squared Euclidean distances come out, between rows or to a query.
//!
//! All distances are exact integers in units of one step of the code. With q the query's codes less 128, |x - q|² is
//! |x|² - 256 Σx - 2 x·q + |q|²: one multiply-add per 64 codes and one number a row, its bias (design of the kernels: `kernels/int8.rs`).
//!
//! Inner products get a graph of Euclidean neighbours too: with one more coordinate, sqrt(M² - |x|²) where M is the longest vector's length, the
//! nearest by Euclid are the largest by product (Bachrach et al., RecSys 2014). That coordinate is kept apart as `lift`.

use super::search::Distances;
use crate::kernels::int8::{Int8Kernels, Prefetch, Rows};

/// Codes that a graph is built on.
#[derive(Debug)]
pub(crate) struct Space<'a> {
    pub(crate) rows: Rows<'a>,
    /// |x|² - 256 Σx of each row.
    bias: Vec<i32>,
    /// |x|² of each row.
    norm: Vec<i32>,
    /// The extra coordinate of each row, for inner products.
    lift: Option<Vec<f32>>,
    pub(crate) kernels: Int8Kernels,
    prefetch: Prefetch,
}

/// |x|² - 256 Σx of a code.
pub(crate) fn bias_of(kernels: Int8Kernels, code: &[u8]) -> i32 {
    let (sum, squares) = kernels.sums_u8(code);
    (squares as i64 - 256 * i64::from(sum)) as i32
}

impl<'a> Space<'a> {
    /// `lift` has one number a row.
    pub(crate) fn new(rows: Rows<'a>, lift: Option<Vec<f32>>, kernels: Int8Kernels) -> Self {
        let (mut bias, mut norm) = (Vec::with_capacity(rows.len()), Vec::with_capacity(rows.len()));
        for row in (0..rows.len() as u32).filter_map(|node| rows.row(node)) {
            let (sum, squares) = kernels.sums_u8(row);
            norm.push(squares as i32);
            bias.push((squares as i64 - 256 * i64::from(sum)) as i32);
        }
        Self { rows, bias, norm, lift, kernels, prefetch: prefetch_for(rows) }
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// The codes of a node as a query.
    pub(crate) fn query_of(&self, node: u32, query: &mut Vec<i8>) {
        query.clear();
        query.extend(self.rows.row(node).unwrap_or_default().iter().map(|code| (code ^ 0x80) as i8));
    }

    /// Squared distances of a point with these codes, norm and lift to nodes.
    #[inline]
    fn distances(&self, query: &[i8], norm: i32, lift: f32, nodes: &[u32], out: &mut [i32]) {
        self.kernels.dot_rows(self.rows, nodes, query, self.prefetch, out);
        for (out, node) in out.iter_mut().zip(nodes) {
            *out = norm.wrapping_add(self.bias[*node as usize]).wrapping_sub(out.wrapping_mul(2));
        }
        if let Some(lifts) = &self.lift {
            for (out, node) in out.iter_mut().zip(nodes) {
                let apart = lift - lifts[*node as usize];
                *out = out.saturating_add((apart * apart) as i32);
            }
        }
    }

    /// Squared distances of `node`, whose codes `query` holds, to others.
    #[inline]
    pub(crate) fn node_distances(&self, node: u32, query: &[i8], others: &[u32], out: &mut [i32]) {
        self.distances(query, self.norm[node as usize], self.lift_of(node), others, out);
    }

    fn lift_of(&self, node: u32) -> f32 {
        self.lift.as_ref().map_or(0.0, |lift| lift[node as usize])
    }

    /// Distances of `node`, whose codes `query` holds.
    pub(crate) fn of_node<'b>(&'b self, node: u32, query: &'b [i8]) -> NodeDistances<'b> {
        self.of_node_to(self, node, query)
    }

    /// Distances of this space's `node`, whose codes `query` holds, to the nodes of a sample of it.
    pub(crate) fn of_node_to<'b>(
        &self,
        sample: &'b Space<'b>,
        node: u32,
        query: &'b [i8],
    ) -> NodeDistances<'b> {
        NodeDistances { space: sample, query, norm: self.norm[node as usize], lift: self.lift_of(node) }
    }

    /// Bias, norm and lift of some nodes, for a space whose rows are copies of theirs.
    pub(crate) fn sample<'b>(&self, nodes: &[u32], rows: Rows<'b>) -> Space<'b> {
        let pick = |values: &[i32]| nodes.iter().map(|node| values[*node as usize]).collect();
        let lift = self.lift.as_ref().map(|lift| nodes.iter().map(|node| lift[*node as usize]).collect());
        let (bias, norm) = (pick(&self.bias), pick(&self.norm));
        Space { rows, bias, norm, lift, kernels: self.kernels, prefetch: self.prefetch }
    }

    /// For each of some nodes, the `k` nearest others among the first `rows` rows, in no order. The nodes' own lift does not count.
    pub(crate) fn nearest_to_each(&self, nodes: &[u32], rows: usize, k: usize) -> Vec<Vec<u32>> {
        let mut queries = vec![Vec::new(); nodes.len()];
        queries.iter_mut().zip(nodes).for_each(|(query, node)| self.query_of(*node, query));
        let mut best: Vec<Nearest> = nodes.iter().map(|_| Nearest::new(k)).collect();
        let mut dots = [0i32; SCAN_ROWS];
        // Some rows at a time for all queries, so that each row comes from memory once.
        for start in (0..rows.min(self.len())).step_by(SCAN_ROWS) {
            let dots = &mut dots[..SCAN_ROWS.min(rows.min(self.len()) - start)];
            for ((query, best), node) in queries.iter().zip(&mut best).zip(nodes) {
                self.kernels.dot_run(self.rows, start as u32, query, dots);
                for (dot, row) in dots.iter().zip(start as u32..) {
                    let key = self.bias[row as usize].wrapping_sub(dot.wrapping_mul(2));
                    let lift = self.lift_of(row);
                    let key = if lift == 0.0 { key } else { key.saturating_add((lift * lift) as i32) };
                    if key <= best.bound && row != *node {
                        best.push(key, row);
                    }
                }
            }
        }
        best.into_iter().map(Nearest::finish).collect()
    }

    /// The node nearest to the mean of all.
    pub(crate) fn medoid(&self) -> u32 {
        let len = self.len();
        let stride = self.rows.row(0).map_or(0, <[u8]>::len);
        let step = (len / 4096).max(1);
        let mut mean = vec![0u64; stride];
        let sample: Vec<u32> = (0..len as u32).step_by(step).collect();
        for row in sample.iter().filter_map(|node| self.rows.row(*node)) {
            mean.iter_mut().zip(row).for_each(|(sum, code)| *sum += u64::from(*code));
        }
        let count = sample.len().max(1) as u64;
        let query: Vec<i8> =
            mean.iter().map(|sum| ((sum + count / 2) / count) as u8 ^ 0x80).map(|c| c as i8).collect();
        let mut dots = vec![0; sample.len()];
        self.kernels.dot_rows(self.rows, &sample, &query, self.prefetch, &mut dots);
        let key =
            |(node, dot): (&u32, &i32)| (self.bias[*node as usize].wrapping_sub(dot.wrapping_mul(2)), *node);
        sample.iter().zip(&dots).map(key).min().map_or(0, |(_, node)| node)
    }
}

/// Rows of a scan that several queries share: some dozen kilobytes.
const SCAN_ROWS: usize = 128;

/// The nearest rows of a scan so far.
struct Nearest {
    k: usize,
    kept: Vec<(i32, u32)>,
    /// Nothing beyond gets in.
    bound: i32,
}

impl Nearest {
    fn new(k: usize) -> Self {
        Self { k, kept: Vec::with_capacity(4 * k), bound: i32::MAX }
    }

    fn push(&mut self, key: i32, row: u32) {
        self.kept.push((key, row));
        if self.kept.len() >= 4 * self.k {
            self.shrink();
        }
    }

    fn shrink(&mut self) {
        if self.kept.len() > self.k {
            self.bound = self.kept.select_nth_unstable(self.k - 1).1.0;
            self.kept.truncate(self.k);
        }
    }

    fn finish(mut self) -> Vec<u32> {
        self.shrink();
        self.kept.into_iter().map(|(_, row)| row).collect()
    }
}

/// Rows that are asked for at once: some kilobytes, so that a core's outstanding reads are used and no more.
pub(crate) fn prefetch_for(rows: Rows<'_>) -> Prefetch {
    let lines = rows.stride().div_ceil(64).max(1) as u32;
    Prefetch { ahead: (48 / lines).clamp(2, 16), lines }
}

/// Distances of one node, or of any codes, to the nodes of a space.
#[derive(Debug)]
pub(crate) struct CodeDistances<'a> {
    pub(crate) rows: Rows<'a>,
    /// Nothing where the bias is 0 for all.
    pub(crate) bias: Option<&'a [i32]>,
    pub(crate) query: &'a [i8],
    /// Added to `bias - 2 dot` it makes a squared distance.
    pub(crate) offset: f32,
    pub(crate) kernels: Int8Kernels,
    pub(crate) prefetch: Prefetch,
}

const SIGN: u32 = 1 << 31;

impl Distances for CodeDistances<'_> {
    #[inline]
    fn keys(&mut self, nodes: &[u32], keys: &mut [u32]) {
        let dots: &mut [i32] = bytemuck::cast_slice_mut(keys);
        self.kernels.dot_rows(self.rows, nodes, self.query, self.prefetch, dots);
        match self.bias {
            Some(bias) => {
                for (key, node) in keys.iter_mut().zip(nodes) {
                    *key = (bias[*node as usize] as u32).wrapping_sub(key.wrapping_mul(2)) ^ SIGN;
                }
            }
            None => keys.iter_mut().for_each(|key| *key = 0u32.wrapping_sub(key.wrapping_mul(2)) ^ SIGN),
        }
    }

    #[inline]
    fn distance(&self, key: u32) -> f32 {
        (key ^ SIGN) as i32 as f32 + self.offset
    }

    #[inline]
    fn key(&self, distance: f32) -> u32 {
        ((distance - self.offset).ceil() as i32) as u32 ^ SIGN
    }
}

/// Distances of one node to the nodes of a space, lift included.
#[derive(Debug)]
pub(crate) struct NodeDistances<'a> {
    space: &'a Space<'a>,
    query: &'a [i8],
    norm: i32,
    lift: f32,
}

impl Distances for NodeDistances<'_> {
    #[inline]
    fn keys(&mut self, nodes: &[u32], keys: &mut [u32]) {
        let out = bytemuck::cast_slice_mut(keys);
        self.space.distances(self.query, self.norm, self.lift, nodes, out);
    }

    #[inline]
    fn distance(&self, key: u32) -> f32 {
        key as f32
    }

    #[inline]
    fn key(&self, distance: f32) -> u32 {
        distance as u32
    }
}
