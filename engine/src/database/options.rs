//! How to open a database: where its files and time come from, and its limits and budgets.

use super::catalog::CatalogFile;
use super::{Database, Inner, Owner, Slot};
use crate::collection::{Background, Env, Limits, RecoveryReport, Shared};
use crate::error::{Error, Result};
use crate::io::{LockError, RealVfs, Vfs, retry};
use crate::threads::{Clock, Pool, SystemClock};
use crate::wal::WalLimits;
use nigh_format::layout::LOCK_FILE;
use parking_lot::{Mutex, RwLock};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Options of a database; the default is right for most programs.
#[derive(Debug, Clone)]
pub struct Options {
    vfs: Arc<dyn Vfs>,
    clock: Arc<dyn Clock>,
    background: Background,
    limits: Limits,
    memory_bytes_max: u64,
    io_bytes_per_second: Option<u64>,
    optimizer_threads: usize,
    search_threads: Option<usize>,
    index_threads: Option<usize>,
    audit_every: u64,
    wal: WalLimits,
}

impl Default for Options {
    fn default() -> Self {
        Self::new()
    }
}

impl Options {
    /// The operating system's files and clock, background threads, 1 GiB for rewriting segments, one thread for it, no I/O limit,
    /// 512 MiB of the disk left free.
    pub fn new() -> Self {
        Self {
            vfs: Arc::new(RealVfs),
            clock: Arc::new(SystemClock::new()),
            background: Background::Threads,
            limits: Limits::default(),
            memory_bytes_max: 1 << 30,
            io_bytes_per_second: None,
            optimizer_threads: 1,
            search_threads: None,
            index_threads: None,
            audit_every: 0,
            wal: WalLimits { file_bytes_min: 64 << 10, file_bytes_max: 32 << 20, free_bytes_min: 512 << 20 },
        }
    }

    /// Where files are; [`RealVfs`] unless a test says otherwise.
    pub fn vfs(mut self, vfs: Arc<dyn Vfs>) -> Self {
        self.vfs = vfs;
        self
    }

    /// Where time comes from.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Who does background work.
    pub fn background(mut self, background: Background) -> Self {
        self.background = background;
        self
    }

    /// Limits of requests.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Memory that rewriting one segment may take, in bytes. Segments that would need more are not merged.
    pub fn memory_bytes_max(mut self, bytes: u64) -> Self {
        self.memory_bytes_max = bytes;
        self
    }

    /// Bytes a second that rewriting may write; `None` for no limit. Sealing is never slowed down.
    pub fn io_bytes_per_second(mut self, rate: Option<u64>) -> Self {
        self.io_bytes_per_second = rate;
        self
    }

    /// Threads that rewrite segments, at least 1, each for another collection.
    pub fn optimizer_threads(mut self, threads: usize) -> Self {
        self.optimizer_threads = threads.max(1);
        self
    }

    /// Threads that work on one large search, the caller's among them; as many as the machine has cores unless told otherwise, and 1 with
    /// [`Background::Manual`].
    pub fn search_threads(mut self, threads: usize) -> Self {
        self.search_threads = Some(threads.max(1));
        self
    }

    /// Threads that build one graph, at the lowest priority; as many as the machine has cores unless told otherwise, and 1 with
    /// [`Background::Manual`]. The graph is the same for any number.
    pub fn index_threads(mut self, threads: usize) -> Self {
        self.index_threads = Some(threads.max(1));
        self
    }

    /// Repeats one of so many searches exactly, in the background, to know their true recall ([`Collection::recall_audit`]
    /// (crate::Collection::recall_audit)); 0, the default, for none. An audit costs what an exact search costs.
    pub fn audit_every(mut self, searches: u64) -> Self {
        self.audit_every = searches;
        self
    }

    /// Space that writes leave free on the disk, in bytes. Deletes may use it.
    pub fn free_bytes_min(mut self, bytes: u64) -> Self {
        self.wal.free_bytes_min = bytes;
        self
    }

