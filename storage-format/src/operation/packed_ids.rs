//! Ids on disk: 17 bytes each, a kind and a little-endian number, without holes between.

use rkyv::rancor::{Fallible, Source, fail};
use rkyv::ser::{Allocator, Writer};
use rkyv::vec::{ArchivedVec, VecResolver};
use rkyv::with::{ArchiveWith, DeserializeWith, SerializeWith};
use rkyv::{Archive, Place, Serialize};

use super::PointIdRecord;
use crate::error::FormatError;

/// Bytes of one id.
pub(super) const PACKED_ID_LEN: usize = 17;

const INT: u8 = 0;
const UUID: u8 = 1;

/// Stores a list of ids as a list of [`PackedId`]s.
pub struct PackedIds;

/// One id as it is on disk.
#[derive(Archive, Serialize)]
#[allow(
    unreachable_pub,
    reason = "its archived twin is part of the public archived types, so it cannot be less"
)]
pub struct PackedId {
    kind: u8,
    value: [u8; 16],
}

impl From<PointIdRecord> for PackedId {
    fn from(id: PointIdRecord) -> Self {
        let (kind, value) = match id {
            PointIdRecord::Int(value) => (INT, u128::from(value)),
            PointIdRecord::Uuid(value) => (UUID, value),
        };
        Self { kind, value: value.to_le_bytes() }
    }
}

impl ArchivedPackedId {
    fn unpack(&self) -> Result<PointIdRecord, FormatError> {
        let value = u128::from_le_bytes(self.value);
        match self.kind {
            INT => u64::try_from(value)
                .map(PointIdRecord::Int)
                .map_err(|_| FormatError::invalid(0, "integer id", "at most 64 bits", value)),
            UUID => Ok(PointIdRecord::Uuid(value)),
            kind => Err(FormatError::invalid(0, "kind of an id", "0 or 1", kind)),
        }
    }
}

impl ArchiveWith<Vec<PointIdRecord>> for PackedIds {
    type Archived = ArchivedVec<ArchivedPackedId>;
    type Resolver = VecResolver;

    fn resolve_with(ids: &Vec<PointIdRecord>, resolver: VecResolver, out: Place<Self::Archived>) {
        ArchivedVec::resolve_from_len(ids.len(), resolver, out);
    }
}

impl<S: Fallible + Allocator + Writer + ?Sized> SerializeWith<Vec<PointIdRecord>, S> for PackedIds {
    fn serialize_with(ids: &Vec<PointIdRecord>, serializer: &mut S) -> Result<VecResolver, S::Error> {
        let packed: Vec<PackedId> = ids.iter().copied().map(PackedId::from).collect();
        ArchivedVec::<ArchivedPackedId>::serialize_from_slice(&packed, serializer)
    }
}

impl<D> DeserializeWith<ArchivedVec<ArchivedPackedId>, Vec<PointIdRecord>, D> for PackedIds
where
    D: Fallible + ?Sized,
    D::Error: Source,
{
    fn deserialize_with(
        packed: &ArchivedVec<ArchivedPackedId>,
        _: &mut D,
    ) -> Result<Vec<PointIdRecord>, D::Error> {
        let ids = packed.iter().map(ArchivedPackedId::unpack).collect::<Result<_, _>>();
        match ids {
            Ok(ids) => Ok(ids),
            Err(error) => fail!(error),
        }
    }
}
