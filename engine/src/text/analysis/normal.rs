//! A text in any encoding of its characters in, one normal form out, with the way back to the bytes that were given.
//!
//! Forms: Unicode Standard Annex 15. A text that is in its normal form already, as most are, is not copied.

use std::borrow::Cow;
use std::ops::Range;

use unicode_normalization::{IsNormalized, UnicodeNormalization, is_nfc_quick, is_nfkc_quick};
use unicode_segmentation::UnicodeSegmentation;

/// Which characters are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// NFC: however a letter and its marks are encoded.
    Canonical,
    /// NFKC: also wide and narrow letters, ligatures and the like.
    Compatibility,
}

/// A text in its normal form.
#[derive(Debug)]
pub(super) struct Normalized<'a> {
    text: Cow<'a, str>,
    /// Where each cluster of the given text begins, here and there, and where both texts end. Empty if they are the same.
    clusters: Vec<(usize, usize)>,
}

impl<'a> Normalized<'a> {
    pub(super) fn new(given: &'a str, form: Form) -> Self {
        let verdict = match form {
            _ if given.is_ascii() => IsNormalized::Yes,
            Form::Canonical => is_nfc_quick(given.chars()),
            Form::Compatibility => is_nfkc_quick(given.chars()),
        };
        if verdict == IsNormalized::Yes {
            return Self { text: Cow::Borrowed(given), clusters: Vec::new() };
        }
        let mut text = String::with_capacity(given.len());
        let mut clusters = Vec::new();
        // No form joins characters across clusters, so that each can be brought into form by itself.
        for (at, cluster) in given.grapheme_indices(true) {
            clusters.push((text.len(), at));
            match form {
                Form::Canonical => text.extend(cluster.nfc()),
                Form::Compatibility => text.extend(cluster.nfkc()),
            }
        }
        clusters.push((text.len(), given.len()));
        Self { text: Cow::Owned(text), clusters }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the given text that `range` of the normal one came from, whole clusters.
    pub(super) fn given(&self, range: Range<usize>) -> Range<usize> {
        if self.clusters.is_empty() {
            return range;
        }
        let after_start = self.clusters.partition_point(|(here, _)| *here <= range.start);
        let before = after_start.checked_sub(1).and_then(|at| self.clusters.get(at));
        let end = self.clusters.partition_point(|(here, _)| *here < range.end);
        let there = |cluster: Option<&(usize, usize)>| cluster.map_or(0, |(_, there)| *there);
        let start = there(before);
        start..there(self.clusters.get(end)).max(start)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syllables_written_as_letters_are_joined() {
        let given: String = "서울 Café".nfd().collect();
        let normal = Normalized::new(&given, Form::Canonical);
        assert_eq!(normal.text(), "서울 Café");
        let range = normal.given(0.."서울".len());
        assert_eq!(given[range].nfc().collect::<String>(), "서울");
        let range = normal.given("서".len().."서울".len());
        assert_eq!(given[range].nfc().collect::<String>(), "울");
        let range = normal.given("서울 ".len()..normal.text().len());
        assert_eq!(given[range].nfc().collect::<String>(), "Café");
    }

    #[test]
    fn wide_letters_are_letters() {
        let normal = Normalized::new("ＧＰＴ모델", Form::Compatibility);
        assert_eq!(normal.text(), "GPT모델");
        assert_eq!(normal.given(0..3), 0..9);
    }

    #[test]
    fn one_character_that_becomes_many_is_taken_whole() {
        let given = "a㎏b";
        let normal = Normalized::new(given, Form::Compatibility);
        assert_eq!(normal.text(), "akgb");
        assert_eq!(&given[normal.given(2..3)], "㎏");
        assert_eq!(&given[normal.given(3..4)], "b");
    }

    #[test]
    fn what_is_normal_is_not_copied() {
        let normal = Normalized::new("서울 Café", Form::Compatibility);
        assert!(matches!(normal.text, Cow::Borrowed(_)));
        assert_eq!(normal.given(3..6), 3..6);
    }
}
