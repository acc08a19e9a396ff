//! Sparse vectors: a few values, each at an index of a space of 2^32.

use crate::error::{Error, Result};

/// Indices and their values. All other values are zero, but an index that is there counts as there even if its value is zero.
///
/// Invariant: indices are strictly ascending, and there are as many finite values.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SparseVector {
    indices: Vec<u32>,
    values: Vec<f32>,
}

impl SparseVector {
    /// Takes indices in any order; they are put in ascending order, with their values.
    ///
    /// # Errors
    /// `Invalid` if there are more or fewer values than indices, an index is there twice, or a value is not finite.
    pub fn new(indices: impl Into<Vec<u32>>, values: impl Into<Vec<f32>>) -> Result<Self> {
        let (indices, values) = (indices.into(), values.into());
        if indices.len() != values.len() {
            let expected = format!("{} values, one for each index", indices.len());
            return Err(Error::invalid("values", expected, format!("{} values", values.len())));
        }
        if let Some((place, value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            return Err(Error::invalid(format!("values[{place}]"), "a finite number", value));
        }
        if indices.is_sorted_by(|a, b| a < b) {
            return Ok(Self { indices, values });
        }
        let mut pairs: Vec<(u32, f32)> = indices.into_iter().zip(values).collect();
        pairs.sort_unstable_by_key(|(index, _)| *index);
        if let Some([(index, _), _]) = pairs.array_windows().find(|[a, b]| a.0 == b.0) {
            return Err(Error::invalid("indices", "each index once", format!("{index} more than once")));
        }
        let (indices, values) = pairs.into_iter().unzip();
        Ok(Self { indices, values })
    }

    /// The indices, ascending.
    pub fn indices(&self) -> &[u32] {
        &self.indices
    }

    /// The values, in the order of the indices.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Indices with their values.
    pub fn iter(&self) -> impl Iterator<Item = (u32, f32)> {
        self.indices.iter().copied().zip(self.values.iter().copied())
    }

    /// How many values there are.
    pub fn len(&self) -> usize {
        self.indices.len()
    }

    /// True if there are none.
    pub fn is_empty(&self) -> bool {
        self.indices.is_empty()
    }

    /// Indices and values.
    pub fn into_parts(self) -> (Vec<u32>, Vec<f32>) {
        (self.indices, self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indices_are_sorted_with_their_values() {
        let vector = SparseVector::new([9, 2, u32::MAX, 0], [1.0, -2.0, 0.0, 4.0]).unwrap();
        assert_eq!(vector.indices(), [0, 2, 9, u32::MAX]);
        assert_eq!(vector.values(), [4.0, -2.0, 1.0, 0.0]);
        assert!(SparseVector::new([], []).unwrap().is_empty());
    }

    #[test]
    fn what_is_not_a_vector_is_refused() {
        let fails = |indices: &[u32], values: &[f32], field: &str| {
            let error = SparseVector::new(indices, values).unwrap_err();
            assert!(matches!(&error, Error::Invalid { field: found, .. } if found == field), "{error}");
        };
        fails(&[1, 2], &[1.0], "values");
        fails(&[1], &[1.0, 2.0], "values");
        fails(&[1, 2, 1], &[1.0; 3], "indices");
        fails(&[1, 1], &[1.0; 2], "indices");
        fails(&[1, 2], &[1.0, f32::NAN], "values[1]");
        fails(&[1, 2], &[f32::NEG_INFINITY, 1.0], "values[0]");
    }
}
