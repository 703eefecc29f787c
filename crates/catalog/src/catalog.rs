//! The catalogue as the rest of the program uses it.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use stagedoor_core::{EventId, Name, OrganizerId, SeatMapId, Timestamp};
use store::{Keyring, Store, Tx};
use uuid::Uuid;

use crate::cache::Cache;
use crate::cursor::{Cursors, Page};
use crate::error::ListError;
use crate::event::Event;
use crate::search::{EventCard, EventQuery, Index};
use crate::seat_map::EncodedMap;
use crate::sql;
use crate::venue::{Performer, Venue};

/// Bytes of seat-map JSON kept in memory; a stadium of 80,000 seats has about 6 MB.
const MAP_CACHE_BYTES: usize = 256 * 1024 * 1024;
/// Event pages kept in memory.
const VIEW_CACHE_EVENTS: usize = 20_000;
/// Events read at once when the search index is filled.
const REFRESH_BATCH: u32 = 2_000;
/// How far back a refresh looks again: a transaction may commit this long after it took the time
/// of its change. Twice what the store waits for a lock.
const REFRESH_OVERLAP: Duration = Duration::from_secs(16);

/// Venues, seat maps, performers and events, and the search over them. Cheap to clone.
///
/// Whoever acts for an organizer passes its id; another organizer's things are then answered as
/// if they did not exist.
#[derive(Clone)]
pub struct Catalog {
    pub(crate) store: Store,
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub index: Index,
    pub cursors: Cursors,
    pub maps: Cache<SeatMapId, EncodedMap>,
    pub views: Cache<EventId, EventView>,
    /// Up to when the index has seen all changes.
    refreshed: Mutex<Timestamp>,
}

/// An event with what its page shows around it.
#[derive(Debug, Clone, PartialEq)]
pub struct EventView {
    pub event: Event,
    pub venue: Venue,
    /// In the order of the bill.
    pub performers: Vec<Performer>,
}

impl Catalog {
    /// Fills the search index from the database: reads every published event once.
    pub async fn open(store: Store, keyring: &Keyring) -> store::Result<Catalog> {
        let cursors = Cursors::new(keyring.derive("catalog/cursor/v1"));
        let inner = Inner {
            index: Index::new(cursors.clone()),
            cursors,
            maps: Cache::new(MAP_CACHE_BYTES),
            views: Cache::new(VIEW_CACHE_EVENTS),
            refreshed: Mutex::new(Timestamp::MIN),
        };
        let catalog = Catalog { store, inner: Arc::new(inner) };
        catalog.refresh().await?;
        Ok(catalog)
    }

    /// Takes over what other processes changed. Call it every second; without changes it is one
    /// look into a database index. Gives the number of events that are not as they were.
    pub async fn refresh(&self) -> store::Result<usize> {
        let now = self.store.env().now();
        let since = *self.inner.refreshed.lock() - REFRESH_OVERLAP;
        let tx = self.store.begin_read().await?;
        let (mut after, mut changed) = ((since, EventId(Uuid::nil())), 0);
        loop {
            let (mut cards, last) = sql::cards_after(&tx, after, REFRESH_BATCH).await?;
            let Some(last) = last else { break };
            after = last;
            let more = cards.len() == REFRESH_BATCH as usize;
            cards.retain(|card| self.inner.index.get(card.id).is_none_or(|known| *known != *card));
            changed += cards.len();
            for card in &cards {
                self.inner.views.remove(card.id);
            }
            self.inner.index.put(cards);
            if !more {
                break;
            }
        }
        let mut refreshed = self.inner.refreshed.lock();
        *refreshed = now.max(*refreshed);
        Ok(changed)
    }

    /// Published events that fit `query`. Answers from memory: no database is asked.
    pub fn search(&self, query: &EventQuery) -> Result<Page<Arc<EventCard>>, ListError> {
        self.inner.index.search(query)
    }

    /// What lists show of a published event, from memory.
    pub fn card(&self, event: EventId) -> Option<Arc<EventCard>> {
        self.inner.index.get(event)
    }

    /// Once `tx` commits, search and event pages show `event` as it is now in `tx`.
    pub(crate) async fn follow(&self, tx: &Tx, event: EventId) -> store::Result<()> {
        let card = sql::card(tx, event).await?;
        let inner = self.inner.clone();
        tx.after_commit(move || {
            inner.views.remove(event);
            inner.index.put(card.into_iter().collect());
        });
        Ok(())
    }

    /// The same for all events at `venue`, which is new in `tx`; other processes see by the time of
    /// their change that they must look again.
    pub(crate) async fn follow_venue(&self, tx: &Tx, venue: Venue) -> store::Result<()> {
        let events = sql::touch_events_at(tx, venue.id, tx.now()).await?;
        let (inner, venue) = (self.inner.clone(), Arc::new(venue));
        tx.after_commit(move || {
            let moved = events.into_iter().filter_map(|event| {
                inner.views.remove(event);
                let known = inner.index.get(event)?;
                Some(EventCard { venue: venue.clone(), ..EventCard::clone(&known) })
            });
            let cards = moved.collect();
            inner.index.put(cards);
        });
        Ok(())
    }
}

/// A performer's name in the form in which it is unique.
pub(crate) fn performer_key(name: &Name) -> String {
    crate::search::fold_key(name.as_str())
}

/// The scope of the cursors of an organizer's list.
pub(crate) fn list_scope(list: &str, owner: Option<OrganizerId>) -> String {
    format!("{list} {owner:?}")
}
