//! Dates and times: RFC 3339 and a few shorter forms go in, microseconds since 1970 come out.
//!
//! The calendar is the proleptic Gregorian one; days are counted as in Howard Hinnant's "chrono-compatible low-level date algorithms".

use crate::error::{Error, Result};
use std::str::FromStr;

/// A moment, in microseconds since 1970-01-01T00:00:00Z.
///
/// Reads RFC 3339 (`2024-01-01T09:00:00.5+09:00`) and what leaves parts of it out: seconds, the time of day, the zone, which is then UTC. Between
/// day and time stands `T`, `t` or a space. Digits behind the microseconds are dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Datetime(pub i64);

impl Datetime {
    /// Seconds since 1970-01-01T00:00:00Z; exact to a microsecond for 285 years around it.
    pub(crate) fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// The moment that a text says, if it is in one of the forms.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let (day, time) = match text.split_at_checked(10)? {
            (day, "") => (day, "00:00"),
            (day, time) => (day, time.strip_prefix(['T', 't', ' '])?),
        };
        let (year, month, day) = (number(day, 0..4)?, number(day, 5..7)?, number(day, 8..10)?);
        let dashes = text.get(4..5) == Some("-") && text.get(7..8) == Some("-");
        if !dashes || !(1..=12).contains(&month) || !(1..=month_days(year, month)).contains(&day) {
            return None;
        }
        let zone_at =
            time.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(time.len());
        let (clock, zone) = time.split_at_checked(zone_at)?;
        Some(Self(days_since_1970(year, month, day) * 86_400_000_000 + clock_of(clock)? - zone_of(zone)?))
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

fn number(text: &str, digits: std::ops::Range<usize>) -> Option<i64> {
    let digits = text.get(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()))?;
    digits.parse().ok()
}

/// Hours and minutes, and perhaps seconds with a fraction, in microseconds.
fn clock_of(text: &str) -> Option<i64> {
    let (text, fraction) = match text.split_once('.') {
        Some((text, fraction)) if text.len() == 8 && !fraction.is_empty() => (text, fraction),
        Some(_) => return None,
        None => (text, "0"),
    };
    let seconds = match text.len() {
        5 => 0,
        // RFC 3339 knows second 60, a leap second.
        8 if text.get(5..6) == Some(":") => number(text, 6..8).filter(|second| *second <= 60)?,
        _ => return None,
    };
    let (hour, minute) = (number(text, 0..2)?, number(text, 3..5)?);
    if text.get(2..3) != Some(":") || hour > 23 || minute > 59 {
        return None;
    }
    let kept = fraction.len().min(6);
    let micros = number(fraction, 0..kept)? * 10i64.pow(6 - kept as u32);
    let rest_is_digits = fraction.bytes().all(|b| b.is_ascii_digit());
    rest_is_digits.then_some(((hour * 60 + minute) * 60 + seconds) * 1_000_000 + micros)
}

/// How much the clock is ahead of UTC, in microseconds.
fn zone_of(text: &str) -> Option<i64> {
    let sign = match text.bytes().next() {
        None => return Some(0),
        Some(b'Z' | b'z') => return (text.len() == 1).then_some(0),
        Some(b'+') => 1,
        Some(b'-') => -1,
        Some(_) => return None,
    };
    let minutes = match text.len() {
        3 => 0,
        5 => number(text, 3..5)?,
        6 if text.get(3..4) == Some(":") => number(text, 4..6)?,
        _ => return None,
    };
    let hours = number(text, 1..3).filter(|hours| *hours < 24 && minutes < 60)?;
    Some(sign * (hours * 60 + minutes) * 60_000_000)
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
            "2024-1-1",
            "2024-13-01",
            "2024-02-30",
            "1900-02-29",
            "2024-01-01T",
            "2024-01-01T24:00:00Z",
            "2024-01-01T00:60:00Z",
            "2024-01-01T00:00:61Z",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00.5",
            "2024-01-01T00:00:00+",
            "2024-01-01T00:00:00+9",
            "2024-01-01T00:00:00ZZ",
            "2024-01-01X00:00",
            "2024/01/01",
            " 2024-01-01",
            "２０２４-01-01",
            "2024-01-0１",
        ] {
            assert_eq!(Datetime::read(text), None, "{text}");
        }
    }
}
