//! What every collection of a database shares: file system, clock, limits, budgets, and the bell of the background threads.

use crate::error::{Error, Result};
use crate::io::Vfs;
use crate::segment::IndexScratch;
use crate::threads::{Clock, Pacer, Pool, Workers};
use crate::wal::WalLimits;
use parking_lot::Mutex;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Limits of requests. Each is a setting; a request above it fails with `TooLarge` or `Invalid` and names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Points (or ids) in one write.
    pub batch_points_max: usize,
    /// JSON text of one payload.
    pub payload_bytes_max: usize,
    /// One operation in the log, all its points together.
    pub record_bytes_max: usize,
    /// Collections in a database.
    pub collections_max: usize,
}

impl Default for Limits {
    /// 10,000 points, 1 MiB, 256 MiB, 1,000 collections.
    fn default() -> Self {
        Self {
            batch_points_max: 10_000,
            payload_bytes_max: 1 << 20,
            record_bytes_max: 256 << 20,
            collections_max: 1_000,
        }
    }
}

/// Who does background work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Background {
    /// Threads of the database.
    Threads,
    /// The caller, through [`Database::run_background_jobs`](crate::Database::run_background_jobs), and writers that find memory full. For
    /// programs that want no threads, and for deterministic tests.
    Manual,
}

#[derive(Debug)]
pub(crate) struct Env {
    pub(crate) vfs: Arc<dyn Vfs>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) limits: Limits,
    pub(crate) wal: WalLimits,
    pub(crate) memory_bytes_max: u64,
    pub(crate) pacer: Pacer,
    pub(crate) background: Background,
    pub(crate) read_only: bool,
    pub(crate) pool: Pool,
    /// Memory of searches that are not running.
    pub(crate) scratches: Mutex<Vec<IndexScratch>>,
    /// Repeats searches exactly.
    pub(crate) auditors: Workers,
    /// One search of so many is audited; 0 for none.
    pub(crate) audit_every: u64,
    /// Threads that build one graph.
    pub(crate) index_threads: usize,
    /// Commits asynchronous writes and syncs buffered ones.
    pub(crate) flusher: Workers,
    /// Seals and rewrites, or follows the owner.
    pub(crate) workers: Workers,
    closed: AtomicBool,
    /// Why no more writes are taken: a background thread panicked.
    failed: Mutex<Option<String>>,
}

impl Env {
    #[expect(clippy::too_many_arguments, reason = "one value for each field, given by name in one place")]
    pub(crate) fn new(
        vfs: Arc<dyn Vfs>,
        clock: Arc<dyn Clock>,
        limits: Limits,
        wal: WalLimits,
        memory_bytes_max: u64,
        io_bytes_per_second: Option<u64>,
        background: Background,
        read_only: bool,
        pool: Pool,
        index_threads: usize,
        audit_every: u64,
    ) -> Self {
        let pacer = Pacer::new(Arc::clone(&clock), io_bytes_per_second);
        let (flusher, workers) = (Workers::default(), Workers::default());
        let (closed, failed) = (AtomicBool::new(false), Mutex::default());
        Self {
            vfs,
            clock,
            limits,
            wal,
            memory_bytes_max,
            pacer,
            background,
            read_only,
            pool,
            scratches: Mutex::default(),
            auditors: Workers::default(),
            audit_every,
            index_threads,
            flusher,
            workers,
            closed,
            failed,
        }
    }

    /// From now on every call fails; [`Env::stop`] ends the threads.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    /// Ends the background threads after their current turns.
    pub(crate) fn stop(&self) {
        self.auditors.stop();
        self.flusher.stop();
        self.workers.stop();
    }

    /// A background thread is gone for good: what it would have done is never done, so nothing more is written.
    pub(crate) fn fail(&self, cause: String) {
        self.failed.lock().get_or_insert(cause);
    }

    pub(crate) fn check_not_failed(&self) -> Result<()> {
        match &*self.failed.lock() {
            Some(cause) => Err(Error::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.read_only {
            return Err(Error::ReadOnly);
        }
        self.check_not_failed()?;
        self.check_open()
    }

    pub(crate) fn check_open(&self) -> Result<()> {
        if self.closed.load(Ordering::SeqCst) {
            return Err(Error::Closed { what: "the database".to_owned() });
        }
        Ok(())
    }
}
