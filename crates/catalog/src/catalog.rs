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
use crate::sql::{self, Changed};
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
/// How often all events are looked through, a batch at a time, for what a process wrote whose clock
/// is further behind than that.
const SWEEP_EVERY: Duration = Duration::from_secs(10 * 60);
/// Before every change.
const START: Changed = (Timestamp::MIN, EventId(Uuid::nil()));

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
    watermark: Mutex<Watermark>,
}

/// Which changes the index has.
struct Watermark {
    /// The latest one that was seen. Its time is the clock's of the process that wrote it: ours
    /// says nothing about what others have yet to write.
    seen: Changed,
    /// When it was, by our clock.
    seen_at: Timestamp,
    /// How far the look through all events has come, while one is under way.
    sweep: Option<Changed>,
    /// When the last one began.
    swept_at: Timestamp,
}

impl Watermark {
    /// Where to look on from. Once nothing new came for a while, nothing older is under way.
    fn after(&self, now: Timestamp) -> Changed {
        let overlap = |at: Timestamp| (at - REFRESH_OVERLAP, EventId(Uuid::nil()));
        match self.seen.0 {
            // From a clock ahead of ours.
            at if at > now => overlap(now),
            at if now < self.seen_at + REFRESH_OVERLAP => overlap(at),
            _ => self.seen,
        }
    }
}

/// An event with what its page shows around it.
#[derive(Debug, Clone, PartialEq)]
pub struct EventView {
    pub event: Event,
    pub venue: Venue,
    /// In the order of the bill.
    pub performers: Vec<Performer>,
}

/// Some changes in a row.
struct Batch {
    last: Option<Changed>,
    /// More may follow.
    is_full: bool,
    /// Events that are not as the index had them.
    changed: usize,
}

impl Catalog {
    /// Fills the search index from the database: reads every published event once.
    pub async fn open(store: Store, keyring: &Keyring) -> store::Result<Catalog> {
        let cursors = Cursors::new(keyring.derive("catalog/cursor/v1"));
        let now = store.env().now();
        let inner = Inner {
            index: Index::new(cursors.clone()),
            cursors,
            maps: Cache::new(MAP_CACHE_BYTES),
            views: Cache::new(VIEW_CACHE_EVENTS),
            watermark: Mutex::new(Watermark { seen: START, seen_at: now, sweep: None, swept_at: now }),
        };
        let catalog = Catalog { store, inner: Arc::new(inner) };
        catalog.refresh().await?;
        Ok(catalog)
    }

    /// Takes over what other processes changed. Call it every second: without changes it is one
    /// look into a database index, and now and then all events are looked through. Gives the number
    /// of events that are not as they were.
    pub async fn refresh(&self) -> store::Result<usize> {
        let now = self.store.env().now();
        let (mut next, sweep) = {
            let mut watermark = self.inner.watermark.lock();
            // A clock that was set back makes the next one due.
            if watermark.sweep.is_none() && !(watermark.swept_at..watermark.swept_at + SWEEP_EVERY).contains(&now) {
                (watermark.sweep, watermark.swept_at) = (Some(START), now);
            }
            (Some(watermark.after(now)), watermark.sweep)
        };
        let tx = self.store.begin_read().await?;
        let (mut seen, mut changed) = (START, 0);
        while let Some(after) = next {
            let batch = self.take_over(&tx, after).await?;
            changed += batch.changed;
            seen = batch.last.unwrap_or(seen);
            next = batch.last.filter(|_| batch.is_full);
        }
        let mut left = None;
        if let Some(after) = sweep {
            let batch = self.take_over(&tx, after).await?;
            changed += batch.changed;
            left = batch.last.filter(|_| batch.is_full);
        }
        let mut watermark = self.inner.watermark.lock();
        watermark.sweep = left;
        if seen > watermark.seen {
            (watermark.seen, watermark.seen_at) = (seen, now);
        }
        Ok(changed)
    }

    /// Takes over what changed next after `after`.
    async fn take_over(&self, tx: &Tx, after: Changed) -> store::Result<Batch> {
        let (mut cards, last) = sql::cards_after(tx, after, REFRESH_BATCH).await?;
        let is_full = cards.len() == REFRESH_BATCH as usize;
        cards.retain(|card| self.inner.index.get(card.id).is_none_or(|known| *known != *card));
        let changed = cards.len();
        for card in &cards {
            self.inner.views.remove(card.id);
        }
        self.inner.index.put(cards);
        Ok(Batch { last, is_full, changed })
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
