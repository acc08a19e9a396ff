//! Particles (조사) and the copula 이다: what stands behind a noun, and how it is taken off.
//!
//! Many have two forms, one behind a consonant and one behind a vowel (은/는, 이/가, 을/를, 과/와, 으로/로); only the one that fits is
//! taken off. Behind some a second one may stand (에서는, 까지의, 만을).

use std::collections::{HashMap, HashSet};
use std::sync::LazyLock;

use super::jamo::{tail, tail_of};
use super::nouns;

/// What a particle may stand behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Consonant,
    Vowel,
    VowelOrR,
    Any,
}

const AFTER_CONSONANT: &str = "\
    이 은 을 과 으로 으로서 으로써 으로부터 으로는 으로도 으로의 으론 이나 이나마 이라도 이라서 이라 이라며 이라면 이라는데 이랑 \
    이든 이든지 이야말로";
const AFTER_VOWEL: &str = "\
    가 는 를 와 나 나마 라도 라서 라 란 라는 라고 라며 라면 라고도 랑 며 든 든지 야말로 다 였다 였던 였으며 였고 였지만 였으나";
const AFTER_VOWEL_OR_R: &str = "로 로서 로써 로부터 로는 로도 로의 론";
const AFTER_ANY: &str = "\
    의 에 에서 에게 에게서 께 께서 한테 한테서 도 만 까지 마저 조차 부터 밖에 처럼 같이 보다 마다 대로 만큼 뿐 하고 에다 에다가 \
    커녕 치고 엔 에선 에겐 \
    이다 인데 입니다 이었다 이었던 이었으며 이었고 이었지만 이었으나 이므로 인가 인지 인가요 일까 이지만 이자 이며 이고 이란 \
    이라는 이라고 이라고도 이던";

/// Those that stand behind another particle, which is then taken off as well.
const OUTER: &str = "는 은 도 만 의 까지 부터 조차 마저 나 라도 이라도 밖에 처럼 보다 이 가 을 를 로 으로 이다 와 과 라는 이라는";
/// Those that may have one behind them.
const INNER: &str = "\
    에서 에게 에게서 께서 까지 부터 마다 처럼 보다 로서 으로서 로써 으로써 로부터 으로부터 밖에 대로 만큼 뿐 하고 에 로 으로 와 과 만";
/// Those that are taken off a single syllable too, because hardly any noun ends like that.
const OFF_ONE_SYLLABLE: &str = "\
    은 는 의 에 를 을 과 와 에서 에게 에는 에도 에서는 에서의 으로 로 인가 이다 입니다 이었다 였다 인데 이며 까지 부터 처럼";

#[derive(Debug)]
struct Particle {
    text: &'static str,
    chars: Vec<char>,
    after: After,
    is_outer: bool,
    is_off_one_syllable: bool,
}

/// Particles by their last syllable, longest first.
struct Table {
    all: HashMap<char, Vec<Particle>>,
    inner: Vec<Particle>,
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let outer: HashSet<_> = OUTER.split_whitespace().collect();
    let one: HashSet<_> = OFF_ONE_SYLLABLE.split_whitespace().collect();
    let lists = [
        (AFTER_CONSONANT, After::Consonant),
        (AFTER_VOWEL, After::Vowel),
        (AFTER_VOWEL_OR_R, After::VowelOrR),
        (AFTER_ANY, After::Any),
    ];
    let particle = |text: &'static str, after| Particle {
        text,
        chars: text.chars().collect(),
        after,
        is_outer: outer.contains(text),
        is_off_one_syllable: one.contains(text),
    };
    let mut all: HashMap<char, Vec<Particle>> = HashMap::new();
    let mut inner = Vec::new();
    for (list, after) in lists {
        for text in list.split_whitespace() {
            if INNER.split_whitespace().any(|other| other == text) {
                inner.push(particle(text, after));
            }
            if let Some(last) = text.chars().last() {
                all.entry(last).or_default().push(particle(text, after));
            }
        }
    }
    let by_length = |particle: &Particle| std::cmp::Reverse(particle.chars.len());
    all.values_mut().for_each(|list| list.sort_by_key(by_length));
    inner.sort_by_key(by_length);
    Table { all, inner }
});

impl Particle {
    /// What it leaves of `word`, if it fits there.
    fn off<'w>(&self, word: &'w [char]) -> Option<&'w [char]> {
        let stem = word.strip_suffix(self.chars.as_slice())?;
        let tail = tail_of(*stem.last()?);
        let fits = match self.after {
            After::Any => true,
            After::Consonant => tail != tail::NONE,
            After::Vowel => tail == tail::NONE,
            After::VowelOrR => tail == tail::NONE || tail == tail::R,
        };
        fits.then_some(stem)
    }
}

/// A word without its particles, and the one that was taken off its end.
pub(super) fn off(word: &[char]) -> Option<(&[char], &'static str)> {
    if nouns::is_whole(word) {
        return None;
    }
    for particle in TABLE.all.get(word.last()?)? {
        let Some(stem) = particle.off(word) else { continue };
        if stem.len() == 1 && !particle.is_off_one_syllable {
            continue;
        }
        if particle.is_outer && !nouns::is_whole(stem) {
            let mut inner = TABLE.inner.iter().filter_map(|inner| inner.off(stem));
            if let Some(stem) = inner.find(|stem| stem.len() >= 2) {
                return Some((stem, particle.text));
            }
        }
        return Some((stem, particle.text));
    }
    None
}

/// Whether `word` is nothing but particles, as they stand behind a number or a word in another script.
pub(super) fn is_only(word: &[char]) -> bool {
    // What it would stand behind may end in a vowel or not: that depends on how it is read aloud.
    ['가', '각'].iter().any(|noun| {
        let whole: Vec<char> = std::iter::once(*noun).chain(word.iter().copied()).collect();
        is_syllable_with_some(&whole)
    })
}

/// Whether `word` is one syllable and particles behind it, as what a number counts often is.
pub(super) fn is_syllable_with_some(word: &[char]) -> bool {
    let mut candidates = word.last().and_then(|last| TABLE.all.get(last)).into_iter().flatten();
    candidates.any(|particle| match particle.off(word) {
        Some([_]) => true,
        Some(stem) if particle.is_outer => {
            TABLE.inner.iter().any(|inner| inner.off(stem).is_some_and(|stem| stem.len() == 1))
        }
        Some(_) | None => false,
    })
}
