//! Tokenizers that cut between words: white space, letters and digits, Unicode Standard Annex 29, and beginnings of words.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::{AnalyzerConfig, Role, Sink};

/// What stands between white space.
pub(super) fn whitespace(sink: &mut Sink<'_>) {
    for range in pieces(sink.text(), char::is_whitespace) {
        sink.word(range);
    }
}

/// Runs of letters and digits.
pub(super) fn alphanumeric(sink: &mut Sink<'_>) {
    for range in pieces(sink.text(), |c| !c.is_alphanumeric()) {
        sink.word(range);
    }
}

/// Words by the rules of Unicode.
pub(super) fn standard(sink: &mut Sink<'_>) {
    let text = sink.text();
    unicode_words(sink, 0..text.len());
}

/// Words by the rules of Unicode in a part of the text.
pub(super) fn unicode_words(sink: &mut Sink<'_>, part: Range<usize>) {
    let text = sink.text().get(part.clone()).unwrap_or_default();
    for (at, word) in text.unicode_word_indices() {
        let start = part.start + at;
        sink.word(start..start + word.len());
    }
}

/// All beginnings of each word of a stored text; the longest one of each word of a query.
pub(super) fn prefixes(sink: &mut Sink<'_>, role: Role, config: &AnalyzerConfig) {
    let least = config.min_token_len.unwrap_or(1).max(1);
    let most = config.max_token_len.unwrap_or(usize::MAX);
    for range in pieces(sink.text(), |c| !c.is_alphanumeric()) {
        let word = sink.text().get(range.clone()).unwrap_or_default();
        let Some(word) = sink.filter.whole_word(word) else { continue };
        let ends = word.char_indices().map(|(at, c)| at + c.len_utf8());
        let ends: Vec<_> = ends.take(most).skip(least - 1).collect();
        let ends = match role {
            Role::Stored => ends.as_slice(),
            Role::Query => ends.last().map_or(&[][..], std::slice::from_ref),
        };
        for end in ends {
            sink.put(word.get(..*end).unwrap_or_default().to_owned(), range.clone(), 1.0);
        }
        if !ends.is_empty() {
            sink.next_word();
        }
    }
}

/// The pieces of a text between characters that part them.
fn pieces(text: &str, parts: impl Fn(char) -> bool) -> impl Iterator<Item = Range<usize>> {
    let start_of_text = text.as_ptr() as usize;
    text.split(parts).filter(|piece| !piece.is_empty()).map(move |piece| {
        let start = piece.as_ptr() as usize - start_of_text;
        start..start + piece.len()
    })
}
