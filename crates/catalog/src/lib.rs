//! What can be sold: venues and their seat maps, performers, events with their offers, and the
//! search over published events.
//!
//! Invariants:
//! - everything belongs to one organizer; through another's id it does not exist;
//! - a saved seat map version never changes; a seat id is `section-row-seat` and reads one way;
//! - a published event has a price for every level of its map;
//! - the public sees published events only, in search as soon as the change has committed;
//! - the search index is derived: losing it costs one reading of the events at start.
//!
//! ```no_run
//! # use catalog::{Catalog, EventQuery, Paging};
//! # async fn example(store: store::Store, keyring: store::Keyring) -> Result<(), Box<dyn std::error::Error>> {
//! let catalog = Catalog::open(store, &keyring).await?;
//! let mut query = EventQuery::all(Paging::new(Some(10), None)?);
//! query.text = Some("nothern lihgts".into());
//! for card in catalog.search(&query)?.items {
//!     println!("{} {} in {}", card.local_start(), card.name, card.venue.details.city);
//! }
//! # Ok(()) }
//! ```

mod audited;
mod cache;
mod catalog;
mod cursor;
pub mod demo;
mod error;
mod event;
mod events;
pub mod import;
mod offer;
mod search;
pub mod seat_map;
mod sql;
mod venue;
mod venues;

pub use cache::{Cache, Seen};
pub use catalog::{Catalog, EventView};
pub use cursor::{InvalidCursor, Page, Paging};
pub use error::{EventError, ListError, MapError, VenueError};
pub use event::{Barcodes, Event, EventDetails, EventState, EventStatus, EventType, Transition};
pub use events::{NO_SUCH_MAP, NewEvent, TIME_SLOTS_MAX};
pub use offer::{
    AccessibleRelease, OrphanPolicy, PRICE_MINOR_MAX, PriceLevel, Pricing, STANDARD, SaleKind, SaleWindow, TicketType,
};
pub use search::{DateBound, EventCard, EventQuery, Index, Sort};
pub use seat_map::{EncodedMap, SeatMap, SeatMapError, SeatMapVersion};
pub use sql::{EventStanding, standings};
pub use venue::{Country, Performer, Position, Venue, VenueDetails, Zone};
