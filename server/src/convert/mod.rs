//! Between the wire's values and the engine's: one file a topic. What the engine cannot take is refused here, in the words that clients compare.

pub(crate) mod collections;
pub(crate) mod filter;
pub(crate) mod formula;
pub(crate) mod indexes;
pub(crate) mod payload;
pub(crate) mod query;
pub(crate) mod vectors;

use nigh::{PointId, Uuid};

/// The engine's id.
pub(crate) fn id_in(id: nigh_api::PointId) -> PointId {
    match id {
        nigh_api::PointId::Num(num) => PointId::Num(num),
        nigh_api::PointId::Uuid(uuid) => PointId::Uuid(Uuid::from_u128(uuid.as_u128())),
    }
}

/// The wire's id.
pub(crate) fn id_out(id: PointId) -> nigh_api::PointId {
    match id {
        PointId::Num(num) => nigh_api::PointId::Num(num),
        PointId::Uuid(uuid) => nigh_api::PointId::Uuid(uuid),
    }
}
