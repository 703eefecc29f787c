use std::collections::HashMap;

use stagedoor_core::{BlockId, EventId, OrganizerId};
use store::{IntoParam, Result, Row, Tx, list, rows};
use uuid::Uuid;

use crate::block::{Block, Claim, within};
use crate::seat_change::SeatChange;

/// Rows in one statement: few distinct statement texts, and far below both databases' limits on parameters.
const ROWS_MAX: usize = 100;

const BLOCK: &str = "id, holder, note, area_id, places, blocked_by, blocked_at";

/// Writes down for whom places are about to be blocked. It has none before the engine has done it.
pub(crate) async fn insert_block(tx: &Tx, organizer: OrganizerId, event: EventId, block: &Block) -> Result<()> {
    let (area, wanted) = block.area.as_ref().map(|(area, places)| (area.as_str(), *places)).unzip();
    tx.execute(
        "INSERT INTO seat_block (id, event_id, organizer_id, holder, note, area_id, wanted, blocked_by, blocked_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        (
            block.id,
            event,
            organizer,
            block.holder.as_deref(),
            block.note.as_deref(),
            area,
            wanted.unwrap_or(0),
            block.by,
            block.at,
        ),
    )
    .await
    .map(drop)
}

/// How many places of its area a block is going to have.
pub(crate) async fn want_places(tx: &Tx, block: BlockId, wanted: u32) -> Result<()> {
    tx.execute("UPDATE seat_block SET wanted = $2 WHERE id = $1", (block, wanted)).await.map(drop)
}

/// Lets what is written of an event's blocks follow what the engine has done.
pub(crate) async fn follow_blocks(tx: &Tx, event: EventId, change: &SeatChange) -> Result<()> {
    match change {
        SeatChange::Block { seats, block: Some(block) } => {
            for some in seats.chunks(ROWS_MAX) {
                let row = |seat: &String| [event.into_param(), seat.into_param(), block.into_param()];
                let sql = format!(
                    "INSERT INTO seat_block_seat (event_id, seat_id, block_id) VALUES {} ON CONFLICT DO NOTHING",
                    rows(some.len(), 3)
                );
                tx.execute(&sql, Vec::from_iter(some.iter().flat_map(row))).await?;
            }
        }
        SeatChange::Unblock(seats) => {
            for some in seats.chunks(ROWS_MAX) {
                let params = std::iter::once(event.into_param()).chain(some.iter().map(|seat| seat.into_param()));
                let sql =
                    format!("DELETE FROM seat_block_seat WHERE event_id = $1 AND seat_id IN {}", list(2, some.len()));
                tx.execute(&sql, Vec::from_iter(params)).await?;
            }
        }
        SeatChange::BlockArea { area, blocked, block } => {
            if let Some(block) = block {
                tx.execute("UPDATE seat_block SET places = wanted WHERE id = $1", (*block,)).await?;
            }
            let claims: Vec<Claim> =
                area_claims(tx, event).await?.into_iter().filter(|claim| claim.area == *area).collect();
            for (before, claim) in claims.iter().zip(within(&claims, |_| *blocked)) {
                if claim.places != before.places {
                    let sql = "UPDATE seat_block SET places = $2, wanted = $2 WHERE id = $1";
                    tx.execute(sql, (claim.block, claim.places)).await?;
                }
            }
        }
        SeatChange::Block { block: None, .. } | SeatChange::Map(_) | SeatChange::Capacity { .. } => return Ok(()),
    }
    forget_empty_blocks(tx, event).await
}

/// The engine has refused what was asked for.
pub(crate) async fn keep_blocks(tx: &Tx, event: EventId) -> Result<()> {
    let sql = "UPDATE seat_block SET wanted = places WHERE event_id = $1 AND wanted <> places";
    tx.execute(sql, (event,)).await?;
    forget_empty_blocks(tx, event).await
}

async fn forget_empty_blocks(tx: &Tx, event: EventId) -> Result<()> {
    let sql = "DELETE FROM seat_block WHERE event_id = $1 AND places = 0
                  AND NOT EXISTS (SELECT 1 FROM seat_block_seat s WHERE s.block_id = seat_block.id)";
    tx.execute(sql, (event,)).await.map(drop)
}

