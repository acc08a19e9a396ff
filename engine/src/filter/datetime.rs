//! Dates and times: RFC 3339 and a few shorter forms go in, microseconds since 1970 come out.
//!
//! The calendar is the proleptic Gregorian one; days are counted as in Howard Hinnant's "chrono-compatible low-level date algorithms".

use crate::error::{Error, Result};
use std::str::FromStr;

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
///
/// Reads RFC 3339 (`2024-01-01T09:00:00.5+09:00`) and what leaves parts of it out: seconds, the time of day, the zone, which is then UTC. Between day and
/// time stands `T`, `t` or a space. Digits behind the microseconds are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Datetime(pub i64);

impl Datetime {
    /// Seconds since 1970-01-01T00:00:00Z; exact to a microsecond for 285 years around it.
    pub(crate) fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The moment that a text says, if it is in one of the forms.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let mut rest = text.as_bytes();
        let year = digits(&mut rest, 4)?;
        byte(&mut rest, b'-')?;
        let month = digits(&mut rest, 2).filter(|month| (1..=12).contains(month))?;
        byte(&mut rest, b'-')?;
        let day = digits(&mut rest, 2).filter(|day| (1..=month_days(year, month)).contains(day))?;
        let mut micros = days_since_1970(year, month, day) * 86_400_000_000;
        if rest.is_empty() {
            return Some(Self(micros));
        }
        let (_, after) = rest.split_first().filter(|(first, _)| matches!(first, b'T' | b't' | b' '))?;
        rest = after;
        micros += clock(&mut rest)? - zone(&mut rest)?;
        rest.is_empty().then_some(Self(micros))
    }
}

impl FromStr for Datetime {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let shown = || text.chars().take(64).collect::<String>();
        let expected = "a date as 2024-01-31, or with a time as 2024-01-31T09:00:00+09:00";
        Self::read(text).ok_or_else(|| Error::invalid("datetime", expected, format!("{:?}", shown())))
    }
}

/// Hours and minutes, and perhaps seconds with a fraction, in microseconds.
fn clock(rest: &mut &[u8]) -> Option<i64> {
    let hour = digits(rest, 2).filter(|hour| *hour < 24)?;
    byte(rest, b':')?;
    let minute = digits(rest, 2).filter(|minute| *minute < 60)?;
    let mut micros = (hour * 60 + minute) * 60_000_000;
    if byte(rest, b':').is_none() {
        return Some(micros);
    }
    // RFC 3339 knows second 60, a leap second.
    micros += digits(rest, 2).filter(|second| *second <= 60)? * 1_000_000;
    if byte(rest, b'.').is_some() {
        let count = rest.iter().take_while(|digit| digit.is_ascii_digit()).count();
        let (fraction, after) = rest.split_at_checked(count).filter(|_| count > 0)?;
        let value = fraction.iter().take(6).fold(0, |value, digit| value * 10 + i64::from(digit - b'0'));
        micros += value * 10i64.pow(6 - fraction.len().min(6) as u32);
        *rest = after;
    }
    Some(micros)
}

/// How much the clock is ahead of UTC, in microseconds.
fn zone(rest: &mut &[u8]) -> Option<i64> {
    let Some((sign, after)) = rest.split_first() else { return Some(0) };
    *rest = after;
    let sign = match sign {
        b'Z' | b'z' => return Some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let hours = digits(rest, 2).filter(|hours| *hours < 24)?;
    let colon = byte(rest, b':').is_some();
    let minutes = if rest.is_empty() && !colon { 0 } else { digits(rest, 2).filter(|m| *m < 60)? };
    Some(sign * (hours * 60 + minutes) * 60_000_000)
}

fn digits(rest: &mut &[u8], count: usize) -> Option<i64> {
    let (digits, after) = rest.split_at_checked(count)?;
    *rest = after;
    digits
        .iter()
        .try_fold(0, |value, digit| digit.is_ascii_digit().then(|| value * 10 + i64::from(digit - b'0')))
}

fn byte(rest: &mut &[u8], wanted: u8) -> Option<()> {
    let (_, after) = rest.split_first().filter(|(first, _)| **first == wanted)?;
    *rest = after;
    Some(())
}

fn month_days(year: i64, month: i64) -> i64 {
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    match month {
        2 => 28 + i64::from(leap),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years begin in March: then the leap day comes last.
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// A range of dates and times, each in a form that [`Datetime`] reads; bounds that are not given do not restrict.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DatetimeRange {
    /// Before.
    pub lt: Option<String>,
    /// After.
    pub gt: Option<String>,
    /// Not before.
    pub gte: Option<String>,
    /// Not after.
    pub lte: Option<String>,
}

impl DatetimeRange {
    /// Any date.
    pub fn new() -> Self {
        Self::default()
    }

    /// Before this.
    pub fn lt(mut self, bound: impl Into<String>) -> Self {
        self.lt = Some(bound.into());
        self
    }

    /// After this.
    pub fn gt(mut self, bound: impl Into<String>) -> Self {
        self.gt = Some(bound.into());
        self
    }

    /// At this or after.
    pub fn gte(mut self, bound: impl Into<String>) -> Self {
        self.gte = Some(bound.into());
        self
    }

    /// At this or before.
    pub fn lte(mut self, bound: impl Into<String>) -> Self {
        self.lte = Some(bound.into());
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form() {
        let day = 1_704_067_200_000_000;
        for (text, micros) in [
            ("1970-01-01", 0),
            ("2024-01-01", day),
            ("2024-01-01T00:00:00Z", day),
            ("2024-01-01t00:00:00z", day),
            ("2024-01-01 00:00", day),
            ("2024-01-01T00:00:00", day),
            ("2024-01-01T09:00:00+09:00", day),
            ("2024-01-01T09:00:00+0900", day),
            ("2024-01-01 09:00:00+09", day),
            ("2023-12-31T16:30:00-07:30", day),
            ("2024-01-01T00:00:00.5Z", day + 500_000),
            ("2024-01-01T00:00:00.123456789", day + 123_456),
            ("2023-12-31T23:59:60Z", day),
            ("2000-02-29", 951_782_400_000_000),
            ("1969-12-31T23:59:59.999999Z", -1),
            ("0000-01-01", -62_167_219_200_000_000),
            ("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999),
        ] {
            assert_eq!(Datetime::read(text), Some(Datetime(micros)), "{text}");
        }
    }

    #[test]
    fn what_is_no_date() {
        for text in [
            "",
            "2024",
            "2024-01",
            "2024-1-1",
            "2024-13-01",
            "2024-00-10",
            "2024-02-30",
            "2023-02-29",
            "1900-02-29",
            "2024-01-01T",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:61Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00:00+",
            "2024-01-01T00:00:00+9",
            "2024-01-01T00:00:00+09:",
            "2024-01-01T00:00:00ZZ",
            "2024-01-01X00:00",
            " 2024-01-01",
            "2024-01-01 ",
            "+024-01-01",
            "20240101",
            "２０２４-01-01",
        ] {
            assert_eq!(Datetime::read(text), None, "{text}");
        }
    }
}
