//! The segment that is still written: points are appended in memory and searchable at once.
//!
//! An update appends a new version of the point; the old one stays, for those who look at an earlier moment. A reader takes the length
//! that its view was published with and never looks behind it, so appending disturbs nobody.
//!
//! Threads: one appender, under the collection's write lock; any number of readers. Points lie in chunks; an appender locks only the last
//! chunk, for the time of a copy.

use crate::error::Result;
use crate::filter::{OffsetSet, Test};
use crate::ids::SeqNo;
use crate::payload::{Fields, GrowingField};
use crate::point::{Payload, PayloadPath, PointId};
use crate::vectors::{Row, VectorColumn};
use nigh_format::manifest::VectorParams;
use parking_lot::RwLock;
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Points a chunk.
const CHUNK_LEN: u32 = 1024;
/// Marks the first version of a point in this segment.
const NONE: u32 = u32::MAX;
/// Memory of a point besides its payload and vectors: id, version, links, map entry.
const POINT_OVERHEAD: u64 = 128;

/// A growing segment in memory.
#[derive(Debug)]
pub(crate) struct Mutable {
    params: Arc<[VectorParams]>,
    fields: Vec<GrowingField>,
    chunks: RwLock<Vec<Arc<RwLock<Chunk>>>>,
    newest: RwLock<HashMap<PointId, u32>>,
    bytes: AtomicU64,
}

#[derive(Debug)]
struct Chunk {
    ids: Vec<PointId>,
    versions: Vec<SeqNo>,
    /// Offset of the same point's version before this one.
    previous: Vec<u32>,
    payloads: Vec<Box<[u8]>>,
    columns: Vec<VectorColumn>,
}

impl Mutable {
    pub(crate) fn new(params: Arc<[VectorParams]>, fields: &Fields) -> Self {
        let fields = fields.iter().map(|field| GrowingField::new(Arc::clone(field))).collect();
        Self {
            params,
            fields,
            chunks: RwLock::default(),
            newest: RwLock::default(),
            bytes: AtomicU64::new(0),
        }
    }

