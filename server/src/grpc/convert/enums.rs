//! Numbers of enumerations: what is not known is refused, and so is what cannot be said in a value of the API.

use ::qdrant_client::qdrant as wire;
use nigh_api::{Datatype, Distance, Modifier, MultiVectorComparator, MultiVectorConfig, PayloadSchemaType};

use super::{ConvertError, Result};

/// The value with a number.
pub(super) fn known<E: TryFrom<i32>>(field: &str, number: i32) -> Result<E> {
    E::try_from(number).map_err(|_| unknown(field, number))
}

/// No value has this number.
pub(super) fn unknown(field: &str, number: i32) -> ConvertError {
    ConvertError::new(field, format_args!("unknown value {number} of an enumeration"))
}

/// There is such a value, but not here.
pub(super) fn unsupported(field: &str, name: &str) -> ConvertError {
    ConvertError::new(field, format_args!("{name} is not supported"))
}

pub(super) fn distance(number: i32) -> Result<Distance> {
    match known("distance", number)? {
        wire::Distance::Cosine => Ok(Distance::Cosine),
        wire::Distance::Euclid => Ok(Distance::Euclid),
        wire::Distance::Dot => Ok(Distance::Dot),
        wire::Distance::Manhattan => Ok(Distance::Manhattan),
        wire::Distance::UnknownDistance => Err(ConvertError::missing("distance")),
    }
}

pub(super) fn distance_number(distance: Distance) -> i32 {
    let distance = match distance {
        Distance::Cosine => wire::Distance::Cosine,
        Distance::Euclid => wire::Distance::Euclid,
        Distance::Dot => wire::Distance::Dot,
        Distance::Manhattan => wire::Distance::Manhattan,
    };
    distance.into()
}

/// A type of values, if it is not the usual one.
pub(super) fn datatype(number: Option<i32>) -> Result<Option<Datatype>> {
    let Some(number) = number else { return Ok(None) };
    match known::<wire::Datatype>("datatype", number)? {
        wire::Datatype::Default => Ok(None),
        wire::Datatype::Float32 => Ok(Some(Datatype::Float32)),
        wire::Datatype::Float16 => Ok(Some(Datatype::Float16)),
        wire::Datatype::Uint8 => Ok(Some(Datatype::Uint8)),
        other @ (wire::Datatype::Turbo4 | wire::Datatype::Turbo8 | wire::Datatype::Turbo16) => {
            Err(unsupported("datatype", other.as_str_name()))
        }
    }
}

pub(super) fn datatype_number(datatype: Datatype) -> i32 {
    let datatype = match datatype {
        Datatype::Float32 => wire::Datatype::Float32,
        Datatype::Float16 => wire::Datatype::Float16,
        Datatype::Uint8 => wire::Datatype::Uint8,
    };
    datatype.into()
}

pub(super) fn modifier(number: i32) -> Result<Modifier> {
    Ok(match known("modifier", number)? {
        wire::Modifier::None => Modifier::None,
        wire::Modifier::Idf => Modifier::Idf,
    })
}

pub(super) fn modifier_number(modifier: Modifier) -> i32 {
    let modifier = match modifier {
        Modifier::None => wire::Modifier::None,
        Modifier::Idf => wire::Modifier::Idf,
    };
    modifier.into()
}

pub(super) fn multivector(message: wire::MultiVectorConfig) -> Result<MultiVectorConfig> {
    match known("comparator", message.comparator)? {
        wire::MultiVectorComparator::MaxSim => {
            Ok(MultiVectorConfig { comparator: MultiVectorComparator::MaxSim })
        }
    }
}

pub(super) fn multivector_message(config: MultiVectorConfig) -> wire::MultiVectorConfig {
    let comparator = match config.comparator {
        MultiVectorComparator::MaxSim => wire::MultiVectorComparator::MaxSim,
    };
    wire::MultiVectorConfig { comparator: comparator.into() }
}

/// The type of a field that is to be indexed; its numbers begin at 0.
pub(super) fn field_type(number: i32) -> Result<PayloadSchemaType> {
    Ok(match known("field_type", number)? {
        wire::FieldType::Keyword => PayloadSchemaType::Keyword,
        wire::FieldType::Integer => PayloadSchemaType::Integer,
        wire::FieldType::Float => PayloadSchemaType::Float,
        wire::FieldType::Geo => PayloadSchemaType::Geo,
        wire::FieldType::Text => PayloadSchemaType::Text,
        wire::FieldType::Bool => PayloadSchemaType::Bool,
        wire::FieldType::Datetime => PayloadSchemaType::Datetime,
        wire::FieldType::Uuid => PayloadSchemaType::Uuid,
    })
}

/// The type of an indexed field; its numbers begin at 1.
pub(super) fn schema_type_number(data_type: PayloadSchemaType) -> i32 {
    let data_type = match data_type {
        PayloadSchemaType::Keyword => wire::PayloadSchemaType::Keyword,
        PayloadSchemaType::Integer => wire::PayloadSchemaType::Integer,
        PayloadSchemaType::Float => wire::PayloadSchemaType::Float,
        PayloadSchemaType::Geo => wire::PayloadSchemaType::Geo,
        PayloadSchemaType::Text => wire::PayloadSchemaType::Text,
        PayloadSchemaType::Bool => wire::PayloadSchemaType::Bool,
        PayloadSchemaType::Datetime => wire::PayloadSchemaType::Datetime,
        PayloadSchemaType::Uuid => wire::PayloadSchemaType::Uuid,
    };
    data_type.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_come_back_as_they_went() {
        for of in [Distance::Cosine, Distance::Euclid, Distance::Dot, Distance::Manhattan] {
            assert_eq!(distance(distance_number(of)), Ok(of));
        }
        assert_eq!(distance(0), Err(ConvertError::missing("distance")));
        let error = distance(9).expect_err("there are four");
        assert_eq!(error.to_string(), "distance: unknown value 9 of an enumeration");
    }

    #[test]
    fn datatypes_come_back_as_they_went() {
        for of in [Datatype::Float32, Datatype::Float16, Datatype::Uint8] {
            assert_eq!(datatype(Some(datatype_number(of))), Ok(Some(of)));
        }
        assert_eq!(datatype(None), Ok(None));
        assert_eq!(datatype(Some(0)), Ok(None));
        assert_eq!(datatype(Some(4)), Err(unsupported("datatype", "Turbo4")));
        assert_eq!(datatype(Some(99)), Err(unknown("datatype", 99)));
    }

    #[test]
    fn the_two_enumerations_of_field_types_differ_by_one() {
        for number in 0..8 {
            assert_eq!(schema_type_number(field_type(number).expect("a type")), number + 1);
        }
        assert_eq!(field_type(8), Err(unknown("field_type", 8)));
    }
}
