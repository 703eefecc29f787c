//! One performance at one time: what it is, when it is sold, and what may happen to it.

use std::time::Duration;

use jiff::civil;
use serde::{Deserialize, Serialize};
use stagedoor_core::limits::{HOLD_TTL, HOLD_TTL_RANGE, REFUND_WINDOW, SEATS_PER_HOLD_MAX};
use stagedoor_core::{
    Currency, EventId, FieldError, Money, Name, OrganizerId, PerformerId, SeatMapId, Timestamp, VenueId,
};

use crate::offer::{self, AccessibleRelease, OrphanPolicy, PriceLevel, SaleKind, SaleWindow, TicketType};
use crate::seat_map::SeatMapVersion;
use crate::venue::Zone;

/// Performers of one event; festivals are split into days.
pub const PERFORMERS_PER_EVENT_MAX: usize = 100;
/// The earliest an organizer may close refunds: a year before the start.
pub const REFUND_WINDOW_MAX: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// Longest event; runs of several performances are several events of one series.
pub const DURATION_MAX: Duration = Duration::from_secs(31 * 24 * 60 * 60);

/// Tickets admit this long before the doors open, or before the start where no doors are known:
/// crews open early. Short of half a day, so that no night's door takes another night's tickets.
pub const ADMITS_BEFORE: Duration = Duration::from_secs(2 * 60 * 60);
/// And this long after the end.
pub const ADMITS_AFTER: Duration = Duration::from_secs(2 * 60 * 60);
/// How long after its start an event without a known end admits.
pub const ADMITS_WITHOUT_END: Duration = Duration::from_secs(12 * 60 * 60);

/// Several time slots of one production are several events with the same `series`.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    pub id: EventId,
    pub organizer: OrganizerId,
    pub venue: VenueId,
    /// The map version whose places are sold; needed before the event goes on sale.
    pub seat_map: Option<SeatMapId>,
    /// The first event of the series this one belongs to.
    pub series: Option<EventId>,
    #[serde(flatten)]
    pub details: EventDetails,
    pub state: EventState,
    /// When the public could first see it; drafts have none.
    pub published_at: Option<Timestamp>,
    /// When it last got another start after the public had seen one.
    pub moved_at: Option<Timestamp>,
    /// Seats and general-admission places together.
    pub capacity: u32,
    /// Counted from 1; goes up by one with every change.
    pub version: u32,
    pub created_at: Timestamp,
}

/// What the organizer decides about an event.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct EventDetails {
    pub name: Name,
    pub kind: EventType,
    /// In the order of the bill.
    pub performers: Vec<PerformerId>,
    pub starts_at: Timestamp,
    pub ends_at: Option<Timestamp>,
    pub doors_at: Option<Timestamp>,
    /// Every price of the event is in it.
    pub currency: Currency,
    pub price_levels: Vec<PriceLevel>,
    pub ticket_types: Vec<TicketType>,
    /// None means: from publishing until the start.
    pub sale_windows: Vec<SaleWindow>,
    pub hold_ttl: Duration,
    /// 1 to 10. Source: document 004, 5.1.
    pub seats_per_hold_max: u32,
    /// Tickets one fan may own; `None` is without limit.
    pub tickets_per_fan_max: Option<u32>,
    pub orphan_policy: OrphanPolicy,
    pub accessible_release: AccessibleRelease,
    /// Refunds end this long before the start.
    pub refund_window: Duration,
    pub barcodes: Barcodes,
}

/// Which barcodes of a ticket an event takes at its doors.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Barcodes {
    /// The live one of a phone, and the one on paper.
    #[default]
    Any,
    /// The live one alone: neither paper nor an old picture gets in.
    Live,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventType {
    Concert,
    Sport,
    Theatre,
    Comedy,
    Festival,
    Family,
    Other,
}

