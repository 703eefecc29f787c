//! For whom places are kept off sale: a sponsor, the house, the press.
//!
//! **The seat engine says which places are blocked; rows here only say for whom.** No row claims a place that is on
//! sale, by four rules:
//! - A row's places are written after the engine has blocked them, and taken away after it has unblocked them, in
//!   the transaction that forgets the [`SeatChange`]. A change is finished before the event's next one begins,
//!   also after a crash, so nothing can be blocked anew under a name that it had before.
//! - It does not matter who asks: what is unblocked without naming a block leaves its block all the same. Of an area
//!   the engine knows a number alone, so when fewer places are blocked than are in blocks, the newest lose first
//!   ([`within`]).
//! - Whoever reads sees what is written before and after the engine is asked, as far as the engine has it blocked,
//!   so the moment between the engine's step and its row shows too little rather than too much.
//! - Seats and areas are named by their ids, which another map of the event keeps while they are blocked.

use std::collections::{HashMap, HashSet};

use inventory::engine::SeatStatus;
use inventory::{EventView, Refused};
use stagedoor_core::{BlockId, EventId, FieldError, Name, OrganizerId, Timestamp, UserId};
use store::Origin;
use store::idempotency::{self, Answer, Claim as KeyClaim};

use crate::error::OnSaleError;
use crate::sales::{Answered, Key, Sales};
use crate::seat_change::SeatChange;
use crate::sql;

/// Blocks that one event can have: more than anybody keeps track of.
pub const BLOCKS_PER_EVENT_MAX: u32 = 500;
/// Seats in one block: a list of blocks names them all.
pub const SEATS_PER_BLOCK_MAX: usize = 1_000;

const SET_ASIDE: &str = "events.set_aside";

/// Places kept off sale for somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub id: BlockId,
    /// For whom, or for what.
    pub holder: Option<String>,
    pub note: Option<String>,
    /// By id, sorted; none for places in an area.
    pub seats: Vec<String>,
    /// An area's id, and how many of its places.
    pub area: Option<(String, u32)>,
    pub by: UserId,
    pub at: Timestamp,
}

/// What a block shall have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Places {
    /// By id.
    Seats(Vec<String>),
    /// So many places of an area, beyond those that are blocked.
    Area { area: String, places: u32 },
}

/// A wish for a block.
#[derive(Debug, Clone)]
pub struct NewBlock {
    pub organizer: OrganizerId,
    pub event: EventId,
    pub holder: Option<Name>,
    pub note: Option<Name>,
    pub places: Places,
    pub by: UserId,
    pub origin: Origin,
    pub key: Option<Key>,
}

/// What of a block goes on sale again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Release {
    All,
    /// By id; those that are not in the block stay as they are.
    Seats(Vec<String>),
    /// All places of the area but so many.
    AllBut(u32),
}

/// Part of a list of blocks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockPage {
    pub blocks: Vec<Block>,
    /// The last one that was looked at, when there are more.
    pub next: Option<BlockId>,
}

/// Places of an area that a block has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Claim {
    pub block: BlockId,
    pub area: String,
    pub places: u32,
}

