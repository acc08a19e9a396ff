//! Opening a collection: a folder goes in, after whatever happened to it; the state that was acknowledged comes out.
//!
//! The manifest names the segments and the operation up to which they hold everything; the log is replayed from there through the same
//! door as live writes. What a dead process left behind is removed; what no rule explains is left alone and reported. Nothing is removed
//! before the manifest has been read whole.

use super::apply::{Bounds, apply, resolve};
use super::audit::Audit;
use super::checkpoint::Checkpoint;
use super::view::View;
use super::{CollectionConfig, Env, Shared, WriteState};
use crate::error::{Error, Result};
use crate::ids::{SegmentId, SeqNo};
use crate::io::{missing_is_damage, publish, read_file, remove_tree, retry};
use crate::optimizer::Jobs;
use crate::payload::{Fields, fields_of};
use crate::segment::{Mutable, Sealed, SegmentPlace, SegmentView, read_tombstones};
use crate::wal::{CommitQueue, Follow, Replayed, WalWriter, is_unchanged, replay};
use arc_swap::ArcSwap;
use nigh_format::layout::{
    MANIFEST_FILE, SEGMENTS_DIR, SegmentFile, TEMP_SUFFIX, WAL_DIR, collection_dir, parse_segment_dir,
    parse_wal_file,
};
use nigh_format::manifest::{FileEntry, Manifest, VectorParams};
use parking_lot::{Condvar, Mutex, RwLock};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What opening a collection found and did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RecoveryReport {
    /// Operations replayed from the log.
    pub operations_replayed: u64,
    /// Bytes of an unfinished write that were cut from the log's end.
    pub cut_bytes: u64,
    /// Leftovers of a dead process that were removed.
    pub removed: Vec<PathBuf>,
    /// Files that are not ours; left alone.
    pub foreign: Vec<PathBuf>,
}

/// Times that a reader starts over because the owner published something meanwhile.
const FOLLOW_TRIES: u32 = 8;

impl Shared {
    /// Creates the folder of a new collection, durably. It exists once the catalog names it.
    pub(crate) fn create(env: &Env, root: &Path, id: u64, config: &CollectionConfig) -> Result<()> {
        let dir = root.join(collection_dir(id));
        let vfs = env.vfs.as_ref();
        for dir in [dir.clone(), dir.join(WAL_DIR), dir.join(SEGMENTS_DIR)] {
            retry(|| vfs.create_dir(&dir)).map_err(|e| Error::io("create", &dir, e))?;
        }
        let (wal_dir, none) = (dir.join(WAL_DIR), SeqNo(0));
        WalWriter::new(Arc::clone(&env.vfs), wal_dir, id, env.wal, Vec::new(), 0, none).start()?;
        let manifest = Manifest {
            generation: 1,
            collection_id: id,
            applied_seq: 0,
            next_segment_id: 1,
            next_checkpoint: 1,
            vectors: config.params(),
            indexes: config.indexes(),
            sparse: Vec::new(),
            fields: Vec::new(),
            next_field_id: 1,
            settings: config.settings(),
            metadata: config.metadata_text()?,
            segments: Vec::new(),
        };
        let path = dir.join(MANIFEST_FILE);
        publish(vfs, &path, &manifest.encode()).map_err(|e| e.into_error(&path))?;
        vfs.sync_dir(root).map_err(|e| Error::io("sync", root, e))
    }

