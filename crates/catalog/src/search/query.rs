use jiff::civil;
use stagedoor_core::{FieldError, Timestamp, VenueId};

use super::{fold_key, words_of};
use crate::cursor::Paging;
use crate::event::EventType;
use crate::venue::day_number;

/// Longest text that is searched for.
const TEXT_CHARS_MAX: usize = 200;
/// Words of it that count; each costs a scan of the vocabulary.
const QUERY_WORDS_MAX: usize = 8;

/// What a fan is looking for. Everything given must fit; nothing given is every event.
#[derive(Debug, Clone, PartialEq)]
pub struct EventQuery {
    /// All of its words must occur in the names of the event, its performers, its venue or its
    /// city: whole, in part, or with a typo or two. It has no operators or wildcards.
    pub text: Option<String>,
    /// The whole name of a city, in any case, with or without diacritics.
    pub city: Option<String>,
    pub kind: Option<EventType>,
    pub venue: Option<VenueId>,
    /// Both ends belong to the range.
    pub from: Option<DateBound>,
    pub to: Option<DateBound>,
    pub sort: Sort,
    pub page: Paging,
}

/// An instant, or a day by the calendar of each event's venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DateBound {
    At(Timestamp),
    Day(civil::Date),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Sort {
    #[default]
    Date,
    /// Best match first, then by date; the same as by date when there is no text.
    Relevance,
}

impl EventQuery {
    /// Every published event by date.
    pub fn all(page: Paging) -> Self {
        Self { text: None, city: None, kind: None, venue: None, from: None, to: None, sort: Sort::Date, page }
    }
}

impl DateBound {
    /// `2026-11-21` is a day, `2026-11-21T20:30:00+01:00` an instant.
    pub fn parse(field: &'static str, text: &str) -> Result<DateBound, FieldError> {
        let wrong = || FieldError::new(field, "must be a day such as 2026-11-21 or an RFC 3339 instant");
        if text.len() == 10 {
            let well_formed = text.bytes().enumerate().all(|(at, byte)| match at {
                4 | 7 => byte == b'-',
                _ => byte.is_ascii_digit(),
            });
            let day: civil::Date = well_formed.then(|| text.parse().ok()).flatten().ok_or_else(wrong)?;
            return if day.year() >= 1 { Ok(DateBound::Day(day)) } else { Err(wrong()) };
        }
        text.parse().map(DateBound::At).map_err(|_| wrong())
    }
}

/// A query as the index runs it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// Folded; `Some` and empty when the text has no letters or digits, which matches nothing.
    pub words: Option<Vec<String>>,
    pub city: Option<String>,
    pub kind: Option<EventType>,
    pub venue: Option<VenueId>,
    pub from: Range,
    pub to: Range,
    pub sort: Sort,
}

/// One end of the dates: `micros` bounds the instant (loosely, when a day is meant), `day` the
/// day at the venue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub micros: i64,
    pub day: i32,
}

impl Plan {
    pub fn new(query: &EventQuery) -> Result<Plan, FieldError> {
        let text = query.text.as_deref().map(str::trim).filter(|text| !text.is_empty());
        for (field, given) in [("q", text), ("city", query.city.as_deref())] {
            if given.is_some_and(|text| text.chars().count() > TEXT_CHARS_MAX) {
                return Err(FieldError::new(field, format!("must be at most {TEXT_CHARS_MAX} characters")));
            }
        }
        let words = text.map(|text| {
            let mut words = words_of(text);
            words.truncate(QUERY_WORDS_MAX);
            words
        });
        let sort = if words.is_some() { query.sort } else { Sort::Date };
        Ok(Plan {
            words,
            city: query.city.as_deref().map(fold_key),
            kind: query.kind,
            venue: query.venue,
            from: query.from.map_or(Range { micros: i64::MIN, day: i32::MIN }, |bound| Range::of(bound, -1)),
            to: query.to.map_or(Range { micros: i64::MAX, day: i32::MAX }, |bound| Range::of(bound, 1)),
            sort,
        })
    }

    /// What a cursor is bound to: the same filters in the same order of results.
    pub fn scope(&self) -> String {
        format!("search {self:?}")
    }
}

impl Range {
    /// `side` is -1 for the first day and 1 for the last. No place's clock is a whole day away
    /// from UTC, so an instant more than two days from a day's midnight is not in that day.
    fn of(bound: DateBound, side: i64) -> Range {
        const DAY_MICROS: i64 = 24 * 60 * 60 * 1_000_000;
        match (bound, side) {
            (DateBound::At(at), -1) => Range { micros: at.micros(), day: i32::MIN },
            (DateBound::At(at), _) => Range { micros: at.micros(), day: i32::MAX },
            (DateBound::Day(date), _) => {
                let day = day_number(date);
                Range { micros: (i64::from(day) + 2 * side) * DAY_MICROS, day }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_or_instants() {
        assert_eq!(DateBound::parse("from", "2026-11-21"), Ok(DateBound::Day(civil::date(2026, 11, 21))));
        let instant = DateBound::parse("from", "2026-11-21T20:30:00+01:00");
        assert_eq!(instant, Ok(DateBound::At("2026-11-21T19:30:00Z".parse().unwrap())));
        for wrong in [
            "",
            "2026",
            "2026-13-01",
            "2026-02-30",
            "21.11.2026",
            "0000-01-01",
            "+2026-1-01",
            "2026-11-21T20:30",
            "now",
        ] {
            assert_eq!(DateBound::parse("from", wrong).unwrap_err().field, "from", "{wrong}");
        }
        for edge in ["0001-01-01", "9999-12-31"] {
            let page = Paging::new(None, None).unwrap();
            let query = EventQuery { from: Some(DateBound::parse("from", edge).unwrap()), ..EventQuery::all(page) };
            assert!(Plan::new(&query).is_ok());
        }
    }

    #[test]
    fn a_text_of_signs_only_is_not_the_same_as_no_text() {
        let plan = |text: &str| {
            let page = Paging::new(None, None).unwrap();
            Plan::new(&EventQuery { text: Some(text.into()), ..EventQuery::all(page) })
        };
        assert_eq!(plan("  ").unwrap().words, None);
        assert_eq!(plan("%%").unwrap().words, Some(vec![]));
        assert_eq!(plan(&"%".repeat(10_000)).unwrap_err().field, "q");
    }
}
