//! Which points a write concerns: ids, or a filter; and which points of an upsert are written.

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

/// What an upsert does with ids that are there already, and with those that are not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UpsertMode {
    /// New points are inserted, existing ones are replaced.
    Upsert,
    /// New points are inserted, existing ones are left as they are.
    InsertOnly,
    /// Existing points are replaced, new ones are left out.
    UpdateOnly,
}

/// Which points of an upsert are written.
///
/// ```
/// # use nigh::{Collection, Condition, Filter, Point, Range, Result, UpsertMode, UpsertOptions};
/// # fn f(points: &Collection, point: Point) -> Result<()> {
/// // A point is only replaced by a newer one.
/// let older = Filter::new().must(Condition::range("updated", Range::new().lt(1_700_000_000)));
/// points.upsert_with([point], &UpsertOptions::new(UpsertMode::Upsert).with_filter(older))?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct UpsertOptions {
    /// New points, existing ones, or both.
    pub mode: UpsertMode,
    /// What an existing point must pass to be replaced; new points are not asked.
    pub filter: Option<Filter>,
}

impl UpsertOptions {
    /// Without a filter.
    pub fn new(mode: UpsertMode) -> Self {
        Self { mode, filter: None }
    }

    /// Replaces only those existing points that pass.
    pub fn with_filter(mut self, filter: impl Into<Filter>) -> Self {
        self.filter = Some(filter.into());
        self
    }
}
