use std::collections::{HashMap, HashSet};

use stagedoor_core::EventId;
use store::{Error, Result, Tx};

use crate::seat_change::SeatChange;

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
    let list = |seats: &[String]| Some(serde_json::to_string(seats).expect("texts are JSON"));
    let (kind, map, area, places, seats) = match change {
        SeatChange::Map(map) => ("map", Some(*map), None, None, None),
        SeatChange::Capacity { area, capacity } => ("capacity", None, Some(area.as_str()), Some(*capacity), None),
        SeatChange::Block { seats, .. } => ("block", None, None, None, list(seats)),
        SeatChange::Unblock(seats) => ("unblock", None, None, None, list(seats)),
        SeatChange::BlockArea { area, blocked, .. } => ("block_area", None, Some(area.as_str()), Some(*blocked), None),
    };
    let block = match change {
        SeatChange::Block { block, .. } | SeatChange::BlockArea { block, .. } => *block,
        SeatChange::Map(_) | SeatChange::Capacity { .. } | SeatChange::Unblock(_) => None,
    };
    let sql = "INSERT INTO seat_change (event_id, kind, seat_map_id, area_id, places, seats, block_id)
               VALUES ($1, $2, $3, $4, $5, $6, $7)";
    tx.execute(sql, (event, kind, map, area, places.map(i64::from), seats, block)).await.map(drop)
}

pub(crate) async fn seat_change(tx: &Tx, event: EventId) -> Result<Option<SeatChange>> {
    let sql = "SELECT kind, seat_map_id, area_id, places, seats, block_id FROM seat_change WHERE event_id = $1";
    tx.optional(sql, (event,), |row| {
        let corrupt = || Error::corrupt(format!("the change of {event} that was asked for cannot be read"));
        let kind: String = row.get(0)?;
        let (map, area, places): (_, Option<String>, _) = (row.get(1)?, row.get(2)?, row.get(3)?);
        let (seats, block): (Option<String>, _) = (row.get(4)?, row.get(5)?);
        let seats = seats.map(|list| serde_json::from_str(&list).map_err(|_| corrupt())).transpose()?;
        match (kind.as_str(), map, area, places, seats) {
            ("map", Some(map), None, None, None) => Ok(SeatChange::Map(map)),
            ("capacity", None, Some(area), Some(capacity), None) => Ok(SeatChange::Capacity { area, capacity }),
            ("block", None, None, None, Some(seats)) => Ok(SeatChange::Block { seats, block }),
            ("unblock", None, None, None, Some(seats)) => Ok(SeatChange::Unblock(seats)),
            ("block_area", None, Some(area), Some(blocked), None) => Ok(SeatChange::BlockArea { area, blocked, block }),
            _ => Err(corrupt()),
        }
    })
    .await
}

pub(crate) async fn end_seat_change(tx: &Tx, event: EventId) -> Result<()> {
    tx.execute("DELETE FROM seat_change WHERE event_id = $1", (event,)).await.map(drop)
}

/// The areas of all events that take another number of people than their map says.
pub async fn all_area_capacities(tx: &Tx) -> Result<HashMap<(EventId, String), u32>> {
    let sql = "SELECT event_id, area_id, capacity FROM area_capacity";
    let rows = tx.all(sql, (), |row| Ok(((row.get(0)?, row.get(1)?), row.get(2)?))).await?;
    Ok(rows.into_iter().collect())
}

/// Events whose seats are being changed: for a moment the engine has what the rows do not have yet.
pub(crate) async fn events_in_change(tx: &Tx) -> Result<HashSet<EventId>> {
    let rows = tx.all("SELECT event_id FROM seat_change", (), |row| row.get(0)).await?;
    Ok(rows.into_iter().collect())
}
