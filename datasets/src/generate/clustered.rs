//! Clustered vectors, shaped like the embeddings of a model: a `Clustered` goes in, rows come out.
//!
//! Each cluster has a centre, every coordinate of which is a normal deviate, and a width of its own:
//! `spread` times a number drawn evenly from 0.5 to 1.5. A row is the centre of a cluster picked evenly
//! plus its width times normal deviates. So some regions are dense and some are thin, as in real data.
//!
//! Always holds: base and queries come from the same clusters but from separate streams of numbers, and
//! row `i` does not depend on how many rows were asked for. Sampling: normal.rs.

use std::iter::FusedIterator;

use super::normal::Normals;
use crate::vector_set::{Values, VectorSet};

/// A distribution of vectors; equal values make equal rows, everywhere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Clustered {
    /// Where all randomness comes from.
    pub seed: u64,
    /// Elements per vector; 1 or more.
    pub dim: usize,
    /// Number of centres; 1 or more.
    pub clusters: usize,
    /// Mean width of a cluster, where the cloud of centres has width 1; from 0 to 1000. 0.1 makes islands,
    /// 1 makes one cloud.
    pub spread: f32,
    /// Whether rows are scaled to length 1.
    pub length: Length,
}

/// The length of generated rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Length {
    /// As it falls out: about `sqrt(dim * (1 + spread²))`.
    AsDrawn,
    /// Scaled to Euclidean length 1, as most text embeddings are.
    Unit,
}

/// Which of the independent streams of a seed to draw from. The numbers are part of the result.
#[derive(Clone, Copy)]
enum Stream {
    Centres = 1,
    Base = 2,
    Queries = 3,
}

impl Clustered {
    /// The first `rows` vectors to search in.
    ///
    /// # Panics
    /// When a field is outside its documented range, or `rows * dim` floats do not fit into memory.
    #[must_use]
    pub fn base(&self, rows: usize) -> VectorSet {
        self.base_rows(rows).into_set()
    }

    /// The first `rows` vectors to search for: from the same clusters, none of them in the base.
    ///
    /// # Panics
    /// As [`Clustered::base`].
    #[must_use]
    pub fn queries(&self, rows: usize) -> VectorSet {
        ClusteredRows::new(self, Stream::Queries, rows).into_set()
    }

    /// The rows of [`Clustered::base`] one after the other, holding no more than the centres in memory.
    ///
    /// # Panics
    /// When a field is outside its documented range.
    #[must_use]
    pub fn base_rows(&self, rows: usize) -> ClusteredRows {
        ClusteredRows::new(self, Stream::Base, rows)
    }
}

/// Rows still to come from a [`Clustered`]: one by one as an iterator, or many at a time by
/// [`ClusteredRows::fill`].
#[derive(Debug)]
pub struct ClusteredRows {
    centres: Vec<f64>,
    widths: Vec<f64>,
    dim: usize,
    length: Length,
    numbers: Normals,
    rows_left: usize,
    /// The row in the making, before it is rounded to `f32`.
    wide: Vec<f64>,
}

impl ClusteredRows {
    fn new(spec: &Clustered, stream: Stream, rows: usize) -> Self {
        assert!(spec.dim > 0, "expected a dimension of 1 or more, got 0");
        assert!(spec.clusters > 0, "expected 1 cluster or more, got 0");
        assert!((0.0..=1000.0).contains(&spec.spread), "expected a spread of 0 to 1000, got {}", spec.spread);
        let mut numbers = Normals::new(stream_seed(spec.seed, Stream::Centres));
        let widths = (0..spec.clusters).map(|_| f64::from(spec.spread) * (0.5 + numbers.uniform())).collect();
        let centres = (0..spec.clusters * spec.dim).map(|_| numbers.normal()).collect();
        Self {
            centres,
            widths,
            dim: spec.dim,
            length: spec.length,
            numbers: Normals::new(stream_seed(spec.seed, stream)),
            rows_left: rows,
            wide: vec![0.0; spec.dim],
        }
    }

    /// Writes as many of the remaining rows as `out` has room for, row-major; returns how many.
    ///
    /// # Panics
    /// When the length of `out` is not a multiple of the dimension.
    pub fn fill(&mut self, out: &mut [f32]) -> usize {
        assert!(out.len().is_multiple_of(self.dim), "expected room for whole rows of {}", self.dim);
        let rows = self.rows_left.min(out.len() / self.dim);
        for row in out.chunks_exact_mut(self.dim).take(rows) {
            self.draw(row);
        }
        self.rows_left -= rows;
        rows
    }

    /// All rows still to come.
    fn into_set(mut self) -> VectorSet {
        let length = self.rows_left.checked_mul(self.dim).expect("the rows asked for fit into memory");
        let mut values = vec![0.0; length];
        self.fill(&mut values);
        // Finite: no centre or deviate is beyond ±13 (53 random bits), no width beyond 1500.
        VectorSet::from_checked(self.dim, Values::F32(values))
    }

    fn draw(&mut self, row: &mut [f32]) {
        let cluster = self.numbers.below(self.widths.len());
        let centre = &self.centres[cluster * self.dim..(cluster + 1) * self.dim];
        let width = self.widths[cluster];
        for (value, &middle) in self.wide.iter_mut().zip(centre) {
            *value = middle + width * self.numbers.normal();
        }
        let divisor = match self.length {
            Length::AsDrawn => 1.0,
            // The smallest normal number keeps a row of zeros, should one ever be drawn, a row of zeros.
            Length::Unit => {
                self.wide.iter().map(|value| value * value).sum::<f64>().sqrt().max(f64::MIN_POSITIVE)
            }
        };
        for (out, value) in row.iter_mut().zip(&self.wide) {
            *out = (value / divisor) as f32;
        }
    }
}

impl Iterator for ClusteredRows {
    type Item = Vec<f32>;

    fn next(&mut self) -> Option<Vec<f32>> {
        if self.rows_left == 0 {
            return None;
        }
        let mut row = vec![0.0; self.dim];
        self.fill(&mut row);
        Some(row)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.rows_left, Some(self.rows_left))
    }
}

impl ExactSizeIterator for ClusteredRows {}

impl FusedIterator for ClusteredRows {}

/// One seed per stream. Multiplying by an odd number is a bijection, so no two seeds share a stream.
fn stream_seed(seed: u64, stream: Stream) -> u64 {
    seed.wrapping_mul(4).wrapping_add(stream as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
