//! Checkpoints: what is in memory goes to disk, the manifest says so, the log is cut. And rewriting of sealed segments.
//!
//! A checkpoint at `S` holds exactly the operations `1..=S`: the live points of the mutable segment frozen at `S` become a sealed
//! segment, and tombstones as of `S` are written for the others. Replay starts at `S + 1`. A rewrite leaves out only points that were
//! dead at the last checkpoint, because a replay may still need those that died later; deletes since then are carried over.
//!
//! New files are complete and durable before the manifest names them, and old ones are deleted after. If publishing the manifest fails in
//! a way that leaves open which one is in place, the log is poisoned and nothing is deleted.

use super::fields::forget_fields;
use super::recovery::read_config;
use super::view::View;
use super::{CollectionConfig, Shared, WriteState};
use crate::error::{Error, Result};
use crate::ids::{SegmentId, SeqNo};
use crate::io::{publish, retry};
use crate::optimizer::{JobHandle, JobKind, MergePlan, Rules, SegmentStats, Stats, plan_merge, plan_seal};
use crate::segment::{
    Built, Indexing, Sealed, Segment, SegmentView, Tombstones, build, index_bytes_a_point, is_indexable,
    write_tombstones,
};
use nigh_format::layout::{MANIFEST_FILE, SegmentFile};
use nigh_format::manifest::{Manifest, SegmentEntry};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// Memory of a rewrite for each point, besides indexes (`segment/builder.rs`).
const BUILD_BYTES_A_POINT: u64 = 72;

/// The state on disk, as the last manifest describes it.
#[derive(Debug)]
pub(super) struct Checkpoint {
    pub(super) manifest: Manifest,
    /// Tombstones as on disk, by segment.
    pub(super) dead: BTreeMap<u64, Tombstones>,
    /// A frozen moment whose seal has not finished.
    pub(super) sealing: Option<View>,
    /// A rewrite is at work; one at a time.
    pub(super) rewriting: bool,
}

/// Which kind of background work a thread does, so that a long rewrite never keeps memory from being freed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Lane {
    Seal,
    Rewrite,
}

impl Shared {
    /// Does the next due piece of background work, if any; whether there was one. Failures are in the job list.
    pub(crate) fn run_due(&self, lane: Lane, now: Duration) -> bool {
        if self.check_writable().is_err() || self.is_poisoned() {
            return false;
        }
        let (stats, rules) = self.stats(now);
        match lane {
            Lane::Seal if self.jobs.may_start(JobKind::Seal, now) => {
                plan_seal(&stats, &rules).is_some_and(|reason| self.seal(reason).unwrap_or(false))
            }
            Lane::Rewrite
                if self.jobs.may_start(JobKind::PayloadIndex, now)
                    && let Some(id) = self.lacks_field() =>
            {
                self.index_fields(id).unwrap_or(false)
            }
            Lane::Rewrite => {
                let plan = plan_merge(&stats, &rules);
                plan.is_some_and(|plan| {
                    self.jobs.may_start(kind_of(&plan), now) && self.rewrite(plan).unwrap_or(false)
                })
            }
            Lane::Seal => false,
        }
    }

    fn is_poisoned(&self) -> bool {
        self.write.lock().wal.as_ref().is_none_or(|wal| wal.poison().is_some())
    }

    fn check_not_poisoned(&self) -> Result<()> {
        match self.write.lock().wal.as_ref().and_then(|wal| wal.poison()) {
            Some(cause) => Err(Error::Poisoned { cause: cause.to_owned() }),
            None => Ok(()),
        }
    }

    /// What there is to decide on. Waits for a checkpoint that is being made: a thread that gave up instead would pause while writers wait for room.
    fn stats(&self, now: Duration) -> (Stats, Rules) {
        let checkpoint = self.checkpoint.lock();
        let state = self.write.lock();
        let segment = |view: &SegmentView| {
            let sealed = view.as_sealed()?;
            Some(SegmentStats {
                id: sealed.id(),
                point_count: view.len,
                dead_count: view.dead.count(),
                dead_durable: checkpoint.dead.get(&sealed.id().0).map_or(0, Tombstones::count),
                bytes: sealed.disk_bytes(),
                lacks_index: self.lacks_index(sealed),
                quarantined: self.jobs.is_quarantined(sealed.id()),
                space_failure_count: self.jobs.space_failure_count(sealed.id()),
            })
        };
        let stats = Stats {
            mutable_bytes: state.draft.mutable_bytes(),
            wal_bytes: state.wal.as_ref().map_or(0, |w| w.bytes()),
            pending_operations: state.draft.seq.0.saturating_sub(checkpoint.manifest.applied_seq),
            idle: now.saturating_sub(state.last_write),
            segments: state.draft.segments.iter().filter_map(segment).collect(),
        };
        let settings = self.settings.read();
        let rules = Rules {
            mutable_bytes_max: settings.mutable_bytes_max,
            segment_points_max: settings.segment_points_max,
            merge_fan_in: settings.merge_fan_in as usize,
            vacuum_dead_ratio: settings.vacuum_dead_ratio,
            memory_bytes_max: self.env.memory_bytes_max,
            bytes_a_point: BUILD_BYTES_A_POINT + self.index_bytes_a_point(),
            graph_points_min: self.graph_points_min(),
        };
        (stats, rules)
    }

