//! A file system in memory that remembers what was synced: the ground of the crash simulator.
//!
//! Each file keeps its content as of the last sync and the changes since; each folder keeps its names as of the last folder sync
//! and the changes since. A running program sees the newest state; [`SimVfs::crash`](super::SimVfs::crash) builds the states that a power
//! cut could leave (`sim_crash.rs`). An observer is called after each change, so that a test can look at every crash point.
//!
//! Threads: one lock around everything; the observer runs outside it, on the thread that made the change.

use super::{Access, DirEntry, FileMap, FolderLock, LockError, Vfs, VfsFile};
use parking_lot::Mutex;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

pub(super) type NodeId = usize;
pub(super) type Names = BTreeMap<String, NodeId>;

/// A change to a file that is not yet synced.
#[derive(Debug, Clone)]
pub(super) enum FileChange {
    Write { offset: u64, bytes: Arc<[u8]> },
    Len(u64),
}

/// A change to a folder that is not yet synced. Each happens as a whole or not at all.
#[derive(Debug, Clone)]
pub(super) enum NameChange {
    Link { name: String, node: NodeId },
    Unlink { name: String },
    Rename { from: String, to: String, node: NodeId },
}

#[derive(Debug, Clone)]
pub(super) enum Node {
    File { synced: Arc<Vec<u8>>, pending: Vec<FileChange>, current: Arc<Vec<u8>> },
    Dir { synced: Names, pending: Vec<NameChange>, current: Names },
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) nodes: Vec<Node>,
    locks: BTreeSet<PathBuf>,
    free_bytes: u64,
    sync_count: u64,
}

/// Called after each change, outside the lock.
pub type Observer = Arc<dyn Fn(&SimVfs) + Send + Sync>;

/// Files in memory, with crashes. Cloning gives another handle to the same files.
#[derive(Clone)]
pub struct SimVfs {
    pub(super) state: Arc<Mutex<State>>,
    observer: Arc<Mutex<Option<Observer>>>,
}

impl fmt::Debug for SimVfs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SimVfs")
    }
}

impl Default for SimVfs {
    fn default() -> Self {
        Self::new()
    }
}

impl SimVfs {
    /// An empty file system with only the root folder.
    pub fn new() -> Self {
        let root = Node::Dir { synced: Names::new(), pending: Vec::new(), current: Names::new() };
        Self::from_nodes(vec![root])
    }

    pub(super) fn from_nodes(nodes: Vec<Node>) -> Self {
        let state = State { nodes, free_bytes: u64::MAX / 2, ..State::default() };
        Self { state: Arc::new(Mutex::new(state)), observer: Arc::default() }
    }

    /// Calls `observer` after each change from now on; `None` ends it.
    pub fn set_observer(&self, observer: Option<Observer>) {
        *self.observer.lock() = observer;
    }

    /// What [`Vfs::free_bytes`] says from now on. Writes are not refused by it.
    pub fn set_free_bytes(&self, bytes: u64) {
        self.state.lock().free_bytes = bytes;
    }

    /// File and folder syncs so far.
    pub fn sync_count(&self) -> u64 {
        self.state.lock().sync_count
    }

    fn changed(&self) {
        let observer = self.observer.lock().clone();
        if let Some(observer) = observer {
            observer(self);
        }
    }

    fn change<T>(&self, act: impl FnOnce(&mut State) -> io::Result<T>) -> io::Result<T> {
        let done = act(&mut self.state.lock())?;
        self.changed();
        Ok(done)
    }
}

fn not_found() -> io::Error {
    io::ErrorKind::NotFound.into()
}

fn exists() -> io::Error {
    io::ErrorKind::AlreadyExists.into()
}

impl State {
    fn resolve(&self, path: &Path) -> io::Result<NodeId> {
        let mut node = 0;
        for part in path.components() {
            let Component::Normal(name) = part else { continue };
            let Some(Node::Dir { current, .. }) = self.nodes.get(node) else { return Err(not_found()) };
            node = *current.get(name.to_string_lossy().as_ref()).ok_or_else(not_found)?;
        }
        Ok(node)
    }

    fn split(&self, path: &Path) -> io::Result<(NodeId, String)> {
        let name = path.file_name().ok_or_else(not_found)?.to_string_lossy().into_owned();
        Ok((self.resolve(path.parent().ok_or_else(not_found)?)?, name))
    }

    fn dir_mut(&mut self, node: NodeId) -> io::Result<(&mut Names, &mut Vec<NameChange>)> {
        match self.nodes.get_mut(node) {
            Some(Node::Dir { current, pending, .. }) => Ok((current, pending)),
            _ => Err(io::ErrorKind::NotADirectory.into()),
        }
    }

