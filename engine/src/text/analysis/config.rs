//! What an analyzer is told to do.

use serde_json::{Value, json};

use super::Language;
use crate::error::{Error, Result};

/// How a text is cut into words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Tokenizer {
    /// Words as Unicode Standard Annex 29 has them, in any language that puts spaces between words.
    Standard,
    /// Korean: particles and endings are taken off, and the stem is found by its pairs of syllables, so that compounds are found
    /// however they are spaced. Chinese and Japanese runs as in [`Tokenizer::Cjk`], everything else as in [`Tokenizer::Standard`].
    Korean,
    /// Chinese, Japanese and Korean as pairs of neighbouring characters, everything else as in [`Tokenizer::Standard`].
    Cjk,
    /// Each run of a text by its script: Hangul as in [`Tokenizer::Korean`], and so on.
    Auto,
    /// Letters and digits make a word, and all beginnings of it are stored, from `min_token_len` to `max_token_len`
    /// characters.
    Prefix,
    /// What stands between white space.
    Whitespace,
    /// Letters and digits make a word, everything else parts words.
    Word,
    /// The same as [`Tokenizer::Auto`], under the name that Qdrant's clients use.
    Multilingual,
}

impl Tokenizer {
    /// All of them.
    pub const ALL: &'static [Self] = &[
        Self::Standard,
        Self::Korean,
        Self::Cjk,
        Self::Auto,
        Self::Prefix,
        Self::Whitespace,
        Self::Word,
        Self::Multilingual,
    ];

    /// Its name, in small letters.
    pub fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::Korean => "korean",
            Self::Cjk => "cjk",
            Self::Auto => "auto",
            Self::Prefix => "prefix",
            Self::Whitespace => "whitespace",
            Self::Word => "word",
            Self::Multilingual => "multilingual",
        }
    }

    /// Whether it knows nothing of writing.
    pub(super) fn is_plain(self) -> bool {
        matches!(self, Self::Prefix | Self::Whitespace | Self::Word)
    }
}

/// What an [`Analyzer`](super::Analyzer) is made from.
///
/// ```
/// use nigh::{Analyzer, AnalyzerConfig};
/// # fn main() -> nigh::Result<()> {
/// let analyzer = Analyzer::new(&AnalyzerConfig::auto())?;
/// let words = |text| analyzer.analyze(text).into_iter().map(|token| token.text).collect::<Vec<_>>();
/// assert_eq!(words("서울에서의 Meetings"), ["서울", "meet"]);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnalyzerConfig {
    pub(super) tokenizer: Tokenizer,
    pub(super) lowercase: bool,
    pub(super) ascii_folding: bool,
    pub(super) min_token_len: Option<usize>,
    pub(super) max_token_len: Option<usize>,
    pub(super) stop_languages: Vec<Language>,
    pub(super) stop_words: Vec<String>,
    pub(super) stemmer: Option<Language>,
}

impl AnalyzerConfig {
    /// Lower case and nothing else: Qdrant's defaults.
    pub fn new(tokenizer: Tokenizer) -> Self {
        Self {
            tokenizer,
            lowercase: true,
            ascii_folding: false,
            min_token_len: None,
            max_token_len: None,
            stop_languages: Vec::new(),
            stop_words: Vec::new(),
            stemmer: None,
        }
    }

    /// Unicode words in one language: its stop words are dropped and its stemmer is used, where there are such; accents are folded.
    pub fn language(language: Language) -> Self {
        let config = Self::new(Tokenizer::Standard).ascii_folding(true);
        let config = if language.stop_words().is_some() { config.stopwords(language) } else { config };
        if language.stemmer().is_some() { config.stemmer(language) } else { config }
    }

    /// English words: stop words, Snowball's stemmer, accents folded.
    pub fn english() -> Self {
        Self::language(Language::English)
    }

    /// Korean, with whatever else stands in a Korean text.
    pub fn korean() -> Self {
        Self::new(Tokenizer::Korean).stopwords(Language::Korean)
    }

    /// Any text by its scripts: Korean, Chinese, Japanese; the rest as English.
    pub fn auto() -> Self {
        Self { tokenizer: Tokenizer::Auto, ..Self::english() }.stopwords(Language::Korean)
    }

    /// How the text is cut.
    pub fn tokenizer(&self) -> Tokenizer {
        self.tokenizer
    }

    /// Whether letters become small ones. On by default.
    pub fn lowercase(mut self, on: bool) -> Self {
        self.lowercase = on;
        self
    }

    /// Whether letters lose their accents (é → e, ø → o, ß → ss).
    pub fn ascii_folding(mut self, on: bool) -> Self {
        self.ascii_folding = on;
        self
    }

    /// Leaves out words with fewer characters.
    pub fn min_token_len(mut self, characters: usize) -> Self {
        self.min_token_len = Some(characters);
        self
    }

    /// Leaves out words with more characters.
    pub fn max_token_len(mut self, characters: usize) -> Self {
        self.max_token_len = Some(characters);
        self
    }

