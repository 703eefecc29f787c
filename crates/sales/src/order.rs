//! An order: what it is made of, the states it goes through, and which step leads where.

use stagedoor_core::{
    Code, Currency, EventId, HoldId, Money, MoneyError, OrderId, OrganizerId, PaymentId, RefundId, Timestamp, UserId,
};
use tickets::{Place, Ticket};

use crate::refund::{Refund, RefundCause, RefundState};

/// One purchase of one fan: places over one or several holds and events, in one currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub id: OrderId,
    pub fan: UserId,
    pub payment: PaymentId,
    /// HMAC-SHA512 over the order's identity, in hexadecimal. Source: document 002.
    pub transaction_id: String,
    pub currency: Currency,
    pub state: OrderState,
    /// Counts the transitions; a transition is written only over the version it was decided on.
    pub version: i64,
    pub placed_at: Timestamp,
    /// When `state` was entered.
    pub state_at: Timestamp,
    /// In the order they are sold.
    pub holds: Vec<OrderHold>,
    /// One per person admitted; `places[n].position == n`.
    pub places: Vec<OrderPlace>,
    /// What makes up the total; every line belongs to a place, so a part refund is exact.
    pub lines: Vec<OrderLine>,
    /// In the order they were asked for.
    pub refunds: Vec<Refund>,
    /// One per place once the order is completed, by position.
    pub tickets: Vec<Ticket>,
}

/// A hold the order turns into a sale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderHold {
    pub hold: HoldId,
    pub event: EventId,
    pub organizer: OrganizerId,
}

/// One person's place; the ticket to it has the same position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderPlace {
    pub position: usize,
    /// Which of the order's holds it came with.
    pub hold: usize,
    pub event: EventId,
    pub organizer: OrganizerId,
    /// The seat or area, as the map named it when it was held.
    pub spot: Place,
    /// Key and name of the price level.
    pub level: String,
    pub level_name: String,
    /// Key of the ticket type, such as `standard`.
    pub ticket_type: String,
    /// The refund that gave this place back, or is about to.
    pub refund: Option<RefundId>,
}

/// One amount of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// [`OrderPlace::position`] of the place it is for.
    pub place: usize,
    pub kind: LineKind,
    /// Negative for a discount.
    pub amount: Money,
    /// Whether a fan who cancels gets it back; see [`FeeRule`](crate::FeeRule).
    pub refundable: bool,
    pub description: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LineKind {
    /// The price of the place, frozen by its hold.
    FaceValue,
    /// What the platform adds for its service.
    Fee,
    Tax,
    /// What a promotion takes off.
    Discount,
}

/// Where an order stands. `Captured` and `Voided` are steps, not states: the transaction that
/// records them issues the tickets or ends the order, so nothing rests in between.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrderState {
    /// The holds are claimed; the authorization has not been given, or its outcome is not known.
    Placed,
    /// The buyer has to do something at `next_action` before `until`, when the first hold ends.
    NeedsBuyer { next_action: String, until: Timestamp },
    /// The money is set aside; the seats are being sold. The commit point is the last sale.
    Authorized,
    /// Every seat is this order's; the money is being captured.
    Sold,
    /// Paid, and the tickets are issued.
    Completed,
    /// The payment was declined; nothing was taken and the holds are the fan's until they end.
    Declined { reason: String },
    /// Can no longer be completed: seats are going back and the authorization is being voided.
    Lapsed { why: Lapse },
    /// Over: no money is held and no seat is kept.
    Cancelled { why: Lapse },
}

/// Why an order could not be completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lapse {
    /// A hold expired before it was sold.
    HoldExpired,
    /// A hold was released before it was sold.
    HoldEnded,
    /// The event stopped selling while the fan was paying.
    NotOnSale,
    /// The authorized money could not be captured, or not all of it.
    PaymentFailed,
    /// The fan gave up instead of completing the payment.
    Abandoned,
}

/// What happened to an order: the outcome of asking payments or inventory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    Authorized,
    BuyerNeeded {
        next_action: String,
        until: Timestamp,
    },
    Declined {
        reason: String,
    },
    Sold,
    /// The whole total was captured.
    Captured,
    Lapsed {
        why: Lapse,
    },
    /// The seats went back and no money is held.
    Voided,
}

/// A step that does not follow from a state: a bug in the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("an order that is {from:?} cannot take {step:?}")]
pub struct IllegalStep {
    pub from: OrderState,
    pub step: Step,
}

