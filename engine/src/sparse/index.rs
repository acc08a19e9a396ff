//! Sparse vectors in a folder of their own, without a collection around them: rows go in once, then they are searched.

use super::best::Best;
use super::build::write_postings;
use super::lists::MappedPostings;
use super::query::SparseQuery;
use super::rows::{MappedSparse, write_sparse};
use super::search::{SparseTouched, search_postings};
use crate::error::{Error, Result};
use crate::io::{BlockFile, BlockWriter, Vfs};
use crate::point::SparseVector;
use crate::threads::CancelToken;
use nigh_format::header::Identity;
use nigh_format::layout::SegmentFile;
use nigh_format::manifest::Datatype;
use std::borrow::Cow;
use std::fmt;
use std::path::Path;

/// What is done with a query's weights before they are used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum SparseModifier {
    /// Nothing.
    #[default]
    None,
    /// Each is multiplied by the rarity of its index: see [`idf`](crate::idf).
    Idf,
}

/// Rows of sparse vectors, by offset, and their inverted lists, as two files.
///
/// ```
/// use nigh::{Datatype, SparseIndex, SparseRequest, SparseVector};
/// # fn main() -> nigh::Result<()> {
/// # let dir = tempfile::tempdir().expect("a folder");
/// let rows = [
///     Some(SparseVector::new([1, 5], [0.5, 2.0])?),
///     None,
///     Some(SparseVector::new([5, 9], [1.0, 4.0])?),
/// ];
/// let index = SparseIndex::build(&nigh::io::RealVfs, dir.path(), Datatype::F32, &rows)?;
/// let query = SparseVector::new([1, 5], [1.0, 1.0])?;
/// let hits = index.search(&SparseRequest::new(query, 10))?.hits;
/// assert_eq!(hits, [(2.5, 0), (1.0, 2)]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct SparseIndex {
    rows: MappedSparse,
    postings: MappedPostings,
}

/// What to look for, and how.
#[derive(Clone)]
pub struct SparseRequest<'a> {
    query: SparseVector,
    k: usize,
    modifier: SparseModifier,
    threshold: Option<f32>,
    allowed: Option<&'a dyn Fn(u32) -> bool>,
    cancel: Option<CancelToken>,
}

/// What was found.
#[derive(Debug, Clone, PartialEq)]
pub struct SparseHits {
    /// Scores and offsets, the best first, equal scores by offset.
    pub hits: Vec<(f32, u32)>,
    /// What the search looked at.
    pub touched: SparseTouched,
}

const SPARSE: SegmentFile = SegmentFile::Sparse(0);
const POSTINGS: SegmentFile = SegmentFile::Postings(0);

impl SparseIndex {
    /// Writes and opens the two files. A row that is `None` has no vector, which is not the same as an empty one: it does not count for idf.
    ///
    /// # Errors
    /// `TooLarge` for more rows than 2^32 − 1; `Io` and its relatives.
    pub fn build(
        vfs: &dyn Vfs,
        dir: &Path,
        datatype: Datatype,
        rows: &[Option<SparseVector>],
    ) -> Result<Self> {
        let limit = u64::from(u32::MAX);
        if rows.len() as u64 > limit {
            return Err(Error::TooLarge { what: "sparse rows", limit, got: rows.len() as u64 });
        }
        let go_on = |_| Ok(());
        let writer = |file: SegmentFile| {
            BlockWriter::create(vfs, dir.join(file.file_name()), file.kind(), Identity::default(), &go_on)
        };
        let lens: Vec<_> = rows.iter().map(|row| row.as_ref().map(|row| row.len() as u32)).collect();
        let row_of = |i: usize| Ok(rows.get(i).and_then(Option::as_ref).map(Cow::Borrowed));
        write_sparse(writer(SPARSE)?, &lens, row_of)?;
        let mapped = MappedSparse::open(file(vfs, dir, SPARSE)?)?;
        write_postings(writer(POSTINGS)?, &mapped, datatype, &|| Ok(()))?;
        Self::open(vfs, dir)
    }

