//! The catalogue against a real database: SQLite, or PostgreSQL when `STAGEDOOR_TEST_POSTGRES`
//! is set.

mod events;
mod imports;
mod search;
mod seat_maps;
mod venues;

use catalog::{
    Catalog, Country, Event, EventDetails, EventQuery, EventType, NewEvent, Paging, PriceLevel, SeatMap, Transition,
    Venue, VenueDetails, Zone,
};
use stagedoor_core::{Currency, Env, EventId, Money, Name, OrganizerId, SeatMapId, Timestamp};
use testkit::TestStore;

/// A catalogue with one organizer.
pub struct World {
    pub test: TestStore,
    pub catalog: Catalog,
    pub organizer: OrganizerId,
}

impl World {
    pub async fn new() -> Self {
        let test = TestStore::new().await;
        let catalog = Catalog::open(test.store.clone(), &test.keyring).await.unwrap();
        let organizer = OrganizerId::fresh(&test.env);
        Self { test, catalog, organizer }
    }

    pub fn env(&self) -> &Env {
        &self.test.env
    }

    pub async fn venue(&self, name: &str, city: &str, zone: &str) -> Venue {
        let details = venue_details(name, city, zone);
        self.catalog.create_venue(self.organizer, details).await.unwrap()
    }

    /// A venue with a map of two sections and one area.
    pub async fn venue_with_map(&self) -> Venue {
        let venue = self.venue("Old Mill", "Leipzig", "Europe/Berlin").await;
        self.catalog.add_seat_map(self.organizer, venue.id, small_map()).await.unwrap();
        venue
    }

    pub async fn draft(&self, venue: &Venue, name: &str, starts_at: &str) -> Event {
        let new = NewEvent {
            venue: venue.id,
            seat_map: None,
            series: None,
            details: self.details(name, starts_at),
            bill: Vec::new(),
        };
        self.catalog.create_event(self.organizer, new).await.unwrap()
    }

    pub async fn published(&self, venue: &Venue, name: &str, starts_at: &str) -> Event {
        let draft = self.draft(venue, name, starts_at).await;
        self.catalog.transition(self.organizer, draft.id, Transition::Publish).await.unwrap()
    }

    /// The event with that map, before it is sold.
    pub async fn mapped(&self, event: EventId, map: SeatMapId) -> Event {
        let tx = self.test.store.begin_write().await.unwrap();
        let event = self.catalog.move_to_map_in(&tx, self.organizer, event, map).await.unwrap();
        tx.commit().await.unwrap();
        event
    }

    /// How many events search knows.
    pub fn known(&self) -> usize {
        self.catalog.search(&EventQuery::all(Paging::new(Some(100), None).unwrap())).unwrap().items.len()
    }

    pub fn details(&self, title: &str, starts_at: &str) -> EventDetails {
        let mut details = EventDetails::new(name(title), EventType::Concert, at(starts_at), Currency::EUR);
        let level = |key: &str, minor| PriceLevel::new(self.env(), key, key, Money::new(minor, Currency::EUR));
        details.price_levels = vec![level("front", 5_000), level("side", 3_000)];
        details
    }
}

pub fn name(text: &str) -> Name {
    Name::parse("name", text).unwrap()
}

pub fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub fn venue_details(venue: &str, city: &str, zone: &str) -> VenueDetails {
    VenueDetails {
        name: name(venue),
        city: name(city),
        country: Country::parse("country", "DE").unwrap(),
        address: None,
        time_zone: Zone::parse("timeZone", zone).unwrap(),
        position: None,
    }
}

pub fn small_map() -> SeatMap {
    catalog::import::seat_map(include_bytes!("../data/seat_map.json")).unwrap()
}
