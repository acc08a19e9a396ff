//! Searches in inverted lists find the rows of an exhaustive scan, in its order, with its scores to the last bit: all datatypes, weights of
//! either sign, empty rows, giant lists, ties, rows that are not allowed, and more asked for than there is.

#[path = "support/run.rs"]
mod run;

use half::f16;
use nigh::io::RealVfs;
use nigh::{CancelToken, Datatype, ErrorKind, SparseIndex, SparseModifier, SparseRequest, SparseVector, idf};
use run::{Folder, Rng};
use std::collections::HashMap;

const DATATYPES: [Datatype; 3] = [Datatype::F32, Datatype::F16, Datatype::U8];

/// How rows and queries are made.
#[derive(Debug, Clone, Copy)]
struct Shape {
    rows: u32,
    /// Different indices; small ones are common, as words are.
    terms: u64,
    /// Values of a row, at most.
    values: u64,
    weights: Weights,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Weights {
    Positive,
    Signed,
    /// So few different ones that many scores are equal.
    Few,
    /// As large and as small as they get.
    Extreme,
}

impl Weights {
    fn draw(self, rng: &mut Rng) -> f32 {
        let share = rng.below(1 << 20) as f32 / (1 << 20) as f32;
        match self {
            Self::Positive => 0.05 + share * share * 3.0,
            Self::Signed => (share - 0.4) * 3.0,
            Self::Few => (rng.below(3) as f32) / 2.0,
            Self::Extreme => {
                [f32::MAX, f32::MIN, f32::MIN_POSITIVE, 1e-44, -0.0, 1.0, -3e30][rng.below(7) as usize]
            }
        }
    }
}

impl Shape {
    fn vector(self, rng: &mut Rng, values: u64) -> SparseVector {
        let mut indices: Vec<u32> = (0..values)
            .map(|_| {
                // The product of two even draws leans to the small ones.
                let index = rng.below(self.terms) * rng.below(self.terms) / self.terms;
                index as u32 * 7919
            })
            .collect();
        indices.sort_unstable();
        indices.dedup();
        let values: Vec<f32> = indices.iter().map(|_| self.weights.draw(rng)).collect();
        SparseVector::new(indices, values).expect("a vector")
    }

    fn rows(self, rng: &mut Rng) -> Vec<Option<SparseVector>> {
        let mut row = || {
            let values = rng.below(self.values + 1);
            (rng.below(20) > 0).then(|| self.vector(rng, values))
        };
        (0..self.rows).map(|_| row()).collect()
    }
}

/// The weights as the lists store them, by the letter of docs/storage-format.md.
struct Stored<'a> {
    rows: &'a [Option<SparseVector>],
    datatype: Datatype,
    ranges: HashMap<u32, (f32, f32)>,
}

impl<'a> Stored<'a> {
    fn new(rows: &'a [Option<SparseVector>], datatype: Datatype) -> Self {
        let mut ranges = HashMap::new();
        for (index, value) in rows.iter().flatten().flat_map(SparseVector::iter) {
            let (min, max) = ranges.entry(index).or_insert((value, value));
            (*min, *max) = (min.min(value), max.max(value));
        }
        Self { rows, datatype, ranges }
    }

    fn weight(&self, index: u32, value: f32) -> f32 {
        match self.datatype {
            Datatype::F32 => value,
            Datatype::F16 => f16::from_f32(value.clamp(-65_504.0, 65_504.0)).to_f32(),
            Datatype::U8 => {
                let (least, most) = self.ranges[&index];
                let (min, max) = (f64::from(least), f64::from(most));
                if min >= max {
                    return least;
                }
                let byte = ((f64::from(value) - min) * 255.0 / (max - min)).round().clamp(0.0, 255.0);
                if byte == 255.0 {
                    most
                } else {
                    ((min + byte * ((max - min) / 255.0)) as f32).max(least).min(most)
                }
            }
        }
    }

