//! A segment that never changes, but for indexes of payload fields that it gains or loses: a folder of mapped block files.
//!
//! Opening reads headers and preambles only. When the manifest no longer names the segment it is marked obsolete, and its folder is
//! removed when the last view that holds it is gone.

use super::id_map::MappedIds;
use super::index::MappedIndex;
use crate::error::{Error, Result};
use crate::filter::{OffsetSet, Test};
use crate::ids::{SegmentId, SeqNo};
use crate::io::{BlockFile, FileStamp, Vfs, missing_is_damage, read_file, remove_tree};
use crate::payload::{Fields, MappedPayloads, SealedField};
use crate::point::PayloadPath;
use crate::vectors::{MappedVectors, Row};
use nigh_format::header::Identity;
use nigh_format::layout::{SegmentFile, segment_dir};
use nigh_format::manifest::{SegmentEntry, VectorParams};
use nigh_format::segment_meta::SegmentMeta;
use parking_lot::RwLock;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Where a collection's segments lie.
#[derive(Debug, Clone)]
pub(crate) struct SegmentPlace {
    pub(crate) vfs: Arc<dyn Vfs>,
    /// The collection's `segments` folder.
    pub(crate) dir: PathBuf,
    /// The collection's id.
    pub(crate) collection: u64,
}

impl SegmentPlace {
    pub(crate) fn segment_dir(&self, id: SegmentId) -> PathBuf {
        self.dir.join(segment_dir(id.0))
    }

    pub(crate) fn path(&self, id: SegmentId, file: SegmentFile) -> PathBuf {
        self.segment_dir(id).join(file.file_name())
    }

    pub(crate) fn identity(&self, id: SegmentId, file: SegmentFile) -> Identity {
        Identity { collection: self.collection, owner: id.0, tag: file.tag() }
    }

    /// Opens a file of a segment; `stamp` is what the manifest says of it.
    pub(crate) fn open(&self, id: SegmentId, file: SegmentFile, stamp: FileStamp) -> Result<BlockFile> {
        let path = self.path(id, file);
        let opened = BlockFile::open(self.vfs.as_ref(), &path, file.kind(), self.identity(id, file))?;
        if opened.stamp() != stamp {
            let what =
                format!("expected the file that the manifest names ({stamp:?}), got {:?}", opened.stamp());
            return Err(Error::corrupt(&path, 0, what));
        }
        Ok(opened)
    }
}

/// An immutable segment on disk.
#[derive(Debug)]
pub(crate) struct Sealed {
    id: SegmentId,
    place: SegmentPlace,
    point_count: u32,
    last_seq: SeqNo,
    ids: MappedIds,
    payloads: MappedPayloads,
    vectors: Vec<MappedVectors>,
    /// Of each vector, if it has one.
    indexes: Vec<Option<MappedIndex>>,
    /// Indexes of payload fields: the only thing that a segment gains after it was sealed.
    fields: RwLock<Vec<Arc<SealedField>>>,
    obsolete: AtomicBool,
}

/// Rows scored between two looks at whether the caller has given up.
const SCAN_GROUP: u32 = 1024;

impl Sealed {
    /// Opens the segment that a manifest entry names.
    pub(crate) fn open(
        place: &SegmentPlace,
        entry: &SegmentEntry,
        params: &[VectorParams],
        fields: &Fields,
    ) -> Result<Self> {
        let id = SegmentId(entry.id);
        let open = |file: SegmentFile| {
            let listed = entry.files.iter().find(|f| f.file == file);
            let listed = listed.ok_or_else(|| Error::internal(format!("manifest entry without {file:?}")))?;
            let stamp = FileStamp { len: listed.len, table_checksum: listed.table_checksum };
            place.open(id, file, stamp)
        };
        open(SegmentFile::Meta)?;
        let path = place.path(id, SegmentFile::Meta);
        let meta = read_file(place.vfs.as_ref(), &path).map_err(|e| missing_is_damage(&path, e))?;
        let meta =
            SegmentMeta::decode(&meta, place.collection, id.0).map_err(|e| Error::format(&path, &e))?;
        if meta.point_count != entry.point_count || meta.last_seq != entry.last_seq {
            let what = format!("expected {} points, got {}", entry.point_count, meta.point_count);
            return Err(Error::corrupt(&path, 0, what));
        }
        let vectors = params.iter().zip(0..).map(|(params, i)| {
            MappedVectors::open(open(SegmentFile::Vectors(i))?, params, entry.point_count)
        });
        let vectors: Vec<MappedVectors> = vectors.collect::<Result<_>>()?;
        let is_listed = |file: SegmentFile| entry.files.iter().any(|f| f.file == file);
        let indexes = params.iter().zip(&vectors).zip(0..).map(|((params, vectors), i)| {
            if !is_listed(SegmentFile::Links(i)) {
                return Ok(None);
            }
            let reduced =
                is_listed(SegmentFile::Reduced(i)).then(|| open(SegmentFile::Reduced(i))).transpose()?;
            let (codes, links) = (open(SegmentFile::Codes(i))?, open(SegmentFile::Links(i))?);
            MappedIndex::open(params, vectors.row_count(), codes, reduced, links).map(Some)
        });
        let indexes = indexes.collect::<Result<_>>()?;
        let fields = fields.iter().filter(|field| is_listed(field.file())).map(|field| {
            let file = open(field.file())?;
            SealedField::open(file, Arc::clone(field), entry.point_count).map(Arc::new)
        });
        let fields = fields.collect::<Result<_>>()?;
        Ok(Self {
            id,
            place: place.clone(),
            point_count: entry.point_count,
            last_seq: SeqNo(entry.last_seq),
            ids: MappedIds::open(open(SegmentFile::IdMap)?, entry.point_count)?,
            payloads: MappedPayloads::open(open(SegmentFile::Payloads)?, entry.point_count)?,
            vectors,
            indexes,
            fields: RwLock::new(fields),
            obsolete: AtomicBool::new(false),
        })
    }

