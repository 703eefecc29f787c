//! Giving tickets back: who may, what is claimed, and how the money and the seats go back.

use std::collections::BTreeSet;

use payments::NewRefund;
use payments::ledger;
use stagedoor_core::{EventId, FieldError, HoldId, Name, OrderId, OrganizerId, RefundId, TicketId, Timestamp, UserId};
use store::idempotency::{self, Answer, Claim, Scope};
use store::{Origin, Tx};
use tickets::{Cause, ChangeError, Ending, Reach, Status};

use crate::advance::sale_lines;
use crate::error::{Fault, RefundError};
use crate::jobs;
use crate::order::{Order, OrderPlace, OrderState};
use crate::refund::{Refund, RefundCause, RefundState};
use crate::sales::{Answered, Key, Sales};
use crate::{audited, sql};

const CANCEL: &str = "orders.cancel";
const REFUND: &str = "orders.refund";

/// How often one call asks again about a refund whose outcome is not known.
const ASKS_MAX: u32 = 3;

/// A fan's wish to give tickets back. Source: document 002, "Cancel ticket".
#[derive(Debug, Clone)]
pub struct Cancel {
    pub fan: UserId,
    pub order: OrderId,
    /// Which; all that are left when `None`.
    pub tickets: Option<Vec<TicketId>>,
    pub origin: Origin,
    pub key: Option<Key>,
}

/// A decision of an organizer's staff to give money back.
#[derive(Debug, Clone)]
pub struct StaffRefund {
    /// Whose staff; tickets of other organizers in the same order stay as they are.
    pub organizer: OrganizerId,
    pub staff: UserId,
    pub order: OrderId,
    pub tickets: Option<Vec<TicketId>>,
    /// Why, for the record.
    pub note: String,
    pub origin: Origin,
    pub key: Option<Key>,
}

/// A wish for a refund, whoever has it.
pub(crate) struct Wish<'a> {
    pub cause: RefundCause,
    /// Whose tickets may be given back.
    pub reach: Whose,
    pub tickets: Option<&'a [TicketId]>,
    pub origin: &'a Origin,
    pub scope: Option<(Scope<'a>, [u8; 32])>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    Fan(UserId),
    /// A fan's, as far as they came with this hold.
    Booker(UserId, HoldId),
    Organizer(OrganizerId),
    Event(EventId),
}

impl Sales {
    /// Gives a fan's tickets back by the policy of their events: until the refund window closes,
    /// and whenever an event was cancelled, postponed or moved. The lines that are refundable go
    /// back: everything, unless a fee rule keeps its fee. The tickets admit nobody from now on,
    /// the money goes back through the gateway, then the places return to sale; a job sees it
    /// through.
    ///
    /// An order that waits for its buyer is given up instead. `render` and the key work as in
    /// [`Sales::place`].
    pub async fn cancel(
        &self,
        wish: Cancel,
        render: impl FnOnce(&Order) -> Answer + Send,
    ) -> Result<Answered, RefundError> {
        let Cancel { fan, order: id, tickets, origin, key } = &wish;
        let order = self.find(*id).await?.filter(|order| order.fan == *fan).ok_or(RefundError::UnknownOrder)?;
        let scope = key.as_ref().map(|key| (key.scope(*fan, CANCEL), key.body_hash));
        let reach = Whose::Fan(*fan);
        let wish = Wish { cause: RefundCause::Fan, reach, tickets: tickets.as_deref(), origin, scope };
        self.give_back(order, wish, render).await
    }

    /// The same for all that is left of what came with one hold of the order.
    pub(crate) async fn cancel_hold(
        &self,
        origin: &Origin,
        fan: UserId,
        order: OrderId,
        hold: HoldId,
    ) -> Result<(), RefundError> {
        let order = self.load(order).await?;
        let reach = Whose::Booker(fan, hold);
        let wish = Wish { cause: RefundCause::Fan, reach, tickets: None, origin, scope: None };
        let nothing = |_: &Order| Answer { status: 204, body: Vec::new() };
        self.give_back(order, wish, nothing).await.map(drop)
    }

    /// Gives money back whatever the window says, fees and used tickets included.
    pub async fn refund(
        &self,
        wish: StaffRefund,
        render: impl FnOnce(&Order) -> Answer + Send,
    ) -> Result<Answered, RefundError> {
        let note = Name::parse("note", &wish.note)?.into_string();
        let order = self.find(wish.order).await?.filter(|order| order.concerns(wish.organizer));
        let order = order.ok_or(RefundError::UnknownOrder)?;
        let asked = Wish {
            cause: RefundCause::Staff { by: wish.staff, note },
            reach: Whose::Organizer(wish.organizer),
            tickets: wish.tickets.as_deref(),
            origin: &wish.origin,
            scope: wish.key.as_ref().map(|key| (key.scope(wish.staff, REFUND), key.body_hash)),
        };
        let organizer = wish.organizer;
        let render = |order: &Order| {
            let part = order.clone().part_of(organizer, None).expect("the organizer has a part in the order");
            render(&part)
        };
        self.give_back(order, asked, render).await
    }

