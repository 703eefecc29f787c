//! Placing an order: holds become lines, a payment is made, and the order is driven until it rests.

use std::collections::HashMap;
use std::sync::Arc;

use catalog::EventState;
use inventory::engine::{HoldStatus, Refusal};
use inventory::{Hold, Refused};
use payments::{NewPayment, Token};
use stagedoor_core::{Currency, EventId, FieldError, HoldId, Money, MoneyError, OrderId, UserId};
use store::audit::Outcome;
use store::idempotency::{self, Answer, Claim};
use store::{Origin, Tx};
use tickets::Place;

use crate::error::{CheckoutError, Fault, OnSaleError};
use crate::jobs;
use crate::order::{Order, OrderHold, OrderLine, OrderPlace, OrderState};
use crate::pricing::{self, FeeRule};
use crate::sales::{Answered, Attendee, Key, Sales, seal_attendee};
use crate::{audited, sql};

/// Holds in one order: more than a fan can have at a time unless the operator allows more.
pub const HOLDS_PER_ORDER_MAX: usize = 10;

const PLACE: &str = "orders.place";

/// A fan's wish to buy what they hold.
#[derive(Debug, Clone)]
pub struct PlaceOrder {
    pub fan: UserId,
    /// 1..=[`HOLDS_PER_ORDER_MAX`] of the fan's own, each once, over one or several events that
    /// sell in one currency.
    pub holds: Vec<HoldId>,
    pub token: Token,
    pub promo_code: Option<String>,
    pub attendee: Option<Attendee>,
    pub origin: Origin,
    /// Required of clients by `POST /orders`. The booking shorthand may go without: a hold is in
    /// at most one live order, so a wish for one hold that has an order is that order again.
    pub key: Option<Key>,
}

/// Holds as an order would contain them.
pub(crate) struct Draft {
    pub currency: Currency,
    pub holds: Vec<OrderHold>,
    pub places: Vec<OrderPlace>,
    pub lines: Vec<OrderLine>,
}

impl Sales {
    /// Places an order and drives it as far as it goes now. `render` makes the client's answer
    /// from the order; the first answer about an order in a final state is kept with the key and
    /// given again byte for byte.
    ///
    /// An error means that there is no order. A declined payment or a hold that was lost is a
    /// state of the order ([`Order::refusal`]). An order that rests in between is driven on by its
    /// job, by the same request sent again, and by [`Sales::advance`].
    ///
    /// Several holds are paid as one: all are extended, one authorization is asked for, then they
    /// are sold one after the other, the one that ends first going first. If a later one is lost,
    /// those already sold go back on sale and the authorization is voided.
    pub async fn place(
        &self,
        wish: PlaceOrder,
        render: impl FnOnce(&Order) -> Answer + Send,
    ) -> Result<Answered, CheckoutError> {
        self.place_as(PLACE, wish, render).await
    }

    /// As [`Sales::place`]; `operation` is what the wish's key was sent to.
    pub(crate) async fn place_as(
        &self,
        operation: &'static str,
        wish: PlaceOrder,
        render: impl FnOnce(&Order) -> Answer + Send,
    ) -> Result<Answered, CheckoutError> {
        let placed = match self.seen(operation, &wish).await? {
            Some(seen) => seen,
            None => match self.place_new(operation, &wish).await {
                Ok(placed) => placed,
                // What refuses this request may be the same one, a moment earlier.
                Err(refused) => self.seen(operation, &wish).await?.ok_or(refused)?,
            },
        };
        let (order, replayed) = match placed {
            Placed::New(order) => (order, false),
            Placed::Before(id) => (self.load(id).await?, true),
            Placed::Answered(answer) => return Ok(Answered { answer, replayed: true }),
        };
        let order = self.driven(order).await?;
        let mut answer = render(&order);
        if let Some(key) = &wish.key
            && order.state.is_final()
        {
            answer = self.answer_for_good(key.scope(wish.fan, operation), key.body_hash, answer).await?;
        }
        Ok(Answered { answer, replayed })
    }

    /// What the wish's key stands for, if it was used before. Without a key, the live order that
    /// has the same holds.
    async fn seen(&self, operation: &'static str, wish: &PlaceOrder) -> Result<Option<Placed>, CheckoutError> {
        let tx = self.parts.store.begin_read().await?;
        let Some(key) = &wish.key else {
            let [hold] = wish.holds[..] else { return Ok(None) };
            return Ok(live_order(&tx, wish.fan, hold).await?.map(Placed::Before));
        };
        match idempotency::find(&tx, key.scope(wish.fan, operation), key.body_hash).await? {
            Some(claim) => Placed::from_claim(claim),
            None => Ok(None),
        }
    }

