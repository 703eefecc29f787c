use std::sync::Arc;

use stagedoor_core::{EventId, Money, OrganizerId, SeatMapId, Timestamp};

use crate::event::{self, Event, EventState, EventStatus, EventType};
use crate::offer::SaleWindow;
use crate::venue::Venue;

/// What a list shows of a published event.
#[derive(Debug, Clone, PartialEq)]
pub struct EventCard {
    pub id: EventId,
    pub organizer: OrganizerId,
    pub venue: Arc<Venue>,
    pub seat_map: Option<SeatMapId>,
    pub series: Option<EventId>,
    pub name: String,
    pub kind: EventType,
    /// Names in the order of the bill.
    pub performers: Vec<String>,
    pub state: EventState,
    pub starts_at: Timestamp,
    pub ends_at: Option<Timestamp>,
    pub doors_at: Option<Timestamp>,
    pub sale_windows: Vec<SaleWindow>,
    /// The cheapest and the dearest price level.
    pub prices: Option<(Money, Money)>,
    pub capacity: u32,
    pub version: u32,
}

impl EventCard {
    /// Without performers: an event knows only their ids.
    pub fn new(event: &Event, venue: Arc<Venue>) -> Self {
        let details = &event.details;
        let prices = details.price_levels.iter().map(|level| level.price);
        let lowest = prices.clone().min_by_key(|price| price.minor);
        Self {
            id: event.id,
            organizer: event.organizer,
            venue,
            seat_map: event.seat_map,
            series: event.series,
            name: details.name.as_str().to_owned(),
            kind: details.kind,
            performers: Vec::new(),
            state: event.state,
            starts_at: details.starts_at,
            ends_at: details.ends_at,
            doors_at: details.doors_at,
            sale_windows: details.sale_windows.clone(),
            prices: lowest.zip(prices.max_by_key(|price| price.minor)),
            capacity: event.capacity,
            version: event.version,
        }
    }

    /// Whether this is at least as new as `known`, a card of the same event.
    pub(super) fn replaces(&self, known: &EventCard) -> bool {
        (self.version, self.venue.version) >= (known.version, known.venue.version)
    }

    pub fn status_at(&self, now: Timestamp) -> EventStatus {
        event::status_at(self.state, &self.sale_windows, self.starts_at, now)
    }

    /// The start as the clock at the venue shows it; prints as `2026-11-21T20:30:00`.
    pub fn local_start(&self) -> jiff::civil::DateTime {
        self.venue.details.time_zone.local(self.starts_at)
    }
}
