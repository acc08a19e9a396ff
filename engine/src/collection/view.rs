//! One moment of a collection: what every read of one call sees.
//!
//! A view is a value. Writers work on their own copy and publish it whole; a reader that took one is not disturbed by anything later.
//! Invariant: at most one version of a point is alive in a view. The last segment is the active mutable one.

use crate::error::Result;
use crate::ids::SeqNo;
use crate::point::PointId;
use crate::segment::{Mutable, SegmentView};
use std::sync::Arc;

/// All segments at one moment, oldest first.
#[derive(Debug, Clone)]
pub(crate) struct View {
    /// Every operation up to this one is visible, and no later one.
    pub(crate) seq: SeqNo,
    pub(crate) segments: Vec<SegmentView>,
}

impl View {
    pub(crate) fn new(seq: SeqNo, mut sealed: Vec<SegmentView>, active: Arc<Mutable>) -> Self {
        sealed.push(SegmentView::empty(active));
        Self { seq, segments: sealed }
    }

    /// Segment and offset of the live version of a point.
    pub(crate) fn find(&self, id: PointId) -> Result<Option<(usize, u32)>> {
        for (index, segment) in self.segments.iter().enumerate().rev() {
            if segment.live_count() == 0 {
                continue;
            }
            if let Some(offset) = segment.find(id)? {
                return Ok(Some((index, offset)));
            }
        }
        Ok(None)
    }

    pub(crate) fn point_count(&self) -> u64 {
        self.segments.iter().map(|s| u64::from(s.live_count())).sum()
    }

    /// Memory of all mutable segments.
    pub(crate) fn mutable_bytes(&self) -> u64 {
        self.segments.iter().filter_map(|s| s.as_mutable()).map(|m| m.bytes()).sum()
    }

    pub(crate) fn active(&self) -> Option<&Arc<Mutable>> {
        self.segments.last().and_then(SegmentView::as_mutable)
    }
}
