//! A named set of points: the handle that callers hold, and what is behind it.
//!
//! `write.rs` turns requests into operations, `choice.rs` decides which points a filter selects, `commit.rs` logs and applies them, `apply.rs` is the one door into segments; `read.rs`,
//! `search.rs`, `gather.rs`, `groups.rs`, `stages/` (trees of queries) and `matrix.rs` answer from one [`View`]; `checkpoint.rs` seals and merges and owns the manifest; `recovery.rs` opens.
//!
//! Locks, in the order they may be taken: checkpoint, then write. Readers take neither: they load the published view.

mod apply;
mod audit;
mod checkpoint;
mod choice;
mod commit;
mod config;
mod env;
mod fields;
mod gather;
mod groups;
mod info;
mod matrix;
mod read;
mod recovery;
mod search;
mod search_text;
mod selection;
mod stages;
mod verify;
mod view;
mod write;

pub use audit::RecallAudit;
pub(crate) use checkpoint::Lane;
pub use config::{CollectionConfig, CollectionUpdate, IndexConfig, OptimizerConfig, VectorConfig};
pub(crate) use config::{NAME_BYTES_MAX, check_name};
pub(crate) use env::Env;
pub use env::{Background, Limits};
pub use fields::PayloadIndexInfo;
pub use groups::{Group, GroupRequest};
pub use info::{CollectionInfo, IndexInfo, SegmentInfo};
pub use matrix::{DistanceMatrix, MatrixOffsets, MatrixPair, MatrixRequest};
pub use recovery::RecoveryReport;
pub(crate) use recovery::{Fate, sweep_dir};
pub use selection::{Selection, UpsertMode, UpsertOptions};
pub use stages::{Prefetch, QueryRequest};

use crate::error::{Error, Result};
use crate::optimizer::{JobInfo, Jobs};
use crate::payload::Fields;
use crate::segment::SegmentPlace;
use crate::wal::{CommitQueue, Tail, WalWriter};
use arc_swap::ArcSwap;
use audit::Audit;
use checkpoint::Checkpoint;
use choice::Choice;
use nigh_format::manifest::{Durability, IndexParams, Settings, VectorParams};
use parking_lot::{Condvar, Mutex, RwLock};
use std::any::Any;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;
use view::View;

/// An open collection. Cheap to clone; usable from any thread; keeps the database open while it lives.
#[derive(Clone)]
pub struct Collection {
    shared: Arc<Shared>,
    durability: Option<Durability>,
    /// The database: its lock and threads.
    _owner: Arc<dyn Any + Send + Sync>,
}

impl std::fmt::Debug for Collection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Collection({:?})", self.shared.name)
    }
}

/// What all handles of one collection share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) name: String,
    env: Arc<Env>,
    place: SegmentPlace,
    dir: std::path::PathBuf,
    params: Arc<[VectorParams]>,
    config: RwLock<Arc<CollectionConfig>>,
    settings: RwLock<Settings>,
    /// How each vector is indexed.
    indexes: RwLock<Arc<[IndexParams]>>,
    /// Payload fields that are indexed.
    fields: RwLock<Fields>,
    view: ArcSwap<View>,
    queue: CommitQueue<Choice>,
    write: Mutex<WriteState>,
    /// Rung when a seal made room in memory.
    room: Condvar,
    /// Rung when a rewrite ended.
    rewritten: Condvar,
    /// How many `Async` writes failed after they were accepted, and the last reason.
    async_failures: Mutex<(u64, Option<Error>)>,
    checkpoint: Mutex<Checkpoint>,
    /// The last operation that the manifest holds, for those who only want to know.
    applied: AtomicU64,
    jobs: Jobs,
    audit: Audit,
    dropped: AtomicBool,
    report: RecoveryReport,
}

/// What only one writer at a time may touch.
#[derive(Debug)]
struct WriteState {
    /// None if the folder is only read.
    wal: Option<WalWriter>,
    /// Where another process's log ended when it was last read.
    followed: Option<Tail>,
    /// The next view; equal to the published one between commits.
    draft: View,
    last_write: Duration,
    last_sync: Duration,
}