    async fn place_new(&self, operation: &'static str, wish: &PlaceOrder) -> Result<Placed, CheckoutError> {
        if wish.promo_code.as_ref().is_some_and(|code| !code.is_empty()) {
            return Err(FieldError::new("promoCode", "is not a code of these events").into());
        }
        let holds = self.own_holds(wish.fan, &wish.holds).await?;
        let draft = self.draft(&holds).await?;
        let (env, placed_at) = (self.parts.store.env(), self.parts.store.env().now());
        let id: OrderId = env.id();
        let total = crate::order::checked_total(draft.currency, &draft.lines).map_err(too_much)?;
        let tx = self.parts.store.begin_write_for(&wish.origin).await?;
        if let Some(key) = &wish.key {
            let claim = idempotency::claim(&tx, key.scope(wish.fan, operation), key.body_hash, id.into()).await?;
            if let Some(seen) = Placed::from_claim(claim)? {
                return Ok(seen);
            }
        }
        let payment = NewPayment { order: id, amount: total, token: wish.token.clone() };
        let order = Order {
            id,
            fan: wish.fan,
            payment: payments::create(&tx, payment).await.map_err(Fault::from)?,
            transaction_id: self.transaction_id(id, wish.fan, total, placed_at),
            currency: draft.currency,
            state: OrderState::Placed,
            version: 1,
            placed_at,
            state_at: placed_at,
            holds: draft.holds,
            places: draft.places,
            lines: draft.lines,
            refunds: Vec::new(),
            tickets: Vec::new(),
        };
        // Without a key the fan was erased a moment ago: nothing about them is kept any more.
        let attendee = match &wish.attendee {
            Some(attendee) => {
                let key = self.parts.keyring.person_key(&tx, wish.fan).await?;
                key.map(|key| seal_attendee(&key, id, attendee))
            }
            None => None,
        };
        self.insert(&tx, &order, attendee).await?;
        audited::order(&tx, "order.place", Outcome::Done, &order);
        tx.commit().await?;
        Ok(Placed::New(order))
    }

    async fn insert(&self, tx: &Tx, order: &Order, attendee: Option<Vec<u8>>) -> Result<(), CheckoutError> {
        match sql::insert_order(tx, order, attendee).await {
            Err(store::Error::Conflict { .. }) => return Err(CheckoutError::HoldInOrder),
            other => other?,
        }
        jobs::enqueue_advance(tx, order.id).await?;
        Ok(())
    }

    /// The fan's holds, all of them live, the one that ends first going first.
    async fn own_holds(&self, fan: UserId, ids: &[HoldId]) -> Result<Vec<Hold>, CheckoutError> {
        if !(1..=HOLDS_PER_ORDER_MAX).contains(&ids.len()) {
            return Err(FieldError::new("holds", format!("must name 1 to {HOLDS_PER_ORDER_MAX} holds")).into());
        }
        let mut holds: Vec<Hold> = Vec::with_capacity(ids.len());
        for id in ids {
            if holds.iter().any(|hold| hold.id() == *id) {
                return Err(FieldError::new("holds", "must not name a hold twice").into());
            }
            let event = self.parts.inventory.locate(fan, *id).await.map_err(Fault::from)?;
            let event = event.ok_or(CheckoutError::UnknownHold(*id))?;
            let hold = match self.parts.inventory.hold_view(event, *id, fan).await {
                Ok(hold) => hold,
                Err(Refused::Rule(Refusal::NotFound)) => return Err(CheckoutError::UnknownHold(*id)),
                Err(refused) => return Err(Fault::from(refused).into()),
            };
            match hold.status() {
                HoldStatus::Held if self.parts.store.env().now() < hold.expires_at() => holds.push(hold),
                HoldStatus::Held | HoldStatus::Expired => return Err(CheckoutError::HoldExpired(*id)),
                HoldStatus::Released | HoldStatus::Sold => return Err(CheckoutError::HoldEnded(*id)),
            }
        }
        holds.sort_by_key(|hold| (hold.expires_at(), hold.id()));
        Ok(holds)
    }

