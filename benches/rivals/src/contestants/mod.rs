//! Who is measured: vectors go in, something that answers queries comes out. One file a library.
//!
//! Queries are handed over before the clock starts, so that each library gets them in the form it likes best.

mod hnsw_rs;
mod nigh;
mod usearch;

use crate::cli::Kind;
use crate::set::Set;

pub(crate) use nigh_capi::GraphParams;
pub(crate) use usearch::acceleration;

/// A library that has indexed the set.
pub(crate) trait Contestant {
    /// How many candidates the next searches keep on the way.
    fn set_ef(&mut self, ef: usize);

    /// Fills `out` with the rows nearest to query number `query`, best first.
    fn search(&self, query: usize, out: &mut [u32]) -> anyhow::Result<()>;
}

/// Indexes the set, on one thread.
pub(crate) fn build(kind: Kind, set: &Set, graph: GraphParams) -> anyhow::Result<Box<dyn Contestant>> {
    Ok(match kind {
        Kind::Nigh => Box::new(nigh::Nigh::build(set, graph)?),
        Kind::UsearchF32 => Box::new(usearch::Usearch::build_f32(set, graph)?),
        Kind::UsearchI8 => Box::new(usearch::Usearch::build_i8(set, graph)?),
        Kind::HnswRs => hnsw_rs::build(set, graph)?,
    })
}

/// Copies what a library found to where it belongs; the rest of `out` is no row.
fn fill(out: &mut [u32], rows: impl Iterator<Item = u64>) {
    let rows = rows.map(|row| u32::try_from(row).unwrap_or(u32::MAX)).chain(std::iter::repeat(u32::MAX));
    for (place, row) in out.iter_mut().zip(rows) {
        *place = row;
    }
}