impl OrderState {
    /// The state after `step`.
    pub fn after(&self, step: Step) -> Result<OrderState, IllegalStep> {
        use OrderState::*;
        match (self, step) {
            (Placed | NeedsBuyer { .. }, Step::Authorized) => Ok(Authorized),
            (Placed, Step::BuyerNeeded { next_action, until }) => Ok(NeedsBuyer { next_action, until }),
            (Placed | NeedsBuyer { .. }, Step::Declined { reason }) => Ok(Declined { reason }),
            (Authorized, Step::Sold) => Ok(Sold),
            (Sold, Step::Captured) => Ok(Completed),
            (Placed | NeedsBuyer { .. } | Authorized | Sold, Step::Lapsed { why }) => Ok(Lapsed { why }),
            (Lapsed { why }, Step::Voided) => Ok(Cancelled { why: *why }),
            (from, step) => Err(IllegalStep { from: from.clone(), step }),
        }
    }

    pub const fn text(&self) -> &'static str {
        match self {
            OrderState::Placed => "placed",
            OrderState::NeedsBuyer { .. } => "needs_buyer",
            OrderState::Authorized => "authorized",
            OrderState::Sold => "sold",
            OrderState::Completed => "completed",
            OrderState::Declined { .. } => "declined",
            OrderState::Lapsed { .. } => "lapsed",
            OrderState::Cancelled { .. } => "cancelled",
        }
    }

    /// Whether no step follows.
    pub fn is_final(&self) -> bool {
        matches!(self, OrderState::Completed | OrderState::Declined { .. } | OrderState::Cancelled { .. })
    }

    /// Whether the order's holds may not be used by another order: every state but those that
    /// took nothing. A completed order keeps its holds for good.
    pub fn keeps_holds(&self) -> bool {
        !matches!(self, OrderState::Declined { .. } | OrderState::Cancelled { .. })
    }
}

/// The one word a client sees for an order; derived from state and refunds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum OrderStatus {
    /// On its way; ask again.
    Pending,
    /// Waits for the buyer.
    NeedsBuyer,
    Completed,
    PartiallyRefunded,
    Refunded,
    Declined,
    Cancelled,
}

impl OrderStatus {
    pub const ALL: [OrderStatus; 7] = [
        OrderStatus::Pending,
        OrderStatus::NeedsBuyer,
        OrderStatus::Completed,
        OrderStatus::PartiallyRefunded,
        OrderStatus::Refunded,
        OrderStatus::Declined,
        OrderStatus::Cancelled,
    ];

    pub fn from_text(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.text() == text)
    }

    pub const fn text(self) -> &'static str {
        match self {
            OrderStatus::Pending => "pending",
            OrderStatus::NeedsBuyer => "needs_buyer",
            OrderStatus::Completed => "completed",
            OrderStatus::PartiallyRefunded => "partially_refunded",
            OrderStatus::Refunded => "refunded",
            OrderStatus::Declined => "declined",
            OrderStatus::Cancelled => "cancelled",
        }
    }
}

impl Order {
    /// The sum of all lines, as sold; refunds do not change it.
    pub fn total(&self) -> Money {
        self.sum(|_| true)
    }

    /// What the refunds asked for so far give back, those the gateway refused left out.
    pub fn refunded_total(&self) -> Money {
        let refunds = self.refunds.iter().filter(|refund| !matches!(refund.state, RefundState::Refused { .. }));
        refunds.fold(Money::zero(self.currency), |sum, refund| add(sum, refund.amount))
    }

    pub fn status(&self) -> OrderStatus {
        match self.state {
            OrderState::Placed | OrderState::Authorized | OrderState::Sold | OrderState::Lapsed { .. } => {
                OrderStatus::Pending
            }
            OrderState::NeedsBuyer { .. } => OrderStatus::NeedsBuyer,
            OrderState::Declined { .. } => OrderStatus::Declined,
            OrderState::Cancelled { .. } => OrderStatus::Cancelled,
            OrderState::Completed => match self.places.iter().filter(|place| place.refund.is_some()).count() {
                0 => OrderStatus::Completed,
                all if all == self.places.len() => OrderStatus::Refunded,
                _ => OrderStatus::PartiallyRefunded,
            },
        }
    }