/// Where an event is in its life, as its organizer steers it. What the public sees follows from
/// it and the clock: [`Event::status_at`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// Only its organizer sees it.
    Draft,
    /// Everyone sees it; its tickets are not sold here (yet).
    Announced,
    /// Sold whenever a sale window is open.
    Published,
    /// Taken off sale by its organizer.
    OffSale,
    /// Will not happen when it says; no new date yet.
    Postponed,
    /// Has a new date; sold again once it is published again.
    Rescheduled,
    Cancelled,
}

/// What the public is told. Source: STYLE "Names".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventStatus {
    Scheduled,
    Presale,
    OnSale,
    OffSale,
    Postponed,
    Rescheduled,
    Cancelled,
}

/// What an organizer does to an event besides changing its details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transition {
    /// Show it to the public and sell it in its sale windows.
    Publish,
    TakeOffSale,
    Postpone,
    Cancel,
}

impl EventDetails {
    /// Details with the defaults of document 004: holds of 5 minutes and up to 10 seats, refunds
    /// until 24 hours before the start, one "standard" ticket type, no levels yet.
    pub fn new(name: Name, kind: EventType, starts_at: Timestamp, currency: Currency) -> Self {
        Self {
            name,
            kind,
            performers: Vec::new(),
            starts_at,
            ends_at: None,
            doors_at: None,
            currency,
            price_levels: Vec::new(),
            ticket_types: vec![TicketType::standard()],
            sale_windows: Vec::new(),
            hold_ttl: HOLD_TTL,
            seats_per_hold_max: SEATS_PER_HOLD_MAX as u32,
            tickets_per_fan_max: None,
            orphan_policy: OrphanPolicy::default(),
            accessible_release: AccessibleRelease::default(),
            refund_window: REFUND_WINDOW,
            barcodes: Barcodes::default(),
        }
    }

    /// Checks every rule that needs nothing but the details themselves.
    pub fn check(&self) -> Result<(), FieldError> {
        let wrong = |field: &'static str, reason: String| Err(FieldError::new(field, reason));
        if self.ends_at.is_some_and(|ends| ends <= self.starts_at || ends > self.starts_at + DURATION_MAX) {
            return wrong("endsAt", "must be after the start, by 31 days at most".into());
        }
        if self.doors_at.is_some_and(|doors| doors > self.starts_at || doors + DURATION_MAX < self.starts_at) {
            return wrong("doorsAt", "must not be after the start, nor 31 days before it".into());
        }
        if self.performers.len() > PERFORMERS_PER_EVENT_MAX {
            return wrong("performers", format!("must be at most {PERFORMERS_PER_EVENT_MAX}"));
        }
        if (1..self.performers.len()).any(|at| self.performers[..at].contains(&self.performers[at])) {
            return wrong("performers", "must not name a performer twice".into());
        }
        offer::check_levels(&self.price_levels, self.currency)?;
        offer::check_types(&self.ticket_types, &self.price_levels)?;
        offer::check_windows(&self.sale_windows, self.starts_at)?;
        if !(HOLD_TTL_RANGE.0..=HOLD_TTL_RANGE.1).contains(&self.hold_ttl) {
            let (least, most) = (HOLD_TTL_RANGE.0.as_secs(), HOLD_TTL_RANGE.1.as_secs());
            return wrong("holdSeconds", format!("must be {least} to {most}"));
        }
        if !(1..=SEATS_PER_HOLD_MAX as u32).contains(&self.seats_per_hold_max) {
            return wrong("seatsPerHoldMax", format!("must be 1 to {SEATS_PER_HOLD_MAX}"));
        }
        if self.tickets_per_fan_max.is_some_and(|max| max == 0 || max > 1_000_000) {
            return wrong("ticketsPerFanMax", "must be 1 to 1000000".into());
        }
        if self.refund_window > REFUND_WINDOW_MAX {
            return wrong("refundWindowSeconds", format!("must be at most {}", REFUND_WINDOW_MAX.as_secs()));
        }
        Ok(())
    }

