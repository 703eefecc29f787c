//! Whether orders, tickets and the seat engine agree on whose a place is.

use std::collections::{HashMap, HashSet};

use inventory::engine::{EventState, Place, SeatStatus};
use sales::{Owned, PlaceStanding, Stage, Standing};
use stagedoor_core::{EventId, OrderId, Timestamp};

use super::Report;

/// What a live ticket is good for.
pub struct Live {
    pub event: EventId,
    pub order: OrderId,
    /// Of its place in the order.
    pub position: u32,
    /// The seat's or area's id.
    pub place: String,
    pub is_seat: bool,
}

impl Live {
    fn is_to(&self, place: &PlaceStanding) -> bool {
        (self.event, &self.place, self.is_seat) == (place.event, &place.spot, place.is_seat)
    }
}

/// Each place that a completed order has has its live ticket, and no other ticket is live.
pub fn compare_tickets(report: &mut Report, tickets: &[Live], orders: &HashMap<OrderId, Standing>) {
    let mut live: HashMap<_, _> = tickets.iter().map(|ticket| ((ticket.order, ticket.position), ticket)).collect();
    let settled = |standing: &Standing| standing.moving_since.is_none();
    for standing in orders.values() {
        for place in &standing.places {
            let has_ticket = standing.stage == Stage::Completed && place.owned == Owned::Whole;
            let key = (standing.order, place.position);
            if has_ticket && live.get(&key).is_some_and(|ticket| ticket.is_to(place)) {
                live.remove(&key);
            } else if has_ticket && settled(standing) {
                let (order, event) = (standing.order, place.event);
                report.findings.insert(format!("{order} has no live ticket to {} of {event}", spot(place)));
            }
        }
    }
    for ticket in live.into_values().filter(|ticket| orders.get(&ticket.order).is_none_or(settled)) {
        let Live { event, order, place, .. } = ticket;
        report.findings.insert(format!("{order} has a live ticket to {place} of {event}, which is not its own"));
    }
}

fn spot(place: &PlaceStanding) -> String {
    format!("{} {}", if place.is_seat { "seat" } else { "a place in area" }, place.spot)
}

/// Places by event with the completed order that has them; of orders with a refund on its way, none.
type Places<'a> = HashMap<EventId, Vec<(OrderId, &'a PlaceStanding)>>;

fn owned_places(orders: &HashMap<OrderId, Standing>) -> Places<'_> {
    let mut owned = Places::new();
    let settled = |standing: &&Standing| standing.stage == Stage::Completed && standing.moving_since.is_none();
    for standing in orders.values().filter(settled) {
        for place in standing.places.iter().filter(|place| place.owned != Owned::GivenBack) {
            owned.entry(place.event).or_default().push((standing.order, place));
        }
    }
    owned
}

/// Each sold seat has one live ticket of the order that bought it, and each live ticket its seat;
/// areas sold as many places as there are tickets to them; what a completed order has is sold to it.
pub fn compare(
    report: &mut Report,
    states: &HashMap<EventId, EventState>,
    tickets: &[Live],
    orders: &HashMap<OrderId, Standing>,
    stuck_before: Timestamp,
) {
    let mut of_seats: HashMap<EventId, HashMap<&str, OrderId>> = HashMap::new();
    let mut of_areas: HashMap<EventId, HashMap<&str, u32>> = HashMap::new();
    for ticket in tickets {
        if !ticket.is_seat {
            *of_areas.entry(ticket.event).or_default().entry(&ticket.place).or_default() += 1;
        } else if of_seats.entry(ticket.event).or_default().insert(&ticket.place, ticket.order).is_some() {
            report.findings.insert(format!("seat {} of {} has two live tickets", ticket.place, ticket.event));
        }
    }
    // Seats and tickets of these need not agree yet.
    let moving = |order: OrderId| {
        orders.get(&order).and_then(|standing| standing.moving_since).is_some_and(|since| since >= stuck_before)
    };
    let mut owned = owned_places(orders);
    for (event, state) in states.iter().filter(|(_, state)| state.is_open()) {
        let owned = owned.remove(event).unwrap_or_default();
        compare_event(report, *event, state, of_seats.entry(*event).or_default(), orders, &owned, &moving);
        compare_areas(report, *event, state, of_areas.entry(*event).or_default(), &owned, &moving);
        compare_sales(report, *event, state, &owned);
    }
    for (event, owned) in owned {
        let nowhere = |(order, place): (OrderId, &PlaceStanding)| {
            format!("{order} owns {} of {event}, which was never on sale", spot(place))
        };
        report.findings.extend(owned.into_iter().map(nowhere));
    }
    for (event, seats) in of_seats {
        let unsold = |(seat, order)| format!("{order} has a live ticket to seat {seat} of {event}, which is not sold");
        report.findings.extend(seats.into_iter().map(unsold));
    }
    for (event, areas) in of_areas {
        let absent =
            |(area, count)| format!("{count} live tickets are to area {area} of {event}, which does not exist");
        report.findings.extend(areas.into_iter().map(absent));
    }
}

