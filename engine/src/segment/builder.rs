//! Freezing: the live points of some segments go in, one sealed segment on disk comes out.
//!
//! Used to seal a mutable segment, to merge sealed ones and to vacuum one. Points keep their order, source after source. Memory is about
//! 60 bytes a point and a few buffers, whatever the vectors' size; vectors and payloads are streamed.

use super::id_map::write_ids;
use super::{Sealed, SegmentPlace, SegmentView, Tombstones};
use crate::error::{Error, Result};
use crate::ids::{SegmentId, SeqNo};
use crate::io::{BlockWriter, FileStamp, Vfs, remove_tree, retry};
use crate::payload::write_payloads;
use crate::vectors::write_vectors;
use nigh_format::layout::SegmentFile;
use nigh_format::manifest::{FileEntry, SegmentEntry, VectorParams};
use nigh_format::segment_meta::{SegmentMeta, SegmentVector};
use nigh_format::tombstones::TombstonesLayout;
use std::path::Path;
use std::sync::Arc;

/// A segment to take points from: those that are not dead in this view.
pub(crate) type Source = SegmentView;

/// A sealed segment that no manifest names yet.
#[derive(Debug)]
pub(crate) struct Built {
    pub(crate) segment: Arc<Sealed>,
    pub(crate) entry: SegmentEntry,
    /// For each source, the new offset of each old one; [`Built::GONE`] if it was dead.
    remap: Vec<Vec<u32>>,
}

impl Built {
    pub(crate) const GONE: u32 = u32::MAX;

    /// Dead points of a source, at any moment after the build's, as dead points of the new segment.
    pub(crate) fn carry(&self, source: usize, dead: &Tombstones, into: &mut Tombstones) {
        let Some(remap) = self.remap.get(source) else { return };
        for old in dead.iter() {
            if let Some(new) = remap.get(old as usize).filter(|new| **new != Self::GONE) {
                into.insert(*new);
            }
        }
    }
}

/// Writes, syncs and opens the segment. Its folder is removed again if anything fails.
pub(crate) fn build(
    place: &SegmentPlace,
    id: SegmentId,
    params: &[VectorParams],
    sources: &[Source],
    pace: &dyn Fn(u64) -> Result<()>,
) -> Result<Built> {
    let built = write(place, id, params, sources, pace);
    if built.is_err() {
        // No manifest can name it: it was never published. What stays behind is removed at the next open.
        drop(remove_tree(place.vfs.as_ref(), &place.segment_dir(id)));
    }
    built
}

fn write(
    place: &SegmentPlace,
    id: SegmentId,
    params: &[VectorParams],
    sources: &[Source],
    pace: &dyn Fn(u64) -> Result<()>,
) -> Result<Built> {
    let vfs = place.vfs.as_ref();
    let dir = place.segment_dir(id);
    create_empty(vfs, &dir).map_err(|e| Error::io("create", &dir, e))?;
    let live = Live::of(sources)?;
    let writer = |file: SegmentFile| {
        BlockWriter::create(vfs, place.path(id, file), file.kind(), place.identity(id, file), pace)
    };
    let mut files = Vec::new();
    let mut list = |file, stamp: FileStamp| {
        files.push(FileEntry { file, len: stamp.len, table_checksum: stamp.table_checksum });
    };
    list(SegmentFile::IdMap, write_ids(writer(SegmentFile::IdMap)?, &live.points)?);
    let text_of = |i| live.at(sources, i).and_then(|(source, offset)| source.payload(offset));
    let stamp = write_payloads(writer(SegmentFile::Payloads)?, &live.payload_lens, text_of)?;
    list(SegmentFile::Payloads, stamp);
    let mut vectors = Vec::new();
    for (index, params) in params.iter().enumerate() {
        let has = |i| live.at(sources, i).and_then(|(source, offset)| source.has_vector(index, offset));
        let present: Vec<bool> = (0..live.places.len()).map(has).collect::<Result<_>>()?;
        let row_of = |i| live.at(sources, i).and_then(|(source, offset)| source.vector_bytes(index, offset));
        let file = SegmentFile::Vectors(index as u16);
        let (stamp, row_count) = write_vectors(writer(file)?, params, &present, row_of)?;
        list(file, stamp);
        vectors.push(SegmentVector { params: params.clone(), row_count });
    }
    let last_seq = live.points.iter().map(|(_, version)| version.0).max().unwrap_or(0);
    let point_count = live.places.len() as u32;
    let meta = SegmentMeta { segment_id: id.0, point_count, last_seq, vectors };
    list(SegmentFile::Meta, write_meta(place, id, &meta)?);
    vfs.sync_dir(&place.dir).map_err(|e| Error::io("sync", &place.dir, e))?;
    let entry = SegmentEntry { id: id.0, point_count, dead_count: 0, last_seq, files };
    let segment = Arc::new(Sealed::open(place, &entry, params)?);
    Ok(Built { segment, entry, remap: live.remap })
}

