//! Languages by name, and what is known of each: a Snowball stemmer, a list of stop words, both or one of them.

use frostem::Algorithm;

use super::stop_words;
use crate::error::{Error, Result};

macro_rules! languages {
    ($($(#[$doc:meta])* $variant:ident $name:literal $code:literal $stemmer:expr,)*) => {
        /// A language that words are stemmed in, or whose most common words are left out.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Language {
            $(
                #[doc = concat!("`", $name, "`, `", $code, "`")]
                $variant,
            )*
        }

        impl Language {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Its English name, in small letters.
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Its ISO 639-1 code, if it has one.
            pub fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),* }
            }

            pub(super) fn stemmer(self) -> Option<Algorithm> {
                match self { $(Self::$variant => $stemmer),* }
            }
        }
    };
}

languages! {
    Arabic "arabic" "ar" Some(Algorithm::Arabic),
    Armenian "armenian" "hy" Some(Algorithm::Armenian),
    Azerbaijani "azerbaijani" "az" None,
    Basque "basque" "eu" Some(Algorithm::Basque),
    Bengali "bengali" "bn" None,
    Catalan "catalan" "ca" Some(Algorithm::Catalan),
    Chinese "chinese" "zh" None,
    Danish "danish" "da" Some(Algorithm::Danish),
    Dutch "dutch" "nl" Some(Algorithm::Dutch),
    English "english" "en" Some(Algorithm::English),
    Finnish "finnish" "fi" Some(Algorithm::Finnish),
    French "french" "fr" Some(Algorithm::French),
    German "german" "de" Some(Algorithm::German),
    Greek "greek" "el" Some(Algorithm::Greek),
    Hebrew "hebrew" "he" None,
    Hinglish "hinglish" "hinglish" None,
    Hungarian "hungarian" "hu" Some(Algorithm::Hungarian),
    Indonesian "indonesian" "id" Some(Algorithm::Indonesian),
    Italian "italian" "it" Some(Algorithm::Italian),
    Japanese "japanese" "ja" None,
    Kazakh "kazakh" "kk" None,
    Korean "korean" "ko" None,
    Nepali "nepali" "ne" Some(Algorithm::Nepali),
    Norwegian "norwegian" "no" Some(Algorithm::Norwegian),
    Portuguese "portuguese" "pt" Some(Algorithm::Portuguese),
    Romanian "romanian" "ro" Some(Algorithm::Romanian),
    Russian "russian" "ru" Some(Algorithm::Russian),
    Slovene "slovene" "sl" None,
    Spanish "spanish" "es" Some(Algorithm::Spanish),
    Swedish "swedish" "sv" Some(Algorithm::Swedish),
    Tajik "tajik" "tg" None,
    Tamil "tamil" "ta" Some(Algorithm::Tamil),
    Turkish "turkish" "tr" Some(Algorithm::Turkish),
}

impl Language {
    /// The language called `name`, in English or by its code, in letters of any case.
    ///
    /// # Errors
    /// `InvalidArgument` if it is not known here.
    pub fn from_name(name: &str) -> Result<Self> {
        let known = Self::ALL.iter().find(|language| {
            name.eq_ignore_ascii_case(language.name()) || name.eq_ignore_ascii_case(language.code())
        });
        known.copied().ok_or_else(|| Error::invalid("language", "a known language, as english or en", name))
    }

    /// Its most common words, if there is a list.
    pub(super) fn stop_words(self) -> Option<Box<dyn Iterator<Item = &'static str>>> {
        match self {
            Self::English => Some(Box::new(stop_words::ENGLISH.split_whitespace())),
            Self::Korean => Some(Box::new(stop_words::KOREAN.split_whitespace())),
            Self::Japanese => Some(Box::new(stop_words::JAPANESE.split_whitespace())),
            other => Some(Box::new(::stop_words::lookup(other.code())?.iter().copied())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_is_found_by_its_names() {
        for language in Language::ALL {
            assert_eq!(Language::from_name(language.name()).expect("its name"), *language);
            assert_eq!(Language::from_name(&language.code().to_uppercase()).expect("its code"), *language);
        }
        assert!(Language::from_name("klingon").is_err());
    }

    #[test]
    fn each_has_a_stemmer_or_a_list() {
        for language in Language::ALL {
            let list = language.stop_words().is_some_and(|mut words| words.next().is_some());
            assert!(list || language.stemmer().is_some(), "{language:?}");
        }
    }
}
