//! Sparse rows in memory while their segment is still written: append only, searchable at once.
//!
//! Rows lie in chunks. The last chunk is scanned row by row; when it is full it gets inverted lists of its own, so that a search takes the
//! few postings that it needs. Both give the same scores, in the order of summation that the room's header describes.
//!
//! Threads: one appender, under the collection's write lock; any number of readers, who say how many points their view has and see none
//! behind these. An appender locks only the last chunk, for the time of a copy or until the finished lists are put in.

#![cfg_attr(not(test), expect(dead_code, reason = "no segment has sparse vectors yet"))]

use super::best::Best;
use super::query::SparseQuery;
use super::round_to_f16;
use super::rows::SparseRow;
use crate::error::Result;
use crate::point::SparseVector;
use nigh_format::manifest::Datatype;
use parking_lot::RwLock;
use std::ops::Range;
use std::sync::Arc;

/// Points of a chunk.
const CHUNK_LEN: usize = 1024;

/// The rows of one sparse vector of a growing segment.
#[derive(Debug)]
pub(crate) struct MutableSparse {
    datatype: Datatype,
    chunks: RwLock<Vec<Arc<RwLock<Chunk>>>>,
}

#[derive(Debug, Default)]
struct Chunk {
    /// For each point where its values end, and whether it has this vector.
    ends: Vec<(u32, bool)>,
    indices: Vec<u32>,
    values: Vec<f32>,
    /// Once the chunk is full.
    lists: Option<Lists>,
}

/// The values of a chunk by index.
#[derive(Debug)]
struct Lists {
    terms: Vec<u32>,
    /// Where the list of each index ends.
    ends: Vec<u32>,
    /// Places in the chunk, ascending within a list.
    places: Vec<u16>,
    weights: Vec<f32>,
}

impl MutableSparse {
    /// `datatype` is that of the lists after sealing: f16 weights are rounded here already, so that scores stay the same then. The
    /// range of u8 is known only when a list is complete; until then weights are as given.
    pub(crate) fn new(datatype: Datatype) -> Self {
        Self { datatype, chunks: RwLock::default() }
    }

    /// Appends the next point's row, or none. `offset` is the number of points so far.
    pub(crate) fn append(&self, offset: u32, row: Option<&SparseVector>) {
        let place = offset as usize % CHUNK_LEN;
        if place == 0 {
            self.chunks.write().push(Arc::default());
        }
        let Some(chunk) = self.chunks.read().last().map(Arc::clone) else { return };
        {
            let mut chunk = chunk.write();
            if let Some(row) = row {
                chunk.indices.extend_from_slice(row.indices());
                chunk.values.extend_from_slice(row.values());
            }
            let end = chunk.indices.len() as u32;
            chunk.ends.push((end, row.is_some()));
        }
        if place + 1 == CHUNK_LEN {
            // Readers go on meanwhile; nobody else appends.
            let lists = chunk.read().invert(self.datatype);
            chunk.write().lists = Some(lists);
        }
    }

    /// The row of a point, if it has this vector.
    pub(crate) fn row(&self, offset: u32) -> Option<SparseVector> {
        let chunk = self.chunk(offset as usize / CHUNK_LEN)?;
        let chunk = chunk.read();
        let row = chunk.row(offset as usize % CHUNK_LEN)?;
        SparseVector::new(row.indices, row.values).ok()
    }

    /// How many of the first `len` points have this vector.
    pub(crate) fn row_count(&self, len: u32) -> u64 {
        let count =
            |chunk: &Chunk, limit: usize| chunk.ends.iter().take(limit).filter(|(_, has)| *has).count();
        self.sum_chunks(len, count)
    }

    /// How many of the first `len` points have a value at an index.
    pub(crate) fn count_of(&self, term: u32, len: u32) -> u64 {
        self.sum_chunks(len, |chunk, limit| match &chunk.lists {
            Some(lists) => lists.list(term).0.partition_point(|place| usize::from(*place) < limit),
            None => (0..limit)
                .filter_map(|place| chunk.row(place))
                .filter(|row| row.indices.binary_search(&term).is_ok())
                .count(),
        })
    }

    /// Offers the rows of `rows` that share an index with the query, and are allowed, to `best`. The range ends within the reader's view.
    ///
    /// # Errors
    /// What `check` says, asked before each chunk.
    pub(crate) fn search(
        &self,
        query: &SparseQuery,
        rows: Range<u32>,
        allowed: impl Fn(u32) -> bool,
        mut check: impl FnMut() -> Result<()>,
        best: &mut Best,
    ) -> Result<()> {
        let mut sums = [None; CHUNK_LEN];
        let mut start = rows.start;
        while start < rows.end {
            check()?;
            let number = start as usize / CHUNK_LEN;
            let Some(chunk) = self.chunk(number) else { break };
            let base = (number * CHUNK_LEN) as u32;
            let end = rows.end.min(base.saturating_add(CHUNK_LEN as u32));
            let places = (start - base) as usize..(end - base) as usize;
            {
                let chunk = chunk.read();
                match &chunk.lists {
                    Some(lists) => lists.add(query, &mut sums),
                    None => chunk.add(query, places.clone(), self.datatype, &mut sums),
                }
            }
            // Points are judged without the lock, for that may take a look at the same chunk.
            for (place, sum) in sums.iter().enumerate().take(places.end).skip(places.start) {
                let (Some(sum), offset) = (sum, base + place as u32) else { continue };
                let score = *sum as f32;
                if best.admits(score) && allowed(offset) {
                    best.push(score, offset);
                }
            }
            sums.fill(None);
            start = end;
        }
        Ok(())
    }