    /// Opens an existing collection.
    pub(crate) fn open(env: &Arc<Env>, root: &Path, id: u64, name: String) -> Result<Self> {
        let dir = root.join(collection_dir(id));
        let loaded = Loaded::load(env, &dir, id)?;
        let Loaded { manifest, params, fields, place, dead, view, replayed, report } = loaded;
        let mut followed = None;
        let wal = if env.read_only {
            followed = replayed.tail;
            None
        } else {
            let (vfs, wal_dir) = (Arc::clone(&env.vfs), dir.join(WAL_DIR));
            let mut wal = WalWriter::new(
                vfs,
                wal_dir,
                id,
                env.wal,
                replayed.files,
                replayed.sealed_bytes,
                replayed.last,
            );
            if let Some(tail) = replayed.tail {
                wal.resume(tail)?;
            }
            wal.cut(SeqNo(manifest.applied_seq));
            Some(wal)
        };
        let now = env.clock.now();
        let config = RwLock::new(read_config(&manifest, &dir)?);
        let settings = RwLock::new(manifest.settings);
        let indexes = RwLock::new(manifest.indexes.clone().into());
        let fields = RwLock::new(fields);
        let checkpoint = Checkpoint { manifest, dead, sealing: None, rewriting: false };
        let write = WriteState { wal, followed, draft: view.clone(), last_write: now, last_sync: now };
        Ok(Self {
            name,
            env: Arc::clone(env),
            place,
            dir,
            params,
            config,
            settings,
            indexes,
            fields,
            view: ArcSwap::from_pointee(view),
            queue: CommitQueue::default(),
            write: Mutex::new(write),
            room: Condvar::new(),
            rewritten: Condvar::new(),
            async_failures: Mutex::default(),
            applied: AtomicU64::new(checkpoint.manifest.applied_seq),
            checkpoint: Mutex::new(checkpoint),
            jobs: Jobs::default(),
            audit: Audit::default(),
            dropped: AtomicBool::new(false),
            report,
        })
    }

    /// For readers of another process's folder: takes over what was published since.
    pub(crate) fn follow(&self) -> Result<()> {
        let mut checkpoint = self.checkpoint.lock();
        let id = checkpoint.manifest.collection_id;
        let on_disk = read_manifest(&self.env, &self.dir, id)?;
        let mut state = self.write.lock();
        let known = on_disk.generation == checkpoint.manifest.generation;
        if known && state.followed.as_ref().is_some_and(|tail| is_unchanged(self.env.vfs.as_ref(), tail)) {
            return Ok(());
        }
        if !(known && self.follow_log(&mut state, id)) {
            let loaded = Loaded::load(&self.env, &self.dir, id)?;
            self.use_config(&loaded.manifest)?;
            *self.fields.write() = loaded.fields;
            self.applied.store(loaded.manifest.applied_seq, Ordering::Release);
            checkpoint.manifest = loaded.manifest;
            checkpoint.dead = loaded.dead;
            state.draft = loaded.view;
            state.followed = loaded.replayed.tail;
        }
        self.view.store(Arc::new(state.draft.clone()));
        Ok(())
    }

    /// Replays what the log has gained; false if that failed, perhaps because the owner has cut it since.
    fn follow_log(&self, state: &mut WriteState, id: u64) -> bool {
        let mut next = state.draft.clone();
        if let Ok(replayed) = replay_into(&self.env, &self.dir, id, &self.params, &mut next) {
            state.draft = next;
            state.followed = replayed.tail;
            return true;
        }
        // The memory that both share may now hold points behind the draft's end: nothing is appended there again.
        let draft = &mut state.draft;
        draft.segments.retain(|segment| segment.as_mutable().is_none() || segment.len > 0);
        draft.segments.push(SegmentView::empty(self.new_mutable(&self.fields.read())));
        false
    }

    /// Reads the manifest, the small files of segments and the log once more, for their checksums; how many files and bytes there were.
    pub(super) fn reread(&self) -> Result<(usize, u64)> {
        let checkpoint = self.checkpoint.lock();
        let id = checkpoint.manifest.collection_id;
        let mut tries = 0;
        loop {
            let manifest = read_manifest(&self.env, &self.dir, id)?;
            match self.reread_manifest(&manifest) {
                // Another process may have published meanwhile.
                Err(_)
                    if self.env.read_only
                        && tries < FOLLOW_TRIES
                        && read_manifest(&self.env, &self.dir, id)?.generation != manifest.generation =>
                {
                    tries += 1;
                }
                other => return other,
            }
        }
    }

