use std::collections::HashMap;

use stagedoor_core::{Name, OrganizerId, PerformerId, SeatMapId, Timestamp, VenueId};
use store::{IntoParam, Result, Row, Tx, list};

use super::trusted;
use crate::seat_map::{EncodedMap, SeatMapVersion};
use crate::venue::{Country, Performer, Position, Venue, VenueDetails, Zone};

pub(super) const VENUE: &str = "v.id, v.organizer_id, v.name, v.city, v.country, v.address, v.time_zone,
       v.latitude, v.longitude, v.version, v.created_at";

/// Columns of [`VENUE`].
pub(super) const VENUE_WIDTH: usize = 11;

/// Reads the columns of [`VENUE`], of which the first is at `at`.
pub(super) fn venue_at(row: &Row, at: usize) -> Result<Venue> {
    let name = |field, index| trusted(Name::parse(field, &row.get::<String>(index)?));
    let address = row.get::<Option<String>>(at + 5)?;
    let position = row.get::<Option<f64>>(at + 7)?.zip(row.get::<Option<f64>>(at + 8)?);
    Ok(Venue {
        id: row.get(at)?,
        organizer: row.get(at + 1)?,
        details: VenueDetails {
            name: name("name", at + 2)?,
            city: name("city", at + 3)?,
            country: trusted(Country::parse("country", &row.get::<String>(at + 4)?))?,
            address: address.map(|text| trusted(Name::parse("address", &text))).transpose()?,
            time_zone: trusted(Zone::parse("timeZone", &row.get::<String>(at + 6)?))?,
            position: position.map(|(latitude, longitude)| Position { latitude, longitude }),
        },
        version: row.get(at + 9)?,
        created_at: row.get(at + 10)?,
    })
}

pub async fn insert_venue(tx: &Tx, venue: &Venue) -> Result<()> {
    let Venue { details, .. } = venue;
    tx.execute(
        "INSERT INTO venue (id, organizer_id, name, city, country, address, time_zone, latitude, longitude,
                            version, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
        (
            venue.id,
            venue.organizer,
            details.name.as_str(),
            details.city.as_str(),
            details.country.as_str(),
            details.address.as_ref().map(Name::as_str),
            details.time_zone.name(),
            details.position.map(|at| at.latitude),
            details.position.map(|at| at.longitude),
            venue.version,
            venue.created_at,
        ),
    )
    .await?;
    Ok(())
}

/// Saves `venue` as its next version; `false` when it is no longer at the version before.
pub async fn update_venue(tx: &Tx, venue: &Venue) -> Result<bool> {
    let Venue { details, .. } = venue;
    let changed = tx
        .execute(
            "UPDATE venue SET name = $1, city = $2, country = $3, address = $4, time_zone = $5, latitude = $6,
                    longitude = $7, version = $8
              WHERE id = $9 AND version = $8 - 1",
            (
                details.name.as_str(),
                details.city.as_str(),
                details.country.as_str(),
                details.address.as_ref().map(Name::as_str),
                details.time_zone.name(),
                details.position.map(|at| at.latitude),
                details.position.map(|at| at.longitude),
                venue.version,
                venue.id,
            ),
        )
        .await?;
    Ok(changed == 1)
}

pub async fn venue(tx: &Tx, id: VenueId) -> Result<Option<Venue>> {
    tx.optional(&format!("SELECT {VENUE} FROM venue v WHERE v.id = $1"), (id,), |row| venue_at(row, 0)).await
}

/// Venues in the order they were made, after `after`; all organizers' when `organizer` is none.
pub async fn venues(tx: &Tx, organizer: Option<OrganizerId>, after: VenueId, limit: u32) -> Result<Vec<Venue>> {
    let read = |row: &Row| venue_at(row, 0);
    match organizer {
        Some(organizer) => {
            let sql =
                format!("SELECT {VENUE} FROM venue v WHERE v.organizer_id = $1 AND v.id > $2 ORDER BY v.id LIMIT $3");
            tx.all(&sql, (organizer, after, limit), read).await
        }
        None => {
            tx.all(&format!("SELECT {VENUE} FROM venue v WHERE v.id > $1 ORDER BY v.id LIMIT $2"), (after, limit), read)
                .await
        }
    }
}

pub(super) fn performer_at(row: &Row, at: usize) -> Result<Performer> {
    Ok(Performer {
        id: row.get(at)?,
        organizer: row.get(at + 1)?,
        name: trusted(Name::parse("name", &row.get::<String>(at + 2)?))?,
    })
}

/// Adds `performer` unless the organizer has one with the same key; gives the one it has now.
pub async fn add_performer(tx: &Tx, performer: &Performer, key: &str) -> Result<Performer> {
    tx.execute(
        "INSERT INTO performer (id, organizer_id, name, name_key, created_at) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (organizer_id, name_key) DO NOTHING",
        (performer.id, performer.organizer, performer.name.as_str(), key, tx.now()),
    )
    .await?;
    tx.one(
        "SELECT id, organizer_id, name FROM performer WHERE organizer_id = $1 AND name_key = $2",
        (performer.organizer, key),
        |row| performer_at(row, 0),
    )
    .await
}