    fn chunk(&self, number: usize) -> Option<Arc<RwLock<Chunk>>> {
        self.chunks.read().get(number).map(Arc::clone)
    }

    /// The sum of `count` over the chunks of the first `len` points; it is told how many of a chunk's are among them.
    fn sum_chunks(&self, len: u32, count: impl Fn(&Chunk, usize) -> usize) -> u64 {
        let len = len as usize;
        let chunks = (0..len.div_ceil(CHUNK_LEN)).filter_map(|number| Some((number, self.chunk(number)?)));
        chunks
            .map(|(number, chunk)| count(&chunk.read(), (len - number * CHUNK_LEN).min(CHUNK_LEN)) as u64)
            .sum()
    }
}

/// A weight as it is scored.
fn scored(value: f32, datatype: Datatype) -> f32 {
    match datatype {
        Datatype::F16 => round_to_f16(value).to_f32(),
        Datatype::F32 | Datatype::U8 => value,
    }
}

impl Chunk {
    fn row(&self, place: usize) -> Option<SparseRow<'_>> {
        let (end, has_row) = *self.ends.get(place)?;
        let start = place.checked_sub(1).and_then(|before| self.ends.get(before)).map_or(0, |(end, _)| *end);
        let range = start as usize..end as usize;
        let (indices, values) = (self.indices.get(range.clone())?, self.values.get(range)?);
        has_row.then_some(SparseRow { indices, values })
    }

    /// Adds the products of some rows, each row's in order of the indices.
    fn add(&self, query: &SparseQuery, places: Range<usize>, datatype: Datatype, sums: &mut [Option<f64>]) {
        for (place, sum) in sums.iter_mut().enumerate().take(places.end).skip(places.start) {
            let Some(row) = self.row(place) else { continue };
            let mut terms = query.terms.iter().peekable();
            for (index, value) in row.iter() {
                while terms.next_if(|(term, _)| *term < index).is_some() {}
                if let Some((_, weight)) = terms.next_if(|(term, _)| *term == index) {
                    let product = f64::from(*weight) * f64::from(scored(value, datatype));
                    *sum = Some(sum.unwrap_or(0.0) + product);
                }
            }
        }
    }

    fn invert(&self, datatype: Datatype) -> Lists {
        let row_of = |place: usize| self.row(place).into_iter().flat_map(|row| row.iter());
        let mut postings: Vec<(u32, u16, f32)> = (0..self.ends.len())
            .flat_map(|place| row_of(place).map(move |(term, value)| (term, place as u16, value)))
            .collect();
        postings.sort_unstable_by_key(|(term, place, _)| (*term, *place));
        let mut lists =
            Lists { terms: Vec::new(), ends: Vec::new(), places: Vec::new(), weights: Vec::new() };
        for list in postings.chunk_by(|a, b| a.0 == b.0) {
            lists.terms.extend(list.first().map(|(term, ..)| *term));
            lists.places.extend(list.iter().map(|(_, place, _)| *place));
            lists.weights.extend(list.iter().map(|(.., value)| scored(*value, datatype)));
            lists.ends.push(lists.places.len() as u32);
        }
        lists
    }
}

impl Lists {
    /// Places and weights of an index.
    fn list(&self, term: u32) -> (&[u16], &[f32]) {
        let found = self.terms.binary_search(&term).ok().and_then(|at| {
            let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
            let range = start as usize..*self.ends.get(at)? as usize;
            Some((self.places.get(range.clone())?, self.weights.get(range)?))
        });
        found.unwrap_or_default()
    }

