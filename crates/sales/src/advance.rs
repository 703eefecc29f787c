//! Driving an order from one state to the next: the one path that requests and recovery share.

use std::collections::BTreeMap;

use inventory::Refused;
use inventory::engine::{Actor, HoldStatus, Refusal};
use payments::PaymentState;
use payments::ledger::{self, SaleKind, SaleLine};
use payments::split::Terms;
use stagedoor_core::{EventId, OrderId, PaymentId, Timestamp};
use store::Origin;
use tickets::{NewTicket, NewTickets, Place};

use crate::error::Fault;
use crate::order::{Lapse, LineKind, Order, OrderHold, OrderLine, OrderPlace, OrderState, Step};
use crate::sales::Sales;
use crate::{audited, contract, sql};

/// How often one call asks again about an outcome that is not known, before it leaves the order
/// to its job. The second question usually finds what the first one's answer lost.
const ASKS_MAX: u32 = 3;

/// What the world says about an order.
enum Outcome {
    /// This happened: write it down.
    Took(Step),
    /// Asked, but what came of it is not known.
    Unknown,
    /// It waits for its buyer, or is over.
    Rests,
}

impl Sales {
    /// Drives an order on until it rests: completed, over, waiting for its buyer, or waiting for an
    /// outcome nobody knows yet. Safe at any time, from several places at once, after any crash.
    ///
    /// Everything asked of payments and inventory is idempotent, and a transition is written only
    /// over the version it was decided on, so a racing call at worst does the same again.
    pub async fn advance(&self, id: OrderId) -> Result<Order, Fault> {
        let order = self.load(id).await?;
        self.drive(order).await
    }

    /// Drives on the order of a payment that changed at the gateway: its buyer came back, or the
    /// gateway sent word. `None` when no order has this payment.
    pub async fn payment_changed(&self, payment: PaymentId) -> Result<Option<Order>, Fault> {
        let tx = self.parts.store.begin_read().await?;
        match sql::order_of_payment(&tx, payment).await? {
            Some(id) => self.advance(id).await.map(Some),
            None => Ok(None),
        }
    }

    /// Gives up an order that waits for its buyer: its holds are released and nothing is paid. An
    /// order in any other state stays as it is.
    pub(crate) async fn give_up(&self, mut order: Order, origin: &Origin) -> Result<Order, Fault> {
        if order.waits_for_buyer() {
            order = self.record(order, Step::Lapsed { why: Lapse::Abandoned }, origin).await?;
        }
        if order.is_given_up() { self.driven(order).await } else { Ok(order) }
    }

    /// As [`Sales::advance`], but a fault on the way leaves the order to its job instead of
    /// failing the caller: the order exists, and its client can ask for it.
    pub(crate) async fn driven(&self, order: Order) -> Result<Order, Fault> {
        let id = order.id;
        match self.drive(order).await {
            Ok(order) => Ok(order),
            Err(fault) => {
                tracing::warn!(order = %id, error = &fault as &dyn std::error::Error, "an order was left to its job");
                self.load(id).await
            }
        }
    }

    async fn drive(&self, mut order: Order) -> Result<Order, Fault> {
        let mut asks = 0;
        loop {
            let outcome = match self.next_outcome(&order).await {
                Ok(Outcome::Took(step)) => {
                    order = self.record(order, step, self.parts.store.origin()).await?;
                    continue;
                }
                Ok(Outcome::Rests) => return Ok(order),
                Ok(Outcome::Unknown) => Ok(()),
                Err(fault) => Err(fault),
            };
            // Another call may have moved the order on, which explains an answer that does not fit.
            let now = self.load(order.id).await?;
            let overtaken = now.version != order.version;
            order = now;
            match outcome {
                _ if overtaken => {}
                Ok(()) if asks < ASKS_MAX => asks += 1,
                Ok(()) => return Ok(order),
                Err(fault) => return Err(fault),
            }
        }
    }

    /// Asks payments and inventory for the next step. Writes nothing of its own.
    async fn next_outcome(&self, order: &Order) -> Result<Outcome, Fault> {
        match &order.state {
            OrderState::Placed | OrderState::NeedsBuyer { .. } => self.authorize(order).await,
            OrderState::Authorized => self.sell(order).await,
            OrderState::Sold => self.capture(order).await,
            OrderState::Lapsed { .. } => self.unwind(order).await,
            OrderState::Completed | OrderState::Declined { .. } | OrderState::Cancelled { .. } => Ok(Outcome::Rests),
        }
    }

