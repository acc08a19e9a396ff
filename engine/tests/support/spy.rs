//! A file system that watches: every call passes through with its name; a hook may act before it, and one call may be made to fail after it was done.
//!
//! For what `FaultVfs` cannot show: which kind of call failed, another process's work between two reads, and errors that tell nothing
//! about whether the call took effect.

use nigh::io::{Access, DirEntry, FileMap, FolderLock, LockError, Vfs, VfsFile};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

/// What was called, and on which file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Call {
    Read,
    Write,
    Allocate,
    SetLen,
    Sync,
    Create,
    Open,
    Map,
    Rename,
    RemoveFile,
    CreateDir,
    RemoveDir,
    List,
    SyncDir,
}

type Hook = Arc<dyn Fn(Call, &Path) + Send + Sync>;

#[derive(Default)]
struct State {
    calls: u64,
    fail_after: Option<u64>,
    full_from: Option<u64>,
    failed: Vec<Call>,
    hook: Option<Hook>,
}

/// Wraps another file system.
#[derive(Clone)]
pub(crate) struct SpyVfs {
    inner: Arc<dyn Vfs>,
    state: Arc<Mutex<State>>,
}

impl fmt::Debug for SpyVfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SpyVfs")
    }
}

impl SpyVfs {
    pub(crate) fn new(inner: impl Vfs + 'static) -> Self {
        Self { inner: Arc::new(inner), state: Arc::default() }
    }

    /// Runs before each call, outside any lock of the spy.
    pub(crate) fn set_hook(&self, hook: impl Fn(Call, &Path) + Send + Sync + 'static) {
        self.lock().hook = Some(Arc::new(hook));
    }

    pub(crate) fn clear_hook(&self) {
        self.lock().hook = None;
    }

    /// Lets the `at`th changing call (counted from 0) take effect and then report an I/O error.
    pub(crate) fn fail_after(&self, at: Option<u64>) {
        self.lock().fail_after = at;
    }

    /// From the `at`th changing call on, whatever needs new space fails; what was allocated may still be written, synced and renamed.
    pub(crate) fn full_from(&self, at: Option<u64>) {
        self.lock().full_from = at;
    }

    /// Changing calls so far.
    pub(crate) fn change_count(&self) -> u64 {
        self.lock().calls
    }

    /// The calls that failed so far, as the engine saw them.
    pub(crate) fn failed(&self) -> Vec<Call> {
        self.lock().failed.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }

    fn pass<T>(&self, call: Call, path: &Path, act: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let grows = matches!(call, Call::Create | Call::CreateDir | Call::Allocate);
        self.pass_sized(call, path, grows, act)
    }

    fn pass_sized<T>(
        &self,
        call: Call,
        path: &Path,
        grows: bool,
        act: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        let hook = self.lock().hook.clone();
        if let Some(hook) = hook {
            hook(call, path);
        }
        let number = self.number(call);
        let full = grows && number.is_some_and(|n| self.lock().full_from.is_some_and(|at| n >= at));
        let mut result = if full { Err(io::ErrorKind::StorageFull.into()) } else { act() };
        let mut state = self.lock();
        if number.is_some() && state.fail_after == number && result.is_ok() {
            result = Err(io::Error::from_raw_os_error(5));
        }
        if result.is_err() {
            state.failed.push(call);
        }
        result
    }

    fn number(&self, call: Call) -> Option<u64> {
        if matches!(call, Call::Read | Call::Open | Call::Map | Call::List) {
            return None;
        }
        let mut state = self.lock();
        state.calls += 1;
        Some(state.calls - 1)
    }
}

struct SpyFile {
    spy: SpyVfs,
    inner: Arc<dyn VfsFile>,
    path: PathBuf,
}

impl fmt::Debug for SpyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SpyFile({})", self.path.display())
    }
}

impl VfsFile for SpyFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.spy.pass(Call::Read, &self.path, || self.inner.read_at(buf, offset))
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let grows = self.inner.file_len()? < offset + bytes.len() as u64;
        self.spy.pass_sized(Call::Write, &self.path, grows, || self.inner.write_at(bytes, offset))
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        self.spy.pass(Call::Allocate, &self.path, || self.inner.allocate(len))
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        let grows = self.inner.file_len()? < len;
        self.spy.pass_sized(Call::SetLen, &self.path, grows, || self.inner.set_len(len))
    }

    fn sync(&self) -> io::Result<()> {
        self.spy.pass(Call::Sync, &self.path, || self.inner.sync())
    }

    fn file_len(&self) -> io::Result<u64> {
        self.inner.file_len()
    }
}

impl Vfs for SpyVfs {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let inner = self.pass(Call::Create, path, || self.inner.create(path))?;
        Ok(Arc::new(SpyFile { spy: self.clone(), inner, path: path.to_owned() }))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn VfsFile>> {
        let inner = self.pass(Call::Open, path, || self.inner.open(path, access))?;
        Ok(Arc::new(SpyFile { spy: self.clone(), inner, path: path.to_owned() }))
    }

    fn map(&self, path: &Path) -> io::Result<FileMap> {
        self.pass(Call::Map, path, || self.inner.map(path))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.pass(Call::Rename, to, || self.inner.rename(from, to))
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.pass(Call::RemoveFile, path, || self.inner.remove_file(path))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.pass(Call::CreateDir, path, || self.inner.create_dir(path))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.pass(Call::RemoveDir, path, || self.inner.remove_dir(path))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.pass(Call::List, dir, || self.inner.list(dir))
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.pass(Call::SyncDir, dir, || self.inner.sync_dir(dir))
    }

    fn lock(&self, path: &Path) -> Result<FolderLock, LockError> {
        self.inner.lock(path)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.inner.free_bytes(dir)
    }
}
