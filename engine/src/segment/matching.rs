//! A segment's points as filters see them: an offset goes in, the parts of the point that a condition needs come out; and what a segment knows of all its points.

use super::view::{Segment, SegmentView};
use crate::error::Result;
use crate::filter::{Indexed, Leaf, OffsetSet, Subject};
use crate::point::{Payload, PointId};
use serde_json::{Map, Value};

/// One point; its payload is read when it is asked for, once.
#[derive(Debug)]
pub(crate) struct PointAt<'a> {
    view: &'a SegmentView,
    offset: u32,
    payload: Option<Payload>,
}

impl<'a> PointAt<'a> {
    pub(crate) fn new(view: &'a SegmentView, offset: u32) -> Self {
        Self { view, offset, payload: None }
    }
}

impl Subject for PointAt<'_> {
    fn id(&mut self) -> Result<PointId> {
        self.view.id(self.offset)
    }

    fn has_vector(&mut self, vector: usize) -> Result<bool> {
        self.view.has_vector(vector, self.offset)
    }

    fn payload(&mut self) -> Result<&Map<String, Value>> {
        let payload = match self.payload.take() {
            Some(payload) => payload,
            None => self.view.decoded_payload(self.offset)?,
        };
        Ok(self.payload.insert(payload).as_map())
    }
}

impl Indexed for SegmentView {
    fn len(&self) -> u32 {
        self.len
    }

    /// Ids are looked up. A sealed segment knows which vectors its points have.
    fn answer(&self, leaf: &Leaf) -> Result<Option<OffsetSet>> {
        match (leaf, &self.segment) {
            (Leaf::HasId(ids), _) => {
                let mut set = OffsetSet::none(self.len);
                for id in ids {
                    if let Some(offset) = self.find(*id)? {
                        set.insert(offset);
                    }
                }
                Ok(Some(set))
            }
            (Leaf::HasVector(vector), Segment::Sealed(sealed)) => {
                let words = sealed.vector(*vector)?.presence()?;
                let some = |words: &[u64]| OffsetSet::from_words(words.to_vec(), self.len);
                Ok(Some(words.map_or_else(|| OffsetSet::all(self.len), some)))
            }
            (Leaf::Field { path, test }, Segment::Mutable(mutable)) => mutable.answer(path, test, self.len),
            (Leaf::Field { path, test }, Segment::Sealed(sealed)) => sealed.answer(path, test),
            (Leaf::HasVector(_) | Leaf::Nested { .. } | Leaf::Slice { .. }, _) => Ok(None),
        }
    }
}