/// Why there is no such block, or none that can be made.
#[derive(Debug, thiserror::Error)]
pub enum BlockError {
    #[error(transparent)]
    OnSale(#[from] OnSaleError),
    /// Absent, released, or another event's.
    #[error("there is no such block")]
    UnknownBlock,
    /// At most ten of them.
    #[error("{0:?} are in another block")]
    InAnotherBlock(Vec<String>),
    #[error("the event has {BLOCKS_PER_EVENT_MAX} blocks already")]
    TooMany,
    #[error("the idempotency key was used with another body")]
    KeyMismatch,
}

impl From<store::Error> for BlockError {
    fn from(error: store::Error) -> Self {
        OnSaleError::from(error).into()
    }
}

impl Sales {
    /// Blocks places for somebody. Seats that are blocked and in no block get into this one; those in another one
    /// are refused, and so is everything when one seat is held or sold. `render` makes the answer that a retry
    /// under the same key gets again.
    pub async fn set_aside(
        &self,
        wish: NewBlock,
        render: impl FnOnce(&Block) -> Answer + Send,
    ) -> Result<Answered, BlockError> {
        let NewBlock { organizer, event, places, by, origin, .. } = &wish;
        let (organizer, event) = (*organizer, *event);
        let _alone = self.alone_with(event).await;
        match places {
            Places::Seats(seats) if seats.is_empty() || seats.len() > SEATS_PER_BLOCK_MAX => {
                let reason = format!("must name 1 to {SEATS_PER_BLOCK_MAX} seats");
                return Err(OnSaleError::from(FieldError::new("seats", reason)).into());
            }
            Places::Seats(seats) => self.check_seats(organizer, event, seats).await?,
            Places::Area { places: 0, .. } => {
                return Err(OnSaleError::from(FieldError::new("area.places", "must be at least 1")).into());
            }
            Places::Area { area, .. } => self.check_area(organizer, event, area).await?,
        }
        self.settle(event).await?;
        let blocked = match places {
            Places::Area { area, places } => {
                let view = self.parts.inventory.view(event).await.map_err(OnSaleError::from)?;
                blocked_of(&view, area).saturating_add(*places)
            }
            Places::Seats(_) => 0,
        };

        let store = &self.parts.store;
        let scope = wish.key.as_ref().map(|key| (key.scope(*by, SET_ASIDE), key.body_hash));
        let mut block = Block {
            id: store.env().id(),
            holder: wish.holder.as_ref().map(Name::to_string),
            note: wish.note.as_ref().map(Name::to_string),
            seats: Vec::new(),
            area: None,
            by: *by,
            at: store.env().now(),
        };
        let tx = store.begin_write_for(origin).await?;
        if let Some((scope, body_hash)) = scope {
            match idempotency::claim(&tx, scope, body_hash, block.id.into()).await? {
                KeyClaim::Fresh => {}
                KeyClaim::Mismatch => return Err(BlockError::KeyMismatch),
                KeyClaim::Seen { answer: Some(answer), .. } => return Ok(Answered { answer, replayed: true }),
                // It was refused, or whoever asked stopped before the answer: then the block is there.
                KeyClaim::Seen { subject, answer: None } => block.id = BlockId(subject),
            }
        }
        let made = sql::block(&tx, event, block.id).await?;
        let is_made = made.is_some();
        if !is_made {
            if sql::count_blocks(&tx, event).await? >= BLOCKS_PER_EVENT_MAX {
                return Err(BlockError::TooMany);
            }
            let change = match places {
                Places::Seats(seats) => {
                    let others = sql::seats_in_blocks(&tx, event, seats).await?;
                    if !others.is_empty() {
                        return Err(BlockError::InAnotherBlock(others));
                    }
                    SeatChange::Block { seats: seats.clone(), block: Some(block.id) }
                }
                Places::Area { area, places } => {
                    block.area = Some((area.clone(), *places));
                    SeatChange::BlockArea { area: area.clone(), blocked, block: Some(block.id) }
                }
            };
            sql::insert_block(&tx, organizer, event, &block).await?;
            self.begin_seat_change(tx, organizer, event, &change).await?;
            self.finish_seat_change(origin, event).await?;
        } else {
            drop(tx);
        }
        let block = self.block_of(event, block.id).await?;
        let answer = render(&block);
        match scope {
            Some((scope, body_hash)) => {
                let answer = self.answer_for_good(scope, body_hash, answer).await?;
                Ok(Answered { answer, replayed: is_made })
            }
            None => Ok(Answered { answer, replayed: false }),
        }
    }

    /// Puts a block's places on sale again, all or some; a block that has none left is gone.
    pub async fn release_block(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        event: EventId,
        id: BlockId,
        release: Release,
    ) -> Result<(), BlockError> {
        self.parts.catalog.event_of(organizer, event).await.map_err(OnSaleError::from)?;
        let _alone = self.alone_with(event).await;
        self.settle(event).await?;
        let block = self.block_of(event, id).await?;
        let wrong = |field, reason| OnSaleError::from(FieldError::new(field, reason)).into();
        let (change, left) = match (block.area, release) {
            (None, Release::All) => (SeatChange::Unblock(block.seats), None),
            (None, Release::Seats(seats)) => {
                self.check_seats(organizer, event, &seats).await?;
                let some = Vec::from_iter(block.seats.into_iter().filter(|seat| seats.contains(seat)));
                if some.is_empty() {
                    return Ok(());
                }
                (SeatChange::Unblock(some), None)
            }
            (None, Release::AllBut(_)) => return Err(wrong("left", "is for places of an area")),
            (Some(_), Release::Seats(_)) => return Err(wrong("seats", "is for a block of seats")),
            (Some((area, places)), release) => {
                let left = if let Release::AllBut(left) = release { left } else { 0 };
                if left > places {
                    return Err(wrong("left", "must be at most what the block has"));
                }
                let view = self.parts.inventory.view(event).await.map_err(OnSaleError::from)?;
                let blocked = blocked_of(&view, &area).saturating_sub(places - left);
                (SeatChange::BlockArea { area, blocked, block: Some(id) }, Some(left))
            }
        };
        let tx = self.parts.store.begin_write_for(origin).await?;
        if let Some(left) = left {
            sql::want_places(&tx, id, left).await?;
        }
        self.begin_seat_change(tx, organizer, event, &change).await?;
        self.finish_seat_change(origin, event).await?;
        Ok(())
    }