impl Collection {
    pub(crate) fn new(shared: Arc<Shared>, owner: Arc<dyn Any + Send + Sync>) -> Self {
        Self { shared, durability: None, _owner: owner }
    }

    /// The name that the collection was created with.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// The configuration.
    pub fn config(&self) -> CollectionConfig {
        self.shared.config.read().as_ref().clone()
    }

    /// A handle whose writes have another durability than the collection's default.
    pub fn with_durability(&self, durability: Durability) -> Self {
        Self { durability: Some(durability), ..self.clone() }
    }

    /// Changes the configuration, durably.
    ///
    /// # Errors
    /// `Invalid` if the result would not be a valid configuration; `Io` or `NoSpace` if it could not be written.
    pub fn update(&self, update: &CollectionUpdate) -> Result<()> {
        self.shared.change_config(|config| update.apply_to(config))
    }

    /// Running and recent background jobs, oldest first.
    pub fn jobs(&self) -> Vec<JobInfo> {
        self.shared.jobs.list()
    }

    /// What opening this collection found.
    pub fn recovery_report(&self) -> &RecoveryReport {
        &self.shared.report
    }

    /// Writes everything to segments on disk and empties the log. Never needed for safety; useful before copying the folder.
    ///
    /// # Errors
    /// Whatever the seal job fails with.
    pub fn checkpoint(&self) -> Result<()> {
        self.shared.check_writable()?;
        let last = self.shared.view.load().seq.0;
        // A seal that failed before is finished first; it may hold less.
        while self.shared.seal("asked for")? && self.shared.applied.load(Ordering::Acquire) < last {}
        Ok(())
    }
}

impl Collection {
    /// Brings the collection into the state that background work would bring it to if nothing more were written: everything in segments on
    /// disk, few of them, without dead points, and indexed. Never needed; useful before measuring, or before copying the folder.
    ///
    /// # Errors
    /// Whatever a job fails with; `Closed` when the database is closed meanwhile.
    pub fn optimize(&self) -> Result<()> {
        self.checkpoint()?;
        self.shared.rewrite_all()
    }
}

impl Shared {
    fn check_writable(&self) -> Result<()> {
        self.env.check_writable()?;
        self.check_not_dropped()
    }

    fn check_not_dropped(&self) -> Result<()> {
        if self.dropped.load(Ordering::SeqCst) {
            return Err(Error::Closed { what: format!("collection {:?}", self.name) });
        }
        Ok(())
    }

    /// No more writes or jobs: the folder is about to be removed. Segment files go with their last reader.
    pub(crate) fn set_dropped(&self) {
        self.dropped.store(true, Ordering::SeqCst);
        self.end_jobs();
        self.write.lock().wal = None;
    }

    /// Makes everything acknowledged durable and takes no more writes. The database was marked closed before.
    pub(crate) fn shut(&self) -> Result<()> {
        self.queue.refuse(Error::Closed { what: "the database".to_owned() });
        while !self.queue.is_empty() {
            if !self.drain() {
                std::thread::yield_now();
            }
        }
        self.end_jobs();
        let mut state = self.write.lock();
        let Some(mut wal) = state.wal.take() else { return Ok(()) };
        wal.sync()?;
        wal.mark()
    }

    /// Waits for jobs that are at work; they notice that the collection is closed or dropped, and no new one starts.
    fn end_jobs(&self) {
        let mut checkpoint = self.checkpoint.lock();
        while checkpoint.rewriting {
            self.rewritten.wait(&mut checkpoint);
        }
    }

    /// Why there is no log to write to.
    fn no_log(&self) -> Error {
        match self.check_writable() {
            Err(e) => e,
            Ok(()) => Error::internal("a writable collection without a log"),
        }
    }

    /// Takes no more writes: what is on disk is in doubt.
    pub(crate) fn poison(&self, cause: &str) {
        self.queue.refuse(Error::Poisoned { cause: cause.to_owned() });
        if let Some(wal) = &mut self.write.lock().wal {
            wal.set_poison(cause);
        }
    }
}