    /// Memory in use, about.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Appends a version of a point at `offset`, which is the segment's length. `rows` are in the order of the configuration.
    pub(crate) fn append(
        &self,
        offset: u32,
        id: PointId,
        version: SeqNo,
        payload: &[u8],
        rows: &[Option<&[u8]>],
    ) {
        if offset.is_multiple_of(CHUNK_LEN) {
            let columns = self.params.iter().map(VectorColumn::new).collect();
            let (ids, versions, previous, payloads) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
            let chunk = Chunk { ids, versions, previous, payloads, columns };
            self.chunks.write().push(Arc::new(RwLock::new(chunk)));
        }
        let Some(chunk) = self.chunks.read().last().map(Arc::clone) else { return };
        let field_bytes = self.index_payload(offset, payload);
        let previous = self.newest.read().get(&id).copied().unwrap_or(NONE);
        {
            let mut chunk = chunk.write();
            chunk.ids.push(id);
            chunk.versions.push(version);
            chunk.previous.push(previous);
            chunk.payloads.push(payload.into());
            for (i, column) in chunk.columns.iter_mut().enumerate() {
                column.push(rows.get(i).copied().flatten());
            }
        }
        self.newest.write().insert(id, offset);
        let row_bytes: usize = rows.iter().flatten().map(|row| row.len()).sum();
        let bytes = POINT_OVERHEAD + (payload.len() + row_bytes) as u64 + field_bytes;
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Adds a point's payload to the indexes of fields. Returns the memory that this took, about.
    fn index_payload(&self, offset: u32, payload: &[u8]) -> u64 {
        if self.fields.is_empty() {
            return 0;
        }
        // It was checked before it was logged.
        let payload = Payload::decode(payload).unwrap_or_default();
        self.fields.iter().map(|growing| growing.push(offset, payload.as_map())).sum()
    }

    /// The index of a field, if it has one.
    pub(crate) fn field(&self, id: u64) -> Option<&GrowingField> {
        self.fields.iter().find(|growing| growing.field().id == id)
    }

    /// Those of the first `len` points for which a check of the values at `path` holds; none if no index can tell.
    pub(crate) fn answer(&self, path: &PayloadPath, test: &Test, len: u32) -> Result<Option<OffsetSet>> {
        let mut growing = self.fields.iter().filter(|growing| growing.field().path == *path);
        growing.find_map(|growing| growing.answer(test, len).transpose()).transpose()
    }

    fn chunk(&self, offset: u32) -> Option<(Arc<RwLock<Chunk>>, usize)> {
        let chunk = self.chunks.read().get((offset / CHUNK_LEN) as usize).map(Arc::clone)?;
        Some((chunk, (offset % CHUNK_LEN) as usize))
    }

    /// Newest version of the point below `len`.
    pub(crate) fn find(&self, id: PointId, len: u32) -> Option<u32> {
        let mut offset = self.newest.read().get(&id).copied()?;
        while offset != NONE && offset >= len {
            let (chunk, i) = self.chunk(offset)?;
            offset = chunk.read().previous.get(i).copied()?;
        }
        (offset != NONE).then_some(offset)
    }

    pub(crate) fn id(&self, offset: u32) -> Option<PointId> {
        let (chunk, i) = self.chunk(offset)?;
        chunk.read().ids.get(i).copied()
    }

    pub(crate) fn version(&self, offset: u32) -> Option<SeqNo> {
        let (chunk, i) = self.chunk(offset)?;
        chunk.read().versions.get(i).copied()
    }

    pub(crate) fn payload(&self, offset: u32) -> Option<Vec<u8>> {
        let (chunk, i) = self.chunk(offset)?;
        chunk.read().payloads.get(i).map(|p| p.to_vec())
    }

    pub(crate) fn payload_len(&self, offset: u32) -> Option<usize> {
        let (chunk, i) = self.chunk(offset)?;
        chunk.read().payloads.get(i).map(|p| p.len())
    }

    pub(crate) fn vector_bytes(&self, vector: usize, offset: u32) -> Option<Vec<u8>> {
        let (chunk, i) = self.chunk(offset)?;
        chunk.read().columns.get(vector).and_then(|c| c.bytes(i)).map(<[u8]>::to_vec)
    }

    pub(crate) fn has_vector(&self, vector: usize, offset: u32) -> bool {
        let Some((chunk, i)) = self.chunk(offset) else { return false };
        let chunk = chunk.read();
        chunk.columns.get(vector).is_some_and(|c| c.row(i).is_some())
    }

    /// Calls `each` for every row of a vector in a range of offsets, a chunk at a time; `between` runs before each chunk and may stop.
    pub(crate) fn scan<E>(
        &self,
        vector: usize,
        offsets: Range<u32>,
        mut between: impl FnMut() -> std::result::Result<(), E>,
        mut each: impl FnMut(u32, Row<'_>),
    ) -> std::result::Result<(), E> {
        let mut start = offsets.start;
        while start < offsets.end {
            between()?;
            let Some((chunk, first)) = self.chunk(start) else { break };
            let chunk = chunk.read();
            let Some(column) = chunk.columns.get(vector) else { break };
            let end = offsets.end.min(start - first as u32 + CHUNK_LEN);
            for (offset, i) in (start..end).zip(first..) {
                if let Some(row) = column.row(i) {
                    each(offset, row);
                }
            }
            start = end;
        }
        Ok(())
    }

    /// Calls `each` for the rows of some points in a range of offsets, a chunk at a time; `between` runs before each chunk and may stop.
    pub(crate) fn scan_among<E>(
        &self,
        vector: usize,
        (among, offsets): (&OffsetSet, Range<u32>),
        mut between: impl FnMut() -> std::result::Result<(), E>,
        mut each: impl FnMut(u32, Row<'_>),
    ) -> std::result::Result<(), E> {
        let mut start = offsets.start;
        while start < offsets.end {
            between()?;
            let Some((chunk, first)) = self.chunk(start) else { break };
            let end = offsets.end.min(start - first as u32 + CHUNK_LEN);
            let chunk = chunk.read();
            let Some(column) = chunk.columns.get(vector) else { break };
            for offset in among.iter_in(start..end) {
                if let Some(row) = column.row((offset % CHUNK_LEN) as usize) {
                    each(offset, row);
                }
            }
            start = end;
        }
        Ok(())
    }

    /// Calls `each` with offset and id of every version below `len`.
    pub(crate) fn for_each_id(&self, len: u32, mut each: impl FnMut(u32, PointId)) {
        for start in (0..len).step_by(CHUNK_LEN as usize) {
            let Some((chunk, _)) = self.chunk(start) else { break };
            let chunk = chunk.read();
            for (offset, id) in (start..len).zip(&chunk.ids) {
                each(offset, *id);
            }
        }
    }
}