    pub(crate) fn id(&self) -> SegmentId {
        self.id
    }

    pub(crate) fn point_count(&self) -> u32 {
        self.point_count
    }

    /// Highest version of a point in it.
    pub(crate) fn last_seq(&self) -> SeqNo {
        self.last_seq
    }

    pub(crate) fn ids(&self) -> &MappedIds {
        &self.ids
    }

    pub(crate) fn payloads(&self) -> &MappedPayloads {
        &self.payloads
    }

    pub(crate) fn vectors(&self) -> &[MappedVectors] {
        &self.vectors
    }

    pub(crate) fn vector(&self, vector: usize) -> Result<&MappedVectors> {
        self.vectors.get(vector).ok_or_else(|| Error::internal(format!("no vector with index {vector}")))
    }

    /// The index of a vector, if it has one.
    pub(crate) fn index(&self, vector: usize) -> Option<&MappedIndex> {
        self.indexes.get(vector)?.as_ref()
    }

    pub(crate) fn indexes(&self) -> impl Iterator<Item = &MappedIndex> {
        self.indexes.iter().flatten()
    }

    /// The indexes of payload fields.
    pub(crate) fn fields(&self) -> Vec<Arc<SealedField>> {
        self.fields.read().clone()
    }

    /// The index of a payload field, if it has one.
    pub(crate) fn field(&self, id: u64) -> Option<Arc<SealedField>> {
        self.fields.read().iter().find(|index| index.field().id == id).cloned()
    }

    pub(crate) fn add_field(&self, index: Arc<SealedField>) {
        self.fields.write().push(index);
    }

    /// Forgets the indexes of fields that are not indexed any more.
    pub(crate) fn keep_fields(&self, is_kept: impl Fn(u64) -> bool) {
        self.fields.write().retain(|index| is_kept(index.field().id));
    }

    /// The points for which a check of the values at `path` holds, dead ones too; none if no index can tell.
    pub(crate) fn answer(&self, path: &PayloadPath, test: &Test) -> Result<Option<OffsetSet>> {
        let fields = self.fields();
        let mut indexes = fields.iter().filter(|index| index.field().path == *path);
        indexes.find_map(|index| index.answer(test).transpose()).transpose()
    }

    /// All files but meta, tombstones and indexes of payload fields.
    pub(crate) fn files(&self) -> impl Iterator<Item = &BlockFile> {
        let files = [self.ids.file(), self.payloads.file()].into_iter();
        let files = files.chain(self.vectors.iter().map(MappedVectors::file));
        files.chain(self.indexes().flat_map(MappedIndex::files))
    }

    /// Bytes of all files but meta and tombstones.
    pub(crate) fn disk_bytes(&self) -> u64 {
        let fields: u64 = self.fields.read().iter().map(|index| index.file().stamp().len).sum();
        self.files().map(|f| f.stamp().len).sum::<u64>() + fields
    }

    /// The folder goes when the last holder does. Call only when no manifest names the segment any more.
    pub(crate) fn retire(&self) {
        self.obsolete.store(true, Ordering::Release);
    }

    /// Calls `each` for every row of a vector in a range of offsets, in order; `between` runs before each group and may stop.
    pub(crate) fn scan(
        &self,
        vector: usize,
        offsets: Range<u32>,
        mut between: impl FnMut() -> Result<()>,
        mut each: impl FnMut(u32, Row<'_>),
    ) -> Result<()> {
        let vectors = self.vector(vector)?;
        vectors.expect_scan();
        for start in offsets.clone().step_by(SCAN_GROUP as usize) {
            between()?;
            let end = offsets.end.min(start.saturating_add(SCAN_GROUP));
            if !vectors.for_each_dense(start..end, &mut each)? {
                for offset in start..end {
                    if let Some(row) = vectors.row(offset)? {
                        each(offset, row);
                    }
                }
            }
        }
        Ok(())
    }

    /// Calls `each` for the rows of some points in a range of offsets, in order; `between` runs before each group and may stop.
    pub(crate) fn scan_among(
        &self,
        vector: usize,
        (among, offsets): (&OffsetSet, Range<u32>),
        mut between: impl FnMut() -> Result<()>,
        mut each: impl FnMut(u32, Row<'_>),
    ) -> Result<()> {
        let vectors = self.vector(vector)?;
        for (i, offset) in (0u32..).zip(among.iter_in(offsets)) {
            if i.is_multiple_of(SCAN_GROUP) {
                between()?;
            }
            if let Some(row) = vectors.row(offset)? {
                each(offset, row);
            }
        }
        Ok(())
    }
}

impl Drop for Sealed {
    fn drop(&mut self) {
        if *self.obsolete.get_mut() {
            // Space only: what cannot be removed now is removed at the next open.
            drop(remove_tree(self.place.vfs.as_ref(), &self.place.segment_dir(self.id)));
        }
    }
}
