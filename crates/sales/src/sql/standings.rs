use std::collections::HashMap;

use stagedoor_core::{EventId, OrderId, PaymentId, Timestamp};
use store::{Error, Result, Tx};
use uuid::Uuid;

/// Where an order stands, for comparing it with seats, tickets and payments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    pub order: OrderId,
    pub payment: PaymentId,
    pub stage: Stage,
    /// Since when the order, or the oldest refund of it that has not ended, is on its way: until
    /// then its seats and its tickets need not agree.
    pub moving_since: Option<Timestamp>,
    pub total_minor: i64,
    /// What the lines of the places that were given back say went back; a fee that is kept is no part of it.
    pub given_back_minor: i64,
    /// By position.
    pub places: Vec<PlaceStanding>,
}

/// What an order owns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// On its way: it may own seats and money, and tickets not yet.
    Open,
    /// Paid, with its tickets.
    Completed,
    /// Over: no seats, no money, no tickets.
    Ended,
}

/// One person's place of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlaceStanding {
    pub position: u32,
    pub event: EventId,
    /// The seat's or area's id.
    pub spot: String,
    pub is_seat: bool,
    pub owned: Owned,
}

/// What a completed order has of one of its places.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owned {
    /// The place and its ticket.
    Whole,
    /// The place alone: its ticket ended, and the gateway would not pay the money back.
    WithoutTicket,
    /// Neither: it was given back, or is about to be.
    GivenBack,
}

/// Every order by id, at most `limit` after `after`.
pub async fn standings(tx: &Tx, after: Option<OrderId>, limit: u32) -> Result<Vec<Standing>> {
    let after = after.unwrap_or(OrderId(Uuid::nil()));
    let mut found = tx
        .all(
            "SELECT o.id, o.payment_id, o.state, o.placed_at,
                (SELECT MIN(r.requested_at) FROM order_refund r WHERE r.order_id = o.id AND r.state IN ('refunding', 'refunded')),
                (SELECT CAST(COALESCE(SUM(l.amount_minor), 0) AS BIGINT) FROM order_line l WHERE l.order_id = o.id),
                (SELECT CAST(COALESCE(SUM(l.amount_minor), 0) AS BIGINT)
                   FROM order_refund r
                   JOIN order_refund_place b ON b.refund_id = r.id
                   JOIN order_line l ON l.order_id = r.order_id AND l.place = b.position
                  WHERE r.order_id = o.id AND r.state IN ('refunded', 'returned') AND (l.refundable OR r.cause <> 'fan'))
           FROM sales_order o WHERE o.id > $1 ORDER BY o.id LIMIT $2",
            (after, limit),
            |row| {
                let state: String = row.get(2)?;
                let stage = match state.as_str() {
                    "placed" | "needs_buyer" | "authorized" | "sold" | "lapsed" => Stage::Open,
                    "completed" => Stage::Completed,
                    "declined" | "cancelled" => Stage::Ended,
                    _ => return Err(Error::corrupt(format!("{state:?} is not a state of an order"))),
                };
                Ok(Standing {
                    order: row.get(0)?,
                    payment: row.get(1)?,
                    stage,
                    moving_since: match stage {
                        Stage::Open => Some(row.get(3)?),
                        Stage::Completed | Stage::Ended => row.get(4)?,
                    },
                    total_minor: row.get(5)?,
                    given_back_minor: row.get(6)?,
                    places: Vec::new(),
                })
            },
        )
        .await?;
    if let Some(last) = found.last().map(|standing| standing.order) {
        let mut places = places_between(tx, after, last).await?;
        for standing in &mut found {
            standing.places = places.remove(&standing.order).unwrap_or_default();
        }
    }
    Ok(found)
}

/// The places of the orders after `after` up to `last`.
async fn places_between(tx: &Tx, after: OrderId, last: OrderId) -> Result<HashMap<OrderId, Vec<PlaceStanding>>> {
    let rows = tx.all(
        "SELECT p.order_id, p.position, h.event_id, p.seat_id, p.area_id, p.refund_id IS NOT NULL,
                EXISTS (SELECT 1 FROM order_refund r JOIN order_refund_place b ON b.refund_id = r.id
                         WHERE r.order_id = p.order_id AND b.position = p.position AND r.state = 'refused')
           FROM order_place p JOIN order_hold h ON h.order_id = p.order_id AND h.position = p.hold_position
          WHERE p.order_id > $1 AND p.order_id <= $2 ORDER BY p.order_id, p.position",
        (after, last),
        |row| {
            let (order, seat, area): (OrderId, Option<String>, Option<String>) =
                (row.get(0)?, row.get(3)?, row.get(4)?);
            let is_seat = seat.is_some();
            let spot = seat.or(area).ok_or_else(|| Error::corrupt(format!("a place of {order} is nowhere")))?;
            let owned = match (row.get(5)?, row.get(6)?) {
                (true, _) => Owned::GivenBack,
                (false, true) => Owned::WithoutTicket,
                (false, false) => Owned::Whole,
            };
            Ok((order, PlaceStanding { position: row.get(1)?, event: row.get(2)?, spot, is_seat, owned }))
        },
    );
    let mut places: HashMap<_, Vec<_>> = HashMap::new();
    for (order, place) in rows.await? {
        places.entry(order).or_default().push(place);
    }
    Ok(places)
}
