//! What can be wrong with bytes: where it is, what was expected, what was there.
//!
//! An offset counts from the start of the file when the decoder saw the file or knows its place in it, else from the
//! start of the bytes it was given; [`FormatError::shift`] moves it.

use std::fmt;

use crate::header::FileKind;

/// Bytes that do not say what this format says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FormatError {
    /// Where in the file.
    pub offset: u64,
    /// What is wrong there.
    pub kind: FormatErrorKind,
}

/// The ways in which bytes can be wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatErrorKind {
    /// Fewer bytes than the structure has.
    TooShort {
        /// Bytes needed.
        expected: u64,
        /// Bytes there.
        got: u64,
    },
    /// More bytes than the format can hold.
    TooLong {
        /// The most that fits.
        limit: u64,
        /// Bytes there.
        got: u64,
    },
    /// The magic bytes are not there.
    Magic,
    /// The checksum of a header does not match.
    HeaderChecksum,
    /// A version that this build does not read.
    Version {
        /// In the file.
        found: u16,
        /// The oldest of this kind of file that this build reads.
        oldest: u16,
        /// The highest of this kind of file that this build reads.
        known: u16,
    },
    /// Required features that this build does not know.
    Feature {
        /// The unknown bits.
        bits: u32,
    },
    /// Another kind of file.
    Kind {
        /// The kind that belongs there.
        expected: FileKind,
        /// The number in the file.
        got: u16,
    },
    /// The file belongs to something else.
    Identity {
        /// `collection`, `owner` or `tag`.
        field: &'static str,
        /// The number that belongs there.
        expected: u64,
        /// The number in the file.
        got: u64,
    },
    /// The length differs from what the header says.
    Length {
        /// Bytes by the header.
        expected: u64,
        /// Bytes there.
        got: u64,
    },
    /// Padding that is not what padding must be.
    Padding,
    /// The checksum of the block table does not match.
    TableChecksum,
    /// The checksum of a block does not match.
    BlockChecksum {
        /// The number of the block.
        block: u64,
    },
    /// The checksum of a log record's body does not match.
    BodyChecksum,
    /// A small record whose structure does not validate.
    Record {
        /// What the validation said.
        what: String,
    },
    /// A value that must not be there.
    Invalid {
        /// The field or rule.
        what: &'static str,
        /// What the format asks for.
        expected: String,
        /// What was there.
        got: String,
    },
}

impl FormatError {
    /// An error of `kind` at `offset`.
    #[must_use]
    pub fn new(offset: u64, kind: FormatErrorKind) -> Self {
        Self { offset, kind }
    }

    /// The value of `what` at `offset` is `got` and not `expected`.
    pub fn invalid(
        offset: u64,
        what: &'static str,
        expected: impl Into<String>,
        got: impl fmt::Display,
    ) -> Self {
        let kind = FormatErrorKind::Invalid { what, expected: expected.into(), got: got.to_string() };
        Self { offset, kind }
    }

    /// The same error at `offset`.
    #[must_use]
    pub fn at(self, offset: u64) -> Self {
        Self { offset, ..self }
    }

    /// The same error, `by` bytes further on.
    #[must_use]
    pub fn shift(self, by: u64) -> Self {
        Self { offset: self.offset.saturating_add(by), ..self }
    }

    /// Whether the file was written by a newer Nigh, so that it is whole but not ours to read.
    #[must_use]
    pub fn is_newer(&self) -> bool {
        if let FormatErrorKind::Version { found, known, .. } = self.kind {
            return found > known;
        }
        matches!(self.kind, FormatErrorKind::Feature { .. })
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}", self.kind, self.offset)
    }
}

impl fmt::Display for FormatErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooShort { expected, got } => write!(f, "too short: expected {expected} bytes, got {got}"),
            Self::TooLong { limit, got } => write!(f, "too long: expected at most {limit} bytes, got {got}"),
            Self::Magic => write!(f, "bad magic"),
            Self::HeaderChecksum => write!(f, "header checksum does not match"),
            Self::Version { found, known, .. } if found > known => {
                write!(f, "written by a newer nigh: expected format version {known} or lower, got {found}")
            }
            Self::Version { found, oldest, known } if oldest == known => {
                write!(f, "unknown format version: expected {known}, got {found}")
            }
            Self::Version { found, oldest, known } => {
                write!(f, "unknown format version: expected {oldest} to {known}, got {found}")
            }
            Self::Feature { bits } => {
                write!(f, "written by a newer nigh: expected no unknown required features, got {bits:#x}")
            }
            Self::Kind { expected, got } => match FileKind::try_from(*got) {
                Ok(kind) => {
                    write!(f, "other kind of file: expected {}, got {}", expected.name(), kind.name())
                }
                Err(_) => write!(f, "other kind of file: expected {}, got kind {got}", expected.name()),
            },
            Self::Identity { field, expected, got } => {
                write!(f, "file of another owner: expected {field} {expected}, got {got}")
            }
            Self::Length { expected, got } => write!(f, "wrong length: expected {expected} bytes, got {got}"),
            Self::Padding => write!(f, "padding has been changed"),
            Self::TableChecksum => write!(f, "checksum of the block table does not match"),
            Self::BlockChecksum { block } => write!(f, "checksum of block {block} does not match"),
            Self::BodyChecksum => write!(f, "checksum of the record's body does not match"),
            Self::Record { what } => write!(f, "record does not validate: {what}"),
            Self::Invalid { what, expected, got } => {
                write!(f, "invalid {what}: expected {expected}, got {got}")
            }
        }
    }
}

impl std::error::Error for FormatError {}
