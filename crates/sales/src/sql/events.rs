use stagedoor_core::EventId;
use store::{Error, Result, Tx};

use crate::onsale::SeatChange;

/// The areas of an event that take another number of people than their map says.
pub(crate) async fn area_capacities(tx: &Tx, event: EventId) -> Result<Vec<(String, u32)>> {
    let sql = "SELECT area_id, capacity FROM area_capacity WHERE event_id = $1 ORDER BY area_id";
    tx.all(sql, (event,), |row| Ok((row.get(0)?, row.get(1)?))).await
}

pub(crate) async fn set_area_capacity(tx: &Tx, event: EventId, area: &str, capacity: u32) -> Result<()> {
    tx.execute(
        "INSERT INTO area_capacity (event_id, area_id, capacity) VALUES ($1, $2, $3)
         ON CONFLICT (event_id, area_id) DO UPDATE SET capacity = excluded.capacity",
        (event, area, capacity),
    )
    .await
    .map(drop)
}

pub(crate) async fn clear_area_capacities(tx: &Tx, event: EventId) -> Result<()> {
    tx.execute("DELETE FROM area_capacity WHERE event_id = $1", (event,)).await.map(drop)
}

/// Writes a change down before the engine is asked; an event has one at a time.
pub(crate) async fn begin_seat_change(tx: &Tx, event: EventId, change: &SeatChange) -> Result<()> {
    let (map, area, capacity) = match change {
        SeatChange::Map(map) => (Some(*map), None, None),
        SeatChange::Capacity { area, capacity } => (None, Some(area.as_str()), Some(i64::from(*capacity))),
    };
    let sql = "INSERT INTO seat_change (event_id, seat_map_id, area_id, capacity) VALUES ($1, $2, $3, $4)";
    tx.execute(sql, (event, map, area, capacity)).await.map(drop)
}

pub(crate) async fn seat_change(tx: &Tx, event: EventId) -> Result<Option<SeatChange>> {
    let sql = "SELECT seat_map_id, area_id, capacity FROM seat_change WHERE event_id = $1";
    tx.optional(sql, (event,), |row| match (row.get(0)?, row.get(1)?, row.get(2)?) {
        (Some(map), None, None) => Ok(SeatChange::Map(map)),
        (None, Some(area), Some(capacity)) => Ok(SeatChange::Capacity { area, capacity }),
        _ => Err(Error::corrupt(format!("a change of {event} is neither of its map nor of an area"))),
    })
    .await
}

pub(crate) async fn end_seat_change(tx: &Tx, event: EventId) -> Result<()> {
    tx.execute("DELETE FROM seat_change WHERE event_id = $1", (event,)).await.map(drop)
}
