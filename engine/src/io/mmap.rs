//! Read-only maps: a finished file goes in, its bytes come out without a copy. The only home of memmap2.
//!
//! Invariant: only files that are complete and never edited again are mapped (block files of docs/storage-format.md); a
//! file that is cut short from outside while mapped kills the process (SIGBUS), which reliability rules accept.
//! Threads: a map is plain shared memory; any thread may read it.

use std::fmt;
use std::fs::File;
use std::io;
use std::ops::Deref;
use std::sync::Arc;

/// How a map is about to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccessPattern {
    /// No particular order (madvise NORMAL).
    Normal,
    /// Front to back, once (madvise SEQUENTIAL).
    Sequential,
    /// Single places far apart (madvise RANDOM).
    Random,
    /// Soon, all of it (madvise WILLNEED).
    WillNeed,
}

/// The bytes of a whole file.
pub struct FileMap(Source);

enum Source {
    Mapped(memmap2::Mmap),
    /// A simulated file: 8-byte aligned words and the file's length in bytes.
    Memory(Arc<[u64]>, usize),
}

impl FileMap {
    /// Maps all of `file`.
    pub(super) fn of(file: &File) -> io::Result<Self> {
        // SAFETY: mapped files are published complete and never written or shortened afterwards (docs/storage-format.md,
        // section 3); the process holds the folder's lock or reads a folder whose owner keeps to the same rule.
        #[expect(unsafe_code, reason = "mapping a file is the purpose of this module")]
        let map = unsafe { memmap2::Mmap::map(file)? };
        Ok(Self(Source::Mapped(map)))
    }

    /// A map of bytes in memory, aligned to 8 as the page cache would be at least.
    pub(super) fn of_bytes(bytes: &[u8]) -> Self {
        let mut words = vec![0u64; bytes.len().div_ceil(8)];
        if let Some(space) = bytemuck::cast_slice_mut::<u64, u8>(&mut words).get_mut(..bytes.len()) {
            space.copy_from_slice(bytes);
        }
        Self(Source::Memory(words.into(), bytes.len()))
    }

    /// Asks the processor's cache for the line at a place; nothing happens beyond the end, or where there is no such instruction.
    #[inline]
    pub(crate) fn prefetch(&self, at: usize) {
        #[cfg(target_arch = "x86_64")]
        if let Some(byte) = self.get(at) {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: an address within the map; fetching ahead changes nothing but the cache.
            #[expect(unsafe_code, reason = "the instruction takes a pointer")]
            unsafe {
                _mm_prefetch::<_MM_HINT_T0>(std::ptr::from_ref(byte).cast());
            }
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = at;
    }

    /// Tells the kernel how the bytes will be read. Advice only: errors are ignored.
    pub fn advise(&self, pattern: AccessPattern) {
        let Source::Mapped(map) = &self.0 else { return };
        let advice = match pattern {
            AccessPattern::Normal => memmap2::Advice::Normal,
            AccessPattern::Sequential => memmap2::Advice::Sequential,
            AccessPattern::Random => memmap2::Advice::Random,
            AccessPattern::WillNeed => memmap2::Advice::WillNeed,
        };
        drop(map.advise(advice));
    }
}

impl Deref for FileMap {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        match &self.0 {
            Source::Mapped(map) => map,
            Source::Memory(words, len) => bytemuck::cast_slice(words).get(..*len).unwrap_or_default(),
        }
    }
}

impl fmt::Debug for FileMap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FileMap({} bytes)", self.len())
    }
}
