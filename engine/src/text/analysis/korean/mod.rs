//! Korean without a dictionary: a word with its particles and endings in, its stem out, as pairs of syllables.
//!
//! A word of Korean is a stem and what is said about it: 데이터베이스의 and 데이터베이스를 are one noun with two particles, 파견하여 is the noun
//! 파견 as a verb. `particles` and `endings` take these off by rules; `nouns` lists nouns that only look as if there were something to
//! take off. A stem is stored as its pairs of neighbouring syllables, which are parts of one word: so a compound is found by
//! what it is made of and however it is spaced (데이터 베이스), and a stem that was cut a syllable too short is still found.
//! A stem of one syllable is stored as it is, and a number also with what it counts (3월, 12명).
//!
//! Invariant: a word in the same form gives the same tokens, whatever stands around it but for digits and letters right before it.

mod endings;
mod jamo;
mod nouns;
mod particles;

use std::collections::HashSet;
use std::ops::Range;

use super::Sink;
use super::bigrams::part_weight;
use super::script::{HangulReader, Script};
use super::stop_words;

/// Particles behind which a verb may hide: these are endings as well.
const ALSO_ENDINGS: &str = "는 은 도 만 지 고 며 나 다 라 이나 였다 였던 였으며 였고 였지만 였으나";

/// Reads runs of Hangul.
#[derive(Debug)]
pub(super) struct Korean {
    /// Stems that are left out.
    stop_words: HashSet<&'static str>,
    also_endings: HashSet<&'static str>,
}

impl Korean {
    pub(super) fn new(drops_stop_words: bool) -> Self {
        let list = if drops_stop_words { stop_words::KOREAN } else { "" };
        Self {
            stop_words: list.split_whitespace().collect(),
            also_endings: ALSO_ENDINGS.split_whitespace().collect(),
        }
    }

    /// The stem of a word, unless it is left out. What a number counts is often one syllable.
    fn stem(&self, word: &str, is_counted: bool) -> Option<String> {
        if self.stop_words.contains(word) && !is_counted {
            return None;
        }
        let chars: Vec<char> = word.chars().collect();
        let stem: String = match chars.first() {
            Some(unit) if is_counted && particles::is_syllable_with_some(&chars) => unit.to_string(),
            _ => self.bare(&chars).into_iter().collect(),
        };
        if is_counted {
            return Some(stem);
        }
        (!self.stop_words.contains(stem.as_str())).then_some(stem)
    }

    /// The word without what is said about it.
    fn bare(&self, word: &[char]) -> Vec<char> {
        if word.len() == 1 {
            return word.to_vec();
        }
        if let Some(noun) = endings::light_verb_off(word) {
            return without_plural(noun);
        }
        let (mut stem, particle) = match particles::off(word) {
            Some((stem, particle)) => (stem.to_vec(), Some(particle)),
            None => (word.to_vec(), None),
        };
        if particle.is_none_or(|particle| self.also_endings.contains(particle))
            && let Some(verb) = endings::off(word)
            && verb.len() <= stem.len()
        {
            stem = verb;
        }
        if stem.len() < word.len()
            && let Some(noun) = endings::light_verb_off(&stem)
        {
            stem = noun.to_vec();
        }
        if stem.len() == word.len()
            && let Some(verb) = endings::adnominal_off(&stem)
        {
            return verb;
        }
        without_plural(&stem)
    }
}

impl HangulReader for Korean {
    fn read(&self, sink: &mut Sink<'_>, range: Range<usize>, before: Option<(Script, Range<usize>)>) {
        let word = sink.text().get(range.clone()).unwrap_or_default();
        if before.is_some() && particles::is_only(&word.chars().collect::<Vec<_>>()) {
            return;
        }
        let is_counted = matches!(before, Some((Script::Digits, _)));
        let Some(stem) = self.stem(word, is_counted) else { return };
        if (!is_counted && sink.filter.is_stop_word(&stem)) || !sink.filter.admits(&stem) {
            return;
        }
        let chars: Vec<char> = stem.chars().collect();
        if let Some((Script::Digits, number)) = before {
            let unit: String = chars.iter().take(2).collect();
            let counted = sink.text().get(number.clone()).map(|digits| format!("{digits}{unit}"));
            sink.put(counted.unwrap_or_default(), number.start..range.end, 1.0);
        }
        put_pairs(sink, &chars, range);
        sink.next_word();
    }
}

/// The pairs of syllables of a stem that stands at the beginning of `range`.
fn put_pairs(sink: &mut Sink<'_>, stem: &[char], range: Range<usize>) {
    // Every syllable has three bytes. The last one of a verb's stem may be changed, but it is one syllable still.
    let place = |first: usize, last: usize| range.start + 3 * first..(range.start + 3 * last).min(range.end);
    if stem.len() == 1 {
        sink.put(stem.iter().collect(), place(0, 1), 1.0);
    }
    let weight = part_weight(stem.len().saturating_sub(1));
    for (at, pair) in stem.windows(2).enumerate() {
        sink.put(pair.iter().collect(), place(at, at + 2), weight);
    }
}

/// A noun without 들, the sign of the plural, and 적, 적인 (-al, -ic).
fn without_plural(noun: &[char]) -> Vec<char> {
    let bare = match noun {
        [stem @ .., '적', '인'] if stem.len() >= 2 => stem,
        [stem @ .., '적' | '들'] if stem.len() >= 2 && !nouns::is_whole(noun) => stem,
        whole => whole,
    };
    bare.to_vec()
}
