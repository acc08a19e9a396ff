//! What a collection looks like from outside: counts and sizes at one moment.

use super::{Collection, CollectionConfig};
use crate::error::{Error, Result};
use crate::ids::{SegmentId, SeqNo};
use crate::segment::MappedIndex;
use nigh_format::manifest::VectorParams;
use std::sync::atomic::Ordering;

/// A collection at one moment.
#[derive(Debug, Clone)]
pub struct CollectionInfo {
    /// The configuration.
    pub config: CollectionConfig,
    /// Live points.
    pub point_count: u64,
    /// Last operation that is visible.
    pub last_seq: SeqNo,
    /// Last operation that is on stable storage.
    pub durable_seq: SeqNo,
    /// Last operation that the segments on disk hold; later ones are replayed at open.
    pub checkpoint_seq: SeqNo,
    /// Log that a replay would read, in bytes.
    pub wal_bytes: u64,
    /// Memory of mutable segments, about, in bytes.
    pub mutable_bytes: u64,
    /// Sealed segments, oldest first.
    pub segments: Vec<SegmentInfo>,
    /// `Async` writes that failed after they were accepted, since the collection was opened.
    pub async_failure_count: u64,
    /// Why the last of them failed.
    pub async_failure: Option<Error>,
    /// Why writes fail, if they do.
    pub poisoned: Option<String>,
}

/// The index of one vector of a segment.
#[derive(Debug, Clone, PartialEq)]
pub struct IndexInfo {
    /// The vector's name.
    pub vector: String,
    /// Vectors in it.
    pub vector_count: u32,
    /// Its files: codes and links, in bytes. This is what a search needs in memory, besides the vectors of its candidates.
    pub bytes: u64,
    /// Whether codes are the values themselves.
    pub lossless: bool,
    /// Coordinates of the shorter codes that the graph is walked on, if there are any.
    pub reduced_dim: Option<u32>,
    /// Vectors that the build alone would not have found, and that were linked afterwards.
    pub repaired: u32,
    /// Instructions that distances are computed with.
    pub kernels: &'static str,
}

/// A sealed segment.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentInfo {
    /// Its number.
    pub id: SegmentId,
    /// Points in it, dead ones included.
    pub point_count: u32,
    /// Dead points in it.
    pub dead_count: u32,
    /// Bytes on disk.
    pub disk_bytes: u64,
    /// Rewriting it failed too often; left alone until the next open.
    pub quarantined: bool,
    /// Its indexes, of the vectors that have one.
    pub indexes: Vec<IndexInfo>,
}

fn index_info(params: &VectorParams, index: &MappedIndex) -> IndexInfo {
    IndexInfo {
        vector: params.name.clone(),
        vector_count: index.row_count(),
        bytes: index.bytes(),
        lossless: index.is_lossless(),
        reduced_dim: index.reduced_dim(),
        repaired: index.repaired(),
        kernels: index.kernels(),
    }
}

impl Collection {
    /// Counts and sizes.
    ///
    /// # Errors
    /// `Closed` if the collection was dropped.
    pub fn info(&self) -> Result<CollectionInfo> {
        let shared = self.readable()?;
        let checkpoint_seq = SeqNo(shared.applied.load(Ordering::Acquire));
        let state = shared.write.lock();
        let (async_failure_count, async_failure) = shared.async_failures.lock().clone();
        let wal = state.wal.as_ref();
        let view = shared.view.load();
        let segment = |view: &crate::segment::SegmentView| {
            let sealed = view.as_sealed()?;
            Some(SegmentInfo {
                id: sealed.id(),
                point_count: view.len,
                dead_count: view.dead.count(),
                disk_bytes: sealed.disk_bytes(),
                quarantined: shared.jobs.is_quarantined(sealed.id()),
                indexes: shared
                    .params
                    .iter()
                    .enumerate()
                    .filter_map(|(i, p)| Some(index_info(p, sealed.index(i)?)))
                    .collect(),
            })
        };
        Ok(CollectionInfo {
            config: self.config(),
            point_count: view.point_count(),
            last_seq: view.seq,
            durable_seq: wal.map_or(view.seq, |w| w.durable()),
            checkpoint_seq,
            wal_bytes: wal.map_or(0, |w| w.bytes()),
            mutable_bytes: view.mutable_bytes(),
            segments: view.segments.iter().filter_map(segment).collect(),
            async_failure_count,
            async_failure,
            poisoned: wal.and_then(|w| w.poison()).map(str::to_owned),
        })
    }
}
