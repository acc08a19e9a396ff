//! The manifest's archived shape: enums as codes, files as kind and tag.

use rkyv::{Archive, Deserialize, Serialize};

use super::{Durability, FieldParams, FileEntry, Manifest, SegmentEntry, Settings};
use crate::archive;
use crate::error::FormatError;
use crate::header::{FileKind, HEADER_LEN};
use crate::layout::SegmentFile;
use crate::payload_index::FieldKind;
use crate::vector_params::{
    Datatype, IndexParams, Metric, Multivector, SparseModifier, SparseParams, VectorParams,
};

mod older;

const OFFSET: u64 = HEADER_LEN as u64;

#[derive(Archive, Serialize, Deserialize)]
struct ManifestRecord {
    generation: u64,
    collection_id: u64,
    applied_seq: u64,
    next_segment_id: u64,
    next_checkpoint: u64,
    vectors: Vec<VectorRecord>,
    indexes: Vec<IndexRecord>,
    sparse: Vec<SparseRecord>,
    fields: Vec<FieldRecord>,
    next_field_id: u64,
    settings: SettingsRecord,
    metadata: String,
    segments: Vec<SegmentRecord>,
}

#[derive(Archive, Serialize, Deserialize)]
struct FieldRecord {
    id: u64,
    path: String,
    kind: u16,
    options: String,
}

#[derive(Archive, Serialize, Deserialize)]
struct VectorRecord {
    name: String,
    dim: u32,
    metric: u8,
    datatype: u8,
    multivector: u8,
}

#[derive(Archive, Serialize, Deserialize)]
struct SparseRecord {
    name: String,
    modifier: u8,
    datatype: u8,
}

#[derive(Archive, Serialize, Deserialize)]
struct IndexRecord {
    m: u32,
    ef_construction: u32,
    quantile: f32,
    graph_points_min: u32,
}

#[derive(Archive, Serialize, Deserialize)]
struct SettingsRecord {
    durability: u8,
    flush_interval_ms: u64,
    mutable_bytes_max: u64,
    segment_points_max: u64,
    merge_fan_in: u32,
    vacuum_dead_ratio: f32,
}

#[derive(Archive, Serialize, Deserialize)]
struct SegmentRecord {
    id: u64,
    point_count: u32,
    dead_count: u32,
    last_seq: u64,
    files: Vec<FileRecord>,
}

#[derive(Archive, Serialize, Deserialize)]
struct FileRecord {
    kind: u16,
    tag: u64,
    len: u64,
    table_checksum: u32,
}

/// The archive of `manifest`.
pub(super) fn encode(manifest: &Manifest) -> Vec<u8> {
    let Settings {
        durability,
        flush_interval_ms,
        mutable_bytes_max,
        segment_points_max,
        merge_fan_in,
        vacuum_dead_ratio,
    } = manifest.settings;
    archive::encode_small(&ManifestRecord {
        generation: manifest.generation,
        collection_id: manifest.collection_id,
        applied_seq: manifest.applied_seq,
        next_segment_id: manifest.next_segment_id,
        next_checkpoint: manifest.next_checkpoint,
        vectors: manifest.vectors.iter().map(vector_record).collect(),
        indexes: manifest.indexes.iter().map(index_record).collect(),
        sparse: manifest.sparse.iter().map(sparse_record).collect(),
        fields: manifest.fields.iter().map(field_record).collect(),
        next_field_id: manifest.next_field_id,
        settings: SettingsRecord {
            durability: durability.code(),
            flush_interval_ms,
            mutable_bytes_max,
            segment_points_max,
            merge_fan_in,
            vacuum_dead_ratio,
        },
        metadata: manifest.metadata.clone(),
        segments: manifest.segments.iter().map(segment_record).collect(),
    })
}

