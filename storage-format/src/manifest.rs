//! The manifest: how a collection is configured, and which segments hold which part of its log.
//!
//! Goes in: a [`Manifest`] or a whole file. Comes out: a whole file, or a manifest whose rules all hold (see
//! [`Manifest::check`]). Bytes: docs/storage-format.md, section 5.

use std::collections::HashSet;

use crate::block::{decode_file, encode_file};
use crate::error::FormatError;
use crate::header::{FileKind, HEADER_LEN, Identity};
use crate::layout::SegmentFile;
use crate::payload_index::FieldKind;
use crate::vector_params::{check_dim, check_names};

pub use crate::vector_params::{
    DIM_MAX, Datatype, IndexParams, Metric, Multivector, SparseModifier, SparseParams, VECTOR_NAME_LEN_MAX,
    VectorParams,
};

mod record;

/// Largest generation, sequence number or id: far above any that is ever given out, and safe to count up from.
pub const COUNTER_MAX: u64 = 1 << 62;

/// What a collection consists of, as of one checkpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// Grows by one with each publication.
    pub generation: u64,
    /// Whose manifest it is.
    pub collection_id: u64,
    /// The segments hold exactly the operations up to this one.
    pub applied_seq: u64,
    /// Above every segment id ever given.
    pub next_segment_id: u64,
    /// Above every tombstone tag ever given.
    pub next_checkpoint: u64,
    /// The vectors of each point; the place in the list names files.
    pub vectors: Vec<VectorParams>,
    /// How each of these vectors is indexed.
    pub indexes: Vec<IndexParams>,
    /// The sparse vectors of each point; the place in the list names files.
    pub sparse: Vec<SparseParams>,
    /// Payload fields that are indexed.
    pub fields: Vec<FieldParams>,
    /// Above every field id ever given.
    pub next_field_id: u64,
    /// How the collection behaves.
    pub settings: Settings,
    /// What an application keeps with the collection, as JSON text that nobody here reads; empty for nothing.
    pub metadata: String,
    /// Live segments, oldest first.
    pub segments: Vec<SegmentEntry>,
}

/// The longest metadata, in bytes.
pub const METADATA_LEN_MAX: usize = 1 << 20;

/// The longest path of a payload field, in bytes.
pub const FIELD_PATH_LEN_MAX: usize = 4096;

/// The longest options of a payload field, in bytes.
pub const FIELD_OPTIONS_LEN_MAX: usize = 64 << 10;

/// The most payload fields that are indexed.
pub const FIELDS_MAX: usize = 1024;

/// A payload field that is indexed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldParams {
    /// Names its files; never 0, never used again.
    pub id: u64,
    /// Where its values are in a payload.
    pub path: String,
    /// What its values are taken for.
    pub kind: FieldKind,
    /// How texts are read, as the JSON text that the engine writes; empty for other kinds.
    pub options: String,
}

/// When a write is acknowledged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Durability {
    /// When it is on stable storage: survives a power cut.
    Sync = 1,
    /// When the operating system has it: survives the death of the process; a power cut may take what is younger than the flush interval, always a suffix.
    Buffered = 2,
    /// When it is queued: the death of the process may take what is not committed yet, a power cut as with `Buffered`.
    Async = 3,
}

impl Durability {
    /// Every durability, by code.
    pub const ALL: [Self; 3] = [Self::Sync, Self::Buffered, Self::Async];

    /// The number on disk.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The durability with this number.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|durability| durability.code() == code)
    }
}

/// How a collection behaves.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// When a write is acknowledged.
    pub durability: Durability,
    /// How often writes that nobody waits for are synced.
    pub flush_interval_ms: u64,
    /// Size at which the mutable segment is sealed.
    pub mutable_bytes_max: u64,
    /// No merge makes a segment with more points.
    pub segment_points_max: u64,
    /// Segments of one size that are merged together.
    pub merge_fan_in: u32,
    /// Share of dead points at which a segment is rewritten.
    pub vacuum_dead_ratio: f32,
}

/// One live segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentEntry {
    /// Names the folder; never 0, never used again.
    pub id: u64,
    /// Points in it, dead ones too.
    pub point_count: u32,
    /// Points that its tombstones mark.
    pub dead_count: u32,
    /// The highest version of a point in it.
    pub last_seq: u64,
    /// The files it consists of.
    pub files: Vec<FileEntry>,
}

/// One file of a segment, and what it must look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FileEntry {
    /// Which file.
    pub file: SegmentFile,
    /// Length of the whole file.
    pub len: u64,
    /// The `table_checksum` of its header.
    pub table_checksum: u32,
}

