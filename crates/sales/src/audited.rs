//! What the audit log says about orders and refunds: each organizer is told of its own part alone,
//! and no more of the fan than the account's id.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use stagedoor_core::{EventId, OrganizerId, RefundId};
use store::Tx;
use store::audit::{Chain, Entry, Outcome};

use crate::order::{Order, OrderPlace, OrderState};
use crate::pricing::{FeeRule, FeeScope};
use crate::refund::{RefundCause, RefundState};
use crate::seat_change::SeatChange;

pub(crate) fn order(tx: &Tx, action: &'static str, result: Outcome, order: &Order) {
    for (organizer, places) in by_organizer(order, |_| true) {
        let places: Vec<String> = places.into_iter().map(|place| place.description()).collect();
        let after = json!({ "fan": order.fan, "places": places, "state": order.state.text() });
        tx.audit(Entry::new(organizer, action, order.id).result(result).after(after));
    }
}

/// What an order's new state is called; `None` for those on the way.
pub(crate) fn step(state: &OrderState) -> Option<(&'static str, Outcome)> {
    match state {
        OrderState::Completed => Some(("order.complete", Outcome::Done)),
        OrderState::Declined { .. } => Some(("order.decline", Outcome::Failed)),
        OrderState::Lapsed { .. } => Some(("order.give_up", Outcome::Done)),
        OrderState::Cancelled { .. } => Some(("order.cancel", Outcome::Done)),
        OrderState::Placed | OrderState::NeedsBuyer { .. } | OrderState::Authorized | OrderState::Sold => None,
    }
}

/// A refund that was claimed: its tickets admit nobody any more.
pub(crate) fn refund(tx: &Tx, order: &Order, id: RefundId, cause: &RefundCause, positions: &[usize]) {
    let cause = match cause {
        RefundCause::Fan => json!("fan"),
        RefundCause::Staff { note, .. } => json!({ "staff": note }),
        RefundCause::EventCancelled => json!("event cancelled"),
    };
    for (organizer, places) in by_organizer(order, |place| positions.contains(&place.position)) {
        let tickets: Vec<_> = places.into_iter().map(|place| order.tickets[place.position].id).collect();
        let after = json!({ "refund": id, "cause": cause, "tickets": tickets });
        tx.audit(Entry::new(organizer, "order.refund", order.id).after(after));
    }
}

/// What became of the money of a refund.
pub(crate) fn refund_state(tx: &Tx, order: &Order, id: RefundId, state: &RefundState) {
    let result = if matches!(state, RefundState::Refused { .. }) { Outcome::Failed } else { Outcome::Done };
    for (organizer, _) in by_organizer(order, |place| place.refund == Some(id)) {
        let after = json!({ "refund": id, "state": state.text() });
        tx.audit(Entry::new(organizer, "order.refund_state", order.id).result(result).after(after));
    }
}

fn by_organizer(order: &Order, wanted: impl Fn(&OrderPlace) -> bool) -> BTreeMap<OrganizerId, Vec<&OrderPlace>> {
    let mut parts: BTreeMap<OrganizerId, Vec<&OrderPlace>> = BTreeMap::new();
    for place in order.places.iter().filter(|place| wanted(place)) {
        parts.entry(place.organizer).or_default().push(place);
    }
    parts
}

/// That staff asked the seat engine for something, or (`Failed`) that it was refused. What came of it
/// otherwise is an entry of the catalogue's, or [`blocked`], which has the seats.
pub(crate) fn asked_seats(tx: &Tx, organizer: OrganizerId, event: EventId, change: &SeatChange, result: Outcome) {
    let after = match change {
        SeatChange::Map(map) => json!({ "seatMap": map }),
        SeatChange::Capacity { area, capacity } => json!({ "area": area, "capacity": capacity }),
        SeatChange::Block { seats, .. } => json!({ "block": seats.len() }),
        SeatChange::Unblock(seats) => json!({ "unblock": seats.len() }),
        SeatChange::BlockArea { area, blocked, .. } => json!({ "area": area, "blocked": blocked }),
    };
    tx.audit(Entry::new(organizer, "event.ask_seats", event).result(result).after(after));
}

/// That the seat engine blocked or unblocked what it was asked for. A block's own words are not in it: they may
/// name people, and the log is kept for ever.
pub(crate) fn blocked(tx: &Tx, organizer: OrganizerId, event: EventId, change: &SeatChange) {
    let (action, mut after) = match change {
        SeatChange::Block { seats, .. } => ("event.block", json!({ "seats": seats })),
        SeatChange::Unblock(seats) => ("event.unblock", json!({ "seats": seats })),
        SeatChange::BlockArea { area, blocked, .. } => ("event.block", json!({ "area": area, "blocked": blocked })),
        SeatChange::Map(_) | SeatChange::Capacity { .. } => return,
    };
    if let SeatChange::Block { block: Some(block), .. } | SeatChange::BlockArea { block: Some(block), .. } = change {
        after["block"] = json!(block);
    }
    tx.audit(Entry::new(organizer, action, event).after(after));
}

/// Fees are the operator's, so they stand in the platform's log and, where an organizer is named, in
/// its own.
pub(crate) fn fees(tx: &Tx, action: &'static str, scope: FeeScope, before: Option<FeeRule>, after: Option<FeeRule>) {
    let value = |rule: FeeRule| {
        json!({
            "basisPoints": rule.basis_points,
            "perTicket": rule.per_ticket_minor,
            "refundable": rule.refundable,
        })
    };
    let (before, after) = (before.map_or(Value::Null, value), after.map_or(Value::Null, value));
    let entry = |chain| Entry::new(chain, action, scope).before(before.clone()).after(after.clone());
    tx.audit(entry(Chain::Platform));
    if let FeeScope::Organizer(organizer) = scope {
        tx.audit(entry(organizer.into()));
    }
}
