//! The database's threads: one commits asynchronous writes and syncs buffered ones, one seals, some rewrite; a reader's thread follows the owner.

use super::catalog::CatalogFile;
use super::{Inner, Slot};
use crate::collection::{Env, Lane, Shared};
use crate::error::{Error, Result};
use crate::threads::{Turn, Workers};
use std::collections::BTreeMap;
use std::sync::{Arc, Weak};
use std::time::Duration;

/// Pause when nothing is due; writers wake the threads earlier.
const PAUSE: Duration = Duration::from_secs(1);
/// How often a reader looks for what the owner has written.
const FOLLOW_EVERY: Duration = Duration::from_millis(500);
/// Times that a reader starts over because the owner changed the catalog meanwhile.
const FOLLOW_TRIES: u32 = 8;

impl Inner {
    pub(super) fn start_threads(self: &Arc<Self>, rewriters: usize) -> Result<()> {
        if self.is_manual() {
            return Ok(());
        }
        if self.env.read_only {
            return self.spawn(&self.env.workers, "nigh-follow", |inner| {
                // A reader that cannot follow now keeps the moment it has and tries again.
                drop(inner.follow());
                Turn::Pause(FOLLOW_EVERY)
            });
        }
        let Env { flusher, workers, .. } = self.env.as_ref();
        self.spawn(flusher, "nigh-flush", Inner::flush_turn)?;
        self.spawn(workers, "nigh-seal", |inner| inner.lane_turn(Lane::Seal))?;
        if self.env.audit_every > 0 {
            self.spawn(&self.env.auditors, "nigh-audit", Inner::audit_turn)?;
        }
        (0..rewriters)
            .try_for_each(|_| self.spawn(workers, "nigh-rewrite", |inner| inner.lane_turn(Lane::Rewrite)))
    }

    fn spawn(
        self: &Arc<Self>,
        set: &Workers,
        name: &str,
        turn: impl Fn(&Inner) -> Turn + Send + 'static,
    ) -> Result<()> {
        // Threads must not keep the database open.
        let weak: Weak<Inner> = Arc::downgrade(self);
        let on_panic = {
            let (weak, name) = (Weak::clone(&weak), name.to_owned());
            move |panic: String| {
                if let Some(inner) = weak.upgrade() {
                    inner.env.fail(format!("thread {name} panicked: {panic}"));
                }
            }
        };
        let turn = move || weak.upgrade().map_or(Turn::Stop, |inner| turn(&inner));
        set.spawn(name, turn, on_panic).map_err(|e| Error::io("start a thread for", &self.dir, e))
    }

    fn flush_turn(&self) -> Turn {
        let (mut pause, mut drained) = (PAUSE, false);
        // Every collection each time: a busy one must not keep the others from being synced.
        for collection in self.open_collections() {
            drained |= collection.drain();
            pause = pause.min(collection.flush_due(self.env.clock.now()));
        }
        if drained { Turn::Again } else { Turn::Pause(pause.max(Duration::from_millis(1))) }
    }

    fn lane_turn(&self, lane: Lane) -> Turn {
        let did = |any: bool, c: &Arc<Shared>| c.run_due(lane, self.env.clock.now()) | any;
        if self.open_collections().iter().fold(false, did) { Turn::Again } else { Turn::Pause(PAUSE) }
    }

    fn audit_turn(&self) -> Turn {
        // An audit that fails, because a block is damaged say, says nothing about recall.
        let did = |any: bool, c: &Arc<Shared>| c.run_audit().unwrap_or(true) | any;
        if self.open_collections().iter().fold(false, did) { Turn::Again } else { Turn::Pause(PAUSE) }
    }

    /// Everything that is due, on the caller's thread.
    pub(super) fn run_due(&self) -> usize {
        let mut count = 0;
        for collection in self.open_collections() {
            while collection.drain() {}
            while collection.run_audit().unwrap_or(true) {}
            let now = self.env.clock.now();
            collection.flush_due(now);
            for lane in [Lane::Seal, Lane::Rewrite] {
                while collection.run_due(lane, self.env.clock.now()) {
                    count += 1;
                }
            }
        }
        count
    }

    /// Takes over the owner's catalog and each collection's newest state. What fails because the owner dropped it meanwhile is looked at again.
    pub(super) fn follow(&self) -> Result<()> {
        let mut catalog = self.catalog.lock();
        let mut tries = 0;
        loop {
            let newest = CatalogFile::load(&self.env, &self.dir)?;
            let generation = newest.generation();
            let (next, result) = self.follow_collections(&newest);
            let whole = result.is_ok() && next.values().all(|slot| matches!(slot, Slot::Open(_)));
            *self.collections.write() = next;
            *catalog = newest;
            if whole
                || tries == FOLLOW_TRIES
                || CatalogFile::load(&self.env, &self.dir)?.generation() == generation
            {
                return result;
            }
            tries += 1;
        }
    }

    /// Every collection that the newest catalog names; handles of those that it does not name any more are closed.
    fn follow_collections(&self, newest: &CatalogFile) -> (BTreeMap<u64, Slot>, Result<()>) {
        let known = self.collections.read().clone();
        let mut result = Ok(());
        let mut next = BTreeMap::new();
        for (id, name) in newest.entries() {
            let slot = match known.get(&id) {
                Some(Slot::Open(shared)) => {
                    result = result.and(shared.follow());
                    Slot::Open(Arc::clone(shared))
                }
                _ => match Shared::open(&self.env, &self.dir, id, name) {
                    Ok(shared) => Slot::Open(Arc::new(shared)),
                    Err(e) => Slot::Damaged(e),
                },
            };
            next.insert(id, slot);
        }
        for (_, slot) in known.iter().filter(|(id, _)| !next.contains_key(id)) {
            if let Slot::Open(shared) = slot {
                shared.set_dropped();
            }
        }
        (next, result)
    }
}
