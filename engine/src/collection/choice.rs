//! Writes to points that a filter selects: what is done to them and who they are goes in, one operation on ids comes out when its turn in the log comes.
//!
//! The points are found twice. The caller's thread looks through one view, which takes long and holds nobody up. When the write's turn comes, under the
//! write lock, only what changed since is looked at again: points of the first look that were written or deleted, and points written meanwhile that were not
//! among them. So the operation names exactly the points that pass at its place in the log, and a replay needs no filter.

use super::view::View;
use crate::error::Result;
use crate::filter::CompiledFilter;
use crate::ids::SeqNo;
use crate::point::PointId;
use crate::segment::{PointAt, Segment, SegmentView};
use nigh_format::operation::{Operation, PointIdRecord};
use std::sync::Arc;

/// What is done to points.
#[derive(Debug)]
pub(super) enum Edit {
    Delete,
    SetPayload { patch: Vec<u8>, path: String },
    OverwritePayload { payload: Vec<u8>, path: String },
    DeletePayloadKeys { paths: Vec<String> },
    ClearPayload,
    DeleteVectors { names: Vec<String> },
}

impl Edit {
    pub(super) fn of(&self, ids: Vec<PointIdRecord>) -> Operation {
        match self {
            Edit::Delete => Operation::Delete { ids },
            Edit::SetPayload { patch, path } => {
                Operation::SetPayload { ids, patch: patch.clone(), path: path.clone() }
            }
            Edit::OverwritePayload { payload, path } => {
                Operation::OverwritePayload { ids, payload: payload.clone(), path: path.clone() }
            }
            Edit::DeletePayloadKeys { paths } => Operation::DeletePayloadKeys { ids, paths: paths.clone() },
            Edit::ClearPayload => Operation::ClearPayload { ids },
            Edit::DeleteVectors { names } => Operation::DeleteVectors { ids, names: names.clone() },
        }
    }

    /// Bytes of payload that it adds to a point, at most.
    pub(super) fn added_bytes(&self) -> usize {
        match self {
            Edit::SetPayload { patch: text, path } | Edit::OverwritePayload { payload: text, path } => {
                text.len() + path.len()
            }
            Edit::Delete
            | Edit::DeletePayloadKeys { .. }
            | Edit::ClearPayload
            | Edit::DeleteVectors { .. } => 0,
        }
    }
}

/// A write to the points that pass a filter and whose ids lie in a range.
#[derive(Debug)]
pub(super) struct Choice {
    pub(super) edit: Arc<Edit>,
    pub(super) filter: Arc<CompiledFilter>,
    /// Ids above this one; none for all.
    pub(super) above: Option<PointId>,
    /// Ids up to this one; none for all.
    pub(super) up_to: Option<PointId>,
    /// The points that passed at `seq`, ascending.
    pub(super) ids: Vec<PointId>,
    pub(super) seq: SeqNo,
}

impl Choice {
    pub(super) fn deletes_points(&self) -> bool {
        matches!(*self.edit, Edit::Delete)
    }

    /// The operation on the points that pass in `view`, which is as new as `seq` or newer; none if there are no such points.
    pub(super) fn decide(&self, view: &View) -> Result<Option<Operation>> {
        let ids = if view.seq == self.seq { self.ids.clone() } else { self.look_again(view)? };
        let ids: Vec<PointIdRecord> = ids.into_iter().map(PointId::to_record).collect();
        Ok((!ids.is_empty()).then(|| self.edit.of(ids)))
    }

    fn look_again(&self, view: &View) -> Result<Vec<PointId>> {
        let mut ids = Vec::with_capacity(self.ids.len());
        for id in &self.ids {
            let Some((segment, offset)) = view.find(*id)? else { continue };
            // What was written since is asked below, with what did not pass before.
            if let Some(segment) = view.segments.get(segment)
                && segment.version(offset)? <= self.seq
            {
                ids.push(*id);
            }
        }
        for segment in &view.segments {
            for offset in written_since(segment, self.seq)? {
                let id = segment.id(offset)?;
                let in_range =
                    self.above.is_none_or(|above| id > above) && self.up_to.is_none_or(|up_to| id <= up_to);
                if in_range && self.filter.passes(&mut PointAt::new(segment, offset))? {
                    ids.push(id);
                }
            }
        }
        ids.sort_unstable();
        Ok(ids)
    }
}

/// Live points that were written after `seq`.
fn written_since(view: &SegmentView, seq: SeqNo) -> Result<Vec<u32>> {
    let mut written = Vec::new();
    let newest_first = match &view.segment {
        Segment::Mutable(_) => true,
        Segment::Sealed(sealed) if sealed.last_seq() <= seq => return Ok(written),
        Segment::Sealed(_) => false,
    };
    for offset in (0..view.len).rev() {
        if view.version(offset)? > seq {
            written.push(offset);
        } else if newest_first {
            // In memory, points lie in the order in which they were written.
            break;
        }
    }
    written.retain(|offset| !view.dead.contains(*offset));
    Ok(written)
}
