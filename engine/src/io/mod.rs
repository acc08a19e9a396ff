//! The file layer: paths and bytes go in, files, maps and locks come out. Nothing else in the engine touches a disk.
//!
//! [`Vfs`] has three implementations: [`RealVfs`] (the operating system), [`SimVfs`] (in memory, able to produce what a
//! power cut would leave) and [`FaultVfs`] (wraps another and fails chosen calls). A database is opened over one of them,
//! so each promise about crashes and faults is tested on the code that ships.
//!
//! Invariants: files that are mapped are never written or shortened; a file gets its final name only after it was synced
//! ([`publish`]). Threads: every type here may be used from any thread.

mod atomic;
mod block_file;
mod fault;
mod mmap;
mod real;
mod sim;
mod sim_crash;

pub use atomic::{PublishError, publish, publish_file, remove_tree, write_temp};
pub(crate) use block_file::{BlockFile, BlockWriter, FileStamp, missing_is_damage};
pub use fault::{Fault, FaultKind, FaultVfs};
pub use mmap::{AccessPattern, FileMap};
pub use real::RealVfs;
pub use sim::{Observer, SimVfs};
pub use sim_crash::CrashMode;

use std::fmt;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What an opened file may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Reading only.
    Read,
    /// Reading and writing; the file keeps its content.
    ReadWrite,
}

/// One name in a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirEntry {
    /// The name, without the folder. Names that are not UTF-8 are listed with replacement characters.
    pub name: String,
    /// True for a folder.
    pub is_dir: bool,
    /// Length in bytes; 0 for a folder.
    pub len: u64,
}

/// Why a folder could not be locked.
#[derive(Debug)]
pub enum LockError {
    /// Another process (or another handle of this one) holds the lock; its pid where it could be read.
    Held {
        /// Process id of the owner.
        pid: Option<u32>,
    },
    /// The lock file could not be opened or written.
    Io(io::Error),
}

/// Holds a kernel lock until dropped. A killed process lets go of it too.
pub struct FolderLock {
    #[expect(dead_code, reason = "held for its Drop, which releases the lock")]
    guard: Box<dyn Send + Sync>,
}

impl fmt::Debug for FolderLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FolderLock")
    }
}

/// An open file. Positions are explicit, so one handle serves many threads.
pub trait VfsFile: Send + Sync + fmt::Debug {
    /// Reads up to `buf.len()` bytes from `offset`; 0 at the end of the file.
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize>;
    /// Writes some of `bytes` at `offset` and says how many; use [`write_all_at`].
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize>;
    /// Reserves disk space up to `len` bytes and grows the file to it; new bytes read as zeros.
    fn allocate(&self, len: u64) -> io::Result<()>;
    /// Cuts or grows the file.
    fn set_len(&self, len: u64) -> io::Result<()>;
    /// Returns when content and length are on stable storage (fdatasync).
    fn sync(&self) -> io::Result<()>;
    /// Length in bytes.
    fn file_len(&self) -> io::Result<u64>;
}

/// A file system. See the module's page for the implementations.
pub trait Vfs: Send + Sync + fmt::Debug {
    /// Creates a file for reading and writing; fails if the name is taken.
    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>>;
    /// Opens an existing file.
    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn VfsFile>>;
    /// Maps a whole file for reading. The file must never be written or shortened afterwards.
    fn map(&self, path: &Path) -> io::Result<FileMap>;
    /// Renames within one folder, replacing `to`. Durable after [`Vfs::sync_dir`].
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    /// Removes a file's name; maps and open handles keep the content.
    fn remove_file(&self, path: &Path) -> io::Result<()>;
    /// Creates one folder; its parent must exist.
    fn create_dir(&self, path: &Path) -> io::Result<()>;
    /// Removes an empty folder.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;
    /// Names in a folder, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>>;
    /// Returns when creations, renames and removals in `dir` are on stable storage.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;
    /// Takes the exclusive lock on `path` (created if missing) at once or says who holds it.
    fn lock(&self, path: &Path) -> Result<FolderLock, LockError>;
    /// Bytes that an ordinary process may still write on the file system of `dir`.
    fn free_bytes(&self, dir: &Path) -> io::Result<u64>;
}

/// Writes all of `bytes` at `offset`: continues after short and interrupted writes.
pub fn write_all_at(file: &dyn VfsFile, mut bytes: &[u8], mut offset: u64) -> io::Result<()> {
    while !bytes.is_empty() {
        match file.write_at(bytes, offset) {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::WriteZero, "the file takes no more bytes")),
            Ok(n) => {
                bytes = bytes.get(n..).unwrap_or_default();
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Fills `buf` from `offset`, or fails with `UnexpectedEof`.
pub fn read_exact_at(file: &dyn VfsFile, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
    while !buf.is_empty() {
        match file.read_at(buf, offset) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(n) => {
                buf = buf.get_mut(n..).unwrap_or_default();
                offset += n as u64;
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// Reads a whole file. Memory is taken for the file's real length only.
pub fn read_file(vfs: &dyn Vfs, path: &Path) -> io::Result<Vec<u8>> {
    let file = retry(|| vfs.open(path, Access::Read))?;
    let len = usize::try_from(file.file_len()?).map_err(|_| io::Error::from(io::ErrorKind::FileTooLarge))?;
    let mut bytes = Vec::new();
    bytes.try_reserve_exact(len).map_err(|_| io::Error::from(io::ErrorKind::OutOfMemory))?;
    bytes.resize(len, 0);
    read_exact_at(file.as_ref(), &mut bytes, 0)?;
    Ok(bytes)
}

/// Repeats a call that was interrupted by a signal.
pub fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            done => return done,
        }
    }
}