    /// Before the commit point: the holds are made to last and the money is set aside.
    async fn authorize(&self, order: &Order) -> Result<Outcome, Fault> {
        let mut until = Timestamp::MAX;
        for OrderHold { hold, event, .. } in &order.holds {
            match self.parts.inventory.extend(*event, *hold, order.fan).await {
                Ok(hold) => until = until.min(hold.expires_at()),
                Err(refused) => return lapsed(refused),
            }
        }
        let payment = self.parts.payments.authorize(order.payment).await?;
        Ok(match payment.state {
            PaymentState::Authorized => Outcome::Took(Step::Authorized),
            PaymentState::Declined { reason } => Outcome::Took(Step::Declined { reason }),
            PaymentState::NeedsBuyer { next_action } => match order.state {
                OrderState::NeedsBuyer { .. } => Outcome::Rests,
                _ => Outcome::Took(Step::BuyerNeeded { next_action: next_action.url, until }),
            },
            PaymentState::Authorizing => Outcome::Unknown,
            // The gateway let go of it, or a racing call has unwound the order.
            PaymentState::Voided | PaymentState::Voiding | PaymentState::Failed { .. } => {
                Outcome::Took(Step::Lapsed { why: Lapse::PaymentFailed })
            }
            state => return Err(unexpected(order, &state)),
        })
    }

    /// The commit point. Always in the same sequence and from the first, so that whichever hold
    /// is refused, it is known that all before it are this order's.
    async fn sell(&self, order: &Order) -> Result<Outcome, Fault> {
        for OrderHold { hold, event, .. } in &order.holds {
            if let Err(refused) = self.parts.inventory.sell(*event, *hold, order.fan, order.id).await {
                return lapsed(refused);
            }
        }
        Ok(Outcome::Took(Step::Sold))
    }

    async fn capture(&self, order: &Order) -> Result<Outcome, Fault> {
        let terms = self.terms(order).await?;
        let entry = ledger::captured_under(order.payment, sale_lines(order, &terms, |_| true))?;
        let payment = self.parts.payments.capture(order.payment, &entry).await?;
        Ok(match payment.state {
            PaymentState::Captured => Outcome::Took(Step::Captured),
            PaymentState::Capturing | PaymentState::Reversing => Outcome::Unknown,
            state if state.holds_nothing() => Outcome::Took(Step::Lapsed { why: Lapse::PaymentFailed }),
            state => return Err(unexpected(order, &state)),
        })
    }

    /// Gives everything back: every hold ends, so that no late sale of it can succeed, what was
    /// sold goes on sale again, and the authorization is voided.
    async fn unwind(&self, order: &Order) -> Result<Outcome, Fault> {
        let mut sold = Vec::new();
        for (at, OrderHold { hold, event, .. }) in order.holds.iter().enumerate() {
            let inventory = &self.parts.inventory;
            match inventory.release(*event, *hold, Actor::Staff).await {
                Ok(()) | Err(Refused::Rule(Refusal::NotFound | Refusal::HoldExpired)) => {}
                Err(Refused::Rule(Refusal::HoldEnded)) => {
                    let hold = inventory.hold_view(*event, *hold, order.fan).await?;
                    if hold.status() == HoldStatus::Sold && hold.view.order == Some(order.id) {
                        sold.push(at);
                    }
                }
                Err(refused) => return Err(refused.into()),
            }
        }
        let back: Vec<_> = order.places.iter().filter(|place| sold.contains(&place.hold)).collect();
        self.return_to_sale(order.id, &back, &back).await?;
        let payment = self.parts.payments.void(order.payment).await?;
        Ok(if payment.state.holds_nothing() { Outcome::Took(Step::Voided) } else { Outcome::Unknown })
    }

