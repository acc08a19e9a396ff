//! A segment at one moment: its length then and its dead points then. Reads through it never see anything newer.

use super::{Mutable, Sealed, Tombstones};
use crate::error::{Error, Result};
use crate::filter::{FieldValues, OffsetSet, text_at};
use crate::ids::SeqNo;
use crate::payload::{GrowingField, IndexedField, SealedField};
use crate::point::{Payload, PointId};
use crate::vectors::Row;
use std::borrow::Cow;
use std::collections::BinaryHeap;
use std::ops::Range;
use std::sync::Arc;

/// Either kind of segment.
#[derive(Debug, Clone)]
pub(crate) enum Segment {
    /// In memory, growing.
    Mutable(Arc<Mutable>),
    /// On disk, immutable.
    Sealed(Arc<Sealed>),
}

/// A segment, how much of it counts, and what of that is dead.
#[derive(Debug, Clone)]
pub(crate) struct SegmentView {
    pub(crate) segment: Segment,
    /// Points that exist at this moment, dead ones included.
    pub(crate) len: u32,
    pub(crate) dead: Tombstones,
}

impl SegmentView {
    pub(crate) fn empty(mutable: Arc<Mutable>) -> Self {
        Self { segment: Segment::Mutable(mutable), len: 0, dead: Tombstones::default() }
    }

    pub(crate) fn sealed(segment: Arc<Sealed>, dead: Tombstones) -> Self {
        let len = segment.point_count();
        Self { segment: Segment::Sealed(segment), len, dead }
    }

    /// The mutable segment, if this is one.
    pub(crate) fn as_mutable(&self) -> Option<&Arc<Mutable>> {
        match &self.segment {
            Segment::Mutable(mutable) => Some(mutable),
            Segment::Sealed(_) => None,
        }
    }

    /// The sealed segment, if this is one.
    pub(crate) fn as_sealed(&self) -> Option<&Arc<Sealed>> {
        match &self.segment {
            Segment::Mutable(_) => None,
            Segment::Sealed(sealed) => Some(sealed),
        }
    }

    pub(crate) fn live_count(&self) -> u32 {
        self.len.saturating_sub(self.dead.count())
    }

    /// The points that are alive.
    pub(crate) fn live(&self) -> OffsetSet {
        let mut live = OffsetSet::all(self.len);
        if self.dead.count() > 0 {
            live.subtract(&OffsetSet::from_words(self.dead.words(self.len), self.len));
        }
        live
    }

    /// The live version of a point, if it is here.
    pub(crate) fn find(&self, id: PointId) -> Result<Option<u32>> {
        let found = match &self.segment {
            Segment::Mutable(mutable) => mutable.find(id, self.len),
            Segment::Sealed(sealed) => sealed.ids().find(id)?,
        };
        Ok(found.filter(|offset| !self.dead.contains(*offset)))
    }

    pub(crate) fn id(&self, offset: u32) -> Result<PointId> {
        match &self.segment {
            Segment::Mutable(mutable) => mutable.id(offset).ok_or_else(|| no_offset(offset)),
            Segment::Sealed(sealed) => sealed.ids().id(offset),
        }
    }

    pub(crate) fn version(&self, offset: u32) -> Result<SeqNo> {
        match &self.segment {
            Segment::Mutable(mutable) => mutable.version(offset).ok_or_else(|| no_offset(offset)),
            Segment::Sealed(sealed) => sealed.ids().version(offset),
        }
    }

