//! Names of files and folders: the only place that spells one.
//!
//! Reading is as strict as writing: a name is taken only in the one spelling that this module gives it, so that no two
//! names on disk mean the same file, and a name from elsewhere is never taken for ours.
//! Names: docs/storage-format.md, section 1.

use crate::header::FileKind;

/// Held by the process that writes.
pub const LOCK_FILE: &str = "LOCK";
/// Which collections and aliases exist.
pub const CATALOG_FILE: &str = "catalog";
/// A collection's configuration and live segments.
pub const MANIFEST_FILE: &str = "manifest";
/// A collection's folder of log files.
pub const WAL_DIR: &str = "wal";
/// A collection's folder of segments.
pub const SEGMENTS_DIR: &str = "segments";
/// Ends the name of a file that is still being written.
pub const TEMP_SUFFIX: &str = ".tmp";

const COLLECTION_PREFIX: &str = "c-";
const WAL_SUFFIX: &str = ".wal";
const META: &str = "meta";
const IDS: &str = "ids";
const PAYLOADS: &str = "payloads";
const VECTORS_PREFIX: &str = "vectors-";
const CODES_PREFIX: &str = "codes-";
const REDUCED_PREFIX: &str = "reduced-";
const LINKS_PREFIX: &str = "links-";
const SPARSE_PREFIX: &str = "sparse-";
const POSTINGS_PREFIX: &str = "postings-";
const FIELD_PREFIX: &str = "field-";
const TEXT_PREFIX: &str = "text-";
const TOMBSTONES_PREFIX: &str = "tombstones-";

/// The folder of the collection with this id.
#[must_use]
pub fn collection_dir(id: u64) -> String {
    format!("{COLLECTION_PREFIX}{id:016x}")
}

/// The id of the collection whose folder has this name.
#[must_use]
pub fn parse_collection_dir(name: &str) -> Option<u64> {
    parse_hex16(name.strip_prefix(COLLECTION_PREFIX)?)
}

/// The log file whose first operation is `first_seq`.
#[must_use]
pub fn wal_file(first_seq: u64) -> String {
    format!("{first_seq:020}{WAL_SUFFIX}")
}

/// The first sequence number of the log file with this name.
#[must_use]
pub fn parse_wal_file(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(WAL_SUFFIX)?;
    let strict = digits.len() == 20 && digits.bytes().all(|byte| byte.is_ascii_digit());
    strict.then(|| digits.parse().ok())?
}

/// The folder of the segment with this id.
#[must_use]
pub fn segment_dir(id: u64) -> String {
    format!("{id:016x}")
}

/// The id of the segment whose folder has this name.
#[must_use]
pub fn parse_segment_dir(name: &str) -> Option<u64> {
    parse_hex16(name)
}

/// A file of a segment's folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SegmentFile {
    /// Shape of the segment.
    Meta,
    /// Outside ids and offsets.
    IdMap,
    /// JSON of each point.
    Payloads,
    /// Original vectors of the vector with this index.
    Vectors(u16),
    /// Codes of the vector with this index.
    Codes(u16),
    /// Projected codes of the vector with this index.
    Reduced(u16),
    /// Graph of the vector with this index.
    Links(u16),
    /// Sparse vectors of the sparse vector with this index.
    Sparse(u16),
    /// Lists by index of the sparse vector with this index.
    Postings(u16),
    /// Index of the payload field with this id.
    Field(u64),
    /// Index of the words of the payload field with this id.
    Text(u64),
    /// Dead points as of this checkpoint.
    Tombstones(u64),
}

impl SegmentFile {
    /// The file's name.
    #[must_use]
    pub fn file_name(self) -> String {
        match self {
            Self::Meta => META.to_owned(),
            Self::IdMap => IDS.to_owned(),
            Self::Payloads => PAYLOADS.to_owned(),
            Self::Vectors(index) => format!("{VECTORS_PREFIX}{index}"),
            Self::Codes(index) => format!("{CODES_PREFIX}{index}"),
            Self::Reduced(index) => format!("{REDUCED_PREFIX}{index}"),
            Self::Links(index) => format!("{LINKS_PREFIX}{index}"),
            Self::Sparse(index) => format!("{SPARSE_PREFIX}{index}"),
            Self::Postings(index) => format!("{POSTINGS_PREFIX}{index}"),
            Self::Field(id) => format!("{FIELD_PREFIX}{id:016x}"),
            Self::Text(id) => format!("{TEXT_PREFIX}{id:016x}"),
            Self::Tombstones(checkpoint) => format!("{TOMBSTONES_PREFIX}{checkpoint:016x}"),
        }
    }

