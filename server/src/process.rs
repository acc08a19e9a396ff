//! This process as the system sees it: memory in use.
//!
//! Read from `/proc/self/status`; on systems without it the answers are `None`, and callers say so.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Memory of this process in bytes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Memory {
    /// Resident now and backed by no file: heap and stacks (RssAnon).
    pub(crate) anon_bytes: Option<u64>,
    /// Resident now and backed by files, mapped ones and the program's own (RssFile).
    pub(crate) file_bytes: Option<u64>,
}

impl Memory {
    /// As of now.
    pub(crate) fn now() -> Self {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        Self { anon_bytes: field(&status, "RssAnon:"), file_bytes: field(&status, "RssFile:") }
    }
}

/// A line such as `RssAnon:    1234 kB`, in bytes.
fn field(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    let kilobytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kilobytes * 1024)
}

/// Runs `work` and gives the most anonymous memory that was seen meanwhile, looking every few milliseconds.
pub(crate) fn peak_anon_during<T>(work: impl FnOnce() -> T) -> (T, Option<u64>) {
    const LOOK_EVERY: Duration = Duration::from_millis(5);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let watcher = scope.spawn(|| {
            let mut peak = Memory::now().anon_bytes;
            while !done.load(Ordering::Relaxed) {
                thread::sleep(LOOK_EVERY);
                peak = peak.max(Memory::now().anon_bytes);
            }
            peak
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        (result, watcher.join().unwrap_or_default())
    })
}

/// Length of all files below `dir`, in bytes. Files that vanish meanwhile count as nothing.
pub(crate) fn folder_bytes(dir: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(dir) else { return 0 };
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(meta) if meta.is_dir() => folder_bytes(&entry.path()),
        Ok(meta) => meta.len(),
        Err(_) => 0,
    };
    entries.filter_map(Result::ok).map(size).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_lines_are_read() {
        let status = "Name:\tnigh\nRssAnon:\t     512 kB\nRssFile:\t    2048 kB\nThreads:\t1\n";
        assert_eq!(field(status, "RssFile:"), Some(2 << 20));
        assert_eq!(field(status, "RssAnon:"), Some(512 << 10));
        assert_eq!(field(status, "RssShmem:"), None);
    }
}
