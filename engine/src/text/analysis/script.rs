//! A text cut where its script changes: Hangul goes to one reader, Han and kana to pairs of characters, the rest into words.
//!
//! So "GPT모델을" is "gpt" and "모델", and "3월에" is "3", "3월" and "월".

use std::ops::Range;

use super::Sink;
use super::bigrams;
use super::words::unicode_words;

/// What a run of characters is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Script {
    Hangul,
    /// Han characters and kana, which are read together.
    HanOrKana,
    Digits,
    Other,
    /// White space, signs and marks that part words.
    Gap,
}

/// Reads a run of Hangul.
pub(super) trait HangulReader {
    /// Puts the tokens of `range`. `before` is the run that it follows without a gap, if there is one.
    fn read(&self, sink: &mut Sink<'_>, range: Range<usize>, before: Option<(Script, Range<usize>)>);
}

/// Cuts the text of `sink` into runs and reads each by its script.
pub(super) fn by_script(sink: &mut Sink<'_>, hangul: &impl HangulReader) {
    let text = sink.text();
    let mut before: Option<(Script, Range<usize>)> = None;
    for (script, range) in runs(text) {
        match script {
            Script::Gap => {}
            Script::Hangul => {
                let before = before.take().filter(|(_, run)| run.end == range.start);
                hangul.read(sink, range.clone(), before);
            }
            Script::HanOrKana => bigrams::pairs(sink, range.clone()),
            Script::Digits | Script::Other => unicode_words(sink, range.clone()),
        }
        before = Some((script, range)).filter(|(script, _)| *script != Script::Gap);
    }
}

/// Runs of one script, in order. Digits beside letters, and signs within numbers and words, do not part them.
fn runs(text: &str) -> Vec<(Script, Range<usize>)> {
    let mut runs: Vec<(Script, Range<usize>)> = Vec::new();
    for (at, c) in text.char_indices() {
        let script = script(c);
        let end = at + c.len_utf8();
        match runs.last_mut() {
            Some((last, range)) if *last == script => range.end = end,
            // "4o" and "3.5" are for the rules of words to cut.
            Some((last @ Script::Digits, range)) if script == Script::Other => {
                *last = Script::Other;
                range.end = end;
            }
            Some((Script::Other, range)) if script == Script::Digits => range.end = end,
            _ => runs.push((script, at..end)),
        }
    }
    join_numbers(text, runs)
}

/// Joins digits that one point or comma parts: "1,000" is one number.
fn join_numbers(text: &str, runs: Vec<(Script, Range<usize>)>) -> Vec<(Script, Range<usize>)> {
    let mut joined: Vec<(Script, Range<usize>)> = Vec::with_capacity(runs.len());
    for run in runs {
        let is_sign = |range: &Range<usize>| matches!(text.get(range.clone()), Some("." | ","));
        if run.0 == Script::Digits
            && let [.., (Script::Digits, _), (Script::Gap, sign)] = joined.as_slice()
            && is_sign(sign)
        {
            joined.pop();
            if let Some((_, number)) = joined.last_mut() {
                number.end = run.1.end;
            }
            continue;
        }
        joined.push(run);
    }
    joined
}

fn script(c: char) -> Script {
    match c {
        '0'..='9' => Script::Digits,
        'a'..='z' | 'A'..='Z' => Script::Other,
        '가'..='힣' => Script::Hangul,
        '\u{3040}'..='\u{30ff}'
        | '\u{31f0}'..='\u{31ff}'
        | '\u{3400}'..='\u{4dbf}'
        | '\u{4e00}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{20000}'..='\u{3ffff}'
        | '々'
        | '〇'
            if c != '・' && c != '゠' =>
        {
            Script::HanOrKana
        }
        // Signs inside words are for the rules of words to judge.
        '\'' | '’' | '_' => Script::Other,
        c if c.is_alphanumeric() || unicode_normalization::char::is_combining_mark(c) => Script::Other,
        _ => Script::Gap,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &[(Script, &str)]) {
        let runs = runs(text);
        let got: Vec<_> = runs
            .iter()
            .filter(|(script, _)| *script != Script::Gap)
            .map(|(script, range)| (*script, &text[range.clone()]))
            .collect();
        assert_eq!(got, expected, "{text}");
    }

    #[test]
    fn runs_end_where_the_script_changes() {
        use Script::{Digits, HanOrKana, Hangul, Other};
        check("GPT모델을 3월에", &[(Other, "GPT"), (Hangul, "모델을"), (Digits, "3"), (Hangul, "월에")]);
        check("1,000원, 3.5%", &[(Digits, "1,000"), (Hangul, "원"), (Digits, "3.5")]);
        check("東京タワーは高い。", &[(HanOrKana, "東京タワーは高い")]);
        check("GPT4o와 don't", &[(Other, "GPT4o"), (Hangul, "와"), (Other, "don't")]);
        check("2024.05.01", &[(Digits, "2024.05.01")]);
        check("1, 2", &[(Digits, "1"), (Digits, "2")]);
    }
}