fn compare_event(
    report: &mut Report,
    event: EventId,
    state: &EventState,
    of_seats: &mut HashMap<&str, OrderId>,
    orders: &HashMap<OrderId, Standing>,
    owned: &[(OrderId, &PlaceStanding)],
    moving: &impl Fn(OrderId) -> bool,
) {
    let without_ticket: HashSet<(OrderId, &str)> =
        without_ticket(owned).filter(|(_, place)| place.is_seat).map(|(order, place)| (*order, &*place.spot)).collect();
    for (seat, hold) in (0..).zip(state.seat_holds()) {
        if state.status(seat) != SeatStatus::Sold {
            continue;
        }
        report.seats_sold += 1;
        let id = state.manifest().seat_id(seat);
        let ticket = of_seats.remove(&*id);
        let Some(order) = hold.and_then(|hold| state.hold(hold)).and_then(|hold| hold.order) else {
            report.findings.insert(format!("seat {id} of {event} is sold to nobody"));
            continue;
        };
        let wrong = match (ticket, orders.get(&order)) {
            (Some(holder), _) if holder != order => Some(format!("but its live ticket is of {holder}")),
            (_, None) => Some("which does not exist".to_owned()),
            (Some(_), Some(_)) => None,
            (None, Some(_)) if moving(order) => {
                report.on_their_way += 1;
                None
            }
            (None, Some(Standing { stage: Stage::Ended, .. })) => Some("which ended without it".to_owned()),
            (None, Some(_)) if without_ticket.contains(&(order, &*id)) => None,
            (None, Some(_)) => Some("but has no live ticket".to_owned()),
        };
        report.findings.extend(wrong.map(|wrong| format!("seat {id} of {event} is sold to {order}, {wrong}")));
    }
}

fn compare_areas(
    report: &mut Report,
    event: EventId,
    state: &EventState,
    of_areas: &mut HashMap<&str, u32>,
    owned: &[(OrderId, &PlaceStanding)],
    moving: &impl Fn(OrderId) -> bool,
) {
    let manifest = state.manifest();
    // Places of orders on their way may or may not have their tickets.
    let mut open = vec![0; manifest.areas()];
    for (order, place) in state.sold() {
        if let Place::Area { area, quantity, .. } = place
            && moving(order)
        {
            open[usize::from(area)] += u32::from(quantity);
        }
    }
    let mut without: HashMap<&str, u32> = HashMap::new();
    for (_, place) in without_ticket(owned).filter(|(_, place)| !place.is_seat) {
        *without.entry(&place.spot).or_default() += 1;
    }
    for (area, open) in (0..).zip(open) {
        let (id, sold) = (manifest.area_id(area), state.area(area).sold);
        let tickets = of_areas.remove(id).unwrap_or(0);
        let without = without.get(id).copied().unwrap_or(0);
        report.area_places_sold += u64::from(sold);
        report.on_their_way += u64::from(sold.saturating_sub(tickets).min(open));
        if tickets > sold || tickets + without + open < sold {
            report.findings.insert(format!("area {id} of {event} sold {sold} places and has {tickets} live tickets"));
        }
    }
}

/// Places that are still an order's though their tickets ended: the gateway would not pay the money back.
fn without_ticket<'a>(
    owned: &'a [(OrderId, &'a PlaceStanding)],
) -> impl Iterator<Item = &'a (OrderId, &'a PlaceStanding)> {
    owned.iter().filter(|(_, place)| place.owned == Owned::WithoutTicket)
}

/// Each place of `owned` is sold to its order.
fn compare_sales(report: &mut Report, event: EventId, state: &EventState, owned: &[(OrderId, &PlaceStanding)]) {
    let manifest = state.manifest();
    // By whether it is a seat, and its number.
    let mut sold: HashMap<(OrderId, bool, u32), u32> = HashMap::new();
    for (order, place) in state.sold() {
        let key = match place {
            Place::Seat { seat, .. } => (order, true, seat),
            Place::Area { area, .. } => (order, false, u32::from(area)),
        };
        *sold.entry(key).or_default() += u32::from(place.quantity());
    }
    for (order, place) in owned {
        let number = match place.is_seat {
            true => manifest.seat(&place.spot),
            false => manifest.area(&place.spot).map(u32::from),
        };
        match number.and_then(|number| sold.get_mut(&(*order, place.is_seat, number))) {
            Some(left) if *left > 0 => *left -= 1,
            _ => {
                let finding = format!("{order} owns {} of {event}, which is not sold to it", spot(place));
                report.findings.insert(finding);
            }
        }
    }
}