/// The manifest in `data`, written by a version, whose codes are known but whose rules are not checked.
pub(super) fn decode(data: &[u8], version: u16) -> Result<Manifest, FormatError> {
    let record = match version {
        1..=3 => older::decode(data, version),
        _ => archive::decode(data),
    };
    let record: ManifestRecord = record.map_err(|error| error.shift(OFFSET))?;
    let SettingsRecord {
        durability,
        flush_interval_ms,
        mutable_bytes_max,
        segment_points_max,
        merge_fan_in,
        vacuum_dead_ratio,
    } = record.settings;
    let durability = Durability::from_code(durability)
        .ok_or_else(|| FormatError::invalid(OFFSET, "durability", "1 to 3", durability))?;
    Ok(Manifest {
        generation: record.generation,
        collection_id: record.collection_id,
        applied_seq: record.applied_seq,
        next_segment_id: record.next_segment_id,
        next_checkpoint: record.next_checkpoint,
        vectors: record.vectors.into_iter().map(vector).collect::<Result<_, _>>()?,
        indexes: record.indexes.into_iter().map(index).collect(),
        sparse: record.sparse.into_iter().map(sparse).collect::<Result<_, _>>()?,
        fields: record.fields.into_iter().map(field).collect::<Result<_, _>>()?,
        next_field_id: record.next_field_id,
        settings: Settings {
            durability,
            flush_interval_ms,
            mutable_bytes_max,
            segment_points_max,
            merge_fan_in,
            vacuum_dead_ratio,
        },
        metadata: record.metadata,
        segments: record.segments.into_iter().map(segment).collect::<Result<_, _>>()?,
    })
}

fn field_record(field: &FieldParams) -> FieldRecord {
    let FieldParams { id, path, kind, options } = field;
    FieldRecord { id: *id, path: path.clone(), kind: kind.code(), options: options.clone() }
}

fn field(record: FieldRecord) -> Result<FieldParams, FormatError> {
    let FieldRecord { id, path, kind, options } = record;
    let kind = FieldKind::from_code(kind)
        .ok_or_else(|| FormatError::invalid(OFFSET, "kind of a field", "1 to 8", kind))?;
    Ok(FieldParams { id, path, kind, options })
}

fn index_record(index: &IndexParams) -> IndexRecord {
    let IndexParams { m, ef_construction, quantile, graph_points_min } = *index;
    IndexRecord { m, ef_construction, quantile, graph_points_min }
}

fn index(record: IndexRecord) -> IndexParams {
    let IndexRecord { m, ef_construction, quantile, graph_points_min } = record;
    IndexParams { m, ef_construction, quantile, graph_points_min }
}

fn vector_record(vector: &VectorParams) -> VectorRecord {
    let VectorParams { name, dim, metric, datatype, multivector } = vector;
    VectorRecord {
        name: name.clone(),
        dim: *dim,
        metric: metric.code(),
        datatype: datatype.code(),
        multivector: Multivector::code(*multivector),
    }
}

fn vector(record: VectorRecord) -> Result<VectorParams, FormatError> {
    let VectorRecord { name, dim, metric, datatype, multivector } = record;
    let metric = Metric::decode(metric, OFFSET)?;
    let datatype = Datatype::decode(datatype, OFFSET)?;
    let multivector = Multivector::decode(multivector, OFFSET)?;
    Ok(VectorParams { name, dim, metric, datatype, multivector })
}

fn sparse_record(sparse: &SparseParams) -> SparseRecord {
    let SparseParams { name, modifier, datatype } = sparse;
    SparseRecord { name: name.clone(), modifier: modifier.code(), datatype: datatype.code() }
}

fn sparse(record: SparseRecord) -> Result<SparseParams, FormatError> {
    let SparseRecord { name, modifier, datatype } = record;
    let modifier = SparseModifier::decode(modifier, OFFSET)?;
    let datatype = Datatype::decode(datatype, OFFSET)?;
    Ok(SparseParams { name, modifier, datatype })
}

fn segment_record(segment: &SegmentEntry) -> SegmentRecord {
    let SegmentEntry { id, point_count, dead_count, last_seq, ref files } = *segment;
    SegmentRecord { id, point_count, dead_count, last_seq, files: files.iter().map(file_record).collect() }
}

fn segment(record: SegmentRecord) -> Result<SegmentEntry, FormatError> {
    let SegmentRecord { id, point_count, dead_count, last_seq, files } = record;
    let files = files.into_iter().map(file).collect::<Result<_, _>>()?;
    Ok(SegmentEntry { id, point_count, dead_count, last_seq, files })
}

fn file_record(entry: &FileEntry) -> FileRecord {
    let FileEntry { file, len, table_checksum } = *entry;
    FileRecord { kind: file.kind().code(), tag: file.tag(), len, table_checksum }
}

fn file(record: FileRecord) -> Result<FileEntry, FormatError> {
    let FileRecord { kind, tag, len, table_checksum } = record;
    let file = FileKind::try_from(kind).ok().and_then(|kind| SegmentFile::from_kind_tag(kind, tag));
    let got = || format!("kind {kind}, tag {tag}");
    let file = file.ok_or_else(|| FormatError::invalid(OFFSET, "files", "a file of a segment", got()))?;
    Ok(FileEntry { file, len, table_checksum })
}