    /// Capacity of log files: of a collection's first, and the largest.
    pub fn wal_file_bytes(mut self, min: u64, max: u64) -> Self {
        self.wal.file_bytes_min = min.max(4096);
        self.wal.file_bytes_max = max.max(self.wal.file_bytes_min);
        self
    }

    /// Opens or creates the database in `dir`. See [`Database::open`].
    ///
    /// # Errors
    /// As [`Database::open`].
    pub fn open(self, dir: impl AsRef<Path>) -> Result<Database> {
        let dir = dir.as_ref();
        create_dirs(self.vfs.as_ref(), dir)?;
        let lock = self.vfs.lock(&dir.join(LOCK_FILE)).map_err(|e| match e {
            LockError::Held { pid } => Error::Locked { path: dir.to_owned(), pid },
            LockError::Io(e) => Error::io("lock", dir, e),
        })?;
        let threads = self.optimizer_threads;
        let env = Arc::new(self.into_env(dir, false)?);
        let catalog = CatalogFile::load_or_create(&env, dir)?;
        let report = catalog.sweep(&env, dir)?;
        let inner = Owner(Self::assemble(dir, env, catalog, report, Some(lock)));
        inner.start_threads(threads)?;
        Ok(Database { inner: Arc::new(inner) })
    }

    /// Opens an existing database for reading. See [`Database::open_read_only`].
    ///
    /// # Errors
    /// As [`Database::open_read_only`].
    pub fn open_read_only(self, dir: impl AsRef<Path>) -> Result<Database> {
        let dir = dir.as_ref();
        let env = Arc::new(self.into_env(dir, true)?);
        let catalog = CatalogFile::load(&env, dir)?;
        let inner = Owner(Self::assemble(dir, env, catalog, RecoveryReport::default(), None));
        inner.start_threads(1)?;
        Ok(Database { inner: Arc::new(inner) })
    }

    fn into_env(self, dir: &Path, read_only: bool) -> Result<Env> {
        let cores = match self.background {
            Background::Manual => 1,
            Background::Threads => std::thread::available_parallelism().map_or(1, |n| n.get()),
        };
        let width = self.search_threads.unwrap_or(cores);
        let index_threads = self.index_threads.unwrap_or(cores);
        let pool = Pool::new(width).map_err(|e| Error::io("start search threads for", dir, e))?;
        let Self {
            vfs,
            clock,
            background,
            limits,
            memory_bytes_max,
            io_bytes_per_second,
            wal,
            audit_every,
            ..
        } = self;
        Ok(Env::new(
            vfs,
            clock,
            limits,
            wal,
            memory_bytes_max,
            io_bytes_per_second,
            background,
            read_only,
            pool,
            index_threads,
            audit_every,
        ))
    }

    fn assemble(
        dir: &Path,
        env: Arc<Env>,
        catalog: CatalogFile,
        report: RecoveryReport,
        lock: Option<crate::io::FolderLock>,
    ) -> Arc<Inner> {
        let mut collections = BTreeMap::new();
        for (id, name) in catalog.entries() {
            let slot = match Shared::open(&env, dir, id, name) {
                Ok(shared) => Slot::Open(Arc::new(shared)),
                Err(e) => Slot::Damaged(e),
            };
            collections.insert(id, slot);
        }
        Arc::new(Inner {
            dir: dir.to_owned(),
            env,
            catalog: Mutex::new(catalog),
            collections: RwLock::new(collections),
            removed: report.removed,
            foreign: report.foreign,
            lock: Mutex::new(lock),
        })
    }
}

/// Creates `dir` and what is missing above it, durably.
fn create_dirs(vfs: &dyn Vfs, dir: &Path) -> Result<()> {
    if dir.as_os_str().is_empty() || retry(|| vfs.list(dir)).is_ok() {
        return Ok(());
    }
    if let Some(parent) = dir.parent() {
        create_dirs(vfs, parent)?;
    }
    match retry(|| vfs.create_dir(dir)) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => return Err(Error::io("create", dir, e)),
        _ => {}
    }
    let parent = dir.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    vfs.sync_dir(parent).map_err(|e| Error::io("sync", parent, e))
}