    fn file_mut(&mut self, node: NodeId) -> io::Result<(&mut Vec<u8>, &mut Vec<FileChange>)> {
        match self.nodes.get_mut(node) {
            Some(Node::File { current, pending, .. }) => Ok((Arc::make_mut(current), pending)),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn content(&self, node: NodeId) -> io::Result<&Arc<Vec<u8>>> {
        match self.nodes.get(node) {
            Some(Node::File { current, .. }) => Ok(current),
            _ => Err(io::ErrorKind::IsADirectory.into()),
        }
    }

    fn link(&mut self, path: &Path, node: Node) -> io::Result<NodeId> {
        let (dir, name) = self.split(path)?;
        let id = self.nodes.len();
        let (names, pending) = self.dir_mut(dir)?;
        if names.contains_key(&name) {
            return Err(exists());
        }
        names.insert(name.clone(), id);
        pending.push(NameChange::Link { name, node: id });
        self.nodes.push(node);
        Ok(id)
    }

    fn unlink(&mut self, path: &Path, want_dir: bool) -> io::Result<()> {
        let (dir, name) = self.split(path)?;
        let node = self.resolve(path)?;
        match self.nodes.get(node) {
            Some(Node::Dir { current, .. }) if want_dir && current.is_empty() => {}
            Some(Node::File { .. }) if !want_dir => {}
            _ => return Err(io::Error::other("not an empty folder, or not a file")),
        }
        let (names, pending) = self.dir_mut(dir)?;
        names.remove(&name);
        pending.push(NameChange::Unlink { name });
        Ok(())
    }
}

#[derive(Debug)]
struct SimFile {
    vfs: SimVfs,
    node: NodeId,
}

impl VfsFile for SimFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        let content = Arc::clone(self.vfs.state.lock().content(self.node)?);
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(content.len());
        let rest = content.get(from..).unwrap_or_default();
        let take = rest.len().min(buf.len());
        if let (Some(to), Some(from)) = (buf.get_mut(..take), rest.get(..take)) {
            to.copy_from_slice(from);
        }
        Ok(take)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        self.vfs.change(|state| {
            let (content, pending) = state.file_mut(self.node)?;
            apply_write(content, offset, bytes);
            pending.push(FileChange::Write { offset, bytes: bytes.into() });
            Ok(bytes.len())
        })
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        if len > self.file_len()? { self.set_len(len) } else { Ok(()) }
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.vfs.change(|state| {
            let (content, pending) = state.file_mut(self.node)?;
            content
                .resize(usize::try_from(len).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?, 0);
            pending.push(FileChange::Len(len));
            Ok(())
        })
    }

    fn sync(&self) -> io::Result<()> {
        self.vfs.change(|state| {
            state.sync_count += 1;
            if let Some(Node::File { synced, pending, current }) = state.nodes.get_mut(self.node) {
                *synced = Arc::clone(current);
                pending.clear();
            }
            Ok(())
        })
    }

    fn file_len(&self) -> io::Result<u64> {
        Ok(self.vfs.state.lock().content(self.node)?.len() as u64)
    }
}

pub(super) fn apply_write(content: &mut Vec<u8>, offset: u64, bytes: &[u8]) {
    let from = usize::try_from(offset).unwrap_or(usize::MAX);
    let end = from.saturating_add(bytes.len());
    if content.len() < end {
        content.resize(end, 0);
    }
    if let Some(space) = content.get_mut(from..end) {
        space.copy_from_slice(bytes);
    }
}

impl Vfs for SimVfs {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        let file = Node::File { synced: Arc::default(), pending: Vec::new(), current: Arc::default() };
        let node = self.change(|state| state.link(path, file))?;
        Ok(Arc::new(SimFile { vfs: self.clone(), node }))
    }

    fn open(&self, path: &Path, _access: Access) -> io::Result<Arc<dyn VfsFile>> {
        let state = self.state.lock();
        let node = state.resolve(path)?;
        state.content(node)?;
        Ok(Arc::new(SimFile { vfs: self.clone(), node }))
    }

    fn map(&self, path: &Path) -> io::Result<FileMap> {
        let state = self.state.lock();
        let content = Arc::clone(state.content(state.resolve(path)?)?);
        drop(state);
        Ok(FileMap::of_bytes(&content))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|state| {
            let ((dir, old), (other, new)) = (state.split(from)?, state.split(to)?);
            if dir != other {
                return Err(io::ErrorKind::CrossesDevices.into());
            }
            let (names, pending) = state.dir_mut(dir)?;
            let node = names.remove(&old).ok_or_else(not_found)?;
            names.insert(new.clone(), node);
            pending.push(NameChange::Rename { from: old, to: new, node });
            Ok(())
        })
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change(|state| state.unlink(path, false))
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        let dir = Node::Dir { synced: Names::new(), pending: Vec::new(), current: Names::new() };
        self.change(|state| state.link(path, dir).map(drop))
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.change(|state| state.unlink(path, true))
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        let state = self.state.lock();
        let Some(Node::Dir { current, .. }) = state.nodes.get(state.resolve(dir)?) else {
            return Err(io::ErrorKind::NotADirectory.into());
        };
        let entry = |(name, node): (&String, &NodeId)| match state.nodes.get(*node) {
            Some(Node::File { current, .. }) => {
                DirEntry { name: name.clone(), is_dir: false, len: current.len() as u64 }
            }
            _ => DirEntry { name: name.clone(), is_dir: true, len: 0 },
        };
        Ok(current.iter().map(entry).collect())
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.change(|state| {
            state.sync_count += 1;
            let node = state.resolve(dir)?;
            if let Some(Node::Dir { synced, pending, current }) = state.nodes.get_mut(node) {
                synced.clone_from(current);
                pending.clear();
            }
            Ok(())
        })
    }

    fn lock(&self, path: &Path) -> Result<FolderLock, LockError> {
        let free = self.state.lock().locks.insert(path.to_owned());
        if !free {
            return Err(LockError::Held { pid: Some(std::process::id()) });
        }
        Ok(FolderLock { guard: Box::new(SimLock { vfs: self.clone(), path: path.to_owned() }) })
    }

    fn free_bytes(&self, _dir: &Path) -> io::Result<u64> {
        Ok(self.state.lock().free_bytes)
    }
}

struct SimLock {
    vfs: SimVfs,
    path: PathBuf,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        self.vfs.state.lock().locks.remove(&self.path);
    }
}
