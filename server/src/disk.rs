//! What a folder's disk can do: here is a folder, give me times of single syncs and the speed of long writes and reads.
//!
//! Scratch files are removed before a function returns. The sync probe writes as the log does: ahead into a file whose space was
//! reserved before, so that its rate is the one that durable writes can be compared with.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nigh::io::{RealVfs, Vfs};

use crate::latency::Latencies;
use crate::units::per_second;

/// Bytes of one write of the sync probe where nobody asks for others: a page.
pub(crate) const PAGE: usize = 4096;

/// Speeds of long transfers in bytes a second.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Speeds {
    /// Writing, the final sync included.
    pub(crate) write: f64,
    /// Reading what was just written, most likely from memory.
    pub(crate) read: f64,
}

/// A folder of our own below another, removed when dropped.
fn scratch(dir: &Path) -> io::Result<tempfile::TempDir> {
    tempfile::Builder::new().prefix(".nigh-probe-").tempdir_in(dir)
}

/// Times of `count` writes of 4 KiB, each followed by an `fdatasync`.
pub(crate) fn sync_times(dir: &Path, count: usize) -> io::Result<Latencies> {
    let scratch = scratch(dir)?;
    let file = reserved(&scratch.path().join("sync"), count * PAGE)?;
    let mut times = Vec::with_capacity(count);
    for place in 0..count {
        times.push(write_and_sync(&file, place, &[0x5a; PAGE])?);
    }
    Ok(Latencies::new(times))
}

/// How many writes of `len` bytes, each followed by an `fdatasync`, the disk takes in a second, one behind the other; for about
/// `duration`.
pub(crate) fn syncs_per_second(dir: &Path, len: usize, duration: Duration) -> io::Result<f64> {
    // As long as the longest log file.
    let places = ((32 << 20) / len).max(1);
    let scratch = scratch(dir)?;
    let file = reserved(&scratch.path().join("sync"), places * len)?;
    let bytes = vec![0x5a; len];
    let begun = Instant::now();
    let mut done = 0;
    while begun.elapsed() < duration && done < places {
        write_and_sync(&file, done, &bytes)?;
        done += 1;
    }
    Ok(per_second(done as u64, begun.elapsed()))
}

/// A file whose space is there but was never written, as a log file's.
fn reserved(path: &Path, len: usize) -> io::Result<File> {
    let file = RealVfs.create(path)?;
    file.allocate(len as u64)?;
    file.sync()?;
    OpenOptions::new().write(true).open(path)
}

fn write_and_sync(file: &File, place: usize, bytes: &[u8]) -> io::Result<Duration> {
    let begun = Instant::now();
    file.write_all_at(bytes, (place * bytes.len()) as u64)?;
    file.sync_data()?;
    Ok(begun.elapsed())
}

/// Writes `len` bytes, syncs, and reads them back.
pub(crate) fn speeds(dir: &Path, len: usize) -> io::Result<Speeds> {
    let scratch = scratch(dir)?;
    let path = scratch.path().join("speed");
    let mut piece = vec![0_u8; 1 << 20];
    // Not zeros: some disks make nothing of those.
    piece.iter_mut().enumerate().for_each(|(i, byte)| *byte = (i.wrapping_mul(2_654_435_761) >> 13) as u8);
    let pieces = len.div_ceil(piece.len());
    let begun = Instant::now();
    let mut file = File::create(&path)?;
    for _ in 0..pieces {
        file.write_all(&piece)?;
    }
    file.sync_data()?;
    let write = per_second((pieces * piece.len()) as u64, begun.elapsed());
    let begun = Instant::now();
    let mut file = File::open(&path)?;
    let mut read = 0;
    loop {
        match file.read(&mut piece)? {
            0 => break,
            n => read += n as u64,
        }
    }
    Ok(Speeds { write, read: per_second(read, begun.elapsed()) })
}

/// Bytes that may still be written there.
pub(crate) fn free_bytes(dir: &Path) -> io::Result<u64> {
    RealVfs.free_bytes(dir)
}

/// Device, mount point and type of the file system that holds `dir`, where `/proc` tells.
pub(crate) fn file_system(dir: &Path) -> Option<(String, PathBuf, String)> {
    let dir = fs::canonicalize(dir).ok()?;
    let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
    mount_of(&dir, &mounts)
}

/// The mount whose path is the longest beginning of `dir`; of several the last, which lies on top.
fn mount_of(dir: &Path, mounts: &str) -> Option<(String, PathBuf, String)> {
    let parse = |line: &str| {
        let (mount, system) = line.split_once(" - ")?;
        let point = PathBuf::from(mount.split(' ').nth(4)?.replace("\\040", " "));
        let mut system = system.split(' ');
        let (kind, device) = (system.next()?, system.next()?);
        dir.starts_with(&point).then(|| (device.to_owned(), point, kind.to_owned()))
    };
    mounts.lines().filter_map(parse).max_by_key(|(_, point, _)| point.as_os_str().len())
}

/// Drops what the system keeps of files in memory; whether that was possible (it takes root on Linux). Files must be synced before.
pub(crate) fn drop_page_cache() -> bool {
    fs::write("/proc/sys/vm/drop_caches", "3").is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_deepest_mount_wins() {
        let mounts = "22 1 0:21 / / rw - ext4 /dev/vda rw\n\
                      23 22 0:22 / /tmp rw - tmpfs tmpfs rw\n\
                      24 22 0:23 / /tmp/a\\040b rw - xfs /dev/vdb rw\n";
        let kind = |dir: &str| mount_of(Path::new(dir), mounts).map(|(_, _, kind)| kind);
        assert_eq!(kind("/home").as_deref(), Some("ext4"));
        assert_eq!(kind("/tmp/x").as_deref(), Some("tmpfs"));
        assert_eq!(kind("/tmp/a b/c").as_deref(), Some("xfs"));
        assert_eq!(kind("relative"), None);
    }
}
