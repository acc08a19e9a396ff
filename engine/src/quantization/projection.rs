//! Fewer numbers a vector: a vector goes in, its coordinates along the directions in which vectors differ most come out, as codes.
//!
//! Principal components of a sample, turned at random among themselves so that all coordinates have the same spread and one range of codes
//! fits all of them. Distances between such short codes are good enough to walk a graph by (the idea of LeanVec, arXiv 2312.16335);
//! whoever is near by them is looked at again with the whole vector.
//!
//! A query is projected with bytes too: its values as codes against a matrix of bytes, exact integers, one scale a row. With matrix entries
//! m = u - 128 and codes c = s + 128, where the kernel multiplies unsigned u by signed s, Σ m·c is Σ u·s - 128 Σ s and a constant of the row.

use super::buffer::{CodeBuffer, stride_of};
use super::int8::Int8;
use crate::kernels::int8::{Int8Kernels, Rows};
use crate::kernels::matrix::{Factor, product};

/// A projection as it is used: bytes and scales, which may lie in a mapped file.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Projection<'a> {
    /// One row for each coordinate, its entries plus 128.
    pub(crate) matrix: &'a [u8],
    /// Value of one step of each row.
    pub(crate) scales: &'a [f32],
    /// Added to each coordinate: the constants of the row, and what the mean of all vectors projects to.
    pub(crate) offsets: &'a [f32],
    /// How a query's values become bytes.
    pub(crate) input: Int8,
}

/// A projection in the making: full precision, for the vectors.
#[derive(Debug)]
pub(crate) struct Trained {
    dim: usize,
    /// Row-major, one row a coordinate.
    rows: Vec<f32>,
    mean_projected: Vec<f32>,
    /// Share of the spread of the vectors that the coordinates keep.
    pub(crate) kept: f32,
}

/// Rounds of subspace iteration: each multiplies the error by the ratio of neighbouring eigenvalues.
const ROUNDS: usize = 10;
/// More directions than wanted make the wanted ones converge sooner.
const SPARE: usize = 16;

impl Trained {
    /// The main directions of a sample of vectors of `dim` values, row-major: as few as keep `kept_min` of the spread, in multiples of `step`;
    /// none if that takes more than `dim_max`.
    pub(crate) fn of_sample(
        sample: &[f32],
        dim: usize,
        dim_max: usize,
        step: usize,
        kept_min: f32,
        seed: u64,
    ) -> Option<Self> {
        let len = sample.len() / dim;
        let mut mean = vec![0f64; dim];
        for row in sample.chunks_exact(dim) {
            mean.iter_mut().zip(row).for_each(|(sum, value)| *sum += f64::from(*value));
        }
        let mean: Vec<f32> = mean.iter().map(|sum| (*sum / len.max(1) as f64) as f32).collect();
        let mut centred = sample.to_vec();
        for row in centred.chunks_exact_mut(dim) {
            row.iter_mut().zip(&mean).for_each(|(value, mean)| *value -= mean);
        }
        let covariance = Matrix { rows: len, columns: dim, values: centred }.gram();
        let total: f32 = (0..dim).filter_map(|i| covariance.values.get(i * dim + i)).sum();
        let mut random = Deviates(seed);
        let wide = (dim_max + SPARE).min(dim);
        let mut basis = Matrix::from_fn(wide, dim, || random.next());
        basis.make_orthonormal();
        for _ in 0..ROUNDS {
            basis = basis.times(&covariance);
            basis.make_orthonormal();
        }
        let image = basis.times(&covariance);
        // The directions come in the order of what they keep.
        let along = basis.values.chunks_exact(dim).zip(image.values.chunks_exact(dim));
        let shares: Vec<f32> = along.map(|(direction, image)| dot(direction, image) / total).collect();
        let kept = |count: usize| shares.iter().take(count).sum::<f32>();
        let dim_out = (step..=dim_max).step_by(step).find(|count| kept(*count) >= kept_min)?;
        basis.values.truncate(dim_out * dim);
        basis.rows = dim_out;
        let mut turn = Matrix::from_fn(dim_out, dim_out, || random.next());
        turn.make_orthonormal();
        let rows = turn.times(&basis).values;
        let mean_projected = rows.chunks_exact(dim).map(|row| dot(row, &mean)).collect();
        Some(Self { dim, rows, mean_projected, kept: kept(dim_out) })
    }

    pub(crate) fn dim_out(&self) -> usize {
        self.mean_projected.len()
    }

    /// Coordinates of some vectors, row-major.
    pub(crate) fn project(&self, vectors: &[f32]) -> Vec<f32> {
        let len = vectors.len() / self.dim;
        let matrix = Matrix { rows: self.dim_out(), columns: self.dim, values: self.rows.clone() };
        let vectors = Matrix { rows: len, columns: self.dim, values: vectors.to_vec() };
        let mut out = vectors.times_transposed(&matrix);
        for row in out.values.chunks_exact_mut(self.dim_out()) {
            row.iter_mut().zip(&self.mean_projected).for_each(|(value, mean)| *value -= mean);
        }
        out.values
    }