/// What the blocks of an event have of its areas, the oldest first.
pub(crate) async fn area_claims(tx: &Tx, event: EventId) -> Result<Vec<Claim>> {
    let sql = "SELECT id, area_id, places FROM seat_block WHERE event_id = $1 AND area_id IS NOT NULL ORDER BY id";
    tx.all(sql, (event,), |row| Ok(Claim { block: row.get(0)?, area: row.get(1)?, places: row.get(2)? })).await
}

/// Seats, by event and id, that are in a block.
pub async fn all_seats_in_blocks(tx: &Tx) -> Result<Vec<(EventId, String)>> {
    let sql = "SELECT event_id, seat_id FROM seat_block_seat";
    tx.all(sql, (), |row| Ok((row.get(0)?, row.get(1)?))).await
}

/// How many places of each area, by event and id, are in blocks.
pub async fn all_places_in_blocks(tx: &Tx) -> Result<Vec<(EventId, String, u32)>> {
    let sql = "SELECT event_id, area_id, CAST(SUM(places) AS BIGINT) FROM seat_block
                WHERE area_id IS NOT NULL GROUP BY event_id, area_id";
    tx.all(sql, (), |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).await
}

/// How many blocks an event has.
pub(crate) async fn count_blocks(tx: &Tx, event: EventId) -> Result<u32> {
    tx.one("SELECT COUNT(*) FROM seat_block WHERE event_id = $1", (event,), |row| row.get(0)).await
}

pub(crate) async fn block(tx: &Tx, event: EventId, id: BlockId) -> Result<Option<Block>> {
    let sql = format!("SELECT {BLOCK} FROM seat_block WHERE id = $1 AND event_id = $2");
    let found = tx.optional(&sql, (id, event), block_from).await?;
    Ok(with_seats(tx, Vec::from_iter(found)).await?.pop())
}

/// The blocks of an event, newest first, from before `before` on.
pub(crate) async fn blocks(tx: &Tx, event: EventId, before: Option<BlockId>, limit: u32) -> Result<Vec<Block>> {
    let sql = format!("SELECT {BLOCK} FROM seat_block WHERE event_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
    let found = tx.all(&sql, (event, before.unwrap_or(BlockId(Uuid::max())), limit), block_from).await?;
    with_seats(tx, found).await
}

/// Which of `seats` are in a block, at most ten of them.
pub(crate) async fn seats_in_blocks(tx: &Tx, event: EventId, seats: &[String]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for some in seats.chunks(ROWS_MAX) {
        let params = std::iter::once(event.into_param()).chain(some.iter().map(|seat| seat.into_param()));
        let sql = format!(
            "SELECT seat_id FROM seat_block_seat WHERE event_id = $1 AND seat_id IN {} ORDER BY seat_id",
            list(2, some.len())
        );
        found.extend(tx.all(&sql, Vec::from_iter(params), |row| row.get::<String>(0)).await?);
    }
    found.truncate(10);
    Ok(found)
}

async fn with_seats(tx: &Tx, mut blocks: Vec<Block>) -> Result<Vec<Block>> {
    let mut seats = seats_of(tx, &Vec::from_iter(blocks.iter().map(|block| block.id))).await?;
    for block in &mut blocks {
        block.seats = seats.remove(&block.id).unwrap_or_default();
    }
    Ok(blocks)
}

/// The seats in each of `blocks`, sorted.
pub(crate) async fn seats_of(tx: &Tx, blocks: &[BlockId]) -> Result<HashMap<BlockId, Vec<String>>> {
    let mut seats: HashMap<BlockId, Vec<String>> = HashMap::new();
    if blocks.is_empty() {
        return Ok(seats);
    }
    let sql = format!(
        "SELECT block_id, seat_id FROM seat_block_seat WHERE block_id IN {} ORDER BY block_id, seat_id",
        list(1, blocks.len())
    );
    let params = Vec::from_iter(blocks.iter().map(|block| block.into_param()));
    for (block, seat) in tx.all(&sql, params, |row| Ok((row.get(0)?, row.get(1)?))).await? {
        seats.entry(block).or_default().push(seat);
    }
    Ok(seats)
}

fn block_from(row: &Row) -> Result<Block> {
    let (area, places): (Option<String>, u32) = (row.get(3)?, row.get(4)?);
    Ok(Block {
        id: row.get(0)?,
        holder: row.get(1)?,
        note: row.get(2)?,
        seats: Vec::new(),
        area: area.map(|area| (area, places)),
        by: row.get(5)?,
        at: row.get(6)?,
    })
}
