//! What an analyzer is told to do.

use super::Language;

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

    pub(super) fn drops_stop_words_of(&self, language: Language) -> bool {
        self.stop_languages.contains(&language)
    }
}
