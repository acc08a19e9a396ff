//! Freezing: the live points of some segments go in, one sealed segment on disk comes out.
//!
//! Used to seal a mutable segment, to merge sealed ones and to vacuum one. Memory is about 60 bytes a point and a few buffers, whatever the
//! vectors' size; vectors and payloads are streamed. The words of texts are in memory while their index is made. Where an index is made ([`Indexing`]), its codes and links are in memory too, and
//! points are put in the order in which its graph meets them; else they keep their order, source after source.

use super::id_map::write_ids;
use super::index::{BuiltIndex, IndexJob, build_index, is_indexable, write_index};
use super::{Sealed, SegmentPlace, SegmentView, Tombstones};
use crate::error::{Error, Result};
use crate::hnsw::{NODES_MAX, Seeded, breadth_first};
use crate::ids::{SegmentId, SeqNo};
use crate::io::{BlockWriter, FileStamp, Vfs, remove_tree, retry};
use crate::payload::{Fields, write_field_index, write_payloads, write_text_index};
use crate::vectors::write_vectors;
use nigh_format::layout::SegmentFile;
use nigh_format::manifest::{FileEntry, IndexParams, SegmentEntry, VectorParams};
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

/// Which indexes to make, and how.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Indexing<'a> {
    /// One for each vector.
    pub(crate) params: &'a [IndexParams],
    pub(crate) threads: usize,
}

/// Writes, syncs and opens the segment. Its folder is removed again if anything fails.
pub(crate) fn build(
    place: &SegmentPlace,
    id: SegmentId,
    (params, fields): (&[VectorParams], &Fields),
    indexing: Option<Indexing<'_>>,
    sources: &[Source],
    pace: &(dyn Fn(u64) -> Result<()> + Sync),
) -> Result<Built> {
    let built = write(place, id, (params, fields), indexing, sources, pace);
    if built.is_err() {
        // No manifest can name it: it was never published. What stays behind is removed at the next open.
        drop(remove_tree(place.vfs.as_ref(), &place.segment_dir(id)));
    }
    built
}

fn write(
    place: &SegmentPlace,
    id: SegmentId,
    (params, fields): (&[VectorParams], &Fields),
    indexing: Option<Indexing<'_>>,
    sources: &[Source],
    pace: &(dyn Fn(u64) -> Result<()> + Sync),
) -> Result<Built> {
    let vfs = place.vfs.as_ref();
    let dir = place.segment_dir(id);
    create_empty(vfs, &dir).map_err(|e| Error::io("create", &dir, e))?;
    let mut live = Live::of(sources)?;
    let seed = place.collection ^ id.0;
    let mut indexes = Vec::new();
    for (index, (params, wanted)) in params.iter().zip(indexing.iter().flat_map(|i| i.params)).enumerate() {
        let threads = indexing.map_or(1, |i| i.threads);
        let built = live.index(sources, (index, params), (*wanted, threads, seed), &|| pace(0))?;
        indexes.extend(built.map(|built| (index, *wanted, built)));
    }
    if let Some((_, _, first)) = indexes.first() {
        let rows = breadth_first(first.index.graph.base(), first.index.graph.root);
        let order = rows.iter().filter_map(|row| first.live_of_row.get(*row as usize).copied()).collect();
        live.reorder(order);
    }
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
    for (vector, wanted, indexed) in &indexes {
        let dim = params.get(*vector).map_or(0, |p| p.dim);
        let order = live.rows_in_order(&indexed.live_of_row);
        write_index(&indexed.index, (*vector as u16, dim, *wanted, seed), &order, writer, &mut list)?;
    }
    for field in fields.iter() {
        let file = field.file();
        let point_count = live.places.len() as u32;
        if field.analyzer.is_some() {
            let text = |i| {
                let (source, offset) = live.at(sources, i as usize)?;
                source.text(field, offset)
            };
            list(file, write_text_index(writer(file)?, field, point_count, text)?);
            continue;
        }
        let values = |i| {
            let (source, offset) = live.at(sources, i as usize)?;
            source.field_values(field, offset)
        };
        list(file, write_field_index(writer(file)?, field.kind, point_count, values)?);
    }
    let last_seq = live.points.iter().map(|(_, version)| version.0).max().unwrap_or(0);
    let point_count = live.places.len() as u32;
    let meta = SegmentMeta { segment_id: id.0, point_count, last_seq, vectors };
    list(SegmentFile::Meta, write_meta(place, id, &meta)?);
    vfs.sync_dir(&place.dir).map_err(|e| Error::io("sync", &place.dir, e))?;
    let entry = SegmentEntry { id: id.0, point_count, dead_count: 0, last_seq, files };
    let segment = Arc::new(Sealed::open(place, &entry, params, fields)?);
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
    /// Of each new offset, which one it was before [`Live::reorder`].
    order: Vec<u32>,
}

/// The index of one vector, and for each of its rows the point it belongs to, in the order before [`Live::reorder`].
struct Indexed {
    index: BuiltIndex,
    live_of_row: Vec<u32>,
}

impl Live {
    fn of(sources: &[Source]) -> Result<Self> {
        let mut live = Self {
            places: Vec::new(),
            points: Vec::new(),
            payload_lens: Vec::new(),
            remap: Vec::new(),
            order: Vec::new(),
        };
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
        live.order = (0..live.places.len() as u32).collect();
        Ok(live)
    }