    /// The same as bytes: matrix, scales and offsets of a [`Projection`] whose queries are encoded by `input`.
    pub(crate) fn quantize(&self, input: Int8) -> (CodeBuffer, Vec<f32>, Vec<f32>) {
        let mut matrix = CodeBuffer::zeroed(self.dim_out(), self.dim);
        let (mut scales, mut offsets) = (Vec::new(), Vec::new());
        let rows = self.rows.chunks_exact(self.dim).zip(&self.mean_projected);
        for (bytes, (row, mean)) in matrix.rows_mut().zip(rows) {
            let mut code = Vec::new();
            let scale = Int8::encode_products(row, &mut code);
            bytes.iter_mut().zip(&code).for_each(|(byte, code)| *byte = *code as u8 ^ 0x80);
            // Σ m·(c × input.scale + input.shift), where Σ m·c = Σ u·s - 128 Σ s + 128 Σ m.
            let sum: f64 = code.iter().map(|code| f64::from(*code)).sum();
            let constant = f64::from(scale) * sum * (128.0 * f64::from(input.scale) + f64::from(input.shift));
            scales.push(scale * input.scale);
            offsets.push((constant - f64::from(*mean)) as f32);
        }
        (matrix, scales, offsets)
    }
}

impl Projection<'_> {
    /// Coordinates of a query; `code` and `dots` are memory to work in.
    pub(crate) fn project(
        &self,
        kernels: Int8Kernels,
        query: &[f32],
        code: &mut Vec<i8>,
        dots: &mut Vec<i32>,
        out: &mut Vec<f32>,
    ) {
        self.input.encode_query(query, code);
        let lacking = 128 * code.iter().fold(0i32, |sum, code| sum.wrapping_add(i32::from(*code)));
        let stride = stride_of(query.len());
        code.resize(stride, 0);
        dots.clear();
        dots.resize(self.scales.len(), 0);
        kernels.dot_run(Rows::new(self.matrix, stride), 0, code, dots);
        let coordinate =
            |(dot, (scale, offset)): (&i32, (&f32, &f32))| dot.wrapping_sub(lacking) as f32 * scale + offset;
        out.clear();
        out.extend(dots.iter().zip(self.scales.iter().zip(self.offsets)).map(coordinate));
    }
}

/// Rows of floats.
#[derive(Debug, Clone)]
struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f32>,
}

impl Matrix {
    fn from_fn(rows: usize, columns: usize, mut value: impl FnMut() -> f32) -> Self {
        Self { rows, columns, values: (0..rows * columns).map(|_| value()).collect() }
    }

    /// Its transpose times itself.
    fn gram(&self) -> Self {
        let scale = 1.0 / self.rows.max(1) as f32;
        multiply(
            (self.columns, self.rows, self.columns),
            scale,
            Factor { values: &self.values, row_step: 1, column_step: self.columns },
            Factor { values: &self.values, row_step: self.columns, column_step: 1 },
        )
    }

    fn times(&self, other: &Self) -> Self {
        let shape = (self.rows, self.columns, other.columns);
        multiply(
            shape,
            1.0,
            Factor { values: &self.values, row_step: self.columns, column_step: 1 },
            Factor { values: &other.values, row_step: other.columns, column_step: 1 },
        )
    }

    fn times_transposed(&self, other: &Self) -> Self {
        let shape = (self.rows, self.columns, other.rows);
        multiply(
            shape,
            1.0,
            Factor { values: &self.values, row_step: self.columns, column_step: 1 },
            Factor { values: &other.values, row_step: 1, column_step: other.columns },
        )
    }

    /// Makes the rows perpendicular and of length 1 (modified Gram-Schmidt, twice). A row that is none of its own becomes zero.
    fn make_orthonormal(&mut self) {
        let columns = self.columns;
        for i in 0..self.rows {
            let (before, rest) = self.values.split_at_mut(i * columns);
            let Some(row) = rest.get_mut(..columns) else { return };
            for _ in 0..2 {
                for other in before.chunks_exact(columns) {
                    let along = dot(other, row);
                    row.iter_mut().zip(other).for_each(|(value, other)| *value -= along * other);
                }
            }
            let norm = dot(row, row).sqrt();
            let by = if norm > 1e-20 { 1.0 / norm } else { 0.0 };
            row.iter_mut().for_each(|value| *value *= by);
        }
    }
}

/// `scale` times the product of an m x k and a k x n matrix.
fn multiply((m, k, n): (usize, usize, usize), scale: f32, a: Factor<'_>, b: Factor<'_>) -> Matrix {
    Matrix { rows: m, columns: n, values: product((m, k, n), scale, a, b) }
}

fn dot(a: &[f32], b: &[f32]) -> f32 {
    crate::kernels::simd::dot_f32(a, b)
}

/// Deviates near normal, from a seed: sums of twelve even ones.
struct Deviates(u64);

impl Deviates {
    fn next(&mut self) -> f32 {
        let mut even = || {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 40) as f32 / (1 << 24) as f32
        };
        (0..12).map(|_| even()).sum::<f32>() - 6.0
    }
}