    /// Checks that every level of `map` that has places has a price.
    pub fn check_prices(&self, map: &SeatMapVersion) -> Result<(), FieldError> {
        match map.levels.keys().find(|key| self.price_level(key).is_none()) {
            Some(key) => Err(FieldError::new("priceLevels", format!("the seat map's level {key:?} has no price"))),
            None => Ok(()),
        }
    }

    pub fn price_level(&self, key: &str) -> Option<&PriceLevel> {
        self.price_levels.iter().find(|level| level.key == key)
    }

    /// What a ticket of type `ticket_type` costs in `level` (both by key); nothing when the
    /// event has no such type or level.
    pub fn price(&self, level: &str, ticket_type: &str) -> Option<Money> {
        let kind = self.ticket_types.iter().find(|kind| kind.key == ticket_type)?;
        Some(kind.price(self.price_level(level)?))
    }

    /// The start as the clock at the venue shows it; prints as `2026-11-21T20:30:00`.
    pub fn local_start(&self, zone: &Zone) -> civil::DateTime {
        zone.local(self.starts_at)
    }
}

impl Barcodes {
    pub const fn text(self) -> &'static str {
        match self {
            Barcodes::Any => "any",
            Barcodes::Live => "live",
        }
    }

    pub fn from_text(text: &str) -> Option<Self> {
        [Self::Any, Self::Live].into_iter().find(|barcodes| barcodes.text() == text)
    }
}

impl Event {
    pub fn status_at(&self, now: Timestamp) -> EventStatus {
        status_at(self.state, &self.details.sale_windows, self.details.starts_at, now)
    }

    /// The next instant after `now` at which [`Event::status_at`] may give another answer.
    pub fn next_status_change(&self, now: Timestamp) -> Option<Timestamp> {
        let starts_at = self.details.starts_at;
        let windows = self.details.sale_windows.iter();
        let edges = windows.flat_map(|window| [window.opens_at, window.closes_at.unwrap_or(starts_at)]);
        let sold = matches!(self.state, EventState::Published | EventState::Announced);
        edges.chain([starts_at]).filter(|edge| sold && *edge > now).min()
    }

    /// Levels keep the ids they had in `known`, by key.
    pub(crate) fn keep_level_ids(&mut self, known: &Event) {
        for level in &mut self.details.price_levels {
            if let Some(known) = known.details.price_level(&level.key) {
                level.id = known.id;
            }
        }
    }

    /// From when until when its tickets admit: see [`ADMITS_BEFORE`] and the constants after it.
    pub fn admits(&self) -> (Timestamp, Timestamp) {
        let details = &self.details;
        let opens = details.doors_at.unwrap_or(details.starts_at) - ADMITS_BEFORE;
        let closes = details.ends_at.map_or(details.starts_at + ADMITS_WITHOUT_END, |ends| ends + ADMITS_AFTER);
        (opens, closes)
    }

    /// Until when tickets can be given back.
    pub fn refunds_until(&self) -> Timestamp {
        self.details.starts_at - self.details.refund_window
    }

    /// Until when tickets bought at `bought_at` can be given back; `None` is without end. Who
    /// bought for another time than the event is at may think again until it starts.
    pub fn refunds_until_for(&self, bought_at: Timestamp) -> Option<Timestamp> {
        match self.state {
            EventState::Cancelled | EventState::Postponed | EventState::Rescheduled => None,
            _ if self.moved_at.is_some_and(|moved_at| bought_at <= moved_at) => Some(self.details.starts_at),
            _ => Some(self.refunds_until()),
        }
    }
}