    fn at<'a>(&self, sources: &'a [Source], i: usize) -> Result<(&'a Source, u32)> {
        let place = self.places.get(i).and_then(|(s, offset)| Some((sources.get(*s as usize)?, *offset)));
        place.ok_or_else(|| Error::internal(format!("no live point {i}")))
    }

    /// The index of a vector, unless there are too few rows for one.
    fn index(
        &self,
        sources: &[Source],
        (vector, params): (usize, &VectorParams),
        (index, threads, seed): (IndexParams, usize, u64),
        check: &(dyn Fn() -> Result<()> + Sync),
    ) -> Result<Option<Indexed>> {
        if !is_indexable(params) {
            return Ok(None);
        }
        let mut live_of_row = Vec::new();
        for i in 0..self.places.len() {
            let (source, offset) = self.at(sources, i)?;
            if source.has_vector(vector, offset)? {
                live_of_row.push(i as u32);
            }
        }
        if live_of_row.len() < index.graph_points_min as usize || live_of_row.len() > NODES_MAX {
            return Ok(None);
        }
        let row = |row: usize| {
            let live = live_of_row.get(row).copied().unwrap_or(u32::MAX);
            let (source, offset) = self.at(sources, live as usize)?;
            let bytes = source.vector_bytes(vector, offset)?;
            bytes.ok_or_else(|| Error::internal(format!("row {row} of vector {vector} is gone")))
        };
        let seeded = self.links_to_keep(sources, vector, &live_of_row, index)?;
        let len = live_of_row.len();
        let job = IndexJob { params, index, len, row: &row, seeded, seed, threads, check };
        let index = build_index(job)?;
        Ok(Some(Indexed { index, live_of_row }))
    }

    /// The links of the largest graph among the sources, if it is a good part of what there will be.
    fn links_to_keep(
        &self,
        sources: &[Source],
        vector: usize,
        live_of_row: &[u32],
        index: IndexParams,
    ) -> Result<Option<Seeded>> {
        let graph = |(i, source): (usize, &Source)| {
            let kept = source.as_sealed()?.index(vector)?;
            (kept.built_with() == (index.m, index.ef_construction)).then_some((i, source.live_count()))
        };
        let largest =
            sources.iter().enumerate().filter_map(graph).max_by_key(|(i, live)| (*live, usize::MAX - i));
        let Some((from, live)) = largest else { return Ok(None) };
        // Inserting into a small graph costs as much as building anew, and one with many holes is worse than a new one.
        let enough = live as usize * 4 >= live_of_row.len();
        let source = sources.get(from).filter(|s| s.len < live.saturating_mul(2) && enough);
        let Some((source, sealed)) = source.and_then(|s| Some((s, s.as_sealed()?))) else { return Ok(None) };
        let Some(kept) = sealed.index(vector) else { return Ok(None) };
        let mut row_of_live = vec![Built::GONE; self.places.len()];
        for (row, live) in (0..).zip(live_of_row) {
            if let Some(slot) = row_of_live.get_mut(*live as usize) {
                *slot = row;
            }
        }
        let remap = self.remap.get(from).map(Vec::as_slice).unwrap_or_default();
        let mut to_new = Vec::new();
        for offset in 0..source.len {
            if sealed.vector(vector)?.has_row(offset)? {
                let live = remap.get(offset as usize).copied().unwrap_or(Built::GONE);
                to_new.push(row_of_live.get(live as usize).copied().unwrap_or(Built::GONE));
            }
        }
        let (root, rows) = kept.links_to_keep(&to_new, Built::GONE)?;
        Ok(Some(Seeded { rows, root }))
    }

    /// Puts points in another order: `first` come first, the others after them as they are.
    fn reorder(&mut self, first: Vec<u32>) {
        let mut place = vec![Built::GONE; self.places.len()];
        let mut order = Vec::with_capacity(self.places.len());
        for old in first.into_iter().chain(0..self.places.len() as u32) {
            if let Some(slot) = place.get_mut(old as usize).filter(|slot| **slot == Built::GONE) {
                *slot = order.len() as u32;
                order.push(old);
            }
        }
        self.places = in_order(&self.places, &order);
        self.points = in_order(&self.points, &order);
        self.payload_lens = in_order(&self.payload_lens, &order);
        for slot in self.remap.iter_mut().flatten().filter(|slot| **slot != Built::GONE) {
            *slot = place.get(*slot as usize).copied().unwrap_or(Built::GONE);
        }
        self.order = order;
    }

    /// For each row of the new vectors file, the row of an index built before [`Live::reorder`].
    fn rows_in_order(&self, live_of_row: &[u32]) -> Vec<u32> {
        let mut row_of_live = vec![Built::GONE; self.order.len()];
        for (row, live) in (0..).zip(live_of_row) {
            if let Some(slot) = row_of_live.get_mut(*live as usize) {
                *slot = row;
            }
        }
        let row = |old: &u32| row_of_live.get(*old as usize).copied().filter(|row| *row != Built::GONE);
        self.order.iter().filter_map(row).collect()
    }
}

/// The values at the places that `order` names.
fn in_order<T: Copy>(values: &[T], order: &[u32]) -> Vec<T> {
    order.iter().filter_map(|old| values.get(*old as usize).copied()).collect()
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