    fn index_bytes_a_point(&self) -> u64 {
        self.params.iter().zip(self.indexes.read().iter()).map(|(p, i)| index_bytes_a_point(p, i)).sum()
    }

    /// The smallest number of points that get a graph; none if no vector does.
    fn graph_points_min(&self) -> Option<u32> {
        let indexes = self.indexes.read();
        let indexed = self.params.iter().zip(indexes.iter()).filter(|(params, _)| is_indexable(params));
        indexed.map(|(_, index)| index.graph_points_min).filter(|min| *min < u32::MAX).min()
    }

    /// Whether a segment has a vector that should have a graph, or another one.
    fn lacks_index(&self, sealed: &Sealed) -> bool {
        let indexes = self.indexes.read();
        let mut vectors = self.params.iter().zip(indexes.iter()).zip(sealed.vectors()).enumerate();
        vectors.any(|(vector, ((params, wanted), rows))| {
            let built = sealed.index(vector).map(|index| index.built_with());
            is_indexable(params)
                && rows.row_count() >= wanted.graph_points_min
                && built != Some((wanted.m, wanted.ef_construction))
        })
    }

    /// Rewrites until there is nothing left to do for a collection at rest.
    pub(super) fn rewrite_all(&self) -> Result<()> {
        loop {
            self.check_writable()?;
            self.check_not_poisoned()?;
            {
                // Another thread's rewrite may do just that.
                let mut checkpoint = self.checkpoint.lock();
                while checkpoint.rewriting {
                    self.rewritten.wait(&mut checkpoint);
                }
            }
            if let Some(id) = self.lacks_field() {
                self.index_fields(id)?;
                continue;
            }
            let (mut stats, rules) = self.stats(self.env.clock.now());
            stats.idle = Duration::MAX;
            let Some(plan) = plan_merge(&stats, &rules) else { return Ok(()) };
            self.rewrite(plan)?;
        }
    }

    /// Makes a checkpoint; false if there was nothing new.
    pub(super) fn seal(&self, reason: &'static str) -> Result<bool> {
        let mut checkpoint = self.checkpoint.lock();
        self.check_writable()?;
        // After a publication that is in doubt the manifest on disk may name what this would write anew.
        self.check_not_poisoned()?;
        let _poison = PoisonOnPanic(self);
        if checkpoint.sealing.is_none() && !self.freeze(&mut checkpoint)? {
            return Ok(false);
        }
        let bytes = checkpoint.sealing.as_ref().map_or(0, View::mutable_bytes);
        let job = self.jobs.start(JobKind::Seal, reason, Vec::new(), bytes, self.env.clock.now());
        let result = self.write_checkpoint(&mut checkpoint, &job);
        self.jobs.finish(job, result.clone().map(|()| true), self.env.clock.now());
        self.applied.store(checkpoint.manifest.applied_seq, Ordering::Release);
        self.room.notify_all();
        result.map(|()| true)
    }

    /// Fixes the moment: seals the log, and gives writers a new mutable segment.
    fn freeze(&self, checkpoint: &mut Checkpoint) -> Result<bool> {
        let mut state = self.write.lock();
        let WriteState { wal, draft, .. } = &mut *state;
        let wal = wal.as_mut().ok_or_else(|| self.no_log())?;
        if wal.last().0 == checkpoint.manifest.applied_seq {
            return Ok(false);
        }
        wal.begin_epoch()?;
        checkpoint.sealing = Some(draft.clone());
        let active = self.new_mutable(&self.fields.read());
        draft.segments.push(SegmentView::empty(active));
        self.view.store(Arc::new(draft.clone()));
        Ok(true)
    }

