//! `sparse`: exact search in inverted lists beside a scan of all rows, 200,000 rows of about 100 values over 30,000 indices.
//!
//! Indices are drawn from p(rank) ∝ 1 / (rank + q), without repetition within a row, and queries of 30 from the same distribution. `splade`
//! has q = 100: the most common index is in a sixth of the rows, and a row and a query share about one index, as the sparse vectors of
//! learned models do, whose training punishes common indices. `zipf` has q = 0, Zipf's law of plain words, stop words included: a row and a query
//! share about ten. Weights are 0.02 + 2.5 u², u even in 0..1, for rows and queries.
//!
//! `lists` is the engine; `scan_table` looks each index of each row up in a table of the query's weights, `scan_merge` walks row and query side
//! by side. Both scans read one run of memory and have no other work. That all find the same rows with the same scores is checked
//! before anything is timed, and what the lists were touched for is printed.
#![allow(clippy::print_stdout, reason = "counts beside the timings")]

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use nigh::io::RealVfs;
use nigh::{Datatype, SparseIndex, SparseRequest, SparseTouched, SparseVector};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const ROWS: usize = 200_000;
const VALUES: usize = 100;
const QUERY_VALUES: usize = 30;
const TERMS: usize = 30_000;
const QUERIES: usize = 100;

/// Draws indices by their rank.
struct Ranks {
    /// Share of the draws up to each rank.
    sums: Vec<f64>,
    /// For each of as many even steps as there are ranks, the first rank that reaches it.
    guide: Vec<usize>,
}

impl Ranks {
    fn new(shift: f64) -> Self {
        let mut sum = 0.0;
        let mut sums: Vec<f64> = (1..=TERMS)
            .map(|rank| {
                sum += 1.0 / (rank as f64 + shift);
                sum
            })
            .collect();
        sums.iter_mut().for_each(|part| *part /= sum);
        let guide =
            (0..TERMS).map(|step| sums.partition_point(|s| *s < step as f64 / TERMS as f64)).collect();
        Self { sums, guide }
    }

    fn draw(&self, rng: &mut StdRng) -> u32 {
        let share: f64 = rng.random();
        let start = self.guide[(share * TERMS as f64) as usize];
        let steps = self.sums[start..].iter().position(|sum| *sum >= share).unwrap_or(0);
        // Ranks are scattered over the indices, as in a vocabulary.
        ((start + steps) * 12_343 % TERMS) as u32
    }

    fn vector(&self, values: usize, rng: &mut StdRng) -> SparseVector {
        let mut indices = Vec::with_capacity(values);
        while indices.len() < values {
            indices.push(self.draw(rng));
            if indices.len() == values {
                indices.sort_unstable();
                indices.dedup();
            }
        }
        let weight = |_: &u32| {
            let u: f32 = rng.random();
            0.02 + 2.5 * u * u
        };
        let values: Vec<f32> = indices.iter().map(weight).collect();
        SparseVector::new(indices, values).expect("a vector")
    }
}

/// All rows, one behind the other.
#[derive(Default)]
struct Rows {
    ends: Vec<usize>,
    indices: Vec<u32>,
    values: Vec<f32>,
}

/// The best ten, ties to the smaller offset.
#[derive(Default)]
struct Top(BinaryHeap<(Reverse<u32>, u32)>);

impl Top {
    const K: usize = 10;

    /// Scores are above zero, so their bits are in their order.
    fn push(&mut self, score: f32, offset: u32) {
        let hit = (Reverse(score.to_bits()), offset);
        if self.0.len() < Self::K {
            self.0.push(hit);
        } else if let Some(mut worst) = self.0.peek_mut()
            && hit < *worst
        {
            *worst = hit;
        }
    }

    fn into_sorted(self) -> Vec<(f32, u32)> {
        let hits = self.0.into_sorted_vec();
        hits.into_iter().map(|(Reverse(bits), offset)| (f32::from_bits(bits), offset)).collect()
    }
}

impl Rows {
    fn push(&mut self, row: &SparseVector) {
        self.indices.extend_from_slice(row.indices());
        self.values.extend_from_slice(row.values());
        self.ends.push(self.indices.len());
    }

    fn each(&self, mut each: impl FnMut(u32, &[u32], &[f32])) {
        let mut start = 0;
        for (offset, end) in (0..).zip(&self.ends) {
            each(offset, &self.indices[start..*end], &self.values[start..*end]);
            start = *end;
        }
    }

