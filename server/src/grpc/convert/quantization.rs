//! How vectors are quantized, in requests and in answers.

use ::qdrant_client::qdrant as wire;
use nigh_api::{
    BinaryEncoding, BinaryQuantization, Compression, Disabled, ProductQuantization, QuantizationConfig,
    QuantizationConfigDiff, QueryEncoding, ScalarQuantization, ScalarType, TurboBits, TurboQuantization,
};
use wire::binary_quantization_query_encoding as query_encoding;

use super::enums::{known, unsupported};
use super::{ConvertError, Result, optional, required};

/// A quantization.
pub(super) fn quantization(message: wire::QuantizationConfig) -> Result<QuantizationConfig> {
    use wire::quantization_config::Quantization;
    match message.quantization.ok_or_else(|| ConvertError::missing("quantization"))? {
        Quantization::Scalar(message) => scalar(message),
        Quantization::Product(message) => product(message),
        Quantization::Binary(message) => binary(message),
        Quantization::Turboquant(message) => turbo(message),
    }
}

/// A quantization, or none any more.
pub(super) fn quantization_diff(message: wire::QuantizationConfigDiff) -> Result<QuantizationConfigDiff> {
    use wire::quantization_config_diff::Quantization;
    let config = match message.quantization.ok_or_else(|| ConvertError::missing("quantization"))? {
        Quantization::Scalar(message) => scalar(message)?,
        Quantization::Product(message) => product(message)?,
        Quantization::Binary(message) => binary(message)?,
        Quantization::Turboquant(message) => turbo(message)?,
        Quantization::Disabled(_) => return Ok(QuantizationConfigDiff::Disabled(Disabled::Disabled)),
    };
    Ok(QuantizationConfigDiff::Set(config))
}

#[expect(deprecated, reason = "always_ram is what REST knows")]
fn scalar(message: wire::ScalarQuantization) -> Result<QuantizationConfig> {
    let wire::ScalarQuantization { r#type, quantile, always_ram, memory: _ } = message;
    let r#type = match required("scalar", Some(r#type), |number| known("type", number))? {
        wire::QuantizationType::Int8 => ScalarType::Int8,
        wire::QuantizationType::UnknownQuantization => return Err(ConvertError::missing("scalar.type")),
    };
    Ok(QuantizationConfig::Scalar(ScalarQuantization {
        r#type,
        quantile: quantile.map(f64::from),
        always_ram,
    }))
}

#[expect(deprecated, reason = "always_ram is what REST knows")]
fn product(message: wire::ProductQuantization) -> Result<QuantizationConfig> {
    let wire::ProductQuantization { compression, always_ram, memory: _ } = message;
    let compression = match required("product", Some(compression), |number| known("compression", number))? {
        wire::CompressionRatio::X4 => Compression::X4,
        wire::CompressionRatio::X8 => Compression::X8,
        wire::CompressionRatio::X16 => Compression::X16,
        wire::CompressionRatio::X32 => Compression::X32,
        wire::CompressionRatio::X64 => Compression::X64,
    };
    Ok(QuantizationConfig::Product(ProductQuantization { compression, always_ram }))
}

#[expect(deprecated, reason = "always_ram is what REST knows")]
fn binary(message: wire::BinaryQuantization) -> Result<QuantizationConfig> {
    let wire::BinaryQuantization { always_ram, encoding, query_encoding, memory: _ } = message;
    let encoding = optional("binary", encoding, |number| {
        Ok(match known("encoding", number)? {
            wire::BinaryQuantizationEncoding::OneBit => BinaryEncoding::OneBit,
            wire::BinaryQuantizationEncoding::TwoBits => BinaryEncoding::TwoBits,
            wire::BinaryQuantizationEncoding::OneAndHalfBits => BinaryEncoding::OneAndHalfBits,
        })
    })?;
    let query_encoding = optional("binary.query_encoding", query_encoding, |message| {
        let query_encoding::Variant::Setting(number) =
            message.variant.ok_or_else(|| ConvertError::missing("variant"))?;
        Ok(match known("setting", number)? {
            query_encoding::Setting::Default => QueryEncoding::Default,
            query_encoding::Setting::Binary => QueryEncoding::Binary,
            query_encoding::Setting::Scalar4Bits => QueryEncoding::Scalar4Bits,
            query_encoding::Setting::Scalar8Bits => QueryEncoding::Scalar8Bits,
        })
    })?;
    Ok(QuantizationConfig::Binary(BinaryQuantization { always_ram, encoding, query_encoding }))
}

