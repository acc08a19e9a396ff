//! What older versions of the manifest wrote, read as what it means now.

use rkyv::{Archive, Deserialize, Serialize};

use super::{
    FieldRecord, IndexRecord, ManifestRecord, SegmentRecord, SettingsRecord, VectorRecord, index_record,
};
use crate::archive;
use crate::error::FormatError;
use crate::vector_params::IndexParams;

/// Without sparse vectors and metadata.
#[derive(Archive, Serialize, Deserialize)]
struct ManifestRecordV3 {
    generation: u64,
    collection_id: u64,
    applied_seq: u64,
    next_segment_id: u64,
    next_checkpoint: u64,
    vectors: Vec<VectorRecordV3>,
    indexes: Vec<IndexRecord>,
    fields: Vec<FieldRecord>,
    next_field_id: u64,
    settings: SettingsRecord,
    segments: Vec<SegmentRecord>,
}

/// Without payload fields.
#[derive(Archive, Serialize, Deserialize)]
struct ManifestRecordV2 {
    generation: u64,
    collection_id: u64,
    applied_seq: u64,
    next_segment_id: u64,
    next_checkpoint: u64,
    vectors: Vec<VectorRecordV3>,
    indexes: Vec<IndexRecord>,
    settings: SettingsRecord,
    segments: Vec<SegmentRecord>,
}

/// Without indexes.
#[derive(Archive, Serialize, Deserialize)]
struct ManifestRecordV1 {
    generation: u64,
    collection_id: u64,
    applied_seq: u64,
    next_segment_id: u64,
    next_checkpoint: u64,
    vectors: Vec<VectorRecordV3>,
    settings: SettingsRecord,
    segments: Vec<SegmentRecord>,
}

/// One vector a point.
#[derive(Archive, Serialize, Deserialize)]
struct VectorRecordV3 {
    name: String,
    dim: u32,
    metric: u8,
    datatype: u8,
}

/// The record in `data`, written by version 1, 2 or 3.
pub(super) fn decode(data: &[u8], version: u16) -> Result<ManifestRecord, FormatError> {
    let record: ManifestRecordV3 = match version {
        1 => ManifestRecordV2::from(archive::decode::<ManifestRecordV1>(data)?).into(),
        2 => archive::decode::<ManifestRecordV2>(data)?.into(),
        _ => archive::decode(data)?,
    };
    Ok(record.into())
}

impl From<ManifestRecordV1> for ManifestRecordV2 {
    fn from(record: ManifestRecordV1) -> Self {
        Self {
            generation: record.generation,
            collection_id: record.collection_id,
            applied_seq: record.applied_seq,
            next_segment_id: record.next_segment_id,
            next_checkpoint: record.next_checkpoint,
            indexes: record.vectors.iter().map(|_| index_record(&IndexParams::DEFAULT)).collect(),
            vectors: record.vectors,
            settings: record.settings,
            segments: record.segments,
        }
    }
}

impl From<ManifestRecordV2> for ManifestRecordV3 {
    fn from(record: ManifestRecordV2) -> Self {
        Self {
            generation: record.generation,
            collection_id: record.collection_id,
            applied_seq: record.applied_seq,
            next_segment_id: record.next_segment_id,
            next_checkpoint: record.next_checkpoint,
            vectors: record.vectors,
            indexes: record.indexes,
            fields: Vec::new(),
            next_field_id: 1,
            settings: record.settings,
            segments: record.segments,
        }
    }
}

impl From<ManifestRecordV3> for ManifestRecord {
    fn from(record: ManifestRecordV3) -> Self {
        Self {
            generation: record.generation,
            collection_id: record.collection_id,
            applied_seq: record.applied_seq,
            next_segment_id: record.next_segment_id,
            next_checkpoint: record.next_checkpoint,
            vectors: record.vectors.into_iter().map(VectorRecord::from).collect(),
            indexes: record.indexes,
            sparse: Vec::new(),
            fields: record.fields,
            next_field_id: record.next_field_id,
            settings: record.settings,
            metadata: String::new(),
            segments: record.segments,
        }
    }
}

impl From<VectorRecordV3> for VectorRecord {
    fn from(record: VectorRecordV3) -> Self {
        let VectorRecordV3 { name, dim, metric, datatype } = record;
        Self { name, dim, metric, datatype, multivector: 0 }
    }
}
