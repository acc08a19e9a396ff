//! One byte a value: value = code × scale + shift, one scale and shift for all vectors of a segment.
//!
//! Where all values are whole numbers of 0..=255 the code is the value. Otherwise the range of codes covers at least a `quantile` of the
//! values, and what lies outside is clamped (scalar quantization as in Qdrant, but over all 256 codes, and wider where that costs less).

use nigh_format::codes::Quantizer;

/// How values become codes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Int8 {
    pub(crate) quantizer: Quantizer,
    pub(crate) scale: f32,
    pub(crate) shift: f32,
    /// Share of the values that the range of codes covers.
    pub(crate) quantile: f32,
}

/// Shares of the values that are tried besides the one asked for.
const WIDER: [f32; 7] = [0.995, 0.998, 0.999, 0.9995, 0.9998, 0.9999, 1.0];

/// Whether a value is a byte.
#[inline]
pub(crate) fn is_bytes(values: &[f32]) -> bool {
    // Cast and compared: `fract` is a call.
    values.iter().all(|value| f32::from(*value as u8) == *value)
}

impl Int8 {
    /// The value is the code.
    pub(crate) const LOSSLESS: Self =
        Self { quantizer: Quantizer::Lossless, scale: 1.0, shift: 0.0, quantile: 1.0 };

    /// The range that costs a sample of values the least squared error, of rounding within it and of cutting what lies outside, among those
    /// that cover at least `quantile` of them. The sample is left sorted.
    pub(crate) fn of_sample(sample: &mut [f32], quantile: f32) -> Self {
        sample.sort_unstable_by(f32::total_cmp);
        let wider = WIDER.into_iter().filter(|wider| *wider > quantile);
        let ranges = std::iter::once(quantile).chain(wider).map(|q| Self::of_range(sample, q));
        // A value that is far outside is cut anyway: it must not make the range coarse for all others.
        let most = f64::from(Self::of_range(sample, quantile).scale) * 128.0;
        let costs = ranges.map(|int8| (int8.cost(sample, most), int8));
        let best = costs.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, int8)| int8);
        best.unwrap_or(Self { quantizer: Quantizer::Scalar, ..Self::LOSSLESS })
    }

    /// The range between two places of sorted values that have `quantile` of them between them.
    fn of_range(sorted: &[f32], quantile: f32) -> Self {
        let last = sorted.len().saturating_sub(1);
        let cut = ((1.0 - f64::from(quantile)) / 2.0 * sorted.len() as f64) as usize;
        let at = |place: usize| sorted.get(place).copied().unwrap_or_default();
        let (low, high) = (at(cut.min(last)), at(last.saturating_sub(cut)));
        let range = high - low;
        let scale = if range > 0.0 && range.is_finite() { range / 255.0 } else { 1.0 };
        Self { quantizer: Quantizer::Scalar, scale, shift: low, quantile }
    }

    /// Squared error of a sample, that of each value at most `most` squared.
    fn cost(&self, sample: &[f32], most: f64) -> f64 {
        let high = self.shift + 255.0 * self.scale;
        let rounding = f64::from(self.scale).powi(2) / 12.0;
        let error = |value: &f32| {
            let outside = f64::from((self.shift - value).max(value - high).max(0.0));
            if outside > 0.0 { outside.min(most).powi(2) } else { rounding }
        };
        sample.iter().map(error).sum()
    }

    /// The codes of a row; the bytes behind them stay as they are.
    #[inline]
    pub(crate) fn encode(&self, values: &[f32], code: &mut [u8]) {
        let (by, shift) = (1.0 / self.scale, self.shift);
        for (code, value) in code.iter_mut().zip(values) {
            *code = (round_to_i8((value - shift) * by - 128.0) as u8) ^ 0x80;
        }
    }

    /// The codes of a query less 128, as Euclidean distances need them: in the same units as the codes.
    pub(crate) fn encode_query(&self, values: &[f32], code: &mut Vec<i8>) {
        let (by, shift) = (1.0 / self.scale, self.shift);
        code.clear();
        code.extend(values.iter().map(|value| round_to_i8((value - shift) * by - 128.0)));
    }

    /// A query in units of its own, as products need it: value = code × the scale returned.
    pub(crate) fn encode_products(values: &[f32], code: &mut Vec<i8>) -> f32 {
        let largest = values.iter().fold(0f32, |largest, value| largest.max(value.abs()));
        let scale = if largest > 0.0 { largest / 127.0 } else { 1.0 };
        let by = 1.0 / scale;
        code.clear();
        code.extend(values.iter().map(|value| round_to_i8(value * by)));
        scale
    }
}

