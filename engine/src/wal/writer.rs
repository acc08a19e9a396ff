//! Appending: encoded operations go in, sequence numbers come out; [`WalWriter::sync`] makes them durable.
//!
//! A file has its full capacity from the start, so an append within it needs no new space. If the disk is full all the same, what the
//! append may have written is overwritten with zeros and synced before anything else happens, so that a refused write can never come
//! back. If that fails too, or on any other failure of a write or sync, the log is poisoned for good.
//! Threads: one at a time, under the collection's write lock.

use super::Logged;
use super::group_commit::Encoded;
use crate::error::{Error, Result};
use crate::ids::SeqNo;
use crate::io::{Vfs, VfsFile, publish_file, retry, write_all_at, write_temp};
use nigh_format::header::{FileHeader, FileKind, HEADER_LEN, Identity};
use nigh_format::layout::wal_file;
use nigh_format::wal_record::{
    RECORD_HEADER_LEN, RECORD_PAD, RecordHeader, RecordType, SECTOR_LEN, encode_marker, encode_seal,
    extend_chain, padded_len,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Sizes of log files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct WalLimits {
    /// Capacity of a collection's first file; later ones double.
    pub(crate) file_bytes_min: u64,
    /// Capacity beyond which files stop growing (a larger record gets a file of its own size).
    pub(crate) file_bytes_max: u64,
    /// Free space that ordinary writes leave on the disk.
    pub(crate) free_bytes_min: u64,
}

/// Where appending goes on after a replay.
#[derive(Debug)]
pub(crate) struct Tail {
    pub(crate) path: PathBuf,
    pub(crate) capacity: u64,
    pub(crate) end: u64,
    pub(crate) count: u64,
    pub(crate) chain: u32,
}

/// The writing end of one collection's log.
#[derive(Debug)]
pub(crate) struct WalWriter {
    vfs: Arc<dyn Vfs>,
    dir: PathBuf,
    collection: u64,
    limits: WalLimits,
    active: Option<Active>,
    last: SeqNo,
    durable: SeqNo,
    /// Highest `durable` that the log itself proves.
    proven: SeqNo,
    capacity_next: u64,
    poison: Option<String>,
    buffer: Vec<u8>,
    /// First sequence number and path of each file, oldest first, the active one included.
    files: Vec<(SeqNo, PathBuf)>,
    bytes_sealed: u64,
}

#[derive(Debug)]
struct Active {
    file: Arc<dyn VfsFile>,
    path: PathBuf,
    capacity: u64,
    end: u64,
    count: u64,
    chain: u32,
}

/// Room kept in each file for its seal; markers leave half of it.
const SEAL_LEN: u64 = 128;

impl WalWriter {
    /// A writer that goes on after `last`; everything up to it is durable.
    pub(crate) fn new(
        vfs: Arc<dyn Vfs>,
        dir: PathBuf,
        collection: u64,
        limits: WalLimits,
        files: Vec<(SeqNo, PathBuf)>,
        bytes_sealed: u64,
        last: SeqNo,
    ) -> Self {
        let (active, buffer, poison) = (None, Vec::new(), None);
        let capacity_next = limits.file_bytes_min;
        let (durable, proven) = (last, SeqNo(0));
        Self {
            vfs,
            dir,
            collection,
            limits,
            active,
            last,
            durable,
            proven,
            capacity_next,
            poison,
            buffer,
            files,
            bytes_sealed,
        }
    }

    /// Goes on in a file that a replay found unsealed.
    pub(crate) fn resume(&mut self, tail: Tail) -> Result<()> {
        let open = retry(|| self.vfs.open(&tail.path, crate::io::Access::ReadWrite));
        let file = open.map_err(|e| Error::io("open", &tail.path, e))?;
        let Tail { path, capacity, end, count, chain } = tail;
        self.capacity_next = (capacity * 2).clamp(self.limits.file_bytes_min, self.limits.file_bytes_max);
        self.active = Some(Active { file, path, capacity, end, count, chain });
        Ok(())
    }

    /// The last sequence number given out.
    pub(crate) fn last(&self) -> SeqNo {
        self.last
    }

    /// The last sequence number known to be on stable storage.
    pub(crate) fn durable(&self) -> SeqNo {
        self.durable
    }

    /// Bytes of log that a replay would read.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes_sealed + self.active.as_ref().map_or(0, |a| a.end)
    }

    /// Why the log takes no more writes, if so.
    pub(crate) fn poison(&self) -> Option<&str> {
        self.poison.as_deref()
    }

    /// Takes no more writes from now on.
    pub(crate) fn set_poison(&mut self, cause: impl std::fmt::Display) {
        self.poison.get_or_insert_with(|| cause.to_string());
    }

    fn check_poison(&self) -> Result<()> {
        match &self.poison {
            Some(cause) => Err(Error::Poisoned { cause: cause.clone() }),
            None => Ok(()),
        }
    }

    /// Appends one operation, numbered `last() + 1`. Not durable before [`WalWriter::sync`].
    ///
    /// # Errors
    /// `NoSpace`: nothing was appended and nothing will appear later. `Poisoned`: unknown.
    pub(crate) fn append<'a>(&mut self, encoded: &'a Encoded, frees_space: bool) -> Result<Logged<'a>> {
        self.check_poison()?;
        let body = &encoded.body;
        let need = padded_len(body.len() as u32);
        self.make_room(need, frees_space)?;
        let Some(active) = self.active.as_mut() else {
            return Err(Error::internal("no log file to append to"));
        };
        let seq = self.last.next();
        let header = RecordHeader {
            body_len: body.len() as u32,
            seq: seq.0,
            durable: self.durable.0,
            record_type: RecordType::Operation,
            body_checksum: encoded.body_checksum,
        };
        let header = header.encode();
        self.buffer.clear();
        self.buffer.extend_from_slice(&header);
        self.buffer.extend_from_slice(body);
        self.buffer.resize(need as usize, RECORD_PAD);
        if let Err(e) = write_all_at(active.file.as_ref(), &self.buffer, active.end) {
            let error = Error::io("append to", &active.path, e);
            return Err(self.take_back(error));
        }
        active.end += need;
        active.count += 1;
        active.chain = extend_chain(active.chain, header_checksum(&header));
        self.last = seq;
        self.proven = self.proven.max(self.durable);
        Ok(Logged { seq, operation: &encoded.operation })
    }

    /// Erases what an append that found the disk full may have left behind the good end.
    fn take_back(&mut self, error: Error) -> Error {
        let Some(active) = &self.active else { return error };
        if !matches!(error, Error::NoSpace { .. }) {
            self.set_poison(&error);
            return Error::Poisoned { cause: error.to_string() };
        }
        self.buffer.fill(0);
        let erased =
            write_all_at(active.file.as_ref(), &self.buffer, active.end).and_then(|()| active.file.sync());
        match erased {
            Ok(()) => {
                self.durable = self.last;
                error
            }
            Err(e) => {
                self.set_poison(format!("{error}; and it could not be taken back: {e}"));
                Error::Poisoned { cause: self.poison.clone().unwrap_or_default() }
            }
        }
    }

    /// Waits until all that was appended is on stable storage.
    pub(crate) fn sync(&mut self) -> Result<()> {
        self.check_poison()?;
        if self.durable == self.last {
            return Ok(());
        }
        let Some(active) = &self.active else { return Err(Error::internal("unsynced log without a file")) };
        if let Err(e) = active.file.sync() {
            self.set_poison(format!("sync of {} failed: {e}", active.path.display()));
            return self.check_poison();
        }
        self.durable = self.last;
        Ok(())
    }

    /// Writes records that prove how far the log is durable, unless it says so already. Not synced: it is a help only.
    ///
    /// One lost sector must not take the proof together with what it proves, so there are as many markers as it needs for the last to begin in a sector
    /// of its own. A file without room for them is sealed, which proves the same.
    pub(crate) fn mark(&mut self) -> Result<()> {
        self.check_poison()?;
        if self.proven >= self.durable {
            return Ok(());
        }
        let Some(active) = self.active.as_mut() else { return Ok(()) };
        let next_sector = active.end.next_multiple_of(SECTOR_LEN as u64);
        let (mut chain, mut count, mut begin) = (active.chain, active.count, active.end);
        self.buffer.clear();
        loop {
            let checksum = encode_marker(&mut self.buffer, self.last.0, self.durable.0);
            chain = extend_chain(chain, checksum);
            count += 1;
            if begin >= next_sector {
                break;
            }
            begin = active.end + self.buffer.len() as u64;
        }
        if active.end + self.buffer.len() as u64 + SEAL_LEN / 2 > active.capacity {
            return self.seal();
        }
        if let Err(e) = write_all_at(active.file.as_ref(), &self.buffer, active.end) {
            let error = Error::io("append to", &active.path, e);
            return Err(self.take_back(error));
        }
        active.end += self.buffer.len() as u64;
        (active.chain, active.count) = (chain, count);
        self.proven = self.durable;
        Ok(())
    }

    /// Completes the active file: everything in it is durable, the next append starts a new file.
    pub(crate) fn seal(&mut self) -> Result<()> {
        self.check_poison()?;
        let Some(active) = self.active.as_mut() else { return Ok(()) };
        self.buffer.clear();
        encode_seal(&mut self.buffer, self.last.0, self.durable.0, active.count, active.chain);
        if let Err(e) = write_all_at(active.file.as_ref(), &self.buffer, active.end) {
            let error = Error::io("append to", &active.path, e);
            return Err(self.take_back(error));
        }
        if let Err(e) = active.file.sync() {
            let cause = format!("sync of {} failed: {e}", active.path.display());
            self.set_poison(cause);
            return self.check_poison();
        }
        let end = active.end + self.buffer.len() as u64;
        // Space only: a sealed file is complete whatever follows its seal.
        drop(active.file.set_len(end));
        self.durable = self.last;
        self.bytes_sealed += end;
        self.active = None;
        Ok(())
    }

    /// Ends the log's present stretch, so that it can be cut here: seals and starts a small file. Without space for one, the next append tries.
    pub(crate) fn begin_epoch(&mut self) -> Result<()> {
        if self.is_fresh() {
            return Ok(());
        }
        self.seal()?;
        self.capacity_next = self.limits.file_bytes_min;
        match self.make_room(0, true) {
            Err(Error::NoSpace { .. }) => Ok(()),
            other => other,
        }
    }

    /// Whether there is an active file and it holds no operation, so that the next file would have its very name.
    fn is_fresh(&self) -> bool {
        let next = self.last.next();
        self.active.is_some() && self.files.last().is_some_and(|(first, _)| *first == next)
    }

    fn make_room(&mut self, need: u64, frees_space: bool) -> Result<()> {
        if self.active.as_ref().is_some_and(|a| a.end + need + SEAL_LEN <= a.capacity) {
            return Ok(());
        }
        // A file without operations that is too small is replaced by a larger one of the same name.
        if !self.is_fresh() {
            self.seal()?;
        }
        let whole = (HEADER_LEN as u64 + need + SEAL_LEN).next_multiple_of(4096);
        let capacity = whole.max((need * 8).min(self.limits.file_bytes_max)).max(self.capacity_next);
        let path = self.dir.join(wal_file(self.last.next().0));
        self.check_free(&path, capacity, frees_space)?;
        match self.create(&path, capacity) {
            Ok(()) => Ok(()),
            // Deletes and the like may use the last bytes: try the smallest file that holds them.
            Err(Error::NoSpace { .. }) if frees_space && capacity > whole => self.create(&path, whole),
            Err(e) => Err(e),
        }
    }

    fn check_free(&self, path: &Path, capacity: u64, frees_space: bool) -> Result<()> {
        if frees_space || self.limits.free_bytes_min == 0 {
            return Ok(());
        }
        let free =
            self.vfs.free_bytes(&self.dir).map_err(|e| Error::io("read free space of", &self.dir, e))?;
        if free < capacity.saturating_add(self.limits.free_bytes_min) {
            return Err(Error::NoSpace { path: path.to_owned() });
        }
        Ok(())
    }

    /// Creates the file that starts after `last`, complete in size, synced and named.
    fn create(&mut self, path: &Path, capacity: u64) -> Result<()> {
        let first = self.last.next();
        let identity = Identity { collection: self.collection, owner: 0, tag: first.0 };
        let (kind, table_checksum) = (FileKind::Wal, 0);
        let header = FileHeader::new(kind, table_checksum, capacity, identity);
        let make = || -> std::io::Result<Arc<dyn VfsFile>> {
            let file = write_temp(self.vfs.as_ref(), path)?;
            retry(|| file.allocate(capacity))?;
            write_all_at(file.as_ref(), &header.encode(), 0)?;
            Ok(file)
        };
        let file = make().map_err(|e| Error::io("create", path, e))?;
        if let Err(e) = publish_file(self.vfs.as_ref(), file.as_ref(), path) {
            // Whether the name is durable is not known, and a second sync could claim so wrongly.
            self.set_poison(format!("publishing {} failed: {e}", path.display()));
            self.check_poison()?;
        }
        self.capacity_next = (capacity * 2).clamp(self.limits.file_bytes_min, self.limits.file_bytes_max);
        // The file may replace one of the same name that holds no operation; the list must not name it twice, or a cut would remove it.
        if self.files.last().is_none_or(|(known, _)| *known != first) {
            self.files.push((first, path.to_owned()));
        }
        let (path, end) = (path.to_owned(), HEADER_LEN as u64);
        self.active = Some(Active { file, path, capacity, end, count: 0, chain: 0 });
        Ok(())
    }

    /// Creates the first file of an empty log, so that a log is never without a file.
    pub(crate) fn start(&mut self) -> Result<()> {
        self.make_room(0, false)
    }

    /// Removes files that hold only operations up to `applied`. What cannot be removed now is removed at the next open.
    pub(crate) fn cut(&mut self, applied: SeqNo) {
        while let [(_, oldest), (next_first, _), ..] = self.files.as_slice() {
            if next_first.0 > applied.0 + 1 {
                return;
            }
            let len = self.vfs.open(oldest, crate::io::Access::Read).and_then(|f| f.file_len()).unwrap_or(0);
            self.bytes_sealed = self.bytes_sealed.saturating_sub(len);
            drop(self.vfs.remove_file(oldest));
            self.files.remove(0);
        }
    }
}

/// The last four bytes of a record's header.
fn header_checksum(header: &[u8; RECORD_HEADER_LEN]) -> u32 {
    header.last_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