impl Manifest {
    /// The whole file. A manifest that breaks a rule is written, but not read again: see [`check`](Self::check).
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        encode_file(FileKind::Manifest, self.identity(), &record::encode(self))
    }

    /// Reads a whole file that belongs to the collection `collection_id`.
    ///
    /// # Errors
    /// Anything that is wrong with the file, the record or what it says.
    pub fn decode(bytes: &[u8], collection_id: u64) -> Result<Self, FormatError> {
        let (header, data) = decode_file(bytes, FileKind::Manifest)?;
        let tag = header.identity.tag;
        header.expect(FileKind::Manifest, Identity { collection: collection_id, owner: 0, tag })?;
        let manifest = record::decode(data, header.version)?;
        header.expect(FileKind::Manifest, manifest.identity())?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The ranges of docs/storage-format.md, section 5.
    fn check_settings(&self) -> Result<(), FormatError> {
        let Settings {
            flush_interval_ms,
            mutable_bytes_max,
            segment_points_max,
            merge_fan_in,
            vacuum_dead_ratio,
            ..
        } = self.settings;
        let ranges = [
            ("flush_interval_ms", flush_interval_ms, 1, 3_600_000),
            ("mutable_bytes_max", mutable_bytes_max, 1024, u64::MAX),
            ("segment_points_max", segment_points_max, 1, u64::from(u32::MAX - 1)),
            ("merge_fan_in", u64::from(merge_fan_in), 2, 64),
        ];
        for (name, value, min, max) in ranges {
            if !(min..=max).contains(&value) {
                return Err(invalid(name, format!("{min}..={max}"), value));
            }
        }
        if !(0.01..=1.0).contains(&vacuum_dead_ratio) {
            return Err(invalid("vacuum_dead_ratio", "0.01..=1", vacuum_dead_ratio));
        }
        Ok(())
    }

    /// Checks vectors, settings and segments against each other and against the counters.
    ///
    /// # Errors
    /// The first rule that is broken.
    pub fn check(&self) -> Result<(), FormatError> {
        for (what, count) in [("vectors", self.vectors.len()), ("sparse vectors", self.sparse.len())] {
            if count > usize::from(u16::MAX) {
                return Err(invalid(what, format!("at most {}", u16::MAX), count));
            }
        }
        let names = self.vectors.iter().map(|vector| vector.name.as_str());
        let sparse_names = self.sparse.iter().map(|sparse| sparse.name.as_str());
        check_names(names.chain(sparse_names), HEADER_LEN as u64)?;
        for vector in &self.vectors {
            check_dim(vector.dim, HEADER_LEN as u64)?;
        }
        if self.indexes.len() != self.vectors.len() {
            let expected = format!("one for each of {} vectors", self.vectors.len());
            return Err(invalid("indexes", expected, self.indexes.len()));
        }
        self.indexes.iter().try_for_each(|index| index.check(HEADER_LEN as u64))?;
        self.check_fields()?;
        self.check_settings()?;
        if self.metadata.len() > METADATA_LEN_MAX {
            let expected = format!("at most {METADATA_LEN_MAX} bytes");
            return Err(invalid("metadata", expected, self.metadata.len()));
        }
        let counters = [
            ("generation", self.generation),
            ("applied_seq", self.applied_seq),
            ("next_segment_id", self.next_segment_id),
            ("next_checkpoint", self.next_checkpoint),
            ("next_field_id", self.next_field_id),
        ];
        for (name, value) in counters {
            if value > COUNTER_MAX {
                return Err(invalid(name, format!("at most {COUNTER_MAX}"), value));
            }
        }
        let mut ids = HashSet::new();
        for segment in &self.segments {
            if !ids.insert(segment.id) {
                return Err(invalid("segment id", "each id once", format!("{} twice", segment.id)));
            }
            self.check_segment(segment)?;
        }
        Ok(())
    }

    fn check_fields(&self) -> Result<(), FormatError> {
        if self.fields.len() > FIELDS_MAX {
            return Err(invalid("fields", format!("at most {FIELDS_MAX}"), self.fields.len()));
        }
        let (mut ids, mut paths) = (HashSet::new(), HashSet::new());
        for field in &self.fields {
            if field.id == 0 || field.id >= self.next_field_id {
                let expected = format!("1 or more, below {}", self.next_field_id);
                return Err(invalid("field id", expected, field.id));
            }
            if field.path.is_empty() || field.path.len() > FIELD_PATH_LEN_MAX {
                let expected = format!("1 to {FIELD_PATH_LEN_MAX} bytes");
                return Err(invalid("field path", expected, field.path.len()));
            }
            let longest = if field.kind == FieldKind::Text { FIELD_OPTIONS_LEN_MAX } else { 0 };
            if field.options.len() > longest {
                return Err(invalid(
                    "field options",
                    format!("at most {longest} bytes"),
                    field.options.len(),
                ));
            }
            if !ids.insert(field.id) || !paths.insert(&field.path) {
                return Err(invalid(
                    "fields",
                    "each id and each path once",
                    format!("{:?} twice", field.path),
                ));
            }
        }
        Ok(())
    }

    fn check_segment(&self, segment: &SegmentEntry) -> Result<(), FormatError> {
        let SegmentEntry { id, point_count, dead_count, last_seq, files } = segment;
        if *id == 0 || *id >= self.next_segment_id {
            return Err(invalid("segment id", format!("1 or more, below {}", self.next_segment_id), id));
        }
        if dead_count > point_count {
            return Err(invalid("dead_count", format!("at most {point_count} in segment {id}"), dead_count));
        }
        if *last_seq > self.applied_seq {
            return Err(invalid(
                "last_seq",
                format!("at most {} in segment {id}", self.applied_seq),
                last_seq,
            ));
        }
        let unique: HashSet<_> = files.iter().map(|entry| entry.file).collect();
        if unique.len() != files.len() {
            return Err(invalid("files", format!("each file of segment {id} once"), "one twice"));
        }
        let vectors = (0_u16..).zip(&self.vectors).map(|(index, _)| SegmentFile::Vectors(index));
        let sparse = (0_u16..).zip(&self.sparse);
        let sparse = sparse.flat_map(|(index, _)| [SegmentFile::Sparse(index), SegmentFile::Postings(index)]);
        let mut needed = [SegmentFile::Meta, SegmentFile::IdMap, SegmentFile::Payloads]
            .into_iter()
            .chain(vectors)
            .chain(sparse);
        if let Some(missing) = needed.find(|file| !unique.contains(file)) {
            return Err(invalid("files", format!("{} in segment {id}", missing.file_name()), "none"));
        }
        let known = |file: &SegmentFile| match *file {
            SegmentFile::Meta | SegmentFile::IdMap | SegmentFile::Payloads => true,
            SegmentFile::Vectors(index)
            | SegmentFile::Codes(index)
            | SegmentFile::Reduced(index)
            | SegmentFile::Links(index) => usize::from(index) < self.vectors.len(),
            SegmentFile::Tombstones(checkpoint) => checkpoint < self.next_checkpoint,
            SegmentFile::Field(id) => self.has_field(id, |kind| kind != FieldKind::Text),
            SegmentFile::Text(id) => self.has_field(id, |kind| kind == FieldKind::Text),
            SegmentFile::Sparse(index) | SegmentFile::Postings(index) => {
                usize::from(index) < self.sparse.len()
            }
        };
        if let Some(unknown) = unique.iter().find(|file| !known(file)) {
            let expected = format!("only vectors, fields and checkpoints of this manifest in segment {id}");
            return Err(invalid("files", expected, unknown.file_name()));
        }
        for file in &unique {
            let beside = match *file {
                SegmentFile::Codes(index) | SegmentFile::Reduced(index) => Some(SegmentFile::Links(index)),
                SegmentFile::Links(index) => Some(SegmentFile::Codes(index)),
                SegmentFile::Meta
                | SegmentFile::IdMap
                | SegmentFile::Payloads
                | SegmentFile::Vectors(_)
                | SegmentFile::Sparse(_)
                | SegmentFile::Postings(_)
                | SegmentFile::Field(_)
                | SegmentFile::Text(_)
                | SegmentFile::Tombstones(_) => None,
            };
            if let Some(missing) = beside.filter(|beside| !unique.contains(beside)) {
                let expected = format!("{} beside {}", missing.file_name(), file.file_name());
                return Err(invalid("files", expected, "none"));
            }
        }
        let tombstones = unique.iter().filter(|file| matches!(file, SegmentFile::Tombstones(_))).count();
        if tombstones > 1 || (tombstones == 0 && *dead_count > 0) {
            let expected = format!("one tombstones file for {dead_count} dead points of segment {id}");
            return Err(invalid("files", expected, tombstones));
        }
        Ok(())
    }

    fn has_field(&self, id: u64, is_kind: impl Fn(FieldKind) -> bool) -> bool {
        self.fields.iter().any(|field| field.id == id && is_kind(field.kind))
    }

    fn identity(&self) -> Identity {
        Identity { collection: self.collection_id, owner: 0, tag: self.generation }
    }
}

fn invalid(what: &'static str, expected: impl Into<String>, got: impl std::fmt::Display) -> FormatError {
    FormatError::invalid(HEADER_LEN as u64, what, expected, got)
}
