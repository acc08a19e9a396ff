//! Endings (어미) of verbs and adjectives, and how they are taken off: 파견하여 → 파견, 만들었다 → 만들, 세웠다 → 세우.
//!
//! Nouns become verbs with 하다 and 되다 (and 시키다, 받다, 당하다); these are taken off with their endings, so that noun and verb are
//! found by the same stem. Of other verbs the stem is left, with the vowel that the ending melted into.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::jamo::{Syllable, tail, tail_of};
use super::nouns;

/// What may follow 하 and 되, with a sign of time and honour between them or not.
const AFTER_HA: &str = "\
    다 고 며 면 면서 지 지만 는 는데 는가 는지 기 게 자 도록 여 여서 여야 어 어서 어야 여도 어도 던 거나 나 니 려 려고 려는 려면 므로 기에 \
    기도 기를 기가 기로 기까지 으며 으나 으면 으므로 지는 지도 더라도 더니 라 라는 라고 는것 느냐 은 을 음 음을 음이 음에 음으로 네 지요 \
    죠 요 던가 던지 자고 자는 고서 고도 고자 고는 듯 듯이 듯한 시는 신 실 다고 다는 다가 다면 다며 습니다 지를 지가 였 었";
const BEFORE_THEM: &str = "였 었 시었 셨 겠 시겠 시";
/// What may follow 한 and 된; 할 and 될; 함 and 됨; 합 and 됩; 해 and 돼; 했 and 됐.
const AFTER_HAN: &str = "다 다고 다는 다면 다며 데 지 채 가 다고도 것 바 적 후 뒤 때 것은 것을 것이 것이다";
const AFTER_HAL: &str = "까 지 지라도 수록 때 것 만한 만큼 지도 것은 것을 것이 것이다 것으로";
const AFTER_HAM: &str = "으로써 으로 은 을 이 에 에도 에서 과 도 의 께";
const AFTER_HAP: &str = "니다 니까 시다";
const AFTER_HAE: &str = "서 야 도 라 요 왔다 온 오던 졌다 진 져 줬다 준 주었다 야만 서는 서도 지는 지고 지면";
const AFTER_HAET: &str = "\
    다 고 으며 으나 으면 던 지만 는데 는지 는가 기 기에 기때문 음 음을 다고 다는 었다 으므로 을 을까 다면 다며 던가 으니 습니다 어요 \
    었던 다가 더니 다고도 나";

/// Verbs that nouns take, by what they look like with their endings.
const OTHER_LIGHT_VERBS: &str =
    "시키 시켰 시킨 시킬 시켜 당하 당한 당했 당해 받은 받는 받았 받고 받아 받을 받던 받으 받지";

/// Endings of any verb. A letter at the front is the tail of the syllable before, or the vowel that is left when 아 or 어 melted into it.
const ENDINGS: &str = "\
    었다 았다 였다 ㅆ다 었던 았던 였던 ㅆ던 었으며 았으며 였으며 ㅆ으며 었고 았고 였고 ㅆ고 었지만 았지만 였지만 ㅆ지만 었으나 았으나 \
    였으나 ㅆ으나 었는데 았는데 ㅆ는데 었는지 았는지 ㅆ는지 었다고 았다고 ㅆ다고 었다는 았다는 ㅆ다는 었을 았을 ㅆ을 었음 았음 ㅆ음 \
    었는가 았는가 ㅆ는가 었기 았기 ㅆ기 었으므로 았으므로 ㅆ으므로 었습니다 았습니다 ㅆ습니다 었어요 았어요 ㅆ어요 었나 았나 ㅆ나 \
    ㄴ다 는다 ㄴ다고 는다고 ㄴ다는 는다는 ㄴ다면 는다면 ㄴ다며 는다며 습니다 ㅂ니다 \
    면서 으면서 으며 으면 으나 으니 으려고 려고 려는 으려는 지만 도록 거나 는데 은데 는가 는지 ㄹ까 을까 ㄹ수록 을수록 더라도 \
    자마자 느라 고자 고서 고는 면 며 고 게 던 는 은 기도 기로 기에 지는 지도 지 어서 아서 여서 어야 아야 어도 아도 ㅕ서 ㅝ서 ㅘ서 ㅕ야";
/// Those that nouns may end in too: only taken off two syllables or more.
const DOUBTFUL: &str = "고 게 지 면 은 기도 기로 기에 지는 지도 던";