    /// Leaves out the most common words of a language; may be called for several.
    pub fn stopwords(mut self, language: Language) -> Self {
        if !self.stop_languages.contains(&language) {
            self.stop_languages.push(language);
        }
        self
    }

    /// Leaves out these words too.
    pub fn custom_stopwords(mut self, words: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.stop_words.extend(words.into_iter().map(Into::into));
        self
    }

    /// Brings words to their stem by Snowball's rules for a language.
    pub fn stemmer(mut self, language: Language) -> Self {
        self.stemmer = Some(language);
        self
    }

    /// As the manifest keeps it (docs/storage-format.md, section 5): the same text for the same configuration.
    pub(crate) fn to_options(&self) -> String {
        let Self {
            tokenizer,
            lowercase,
            ascii_folding,
            min_token_len,
            max_token_len,
            stop_languages,
            stop_words,
            stemmer,
        } = self;
        let languages = |languages: &[Language]| languages.iter().map(|l| l.name()).collect::<Vec<_>>();
        let members = [
            Some(("tokenizer", json!(tokenizer.name()))),
            Some(("lowercase", json!(lowercase))),
            Some(("ascii_folding", json!(ascii_folding))),
            min_token_len.map(|len| ("min_token_len", json!(len))),
            max_token_len.map(|len| ("max_token_len", json!(len))),
            (!stop_languages.is_empty()).then(|| ("stop_languages", json!(languages(stop_languages)))),
            (!stop_words.is_empty()).then(|| ("stop_words", json!(stop_words))),
            stemmer.map(|language| ("stemmer", json!(language.name()))),
        ];
        let members = members.into_iter().flatten().map(|(name, value)| format!("{name:?}:{value}"));
        format!("{{{}}}", members.collect::<Vec<_>>().join(","))
    }

    /// What [`AnalyzerConfig::to_options`] has written.
    ///
    /// # Errors
    /// `Invalid` if it is anything else.
    pub(crate) fn from_options(options: &str) -> Result<Self> {
        let bad = || Error::invalid("options", "a configuration of an analyzer", options);
        let Ok(Value::Object(members)) = serde_json::from_str(options) else { return Err(bad()) };
        let tokenizer = members.get("tokenizer").and_then(Value::as_str);
        let tokenizer = Tokenizer::ALL.iter().find(|known| Some(known.name()) == tokenizer);
        let mut config = Self::new(*tokenizer.ok_or_else(bad)?);
        let language = |value: &Value| {
            let named = |language: &&Language| Some(language.name()) == value.as_str();
            Language::ALL.iter().find(named).copied()
        };
        let len = |value: &Value| value.as_u64().map(|len| len as usize);
        for (name, value) in &members {
            let done = match name.as_str() {
                "tokenizer" => Some(()),
                "lowercase" => value.as_bool().map(|on| config.lowercase = on),
                "ascii_folding" => value.as_bool().map(|on| config.ascii_folding = on),
                "min_token_len" => len(value).map(|len| config.min_token_len = Some(len)),
                "max_token_len" => len(value).map(|len| config.max_token_len = Some(len)),
                "stop_languages" => {
                    let languages = value.as_array().and_then(|list| list.iter().map(language).collect());
                    languages.map(|languages| config.stop_languages = languages)
                }
                "stop_words" => {
                    let word = |word: &Value| word.as_str().map(str::to_owned);
                    let words = value.as_array().and_then(|list| list.iter().map(word).collect());
                    words.map(|words| config.stop_words = words)
                }
                "stemmer" => language(value).map(|language| config.stemmer = Some(language)),
                _ => None,
            };
            done.ok_or_else(bad)?;
        }
        Ok(config)
    }

    pub(super) fn drops_stop_words_of(&self, language: Language) -> bool {
        self.stop_languages.contains(&language)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_come_back() {
        let mut configs = vec![AnalyzerConfig::korean(), AnalyzerConfig::english(), AnalyzerConfig::auto()];
        configs.extend(Tokenizer::ALL.iter().map(|tokenizer| AnalyzerConfig::new(*tokenizer)));
        let full = AnalyzerConfig::auto().min_token_len(2).max_token_len(30).lowercase(false);
        configs.push(full.custom_stopwords(["a \"quoted\" word", "낱말"]));
        for config in configs {
            let options = config.to_options();
            assert_eq!(AnalyzerConfig::from_options(&options).expect("valid"), config, "{options}");
        }
    }

    #[test]
    fn other_options_are_refused() {
        let whole = AnalyzerConfig::korean().to_options();
        let bad = [
            "",
            "[]",
            "{}",
            r#"{"tokenizer":"words"}"#,
            r#"{"tokenizer":"word","stemmer":"klingon"}"#,
            r#"{"tokenizer":"word","lowercase":1}"#,
            r#"{"tokenizer":"word","more":1}"#,
            r#"{"tokenizer":"word","stop_words":[1]}"#,
        ];
        for options in bad.into_iter().chain([&whole[1..]]) {
            assert!(AnalyzerConfig::from_options(options).is_err(), "{options}");
        }
    }
}