    /// All rows that share an index, best first.
    fn scan(&self, query: &SparseVector, allowed: impl Fn(u32) -> bool) -> Vec<(f32, u32)> {
        let query: HashMap<u32, f32> = query.iter().collect();
        let mut hits = Vec::new();
        for (offset, row) in (0..).zip(self.rows) {
            let (mut score, mut shares) = (0.0, false);
            for (index, value) in row.iter().flat_map(SparseVector::iter) {
                if let Some(weight) = query.get(&index) {
                    score += f64::from(*weight) * f64::from(self.weight(index, value));
                    shares = true;
                }
            }
            if shares && allowed(offset) {
                hits.push((score as f32, offset));
            }
        }
        hits.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        hits
    }
}

fn index(folder: &Folder, rows: &[Option<SparseVector>], datatype: Datatype) -> SparseIndex {
    SparseIndex::build(&RealVfs, folder.path(), datatype, rows).expect("built")
}

/// Compares searches of several kinds with the scan.
fn compare(shape: Shape, seed: u64, queries: usize) {
    let rng = &mut Rng::new(seed);
    let rows = shape.rows(rng);
    for datatype in DATATYPES {
        let folder = Folder::new();
        let index = index(&folder, &rows, datatype);
        let stored = Stored::new(&rows, datatype);
        index.verify().expect("whole");
        for _ in 0..queries {
            let values = rng.below(40);
            let query = shape.vector(rng, values);
            let part = 1 + rng.below(50) as u32;
            let every = |_: u32| true;
            let some = |offset: u32| offset.wrapping_mul(2_654_435_761).is_multiple_of(part);
            let judges: [&dyn Fn(u32) -> bool; 2] = [&every, &some];
            for allowed in judges {
                let expected = stored.scan(&query, allowed);
                for k in [1, 10, 100, expected.len() + 1] {
                    let context = format!("{shape:?} {datatype:?} seed {seed} k {k}");
                    let request = SparseRequest::new(query.clone(), k).allowed(allowed);
                    let found = index.search(&request).expect("found").hits;
                    assert!(same(&found, &expected[..k.min(expected.len())]), "{context}");
                    let Some(threshold) = expected.get(k / 2).map(|hit| hit.0) else { continue };
                    let found = index.search(&request.threshold(threshold)).expect("found").hits;
                    let above: Vec<_> =
                        expected.iter().copied().filter(|hit| hit.0 > threshold).take(k).collect();
                    assert!(same(&found, &above), "{context} above {threshold}");
                }
            }
        }
    }
}

/// To the last bit.
fn same(found: &[(f32, u32)], expected: &[(f32, u32)]) -> bool {
    let bits = |hits: &[(f32, u32)]| hits.iter().map(|hit| (hit.0.to_bits(), hit.1)).collect::<Vec<_>>();
    bits(found) == bits(expected)
}

#[test]
fn random_sets() {
    for (number, weights) in (0..).zip([Weights::Positive, Weights::Signed, Weights::Few, Weights::Extreme]) {
        for (rows, terms, values) in
            [(0, 10, 5), (1, 1, 3), (300, 40, 12), (9000, 500, 60), (20_000, 30_000, 40)]
        {
            compare(Shape { rows, terms, values, weights }, number, if rows > 1000 { 6 } else { 12 });
        }
    }
}

#[test]
fn one_giant_list() {
    for weights in [Weights::Positive, Weights::Signed, Weights::Few] {
        compare(Shape { rows: 30_000, terms: 1, values: 1, weights }, 9, 3);
    }
}