    /// The price of one place without fees, tax and discounts.
    pub fn face_value(&self, place: usize) -> Money {
        self.sum(|line| line.place == place && line.kind == LineKind::FaceValue)
    }

    /// Places whose money went back, which are on sale again or about to be.
    pub(crate) fn places_paid_back(&self) -> Vec<&OrderPlace> {
        let paid = |refund: &Refund| matches!(refund.state, RefundState::Refunded | RefundState::Returned);
        let back =
            |place: &&OrderPlace| self.refunds.iter().any(|refund| place.refund == Some(refund.id) && paid(refund));
        self.places.iter().filter(back).collect()
    }

    /// Why there are no tickets: the refusal a client sees for an order that ended without them.
    pub fn refusal(&self) -> Option<Code> {
        match self.state {
            OrderState::Declined { .. } => Some(Code::PaymentDeclined),
            OrderState::Cancelled { why } => Some(why.code()),
            _ => None,
        }
    }

    /// Whether its fan gave it up before paying.
    pub(crate) fn is_given_up(&self) -> bool {
        let why = Lapse::Abandoned;
        self.state == OrderState::Lapsed { why } || self.state == OrderState::Cancelled { why }
    }

    pub(crate) fn waits_for_buyer(&self) -> bool {
        matches!(self.state, OrderState::NeedsBuyer { .. })
    }

    /// The order as the staff of one organizer may see it: another organizer's part of the same
    /// cart, and of a refund of it, is left out, and so is that of other events than those `within`.
    pub fn part_of(self, organizer: OrganizerId, within: Option<&[EventId]>) -> Option<Order> {
        let is_within = |event: &EventId| within.is_none_or(|events| events.contains(event));
        self.part(|hold| hold.organizer == organizer && is_within(&hold.event))
    }

    /// Whether any of it is the organizer's.
    pub fn concerns(&self, organizer: OrganizerId) -> bool {
        self.holds.iter().any(|hold| hold.organizer == organizer)
    }

    /// Of its holds, each once.
    pub fn events(&self) -> Vec<EventId> {
        let mut events: Vec<EventId> = Vec::new();
        for hold in &self.holds {
            if !events.contains(&hold.event) {
                events.push(hold.event);
            }
        }
        events
    }

    /// The order as far as it comes from one of its holds.
    pub fn part_from(self, hold: HoldId) -> Option<Order> {
        self.part(|part| part.hold == hold)
    }

    fn part(mut self, wanted: impl Fn(&OrderHold) -> bool) -> Option<Order> {
        let wanted: Vec<bool> = self.holds.iter().map(wanted).collect();
        if !wanted.contains(&true) {
            return None;
        }
        let mut is_wanted = wanted.iter();
        self.holds.retain(|_| *is_wanted.next().expect("there is a word for every hold"));
        self.places.retain(|place| wanted[place.hold]);
        for place in &mut self.places {
            place.hold = wanted[..place.hold].iter().filter(|wanted| **wanted).count();
        }
        let kept = |position: usize| self.places.iter().any(|place| place.position == position);
        self.lines.retain(|line| kept(line.place));
        self.tickets.retain(|ticket| kept(ticket.position as usize));
        for refund in &mut self.refunds {
            refund.places.retain(|position| kept(*position));
        }
        self.refunds.retain(|refund| !refund.places.is_empty());
        let amounts: Vec<Money> =
            self.refunds.iter().map(|refund| self.amount_back(&refund.cause, &refund.places)).collect();
        for (refund, amount) in self.refunds.iter_mut().zip(amounts) {
            refund.amount = amount;
        }
        Some(self)
    }

    /// What a refund of `places`, given by position, gives back.
    pub(crate) fn amount_back(&self, cause: &RefundCause, places: &[usize]) -> Money {
        self.sum(|line| cause.gives_back(line, places))
    }

    fn sum(&self, wanted: impl Fn(&OrderLine) -> bool) -> Money {
        self.lines
            .iter()
            .filter(|line| wanted(line))
            .fold(Money::zero(self.currency), |sum, line| add(sum, line.amount))
    }
}

/// Adds amounts of one order, which have one currency and whose sum was checked when it was placed.
fn add(sum: Money, amount: Money) -> Money {
    sum.checked_add(amount).expect("the total of an order was checked when it was placed")
}

