//! Segment meta: the shape of one sealed segment.
//!
//! Goes in: a [`SegmentMeta`] or a whole file. Comes out: a whole file, or a shape whose rules all hold.
//! Bytes: docs/storage-format.md, section 8.1.

use rkyv::{Archive, Deserialize, Serialize};

use crate::archive;
use crate::block::{decode_file, encode_file};
use crate::error::FormatError;
use crate::header::{FileKind, HEADER_LEN, Identity};
use crate::vector_params::{Datatype, Metric, VectorParams, check_dim, check_names};

const OFFSET: u64 = HEADER_LEN as u64;

/// The shape of one sealed segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentMeta {
    /// The segment's id.
    pub segment_id: u64,
    /// Points in it.
    pub point_count: u32,
    /// The highest version of a point in it.
    pub last_seq: u64,
    /// The vectors of its points, in the order of the manifest.
    pub vectors: Vec<SegmentVector>,
}

/// One vector of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentVector {
    /// As in the manifest.
    pub params: VectorParams,
    /// How many points have this vector.
    pub row_count: u32,
}

#[derive(Archive, Serialize, Deserialize)]
struct MetaRecord {
    segment_id: u64,
    point_count: u32,
    last_seq: u64,
    vectors: Vec<VectorRecord>,
}

#[derive(Archive, Serialize, Deserialize)]
struct VectorRecord {
    name: String,
    dim: u32,
    metric: u8,
    datatype: u8,
    row_count: u32,
}

impl SegmentMeta {
    /// The whole file, for a segment of `collection`.
    #[must_use]
    pub fn encode(&self, collection: u64) -> Vec<u8> {
        let record = MetaRecord {
            segment_id: self.segment_id,
            point_count: self.point_count,
            last_seq: self.last_seq,
            vectors: self.vectors.iter().map(vector_record).collect(),
        };
        encode_file(
            FileKind::SegmentMeta,
            identity(collection, self.segment_id),
            &archive::encode_small(&record),
        )
    }

    /// Reads a whole file that belongs to `segment` of `collection`.
    ///
    /// # Errors
    /// Anything that is wrong with the file, the record or what it says.
    pub fn decode(bytes: &[u8], collection: u64, segment: u64) -> Result<Self, FormatError> {
        let (header, data) = decode_file(bytes, FileKind::SegmentMeta)?;
        header.expect(FileKind::SegmentMeta, identity(collection, segment))?;
        let record: MetaRecord = archive::decode(data).map_err(|error| error.shift(OFFSET))?;
        let MetaRecord { segment_id, point_count, last_seq, vectors } = record;
        let vectors = vectors.into_iter().map(vector).collect::<Result<_, _>>()?;
        let meta = Self { segment_id, point_count, last_seq, vectors };
        meta.check(segment)?;
        Ok(meta)
    }

    fn check(&self, segment: u64) -> Result<(), FormatError> {
        if self.segment_id != segment {
            return Err(FormatError::invalid(OFFSET, "segment id", segment.to_string(), self.segment_id));
        }
        check_names(self.vectors.iter().map(|vector| vector.params.name.as_str()), OFFSET)?;
        for vector in &self.vectors {
            check_dim(vector.params.dim, OFFSET)?;
            if vector.row_count > self.point_count {
                let expected = format!("at most {}", self.point_count);
                return Err(FormatError::invalid(OFFSET, "row_count", expected, vector.row_count));
            }
        }
        Ok(())
    }
}

fn identity(collection: u64, segment: u64) -> Identity {
    Identity { collection, owner: segment, tag: 0 }
}

fn vector_record(vector: &SegmentVector) -> VectorRecord {
    let VectorParams { name, dim, metric, datatype, .. } = &vector.params;
    VectorRecord {
        name: name.clone(),
        dim: *dim,
        metric: metric.code(),
        datatype: datatype.code(),
        row_count: vector.row_count,
    }
}

fn vector(record: VectorRecord) -> Result<SegmentVector, FormatError> {
    let VectorRecord { name, dim, metric, datatype, row_count } = record;
    let metric = Metric::decode(metric, OFFSET)?;
    let datatype = Datatype::decode(datatype, OFFSET)?;
    let params = VectorParams { name, dim, metric, datatype, multivector: None };
    Ok(SegmentVector { params, row_count })
}
