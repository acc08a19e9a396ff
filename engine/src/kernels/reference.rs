//! Plain kernels, the oracle of the fast ones: f64 sums for floats, exact integers for bytes.

/// Sum of products.
pub(crate) fn dot_f32(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| f64::from(*x) * f64::from(*y)).sum()
}

/// Squared Euclidean distance.
pub(crate) fn l2sq_f32(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).powi(2)).sum()
}

/// Manhattan distance.
pub(crate) fn l1_f32(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (f64::from(*x) - f64::from(*y)).abs()).sum()
}

/// Sum of products of bytes.
#[cfg(test)]
pub(crate) fn dot_u8(a: &[u8], b: &[u8]) -> u64 {
    a.iter().zip(b).map(|(x, y)| u64::from(*x) * u64::from(*y)).sum()
}

/// Squared Euclidean distance of bytes.
#[cfg(test)]
pub(crate) fn l2sq_u8(a: &[u8], b: &[u8]) -> u64 {
    a.iter().zip(b).map(|(x, y)| u64::from(x.abs_diff(*y)).pow(2)).sum()
}

/// Manhattan distance of bytes.
#[cfg(test)]
pub(crate) fn l1_u8(a: &[u8], b: &[u8]) -> u64 {
    a.iter().zip(b).map(|(x, y)| u64::from(x.abs_diff(*y))).sum()
}

/// Sum of products of unsigned and signed bytes.
#[cfg(test)]
pub(crate) fn dot_u8_i8(row: &[u8], query: &[i8]) -> i64 {
    row.iter().zip(query).map(|(x, q)| i64::from(*x) * i64::from(*q)).sum()
}

/// Sum of bytes, and of their squares.
#[cfg(test)]
pub(crate) fn sums_u8(row: &[u8]) -> (u64, u64) {
    (row.iter().map(|x| u64::from(*x)).sum(), dot_u8(row, row))
}
