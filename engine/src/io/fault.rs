//! A file system that fails on purpose: a plan goes in, chosen calls fail with EIO, ENOSPC, EINTR or write short.
//!
//! Every call through the wrapper gets the next number; the [`Fault`] names the first number that fails and whether all
//! later ones fail too. Used by the fault sweep (reliability catalogue, T5).

use super::{Access, DirEntry, FileMap, FolderLock, LockError, Vfs, VfsFile};
use parking_lot::Mutex;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a call fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// Input/output error; a failing sync leaves the state of the data unknown.
    Eio,
    /// No space left on device: only calls that may need space (create, write, allocate, grow, rename, sync) fail.
    Enospc,
    /// Interrupted by a signal: nothing happened, the caller repeats.
    Eintr,
    /// A write takes half of its bytes and reports success; other calls pass.
    ShortWrite,
}

/// Which calls fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fault {
    /// Number of the first failing call, counted from 0.
    pub at: u64,
    /// How it fails.
    pub kind: FaultKind,
    /// True: every call from `at` on fails; false: only that one.
    pub lasting: bool,
}

/// Wraps a [`Vfs`] and fails calls by plan.
#[derive(Debug, Clone)]
pub struct FaultVfs {
    inner: Arc<dyn Vfs>,
    control: Arc<Control>,
}

#[derive(Debug, Default)]
struct Control {
    calls: AtomicU64,
    hits: AtomicU64,
    fault: Mutex<Option<Fault>>,
}

#[derive(Debug)]
struct FaultFile {
    inner: Arc<dyn VfsFile>,
    control: Arc<Control>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Call {
    Read,
    Grow,
    Write,
    Other,
}

impl FaultVfs {
    /// A wrapper that fails nothing yet.
    pub fn new(inner: Arc<dyn Vfs>) -> Self {
        Self { inner, control: Arc::default() }
    }

    /// Sets or clears the plan.
    pub fn set_fault(&self, fault: Option<Fault>) {
        *self.control.fault.lock() = fault;
    }

    /// Calls made so far.
    pub fn call_count(&self) -> u64 {
        self.control.calls.load(Ordering::SeqCst)
    }

    /// Calls that were made to fail so far.
    pub fn hit_count(&self) -> u64 {
        self.control.hits.load(Ordering::SeqCst)
    }
}

impl Control {
    /// Counts the call; the error to return, or whether to write short.
    fn step(&self, call: Call) -> io::Result<bool> {
        let number = self.calls.fetch_add(1, Ordering::SeqCst);
        let fault = *self.fault.lock();
        let Some(fault) = fault.filter(|f| number == f.at || (f.lasting && number > f.at)) else {
            return Ok(false);
        };
        let error = match fault.kind {
            FaultKind::Eio => io::Error::from_raw_os_error(rustix::io::Errno::IO.raw_os_error()),
            FaultKind::Eintr if fault.lasting => return Ok(false),
            FaultKind::Eintr => io::ErrorKind::Interrupted.into(),
            FaultKind::Enospc if matches!(call, Call::Read | Call::Other) => return Ok(false),
            FaultKind::Enospc => io::ErrorKind::StorageFull.into(),
            FaultKind::ShortWrite => {
                if call == Call::Write {
                    self.hits.fetch_add(1, Ordering::SeqCst);
                }
                return Ok(call == Call::Write);
            }
        };
        self.hits.fetch_add(1, Ordering::SeqCst);
        Err(error)
    }

    fn wrap(self: &Arc<Self>, inner: Arc<dyn VfsFile>) -> Arc<dyn VfsFile> {
        Arc::new(FaultFile { inner, control: Arc::clone(self) })
    }
}

impl VfsFile for FaultFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.control.step(Call::Read)?;
        self.inner.read_at(buf, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let short = self.control.step(Call::Write)?;
        let take = if short { bytes.len().div_ceil(2) } else { bytes.len() };
        self.inner.write_at(bytes.get(..take).unwrap_or(bytes), offset)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        self.control.step(Call::Grow)?;
        self.inner.allocate(len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.control.step(Call::Grow)?;
        self.inner.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        self.control.step(Call::Grow)?;
        self.inner.sync()
    }

    fn file_len(&self) -> io::Result<u64> {
        self.inner.file_len()
    }
}

impl Vfs for FaultVfs {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        self.control.step(Call::Grow)?;
        Ok(self.control.wrap(self.inner.create(path)?))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn VfsFile>> {
        self.control.step(Call::Read)?;
        Ok(self.control.wrap(self.inner.open(path, access)?))
    }

    fn map(&self, path: &Path) -> io::Result<FileMap> {
        self.control.step(Call::Read)?;
        self.inner.map(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.control.step(Call::Grow)?;
        self.inner.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.control.step(Call::Other)?;
        self.inner.remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.control.step(Call::Grow)?;
        self.inner.create_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.control.step(Call::Other)?;
        self.inner.remove_dir(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.control.step(Call::Read)?;
        self.inner.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.control.step(Call::Grow)?;
        self.inner.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> Result<FolderLock, LockError> {
        self.inner.lock(path)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.inner.free_bytes(dir)
    }
}
