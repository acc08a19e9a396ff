//! Normal deviates: a seed goes in, independent numbers with mean 0 and variance 1 come out.
//!
//! Marsaglia's polar method (SIAM Review 6, 1964), with a logarithm of our own: the result is then the
//! same to the last bit wherever `f64` is IEEE 754, which the libraries' `ln` does not promise.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

/// A stream of random numbers.
#[derive(Debug)]
pub(super) struct Normals {
    rng: StdRng,
    /// The polar method makes two at a time.
    spare: Option<f64>,
}

impl Normals {
    pub(super) fn new(seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), spare: None }
    }

    /// A normal deviate.
    pub(super) fn normal(&mut self) -> f64 {
        if let Some(spare) = self.spare.take() {
            return spare;
        }
        loop {
            let (x, y) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let square = x * x + y * y;
            if square > 0.0 && square < 1.0 {
                let factor = (-2.0 * ln(square) / square).sqrt();
                self.spare = Some(y * factor);
                return x * factor;
            }
        }
    }

    /// A multiple of 2^-53 in `0..1`.
    pub(super) fn uniform(&mut self) -> f64 {
        (self.rng.next_u64() >> 11) as f64 * (1.0 / (1_u64 << 53) as f64)
    }

    /// An integer in `0..end`; the bias, `end / 2^64`, is too small to see.
    pub(super) fn below(&mut self, end: usize) -> usize {
        ((u128::from(self.rng.next_u64()) * end as u128) >> 64) as usize
    }
}

/// Natural logarithm of a normal number above 0, to about one unit in the last place.
///
/// `value = m * 2^e` with `m` near 1, and `ln m = 2 atanh(t)` for `t = (m - 1) / (m + 1)`, `|t| < 0.172`:
/// eleven terms of the series leave less than 2^-56.
fn ln(value: f64) -> f64 {
    const MANTISSA: u64 = (1 << 52) - 1;
    const ONE: u64 = 1023 << 52;
    let bits = value.to_bits();
    let mut exponent = (bits >> 52) as i32 - 1023;
    let mut mantissa = f64::from_bits((bits & MANTISSA) | ONE);
    if mantissa > std::f64::consts::SQRT_2 {
        mantissa *= 0.5;
        exponent += 1;
    }
    let t = (mantissa - 1.0) / (mantissa + 1.0);
    let square = t * t;
    let series = (0..11).rev().fold(0.0, |sum, term| sum * square + 1.0 / f64::from(2 * term + 1));
    f64::from(exponent) * std::f64::consts::LN_2 + 2.0 * t * series
}

#[cfg(test)]
mod tests {
    use super::{Normals, ln};

    #[test]
    fn logarithm_agrees_with_the_library() {
        let mut uniforms = Normals::new(1);
        for _ in 0..10_000 {
            let value = uniforms.uniform() + f64::MIN_POSITIVE;
            let error = (ln(value) - value.ln()).abs();
            assert!(error <= 1e-15 * value.ln().abs().max(1.0), "ln({value}) is off by {error}");
        }
    }

    #[test]
    fn moments_and_tails_are_those_of_a_normal() {
        let mut normals = Normals::new(2);
        let count = 200_000;
        let (mut moments, mut beyond_two) = ([0.0; 4], 0);
        for _ in 0..count {
            let value = normals.normal();
            beyond_two += i32::from(value.abs() > 2.0);
            for (power, moment) in moments.iter_mut().enumerate() {
                *moment += value.powi(power as i32 + 1) / f64::from(count);
            }
        }
        for (moment, expected) in moments.into_iter().zip([0.0, 1.0, 0.0, 3.0]) {
            assert!((moment - expected).abs() < 0.06, "got {moment}, expected {expected}");
        }
        let share = f64::from(beyond_two) / f64::from(count);
        assert!((share - 0.0455).abs() < 0.002, "{share} beyond two deviations, expected 0.0455");
    }

    #[test]
    fn below_stays_below_and_reaches_all() {
        let mut uniforms = Normals::new(3);
        let mut seen = [0; 7];
        for _ in 0..7_000 {
            seen[uniforms.below(7)] += 1;
        }
        assert!(seen.iter().all(|&count| (850..1_150).contains(&count)), "{seen:?}");
    }
}