    /// Adds the products of all rows, list by list in order of the indices.
    fn add(&self, query: &SparseQuery, sums: &mut [Option<f64>]) {
        for (term, weight) in &query.terms {
            let (places, weights) = self.list(*term);
            for (place, value) in places.iter().zip(weights) {
                if let Some(sum) = sums.get_mut(usize::from(*place)) {
                    *sum = Some(sum.unwrap_or(0.0) + f64::from(*weight) * f64::from(*value));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use rand::rngs::StdRng;
    use rand::{RngExt, SeedableRng};
    use std::sync::atomic::{AtomicU32, Ordering};

    fn random_row(rng: &mut StdRng, most: usize) -> SparseVector {
        let mut indices: Vec<u32> =
            (0..rng.random_range(0..=most)).map(|_| rng.random_range(0..50)).collect();
        indices.sort_unstable();
        indices.dedup();
        let values: Vec<f32> = indices.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
        SparseVector::new(indices, values).unwrap()
    }

    fn rows(count: usize, seed: u64) -> Vec<Option<SparseVector>> {
        let rng = &mut StdRng::seed_from_u64(seed);
        (0..count).map(|_| rng.random_bool(0.9).then(|| random_row(rng, 12))).collect()
    }

    /// Every row on its own.
    fn scan(rows: &[Option<SparseVector>], query: &SparseVector, datatype: Datatype) -> Vec<(f32, u32)> {
        let mut found = Vec::new();
        for (offset, row) in (0..).zip(rows) {
            let Some(row) = row else { continue };
            let value =
                |term| row.iter().find(|(index, _)| *index == term).map(|(_, value)| scored(value, datatype));
            let products: Vec<f64> = query
                .iter()
                .filter_map(|(term, weight)| Some(f64::from(weight) * f64::from(value(term)?)))
                .collect();
            if !products.is_empty() {
                found.push((products.iter().fold(0.0, |sum, product| sum + product) as f32, offset));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        found
    }

    fn filled(rows: &[Option<SparseVector>], datatype: Datatype) -> MutableSparse {
        let mutable = MutableSparse::new(datatype);
        (0..).zip(rows).for_each(|(offset, row)| mutable.append(offset, row.as_ref()));
        mutable
    }

    #[test]
    fn finds_what_a_scan_finds_at_every_length() {
        for datatype in Datatype::ALL {
            let rows = rows(2600, 1);
            let mutable = filled(&rows, datatype);
            let rng = &mut StdRng::seed_from_u64(2);
            for len in [0, 1, 500, 1023, 1024, 1025, 2048, 2500, 2600] {
                let query = random_row(rng, 20);
                for k in [1, 10, 5000] {
                    let mut best = Best::new(k, None);
                    let terms = SparseQuery::new(&query);
                    mutable.search(&terms, 0..len as u32, |_| true, || Ok(()), &mut best).unwrap();
                    let mut expected = scan(&rows[..len], &query, datatype);
                    let floor = expected.get(k - 1).map_or(f32::NEG_INFINITY, |hit| hit.0);
                    expected.retain(|hit| hit.0 >= floor);
                    assert_eq!(best.into_sorted(), expected, "{len} rows, k {k}, {datatype:?}");
                }
            }
        }
    }

    #[test]
    fn ranges_and_judges_are_kept_to() {
        let rows = rows(3000, 3);
        let mutable = filled(&rows, Datatype::F32);
        let query = random_row(&mut StdRng::seed_from_u64(4), 20);
        let mut best = Best::new(5000, None);
        let allowed = |offset: u32| offset.is_multiple_of(3);
        mutable.search(&SparseQuery::new(&query), 700..2300, allowed, || Ok(()), &mut best).unwrap();
        let mut expected = scan(&rows, &query, Datatype::F32);
        expected.retain(|(_, offset)| (700..2300).contains(offset) && allowed(*offset));
        assert_eq!(best.into_sorted(), expected);
        let mut best = Best::new(5, None);
        let stopped =
            mutable.search(&SparseQuery::new(&query), 0..1, |_| true, || Err(Error::Cancelled), &mut best);
        assert!(matches!(stopped, Err(Error::Cancelled)));
    }

    #[test]
    fn rows_and_counts_come_back() {
        let rows = rows(1500, 5);
        let mutable = filled(&rows, Datatype::F16);
        for (offset, row) in (0..).zip(&rows) {
            assert_eq!(mutable.row(offset), *row);
        }
        assert_eq!(mutable.row(1500), None);
        for len in [0, 700, 1024, 1200, 1500] {
            let seen = &rows[..len];
            assert_eq!(mutable.row_count(len as u32), seen.iter().flatten().count() as u64);
            for term in [0, 7, 49, 50] {
                let expected = seen.iter().flatten().filter(|row| row.indices().contains(&term)).count();
                assert_eq!(mutable.count_of(term, len as u32), expected as u64, "{len} rows, index {term}");
            }
        }
    }

    /// A reader who knows the published length sees all of these rows, whole.
    #[test]
    fn readers_go_on_while_rows_are_appended() {
        let (mutable, published) = (MutableSparse::new(Datatype::F32), AtomicU32::new(0));
        let row = |offset: u32| SparseVector::new([1, 2 + offset % 5], [offset as f32, 1.0]).unwrap();
        let query = SparseQuery::new(&SparseVector::new([1], [1.0]).unwrap());
        let end = 5000;
        let read = || loop {
            let len = published.load(Ordering::Acquire);
            let mut best = Best::new(1, None);
            mutable.search(&query, 0..len, |_| true, || Ok(()), &mut best).unwrap();
            let expected: Vec<_> = len.checked_sub(1).map(|last| (last as f32, last)).into_iter().collect();
            assert_eq!(best.into_sorted(), expected);
            assert_eq!(mutable.count_of(1, len), u64::from(len));
            if len == end {
                break;
            }
        };
        std::thread::scope(|scope| {
            (0..2).for_each(|_| drop(scope.spawn(read)));
            for offset in 0..end {
                mutable.append(offset, Some(&row(offset)));
                published.store(offset + 1, Ordering::Release);
            }
        });
    }
}
