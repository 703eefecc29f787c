//! Use cases about venues, their seat maps and performers.

use std::collections::HashMap;
use std::sync::Arc;

use stagedoor_core::{EventId, Name, OrganizerId, PerformerId, SeatMapId, VenueId};
use store::idempotency::{self, Claim, Scope};
use store::{Origin, Tx};
use uuid::Uuid;

use crate::catalog::{Catalog, list_scope, performer_key};
use crate::cursor::{Page, Paging};
use crate::error::{ListError, MapError, VenueError};
use crate::seat_map::{EncodedMap, SeatMap, SeatMapVersion};
use crate::venue::{Performer, Venue, VenueDetails};
use crate::{audited, sql};

/// Attempts to find a free version number while others add maps to the same venue.
const VERSION_ATTEMPTS: usize = 8;

impl Catalog {
    pub async fn create_venue(&self, organizer: OrganizerId, details: VenueDetails) -> Result<Venue, VenueError> {
        let tx = self.store.begin_write().await?;
        let venue = self.create_venue_in(&tx, organizer, details).await?;
        tx.commit().await?;
        Ok(venue)
    }

    /// The same as a part of the caller's transaction.
    pub async fn create_venue_in(
        &self,
        tx: &Tx,
        organizer: OrganizerId,
        details: VenueDetails,
    ) -> Result<Venue, VenueError> {
        let id = VenueId::fresh(tx.env());
        let venue = Venue { id, organizer, details, version: 1, created_at: tx.now() };
        sql::insert_venue(tx, &venue).await?;
        audited::venue(tx, "venue.create", None, &venue);
        Ok(venue)
    }

    /// Changes a venue. `expected`: the version the caller saw, if it wants to be sure that
    /// nobody else changed the venue since.
    pub async fn update_venue(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: VenueId,
        expected: Option<u32>,
        change: impl FnOnce(&mut VenueDetails) + Send,
    ) -> Result<Venue, VenueError> {
        let tx = self.store.begin_write_for(origin).await?;
        let found = sql::venue(&tx, id).await?.filter(|venue| venue.organizer == organizer);
        let before = found.ok_or(VenueError::NotFound)?;
        let mut venue = before.clone();
        let current = venue.version;
        if expected.is_some_and(|expected| expected != current) {
            return Err(VenueError::Conflict { current });
        }
        change(&mut venue.details);
        venue.version += 1;
        if !sql::update_venue(&tx, &venue).await? {
            return Err(VenueError::Conflict { current });
        }
        audited::venue(&tx, "venue.update", Some(&before), &venue);
        self.follow_venue(&tx, venue.clone()).await?;
        tx.commit().await?;
        Ok(venue)
    }

    /// Anyone may see a venue.
    pub async fn venue(&self, id: VenueId) -> Result<Venue, VenueError> {
        let tx = self.store.begin_read().await?;
        sql::venue(&tx, id).await?.ok_or(VenueError::NotFound)
    }

    /// All venues, or one organizer's, in the order they were made.
    pub async fn venues(&self, organizer: Option<OrganizerId>, paging: &Paging) -> Result<Page<Venue>, ListError> {
        let scope = list_scope("venues", organizer);
        let after = self.inner.cursors.open(&scope, paging)?.unwrap_or_default();
        let tx = self.store.begin_read().await?;
        let after = VenueId(Uuid::from_bytes(after));
        let found = sql::venues(&tx, organizer, after, paging.limit() + 1).await?;
        Ok(self.page(&scope, paging, found, |venue| venue.id.bytes()))
    }

    /// Saves `map` as the venue's next version, checked. Versions never change.
    pub async fn add_seat_map(
        &self,
        organizer: OrganizerId,
        venue: VenueId,
        map: SeatMap,
    ) -> Result<Arc<EncodedMap>, MapError> {
        Ok(self.add_seat_map_once(self.store.origin(), organizer, venue, map, None).await?.0)
    }