    /// Gives everything back that an order still has of a cancelled event. Nothing to give back
    /// is fine.
    pub(crate) async fn refund_cancelled(&self, order: OrderId, event: EventId) -> Result<(), Fault> {
        let order = self.load(order).await?;
        let reach = Whose::Event(event);
        let origin = self.parts.store.origin();
        let wish = Wish { cause: RefundCause::EventCancelled, reach, tickets: None, origin, scope: None };
        let nothing = |_: &Order| Answer { status: 200, body: Vec::new() };
        match self.give_back(order, wish, nothing).await {
            Ok(_) | Err(RefundError::NothingLeft) => Ok(()),
            Err(RefundError::Fault(fault)) => Err(fault),
            Err(refused) => Err(Fault::Broken(format!("a refund for a cancelled event was refused: {refused}"))),
        }
    }

    async fn give_back(
        &self,
        order: Order,
        wish: Wish<'_>,
        render: impl FnOnce(&Order) -> Answer + Send,
    ) -> Result<Answered, RefundError> {
        let claimed = match self.claimed_before(order.id, &wish).await? {
            Some(claimed) => claimed,
            None => match self.claim(&order, &wish).await {
                Ok(claimed) => claimed,
                // What refuses this request may be the same one, a moment earlier.
                Err(refused) => self.claimed_before(order.id, &wish).await?.ok_or(refused)?,
            },
        };
        let (effect, replayed) = match claimed {
            Claimed::New(effect) => (effect, false),
            Claimed::Before(effect) => (effect, true),
            Claimed::Answered(answer) => return Ok(Answered { answer, replayed: true }),
        };
        let (order, done) = match effect {
            Effect::Refund(id) => {
                if let Err(fault) = self.advance_refund(id).await {
                    tracing::warn!(refund = %id, error = &fault as &dyn std::error::Error, "a refund was left to its job");
                }
                let order = self.load(order.id).await?;
                let done = order.refunds.iter().any(|refund| refund.id == id && refund.state.is_final());
                (order, done)
            }
            Effect::GivingUp => {
                let order = self.give_up(order, wish.origin).await?;
                let done = order.state.is_final();
                (order, done)
            }
        };
        let mut answer = render(&order);
        if let Some((scope, body_hash)) = wish.scope
            && done
        {
            answer = self.answer_for_good(scope, body_hash, answer).await?;
        }
        Ok(Answered { answer, replayed })
    }

    async fn claimed_before(&self, order: OrderId, wish: &Wish<'_>) -> Result<Option<Claimed>, RefundError> {
        let Some((scope, body_hash)) = wish.scope else { return Ok(None) };
        let tx = self.parts.store.begin_read().await?;
        match idempotency::find(&tx, scope, body_hash).await? {
            Some(claim) => Claimed::from_claim(claim, order),
            None => Ok(None),
        }
    }

    /// The one transaction after which the refund will happen: the key, the refund, its places,
    /// the dead tickets, the claim on the payment and the job exist together or not at all.
    async fn claim(&self, order: &Order, wish: &Wish<'_>) -> Result<Claimed, RefundError> {
        if wish.cause == RefundCause::Fan && (order.is_given_up() || order.waits_for_buyer()) {
            return self.claim_giving_up(order, wish).await;
        }
        let places = self.refundable(order, wish).await?;
        let positions: Vec<usize> = places.iter().map(|place| place.position).collect();
        let amount = order.amount_back(&wish.cause, &positions);
        let tx = self.parts.store.begin_write_for(wish.origin).await?;
        let requested_at = tx.now();
        let refund = Refund {
            id: tx.env().id(),
            places: positions.clone(),
            amount,
            cause: wish.cause.clone(),
            state: RefundState::Refunding,
            requested_at,
        };
        if let Some((scope, body_hash)) = wish.scope {
            let claim = idempotency::claim(&tx, scope, body_hash, refund.id.into()).await?;
            if let Some(before) = Claimed::from_claim(claim, order.id)? {
                return Ok(before);
            }
        }
        if !sql::insert_refund(&tx, order.id, &refund).await? {
            return Err(RefundError::NothingLeft);
        }
        self.end_tickets(&tx, order, &positions, &wish.cause).await?;
        let claim = NewRefund { id: refund.id, payment: order.payment, amount };
        payments::create_refund(&tx, claim).await.map_err(Fault::from)?;
        jobs::enqueue_refund(&tx, refund.id).await?;
        audited::refund(&tx, order, refund.id, &wish.cause, &positions);
        tx.commit().await?;
        Ok(Claimed::New(Effect::Refund(refund.id)))
    }