struct Tables {
    before: Vec<Vec<char>>,
    /// By the syllables of the light verb.
    after: Vec<(&'static [char], HashSet<Vec<char>>)>,
    light: Vec<Vec<char>>,
    endings: Vec<Ending>,
}

#[derive(Debug)]
struct Ending {
    start: Start,
    rest: Vec<char>,
    is_doubtful: bool,
}

/// How an ending begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// With a syllable of its own.
    Whole,
    /// As the tail of the stem's last syllable.
    Tail(u32),
    /// Melted into the vowel of the stem's last syllable.
    Vowel(u32),
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| {
    let set = |list: &'static str| list.split_whitespace().map(|word| word.chars().collect()).collect();
    let doubtful: HashSet<_> = DOUBTFUL.split_whitespace().collect();
    let mut endings: Vec<_> =
        ENDINGS.split_whitespace().map(|text| Ending::new(text, doubtful.contains(text))).collect();
    // Longest first; of the same length those with a syllable of their own.
    endings.sort_by_key(|ending| (std::cmp::Reverse(ending.len()), ending.start != Start::Whole));
    Tables {
        before: BEFORE_THEM.split_whitespace().map(|word| word.chars().collect()).collect(),
        after: vec![
            (&['하', '되'], set(AFTER_HA)),
            (&['한', '된'], set(AFTER_HAN)),
            (&['할', '될'], set(AFTER_HAL)),
            (&['함', '됨'], set(AFTER_HAM)),
            (&['합', '됩'], set(AFTER_HAP)),
            (&['해', '돼'], set(AFTER_HAE)),
            (&['했', '됐'], set(AFTER_HAET)),
        ],
        light: OTHER_LIGHT_VERBS.split_whitespace().map(|word| word.chars().collect()).collect(),
        endings,
    }
});

impl Ending {
    fn new(text: &str, is_doubtful: bool) -> Self {
        let mut chars = text.chars();
        let start = match chars.clone().next() {
            Some('ㄴ') => Start::Tail(tail::N),
            Some('ㄹ') => Start::Tail(tail::R),
            Some('ㅂ') => Start::Tail(tail::B),
            Some('ㅆ') => Start::Tail(tail::SS),
            Some('ㅕ') => Start::Vowel(super::jamo::vowel::YEO),
            Some('ㅝ') => Start::Vowel(super::jamo::vowel::WO),
            Some('ㅘ') => Start::Vowel(super::jamo::vowel::WA),
            _ => Start::Whole,
        };
        if start != Start::Whole {
            chars.next();
        }
        Self { start, rest: chars.collect(), is_doubtful }
    }

    fn len(&self) -> usize {
        self.rest.len() + usize::from(self.start != Start::Whole)
    }

    /// What it leaves of `word`.
    fn off(&self, word: &[char]) -> Option<Vec<char>> {
        let stem = word.strip_suffix(self.rest.as_slice())?;
        let (last, before) = stem.split_last()?;
        let last = match self.start {
            Start::Whole => *last,
            Start::Tail(tail) => {
                let syllable = Syllable::of(*last).filter(|syllable| syllable.tail == tail)?;
                let bare = syllable.with_tail(tail::NONE);
                if tail == tail::SS { bare.unmelted().char()? } else { bare.char()? }
            }
            Start::Vowel(vowel) => Syllable::of(*last)
                .filter(|syllable| syllable.vowel == vowel && syllable.tail == tail::NONE)?
                .unmelted()
                .char()?,
        };
        let stem: Vec<char> = before.iter().copied().chain([last]).collect();
        if self.is_doubtful && (stem.len() < 2 || nouns::is_whole(word)) {
            return None;
        }
        (stem.len() >= 2 || self.len() >= 2).then_some(stem)
    }
}

/// The noun of a noun with 하다, 되다 or the like, whatever their ending. The noun has two syllables or more.
pub(super) fn light_verb_off(word: &[char]) -> Option<&[char]> {
    (2..word.len()).find_map(|at| {
        let (noun, verb) = word.split_at_checked(at)?;
        let is_verb = TABLES.light.iter().any(|light| verb.starts_with(light)) || is_light_verb(verb);
        (is_verb && !(verb.len() == 1 && nouns::is_whole(word))).then_some(noun)
    })
}

fn is_light_verb(verb: &[char]) -> bool {
    let Some((first, rest)) = verb.split_first() else { return false };
    let Some((heads, after)) = TABLES.after.iter().find(|(heads, _)| heads.contains(first)) else {
        return false;
    };
    let follows = |rest: &[char]| rest.is_empty() || after.contains(rest);
    if follows(rest) {
        return true;
    }
    heads.contains(&'하')
        && TABLES.before.iter().any(|sign| rest.strip_prefix(sign.as_slice()).is_some_and(follows))
}

/// The stem of a verb.
pub(super) fn off(word: &[char]) -> Option<Vec<char>> {
    TABLES.endings.iter().find_map(|ending| ending.off(word))
}

/// The stem of a verb that stands before a noun, by the verbs that others are compounded with (태어난, 이루어진, 돌아온) and by
/// syllables that nouns seldom end in (밝힌, 알린).
pub(super) fn adnominal_off(word: &[char]) -> Option<Vec<char>> {
    use super::jamo::vowel::{A, AE, EO, WA, WO, YEO};
    let [.., before, last] = word else { return None };
    let bare = Syllable::of(*last)?.with_tail(tail::NONE).char()?;
    if word.len() < 3 || tail_of(*last) != tail::N || nouns::is_whole(word) {
        return None;
    }
    let syllable = Syllable::of(*before)?;
    let is_linked = syllable.tail == tail::NONE && [A, AE, EO, WA, WO, YEO].contains(&syllable.vowel);
    let is_verb = ('힌' == *last || "킨친린운".contains(*last))
        || (is_linked && "난진간온낸준둔본놓선든".contains(*last));
    is_verb.then(|| word.iter().copied().take(word.len() - 1).chain([bare]).collect())
}
