//! Indexes of payload fields.

use crate::error::Result;
use nigh::{AnalyzerConfig, FieldKind, Language, Tokenizer};
use nigh_api as api;
use nigh_api::{PayloadSchemaParams, PayloadSchemaType};

/// What is to be indexed at a path.
#[derive(Debug, Clone)]
pub(crate) enum Index {
    /// Values.
    Values(FieldKind),
    /// The words of texts.
    Words(AnalyzerConfig),
}

/// The engine's index.
///
/// # Errors
/// `BadInput` for a language or an analyzer that is not known.
pub(crate) fn index_in(schema: &api::PayloadFieldSchema) -> Result<Index> {
    Ok(Index::Values(match schema.data_type() {
        PayloadSchemaType::Keyword => FieldKind::Keyword,
        PayloadSchemaType::Integer => FieldKind::Integer,
        PayloadSchemaType::Float => FieldKind::Float,
        PayloadSchemaType::Geo => FieldKind::Geo,
        PayloadSchemaType::Bool => FieldKind::Bool,
        PayloadSchemaType::Datetime => FieldKind::Datetime,
        PayloadSchemaType::Uuid => FieldKind::Uuid,
        PayloadSchemaType::Text => {
            let default = PayloadSchemaParams::of(PayloadSchemaType::Text);
            return analyzer_in(match schema {
                api::PayloadFieldSchema::Params(params) => params.as_ref(),
                api::PayloadFieldSchema::Type(_) => &default,
            })
            .map(Index::Words);
        }
    }))
}

fn analyzer_in(params: &PayloadSchemaParams) -> Result<AnalyzerConfig> {
    if let Some(name) = &params.analyzer {
        return Ok(match name.as_str() {
            "auto" => AnalyzerConfig::auto(),
            name => AnalyzerConfig::language(language_in(name)?),
        });
    }
    let mut config = AnalyzerConfig::new(match params.tokenizer.unwrap_or_default() {
        api::TokenizerType::Prefix => Tokenizer::Prefix,
        api::TokenizerType::Whitespace => Tokenizer::Whitespace,
        api::TokenizerType::Word => Tokenizer::Word,
        api::TokenizerType::Multilingual => Tokenizer::Auto,
    })
    .lowercase(params.lowercase.unwrap_or(true))
    .ascii_folding(params.ascii_folding.unwrap_or(false));
    let characters = |length: u64| usize::try_from(length).unwrap_or(usize::MAX);
    if let Some(length) = params.min_token_len {
        config = config.min_token_len(characters(length));
    }
    if let Some(length) = params.max_token_len {
        config = config.max_token_len(characters(length));
    }
    let (languages, custom) = match &params.stopwords {
        None => (Vec::new(), Vec::new()),
        Some(api::Stopwords::Language(language)) => (vec![language.clone()], Vec::new()),
        Some(api::Stopwords::Set { languages, custom }) => {
            (languages.clone().unwrap_or_default(), custom.clone().unwrap_or_default())
        }
    };
    for language in languages {
        config = config.stopwords(language_in(&language)?);
    }
    config = config.custom_stopwords(custom);
    if let Some(api::Stemmer::Snowball { language }) = &params.stemmer {
        config = config.stemmer(language_in(language)?);
    }
    Ok(config)
}

fn language_in(name: &str) -> Result<Language> {
    Ok(Language::from_name(name)?)
}

/// The wire's type.
pub(crate) fn type_out(kind: FieldKind) -> PayloadSchemaType {
    match kind {
        FieldKind::Keyword => PayloadSchemaType::Keyword,
        FieldKind::Integer => PayloadSchemaType::Integer,
        FieldKind::Float => PayloadSchemaType::Float,
        FieldKind::Bool => PayloadSchemaType::Bool,
        FieldKind::Datetime => PayloadSchemaType::Datetime,
        FieldKind::Uuid => PayloadSchemaType::Uuid,
        FieldKind::Geo => PayloadSchemaType::Geo,
        FieldKind::Text => PayloadSchemaType::Text,
    }
}