    /// The same once for each idempotency key (and the fingerprint of what it was sent with); also
    /// says whether the key was used before.
    pub async fn add_seat_map_once(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        venue: VenueId,
        map: SeatMap,
        key: Option<(Scope<'_>, [u8; 32])>,
    ) -> Result<(Arc<EncodedMap>, bool), MapError> {
        let mut map = aside(move || map.checked()).await?;
        let tx = self.store.begin_read().await?;
        let owned = sql::venue(&tx, venue).await?.is_some_and(|venue| venue.organizer == organizer);
        if !owned {
            return Err(MapError::NotFound);
        }
        // The JSON holds the version and takes long to make, so it is made before the write lock
        // is taken; if another map takes the version meanwhile, once more.
        for _ in 0..VERSION_ATTEMPTS {
            let latest = sql::latest_map(&tx, venue).await?;
            map.version = latest.map_or(1, |latest| latest.version + 1);
            let env = self.store.env();
            let version = SeatMapVersion {
                id: SeatMapId::fresh(env),
                venue,
                version: map.version,
                name: map.name.clone(),
                seats: map.seat_count() as u32,
                capacity: map.capacity(),
                levels: map.capacity_by_level(),
                created_at: env.now(),
            };
            let encoded = aside(move || EncodedMap::encode(version, map)).await;
            let write = self.store.begin_write_for(origin).await?;
            if let Some((scope, body_hash)) = key {
                match idempotency::claim(&write, scope, body_hash, encoded.version.id.into()).await? {
                    Claim::Fresh => {}
                    Claim::Seen { subject, .. } => return Ok((self.seat_map(SeatMapId(subject)).await?, true)),
                    Claim::Mismatch => return Err(MapError::KeyMismatch),
                }
            }
            match sql::insert_map(&write, &encoded).await {
                Ok(()) => {
                    audited::seat_map(&write, organizer, &encoded.version);
                    write.commit().await?;
                    let encoded = Arc::new(encoded);
                    self.keep_map(&encoded);
                    return Ok((encoded, false));
                }
                Err(store::Error::Conflict { .. }) => {
                    let back = encoded.map();
                    drop(encoded);
                    map = Arc::unwrap_or_clone(back);
                }
                Err(error) => return Err(error.into()),
            }
        }
        Err(MapError::Busy)
    }

    /// A seat map with its geometry, from memory when it was asked for lately. Callers decide
    /// who may see it.
    pub async fn seat_map(&self, id: SeatMapId) -> Result<Arc<EncodedMap>, MapError> {
        if let Ok(map) = self.inner.maps.get(id) {
            return Ok(map);
        }
        let tx = self.store.begin_read().await?;
        let map = Arc::new(sql::map(&tx, id).await?.ok_or(MapError::NotFound)?);
        self.keep_map(&map);
        Ok(map)
    }

    /// The map of a published event, as `GET /events/{event}/seat-map` gives it.
    pub async fn seat_map_of(&self, event: EventId) -> Result<Arc<EncodedMap>, MapError> {
        let id = match self.card(event) {
            Some(card) => card.seat_map,
            None => sql::public_map_of(&self.store.begin_read().await?, event).await?,
        };
        self.seat_map(id.ok_or(MapError::NotFound)?).await
    }

    /// A version of the map of one of an organizer's venues, with its geometry.
    pub async fn seat_map_in(
        &self,
        organizer: OrganizerId,
        venue: VenueId,
        id: SeatMapId,
    ) -> Result<Arc<EncodedMap>, MapError> {
        let owned = sql::venue(&self.store.begin_read().await?, venue).await?;
        owned.filter(|venue| venue.organizer == organizer).ok_or(MapError::NotFound)?;
        let map = self.seat_map(id).await?;
        if map.version.venue == venue { Ok(map) } else { Err(MapError::NotFound) }
    }

    /// The versions of a venue's map, newest first, without their geometry.
    pub async fn seat_maps(
        &self,
        organizer: OrganizerId,
        venue: VenueId,
        paging: &Paging,
    ) -> Result<Page<SeatMapVersion>, ListError> {
        let scope = list_scope(&format!("maps {venue}"), Some(organizer));
        let below = self.inner.cursors.open(&scope, paging)?.map_or(u32::MAX, u32::from_be_bytes);
        let tx = self.store.begin_read().await?;
        let owned = sql::venue(&tx, venue).await?.is_some_and(|venue| venue.organizer == organizer);
        if !owned {
            return Err(ListError::NotFound);
        }
        let found = sql::maps(&tx, venue, below, paging.limit() + 1).await?;
        Ok(self.page(&scope, paging, found, |map| map.version.to_be_bytes()))
    }

    /// The organizer's performer of this name, made if there is none. Names that differ in case,
    /// diacritics or punctuation only are one performer.
    pub async fn performer_named(&self, organizer: OrganizerId, name: Name) -> Result<Performer, VenueError> {
        let tx = self.store.begin_write().await?;
        let performer = self.performer_named_in(&tx, organizer, name).await?;
        tx.commit().await?;
        Ok(performer)
    }

    pub(crate) async fn performer_named_in(
        &self,
        tx: &Tx,
        organizer: OrganizerId,
        name: Name,
    ) -> store::Result<Performer> {
        let key = performer_key(&name);
        sql::add_performer(tx, &Performer { id: PerformerId::fresh(tx.env()), organizer, name }, &key).await
    }

    /// Anyone may see a performer.
    pub async fn performer(&self, id: PerformerId) -> Result<Performer, VenueError> {
        let tx = self.store.begin_read().await?;
        sql::performer(&tx, id).await?.ok_or(VenueError::NotFound)
    }

    /// What performers are called, as a part of the caller's transaction.
    pub async fn performer_names_in(
        &self,
        tx: &Tx,
        ids: impl IntoIterator<Item = PerformerId>,
    ) -> store::Result<HashMap<PerformerId, Name>> {
        let mut ids = Vec::from_iter(ids);
        ids.sort_unstable();
        ids.dedup();
        sql::performer_names(tx, &ids).await
    }

    /// An organizer's performers in the order they were made.
    pub async fn performers(&self, organizer: OrganizerId, paging: &Paging) -> Result<Page<Performer>, ListError> {
        let scope = list_scope("performers", Some(organizer));
        let after = self.inner.cursors.open(&scope, paging)?.unwrap_or_default();
        let tx = self.store.begin_read().await?;
        let after = PerformerId(Uuid::from_bytes(after));
        let found = sql::performers(&tx, organizer, after, paging.limit() + 1).await?;
        Ok(self.page(&scope, paging, found, |performer| performer.id.bytes()))
    }

    /// A page out of up to one item more than fits on it; `position` is what its cursor keeps.
    pub(crate) fn page<T, const N: usize>(
        &self,
        scope: &str,
        paging: &Paging,
        mut items: Vec<T>,
        position: impl Fn(&T) -> [u8; N],
    ) -> Page<T> {
        let more = items.len() > paging.limit() as usize;
        items.truncate(paging.limit() as usize);
        let last = items.last().filter(|_| more);
        let next_cursor = last.map(|item| self.inner.cursors.seal(scope, &position(item)));
        Page { items, next_cursor }
    }

    fn keep_map(&self, map: &Arc<EncodedMap>) {
        let id = map.version.id;
        if let Err(seen) = self.inner.maps.get(id) {
            self.inner.maps.put(id, map.clone(), map.json.len(), seen);
        }
    }
}

/// Runs what may take long on a thread that serves nobody else.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("the work does not panic and is not cancelled")
}
