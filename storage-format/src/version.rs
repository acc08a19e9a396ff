//! What this build can read: the format versions and the required features it knows.

use crate::header::FileKind;

/// The highest version that is read. What is written is each kind's own: see [`FileKind::version`].
pub const FORMAT_VERSION: u16 = 4;

/// Required feature bits that this build understands; any other bit refuses the file.
pub const REQUIRED_FEATURES_KNOWN: u32 = 0;

impl FileKind {
    /// The version in which this kind got its present layout: the one that is written.
    #[must_use]
    pub fn version(self) -> u16 {
        match self {
            Self::Manifest => 4,
            Self::Sparse | Self::Postings | Self::PayloadIndex | Self::TextIndex => 3,
            Self::Links | Self::Reduced => 2,
            Self::Catalog
            | Self::Wal
            | Self::SegmentMeta
            | Self::Vectors
            | Self::Codes
            | Self::Payloads
            | Self::IdMap
            | Self::Tombstones => 1,
        }
    }

    /// The oldest version of this kind that is read.
    #[must_use]
    pub fn version_min(self) -> u16 {
        match self {
            Self::Sparse | Self::Postings | Self::PayloadIndex | Self::TextIndex => 3,
            // No release wrote links of version 1.
            Self::Links | Self::Reduced => 2,
            Self::Catalog
            | Self::Manifest
            | Self::Wal
            | Self::SegmentMeta
            | Self::Vectors
            | Self::Codes
            | Self::Payloads
            | Self::IdMap
            | Self::Tombstones => 1,
        }
    }
}