    fn write_checkpoint(&self, checkpoint: &mut Checkpoint, job: &JobHandle) -> Result<()> {
        let Some(frozen) = checkpoint.sealing.clone() else { return Ok(()) };
        let source = frozen.segments.last().filter(|s| s.live_count() > 0);
        let id = SegmentId(checkpoint.manifest.next_segment_id);
        let pace = |bytes| self.pace(job, bytes);
        let built = source
            .map(|source| {
                let fields = self.fields.read().clone();
                build(&self.place, id, (&self.params, &fields), None, std::slice::from_ref(source), &pace)
            })
            .transpose()?;
        let mut next = checkpoint.manifest.clone();
        next.generation += 1;
        next.applied_seq = frozen.seq.0;
        next.next_segment_id += 1;
        let mut dead = BTreeMap::new();
        let written = self.write_new_tombstones(&mut next, &mut dead, checkpoint, &frozen);
        let published = written.and_then(|()| {
            next.segments.extend(built.as_ref().map(|b| b.entry.clone()));
            forget_fields(&mut next);
            self.publish_manifest(&next)
        });
        if let Err(e) = published {
            discard(built, &e);
            return Err(e);
        }
        let old = std::mem::replace(&mut checkpoint.manifest, next);
        checkpoint.dead = dead;
        checkpoint.sealing = None;
        self.swap_in(&checkpoint.manifest, &frozen, built);
        self.remove_unlisted(&old, &checkpoint.manifest);
        Ok(())
    }

    /// Brings the entries of `next` to the moment of `frozen`: new tombstones, and, unless a rewrite is at work, no segment that is all dead.
    fn write_new_tombstones(
        &self,
        next: &mut Manifest,
        dead: &mut BTreeMap<u64, Tombstones>,
        checkpoint: &Checkpoint,
        frozen: &View,
    ) -> Result<()> {
        let tag = next.next_checkpoint;
        let mut entries = Vec::new();
        for mut entry in std::mem::take(&mut next.segments) {
            let view = sealed_view(frozen, entry.id)
                .ok_or_else(|| Error::internal(format!("segment {} is in no view", entry.id)))?;
            // A rewrite at work needs to be told later which points of its inputs have died meanwhile.
            if view.live_count() == 0 && !checkpoint.rewriting {
                continue;
            }
            if checkpoint.dead.get(&entry.id).map_or(0, Tombstones::count) != view.dead.count() {
                self.set_tombstones(&mut entry, tag, &view.dead)?;
                next.next_checkpoint = tag + 1;
            }
            dead.insert(entry.id, view.dead.clone());
            entries.push(entry);
        }
        next.segments = entries;
        Ok(())
    }

    fn set_tombstones(&self, entry: &mut SegmentEntry, tag: u64, dead: &Tombstones) -> Result<()> {
        let file = write_tombstones(&self.place, SegmentId(entry.id), tag, entry.point_count, dead)?;
        entry.files.retain(|f| !matches!(f.file, SegmentFile::Tombstones(_)));
        entry.files.push(file);
        entry.dead_count = dead.count();
        Ok(())
    }

    /// Replaces the frozen segment by the sealed one and cuts the log.
    fn swap_in(&self, manifest: &Manifest, frozen: &View, built: Option<Built>) {
        let mut state = self.write.lock();
        let WriteState { wal, draft, .. } = &mut *state;
        let frozen_mutable = frozen.active();
        draft.segments.retain_mut(|view| match &view.segment {
            Segment::Mutable(mutable) if frozen_mutable.is_some_and(|f| Arc::ptr_eq(f, mutable)) => {
                let Some(built) = &built else { return false };
                let mut dead = Tombstones::default();
                built.carry(0, &view.dead, &mut dead);
                *view = SegmentView::sealed(Arc::clone(&built.segment), dead);
                true
            }
            Segment::Mutable(_) => true,
            Segment::Sealed(sealed) => {
                let listed = manifest.segments.iter().any(|e| e.id == sealed.id().0);
                if !listed {
                    sealed.retire();
                }
                listed
            }
        });
        self.view.store(Arc::new(draft.clone()));
        if let Some(wal) = wal {
            wal.cut(SeqNo(manifest.applied_seq));
        }
    }