impl LineKind {
    pub const fn text(self) -> &'static str {
        match self {
            LineKind::FaceValue => "face_value",
            LineKind::Fee => "fee",
            LineKind::Tax => "tax",
            LineKind::Discount => "discount",
        }
    }

    pub fn from_text(text: &str) -> Option<LineKind> {
        [LineKind::FaceValue, LineKind::Fee, LineKind::Tax, LineKind::Discount]
            .into_iter()
            .find(|kind| kind.text() == text)
    }
}

impl Lapse {
    pub const ALL: [Lapse; 5] =
        [Lapse::HoldExpired, Lapse::HoldEnded, Lapse::NotOnSale, Lapse::PaymentFailed, Lapse::Abandoned];

    pub const fn text(self) -> &'static str {
        match self {
            Lapse::HoldExpired => "hold_expired",
            Lapse::HoldEnded => "hold_ended",
            Lapse::NotOnSale => "not_on_sale",
            Lapse::PaymentFailed => "payment_failed",
            Lapse::Abandoned => "abandoned",
        }
    }

    pub const fn code(self) -> Code {
        match self {
            Lapse::HoldExpired => Code::HoldExpired,
            Lapse::HoldEnded => Code::HoldEnded,
            Lapse::NotOnSale => Code::NotOnSale,
            Lapse::PaymentFailed => Code::PaymentDeclined,
            Lapse::Abandoned => Code::WrongState,
        }
    }

    pub fn from_text(text: &str) -> Option<Lapse> {
        Lapse::ALL.into_iter().find(|why| why.text() == text)
    }
}

impl OrderPlace {
    /// What a person reads: `Stalls, row C, seat 12`.
    pub fn description(&self) -> String {
        match &self.spot {
            Place::Seat { section, row, label, .. } => format!("{section}, row {row}, seat {label}"),
            Place::Area { name, .. } => name.clone(),
        }
    }
}

/// The total of `lines`, refused when it leaves the range or mixes currencies.
pub(crate) fn checked_total(currency: Currency, lines: &[OrderLine]) -> Result<Money, MoneyError> {
    Money::sum(currency, lines.iter().map(|line| line.amount))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn states() -> Vec<OrderState> {
        vec![
            OrderState::Placed,
            OrderState::NeedsBuyer { next_action: "/pay".into(), until: Timestamp::from_micros(9) },
            OrderState::Authorized,
            OrderState::Sold,
            OrderState::Completed,
            OrderState::Declined { reason: "declined".into() },
            OrderState::Lapsed { why: Lapse::HoldExpired },
            OrderState::Cancelled { why: Lapse::HoldExpired },
        ]
    }

    fn steps() -> Vec<Step> {
        vec![
            Step::Authorized,
            Step::BuyerNeeded { next_action: "/pay".into(), until: Timestamp::from_micros(9) },
            Step::Declined { reason: "declined".into() },
            Step::Sold,
            Step::Captured,
            Step::Lapsed { why: Lapse::HoldExpired },
            Step::Voided,
        ]
    }

    /// One row per state, one column per step, both in the order above: the state it leads to,
    /// by its place in the list of states, or `-` for a refusal.
    #[test]
    fn every_step_from_every_state_leads_where_the_table_says() {
        let table = [
            "2 1 5 - - 6 -", // Placed
            "2 - 5 - - 6 -", // NeedsBuyer
            "- - - 3 - 6 -", // Authorized
            "- - - - 4 6 -", // Sold
            "- - - - - - -", // Completed
            "- - - - - - -", // Declined
            "- - - - - - 7", // Lapsed
            "- - - - - - -", // Cancelled
        ];
        let states = states();
        for (from, row) in states.iter().zip(table) {
            for (step, wanted) in steps().into_iter().zip(row.split(' ')) {
                let wanted = wanted.parse::<usize>().ok().map(|at| states[at].clone());
                assert_eq!(from.after(step.clone()).ok(), wanted, "{from:?} {step:?}");
            }
            assert_eq!(from.is_final(), row.chars().all(|c| c == '-' || c == ' '), "{from:?}");
        }
    }

    #[test]
    fn texts_name_one_thing_each() {
        for why in Lapse::ALL {
            assert_eq!(Lapse::from_text(why.text()), Some(why));
        }
        for kind in [LineKind::FaceValue, LineKind::Fee, LineKind::Tax, LineKind::Discount] {
            assert_eq!(LineKind::from_text(kind.text()), Some(kind));
        }
    }
}