    /// Prices holds with what they froze and the fees of now.
    pub(crate) async fn draft(&self, holds: &[Hold]) -> Result<Draft, CheckoutError> {
        let first = holds.first().expect("an order has at least one hold");
        let currency = self.sellable(first.event).await?.event.details.currency;
        let mut draft = Draft { currency, holds: Vec::new(), places: Vec::new(), lines: Vec::new() };
        let (mut face_values, mut scopes) = (Vec::new(), Vec::<uuid::Uuid>::new());
        for (position, hold) in holds.iter().enumerate() {
            let view = self.sellable(hold.event).await?;
            let event = &view.event;
            if event.details.currency != currency {
                return Err(FieldError::new("holds", "must all be in one currency").into());
            }
            let labels = match event.seat_map {
                Some(map) => self.labels(map).await.map_err(|error| match error {
                    OnSaleError::Fault(fault) => fault,
                    other => Fault::Broken(format!("{map}: {other}")),
                })?,
                None => Arc::default(),
            };
            draft.holds.push(OrderHold { hold: hold.id(), event: event.id, organizer: event.organizer });
            scopes.extend([event.id.0, event.organizer.0]);
            for held in hold.places() {
                let ticket_type = event.details.ticket_types.get(usize::from(held.ticket_type));
                let level_name =
                    event.details.price_level(held.level_key).map_or(held.level_key, |level| level.name.as_str());
                let id = held.id();
                let (row, label) =
                    labels.get(&id).map_or((held.row, held.label), |(row, label)| (row.as_str(), label.as_str()));
                for _ in 0..held.quantity {
                    draft.places.push(OrderPlace {
                        position: draft.places.len(),
                        hold: position,
                        event: event.id,
                        organizer: event.organizer,
                        spot: match held.seat {
                            Some(_) => Place::Seat {
                                id: id.clone(),
                                section: held.section_name.to_owned(),
                                row: row.to_owned(),
                                label: label.to_owned(),
                            },
                            None => Place::Area { id: id.clone(), name: held.section_name.to_owned() },
                        },
                        level: held.level_key.to_owned(),
                        level_name: level_name.to_owned(),
                        ticket_type: ticket_type.map_or(catalog::STANDARD, |kind| &kind.key).to_owned(),
                        refund: None,
                    });
                    face_values.push(Money::new(held.minor, currency));
                }
            }
        }
        let tx = self.parts.store.begin_read().await?;
        let rules = sql::fee_rules(&tx, &scopes).await?;
        let rule_of = |hold: &OrderHold| {
            let set = rules.get(&hold.event.0).or_else(|| rules.get(&hold.organizer.0));
            (hold.event, set.copied().unwrap_or(FeeRule::NONE))
        };
        let fees: HashMap<EventId, _> = draft.holds.iter().map(rule_of).collect();
        draft.lines = pricing::lines(currency, &draft.places, &face_values, &fees).map_err(too_much)?;
        Ok(draft)
    }

    /// An event whose holds may still be paid for: its sale may be over, but not its plans.
    async fn sellable(&self, event: EventId) -> Result<std::sync::Arc<catalog::EventView>, CheckoutError> {
        let view = self.parts.catalog.any_event(event).await.map_err(Fault::from)?;
        match view.event.state {
            EventState::Published | EventState::OffSale => Ok(view),
            EventState::Draft
            | EventState::Announced
            | EventState::Postponed
            | EventState::Rescheduled
            | EventState::Cancelled => Err(CheckoutError::NotOnSale(event)),
        }
    }
}

/// How far a wish has come.
#[expect(clippy::large_enum_variant, reason = "lives for one call")]
enum Placed {
    New(Order),
    /// By an earlier request with the same key.
    Before(OrderId),
    /// And answered for good.
    Answered(Answer),
}

impl Placed {
    fn from_claim(claim: Claim) -> Result<Option<Placed>, CheckoutError> {
        match claim {
            Claim::Fresh => Ok(None),
            Claim::Seen { answer: Some(answer), .. } => Ok(Some(Placed::Answered(answer))),
            Claim::Seen { subject, answer: None } => Ok(Some(Placed::Before(OrderId(subject)))),
            Claim::Mismatch => Err(CheckoutError::KeyMismatch),
        }
    }
}

/// The order that pays or paid for this one hold of the fan's and no other.
pub(crate) async fn live_order(tx: &Tx, fan: UserId, hold: HoldId) -> store::Result<Option<OrderId>> {
    let Some(id) = sql::order_of_hold(tx, fan, hold).await? else { return Ok(None) };
    let order = sql::order(tx, id).await?;
    Ok(order.filter(|order| order.state.keeps_holds() && order.holds.len() == 1).map(|order| order.id))
}

fn too_much(_: MoneyError) -> CheckoutError {
    FieldError::new("holds", "cost more than an order can").into()
}