    /// The blocks of an organizer's event, newest first, from before `before` on; at most `limit` (1..=100).
    pub async fn blocks(
        &self,
        organizer: OrganizerId,
        event: EventId,
        before: Option<BlockId>,
        limit: u32,
    ) -> Result<BlockPage, BlockError> {
        self.parts.catalog.event_of(organizer, event).await.map_err(OnSaleError::from)?;
        let tx = self.parts.store.begin_read().await?;
        let mut blocks = sql::blocks(&tx, event, before, limit + 1).await?;
        drop(tx);
        let more = blocks.len() > limit as usize;
        blocks.truncate(limit as usize);
        let next = blocks.last().filter(|_| more).map(|last| last.id);
        Ok(BlockPage { blocks: self.as_blocked(event, blocks).await?, next })
    }

    async fn block_of(&self, event: EventId, id: BlockId) -> Result<Block, BlockError> {
        let tx = self.parts.store.begin_read().await?;
        let block = sql::block(&tx, event, id).await?;
        drop(tx);
        self.as_blocked(event, Vec::from_iter(block)).await?.pop().ok_or(BlockError::UnknownBlock)
    }

    /// What is left of `blocks` by what the engine has blocked now; those with nothing left are none.
    async fn as_blocked(&self, event: EventId, mut blocks: Vec<Block>) -> Result<Vec<Block>, BlockError> {
        if blocks.is_empty() {
            return Ok(blocks);
        }
        let view = match self.parts.inventory.view(event).await {
            Err(Refused::UnknownEvent) => return Ok(Vec::new()),
            view => view.map_err(OnSaleError::from)?,
        };
        let now = view.snapshot();
        // Rows that are there before and after the engine is asked: a seat that was unblocked between the first look
        // at them and the engine, and blocked anew for somebody else, is in its old block no more.
        let tx = self.parts.store.begin_read().await?;
        let ids = Vec::from_iter(blocks.iter().map(|block| block.id));
        let mut seats = sql::seats_of(&tx, &ids).await?;
        let claims = sql::area_claims(&tx, event).await?;
        drop(tx);
        let claims = within(&claims, |area| blocked_of(&view, area));
        for block in &mut blocks {
            let still: HashSet<String> = seats.remove(&block.id).unwrap_or_default().into_iter().collect();
            let is_blocked = |seat: &String| {
                still.contains(seat)
                    && view.manifest.seat(seat).is_some_and(|seat| now.status(seat) == SeatStatus::Blocked as u8)
            };
            block.seats.retain(is_blocked);
            if let Some((_, places)) = &mut block.area {
                *places = claims.iter().find(|claim| claim.block == block.id).map_or(0, |claim| claim.places);
            }
        }
        blocks.retain(|block| !block.seats.is_empty() || block.area.as_ref().is_some_and(|(_, places)| *places > 0));
        Ok(blocks)
    }
}

/// Places of an area that the engine has blocked; none of one that the map lacks.
fn blocked_of(view: &EventView, area: &str) -> u32 {
    view.manifest.area(area).map_or(0, |area| view.area_counts()[usize::from(area)].blocked)
}

/// `claims` (the oldest first) as far as so many places of each area are `blocked`: the newest lose first.
pub(crate) fn within(claims: &[Claim], blocked: impl Fn(&str) -> u32) -> Vec<Claim> {
    let mut taken = HashMap::<&str, u32>::new();
    let mut kept = Vec::with_capacity(claims.len());
    for claim in claims {
        let before = taken.entry(&claim.area).or_default();
        let places = claim.places.min(blocked(&claim.area).saturating_sub(*before));
        *before += places;
        kept.push(Claim { places, ..claim.clone() });
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_lose_first_and_areas_are_apart() {
        let claim = |number: u128, area: &str, places| Claim {
            block: BlockId(uuid::Uuid::from_u128(number)),
            area: area.to_owned(),
            places,
        };
        let claims = [claim(1, "F", 10), claim(2, "G", 3), claim(3, "F", 5), claim(4, "F", 4)];
        let places = |blocked: u32| {
            let kept = within(&claims, |area| if area == "F" { blocked } else { 3 });
            Vec::from_iter(kept.into_iter().map(|claim| claim.places))
        };
        assert_eq!(places(30), [10, 3, 5, 4]);
        assert_eq!(places(17), [10, 3, 5, 2]);
        assert_eq!(places(12), [10, 3, 2, 0]);
        assert_eq!(places(0), [0, 3, 0, 0]);
    }
}
