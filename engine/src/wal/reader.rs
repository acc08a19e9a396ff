//! Replaying: a folder of log files goes in; each operation from a given number on comes out once, in order.
//!
//! Decides where the log ends (docs/storage-format.md, section 6.1). With [`Follow::Own`] a torn tail is erased and synced, so that what
//! was read is durable and appending may go on; with [`Follow::Other`] the log belongs to another process, which may be writing: the
//! tail is left alone and the last file is read as far as it is complete.

use super::Logged;
use super::writer::Tail;
use crate::error::{Error, Result};
use crate::ids::SeqNo;
use crate::io::{Access, Vfs, missing_is_damage, read_file, retry, write_all_at};
use nigh_format::header::{FileHeader, FileKind, Identity};
use nigh_format::layout::parse_wal_file;
use nigh_format::operation::Operation;
use nigh_format::wal_record::{RECORD_HEADER_LEN, Scanner};
use std::path::{Path, PathBuf};

/// Whose log is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    /// Ours: the folder's lock is held.
    Own,
    /// Another process's.
    Other,
}

/// What a replay found.
#[derive(Debug)]
pub(crate) struct Replayed {
    /// Last operation in the log.
    pub(crate) last: SeqNo,
    /// The unsealed file to go on in, if there is one.
    pub(crate) tail: Option<Tail>,
    /// First sequence number and path of each file, oldest first.
    pub(crate) files: Vec<(SeqNo, PathBuf)>,
    /// Operations handed out.
    pub(crate) operation_count: u64,
    /// Bytes of torn tail that were cut.
    pub(crate) cut_bytes: u64,
    /// Bytes of sealed files that were read.
    pub(crate) sealed_bytes: u64,
}

/// Calls `apply` for each operation above `applied`.
///
/// # Errors
/// `Corrupt` for damage, a gap or a missing file; whatever `apply` returns.
pub(crate) fn replay(
    vfs: &dyn Vfs,
    dir: &Path,
    collection: u64,
    applied: SeqNo,
    follow: Follow,
    apply: impl FnMut(Logged<'_>) -> Result<()>,
) -> Result<Replayed> {
    let files = list(vfs, dir)?;
    let needed = files.partition_point(|(first, _)| first.0 <= applied.0 + 1).saturating_sub(1);
    let Some((first, oldest)) = files.get(needed) else {
        let what = format!("expected a log file from operation {} on, got none", applied.next());
        return Err(Error::corrupt(dir, 0, what));
    };
    if first.0 > applied.0 + 1 {
        let what = format!("expected a log file from operation {} on, got {first}", applied.next());
        return Err(Error::corrupt(oldest, 0, what));
    }
    let done = Replayed {
        last: applied,
        tail: None,
        files: Vec::new(),
        operation_count: 0,
        cut_bytes: 0,
        sealed_bytes: 0,
    };
    let mut replay = Replay { vfs, collection, follow, done, apply };
    let mut due = *first;
    for (i, (first, path)) in files.iter().enumerate().skip(needed) {
        if *first != due || first.0 > SEQ_MAX {
            let what = format!("expected the log file of operation {due}, got {first}");
            return Err(Error::corrupt(path, 0, what));
        }
        due = replay.file(path, *first, i + 1 < files.len())?.next();
    }
    let mut done = replay.done;
    done.last = done.last.max(SeqNo(due.0 - 1));
    done.files = files;
    Ok(done)
}

/// Above this a number was never given out.
const SEQ_MAX: u64 = 1 << 62;
/// Times that a file which its owner is writing is read again before what is wrong with it counts as damage.
const READ_TRIES: u32 = 20;

fn list(vfs: &dyn Vfs, dir: &Path) -> Result<Vec<(SeqNo, PathBuf)>> {
    let entries = retry(|| vfs.list(dir)).map_err(|e| missing_is_damage(dir, e))?;
    let mut files: Vec<_> = entries
        .iter()
        .filter_map(|entry| Some((SeqNo(parse_wal_file(&entry.name)?), dir.join(&entry.name))))
        .collect();
    files.sort();
    Ok(files)
}

struct Replay<'a, F> {
    vfs: &'a dyn Vfs,
    collection: u64,
    follow: Follow,
    /// What was found so far; `last` is the last operation that `apply` has seen.
    done: Replayed,
    apply: F,
}