impl EventState {
    /// The state after `transition`; `None` when it is not allowed from here. Doing again what
    /// was done is allowed and changes nothing, so that a retry succeeds.
    pub fn after(self, transition: Transition) -> Option<EventState> {
        use EventState::*;
        match (transition, self) {
            (Transition::Publish, Draft | Announced | Published | OffSale | Rescheduled) => Some(Published),
            (Transition::TakeOffSale, Published | OffSale | Rescheduled) => Some(OffSale),
            (Transition::Postpone, Announced | Published | OffSale | Postponed | Rescheduled) => Some(Postponed),
            (Transition::Cancel, _) => Some(Cancelled),
            _ => None,
        }
    }

    pub const fn text(self) -> &'static str {
        match self {
            EventState::Draft => "draft",
            EventState::Announced => "announced",
            EventState::Published => "published",
            EventState::OffSale => "off_sale",
            EventState::Postponed => "postponed",
            EventState::Rescheduled => "rescheduled",
            EventState::Cancelled => "cancelled",
        }
    }

    pub fn from_text(text: &str) -> Option<Self> {
        use EventState::*;
        let all = [Draft, Announced, Published, OffSale, Postponed, Rescheduled, Cancelled];
        all.into_iter().find(|state| state.text() == text)
    }
}

impl EventStatus {
    pub const fn text(self) -> &'static str {
        match self {
            EventStatus::Scheduled => "scheduled",
            EventStatus::Presale => "presale",
            EventStatus::OnSale => "on_sale",
            EventStatus::OffSale => "off_sale",
            EventStatus::Postponed => "postponed",
            EventStatus::Rescheduled => "rescheduled",
            EventStatus::Cancelled => "cancelled",
        }
    }
}

impl EventType {
    pub const ALL: [EventType; 7] = [
        EventType::Concert,
        EventType::Sport,
        EventType::Theatre,
        EventType::Comedy,
        EventType::Festival,
        EventType::Family,
        EventType::Other,
    ];

    pub const fn text(self) -> &'static str {
        match self {
            EventType::Concert => "concert",
            EventType::Sport => "sport",
            EventType::Theatre => "theatre",
            EventType::Comedy => "comedy",
            EventType::Festival => "festival",
            EventType::Family => "family",
            EventType::Other => "other",
        }
    }

    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.text() == text)
    }
}

