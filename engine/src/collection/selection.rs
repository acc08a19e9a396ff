//! Which points a write concerns: ids, or a filter.

use crate::filter::Filter;
use crate::point::PointId;

/// The points that a write concerns: anything that gives ids, or a [`Filter`].
///
/// ```
/// # use nigh::{Collection, Condition, Filter, PointId, Result};
/// # fn f(points: &Collection) -> Result<()> {
/// points.delete([PointId::from(1u64), PointId::from(2u64)])?;
/// points.delete(Filter::new().must(Condition::matches("city", "Seoul")))?;
/// # Ok(())
/// # }
/// ```
pub struct Selection<'a>(pub(super) Selected<'a>);

pub(super) enum Selected<'a> {
    Ids(Box<dyn Iterator<Item = PointId> + 'a>),
    Filter(Filter),
}

impl std::fmt::Debug for Selection<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.0 {
            Selected::Ids(_) => f.write_str("Ids(..)"),
            Selected::Filter(filter) => filter.fmt(f),
        }
    }
}

impl<'a, I> From<I> for Selection<'a>
where
    I: IntoIterator<Item = PointId>,
    I::IntoIter: 'a,
{
    fn from(ids: I) -> Self {
        Self(Selected::Ids(Box::new(ids.into_iter())))
    }
}

impl From<Filter> for Selection<'_> {
    fn from(filter: Filter) -> Self {
        Self(Selected::Filter(filter))
    }
}

impl From<&Filter> for Selection<'_> {
    fn from(filter: &Filter) -> Self {
        Self(Selected::Filter(filter.clone()))
    }
}
