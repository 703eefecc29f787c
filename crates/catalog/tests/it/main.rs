//! The catalogue against a real database: SQLite, or PostgreSQL when `STAGEDOOR_TEST_POSTGRES`
//! is set.

mod events;
mod imports;
mod search;
mod seat_maps;
mod venues;

use catalog::{
    Catalog, Country, Event, EventDetails, EventType, NewEvent, PriceLevel, SeatMap, Transition, Venue, VenueDetails,
    Zone,
};
use stagedoor_core::{Currency, Env, Money, Name, OrganizerId, Timestamp};
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
        let new = NewEvent { venue: venue.id, seat_map: None, series: None, details: self.details(name, starts_at) };
        self.catalog.create_event(self.organizer, new).await.unwrap()
    }

    pub async fn published(&self, venue: &Venue, name: &str, starts_at: &str) -> Event {
        let draft = self.draft(venue, name, starts_at).await;
        self.catalog.transition(self.organizer, draft.id, Transition::Publish).await.unwrap()
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
