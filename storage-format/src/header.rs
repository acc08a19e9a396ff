//! The 64 bytes that open each file: what it is, whose it is, and how long.
//!
//! Goes in: the first bytes of a file. Comes out: a [`FileHeader`] whose checksum, version and features are good.
//! Whose file it is, is compared by [`FileHeader::expect`].
//! Bytes: docs/storage-format.md, section 2.

use crate::block::{block_count, pad64};
use crate::checksum::crc32c;
use crate::error::{FormatError, FormatErrorKind};
use crate::field::Field;
use crate::version::{FORMAT_VERSION, REQUIRED_FEATURES_KNOWN};

/// Bytes of the header; the data section starts here.
pub const HEADER_LEN: usize = 64;

/// The first eight bytes of each file: not text, and damaged by any translation of line ends.
pub const MAGIC: [u8; 8] = *b"\x89NIGH\r\n\x1a";

const MAGIC_FIELD: Field = Field::first("magic", 8);
const KIND: Field = MAGIC_FIELD.then("kind", 2);
const VERSION: Field = KIND.then("version", 2);
const REQUIRED: Field = VERSION.then("required", 4);
const OPTIONAL: Field = REQUIRED.then("optional", 4);
const TABLE_CHECKSUM: Field = OPTIONAL.then("table_checksum", 4);
const DATA_LEN: Field = TABLE_CHECKSUM.then("data_len", 8);
const COLLECTION: Field = DATA_LEN.then("collection", 8);
const OWNER: Field = COLLECTION.then("owner", 8);
const TAG: Field = OWNER.then("tag", 8);
const RESERVED: Field = TAG.then("reserved", 4);
const HEADER_CHECKSUM: Field = RESERVED.then("header_checksum", 4);

/// The header's fields in order.
pub const FIELDS: [Field; 12] = [
    MAGIC_FIELD,
    KIND,
    VERSION,
    REQUIRED,
    OPTIONAL,
    TABLE_CHECKSUM,
    DATA_LEN,
    COLLECTION,
    OWNER,
    TAG,
    RESERVED,
    HEADER_CHECKSUM,
];

/// What a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u16)]
pub enum FileKind {
    /// Which collections and aliases exist.
    Catalog = 1,
    /// Configuration and live segments of a collection.
    Manifest = 2,
    /// A file of the log.
    Wal = 3,
    /// Shape of a segment.
    SegmentMeta = 4,
    /// Original vectors.
    Vectors = 5,
    /// Quantized vectors.
    Codes = 6,
    /// Graph over the rows of a vectors file.
    Links = 7,
    /// JSON of each point.
    Payloads = 8,
    /// Outside ids and offsets.
    IdMap = 9,
    /// Points that died since the segment was sealed.
    Tombstones = 10,
    /// Vectors projected to fewer coordinates, quantized.
    Reduced = 11,
    /// Sparse vectors as given.
    Sparse = 12,
    /// Rows and weights by index of a sparse vector.
    Postings = 13,
    /// Values of one payload field, and which points have them.
    PayloadIndex = 14,
    /// Words of one payload field, and where points have them.
    TextIndex = 15,
}

impl FileKind {
    /// Every kind, by number.
    pub const ALL: [Self; 15] = [
        Self::Catalog,
        Self::Manifest,
        Self::Wal,
        Self::SegmentMeta,
        Self::Vectors,
        Self::Codes,
        Self::Links,
        Self::Payloads,
        Self::IdMap,
        Self::Tombstones,
        Self::Reduced,
        Self::Sparse,
        Self::Postings,
        Self::PayloadIndex,
        Self::TextIndex,
    ];

    /// The name in the specification.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Catalog => "catalog",
            Self::Manifest => "manifest",
            Self::Wal => "wal",
            Self::SegmentMeta => "segment_meta",
            Self::Vectors => "vectors",
            Self::Codes => "codes",
            Self::Links => "links",
            Self::Payloads => "payloads",
            Self::IdMap => "id_map",
            Self::Tombstones => "tombstones",
            Self::Reduced => "reduced",
            Self::Sparse => "sparse",
            Self::Postings => "postings",
            Self::PayloadIndex => "payload_index",
            Self::TextIndex => "text_index",
        }
    }

    /// The number in the header.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }
}

impl TryFrom<u16> for FileKind {
    type Error = FormatError;

    fn try_from(code: u16) -> Result<Self, FormatError> {
        let known = Self::ALL.into_iter().find(|kind| kind.code() == code);
        known.ok_or_else(|| FormatError::invalid(KIND.offset as u64, "file kind", "1 to 15", code))
    }
}

/// Whose file it is; see the specification for what each kind puts in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Identity {
    /// Id of the collection, 0 in the catalog.
    pub collection: u64,
    /// Id of the segment, 0 outside segments.
    pub owner: u64,
    /// Generation, first sequence number, index of the vector or checkpoint, by kind.
    pub tag: u64,
}

/// The header of one file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileHeader {
    /// What the file is.
    pub kind: FileKind,
    /// Version of the kind's layout.
    pub version: u16,
    /// Feature bits that a reader must know.
    pub required: u32,
    /// Feature bits that a reader may ignore.
    pub optional: u32,
    /// Checksum of the block table; 0 in a WAL file.
    pub table_checksum: u32,
    /// Length of the data section; in a WAL file the capacity.
    pub data_len: u64,
    /// Whose file it is.
    pub identity: Identity,
}

