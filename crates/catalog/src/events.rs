//! Use cases about events.

use std::sync::Arc;

use stagedoor_core::{EventId, FieldError, Name, OrganizerId, PerformerId, SeatMapId, VenueId};
use store::Tx;
use uuid::Uuid;

use crate::catalog::{Catalog, EventView, list_scope};
use crate::cursor::{Page, Paging};
use crate::error::{EventError, ListError};
use crate::event::{Event, EventDetails, EventState, Transition};
use crate::search::EventCard;
use crate::seat_map::SeatMapVersion;
use crate::{audited, sql};

/// Said of a seat map that is absent or another venue's.
pub const NO_SUCH_MAP: &str = "is not one of the venue's seat maps";

/// Time slots of one series that are shown.
pub const TIME_SLOTS_MAX: u32 = 500;

/// A new event. Its ids must be the organizer's own.
#[derive(Debug, Clone, PartialEq)]
pub struct NewEvent {
    pub venue: VenueId,
    /// Without one, the venue's latest map, if it has any.
    pub seat_map: Option<SeatMapId>,
    /// Any event of the series that this one is a further time slot of.
    pub series: Option<EventId>,
    pub details: EventDetails,
    /// Performers by name, after those of `details`; those not known yet are added.
    pub bill: Vec<Name>,
}

