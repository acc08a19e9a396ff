//! Outside ids: unsigned 64-bit integers or UUIDs. All integers come before all UUIDs; each kind is ordered by value.

use crate::error::{Error, Result};
use nigh_format::operation::PointIdRecord;
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// What a user calls a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PointId {
    /// An integer.
    Num(u64),
    /// A UUID; printed hyphenated in lower case.
    Uuid(Uuid),
}

impl PointId {
    pub(crate) fn to_record(self) -> PointIdRecord {
        match self {
            PointId::Num(n) => PointIdRecord::Int(n),
            PointId::Uuid(u) => PointIdRecord::Uuid(u.as_u128()),
        }
    }

    pub(crate) fn from_record(record: PointIdRecord) -> Self {
        match record {
            PointIdRecord::Int(n) => PointId::Num(n),
            PointIdRecord::Uuid(u) => PointId::Uuid(Uuid::from_u128(u)),
        }
    }
}

impl From<u64> for PointId {
    fn from(id: u64) -> Self {
        PointId::Num(id)
    }
}

impl From<Uuid> for PointId {
    fn from(id: Uuid) -> Self {
        PointId::Uuid(id)
    }
}

impl FromStr for PointId {
    type Err = Error;

    /// Reads an unsigned integer or a UUID (simple, hyphenated, braced or urn form, any case).
    fn from_str(text: &str) -> Result<Self> {
        if let Ok(n) = text.parse() {
            return Ok(PointId::Num(n));
        }
        match Uuid::parse_str(text) {
            Ok(uuid) => Ok(PointId::Uuid(uuid)),
            Err(_) => {
                let shown: String = text.chars().take(64).collect();
                Err(Error::invalid("point id", "an unsigned 64-bit integer or a UUID", format!("{shown:?}")))
            }
        }
    }
}

impl fmt::Display for PointId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PointId::Num(n) => n.fmt(f),
            PointId::Uuid(u) => u.hyphenated().fmt(f),
        }
    }
}