/// To the nearest integer, ties to even, within -128..=127; what is no number gives -128. Without a call, so that a loop of it becomes vectors.
#[inline(always)]
#[expect(clippy::manual_clamp, reason = "clamp lets what is no number through")]
fn round_to_i8(value: f32) -> i8 {
    // Added to this, a small number is rounded to a whole one, which then stands in the lowest bits.
    const MAGIC: f32 = 12_582_912.0;
    let rounded = value.max(-128.0).min(127.0) + MAGIC;
    rounded.to_bits().wrapping_sub(MAGIC.to_bits()) as i8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_kept() {
        let values: Vec<f32> = (0..=255).map(|v| v as f32).collect();
        let mut code = vec![0; 256];
        Int8::LOSSLESS.encode(&values, &mut code);
        assert!(code.iter().zip(0u8..=255).all(|(got, v)| *got == v));
        let mut query = Vec::new();
        Int8::LOSSLESS.encode_query(&values, &mut query);
        assert!(query.iter().zip(-128i8..=127).all(|(got, v)| *got == v));
        assert!(is_bytes(&values) && !is_bytes(&[0.5]) && !is_bytes(&[256.0]) && !is_bytes(&[-1.0]));
    }

    #[test]
    fn a_value_in_range_is_off_by_half_a_step_at_most() {
        let mut sample: Vec<f32> = (0..10_000).map(|i| (i as f32 * 0.37).sin() * 3.0).collect();
        let values = sample.clone();
        let int8 = Int8::of_sample(&mut sample, 1.0);
        let mut code = vec![0; values.len()];
        int8.encode(&values, &mut code);
        for (value, code) in values.iter().zip(&code) {
            let back = f32::from(*code) * int8.scale + int8.shift;
            assert!((back - value).abs() <= int8.scale * 0.501, "{value} came back as {back}");
        }
    }

    #[test]
    fn a_few_far_values_do_not_widen_the_range() {
        let mut sample: Vec<f32> = (0..1000).map(|i| i as f32).chain([1e6, -1e6]).collect();
        let int8 = Int8::of_sample(&mut sample, 0.9);
        assert!(int8.shift >= -10.0 && int8.shift + 255.0 * int8.scale < 1010.0, "{int8:?}");
        let mut code = [0; 3];
        int8.encode(&[-1e30, 1e30, 500.0], &mut code);
        assert_eq!((code[0], code[1]), (0, 255));
    }

    /// Cutting a hundredth of normal deviates costs fifty times as much as rounding: the range is wider than asked for.
    #[test]
    fn the_range_is_as_wide_as_pays() {
        let mut state = 7u64;
        let mut even = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 40) as f32 / (1 << 24) as f32
        };
        let mut sample: Vec<f32> = (0..50_000).map(|_| (0..12).map(|_| even()).sum::<f32>() - 6.0).collect();
        let wide = Int8::of_sample(&mut sample, 0.99);
        assert!(wide.quantile > 0.995, "{wide:?}");
        assert!(wide.cost(&sample, 9.0) * 5.0 < Int8::of_range(&sample, 0.99).cost(&sample, 9.0));
    }

    #[test]
    fn degenerate_samples_give_a_usable_scale() {
        for mut sample in [vec![], vec![7.0], vec![7.0; 100], vec![-1e38, 1e38], vec![f32::MIN, f32::MAX]] {
            let int8 = Int8::of_sample(&mut sample, 0.99);
            assert!(int8.scale > 0.0 && int8.scale.is_finite() && int8.shift.is_finite());
        }
    }

    #[test]
    fn products_use_the_query_own_scale() {
        let mut code = Vec::new();
        let scale = Int8::encode_products(&[0.5, -1.0, 0.0], &mut code);
        assert_eq!(code, [64, -127, 0]);
        assert!((scale - 1.0 / 127.0).abs() < 1e-9);
        assert_eq!(Int8::encode_products(&[0.0, 0.0], &mut code), 1.0);
    }
}
