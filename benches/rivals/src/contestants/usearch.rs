//! usearch, built with its own kernels: on the floats, and on bytes.
//!
//! It casts floats to bytes only where all values are from -1 to 1, so bytes are made here: one straight line for all values, over the
//! whole range of the data for Euclid, and through zero for cosine, whose inner product a shift would change.

use anyhow::Context;
use usearch::{Index, IndexOptions, MetricKind, ScalarKind, VectorType};

use super::{Contestant, GraphParams, fill};
use crate::cli::MetricArg;
use crate::set::Set;

/// Largest byte that a value becomes.
const PEAK: f32 = 127.0;

/// What its kernels are compiled for on this machine.
pub(crate) fn acceleration() -> String {
    usearch::hardware_acceleration_available()
}

pub(super) struct Usearch<T> {
    index: Index,
    queries: Vec<T>,
    dim: usize,
}

impl Usearch<f32> {
    pub(super) fn build_f32(set: &Set, graph: GraphParams) -> anyhow::Result<Self> {
        Self::build(set, graph, ScalarKind::F32, &set.base, set.queries.clone())
    }
}

impl Usearch<i8> {
    pub(super) fn build_i8(set: &Set, graph: GraphParams) -> anyhow::Result<Self> {
        let largest = set.base.iter().fold(0.0_f32, |peak, v| peak.max(v.abs()));
        let (low, high) = match set.metric {
            MetricArg::Euclid => {
                set.base.iter().fold((f32::MAX, f32::MIN), |(low, high), v| (low.min(*v), high.max(*v)))
            }
            MetricArg::Cosine => (-largest, largest),
        };
        let scale = 2.0 * PEAK / (high - low).max(f32::MIN_POSITIVE);
        let encode = |values: &[f32]| -> Vec<i8> {
            values.iter().map(|v| ((v - low) * scale - PEAK).round().clamp(-PEAK, PEAK) as i8).collect()
        };
        Self::build(set, graph, ScalarKind::I8, &encode(&set.base), encode(&set.queries))
    }
}

impl<T: VectorType> Usearch<T> {
    fn build(
        set: &Set,
        graph: GraphParams,
        quantization: ScalarKind,
        base: &[T],
        queries: Vec<T>,
    ) -> anyhow::Result<Self> {
        let index = Index::new(&IndexOptions {
            dimensions: set.dim,
            metric: match set.metric {
                MetricArg::Euclid => MetricKind::L2sq,
                MetricArg::Cosine => MetricKind::IP,
            },
            quantization,
            connectivity: graph.m as usize,
            expansion_add: graph.ef_construct as usize,
            ..IndexOptions::default()
        })?;
        index.reserve_capacity_and_threads(set.rows(), 1)?;
        for (row, key) in base.chunks(set.dim).zip(0..) {
            index.add(key, row).with_context(|| format!("usearch refuses row {key}"))?;
        }
        Ok(Self { index, queries, dim: set.dim })
    }
}

impl<T: VectorType> Contestant for Usearch<T> {
    fn set_ef(&mut self, ef: usize) {
        self.index.change_expansion_search(ef);
    }

    fn search(&self, query: usize, out: &mut [u32]) -> anyhow::Result<()> {
        let matches = self.index.search(&self.queries[query * self.dim..][..self.dim], out.len())?;
        fill(out, matches.keys.into_iter());
        Ok(())
    }
}