impl<F: FnMut(Logged<'_>) -> Result<()>> Replay<'_, F> {
    /// Replays one file; its last sequence number.
    fn file(&mut self, path: &Path, first: SeqNo, has_next: bool) -> Result<SeqNo> {
        let mut tries = 0;
        loop {
            // The owner may be in the middle of writing the very record that does not check out, or of cutting the file to its end.
            match self.try_file(path, first, has_next) {
                Err(Error::Corrupt { .. } | Error::Io { .. })
                    if self.follow == Follow::Other && !has_next && tries < READ_TRIES =>
                {
                    tries += 1;
                    std::thread::yield_now();
                }
                other => return other,
            }
        }
    }

    fn try_file(&mut self, path: &Path, first: SeqNo, has_next: bool) -> Result<SeqNo> {
        let bytes = read_file(self.vfs, path).map_err(|e| missing_is_damage(path, e))?;
        let format = |e| Error::format(path, &e);
        let header = FileHeader::decode(&bytes).map_err(format)?;
        let identity = Identity { collection: self.collection, owner: 0, tag: first.0 };
        header.expect(FileKind::Wal, identity).map_err(format)?;
        let mut scanner = Scanner::new(&bytes, &header, has_next);
        while let Some(record) = scanner.next().map_err(format)? {
            let seq = SeqNo(record.header.seq);
            if seq > self.done.last {
                let operation = Operation::decode(record.body).map_err(|e| {
                    Error::corrupt(path, record.offset + RECORD_HEADER_LEN as u64 + e.offset, e)
                })?;
                (self.apply)(Logged { seq, operation: &operation })?;
                self.done.operation_count += 1;
                self.done.last = seq;
            }
        }
        let end = scanner.end();
        if self.follow == Follow::Own && !has_next {
            if end.torn {
                self.done.cut_bytes += erase(self.vfs, path, &bytes, end.offset)?;
            }
            // What only the page cache held, records or the seal, becomes durable before anyone reads it or a next file is made.
            let file =
                retry(|| self.vfs.open(path, Access::ReadWrite)).map_err(|e| Error::io("open", path, e))?;
            file.sync().map_err(|e| Error::io("sync", path, e))?;
        }
        if end.sealed {
            self.done.sealed_bytes += end.offset;
            return Ok(SeqNo(end.last_seq));
        }
        let (path, capacity) = (path.to_owned(), header.data_len);
        self.done.tail = Some(Tail { path, capacity, end: end.offset, count: end.count, chain: end.chain });
        Ok(SeqNo(end.last_seq))
    }
}

/// True if nothing was appended behind `tail` since it was read.
pub(crate) fn is_unchanged(vfs: &dyn Vfs, tail: &Tail) -> bool {
    let mut next = [0; RECORD_HEADER_LEN];
    let read =
        retry(|| vfs.open(&tail.path, Access::Read)).and_then(|file| file.read_at(&mut next, tail.end));
    read.is_ok_and(|len| len > 0) && next.iter().all(|b| *b == 0)
}

/// Overwrites everything behind the log's end with zeros; how many bytes were not zero before.
fn erase(vfs: &dyn Vfs, path: &Path, bytes: &[u8], end: u64) -> Result<u64> {
    let torn = bytes.get(end as usize..).unwrap_or_default();
    let len = torn.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    let io = |e| Error::io("cut the torn tail of", path, e);
    let file = retry(|| vfs.open(path, Access::ReadWrite)).map_err(io)?;
    write_all_at(file.as_ref(), &vec![0; len], end).map_err(io)?;
    file.sync().map_err(io)?;
    Ok(len as u64)
}
