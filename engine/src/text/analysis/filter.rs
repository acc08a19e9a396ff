//! One word in, the token that it becomes out, if it is kept: small letters, no accents, no stop words, the stem, the right length.
//!
//! The order is Qdrant's, so that the same options mean the same. Stemmers: Snowball (snowballstem.org).

use std::borrow::Cow;
use std::collections::HashSet;

use frostem::Stemmer;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::AnalyzerConfig;
use crate::error::{Error, Result};

/// What happens to each word.
pub(super) struct Filter {
    lowercase: bool,
    ascii_folding: bool,
    stop_words: HashSet<String>,
    stemmer: Option<Stemmer>,
    min_len: usize,
    max_len: usize,
}

impl Filter {
    pub(super) fn new(config: &AnalyzerConfig) -> Result<Self> {
        let (min_len, max_len) =
            (config.min_token_len.unwrap_or(0), config.max_token_len.unwrap_or(usize::MAX));
        if min_len > max_len {
            return Err(Error::invalid(
                "min_token_len",
                format!("at most max_token_len ({max_len})"),
                min_len,
            ));
        }
        let stemmer = match config.stemmer {
            None => None,
            Some(language) => Some(Stemmer::new(
                language
                    .stemmer()
                    .ok_or_else(|| Error::invalid("stemmer", "a language that has one", language.name()))?,
            )),
        };
        let mut filter = Self {
            lowercase: config.lowercase,
            ascii_folding: config.ascii_folding,
            stop_words: HashSet::new(),
            stemmer,
            min_len,
            max_len,
        };
        for language in &config.stop_languages {
            let words = language
                .stop_words()
                .ok_or_else(|| Error::invalid("stopwords", "a language that has a list", language.name()))?;
            // Korean words are compared in `korean`, as stems.
            filter.stop_words.extend(words.map(|word| filter.form(word).into_owned()).collect::<Vec<_>>());
        }
        let custom: Vec<_> = config.stop_words.iter().map(|word| filter.form(word).into_owned()).collect();
        filter.stop_words.extend(custom);
        Ok(filter)
    }

    /// The token of a word, unless it is left out.
    pub(super) fn word(&self, word: &str) -> Option<String> {
        let form = self.form(word);
        if self.is_stop_word(&form) {
            return None;
        }
        let stem = match &self.stemmer {
            Some(stemmer) => stemmer.stem(&form).into_owned(),
            None => form.into_owned(),
        };
        self.admits(&stem).then_some(stem)
    }

    /// A word without stemming and without a limit on its length.
    pub(super) fn whole_word(&self, word: &str) -> Option<String> {
        let form = self.form(word);
        let stem = match &self.stemmer {
            Some(stemmer) if !self.is_stop_word(&form) => stemmer.stem(&form).into_owned(),
            _ => form.into_owned(),
        };
        (!self.is_stop_word(&stem)).then_some(stem)
    }

    pub(super) fn is_stop_word(&self, form: &str) -> bool {
        self.stop_words.contains(form)
    }

    /// Whether its length is within the limits. Nothing is never admitted.
    pub(super) fn admits(&self, token: &str) -> bool {
        let len = token.chars().count();
        len > 0 && self.min_len <= len && len <= self.max_len
    }

    /// The word as it is compared.
    fn form<'w>(&self, word: &'w str) -> Cow<'w, str> {
        let mut form = Cow::Borrowed(word);
        if self.lowercase && form.chars().any(|c| !c.is_lowercase()) {
            form = Cow::Owned(form.to_lowercase());
        }
        if self.ascii_folding && !form.is_ascii() {
            form = Cow::Owned(fold(&form));
        }
        form
    }
}

impl std::fmt::Debug for Filter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Filter").field("stop_words", &self.stop_words.len()).finish_non_exhaustive()
    }
}

/// Letters of the Latin script without what was added to them. Other scripts stay as they are.
fn fold(word: &str) -> String {
    let mut folded = String::with_capacity(word.len());
    for c in word.chars() {
        if let Some(letters) = plain_letters(c) {
            folded.push_str(letters);
            continue;
        }
        let base = std::iter::once(c).nfd().next().unwrap_or(c);
        if base.is_ascii() {
            folded.push(base);
        } else if !('\u{300}'..='\u{36f}').contains(&c) || !is_combining_mark(c) {
            folded.push(c);
        }
    }
    folded
}

/// Letters that no decomposition of Unicode leads back to ASCII.
fn plain_letters(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' => "ss",
        'ẞ' => "SS",
        'æ' => "ae",
        'Æ' => "AE",
        'œ' => "oe",
        'Œ' => "OE",
        'ø' => "o",
        'Ø' => "O",
        'đ' | 'ð' => "d",
        'Đ' | 'Ð' => "D",
        'ł' => "l",
        'Ł' => "L",
        'þ' => "th",
        'Þ' => "TH",
        'ħ' => "h",
        'Ħ' => "H",
        'ı' => "i",
        'ŧ' => "t",
        'Ŧ' => "T",
        'ŋ' => "n",
        'Ŋ' => "N",
        'ĸ' => "q",
        'ŉ' => "n",
        '’' | '‘' => "'",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Language, Tokenizer};
    use super::*;

    fn check(config: AnalyzerConfig, cases: &[(&str, Option<&str>)]) {
        let filter = Filter::new(&config).expect("a valid configuration");
        for (word, expected) in cases {
            assert_eq!(filter.word(word).as_deref(), *expected, "{word}");
        }
    }

    #[test]
    fn words_are_lowered_folded_dropped_and_stemmed() {
        check(
            AnalyzerConfig::english(),
            &[
                ("Running", Some("run")),
                ("the", None),
                ("The", None),
                ("Café", Some("cafe")),
                ("Straße", Some("strass")),
                ("Ørsted", Some("orst")),
                ("서울", Some("서울")),
            ],
        );
    }

    #[test]
    fn nothing_but_what_was_asked_for() {
        check(
            AnalyzerConfig::new(Tokenizer::Word).lowercase(false),
            &[("The", Some("The")), ("Café", Some("Café"))],
        );
    }

    #[test]
    fn lengths_count_characters() {
        let config = AnalyzerConfig::new(Tokenizer::Word).min_token_len(2).max_token_len(3);
        check(config, &[("가", None), ("가나", Some("가나")), ("abc", Some("abc")), ("abcd", None)]);
    }

    #[test]
    fn stop_words_are_compared_as_words_are() {
        let config = AnalyzerConfig::new(Tokenizer::Word).custom_stopwords(["CAFÉ"]).ascii_folding(true);
        check(config, &[("cafe", None), ("Café", None), ("tea", Some("tea"))]);
    }

    #[test]
    fn what_cannot_be_done_is_refused() {
        let crossed = AnalyzerConfig::new(Tokenizer::Word).min_token_len(4).max_token_len(3);
        let no_stemmer = AnalyzerConfig::new(Tokenizer::Word).stemmer(Language::Korean);
        let no_list = AnalyzerConfig::new(Tokenizer::Word).stopwords(Language::Armenian);
        for config in [crossed, no_stemmer, no_list] {
            assert!(matches!(Filter::new(&config), Err(Error::Invalid { .. })), "{config:?}");
        }
    }
}