    /// Rewrites the plan's segments into one; false if the work had to be thrown away.
    pub(super) fn rewrite(&self, plan: MergePlan) -> Result<bool> {
        let Some((sources, id)) = self.begin_rewrite(&plan) else { return Ok(false) };
        let _ended = RewriteEnds(self);
        let _poison = PoisonOnPanic(self);
        let bytes = sources.iter().filter_map(|s| s.as_sealed()).map(|s| s.disk_bytes()).sum();
        let kind = kind_of(&plan);
        let job = self.jobs.start(kind, plan.reason, plan.inputs.clone(), bytes, self.env.clock.now());
        let pace = |bytes| {
            self.env.pacer.pay(bytes, &|| self.check_writable().is_ok());
            self.pace(&job, bytes)
        };
        let built = if let Err(e) = self.check_space_for(&sources) {
            Err(e)
        } else if sources.iter().any(|s| s.live_count() > 0) {
            let params = Arc::clone(&self.indexes.read());
            let indexing = Indexing { params: &params, threads: self.env.index_threads };
            let fields = self.fields.read().clone();
            build(&self.place, id, (&self.params, &fields), Some(indexing), &sources, &pace).map(Some)
        } else {
            Ok(None)
        };
        let result = built.and_then(|built| self.finish_rewrite(&plan, built));
        self.jobs.finish(job, result.clone(), self.env.clock.now());
        result
    }

    /// Does not begin to fill a disk that cannot hold the result.
    fn check_space_for(&self, sources: &[SegmentView]) -> Result<()> {
        let share = |s: &SegmentView| {
            let bytes = s.as_sealed().map_or(0, |sealed| sealed.disk_bytes());
            bytes as f64 * f64::from(s.live_count()) / f64::from(s.len.max(1))
        };
        let need: f64 = sources.iter().map(share).sum();
        let dir = &self.place.dir;
        let free = self.env.vfs.free_bytes(dir).map_err(|e| Error::io("read free space of", dir, e))?;
        if (free as f64) < need { Err(Error::NoSpace { path: dir.clone() }) } else { Ok(()) }
    }

    /// The inputs as of the last checkpoint, and the new segment's id.
    fn begin_rewrite(&self, plan: &MergePlan) -> Option<(Vec<SegmentView>, SegmentId)> {
        let mut checkpoint = self.checkpoint.lock();
        if checkpoint.rewriting || checkpoint.sealing.is_some() || self.check_writable().is_err() {
            return None;
        }
        let view = self.view.load();
        let source = |id: &SegmentId| {
            let sealed = sealed_view(&view, id.0)?.as_sealed()?;
            let dead = checkpoint.dead.get(&id.0).cloned().unwrap_or_default();
            Some(SegmentView::sealed(Arc::clone(sealed), dead))
        };
        let sources = plan.inputs.iter().map(source).collect::<Option<Vec<_>>>()?;
        let id = SegmentId(checkpoint.manifest.next_segment_id);
        checkpoint.manifest.next_segment_id += 1;
        checkpoint.rewriting = true;
        Some((sources, id))
    }

    fn finish_rewrite(&self, plan: &MergePlan, built: Option<Built>) -> Result<bool> {
        let mut checkpoint = self.checkpoint.lock();
        if checkpoint.sealing.is_some() || self.check_writable().is_err() {
            // A seal that failed half-way will be tried again against the old segments.
            discard(built, &Error::Busy { what: "a checkpoint is unfinished" });
            return Ok(false);
        }
        let mut next = checkpoint.manifest.clone();
        next.generation += 1;
        next.segments.retain(|e| !plan.inputs.contains(&SegmentId(e.id)));
        let mut dead = checkpoint.dead.clone();
        plan.inputs.iter().for_each(|id| drop(dead.remove(&id.0)));
        let mut publish = || -> Result<()> {
            if let Some(built) = &built {
                let mut new_dead = Tombstones::default();
                for (i, id) in plan.inputs.iter().enumerate() {
                    if let Some(old) = checkpoint.dead.get(&id.0) {
                        built.carry(i, old, &mut new_dead);
                    }
                }
                let mut entry = built.entry.clone();
                if new_dead.count() > 0 {
                    self.set_tombstones(&mut entry, next.next_checkpoint, &new_dead)?;
                    next.next_checkpoint += 1;
                }
                dead.insert(entry.id, new_dead);
                next.segments.push(entry);
            }
            // One may have been dropped meanwhile.
            forget_fields(&mut next);
            self.publish_manifest(&next)
        };
        if let Err(e) = publish() {
            discard(built, &e);
            return Err(e);
        }
        checkpoint.manifest = next;
        checkpoint.dead = dead;
        self.swap_inputs(plan, built.as_ref());
        Ok(true)
    }

