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
    mut apply: impl FnMut(Logged<'_>) -> Result<()>,
) -> Result<Replayed> {
    let files = list(vfs, dir)?;
    let needed = files.partition_point(|(first, _)| first.0 <= applied.0 + 1).saturating_sub(1);
    let mut done = Replayed {
        last: applied,
        tail: None,
        files: Vec::new(),
        operation_count: 0,
        cut_bytes: 0,
        sealed_bytes: 0,
    };
    let Some((first, oldest)) = files.get(needed) else {
        return Err(Error::corrupt(
            dir,
            0,
            format!("expected a log file from operation {} on, got none", applied.next()),
        ));
    };
    if first.0 > applied.0 + 1 {
        let what = format!("expected a log file from operation {} on, got {first}", applied.next());
        return Err(Error::corrupt(oldest, 0, what));
    }
    let mut due = *first;
    for (i, (first, path)) in files.iter().enumerate().skip(needed) {
        if *first != due {
            let what = format!("expected the log file of operation {due}, got {first}");
            return Err(Error::corrupt(path, 0, what));
        }
        let has_next = i + 1 < files.len();
        let last =
            replay_file(vfs, path, collection, *first, has_next, applied, follow, &mut done, &mut apply)?;
        due = last.next();
    }
    done.last = done.last.max(SeqNo(due.0 - 1));
    done.files = files;
    Ok(done)
}

fn list(vfs: &dyn Vfs, dir: &Path) -> Result<Vec<(SeqNo, PathBuf)>> {
    let entries = retry(|| vfs.list(dir)).map_err(|e| missing_is_damage(dir, e))?;
    let mut files: Vec<_> = entries
        .iter()
        .filter_map(|entry| Some((SeqNo(parse_wal_file(&entry.name)?), dir.join(&entry.name))))
        .collect();
    files.sort();
    Ok(files)
}

#[expect(clippy::too_many_arguments, reason = "one step of the loop above, cut out for reading")]
fn replay_file(
    vfs: &dyn Vfs,
    path: &Path,
    collection: u64,
    first: SeqNo,
    has_next: bool,
    applied: SeqNo,
    follow: Follow,
    done: &mut Replayed,
    apply: &mut impl FnMut(Logged<'_>) -> Result<()>,
) -> Result<SeqNo> {
    let bytes = read_file(vfs, path).map_err(|e| missing_is_damage(path, e))?;
    let format = |e| Error::format(path, &e);
    let header = FileHeader::decode(&bytes).map_err(format)?;
    header.expect(FileKind::Wal, Identity { collection, owner: 0, tag: first.0 }).map_err(format)?;
    let mut scanner = Scanner::new(&bytes, &header, has_next);
    loop {
        let record = match scanner.next() {
            Ok(Some(record)) => record,
            Ok(None) => break,
            // The owner may be in the middle of writing this very record.
            Err(_) if follow == Follow::Other && !has_next => break,
            Err(e) => return Err(format(e)),
        };
        let seq = SeqNo(record.header.seq);
        if seq > applied {
            let operation = Operation::decode(record.body)
                .map_err(|e| Error::corrupt(path, record.offset + RECORD_HEADER_LEN as u64 + e.offset, e))?;
            apply(Logged { seq, operation: &operation })?;
            done.operation_count += 1;
        }
    }
    let end = scanner.end();
    if end.sealed {
        done.sealed_bytes += end.offset;
    }
    if follow == Follow::Own && !end.sealed {
        if end.torn {
            done.cut_bytes += erase(vfs, path, &bytes, end.offset)?;
        }
        // Records that only the page cache held become durable before anyone reads them.
        let file = retry(|| vfs.open(path, Access::ReadWrite)).map_err(|e| Error::io("open", path, e))?;
        file.sync().map_err(|e| Error::io("sync", path, e))?;
        let (path, capacity) = (path.to_owned(), header.data_len);
        done.tail = Some(Tail { path, capacity, end: end.offset, count: end.count, chain: end.chain });
    }
    Ok(SeqNo(end.last_seq))
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
