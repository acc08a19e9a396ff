//! The filters of one query: each is compiled once, and the points that pass are found once, however many stages look among them.
//!
//! A filter of a stage holds of all stages below it. So filters are layers, each within the one of a stage further up; only points that pass there are asked.

use crate::collection::Shared;
use crate::collection::view::View;
use crate::error::Result;
use crate::filter::{CompiledFilter, Filter};
use crate::query::{Matches, matching};
use crate::threads::Limiter;
use std::sync::Arc;

/// All layers of a query, each after the one that it is within.
#[derive(Debug, Default)]
pub(super) struct Filters(Vec<Layer>);

#[derive(Debug)]
struct Layer {
    /// Place of the layer that it is within.
    within: Option<usize>,
    asks: Asks,
    compiled: Arc<CompiledFilter>,
}

/// What a layer is known by.
#[derive(Debug, PartialEq)]
enum Asks {
    Filter(Filter),
    /// The place of a vector that points must have.
    HasVector(usize),
}

impl Filters {
    /// The layer of a filter within another.
    ///
    /// # Errors
    /// Those of `compile`, which is called where the filter is new.
    pub(super) fn add(
        &mut self,
        within: Option<usize>,
        filter: &Filter,
        compile: impl FnOnce() -> Result<CompiledFilter>,
    ) -> Result<usize> {
        self.layer(within, Asks::Filter(filter.clone()), compile)
    }

    /// The layer of those that have a vector, within another.
    ///
    /// # Errors
    /// None of its own.
    pub(super) fn having(&mut self, within: usize, vector: usize) -> Result<usize> {
        self.layer(Some(within), Asks::HasVector(vector), || Ok(CompiledFilter::having_vector(vector)))
    }

    fn layer(
        &mut self,
        within: Option<usize>,
        asks: Asks,
        compile: impl FnOnce() -> Result<CompiledFilter>,
    ) -> Result<usize> {
        let is_same = |layer: &Layer| layer.within == within && layer.asks == asks;
        if let Some(known) = self.0.iter().position(is_same) {
            return Ok(known);
        }
        self.0.push(Layer { within, asks, compiled: Arc::new(compile()?) });
        Ok(self.0.len() - 1)
    }

    /// Of each layer, the points that pass.
    ///
    /// # Errors
    /// `Cancelled` or `Timeout` from the limiter, `Corrupt` if a point's bytes are damaged.
    pub(super) fn find(&self, shared: &Shared, view: &View, limiter: &Limiter) -> Result<Vec<Matches>> {
        let mut found: Vec<Matches> = Vec::with_capacity(self.0.len());
        if self.0.is_empty() {
            return Ok(found);
        }
        let segments = view.segments.clone().into();
        for Layer { within, compiled, .. } in &self.0 {
            let within = within.and_then(|within| found.get(within));
            let matches = matching(&segments, compiled, within, limiter, &shared.env.pool)?;
            found.push(matches);
        }
        Ok(found)
    }
}
