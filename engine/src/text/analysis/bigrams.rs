//! Runs of characters without spaces as pairs of neighbours: what needs no dictionary and finds any word.
//!
//! A run of one character is that character.

use std::ops::Range;

use super::Sink;
use super::script::{HangulReader, Script};

/// Reads Hangul as it reads Han: pairs, without a thought of words.
#[derive(Debug)]
pub(super) struct Cjk;

impl HangulReader for Cjk {
    fn read(&self, sink: &mut Sink<'_>, range: Range<usize>, _before: Option<(Script, Range<usize>)>) {
        pairs(sink, range);
    }
}

/// A run may be a whole sentence; a word in it seldom has more than four characters.
const WORD_PAIRS_MAX: usize = 3;

/// Puts each pair of neighbours in `run`, at positions of their own: the order of pairs is what a phrase is found by.
pub(super) fn pairs(sink: &mut Sink<'_>, run: Range<usize>) {
    let text = sink.text().get(run.clone()).unwrap_or_default();
    let starts: Vec<usize> = text.char_indices().map(|(at, _)| run.start + at).chain([run.end]).collect();
    let ends_len = if starts.len() > 2 { 3 } else { 2 };
    let pairs: Vec<Range<usize>> =
        starts.windows(ends_len).filter_map(|ends| Some(*ends.first()?..*ends.last()?)).collect();
    let weight = part_weight(pairs.len().min(WORD_PAIRS_MAX));
    for pair in pairs {
        let token = sink.text().get(pair.clone()).unwrap_or_default();
        if !sink.filter.is_stop_word(token) && sink.filter.admits(token) {
            sink.put(token.to_owned(), pair, weight);
            sink.next_word();
        }
    }
}

/// What one of `count` parts of a word counts in a query.
///
/// Parts of one word say the same thing over again, so that they count less than as many words, but more than one: a long word is
/// rarer than its parts. All of them together count as the fourth root of their number.
pub(super) fn part_weight(count: usize) -> f32 {
    (count.max(1) as f32).powf(-0.75)
}
