//! How long the disk takes for the log: a file system goes in, the same one comes out, which counts what is written to log files and times
//! their syncs.
//!
//! Over all collections: a file knows its folder, not the name of its collection.

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nigh::io::{Access, DirEntry, FileMap, FolderLock, LockError, Vfs, VfsFile};
use nigh_format::layout::WAL_DIR;
use parking_lot::Mutex;

use super::exposition::{Kind, Page};

/// Upper bounds of the buckets of syncs, in seconds: from a disk with a battery to one in trouble.
const BOUNDS_S: [f64; 12] = [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0];

/// What was counted.
#[derive(Debug, Default)]
pub struct WalMeter(Mutex<Counts>);

#[derive(Debug, Default)]
struct Counts {
    bytes: u64,
    syncs: u64,
    sum_s: f64,
    buckets: [u64; BOUNDS_S.len()],
}

/// A file system that tells a [`WalMeter`].
#[derive(Debug)]
pub struct MeteredVfs {
    inner: Arc<dyn Vfs>,
    meter: Arc<WalMeter>,
}

#[derive(Debug)]
struct MeteredFile {
    inner: Arc<dyn VfsFile>,
    meter: Arc<WalMeter>,
}

impl WalMeter {
    fn wrote(&self, bytes: usize) {
        self.0.lock().bytes += bytes as u64;
    }

    fn synced(&self, time: Duration) {
        let time_s = time.as_secs_f64();
        let mut counts = self.0.lock();
        counts.syncs += 1;
        counts.sum_s += time_s;
        if let Some(bucket) = counts.buckets.get_mut(BOUNDS_S.partition_point(|bound| *bound < time_s)) {
            *bucket += 1;
        }
    }

    pub(super) fn write(&self, page: &mut Page<'_>) {
        let (bytes, syncs, sum_s, buckets) = {
            let counts = self.0.lock();
            (counts.bytes, counts.syncs, counts.sum_s, counts.buckets)
        };
        page.family("wal_bytes_total", Kind::Counter, "bytes written to logs").sample(&[], bytes as f64);
        let mut family = page.family("wal_fsync_duration_seconds", Kind::Histogram, "time of syncs of logs");
        family.histogram(&[], &BOUNDS_S, &buckets, sum_s, syncs);
    }
}

impl MeteredVfs {
    /// Around a file system.
    #[must_use]
    pub fn new(inner: Arc<dyn Vfs>, meter: Arc<WalMeter>) -> Self {
        Self { inner, meter }
    }

    fn metered(&self, path: &Path, file: Arc<dyn VfsFile>) -> Arc<dyn VfsFile> {
        let is_log = path.parent().is_some_and(|dir| dir.ends_with(WAL_DIR));
        if is_log { Arc::new(MeteredFile { inner: file, meter: Arc::clone(&self.meter) }) } else { file }
    }
}

impl Vfs for MeteredVfs {
    fn create(&self, path: &Path) -> io::Result<Arc<dyn VfsFile>> {
        Ok(self.metered(path, self.inner.create(path)?))
    }

    fn open(&self, path: &Path, access: Access) -> io::Result<Arc<dyn VfsFile>> {
        Ok(self.metered(path, self.inner.open(path, access)?))
    }

    fn map(&self, path: &Path) -> io::Result<FileMap> {
        self.inner.map(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.inner.rename(from, to)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_file(path)
    }

    fn create_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.create_dir(path)
    }

    fn remove_dir(&self, path: &Path) -> io::Result<()> {
        self.inner.remove_dir(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<DirEntry>> {
        self.inner.list(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.inner.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> Result<FolderLock, LockError> {
        self.inner.lock(path)
    }

    fn free_bytes(&self, dir: &Path) -> io::Result<u64> {
        self.inner.free_bytes(dir)
    }
}

impl VfsFile for MeteredFile {
    fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        self.inner.read_at(buf, offset)
    }

    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let written = self.inner.write_at(bytes, offset)?;
        self.meter.wrote(written);
        Ok(written)
    }

    fn allocate(&self, len: u64) -> io::Result<()> {
        self.inner.allocate(len)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.inner.set_len(len)
    }

    fn sync(&self) -> io::Result<()> {
        let begun = Instant::now();
        self.inner.sync()?;
        self.meter.synced(begun.elapsed());
        Ok(())
    }

    fn file_len(&self) -> io::Result<u64> {
        self.inner.file_len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Facts, Format, Metrics};
    use super::*;
    use nigh::io::RealVfs;
    use nigh::{CollectionConfig, Metric, Options, Point, VectorConfig};

    #[test]
    fn writes_of_a_database_are_counted_and_its_other_files_are_not() {
        let metrics = Metrics::new();
        let vfs = Arc::new(MeteredVfs::new(Arc::new(RealVfs), metrics.wal()));
        let dir = tempfile::tempdir().expect("a folder");
        let db = Options::new().vfs(vfs).open(dir.path()).expect("a database");
        let config = CollectionConfig::single(VectorConfig::new(2, Metric::Dot));
        let collection = db.create_collection("a", &config).expect("a collection");
        let before = metrics.wal.0.lock().syncs;
        for id in 0..5_u64 {
            collection.upsert(vec![Point::new(id, vec![1.0_f32, 2.0])]).expect("a write");
        }
        let counts = metrics.wal.0.lock();
        assert_eq!(counts.syncs - before, 5);
        assert!(counts.bytes > 100 && counts.bytes < 100_000, "{}", counts.bytes);
        drop(counts);
        let page = metrics.page(&Facts::default(), Format::Text, false);
        assert!(page.contains("wal_fsync_duration_seconds_count "), "{page}");
    }
}