pub async fn performer(tx: &Tx, id: PerformerId) -> Result<Option<Performer>> {
    tx.optional("SELECT id, organizer_id, name FROM performer WHERE id = $1", (id,), |row| performer_at(row, 0)).await
}

/// Performers in one statement: few distinct statement texts, and far below both databases' limits on parameters.
const PERFORMERS_MAX: usize = 100;

pub async fn performer_names(tx: &Tx, ids: &[PerformerId]) -> Result<HashMap<PerformerId, Name>> {
    let mut names = HashMap::with_capacity(ids.len());
    for some in ids.chunks(PERFORMERS_MAX) {
        let sql = format!("SELECT id, organizer_id, name FROM performer WHERE id IN {}", list(1, some.len()));
        let params = Vec::from_iter(some.iter().map(|id| id.into_param()));
        let found = tx.all(&sql, params, |row| performer_at(row, 0)).await?;
        names.extend(found.into_iter().map(|performer| (performer.id, performer.name)));
    }
    Ok(names)
}

pub async fn performers(tx: &Tx, organizer: OrganizerId, after: PerformerId, limit: u32) -> Result<Vec<Performer>> {
    tx.all(
        "SELECT id, organizer_id, name FROM performer WHERE organizer_id = $1 AND id > $2 ORDER BY id LIMIT $3",
        (organizer, after, limit),
        |row| performer_at(row, 0),
    )
    .await
}

const MAP_VERSION: &str = "SELECT id, venue_id, version, name, seats, capacity, levels, created_at FROM seat_map";

fn map_version(row: &Row) -> Result<SeatMapVersion> {
    Ok(SeatMapVersion {
        id: row.get(0)?,
        venue: row.get(1)?,
        version: row.get(2)?,
        name: row.get(3)?,
        seats: row.get(4)?,
        capacity: row.get(5)?,
        levels: serde_json::from_str(&row.get::<String>(6)?)
            .map_err(|error| store::Error::corrupt(format!("seat_map.levels: {error}")))?,
        created_at: row.get(7)?,
    })
}

pub async fn insert_map(tx: &Tx, map: &EncodedMap) -> Result<()> {
    let version = &map.version;
    tx.execute(
        "INSERT INTO seat_map (id, venue_id, version, name, seats, capacity, levels, created_at, etag, body)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        (
            version.id,
            version.venue,
            version.version,
            version.name.as_deref(),
            version.seats,
            version.capacity,
            serde_json::to_string(&version.levels).expect("counts by key always encode"),
            version.created_at,
            &map.etag,
            &map.json[..],
        ),
    )
    .await?;
    Ok(())
}

/// Whole, with its geometry.
pub async fn map(tx: &Tx, id: SeatMapId) -> Result<Option<EncodedMap>> {
    let found = tx
        .optional(
            "SELECT id, venue_id, version, name, seats, capacity, levels, created_at, etag, body
               FROM seat_map WHERE id = $1",
            (id,),
            |row| Ok((map_version(row)?, row.get::<String>(8)?, row.get::<Vec<u8>>(9)?)),
        )
        .await?;
    let Some((version, etag, body)) = found else { return Ok(None) };
    let map = EncodedMap::stored(version, body, etag);
    map.ok_or_else(|| store::Error::corrupt(format!("the stored seat map {id} is damaged"))).map(Some)
}

pub async fn map_info(tx: &Tx, id: SeatMapId) -> Result<Option<SeatMapVersion>> {
    tx.optional(&format!("{MAP_VERSION} WHERE id = $1"), (id,), map_version).await
}

pub async fn latest_map(tx: &Tx, venue: VenueId) -> Result<Option<SeatMapVersion>> {
    let sql = format!("{MAP_VERSION} WHERE venue_id = $1 ORDER BY version DESC LIMIT 1");
    tx.optional(&sql, (venue,), map_version).await
}

/// Newest first, below version `below`.
pub async fn maps(tx: &Tx, venue: VenueId, below: u32, limit: u32) -> Result<Vec<SeatMapVersion>> {
    let sql = format!("{MAP_VERSION} WHERE venue_id = $1 AND version < $2 ORDER BY version DESC LIMIT $3");
    tx.all(&sql, (venue, below, limit), map_version).await
}

/// Marks every event at `venue` as changed, so that the search index follows.
pub async fn touch_events_at(tx: &Tx, venue: VenueId, at: Timestamp) -> Result<Vec<stagedoor_core::EventId>> {
    tx.all("UPDATE event SET changed_at = $1 WHERE venue_id = $2 RETURNING id", (at, venue), |row| row.get(0)).await
}