    /// The file with this name; `None` for any name that [`file_name`](Self::file_name) does not give.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            META => return Some(Self::Meta),
            IDS => return Some(Self::IdMap),
            PAYLOADS => return Some(Self::Payloads),
            _ => {}
        }
        if let Some(index) = name.strip_prefix(VECTORS_PREFIX) {
            return parse_index(index).map(Self::Vectors);
        }
        if let Some(index) = name.strip_prefix(CODES_PREFIX) {
            return parse_index(index).map(Self::Codes);
        }
        if let Some(index) = name.strip_prefix(REDUCED_PREFIX) {
            return parse_index(index).map(Self::Reduced);
        }
        if let Some(index) = name.strip_prefix(LINKS_PREFIX) {
            return parse_index(index).map(Self::Links);
        }
        if let Some(index) = name.strip_prefix(SPARSE_PREFIX) {
            return parse_index(index).map(Self::Sparse);
        }
        if let Some(index) = name.strip_prefix(POSTINGS_PREFIX) {
            return parse_index(index).map(Self::Postings);
        }
        if let Some(id) = name.strip_prefix(FIELD_PREFIX) {
            return parse_hex16(id).map(Self::Field);
        }
        if let Some(id) = name.strip_prefix(TEXT_PREFIX) {
            return parse_hex16(id).map(Self::Text);
        }
        parse_hex16(name.strip_prefix(TOMBSTONES_PREFIX)?).map(Self::Tombstones)
    }

    /// The kind in the file's header.
    #[must_use]
    pub fn kind(self) -> FileKind {
        match self {
            Self::Meta => FileKind::SegmentMeta,
            Self::IdMap => FileKind::IdMap,
            Self::Payloads => FileKind::Payloads,
            Self::Vectors(_) => FileKind::Vectors,
            Self::Codes(_) => FileKind::Codes,
            Self::Reduced(_) => FileKind::Reduced,
            Self::Links(_) => FileKind::Links,
            Self::Sparse(_) => FileKind::Sparse,
            Self::Postings(_) => FileKind::Postings,
            Self::Field(_) => FileKind::PayloadIndex,
            Self::Text(_) => FileKind::TextIndex,
            Self::Tombstones(_) => FileKind::Tombstones,
        }
    }

    /// The tag in the file's header.
    #[must_use]
    pub fn tag(self) -> u64 {
        match self {
            Self::Meta | Self::IdMap | Self::Payloads => 0,
            Self::Vectors(index)
            | Self::Codes(index)
            | Self::Reduced(index)
            | Self::Links(index)
            | Self::Sparse(index)
            | Self::Postings(index) => u64::from(index),
            Self::Field(id) | Self::Text(id) => id,
            Self::Tombstones(checkpoint) => checkpoint,
        }
    }

    /// The file whose header has this kind and tag.
    #[must_use]
    pub fn from_kind_tag(kind: FileKind, tag: u64) -> Option<Self> {
        let index = u16::try_from(tag).ok();
        match kind {
            FileKind::SegmentMeta => (tag == 0).then_some(Self::Meta),
            FileKind::IdMap => (tag == 0).then_some(Self::IdMap),
            FileKind::Payloads => (tag == 0).then_some(Self::Payloads),
            FileKind::Vectors => index.map(Self::Vectors),
            FileKind::Codes => index.map(Self::Codes),
            FileKind::Reduced => index.map(Self::Reduced),
            FileKind::Links => index.map(Self::Links),
            FileKind::Sparse => index.map(Self::Sparse),
            FileKind::Postings => index.map(Self::Postings),
            FileKind::PayloadIndex => Some(Self::Field(tag)),
            FileKind::TextIndex => Some(Self::Text(tag)),
            FileKind::Tombstones => Some(Self::Tombstones(tag)),
            FileKind::Catalog | FileKind::Manifest | FileKind::Wal => None,
        }
    }

    /// Whether the file can be made again from the segment's other files.
    #[must_use]
    pub fn is_derived(self) -> bool {
        matches!(
            self,
            Self::Codes(_)
                | Self::Reduced(_)
                | Self::Links(_)
                | Self::Postings(_)
                | Self::Field(_)
                | Self::Text(_)
        )
    }
}

/// Sixteen hexadecimal digits, lower case.
fn parse_hex16(digits: &str) -> Option<u64> {
    let strict = digits.len() == 16 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    strict.then(|| u64::from_str_radix(digits, 16).ok())?
}

/// A decimal number without sign or leading zeros.
fn parse_index(digits: &str) -> Option<u16> {
    let index: u16 = digits.parse().ok()?;
    (index.to_string() == digits).then_some(index)
}
