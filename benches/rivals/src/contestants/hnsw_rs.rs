//! hnsw_rs, with its feature `simdeez_f`: distances with AVX2 on stable Rust. (Its other one, `stdsimd`, needs a nightly compiler.)

use hnsw_rs::anndists::dist::{DistDot, DistL2, Distance};
use hnsw_rs::hnsw::Hnsw;

use super::{Contestant, GraphParams, fill};
use crate::cli::MetricArg;
use crate::set::Set;

/// Its own bound of levels, which is also the usual choice.
const LEVELS_MAX: usize = 16;

struct HnswRs<D: Distance<f32> + Send + Sync> {
    index: Hnsw<'static, f32, D>,
    queries: Vec<f32>,
    dim: usize,
    ef: usize,
}

/// Indexes the set.
pub(super) fn build(set: &Set, graph: GraphParams) -> anyhow::Result<Box<dyn Contestant>> {
    Ok(match set.metric {
        MetricArg::Euclid => Box::new(HnswRs::build(set, graph, DistL2 {})),
        // Vectors have length 1, for which it recommends this instead of its cosine.
        MetricArg::Cosine => Box::new(HnswRs::build(set, graph, DistDot {})),
    })
}

impl<D: Distance<f32> + Send + Sync> HnswRs<D> {
    fn build(set: &Set, graph: GraphParams, distance: D) -> Self {
        let GraphParams { m, ef_construct } = graph;
        let mut index = Hnsw::new(m as usize, set.rows(), LEVELS_MAX, ef_construct as usize, distance);
        for (id, row) in set.base.chunks(set.dim).enumerate() {
            index.insert((row, id));
        }
        index.set_searching_mode(true);
        Self { index, queries: set.queries.clone(), dim: set.dim, ef: 0 }
    }
}

impl<D: Distance<f32> + Send + Sync> Contestant for HnswRs<D> {
    fn set_ef(&mut self, ef: usize) {
        self.ef = ef;
    }

    fn search(&self, query: usize, out: &mut [u32]) -> anyhow::Result<()> {
        let found = self.index.search(&self.queries[query * self.dim..][..self.dim], out.len(), self.ef);
        fill(out, found.iter().map(|neighbour| neighbour.d_id as u64));
        Ok(())
    }
}
