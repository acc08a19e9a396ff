//! What a log record says: operations on points, by id and never by filter, so that replay selects the same points.
//!
//! Goes in: an [`Operation`] or the body of a record. Comes out: the body, or an operation whose parts agree with each
//! other. Both ways check the same rules, so that nothing is written that would not be read.
//! Vectors and payloads are byte strings that are copied as a whole.
//! Bytes: docs/storage-format.md, section 7.
#![allow(missing_docs, reason = "rkyv documents no field of an enum's resolver")]

use rkyv::{Archive, Deserialize, Serialize};

use crate::archive;
use crate::error::FormatError;

mod check;
mod packed_ids;

use packed_ids::PackedIds;

/// An outside id of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PointIdRecord {
    /// An integer.
    Int(u64),
    /// A UUID, as a number.
    Uuid(u128),
}

/// Some points' value of one named vector.
#[derive(Debug, Clone, PartialEq, Eq, Default, Archive, Serialize, Deserialize)]
pub struct VectorColumn {
    /// Which vector.
    pub name: String,
    /// Values a row.
    pub dim: u32,
    /// Code of the [`Datatype`](crate::manifest::Datatype).
    pub datatype: u8,
    /// Which points of the batch have this vector, ascending.
    pub rows: Vec<u32>,
    /// The values of each row, little-endian, as they are stored in a segment.
    pub data: Vec<u8>,
}

/// Points in columns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Archive, Serialize, Deserialize)]
pub struct PointBatch {
    /// Which points.
    #[rkyv(with = PackedIds)]
    pub ids: Vec<PointIdRecord>,
    /// Where each point's JSON text ends in `payloads`; an empty text is no payload.
    pub payload_ends: Vec<u32>,
    /// The JSON texts.
    pub payloads: Vec<u8>,
    /// The vectors.
    pub columns: Vec<VectorColumn>,
}

impl PointBatch {
    /// The points for whose place `is_kept` holds, in their order; of a batch whose parts agree with each other.
    #[must_use]
    pub fn kept(&self, is_kept: impl Fn(usize) -> bool) -> Self {
        let Self { ids, payload_ends, payloads, columns } = self;
        let mut kept = Self::default();
        // The place that each kept point gets.
        let mut places = vec![None; ids.len()];
        for (place, id) in ids.iter().enumerate().filter(|(place, _)| is_kept(*place)) {
            if let (Some(new), Ok(next)) = (places.get_mut(place), u32::try_from(kept.ids.len())) {
                *new = Some(next);
            }
            kept.ids.push(*id);
            if let Some(end) = payload_ends.get(place) {
                let start = place.checked_sub(1).and_then(|before| payload_ends.get(before)).unwrap_or(&0);
                let text = payloads.get(*start as usize..*end as usize).unwrap_or_default();
                kept.payloads.extend_from_slice(text);
                kept.payload_ends.push(kept.payloads.len() as u32);
            }
        }
        let place_of = |row: &u32| places.get(*row as usize).copied().flatten();
        kept.columns = columns.iter().map(|column| column.kept(place_of)).collect();
        kept.columns.retain(|column| !column.rows.is_empty());
        kept
    }
}

impl VectorColumn {
    /// The rows of the points that have a place in another batch.
    fn kept(&self, place_of: impl Fn(&u32) -> Option<u32>) -> Self {
        let Self { name, dim, datatype, rows, data } = self;
        let row_len = data.len().checked_div(rows.len()).unwrap_or_default().max(1);
        let mut kept =
            Self { name: name.clone(), dim: *dim, datatype: *datatype, rows: Vec::new(), data: Vec::new() };
        for (row, bytes) in rows.iter().zip(data.chunks_exact(row_len)) {
            if let Some(place) = place_of(row) {
                kept.rows.push(place);
                kept.data.extend_from_slice(bytes);
            }
        }
        kept
    }
}

/// One change of a collection.
#[derive(Debug, Clone, PartialEq, Eq, Archive, Serialize, Deserialize)]
pub enum Operation {
    /// Replaces whole points.
    Upsert(PointBatch),
    /// Removes points.
    Delete {
        /// Which points.
        #[rkyv(with = PackedIds)]
        ids: Vec<PointIdRecord>,
    },
    /// Merges an object into the payload.
    SetPayload {
        /// Which points.
        #[rkyv(with = PackedIds)]
        ids: Vec<PointIdRecord>,
        /// A JSON object.
        patch: Vec<u8>,
        /// Merge into the object at this path; empty for the payload itself.
        path: String,
    },
    /// Replaces the payload.
    OverwritePayload {
        /// Which points.
        #[rkyv(with = PackedIds)]
        ids: Vec<PointIdRecord>,
        /// A JSON object.
        payload: Vec<u8>,
        /// Replace the value at this path; empty for the payload itself.
        path: String,
    },
    /// Removes parts of the payload.
    DeletePayloadKeys {
        /// Which points.
        #[rkyv(with = PackedIds)]
        ids: Vec<PointIdRecord>,
        /// Which parts.
        paths: Vec<String>,
    },
    /// Removes the payload.
    ClearPayload {
        /// Which points.
        #[rkyv(with = PackedIds)]
        ids: Vec<PointIdRecord>,
    },
    /// Sets some vectors and keeps the others.
    UpdateVectors(PointBatch),
    /// Removes some vectors.
    DeleteVectors {
        /// Which points.
        #[rkyv(with = PackedIds)]
        ids: Vec<PointIdRecord>,
        /// Which vectors.
        names: Vec<String>,
    },
}

impl Operation {
    /// The body of a record.
    ///
    /// # Errors
    /// A rule that is broken, or a body that is too long for the format. Offsets mean nothing here.
    pub fn encode(&self) -> Result<Vec<u8>, FormatError> {
        check::check(self)?;
        archive::encode(self, self.len_guess())
    }

    /// Reads the body of a record. Offsets of errors count from the body's start.
    ///
    /// # Errors
    /// Anything that is wrong with the archive or what it says.
    pub fn decode(body: &[u8]) -> Result<Self, FormatError> {
        let operation = archive::decode(body)?;
        check::check(&operation)?;
        Ok(operation)
    }

    /// Which points it changes.
    #[must_use]
    pub fn ids(&self) -> &[PointIdRecord] {
        match self {
            Self::Upsert(batch) | Self::UpdateVectors(batch) => &batch.ids,
            Self::Delete { ids }
            | Self::SetPayload { ids, .. }
            | Self::OverwritePayload { ids, .. }
            | Self::DeletePayloadKeys { ids, .. }
            | Self::ClearPayload { ids }
            | Self::DeleteVectors { ids, .. } => ids,
        }
    }

    /// About how long the body will be, so that it grows in place.
    fn len_guess(&self) -> usize {
        let (payload_len, columns_len) = match self {
            Self::Upsert(batch) | Self::UpdateVectors(batch) => {
                let columns = batch.columns.iter();
                let columns_len =
                    columns.map(|column| 64 + column.name.len() + column.rows.len() * 4 + column.data.len());
                (batch.payload_ends.len() * 4 + batch.payloads.len(), columns_len.sum())
            }
            Self::SetPayload { patch: text, .. } | Self::OverwritePayload { payload: text, .. } => {
                (text.len(), 0)
            }
            Self::Delete { .. }
            | Self::DeletePayloadKeys { .. }
            | Self::ClearPayload { .. }
            | Self::DeleteVectors { .. } => (0, 0),
        };
        256 + self.ids().len() * packed_ids::PACKED_ID_LEN + payload_len + columns_len
    }
}
