//! Instants: UTC, whole microseconds, RFC 3339 on the wire, `BIGINT` in both databases.

use std::fmt;
use std::ops::{Add, Sub};
use std::str::FromStr;
use std::time::Duration;

/// An instant in microseconds since 1970-01-01T00:00:00Z, from year 1 to year 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(i64);

/// Why a text is not an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected an RFC 3339 instant between the years 1 and 9999, such as 2026-11-21T19:30:00Z")]
pub struct TimestampError;

impl Timestamp {
    pub const MIN: Timestamp = Timestamp(-62_135_596_800_000_000);
    /// The last instant every UTC offset can still show as a civil time.
    pub const MAX: Timestamp = Timestamp(253_402_207_200_000_000);

    /// Clamped to [`Timestamp::MIN`] and [`Timestamp::MAX`], so arithmetic never overflows.
    pub const fn from_micros(micros: i64) -> Self {
        if micros < Self::MIN.0 {
            Self::MIN
        } else if micros > Self::MAX.0 {
            Self::MAX
        } else {
            Self(micros)
        }
    }

    pub const fn micros(self) -> i64 {
        self.0
    }

    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// How long from `earlier` to here; zero when `earlier` is later.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_micros(self.0.saturating_sub(earlier.0).max(0) as u64)
    }

    /// As it stands on the wire: RFC 3339 in UTC, with as many digits of the second as it takes. By hand, because
    /// every answer has some of them, and the calendar's library takes several times as long.
    pub fn text(self) -> TimeText {
        let (days, in_day) = (self.0.div_euclid(DAY_MICROS), self.0.rem_euclid(DAY_MICROS));
        let (year, month, day) = date(days);
        let (seconds, mut fraction) = (in_day / 1_000_000, in_day % 1_000_000);
        let mut text = *b"0000-00-00T00:00:00.000000Z";
        let mut put = |places: std::ops::Range<usize>, mut number: i64| {
            for place in text[places].iter_mut().rev() {
                *place = b'0' + (number % 10) as u8;
                number /= 10;
            }
        };
        put(0..4, year);
        put(5..7, month);
        put(8..10, day);
        put(11..13, seconds / 3_600);
        put(14..16, seconds / 60 % 60);
        put(17..19, seconds % 60);
        put(20..26, fraction);
        let mut length = text.len() - 1;
        while length > 20 && fraction % 10 == 0 {
            (length, fraction) = (length - 1, fraction / 10);
        }
        // Without any digit the point goes, too.
        length -= usize::from(length == 20);
        text[length] = b'Z';
        TimeText { text, length: length + 1 }
    }
}

/// The text of an instant.
#[derive(Debug, Clone, Copy)]
pub struct TimeText {
    text: [u8; 27],
    length: usize,
}

impl TimeText {
    pub fn as_bytes(&self) -> &[u8] {
        &self.text[..self.length]
    }
}

const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// Year, month and day by the days since 1970-01-01. Source: Howard Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms", `civil_from_days`, for what lies after the year 0.
fn date(days: i64) -> (i64, i64, i64) {
    // From 0000-03-01, so that the leap day is the last of its year.
    let days = days + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    (era * 400 + year_of_era + i64::from(month <= 2), month, day)
}

impl Add<Duration> for Timestamp {
    type Output = Timestamp;
    fn add(self, span: Duration) -> Timestamp {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.0.saturating_add(micros))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Timestamp;
    fn sub(self, span: Duration) -> Timestamp {
        let micros = i64::try_from(span.as_micros()).unwrap_or(i64::MAX);
        Timestamp::from_micros(self.0.saturating_sub(micros))
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(at: jiff::Timestamp) -> Self {
        Timestamp::from_micros(at.as_microsecond())
    }
}

impl From<Timestamp> for jiff::Timestamp {
    fn from(at: Timestamp) -> Self {
        jiff::Timestamp::from_microsecond(at.0).expect("the range is inside jiff's")
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(std::str::from_utf8(self.text().as_bytes()).expect("digits are ASCII"))
    }
}

impl FromStr for Timestamp {
    type Err = TimestampError;
    fn from_str(text: &str) -> Result<Self, TimestampError> {
        // RFC 3339 only: jiff also reads the bracketed zone suffix of RFC 9557.
        if text.len() > 40 || text.contains('[') {
            return Err(TimestampError);
        }
        let at: jiff::Timestamp = text.parse().map_err(|_| TimestampError)?;
        let micros = at.as_microsecond();
        if (Self::MIN.0..=Self::MAX.0).contains(&micros) { Ok(Self(micros)) } else { Err(TimestampError) }
    }
}

impl serde::Serialize for Timestamp {
    fn serialize<S: serde::Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        out.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Timestamp {
    fn deserialize<D: serde::Deserializer<'de>>(input: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(input)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_micros_agree_and_offsets_become_utc() {
        let at: Timestamp = "2026-11-21T20:30:00.25+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-21T19:30:00.25Z");
        assert_eq!(at.micros(), 1_795_289_400_250_000);
    }

    #[test]
    fn the_text_is_what_the_library_writes() {
        let entropy = crate::Entropy::seeded(1);
        let span = (Timestamp::MAX.0 - Timestamp::MIN.0) as u64;
        let day = |year, month, day| jiff::civil::date(year, month, day).to_zoned(jiff::tz::TimeZone::UTC).unwrap();
        let edges = [(1, 1, 1), (4, 2, 29), (1900, 3, 1), (1970, 1, 1), (2000, 2, 29), (2000, 12, 31), (9999, 12, 30)];
        let edges = edges.into_iter().flat_map(|(y, m, d)| {
            let start = day(y, m, d).timestamp().as_microsecond();
            [0, 1, -1, 10, 999_999, 86_399_999_999, 100_000, 1_000_000].map(|more| start + more)
        });
        let random = (0..20_000).map(|_| Timestamp::MIN.0 + entropy.below(span) as i64);
        let whole = (0..2_000).map(|_| (Timestamp::MIN.0 + entropy.below(span) as i64) / 100_000 * 100_000);
        for micros in edges.chain(random).chain(whole) {
            let at = Timestamp::from_micros(micros);
            assert_eq!(at.to_string(), jiff::Timestamp::from(at).to_string(), "{micros}");
        }
    }

    #[test]
    fn the_ends_of_the_range_hold_under_arithmetic() {
        assert_eq!(Timestamp::MAX + Duration::from_secs(u64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Duration::from_secs(1), Timestamp::MIN);
        assert_eq!(Timestamp::MAX.to_string().parse(), Ok(Timestamp::MAX));
        for wrong in [
            "",
            "today",
            "2026-11-21",
            "2026-11-21T19:30:00",
            "2026-13-01T00:00:00Z",
            "2026-11-21T19:30:00+01:00[Europe/Berlin]",
        ] {
            assert_eq!(wrong.parse::<Timestamp>(), Err(TimestampError), "{wrong}");
        }
    }
}