    /// JSON text of the payload, empty if there is none.
    pub(crate) fn payload(&self, offset: u32) -> Result<Cow<'_, [u8]>> {
        match &self.segment {
            Segment::Mutable(mutable) => {
                mutable.payload(offset).map(Cow::Owned).ok_or_else(|| no_offset(offset))
            }
            Segment::Sealed(sealed) => sealed.payloads().text(offset).map(Cow::Borrowed),
        }
    }

    /// The payload.
    pub(crate) fn decoded_payload(&self, offset: u32) -> Result<Payload> {
        Payload::decode(&self.payload(offset)?).map_err(|why| match &self.segment {
            Segment::Mutable(_) => Error::internal(why),
            Segment::Sealed(sealed) => {
                sealed.payloads().file().damaged(0, format!("point at offset {offset}: {why}"))
            }
        })
    }

    /// What a point has in an indexed field: from the segment's index if it has one, else from the payload.
    pub(crate) fn field_values(&self, field: &IndexedField, offset: u32) -> Result<FieldValues> {
        let known = match &self.segment {
            Segment::Mutable(mutable) => match mutable.field(field.id) {
                Some(GrowingField::Keys(growing)) => growing.values(offset),
                Some(GrowingField::Text(_)) | None => None,
            },
            Segment::Sealed(sealed) => match sealed.field(field.id).as_deref() {
                Some(SealedField::Keys(index)) => Some(index.values(offset)?),
                Some(SealedField::Text(_)) | None => None,
            },
        };
        match known {
            Some(values) => Ok(values),
            None => Ok(FieldValues::of(self.decoded_payload(offset)?.as_map(), &field.path, field.kind)),
        }
    }

    /// The text of a point in an indexed field, if it has one.
    pub(crate) fn text(&self, field: &IndexedField, offset: u32) -> Result<Option<String>> {
        Ok(text_at(&field.path, self.decoded_payload(offset)?.as_map()))
    }

    /// The points with something in an indexed field, dead ones too; none if the segment has no index of it.
    pub(crate) fn field_points(&self, id: u64) -> Result<Option<OffsetSet>> {
        match &self.segment {
            Segment::Mutable(mutable) => match mutable.field(id) {
                Some(growing) => growing.filled(self.len),
                None => Ok(None),
            },
            Segment::Sealed(sealed) => match sealed.field(id) {
                Some(index) => index.filled(),
                None => Ok(None),
            },
        }
    }

    pub(crate) fn payload_len(&self, offset: u32) -> Result<usize> {
        match &self.segment {
            Segment::Mutable(mutable) => mutable.payload_len(offset).ok_or_else(|| no_offset(offset)),
            Segment::Sealed(sealed) => sealed.payloads().text(offset).map(<[u8]>::len),
        }
    }

    /// Stored bytes of one of the point's vectors.
    pub(crate) fn vector_bytes(&self, vector: usize, offset: u32) -> Result<Option<Cow<'_, [u8]>>> {
        match &self.segment {
            Segment::Mutable(mutable) => Ok(mutable.vector_bytes(vector, offset).map(Cow::Owned)),
            Segment::Sealed(sealed) => Ok(sealed.vector(vector)?.bytes(offset)?.map(Cow::Borrowed)),
        }
    }

    pub(crate) fn has_vector(&self, vector: usize, offset: u32) -> Result<bool> {
        match &self.segment {
            Segment::Mutable(mutable) => Ok(mutable.has_vector(vector, offset)),
            Segment::Sealed(sealed) => sealed.vector(vector)?.has_row(offset),
        }
    }

    /// Calls `each` for the rows of live points in a range of offsets; `between` runs every thousand rows or so and may stop.
    pub(crate) fn scan(
        &self,
        vector: usize,
        offsets: Range<u32>,
        between: impl FnMut() -> Result<()>,
        mut each: impl FnMut(u32, Row<'_>),
    ) -> Result<()> {
        let live = |offset: u32, row: Row<'_>| {
            if !self.dead.contains(offset) {
                each(offset, row);
            }
        };
        match &self.segment {
            Segment::Mutable(mutable) => {
                mutable.scan(vector, offsets.start..offsets.end.min(self.len), between, live)
            }
            Segment::Sealed(sealed) => {
                sealed.scan(vector, offsets.start..offsets.end.min(self.len), between, live)
            }
        }
    }

    /// As [`SegmentView::scan`], for those points of `among` only.
    pub(crate) fn scan_among(
        &self,
        vector: usize,
        (among, offsets): (&OffsetSet, Range<u32>),
        between: impl FnMut() -> Result<()>,
        each: impl FnMut(u32, Row<'_>),
    ) -> Result<()> {
        let offsets = offsets.start..offsets.end.min(self.len);
        match &self.segment {
            Segment::Mutable(mutable) => mutable.scan_among(vector, (among, offsets), between, each),
            Segment::Sealed(sealed) => sealed.scan_among(vector, (among, offsets), between, each),
        }
    }

    /// The first `limit` points that are `wanted` and whose id is not below `from`, in id order. Points are asked for in that order, dead ones too.
    pub(crate) fn ids_where(
        &self,
        from: Option<PointId>,
        limit: usize,
        mut wanted: impl FnMut(u32) -> Result<bool>,
    ) -> Result<Vec<(PointId, u32)>> {
        let mut found = Vec::new();
        match &self.segment {
            Segment::Mutable(mutable) => {
                let mut ids = Vec::new();
                mutable.for_each_id(self.len, |offset, id| {
                    if from.is_none_or(|from| id >= from) && !self.dead.contains(offset) {
                        ids.push((id, offset));
                    }
                });
                ids.sort_unstable();
                for (id, offset) in ids {
                    if found.len() == limit {
                        break;
                    }
                    if wanted(offset)? {
                        found.push((id, offset));
                    }
                }
            }
            Segment::Sealed(sealed) => {
                let ids = sealed.ids();
                for rank in from.map_or(Ok(0), |from| ids.rank_from(from))?..self.len {
                    if found.len() == limit {
                        break;
                    }
                    let offset = ids.offset_of_rank(rank)?;
                    if wanted(offset)? {
                        found.push((ids.id_of_rank(rank)?, offset));
                    }
                }
            }
        }
        Ok(found)
    }

    /// The first `limit` live points whose id is not below `from`, in id order.
    pub(crate) fn ids_from(&self, from: Option<PointId>, limit: usize) -> Result<Vec<(PointId, u32)>> {
        match &self.segment {
            Segment::Mutable(mutable) => {
                let mut smallest = BinaryHeap::new();
                mutable.for_each_id(self.len, |offset, id| {
                    let wanted = from.is_none_or(|from| id >= from) && !self.dead.contains(offset);
                    if wanted && smallest.len() < limit {
                        smallest.push((id, offset));
                    } else if wanted && smallest.peek().is_some_and(|(largest, _)| id < *largest) {
                        smallest.pop();
                        smallest.push((id, offset));
                    }
                });
                Ok(smallest.into_sorted_vec())
            }
            Segment::Sealed(sealed) => {
                let ids = sealed.ids();
                let start = from.map_or(Ok(0), |from| ids.rank_from(from))?;
                let mut found = Vec::new();
                for rank in start..self.len {
                    if found.len() == limit {
                        break;
                    }
                    let offset = ids.offset_of_rank(rank)?;
                    if !self.dead.contains(offset) {
                        found.push((ids.id_of_rank(rank)?, offset));
                    }
                }
                Ok(found)
            }
        }
    }
}

fn no_offset(offset: u32) -> Error {
    Error::internal(format!("no point at offset {offset} of the mutable segment"))
}
