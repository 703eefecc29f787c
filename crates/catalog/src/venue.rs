//! Places where events happen, and the local time there.

use jiff::civil;
use jiff::tz::{AmbiguousOffset, TimeZone};
use stagedoor_core::{FieldError, Name, OrganizerId, PerformerId, Timestamp, VenueId};

/// A place with its own clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Venue {
    pub id: VenueId,
    pub organizer: OrganizerId,
    pub details: VenueDetails,
    /// Counted from 1; goes up by one with every change.
    pub version: u32,
    pub created_at: Timestamp,
}

/// What an organizer says about a venue.
#[derive(Debug, Clone, PartialEq)]
pub struct VenueDetails {
    pub name: Name,
    pub city: Name,
    pub country: Country,
    pub address: Option<Name>,
    pub time_zone: Zone,
    pub position: Option<Position>,
}

/// Someone on stage. Performers belong to an organizer and have unique names there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Performer {
    pub id: PerformerId,
    pub organizer: OrganizerId,
    pub name: Name,
}

/// A country by its two letters. Source: ISO 3166-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Country([u8; 2]);

impl Country {
    pub fn parse(field: &'static str, text: &str) -> Result<Country, FieldError> {
        match text.as_bytes() {
            [a, b] if a.is_ascii_alphabetic() && b.is_ascii_alphabetic() => {
                Ok(Country([a.to_ascii_uppercase(), b.to_ascii_uppercase()]))
            }
            _ => Err(FieldError::new(field, "must be the two letters of a country, such as DE")),
        }
    }

    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("two ASCII letters")
    }
}

/// Degrees north and east. Source: WGS 84.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    pub latitude: f64,
    pub longitude: f64,
}

impl Position {
    pub fn parse(latitude: f64, longitude: f64) -> Result<Position, FieldError> {
        if latitude.is_nan() || latitude.abs() > 90.0 {
            return Err(FieldError::new("latitude", "must be -90 to 90 degrees"));
        }
        if longitude.is_nan() || longitude.abs() > 180.0 {
            return Err(FieldError::new("longitude", "must be -180 to 180 degrees"));
        }
        Ok(Position { latitude, longitude })
    }
}

/// An IANA time zone, such as `Europe/Berlin`.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(TimeZone);

impl Zone {
    /// Names of the IANA database only: no abbreviations, no offsets, no POSIX rules.
    pub fn parse(field: &'static str, name: &str) -> Result<Zone, FieldError> {
        let wrong = || FieldError::new(field, "must be a time zone of the IANA database, such as Europe/Berlin");
        let machine_only = name.starts_with("posix/") || name.starts_with("right/");
        let known = name.len() <= 64 && !machine_only && (name.contains('/') || name == "UTC");
        let zone = known.then(|| TimeZone::get(name).ok()).flatten().ok_or_else(wrong)?;
        if zone.iana_name().is_some() { Ok(Zone(zone)) } else { Err(wrong()) }
    }

    pub fn name(&self) -> &str {
        self.0.iana_name().expect("parse keeps named zones only")
    }

    /// What the clock on the venue's wall shows at `at`.
    pub fn local(&self, at: Timestamp) -> civil::DateTime {
        self.0.to_datetime(jiff::Timestamp::from(at))
    }

    /// The same with its offset; prints as `2026-11-21T20:30:00+01:00`. Source: RFC 3339.
    pub fn local_with_offset(&self, at: Timestamp) -> impl std::fmt::Display {
        let at = jiff::Timestamp::from(at);
        at.display_with_offset(self.0.to_offset(at))
    }

    /// The instant at which the wall clock shows `local`. Clocks that are turned back show some
    /// times twice: the first one is meant. Clocks turned forward skip some: those are refused.
    pub fn instant(&self, field: &'static str, local: civil::DateTime) -> Result<Timestamp, FieldError> {
        let ambiguous = self.0.to_ambiguous_timestamp(local);
        if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
            let reason = format!("the clocks in {} skip {local}", self.name());
            return Err(FieldError::new(field, reason));
        }
        let at = ambiguous.earlier().map_err(|_| FieldError::new(field, "is outside the years 1 to 9999"))?;
        Ok(Timestamp::from(at))
    }
}

/// A whole day, counted from 1970-01-01, as the venue's calendar shows it.
pub(crate) fn day_number(date: civil::Date) -> i32 {
    let epoch = civil::date(1970, 1, 1);
    (date - epoch).get_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_zone_is_one_of_the_iana_database() {
        assert_eq!(Zone::parse("timeZone", "Europe/Berlin").unwrap().name(), "Europe/Berlin");
        assert_eq!(Zone::parse("timeZone", "UTC").unwrap().name(), "UTC");
        for wrong in
            ["", "CET-1CEST", "+01:00", "Europe/Atlantis", "../../etc/passwd", "EST5EDT4,M3.2.0,M11.1.0", "Mars"]
        {
            assert_eq!(Zone::parse("timeZone", wrong).unwrap_err().field, "timeZone", "{wrong}");
        }
    }

    #[test]
    fn local_times_survive_clock_changes() {
        let berlin = Zone::parse("z", "Europe/Berlin").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        // 2026-03-29: 02:00 becomes 03:00; 2026-10-25: 03:00 becomes 02:00.
        assert_eq!(berlin.instant("t", civil::datetime(2026, 3, 29, 1, 59, 0, 0)), Ok(at("2026-03-29T00:59:00Z")));
        assert!(berlin.instant("t", civil::datetime(2026, 3, 29, 2, 30, 0, 0)).is_err());
        assert_eq!(berlin.instant("t", civil::datetime(2026, 3, 29, 3, 0, 0, 0)), Ok(at("2026-03-29T01:00:00Z")));
        assert_eq!(berlin.instant("t", civil::datetime(2026, 10, 25, 2, 30, 0, 0)), Ok(at("2026-10-25T00:30:00Z")));
        assert_eq!(berlin.local(at("2026-10-25T01:30:00Z")), civil::datetime(2026, 10, 25, 2, 30, 0, 0));
        // Samoa went from the 29th to the 31st over the date line.
        let apia = Zone::parse("z", "Pacific/Apia").unwrap();
        assert!(apia.instant("t", civil::datetime(2011, 12, 30, 12, 0, 0, 0)).is_err());
    }

    #[test]
    fn every_zone_gives_back_the_instant_of_a_local_time() {
        for name in jiff::tz::db().available() {
            let Ok(zone) = Zone::parse("z", name.as_str()) else { continue };
            // Around every change of its clock in the coming years, ten minutes at a time.
            let from: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
            for change in zone.0.following(from).take(6) {
                for step in -18..=18 {
                    let seconds = change.timestamp().as_second() + step * 600;
                    let at = Timestamp::from_micros(seconds * 1_000_000);
                    let back = zone.instant("t", zone.local(at)).unwrap();
                    // A time that the clock shows twice means the first instant.
                    assert!(back == at || (back < at && zone.local(back) == zone.local(at)), "{name:?} at {at}");
                }
            }
        }
    }

    #[test]
    fn countries_have_two_letters_and_positions_are_on_earth() {
        assert_eq!(Country::parse("country", "de").unwrap().as_str(), "DE");
        assert!(["", "D", "DEU", "1A", "é"].iter().all(|wrong| Country::parse("country", wrong).is_err()));
        assert!(Position::parse(90.0, -180.0).is_ok());
        assert!(Position::parse(90.1, 0.0).is_err() && Position::parse(0.0, f64::NAN).is_err());
    }
}