    /// Opens what [`build`](Self::build) wrote.
    ///
    /// # Errors
    /// `Corrupt` naming the file, `Io` if the system fails.
    pub fn open(vfs: &dyn Vfs, dir: &Path) -> Result<Self> {
        let rows = MappedSparse::open(file(vfs, dir, SPARSE)?)?;
        let postings = MappedPostings::open(file(vfs, dir, POSTINGS)?)?;
        Ok(Self { rows, postings })
    }

    /// Rows, those without a vector included.
    pub fn len(&self) -> u32 {
        self.rows.point_count()
    }

    /// True if there are no rows.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Rows that have a vector.
    pub fn vector_count(&self) -> u32 {
        self.rows.row_count()
    }

    /// Rows whose vector has an index.
    ///
    /// # Errors
    /// `Corrupt` if a block is damaged.
    pub fn count_of(&self, index: u32) -> Result<u32> {
        Ok(self.postings.list(index)?.map_or(0, |list| list.list.len))
    }

    /// Bytes of the inverted lists.
    pub fn postings_bytes(&self) -> u64 {
        self.postings.data_len()
    }

    /// A row as it was given.
    ///
    /// # Errors
    /// `Corrupt` if a block is damaged.
    pub fn row(&self, offset: u32) -> Result<Option<SparseVector>> {
        let row = self.rows.row(offset)?;
        row.map(|row| SparseVector::new(row.indices, row.values)).transpose()
    }

    /// The rows with the largest scores among those that share an index with the query. The answer is exact.
    ///
    /// # Errors
    /// `Cancelled`; `Corrupt` if a block is damaged.
    pub fn search(&self, request: &SparseRequest<'_>) -> Result<SparseHits> {
        let mut query = SparseQuery::new(&request.query);
        if request.modifier == SparseModifier::Idf {
            let count = u64::from(self.postings.row_count());
            query = query.with_idf(count, |index| self.count_of(index).map(u64::from))?;
        }
        let mut best = Best::new(request.k, request.threshold);
        let allowed = |offset: u32| request.allowed.is_none_or(|allowed| allowed(offset));
        let check = || match &request.cancel {
            Some(cancel) if cancel.is_cancelled() => Err(Error::Cancelled),
            _ => Ok(()),
        };
        let touched = search_postings(&self.postings, &query, 0..self.len(), allowed, check, &mut best)?;
        let mut hits = best.into_sorted();
        hits.truncate(request.k);
        Ok(SparseHits { hits, touched })
    }

    /// Compares every checksum, every section with the others, and the lists with the rows.
    ///
    /// # Errors
    /// `Corrupt` with what is wrong first.
    pub fn verify(&self) -> Result<()> {
        self.rows.verify()?;
        self.postings.verify(&self.rows)
    }
}

fn file(vfs: &dyn Vfs, dir: &Path, file: SegmentFile) -> Result<BlockFile> {
    BlockFile::open(vfs, &dir.join(file.file_name()), file.kind(), Identity::default())
}

impl<'a> SparseRequest<'a> {
    /// The `k` rows with the largest dot product.
    pub fn new(query: SparseVector, k: usize) -> Self {
        let modifier = SparseModifier::None;
        Self { query, k, modifier, threshold: None, allowed: None, cancel: None }
    }

    /// Changes the query's weights first.
    #[must_use]
    pub fn modifier(mut self, modifier: SparseModifier) -> Self {
        self.modifier = modifier;
        self
    }

    /// Only scores above this.
    #[must_use]
    pub fn threshold(mut self, threshold: f32) -> Self {
        self.threshold = Some(threshold);
        self
    }

    /// Only rows that it says true of.
    #[must_use]
    pub fn allowed(mut self, allowed: &'a dyn Fn(u32) -> bool) -> Self {
        self.allowed = Some(allowed);
        self
    }

    /// Ends the search when the token is cancelled.
    #[must_use]
    pub fn cancel(mut self, cancel: CancelToken) -> Self {
        self.cancel = Some(cancel);
        self
    }
}

impl fmt::Debug for SparseRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { query, k, modifier, threshold, allowed, cancel } = self;
        f.debug_struct("SparseRequest")
            .field("query", query)
            .field("k", k)
            .field("modifier", modifier)
            .field("threshold", threshold)
            .field("allowed", &allowed.is_some())
            .field("cancel", cancel)
            .finish()
    }
}
