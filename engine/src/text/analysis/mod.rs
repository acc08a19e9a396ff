//! A text in, its tokens out: what a search finds a text by.
//!
//! One [`Analyzer`] is made from an [`AnalyzerConfig`] and never changes; it is used from any thread and is cheap to clone. First the
//! text is normalised (NFKC for the tokenizers that know about writing, NFC for the plain ones), so that it does not matter how a
//! syllable or an accent was encoded. Then the tokenizer cuts words, and the filters lower, fold, drop and stem them.
//!
//! Invariant: the byte ranges of the tokens lie within the text that was given, at character boundaries; positions never fall.

mod bigrams;
mod config;
mod filter;
mod korean;
mod language;
mod normal;
mod script;
mod stop_words;
mod words;

use std::ops::Range;
use std::sync::Arc;

use crate::error::Result;
use bigrams::Cjk;
pub use config::{AnalyzerConfig, Tokenizer};
use filter::Filter;
use korean::Korean;
pub use language::Language;
use normal::{Form, Normalized};

/// One thing that a text is found by.
#[derive(Debug, Clone, PartialEq)]
pub struct Token {
    /// What is stored and compared.
    pub text: String,
    /// Which word of the text it comes from, counted from 0 over the words that are kept. Parts of one word share it.
    pub position: u32,
    /// Where it stands in the text, in bytes.
    pub bytes: Range<usize>,
    /// How much it counts in a query, from 0 to 1: 1 for a word, less for one of several parts of a word, which are
    /// evidence of the same thing.
    pub weight: f32,
}

/// Turns texts into tokens.
#[derive(Debug, Clone)]
pub struct Analyzer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: AnalyzerConfig,
    filter: Filter,
    korean: Korean,
}

/// Whether a text is stored or looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    Stored,
    Query,
}

impl Analyzer {
    /// An analyzer that does what `config` says.
    ///
    /// # Errors
    /// `InvalidArgument` if lengths cross, or a language has no stemmer or no stop words here.
    pub fn new(config: &AnalyzerConfig) -> Result<Self> {
        let filter = Filter::new(config)?;
        let korean = Korean::new(config.drops_stop_words_of(Language::Korean));
        Ok(Self(Arc::new(Inner { config: config.clone(), filter, korean })))
    }

    /// What it was made from.
    pub fn config(&self) -> &AnalyzerConfig {
        &self.0.config
    }

    /// The tokens of a text that is stored.
    pub fn analyze(&self, text: &str) -> Vec<Token> {
        self.tokens(text, Role::Stored)
    }

    /// The tokens of a text that is looked for. Only [`Tokenizer::Prefix`] makes a difference: a stored text has all beginnings of
    /// its words, a query the longest one.
    pub fn analyze_query(&self, text: &str) -> Vec<Token> {
        self.tokens(text, Role::Query)
    }

    fn tokens(&self, text: &str, role: Role) -> Vec<Token> {
        let Inner { config, filter, korean } = &*self.0;
        let form = if config.tokenizer.is_plain() { Form::Canonical } else { Form::Compatibility };
        let normal = Normalized::new(text, form);
        let mut sink = Sink { normal: &normal, filter, tokens: Vec::new(), position: 0 };
        match config.tokenizer {
            Tokenizer::Whitespace => words::whitespace(&mut sink),
            Tokenizer::Word => words::alphanumeric(&mut sink),
            Tokenizer::Prefix => words::prefixes(&mut sink, role, config),
            Tokenizer::Standard => words::standard(&mut sink),
            Tokenizer::Cjk => script::by_script(&mut sink, &Cjk),
            Tokenizer::Korean | Tokenizer::Auto | Tokenizer::Multilingual => {
                script::by_script(&mut sink, korean);
            }
        }
        sink.tokens
    }
}

/// Where tokenizers put what they find: text is filtered, ranges are brought back to the text that was given.
struct Sink<'a> {
    normal: &'a Normalized<'a>,
    filter: &'a Filter,
    tokens: Vec<Token>,
    position: u32,
}

impl<'a> Sink<'a> {
    /// The text to cut.
    fn text(&self) -> &'a str {
        self.normal.text()
    }

    /// A word, to be filtered.
    fn word(&mut self, range: Range<usize>) {
        let word = self.text().get(range.clone()).unwrap_or_default();
        if let Some(text) = self.filter.word(word) {
            self.put(text, range, 1.0);
            self.position += 1;
        }
    }

    /// One token of the word at hand, as it is.
    fn put(&mut self, text: String, range: Range<usize>, weight: f32) {
        let bytes = self.normal.given(range);
        self.tokens.push(Token { text, position: self.position, bytes, weight });
    }

    /// Ends a word whose tokens were put one by one.
    fn next_word(&mut self) {
        self.position += 1;
    }
}
