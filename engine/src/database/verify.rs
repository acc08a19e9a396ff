//! Checking everything: a database goes in, counts and the first bad places come out.
//!
//! Every checksum of every file is compared; ids, vectors, payloads and tombstones of each segment must fit together; no point may be alive
//! twice; the log must replay. Works on a folder that another process is writing to.

use super::catalog::CatalogFile;
use super::{Database, Inner, Slot};
use crate::error::Error;
use crate::threads::CancelToken;

/// What was found in one collection.
#[derive(Debug, Clone, Default)]
pub struct CollectionVerdict {
    /// The collection's name.
    pub name: String,
    /// Live points.
    pub point_count: u64,
    /// Sealed segments.
    pub segment_count: usize,
    /// Files whose every block was compared.
    pub file_count: usize,
    /// Bytes compared.
    pub byte_count: u64,
    /// Operations replayed from the log when the collection was opened.
    pub operations_replayed: u64,
    /// The first bad places, at most 100.
    pub problems: Vec<Error>,
}

/// What was found in a database.
#[derive(Debug, Clone, Default)]
pub struct VerifyReport {
    /// One verdict for each collection, by name.
    pub collections: Vec<CollectionVerdict>,
    /// What is wrong with the catalog.
    pub problems: Vec<Error>,
}

impl VerifyReport {
    /// True if nothing is wrong anywhere.
    pub fn is_clean(&self) -> bool {
        self.problems.is_empty() && self.collections.iter().all(|c| c.problems.is_empty())
    }
}

impl Database {
    /// Checks every byte of every collection. `progress` is told the bytes compared so far and in all.
    pub fn verify(&self, cancel: &CancelToken, progress: impl Fn(u64, u64)) -> VerifyReport {
        let inner: &Inner = &self.inner;
        let total = inner.open_collections().iter().map(|c| c.verify_bytes()).sum();
        let mut done = 0;
        let slots: Vec<(u64, Slot)> =
            inner.collections.read().iter().map(|(id, s)| (*id, s.clone())).collect();
        let names = inner.catalog.lock().entries();
        let mut report = VerifyReport::default();
        report.problems.extend(CatalogFile::load(&inner.env, &inner.dir).err());
        for (id, slot) in slots {
            let name =
                names.iter().find(|(known, _)| *known == id).map_or_else(String::new, |(_, n)| n.clone());
            let verdict = match slot {
                Slot::Damaged(error) => {
                    CollectionVerdict { name, problems: vec![error], ..Default::default() }
                }
                Slot::Open(shared) => {
                    let found = shared.verify(cancel, &mut |bytes| {
                        done += bytes;
                        progress(done, total);
                    });
                    CollectionVerdict {
                        name,
                        point_count: found.point_count,
                        segment_count: found.segment_count,
                        file_count: found.file_count,
                        byte_count: found.byte_count,
                        operations_replayed: shared.operations_replayed(),
                        problems: found.problems,
                    }
                }
            };
            report.collections.push(verdict);
        }
        report.collections.sort_by(|a, b| a.name.cmp(&b.name));
        report
    }
}