    fn reread_manifest(&self, manifest: &Manifest) -> Result<(usize, u64)> {
        let (mut files, mut bytes) = (1, manifest.encode().len() as u64);
        for entry in &manifest.segments {
            Sealed::open(&self.place, entry, &self.params, &self.fields.read())?;
            read_tombstones(&self.place, entry)?;
            let small = |f: &&FileEntry| matches!(f.file, SegmentFile::Meta | SegmentFile::Tombstones(_));
            for file in entry.files.iter().filter(small) {
                files += 1;
                bytes += file.len;
            }
        }
        let (vfs, applied) = (self.env.vfs.as_ref(), SeqNo(manifest.applied_seq));
        let log =
            replay(vfs, &self.dir.join(WAL_DIR), manifest.collection_id, applied, Follow::Other, |_| Ok(()))?;
        let tail = log.tail.map_or(0, |tail| tail.end);
        Ok((files + log.files.len(), bytes + log.sealed_bytes + tail))
    }
}

/// Everything that lies in a collection's folder.
struct Loaded {
    manifest: Manifest,
    params: Arc<[VectorParams]>,
    fields: Fields,
    place: SegmentPlace,
    dead: BTreeMap<u64, crate::segment::Tombstones>,
    view: View,
    replayed: Replayed,
    report: RecoveryReport,
}

impl Loaded {
    fn load(env: &Env, dir: &Path, id: u64) -> Result<Self> {
        let mut tries = 0;
        loop {
            let manifest = read_manifest(env, dir, id)?;
            let generation = manifest.generation;
            match Self::load_manifest(env, dir, id, manifest) {
                // Files may go away or be cut between reading the manifest and opening them, but only for a newer manifest.
                Err(e @ (Error::Corrupt { .. } | Error::Io { .. }))
                    if env.read_only && tries < FOLLOW_TRIES =>
                {
                    tries += 1;
                    if read_manifest(env, dir, id)?.generation == generation {
                        return Err(e);
                    }
                }
                other => return other,
            }
        }
    }

    fn load_manifest(env: &Env, dir: &Path, id: u64, manifest: Manifest) -> Result<Self> {
        let params: Arc<[VectorParams]> = manifest.vectors.clone().into();
        let fields = fields_of(&manifest.fields)
            .map_err(|e| Error::corrupt(&dir.join(MANIFEST_FILE), 0, format!("an indexed field: {e}")))?;
        let place = SegmentPlace { vfs: Arc::clone(&env.vfs), dir: dir.join(SEGMENTS_DIR), collection: id };
        let mut report = RecoveryReport::default();
        if !env.read_only {
            sync_names(env, dir, &place)?;
            sweep(env, dir, &place, &manifest, &mut report)?;
        }
        let mut dead = BTreeMap::new();
        let mut segments = Vec::new();
        for entry in &manifest.segments {
            let sealed = Arc::new(Sealed::open(&place, entry, &params, &fields)?);
            let tombstones = read_tombstones(&place, entry)?;
            dead.insert(entry.id, tombstones.clone());
            segments.push(SegmentView::sealed(sealed, tombstones));
        }
        let active = Arc::new(Mutable::new(Arc::clone(&params), &fields));
        let mut view = View::new(SeqNo(manifest.applied_seq), segments, active);
        let replayed = replay_into(env, dir, id, &params, &mut view)?;
        report.operations_replayed = replayed.operation_count;
        report.cut_bytes = replayed.cut_bytes;
        Ok(Self { manifest, params, fields, place, dead, view, replayed, report })
    }
}

/// The configuration that the manifest of a collection's folder describes.
pub(super) fn read_config(manifest: &Manifest, dir: &Path) -> Result<Arc<CollectionConfig>> {
    let config = CollectionConfig::from_manifest(manifest);
    config.map(Arc::new).map_err(|e| Error::corrupt(&dir.join(MANIFEST_FILE), 0, e))
}

fn read_manifest(env: &Env, dir: &Path, id: u64) -> Result<Manifest> {
    let path = dir.join(MANIFEST_FILE);
    let bytes = read_file(env.vfs.as_ref(), &path).map_err(|e| missing_is_damage(&path, e))?;
    Manifest::decode(&bytes, id).map_err(|e| Error::format(&path, &e))
}

