//! What staff ask of an event's seats: another map, other capacities, seats off sale and on again.
//!
//! The engine decides, and may refuse. So that nothing is half done, what is asked is written down
//! first, with its entry in the audit log and the job that sees to it; once the engine has answered,
//! it is forgotten together with the entry that says what came of it.

use std::collections::HashMap;

use catalog::seat_map::AREA_CAPACITY_MAX;
use catalog::{Event, EventError};
use inventory::Refused;
use inventory::engine::Refusal;
use stagedoor_core::limits::SEATS_PER_MAP_MAX;
use stagedoor_core::{BlockId, EventId, FieldError, OrganizerId, SeatMapId};
use store::audit::Outcome;
use store::{Origin, Tx};

use crate::error::{Fault, OnSaleError};
use crate::jobs;
use crate::onsale::prices;
use crate::sales::Sales;
use crate::{audited, sql};

/// How often one call records what the engine did, while others change the event's details.
const RECORDS_MAX: u32 = 8;

/// A change of what an event's engine has, which the engine may refuse.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SeatChange {
    Map(SeatMapId),
    /// Another number of people in one area.
    Capacity {
        area: String,
        capacity: u32,
    },
    /// These seats, by id, go off sale; those that are blocked stay so. All get into a block, if it names one.
    Block {
        seats: Vec<String>,
        block: Option<BlockId>,
    },
    /// These go on sale again.
    Unblock(Vec<String>),
    /// So many places of an area are off sale in total; a block that it names has what it wanted.
    BlockArea {
        area: String,
        blocked: u32,
        block: Option<BlockId>,
    },
}

impl Sales {
    /// Moves an event to another version of its venue's map. Refused when places that are held,
    /// sold or blocked would be lost or change their price level; live holds and sold seats keep
    /// their places by id.
    pub async fn move_to_seat_map(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: EventId,
        map: SeatMapId,
    ) -> Result<Event, OnSaleError> {
        let manifest = self.manifest(map).await?;
        let _alone = self.alone_with(id).await;
        // What the catalogue would refuse is not asked of the engine: tried, and not kept.
        let trial = self.parts.store.begin_write().await?;
        let event = self.parts.catalog.move_to_map_in(&trial, organizer, id, map).await?;
        prices(&event.details, &manifest)?;
        drop(trial);
        let event = self.change_seats(origin, organizer, id, SeatChange::Map(map)).await?;
        self.follow(id).await?;
        Ok(event)
    }

    /// Takes available seats (by id) off sale; those that are blocked stay so.
    pub async fn block_seats(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: EventId,
        seats: &[String],
    ) -> Result<(), OnSaleError> {
        let block = |seats| SeatChange::Block { seats, block: None };
        self.change_blocks(origin, organizer, id, block, seats).await
    }

    /// Puts blocked seats (by id) on sale again.
    pub async fn unblock_seats(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: EventId,
        seats: &[String],
    ) -> Result<(), OnSaleError> {
        self.change_blocks(origin, organizer, id, SeatChange::Unblock, seats).await
    }

    /// Sets how many places of an area are off sale in total.
    pub async fn block_area(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: EventId,
        area: &str,
        blocked: u32,
    ) -> Result<(), OnSaleError> {
        let _alone = self.alone_with(id).await;
        self.check_area(organizer, id, area).await?;
        let change = SeatChange::BlockArea { area: area.to_owned(), blocked, block: None };
        self.change_seats(origin, organizer, id, change).await.map(drop)
    }

    /// Changes how many people an area takes, until the event moves to another seat map; refused
    /// below what is held, sold and blocked. The catalogue shows the new capacity.
    pub async fn set_area_capacity(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: EventId,
        area: &str,
        capacity: u32,
    ) -> Result<(), OnSaleError> {
        if capacity > AREA_CAPACITY_MAX {
            return Err(FieldError::new("capacity", format!("must be at most {AREA_CAPACITY_MAX}")).into());
        }
        let _alone = self.alone_with(id).await;
        self.check_area(organizer, id, area).await?;
        let change = SeatChange::Capacity { area: area.to_owned(), capacity };
        self.change_seats(origin, organizer, id, change).await.map(drop)
    }