    fn swap_inputs(&self, plan: &MergePlan, built: Option<&Built>) {
        let mut state = self.write.lock();
        let draft = &mut state.draft;
        let mut dead = Tombstones::default();
        for (i, id) in plan.inputs.iter().enumerate() {
            if let (Some(built), Some(view)) = (built, sealed_view(draft, id.0)) {
                built.carry(i, &view.dead, &mut dead);
            }
        }
        let is_input = |view: &SegmentView| view.as_sealed().is_some_and(|s| plan.inputs.contains(&s.id()));
        let place = draft.segments.iter().position(is_input).unwrap_or(0);
        draft.segments.iter().filter(|v| is_input(v)).filter_map(|v| v.as_sealed()).for_each(|s| s.retire());
        draft.segments.retain(|view| !is_input(view));
        if let Some(built) = built {
            let view = SegmentView::sealed(Arc::clone(&built.segment), dead);
            draft.segments.insert(place.min(draft.segments.len().saturating_sub(1)), view);
        }
        let published = Arc::new(draft.clone());
        self.view.store(published);
    }

    /// Changes the configuration on disk, then here; two callers' changes both count.
    pub(super) fn change_config(
        &self,
        change: impl FnOnce(&mut CollectionConfig) -> Result<()>,
    ) -> Result<()> {
        let mut checkpoint = self.checkpoint.lock();
        self.check_writable()?;
        let mut config = self.config.read().as_ref().clone();
        change(&mut config)?;
        config.check()?;
        let next = Manifest {
            generation: checkpoint.manifest.generation + 1,
            settings: config.settings(),
            indexes: config.indexes(),
            metadata: config.metadata_text()?,
            ..checkpoint.manifest.clone()
        };
        self.publish_manifest(&next)?;
        self.use_config(&next)?;
        checkpoint.manifest = next;
        Ok(())
    }

    /// Takes over what a manifest says of the configuration.
    pub(super) fn use_config(&self, manifest: &Manifest) -> Result<()> {
        *self.config.write() = read_config(manifest, &self.dir)?;
        *self.settings.write() = manifest.settings;
        *self.indexes.write() = manifest.indexes.clone().into();
        Ok(())
    }

    pub(super) fn pace(&self, job: &JobHandle, bytes: u64) -> Result<()> {
        job.progress(bytes);
        self.check_writable()
    }

    /// Makes `manifest` the truth. `NoSpace` means it surely is not; any other failure poisons the log.
    pub(super) fn publish_manifest(&self, manifest: &Manifest) -> Result<()> {
        self.check_not_poisoned()?;
        let path = self.dir.join(MANIFEST_FILE);
        let _poison = PoisonOnPanic(self);
        publish(self.env.vfs.as_ref(), &path, &manifest.encode()).map_err(|e| {
            let error = e.into_error(&path);
            if matches!(error, Error::Poisoned { .. }) {
                self.poison(&error.to_string());
            }
            error
        })
    }

    /// Removes files of kept segments that the manifest does not list any more.
    pub(super) fn remove_unlisted(&self, old: &Manifest, new: &Manifest) {
        for entry in &old.segments {
            let Some(kept) = new.segments.iter().find(|e| e.id == entry.id) else { continue };
            for file in entry.files.iter().filter(|f| !kept.files.contains(f)) {
                let path = self.place.path(SegmentId(entry.id), file.file);
                drop(retry(|| self.env.vfs.remove_file(&path)));
            }
        }
    }
}

/// A panic in the middle counts as a crash: the disk may hold more than is known here, so nothing more is written.
pub(super) struct PoisonOnPanic<'a>(pub(super) &'a Shared);

impl Drop for PoisonOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.poison("work on the segments panicked");
        }
    }
}

/// A rewrite is over, however it ended: others may start, and whoever closes the collection need not wait any more.
pub(super) struct RewriteEnds<'a>(pub(super) &'a Shared);

impl Drop for RewriteEnds<'_> {
    fn drop(&mut self) {
        self.0.checkpoint.lock().rewriting = false;
        self.0.rewritten.notify_all();
    }
}

fn kind_of(plan: &MergePlan) -> JobKind {
    if plan.inputs.len() == 1 { JobKind::Vacuum } else { JobKind::Merge }
}

fn sealed_view(view: &View, id: u64) -> Option<&SegmentView> {
    view.segments.iter().find(|s| s.as_sealed().is_some_and(|s| s.id().0 == id))
}

/// Removes a segment that will not be used, unless a manifest may name it.
fn discard(built: Option<Built>, error: &Error) {
    if let Some(built) = built
        && !matches!(error, Error::Poisoned { .. })
    {
        built.segment.retire();
    }
}
