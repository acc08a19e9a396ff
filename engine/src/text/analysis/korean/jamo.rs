//! Syllables of Hangul as their letters: lead, vowel, tail. The arithmetic is that of the Unicode standard, section 3.12.

const FIRST: u32 = 0xac00;
const VOWELS: u32 = 21;
const TAILS: u32 = 28;

/// The letters of a syllable, as numbers in the order of Unicode.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syllable {
    pub(super) lead: u32,
    pub(super) vowel: u32,
    pub(super) tail: u32,
}

/// ㅎ as the lead.
pub(super) const LEAD_H: u32 = 18;

/// Tails that endings begin with, and none.
pub(super) mod tail {
    pub(in super::super) const NONE: u32 = 0;
    pub(in super::super) const N: u32 = 4;
    pub(in super::super) const R: u32 = 8;
    pub(in super::super) const B: u32 = 17;
    pub(in super::super) const SS: u32 = 20;
}

/// Vowels that stems and endings melt into.
pub(super) mod vowel {
    pub(in super::super) const A: u32 = 0;
    pub(in super::super) const AE: u32 = 1;
    pub(in super::super) const EO: u32 = 4;
    pub(in super::super) const YEO: u32 = 6;
    pub(in super::super) const O: u32 = 8;
    pub(in super::super) const WA: u32 = 9;
    pub(in super::super) const WAE: u32 = 10;
    pub(in super::super) const OE: u32 = 11;
    pub(in super::super) const U: u32 = 13;
    pub(in super::super) const WO: u32 = 14;
    pub(in super::super) const I: u32 = 20;
}

impl Syllable {
    /// The letters of a character, if it is a syllable.
    pub(super) fn of(c: char) -> Option<Self> {
        let index = ('가'..='힣').contains(&c).then(|| u32::from(c) - FIRST)?;
        let rest = index / TAILS;
        Some(Self { lead: rest / VOWELS, vowel: rest % VOWELS, tail: index % TAILS })
    }

    /// The character.
    pub(super) fn char(self) -> Option<char> {
        char::from_u32(FIRST + (self.lead * VOWELS + self.vowel) * TAILS + self.tail)
    }

    pub(super) fn with_tail(self, tail: u32) -> Self {
        Self { tail, ..self }
    }

    /// The vowel of the stem before -아, -어 melted into it: 려 → 리, 와 → 오, 워 → 우, 해 → 하, 돼 → 되.
    pub(super) fn unmelted(self) -> Self {
        let vowel = match self.vowel {
            vowel::YEO => vowel::I,
            vowel::WO => vowel::U,
            vowel::WA => vowel::O,
            vowel::WAE => vowel::OE,
            vowel::AE if self.lead == LEAD_H => vowel::A,
            other => other,
        };
        Self { vowel, ..self }
    }
}

/// The tail of a character; none for what is no syllable.
pub(super) fn tail_of(c: char) -> u32 {
    Syllable::of(c).map_or(tail::NONE, |syllable| syllable.tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_and_syllables_go_both_ways() {
        for c in '가'..='힣' {
            assert_eq!(Syllable::of(c).and_then(Syllable::char), Some(c));
        }
        assert_eq!(Syllable::of('a'), None);
    }

    #[test]
    fn the_letters_are_the_ones_named() {
        let tails = [('간', tail::N), ('갈', tail::R), ('갑', tail::B), ('갔', tail::SS), ('가', tail::NONE)];
        assert!(tails.iter().all(|(c, tail)| tail_of(*c) == *tail));
        for (melted, stem) in
            [('려', '리'), ('와', '오'), ('워', '우'), ('해', '하'), ('돼', '되'), ('가', '가'), ('내', '내')]
        {
            assert_eq!(Syllable::of(melted).and_then(|s| s.unmelted().char()), Some(stem));
        }
    }
}