    /// Puts `seats` of the order on sale again, and as many places of each area as `total` has:
    /// every place that is back or on its way, so that asking twice returns it once.
    pub(crate) async fn return_to_sale(
        &self,
        order: OrderId,
        seats: &[&OrderPlace],
        total: &[&OrderPlace],
    ) -> Result<(), Fault> {
        let mut events: BTreeMap<EventId, (Vec<&str>, BTreeMap<&str, u32>)> = BTreeMap::new();
        for place in seats {
            let (ids, areas) = events.entry(place.event).or_default();
            match &place.spot {
                Place::Seat { id, .. } => ids.push(id),
                Place::Area { id, .. } => {
                    let same = |other: &&&OrderPlace| other.event == place.event && other.spot == place.spot;
                    areas.insert(id, total.iter().filter(same).count() as u32);
                }
            }
        }
        for (event, (seats, areas)) in events {
            let areas: Vec<_> = areas.into_iter().collect();
            self.parts.inventory.return_to_sale(event, order, &seats, &areas).await?;
        }
        Ok(())
    }

    /// Writes a step with everything that becomes true with it, unless another call was first;
    /// either way the order is then as it is now.
    async fn record(&self, mut order: Order, step: Step, origin: &Origin) -> Result<Order, Fault> {
        let state = order.state.after(step).map_err(|illegal| Fault::Broken(format!("{}: {illegal}", order.id)))?;
        let tx = self.parts.store.begin_write_for(origin).await?;
        if !sql::save_state(&tx, &order, &state).await? {
            drop(tx);
            return self.load(order.id).await;
        }
        if state == OrderState::Sold {
            contract::pin(&tx, &order).await?;
        }
        if state == OrderState::Completed {
            order.tickets = tickets::issue(&tx, &self.new_tickets(&order)).await?;
        }
        let at = tx.now();
        let from = std::mem::replace(&mut order.state, state);
        (order.state_at, order.version) = (at, order.version + 1);
        if let Some((action, result)) = audited::step(&order.state) {
            audited::order(&tx, action, result, &order);
        }
        tx.commit().await?;
        tracing::debug!(order = %order.id, from = from.text(), to = order.state.text(), "order moved on");
        Ok(order)
    }

    fn new_tickets(&self, order: &Order) -> NewTickets {
        let ticket = |place: &OrderPlace| NewTicket {
            organizer: place.organizer,
            event: place.event,
            place: place.spot.clone(),
            level: place.level.clone(),
            level_name: place.level_name.clone(),
            ticket_type: place.ticket_type.clone(),
            face_value: order.face_value(place.position),
        };
        NewTickets { order: order.id, owner: order.fan, tickets: order.places.iter().map(ticket).collect() }
    }

    /// What counts for the order's money, at each of its events that have a contract.
    pub(crate) async fn terms(&self, order: &Order) -> Result<BTreeMap<EventId, Terms>, Fault> {
        Ok(contract::terms_of(&self.parts.store.begin_read().await?, order.id).await?)
    }
}

/// The lines of an order that `wanted` picks, as the ledger reads them, each with what was agreed for its
/// event.
pub(crate) fn sale_lines<'a>(
    order: &'a Order,
    terms: &'a BTreeMap<EventId, Terms>,
    wanted: impl Fn(&OrderLine) -> bool + 'a,
) -> impl Iterator<Item = (SaleLine, &'a Terms)> {
    let lines = order.lines.iter().filter(move |line| wanted(line));
    lines.map(|line| {
        let place = &order.places[line.place];
        let kind = match line.kind {
            LineKind::FaceValue => SaleKind::FaceValue,
            LineKind::Fee => SaleKind::Fee,
            LineKind::Tax => SaleKind::Tax,
            LineKind::Discount => SaleKind::Discount,
        };
        let line = SaleLine { kind, organizer: place.organizer, amount: line.amount };
        (line, terms.get(&place.event).unwrap_or(Terms::none()))
    })
}

/// A hold that was lost is a step; anything else the seat engine refuses is a fault.
fn lapsed(refused: Refused) -> Result<Outcome, Fault> {
    let why = match &refused {
        Refused::Rule(Refusal::HoldExpired) => Lapse::HoldExpired,
        Refused::Rule(Refusal::HoldEnded | Refusal::NotFound) => Lapse::HoldEnded,
        Refused::Rule(Refusal::NotOnSale) => Lapse::NotOnSale,
        _ => return Err(refused.into()),
    };
    Ok(Outcome::Took(Step::Lapsed { why }))
}

fn unexpected(order: &Order, state: &PaymentState) -> Fault {
    Fault::Broken(format!("{} is {} while its payment is {state:?}", order.id, order.state.text()))
}