/// Creates the folder; what an attempt left there whose own cleaning failed is removed, for no manifest names it.
fn create_empty(vfs: &dyn Vfs, dir: &Path) -> std::io::Result<()> {
    match retry(|| vfs.create_dir(dir)) {
        Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {
            remove_tree(vfs, dir)?;
            retry(|| vfs.create_dir(dir))
        }
        other => other,
    }
}

/// The points that go into the new segment.
struct Live {
    /// Source and offset of each new offset.
    places: Vec<(u32, u32)>,
    points: Vec<(crate::point::PointId, SeqNo)>,
    payload_lens: Vec<u32>,
    remap: Vec<Vec<u32>>,
}

impl Live {
    fn of(sources: &[Source]) -> Result<Self> {
        let mut live =
            Self { places: Vec::new(), points: Vec::new(), payload_lens: Vec::new(), remap: Vec::new() };
        for (index, source) in (0..).zip(sources) {
            let mut remap = vec![Built::GONE; source.len as usize];
            for (offset, slot) in (0..source.len).zip(&mut remap) {
                if source.dead.contains(offset) {
                    continue;
                }
                *slot = live.places.len() as u32;
                live.places.push((index, offset));
                live.points.push((source.id(offset)?, source.version(offset)?));
                live.payload_lens.push(source.payload_len(offset)? as u32);
            }
            live.remap.push(remap);
        }
        Ok(live)
    }

    fn at<'a>(&self, sources: &'a [Source], i: usize) -> Result<(&'a Source, u32)> {
        let place = self.places.get(i).and_then(|(s, offset)| Some((sources.get(*s as usize)?, *offset)));
        place.ok_or_else(|| Error::internal(format!("no live point {i}")))
    }
}

fn write_meta(place: &SegmentPlace, id: SegmentId, meta: &SegmentMeta) -> Result<FileStamp> {
    let path = place.path(id, SegmentFile::Meta);
    let bytes = meta.encode(place.collection);
    crate::io::publish(place.vfs.as_ref(), &path, &bytes).map_err(|e| e.into_error(&path))?;
    let header = nigh_format::header::FileHeader::decode(&bytes).map_err(|e| Error::format(&path, &e))?;
    Ok(FileStamp { len: bytes.len() as u64, table_checksum: header.table_checksum })
}

/// Writes the tombstones file of one checkpoint.
pub(crate) fn write_tombstones(
    place: &SegmentPlace,
    id: SegmentId,
    checkpoint: u64,
    point_count: u32,
    dead: &Tombstones,
) -> Result<FileEntry> {
    let file = SegmentFile::Tombstones(checkpoint);
    let never = |_| Ok(());
    let (path, identity) = (place.path(id, file), place.identity(id, file));
    let mut writer = BlockWriter::create(place.vfs.as_ref(), path, file.kind(), identity, &never)?;
    let layout =
        TombstonesLayout::new(point_count, dead.count()).map_err(|e| Error::internal(e.to_string()))?;
    writer.write(&layout.encode())?;
    writer.pad_to(layout.words().start)?;
    dead.words(point_count).iter().try_for_each(|word| writer.write(&word.to_le_bytes()))?;
    let stamp = writer.finish()?;
    Ok(FileEntry { file, len: stamp.len, table_checksum: stamp.table_checksum })
}

/// Reads the tombstones file that a manifest entry names; none means nothing is dead.
pub(crate) fn read_tombstones(place: &SegmentPlace, entry: &SegmentEntry) -> Result<Tombstones> {
    let listed = entry.files.iter().find(|f| matches!(f.file, SegmentFile::Tombstones(_)));
    let Some(listed) = listed else { return Ok(Tombstones::default()) };
    let stamp = FileStamp { len: listed.len, table_checksum: listed.table_checksum };
    let file = place.open(SegmentId(entry.id), listed.file, stamp)?;
    let preamble = file.bytes(0..64.min(file.data_len()))?;
    let layout = TombstonesLayout::decode(preamble, file.data_len()).map_err(|e| file.format_error(e))?;
    let words: &[u64] = file.array(layout.words())?;
    nigh_format::tombstones::check_words(words, &layout).map_err(|e| file.format_error(e))?;
    let dead = Tombstones::from_words(words);
    if layout.point_count != entry.point_count || dead.count() != entry.dead_count {
        let what = format!("expected {} dead of {}, got {layout:?}", entry.dead_count, entry.point_count);
        return Err(file.damaged(0, what));
    }
    Ok(dead)
}
