//! The booking shorthand of document 004: a booking is a hold and, once confirmed, its order. The
//! id of a booking is the id of its hold. Nothing is decided here that orders do not decide.

use inventory::engine::{Actor, HoldStatus, Refusal};
use inventory::{Hold, Refused};
use payments::Token;
use stagedoor_core::{EventId, HoldId, Money, Timestamp, UserId};
use store::Origin;
use store::idempotency::{self, Answer, Claim};

use crate::checkout::{PlaceOrder, live_order};
use crate::error::{CheckoutError, Fault, OrderError, RefundError};
use crate::order::{Order, OrderState, OrderStatus};
use crate::sales::{Answered, Key, Sales};
use crate::sql;

const CONFIRM: &str = "bookings.confirm";

/// Source: document 004, 3.1 and 3.2.
#[derive(Debug, Clone)]
pub struct Booking {
    pub id: HoldId,
    pub event: EventId,
    pub status: BookingStatus,
    /// When the hold ends, while it is one.
    pub expires_at: Option<Timestamp>,
    /// What confirming costs, or cost.
    pub total: Money,
    /// The hold, while the seat engine remembers it.
    pub hold: Option<Hold>,
    /// What the order that confirmed it, or tries to, has of it: one order may pay several holds.
    pub order: Option<Order>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BookingStatus {
    /// Held, and perhaps being paid for.
    Hold,
    /// Paid, with at least one good ticket.
    Confirmed,
    Expired,
    /// Released, or refunded.
    Cancelled,
}

impl BookingStatus {
    pub const fn text(self) -> &'static str {
        match self {
            BookingStatus::Hold => "HOLD",
            BookingStatus::Confirmed => "CONFIRMED",
            BookingStatus::Expired => "EXPIRED",
            BookingStatus::Cancelled => "CANCELLED",
        }
    }
}

impl Sales {
    /// A fan's own booking; another's is as absent as one that never was.
    pub async fn booking(&self, fan: UserId, id: HoldId) -> Result<Booking, OrderError> {
        let order = self.order_of_hold(fan, id).await?;
        let hold = self.hold_of(fan, id, order.as_ref()).await?;
        let status = match (&order, &hold) {
            (Some(order), _) if order.state == OrderState::Completed => match order.status() {
                OrderStatus::Refunded => BookingStatus::Cancelled,
                _ => BookingStatus::Confirmed,
            },
            (Some(order), _) if order.state.keeps_holds() => BookingStatus::Hold,
            (_, Some(hold)) => match hold.status() {
                HoldStatus::Held if self.parts.store.env().now() < hold.expires_at() => BookingStatus::Hold,
                HoldStatus::Held | HoldStatus::Expired => BookingStatus::Expired,
                HoldStatus::Released | HoldStatus::Sold => BookingStatus::Cancelled,
            },
            (Some(order), None) => match order.refusal() {
                Some(stagedoor_core::Code::HoldExpired) => BookingStatus::Expired,
                _ => BookingStatus::Cancelled,
            },
            (None, None) => return Err(OrderError::UnknownOrder),
        };
        let kept = order.as_ref().filter(|order| order.state.keeps_holds());
        let total = match (kept, &hold) {
            (Some(order), _) => order.total(),
            (None, Some(hold)) => self.quoted(hold).await?,
            (None, None) => order.as_ref().map(Order::total).expect("without hold and order there is no booking"),
        };
        let event = match (&hold, &order) {
            (Some(hold), _) => hold.event,
            (None, Some(order)) => order.holds[0].event,
            (None, None) => unreachable!("without hold and order there is no booking"),
        };
        let expires_at = hold.as_ref().filter(|_| status == BookingStatus::Hold).map(Hold::expires_at);
        Ok(Booking { id, event, status, expires_at, total, hold, order })
    }

    /// Pays for a booking. Confirming again, with the same key, another or none, is the same order;
    /// after a declined payment it is a new attempt.
    pub async fn confirm_booking(
        &self,
        origin: &Origin,
        fan: UserId,
        id: HoldId,
        token: Token,
        key: Option<Key>,
        render: impl FnOnce(&Order) -> Answer + Send,
    ) -> Result<Answered, CheckoutError> {
        if let Some(key) = &key {
            self.claim_for_live_order(fan, id, key).await?;
        }
        let origin = origin.clone();
        let wish = PlaceOrder { fan, holds: vec![id], token, promo_code: None, attendee: None, origin, key };
        self.place_as(CONFIRM, wish, render).await
    }

