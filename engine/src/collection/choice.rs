//! Writes that depend on what is there: a filter that selects points, or points that are written under a condition, goes in, one operation on ids comes out when
//! its turn in the log comes.
//!
//! What is there is looked at twice. The caller's thread looks at one view, which takes long and holds nobody up. When the write's turn comes, under the
//! write lock, only what changed since is looked at again: points of the first look that were written or deleted, and points written meanwhile that were not
//! among them. So the operation names exactly the points that pass at its place in the log, and a replay needs no filter.

use super::selection::UpsertMode;
use super::view::View;
use crate::error::{Error, Result};
use crate::filter::CompiledFilter;
use crate::ids::SeqNo;
use crate::point::PointId;
use crate::segment::{PointAt, Segment, SegmentView};
use crate::wal::Encoded;
use nigh_format::operation::{Operation, PointBatch, PointIdRecord};
use std::sync::Arc;

/// What is decided when its turn comes.
#[derive(Debug)]
pub(super) enum Choice {
    Matching(Matching),
    Conditional(Conditional),
}

/// What a choice came to.
#[derive(Debug)]
pub(super) enum Decided<'a> {
    /// All that was asked for, encoded before.
    Whole(&'a Encoded),
    Part(Operation),
}

impl Choice {
    pub(super) fn deletes_points(&self) -> bool {
        match self {
            Choice::Matching(matching) => matches!(*matching.edit, Edit::Delete),
            Choice::Conditional(_) => false,
        }
    }

    /// What is written to `view`, which is as new as the first look or newer; none if that is nothing.
    pub(super) fn decide(&self, view: &View) -> Result<Option<Decided<'_>>> {
        match self {
            Choice::Matching(matching) => Ok(matching.decide(view)?.map(Decided::Part)),
            Choice::Conditional(conditional) => conditional.decide(view),
        }
    }
}

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
pub(super) struct Matching {
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

impl Matching {
    /// The operation on the points that pass in `view`; none if there are no such points.
    fn decide(&self, view: &View) -> Result<Option<Operation>> {
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

/// Points that are written where their ids, and what is there under them, allow it.
#[derive(Debug)]
pub(super) struct Conditional {
    condition: UpsertCondition,
    /// All of them, as one operation.
    whole: Encoded,
    /// Of each point, whether what was there at `seq` allowed it.
    allowed: Vec<bool>,
    seq: SeqNo,
}

/// Which points of a write are written.
#[derive(Debug)]
pub(super) struct UpsertCondition {
    pub(super) mode: UpsertMode,
    /// What an existing point must pass.
    pub(super) filter: Option<CompiledFilter>,
}

impl UpsertCondition {
    fn allows(&self, view: &View, id: PointId, known: impl FnOnce(SeqNo) -> Option<bool>) -> Result<bool> {
        let Some((segment, offset)) = view.find(id)? else { return Ok(self.mode != UpsertMode::UpdateOnly) };
        let segment = view.segments.get(segment).ok_or_else(|| Error::internal("a point in no segment"))?;
        match &self.filter {
            _ if self.mode == UpsertMode::InsertOnly => Ok(false),
            None => Ok(true),
            Some(filter) => match known(segment.version(offset)?) {
                Some(allowed) => Ok(allowed),
                None => filter.passes(&mut PointAt::new(segment, offset)),
            },
        }
    }
}

impl Conditional {
    /// Looks for the first time.
    pub(super) fn new(condition: UpsertCondition, whole: Encoded, view: &View) -> Result<Self> {
        let allows = |id: &PointIdRecord| condition.allows(view, PointId::from_record(*id), |_| None);
        let allowed = whole.operation.ids().iter().map(allows).collect::<Result<_>>()?;
        Ok(Self { condition, whole, allowed, seq: view.seq })
    }

    /// Bytes that it takes in the log, at most.
    pub(super) fn bytes(&self) -> usize {
        self.whole.body.len()
    }

    fn decide(&self, view: &View) -> Result<Option<Decided<'_>>> {
        let mut allowed = Vec::with_capacity(self.allowed.len());
        for (id, before) in self.whole.operation.ids().iter().zip(&self.allowed) {
            // A version that is not newer than the first look was there at it.
            let known = |version| (version <= self.seq).then_some(*before);
            allowed.push(self.condition.allows(view, PointId::from_record(*id), known)?);
        }
        if allowed.iter().all(|allowed| *allowed) {
            return Ok(Some(Decided::Whole(&self.whole)));
        }
        if !allowed.contains(&true) {
            return Ok(None);
        }
        let kept = |batch: &PointBatch| batch.kept(|place| allowed.get(place).copied().unwrap_or_default());
        let part = match &self.whole.operation {
            Operation::Upsert(batch) => Operation::Upsert(kept(batch)),
            Operation::UpdateVectors(batch) => Operation::UpdateVectors(kept(batch)),
            other => return Err(Error::internal(format!("a condition on {} edits", other.ids().len()))),
        };
        Ok(Some(Decided::Part(part)))
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