#[expect(deprecated, reason = "always_ram is what REST knows")]
fn turbo(message: wire::TurboQuantization) -> Result<QuantizationConfig> {
    let wire::TurboQuantization { always_ram, bits, memory: _ } = message;
    let bits = optional("turboquant", bits, |number| match known("bits", number)? {
        wire::TurboQuantBitSize::Bits1 => Ok(TurboBits::One),
        wire::TurboQuantBitSize::Bits15 => Ok(TurboBits::OneAndHalf),
        wire::TurboQuantBitSize::Bits2 => Ok(TurboBits::Two),
        wire::TurboQuantBitSize::Bits4 => Ok(TurboBits::Four),
        wire::TurboQuantBitSize::Bits8 => Err(unsupported("bits", "Bits8")),
    })?;
    Ok(QuantizationConfig::Turbo(TurboQuantization { always_ram, bits }))
}

/// The message of a quantization.
#[expect(deprecated, reason = "always_ram is what REST knows")]
pub(super) fn quantization_message(config: QuantizationConfig) -> wire::QuantizationConfig {
    use wire::quantization_config::Quantization;
    let quantization = match config {
        QuantizationConfig::Scalar(ScalarQuantization { r#type: ScalarType::Int8, quantile, always_ram }) => {
            Quantization::Scalar(wire::ScalarQuantization {
                r#type: wire::QuantizationType::Int8.into(),
                quantile: quantile.map(single),
                always_ram,
                memory: None,
            })
        }
        QuantizationConfig::Product(ProductQuantization { compression, always_ram }) => {
            let compression = match compression {
                Compression::X4 => wire::CompressionRatio::X4,
                Compression::X8 => wire::CompressionRatio::X8,
                Compression::X16 => wire::CompressionRatio::X16,
                Compression::X32 => wire::CompressionRatio::X32,
                Compression::X64 => wire::CompressionRatio::X64,
            };
            let compression = compression.into();
            Quantization::Product(wire::ProductQuantization { compression, always_ram, memory: None })
        }
        QuantizationConfig::Binary(BinaryQuantization { always_ram, encoding, query_encoding }) => {
            let encoding = encoding.map(|encoding| match encoding {
                BinaryEncoding::OneBit => wire::BinaryQuantizationEncoding::OneBit,
                BinaryEncoding::TwoBits => wire::BinaryQuantizationEncoding::TwoBits,
                BinaryEncoding::OneAndHalfBits => wire::BinaryQuantizationEncoding::OneAndHalfBits,
            });
            let query_encoding = query_encoding.map(|encoding| match encoding {
                QueryEncoding::Default => query_encoding::Setting::Default,
                QueryEncoding::Binary => query_encoding::Setting::Binary,
                QueryEncoding::Scalar4Bits => query_encoding::Setting::Scalar4Bits,
                QueryEncoding::Scalar8Bits => query_encoding::Setting::Scalar8Bits,
            });
            Quantization::Binary(wire::BinaryQuantization {
                always_ram,
                encoding: encoding.map(Into::into),
                query_encoding: query_encoding.map(|setting| wire::BinaryQuantizationQueryEncoding {
                    variant: Some(query_encoding::Variant::Setting(setting.into())),
                }),
                memory: None,
            })
        }
        QuantizationConfig::Turbo(TurboQuantization { always_ram, bits }) => {
            let bits = bits.map(|bits| match bits {
                TurboBits::One => wire::TurboQuantBitSize::Bits1,
                TurboBits::OneAndHalf => wire::TurboQuantBitSize::Bits15,
                TurboBits::Two => wire::TurboQuantBitSize::Bits2,
                TurboBits::Four => wire::TurboQuantBitSize::Bits4,
            });
            let bits = bits.map(Into::into);
            Quantization::Turboquant(wire::TurboQuantization { always_ram, bits, memory: None })
        }
    };
    wire::QuantizationConfig { quantization: Some(quantization) }
}

#[expect(clippy::cast_possible_truncation, reason = "the wire has single precision here")]
pub(super) fn single(value: f64) -> f32 {
    value as f32
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_quantization_comes_back_as_it_went() {
        for rest in [
            json!({"scalar": {"type": "int8", "quantile": 0.75, "always_ram": true}}),
            json!({"scalar": {"type": "int8"}}),
            json!({"product": {"compression": "x4"}}),
            json!({"product": {"compression": "x8"}}),
            json!({"product": {"compression": "x16", "always_ram": false}}),
            json!({"product": {"compression": "x32"}}),
            json!({"product": {"compression": "x64"}}),
            json!({"binary": {}}),
            json!({"binary": {"encoding": "one_bit", "query_encoding": "default"}}),
            json!({"binary": {"encoding": "two_bits", "query_encoding": "binary"}}),
            json!({"binary": {"encoding": "one_and_half_bits", "query_encoding": "scalar4bits"}}),
            json!({"binary": {"always_ram": true, "query_encoding": "scalar8bits"}}),
            json!({"turbo": {}}),
            json!({"turbo": {"bits": "bits1"}}),
            json!({"turbo": {"bits": "bits1_5", "always_ram": true}}),
            json!({"turbo": {"bits": "bits2"}}),
            json!({"turbo": {"bits": "bits4"}}),
        ] {
            let config: QuantizationConfig = serde_json::from_value(rest.clone()).expect("a quantization");
            let message = quantization_message(config.clone());
            assert_eq!(quantization(message), Ok(config), "{rest}");
        }
    }

    #[test]
    fn a_change_may_be_none_any_more() {
        use wire::quantization_config_diff::Quantization;
        let read = |quantization| quantization_diff(wire::QuantizationConfigDiff { quantization });
        let disabled = serde_json::from_value(json!("Disabled")).expect("a change");
        assert_eq!(read(Some(Quantization::Disabled(wire::Disabled {}))), Ok(disabled));
        let scalar = wire::ScalarQuantization { r#type: 1, ..Default::default() };
        let set = serde_json::from_value(json!({"scalar": {"type": "int8"}})).expect("a change");
        assert_eq!(read(Some(Quantization::Scalar(scalar))), Ok(set));
        assert_eq!(read(None), Err(ConvertError::missing("quantization")));
    }

    #[test]
    fn what_is_unknown_is_named() {
        use wire::quantization_config::Quantization;
        for (quantization_of, expected) in [
            (
                Quantization::Scalar(wire::ScalarQuantization::default()),
                "scalar.type: required, but not given",
            ),
            (
                Quantization::Product(wire::ProductQuantization { compression: 5, ..Default::default() }),
                "product.compression: unknown value 5 of an enumeration",
            ),
            (
                Quantization::Binary(wire::BinaryQuantization { encoding: Some(3), ..Default::default() }),
                "binary.encoding: unknown value 3 of an enumeration",
            ),
            (
                Quantization::Turboquant(wire::TurboQuantization { bits: Some(4), ..Default::default() }),
                "turboquant.bits: Bits8 is not supported",
            ),
        ] {
            let message = wire::QuantizationConfig { quantization: Some(quantization_of) };
            assert_eq!(quantization(message).expect_err(expected).to_string(), expected);
        }
    }
}