    /// A key sent to a booking that has its order stands for that order.
    async fn claim_for_live_order(&self, fan: UserId, id: HoldId, key: &Key) -> Result<(), CheckoutError> {
        let tx = self.parts.store.begin_read().await?;
        let Some(order) = live_order(&tx, fan, id).await? else { return Ok(()) };
        drop(tx);
        let tx = self.parts.store.begin_write().await?;
        match idempotency::claim(&tx, key.scope(fan, CONFIRM), key.body_hash, order.into()).await? {
            Claim::Fresh => Ok(tx.commit().await?),
            Claim::Seen { .. } => Ok(()),
            Claim::Mismatch => Err(CheckoutError::KeyMismatch),
        }
    }

    /// Ends a booking: a hold is released, a confirmed one is cancelled by its event's policy, and
    /// what the same order bought with other holds stays. An order that waits for its buyer is given
    /// up whole, because it is paid in one. Ending it twice is fine.
    pub async fn delete_booking(&self, origin: &Origin, fan: UserId, id: HoldId) -> Result<Booking, RefundError> {
        let booking = self.booking(fan, id).await.map_err(refund_error)?;
        match (&booking.status, &booking.order) {
            (BookingStatus::Confirmed, Some(order)) => {
                self.cancel_hold(origin, fan, order.id, id).await?;
            }
            (BookingStatus::Hold, Some(order)) if order.state.keeps_holds() => {
                let order = self.give_up(self.load(order.id).await?, origin).await?;
                if order.state.keeps_holds() {
                    return Err(RefundError::NotCompleted);
                }
            }
            (BookingStatus::Hold, _) => match self.parts.inventory.release(booking.event, id, Actor::Fan(fan)).await {
                Ok(()) => {}
                Err(Refused::Rule(Refusal::HoldEnded)) => return Err(RefundError::NotCompleted),
                Err(refused) => return Err(Fault::from(refused).into()),
            },
            (BookingStatus::Confirmed | BookingStatus::Expired | BookingStatus::Cancelled, _) => return Ok(booking),
        }
        self.booking(fan, id).await.map_err(refund_error)
    }

    /// The hold's part of the order that keeps it.
    async fn order_of_hold(&self, fan: UserId, id: HoldId) -> Result<Option<Order>, Fault> {
        let tx = self.parts.store.begin_read().await?;
        match sql::order_of_hold(&tx, fan, id).await? {
            Some(order) => Ok(self.find(order).await?.and_then(|order| order.part_from(id))),
            None => Ok(None),
        }
    }

    /// The hold, while the engine remembers it.
    async fn hold_of(&self, fan: UserId, id: HoldId, order: Option<&Order>) -> Result<Option<Hold>, Fault> {
        let known = order.and_then(|order| order.holds.first()).map(|part| part.event);
        let event = match known {
            Some(event) => event,
            None => match self.parts.inventory.locate(fan, id).await? {
                Some(event) => event,
                None => return Ok(None),
            },
        };
        match self.parts.inventory.hold_view(event, id, fan).await {
            Ok(hold) => Ok(Some(hold)),
            Err(Refused::Rule(Refusal::NotFound)) => Ok(None),
            Err(refused) => Err(refused.into()),
        }
    }

    /// The face value when the event is not sold any more and nobody can confirm.
    async fn quoted(&self, hold: &Hold) -> Result<Money, Fault> {
        match self.quote(hold).await {
            Ok(quote) => Ok(quote.total),
            Err(CheckoutError::Fault(fault)) => Err(fault),
            Err(_) => {
                let view = self.parts.catalog.any_event(hold.event).await?;
                Ok(Money::new(hold.view.total_minor(), view.event.details.currency))
            }
        }
    }
}

fn refund_error(error: OrderError) -> RefundError {
    match error {
        OrderError::UnknownOrder => RefundError::UnknownOrder,
        OrderError::Fault(fault) => fault.into(),
    }
}