/// A published event without sale windows is sold until it starts.
pub(crate) fn status_at(
    state: EventState,
    windows: &[SaleWindow],
    starts_at: Timestamp,
    now: Timestamp,
) -> EventStatus {
    match state {
        EventState::Draft => EventStatus::Scheduled,
        EventState::Announced if now < starts_at => EventStatus::Scheduled,
        EventState::Announced | EventState::OffSale => EventStatus::OffSale,
        EventState::Postponed => EventStatus::Postponed,
        EventState::Rescheduled => EventStatus::Rescheduled,
        EventState::Cancelled => EventStatus::Cancelled,
        EventState::Published => {
            let open = |kind| windows.iter().any(|window| window.kind == kind && window.is_open_at(now, starts_at));
            if open(SaleKind::General) || (windows.is_empty() && now < starts_at) {
                EventStatus::OnSale
            } else if open(SaleKind::Presale) {
                EventStatus::Presale
            } else if windows.iter().any(|window| window.opens_at > now) {
                EventStatus::Scheduled
            } else {
                EventStatus::OffSale
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn details() -> EventDetails {
        let name = Name::parse("name", "Northern Lights Tour").unwrap();
        EventDetails::new(name, EventType::Concert, at("2026-06-01T18:00:00Z"), Currency::EUR)
    }

    #[test]
    fn the_status_follows_the_sale_windows() {
        let window = |kind, opens: &str, closes: Option<&str>| SaleWindow {
            kind,
            opens_at: at(opens),
            closes_at: closes.map(at),
        };
        let windows = [
            window(SaleKind::Presale, "2026-03-01T09:00:00Z", Some("2026-03-03T09:00:00Z")),
            window(SaleKind::General, "2026-03-05T09:00:00Z", None),
        ];
        let starts = details().starts_at;
        for (now, expected) in [
            ("2026-02-28T00:00:00Z", EventStatus::Scheduled),
            ("2026-03-01T09:00:00Z", EventStatus::Presale),
            ("2026-03-03T09:00:00Z", EventStatus::Scheduled),
            ("2026-03-05T08:59:59.999999Z", EventStatus::Scheduled),
            ("2026-03-05T09:00:00Z", EventStatus::OnSale),
            ("2026-06-01T17:59:59.999999Z", EventStatus::OnSale),
            ("2026-06-01T18:00:00Z", EventStatus::OffSale),
        ] {
            assert_eq!(status_at(EventState::Published, &windows, starts, at(now)), expected, "{now}");
        }
        let now = at("2026-04-01T00:00:00Z");
        for (state, expected) in [
            (EventState::Draft, EventStatus::Scheduled),
            (EventState::Announced, EventStatus::Scheduled),
            (EventState::OffSale, EventStatus::OffSale),
            (EventState::Postponed, EventStatus::Postponed),
            (EventState::Rescheduled, EventStatus::Rescheduled),
            (EventState::Cancelled, EventStatus::Cancelled),
        ] {
            assert_eq!(status_at(state, &windows, starts, now), expected);
        }
        assert_eq!(status_at(EventState::Published, &[], starts, now), EventStatus::OnSale);
    }

    #[test]
    fn only_the_table_s_transitions_are_legal() {
        use EventState::*;
        let states = [Draft, Announced, Published, OffSale, Postponed, Rescheduled, Cancelled];
        let table = |transition| states.map(|state| state.after(transition));
        let some = Some;
        assert_eq!(
            table(Transition::Publish),
            [some(Published), some(Published), some(Published), some(Published), None, some(Published), None]
        );
        assert_eq!(
            table(Transition::TakeOffSale),
            [None, None, some(OffSale), some(OffSale), None, some(OffSale), None]
        );
        assert_eq!(
            table(Transition::Postpone),
            [None, some(Postponed), some(Postponed), some(Postponed), some(Postponed), some(Postponed), None]
        );
        assert_eq!(table(Transition::Cancel), [some(Cancelled); 7]);
        assert!(states.iter().all(|state| EventState::from_text(state.text()) == Some(*state)));
    }

    #[test]
    fn details_out_of_order_or_range_are_refused() {
        assert_eq!(details().check(), Ok(()));
        let same = PerformerId::from(uuid::Uuid::nil());
        type Case = (&'static str, Box<dyn Fn(&mut EventDetails)>);
        let cases: Vec<Case> = vec![
            ("endsAt", Box::new(|event| event.ends_at = Some(event.starts_at))),
            ("endsAt", Box::new(|event| event.ends_at = Some(Timestamp::MAX))),
            ("doorsAt", Box::new(|event| event.doors_at = Some(event.starts_at + Duration::from_secs(1)))),
            ("performers", Box::new(move |event| event.performers = vec![same, same])),
            ("ticketTypes", Box::new(|event| event.ticket_types.clear())),
            ("holdSeconds", Box::new(|event| event.hold_ttl = Duration::ZERO)),
            ("seatsPerHoldMax", Box::new(|event| event.seats_per_hold_max = 11)),
            ("seatsPerHoldMax", Box::new(|event| event.seats_per_hold_max = 0)),
            ("ticketsPerFanMax", Box::new(|event| event.tickets_per_fan_max = Some(0))),
            ("refundWindowSeconds", Box::new(|event| event.refund_window = Duration::MAX)),
            (
                "saleWindows",
                Box::new(|event| {
                    let opens_at = event.starts_at;
                    event.sale_windows = vec![SaleWindow { kind: SaleKind::General, opens_at, closes_at: None }];
                }),
            ),
        ];
        for (field, change) in cases {
            let mut event = details();
            change(&mut event);
            assert_eq!(event.check().unwrap_err().field, field);
        }
    }
}