impl Catalog {
    /// Makes a draft.
    pub async fn create_event(&self, organizer: OrganizerId, new: NewEvent) -> Result<Event, EventError> {
        let tx = self.store.begin_write().await?;
        let event = self.create_event_in(&tx, organizer, new).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// The same as a part of the caller's transaction.
    pub async fn create_event_in(&self, tx: &Tx, organizer: OrganizerId, new: NewEvent) -> Result<Event, EventError> {
        new.details.check()?;
        let venue = sql::venue(tx, new.venue).await?.filter(|venue| venue.organizer == organizer);
        let venue = venue.ok_or_else(|| FieldError::new("venueId", "is not one of the organizer's venues"))?;
        let map = match new.seat_map {
            Some(id) => Some(map_at(tx, venue.id, id).await?),
            None => sql::latest_map(tx, venue.id).await?,
        };
        check_bill(tx, organizer, &new.details).await?;
        let series = match new.series {
            Some(member) => {
                let series = sql::series_of(tx, organizer, member).await?;
                Some(series.ok_or_else(|| FieldError::new("seriesId", "is not one of the organizer's events"))?)
            }
            None => None,
        };
        let mut details = new.details;
        details.performers.extend(self.performers_named_in(tx, organizer, new.bill).await?);
        details.check()?;
        let event = Event {
            id: EventId::fresh(tx.env()),
            organizer,
            venue: venue.id,
            seat_map: map.as_ref().map(|map| map.id),
            series,
            details,
            state: EventState::Draft,
            published_at: None,
            moved_at: None,
            capacity: map.map_or(0, |map| map.capacity),
            version: 1,
            created_at: tx.now(),
        };
        sql::insert_event(tx, &event).await?;
        audited::event(tx, "event.create", None, &event);
        Ok(event)
    }

    /// The organizer's performers of these names, as [`Catalog::performer_named`] finds or makes
    /// them, as a part of the caller's transaction.
    pub async fn performers_named_in(
        &self,
        tx: &Tx,
        organizer: OrganizerId,
        names: Vec<Name>,
    ) -> store::Result<Vec<PerformerId>> {
        let mut ids = Vec::with_capacity(names.len());
        for name in names {
            ids.push(self.performer_named_in(tx, organizer, name).await?.id);
        }
        Ok(ids)
    }

    /// Changes an event's details. `expected`: the version the caller saw, if it wants to be sure
    /// that nobody else changed the event since. The currency stays once the event is published.
    /// One that has been published can start at another time that is still to come; it counts as
    /// moved then, and as rescheduled if it was postponed.
    pub async fn update_event(
        &self,
        organizer: OrganizerId,
        id: EventId,
        expected: Option<u32>,
        change: impl FnOnce(&mut EventDetails) + Send,
    ) -> Result<Event, EventError> {
        let tx = self.store.begin_write().await?;
        let event = self.update_event_in(&tx, organizer, id, expected, change).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// The same as a part of the caller's transaction.
    pub async fn update_event_in(
        &self,
        tx: &Tx,
        organizer: OrganizerId,
        id: EventId,
        expected: Option<u32>,
        change: impl FnOnce(&mut EventDetails) + Send,
    ) -> Result<Event, EventError> {
        let before = self.owned(tx, organizer, id, expected).await?;
        let mut event = before.clone();
        change(&mut event.details);
        event.keep_level_ids(&before);
        event.details.check()?;
        if event.details.performers != before.details.performers {
            check_bill(tx, organizer, &event.details).await?;
        }
        if event.published_at.is_some() && event.details.currency != before.details.currency {
            return Err(EventError::Fixed { what: "the currency" });
        }
        if event.state == EventState::Published {
            self.check_sellable(tx, &event).await?;
        }
        if event.published_at.is_some() && event.details.starts_at != before.details.starts_at {
            if event.details.starts_at <= tx.now() {
                return Err(FieldError::new("startsAt", "must be in the future once the event is published").into());
            }
            event.moved_at = Some(tx.now());
            if event.state == EventState::Postponed {
                event.state = EventState::Rescheduled;
            }
        }
        self.save(tx, "event.update", &before, event).await
    }

    /// Gives an event another version of its venue's map, sold or not, as a part of the caller's
    /// transaction. The caller makes sure that no place in use is lost.
    pub async fn move_to_map_in(
        &self,
        tx: &Tx,
        organizer: OrganizerId,
        id: EventId,
        map: SeatMapId,
    ) -> Result<Event, EventError> {
        let before = self.owned(tx, organizer, id, None).await?;
        let mut event = before.clone();
        let map = map_at(tx, event.venue, map).await?;
        (event.seat_map, event.capacity) = (Some(map.id), map.capacity);
        if event.state == EventState::Published {
            event.details.check_prices(&map)?;
        }
        self.save(tx, "event.seat_map", &before, event).await
    }

    /// Records the places an event sells now, after blocks or areas changed.
    pub async fn record_capacity_in(&self, tx: &Tx, id: EventId, capacity: u32) -> Result<Event, EventError> {
        let before = sql::event(tx, id).await?.ok_or(EventError::NotFound)?;
        let event = Event { capacity, ..before.clone() };
        self.save(tx, "event.capacity", &before, event).await
    }

    /// Publishes, takes off sale, postpones or cancels an event. To do again what is done already
    /// changes nothing. Publishing needs a seat map and a price for each of its levels.
    pub async fn transition(
        &self,
        organizer: OrganizerId,
        id: EventId,
        transition: Transition,
    ) -> Result<Event, EventError> {
        let tx = self.store.begin_write().await?;
        let event = self.transition_in(&tx, organizer, id, transition).await?;
        tx.commit().await?;
        Ok(event)
    }

    /// The same as a part of the caller's transaction.
    pub async fn transition_in(
        &self,
        tx: &Tx,
        organizer: OrganizerId,
        id: EventId,
        transition: Transition,
    ) -> Result<Event, EventError> {
        let before = self.owned(tx, organizer, id, None).await?;
        let mut event = before.clone();
        let state = event.state;
        let next = state.after(transition).ok_or(EventError::WrongState { state, transition })?;
        if next == state {
            return Ok(event);
        }
        if next == EventState::Published {
            self.check_sellable(tx, &event).await?;
            event.published_at = event.published_at.or(Some(tx.now()));
        }
        event.state = next;
        self.save(tx, audited::transition(transition), &before, event).await
    }

    /// A published event with its venue and performers.
    pub async fn event(&self, id: EventId) -> Result<Arc<EventView>, EventError> {
        let view = self.any_event(id).await?;
        if view.event.published_at.is_some() { Ok(view) } else { Err(EventError::NotFound) }
    }

    /// One of the organizer's own events, published or not.
    pub async fn event_of(&self, organizer: OrganizerId, id: EventId) -> Result<Arc<EventView>, EventError> {
        let view = self.any_event(id).await?;
        if view.event.organizer == organizer { Ok(view) } else { Err(EventError::NotFound) }
    }

    /// An event that is published and was asked for lately: what [`Self::any_event`] would answer without
    /// asking the database.
    pub fn in_memory(&self, id: EventId) -> Option<Arc<EventView>> {
        self.inner.views.get(id).ok()
    }

    /// Whatever event it is: for the program's own work, never for a caller's question.
    pub async fn any_event(&self, id: EventId) -> Result<Arc<EventView>, EventError> {
        let seen = match self.inner.views.get(id) {
            Ok(view) => return Ok(view),
            Err(seen) => seen,
        };
        let tx = self.store.begin_read().await?;
        let event = sql::event(&tx, id).await?.ok_or(EventError::NotFound)?;
        let venue = sql::venue(&tx, event.venue).await?.ok_or(EventError::NotFound)?;
        let performers = sql::bill(&tx, id).await?;
        let view = Arc::new(EventView { event, venue, performers });
        // Changes that other processes make to drafts are not followed.
        if view.event.published_at.is_some() {
            self.inner.views.put(id, view.clone(), 1, seen);
        }
        Ok(view)
    }

    /// One of the organizer's own events as it is inside the caller's transaction.
    pub async fn event_of_in(&self, tx: &Tx, organizer: OrganizerId, id: EventId) -> Result<Event, EventError> {
        self.owned(tx, organizer, id, None).await
    }

    /// An organizer's events, published or not, newest first.
    pub async fn events_of(&self, organizer: OrganizerId, paging: &Paging) -> Result<Page<Event>, ListError> {
        self.events_among(organizer, None, paging).await
    }

    /// The same, of `among` alone if there is such a list: at most 100.
    pub async fn events_among(
        &self,
        organizer: OrganizerId,
        among: Option<&[EventId]>,
        paging: &Paging,
    ) -> Result<Page<Event>, ListError> {
        let scope = list_scope("events", Some(organizer));
        let before = self.inner.cursors.open(&scope, paging)?.map_or(Uuid::max(), Uuid::from_bytes);
        let tx = self.store.begin_read().await?;
        let found = sql::events_of(&tx, organizer, among, EventId(before), paging.limit() + 1).await?;
        Ok(self.page(&scope, paging, found, |event| event.id.bytes()))
    }

    /// Whether the organizer has any event, published or not.
    pub async fn has_events(&self, organizer: OrganizerId) -> store::Result<bool> {
        let tx = self.store.begin_read().await?;
        Ok(!sql::events_of(&tx, organizer, None, EventId(Uuid::max()), 1).await?.is_empty())
    }

    /// The published time slots of a series by date, at most [`TIME_SLOTS_MAX`].
    pub async fn time_slots(&self, series: EventId) -> store::Result<Vec<Arc<EventCard>>> {
        let tx = self.store.begin_read().await?;
        let ids = sql::time_slots(&tx, series, TIME_SLOTS_MAX).await?;
        Ok(ids.into_iter().filter_map(|id| self.card(id)).collect())
    }

    async fn owned(
        &self,
        tx: &Tx,
        organizer: OrganizerId,
        id: EventId,
        expected: Option<u32>,
    ) -> Result<Event, EventError> {
        let found = sql::event(tx, id).await?.filter(|event| event.organizer == organizer);
        let event = found.ok_or(EventError::NotFound)?;
        match expected {
            Some(expected) if expected != event.version => Err(EventError::Conflict { current: event.version }),
            _ => Ok(event),
        }
    }

    async fn check_sellable(&self, tx: &Tx, event: &Event) -> Result<(), EventError> {
        let missing = || FieldError::new("seatMapId", "an event needs a seat map before it goes on sale");
        let id = event.seat_map.ok_or_else(missing)?;
        let map = sql::map_info(tx, id).await?.ok_or_else(missing)?;
        Ok(event.details.check_prices(&map)?)
    }

    /// Saves the next version of an event, says so in the audit log and lets search follow.
    pub(crate) async fn save(
        &self,
        tx: &Tx,
        action: &'static str,
        before: &Event,
        mut event: Event,
    ) -> Result<Event, EventError> {
        let current = event.version;
        event.version += 1;
        if !sql::update_event(tx, &event).await? {
            return Err(EventError::Conflict { current });
        }
        audited::event(tx, action, Some(before), &event);
        self.follow(tx, event.id).await?;
        Ok(event)
    }
}

async fn map_at(tx: &Tx, venue: VenueId, id: SeatMapId) -> Result<SeatMapVersion, EventError> {
    let found = sql::map_info(tx, id).await?.filter(|map| map.venue == venue);
    Ok(found.ok_or_else(|| FieldError::new("seatMapId", NO_SUCH_MAP))?)
}

async fn check_bill(tx: &Tx, organizer: OrganizerId, details: &EventDetails) -> Result<(), EventError> {
    for id in &details.performers {
        let owned = sql::performer(tx, *id).await?.is_some_and(|performer| performer.organizer == organizer);
        if !owned {
            return Err(FieldError::new("performers", format!("{id} is not one of the organizer's performers")).into());
        }
    }
    Ok(())
}