impl FileHeader {
    /// The header of a file that is written now.
    #[must_use]
    pub fn new(kind: FileKind, table_checksum: u32, data_len: u64, identity: Identity) -> Self {
        Self { kind, version: kind.version(), required: 0, optional: 0, table_checksum, data_len, identity }
    }

    /// The header's bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        MAGIC_FIELD.write(&mut bytes, u64::from_le_bytes(MAGIC));
        KIND.write(&mut bytes, u64::from(self.kind.code()));
        VERSION.write(&mut bytes, u64::from(self.version));
        REQUIRED.write(&mut bytes, u64::from(self.required));
        OPTIONAL.write(&mut bytes, u64::from(self.optional));
        TABLE_CHECKSUM.write(&mut bytes, u64::from(self.table_checksum));
        DATA_LEN.write(&mut bytes, self.data_len);
        COLLECTION.write(&mut bytes, self.identity.collection);
        OWNER.write(&mut bytes, self.identity.owner);
        TAG.write(&mut bytes, self.identity.tag);
        let checksum = own_checksum(&bytes);
        HEADER_CHECKSUM.write(&mut bytes, u64::from(checksum));
        bytes
    }

    /// Reads the header that opens `bytes`; more may follow.
    ///
    /// # Errors
    /// In this order: length, magic, checksum, version, required features, reserved bytes, kind.
    pub fn decode(bytes: &[u8]) -> Result<Self, FormatError> {
        let error = |field: Field, kind| FormatError::new(field.offset as u64, kind);
        let Some(bytes) = bytes.get(..HEADER_LEN) else {
            let (expected, got) = (HEADER_LEN as u64, bytes.len() as u64);
            return Err(FormatError::new(got, FormatErrorKind::TooShort { expected, got }));
        };
        if !bytes.starts_with(&MAGIC) {
            return Err(error(MAGIC_FIELD, FormatErrorKind::Magic));
        }
        if HEADER_CHECKSUM.read_as::<u32>(bytes)? != own_checksum(bytes) {
            return Err(error(HEADER_CHECKSUM, FormatErrorKind::HeaderChecksum));
        }
        let version: u16 = VERSION.read_as(bytes)?;
        let kind = FileKind::try_from(KIND.read_as::<u16>(bytes)?);
        // Newer versions may know more kinds; what a file of one is cannot be told.
        let (oldest, known) = kind.as_ref().map_or((1, FORMAT_VERSION), |k| (k.version_min(), k.version()));
        if version < oldest || version > known {
            return Err(error(VERSION, FormatErrorKind::Version { found: version, oldest, known }));
        }
        let required: u32 = REQUIRED.read_as(bytes)?;
        let bits = required & !REQUIRED_FEATURES_KNOWN;
        if bits != 0 {
            return Err(error(REQUIRED, FormatErrorKind::Feature { bits }));
        }
        let reserved = RESERVED.read(bytes)?;
        if reserved != 0 {
            return Err(FormatError::invalid(
                RESERVED.offset as u64,
                "reserved bytes of the header",
                "0",
                reserved,
            ));
        }
        let header = Self {
            kind: kind?,
            version,
            required,
            optional: OPTIONAL.read_as(bytes)?,
            table_checksum: TABLE_CHECKSUM.read_as(bytes)?,
            data_len: DATA_LEN.read(bytes)?,
            identity: Identity {
                collection: COLLECTION.read(bytes)?,
                owner: OWNER.read(bytes)?,
                tag: TAG.read(bytes)?,
            },
        };
        if header.kind == FileKind::Wal && header.table_checksum != 0 {
            let offset = TABLE_CHECKSUM.offset as u64;
            return Err(FormatError::invalid(
                offset,
                "table checksum of a log file",
                "0",
                header.table_checksum,
            ));
        }
        Ok(header)
    }

    /// Compares what the file is and whose it is with what belongs there.
    ///
    /// # Errors
    /// `Kind` or `Identity`.
    pub fn expect(&self, kind: FileKind, identity: Identity) -> Result<(), FormatError> {
        self.expect_kind(kind)?;
        self.expect_number(COLLECTION, identity.collection, self.identity.collection)?;
        self.expect_number(OWNER, identity.owner, self.identity.owner)?;
        self.expect_number(TAG, identity.tag, self.identity.tag)
    }

    /// Compares what the file is with what belongs there.
    ///
    /// # Errors
    /// `Kind`.
    pub fn expect_kind(&self, kind: FileKind) -> Result<(), FormatError> {
        if self.kind == kind {
            return Ok(());
        }
        let kind = FormatErrorKind::Kind { expected: kind, got: self.kind.code() };
        Err(FormatError::new(KIND.offset as u64, kind))
    }

    /// How long a block file with this header is; `None` when no file can be that long.
    #[must_use]
    pub fn file_len(&self) -> Option<u64> {
        let table = block_count(self.data_len).checked_mul(4)?;
        pad64(self.data_len)?.checked_add(table)?.checked_add(HEADER_LEN as u64)
    }

    fn expect_number(&self, field: Field, expected: u64, got: u64) -> Result<(), FormatError> {
        if expected == got {
            return Ok(());
        }
        let kind = FormatErrorKind::Identity { field: field.name, expected, got };
        Err(FormatError::new(field.offset as u64, kind))
    }
}

fn own_checksum(bytes: &[u8]) -> u32 {
    crc32c(bytes.get(..HEADER_CHECKSUM.offset).unwrap_or_default())
}
