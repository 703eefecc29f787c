//! What giving tickets back would bring, before it is done.

use stagedoor_core::{Money, OrderId, OrganizerId, TicketId, UserId};

use crate::error::RefundError;
use crate::order::Order;
use crate::refund::RefundCause;
use crate::refunds::{Whose, Wish};
use crate::sales::Sales;

/// What a refund would be if it were asked for now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    pub tickets: Vec<TicketId>,
    pub amount: Money,
    /// What was paid for the tickets and does not come back.
    pub kept: Money,
}

impl Sales {
    /// What [`Sales::cancel`] would give back, with the same refusals. Changes nothing, and promises nothing for
    /// later.
    pub async fn offer(&self, fan: UserId, order: OrderId, tickets: Option<&[TicketId]>) -> Result<Offer, RefundError> {
        let order = self.find(order).await?.filter(|order| order.fan == fan).ok_or(RefundError::UnknownOrder)?;
        self.offer_of(&order, RefundCause::Fan, Whose::Fan(fan), tickets).await
    }

    /// The same of [`Sales::refund`] by `staff` of an organizer.
    pub async fn offer_for(
        &self,
        organizer: OrganizerId,
        staff: UserId,
        order: OrderId,
        tickets: Option<&[TicketId]>,
    ) -> Result<Offer, RefundError> {
        // The whole order: its places and tickets are found by where they stand in it.
        let order = self.find(order).await?.filter(|order| order.concerns(organizer));
        let order = order.ok_or(RefundError::UnknownOrder)?;
        let cause = RefundCause::Staff { by: staff, note: String::new() };
        self.offer_of(&order, cause, Whose::Organizer(organizer), tickets).await
    }

    async fn offer_of(
        &self,
        order: &Order,
        cause: RefundCause,
        reach: Whose,
        tickets: Option<&[TicketId]>,
    ) -> Result<Offer, RefundError> {
        let wish = Wish { cause, reach, tickets, origin: self.parts.store.origin(), scope: None };
        let places = self.refundable(order, &wish).await?;
        let positions: Vec<usize> = places.iter().map(|place| place.position).collect();
        let amount = order.amount_back(&wish.cause, &positions);
        let paid = order.amount_back(&RefundCause::EventCancelled, &positions);
        let kept = Money::new(paid.minor - amount.minor, amount.currency);
        let tickets = positions.iter().map(|position| order.tickets[*position].id).collect();
        Ok(Offer { tickets, amount, kept })
    }
}