    async fn change_blocks(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: EventId,
        change: fn(Vec<String>) -> SeatChange,
        seats: &[String],
    ) -> Result<(), OnSaleError> {
        if seats.is_empty() || seats.len() > SEATS_PER_MAP_MAX {
            return Err(FieldError::new("seats", format!("must name 1 to {SEATS_PER_MAP_MAX} seats")).into());
        }
        let _alone = self.alone_with(id).await;
        self.check_seats(organizer, id, seats).await?;
        self.change_seats(origin, organizer, id, change(seats.to_vec())).await.map(drop)
    }

    /// Refuses seats that the event's map does not have. Nothing is written down that names what does
    /// not exist: the log of who asked is kept for ever.
    pub(crate) async fn check_seats(
        &self,
        organizer: OrganizerId,
        id: EventId,
        seats: &[String],
    ) -> Result<(), OnSaleError> {
        self.parts.catalog.event_of(organizer, id).await?;
        let view = self.parts.inventory.view(id).await?;
        let known = seats.iter().all(|seat| view.manifest.seat(seat).is_some());
        known.then_some(()).ok_or_else(|| Refused::Rule(Refusal::UnknownSeat).into())
    }

    /// The same for an area.
    pub(crate) async fn check_area(&self, organizer: OrganizerId, id: EventId, area: &str) -> Result<(), OnSaleError> {
        self.parts.catalog.event_of(organizer, id).await?;
        let view = self.parts.inventory.view(id).await?;
        view.manifest.area(area).map(drop).ok_or_else(|| Refused::Rule(Refusal::UnknownArea).into())
    }

    /// Writes a change down, asks the engine, which may refuse it, and lets the catalogue follow.
    /// No transaction is open while the engine is asked, because its writer may be slow or down.
    /// If we stop on the way, the job of the event goes on from what was written down. The audit log
    /// has who asked with what is written down, and what came of it with the end.
    async fn change_seats(
        &self,
        origin: &Origin,
        organizer: OrganizerId,
        id: EventId,
        change: SeatChange,
    ) -> Result<Event, OnSaleError> {
        // What belongs to somebody else is answered before anything is done.
        self.parts.catalog.event_of(organizer, id).await?;
        self.settle(id).await?;
        let tx = self.parts.store.begin_write_for(origin).await?;
        self.begin_seat_change(tx, organizer, id, &change).await?;
        self.finish_seat_change(origin, id)
            .await?
            .ok_or_else(|| Fault::Broken(format!("a change of {id} was lost")).into())
    }

    /// Writes a change down with all else that `tx` has, to be carried out by [`Sales::finish_seat_change`]. What
    /// was written down before has been settled.
    pub(crate) async fn begin_seat_change(
        &self,
        tx: Tx,
        organizer: OrganizerId,
        id: EventId,
        change: &SeatChange,
    ) -> Result<(), OnSaleError> {
        self.parts.catalog.event_of_in(&tx, organizer, id).await?;
        sql::begin_seat_change(&tx, id, change).await?;
        audited::asked_seats(&tx, organizer, id, change, Outcome::Done);
        jobs::enqueue_sync(&tx, id).await?;
        Ok(tx.commit().await?)
    }