    /// The places that a wish is about, if they may be given back now.
    pub(crate) async fn refundable<'a>(
        &self,
        order: &'a Order,
        wish: &Wish<'_>,
    ) -> Result<Vec<&'a OrderPlace>, RefundError> {
        if order.state != OrderState::Completed {
            return Err(RefundError::NotCompleted);
        }
        let places = choose(order, wish)?;
        if wish.cause == RefundCause::Fan {
            self.check_window(order, &places).await?;
        }
        Ok(places)
    }

    /// The order's own job sees to the rest.
    async fn claim_giving_up(&self, order: &Order, wish: &Wish<'_>) -> Result<Claimed, RefundError> {
        if let Some((scope, body_hash)) = wish.scope {
            let tx = self.parts.store.begin_write().await?;
            let claim = idempotency::claim(&tx, scope, body_hash, order.id.into()).await?;
            if let Some(before) = Claimed::from_claim(claim, order.id)? {
                return Ok(before);
            }
            tx.commit().await?;
        }
        Ok(Claimed::New(Effect::GivingUp))
    }

    async fn end_tickets(
        &self,
        tx: &Tx,
        order: &Order,
        positions: &[usize],
        cause: &RefundCause,
    ) -> Result<(), RefundError> {
        let (reach, cause) = match cause {
            RefundCause::Fan => (Reach::UnusedOnly, Cause { by: Some(order.fan), reason: "cancelled by the fan" }),
            RefundCause::Staff { by, note } => (Reach::UsedToo, Cause { by: Some(*by), reason: note }),
            RefundCause::EventCancelled => (Reach::UsedToo, Cause { by: None, reason: "event cancelled" }),
        };
        let ids: Vec<TicketId> = positions.iter().map(|position| order.tickets[*position].id).collect();
        match tickets::revoke(tx, order.id, &ids, Ending::Refunded, reach, cause).await {
            // The order was read before this transaction: a ticket may have been passed on since.
            Ok(ended) => match ended.iter().find(|ticket| reach == Reach::UnusedOnly && ticket.owner != order.fan) {
                Some(passed_on) => Err(RefundError::UnknownTicket(passed_on.id)),
                None => Ok(()),
            },
            Err(ChangeError::Used(ticket)) => Err(RefundError::TicketUsed(ticket)),
            Err(error) => Err(Fault::from(error).into()),
        }
    }

    /// Every event the places belong to must still take tickets back.
    async fn check_window(&self, order: &Order, places: &[&OrderPlace]) -> Result<(), RefundError> {
        // A ticket that ended while its money never arrived is owed, whatever the time.
        let owed = |place: &&&OrderPlace| order.tickets[place.position].status == Status::Refunded;
        let events: BTreeSet<EventId> = places.iter().filter(|place| !owed(place)).map(|place| place.event).collect();
        for id in events {
            let view = self.parts.catalog.any_event(id).await.map_err(Fault::from)?;
            if let Some(until) = view.event.refunds_until_for(order.placed_at)
                && is_closed(self.parts.store.env().now(), until)
            {
                return Err(RefundError::WindowClosed { event: id, until });
            }
        }
        Ok(())
    }

    /// Drives a refund on until it is done, refused, or waits for an outcome nobody knows yet.
    /// Safe at any time, from several places at once, after any crash. Gives its state and when
    /// it was asked for.
    pub(crate) async fn advance_refund(&self, id: RefundId) -> Result<(RefundState, Timestamp), Fault> {
        let mut asks = 0;
        loop {
            let tx = self.parts.store.begin_read().await?;
            let order = sql::order_of_refund(&tx, id).await?;
            let order = self.load(order.ok_or_else(|| Fault::Broken(format!("{id} does not exist")))?).await?;
            let refund = order.refunds.iter().find(|refund| refund.id == id).expect("it was found by this refund");
            let next = match &refund.state {
                RefundState::Refunding => match self.pay_back(&order, refund).await? {
                    Some(state) => state,
                    None if asks < ASKS_MAX => {
                        asks += 1;
                        continue;
                    }
                    None => return Ok((RefundState::Refunding, refund.requested_at)),
                },
                RefundState::Refunded => {
                    let back: Vec<_> = order.places.iter().filter(|place| place.refund == Some(id)).collect();
                    self.return_to_sale(order.id, &back, &order.places_paid_back()).await?;
                    RefundState::Returned
                }
                state @ (RefundState::Returned | RefundState::Refused { .. }) => {
                    return Ok((state.clone(), refund.requested_at));
                }
            };
            let tx = self.parts.store.begin_write().await?;
            sql::save_refund(&tx, id, &refund.state, &next).await?;
            audited::refund_state(&tx, &order, id, &next);
            tx.commit().await?;
        }
    }

    /// Asks for the money to go back; `None` when it is not known whether it did.
    async fn pay_back(&self, order: &Order, refund: &Refund) -> Result<Option<RefundState>, Fault> {
        let terms = self.terms(order).await?;
        let lines = sale_lines(order, &terms, |line| refund.cause.gives_back(line, &refund.places));
        let entry = ledger::refunded_under(refund.id, lines)?;
        let paid = self.parts.payments.refund(refund.id, &entry).await?;
        Ok(match paid.state {
            payments::RefundState::Refunded => Some(RefundState::Refunded),
            payments::RefundState::Refused { reason } => {
                tracing::error!(refund = %refund.id, order = %order.id, reason, "the gateway refused a refund");
                Some(RefundState::Refused { reason })
            }
            payments::RefundState::Created | payments::RefundState::Refunding => None,
        })
    }
}

