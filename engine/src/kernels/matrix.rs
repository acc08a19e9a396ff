//! Products of matrices of floats, for training: the only home of matrixmultiply.

use matrixmultiply::sgemm;

/// A factor of a product: element (i, j) is `values[i * row_step + j * column_step]`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Factor<'a> {
    pub(crate) values: &'a [f32],
    pub(crate) row_step: usize,
    pub(crate) column_step: usize,
}

impl Factor<'_> {
    fn holds(&self, rows: usize, columns: usize) -> bool {
        rows == 0
            || columns == 0
            || (rows - 1) * self.row_step + (columns - 1) * self.column_step < self.values.len()
    }
}

/// `scale` times the product of an m x k and a k x n matrix, row-major; zeros if a factor is too short.
pub(crate) fn product(
    (m, k, n): (usize, usize, usize),
    scale: f32,
    a: Factor<'_>,
    b: Factor<'_>,
) -> Vec<f32> {
    let mut values = vec![0f32; m * n];
    if a.holds(m, k) && b.holds(k, n) {
        let steps = |f: Factor<'_>| (f.row_step as isize, f.column_step as isize);
        let ((a_row, a_column), (b_row, b_column)) = (steps(a), steps(b));
        let (a, b, c) = (a.values.as_ptr(), b.values.as_ptr(), values.as_mut_ptr());
        // SAFETY: the last element of each factor lies within its values, and the result has m x n.
        #[expect(unsafe_code, reason = "the library takes pointers")]
        unsafe {
            sgemm(m, k, n, scale, a, a_row, a_column, b, b_row, b_column, 0.0, c, n as isize, 1);
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_the_definition() {
        let (m, k, n) = (5, 7, 3);
        let a: Vec<f32> = (0..m * k).map(|i| (i as f32 * 0.7).sin()).collect();
        let b: Vec<f32> = (0..k * n).map(|i| (i as f32 * 1.3).cos()).collect();
        let got = product(
            (m, k, n),
            2.0,
            Factor { values: &a, row_step: k, column_step: 1 },
            Factor { values: &b, row_step: 1, column_step: k },
        );
        for i in 0..m {
            for j in 0..n {
                let sum: f32 = (0..k).map(|l| a[i * k + l] * b[j * k + l]).sum();
                assert!((got[i * n + j] - 2.0 * sum).abs() < 1e-4);
            }
        }
    }

    #[test]
    fn a_short_factor_gives_zeros() {
        let short = Factor { values: &[1.0; 5], row_step: 3, column_step: 1 };
        assert_eq!(product((2, 3, 2), 1.0, short, short), [0.0; 4]);
    }
}