    /// Ends what is left of a change whose caller is gone. That it is refused harms nobody.
    pub(crate) async fn settle(&self, id: EventId) -> Result<(), OnSaleError> {
        match self.finish_seat_change(self.parts.store.origin(), id).await {
            Err(error) if error.code().status() >= 500 => Err(error),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Carries out the change that was written down, if there is one. It is forgotten once it is
    /// done or refused, and stays while the engine does not answer. Calling again is safe.
    pub(crate) async fn finish_seat_change(&self, origin: &Origin, id: EventId) -> Result<Option<Event>, OnSaleError> {
        let tx = self.parts.store.begin_read().await?;
        let Some(change) = sql::seat_change(&tx, id).await? else { return Ok(None) };
        drop(tx);
        let inventory = &self.parts.inventory;
        let asked = match &change {
            SeatChange::Map(map) => match self.manifest(*map).await {
                Ok(manifest) => match inventory.swap_manifest(id, manifest).await {
                    // Not on sale yet: it will open with the new map.
                    Err(Refused::UnknownEvent | Refused::Rule(Refusal::NotFound)) => Ok(()),
                    asked => asked.map_err(OnSaleError::from),
                },
                // What the engine could not even be asked for is as good as refused.
                Err(error) => Err(error),
            },
            SeatChange::Capacity { area, capacity } => {
                inventory.set_capacity(id, area, Some(*capacity)).await.map_err(OnSaleError::from)
            }
            SeatChange::Block { seats, .. } => inventory.block(id, seats).await.map_err(OnSaleError::from),
            SeatChange::Unblock(seats) => inventory.unblock(id, seats).await.map_err(OnSaleError::from),
            SeatChange::BlockArea { area, blocked, .. } => {
                inventory.block_area(id, area, *blocked).await.map_err(OnSaleError::from)
            }
        };
        if let Err(refused) = asked {
            if refused.code().status() < 500 {
                self.forget_seat_change(origin, id, &change).await?;
            }
            return Err(refused);
        }
        let mut recorded = self.record_seat_change(origin, id, &change).await;
        for _ in 1..RECORDS_MAX {
            // Another's change came in between: no refusal.
            let Err(OnSaleError::Event(EventError::Conflict { .. })) = recorded else { break };
            recorded = self.record_seat_change(origin, id, &change).await;
        }
        match recorded {
            Err(OnSaleError::Event(EventError::Conflict { .. })) => {
                Err(Fault::Broken(format!("{id} changes too often for its seats to be recorded")).into())
            }
            Ok(event) => Ok(Some(event)),
            Err(error) if error.code().status() >= 500 => Err(error),
            Err(refused) => {
                // The catalogue changed under it, and the engine follows the catalogue.
                self.forget_seat_change(origin, id, &change).await?;
                self.follow(id).await?;
                Err(refused)
            }
        }
    }

    async fn record_seat_change(
        &self,
        origin: &Origin,
        id: EventId,
        change: &SeatChange,
    ) -> Result<Event, OnSaleError> {
        let catalog = &self.parts.catalog;
        let organizer = catalog.any_event(id).await?.event.organizer;
        let (tx, event) = match change {
            SeatChange::Map(map) => {
                let tx = self.parts.store.begin_write_for(origin).await?;
                sql::clear_area_capacities(&tx, id).await?;
                let event = catalog.move_to_map_in(&tx, organizer, id, *map).await?;
                (tx, event)
            }
            SeatChange::Capacity { area, capacity } => {
                let manifest = self.parts.inventory.view(id).await?.manifest.clone();
                let tx = self.parts.store.begin_write_for(origin).await?;
                sql::set_area_capacity(&tx, id, area, *capacity).await?;
                let changed: HashMap<_, _> = sql::area_capacities(&tx, id).await?.into_iter().collect();
                let area_total = (0..manifest.areas() as u16)
                    .map(|area| changed.get(manifest.area_id(area)).copied().unwrap_or(manifest.area_capacity(area)))
                    .sum::<u32>();
                let event = catalog.record_capacity_in(&tx, id, manifest.seats() as u32 + area_total).await?;
                (tx, event)
            }
            // The catalogue knows nothing of blocks: they are the engine's, and rows here say for whom.
            SeatChange::Block { .. } | SeatChange::Unblock(_) | SeatChange::BlockArea { .. } => {
                let tx = self.parts.store.begin_write_for(origin).await?;
                let event = catalog.event_of_in(&tx, organizer, id).await?;
                sql::follow_blocks(&tx, id, change).await?;
                audited::blocked(&tx, organizer, id, change);
                (tx, event)
            }
        };
        sql::end_seat_change(&tx, id).await?;
        tx.commit().await?;
        Ok(event)
    }

    async fn forget_seat_change(&self, origin: &Origin, id: EventId, change: &SeatChange) -> Result<(), OnSaleError> {
        let organizer = self.parts.catalog.any_event(id).await?.event.organizer;
        let tx = self.parts.store.begin_write_for(origin).await?;
        sql::end_seat_change(&tx, id).await?;
        sql::keep_blocks(&tx, id).await?;
        audited::asked_seats(&tx, organizer, id, change, Outcome::Failed);
        Ok(tx.commit().await?)
    }
}