fn replay_into(env: &Env, dir: &Path, id: u64, params: &[VectorParams], view: &mut View) -> Result<Replayed> {
    let follow = if env.read_only { Follow::Other } else { Follow::Own };
    let wal_dir = dir.join(WAL_DIR);
    let from = view.seq;
    replay(env.vfs.as_ref(), &wal_dir, id, from, follow, |logged| {
        let changes = resolve(view, params, logged.operation(), Bounds::NONE).map_err(|e| match e {
            // A logged operation was checked before it was logged: what does not fit now was changed since.
            Error::Invalid { .. } => Error::corrupt(&wal_dir, 0, format!("operation {}: {e}", logged.seq())),
            other => other,
        })?;
        apply(view, logged, changes);
        Ok(())
    })
}

/// Makes durable what a dead process may have renamed without syncing the folder: nothing is built on, or removed because of, a name that a power cut
/// could still take back.
fn sync_names(env: &Env, dir: &Path, place: &SegmentPlace) -> Result<()> {
    for folder in [dir, &dir.join(WAL_DIR), &place.dir] {
        env.vfs.sync_dir(folder).map_err(|e| missing_is_damage(folder, e))?;
    }
    Ok(())
}

/// Removes what a dead process left behind. Everything else that the manifest does not explain is reported.
fn sweep(
    env: &Env,
    dir: &Path,
    place: &SegmentPlace,
    manifest: &Manifest,
    report: &mut RecoveryReport,
) -> Result<()> {
    let known = |name: &str| [MANIFEST_FILE, WAL_DIR, SEGMENTS_DIR].contains(&name);
    sweep_dir(env, dir, report, |name, _| if known(name) { Fate::Keep } else { Fate::Foreign })?;
    sweep_dir(env, &dir.join(WAL_DIR), report, |name, is_dir| match parse_wal_file(name) {
        Some(_) if !is_dir => Fate::Keep,
        _ => Fate::Foreign,
    })?;
    sweep_dir(env, &place.dir, report, |name, is_dir| match parse_segment_dir(name) {
        Some(id) if is_dir && manifest.segments.iter().any(|e| e.id == id) => Fate::Keep,
        Some(_) if is_dir => Fate::Remove,
        _ => Fate::Foreign,
    })?;
    for entry in &manifest.segments {
        let folder = place.segment_dir(SegmentId(entry.id));
        sweep_dir(env, &folder, report, |name, _| match SegmentFile::parse(name) {
            Some(file) if entry.files.iter().any(|f| f.file == file) => Fate::Keep,
            Some(SegmentFile::Tombstones(_)) => Fate::Remove,
            _ => Fate::Foreign,
        })?;
    }
    Ok(())
}

pub(crate) enum Fate {
    Keep,
    Remove,
    Foreign,
}

/// Decides over each name in a folder. Unfinished files go without being asked for.
pub(crate) fn sweep_dir(
    env: &Env,
    dir: &Path,
    report: &mut RecoveryReport,
    decide: impl Fn(&str, bool) -> Fate,
) -> Result<()> {
    let vfs = env.vfs.as_ref();
    let mut changed = false;
    for entry in retry(|| vfs.list(dir)).map_err(|e| missing_is_damage(dir, e))? {
        let path = dir.join(&entry.name);
        let unfinished = !entry.is_dir && entry.name.ends_with(TEMP_SUFFIX);
        let fate = if unfinished { Fate::Remove } else { decide(&entry.name, entry.is_dir) };
        match fate {
            Fate::Keep => {}
            Fate::Foreign => report.foreign.push(path),
            Fate::Remove => {
                let removed =
                    if entry.is_dir { remove_tree(vfs, &path) } else { retry(|| vfs.remove_file(&path)) };
                removed.map_err(|e| Error::io("remove", &path, e))?;
                report.removed.push(path);
                changed = true;
            }
        }
    }
    if changed {
        vfs.sync_dir(dir).map_err(|e| Error::io("sync", dir, e))?;
    }
    Ok(())
}
