//! Indexes of payload fields.

use crate::untagged::{Kind, read};
use crate::validate::{Problems, Validate};
use serde::de::{Deserializer, Error as _};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

/// Type of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PayloadSchemaType {
    /// Texts that are compared as they are.
    Keyword,
    /// Whole numbers.
    Integer,
    /// Numbers.
    Float,
    /// Places.
    Geo,
    /// Texts that are searched by words.
    Text,
    /// Booleans.
    Bool,
    /// Moments.
    Datetime,
    /// UUIDs.
    Uuid,
}

/// How a text is cut into words.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenizerType {
    /// Words and all their beginnings.
    Prefix,
    /// At white space.
    Whitespace,
    /// At what is neither letter nor digit.
    #[default]
    Word,
    /// By the rules of each script.
    Multilingual,
}

/// Words that are left out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Stopwords {
    /// Those of a language.
    Language(String),
    /// Those of languages, and some more.
    Set {
        /// Languages.
        #[serde(skip_serializing_if = "Option::is_none")]
        languages: Option<Vec<String>>,
        /// More words.
        #[serde(skip_serializing_if = "Option::is_none")]
        custom: Option<Vec<String>>,
    },
}

impl<'de> Deserialize<'de> for Stopwords {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Set {
            languages: Option<Vec<String>>,
            custom: Option<Vec<String>>,
        }
        match Value::deserialize(deserializer)? {
            Value::String(language) => Ok(Stopwords::Language(language)),
            other => read(other).map(|Set { languages, custom }| Stopwords::Set { languages, custom }),
        }
    }
}

/// How words are reduced to stems.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
pub enum Stemmer {
    /// Snowball, of a language.
    Snowball {
        /// The language.
        language: String,
    },
    /// Not at all.
    None,
}

/// Options of an index. Each type has some of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayloadSchemaParams {
    /// The type.
    pub r#type: PayloadSchemaType,
    /// Keyword, uuid: the field tells tenants apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_tenant: Option<bool>,
    /// Integer, float, datetime: most reads are in the order of this field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub is_principal: Option<bool>,
    /// Kept for its echo: indexes are always mapped from disk.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub on_disk: Option<bool>,
    /// Kept for its echo.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enable_hnsw: Option<bool>,
    /// Integer: answers equality.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lookup: Option<bool>,
    /// Integer: answers ranges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range: Option<bool>,
    /// Keyword: answers prefixes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prefix: Option<bool>,
    /// Text: how it is cut into words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokenizer: Option<TokenizerType>,
    /// Text: without regard to case.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lowercase: Option<bool>,
    /// Text: shortest word, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_token_len: Option<u64>,
    /// Text: longest word, in characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_token_len: Option<u64>,
    /// Text: answers phrases.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phrase_matching: Option<bool>,
    /// Text: without accents.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ascii_folding: Option<bool>,
    /// Text: words that are left out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopwords: Option<Stopwords>,
    /// Text: how words are reduced to stems.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stemmer: Option<Stemmer>,
    /// Text: `"bm25"` for scores.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scoring: Option<String>,
    /// Text, ours: an analyzer of a language, `korean` for one, instead of the tokenizer and what follows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub analyzer: Option<String>,
}

impl PayloadSchemaParams {
    /// An index of this type without options.
    pub fn of(r#type: PayloadSchemaType) -> Self {
        Self {
            r#type,
            is_tenant: None,
            is_principal: None,
            on_disk: None,
            enable_hnsw: None,
            lookup: None,
            range: None,
            prefix: None,
            tokenizer: None,
            lowercase: None,
            min_token_len: None,
            max_token_len: None,
            phrase_matching: None,
            ascii_folding: None,
            stopwords: None,
            stemmer: None,
            scoring: None,
            analyzer: None,
        }
    }
}

/// A type, or a type with options.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum PayloadFieldSchema {
    /// The type alone.
    Type(PayloadSchemaType),
    /// With options.
    Params(Box<PayloadSchemaParams>),
}

impl PayloadFieldSchema {
    /// The type.
    pub fn data_type(&self) -> PayloadSchemaType {
        match self {
            PayloadFieldSchema::Type(r#type) => *r#type,
            PayloadFieldSchema::Params(params) => params.r#type,
        }
    }
}

impl<'de> Deserialize<'de> for PayloadFieldSchema {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            text @ Value::String(_) => read(text).map(PayloadFieldSchema::Type),
            map @ Value::Object(_) => read(map).map(PayloadFieldSchema::Params),
            other => Err(D::Error::custom(format_args!(
                "invalid type: {}, expected a type such as \"keyword\", or an object with `type`",
                Kind(&other)
            ))),
        }
    }
}

impl Validate for PayloadFieldSchema {
    fn validate(&self, problems: &mut Problems) {
        if let PayloadFieldSchema::Params(params) = self
            && params.r#type == PayloadSchemaType::Integer
            && params.lookup == Some(false)
            && params.range == Some(false)
        {
            problems.add("", "the 'lookup' and 'range' capabilities can't be both disabled");
        }
    }
}

/// A new index of a payload field.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreateFieldIndex {
    /// Path of the field.
    pub field_name: String,
    /// Its type; guessed from the points where it is not given.
    #[serde(default, alias = "field_type", skip_serializing_if = "Option::is_none")]
    pub field_schema: Option<PayloadFieldSchema>,
}

impl Validate for CreateFieldIndex {
    fn validate(&self, problems: &mut Problems) {
        if self.field_name.is_empty() {
            problems.add("field_name", "value \"\" invalid, must be at least 1 characters");
        }
        problems.optional("field_schema", self.field_schema.as_ref());
    }
}

/// An index of a payload field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PayloadIndexInfo {
    /// Its type.
    pub data_type: PayloadSchemaType,
    /// Its options, if some were given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub params: Option<Map<String, Value>>,
    /// Points that have a value of the type.
    pub points: u64,
}