/// How far a wish has come.
enum Claimed {
    New(Effect),
    /// By an earlier request with the same key.
    Before(Effect),
    /// And answered for good.
    Answered(Answer),
}

/// What a wish does; a key stands for the refund, or for the order that is given up.
#[derive(Debug, Clone, Copy)]
enum Effect {
    Refund(RefundId),
    GivingUp,
}

impl Claimed {
    fn from_claim(claim: Claim, order: OrderId) -> Result<Option<Claimed>, RefundError> {
        match claim {
            Claim::Fresh => Ok(None),
            Claim::Seen { answer: Some(answer), .. } => Ok(Some(Claimed::Answered(answer))),
            Claim::Seen { subject, answer: None } if subject == order.0 => Ok(Some(Claimed::Before(Effect::GivingUp))),
            Claim::Seen { subject, answer: None } => Ok(Some(Claimed::Before(Effect::Refund(RefundId(subject))))),
            Claim::Mismatch => Err(RefundError::KeyMismatch),
        }
    }
}

/// The places a wish is for: those named, or all that can still be given back.
fn choose<'a>(order: &'a Order, wish: &Wish<'_>) -> Result<Vec<&'a OrderPlace>, RefundError> {
    let ticket = |place: &OrderPlace| &order.tickets[place.position];
    let within = |place: &OrderPlace| match wish.reach {
        // A ticket that was passed on belongs to somebody else.
        Whose::Fan(fan) => ticket(place).owner == fan,
        Whose::Booker(fan, hold) => ticket(place).owner == fan && order.holds[place.hold].hold == hold,
        Whose::Organizer(organizer) => place.organizer == organizer,
        Whose::Event(event) => place.event == event,
    };
    let Some(wanted) = wish.tickets else {
        let left = |place: &&OrderPlace| within(place) && place.refund.is_none();
        let usable = |place: &&OrderPlace| wish.cause != RefundCause::Fan || ticket(place).status != Status::Used;
        let (left, used): (Vec<_>, Vec<_>) = order.places.iter().filter(left).partition(usable);
        return match (left.is_empty(), used.first()) {
            (false, _) => Ok(left),
            (true, Some(place)) => Err(RefundError::TicketUsed(ticket(place).id)),
            (true, None) => Err(RefundError::NothingLeft),
        };
    };
    let mut chosen: Vec<&OrderPlace> = Vec::with_capacity(wanted.len());
    for id in wanted {
        let place = order.places.iter().find(|place| ticket(place).id == *id && within(place));
        let place = place.ok_or(RefundError::UnknownTicket(*id))?;
        if place.refund.is_some() {
            return Err(RefundError::RefundedBefore(*id));
        }
        if chosen.iter().any(|other| other.position == place.position) {
            return Err(FieldError::new("tickets", "must not name a ticket twice").into());
        }
        chosen.push(place);
    }
    if chosen.is_empty() {
        return Err(FieldError::new("tickets", "must name at least one ticket").into());
    }
    chosen.sort_by_key(|place| place.position);
    Ok(chosen)
}

/// Tickets can be given back up to and including the instant at which the window closes.
fn is_closed(now: Timestamp, until: Timestamp) -> bool {
    now > until
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_closes_right_after_its_last_instant() {
        let at = Timestamp::from_micros;
        assert!(!is_closed(at(999), at(1_000)));
        assert!(!is_closed(at(1_000), at(1_000)));
        assert!(is_closed(at(1_001), at(1_000)));
    }
}