    /// `table` has the query's weight of each index, zero where there is none.
    fn scan_table(&self, query: &SparseVector, table: &mut [f64]) -> Vec<(f32, u32)> {
        query.iter().for_each(|(index, weight)| table[index as usize] = f64::from(weight));
        let mut top = Top::default();
        self.each(|offset, indices, values| {
            let mut sum = 0.0;
            for (index, value) in indices.iter().zip(values) {
                let weight = table[*index as usize];
                if weight != 0.0 {
                    sum += weight * f64::from(*value);
                }
            }
            if sum > 0.0 {
                top.push(sum as f32, offset);
            }
        });
        query.indices().iter().for_each(|index| table[*index as usize] = 0.0);
        top.into_sorted()
    }

    fn scan_merge(&self, query: &SparseVector) -> Vec<(f32, u32)> {
        let mut top = Top::default();
        let (terms, weights) = (query.indices(), query.values());
        self.each(|offset, indices, values| {
            let (mut sum, mut i, mut j) = (0.0, 0, 0);
            while i < indices.len() && j < terms.len() {
                let (index, term) = (indices[i], terms[j]);
                if index == term {
                    sum += f64::from(weights[j]) * f64::from(values[i]);
                }
                i += usize::from(index <= term);
                j += usize::from(term <= index);
            }
            if sum > 0.0 {
                top.push(sum as f32, offset);
            }
        });
        top.into_sorted()
    }
}

fn search(c: &mut Criterion) {
    for (name, shift) in [("splade", 100.0), ("zipf", 0.0)] {
        let ranks = Ranks::new(shift);
        let rng = &mut StdRng::seed_from_u64(nigh_benches::SEED);
        let rows: Vec<_> = (0..ROWS).map(|_| Some(ranks.vector(VALUES, rng))).collect();
        let queries: Vec<_> = (0..QUERIES).map(|_| ranks.vector(QUERY_VALUES, rng)).collect();
        let mut memory = Rows::default();
        rows.iter().flatten().for_each(|row| memory.push(row));
        let mut table = vec![0.0; TERMS];
        let mut group = c.benchmark_group(format!("sparse/{ROWS}x{VALUES}/{name}"));
        group.sample_size(20);

        for datatype in [Datatype::F32, Datatype::F16, Datatype::U8] {
            let dir = tempfile::tempdir().expect("a folder");
            let index = SparseIndex::build(&RealVfs, dir.path(), datatype, &rows).expect("built");
            let requests: Vec<_> =
                queries.iter().map(|query| SparseRequest::new(query.clone(), Top::K)).collect();
            let found: Vec<_> =
                requests.iter().map(|request| index.search(request).expect("found")).collect();
            if datatype == Datatype::F32 {
                for (query, found) in queries.iter().zip(&found) {
                    assert_eq!(found.hits, memory.scan_table(query, &mut table));
                    assert_eq!(found.hits, memory.scan_merge(query));
                }
            }
            let mean = |of: fn(&SparseTouched) -> u64| {
                found.iter().map(|found| of(&found.touched)).sum::<u64>() as f64 / QUERIES as f64
            };
            println!(
                "{name} {datatype:?}: {} bytes of lists; means of a query: {:.0} postings summed, {:.0} rows looked up in a list, {:.0} of {:.0} \
                 blocks unpacked, {:.1} windows summed, {:.1} skipped, {:.0} rows rescored",
                index.postings_bytes(),
                mean(|t| t.postings),
                mean(|t| t.lookups),
                mean(|t| t.blocks),
                mean(|t| t.blocks_total),
                mean(|t| t.windows),
                mean(|t| t.windows_skipped),
                mean(|t| t.rescored),
            );
            let in_lists = |query: &SparseVector| {
                query.indices().iter().map(|i| u64::from(index.count_of(*i).expect("read"))).sum::<u64>()
            };
            let all = queries.iter().map(in_lists).sum::<u64>() / QUERIES as u64;
            println!("{name}: {} values, {all} postings in the lists of a query", memory.indices.len());
            let mut turn = requests.iter().cycle();
            group.bench_function(format!("lists_{datatype:?}").to_lowercase(), |b| {
                b.iter(|| index.search(turn.next().expect("cycles do not end")).expect("found"));
            });
        }
        let mut turn = queries.iter().cycle();
        group.bench_function("scan_table", |b| {
            b.iter(|| memory.scan_table(black_box(turn.next().expect("cycles do not end")), &mut table));
        });
        let mut turn = queries.iter().cycle();
        group.bench_function("scan_merge", |b| {
            b.iter(|| memory.scan_merge(black_box(turn.next().expect("cycles do not end"))));
        });
        group.finish();
    }
}

criterion_group!(benches, search);
criterion_main!(benches);