/// The query's common index is weak, its rare one strong: this is what pruning lives from.
#[test]
fn weak_lists_are_left_out() {
    let rng = &mut Rng::new(3);
    let weights = Weights::Positive;
    let rows: Vec<_> = (0..50_000_u32)
        .map(|offset| {
            let mut pairs = vec![(0, weights.draw(rng)), (1, weights.draw(rng))];
            if offset % 97 == 0 {
                pairs.push((2, 10.0 + weights.draw(rng)));
            }
            let (indices, values): (Vec<_>, Vec<_>) = pairs.into_iter().unzip();
            Some(SparseVector::new(indices, values).expect("a vector"))
        })
        .collect();
    let query = SparseVector::new([0, 1, 2], [0.3, -0.1, 2.0]).expect("a vector");
    for datatype in DATATYPES {
        let folder = Folder::new();
        let index = index(&folder, &rows, datatype);
        let found = index.search(&SparseRequest::new(query.clone(), 10)).expect("found");
        assert!(same(&found.hits, &Stored::new(&rows, datatype).scan(&query, |_| true)[..10]));
        let touched = found.touched;
        assert!(touched.postings < 20_000 && touched.lookups < 20_000, "{touched:?}");
    }
}

/// Rows lie apart so far that whole windows are empty, and reach the last offset.
#[test]
fn lonely_rows() {
    let mut rows = vec![None; 300_000];
    let row = |value: f32| Some(SparseVector::new([5, 9], [value, 1.0]).expect("a vector"));
    for (place, value) in [(0, 1.0), (4095, 2.0), (4096, 2.0), (150_000, -3.0), (299_999, 2.0)] {
        rows[place] = row(value);
    }
    let folder = Folder::new();
    let index = index(&folder, &rows, Datatype::F32);
    let query = SparseVector::new([5, 7], [1.0, 1.0]).expect("a vector");
    let found = index.search(&SparseRequest::new(query, 9)).expect("found");
    assert_eq!(found.hits, [(2.0, 4095), (2.0, 4096), (2.0, 299_999), (1.0, 0), (-3.0, 150_000)]);
    assert!(found.touched.windows <= 5);
    assert_eq!((index.len(), index.vector_count(), index.count_of(5).expect("read")), (300_000, 5, 5));
}

#[test]
fn idf_multiplies_the_weights() {
    let shape = Shape { rows: 5000, terms: 300, values: 30, weights: Weights::Signed };
    let rng = &mut Rng::new(11);
    let rows = shape.rows(rng);
    let folder = Folder::new();
    let index = index(&folder, &rows, Datatype::F32);
    let stored = Stored::new(&rows, Datatype::F32);
    let count = rows.iter().flatten().count() as u64;
    for _ in 0..10 {
        let query = shape.vector(rng, 30);
        let weigh = |(term, weight): (u32, f32)| {
            let with = rows.iter().flatten().filter(|row| row.indices().contains(&term)).count() as u64;
            assert_eq!(u64::from(index.count_of(term).expect("read")), with);
            (f64::from(weight) * idf(count, with)) as f32
        };
        let values: Vec<f32> = query.iter().map(weigh).collect();
        let weighted = SparseVector::new(query.indices(), values).expect("a vector");
        let request = SparseRequest::new(query, 20).modifier(SparseModifier::Idf);
        assert!(same(&index.search(&request).expect("found").hits, &stored.scan(&weighted, |_| true)[..20]));
    }
}

#[test]
fn rows_are_read_back_as_given() {
    let shape = Shape { rows: 3000, terms: 1000, values: 50, weights: Weights::Extreme };
    let rows = shape.rows(&mut Rng::new(5));
    for datatype in DATATYPES {
        let folder = Folder::new();
        drop(index(&folder, &rows, datatype));
        let index = SparseIndex::open(&RealVfs, folder.path()).expect("open");
        for (offset, row) in (0..).zip(&rows) {
            assert_eq!(index.row(offset).expect("read"), *row);
        }
        assert_eq!(index.row(3000).expect("read"), None);
    }
}

#[test]
fn a_cancelled_search_ends() {
    let folder = Folder::new();
    let rows = [Some(SparseVector::new([1], [1.0]).expect("a vector"))];
    let index = index(&folder, &rows, Datatype::F32);
    let (query, cancel) = (SparseVector::new([1], [1.0]).expect("a vector"), CancelToken::new());
    cancel.cancel();
    let error = index.search(&SparseRequest::new(query, 1).cancel(cancel)).expect_err("cancelled");
    assert_eq!(error.kind(), ErrorKind::Cancelled);
}
