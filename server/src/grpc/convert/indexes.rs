//! Indexes of payload fields, in requests and in answers.

use ::qdrant_client::qdrant as wire;
use nigh_api::{
    CreateFieldIndex, PayloadFieldSchema, PayloadIndexInfo, PayloadSchemaParams, PayloadSchemaType, Stemmer,
    Stopwords, TokenizerType,
};
use serde_json::Value;
use wire::payload_index_params::IndexParams;
use wire::stemming_algorithm::StemmingParams;

use super::enums::{field_type, known, schema_type_number, unsupported};
use super::{ConvertError, Result, optional};

/// An index that is to be made.
pub(in crate::grpc) fn create_field_index(
    message: wire::CreateFieldIndexCollection,
) -> Result<CreateFieldIndex> {
    let wire::CreateFieldIndexCollection { field_name, field_type: number, field_index_params, .. } = message;
    let data_type = number.map(field_type).transpose()?;
    let params = optional("field_index_params", field_index_params, |message| {
        message.index_params.map(params).transpose()
    })?;
    let field_schema = match (data_type, params.flatten()) {
        (Some(data_type), Some(params)) if params.r#type != data_type => {
            return Err(ConvertError::new(
                "field_index_params",
                "field_type and field_index_params do not match",
            ));
        }
        (_, Some(params)) => Some(PayloadFieldSchema::Params(Box::new(params))),
        (Some(data_type), None) => Some(PayloadFieldSchema::Type(data_type)),
        (None, None) => None,
    };
    Ok(CreateFieldIndex { field_name, field_schema })
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn params(message: IndexParams) -> Result<PayloadSchemaParams> {
    let of = PayloadSchemaParams::of;
    Ok(match message {
        IndexParams::KeywordIndexParams(params) => {
            let wire::KeywordIndexParams { is_tenant, on_disk, enable_hnsw, prefix, memory: _, nested } =
                params;
            none_nested(nested)?;
            // The message has no fields: that it is there is what it says.
            let prefix = prefix.map(|_| true);
            PayloadSchemaParams { is_tenant, on_disk, enable_hnsw, prefix, ..of(PayloadSchemaType::Keyword) }
        }
        IndexParams::IntegerIndexParams(params) => {
            let wire::IntegerIndexParams {
                lookup,
                range,
                is_principal,
                on_disk,
                enable_hnsw,
                memory: _,
                nested,
            } = params;
            none_nested(nested)?;
            let r#type = PayloadSchemaType::Integer;
            PayloadSchemaParams { lookup, range, is_principal, on_disk, enable_hnsw, ..of(r#type) }
        }
        IndexParams::FloatIndexParams(params) => {
            let wire::FloatIndexParams { on_disk, is_principal, enable_hnsw, memory: _, nested } = params;
            none_nested(nested)?;
            PayloadSchemaParams { on_disk, is_principal, enable_hnsw, ..of(PayloadSchemaType::Float) }
        }
        IndexParams::DatetimeIndexParams(params) => {
            let wire::DatetimeIndexParams { on_disk, is_principal, enable_hnsw, memory: _, nested } = params;
            none_nested(nested)?;
            PayloadSchemaParams { on_disk, is_principal, enable_hnsw, ..of(PayloadSchemaType::Datetime) }
        }
        IndexParams::GeoIndexParams(params) => {
            let wire::GeoIndexParams { on_disk, enable_hnsw, memory: _, nested } = params;
            none_nested(nested)?;
            PayloadSchemaParams { on_disk, enable_hnsw, ..of(PayloadSchemaType::Geo) }
        }
        IndexParams::BoolIndexParams(params) => {
            let wire::BoolIndexParams { on_disk, enable_hnsw, memory: _, nested } = params;
            none_nested(nested)?;
            PayloadSchemaParams { on_disk, enable_hnsw, ..of(PayloadSchemaType::Bool) }
        }
        IndexParams::UuidIndexParams(params) => {
            let wire::UuidIndexParams { is_tenant, on_disk, enable_hnsw, memory: _, nested } = params;
            none_nested(nested)?;
            PayloadSchemaParams { is_tenant, on_disk, enable_hnsw, ..of(PayloadSchemaType::Uuid) }
        }
        IndexParams::TextIndexParams(params) => text_params(params)?,
    })
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn text_params(message: wire::TextIndexParams) -> Result<PayloadSchemaParams> {
    let wire::TextIndexParams {
        tokenizer,
        lowercase,
        min_token_len,
        max_token_len,
        on_disk,
        stopwords,
        phrase_matching,
        stemmer,
        ascii_folding,
        enable_hnsw,
        memory: _,
        scoring,
        nested,
    } = message;
    none_nested(nested)?;
    let scoring = optional("scoring", scoring, |message| match known("type", message.r#type)? {
        wire::TextScoringType::Bm25 => Ok("bm25".to_owned()),
    })?;
    Ok(PayloadSchemaParams {
        tokenizer: match known("tokenizer", tokenizer)? {
            wire::TokenizerType::Unknown => None,
            wire::TokenizerType::Prefix => Some(TokenizerType::Prefix),
            wire::TokenizerType::Whitespace => Some(TokenizerType::Whitespace),
            wire::TokenizerType::Word => Some(TokenizerType::Word),
            wire::TokenizerType::Multilingual => Some(TokenizerType::Multilingual),
            wire::TokenizerType::Code => return Err(unsupported("tokenizer", "Code")),
        },
        lowercase,
        min_token_len,
        max_token_len,
        on_disk,
        stopwords: stopwords.map(|message| {
            let wire::StopwordsSet { languages, custom } = message;
            let some = |list: Vec<String>| (!list.is_empty()).then_some(list);
            Stopwords::Set { languages: some(languages), custom: some(custom) }
        }),
        phrase_matching,
        stemmer: optional("stemmer", stemmer, |message| {
            Ok(match message.stemming_params.ok_or_else(|| ConvertError::missing("stemming_params"))? {
                StemmingParams::Snowball(message) => Stemmer::Snowball { language: message.language },
                StemmingParams::Disabled(_) => Stemmer::None,
            })
        })?,
        ascii_folding,
        enable_hnsw,
        scoring,
        ..PayloadSchemaParams::of(PayloadSchemaType::Text)
    })
}

/// An index of each object of an array would change what filters find.
fn none_nested(nested: Option<String>) -> Result<()> {
    match nested {
        Some(_) => Err(unsupported("nested", "an index of each object of an array")),
        None => Ok(()),
    }
}

/// The message of an index.
pub(super) fn index_info_message(info: PayloadIndexInfo) -> wire::PayloadSchemaInfo {
    let PayloadIndexInfo { data_type, params, points } = info;
    let params = params.and_then(|params| {
        // The parameters are those of a request, as it was given.
        let params: PayloadSchemaParams = serde_json::from_value(Value::Object(params)).ok()?;
        Some(wire::PayloadIndexParams { index_params: Some(params_message(params)) })
    });
    wire::PayloadSchemaInfo { data_type: schema_type_number(data_type), params, points: Some(points) }
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn params_message(params: PayloadSchemaParams) -> IndexParams {
    let PayloadSchemaParams {
        r#type,
        is_tenant,
        is_principal,
        on_disk,
        enable_hnsw,
        lookup,
        range,
        prefix,
        ..
    } = params;
    let (memory, nested) = (None, None);
    match r#type {
        PayloadSchemaType::Keyword => IndexParams::KeywordIndexParams(wire::KeywordIndexParams {
            is_tenant,
            on_disk,
            enable_hnsw,
            prefix: prefix.unwrap_or(false).then_some(wire::KeywordPrefixParams {}),
            memory,
            nested,
        }),
        PayloadSchemaType::Integer => IndexParams::IntegerIndexParams(wire::IntegerIndexParams {
            lookup,
            range,
            is_principal,
            on_disk,
            enable_hnsw,
            memory,
            nested,
        }),
        PayloadSchemaType::Float => IndexParams::FloatIndexParams(wire::FloatIndexParams {
            on_disk,
            is_principal,
            enable_hnsw,
            memory,
            nested,
        }),
        PayloadSchemaType::Datetime => IndexParams::DatetimeIndexParams(wire::DatetimeIndexParams {
            on_disk,
            is_principal,
            enable_hnsw,
            memory,
            nested,
        }),
        PayloadSchemaType::Geo => {
            IndexParams::GeoIndexParams(wire::GeoIndexParams { on_disk, enable_hnsw, memory, nested })
        }
        PayloadSchemaType::Bool => {
            IndexParams::BoolIndexParams(wire::BoolIndexParams { on_disk, enable_hnsw, memory, nested })
        }
        PayloadSchemaType::Uuid => IndexParams::UuidIndexParams(wire::UuidIndexParams {
            is_tenant,
            on_disk,
            enable_hnsw,
            memory,
            nested,
        }),
        PayloadSchemaType::Text => IndexParams::TextIndexParams(text_params_message(params)),
    }
}

#[expect(deprecated, reason = "on_disk is what REST knows")]
fn text_params_message(params: PayloadSchemaParams) -> wire::TextIndexParams {
    let tokenizer = match params.tokenizer {
        None => wire::TokenizerType::Unknown,
        Some(TokenizerType::Prefix) => wire::TokenizerType::Prefix,
        Some(TokenizerType::Whitespace) => wire::TokenizerType::Whitespace,
        Some(TokenizerType::Word) => wire::TokenizerType::Word,
        Some(TokenizerType::Multilingual) => wire::TokenizerType::Multilingual,
    };
    let stemming_params = params.stemmer.map(|stemmer| match stemmer {
        Stemmer::Snowball { language } => StemmingParams::Snowball(wire::SnowballParams { language }),
        Stemmer::None => StemmingParams::Disabled(wire::DisabledStemmer {}),
    });
    wire::TextIndexParams {
        tokenizer: tokenizer.into(),
        lowercase: params.lowercase,
        min_token_len: params.min_token_len,
        max_token_len: params.max_token_len,
        on_disk: params.on_disk,
        stopwords: params.stopwords.map(|stopwords| match stopwords {
            Stopwords::Language(language) => {
                wire::StopwordsSet { languages: vec![language], custom: Vec::new() }
            }
            Stopwords::Set { languages, custom } => wire::StopwordsSet {
                languages: languages.unwrap_or_default(),
                custom: custom.unwrap_or_default(),
            },
        }),
        phrase_matching: params.phrase_matching,
        stemmer: stemming_params.map(|params| wire::StemmingAlgorithm { stemming_params: Some(params) }),
        ascii_folding: params.ascii_folding,
        enable_hnsw: params.enable_hnsw,
        memory: None,
        scoring: params
            .scoring
            .map(|_| wire::TextScoringParams { r#type: wire::TextScoringType::Bm25.into() }),
        nested: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(number: Option<i32>, params: Option<IndexParams>) -> wire::CreateFieldIndexCollection {
        wire::CreateFieldIndexCollection {
            field_name: "k".to_owned(),
            field_type: number,
            field_index_params: params.map(|params| wire::PayloadIndexParams { index_params: Some(params) }),
            ..Default::default()
        }
    }

    #[test]
    fn types_are_those_of_rest() {
        let names = ["keyword", "integer", "float", "geo", "text", "bool", "datetime", "uuid"];
        for (number, name) in (0..).zip(names) {
            let read = serde_json::from_value(json!({"field_name": "k", "field_schema": name}));
            assert_eq!(create_field_index(request(Some(number), None)), Ok(read.expect("a body")));
        }
        let read = serde_json::from_value(json!({"field_name": "k"})).expect("a body");
        assert_eq!(create_field_index(request(None, None)), Ok(read));
    }

    #[test]
    fn parameters_come_back_as_they_went() {
        for params in [
            json!({"type": "keyword", "is_tenant": true, "on_disk": false, "enable_hnsw": true, "prefix": true}),
            json!({"type": "integer", "lookup": true, "range": false, "is_principal": true, "on_disk": true}),
            json!({"type": "float", "is_principal": true, "on_disk": true, "enable_hnsw": false}),
            json!({"type": "datetime", "is_principal": false, "on_disk": true}),
            json!({"type": "geo", "on_disk": true, "enable_hnsw": false}),
            json!({"type": "bool", "on_disk": true}),
            json!({"type": "uuid", "is_tenant": true, "on_disk": false}),
            json!({"type": "text"}),
            json!({"type": "text", "tokenizer": "prefix", "lowercase": false, "min_token_len": 2,
                "max_token_len": 20, "on_disk": true, "phrase_matching": true, "ascii_folding": true,
                "stopwords": {"languages": ["english"], "custom": ["x"]}, "scoring": "bm25",
                "stemmer": {"type": "snowball", "language": "german"}}),
            json!({"type": "text", "tokenizer": "multilingual", "stemmer": {"type": "none"}}),
        ] {
            let body = json!({"field_name": "k", "field_schema": params});
            let expected: CreateFieldIndex = serde_json::from_value(body).expect("a body");
            let Some(data_type) = expected.field_schema.as_ref().map(PayloadFieldSchema::data_type) else {
                panic!("no schema");
            };
            let Value::Object(map) = params.clone() else { panic!("no object") };
            let info = index_info_message(PayloadIndexInfo { data_type, params: Some(map), points: 3 });
            assert_eq!(info.points, Some(3));
            let message = info.params.and_then(|params| params.index_params);
            let number = Some(info.data_type - 1);
            assert_eq!(create_field_index(request(number, message)), Ok(expected), "{params}");
        }
    }

    #[test]
    fn what_does_not_fit_is_named() {
        let keyword = || IndexParams::KeywordIndexParams(wire::KeywordIndexParams::default());
        let nested = wire::GeoIndexParams { nested: Some("a".to_owned()), ..Default::default() };
        let code = wire::TextIndexParams { tokenizer: 5, ..Default::default() };
        for (message, expected) in [
            (request(Some(9), None), "field_type: unknown value 9 of an enumeration"),
            (
                request(Some(1), Some(keyword())),
                "field_index_params: field_type and field_index_params do not match",
            ),
            (
                request(None, Some(IndexParams::GeoIndexParams(nested))),
                "field_index_params.nested: an index of each object of an array is not supported",
            ),
            (
                request(None, Some(IndexParams::TextIndexParams(code))),
                "field_index_params.tokenizer: Code is not supported",
            ),
        ] {
            assert_eq!(create_field_index(message).expect_err(expected).to_string(), expected);
        }
    }
}
